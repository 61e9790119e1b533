/* SPDX-License-Identifier: Apache-2.0 */
/* ws_squeeze.h - messages of a WebSocket made smaller, and whole again.
 *
 * Where nothing is kept between messages the engines are the runtime's: one of each
 * serves all its WebSockets, one message after the other. A message that comes in
 * pieces has an expander to itself until it is complete; where windows are kept each
 * WebSocket has its own engines for good. */
#ifndef MK_NET_WS_SQUEEZE_H
#define MK_NET_WS_SQUEEZE_H

#include "base/buffer.h"
#include "microkernel/runtime.h"
#include "net/ws_deflate.h"
#include "port/deflate.h"

/* Compress a whole message into `out`, which is empty and is initialised here; its
 * first
 * `*payload_size` bytes are to be sent. `*kept` is the WebSocket's own engine, NULL at
 * first and in the end to be given to port_deflate_close(). MK_OK; MK_EFULL: it would
 * not be smaller, send it as it is; MK_ENOMEM. The buffer is the caller's to deinit. */
int ws_squeeze(runtime_t *rt, const ws_deflate_t *agreed, port_deflate_t **kept,
               const void *bytes, size_t size, buffer_t *out, size_t *payload_size);

/* Expand a piece of a message, the last or not, and add it to `out`. `*kept` as above;
 * it is NULL again behind the last piece unless windows are kept, and after an error.
 * MK_OK; MK_EBADMSG: the peer sent no DEFLATE; MK_EFULL: the ceiling of `out`;
 * MK_ENOMEM. */
int ws_expand(runtime_t *rt, const ws_deflate_t *agreed, port_deflate_t **kept,
              const void *bytes, size_t size, bool is_last, buffer_t *out);

/* Bytes that were expanded in this runtime so far. Without memory to count them less.
 */
uint64_t ws_expanded(runtime_t *rt);

#endif
