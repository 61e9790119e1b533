/* SPDX-License-Identifier: Apache-2.0 */
/* Facts for shells and dashboards. Walks all actors; nothing here is on a hot path. */
#include "base/alloc.h"
#include "kernel/runtime_impl.h"

#include <stdlib.h>

static actor_info_t info_of(runtime_t *rt, const actor_t *actor) {
    return (actor_info_t){
        .id = actor__id(rt, actor),
        .status = (actor_status_t)actor->status,
        .mailbox_used = actor->capacity - room__messages(actor->room),
        .mailbox_cap = actor->capacity,
        .parent = actor->parent != 0 ? actor_id_make(rt->node, actor->parent)
                                     : ACTOR_ID_INVALID,
    };
}

/* Walk live actors in ascending order of their numbers: from slot to slot when the
 * numbers lie in one window of the table, else smallest first by repeated search is too
 * slow, so the caller's buffer is sorted afterwards. */
static int by_id(const void *left, const void *right) {
    actor_id_t a = *(const actor_id_t *)left;
    actor_id_t b = *(const actor_id_t *)right;
    return (a > b) - (a < b);
}

size_t runtime_list_actors(runtime_t *rt, actor_id_t *buf, size_t max_count) {
    if (rt == NULL) return 0;
    size_t live = 0;
    actor_id_t *all = NULL;
    /* More live actors than room: all are collected first, so that the oldest win. */
    if (buf != NULL && rt->actors.count > max_count)
        all = mk_alloc(rt->actors.count * sizeof *all);
    actor_id_t *to = all != NULL ? all : buf;
    size_t cap = all != NULL ? rt->actors.count : max_count;
    for (size_t i = 0; i < id_table_slots(&rt->actors); i++) {
        const actor_t *actor = rt->actors.slots[i];
        if (actor == NULL || actor->status == ACTOR_STOPPED) continue;
        if (to != NULL && live < cap) to[live] = actor__id(rt, actor);
        live++;
    }
    if (buf == NULL) return live;
    if (live > cap) live = cap;
    qsort(to, live, sizeof *to, by_id);
    if (all != NULL) {
        if (live > max_count) live = max_count;
        for (size_t i = 0; i < live; i++)
            buf[i] = all[i];
        mk_free(all);
    }
    return live;
}

size_t runtime_actor_info(runtime_t *rt, actor_info_t *buf, size_t max) {
    if (rt == NULL || buf == NULL) return runtime_list_actors(rt, NULL, 0);
    if (max > rt->actors.count) max = rt->actors.count;
    if (max == 0) return 0;
    actor_id_t *ids = mk_alloc(max * sizeof *ids);
    if (ids == NULL) return 0;
    size_t count = runtime_list_actors(rt, ids, max);
    for (size_t i = 0; i < count; i++)
        buf[i] = info_of(rt, actor__find(rt, ids[i]));
    mk_free(ids);
    return count;
}

bool runtime_actor_find(runtime_t *rt, actor_id_t id, actor_info_t *out) {
    actor_t *actor = rt != NULL ? actor__find(rt, id) : NULL;
    if (actor == NULL) return false;
    if (out != NULL) *out = info_of(rt, actor);
    return true;
}

bool runtime_actor_stats(runtime_t *rt, actor_id_t id, actor_stats_t *out) {
    actor_t *actor = rt != NULL ? actor__find(rt, id) : NULL;
    if (actor == NULL || out == NULL) return false;
    const actor_extra_t *extra = actor->extra;
    size_t bytes_cap = extra != NULL && extra->mailbox_bytes != 0 ? extra->mailbox_bytes
                                                                  : MK_MAILBOX_BYTES;
    *out = (actor_stats_t){
        .handled = actor->handled,
        .mailbox_bytes_cap = bytes_cap,
        .mailbox_bytes_used =
            bytes_cap / BLOCK_UNIT * BLOCK_UNIT - room__bytes(actor->room),
        .last_type = actor == rt->current && rt->message != NULL ? rt->message->type
                                                                 : actor->last_type,
        .priority = actor->flags & ACTOR_IS_SYSTEM ? ACTOR_PRIORITY_SYSTEM
                                                   : ACTOR_PRIORITY_NORMAL,
    };
    if (extra == NULL) return true;
    out->dropped = extra->dropped;
    out->time_ns = extra->time_ns;
    out->timers = extra->timer_count;
    out->watches = extra->watch_count;
    out->links = extra->link_count;
    out->monitors = extra->monitor_count;
    return true;
}

runtime_counters_t runtime_counters(runtime_t *rt) {
    if (rt == NULL) return (runtime_counters_t){0};
    runtime_counters_t counters = rt->counts;
    counters.sends = rt->sends;
    counters.actors = rt->actors.count;
    counters.timers = timers__count(rt);
    counters.watches = rt->watch_count;
    counters.memory_bytes = rt->actor_pool.bytes + rt->chunk_pool.bytes +
                            id_table_slots(&rt->actors) * sizeof(void *) +
                            id_table_slots(&rt->timer_ids) * sizeof(void *);
    for (size_t i = 0; i < MESSAGE_CLASSES; i++)
        counters.memory_bytes += rt->messages[i].bytes;
    return counters;
}

void runtime_measure_time(runtime_t *rt, bool on) {
    if (rt != NULL) rt->is_timed = on;
}

size_t runtime_get_max_actors(runtime_t *rt) {
    return rt != NULL ? rt->max_actors : 0;
}

node_id_t runtime_get_node_id(runtime_t *rt) {
    return rt != NULL ? rt->node : 0;
}
