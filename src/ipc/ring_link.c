/* SPDX-License-Identifier: Apache-2.0 */
/* ring_link.c - see ring_link.h.
 *
 * An end puts into one ring and takes from the other; each ring is freed by the end
 * that leaves it last, which then is alone with what was not taken and counts it. What
 * must be sent beyond the bound waits in a list at the sender; an end that closes hands
 * this list over inside the ring's frame (`rest`), where the taker finds it behind the
 * ring.
 *
 * States of an end: open -> down (the other end has left and all that it sent was
 * taken; on_down was called) -> closed. Closed from a callback it stays until that has
 * returned, since what was borrowed lies in the ring. */
#include "ipc/ring_link.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/list.h"
#include "ipc/ring.h"
#include "ipc/ring_hub.h"
#include "kernel/deadline.h"
#include "kernel/inside.h"
#include "microkernel/error.h"

#include <stdio.h>

/* What was put is shown, and what was taken given back, at the latest when it is this
 * part of the ring, so that the other side neither starves nor stands still. */
enum { SHOW_PART = 4 };

/* Milliseconds that what must go rests, when the ring has room and there is none beside
 * it: no memory for a large message. A loop that tried again at once would spin. */
enum { REST_MS = 20 };

/* A message that waits beyond the bound; its payload follows. */
typedef struct waiting waiting_t;
struct waiting {
    waiting_t *next;
    wire_message_t message;
};

/* A ring and what goes behind it, shared by its two ends. */
typedef struct {
    ring_t *ring;
    waiting_t *rest; /* set by the putter before it leaves; then the taker's */
} way_t;

/* On cache lines of its own: the other end lives in another thread. */
typedef struct {
    _Alignas(LINE_SIZE) link_t link;
    void *block; /* what was allocated */
    ring_user_t user;
    way_t *out;
    way_t *in;
    bell_t *bell;       /* the other end's; held */
    waiting_t *waiting; /* in order */
    waiting_t **waiting_end;
    deadline_t rest;  /* armed while what waits is not tried again */
    bool wants_room;  /* the ring was full, and is not half empty yet */
    bool is_refusing; /* MK_EFULL was said; on_room is owed */
    bool is_paused;
    bool is_down;    /* on_down was called */
    bool is_busy;    /* in a callback */
    bool is_closing; /* closed in that callback */
} ring_link_t;

static ring_link_t *of_link(link_t *link) {
    return MK_CONTAINER_OF(link, ring_link_t, link);
}

/* --- ways --- */

static way_t *way_create(uint32_t bytes) {
    way_t *way = mk_calloc(1, sizeof *way);
    if (way == NULL) return NULL;
    way->ring = ring_create(bytes, MK_RING_SIDE_BYTES);
    if (way->ring != NULL) return way;
    mk_free(way);
    return NULL;
}

static void way_destroy(way_t *way) {
    if (way == NULL) return;
    ring_destroy(way->ring);
    mk_free(way);
}

/* Mail that nobody will take is dead; the nodes' own messages need no count. */
static void count_dead(runtime_t *rt, const wire_message_t *message) {
    if (message->dest != ACTOR_ID_INVALID) runtime__count_dead_letters(rt, 1);
}

static void way_leave(way_t *way, unsigned side, runtime_t *rt) {
    if (!ring_leave(way->ring, side)) return;
    wire_message_t message;
    while (ring_look(way->ring))
        while (ring_take(way->ring, &message))
            count_dead(rt, &message);
    while (way->rest != NULL) {
        waiting_t *first = way->rest;
        way->rest = first->next;
        count_dead(rt, &first->message);
        mk_free(first);
    }
    way_destroy(way);
}

/* --- sending --- */

/* What was put is seen, and the other loop comes to take it. */
static void show(ring_link_t *end) {
    if (ring_hidden(end->out->ring) == 0) return;
    ring_show(end->out->ring);
    bell_ring(end->bell);
}

static int wait_beyond_bound(ring_link_t *end, const wire_message_t *message) {
    waiting_t *waiting = mk_alloc(sizeof *waiting + message->payload_size);
    if (waiting == NULL) return MK_ENOMEM;
    waiting->next = NULL;
    waiting->message = *message;
    if (message->payload_size != 0) {
        memcpy(waiting + 1, message->payload, message->payload_size);
        waiting->message.payload = waiting + 1;
    }
    *end->waiting_end = waiting;
    end->waiting_end = &waiting->next;
    return MK_OK;
}

