/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.c - calls: their deadlines, how they fail, and which connection each
 * gets.
 *
 * A connection is made for one call, answers it, and then rests or serves the next call
 * that waits for its origin (http_link.c). Calls of users are called last, when
 * everything here is as it will stay, so that they may begin or cancel any call. */
#include "net/http_client.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "net/http_client_impl.h"
#include "net/http_secure.h"

#include <string.h>

enum { KEY_MAX = 512 }; /* bytes of an origin: host, port and path of a unix socket */

static void end_part(part_t *part, runtime_t *rt);
static const part_ops_t client_ops = {NULL, NULL, end_part};

static http_client_t *find_client(runtime_t *rt) {
    return (http_client_t *)part_find(rt, &client_ops);
}

static http_client_t *get_client(runtime_t *rt) {
    http_client_t *client = find_client(rt);
    if (client != NULL) return client;
    http_limits_t limits = http_limits_default();
    client = mk_calloc(1, sizeof *client);
    if (client == NULL) return NULL;
    client->store = mk_alloc(http_store_size(&limits));
    if (client->store == NULL) {
        mk_free(client);
        return NULL;
    }
    http_pool_init(&client->pool);
    list_init(&client->links);
    (void)part_attach(rt, &client->part, &client_ops);
    return client;
}

/* --- deadlines of calls --- */

static void arm(runtime_t *rt, http_call_t *call) {
    uint64_t now = runtime_now_ms(rt);
    uint64_t due = call->phase_due_ms;
    if (call->total_due_ms != 0 && call->total_due_ms < due) due = call->total_due_ms;
    if (due == UINT64_MAX) {
        deadline_clear(rt, &call->deadline);
        return;
    }
    uint64_t left = due > now ? due - now : 0;
    deadline_set(rt, &call->deadline, left < UINT32_MAX ? (uint32_t)left : UINT32_MAX);
}

void http_call_begin_phase(runtime_t *rt, http_call_t *call, uint8_t phase,
                           uint32_t ms) {
    call->phase = phase;
    call->phase_due_ms =
        phase == HTTP_FOR_NOTHING ? UINT64_MAX : runtime_now_ms(rt) + ms;
    arm(rt, call);
}

static void on_call_due(deadline_t *deadline, runtime_t *rt);

void http_call_init(http_call_t *call, const http_call_events_t *events) {
    memset(call, 0, sizeof *call);
    call->events = events;
    call->phase_due_ms = UINT64_MAX;
    deadline_init(&call->deadline, on_call_due);
    list_init(&call->waiting);
}

http_link_t *http_call_detach(runtime_t *rt, http_call_t *call) {
    http_link_t *link = call->link;
    deadline_clear(rt, &call->deadline);
    call->phase_due_ms = UINT64_MAX;
    call->state = HTTP_CALL_IDLE;
    call->link = NULL;
    if (link != NULL) link->call = NULL;
    return link;
}

void http_call_fail(runtime_t *rt, http_call_t *call, http_failure_kind_t kind,
                    int reason, const char *text) {
    char copy[256]; /* the text may be the stream's, which ends first */
    mk_writer_t w;
    writer_init(&w, copy, sizeof copy);
    writer_escaped(&w, text_of(text));
    http_failure_t failure = {kind, reason, copy};
    http_client_t *client = find_client(rt);
    http_origin_t *origin = call->origin;
    list_remove(&call->waiting);
    http_link_t *link = http_call_detach(rt, call);
    if (link != NULL) http_link_end(rt, link, false);
    if (client != NULL) http_client_serve(rt, client, origin);
    call->events->on_fail(call, rt, &failure);
}

static bool is_unlucky(const http_call_t *call, http_failure_kind_t kind) {
    const http_link_t *link = call->link;
    bool is_broken = kind == HTTP_FAILED_WRITE || kind == HTTP_FAILED_READ ||
                     kind == HTTP_FAILED_EOF;
    return is_broken && link != NULL && link->was_used && call->may_retry &&
           !call->sends_pieces && !call->needs_new && !link->exchange.has_begun;
}

