/* SPDX-License-Identifier: Apache-2.0 */
/* udp_link.c - frames as datagrams. Each is sent at once: to collect them would only
 * make the loss of one the loss of many. A datagram that the system has no room for is
 * refused like a send on a full link, and there is room a millisecond later. */
#include "ipc/udp_link.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/check.h"
#include "base/writer.h"
#include "ipc/frame.h"
#include "ipc/link_memory.h"
#include "kernel/deadline.h"
#include "net/address.h"

enum {
    TURN_DATAGRAMS = 32, /* taken in one look */
    KEPT_CAP = 4096,     /* bytes of the send buffer that stay */
    ROOM_MS = 1
};

typedef struct {
    link_t link;
    udp_t udp;
    port_address_t peer; /* family NONE: not known yet */
    deadline_t room;     /* armed while on_room is owed and the peer is known */
    buffer_t output;     /* one datagram, between two calls empty */
    udp_link_counts_t counts;
    bool *gone;      /* while callbacks are made: set when the link goes; or NULL */
    bool wants_room; /* a send was refused */
} udp_link_t;

static udp_link_t *of_link(const link_t *link) {
    return MK_CONTAINER_OF(link, udp_link_t, link);
}

/* --- output --- */

static int refuse(udp_link_t *self, runtime_t *rt) {
    self->wants_room = true;
    if (self->peer.family != PORT_FAMILY_NONE) deadline_set(rt, &self->room, ROOM_MS);
    return MK_EFULL;
}

static int send_message(link_t *link, runtime_t *rt, const wire_message_t *message,
                        bool must) {
    udp_link_t *self = of_link(link);
    (void)must;
    if (message->payload_size > UDP_LINK_PAYLOAD_MAX) return MK_ETOOBIG;
    if (self->peer.family == PORT_FAMILY_NONE) return refuse(self, rt);
    size_t size = WIRE_HEADER_SIZE + message->payload_size;
    uint8_t *bytes;
    if (buffer_reserve(&self->output, size, &bytes) != MK_OK) return MK_ENOMEM;
    frame_put(bytes, message);
    int result = udp_send(&self->udp, &self->peer, bytes, size);
    if (self->output.cap > KEPT_CAP) buffer_deinit(&self->output);
    if (result == MK_EAGAIN) return refuse(self, rt);
    if (result == MK_ETOOBIG) return result;
    if (result != MK_OK) self->counts.lost++; /* as on the way */
    return MK_OK;
}

static void on_due(deadline_t *room, runtime_t *rt) {
    udp_link_t *self = MK_CONTAINER_OF(room, udp_link_t, room);
    if (!self->wants_room) return;
    self->wants_room = false;
    if (self->link.events->on_room != NULL) self->link.events->on_room(&self->link, rt);
}

/* --- input --- */

/* One whole frame of the peer, or of the first who sends one. */
static bool accept_datagram(udp_link_t *self, runtime_t *rt, const port_address_t *from,
                            const uint8_t *bytes, size_t size,
                            wire_message_t *message) {
    bool is_known = self->peer.family != PORT_FAMILY_NONE;
    if (is_known && !address_equals(from, &self->peer)) {
        self->counts.strangers++;
        return false;
    }
    if (size < WIRE_HEADER_SIZE || size > MK_LINK_TURN_BYTES ||
        frame_get_header(bytes, UDP_LINK_PAYLOAD_MAX, message) != MK_OK ||
        message->payload_size != size - WIRE_HEADER_SIZE) {
        self->counts.malformed++;
        return false;
    }
    if (!is_known) {
        self->peer = *from;
        if (self->wants_room) deadline_set(rt, &self->room, 0);
    }
    return true;
}

static void on_readable(udp_t *udp, runtime_t *rt) {
    udp_link_t *self = MK_CONTAINER_OF(udp, udp_link_t, udp);
    uint8_t *input = link_input(rt);
    bool gone = false;
    self->gone = &gone;
    for (unsigned i = 0; i < TURN_DATAGRAMS; i++) {
        port_address_t from;
        wire_message_t message;
        int got = udp_receive(udp, &from, input, MK_LINK_TURN_BYTES);
        if (got == MK_EAGAIN) break;
        if (got < 0) continue; /* what became of an earlier datagram */
        if (!accept_datagram(self, rt, &from, input, (size_t)got, &message)) continue;
        self->link.events->on_message(&self->link, rt, &message);
        if (gone) return;
    }
    self->gone = NULL;
}

static const udp_events_t udp_events = {.on_readable = on_readable};

/* --- calls of the owner --- */

static void close_link(link_t *link, runtime_t *rt, bool in_order) {
    udp_link_t *self = of_link(link);
    (void)in_order;
    if (self->gone != NULL) *self->gone = true;
    deadline_clear(rt, &self->room);
    udp_close(rt, &self->udp);
    buffer_deinit(&self->output);
    mk_free(self);
}

static const char *describe(const link_t *link, char *text, size_t cap) {
    mk_writer_t w;
    char at[ADDRESS_TEXT_MAX];
    writer_init(&w, text, cap);
    writer_str(&w, "udp:");
    writer_str(&w, address_format(&of_link(link)->peer, at, sizeof at));
    return text;
}

static const link_ops_t link_ops = {
    .send = send_message, .close = close_link, .describe = describe};

int udp_link_open(runtime_t *rt, const udp_link_spec_t *spec, link_t **out) {
    udp_link_t *self = NULL;
    if (link_input(rt) != NULL) self = mk_calloc(1, sizeof *self);
    if (self == NULL) return MK_ENOMEM;
    self->link = (link_t){.ops = &link_ops,
                          .events = spec->events,
                          .owner = spec->owner,
                          .is_lossy = true};
    self->peer = spec->peer;
    deadline_init(&self->room, on_due);
    buffer_init(&self->output, UDP_PAYLOAD_MAX);
    int result = udp_open(rt, &self->udp, &spec->at, &udp_events);
    if (result != MK_OK) {
        mk_free(self);
        return result;
    }
    *out = &self->link;
    return MK_OK;
}

int udp_link_local(const link_t *link, port_address_t *address) {
    return udp_local(&of_link(link)->udp, address);
}

udp_link_counts_t udp_link_counts(const link_t *link) {
    return of_link(link)->counts;
}
