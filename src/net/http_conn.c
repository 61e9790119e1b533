/* SPDX-License-Identifier: Apache-2.0 */
/* http_conn.c - the life of one connection of the server: what its events and its
 * clocks do, and what comes when a turn ends.
 *
 * Invariants: (1) The answers of one read leave together. (2) While is_busy is set the
 * block is not freed; settle() looks at is_over, the broken channel and the clocks when
 * the turn ends. (3) One clock runs at a time: that of output which waits, else that of
 * the state. (4) An owner that was given a request hears of its loss once: the handle
 * is open exactly from handing over to the answer, the loss, or the owner's own end. */
#include "base/check.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "net/http_receive.h"
#include "net/stream_layer.h"
#include "net/tls_stream.h"

#include <string.h>

enum {
    HEAD_READ_SIZE = 32768, /* bytes read at once while heads are expected: what may
                               have to be kept behind a request that waits */
    WAIT_READ_SIZE = 4096,  /* the same while a request waits */
    BODY_READ_SIZE = 65536  /* of a body in pieces: the largest piece */
};

/* What was read behind the handshake is `early`, or was kept. The block is no longer to
 * be touched. */
static void start_ws(http_conn_t *conn, text_t early) {
    http_pending_t *pending = conn->pending;
    conn->pending = NULL;
    if (early.size == 0 && pending != NULL)
        early = text_make((const char *)buffer_bytes(&pending->data),
                          buffer_size(&pending->data));
    ws_start(http_conn_rt(conn), &conn->channel, &conn->port->ws_options, conn->deflate,
             conn->handler, conn->ctx, (uint8_t *)(uintptr_t)early.bytes, early.size);
    http_pending_free(pending);
}

/* --- the end of a turn --- */

static void set_clock(http_conn_t *conn, unsigned clock, uint32_t ms) {
    conn->clock = (uint8_t)clock;
    deadline_set(http_conn_rt(conn), &conn->channel.deadline, ms);
}

/* When a body must have gone on: within body_ms, and fast enough on the whole. */
static uint32_t body_time(const http_conn_t *conn, uint64_t began_ms, uint64_t size) {
    const http_listen_options_t *options = &conn->port->options;
    uint64_t now_ms = runtime_now_ms(http_conn_rt(conn));
    uint64_t due_ms =
        began_ms + options->body_ms + size * 1000u / options->body_bytes_per_s;
    uint64_t left = due_ms > now_ms ? due_ms - now_ms : 0;
    return left < options->body_ms ? (uint32_t)left : options->body_ms;
}

static void start_clock(http_conn_t *conn, bool is_progress) {
    const http_listen_options_t *options = &conn->port->options;
    if (channel_waiting(&conn->channel) > 0) {
        if (conn->clock != HTTP_CLOCK_WRITE || is_progress)
            set_clock(conn, HTTP_CLOCK_WRITE, options->write_ms);
        return;
    }
    if (http_receive_wants(conn)) {
        const http_receiver_t *receiver = conn->receiver;
        set_clock(conn, HTTP_CLOCK_BODY,
                  body_time(conn, receiver->began_ms, receiver->size));
        return;
    }
    switch ((http_conn_state_t)conn->state) {
    case HTTP_CONN_FRESH:
    case HTTP_CONN_HEAD:
        if (conn->clock != HTTP_CLOCK_HEADER)
            set_clock(conn, HTTP_CLOCK_HEADER, options->header_ms);
        break;
    case HTTP_CONN_BODY:
        set_clock(conn, HTTP_CLOCK_BODY,
                  body_time(conn, conn->pending->began_ms, conn->pending->size));
        break;
    case HTTP_CONN_IDLE:
        conn->clock = HTTP_CLOCK_IDLE;
        deadline_set_roughly(http_conn_rt(conn), &conn->channel.deadline,
                             options->idle_ms);
        break;
    case HTTP_CONN_WAIT:
        if (conn->clock != HTTP_CLOCK_HANDLER)
            set_clock(conn, HTTP_CLOCK_HANDLER, options->handler_ms);
        break;
    case HTTP_CONN_PIECES:
        set_clock(conn, HTTP_CLOCK_HANDLER, options->handler_ms);
        break;
    case HTTP_CONN_EVENTS:
        if (conn->clock != HTTP_CLOCK_HEARTBEAT)
            set_clock(conn, HTTP_CLOCK_HEARTBEAT, MK_SSE_HEARTBEAT_MS);
        break;
    case HTTP_CONN_CLOSING:
    case HTTP_CONN_UPGRADE:
    case HTTP_CONN_SHAKES: break;
    }
}

