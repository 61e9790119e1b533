/* SPDX-License-Identifier: Apache-2.0 */
/* ws_impl.h - a live WebSocket, as its files share it:
 *
 *   ws.c         its life: input, the end, calls
 *   ws_output.c  what is sent: frames, masks, pongs ahead of the rest
 */
#ifndef MK_NET_WS_IMPL_H
#define MK_NET_WS_IMPL_H

#include "base/buffer.h"
#include "net/ws.h"
#include "net/ws_squeeze.h"

enum { WS_OPEN, WS_CLOSING, WS_ENDING, WS_OVER }; /* see ws.c */

/* What is kept of what is unfinished, and the windows where these are kept: with
 * deflate.keeps_out it is there from ws_start on. */
struct ws_input {
    ws_decoder_t decoder;
    buffer_t message; /* behind room for its payload's head; empty: none is collected */
    utf8_check_t text;          /* of a compressed text, as far as it is expanded */
    port_deflate_t *expander;   /* owned; NULL: none */
    port_deflate_t *compressor; /* owned; NULL: none */
    bool has_pong;              /* `pong` waits to be sent ahead of other output */
    uint8_t pong_size;
    uint8_t pong[WS_CONTROL_MAX];
};

/* Send one frame. `must` sends above the mark, too. MK_OK; MK_EFULL, MK_ECLOSED as
 * channel_send; MK_ENOMEM. */
int ws_send_frame(runtime_t *rt, ws_t *ws, ws_op_t op, const void *data, size_t size,
                  bool must);

/* Send one message in one frame, compressed if that is agreed upon and makes it
 * smaller. Results as above. */
int ws_send_message(runtime_t *rt, ws_t *ws, bool is_binary, const void *data,
                    size_t size);

int ws_send_close(runtime_t *rt, ws_t *ws, unsigned code, text_t reason);

/* Put the pong that waits where the first frame begins that was not begun yet. */
void ws_queue_pong(runtime_t *rt, ws_t *ws);

#endif
