/* SPDX-License-Identifier: Apache-2.0 */
/* link_pair.h - two ends of a link in memory, for tests of what stands on links.
 *
 * The ends may belong to two runtimes of one thread, or to one. What an end sends
 * arrives at the other one when `delay_ms` have passed, at the next look of that
 * runtime's loop; while the pair is held nothing arrives, as if a cable were pulled.
 * Each test owns its pair and closes it when the runtimes are gone. */
#ifndef MK_TESTS_SUPPORT_LINK_PAIR_H
#define MK_TESTS_SUPPORT_LINK_PAIR_H

#include "base/alloc.h"
#include "base/check.h"
#include "base/list.h"
#include "ipc/link.h"
#include "kernel/deadline.h"
#include "microkernel/error.h"

#include <string.h>

enum { LINK_PAIR_TYPES = 32 };

typedef struct link_pair link_pair_t;

typedef struct link_end link_end_t;
struct link_end {
    link_t link;
    link_pair_t *pair;
    link_end_t *other;
    runtime_t *rt;      /* on whose loop its callbacks come */
    list_node_t coming; /* pair_message_t: on their way to this end */
    size_t coming_size; /* bytes of them */
    deadline_t arrival; /* of what is coming, or of the end */
    size_t cap;         /* bytes that may be coming; more are MK_EFULL there */
    bool is_closed;     /* by its owner */
    bool is_down;       /* on_down was told */
    bool lacks_room;    /* a send of this end was refused */
    bool is_paused;
    unsigned sent;                     /* messages taken from the owner */
    msg_type_t types[LINK_PAIR_TYPES]; /* of the first of them */
};

struct link_pair {
    link_end_t a, b;
    uint32_t delay_ms; /* of all that is sent */
    bool is_held;
    bool is_cut;
};

typedef struct {
    list_node_t node;
    wire_message_t message; /* the payload lies behind */
} pair_message_t;

static inline void link_pair_wake(link_end_t *end) {
    if (!end->is_closed && !deadline_is_set(&end->arrival))
        deadline_set(end->rt, &end->arrival, end->pair->delay_ms);
}

static inline void link_pair_drop_all(link_end_t *end) {
    while (end->pair != NULL && !list_is_empty(&end->coming)) {
        pair_message_t *copy = MK_CONTAINER_OF(end->coming.next, pair_message_t, node);
        list_remove(&copy->node);
        mk_free(copy);
    }
    end->coming_size = 0;
}

static inline int link_pair_send(link_t *link, runtime_t *rt,
                                 const wire_message_t *message, bool must) {
    link_end_t *end = MK_CONTAINER_OF(link, link_end_t, link);
    link_end_t *other = end->other;
    (void)rt;
    if (end->pair->is_cut || other->is_closed) return MK_ECLOSED;
    size_t size = sizeof(pair_message_t) + message->payload_size;
    if (!must && other->coming_size + size > other->cap) {
        end->lacks_room = true;
        return MK_EFULL;
    }
    pair_message_t *copy = mk_alloc(size);
    if (copy == NULL) return MK_ENOMEM;
    copy->message = *message;
    copy->message.payload = message->payload_size > 0 ? copy + 1 : NULL;
    if (message->payload_size > 0)
        memcpy(copy + 1, message->payload, message->payload_size);
    list_insert_before(&other->coming, &copy->node);
    other->coming_size += size;
    if (end->sent < LINK_PAIR_TYPES) end->types[end->sent] = message->type;
    end->sent++;
    if (!end->pair->is_held) link_pair_wake(other);
    return MK_OK;
}

static inline void link_pair_pause(link_t *link, runtime_t *rt, bool is_paused) {
    link_end_t *end = MK_CONTAINER_OF(link, link_end_t, link);
    (void)rt;
    end->is_paused = is_paused;
    if (!is_paused) link_pair_wake(end);
}

static inline void link_pair_end(link_t *link, runtime_t *rt, bool in_order) {
    link_end_t *end = MK_CONTAINER_OF(link, link_end_t, link);
    MK_ASSERT(!end->is_closed);
    end->is_closed = true;
    deadline_clear(rt, &end->arrival);
    link_pair_drop_all(end);
    if (!in_order) link_pair_drop_all(end->other);
    if (!end->pair->is_held) link_pair_wake(end->other);
}

static inline const char *link_pair_describe(const link_t *link, char *text,
                                             size_t cap) {
    (void)link;
    if (cap > 0) strncpy(text, "pair", cap)[cap - 1] = '\0';
    return text;
}

static inline void link_pair_arrive(deadline_t *deadline, runtime_t *rt) {
    link_end_t *end = MK_CONTAINER_OF(deadline, link_end_t, arrival);
    link_end_t *other = end->other;
    while (!end->is_closed && !end->is_paused && !end->pair->is_held &&
           !end->pair->is_cut && !list_is_empty(&end->coming)) {
        pair_message_t *copy = MK_CONTAINER_OF(end->coming.next, pair_message_t, node);
        list_remove(&copy->node);
        end->coming_size -= sizeof *copy + copy->message.payload_size;
        end->link.events->on_message(&end->link, rt, &copy->message);
        mk_free(copy);
        if (other->lacks_room && !other->is_closed && end->coming_size < end->cap) {
            other->lacks_room = false;
            other->link.events->on_room(&other->link, other->rt);
        }
    }
    bool is_over =
        end->pair->is_cut || (other->is_closed && list_is_empty(&end->coming));
    if (end->is_closed || end->is_down || end->pair->is_held || !is_over) return;
    end->is_down = true;
    end->link.events->on_down(&end->link, rt, MK_ECLOSED,
                              end->pair->is_cut ? "cut" : "closed by the other side");
}

static const link_ops_t link_pair_ops = {link_pair_send, link_pair_pause, link_pair_end,
                                         link_pair_describe};

static inline void link_pair_init_end(link_pair_t *pair, link_end_t *end,
                                      link_end_t *other, runtime_t *rt, size_t cap) {
    end->link = (link_t){.ops = &link_pair_ops, .is_trusted = true};
    end->pair = pair;
    end->other = other;
    end->rt = rt;
    end->cap = cap;
    list_init(&end->coming);
    deadline_init(&end->arrival, link_pair_arrive);
}

/* Connect; `cap` bytes (a message counts sizeof(pair_message_t) more than its payload)
 * may be under way in each direction. Who sends or is sent to needs `link.events`. */
static inline void link_pair_open(link_pair_t *pair, runtime_t *rt_a, runtime_t *rt_b,
                                  size_t cap) {
    memset(pair, 0, sizeof *pair);
    link_pair_init_end(pair, &pair->a, &pair->b, rt_a, cap);
    link_pair_init_end(pair, &pair->b, &pair->a, rt_b, cap);
}

/* Nothing arrives; or again, in order, what was sent meanwhile. */
static inline void link_pair_hold(link_pair_t *pair, bool is_held) {
    pair->is_held = is_held;
    if (is_held) return;
    link_pair_wake(&pair->a);
    link_pair_wake(&pair->b);
}

/* It breaks: what is under way is gone, both ends are told. */
static inline void link_pair_cut(link_pair_t *pair) {
    pair->is_cut = true;
    pair->is_held = false;
    link_pair_wake(&pair->a);
    link_pair_wake(&pair->b);
}

/* Forget what never arrived. Also of a pair that is closed, or all zero. */
static inline void link_pair_close(link_pair_t *pair) {
    link_pair_drop_all(&pair->a);
    link_pair_drop_all(&pair->b);
}

#endif
