/* SPDX-License-Identifier: Apache-2.0 */
/* http_link.c - one connection of the client, from connecting to its end: the request
 * of a call goes out, its answer comes in, and then the connection rests. */
#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "net/http_client_impl.h"
#include "net/http_secure.h"
#include "net/ws.h"

#include <string.h>

enum {
    READ_SIZE = 65536, /* bytes of one read */
    BODY_PIECE = 65536 /* bytes of a body handed over at once */
};

/* --- the life of a link --- */

/* Take a link out of all lists; its block and stream stay. */
static http_origin_t *forget_link(runtime_t *rt, http_link_t *link) {
    http_client_t *client = link->client;
    if (http_pool_rests(&link->rest)) http_pool_wake(&client->pool, &link->rest);
    list_remove(&link->in_client);
    client->link_count--;
    if (client->fed == link) client->fed = NULL;
    connector_cancel(rt, link->connector);
    link->connector = NULL;
    list_remove(&link->secure.in_waits);
    mk_free(link->kept);
    link->kept = NULL;
    link->rest.origin->connections--;
    return link->rest.origin;
}

void http_link_end(runtime_t *rt, http_link_t *link, bool in_order) {
    MK_ASSERT(link->call == NULL);
    (void)forget_link(rt, link);
    channel_end(rt, &link->channel, in_order);
    mk_free(link);
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
    if (is_all && link->is_sent && call->phase != HTTP_FOR_HEAD)
        http_call_begin_phase(rt, call, HTTP_FOR_HEAD, call->header_ms);
    else if (!is_all && is_progress)
        http_call_begin_phase(rt, call, HTTP_FOR_SENDING, call->idle_ms);
    else if (is_all && !link->is_sent)
        http_call_begin_phase(rt, call, HTTP_FOR_NOTHING, 0); /* the user's turn */
}

/* A link that rests is no reason for the runtime to go on. */
static void set_resting(runtime_t *rt, http_link_t *link, bool is_resting) {
    stream_set_quiet(rt, &link->channel.stream, is_resting);
    deadline_set_quiet(rt, &link->channel.deadline, is_resting);
}

bool http_link_begin(runtime_t *rt, http_link_t *link, http_call_t *call) {
    deadline_clear(rt, &link->channel.deadline);
    set_resting(rt, link, false);
    link->call = call;
    call->link = link;
    call->state = HTTP_CALL_ACTIVE;
    call->phase = HTTP_FOR_NOTHING;
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
    if (call->state != HTTP_CALL_ACTIVE || link == NULL) return MK_EFULL;
    if (link->is_sent) return MK_ESTATE;
    int result = channel_send(rt, &link->channel, slices, count, is_last);
    if (result == MK_EFULL) return MK_EFULL;
    if (result == MK_OK) {
        link->is_sent = is_last;
        note_sent(rt, link, true);
        return MK_OK;
    }
    /* The failure is told on the loop: this is the user's own call. */
    http_call_begin_phase(rt, call, HTTP_FOR_SENDING, 0);
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
    set_resting(rt, link, true);
    if (client->pool.resting_count <= MK_HTTP_CLIENT_REST_MAX) return;
    http_rest_t *oldest = http_pool_oldest(&client->pool);
    http_link_t *last = MK_CONTAINER_OF(oldest, http_link_t, rest);
    http_origin_t *origin = oldest->origin;
    http_link_end(rt, last, true);
    http_pool_settle(&client->pool, origin);
}

/* The 101 came: the connection is no longer ours. */
static void hand_over(runtime_t *rt, http_link_t *link, http_call_t *call,
                      uint8_t *early, size_t early_size) {
    http_client_t *client = link->client;
    (void)http_call_detach(rt, call);
    http_origin_t *origin = forget_link(rt, link);
    http_client_serve(rt, client, origin);
    call->events->on_upgrade(call, rt, &link->channel, early, early_size);
}

static void finish(runtime_t *rt, http_link_t *link, http_call_t *call, bool is_rest) {
    http_client_t *client = link->client;
    http_origin_t *origin = link->rest.origin;
    bool is_good = link->exchange.keeps_alive && link->is_sent && !is_rest &&
                   !link->has_ended && !link->channel.is_broken;
    (void)http_call_detach(rt, call);
    client->fed = NULL;
    link->was_used = true;
    origin->connections++; /* it shall not go meanwhile */
    if (is_good)
        rest_link(rt, link);
    else
        http_link_end(rt, link, true);
    origin->connections--;
    http_client_serve(rt, client, origin);
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
        http_call_fail(rt, call, HTTP_FAILED_LOCAL, MK_ENOMEM,
                       mk_error_text(MK_ENOMEM));
}

static void feed_head(runtime_t *rt, http_call_t *call, const http_head_t *head) {
    http_call_begin_phase(rt, call, call->is_lasting ? HTTP_FOR_NOTHING : HTTP_FOR_BODY,
                          call->idle_ms);
    call->events->on_head(call, rt, head);
}

static void feed_bad(runtime_t *rt, http_link_t *link, http_call_t *call) {
    const char *why = link->exchange.why;
    bool is_long = strcmp(why, http_fault_text(HTTP_FAULT_BODY_LONG)) == 0;
    http_call_fail(rt, call, HTTP_FAILED_ANSWER, is_long ? MK_ETOOBIG : MK_EBADMSG,
                   why);
}

