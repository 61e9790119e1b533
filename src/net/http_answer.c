/* SPDX-License-Identifier: Apache-2.0 */
/* http_answer.c - what the server writes: whole answers, answers in pieces, streams of
 * events, refusals, upgrades.
 *
 * A head is built by http_build, which refuses what would let a user's text become a
 * second field, into memory of the service, and leaves with its body in one call of
 * channel_send. An answer that was begun may go over the mark, its pieces may not. */
#include "base/alloc.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "net/http_date.h"
#include "net/http_headers.h"
#include "net/http_receive.h"
#include "net/ws_handshake.h"
#include "port/clock.h"

#include <string.h>

/* The field with its line end, made anew once a second; the clock is asked once in a
 * round of events. */
static text_t date_field(http_service_t *service) {
    uint64_t round = source_round(service->rt);
    if (service->date_round != round || service->date_size == 0) {
        uint64_t now_s = port_clock_wall_ms() / 1000u;
        service->date_round = round;
        if (now_s != service->date_s || service->date_size == 0) {
            mk_writer_t w;
            writer_init(&w, service->date, sizeof service->date);
            writer_str(&w, "Date: ");
            http_date_write(now_s, &w);
            writer_str(&w, "\r\n");
            service->date_s = now_s;
            service->date_size = (uint8_t)writer_text(&w).size;
        }
    }
    return text_make(service->date, service->date_size);
}

/* --- heads --- */

static http_connection_t connection_of(const http_conn_t *conn) {
    if (!conn->keeps_alive) return HTTP_CONNECTION_CLOSE;
    return conn->minor == 0 ? HTTP_CONNECTION_KEEP_ALIVE : HTTP_CONNECTION_DEFAULT;
}

static bool is_date(const char *header) {
    static const char name[] = "date:";
    if (header == NULL) return false;
    for (size_t i = 0; i < sizeof name - 1; i++)
        if ((header[i] | 0x20) != name[i]) return false;
    return true;
}

static bool has_date(const char *const *headers, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (is_date(headers[i])) return true;
    return false;
}

/* Build a head in the service's memory: its bytes, or MK_EINVAL. */
static int build_head(http_conn_t *conn, http_message_t *message) {
    http_service_t *service = conn->port->service;
    if (message->status >= 200 && !has_date(message->headers, message->headers_len))
        message->ready = date_field(service);
    message->memo = &service->headers;
    size_t bad = message->headers_len;
    int size = http_build(message, service->head, sizeof service->head, &bad);
    if (size >= 0) return size;
    http_port_log(conn->port, conn, LOG_ERROR, "answer not sent", message->status,
                  size == MK_ETOOBIG           ? "too large a header"
                  : bad < message->headers_len ? "a header that is not allowed"
                                               : "a status that is not allowed");
    return MK_EINVAL;
}

static bool can_have_body(const http_conn_t *conn, int status) {
    return !conn->is_head && status != 204 && status != 304;
}

/* The request is answered: what the connection is at now. */
static void finish_answer(http_conn_t *conn) {
    http_handle_close(http_conn_rt(conn), &conn->channel.handle);
    http_receive_drop(conn);
    conn->is_deferred = false;
    conn->state = conn->keeps_alive ? HTTP_CONN_IDLE : HTTP_CONN_CLOSING;
}

static void write_access(http_conn_t *conn, int status, size_t size) {
    runtime_t *rt = http_conn_rt(conn);
    http_head_t head;
    char peer[STREAM_PEER_MAX];
    char line[128];
    mk_writer_t w;
    writer_init(&w, line, sizeof line);
    if (http_conn_head(conn, &head)) {
        writer_slice(&w, head.method);
        writer_char(&w, ' ');
        /* Without the query: it may hold what is nobody's business. */
        text_t path = head.path.size > 0 ? head.path : head.target;
        writer_slice(&w, path);
    } else {
        writer_str(&w, "request");
    }
    log_field_t fields[] = {
        log_text("peer", stream_peer(&conn->channel.stream, peer, sizeof peer)),
        log_signed("status", status), log_unsigned("bytes", size)};
    (void)log_event_for(rt, conn->port->options.owner, LOG_INFO, line, fields,
                        sizeof fields / sizeof fields[0]);
}

