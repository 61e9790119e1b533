/* SPDX-License-Identifier: Apache-2.0 */
/* linger.h - lets a closed stream deliver its last bytes.
 *
 * A socket that is closed while input lies unread resets its peer, and the reset may
 * overtake the last answer. So the socket outlives its stream: the rest is written, the
 * writing side is shut, and input is dropped until the peer has finished, for
 * MK_STREAM_LINGER_MS at most. */
#ifndef MK_NET_LINGER_H
#define MK_NET_LINGER_H

#include "base/buffer.h"
#include "microkernel/runtime.h"

enum { LINGER_BYTES_MAX = 65536 }; /* of what is still to be written */

/* Takes `handle` and the contents of `last` (which is empty afterwards). `has_ended`:
 * the peer has finished already. Closes at once when memory is short. */
void linger_start(runtime_t *rt, int handle, buffer_t *last, bool has_ended);

#endif
