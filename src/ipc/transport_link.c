/* SPDX-License-Identifier: Apache-2.0 */
/* transport_link.c - the five functions of a transport, turned into a link.
 *
 * A transport may exchange its descriptor in any call (a listener becomes a
 * connection), so after each round of calls the source follows: invariant: between two
 * callbacks of the loop the source waits for transport->fd, if there is one. Transports
 * read ahead, so a round goes on until recv has no more, or TURN_MESSAGES were taken;
 * then a flush brings the next round, without sleeping. */
#include "ipc/transport_link.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "ipc/transport_facts.h"
#include "kernel/deadline.h"
#include "kernel/flush.h"
#include "kernel/source.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

enum { TURN_MESSAGES = 256, ROOM_MS = 1 };

typedef struct {
    link_t link;
    transport_t *transport;
    source_t source;
    flush_t flush;   /* a round that is due at once */
    deadline_t rest; /* armed while it does not wait, see do_round */
    deadline_t room; /* armed while on_room is owed and somebody is there */
    size_t payload_max;
    bool *gone;      /* while callbacks are made: set when the link goes; or NULL */
    bool is_waiting; /* for the source: it is open */
    bool was_there;  /* somebody has been at the other side */
    bool is_down;    /* on_down was told */
    bool wants_room; /* on_room is owed */
    bool is_paused;
    void (*on_free)(void *ctx, runtime_t *rt, transport_t *transport);
    void *ctx;
} transport_link_t;

static transport_link_t *of_link(const link_t *link) {
    return MK_CONTAINER_OF(link, transport_link_t, link);
}

/* --- the source --- */

static void stop_waiting(transport_link_t *self, runtime_t *rt) {
    if (self->is_waiting) source_close(rt, &self->source);
    self->is_waiting = false;
}

/* Wait for the descriptor that the transport has now. */
static int follow(transport_link_t *self, runtime_t *rt) {
    transport_facts_t facts;
    bool is_ours = transport_facts(self->transport, &facts);
    uint32_t interest = (self->is_paused ? 0u : MK_POLL_IN) |
                        (is_ours && facts.waiting > 0 ? MK_POLL_OUT : 0u);
    if (self->is_waiting && self->source.handle == self->transport->fd &&
        interest != 0) {
        /* Others may have closed it and got the same number again. */
        if (is_ours && self->source.interest == interest) return MK_OK;
        return source_renew(rt, &self->source, interest);
    }
    stop_waiting(self, rt);
    if (self->transport->fd < 0 || interest == 0) return MK_OK;
    self->source.handle = self->transport->fd;
    self->source.interest = (uint16_t)interest;
    int result = source_open(rt, &self->source);
    self->is_waiting = result == MK_OK;
    return result;
}

/* --- rounds --- */

static void go_down(transport_link_t *self, runtime_t *rt, int reason,
                    const char *text) {
    stop_waiting(self, rt);
    flush_cancel(&self->flush);
    deadline_clear(rt, &self->room);
    deadline_clear(rt, &self->rest);
    self->is_down = true;
    self->link.events->on_down(&self->link, rt, reason, text);
}

/* Hand out what has come. False: the link is gone. */
static bool hand_out(transport_link_t *self, runtime_t *rt) {
    bool gone = false;
    unsigned left = TURN_MESSAGES;
    self->gone = &gone;
    while (!self->is_paused && left > 0) {
        message_t *msg = self->transport->recv(self->transport);
        if (msg == NULL) break;
        wire_message_t message = {.source = msg->source,
                                  .dest = msg->dest,
                                  .type = msg->type,
                                  .payload = msg->payload,
                                  .payload_size = msg->payload_size};
        self->was_there = true;
        self->link.events->on_message(&self->link, rt, &message);
        message_destroy(msg);
        if (gone) return false;
        left--;
    }
    self->gone = NULL;
    if (left == 0) flush_request(rt, &self->flush);
    return true;
}

/* Whether somebody is there. Of our own transports recv has found out just now, and
 * asking would read ahead again. */
static bool is_there(const transport_link_t *self) {
    transport_facts_t facts;
    if (transport_facts(self->transport, &facts)) return facts.is_connected;
    return self->transport->is_connected(self->transport);
}

/* The last thing that is done with the link in a callback. A descriptor that calls
 * without bringing anybody (nothing is left to accept a peer with, strangers knock)
 * would call again at once: it rests. */
static void do_round(transport_link_t *self, runtime_t *rt, bool is_called) {
    if (!hand_out(self, rt)) return;
    const bool was_there = self->was_there;
    const bool is_now = is_there(self);
    if (!is_now && (was_there || self->transport->fd < 0)) {
        go_down(self, rt, MK_ECLOSED, "the transport is not connected any more");
        return;
    }
    if (is_called && !is_now) {
        stop_waiting(self, rt);
        deadline_set(rt, &self->rest, MK_ACCEPT_REST_MS);
        return;
    }
    self->was_there = is_now;
    int result = follow(self, rt);
    if (result != MK_OK) {
        go_down(self, rt, result, "the transport's descriptor cannot be waited for");
        return;
    }
    /* A peer that has just come finds room at once. */
    if (is_now && self->wants_room && !deadline_is_set(&self->room))
        deadline_set(rt, &self->room, was_there ? ROOM_MS : 0);
}

