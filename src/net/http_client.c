/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.c - connections, the calls that use them, and the way from one to the
 * next.
 *
 * A connection is made for one call, answers it, and then rests or serves the next call
 * that waits for its origin. Calls of users are called last, when everything here is as
 * it will stay, so that they may begin or cancel any call.
 *
 * Invariants: (1) link->call == call exactly when call->link == link. (2) A link rests
 * exactly when it has no call and is connected. (3) While a link is fed,
 * client->fed is that link; whoever ends it clears that, and the feeder stops. */
#include "net/http_client.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "net/connector.h"
#include "net/http_secure.h"
#include "net/ws.h"

#include <string.h>

enum { IDLE, WAITING, CONNECTING, ACTIVE };

enum {
    READ_SIZE = 65536,  /* bytes of one read */
    BODY_PIECE = 65536, /* bytes of a body handed over at once */
    KEY_MAX = 512       /* of an origin: host, port and path of a unix socket */
};

/* What the deadline of a call waits for. */
enum { FOR_NOTHING, FOR_CONNECTION, FOR_SENDING, FOR_HEAD, FOR_BODY };

typedef struct {
    part_t part;
    http_pool_t pool;
    list_node_t links; /* all of them */
    size_t link_count;
    http_link_t *fed; /* see (3) */
    char *store;      /* of the head that is being read */
} http_client_t;

struct http_link {
    channel_t channel; /* first: it may become a WebSocket */
    http_client_t *client;
    http_rest_t rest;
    list_node_t in_client;
    connector_t *connector; /* until it is connected */
    http_call_t *call;
    size_t body_sent; /* bytes of the call's body given to the channel */
    char *kept;       /* the unfinished head between two reads; NULL: none */
    bool was_used;    /* it has answered before */
    bool is_sent;     /* the whole request was given to the channel */
    bool has_ended;   /* the server will send no more */
    http_exchange_t exchange;
    char trailers[EXCHANGE_TRAILERS_SIZE];
};

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

