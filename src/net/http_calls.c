/* SPDX-License-Identifier: Apache-2.0 */
/* http_calls.c - the published functions of the server: each finds the exchange of an
 * id, or the call of a handler, and has http_answer.c write.
 *
 * The state of the connection says what is possible: WAIT takes one answer, PIECES its
 * pieces, EVENTS events. Everything else is an id that does not wait any more. */
#include "base/alloc.h"
#include "base/check.h"
#include "base/url.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "net/http_headers.h"
#include "net/http_server_impl.h"
#include "net/tls_stream.h"

#include <string.h>

/* The connection of an id that is in a state; NULL: there is none. */
static http_conn_t *find_conn(runtime_t *rt, http_conn_id_t id, bool must_own,
                              http_conn_state_t state) {
    if (rt == NULL) return NULL;
    http_handle_t *handle = must_own
                                ? http_handle_find_own(rt, id, &http_conn_handle_ops)
                                : http_handle_find(rt, id, &http_conn_handle_ops);
    if (handle == NULL) return NULL;
    http_conn_t *conn = http_conn_of(MK_CONTAINER_OF(handle, channel_t, handle));
    return conn->state == state && !conn->is_over ? conn : NULL;
}

/* --- routes --- */

int http_route(runtime_t *rt, const char *method, const char *pattern,
               http_handler_fn fn, void *ctx) {
    http_taker_t taker = {.fn = fn, .ctx = ctx};
    return http_service_route(rt, method, pattern, &taker);
}

int http_route_pieces(runtime_t *rt, const char *method, const char *pattern,
                      http_handler_fn fn, void *ctx) {
    http_taker_t taker = {.fn = fn, .ctx = ctx, .takes_pieces = true};
    return http_service_route(rt, method, pattern, &taker);
}

int http_service_route(runtime_t *rt, const char *method, const char *pattern,
                       const http_taker_t *taker) {
    if (rt == NULL || method == NULL || pattern == NULL) return MK_EINVAL;
    http_service_t *service = http_service_get(rt);
    if (service == NULL) return MK_ENOMEM;
    if (service->routes == NULL) service->routes = http_routes_create();
    if (service->routes == NULL) return MK_ENOMEM;
    return http_routes_add(service->routes, method, pattern, taker);
}

/* --- within a handler --- */

/* Room for all parameters, decoded and each with its NUL. */
static bool make_decoded(http_server_call_t *call) {
    if (call->decoded != NULL) return true;
    size_t size = 0;
    for (size_t i = 0; i < call->match->values_len; i++)
        size += call->match->values[i].size + 1;
    call->decoded = mk_alloc(size);
    if (call->decoded == NULL) return false;
    char *at = call->decoded;
    for (size_t i = 0; i < call->match->values_len; i++) {
        text_t value = call->match->values[i];
        int decoded = url_decode(value, at, value.size, NULL);
        at[0] = decoded < 0 ? '\0' : at[0];
        at[decoded < 0 ? 0 : decoded] = '\0';
        at += value.size + 1;
    }
    return true;
}

const char *http_param(const http_request_t *request, const char *name) {
    if (request == NULL || name == NULL) return NULL;
    http_server_call_t *call = request->call;
    size_t index;
    if (!http_match_index(call->match, name, &index) || !make_decoded(call))
        return NULL;
    const char *at = call->decoded;
    for (size_t i = 0; i < index; i++)
        at += call->match->values[i].size + 1;
    return at;
}

const char *http_header(const http_request_t *request, const char *name, size_t *size) {
    text_t value;
    if (request == NULL || name == NULL ||
        !http_headers_find(text_make(request->headers, request->headers_size), name,
                           &value))
        return NULL;
    if (size != NULL) *size = value.size;
    return value.bytes;
}

bool http_is_secure(const http_request_t *request) {
    return request != NULL && request->call->conn->port->tls != NULL;
}

size_t http_client_name(const http_request_t *request, char *name, size_t cap) {
    mk_writer_t w;
    if (request == NULL || cap == 0) return 0;
    writer_init(&w, name, cap);
    if (!request->call->conn->is_over)
        tls_stream_peer_name(&request->call->conn->channel.stream, &w);
    return w.size;
}

/* The request can still be answered from within its handler. */
static bool is_open(const http_request_t *request) {
    const http_conn_t *conn = request->call->conn;
    return conn->state == HTTP_CONN_WAIT && !conn->is_deferred;
}

int http_answer(const http_request_t *request, int status, const char *const *headers,
                size_t n_headers, const void *body, size_t body_size) {
    if (request == NULL) return MK_EINVAL;
    if (!is_open(request)) return MK_ESTATE;
    return http_answer_send(request->call->conn, status, headers, n_headers, body,
                            body_size);
}

