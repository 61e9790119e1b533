/* SPDX-License-Identifier: Apache-2.0 */
/* http_fetch.c - a request of an actor, over its redirects, and the one outcome.
 *
 * The answer is put together in the block that becomes the payload of its message, or
 * handed on piece by piece: then reading pauses after each piece until the owner asks
 * for more, so at most one waits in its mailbox.
 *
 * A fetch lives from http_fetch to its outcome; the call in it goes from one URL to the
 * next. The body of a redirect is read over when it is small, so that the connection
 * can serve again, and cut off when it is not. */
#include "base/alloc.h"
#include "base/check.h"
#include "kernel/inside.h"
#include "microkernel/http.h"
#include "net/http_headers.h"
#include "net/http_secure.h"
#include "net/http_task.h"
#include "net/http_tell.h"

#include <string.h>

enum {
    READ_OVER_MAX = 65536, /* bytes of a redirect's body that are worth reading */
    FIRST_CAP = 1024       /* bytes of an answer's block at first */
};

typedef struct {
    http_task_t task;
    void *body;      /* of the request; owned */
    char *location;  /* owned: where the answer points; NULL: it is the answer */
    uint8_t *answer; /* owned: payload of the message to come */
    size_t answer_size;
    size_t answer_cap;
    size_t read_over; /* bytes of a redirect's body so far */
    unsigned redirects_left;
    unsigned redirects_max;
    int status;
    bool takes_pieces;
    bool gives_pieces;
    bool is_always_response;
    bool is_body_complete; /* gives_pieces: http_fetch_end was called */
    bool wants_room;       /* the owner met MK_EFULL */
} fetch_t;

static void clean_fetch(http_task_t *task) {
    fetch_t *fetch = (fetch_t *)task;
    mk_free(fetch->body);
    mk_free(fetch->location);
    mk_free(fetch->answer);
}

static const http_task_kind_t fetch_kind;

static void free_fetch(fetch_t *fetch) {
    http_task_free(&fetch_kind, &fetch->task);
}

static void close_fetch(runtime_t *rt, http_handle_t *handle) {
    http_task_t *task = http_task_of_handle(handle);
    http_conn_id_t id;
    message_destroy(http_task_end(rt, task, &id));
    http_task_free(&fetch_kind, task);
}

static const http_handle_ops_t fetch_ops = {close_fetch};

/* --- the outcome --- */

static void fail_fetch(runtime_t *rt, fetch_t *fetch, const http_failure_t *failure) {
    http_conn_id_t id;
    message_t *outcome = http_task_end(rt, &fetch->task, &id);
    bool is_response = fetch->is_always_response;
    free_fetch(fetch);
    if (is_response)
        http_tell_no_response(rt, outcome, id, failure);
    else
        http_tell_failure(rt, outcome, MSG_HTTP_ERROR, id, failure, NULL);
}

static void fail_with(runtime_t *rt, fetch_t *fetch, http_failure_kind_t kind,
                      int reason, const char *text) {
    http_failure_t failure = {kind, reason, text};
    fail_fetch(rt, fetch, &failure);
}

static void fail_memory(runtime_t *rt, fetch_t *fetch) {
    fail_with(rt, fetch, HTTP_FAILED_LOCAL, MK_ENOMEM, mk_error_text(MK_ENOMEM));
}

static fetch_t *fetch_of(http_call_t *call) {
    return (fetch_t *)http_task_of(call);
}

static void on_fail(http_call_t *call, runtime_t *rt, const http_failure_t *failure) {
    fail_fetch(rt, fetch_of(call), failure);
}

/* --- the answer --- */

/* Room for `size` bytes more at the end of the answer's block; NULL: no memory. */
static uint8_t *grow_answer(fetch_t *fetch, size_t size) {
    size_t need = fetch->answer_size + size;
    if (need > fetch->answer_cap) {
        size_t cap = fetch->answer_cap > 0 ? fetch->answer_cap : FIRST_CAP;
        while (cap < need)
            cap += cap / 2;
        uint8_t *grown = mk_realloc(fetch->answer, cap);
        if (grown == NULL) return NULL;
        fetch->answer = grown;
        fetch->answer_cap = cap;
    }
    uint8_t *room = fetch->answer + fetch->answer_size;
    fetch->answer_size = need;
    return room;
}

static bool add_to_answer(fetch_t *fetch, const void *bytes, size_t size) {
    uint8_t *room = grow_answer(fetch, size);
    if (room != NULL && size > 0) memcpy(room, bytes, size);
    return room != NULL;
}