/* In order behind those that wait. */
static int refuse(ring_link_t *end, const wire_message_t *message, bool must) {
    end->wants_room = true;
    if (must) return wait_beyond_bound(end, message);
    end->is_refusing = true;
    return MK_EFULL;
}

static int send(link_t *link, runtime_t *rt, const wire_message_t *message, bool must) {
    (void)rt;
    ring_link_t *end = of_link(link);
    ring_t *ring = end->out->ring;
    if (MK_UNLIKELY(end->is_down)) return MK_ECLOSED;
    if (MK_UNLIKELY(end->waiting != NULL)) return refuse(end, message, must);
    int result = ring_put(ring, message);
    /* A long turn does not keep the other side waiting for all of it. */
    if (MK_UNLIKELY(ring_hidden(ring) >= ring->bytes / SHOW_PART)) show(end);
    if (MK_LIKELY(result != MK_EFULL)) return result;
    show(end);
    return refuse(end, message, must);
}

/* Put those that wait beyond the bound while there is room. */
static void send_waiting(ring_link_t *end) {
    while (end->waiting != NULL) {
        waiting_t *first = end->waiting;
        if (ring_put(end->out->ring, &first->message) < 0) return;
        end->waiting = first->next;
        if (end->waiting == NULL) end->waiting_end = &end->waiting;
        mk_free(first);
    }
}

/* --- in the loop --- */

static bool other_is_gone(const ring_link_t *end) {
    return ring_is_left(end->in->ring, RING_PUTTER_GONE);
}

/* Whether there is room again for one that was refused. */
static bool has_room_again(ring_link_t *end) {
    return end->wants_room && !deadline_is_set(&end->rest) &&
           ring_has_room(end->out->ring);
}

static bool before_look(ring_user_t *user, bool sleeps) {
    ring_link_t *end = MK_CONTAINER_OF(user, ring_link_t, user);
    show(end);
    if (!sleeps || end->is_down) return true;
    if (has_room_again(end)) return false;
    return end->is_paused || (!ring_look(end->in->ring) && !other_is_gone(end));
}

static void close_now(ring_link_t *end, runtime_t *rt);

/* After a callback. False: it has closed the link, which is gone now. */
static bool end_callback(ring_link_t *end, runtime_t *rt) {
    end->is_busy = false;
    if (MK_LIKELY(!end->is_closing)) return true;
    close_now(end, rt);
    return false;
}

static bool hand_over(ring_link_t *end, runtime_t *rt, const wire_message_t *message) {
    end->is_busy = true;
    end->link.events->on_message(&end->link, rt, message);
    return !end->is_closing;
}

/* Give back what was taken; the other side may wait for that. */
static void give(ring_link_t *end) {
    if (ring_give(end->in->ring)) bell_ring(end->bell);
}

/* Take what is shown now, not what comes meanwhile: at most a ring full. */
static bool take_shown(ring_link_t *end, runtime_t *rt) {
    ring_t *ring = end->in->ring;
    wire_message_t message;
    if (!ring_look(ring)) return true;
    while (!end->is_paused && ring_take(ring, &message)) {
        if (!hand_over(end, rt, &message)) break;
        if (ring_held(ring) >= ring->bytes / SHOW_PART) give(end);
    }
    give(end);
    return end_callback(end, rt);
}

/* What the other side handed over when it left, and the news. */
static void take_rest(ring_link_t *end, runtime_t *rt) {
    way_t *in = end->in;
    while (in->rest != NULL) {
        if (end->is_paused) return;
        waiting_t *first = in->rest;
        in->rest = first->next;
        (void)hand_over(end, rt, &first->message);
        mk_free(first);
        if (!end_callback(end, rt)) return;
    }
    end->is_down = true;
    end->is_busy = true;
    end->link.events->on_down(&end->link, rt, MK_ECLOSED, "it has ended");
    (void)end_callback(end, rt);
}

/* False: closed. */
static bool tell_room(ring_link_t *end, runtime_t *rt) {
    if (!has_room_again(end)) return true;
    send_waiting(end);
    if (end->waiting != NULL) {
        if (ring_has_room(end->out->ring)) deadline_set(rt, &end->rest, REST_MS);
        return true;
    }
    end->wants_room = false;
    if (!end->is_refusing) return true;
    end->is_refusing = false;
    end->is_busy = true;
    end->link.events->on_room(&end->link, rt);
    return end_callback(end, rt);
}