http_conn_id_t http_defer_to(const http_request_t *request, actor_id_t owner) {
    if (request == NULL || !is_open(request)) return 0;
    http_conn_t *conn = request->call->conn;
    http_conn_id_t id = http_handle_open(request->call->rt, &conn->channel.handle,
                                         &http_conn_handle_ops, owner);
    conn->is_deferred = id != 0;
    return id;
}

http_conn_id_t http_defer(const http_request_t *request) {
    return http_defer_to(request, 0);
}

http_conn_id_t http_ws_accept_with(const http_request_t *request,
                                   const http_ws_accept_t *accept,
                                   const http_ws_handler_t *handler, void *ctx,
                                   int *protocol) {
    int chosen;
    if (handler == NULL) return 0;
    http_conn_id_t id = http_defer(request);
    if (id == 0) return 0;
    http_conn_t *conn = request->call->conn;
    conn->is_deferred = false;
    if (!http_answer_upgrade(conn, request->call->head, accept, &chosen)) {
        http_handle_close(request->call->rt, &conn->channel.handle);
        return 0;
    }
    conn->handler = handler;
    conn->ctx = ctx;
    if (protocol != NULL) *protocol = chosen;
    return id;
}

http_conn_id_t http_ws_accept(const http_request_t *request,
                              const http_ws_handler_t *handler, void *ctx) {
    return http_ws_accept_with(request, NULL, handler, ctx, NULL);
}

/* --- later --- */

static int respond(runtime_t *rt, http_conn_id_t id, bool must_own, int status,
                   const char *const *headers, size_t n_headers, const void *body,
                   size_t body_size) {
    http_conn_t *conn = find_conn(rt, id, must_own, HTTP_CONN_WAIT);
    if (conn == NULL) return MK_ENOENT;
    int result = http_answer_send(conn, status, headers, n_headers, body, body_size);
    if (result != MK_EINVAL) http_conn_settle(conn);
    return result;
}

int http_respond(runtime_t *rt, http_conn_id_t id, int status,
                 const char *const *headers, size_t n_headers, const void *body,
                 size_t body_size) {
    return respond(rt, id, false, status, headers, n_headers, body, body_size);
}

bool actor_http_respond(runtime_t *rt, http_conn_id_t conn_id, int status_code,
                        const char *const *headers, size_t n_headers, const void *body,
                        size_t body_size) {
    return respond(rt, conn_id, true, status_code, headers, n_headers, body,
                   body_size) == MK_OK;
}

int http_respond_begin(runtime_t *rt, http_conn_id_t id, int status,
                       const char *const *headers, size_t n_headers) {
    return http_respond_begin_sized(rt, id, status, headers, n_headers, UINT64_MAX);
}

int http_respond_begin_sized(runtime_t *rt, http_conn_id_t id, int status,
                             const char *const *headers, size_t n_headers,
                             uint64_t length) {
    http_conn_t *conn = find_conn(rt, id, false, HTTP_CONN_WAIT);
    if (conn == NULL) return MK_ENOENT;
    int result = http_answer_begin(conn, status, headers, n_headers, length);
    if (result != MK_EINVAL) http_conn_settle(conn);
    return result;
}

/* What channel_send gave, as the caller sees it; may end the connection. */
static int judge(http_conn_t *conn, int result) {
    if (result == MK_EFULL || result == MK_EINVAL || result == MK_ENOMEM) return result;
    http_conn_settle(conn);
    return result < 0 ? MK_ENOENT : MK_OK;
}

int http_respond_piece(runtime_t *rt, http_conn_id_t id, const void *data,
                       size_t size) {
    http_conn_t *conn = find_conn(rt, id, false, HTTP_CONN_PIECES);
    return conn != NULL ? judge(conn, http_answer_piece(conn, data, size)) : MK_ENOENT;
}

int http_respond_end(runtime_t *rt, http_conn_id_t id) {
    http_conn_t *conn = find_conn(rt, id, false, HTTP_CONN_PIECES);
    if (conn == NULL) return MK_ENOENT;
    int result = http_answer_end(conn);
    http_conn_settle(conn);
    return result;
}

/* --- events --- */

static int start_events(runtime_t *rt, http_conn_id_t id, bool must_own) {
    http_conn_t *conn = find_conn(rt, id, must_own, HTTP_CONN_WAIT);
    if (conn == NULL) return MK_ENOENT;
    int result = http_answer_events(conn);
    http_conn_settle(conn);
    return result;
}

int http_sse_start(runtime_t *rt, http_conn_id_t id) {
    return start_events(rt, id, false);
}

bool actor_sse_start(runtime_t *rt, http_conn_id_t conn_id) {
    return start_events(rt, conn_id, true) == MK_OK;
}

