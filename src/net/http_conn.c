/* SPDX-License-Identifier: Apache-2.0 */
/* http_conn.c - the life of one connection of the server.
 *
 * A request that is complete in one read costs no memory: head and body are looked at
 * where they lie, in memory that all connections share, and the answers of one read
 * leave together. Only what is unfinished is kept, in `pending`: a part of a head, a
 * body that is still coming, input behind a request whose answer is awaited.
 *
 * Invariants: (1) Requests are handed over one after the other: nothing is read from
 * the input while the state is WAIT or PIECES. (2) While is_busy is set the block is
 * not freed; settle() looks at is_over, the broken channel and the clocks when the turn
 * ends. (3) One clock runs at a time: that of output which waits, else that of the
 * state. (4) An owner that was given a request hears of its loss once: the handle is
 * open exactly from handing over to the answer, the loss, or the owner's own end.
 *
 * Anything refused closes the connection, for its end in the input is not known. */
#include "base/alloc.h"
#include "base/check.h"
#include "base/url.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "net/http_headers.h"
#include "net/http_server_impl.h"

#include <string.h>

enum {
    HEAD_READ_SIZE = 32768, /* bytes read at once while heads are expected: what may
                               have to be kept behind a request that waits */
    WAIT_READ_SIZE = 4096   /* the same while a request waits */
};

/* What the deadline is for. */
enum {
    CLOCK_NONE,
    CLOCK_HEADER,    /* a head; progress does not move it */
    CLOCK_BODY,      /* the next piece of a body */
    CLOCK_IDLE,      /* the next request */
    CLOCK_HANDLER,   /* the answer, or its next piece */
    CLOCK_WRITE,     /* the peer takes some output */
    CLOCK_HEARTBEAT, /* a comment of an event stream */
    CLOCK_WAKE       /* at once: go on with input that was kept */
};

static void take_input(http_conn_t *conn, text_t *input);

/* --- what is kept --- */

static void free_head(http_pending_t *pending) {
    mk_free(pending->store);
    pending->store = NULL;
    pending->has_head = false;
}

static void free_pending(http_pending_t *pending) {
    if (pending == NULL) return;
    free_head(pending);
    buffer_deinit(&pending->data);
    mk_free(pending);
}

static void drop_pending(http_conn_t *conn) {
    free_pending(conn->pending);
    conn->pending = NULL;
}

static http_pending_t *get_pending(http_conn_t *conn) {
    if (conn->pending != NULL) return conn->pending;
    http_pending_t *pending = mk_alloc(sizeof *pending);
    if (pending == NULL) return NULL;
    pending->store = NULL;
    pending->has_head = false;
    buffer_init(&pending->data, SIZE_MAX / 2);
    conn->pending = pending;
    return pending;
}

/* Keep the head that `parser` holds, whole or not. */
static bool keep_head(http_conn_t *conn, http_parser_t *parser) {
    http_pending_t *pending = get_pending(conn);
    if (pending == NULL) return false;
    size_t used = http_parser_used(parser);
    char *store = mk_alloc(used + 1);
    if (store == NULL) return false;
    http_parser_move(parser, store);
    free_head(pending);
    pending->parser = *parser;
    pending->store = store;
    pending->has_head = true;
    return true;
}

static bool has_kept_input(const http_conn_t *conn) {
    return conn->pending != NULL && conn->state != HTTP_CONN_BODY &&
           buffer_size(&conn->pending->data) > 0;
}

/* Keep input behind a request that waits. */
static void keep_input(http_conn_t *conn, const text_t *input) {
    if (input->size == 0) return;
    http_pending_t *pending = get_pending(conn);
    if (pending == NULL ||
        buffer_append(&pending->data, input->bytes, input->size) < 0) {
        conn->is_over = true;
        return;
    }
    channel_want_input(http_conn_rt(conn), &conn->channel, false);
}

bool http_conn_head(const http_conn_t *conn, http_head_t *head) {
    const http_service_t *service = conn->port->service;
    if (conn->is_busy && service->handled != NULL) {
        *head = *service->handled;
        return true;
    }
    if (conn->pending == NULL || !conn->pending->has_head) return false;
    http_parser_head(&conn->pending->parser, head);
    return true;
}

/* --- handing over --- */

