/* SPDX-License-Identifier: Apache-2.0 */
/* http_receive.c - bodies that are handed on as they come, to a handler or an actor.
 *
 * What one read brings is handed on as one piece: the parts between the heads of chunks
 * are moved together where they lie. While nobody wants a piece nothing is read, so a
 * body of any size takes the memory of one read, and the peer's sending is slowed down
 * by TCP. Time in which it is held up is not counted against the peer. */
#include "net/http_receive.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/error.h"

#include <string.h>

/* --- begin and end --- */

bool http_receive_begin(http_conn_t *conn, const http_head_t *head,
                        const http_body_handler_t *handler, void *ctx,
                        uint64_t size_max) {
    http_receiver_t *receiver = mk_alloc(sizeof *receiver);
    if (receiver == NULL) {
        http_answer_refuse(conn, 503, "out of memory", NULL, true);
        return false;
    }
    http_fault_t fault =
        http_body_init(&receiver->body, head, size_max, receiver->trailers,
                       HTTP_TRAILER_SIZE, MK_HTTP_FIELDS_MAX);
    if (fault != HTTP_FAULT_NONE) {
        mk_free(receiver);
        http_answer_refuse(conn, http_fault_status(fault), http_fault_text(fault), NULL,
                           true);
        return false;
    }
    receiver->handler = handler;
    receiver->ctx = ctx;
    receiver->id = conn->channel.handle.id;
    receiver->size = 0;
    receiver->began_ms = receiver->held_ms = runtime_now_ms(http_conn_rt(conn));
    receiver->is_wanted = handler != NULL;
    receiver->expects_continue = head->expects_continue;
    receiver->keeps_alive = head->keeps_alive && !conn->port->service->is_stopping;
    conn->keeps_alive = false; /* until the body has ended */
    conn->receiver = receiver;
    conn->is_receiving = true;
    return true;
}

void http_receive_drop(http_conn_t *conn) {
    if (!conn->is_receiving) return;
    conn->is_receiving = false;
    mk_free(conn->receiver);
}

void http_receive_lose(http_conn_t *conn) {
    if (!conn->is_receiving) return;
    http_receiver_t *receiver = conn->receiver;
    conn->is_receiving = false;
    const http_body_handler_t *handler = receiver->handler;
    if (handler != NULL && handler->on_lost != NULL)
        handler->on_lost(http_conn_rt(conn), receiver->id, receiver->ctx);
    mk_free(receiver);
}

void http_receive_refuse(http_conn_t *conn, int status, const char *why) {
    http_conn_tell_loss(conn);
    http_handle_close(http_conn_rt(conn), &conn->channel.handle);
    if (conn->state == HTTP_CONN_WAIT)
        http_answer_refuse(conn, status, why, NULL, true);
    else
        conn->channel.is_broken = true; /* the peer must see that it is cut off */
}

/* --- handing on --- */

/* MSG_HTTP_DATA to the owner. False: no memory. */
static bool send_piece(http_conn_t *conn, text_t piece) {
    http_data_payload_t payload = {conn->channel.handle.id, piece.size};
    size_t size = sizeof payload + piece.size;
    uint8_t *bytes = mk_alloc(size);
    if (bytes == NULL) return false;
    memcpy(bytes, &payload, sizeof payload);
    memcpy(bytes + sizeof payload, piece.bytes, piece.size);
    bool is_sent = actor__notify(http_conn_rt(conn), 0, conn->channel.handle.owner,
                                 MSG_HTTP_DATA, bytes, size);
    mk_free(bytes);
    return is_sent;
}

static bool send_end(http_conn_t *conn) {
    sse_status_payload_t payload = {conn->channel.handle.id, 0};
    return actor__notify(http_conn_rt(conn), 0, conn->channel.handle.owner,
                         MSG_HTTP_END, &payload, sizeof payload);
}

/* The owner asks for each piece; a handler says whether it wants the next one, which
 * may also be said, from elsewhere, before it returns. */
static void hand_on(http_conn_t *conn, text_t piece) {
    http_receiver_t *receiver = conn->receiver;
    runtime_t *rt = http_conn_rt(conn);
    receiver->is_wanted = false;
    receiver->held_ms = runtime_now_ms(rt);
    conn->clock = HTTP_CLOCK_NONE; /* its own time for each piece */
    if (receiver->handler == NULL) {
        if (!send_piece(conn, piece)) http_receive_refuse(conn, 503, "out of memory");
        return;
    }
    bool goes_on = receiver->handler->on_data(rt, receiver->id, piece.bytes, piece.size,
                                              receiver->ctx);
    if (goes_on && conn->is_receiving) conn->receiver->is_wanted = true;
}