void http_conn_tell_loss(http_conn_t *conn) {
    http_handle_t *handle = &conn->channel.handle;
    if (handle->id == 0) return;
    http_receive_lose(conn);
    if (conn->state == HTTP_CONN_UPGRADE && conn->handler != NULL) {
        http_conn_id_t id = handle->id;
        http_handle_close(http_conn_rt(conn), handle);
        if (conn->handler->on_closed != NULL)
            conn->handler->on_closed(http_conn_rt(conn), id, WS_CLOSE_LOST, conn->ctx);
        return;
    }
    if (handle->owner == 0) return;
    ws_status_payload_t payload;
    memset(&payload, 0, sizeof payload);
    payload.conn_id = handle->id;
    (void)actor__notify(http_conn_rt(conn), 0, handle->owner, MSG_HTTP_CONN_CLOSED,
                        &payload, sizeof payload);
}

static void end(http_conn_t *conn, bool in_order) {
    if (conn->state == HTTP_CONN_SHAKES) http_port_count_handshake(conn->port, false);
    http_conn_tell_loss(conn);
    http_receive_drop(conn);
    channel_end(http_conn_rt(conn), &conn->channel, in_order);
    http_conn_drop_pending(conn);
    http_port_forget(conn->port, conn);
}

/* Nothing is under way and nothing can come. */
static bool is_done(const http_conn_t *conn) {
    if (channel_waiting(&conn->channel) > 0) return false;
    if (conn->state == HTTP_CONN_CLOSING) return true;
    return conn->state <= HTTP_CONN_IDLE && conn->has_ended &&
           !http_conn_has_kept(conn);
}

static void settle(http_conn_t *conn, bool is_progress) {
    if (conn->is_busy) return;
    if (http_conn_is_dead(conn)) {
        end(conn, !conn->channel.is_broken);
    } else if (conn->state == HTTP_CONN_UPGRADE) {
        start_ws(conn, text_make(NULL, 0));
    } else if (is_done(conn)) {
        end(conn, true);
    } else if (http_conn_has_kept(conn) &&
               (conn->state <= HTTP_CONN_IDLE || http_receive_wants(conn))) {
        if (channel_waiting(&conn->channel) <= conn->channel.output_mark)
            set_clock(conn, HTTP_CLOCK_WAKE, 0);
        else
            start_clock(conn, is_progress);
    } else {
        bool wants_input = !conn->has_ended && !http_conn_has_kept(conn) &&
                           !http_receive_is_held(conn);
        if (wants_input != conn->channel.wants_input)
            channel_want_input(http_conn_rt(conn), &conn->channel, wants_input);
        start_clock(conn, is_progress);
        if (conn->state != HTTP_CONN_IDLE) return;
        list_remove(&conn->in_port);
        list_insert_before(&conn->port->conns, &conn->in_port);
    }
}

void http_conn_settle(http_conn_t *conn) {
    settle(conn, true);
}

/* Input of one read, or what was kept; the turn ends with it. */
static void work(http_conn_t *conn, text_t *input) {
    runtime_t *rt = http_conn_rt(conn);
    channel_cork(rt, &conn->channel);
    conn->is_busy = true;
    http_conn_take(conn, input);
    conn->is_busy = false;
    channel_uncork(rt, &conn->channel);
    if (conn->state == HTTP_CONN_UPGRADE && !http_conn_is_dead(conn))
        start_ws(conn, *input);
    else
        settle(conn, true);
}

/* What was kept, or nothing: then a peer may wait for 100. The head of the request
 * under way stays. */
static void go_on(http_conn_t *conn) {
    http_pending_t *pending = conn->pending;
    buffer_t data;
    buffer_init(&data, SIZE_MAX / 2);
    conn->clock = HTTP_CLOCK_NONE;
    if (pending != NULL) {
        data = pending->data;
        buffer_init(&pending->data, SIZE_MAX / 2);
        if (!pending->has_head) http_conn_drop_pending(conn);
    }
    text_t input = text_make((const char *)buffer_bytes(&data), buffer_size(&data));
    work(conn, &input);
    buffer_deinit(&data);
}

/* --- events --- */

static void take_end(http_conn_t *conn) {
    conn->has_ended = true;
    if (conn->state == HTTP_CONN_HEAD || conn->state == HTTP_CONN_BODY ||
        conn->state == HTTP_CONN_EVENTS || conn->is_receiving)
        conn->is_over = true;
    settle(conn, false);
}