static void write_text(char **at, text_t text, bool has_end) {
    if (text.size > 0) memcpy(*at, text.bytes, text.size);
    *at += text.size;
    if (has_end) *(*at)++ = '\0';
}

/* MSG_HTTP_REQUEST to the owner. */
static bool send_request(http_conn_t *conn, const http_head_t *head, text_t body) {
    http_service_t *service = conn->port->service;
    bool is_origin = head->target_form == HTTP_TARGET_ORIGIN;
    text_t path = is_origin || head->path.size == 0 ? head->target : head->path;
    text_t query = is_origin ? text_make("", 0) : head->query;
    http_request_payload_t payload;
    memset(&payload, 0, sizeof payload);
    payload.conn_id = conn->channel.handle.id;
    payload.method_size = head->method.size + 1;
    payload.path_size = path.size + (query.size > 0 ? query.size + 1 : 0) + 1;
    payload.headers_size = head->fields.size;
    payload.body_size = body.size;
    size_t total = sizeof payload + payload.method_size + payload.path_size +
                   payload.headers_size + body.size;
    char *block = total <= sizeof service->head ? service->head : mk_alloc(total);
    if (block == NULL) return false;
    memcpy(block, &payload, sizeof payload);
    char *at = block + sizeof payload;
    write_text(&at, head->method, true);
    write_text(&at, path, query.size == 0);
    if (query.size > 0) {
        *at++ = '?';
        write_text(&at, query, true);
    }
    write_text(&at, head->fields, false);
    write_text(&at, body, false);
    bool is_sent = actor__send_from(service->rt, 0, conn->channel.handle.owner,
                                    MSG_HTTP_REQUEST, block, total);
    if (block != service->head) mk_free(block);
    return is_sent;
}

static void hand_to_owner(http_conn_t *conn, const http_head_t *head, text_t body) {
    runtime_t *rt = http_conn_rt(conn);
    actor_id_t owner = conn->port->options.owner;
    if (http_handle_open(rt, &conn->channel.handle, &http_conn_handle_ops, owner) !=
            0 &&
        send_request(conn, head, body)) {
        conn->is_deferred = true;
        return;
    }
    http_handle_close(rt, &conn->channel.handle);
    http_answer_refuse(conn, 503, "the service is busy", "Retry-After: 1", true);
}

static void call_handler(http_conn_t *conn, const http_head_t *head,
                         const http_match_t *match, text_t body) {
    runtime_t *rt = http_conn_rt(conn);
    http_server_call_t call = {conn, rt, head, match, NULL, 0};
    http_request_t request;
    /* Behind the path stands the NUL of the target, or the '?' that nobody reads any
     * more. */
    char *path_end = (char *)(uintptr_t)(head->path.bytes + head->path.size);
    if (*path_end != '\0') *path_end = '\0';
    request.method = head->method.bytes;
    request.path = head->path.bytes;
    request.query = head->query.size > 0 ? head->query.bytes : "";
    request.headers = head->fields.bytes;
    request.headers_size = head->fields.size;
    request.body = body.bytes;
    request.body_size = body.size;
    request.call = &call;
    match->fn(rt, &request, match->ctx);
    mk_free(call.decoded);
    if (conn->state == HTTP_CONN_WAIT && !conn->is_deferred)
        http_answer_refuse(conn, 500, "the handler gave no answer", NULL, false);
}