/* The body is complete. */
static void hand_end(http_conn_t *conn) {
    http_receiver_t receiver = *conn->receiver;
    http_receive_drop(conn);
    conn->clock = HTTP_CLOCK_NONE; /* the answer has a time of its own */
    if (conn->state == HTTP_CONN_WAIT) conn->keeps_alive = receiver.keeps_alive;
    if (receiver.handler != NULL)
        receiver.handler->on_end(http_conn_rt(conn), receiver.id, receiver.ctx);
    else if (!send_end(conn))
        http_receive_refuse(conn, 503, "out of memory");
}

/* Move a part behind what there is of the piece, both in the same input. */
static void join(text_t *piece, text_t part) {
    if (piece->size == 0) {
        *piece = part;
        return;
    }
    char *end = (char *)(uintptr_t)(piece->bytes + piece->size);
    memmove(end, part.bytes, part.size);
    piece->size += part.size;
}

/* The peer may begin, if it waits for that and has not begun already. */
static void send_continue(http_conn_t *conn, bool has_begun) {
    if (conn->receiver->expects_continue && !has_begun) http_answer_continue(conn);
    conn->receiver->expects_continue = false;
}

/* There was never anything to ask for. */
static bool is_empty(const http_body_t *body) {
    return body->framing == HTTP_BODY_NONE ||
           (body->framing == HTTP_BODY_LENGTH && body->left == 0);
}

bool http_receive_take(http_conn_t *conn, text_t *input) {
    http_receiver_t *receiver = conn->receiver;
    if (!receiver->is_wanted && !is_empty(&receiver->body)) return false;
    send_continue(conn, input->size > 0);
    text_t piece = text_make("", 0);
    text_t part;
    http_step_t step;
    while ((step = http_body_next(&receiver->body, input, &part)) == HTTP_PART)
        join(&piece, part);
    if (step == HTTP_BAD) {
        http_fault_t fault = (http_fault_t)receiver->body.fault;
        conn->port->service->counts.refused++;
        http_receive_refuse(conn, http_fault_status(fault), http_fault_text(fault));
        return true;
    }
    receiver->size += piece.size;
    if (piece.size > 0) hand_on(conn, piece);
    if (!conn->is_receiving || http_conn_is_dead(conn)) return true; /* answered */
    if (step == HTTP_END) hand_end(conn);
    return step == HTTP_END;
}

/* --- calls --- */

static http_conn_id_t receive(const http_request_t *request,
                              const http_body_handler_t *handler, void *ctx,
                              actor_id_t owner, uint64_t size_max) {
    if (request == NULL || !request->call->match->takes_pieces) return 0;
    http_conn_id_t id = http_defer_to(request, owner);
    if (id == 0) return 0;
    bool is_begun =
        http_receive_begin(request->call->conn, request->call->head, handler, ctx,
                           size_max > 0 ? size_max : UINT64_MAX);
    return is_begun ? id : 0;
}

http_conn_id_t http_receive(const http_request_t *request,
                            const http_body_handler_t *handler, void *ctx,
                            uint64_t size_max) {
    if (handler == NULL) return 0;
    return receive(request, handler, ctx, 0, size_max);
}

http_conn_id_t http_receive_to(const http_request_t *request, actor_id_t owner,
                               uint64_t size_max) {
    if (owner == ACTOR_ID_INVALID) return 0;
    return receive(request, NULL, NULL, owner, size_max);
}

void http_receive_more(runtime_t *rt, http_conn_id_t id) {
    http_handle_t *handle =
        rt != NULL ? http_handle_find(rt, id, &http_conn_handle_ops) : NULL;
    if (handle == NULL) return;
    http_conn_t *conn = http_conn_of(MK_CONTAINER_OF(handle, channel_t, handle));
    if (!http_receive_is_held(conn)) return;
    http_receiver_t *receiver = conn->receiver;
    receiver->is_wanted = true;
    receiver->began_ms += runtime_now_ms(rt) - receiver->held_ms;
    send_continue(conn, http_conn_has_kept(conn));
    http_conn_settle(conn);
}