/* Pieces are collected behind the head of their payload. */
static bool begin_piece(fetch_t *fetch) {
    http_data_payload_t payload = {fetch->task.handle.id, 0};
    fetch->answer_size = 0;
    return add_to_answer(fetch, &payload, sizeof payload);
}

static bool begin_answer(runtime_t *rt, fetch_t *fetch, const http_head_t *head) {
    http_response_payload_t payload = {fetch->task.handle.id, head->status,
                                       head->fields.size, 0};
    fetch->answer_size = 0;
    if (!add_to_answer(fetch, &payload, sizeof payload) ||
        !add_to_answer(fetch, head->fields.bytes, head->fields.size))
        return false;
    if (!fetch->takes_pieces) return true;
    bool is_told = actor__notify(rt, ACTOR_ID_INVALID, fetch->task.handle.owner,
                                 MSG_HTTP_HEAD, fetch->answer, fetch->answer_size);
    return is_told && begin_piece(fetch);
}

static void on_data(http_call_t *call, runtime_t *rt, text_t data) {
    fetch_t *fetch = fetch_of(call);
    if (fetch->location != NULL)
        fetch->read_over += data.size;
    else if (!add_to_answer(fetch, data.bytes, data.size))
        fail_memory(rt, fetch);
}

/* The piece that one read brought. False: it could not be told. */
static bool send_piece(runtime_t *rt, fetch_t *fetch) {
    size_t size = fetch->answer_size - sizeof(http_data_payload_t);
    if (size == 0) return true;
    http_data_payload_t payload = {fetch->task.handle.id, size};
    memcpy(fetch->answer, &payload, sizeof payload);
    return actor__notify(rt, ACTOR_ID_INVALID, fetch->task.handle.owner, MSG_HTTP_DATA,
                         fetch->answer, fetch->answer_size) &&
           begin_piece(fetch);
}

/* --- redirects --- */

static int ask_again(runtime_t *rt, fetch_t *fetch, int status, mk_writer_t *why) {
    http_redirect_t redirect = {false, false};
    text_t location = text_of(fetch->location);
    int result = http_ask_redirect(&fetch->task.ask, status, location, &redirect, why);
    if (result != MK_OK) return result;
    if (redirect.becomes_get) {
        fetch->task.call.body = text_make(NULL, 0);
        fetch->gives_pieces = false;
    } else if (fetch->gives_pieces) {
        writer_format(why, "redirect %d: a body in pieces cannot be sent again",
                      status);
        return MK_ENOTSUP;
    }
    text_t body = fetch->task.call.body;
    result = http_ask_build(&fetch->task.ask, NULL, 0,
                            body.size > 0 ? HTTP_BODY_LENGTH : HTTP_BODY_NONE,
                            body.size, HTTP_CONNECTION_DEFAULT, why);
    if (result != MK_OK) return result;
    if (url_is_secure(&fetch->task.ask.url) && !http_secure_is_available()) {
        writer_str(why, "redirect to https: this build has no TLS");
        return MK_ENOTSUP;
    }
    http_call_cancel(rt, &fetch->task.call);
    mk_free(fetch->location);
    fetch->location = NULL;
    http_call_t *call = &fetch->task.call;
    call->sends_pieces = false;
    call->needs_new = false;
    http_ask_fill(&fetch->task.ask, call);
    return http_call_start(rt, call);
}

static void follow(runtime_t *rt, fetch_t *fetch) {
    char text[256];
    mk_writer_t why;
    writer_init(&why, text, sizeof text);
    int result = ask_again(rt, fetch, fetch->status, &why);
    if (result == MK_OK) return;
    fail_with(rt, fetch, result == MK_ENOMEM ? HTTP_FAILED_LOCAL : HTTP_FAILED_ANSWER,
              result, why.size > 0 ? text : mk_error_text(result));
}

/* The answer points elsewhere, and that shall be followed. */
static void begin_redirect(runtime_t *rt, fetch_t *fetch, const http_head_t *head,
                           text_t location) {
    if (fetch->redirects_left-- == 0) {
        char text[64];
        mk_writer_t why;
        writer_init(&why, text, sizeof text);
        writer_format(&why, "more than %u redirects", fetch->redirects_max);
        fail_with(rt, fetch, HTTP_FAILED_ANSWER, MK_ELIMIT, text);
        return;
    }
    fetch->read_over = 0;
    fetch->location = mk_alloc(location.size + 1);
    if (fetch->location == NULL) {
        fail_memory(rt, fetch);
        return;
    }
    memcpy(fetch->location, location.bytes, location.size);
    fetch->location[location.size] = '\0';
    bool is_long =
        head->framing == HTTP_BODY_CLOSE ||
        (head->framing == HTTP_BODY_LENGTH && head->content_length > READ_OVER_MAX);
    if (is_long) follow(rt, fetch);
}

