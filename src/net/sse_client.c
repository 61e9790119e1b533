/* SPDX-License-Identifier: Apache-2.0 */
/* sse_client.c - an event stream of an actor, over as many connections as it takes
 * (HTML standard, section 9.2).
 *
 *   OPENING  a request is under way          -> OPEN, WAITING, or the end
 *   OPEN     events come                     -> FULL, WAITING, or the end
 *   FULL     the owner's mailbox has no room: one event and the input behind it are
 * kept, reading pauses, and the deadline tries again         -> OPEN WAITING  the
 * connection was lost; the deadline opens the next -> OPENING
 *
 * A mailbox does not tell when it has room again; asking every few milliseconds costs
 * nothing beside a connection that is blocked, and bounds what is held. A stream that
 * ends while FULL is noticed when it is read on. */
#include "base/alloc.h"
#include "base/backoff.h"
#include "base/check.h"
#include "kernel/inside.h"
#include "microkernel/http.h"
#include "net/http_headers.h"
#include "net/http_task.h"
#include "net/http_tell.h"
#include "net/sse_parse.h"
#include "port/random.h"

#include <string.h>

enum { OPENING, OPEN, FULL, WAITING };

enum {
    FULL_RETRY_MS = 10, /* between two looks at a full mailbox */
    REDIRECTS_MAX = 20  /* in a row, as browsers do (Fetch standard, section 4.4) */
};

typedef struct {
    http_task_t task;
    http_ask_t first;    /* where each try begins; redirects change the task's */
    deadline_t deadline; /* of FULL and WAITING */
    backoff_t backoff;
    prng_t chance;
    sse_parser_t parser;
    uint8_t *held; /* owned: of FULL, the payload of the event that found no room */
    size_t held_size;
    uint8_t *rest; /* owned: of FULL, the input behind it */
    size_t rest_size;
    uint8_t state;
    uint8_t redirects; /* followed since the try began */
    bool reconnects;
    char store[MK_SSE_EVENT_MAX]; /* of the parser */
} sse_client_t;

static void clean_client(http_task_t *task) {
    sse_client_t *client = (sse_client_t *)task;
    http_ask_deinit(&client->first);
    mk_free(client->held);
    mk_free(client->rest);
}

static const http_task_kind_t sse_kind;

/* Out of everything; its outcome message remains. */
static message_t *end_client(runtime_t *rt, sse_client_t *client, http_conn_id_t *id) {
    message_t *outcome = http_task_end(rt, &client->task, id);
    deadline_clear(rt, &client->deadline);
    http_task_free(&sse_kind, &client->task);
    return outcome;
}

static void close_client(runtime_t *rt, http_handle_t *handle) {
    http_conn_id_t id;
    message_destroy(end_client(rt, (sse_client_t *)http_task_of_handle(handle), &id));
}

static const http_handle_ops_t sse_ops = {close_client};

static sse_client_t *client_of(http_call_t *call) {
    return (sse_client_t *)http_task_of(call);
}

static void close_with(runtime_t *rt, sse_client_t *client, int status) {
    http_conn_id_t id;
    message_t *outcome = end_client(rt, client, &id);
    http_tell_status(rt, outcome, MSG_SSE_CLOSED, id, status);
}

/* `failure` and its text must not lie in the client. */
static void fail(runtime_t *rt, sse_client_t *client, const http_failure_t *failure,
                 const char *words) {
    http_conn_id_t id;
    message_t *outcome = end_client(rt, client, &id);
    http_tell_failure(rt, outcome, MSG_HTTP_ERROR, id, failure, words);
}

static void fail_answer(runtime_t *rt, sse_client_t *client, const char *text) {
    http_failure_t failure = {HTTP_FAILED_ANSWER, MK_EBADMSG, text};
    fail(rt, client, &failure, "SSE connection failed");
}

static void fail_memory(runtime_t *rt, sse_client_t *client) {
    http_failure_t failure = {HTTP_FAILED_LOCAL, MK_ENOMEM, mk_error_text(MK_ENOMEM)};
    fail(rt, client, &failure, NULL);
}

