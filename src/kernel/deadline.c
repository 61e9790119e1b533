/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines are items of the wheel; those armed with 0 ms wait in a list of their own
 * for the next look of the loop. */
#include "kernel/deadline.h"

#include "kernel/runtime_impl.h"
#include "port/clock.h"

#include <string.h>

enum { NS_PER_MS = 1000000 };

void deadline_init(deadline_t *deadline,
                   void (*on_due)(deadline_t *deadline, runtime_t *rt)) {
    memset(deadline, 0, sizeof *deadline);
    list_init(&deadline->item.in_wheel);
    deadline->item.entry.is_item = 1;
    deadline->on_due = on_due;
}

/* An armed one that is not quiet is a reason to go on. */
static void count(runtime_t *rt, const deadline_t *deadline, bool is_armed) {
    if (deadline->item.entry.is_quiet) return;
    if (is_armed)
        rt->deadline_count++;
    else
        rt->deadline_count--;
}

void deadline_set_quiet(runtime_t *rt, deadline_t *deadline, bool is_quiet) {
    bool is_armed = deadline_is_set(deadline);
    if (is_armed) count(rt, deadline, false);
    deadline->item.entry.is_quiet = is_quiet ? 1 : 0;
    if (is_armed) count(rt, deadline, true);
}

void deadline_clear(runtime_t *rt, deadline_t *deadline) {
    if (!deadline_is_set(deadline)) return;
    list_remove(&deadline->item.in_wheel);
    count(rt, deadline, false);
}

/* Without memory for the wheel deadlines would be lost: they wait in the list of the
 * next look then, and are asked one by one. */
static void put(runtime_t *rt, wheel_item_t *item) {
    wheel_t *wheel = wheel__get(rt);
    if (wheel != NULL && item->entry.due_ms != 0)
        wheel__put(wheel, item);
    else
        list_insert_before(&rt->soon, &item->in_wheel);
}

/* The millisecond that is `ms` after a clock: rounded up, so never early. */
static uint64_t due_after(uint64_t clock_ns, uint32_t ms) {
    return (clock_ns + NS_PER_MS - 1) / NS_PER_MS + ms;
}

static void arm(runtime_t *rt, deadline_t *deadline, uint64_t due_ms) {
    wheel_entry_t *entry = &deadline->item.entry;
    if (deadline_is_set(deadline) && entry->due_ms != 0 && due_ms >= entry->due_ms &&
        due_ms - entry->due_ms <= UINT32_MAX) {
        entry->later_ms = (uint32_t)(due_ms - entry->due_ms);
        return;
    }
    deadline_clear(rt, deadline);
    wheel_set_due(entry, due_ms);
    entry->later_ms = 0;
    count(rt, deadline, true);
    put(rt, &deadline->item);
}

void deadline_set(runtime_t *rt, deadline_t *deadline, uint32_t ms) {
    arm(rt, deadline, ms != 0 ? due_after(port_clock_monotonic_ns(), ms) : 0);
}

void deadline_set_roughly(runtime_t *rt, deadline_t *deadline, uint32_t ms) {
    arm(rt, deadline, due_after(rt->looked_ns, ms));
}

void deadline__meet(runtime_t *rt, wheel_item_t *item, uint64_t now_ms) {
    deadline_t *deadline = MK_CONTAINER_OF(item, deadline_t, item);
    wheel_set_due(&item->entry, item->entry.due_ms + item->entry.later_ms);
    item->entry.later_ms = 0;
    if (item->entry.due_ms > now_ms) {
        put(rt, item);
        return;
    }
    count(rt, deadline, false);
    deadline->on_due(deadline, rt);
}

uint64_t deadlines__next_soon_ms(const runtime_t *rt) {
    uint64_t next_ms = UINT64_MAX;
    for (const list_node_t *at = rt->soon.next; at != &rt->soon; at = at->next) {
        const wheel_item_t *item = MK_CONTAINER_OF(at, wheel_item_t, in_wheel);
        if (item->entry.due_ms < next_ms) next_ms = item->entry.due_ms;
    }
    return next_ms;
}

/* What is put back during the walk is not met again. */
void deadlines__meet_soon(runtime_t *rt, uint64_t now_ms) {
    list_node_t moved;
    list_move(&rt->soon, &moved);
    while (!list_is_empty(&moved)) {
        wheel_item_t *item = MK_CONTAINER_OF(moved.next, wheel_item_t, in_wheel);
        list_remove(&item->in_wheel);
        deadline__meet(rt, item, now_ms);
    }
}
