/* SPDX-License-Identifier: Apache-2.0 */
/* ring_link.h - a link between two runtimes of one process, over two rings.
 *
 * Each end belongs to the thread of its runtime. The ends may close, and the runtimes
 * end, in any order. What was put into a ring and will not be taken any more is counted
 * as dead letters, exactly once: by whichever end closes last, in its runtime. A link
 * keeps its runtime running, as a socket does. */
#ifndef MK_IPC_RING_LINK_H
#define MK_IPC_RING_LINK_H

#include "ipc/link.h"

/* Link two runtimes; neither may run meanwhile in another thread, and no message passes
 * before both run. `links[0]` is `a`'s end, `links[1]` is `b`'s; both are owned and
 * wait for their `events`. `bytes` of each ring: a power of two, 1024 to 2^30; 0 stands
 * for MK_RING_BYTES. MK_OK, MK_EINVAL, or MK_ENOMEM: nothing was made. */
int ring_link_open(runtime_t *a, runtime_t *b, uint32_t bytes, link_t *links[2]);

#endif