static inline void log_access(http_conn_t *conn, int status, size_t size) {
    if (conn->port->options.logs_access && log_is_enabled(http_conn_rt(conn)))
        write_access(conn, status, size);
}

int http_answer_send(http_conn_t *conn, int status, const char *const *headers,
                     size_t headers_len, const void *body, size_t body_size) {
    if (status < 200 || status > 599) return MK_EINVAL;
    http_message_t message;
    memset(&message, 0, sizeof message);
    message.status = status;
    message.headers = headers;
    message.headers_len = headers_len;
    message.framing =
        status == 204 || status == 304 ? HTTP_BODY_NONE : HTTP_BODY_LENGTH;
    message.content_length = body_size;
    message.connection = connection_of(conn);
    int size = build_head(conn, &message);
    if (size < 0) return size;
    port_slice_t slices[] = {{conn->port->service->head, (size_t)size},
                             {body, can_have_body(conn, status) ? body_size : 0}};
    int result = channel_send(http_conn_rt(conn), &conn->channel, slices, 2, true);
    log_access(conn, status, slices[1].size);
    finish_answer(conn);
    return result < 0 ? MK_ENOMEM : MK_OK;
}

void http_answer_refuse(http_conn_t *conn, int status, const char *why,
                        const char *header, bool must_close) {
    char text[256];
    mk_writer_t w;
    writer_init(&w, text, sizeof text);
    writer_unsigned(&w, (unsigned)status);
    writer_char(&w, ' ');
    writer_str(&w, http_reason(status));
    writer_str(&w, ": ");
    writer_str(&w, why);
    writer_char(&w, '\n');
    if (must_close) conn->keeps_alive = false;
    int level = status == 404 || status == 405 ? LOG_DEBUG : LOG_INFO;
    http_port_log(conn->port, conn, level, "request refused", status, why);
    const char *headers[] = {"Content-Type: text/plain; charset=utf-8", header};
    (void)http_answer_send(conn, status, headers, header != NULL ? 2 : 1, text,
                           writer_text(&w).size);
}

void http_answer_continue(http_conn_t *conn) {
    static const char head[] = "HTTP/1.1 100 Continue\r\n\r\n";
    port_slice_t slice = {head, sizeof head - 1};
    (void)channel_send(http_conn_rt(conn), &conn->channel, &slice, 1, true);
}

/* --- answers in pieces --- */

static int send_head(http_conn_t *conn, http_message_t *message) {
    int size = build_head(conn, message);
    if (size < 0) return size;
    port_slice_t slice = {conn->port->service->head, (size_t)size};
    int result = channel_send(http_conn_rt(conn), &conn->channel, &slice, 1, true);
    return result < 0 ? MK_ENOMEM : MK_OK;
}

int http_answer_begin(http_conn_t *conn, int status, const char *const *headers,
                      size_t headers_len, uint64_t length) {
    if (status < 200 || status > 599) return MK_EINVAL;
    http_message_t message;
    memset(&message, 0, sizeof message);
    message.status = status;
    message.headers = headers;
    message.headers_len = headers_len;
    bool has_body = status != 204 && status != 304;
    conn->is_chunked = conn->minor > 0 && has_body && length == UINT64_MAX;
    message.framing = HTTP_BODY_NONE;
    if (has_body && length != UINT64_MAX) {
        message.framing = HTTP_BODY_LENGTH;
        message.content_length = length;
    } else if (has_body) {
        message.framing = conn->is_chunked ? HTTP_BODY_CHUNKED : HTTP_BODY_CLOSE;
        if (!conn->is_chunked) conn->keeps_alive = false;
    }
    message.connection = connection_of(conn);
    int result = send_head(conn, &message);
    if (result == MK_EINVAL) return result;
    if (!can_have_body(conn, status)) conn->is_head = true; /* pieces go nowhere */
    log_access(conn, status, 0);
    conn->state = HTTP_CONN_PIECES;
    return result;
}

int http_answer_piece(http_conn_t *conn, const void *data, size_t size) {
    if (size == 0 || conn->is_head) return MK_OK;
    char head[CHUNKED_HEAD_MAX];
    size_t head_size = conn->is_chunked ? chunked_write_head(size, head) : 0;
    port_slice_t slices[] = {
        {head, head_size}, {data, size}, {"\r\n", conn->is_chunked ? 2u : 0u}};
    return channel_send(http_conn_rt(conn), &conn->channel, slices, 3, false);
}