static void begin_phase(runtime_t *rt, http_call_t *call, uint8_t phase, uint32_t ms) {
    call->phase = phase;
    call->phase_due_ms = phase == FOR_NOTHING ? UINT64_MAX : runtime_now_ms(rt) + ms;
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

/* --- the life of a link --- */

static void release_link(runtime_t *rt, channel_t *channel) {
    (void)rt;
    mk_free(channel);
}

/* Take a link out of all lists; its block and stream stay. */
static http_origin_t *forget_link(runtime_t *rt, http_link_t *link) {
    http_client_t *client = link->client;
    if (http_pool_rests(&link->rest)) http_pool_wake(&client->pool, &link->rest);
    list_remove(&link->in_client);
    client->link_count--;
    if (client->fed == link) client->fed = NULL;
    connector_cancel(rt, link->connector);
    link->connector = NULL;
    mk_free(link->kept);
    link->kept = NULL;
    link->rest.origin->connections--;
    return link->rest.origin;
}

static void end_link(runtime_t *rt, http_link_t *link, bool in_order) {
    MK_ASSERT(link->call == NULL);
    (void)forget_link(rt, link);
    channel_end(rt, &link->channel, in_order);
}

/* A call and its link part. */
static http_link_t *detach(runtime_t *rt, http_call_t *call) {
    http_link_t *link = call->link;
    deadline_clear(rt, &call->deadline);
    call->phase_due_ms = UINT64_MAX;
    call->state = IDLE;
    call->link = NULL;
    if (link != NULL) link->call = NULL;
    return link;
}

static void serve_waiting(runtime_t *rt, http_client_t *client, http_origin_t *origin);

/* The call has failed: its link ends, somebody else may have its place, and then the
 * user is told. */
static void fail(runtime_t *rt, http_call_t *call, http_failure_kind_t kind, int reason,
                 const char *text) {
    char copy[256]; /* the text may be the stream's, which ends first */
    mk_writer_t w;
    writer_init(&w, copy, sizeof copy);
    writer_escaped(&w, text_of(text));
    http_failure_t failure = {kind, reason, copy};
    http_client_t *client = find_client(rt);
    http_origin_t *origin = call->origin;
    list_remove(&call->waiting);
    http_link_t *link = detach(rt, call);
    if (link != NULL) end_link(rt, link, false);
    if (client != NULL) serve_waiting(rt, client, origin);
    call->events->on_fail(call, rt, &failure);
}

static bool is_unlucky(const http_call_t *call, http_failure_kind_t kind) {
    const http_link_t *link = call->link;
    bool is_broken = kind == HTTP_FAILED_WRITE || kind == HTTP_FAILED_READ ||
                     kind == HTTP_FAILED_EOF;
    return is_broken && link != NULL && link->was_used && call->may_retry &&
           !call->sends_pieces && !call->needs_new && !link->exchange.has_begun;
}

/* The connection broke. If it had rested, and nothing came, the server has only grown
 * tired of it: once more, on a new one. */
static void fail_or_retry(runtime_t *rt, http_call_t *call, http_failure_kind_t kind,
                          int reason, const char *text) {
    if (!is_unlucky(call, kind)) {
        fail(rt, call, kind, reason, text);
        return;
    }
    http_client_t *client = call->link->client;
    http_origin_t *origin = call->origin;
    origin->connections++; /* it shall not go meanwhile */
    end_link(rt, detach(rt, call), false);
    call->needs_new = true;
    int result = http_call_start(rt, call);
    origin->connections--;
    serve_waiting(rt, client, origin);
    if (result == MK_OK) return;
    http_failure_t failure = {HTTP_FAILED_LOCAL, result, mk_error_text(result)};
    call->events->on_fail(call, rt, &failure);
}

static void fail_broken(runtime_t *rt, http_call_t *call, http_failure_kind_t kind) {
    const stream_t *stream = &call->link->channel.stream;
    if (stream->state == STREAM_IS_FAILED)
        fail_or_retry(rt, call, kind, stream->fault, stream_fault(stream));
    else
        fail_or_retry(rt, call, kind, MK_ENOMEM, mk_error_text(MK_ENOMEM));
}

static void on_call_due(deadline_t *deadline, runtime_t *rt) {
    static const char *const words[] = {
        [FOR_NOTHING] = "the answer is not complete in time",
        [FOR_CONNECTION] = "no connection in time",
        [FOR_SENDING] = "the server does not take the request",
        [FOR_HEAD] = "no answer in time",
        [FOR_BODY] = "the answer does not go on",
    };
    http_call_t *call = MK_CONTAINER_OF(deadline, http_call_t, deadline);
    if (call->link != NULL && call->link->channel.is_broken) { /* see http_call_send */
        fail_broken(rt, call, HTTP_FAILED_WRITE);
        return;
    }
    uint64_t now = runtime_now_ms(rt);
    bool is_total = call->total_due_ms != 0 && now >= call->total_due_ms;
    if (!is_total && now < call->phase_due_ms) {
        arm(rt, call);
        return;
    }
    int phase = now >= call->phase_due_ms ? call->phase : FOR_NOTHING;
    if (phase == FOR_CONNECTION) {
        char text[256];
        mk_writer_t w;
        writer_init(&w, text, sizeof text);
        writer_format(&w, "cannot connect to %s:%u: timed out", call->host,
                      (unsigned)call->port);
        fail(rt, call, HTTP_FAILED_TIME, MK_ETIMEOUT, text);
        return;
    }
    fail(rt, call, HTTP_FAILED_TIME, MK_ETIMEOUT, words[phase]);
}

/* --- sending --- */

/* Give the channel as much of the body as shall wait there. False: it broke. */
static bool send_body(runtime_t *rt, http_link_t *link) {
    const http_call_t *call = link->call;
    while (link->body_sent < call->body.size && channel_waiting(&link->channel) == 0) {
        text_t piece = text_part(call->body, link->body_sent, BODY_PIECE);
        port_slice_t slice = {piece.bytes, piece.size};
        if (channel_send(rt, &link->channel, &slice, 1, true) != MK_OK) return false;
        link->body_sent += piece.size;
    }
    return true;
}

/* After something was sent: which deadline holds now. */
static void note_sent(runtime_t *rt, http_link_t *link, bool is_progress) {
    http_call_t *call = link->call;
    bool is_all =
        link->body_sent == call->body.size && channel_waiting(&link->channel) == 0;
    if (!call->sends_pieces) link->is_sent = is_all;
    if (!http_exchange_needs_store(&link->exchange)) return; /* the answer came first */
    if (is_all && link->is_sent && call->phase != FOR_HEAD)
        begin_phase(rt, call, FOR_HEAD, call->header_ms);
    else if (!is_all && is_progress)
        begin_phase(rt, call, FOR_SENDING, call->idle_ms);
    else if (is_all && !link->is_sent)
        begin_phase(rt, call, FOR_NOTHING, 0); /* the user's turn */
}

/* Send the request of `call` on a connected link. False: the link broke; both are still
 * together. */
static bool begin_exchange(runtime_t *rt, http_link_t *link, http_call_t *call) {
    deadline_clear(rt, &link->channel.deadline);
    link->call = call;
    call->link = link;
    call->state = ACTIVE;
    call->phase = FOR_NOTHING;
    link->body_sent = 0;
    link->is_sent = false;
    http_exchange_init(
        &link->exchange, call->is_head ? HTTP_RESPONSE_TO_HEAD : HTTP_RESPONSE,
        call->body_max, call->may_upgrade, link->client->store, link->trailers);
    text_t piece = text_part(call->body, 0, BODY_PIECE);
    port_slice_t slices[] = {{call->head.bytes, call->head.size},
                             {piece.bytes, piece.size}};
    if (channel_send(rt, &link->channel, slices, 2, true) != MK_OK) return false;
    link->body_sent = piece.size;
    channel_want_input(rt, &link->channel, true);
    if (!send_body(rt, link) || link->channel.is_broken) return false;
    note_sent(rt, link, true);
    return true;
}

int http_call_send(runtime_t *rt, http_call_t *call, const port_slice_t *slices,
                   size_t count, bool is_last) {
    http_link_t *link = call->link;
    if (!call->sends_pieces) return MK_ESTATE;
    if (call->state != ACTIVE || link == NULL) return MK_EFULL;
    if (link->is_sent) return MK_ESTATE;
    int result = channel_send(rt, &link->channel, slices, count, is_last);
    if (result == MK_EFULL) return MK_EFULL;
    if (result == MK_OK) {
        link->is_sent = is_last;
        note_sent(rt, link, true);
        return MK_OK;
    }
    /* The failure is told on the loop: this is the user's own call. */
    begin_phase(rt, call, FOR_SENDING, 0);
    return MK_ECLOSED;
}

/* --- receiving --- */

static bool is_fed(const http_client_t *client, const http_link_t *link,
                   const http_call_t *call) {
    return client->fed == link && link->call == call;
}

static void rest_link(runtime_t *rt, http_link_t *link) {
    http_client_t *client = link->client;
    http_pool_rest(&client->pool, &link->rest, runtime_now_ms(rt));
    channel_want_input(rt, &link->channel, true);
    deadline_set(rt, &link->channel.deadline, MK_HTTP_CLIENT_REST_MS);
    if (client->pool.resting_count <= MK_HTTP_CLIENT_REST_MAX) return;
    http_rest_t *oldest = http_pool_oldest(&client->pool);
    http_link_t *last = MK_CONTAINER_OF(oldest, http_link_t, rest);
    http_origin_t *origin = oldest->origin;
    end_link(rt, last, true);
    http_pool_settle(&client->pool, origin);
}

/* The 101 came: the connection is no longer ours. */
static void hand_over(runtime_t *rt, http_link_t *link, http_call_t *call,
                      uint8_t *early, size_t early_size) {
    http_client_t *client = link->client;
    (void)detach(rt, call);
    http_origin_t *origin = forget_link(rt, link);
    serve_waiting(rt, client, origin);
    call->events->on_upgrade(call, rt, &link->channel, early, early_size);
}

static void finish(runtime_t *rt, http_link_t *link, http_call_t *call, bool is_rest) {
    http_client_t *client = link->client;
    http_origin_t *origin = link->rest.origin;
    bool is_good = link->exchange.keeps_alive && link->is_sent && !is_rest &&
                   !link->has_ended && !link->channel.is_broken;
    (void)detach(rt, call);
    client->fed = NULL;
    link->was_used = true;
    origin->connections++; /* it shall not go meanwhile */
    if (is_good)
        rest_link(rt, link);
    else
        end_link(rt, link, true);
    origin->connections--;
    serve_waiting(rt, client, origin);
    call->events->on_end(call, rt);
}

/* Keep the unfinished head elsewhere: the store serves all. False: no memory. */
static bool keep_head(http_link_t *link) {
    if (!http_exchange_needs_store(&link->exchange)) return true;
    size_t used = http_exchange_used(&link->exchange);
    link->kept = mk_alloc(used > 0 ? used : 1);
    if (link->kept == NULL) return false;
    http_exchange_move(&link->exchange, link->kept);
    return true;
}

static void take_head_back(http_link_t *link) {
    http_exchange_move(&link->exchange, link->client->store);
    mk_free(link->kept);
    link->kept = NULL;
}

/* All input is taken. */
static void feed_later(runtime_t *rt, http_link_t *link, http_call_t *call) {
    http_client_t *client = link->client;
    if (call->events->on_flush != NULL) call->events->on_flush(call, rt);
    if (!is_fed(client, link, call)) return;
    client->fed = NULL;
    if (!keep_head(link))
        fail(rt, call, HTTP_FAILED_LOCAL, MK_ENOMEM, mk_error_text(MK_ENOMEM));
}

static void feed_head(runtime_t *rt, http_call_t *call, const http_head_t *head) {
    begin_phase(rt, call, call->is_lasting ? FOR_NOTHING : FOR_BODY, call->idle_ms);
    call->events->on_head(call, rt, head);
}

static void feed_bad(runtime_t *rt, http_link_t *link, http_call_t *call) {
    const char *why = link->exchange.why;
    bool is_long = strcmp(why, http_fault_text(HTTP_FAULT_BODY_LONG)) == 0;
    fail(rt, call, HTTP_FAILED_ANSWER, is_long ? MK_ETOOBIG : MK_EBADMSG, why);
}

/* Bytes of the answer. */
static void feed(runtime_t *rt, http_link_t *link, uint8_t *bytes, size_t size) {
    http_client_t *client = link->client;
    http_call_t *call = link->call;
    text_t input = text_make((const char *)bytes, size);
    client->fed = link;
    take_head_back(link);
    if (!http_exchange_needs_store(&link->exchange) && !call->is_lasting)
        begin_phase(rt, call, FOR_BODY, call->idle_ms);
    do {
        http_head_t head;
        text_t data;
        switch (http_exchange_next(&link->exchange, &input, &head, &data)) {
        case EXCHANGE_MORE: feed_later(rt, link, call); return;
        case EXCHANGE_HEAD: feed_head(rt, call, &head); break;
        case EXCHANGE_DATA: call->events->on_data(call, rt, data); break;
        case EXCHANGE_END:
            if (link->exchange.is_upgraded)
                hand_over(rt, link, call, bytes + (size - input.size), input.size);
            else
                finish(rt, link, call, input.size > 0);
            return;
        case EXCHANGE_BAD: feed_bad(rt, link, call); return;
        }
    } while (is_fed(client, link, call));
}

static void end_input(runtime_t *rt, http_link_t *link) {
    http_call_t *call = link->call;
    link->has_ended = true;
    take_head_back(link);
    if (http_exchange_close(&link->exchange) == EXCHANGE_END)
        finish(rt, link, call, false);
    else
        fail_or_retry(rt, call, HTTP_FAILED_EOF, MK_ECLOSED, link->exchange.why);
}

/* A resting connection on which anything happens is of no more use. */
static void end_resting(runtime_t *rt, http_link_t *link) {
    http_client_t *client = link->client;
    http_origin_t *origin = link->rest.origin;
    end_link(rt, link, true);
    http_pool_settle(&client->pool, origin);
}

static void on_readable(stream_t *stream, runtime_t *rt) {
    http_link_t *link = (http_link_t *)(void *)channel_of_stream(stream);
    if (link->call == NULL) {
        end_resting(rt, link);
        return;
    }
    uint8_t *bytes;
    int result = channel_read(rt, &link->channel, READ_SIZE, &bytes);
    if (result > 0)
        feed(rt, link, bytes, (size_t)result);
    else if (result == MK_EEND)
        end_input(rt, link);
    else if (result == MK_ENOMEM && stream->state != STREAM_IS_FAILED)
        fail(rt, link->call, HTTP_FAILED_LOCAL, MK_ENOMEM, mk_error_text(MK_ENOMEM));
    else if (result != MK_EAGAIN)
        fail_broken(rt, link->call, HTTP_FAILED_READ);
}

static void on_writable(stream_t *stream, runtime_t *rt) {
    http_link_t *link = (http_link_t *)(void *)channel_of_stream(stream);
    bool has_room = channel_flush(rt, &link->channel);
    http_call_t *call = link->call;
    if (call == NULL) {
        if (link->channel.is_broken) end_resting(rt, link);
        return;
    }
    if (link->channel.is_broken || !send_body(rt, link)) {
        fail_broken(rt, call, HTTP_FAILED_WRITE);
        return;
    }
    note_sent(rt, link, true);
    if (has_room && call->sends_pieces && !link->is_sent)
        call->events->on_room(call, rt);
}

static void on_closed(stream_t *stream, runtime_t *rt, int reason, const char *text) {
    http_link_t *link = (http_link_t *)(void *)channel_of_stream(stream);
    http_call_t *call = link->call;
    if (call == NULL) {
        end_resting(rt, link);
    } else if (call->state == CONNECTING) {
        char words[256];
        mk_writer_t w;
        writer_init(&w, words, sizeof words);
        writer_format(&w, "cannot connect to %s:%u: %s", call->host,
                      (unsigned)call->port, text);
        fail(rt, call, HTTP_FAILED_CONNECT, reason, words);
    } else {
        fail_broken(rt, call, HTTP_FAILED_READ);
    }
}

/* --- connecting --- */

/* The connection is there: the call's request goes out. */
static void on_open(stream_t *stream, runtime_t *rt) {
    http_link_t *link = (http_link_t *)(void *)channel_of_stream(stream);
    http_call_t *call = link->call;
    if (call == NULL) return;
    if (!begin_exchange(rt, link, call))
        fail_broken(rt, call, HTTP_FAILED_WRITE);
    else if (call->sends_pieces)
        call->events->on_room(call, rt);
}

static const stream_events_t link_events = {
    .on_readable = on_readable,
    .on_writable = on_writable,
    .on_closed = on_closed,
    .on_open = on_open,
};

static void on_connected(void *owner, runtime_t *rt, int handle, const char *text) {
    http_link_t *link = owner;
    http_call_t *call = link->call;
    stream_t *stream = &link->channel.stream;
    link->connector = NULL;
    if (handle < 0) {
        fail(rt, call, handle == MK_ETIMEOUT ? HTTP_FAILED_TIME : HTTP_FAILED_CONNECT,
             handle, text);
        return;
    }
    int result = stream_open(rt, stream, handle, &link_events);
    if (result == MK_OK && call->is_secure)
        result = http_secure_start(rt, stream, call->host);
    if (result != MK_OK)
        fail(rt, call, HTTP_FAILED_LOCAL, result, mk_error_text(result));
    else if (!call->is_secure)
        on_open(stream, rt);
}

static void on_link_due(deadline_t *deadline, runtime_t *rt) {
    end_resting(rt, (http_link_t *)(void *)channel_of_deadline(deadline));
}

/* A link of its own for the call. MK_OK, or an error: the call is as before. */
static int connect_for(runtime_t *rt, http_client_t *client, http_call_t *call) {
    size_t size =
        sizeof(http_link_t) > sizeof(ws_t) ? sizeof(http_link_t) : sizeof(ws_t);
    http_link_t *link = mk_calloc(1, size);
    if (link == NULL) return MK_ENOMEM;
    channel_init(&link->channel, MK_HTTP_OUTPUT_MARK, on_link_due, release_link);
    connector_spec_t spec = {.host = call->host,
                             .unix_path = call->unix_path,
                             .port = call->port,
                             .timeout_ms = call->connect_ms,
                             .on_done = on_connected,
                             .owner = link};
    int result = connector_start(rt, &spec, &link->connector);
    if (result != MK_OK) {
        mk_free(link);
        return result;
    }
    link->client = client;
    link->rest.origin = call->origin;
    list_init(&link->rest.in_origin);
    list_init(&link->rest.in_age);
    call->origin->connections++;
    list_insert_before(&client->links, &link->in_client);
    client->link_count++;
    link->call = call;
    call->link = link;
    call->state = CONNECTING;
    begin_phase(rt, call, FOR_CONNECTION, call->connect_ms);
    return MK_OK;
}

/* A connection that rests takes the call. False: there is none that still works. */
static bool reuse(runtime_t *rt, http_client_t *client, http_call_t *call) {
    http_rest_t *rest;
    while (!call->needs_new && (rest = http_pool_newest(call->origin)) != NULL) {
        http_link_t *link = MK_CONTAINER_OF(rest, http_link_t, rest);
        http_pool_wake(&client->pool, rest);
        if (begin_exchange(rt, link, call)) return true;
        end_link(rt, detach(rt, call), false);
    }
    return false;
}

/* Connections for those who wait, as many as there may be; then the origin may go. */
static void serve_waiting(runtime_t *rt, http_client_t *client, http_origin_t *origin) {
    origin->connections++; /* it shall not go meanwhile */
    while (!list_is_empty(&origin->waiting)) {
        http_call_t *call = MK_CONTAINER_OF(origin->waiting.next, http_call_t, waiting);
        bool may_connect = origin->connections <= MK_HTTP_CLIENT_CONNECTIONS;
        if (!may_connect && (call->needs_new || http_pool_newest(origin) == NULL))
            break;
        list_remove(&call->waiting);
        if (reuse(rt, client, call)) continue;
        int result = connect_for(rt, client, call);
        if (result == MK_OK) continue;
        (void)detach(rt, call);
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
    MK_ASSERT(call->state == IDLE);
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
        result = connect_for(rt, client, call);
    } else {
        call->state = WAITING;
        list_insert_before(&call->origin->waiting, &call->waiting);
        begin_phase(rt, call, FOR_NOTHING, 0);
    }
    if (result != MK_OK) http_pool_settle(&client->pool, call->origin);
    return result;
}

void http_call_cancel(runtime_t *rt, http_call_t *call) {
    if (call->state == IDLE) return;
    http_client_t *client = find_client(rt);
    list_remove(&call->waiting);
    http_link_t *link = detach(rt, call);
    if (link != NULL) end_link(rt, link, false);
    if (client != NULL) serve_waiting(rt, client, call->origin);
}

void http_call_pause(runtime_t *rt, http_call_t *call, bool is_paused) {
    if (call->state != ACTIVE) return;
    channel_want_input(rt, &call->link->channel, !is_paused);
    if (http_exchange_needs_store(&call->link->exchange) || call->is_lasting) return;
    if (is_paused)
        begin_phase(rt, call, FOR_NOTHING, 0);
    else
        begin_phase(rt, call, FOR_BODY, call->idle_ms);
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
 * comes; they find themselves IDLE. */
static void end_part(part_t *part, runtime_t *rt) {
    http_client_t *client = (http_client_t *)part;
    while (!list_is_empty(&client->links)) {
        http_link_t *link = MK_CONTAINER_OF(client->links.next, http_link_t, in_client);
        http_origin_t *origin = link->rest.origin;
        while (!list_is_empty(&origin->waiting)) {
            http_call_t *call =
                MK_CONTAINER_OF(origin->waiting.next, http_call_t, waiting);
            list_remove(&call->waiting);
            (void)detach(rt, call);
        }
        if (link->call != NULL) (void)detach(rt, link->call);
        end_link(rt, link, false);
        http_pool_settle(&client->pool, origin);
    }
    http_pool_deinit(&client->pool);
    mk_free(client->store);
    mk_free(client);
}