static void on_rested(deadline_t *rest, runtime_t *rt) {
    ring_link_t *end = MK_CONTAINER_OF(rest, ring_link_t, rest);
    if (!end->is_down) (void)tell_room(end, rt);
}

static void after_look(ring_user_t *user, runtime_t *rt) {
    ring_link_t *end = MK_CONTAINER_OF(user, ring_link_t, user);
    if (end->is_down) return;
    /* Asked first: what the other side showed before it left is seen then. */
    bool is_gone = other_is_gone(end);
    if (!end->is_paused && !take_shown(end, rt)) return;
    if (is_gone) {
        if (!ring_look(end->in->ring)) take_rest(end, rt);
        return;
    }
    (void)tell_room(end, rt);
}

/* --- pause, end, describe --- */

static void pause_or_go_on(link_t *link, runtime_t *rt, bool is_paused) {
    (void)rt;
    of_link(link)->is_paused = is_paused;
}

static void close_now(ring_link_t *end, runtime_t *rt) {
    ring_hub_leave(&end->user);
    deadline_clear(rt, &end->rest);
    send_waiting(end);
    end->out->rest = end->waiting;
    /* In this order: who sees that its partner puts no more knows that it takes no more
     * either, and counts what it left. */
    way_leave(end->in, RING_TAKER_GONE, rt);
    way_leave(end->out, RING_PUTTER_GONE, rt);
    bell_ring(end->bell);
    bell_drop(end->bell);
    mk_free(end->block);
}

static void close_link(link_t *link, runtime_t *rt, bool in_order) {
    (void)in_order; /* both are: the other side may take what it wants */
    ring_link_t *end = of_link(link);
    if (end->is_busy) {
        end->is_closing = true;
        return;
    }
    close_now(end, rt);
}

static const char *describe(const link_t *link, char *text, size_t cap) {
    (void)link;
    if (cap != 0) (void)snprintf(text, cap, "ring");
    return text;
}

static const link_ops_t ring_ops = {send, pause_or_go_on, close_link, describe};

/* --- beginning --- */

/* An end of two ways that exist. */
static ring_link_t *make_end(way_t *out, way_t *in, bell_t *other) {
    void *block = mk_alloc(line_block_size(sizeof(ring_link_t)));
    if (block == NULL) return NULL;
    ring_link_t *end = line_align(block);
    memset(end, 0, sizeof *end);
    end->block = block;
    end->link.ops = &ring_ops;
    end->link.is_trusted = true;
    end->user.before_look = before_look;
    end->user.after_look = after_look;
    end->out = out;
    end->in = in;
    end->bell = bell_hold(other);
    end->waiting_end = &end->waiting;
    deadline_init(&end->rest, on_rested);
    return end;
}

static bool is_ring_size(uint32_t bytes) {
    return bytes >= 1024 && bytes <= UINT32_C(1) << 30 && (bytes & (bytes - 1)) == 0;
}

int ring_link_open(runtime_t *a, runtime_t *b, uint32_t bytes, link_t *links[2]) {
    if (bytes == 0) bytes = MK_RING_BYTES;
    if (a == NULL || b == NULL || a == b || !is_ring_size(bytes)) return MK_EINVAL;
    ring_hub_t *hub_a = ring_hub_get(a);
    ring_hub_t *hub_b = ring_hub_get(b);
    if (hub_a == NULL || hub_b == NULL) return MK_ENOMEM;
    way_t *there = way_create(bytes);
    way_t *back = way_create(bytes);
    if (there == NULL || back == NULL) goto no_way;
    ring_link_t *end_a = make_end(there, back, ring_hub_bell(hub_b));
    if (end_a == NULL) goto no_way;
    ring_link_t *end_b = make_end(back, there, ring_hub_bell(hub_a));
    if (end_b == NULL) goto no_end;
    ring_hub_join(hub_a, &end_a->user);
    ring_hub_join(hub_b, &end_b->user);
    links[0] = &end_a->link;
    links[1] = &end_b->link;
    return MK_OK;
no_end:
    bell_drop(end_a->bell);
    mk_free(end_a->block);
no_way:
    way_destroy(back);
    way_destroy(there);
    return MK_ENOMEM;
}
