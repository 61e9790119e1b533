/* SPDX-License-Identifier: Apache-2.0 */
/* A hierarchical timing wheel: levels of 2^MK_WHEEL_BITS slots, one millisecond at the
 * bottom.
 *
 * A timer lies at the level of the highest group of MK_WHEEL_BITS bits in which its due
 * time differs from now; when now reaches the beginning of its slot it moves down, at
 * the bottom it fires. A timer whose owner has ended fires for nobody: a list of its
 * timers in each actor would cost two cache misses a timer. Arming and cancelling are
 * O(1), each timer moves at most once a level, and a bit per slot finds the next event
 * without walking. A heap was rejected: it costs log n scattered memory accesses at
 * each end. Nothing here allocates once a timer exists, so nothing can be lost: a
 * firing that finds no room or no memory is tried again a millisecond later.
 *
 * Deadlines (deadline.h) are moved by the same wheel; those armed with 0 ms wait in a
 * list of their own for the next look.
 *
 * Invariant: a timer in level l, slot s has the groups above l in common with now_ms,
 * and s is beyond now's group l (at level 0: not before it). */
#include "microkernel/timer.h"

#include "base/alloc.h"
#include "kernel/deadline.h"
#include "kernel/inside.h"
#include "kernel/runtime_impl.h"
#include "port/clock.h"

#include <string.h>

enum { NS_PER_MS = 1000000, WHEEL_SPAN_BITS = WHEEL_BITS * WHEEL_LEVELS };

typedef struct {
    wheel_item_t item;
    uint64_t period_ms; /* 0: one shot */
    uint64_t untold_ms; /* periodic: the first expiration that was not told yet */
} wheel_timer_t;

/* Timers of ended actors that may lie in the wheel before it is searched for them. */
enum { ORPHANS_MIN = 64 };

static unsigned lowest_bit(uint64_t bits) {
    unsigned at = 0;
    for (unsigned step = 32; step != 0; step /= 2)
        if ((bits & ((UINT64_C(1) << step) - 1)) == 0) {
            bits >>= step;
            at += step;
        }
    return at;
}

static void mark(wheel_t *wheel, unsigned level, unsigned slot) {
    wheel->occupied[level][slot / WORD_BITS] |= UINT64_C(1) << slot % WORD_BITS;
}

static void unmark(wheel_t *wheel, unsigned level, unsigned slot) {
    wheel->occupied[level][slot / WORD_BITS] &= ~(UINT64_C(1) << slot % WORD_BITS);
}

/* The first slot of a level with something in it; false when there is none. */
static bool first_occupied(wheel_t *wheel, unsigned level, unsigned *slot) {
    for (unsigned word = 0; word < WHEEL_WORDS; word++) {
        while (wheel->occupied[level][word] != 0) {
            *slot = word * WORD_BITS + lowest_bit(wheel->occupied[level][word]);
            if (!list_is_empty(&wheel->slots[level][*slot])) return true;
            unmark(wheel, level, *slot);
        }
    }
    return false;
}

static unsigned level_of(uint64_t difference) {
    unsigned level = 0;
    while (level + 1 < WHEEL_LEVELS && difference >> (WHEEL_BITS * (level + 1)) != 0)
        level++;
    return level;
}

static unsigned group(uint64_t ms, unsigned level) {
    return (unsigned)(ms >> (WHEEL_BITS * level)) & (WHEEL_SLOTS - 1);
}

static void put(wheel_t *wheel, wheel_item_t *item) {
    uint64_t due = item->due_ms < wheel->now_ms ? wheel->now_ms : item->due_ms;
    /* Beyond the wheel's horizon (8 900 years) it waits in the last slot and goes
     * round. */
    uint64_t last = wheel->now_ms | ((UINT64_C(1) << WHEEL_SPAN_BITS) - 1);
    if (due > last) due = last;
    unsigned level = level_of(due ^ wheel->now_ms);
    unsigned slot = group(due, level);
    list_insert_before(&wheel->slots[level][slot], &item->in_wheel);
    mark(wheel, level, slot);
}

