/* SPDX-License-Identifier: Apache-2.0 */
/* ws.h - one live WebSocket over a channel, whichever side opened it.
 *
 * From the end of the handshake on: frames, fragments, control frames between them,
 * keep-alive pings with a deadline, the closing handshake with its own, and output that
 * is bounded. Who is told depends on who began it: the owner of the handle by messages
 * (MSG_WS_OPEN, MSG_WS_MESSAGE, MSG_WS_CLOSED, MSG_HTTP_ROOM), or a handler of C.
 *
 * The block of a connection that may become a WebSocket has at least sizeof(ws_t)
 * bytes and begins with its channel: ws_start() turns it into one where it lies. */
#ifndef MK_NET_WS_H
#define MK_NET_WS_H

#include "microkernel/http.h"
#include "net/channel.h"
#include "net/ws_deflate.h"
#include "net/ws_frame.h"

typedef struct ws ws_t;

/* How it works; shared by many, outlives them. */
typedef struct {
    /* Free the block of one that has ended. */
    void (*release)(ws_t *ws);
    bool is_server;            /* the peer is a client: it masks, we do not */
    uint64_t message_max;      /* bytes of a message in */
    uint32_t ping_ms;          /* silence after which a ping is sent */
    uint32_t pong_ms;          /* silence after that before it counts as lost */
    uint32_t close_ms;         /* for the closing handshake */
    ws_deflate_wish_t deflate; /* for the handshake */
    /* It was lost while it was open, or the peer went away for a time (`code`). True:
     * the exchange goes on, the handle was moved from the WebSocket and its owner is
     * not told. NULL: never. */
    bool (*revive)(runtime_t *rt, ws_t *ws, uint16_t code);
} ws_options_t;

struct ws {
    channel_t channel;
    const ws_options_t *options;
    const http_ws_handler_t *handler; /* NULL: the owner of the handle gets messages */
    void *ctx;                        /* of the handler */
    struct ws_input *input; /* a message or frame that is not complete, a pong that is
                               not sent, windows that are kept; NULL: none of them */
    uint32_t front;         /* bytes at the front of the output that waits behind which
                               a frame begins */
    ws_deflate_t deflate;   /* what was agreed upon */
    uint8_t state;          /* see ws.c */
    uint8_t is_pinged : 1;  /* a ping is under way */
    uint8_t is_paused : 1;  /* input rests until the owner's mailbox has room */
    uint8_t is_busy : 1;    /* input is being handed out: it may not be freed */
};

/* Go on with an open channel as a WebSocket; its handle is the exchange that was the
 * handshake, which agreed upon `deflate`. `early` are bytes that came behind it
 * already (changed; borrowed until return). The owner gets MSG_WS_OPEN. What stands
 * behind the channel in the block is overwritten. May end the WebSocket at once: look
 * for the id before using it. Called on the loop or inside a behaviour. */
void ws_start(runtime_t *rt, channel_t *channel, const ws_options_t *options,
              ws_deflate_t deflate, const http_ws_handler_t *handler, void *ctx,
              uint8_t *early, size_t early_size);

/* The WebSocket of an id; NULL: it is none, or `must_own` and it is not the running
 * actor's. */
ws_t *ws_find(runtime_t *rt, http_conn_id_t id, bool must_own);

/* Send one message; copied. MK_OK; MK_EINVAL: a text that is no UTF-8; MK_ESTATE: it is
 * closing; MK_EFULL: the mark is reached, room will be told; MK_ENOMEM. */
int ws_send(runtime_t *rt, ws_t *ws, bool is_binary, const void *data, size_t size);

/* Begin the closing handshake. MK_OK; MK_EINVAL: such a code or reason may not be sent;
 * MK_ESTATE: it is closing already; MK_ENOMEM. */
int ws_close(runtime_t *rt, ws_t *ws, unsigned code, text_t reason);

/* End it at once; the owner, if the id still stands for it, hears that it is lost. */
void ws_drop(runtime_t *rt, ws_t *ws);

/* Bytes that this WebSocket holds beyond its block. */
size_t ws_memory(const ws_t *ws);

#endif
