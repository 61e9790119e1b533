/* SPDX-License-Identifier: Apache-2.0 */
/* A hierarchical timing wheel: levels of 2^MK_WHEEL_BITS slots, one millisecond at the
 * bottom.
 *
 * A timer lies at the level of the highest group of MK_WHEEL_BITS bits in which its due
 * time differs from now; when now reaches the beginning of its slot it moves down, at
 * the bottom it fires. A timer whose owner has ended fires for nobody: a list of its
 * timers in each actor would cost two cache misses a timer. Arming and cancelling are O(1), each timer moves at most once a
 * level, and a bit per slot finds the next event without walking. A heap was rejected:
 * it costs log n scattered memory accesses at each end. Nothing here allocates once a
 * timer exists, so nothing can be lost: a firing that finds no room or no memory is
 * tried again a millisecond later.
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

/* Sums of two intervals and a clock stay within 63 bits. */
#define INTERVAL_MAX_MS (UINT64_MAX / 8)

enum { NS_PER_MS = 1000000, WHEEL_SPAN_BITS = WHEEL_BITS * WHEEL_LEVELS };

/* What a timer of an actor is beyond an item of the wheel, if it is periodic. These
 * come from the heap, one-shot timers from a pool of bare items: two in a cache line. */
typedef struct {
    wheel_item_t item;
    uint64_t period_ms;
    uint64_t untold_ms; /* the first expiration that was not told yet */
} periodic_timer_t;

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

static periodic_timer_t *periodic(wheel_item_t *timer) {
    return MK_CONTAINER_OF(timer, periodic_timer_t, item);
}

static wheel_item_t *new_timer(runtime_t *rt, bool is_periodic) {
    if (!is_periodic) return pool_take(&rt->timer_pool);
    periodic_timer_t *made = mk_alloc(sizeof *made);
    if (made == NULL) return NULL;
    rt->periodic_timers++;
    return &made->item;
}

static void free_timer(runtime_t *rt, wheel_item_t *timer, bool is_periodic) {
    if (!is_periodic) {
        pool_give(&rt->timer_pool, timer);
        return;
    }
    rt->periodic_timers--;
    mk_free(periodic(timer));
}

static void end_timer(runtime_t *rt, wheel_item_t *timer) {
    list_remove(&timer->in_wheel);
    id_table_remove(&rt->timer_ids, timer->id);
    free_timer(rt, timer, timer->repeats);
}

static timer_id_t arm(runtime_t *rt, actor_t *owner, uint64_t interval_ms,
                      bool is_periodic) {
    wheel_t *wheel = get_wheel(rt);
    actor_extra_t *extra = actor__extra(rt, owner);
    wheel_item_t *timer =
        wheel != NULL && extra != NULL ? new_timer(rt, is_periodic) : NULL;
    if (timer == NULL || id_table_add(&rt->timer_ids, timer) == 0) {
        if (timer != NULL) free_timer(rt, timer, is_periodic);
        rt->counts.no_memory++;
        return TIMER_ID_INVALID;
    }
    if (is_periodic && interval_ms == 0) interval_ms = 1;
    if (interval_ms > INTERVAL_MAX_MS) interval_ms = INTERVAL_MAX_MS;
    /* Rounded up: a timer never fires early. */
    uint64_t now_ns = port_clock_monotonic_ns();
    uint64_t now_ms = (now_ns + (interval_ms != 0 ? NS_PER_MS - 1 : 0)) / NS_PER_MS;
    timer->owner = owner->id;
    timer->due_ms = now_ms + interval_ms;
    timer->repeats = is_periodic;
    if (is_periodic) {
        periodic(timer)->period_ms = interval_ms;
        periodic(timer)->untold_ms = timer->due_ms;
    }
    put(wheel, timer);
    extra->timer_count++;
    return timer->id;
}