static int push_event(runtime_t *rt, http_conn_id_t id, bool must_own,
                      const sse_event_t *event) {
    http_conn_t *conn = find_conn(rt, id, must_own, HTTP_CONN_EVENTS);
    if (conn == NULL) return MK_ENOENT;
    return judge(conn, http_answer_event(conn, event));
}

static sse_event_t make_event(const char *type, const char *data, size_t data_size) {
    sse_event_t event = {.type = text_of(type), .data = text_make("", 0)};
    if (data != NULL) event.data = text_make(data, data_size);
    return event;
}

static sse_event_t convert_event(const http_sse_event_t *given) {
    sse_event_t event = {.type = text_of(given->event),
                         .data = text_make(given->data, given->data_size),
                         .id = text_of(given->id),
                         .retry_ms = given->retry_ms};
    return event;
}

int http_sse_push(runtime_t *rt, http_conn_id_t id, const char *event, const char *data,
                  size_t data_size) {
    sse_event_t made = make_event(event, data, data_size);
    return push_event(rt, id, false, &made);
}

bool actor_sse_push(runtime_t *rt, http_conn_id_t conn_id, const char *event,
                    const char *data, size_t data_size) {
    sse_event_t made = make_event(event, data, data_size);
    return push_event(rt, conn_id, true, &made) == MK_OK;
}

int http_sse_send(runtime_t *rt, http_conn_id_t id, const http_sse_event_t *event) {
    if (event == NULL) return MK_EINVAL;
    sse_event_t made = convert_event(event);
    return push_event(rt, id, false, &made);
}

bool actor_sse_send(runtime_t *rt, http_conn_id_t conn_id,
                    const http_sse_event_t *event) {
    if (event == NULL) return false;
    sse_event_t made = convert_event(event);
    return push_event(rt, conn_id, true, &made) == MK_OK;
}

/* --- WebSockets --- */

bool actor_ws_accept_with(runtime_t *rt, http_conn_id_t conn_id,
                          const http_ws_accept_t *accept, int *protocol) {
    http_conn_t *conn = find_conn(rt, conn_id, true, HTTP_CONN_WAIT);
    http_head_t head;
    int chosen = -1;
    if (conn == NULL) return false;
    bool is_good = false;
    if (http_conn_head(conn, &head))
        is_good = http_answer_upgrade(conn, &head, accept, &chosen);
    else
        http_answer_refuse(conn, 400, "no upgrade to websocket", NULL, true);
    if (is_good) {
        conn->handler = NULL;
        conn->ctx = NULL;
    }
    if (is_good && protocol != NULL) *protocol = chosen;
    http_conn_settle(conn);
    return is_good;
}

bool actor_ws_accept(runtime_t *rt, http_conn_id_t conn_id) {
    return actor_ws_accept_with(rt, conn_id, NULL, NULL);
}

static int send_ws(runtime_t *rt, http_conn_id_t id, bool must_own, bool is_binary,
                   const void *data, size_t size) {
    ws_t *ws = rt != NULL ? ws_find(rt, id, must_own) : NULL;
    return ws != NULL ? ws_send(rt, ws, is_binary, data, size) : MK_ENOENT;
}

int http_ws_send(runtime_t *rt, http_conn_id_t id, bool is_binary, const void *data,
                 size_t size) {
    return send_ws(rt, id, false, is_binary, data, size);
}

bool actor_ws_send_text(runtime_t *rt, http_conn_id_t id, const char *text,
                        size_t len) {
    return send_ws(rt, id, true, false, text, len) == MK_OK;
}

bool actor_ws_send_binary(runtime_t *rt, http_conn_id_t id, const void *data,
                          size_t len) {
    return send_ws(rt, id, true, true, data, len) == MK_OK;
}

static int close_ws(runtime_t *rt, http_conn_id_t id, bool must_own, uint16_t code,
                    const char *reason) {
    ws_t *ws = rt != NULL ? ws_find(rt, id, must_own) : NULL;
    return ws != NULL ? ws_close(rt, ws, code, text_of(reason)) : MK_ENOENT;
}

int http_ws_close(runtime_t *rt, http_conn_id_t id, uint16_t code, const char *reason) {
    return close_ws(rt, id, false, code, reason);
}

bool actor_ws_close(runtime_t *rt, http_conn_id_t id, uint16_t code,
                    const char *reason) {
    return close_ws(rt, id, true, code, reason) == MK_OK;
}

/* --- whatever it is --- */

void http_close(runtime_t *rt, http_conn_id_t id) {
    http_handle_t *handle = rt != NULL ? http_handle_find(rt, id, NULL) : NULL;
    if (handle != NULL) handle->ops->close(rt, handle);
}

void actor_http_close(runtime_t *rt, http_conn_id_t id) {
    http_handle_t *handle = rt != NULL ? http_handle_find_own(rt, id, NULL) : NULL;
    if (handle != NULL) handle->ops->close(rt, handle);
}
