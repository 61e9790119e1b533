/* SPDX-License-Identifier: Apache-2.0 */
/* ws.h - one live WebSocket over a stream, whichever side opened it.
 *
 * From the end of the handshake on: frames, fragments, control frames between them,
 * keep-alive pings with a deadline, the closing handshake with its own, and output that
 * is bounded. Who is told depends on who began it: the owner of the handle by messages
 * (MSG_WS_OPEN, MSG_WS_MESSAGE, MSG_WS_CLOSED, MSG_HTTP_ROOM), or a handler of C. */
#ifndef MK_NET_WS_H
#define MK_NET_WS_H

#include "microkernel/http.h"
#include "net/http_table.h"
#include "net/stream.h"
#include "net/ws_frame.h"

typedef struct ws ws_t;

/* How it works. */
typedef struct {
    bool is_server;       /* the peer is a client: it masks, we do not */
    bool uses_deflate;    /* permessage-deflate was agreed on */
    uint64_t message_max; /* bytes of a message in; 0: MK_WS_MESSAGE_MAX */
    uint32_t output_mark; /* bytes that may wait to be sent before ws_send() says
                             MK_EFULL; 0: MK_HTTP_OUTPUT_MARK */
    uint32_t ping_ms;     /* silence after which a ping is sent; 0: MK_WS_PING_MS */
    uint32_t pong_ms;     /* silence after that ping before the connection counts
                             as lost; 0: MK_WS_PONG_MS */
    const http_ws_handler_t *handler; /* NULL: the owner of the handle gets messages */
    void *ctx;                        /* of the handler */
} ws_options_t;

/* Go on with an open stream as a WebSocket. `handle` is the exchange that was the
 * handshake: its id and owner pass to the WebSocket, it leaves the table. `early` are
 * bytes that came behind the handshake already (changed; borrowed until return). The
 * stream is taken, and the owner gets MSG_WS_OPEN. MK_OK; MK_ENOMEM: stream and handle
 * are still the caller's. */
int ws_start(runtime_t *rt, stream_t *stream, http_handle_t *handle,
             const ws_options_t *options, uint8_t *early, size_t early_size);

/* The WebSocket of an id; NULL: it is none, or `must_own` and it is not the running
 * actor's. */
ws_t *ws_find(runtime_t *rt, http_conn_id_t id, bool must_own);

/* Send one message; copied. MK_OK; MK_EINVAL: a text that is no UTF-8; MK_ESTATE: it is
 * closing; MK_EFULL: the mark is reached, room will be told; MK_ENOMEM. */
int ws_send(runtime_t *rt, ws_t *ws, bool is_binary, const void *data, size_t size);

/* Begin the closing handshake. MK_OK; MK_EINVAL: such a code or reason may not be sent;
 * MK_ESTATE: it is closing already. */
int ws_close(runtime_t *rt, ws_t *ws, unsigned code, text_t reason);

/* Bytes that this WebSocket holds, all in. */
size_t ws_memory(const ws_t *ws);

#endif