static void on_readable(stream_t *stream, runtime_t *rt) {
    http_conn_t *conn = http_conn_of(channel_of_stream(stream));
    size_t size = conn->is_receiving              ? BODY_READ_SIZE
                  : conn->state <= HTTP_CONN_HEAD ? HEAD_READ_SIZE
                  : conn->state == HTTP_CONN_BODY ? 0
                                                  : WAIT_READ_SIZE;
    uint8_t *bytes;
    int count = channel_read(rt, &conn->channel, size, &bytes);
    if (count > 0) {
        text_t input = text_make((const char *)bytes, (size_t)count);
        work(conn, &input);
    } else if (count == MK_EEND) {
        take_end(conn);
    } else if (count != MK_EAGAIN) {
        conn->channel.is_broken = true;
        settle(conn, false);
    }
}

static void tell_room(http_conn_t *conn) {
    http_handle_t *handle = &conn->channel.handle;
    if (handle->id == 0 || handle->owner == 0) return;
    ws_status_payload_t payload;
    memset(&payload, 0, sizeof payload);
    payload.conn_id = handle->id;
    (void)actor__notify(http_conn_rt(conn), 0, handle->owner, MSG_HTTP_ROOM, &payload,
                        sizeof payload);
}

static void on_writable(stream_t *stream, runtime_t *rt) {
    http_conn_t *conn = http_conn_of(channel_of_stream(stream));
    if (channel_flush(rt, &conn->channel)) tell_room(conn);
    settle(conn, true);
}

/* The handshake failed. Who speaks plain HTTP is told so in plain HTTP. */
static void refuse_handshake(http_conn_t *conn, const char *why) {
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Length: 45\r\n"
                                 "Connection: close\r\n\r\n"
                                 "400 Bad Request: this port speaks https only\n";
    stream_t *stream = &conn->channel.stream;
    bool is_text = tls_stream_met_text(stream);
    conn->port->service->counts.handshakes_failed++;
    http_port_log(conn->port, conn, LOG_INFO, "TLS refused", is_text ? 400 : 0, why);
    if (!is_text) return;
    port_slice_t slice = {answer, sizeof answer - 1};
    (void)stream_socket_write(stream, &slice, 1); /* it fits into an empty socket */
}

static void on_open(stream_t *stream, runtime_t *rt) {
    http_conn_t *conn = http_conn_of(channel_of_stream(stream));
    (void)rt;
    conn->state = HTTP_CONN_FRESH;
    http_port_count_handshake(conn->port, false);
    start_clock(conn, true);
}

static void on_closed(stream_t *stream, runtime_t *rt, int reason, const char *text) {
    (void)rt;
    (void)reason;
    http_conn_t *conn = http_conn_of(channel_of_stream(stream));
    if (conn->state == HTTP_CONN_SHAKES) {
        refuse_handshake(conn, text);
        end(conn, true); /* a reset would overtake the answer, or the alert */
        return;
    }
    conn->channel.is_broken = true;
    settle(conn, false);
}

const stream_events_t http_conn_events = {
    .on_readable = on_readable,
    .on_writable = on_writable,
    .on_closed = on_closed,
    .on_open = on_open,
};

/* A deadline passed. */
static void time_out(http_conn_t *conn, unsigned clock) {
    conn->port->service->counts.timeouts++;
    switch (clock) {
    case HTTP_CLOCK_HEADER:
        if (conn->state == HTTP_CONN_FRESH) break;
        conn->minor = 1;
        conn->is_head = false;
        http_conn_drop_pending(conn);
        http_answer_refuse(conn, 408, "the header took too long", NULL, true);
        return;
    case HTTP_CLOCK_BODY:
        http_conn_drop_pending(conn);
        if (conn->is_receiving)
            http_receive_refuse(conn, 408, "the body came too slowly");
        else
            http_answer_refuse(conn, 408, "the body came too slowly", NULL, true);
        return;
    case HTTP_CLOCK_HANDLER:
        if (conn->state != HTTP_CONN_WAIT) break;
        http_conn_tell_loss(conn);
        http_handle_close(http_conn_rt(conn), &conn->channel.handle);
        http_answer_refuse(conn, 503, "no answer in time", NULL, true);
        return;
    case HTTP_CLOCK_WRITE:
        http_port_log(conn->port, conn, LOG_WARN, "connection dropped", 0,
                      "the peer takes no output");
        conn->channel.is_broken = true;
        return;
    default: break;
    }
    conn->is_over = true;
}