void http_call_fail_or_retry(runtime_t *rt, http_call_t *call, http_failure_kind_t kind,
                             int reason, const char *text) {
    if (!is_unlucky(call, kind)) {
        http_call_fail(rt, call, kind, reason, text);
        return;
    }
    http_client_t *client = call->link->client;
    http_origin_t *origin = call->origin;
    origin->connections++; /* it shall not go meanwhile */
    http_link_end(rt, http_call_detach(rt, call), false);
    call->needs_new = true;
    int result = http_call_start(rt, call);
    origin->connections--;
    http_client_serve(rt, client, origin);
    if (result == MK_OK) return;
    http_failure_t failure = {HTTP_FAILED_LOCAL, result, mk_error_text(result)};
    call->events->on_fail(call, rt, &failure);
}

void http_call_fail_broken(runtime_t *rt, http_call_t *call, http_failure_kind_t kind) {
    const stream_t *stream = &call->link->channel.stream;
    if (stream->state == STREAM_IS_FAILED)
        http_call_fail_or_retry(rt, call, kind, stream->fault, stream_fault(stream));
    else
        http_call_fail_or_retry(rt, call, kind, MK_ENOMEM, mk_error_text(MK_ENOMEM));
}

static void on_call_due(deadline_t *deadline, runtime_t *rt) {
    static const char *const words[] = {
        [HTTP_FOR_NOTHING] = "the answer is not complete in time",
        [HTTP_FOR_CONNECTION] = "no connection in time",
        [HTTP_FOR_SENDING] = "the server does not take the request",
        [HTTP_FOR_HEAD] = "no answer in time",
        [HTTP_FOR_BODY] = "the answer does not go on",
    };
    http_call_t *call = MK_CONTAINER_OF(deadline, http_call_t, deadline);
    if (call->link != NULL && call->link->channel.is_broken) { /* see http_call_send */
        http_call_fail_broken(rt, call, HTTP_FAILED_WRITE);
        return;
    }
    uint64_t now = runtime_now_ms(rt);
    bool is_total = call->total_due_ms != 0 && now >= call->total_due_ms;
    if (!is_total && now < call->phase_due_ms) {
        arm(rt, call);
        return;
    }
    int phase = now >= call->phase_due_ms ? call->phase : HTTP_FOR_NOTHING;
    if (phase == HTTP_FOR_CONNECTION) {
        char text[256];
        mk_writer_t w;
        writer_init(&w, text, sizeof text);
        writer_format(&w, "cannot connect to %s:%u: timed out", call->host,
                      (unsigned)call->port);
        http_call_fail(rt, call, HTTP_FAILED_TIME, MK_ETIMEOUT, text);
        return;
    }
    http_call_fail(rt, call, HTTP_FAILED_TIME, MK_ETIMEOUT, words[phase]);
}

/* A connection that rests takes the call. False: there is none that still works. */
static bool reuse(runtime_t *rt, http_client_t *client, http_call_t *call) {
    http_rest_t *rest;
    while (!call->needs_new && (rest = http_pool_newest(call->origin)) != NULL) {
        http_link_t *link = MK_CONTAINER_OF(rest, http_link_t, rest);
        http_pool_wake(&client->pool, rest);
        if (http_link_begin(rt, link, call)) return true;
        http_link_end(rt, http_call_detach(rt, call), false);
    }
    return false;
}

void http_client_serve(runtime_t *rt, http_client_t *client, http_origin_t *origin) {
    origin->connections++; /* it shall not go meanwhile */
    while (!list_is_empty(&origin->waiting)) {
        http_call_t *call = MK_CONTAINER_OF(origin->waiting.next, http_call_t, waiting);
        bool may_connect = origin->connections <= MK_HTTP_CLIENT_CONNECTIONS;
        if (!may_connect && (call->needs_new || http_pool_newest(origin) == NULL))
            break;
        list_remove(&call->waiting);
        if (reuse(rt, client, call)) continue;
        int result = http_link_connect(rt, client, call);
        if (result == MK_OK) continue;
        (void)http_call_detach(rt, call);
        http_failure_t failure = {HTTP_FAILED_LOCAL, result, mk_error_text(result)};
        call->events->on_fail(call, rt, &failure);
    }
    origin->connections--;
    http_pool_settle(&client->pool, origin);
}

/* --- calls --- */