/* --- connections --- */

/* The head with the last id, which may have changed. */
static int build_head(sse_client_t *client, mk_writer_t *why) {
    char last[SSE_ID_MAX + 32];
    text_t id = sse_parser_last_id(&client->parser);
    mk_writer_t w;
    writer_init(&w, last, sizeof last);
    writer_str(&w, "Last-Event-ID: ");
    writer_bytes(&w, id.bytes, id.size);
    const char *more[] = {"Accept: text/event-stream", "Cache-Control: no-cache", last};
    return http_ask_build(&client->task.ask, more, id.size > 0 ? 3 : 2, HTTP_BODY_NONE,
                          0, HTTP_CONNECTION_DEFAULT, why);
}

/* Send the request of the task. */
static int send_request(runtime_t *rt, sse_client_t *client, mk_writer_t *why) {
    int result = build_head(client, why);
    if (result != MK_OK) return result;
    client->task.call.needs_new = true;
    http_ask_fill(&client->task.ask, &client->task.call);
    client->state = OPENING;
    return http_call_start(rt, &client->task.call);
}

static int open_stream(runtime_t *rt, http_task_t *task, mk_writer_t *why) {
    sse_client_t *client = (sse_client_t *)task;
    if (client->redirects > 0) {
        http_ask_deinit(&task->ask);
        int result = http_ask_copy(&task->ask, &client->first);
        if (result != MK_OK) return result;
        client->redirects = 0;
    }
    return send_request(rt, client, why);
}

/* The connection is gone. */
static void lose(runtime_t *rt, sse_client_t *client) {
    uint64_t delay =
        backoff_down(&client->backoff, runtime_now_ms(rt), &client->chance);
    http_call_cancel(rt, &client->task.call);
    mk_free(client->held);
    mk_free(client->rest);
    client->held = client->rest = NULL;
    sse_parser_reconnect(&client->parser);
    client->state = WAITING;
    deadline_set(rt, &client->deadline,
                 delay < UINT32_MAX ? (uint32_t)delay : UINT32_MAX);
}

static void on_fail(http_call_t *call, runtime_t *rt, const http_failure_t *failure) {
    sse_client_t *client = client_of(call);
    bool was_open = client->state != OPENING;
    if (client->reconnects && failure->kind != HTTP_FAILED_ANSWER)
        lose(rt, client);
    else if (was_open && failure->kind == HTTP_FAILED_EOF)
        close_with(rt, client, 0); /* the server ended it */
    else
        fail(rt, client, failure, NULL);
}

static void on_end(http_call_t *call, runtime_t *rt) {
    sse_client_t *client = client_of(call);
    if (client->reconnects)
        lose(rt, client);
    else
        close_with(rt, client, 0);
}

/* --- the head of the answer --- */

/* "text/event-stream", whatever parameters follow. */
static bool is_event_stream(const http_head_t *head) {
    text_t value;
    if (!http_headers_find(head->fields, "Content-Type", &value)) return false;
    text_t type = text_trim(text_part(value, 0, text_find(value, ';')));
    return text_equals_nocase(type, text_of("text/event-stream"));
}

/* The stream is elsewhere. False: it cannot be followed, and `why` has the words. */
static bool follow(runtime_t *rt, sse_client_t *client, int status, text_t location,
                   mk_writer_t *why) {
    http_redirect_t redirect = {false, false};
    if (client->redirects == REDIRECTS_MAX) {
        writer_format(why, "more than %d redirects", (int)REDIRECTS_MAX);
        return false;
    }
    if (http_ask_redirect(&client->task.ask, status, location, &redirect, why) != MK_OK)
        return false;
    client->redirects++;
    http_call_cancel(rt, &client->task.call);
    return send_request(rt, client, why) == MK_OK;
}