/* Bytes of the answer. */
static void feed(runtime_t *rt, http_link_t *link, uint8_t *bytes, size_t size) {
    http_client_t *client = link->client;
    http_call_t *call = link->call;
    text_t input = text_make((const char *)bytes, size);
    client->fed = link;
    take_head_back(link);
    if (!http_exchange_needs_store(&link->exchange) && !call->is_lasting)
        http_call_begin_phase(rt, call, HTTP_FOR_BODY, call->idle_ms);
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
        http_call_fail_or_retry(rt, call, HTTP_FAILED_EOF, MK_ECLOSED,
                                link->exchange.why);
}

/* A resting connection on which anything happens is of no more use. */
static void end_resting(runtime_t *rt, http_link_t *link) {
    http_client_t *client = link->client;
    http_origin_t *origin = link->rest.origin;
    http_link_end(rt, link, true);
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
        http_call_fail(rt, link->call, HTTP_FAILED_LOCAL, MK_ENOMEM,
                       mk_error_text(MK_ENOMEM));
    else if (result != MK_EAGAIN)
        http_call_fail_broken(rt, link->call, HTTP_FAILED_READ);
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
        http_call_fail_broken(rt, call, HTTP_FAILED_WRITE);
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
    } else if (call->state == HTTP_CALL_CONNECTING) {
        char words[256];
        mk_writer_t w;
        writer_init(&w, words, sizeof words);
        writer_format(&w, "cannot connect to %s:%u: %s", call->host,
                      (unsigned)call->port, text);
        http_call_fail(rt, call, HTTP_FAILED_CONNECT, reason, words);
    } else {
        http_call_fail_broken(rt, call, HTTP_FAILED_READ);
    }
}

/* --- connecting --- */

/* The connection is there: the call's request goes out. */
static void on_open(stream_t *stream, runtime_t *rt) {
    http_link_t *link = (http_link_t *)(void *)channel_of_stream(stream);
    http_call_t *call = link->call;
    if (call == NULL) return;
    if (!http_link_begin(rt, link, call))
        http_call_fail_broken(rt, call, HTTP_FAILED_WRITE);
    else if (call->sends_pieces)
        call->events->on_room(call, rt);
}

static const stream_events_t link_events = {
    .on_readable = on_readable,
    .on_writable = on_writable,
    .on_closed = on_closed,
    .on_open = on_open,
};

/* TLS on the stream, as soon as it is known whom to trust. */
static void secure_link(runtime_t *rt, http_link_t *link) {
    stream_t *stream = &link->channel.stream;
    int result = http_secure_start(rt, stream, link->call->host, &link->secure);
    if (result == MK_EAGAIN) result = stream_want(rt, stream, 0); /* until then */
    if (result != MK_OK)
        http_call_fail(rt, link->call, HTTP_FAILED_LOCAL, result,
                       mk_error_text(result));
}

static void on_secure(http_secure_wait_t *wait, runtime_t *rt, int result) {
    http_link_t *link = MK_CONTAINER_OF(wait, http_link_t, secure);
    if (result == MK_OK) result = stream_want(rt, &link->channel.stream, STREAM_READ);
    if (result == MK_OK)
        secure_link(rt, link);
    else
        http_call_fail(rt, link->call, HTTP_FAILED_LOCAL, result,
                       mk_error_text(result));
}

static void on_connected(void *owner, runtime_t *rt, int handle, const char *text) {
    http_link_t *link = owner;
    http_call_t *call = link->call;
    stream_t *stream = &link->channel.stream;
    link->connector = NULL;
    if (handle < 0) {
        http_call_fail(rt, call,
                       handle == MK_ETIMEOUT ? HTTP_FAILED_TIME : HTTP_FAILED_CONNECT,
                       handle, text);
        return;
    }
    int result = stream_open(rt, stream, handle, &link_events);
    if (result != MK_OK)
        http_call_fail(rt, call, HTTP_FAILED_LOCAL, result, mk_error_text(result));
    else if (call->is_secure)
        secure_link(rt, link);
    else
        on_open(stream, rt);
}

static void on_link_due(deadline_t *deadline, runtime_t *rt) {
    end_resting(rt, (http_link_t *)(void *)channel_of_deadline(deadline));
}

int http_link_connect(runtime_t *rt, http_client_t *client, http_call_t *call) {
    size_t size =
        sizeof(http_link_t) > sizeof(ws_t) ? sizeof(http_link_t) : sizeof(ws_t);
    http_link_t *link = mk_calloc(1, size);
    if (link == NULL) return MK_ENOMEM;
    channel_init(&link->channel, MK_HTTP_OUTPUT_MARK, on_link_due);
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
    list_init(&link->secure.in_waits);
    link->secure.on_ready = on_secure;
    call->origin->connections++;
    list_insert_before(&client->links, &link->in_client);
    client->link_count++;
    link->call = call;
    call->link = link;
    call->state = HTTP_CALL_CONNECTING;
    http_call_begin_phase(rt, call, HTTP_FOR_CONNECTION, call->connect_ms);
    return MK_OK;
}