/* Methods that are known although nobody may handle them (RFC 9110, section 9). */
static bool is_common_method(text_t method) {
    static const char *const names[] = {"GET",    "HEAD",    "POST", "PUT",
                                        "DELETE", "OPTIONS", "PATCH"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (text_is(method, names[i])) return true;
    return false;
}

/* Nobody takes it: say why. Closes when a body would have to be read. */
static void refuse_route(http_conn_t *conn, const http_head_t *head,
                         http_routing_t routing) {
    const http_routes_t *routes =
        conn->port->options.ignores_routes ? NULL : conn->port->service->routes;
    bool must_close = head->framing != HTTP_BODY_NONE;
    if (routing == HTTP_ROUTE_NO_METHOD) {
        char allow[256] = "Allow: ";
        http_routes_allow(routes, head->path, allow + 7, sizeof allow - 7);
        const char *const headers[] = {allow};
        if (text_is(head->method, "OPTIONS") && !must_close)
            (void)http_answer_send(conn, 204, headers, 1, NULL, 0);
        else
            http_answer_refuse(conn, 405, "nobody handles this method here", allow,
                               must_close);
    } else if (!is_common_method(head->method) &&
               !http_routes_know(routes, head->method)) {
        http_answer_refuse(conn, 501, "unknown method", NULL, true);
    } else {
        http_answer_refuse(conn, 404, "nothing is found here", NULL, must_close);
    }
}

static http_routing_t find_route(const http_conn_t *conn, const http_head_t *head,
                                 http_match_t *match) {
    if (conn->port->options.ignores_routes) return HTTP_ROUTE_NO_PATH;
    return http_routes_find(conn->port->service->routes, head->method, head->path,
                            match);
}

/* The request is complete. `parser` holds its head; `match` is NULL when it is the
 * owner's. */
static void hand_over(http_conn_t *conn, http_parser_t *parser, const http_head_t *head,
                      const http_match_t *match, text_t body) {
    conn->state = HTTP_CONN_WAIT;
    conn->is_deferred = false;
    conn->port->service->handled = head;
    if (match != NULL)
        call_handler(conn, head, match, body);
    else
        hand_to_owner(conn, head, body);
    conn->port->service->handled = NULL;
    bool is_needed = head->wants_upgrade || conn->port->options.logs_access;
    if (conn->state == HTTP_CONN_WAIT && is_needed && !keep_head(conn, parser))
        conn->is_over = true;
    if (conn->state == HTTP_CONN_UPGRADE || conn->state == HTTP_CONN_WAIT) return;
    conn->clock = CLOCK_NONE; /* the next request has a time of its own */
}

/* --- reading --- */

static void begin_body(http_conn_t *conn, http_parser_t *parser,
                       const http_head_t *head, bool has_input) {
    http_pending_t *pending = get_pending(conn);
    if (pending == NULL || !keep_head(conn, parser)) {
        conn->is_over = true;
        return;
    }
    http_fault_t fault =
        http_body_init(&pending->body, head, conn->port->options.body_max,
                       pending->trailers, HTTP_TRAILER_SIZE, MK_HTTP_FIELDS_MAX);
    if (fault != HTTP_FAULT_NONE) {
        http_answer_refuse(conn, http_fault_status(fault), http_fault_text(fault), NULL,
                           true);
        return;
    }
    pending->began_ms = runtime_now_ms(http_conn_rt(conn));
    pending->size = 0;
    conn->state = HTTP_CONN_BODY;
    if (head->expects_continue && !has_input) http_answer_continue(conn);
}

/* Every '%' of the path has two digits, and none makes a NUL: what could be read in two
 * ways is refused. */
static bool is_well_encoded(text_t path) {
    size_t at = text_find(path, '%');
    char decoded;
    for (; at < path.size; at++)
        if (path.bytes[at] == '%' &&
            url_decode(text_part(path, at, 3), &decoded, 1, NULL) != 1)
            return false;
    return true;
}

static void take_head(http_conn_t *conn, http_parser_t *parser, text_t *input) {
    http_head_t head;
    http_parser_head(parser, &head);
    http_service_t *service = conn->port->service;
    service->counts.requests++;
    conn->is_head = text_is(head.method, "HEAD");
    conn->minor = head.minor > 0;
    conn->keeps_alive = head.keeps_alive && !service->is_stopping;
    conn->state = HTTP_CONN_WAIT;
    if (!is_well_encoded(head.path)) {
        service->counts.refused++;
        http_answer_refuse(conn, 400, "malformed percent-encoding", NULL, true);
        return;
    }
    http_match_t match;
    http_routing_t routing = find_route(conn, &head, &match);
    if (routing != HTTP_ROUTE_FOUND && conn->port->options.owner == 0) {
        service->handled = &head;
        refuse_route(conn, &head, routing);
        service->handled = NULL;
        conn->clock = CLOCK_NONE;
        return;
    }
    bool is_here =
        head.framing == HTTP_BODY_NONE ||
        (head.framing == HTTP_BODY_LENGTH && head.content_length <= input->size &&
         head.content_length <= conn->port->options.body_max);
    if (!is_here) {
        begin_body(conn, parser, &head, input->size > 0);
        return;
    }
    text_t body = text_part(*input, 0, (size_t)head.content_length);
    if (head.framing == HTTP_BODY_NONE) body = text_make("", 0);
    input->bytes += body.size;
    input->size -= body.size;
    hand_over(conn, parser, &head, routing == HTTP_ROUTE_FOUND ? &match : NULL, body);
}

static void refuse_fault(http_conn_t *conn, http_fault_t fault) {
    conn->port->service->counts.refused++;
    http_answer_refuse(conn, http_fault_status(fault), http_fault_text(fault), NULL,
                       true);
}

static void read_head(http_conn_t *conn, text_t *input) {
    http_service_t *service = conn->port->service;
    http_parser_t *parser = &service->parser;
    if (conn->state == HTTP_CONN_HEAD) {
        *parser = conn->pending->parser;
        http_parser_move(parser, service->store);
    } else {
        http_parser_init(parser, HTTP_REQUEST, &service->limits, service->store);
    }
    parser->memo = &service->host;
    switch (http_parse(parser, input)) {
    case HTTP_END:
        drop_pending(conn);
        take_head(conn, parser, input);
        break;
    case HTTP_BAD:
        drop_pending(conn);
        conn->is_head = false;
        conn->minor = 1;
        refuse_fault(conn, http_parser_fault(parser));
        break;
    default:
        if (http_parser_is_idle(parser) && conn->state != HTTP_CONN_HEAD) break;
        if (!keep_head(conn, parser)) conn->is_over = true;
        conn->state = HTTP_CONN_HEAD;
        break;
    }
}

static void end_body(http_conn_t *conn) {
    http_pending_t *pending = conn->pending;
    conn->pending = NULL; /* input behind the request goes to a new one */
    http_head_t head;
    http_parser_head(&pending->parser, &head);
    text_t body = text_make((const char *)buffer_bytes(&pending->data),
                            buffer_size(&pending->data));
    if (body.size == 0) body = text_make("", 0);
    http_parser_t parser = pending->parser;
    /* The path has moved since it was looked up. */
    http_match_t match;
    bool is_routed = find_route(conn, &head, &match) == HTTP_ROUTE_FOUND;
    hand_over(conn, &parser, &head, is_routed ? &match : NULL, body);
    free_pending(pending);
}

/* False: more input is needed. */
static bool read_body(http_conn_t *conn, text_t *input) {
    http_pending_t *pending = conn->pending;
    text_t data;
    switch (http_body_next(&pending->body, input, &data)) {
    case HTTP_PART:
        pending->size += data.size;
        if (buffer_append(&pending->data, data.bytes, data.size) < 0)
            http_answer_refuse(conn, 503, "out of memory", NULL, true);
        break;
    case HTTP_END: end_body(conn); break;
    case HTTP_BAD: refuse_fault(conn, (http_fault_t)pending->body.fault); break;
    case HTTP_MORE: return false;
    }
    return true;
}

/* The next request may begin: not while the answers to the last ones wait. */
static bool may_begin(const http_conn_t *conn) {
    return conn->state <= HTTP_CONN_IDLE &&
           channel_waiting(&conn->channel) <= conn->channel.output_mark;
}

static bool is_dead(const http_conn_t *conn) {
    return conn->is_over || conn->channel.is_broken;
}

/* What was read behind the handshake is `early`, or was kept. The block is no longer to
 * be touched. */
static void start_ws(http_conn_t *conn, text_t early) {
    http_pending_t *pending = conn->pending;
    conn->pending = NULL;
    conn->state = HTTP_CONN_WS;
    if (early.size == 0 && pending != NULL)
        early = text_make((const char *)buffer_bytes(&pending->data),
                          buffer_size(&pending->data));
    ws_start(http_conn_rt(conn), &conn->channel, &conn->port->ws_options,
             conn->ws.handler, conn->ws.ctx, (uint8_t *)(uintptr_t)early.bytes,
             early.size);
    free_pending(pending);
}

static void take_input(http_conn_t *conn, text_t *input) {
    while (!is_dead(conn)) {
        if (conn->state == HTTP_CONN_BODY) {
            if (!read_body(conn, input)) return;
        } else if (input->size > 0 &&
                   (may_begin(conn) || conn->state == HTTP_CONN_HEAD)) {
            read_head(conn, input);
        } else {
            break;
        }
    }
    if (is_dead(conn) || conn->state == HTTP_CONN_UPGRADE) return;
    if (conn->state < HTTP_CONN_EVENTS) keep_input(conn, input);
}

/* --- the end of a turn --- */

static void set_clock(http_conn_t *conn, unsigned clock, uint32_t ms) {
    conn->clock = (uint8_t)clock;
    deadline_set(http_conn_rt(conn), &conn->channel.deadline, ms);
}

/* When a body must have gone on: within body_ms, and fast enough on the whole. */
static uint32_t body_time(const http_conn_t *conn) {
    const http_listen_options_t *options = &conn->port->options;
    const http_pending_t *pending = conn->pending;
    uint64_t now_ms = runtime_now_ms(http_conn_rt(conn));
    uint64_t due_ms = pending->began_ms + options->body_ms +
                      pending->size * 1000u / options->body_bytes_per_s;
    uint64_t left = due_ms > now_ms ? due_ms - now_ms : 0;
    return left < options->body_ms ? (uint32_t)left : options->body_ms;
}

static void start_clock(http_conn_t *conn, bool is_progress) {
    const http_listen_options_t *options = &conn->port->options;
    if (channel_waiting(&conn->channel) > 0) {
        if (conn->clock != CLOCK_WRITE || is_progress)
            set_clock(conn, CLOCK_WRITE, options->write_ms);
        return;
    }
    switch ((http_conn_state_t)conn->state) {
    case HTTP_CONN_FRESH:
    case HTTP_CONN_HEAD:
        if (conn->clock != CLOCK_HEADER)
            set_clock(conn, CLOCK_HEADER, options->header_ms);
        break;
    case HTTP_CONN_BODY: set_clock(conn, CLOCK_BODY, body_time(conn)); break;
    case HTTP_CONN_IDLE: set_clock(conn, CLOCK_IDLE, options->idle_ms); break;
    case HTTP_CONN_WAIT:
        if (conn->clock != CLOCK_HANDLER)
            set_clock(conn, CLOCK_HANDLER, options->handler_ms);
        break;
    case HTTP_CONN_PIECES: set_clock(conn, CLOCK_HANDLER, options->handler_ms); break;
    case HTTP_CONN_EVENTS:
        if (conn->clock != CLOCK_HEARTBEAT)
            set_clock(conn, CLOCK_HEARTBEAT, MK_SSE_HEARTBEAT_MS);
        break;
    case HTTP_CONN_CLOSING:
    case HTTP_CONN_UPGRADE:
    case HTTP_CONN_WS: break;
    }
}

static void tell_loss(http_conn_t *conn) {
    http_handle_t *handle = &conn->channel.handle;
    if (handle->id == 0) return;
    if (conn->state == HTTP_CONN_UPGRADE && conn->ws.handler != NULL) {
        http_conn_id_t id = handle->id;
        http_handle_close(http_conn_rt(conn), handle);
        if (conn->ws.handler->on_closed != NULL)
            conn->ws.handler->on_closed(http_conn_rt(conn), id, WS_CLOSE_LOST,
                                        conn->ws.ctx);
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
    tell_loss(conn);
    channel_end(http_conn_rt(conn), &conn->channel, in_order);
}

/* Nothing is under way and nothing can come. */
static bool is_done(const http_conn_t *conn) {
    if (channel_waiting(&conn->channel) > 0) return false;
    if (conn->state == HTTP_CONN_CLOSING) return true;
    return conn->state <= HTTP_CONN_IDLE && conn->has_ended && !has_kept_input(conn);
}

static void settle(http_conn_t *conn, bool is_progress) {
    if (conn->is_busy) return;
    if (is_dead(conn)) {
        end(conn, !conn->channel.is_broken);
    } else if (conn->state == HTTP_CONN_UPGRADE) {
        start_ws(conn, text_make(NULL, 0));
    } else if (is_done(conn)) {
        end(conn, true);
    } else if (conn->state <= HTTP_CONN_IDLE && has_kept_input(conn)) {
        if (channel_waiting(&conn->channel) <= conn->channel.output_mark)
            set_clock(conn, CLOCK_WAKE, 0);
        else
            start_clock(conn, is_progress);
    } else {
        bool wants_input = !conn->has_ended && !has_kept_input(conn);
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
    conn->port->service->is_date_fresh = false;
    conn->is_busy = true;
    take_input(conn, input);
    conn->is_busy = false;
    channel_uncork(rt, &conn->channel);
    if (conn->state == HTTP_CONN_UPGRADE && !is_dead(conn))
        start_ws(conn, *input);
    else
        settle(conn, true);
}

static void go_on(http_conn_t *conn) {
    http_pending_t *pending = conn->pending;
    conn->pending = NULL;
    conn->clock = CLOCK_NONE;
    text_t input = text_make((const char *)buffer_bytes(&pending->data),
                             buffer_size(&pending->data));
    work(conn, &input);
    free_pending(pending);
}

/* --- events --- */

static void take_end(http_conn_t *conn) {
    conn->has_ended = true;
    if (conn->state == HTTP_CONN_HEAD || conn->state == HTTP_CONN_BODY ||
        conn->state == HTTP_CONN_EVENTS)
        conn->is_over = true;
    settle(conn, false);
}

static void on_readable(stream_t *stream, runtime_t *rt) {
    http_conn_t *conn = http_conn_of(channel_of_stream(stream));
    size_t size = conn->state <= HTTP_CONN_HEAD   ? HEAD_READ_SIZE
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

static void on_closed(stream_t *stream, runtime_t *rt, int reason, const char *text) {
    (void)rt;
    (void)reason;
    (void)text;
    http_conn_t *conn = http_conn_of(channel_of_stream(stream));
    conn->channel.is_broken = true;
    settle(conn, false);
}

const stream_events_t http_conn_events = {
    .on_readable = on_readable,
    .on_writable = on_writable,
    .on_closed = on_closed,
    .on_open = NULL,
};

/* A deadline passed. */
static void time_out(http_conn_t *conn, unsigned clock) {
    conn->port->service->counts.timeouts++;
    switch (clock) {
    case CLOCK_HEADER:
        if (conn->state == HTTP_CONN_FRESH) break;
        conn->minor = 1;
        conn->is_head = false;
        drop_pending(conn);
        http_answer_refuse(conn, 408, "the header took too long", NULL, true);
        return;
    case CLOCK_BODY:
        drop_pending(conn);
        http_answer_refuse(conn, 408, "the body came too slowly", NULL, true);
        return;
    case CLOCK_HANDLER:
        if (conn->state != HTTP_CONN_WAIT) break;
        tell_loss(conn);
        http_handle_close(http_conn_rt(conn), &conn->channel.handle);
        http_answer_refuse(conn, 503, "no answer in time", NULL, true);
        return;
    case CLOCK_WRITE:
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
    conn->clock = CLOCK_NONE;
    if (clock == CLOCK_WAKE) {
        go_on(conn);
        return;
    }
    if (clock == CLOCK_HEARTBEAT) {
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

static void release(runtime_t *rt, channel_t *channel) {
    (void)rt;
    http_conn_t *conn = http_conn_of(channel);
    if (conn->state != HTTP_CONN_WS) drop_pending(conn);
    http_port_forget(conn->port, conn);
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
    channel_init(&conn->channel, port->options.output_mark, on_due, release);
    conn->channel.wants_input = true;
    conn->port = port;
    conn->minor = 1;
    list_init(&conn->in_port);
    list_insert_before(&port->conns, &conn->in_port);
    port->conns_len++;
    service->counts.accepted++;
    conn->state = HTTP_CONN_FRESH;
    start_clock(conn, true);
}

void http_conn_drop(http_conn_t *conn) {
    runtime_t *rt = http_conn_rt(conn);
    if (conn->state == HTTP_CONN_WS)
        ws_drop(rt, &conn->ws);
    else
        end(conn, false);
}

void http_conn_stop(http_conn_t *conn) {
    conn->keeps_alive = false;
    if (conn->state == HTTP_CONN_WS) {
        (void)ws_close(http_conn_rt(conn), &conn->ws, WS_CLOSE_GOING,
                       text_of("the server stops"));
        return;
    }
    if (conn->state <= HTTP_CONN_IDLE && !has_kept_input(conn)) conn->is_over = true;
    if (conn->state == HTTP_CONN_EVENTS) conn->is_over = true;
    settle(conn, false);
}