static void on_head(http_call_t *call, runtime_t *rt, const http_head_t *head) {
    sse_client_t *client = client_of(call);
    text_t location;
    char text[256];
    mk_writer_t w;
    writer_init(&w, text, sizeof text);
    if (head->status == 204) {
        close_with(rt, client, 204);
    } else if (http_status_redirects(head->status) &&
               http_headers_find(head->fields, "Location", &location)) {
        if (follow(rt, client, head->status, location, &w)) return;
        fail_answer(rt, client, w.size > 0 ? text : "the redirect cannot be followed");
    } else if (head->status != 200) {
        writer_format(&w, "status %d", head->status);
        fail_answer(rt, client, text);
    } else if (!is_event_stream(head)) {
        fail_answer(rt, client, "the answer is not text/event-stream");
    } else {
        sse_status_payload_t payload = {client->task.handle.id, head->status};
        client->state = OPEN;
        backoff_up(&client->backoff, runtime_now_ms(rt));
        if (!actor__notify(rt, ACTOR_ID_INVALID, client->task.handle.owner,
                           MSG_SSE_OPEN, &payload, sizeof payload))
            fail_memory(rt, client);
    }
}

/* --- events --- */

/* The payload of an event's message; NULL: no memory. */
static uint8_t *make_payload(const sse_client_t *client, const sse_event_t *event,
                             size_t *size) {
    sse_event_payload_t payload = {client->task.handle.id, event->type.size + 1,
                                   event->data.size};
    *size = sizeof payload + event->type.size + 1 + event->data.size + 1;
    uint8_t *bytes = mk_alloc(*size);
    if (bytes == NULL) return NULL;
    uint8_t *at = bytes + sizeof payload;
    memcpy(bytes, &payload, sizeof payload);
    if (event->type.size > 0) memcpy(at, event->type.bytes, event->type.size);
    at += event->type.size;
    *at++ = '\0';
    if (event->data.size > 0) memcpy(at, event->data.bytes, event->data.size);
    at[event->data.size] = '\0';
    return bytes;
}

/* Keep what came behind the event that found no room. False: no memory. */
static bool keep_rest(sse_client_t *client, text_t input) {
    uint8_t *rest = NULL;
    if (input.size > 0) {
        rest = mk_alloc(input.size);
        if (rest == NULL) return false;
        memcpy(rest, input.bytes, input.size);
    }
    client->rest = rest;
    client->rest_size = input.size;
    return true;
}

static bool wait_for_room(runtime_t *rt, sse_client_t *client) {
    client->state = FULL;
    http_call_pause(rt, &client->task.call, true);
    deadline_set(rt, &client->deadline, FULL_RETRY_MS);
    return true;
}

/* Events to the owner until the input is used up or the mailbox is full. False: the
 * client has ended. */
static bool take_input(runtime_t *rt, sse_client_t *client, text_t input) {
    for (;;) {
        sse_event_t event;
        sse_step_t step = sse_parse(&client->parser, &input, &event);
        if (client->parser.has_retry) {
            uint32_t retry_ms = client->parser.retry_ms;
            client->backoff.base_ms = retry_ms > 0 ? retry_ms : 1;
        }
        if (step == SSE_MORE) return true;
        if (step == SSE_BAD) {
            fail_answer(rt, client, "an event, or its id or type, is too long");
            return false;
        }
        size_t size;
        uint8_t *payload = make_payload(client, &event, &size);
        if (payload == NULL) {
            fail_memory(rt, client);
            return false;
        }
        if (actor__send_from(rt, ACTOR_ID_INVALID, client->task.handle.owner,
                             MSG_SSE_EVENT, payload, size)) {
            mk_free(payload);
            continue;
        }
        client->held = payload;
        client->held_size = size;
        if (keep_rest(client, input)) return wait_for_room(rt, client);
        fail_memory(rt, client);
        return false;
    }
}

static bool add_to_rest(sse_client_t *client, text_t data) {
    uint8_t *grown = mk_realloc(client->rest, client->rest_size + data.size);
    if (grown == NULL) return false;
    memcpy(grown + client->rest_size, data.bytes, data.size);
    client->rest = grown;
    client->rest_size += data.size;
    return true;
}

static void on_data(http_call_t *call, runtime_t *rt, text_t data) {
    sse_client_t *client = client_of(call);
    if (client->state != FULL)
        (void)take_input(rt, client, data);
    else if (!add_to_rest(client, data)) /* of the same read: bounded by that */
        fail_memory(rt, client);
}