static bool cancel(runtime_t *rt, actor_t *owner, timer_id_t id) {
    wheel_item_t *timer = id_table_find(&rt->timer_ids, id);
    if (timer == NULL || timer->owner != owner->id) return false;
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

/* Expirations of a timer that were not told yet. */
static uint64_t untold(wheel_item_t *timer, uint64_t now_ms) {
    if (!timer->repeats) return 1;
    return 1 + (now_ms - periodic(timer)->untold_ms) / periodic(timer)->period_ms;
}

static void fire(runtime_t *rt, wheel_item_t *timer, uint64_t now_ms) {
    actor_t *owner = id_table_find(&rt->actors, timer->owner);
    if (owner == NULL) {
        rt->orphan_timers--;
        end_timer(rt, timer);
        return;
    }
    timer_payload_t payload;
    memset(&payload, 0, sizeof payload);
    payload.id = timer->id;
    payload.expirations = untold(timer, now_ms);
    bool is_told = owner->status == ACTOR_STOPPED || deliver(rt, owner, &payload);
    if (is_told) rt->counts.timers_fired++;
    if (is_told && !timer->repeats) {
        owner->extra->timer_count--;
        end_timer(rt, timer);
        return;
    }
    list_remove(&timer->in_wheel);
    timer->due_ms = now_ms + 1;
    if (is_told) {
        periodic_timer_t *told = periodic(timer);
        told->untold_ms += payload.expirations * told->period_ms;
        timer->due_ms = told->untold_ms;
    }
    put(rt->wheel, timer);
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
 * next look then, and look at the clock there. */
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

/* ---- the wheel turns ---- */

static void bring(runtime_t *rt, wheel_item_t *item, uint64_t now_ms) {
    if (item->id == 0)
        meet_deadline(rt, MK_CONTAINER_OF(item, deadline_t, item), now_ms);
    else
        fire(rt, item, now_ms);
}

/* What lies in the slot of the moment at the bottom fires. False: `*left` ran out.
 *
 * The timers of a slot lie anywhere in memory, so each step waits for it. A scout that
 * comes from the other end waits at the same time, and when both meet the second half
 * is in the cache. What a deadline does may end any other one, and the scout with it. */
static bool fire_slot(runtime_t *rt, uint64_t now_ms, unsigned *left) {
    unsigned at = group(rt->wheel->now_ms, 0);
    const list_node_t *slot = &rt->wheel->slots[0][at];
    const list_node_t *scout = slot->prev;
    while (!list_is_empty(slot)) {
        if ((*left)-- == 0) return false;
        wheel_item_t *item = MK_CONTAINER_OF(slot->next, wheel_item_t, in_wheel);
        if (scout == &item->in_wheel || item->id == 0) scout = NULL;
        if (scout != NULL) scout = scout->prev;
        bring(rt, item, now_ms); /* what comes back is due later than now_ms */
    }
    unmark(rt->wheel, 0, at);
    return true;
}

/* All that lies in a slot above moves down, so that the order below is complete. */
static void move_down(wheel_t *wheel, unsigned level) {
    unsigned at = group(wheel->now_ms, level);
    list_node_t moved; /* what goes round comes back into the same slot */
    move_list(&wheel->slots[level][at], &moved);
    unmark(wheel, level, at);
    while (!list_is_empty(&moved)) {
        wheel_item_t *item = MK_CONTAINER_OF(moved.next, wheel_item_t, in_wheel);
        list_remove(&item->in_wheel);
        put(wheel, item);
    }
}

/* A crowd that is due at once comes in portions, between which the actors run: its
 * messages stay in the cache, and nobody waits for all of them. */
void timers__advance(runtime_t *rt, uint64_t now_ns) {
    uint64_t now_ms = now_ns / NS_PER_MS;
    if (!list_is_empty(&rt->soon)) meet_soon(rt, now_ms);
    wheel_t *wheel = rt->wheel;
    if (wheel == NULL) return;
    uint64_t at_ms;
    unsigned level;
    unsigned left = MK_TIMER_BATCH;
    while (next_event(wheel, &at_ms, &level) && at_ms <= now_ms) {
        if (at_ms > wheel->now_ms) wheel->now_ms = at_ms;
        if (level > 0)
            move_down(wheel, level);
        else if (!fire_slot(rt, now_ms, &left))
            return;
    }
    if (now_ms > wheel->now_ms) wheel->now_ms = now_ms;
}

uint64_t timers__next_ns(const runtime_t *rt) {
    uint64_t at_ms;
    unsigned level;
    if (!list_is_empty(&rt->soon)) return 0;
    if (rt->wheel == NULL || !next_event(rt->wheel, &at_ms, &level))
        return PORT_WAIT_FOR_EVER;
    return at_ms * NS_PER_MS;
}

/* Orphans are left where they lie until they are due or as many as the others: then
 * one walk finds them all. */
static void end_orphans(runtime_t *rt) {
    for (size_t i = 0; rt->orphan_timers != 0; i++) {
        MK_ASSERT(i < id_table_slots(&rt->timer_ids));
        wheel_item_t *timer = rt->timer_ids.slots[i];
        if (timer == NULL || id_table_find(&rt->actors, timer->owner) != NULL) continue;
        rt->orphan_timers--;
        end_timer(rt, timer);
    }
}

void timers__leave_all(runtime_t *rt, actor_t *actor) {
    if (actor->extra == NULL || actor->extra->timer_count == 0) return;
    rt->orphan_timers += actor->extra->timer_count;
    actor->extra->timer_count = 0;
    if (rt->orphan_timers >= ORPHANS_MIN &&
        rt->orphan_timers > rt->timer_ids.count / 2)
        end_orphans(rt);
}

size_t timers__count(const runtime_t *rt) {
    return rt->timer_ids.count - rt->orphan_timers;
}

void timers__deinit(runtime_t *rt) {
    for (size_t i = 0; rt->periodic_timers != 0; i++) {
        wheel_item_t *timer = rt->timer_ids.slots[i];
        if (timer != NULL && timer->repeats) free_timer(rt, timer, true);
    }
    mk_free(rt->wheel);
    id_table_deinit(&rt->timer_ids);
    pool_deinit(&rt->timer_pool);
}

size_t timers__item_size(void) {
    return sizeof(wheel_item_t);
}