/* When something is to be done next; false when the wheel is empty. */
static bool next_event(wheel_t *wheel, uint64_t *at_ms, unsigned *at_level) {
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        unsigned slot;
        if (!first_occupied(wheel, level, &slot)) continue;
        unsigned shift = WHEEL_BITS * level;
        uint64_t base = wheel->now_ms >> (shift + WHEEL_BITS) << (shift + WHEEL_BITS);
        *at_ms = base | ((uint64_t)slot << shift);
        *at_level = level;
        return true;
    }
    return false;
}

static wheel_t *get_wheel(runtime_t *rt) {
    if (rt->wheel != NULL) return rt->wheel;
    wheel_t *wheel = mk_alloc(sizeof *wheel);
    if (wheel == NULL) return NULL;
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        memset(wheel->occupied[level], 0, sizeof wheel->occupied[level]);
        for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
            list_init(&wheel->slots[level][slot]);
    }
    wheel->now_ms = port_clock_monotonic_ns() / NS_PER_MS;
    return rt->wheel = wheel;
}

static void end_timer(runtime_t *rt, wheel_timer_t *timer) {
    list_remove(&timer->item.in_wheel);
    id_table_remove(&rt->timer_ids, timer->item.id);
    pool_give(&rt->timer_pool, timer);
}

static timer_id_t arm(runtime_t *rt, actor_t *owner, uint64_t interval_ms,
                      bool is_periodic) {
    wheel_t *wheel = get_wheel(rt);
    actor_extra_t *extra = actor__extra(rt, owner);
    wheel_timer_t *timer =
        wheel != NULL && extra != NULL ? pool_take(&rt->timer_pool) : NULL;
    if (timer == NULL || id_table_add(&rt->timer_ids, timer) == 0) {
        if (timer != NULL) pool_give(&rt->timer_pool, timer);
        rt->counts.no_memory++;
        return TIMER_ID_INVALID;
    }
    if (is_periodic && interval_ms == 0) interval_ms = 1;
    if (interval_ms > UINT64_MAX / 2) interval_ms = UINT64_MAX / 2;
    /* Rounded up: a timer never fires early. */
    uint64_t now_ns = port_clock_monotonic_ns();
    uint64_t now_ms = (now_ns + (interval_ms != 0 ? NS_PER_MS - 1 : 0)) / NS_PER_MS;
    timer->item.owner = owner->id;
    timer->item.due_ms = now_ms + interval_ms;
    timer->period_ms = is_periodic ? interval_ms : 0;
    timer->untold_ms = timer->item.due_ms;
    put(wheel, &timer->item);
    extra->timer_count++;
    return timer->item.id;
}

static bool cancel(runtime_t *rt, actor_t *owner, timer_id_t id) {
    wheel_timer_t *timer = id_table_find(&rt->timer_ids, id);
    if (timer == NULL || timer->item.owner != owner->id) return false;
    owner->extra->timer_count--;
    end_timer(rt, timer);
    return true;
}

timer_id_t actor_set_timer(runtime_t *rt, uint64_t interval_ms, bool periodic) {
    if (rt == NULL || rt->current == NULL || rt->current->status == ACTOR_STOPPED)
        return TIMER_ID_INVALID;
    return arm(rt, rt->current, interval_ms, periodic);
}

bool actor_cancel_timer(runtime_t *rt, timer_id_t id) {
    return rt != NULL && rt->current != NULL && cancel(rt, rt->current, id);
}

timer_id_t actor__set_timer_for(runtime_t *rt, actor_id_t owner, uint64_t interval_ms,
                                bool periodic) {
    actor_t *actor = actor__find(rt, owner);
    return actor != NULL ? arm(rt, actor, interval_ms, periodic) : TIMER_ID_INVALID;
}

bool actor__cancel_timer_for(runtime_t *rt, actor_id_t owner, timer_id_t id) {
    actor_t *actor = actor__find(rt, owner);
    return actor != NULL && cancel(rt, actor, id);
}

/* A timer that its owner awaits passes the mail that waits, however full the mailbox.
 */