static void try_again(runtime_t *rt, sse_client_t *client) {
    if (!actor__send_from(rt, ACTOR_ID_INVALID, client->task.handle.owner,
                          MSG_SSE_EVENT, client->held, client->held_size)) {
        deadline_set(rt, &client->deadline, FULL_RETRY_MS);
        return;
    }
    uint8_t *rest = client->rest;
    text_t input = text_make((const char *)rest, client->rest_size);
    mk_free(client->held);
    client->held = client->rest = NULL;
    client->state = OPEN;
    bool goes_on = take_input(rt, client, input);
    mk_free(rest);
    if (goes_on && client->state == OPEN)
        http_call_pause(rt, &client->task.call, false);
}

static void on_due(deadline_t *deadline, runtime_t *rt) {
    sse_client_t *client = MK_CONTAINER_OF(deadline, sse_client_t, deadline);
    char text[128];
    mk_writer_t why;
    writer_init(&why, text, sizeof text);
    if (client->state == FULL)
        try_again(rt, client);
    else if (open_stream(rt, &client->task, &why) != MK_OK)
        lose(rt, client);
}

static const http_call_events_t sse_events = {
    .on_head = on_head, .on_data = on_data, .on_end = on_end, .on_fail = on_fail};

/* --- beginning --- */

static int set_last_id(sse_client_t *client, const char *id, mk_writer_t *why) {
    size_t size = id != NULL ? strlen(id) : 0;
    if (size > SSE_ID_MAX || !http_is_value(text_make(id, size))) {
        writer_str(why, "the last event id is too long or has a control character");
        return MK_EINVAL;
    }
    sse_parser_set_last_id(&client->parser, text_make(id, size));
    return MK_OK;
}

static int fill(runtime_t *rt, http_task_t *task, const void *wanted,
                mk_writer_t *why) {
    (void)rt;
    sse_client_t *client = (sse_client_t *)task;
    const http_sse_options_t *options = wanted;
    deadline_init(&client->deadline, on_due);
    uint64_t seed = 0;
    http_wish_t wish = {.url = options->url,
                        .unix_path = options->unix_path,
                        .headers = options->headers,
                        .headers_len = options->n_headers};
    int result = http_ask_init(&client->task.ask, &wish, false, why);
    if (result == MK_OK) result = http_ask_copy(&client->first, &client->task.ask);
    if (result != MK_OK) return result;
    sse_parser_init(&client->parser, client->store, sizeof client->store);
    result = set_last_id(client, options->last_event_id, why);
    if (result != MK_OK) return result;
    (void)port_random_fill(&seed, sizeof seed);
    prng_init(&client->chance, seed);
    backoff_init(&client->backoff, MK_RECONNECT_MS, MK_RECONNECT_MAX_MS,
                 MK_RECONNECT_STABLE_MS);
    client->reconnects = options->reconnects;
    client->task.call.body_max = UINT64_MAX;
    client->task.call.connect_ms = MK_CONNECT_TIMEOUT_MS;
    client->task.call.header_ms = MK_HTTP_CLIENT_HEAD_MS;
    client->task.call.idle_ms =
        options->silence_ms > 0 ? options->silence_ms : MK_HTTP_CLIENT_IDLE_MS;
    client->task.call.is_lasting = options->silence_ms == 0;
    return MK_OK;
}

static const http_task_kind_t sse_kind = {.events = &sse_events,
                                          .handle_ops = &sse_ops,
                                          .size = sizeof(sse_client_t),
                                          .refused = "event stream refused",
                                          .fill = fill,
                                          .begin = open_stream,
                                          .clean = clean_client};

int http_sse_connect(runtime_t *rt, const http_sse_options_t *options,
                     http_conn_id_t *id, char *why, size_t cap) {
    return http_task_start(rt, &sse_kind, options, id, why, cap);
}

http_conn_id_t actor_sse_connect(runtime_t *rt, const char *url) {
    http_sse_options_t options = {.url = url};
    return http_task_start_or_log(rt, &sse_kind, &options);
}