static http_origin_t *find_origin(http_client_t *client, const http_call_t *call) {
    char key[KEY_MAX];
    mk_writer_t w;
    writer_init(&w, key, sizeof key);
    writer_format(&w, "%c%s:%u ", call->is_secure ? 's' : 'p', call->host,
                  (unsigned)call->port);
    for (size_t i = 0; i < w.size; i++) /* names are the same in either case */
        if (key[i] >= 'A' && key[i] <= 'Z') key[i] = (char)(key[i] + ('a' - 'A'));
    if (call->unix_path != NULL) writer_str(&w, call->unix_path);
    return writer_has_overflowed(&w) ? NULL
                                     : http_pool_get(&client->pool, writer_text(&w));
}

int http_call_start(runtime_t *rt, http_call_t *call) {
    MK_ASSERT(call->state == HTTP_CALL_IDLE);
    if (call->is_secure && !http_secure_is_available()) return MK_ENOTSUP;
    http_client_t *client = get_client(rt);
    if (client == NULL) return MK_ENOMEM;
    call->origin = find_origin(client, call);
    if (call->origin == NULL) return MK_ENOMEM;
    int result = MK_OK;
    /* A body that is given in pieces could not be sent again. */
    call->needs_new |= call->sends_pieces;
    if (reuse(rt, client, call)) {
        result = MK_OK;
    } else if (call->origin->connections < MK_HTTP_CLIENT_CONNECTIONS) {
        result = http_link_connect(rt, client, call);
    } else {
        call->state = HTTP_CALL_WAITING;
        list_insert_before(&call->origin->waiting, &call->waiting);
        http_call_begin_phase(rt, call, HTTP_FOR_NOTHING, 0);
    }
    if (result != MK_OK) http_pool_settle(&client->pool, call->origin);
    return result;
}

void http_call_cancel(runtime_t *rt, http_call_t *call) {
    if (call->state == HTTP_CALL_IDLE) return;
    http_client_t *client = find_client(rt);
    list_remove(&call->waiting);
    http_link_t *link = http_call_detach(rt, call);
    if (link != NULL) http_link_end(rt, link, false);
    if (client != NULL) http_client_serve(rt, client, call->origin);
}

void http_call_pause(runtime_t *rt, http_call_t *call, bool is_paused) {
    if (call->state != HTTP_CALL_ACTIVE) return;
    channel_want_input(rt, &call->link->channel, !is_paused);
    if (http_exchange_needs_store(&call->link->exchange) || call->is_lasting) return;
    if (is_paused)
        http_call_begin_phase(rt, call, HTTP_FOR_NOTHING, 0);
    else
        http_call_begin_phase(rt, call, HTTP_FOR_BODY, call->idle_ms);
}

const char *http_failure_text(http_failure_kind_t kind) {
    switch (kind) {
    case HTTP_FAILED_WRITE: return "write error";
    case HTTP_FAILED_READ: return "read error";
    case HTTP_FAILED_EOF: return "unexpected EOF";
    default: return NULL;
    }
}

size_t http_client_connections(runtime_t *rt, size_t *resting) {
    const http_client_t *client = find_client(rt);
    if (resting != NULL) *resting = client != NULL ? client->pool.resting_count : 0;
    return client != NULL ? client->link_count : 0;
}

/* The runtime ends. Calls that are still under way belong to exchanges whose turn
 * comes; they find themselves HTTP_CALL_IDLE. */
static void end_part(part_t *part, runtime_t *rt) {
    http_client_t *client = (http_client_t *)part;
    while (!list_is_empty(&client->links)) {
        http_link_t *link = MK_CONTAINER_OF(client->links.next, http_link_t, in_client);
        http_origin_t *origin = link->rest.origin;
        while (!list_is_empty(&origin->waiting)) {
            http_call_t *call =
                MK_CONTAINER_OF(origin->waiting.next, http_call_t, waiting);
            list_remove(&call->waiting);
            (void)http_call_detach(rt, call);
        }
        if (link->call != NULL) (void)http_call_detach(rt, link->call);
        http_link_end(rt, link, false);
        http_pool_settle(&client->pool, origin);
    }
    http_pool_deinit(&client->pool);
    mk_free(client->store);
    mk_free(client);
}