static void on_due(deadline_t *deadline, runtime_t *rt) {
    http_conn_t *conn = http_conn_of(channel_of_deadline(deadline));
    unsigned clock = conn->clock;
    conn->clock = HTTP_CLOCK_NONE;
    if (clock == HTTP_CLOCK_WAKE) {
        go_on(conn);
        return;
    }
    if (clock == HTTP_CLOCK_HEARTBEAT) {
        static const char comment[] = ":\n\n";
        port_slice_t slice = {comment, sizeof comment - 1};
        (void)channel_send(rt, &conn->channel, &slice, 1, true);
    } else {
        time_out(conn, clock);
    }
    settle(conn, false);
}

/* The id is closed by its owner, or with it. */
static void close_handle(runtime_t *rt, http_handle_t *handle) {
    http_conn_t *conn = http_conn_of(MK_CONTAINER_OF(handle, channel_t, handle));
    http_receive_lose(conn);
    http_handle_close(rt, handle);
    if (conn->state == HTTP_CONN_WAIT)
        http_answer_refuse(conn, 503, "given up without an answer", NULL, true);
    else if (conn->state == HTTP_CONN_PIECES)
        conn->channel.is_broken = true; /* the peer must see that it is cut off */
    else
        conn->state = HTTP_CONN_CLOSING;
    settle(conn, true);
}

const http_handle_ops_t http_conn_handle_ops = {close_handle};

/* --- begin and end --- */

static void release_ws(ws_t *ws) {
    http_port_t *port = MK_CONTAINER_OF(ws->options, http_port_t, ws_options);
    http_port_forget(port, http_conn_of(&ws->channel));
}

ws_options_t http_conn_ws_options(void) {
    return (ws_options_t){.release = release_ws,
                          .is_server = true,
                          .message_max = MK_WS_MESSAGE_MAX,
                          .ping_ms = MK_WS_PING_MS,
                          .pong_ms = MK_WS_PONG_MS,
                          .close_ms = MK_WS_CLOSE_MS};
}

/* False: there is no memory for it. */
static bool start_handshake(http_conn_t *conn) {
    http_port_tls_t *tls = conn->port->tls;
    stream_t *stream = &conn->channel.stream;
    runtime_t *rt = http_conn_rt(conn);
    if (tls_stream_start(rt, stream, tls->config, NULL) != MK_OK) return false;
    tls_stream_allow(rt, stream, tls->handshake_ms);
    conn->state = HTTP_CONN_SHAKES;
    http_port_count_handshake(conn->port, true);
    return true;
}

void http_conn_start(http_port_t *port, int handle) {
    http_service_t *service = port->service;
    runtime_t *rt = service->rt;
    http_conn_t *conn = pool_take(&service->blocks);
    if (conn == NULL) {
        port_socket_close(handle);
        return;
    }
    memset(conn, 0, sizeof *conn);
    if (stream_open(rt, &conn->channel.stream, handle, &http_conn_events) < 0) {
        pool_give(&service->blocks, conn);
        return;
    }
    channel_init(&conn->channel, port->options.output_mark, on_due);
    conn->channel.wants_input = true;
    conn->port = port;
    conn->minor = 1;
    list_init(&conn->in_port);
    list_insert_before(&port->conns, &conn->in_port);
    port->conns_len++;
    service->counts.accepted++;
    conn->state = HTTP_CONN_FRESH;
    if (port->tls == NULL)
        start_clock(conn, true);
    else if (!start_handshake(conn))
        end(conn, false);
}

void http_conn_drop(runtime_t *rt, http_conn_t *conn) {
    if (http_conn_is_ws(conn))
        ws_drop(rt, &conn->ws);
    else
        end(conn, false);
}

void http_conn_stop(runtime_t *rt, http_conn_t *conn) {
    if (http_conn_is_ws(conn)) {
        (void)ws_close(rt, &conn->ws, WS_CLOSE_GOING, text_of("the server stops"));
        return;
    }
    conn->keeps_alive = false;
    if (conn->is_receiving) conn->receiver->keeps_alive = false;
    if (conn->state <= HTTP_CONN_IDLE && !http_conn_has_kept(conn))
        conn->is_over = true;
    if (conn->state == HTTP_CONN_EVENTS || conn->state == HTTP_CONN_SHAKES)
        conn->is_over = true;
    settle(conn, false);
}
