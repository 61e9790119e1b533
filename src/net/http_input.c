/* SPDX-License-Identifier: Apache-2.0 */
/* http_input.c - what a connection of the server reads: heads and bodies, what is kept
 * of them, and to whom a request is handed over.
 *
 * A request that is complete in one read costs no memory: head and body are looked at
 * where they lie, in memory that all connections share. Only what is unfinished is
 * kept, in `pending`: a part of a head, a body that is still coming, input behind a
 * request whose answer is awaited.
 *
 * Requests are handed over one after the other: nothing is read from the input while
 * the state is WAIT or PIECES. Anything refused closes the connection, for its end in
 * the input is not known. */
#include "base/alloc.h"
#include "base/url.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "net/http_headers.h"
#include "net/http_receive.h"

#include <string.h>

/* --- what is kept --- */

static void free_head(http_pending_t *pending) {
    mk_free(pending->store);
    pending->store = NULL;
    pending->has_head = false;
}

void http_pending_free(http_pending_t *pending) {
    if (pending == NULL) return;
    free_head(pending);
    buffer_deinit(&pending->data);
    mk_free(pending);
}

void http_conn_drop_pending(http_conn_t *conn) {
    http_pending_free(conn->pending);
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

bool http_conn_has_kept(const http_conn_t *conn) {
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
    const http_listen_options_t *options = &conn->port->options;
    bool is_open = http_handle_open(rt, &conn->channel.handle, &http_conn_handle_ops,
                                    options->owner) != 0;
    if (is_open && options->takes_pieces &&
        !http_receive_begin(conn, head, NULL, NULL, options->body_max))
        return;
    if (is_open && send_request(conn, head, body)) {
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
    conn->clock = HTTP_CLOCK_NONE; /* the next request has a time of its own */
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

static bool takes_pieces(const http_conn_t *conn, const http_match_t *match) {
    return match != NULL ? match->takes_pieces : conn->port->options.takes_pieces;
}

/* The body is asked for in pieces, or not at all: then it is skipped when it is here
 * already, and the connection ends with the answer otherwise. */
static void take_pieces(http_conn_t *conn, http_parser_t *parser,
                        const http_head_t *head, const http_match_t *match,
                        text_t *input, bool is_here) {
    size_t body_size =
        is_here && head->framing == HTTP_BODY_LENGTH ? (size_t)head->content_length : 0;
    if (!is_here) conn->keeps_alive = false;
    hand_over(conn, parser, head, match, text_make("", 0));
    if (!conn->is_receiving) *input = text_part(*input, body_size, SIZE_MAX);
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
        conn->clock = HTTP_CLOCK_NONE;
        return;
    }
    bool is_here =
        head.framing == HTTP_BODY_NONE ||
        (head.framing == HTTP_BODY_LENGTH && head.content_length <= input->size &&
         head.content_length <= conn->port->options.body_max);
    const http_match_t *taker = routing == HTTP_ROUTE_FOUND ? &match : NULL;
    if (takes_pieces(conn, taker)) {
        take_pieces(conn, parser, &head, taker, input, is_here);
        return;
    }
    if (!is_here) {
        begin_body(conn, parser, &head, input->size > 0);
        return;
    }
    text_t body = text_part(*input, 0, (size_t)head.content_length);
    if (head.framing == HTTP_BODY_NONE) body = text_make("", 0);
    input->bytes += body.size;
    input->size -= body.size;
    hand_over(conn, parser, &head, taker, body);
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
        http_conn_drop_pending(conn);
        take_head(conn, parser, input);
        break;
    case HTTP_BAD:
        http_conn_drop_pending(conn);
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
    http_pending_free(pending);
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

void http_conn_take(http_conn_t *conn, text_t *input) {
    while (!http_conn_is_dead(conn)) {
        if (conn->state == HTTP_CONN_BODY) {
            if (!read_body(conn, input)) return;
        } else if (conn->is_receiving) {
            if (!http_receive_take(conn, input)) break;
        } else if (input->size > 0 &&
                   (may_begin(conn) || conn->state == HTTP_CONN_HEAD)) {
            read_head(conn, input);
        } else {
            break;
        }
    }
    if (http_conn_is_dead(conn) || conn->state == HTTP_CONN_UPGRADE) return;
    if (conn->state < HTTP_CONN_EVENTS) keep_input(conn, input);
}
