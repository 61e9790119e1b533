/* SPDX-License-Identifier: Apache-2.0 */
/* link_stage.h - owners at the ends of links, which count and check what comes.
 *
 * Every message that an end sends carries its number, its size follows from that, and
 * its bytes from both; so the other end knows what has to come, in order. */
#ifndef MK_TESTS_LINK_STAGE_H
#define MK_TESTS_LINK_STAGE_H

#include "net/net_stage.h"

#include "ipc/link.h"
#include "microkernel/limits.h"
#include "sim/sim.h"

typedef struct {
    link_t *link;     /* NULL: closed */
    uint64_t sent;    /* taken by the link */
    uint64_t came;    /* in order, and whole */
    size_t size_step; /* message n has n * size_step % size_mod bytes of payload */
    size_t size_mod;  /* 0: all are empty */
    uint64_t
        close_at; /* closes in the callback of message number .. (from 1); 0: never */
    bool closes_hard;  /* not in order */
    uint64_t pause_at; /* pauses in that callback; 0: never */
    bool is_lossy;     /* gaps are fine, order is not asked for */
    unsigned rooms;    /* on_room */
    unsigned opens;    /* on_open */
    unsigned downs;    /* on_down */
    int reason;        /* of it */
    char text[200];    /* of it */
} end_t;

static inline size_t end_size(const end_t *end, uint64_t number) {
    return end->size_mod > 0 ? (size_t)(number * end->size_step % end->size_mod) : 0;
}

static inline void end_fill(uint8_t *bytes, size_t size, uint64_t number) {
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(number * 7 + i * 13 + i / 256);
}

/* Send message number `end->sent`. Result of link_send. */
static inline int end_send(end_t *end, runtime_t *rt, bool must) {
    size_t size = end_size(end, end->sent);
    uint8_t *bytes = NULL;
    if (size > 0) {
        bytes = mk_alloc(size);
        if (bytes == NULL) return MK_ENOMEM;
        end_fill(bytes, size, end->sent);
    }
    wire_message_t message = {.source = end->sent,
                              .dest = ~end->sent,
                              .type = (msg_type_t)(end->sent * 3),
                              .payload = bytes,
                              .payload_size = size};
    int result = link_send(end->link, rt, &message, must);
    mk_free(bytes);
    if (result == MK_OK) end->sent++;
    return result;
}

static inline void end_close(end_t *end, runtime_t *rt, bool in_order) {
    if (end->link != NULL) link_close(end->link, rt, in_order);
    end->link = NULL;
}

static inline void end_message(link_t *link, runtime_t *rt,
                               const wire_message_t *message) {
    end_t *end = link->owner;
    CHECK(end->link == link);
    CHECK_EQ(end->downs, 0);
    uint64_t number = message->source;
    if (!end->is_lossy) CHECK_EQ(number, end->came);
    CHECK_EQ(message->dest, ~number);
    CHECK_EQ(message->type, (msg_type_t)(number * 3));
    size_t size = end_size(end, number);
    CHECK_EQ(message->payload_size, size);
    const uint8_t *bytes = message->payload;
    CHECK((bytes == NULL) == (size == 0));
    for (size_t i = 0; i < size; i++)
        CHECK(bytes[i] == (uint8_t)(number * 7 + i * 13 + i / 256));
    end->came++;
    if (end->came == end->pause_at) link->ops->pause(link, rt, true);
    if (end->came == end->close_at) end_close(end, rt, !end->closes_hard);
}

static inline void end_room(link_t *link, runtime_t *rt) {
    end_t *end = link->owner;
    (void)rt;
    CHECK(end->link == link);
    end->rooms++;
}

static inline void end_opened(link_t *link, runtime_t *rt) {
    end_t *end = link->owner;
    (void)rt;
    end->opens++;
}

static inline void end_down(link_t *link, runtime_t *rt, int reason, const char *text) {
    end_t *end = link->owner;
    CHECK(end->link == link);
    CHECK_EQ(end->downs, 0);
    CHECK(reason < 0);
    CHECK(text != NULL && text[0] != '\0');
    end->downs++;
    end->reason = reason;
    strncpy(end->text, text, sizeof end->text - 1);
    end_close(end, rt, true);
}

static const link_events_t end_events = {.on_message = end_message,
                                         .on_room = end_room,
                                         .on_down = end_down,
                                         .on_open = end_opened};

static inline void end_init(end_t *end, size_t size_step, size_t size_mod) {
    memset(end, 0, sizeof *end);
    end->size_step = size_step;
    end->size_mod = size_mod;
}

/* Two connected sockets, of internet or unix kind, past any runtime. */
static inline bool socket_pair(int handles[2], const char *path) {
    port_address_t at = address_loopback(0);
    int listener = path != NULL ? port_socket_listen_unix(path, 0600, 8)
                                : port_socket_listen(&at, 8);
    handles[0] = handles[1] = -1;
    if (listener < 0) return false;
    if (path == NULL) CHECK_EQ(port_socket_local(listener, &at), MK_OK);
    handles[0] =
        path != NULL ? port_socket_connect_unix(path) : port_socket_connect(&at);
    if (handles[0] >= 0) handles[1] = port_socket_accept(listener, NULL);
    for (int i = 0; i < 100 && handles[1] == MK_EAGAIN; i++) {
        sim_advance(1000000);
        handles[1] = port_socket_accept(listener, NULL);
    }
    port_socket_close_listener(listener);
    if (handles[1] >= 0) return true;
    port_socket_close(handles[0]);
    return false;
}

#endif