int http_answer_end(http_conn_t *conn) {
    int result = MK_OK;
    if (conn->is_chunked && !conn->is_head) {
        port_slice_t slice = {"0\r\n\r\n", 5};
        result = channel_send(http_conn_rt(conn), &conn->channel, &slice, 1, true);
    }
    finish_answer(conn);
    return result < 0 ? MK_ENOMEM : MK_OK;
}

/* --- streams of events --- */

int http_answer_events(http_conn_t *conn) {
    static const char *const headers[] = {"Content-Type: text/event-stream",
                                          "Cache-Control: no-cache"};
    http_message_t message;
    memset(&message, 0, sizeof message);
    message.status = 200;
    message.headers = headers;
    message.headers_len = 2;
    /* Ends with the connection: no chunks that something on the way could collect. */
    message.framing = HTTP_BODY_CLOSE;
    message.connection = HTTP_CONNECTION_CLOSE;
    conn->keeps_alive = false;
    http_receive_drop(conn);
    int result = send_head(conn, &message);
    log_access(conn, 200, 0);
    conn->state = conn->is_head ? HTTP_CONN_CLOSING : HTTP_CONN_EVENTS;
    return result;
}

int http_answer_event(http_conn_t *conn, const sse_event_t *event) {
    size_t cap = sse_event_size(event);
    http_service_t *service = conn->port->service;
    char *bytes = cap <= sizeof service->head ? service->head : mk_alloc(cap);
    if (bytes == NULL) return MK_ENOMEM;
    int size = sse_write_event(event, bytes, cap);
    int result = size;
    if (size >= 0) {
        port_slice_t slice = {bytes, (size_t)size};
        result = channel_send(http_conn_rt(conn), &conn->channel, &slice, 1, false);
    }
    if (bytes != service->head) mk_free(bytes);
    return result;
}

/* --- upgrades --- */

static void refuse_upgrade(http_conn_t *conn, int status, const char *why) {
    const char *header = status == 405   ? "Allow: GET"
                         : status == 426 ? "Sec-WebSocket-Version: 13"
                                         : NULL;
    http_answer_refuse(conn, status, why, header, true);
}

bool http_answer_upgrade(http_conn_t *conn, const http_head_t *head,
                         const http_ws_accept_t *accept, int *protocol) {
    static const http_ws_accept_t plain;
    enum { LINE_MAX = 256 };
    char lines[3][LINE_MAX], key_answer[WS_ACCEPT_CAP];
    const char *fields[4] = {"Upgrade: websocket", lines[0]};
    size_t len = 2;
    text_t key;
    mk_writer_t w;
    const char *why = "";
    if (accept == NULL) accept = &plain;
    int status = ws_judge_request(head, &key, &why);
    *protocol =
        ws_choose_protocol(head->fields, accept->protocols, accept->n_protocols);
    if (status == 101 && accept->needs_protocol && *protocol < 0) {
        status = 400;
        why = "no subprotocol in common";
    }
    if (status != 101) {
        refuse_upgrade(conn, status, why);
        return false;
    }
    ws_write_accept(key, key_answer);
    writer_init(&w, lines[0], LINE_MAX);
    writer_format(&w, "Sec-WebSocket-Accept: %s", key_answer);
    writer_init(&w, lines[1], LINE_MAX);
    writer_str(&w, "Sec-WebSocket-Extensions: ");
    if (ws_deflate_accept(head->fields, &conn->port->ws_options.deflate, &conn->deflate,
                          &w))
        fields[len++] = lines[1];
    writer_init(&w, lines[2], LINE_MAX);
    writer_str(&w, "Sec-WebSocket-Protocol: ");
    if (*protocol >= 0) {
        writer_str(&w, accept->protocols[*protocol]);
        fields[len++] = lines[2];
    }
    http_message_t message;
    memset(&message, 0, sizeof message);
    message.status = 101;
    message.headers = fields;
    message.headers_len = len;
    message.connection = HTTP_CONNECTION_UPGRADE;
    if (send_head(conn, &message) < 0) return false;
    log_access(conn, 101, 0);
    conn->state = HTTP_CONN_UPGRADE;
    return true;
}