static void on_ready(source_t *source, runtime_t *rt, uint32_t events) {
    (void)events;
    do_round(MK_CONTAINER_OF(source, transport_link_t, source), rt, true);
}

static void on_flush(flush_t *flush, runtime_t *rt) {
    do_round(MK_CONTAINER_OF(flush, transport_link_t, flush), rt, false);
}

static void on_rested(deadline_t *rest, runtime_t *rt) {
    do_round(MK_CONTAINER_OF(rest, transport_link_t, rest), rt, false);
}

static void on_due(deadline_t *room, runtime_t *rt) {
    transport_link_t *self = MK_CONTAINER_OF(room, transport_link_t, room);
    self->wants_room = false;
    if (self->link.events->on_room != NULL) self->link.events->on_room(&self->link, rt);
}

/* --- calls of the owner --- */

static int send_message(link_t *link, runtime_t *rt, const wire_message_t *message,
                        bool must) {
    transport_link_t *self = of_link(link);
    (void)must;
    if (self->is_down) return MK_ECLOSED;
    if (message->payload_size > self->payload_max) return MK_ETOOBIG;
    union {
        const void *borrowed;
        void *payload;
    } bytes = {message->payload}; /* a message has no const; send does not write */
    message_t msg = {.source = message->source,
                     .dest = message->dest,
                     .type = message->type,
                     .payload = bytes.payload,
                     .payload_size = message->payload_size};
    int fd = self->transport->fd;
    bool is_taken = self->transport->send(self->transport, &msg);
    /* What waits, or another descriptor, is the next round's to see to. */
    transport_facts_t facts;
    bool is_ours = transport_facts(self->transport, &facts);
    if (!is_taken || fd != self->transport->fd || (is_ours && facts.waiting > 0))
        flush_request(rt, &self->flush);
    if (is_taken) return MK_OK;
    if (self->was_there && !is_there(self)) return MK_ECLOSED;
    self->wants_room = true;
    return MK_EFULL;
}

static void pause_input(link_t *link, runtime_t *rt, bool is_paused) {
    transport_link_t *self = of_link(link);
    self->is_paused = is_paused;
    if (!self->is_down) flush_request(rt, &self->flush);
}

static void close_link(link_t *link, runtime_t *rt, bool in_order) {
    transport_link_t *self = of_link(link);
    (void)in_order;
    if (self->gone != NULL) *self->gone = true;
    stop_waiting(self, rt);
    flush_cancel(&self->flush);
    deadline_clear(rt, &self->room);
    deadline_clear(rt, &self->rest);
    transport_t *transport = self->transport;
    void (*on_free)(void *, runtime_t *, transport_t *) = self->on_free;
    void *ctx = self->ctx;
    mk_free(self);
    if (on_free != NULL)
        on_free(ctx, rt, transport);
    else
        transport->destroy(transport);
}

static const char *describe(const link_t *link, char *text, size_t cap) {
    mk_writer_t w;
    writer_init(&w, text, cap);
    writer_format(&w, "transport:%u", (unsigned)of_link(link)->transport->peer_node);
    return text;
}

static const link_ops_t link_ops = {.send = send_message,
                                    .pause = pause_input,
                                    .close = close_link,
                                    .describe = describe};

int transport_link_open(runtime_t *rt, const transport_link_spec_t *spec,
                        link_t **out) {
    const transport_t *transport = spec->transport;
    if (transport == NULL || transport->fd < 0 || transport->send == NULL ||
        transport->recv == NULL || transport->is_connected == NULL ||
        transport->destroy == NULL)
        return MK_EINVAL;
    transport_link_t *self = mk_calloc(1, sizeof *self);
    if (self == NULL) return MK_ENOMEM;
    transport_facts_t facts = {.payload_max = MK_WIRE_PAYLOAD_MAX};
    (void)transport_facts(transport, &facts);
    self->link = (link_t){.ops = &link_ops,
                          .events = spec->events,
                          .owner = spec->owner,
                          .is_lossy = facts.is_lossy};
    self->transport = spec->transport;
    self->payload_max = facts.payload_max;
    self->was_there = is_there(self);
    self->on_free = spec->on_free;
    self->ctx = spec->ctx;
    self->source.on_ready = on_ready;
    flush_init(&self->flush, on_flush);
    deadline_init(&self->room, on_due);
    deadline_init(&self->rest, on_rested);
    int result = follow(self, rt);
    if (result != MK_OK) {
        mk_free(self);
        return result;
    }
    flush_request(rt, &self->flush); /* it may have read ahead already */
    *out = &self->link;
    return MK_OK;
}

void transport_link_set_free(link_t *link,
                             void (*on_free)(void *ctx, runtime_t *rt,
                                             transport_t *transport),
                             void *ctx) {
    of_link(link)->on_free = on_free;
    of_link(link)->ctx = ctx;
}