static bool deliver(runtime_t *rt, actor_t *owner, const timer_payload_t *payload) {
    if (owner->status != ACTOR_WAITING || owner->awaited != MSG_TIMER)
        return actor__deliver(rt, owner, ACTOR_ID_INVALID, MSG_TIMER, payload,
                              sizeof *payload) > 0;
    return actor__notify(rt, ACTOR_ID_INVALID, actor__id(rt, owner), MSG_TIMER, payload,
                         sizeof *payload);
}

static void fire(runtime_t *rt, wheel_timer_t *timer, uint64_t now_ms) {
    actor_t *owner = id_table_find(&rt->actors, timer->item.owner);
    if (owner == NULL) {
        rt->orphan_timers--;
        end_timer(rt, timer);
        return;
    }
    timer_payload_t payload;
    memset(&payload, 0, sizeof payload);
    payload.id = timer->item.id;
    payload.expirations = 1;
    if (timer->period_ms != 0)
        payload.expirations += (now_ms - timer->untold_ms) / timer->period_ms;
    list_remove(&timer->item.in_wheel);
    bool is_told = owner->status == ACTOR_STOPPED || deliver(rt, owner, &payload);
    if (is_told) {
        rt->counts.timers_fired++;
        if (timer->period_ms == 0) {
            owner->extra->timer_count--;
            end_timer(rt, timer);
            return;
        }
        timer->untold_ms += payload.expirations * timer->period_ms;
    }
    timer->item.due_ms = is_told ? timer->untold_ms : now_ms + 1;
    put(rt->wheel, &timer->item);
}

/* ---- deadlines ---- */

void deadline_init(deadline_t *deadline,
                   void (*on_due)(deadline_t *deadline, runtime_t *rt)) {
    memset(deadline, 0, sizeof *deadline);
    list_init(&deadline->item.in_wheel);
    deadline->on_due = on_due;
}

void deadline_clear(runtime_t *rt, deadline_t *deadline) {
    if (!deadline_is_set(deadline)) return;
    list_remove(&deadline->item.in_wheel);
    rt->deadline_count--;
}

/* Without memory for the wheel deadlines would be lost: they wait in the list of the
 * next look then, and are asked one by one. */
static void put_deadline(runtime_t *rt, deadline_t *deadline) {
    wheel_t *wheel = get_wheel(rt);
    if (wheel != NULL && deadline->item.due_ms != 0)
        put(wheel, &deadline->item);
    else
        list_insert_before(&rt->soon, &deadline->item.in_wheel);
}