/* --- callbacks --- */

static void on_head(http_call_t *call, runtime_t *rt, const http_head_t *head) {
    fetch_t *fetch = fetch_of(call);
    text_t location;
    fetch->status = head->status;
    if (fetch->redirects_max > 0 && http_status_redirects(head->status) &&
        http_headers_find(head->fields, "Location", &location))
        begin_redirect(rt, fetch, head, location);
    else if (!begin_answer(rt, fetch, head))
        fail_memory(rt, fetch);
}

static void on_flush(http_call_t *call, runtime_t *rt) {
    fetch_t *fetch = fetch_of(call);
    if (fetch->location != NULL) {
        if (fetch->read_over > READ_OVER_MAX) follow(rt, fetch);
    } else if (fetch->takes_pieces &&
               fetch->answer_size > sizeof(http_data_payload_t)) {
        http_call_pause(rt, call, true);
        if (!send_piece(rt, fetch)) fail_memory(rt, fetch);
    }
}

static void on_end(http_call_t *call, runtime_t *rt) {
    fetch_t *fetch = fetch_of(call);
    if (fetch->location != NULL) {
        follow(rt, fetch);
        return;
    }
    if (fetch->takes_pieces && !send_piece(rt, fetch)) {
        fail_memory(rt, fetch);
        return;
    }
    http_conn_id_t id;
    message_t *outcome = http_task_end(rt, &fetch->task, &id);
    if (fetch->takes_pieces) {
        http_tell_status(rt, outcome, MSG_HTTP_END, id, fetch->status);
    } else {
        http_response_payload_t payload;
        memcpy(&payload, fetch->answer, sizeof payload);
        payload.body_size = fetch->answer_size - sizeof payload - payload.headers_size;
        memcpy(fetch->answer, &payload, sizeof payload);
        http_tell_response(rt, outcome, fetch->answer, fetch->answer_size);
        fetch->answer = NULL;
    }
    free_fetch(fetch);
}

static void on_room(http_call_t *call, runtime_t *rt) {
    fetch_t *fetch = fetch_of(call);
    ws_status_payload_t payload = {fetch->task.handle.id, 0};
    if (fetch->is_body_complete) return;
    if (!actor__notify(rt, ACTOR_ID_INVALID, fetch->task.handle.owner, MSG_HTTP_ROOM,
                       &payload, sizeof payload))
        fail_memory(rt, fetch);
}

static const http_call_events_t fetch_events = {.on_room = on_room,
                                                .on_head = on_head,
                                                .on_data = on_data,
                                                .on_flush = on_flush,
                                                .on_end = on_end,
                                                .on_fail = on_fail};

/* --- beginning --- */

static uint32_t or_default(uint32_t ms, uint32_t otherwise) {
    return ms > 0 ? ms : otherwise;
}

static void set_bounds(runtime_t *rt, http_call_t *call,
                       const http_fetch_options_t *options) {
    call->connect_ms = or_default(options->connect_ms, MK_CONNECT_TIMEOUT_MS);
    call->header_ms = or_default(options->header_ms, MK_HTTP_CLIENT_HEAD_MS);
    call->idle_ms = or_default(options->idle_ms, MK_HTTP_CLIENT_IDLE_MS);
    call->body_max = options->body_max;
    if (call->body_max == 0)
        call->body_max = options->takes_pieces ? UINT64_MAX : MK_HTTP_CLIENT_BODY_MAX;
    uint32_t total = options->total_ms;
    if (total == 0 && !options->takes_pieces && !options->gives_pieces)
        total = MK_HTTP_CLIENT_TOTAL_MS;
    if (total > 0) call->total_due_ms = runtime_now_ms(rt) + total;
}

/* A method that means a body says so also when it is empty. */
static http_framing_t framing_of(const fetch_t *fetch, size_t body_size) {
    text_t method = text_of(fetch->task.ask.method);
    if (fetch->gives_pieces) return HTTP_BODY_CHUNKED;
    bool has_body = body_size > 0 || text_is(method, "POST") ||
                    text_is(method, "PUT") || text_is(method, "PATCH");
    return has_body ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
}

