/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of actors. One-shot timers are entries of the wheel, periodic ones items on
 * the heap. Once a timer exists nothing can be lost: a firing that finds no room or no
 * memory is tried again a millisecond later.
 *
 * A timer whose owner has ended stays where it lies and fires for nobody: a list of its
 * timers in each actor would cost two cache misses a timer. */
#include "microkernel/timer.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "kernel/runtime_impl.h"
#include "port/clock.h"

#include <string.h>

enum {
    NS_PER_MS = 1000000,
    ORPHANS_MIN = 64 /* timers of ended actors before they are looked for */
};

/* The sum of an interval and a clock can be written down. */
#define INTERVAL_MAX_MS (WHEEL_DUE_MAX / 2)

typedef struct {
    wheel_item_t item;
    uint64_t period_ms;
    uint64_t untold_ms; /* the first expiration that was not told yet */
} periodic_timer_t;

static periodic_timer_t *periodic_of(wheel_entry_t *timer) {
    MK_ASSERT(timer->is_item);
    return MK_CONTAINER_OF(timer, periodic_timer_t, item.entry);
}

/* ---- arming and cancelling ---- */

static wheel_entry_t *new_periodic(uint64_t due_ms, uint64_t period_ms) {
    periodic_timer_t *timer = mk_alloc(sizeof *timer);
    if (timer == NULL) return NULL;
    list_init(&timer->item.in_wheel);
    timer->item.entry.is_item = 1;
    wheel_set_due(&timer->item.entry, due_ms);
    timer->period_ms = period_ms;
    timer->untold_ms = due_ms;
    return &timer->item.entry;
}

/* It is not in the table, and its owner's count is right. */
static void free_timer(runtime_t *rt, wheel_entry_t *timer) {
    if (!timer->is_item) {
        wheel__drop(rt, timer);
        return;
    }
    list_remove(&periodic_of(timer)->item.in_wheel);
    mk_free(periodic_of(timer));
}

static timer_id_t arm(runtime_t *rt, actor_t *owner, uint64_t interval_ms,
                      bool is_periodic) {
    if (is_periodic && interval_ms == 0) interval_ms = 1;
    if (interval_ms > INTERVAL_MAX_MS) interval_ms = INTERVAL_MAX_MS;
    /* Rounded up: a timer never fires early. */
    uint64_t now_ns = port_clock_monotonic_ns();
    uint64_t now_ms = (now_ns + (interval_ms != 0 ? NS_PER_MS - 1 : 0)) / NS_PER_MS;
    uint64_t due_ms = now_ms + interval_ms;
    wheel_t *wheel = wheel__get(rt);
    actor_extra_t *extra = wheel != NULL ? actor__extra(rt, owner) : NULL;
    wheel_entry_t *timer = NULL;
    if (extra != NULL)
        timer =
            is_periodic ? new_periodic(due_ms, interval_ms) : wheel__add(rt, due_ms);
    if (timer == NULL || id_table_add(&rt->timer_ids, timer) == 0) {
        if (timer != NULL) free_timer(rt, timer);
        rt->counts.no_memory++;
        return TIMER_ID_INVALID;
    }
    timer->owner = owner->id;
    extra->timer_count++;
    if (is_periodic) wheel__put(wheel, &periodic_of(timer)->item);
    return timer->id;
}