void deadline_set(runtime_t *rt, deadline_t *deadline, uint32_t ms) {
    wheel_item_t *item = &deadline->item;
    uint64_t due_ms = 0;
    if (ms != 0) due_ms = (port_clock_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS + ms;
    if (deadline_is_set(deadline) && item->due_ms != 0 && due_ms >= item->due_ms &&
        due_ms - item->due_ms <= UINT32_MAX) {
        item->later_ms = (uint32_t)(due_ms - item->due_ms);
        return;
    }
    deadline_clear(rt, deadline);
    item->due_ms = due_ms;
    item->later_ms = 0;
    rt->deadline_count++;
    put_deadline(rt, deadline);
}

/* The wheel, or the next look, has brought it. */
static void meet_deadline(runtime_t *rt, deadline_t *deadline, uint64_t now_ms) {
    wheel_item_t *item = &deadline->item;
    list_remove(&item->in_wheel);
    item->due_ms += item->later_ms;
    item->later_ms = 0;
    if (item->due_ms > now_ms) {
        put_deadline(rt, deadline);
        return;
    }
    rt->deadline_count--;
    deadline->on_due(deadline, rt);
}

/* Move a whole list, so that what is put back during a walk is not met again. */
static void move_list(list_node_t *from, list_node_t *to) {
    list_init(to);
    if (list_is_empty(from)) return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    list_init(from);
}

static void meet_soon(runtime_t *rt, uint64_t now_ms) {
    list_node_t moved;
    move_list(&rt->soon, &moved);
    while (!list_is_empty(&moved))
        meet_deadline(rt, MK_CONTAINER_OF(moved.next, deadline_t, item.in_wheel),
                      now_ms);
}

static uint64_t next_soon_ns(const runtime_t *rt) {
    uint64_t next_ns = PORT_WAIT_FOR_EVER;
    for (const list_node_t *at = rt->soon.next; at != &rt->soon; at = at->next) {
        const wheel_item_t *item = MK_CONTAINER_OF(at, wheel_item_t, in_wheel);
        if (item->due_ms * NS_PER_MS < next_ns) next_ns = item->due_ms * NS_PER_MS;
    }
    return next_ns;
}

/* ---- the wheel turns ---- */

static void bring(runtime_t *rt, wheel_item_t *item, uint64_t now_ms) {
    if (item->id == 0)
        meet_deadline(rt, MK_CONTAINER_OF(item, deadline_t, item), now_ms);
    else
        fire(rt, MK_CONTAINER_OF(item, wheel_timer_t, item), now_ms);
}

/* Everything in one slot fires, or moves down. */
static void empty_slot(runtime_t *rt, unsigned level, uint64_t now_ms) {
    wheel_t *wheel = rt->wheel;
    unsigned at = group(wheel->now_ms, level);
    list_node_t *slot = &wheel->slots[level][at];
    list_node_t moved;
    move_list(slot, &moved);
    unmark(wheel, level, at);
    const list_node_t *scout = moved.prev;
    while (!list_is_empty(&moved)) {
        wheel_item_t *item = MK_CONTAINER_OF(moved.next, wheel_item_t, in_wheel);
        if (scout != NULL) scout = scout != moved.next ? scout->prev : NULL;
        if (item->due_ms > wheel->now_ms) {
            list_remove(&item->in_wheel);
            put(wheel, item);
            continue;
        }
        if (item->id == 0) scout = NULL; /* a deadline may free others */
        bring(rt, item, now_ms);
    }
}

void timers__advance(runtime_t *rt, uint64_t now_ns) {
    uint64_t now_ms = now_ns / NS_PER_MS;
    if (!list_is_empty(&rt->soon)) meet_soon(rt, now_ms);
    wheel_t *wheel = rt->wheel;
    if (wheel == NULL) return;
    uint64_t at_ms;
    unsigned level;
    while (next_event(wheel, &at_ms, &level) && at_ms <= now_ms) {
        if (at_ms > wheel->now_ms) wheel->now_ms = at_ms;
        empty_slot(rt, level, now_ms); /* what comes back is due later than now_ms */
    }
    if (now_ms > wheel->now_ms) wheel->now_ms = now_ms;
}

uint64_t timers__next_ns(const runtime_t *rt) {
    uint64_t at_ms;
    unsigned level;
    uint64_t soon_ns = next_soon_ns(rt);
    if (rt->wheel == NULL || !next_event(rt->wheel, &at_ms, &level)) return soon_ns;
    return at_ms * NS_PER_MS < soon_ns ? at_ms * NS_PER_MS : soon_ns;
}

/* Orphans are left where they lie until they are due or as many as the others: then
 * one walk finds them all. */
static void end_orphans(runtime_t *rt) {
    for (size_t i = 0; rt->orphan_timers != 0; i++) {
        MK_ASSERT(i < id_table_slots(&rt->timer_ids));
        wheel_timer_t *timer = rt->timer_ids.slots[i];
        if (timer == NULL || id_table_find(&rt->actors, timer->item.owner) != NULL)
            continue;
        rt->orphan_timers--;
        end_timer(rt, timer);
    }
}

void timers__leave_all(runtime_t *rt, actor_t *actor) {
    if (actor->extra == NULL || actor->extra->timer_count == 0) return;
    rt->orphan_timers += actor->extra->timer_count;
    actor->extra->timer_count = 0;
    if (rt->orphan_timers >= ORPHANS_MIN && rt->orphan_timers > rt->timer_ids.count / 2)
        end_orphans(rt);
}

size_t timers__count(const runtime_t *rt) {
    return rt->timer_ids.count - rt->orphan_timers;
}

void timers__deinit(runtime_t *rt) {
    mk_free(rt->wheel);
    id_table_deinit(&rt->timer_ids);
    pool_deinit(&rt->timer_pool);
}

size_t timers__item_size(void) {
    return sizeof(wheel_timer_t);
}