static int fill(runtime_t *rt, http_task_t *task, const void *wanted,
                mk_writer_t *why) {
    fetch_t *fetch = (fetch_t *)task;
    const http_fetch_options_t *options = wanted;
    http_wish_t wish = {.method = options->method,
                        .url = options->url,
                        .unix_path = options->unix_path,
                        .headers = options->headers,
                        .headers_len = options->n_headers};
    int result = http_ask_init(&fetch->task.ask, &wish, false, why);
    if (result != MK_OK) return result;
    fetch->takes_pieces = options->takes_pieces;
    fetch->gives_pieces = options->gives_pieces;
    fetch->is_always_response = options->is_always_response;
    fetch->redirects_max = fetch->redirects_left = options->redirects_max;
    size_t size = options->gives_pieces ? 0 : options->body_size;
    result = http_ask_build(&fetch->task.ask, NULL, 0, framing_of(fetch, size), size,
                            HTTP_CONNECTION_DEFAULT, why);
    if (result != MK_OK) return result;
    if (size > 0) {
        fetch->body = mk_alloc(size);
        if (fetch->body == NULL) return MK_ENOMEM;
        memcpy(fetch->body, options->body, size);
    }
    set_bounds(rt, &fetch->task.call, options);
    http_ask_fill(&fetch->task.ask, &fetch->task.call);
    fetch->task.call.body = text_make(fetch->body, size);
    fetch->task.call.sends_pieces = options->gives_pieces;
    return MK_OK;
}

static const http_task_kind_t fetch_kind = {.events = &fetch_events,
                                            .handle_ops = &fetch_ops,
                                            .size = sizeof(fetch_t),
                                            .refused = "http request refused",
                                            .fill = fill,
                                            .clean = clean_fetch};

int http_fetch(runtime_t *rt, const http_fetch_options_t *options, http_conn_id_t *id,
               char *why, size_t cap) {
    return http_task_start(rt, &fetch_kind, options, id, why, cap);
}

http_conn_id_t actor_http_fetch(runtime_t *rt, const char *method, const char *url,
                                const char *const *headers, size_t n_headers,
                                const void *body, size_t body_size) {
    http_fetch_options_t options = {.url = url,
                                    .method = method,
                                    .headers = headers,
                                    .n_headers = n_headers,
                                    .body = body,
                                    .body_size = body_size};
    return http_task_start_or_log(rt, &fetch_kind, &options);
}

http_conn_id_t actor_http_get(runtime_t *rt, const char *url) {
    http_fetch_options_t options = {.url = url};
    return http_task_start_or_log(rt, &fetch_kind, &options);
}

/* --- while it is under way --- */

static fetch_t *find_own(runtime_t *rt, http_conn_id_t id) {
    http_handle_t *handle = http_handle_find_own(rt, id, &fetch_ops);
    return handle != NULL ? (fetch_t *)http_task_of_handle(handle) : NULL;
}

void http_fetch_more(runtime_t *rt, http_conn_id_t id) {
    fetch_t *fetch = find_own(rt, id);
    if (fetch != NULL && fetch->takes_pieces)
        http_call_pause(rt, &fetch->task.call, false);
}

static int write_piece(runtime_t *rt, http_conn_id_t id, const port_slice_t *slices,
                       size_t count, bool is_last) {
    fetch_t *fetch = find_own(rt, id);
    if (fetch == NULL || !fetch->task.call.sends_pieces) return MK_ENOENT;
    if (fetch->is_body_complete) return MK_ESTATE;
    int result = http_call_send(rt, &fetch->task.call, slices, count, is_last);
    if (result == MK_OK && is_last) fetch->is_body_complete = true;
    return result;
}

int http_fetch_write(runtime_t *rt, http_conn_id_t id, const void *data, size_t size) {
    char head[CHUNKED_HEAD_MAX];
    if (size == 0) return find_own(rt, id) != NULL ? MK_OK : MK_ENOENT;
    port_slice_t slices[] = {
        {head, chunked_write_head(size, head)}, {data, size}, {"\r\n", 2}};
    return write_piece(rt, id, slices, 3, false);
}

int http_fetch_end(runtime_t *rt, http_conn_id_t id) {
    port_slice_t slice = {"0\r\n\r\n", 5};
    return write_piece(rt, id, &slice, 1, true);
}