static bool cancel(runtime_t *rt, actor_t *owner, timer_id_t id) {
    wheel_entry_t *timer = id_table_find(&rt->timer_ids, id);
    if (timer == NULL || timer->owner != owner->id) return false;
    owner->extra->timer_count--;
    id_table_remove(&rt->timer_ids, id);
    free_timer(rt, timer);
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

/* ---- firing ---- */

/* A timer that its owner awaits passes the mail that waits, however full the mailbox.
 */
static bool deliver(runtime_t *rt, actor_t *owner, timer_id_t id,
                    uint64_t expirations) {
    /* Written in whole words, as message__fill reads them: a read of more than was
     * written at once waits for all writes before it. */
    enum {
        SIZE = sizeof(timer_payload_t),
        AT = offsetof(timer_payload_t, expirations)
    };
    _Static_assert(AT <= sizeof(uint64_t), "the id is alone in its word or half word");
    uint64_t payload[(SIZE + 7) / 8] = {0};
    uint64_t first = 0;
    memcpy(&first, &id, sizeof id);
    payload[0] = first;
    memcpy((unsigned char *)payload + AT, &expirations, sizeof expirations);
    if (owner->status != ACTOR_WAITING || owner->awaited != MSG_TIMER)
        return actor__deliver(rt, owner, ACTOR_ID_INVALID, MSG_TIMER, payload, SIZE) >
               0;
    return actor__notify(rt, ACTOR_ID_INVALID, actor__id(rt, owner), MSG_TIMER, payload,
                         SIZE);
}

/* Tell the owner, if there is one. False: it must be tried again. */
static bool tell(runtime_t *rt, actor_t *owner, timer_id_t id, uint64_t expirations) {
    if (owner->status != ACTOR_STOPPED && !deliver(rt, owner, id, expirations))
        return false;
    rt->counts.timers_fired++;
    return true;
}

bool timer__fire(runtime_t *rt, const wheel_entry_t *timer) {
    actor_t *owner = id_table_find(&rt->actors, timer->owner);
    if (owner == NULL)
        rt->orphan_timers--;
    else if (tell(rt, owner, timer->id, 1))
        owner->extra->timer_count--;
    else
        return false;
    id_table_remove(&rt->timer_ids, timer->id);
    return true;
}

void timer__fire_item(runtime_t *rt, wheel_item_t *item, uint64_t now_ms) {
    periodic_timer_t *timer = periodic_of(&item->entry);
    actor_t *owner = id_table_find(&rt->actors, item->entry.owner);
    if (owner == NULL) {
        rt->orphan_timers--;
        id_table_remove(&rt->timer_ids, item->entry.id);
        free_timer(rt, &item->entry);
        return;
    }
    uint64_t expirations = 1 + (now_ms - timer->untold_ms) / timer->period_ms;
    if (tell(rt, owner, item->entry.id, expirations)) {
        timer->untold_ms += expirations * timer->period_ms;
        wheel_set_due(&item->entry, timer->untold_ms);
    } else {
        wheel_set_due(&item->entry, now_ms + 1);
    }
    wheel__put(rt->wheel, item);
}

void timers__advance(runtime_t *rt, uint64_t now_ns) {
    uint64_t now_ms = now_ns / NS_PER_MS;
    deadlines__meet_soon(rt, now_ms);
    wheel__turn(rt, now_ms);
}

uint64_t timers__next_ns(const runtime_t *rt) {
    uint64_t at_ms;
    uint64_t soon_ms = deadlines__next_soon_ms(rt);
    if (!wheel__next_ms(rt, &at_ms) || soon_ms < at_ms) at_ms = soon_ms;
    return at_ms != UINT64_MAX ? at_ms * NS_PER_MS : PORT_WAIT_FOR_EVER;
}

/* ---- ends ---- */

/* Orphans are left where they lie until they are due or as many as the others: then
 * one walk finds them all. */
static void end_orphans(runtime_t *rt) {
    for (size_t i = 0; rt->orphan_timers != 0; i++) {
        MK_ASSERT(i < id_table_slots(&rt->timer_ids));
        wheel_entry_t *timer = rt->timer_ids.slots[i];
        if (timer == NULL || id_table_find(&rt->actors, timer->owner) != NULL) continue;
        rt->orphan_timers--;
        id_table_remove(&rt->timer_ids, timer->id);
        free_timer(rt, timer);
    }
}

void timers__leave_all(runtime_t *rt, actor_t *actor) {
    rt->orphan_timers += actor->extra->timer_count;
    actor->extra->timer_count = 0;
    if (rt->orphan_timers >= ORPHANS_MIN && rt->orphan_timers > rt->timer_ids.count / 2)
        end_orphans(rt);
}

size_t timers__count(const runtime_t *rt) {
    return rt->timer_ids.count - rt->orphan_timers;
}

void timers__deinit(runtime_t *rt) {
    for (size_t i = 0; i < id_table_slots(&rt->timer_ids); i++)
        if (rt->timer_ids.slots[i] != NULL) free_timer(rt, rt->timer_ids.slots[i]);
    mk_free(rt->wheel);
    id_table_deinit(&rt->timer_ids);
    pool_deinit(&rt->chunk_pool);
}
