/* SPDX-License-Identifier: Apache-2.0 */
/* Links and monitors.
 *
 * Each half of a link and each monitor holds the message that will tell its owner, so
 * an end is told even when memory is short then. A link is one block with two halves,
 * one in the list of each actor. */
#include "base/alloc.h"
#include "kernel/runtime_impl.h"
#include "microkernel/error.h"

#include <string.h>

typedef struct link_half {
    list_node_t node;        /* in extra.links of the owner */
    struct link_half *other; /* half of the other actor */
    message_t *notice;       /* reserved MSG_EXIT to the owner */
    uint32_t owner;          /* local number */
    bool is_first;           /* the block begins at this half */
} link_half_t;

typedef struct {
    link_half_t half[2];
} link_t;

typedef struct {
    uint32_t id;            /* first, see id_table.h */
    uint32_t watcher;       /* local number of who is told */
    actor_id_t target;      /* who is watched */
    list_node_t of_watcher; /* in its extra.monitors */
    list_node_t of_target;  /* in its extra.watchers */
    message_t *notice;      /* reserved MSG_DOWN */
    bond_t *bond;           /* to a target of another node; else NULL */
} monitor_t;

static void fill_notice(message_t *notice, actor_id_t who, monitor_id_t monitor,
                        uint8_t reason, const char *text) {
    down_payload_t payload;
    memset(&payload, 0, sizeof payload);
    payload.actor_id = who;
    payload.monitor = monitor;
    payload.exit_reason = reason;
    memcpy(payload.text, text, strlen(text) + 1);
    memcpy(notice->payload, &payload, sizeof payload);
}

static void end_half(runtime_t *rt, link_half_t *half) {
    if (half->notice != NULL) message__end(rt, half->notice);
    list_remove(&half->node);
    actor_t *owner = id_table_find(&rt->actors, half->owner);
    if (owner != NULL && owner->extra != NULL) owner->extra->link_count--;
}

static void free_link(runtime_t *rt, link_half_t *half) {
    link_half_t *other = half->other;
    end_half(rt, half);
    end_half(rt, other);
    mk_free(half->is_first ? half : other);
}

/* The half of `actor`. Of the two lists the shorter one is walked, so that a million
 * actors can be linked to one. */
static link_half_t *find_link(const actor_t *actor, const actor_t *peer) {
    if (actor->extra == NULL || peer->extra == NULL) return NULL;
    bool is_mine = actor->extra->link_count <= peer->extra->link_count;
    const list_node_t *head = is_mine ? &actor->extra->links : &peer->extra->links;
    uint32_t wanted = is_mine ? peer->id : actor->id;
    for (list_node_t *at = head->next; at != head; at = at->next) {
        link_half_t *half = MK_CONTAINER_OF(at, link_half_t, node);
        if (half->other->owner == wanted) return is_mine ? half : half->other;
    }
    return NULL;
}

void link__signal(runtime_t *rt, actor_t *owner, message_t **notice, actor_id_t who,
                  uint8_t reason, const char *text) {
    if (owner->flags & ACTOR_TRAPS) {
        fill_notice(*notice, who, 0, reason, text);
        actor__deliver_notice(rt, owner, *notice, who, MSG_EXIT);
        *notice = NULL;
    } else if (exit_is_abnormal(reason)) {
        exit__stop(rt, owner, reason, text);
        owner->flags |= ACTOR_EXIT_SAID; /* whatever its behaviour returns */
    }
}

/* Nobody is there: as if it had just ended. */
static bool signal_absent(runtime_t *rt, actor_t *self, actor_id_t other) {
    bool is_local = actor_id_node(other) == rt->node;
    message_t *notice = message__new(rt, NULL, sizeof(down_payload_t));
    if (notice == NULL) {
        rt->counts.no_memory++;
        return false;
    }
    link__signal(rt, self, &notice, other, is_local ? EXIT_NO_ACTOR : EXIT_NODE_LOST,
                 is_local ? "linked to nobody" : "linked to a node that is not there");
    if (notice != NULL) message__end(rt, notice);
    return true;
}

static link_t *new_link(runtime_t *rt, actor_t *self, actor_t *peer) {
    link_t *link = mk_calloc(1, sizeof *link);
    if (link == NULL) return NULL;
    actor_t *owners[2] = {self, peer};
    for (int i = 0; i < 2; i++) {
        link_half_t *half = &link->half[i];
        half->other = &link->half[1 - i];
        half->owner = owners[i]->id;
        half->is_first = i == 0;
        half->notice = message__new(rt, NULL, sizeof(down_payload_t));
        if (half->notice == NULL) {
            if (i == 1) message__end(rt, link->half[0].notice);
            mk_free(link);
            return NULL;
        }
    }
    for (int i = 0; i < 2; i++) {
        actor_extra_t *extra = owners[i]->extra;
        list_insert_before(&extra->links, &link->half[i].node);
        extra->link_count++;
    }
    return link;
}

bool actor_link(runtime_t *rt, actor_id_t other) {
    if (rt == NULL || rt->current == NULL || other == actor_self(rt)) return false;
    actor_t *self = rt->current;
    actor_t *peer = actor__find(rt, other);
    if (peer == NULL && actor_id_node(other) != rt->node) {
        int result = bond__link(rt, self, other);
        if (result == MK_OK || result == MK_EEXIST) return true;
        if (result == MK_ENOMEM) return false;
    }
    if (peer == NULL) return signal_absent(rt, self, other);
    if (find_link(self, peer) != NULL) return true;
    if (actor__extra(rt, self) == NULL || actor__extra(rt, peer) == NULL) return false;
    if (new_link(rt, self, peer) != NULL) return true;
    rt->counts.no_memory++;
    return false;
}

bool actor_unlink(runtime_t *rt, actor_id_t other) {
    if (rt == NULL || rt->current == NULL) return false;
    if (actor_id_node(other) != rt->node) return bond__unlink(rt, rt->current, other);
    actor_t *peer = id_table_find(&rt->actors, actor_id_seq(other));
    link_half_t *half = peer != NULL ? find_link(rt->current, peer) : NULL;
    if (half == NULL) return false;
    free_link(rt, half);
    return true;
}

void actor_trap_exits(runtime_t *rt, bool on) {
    if (rt == NULL || rt->current == NULL) return;
    if (on)
        rt->current->flags |= ACTOR_TRAPS;
    else
        rt->current->flags &= (uint8_t)~ACTOR_TRAPS;
}

static void free_monitor(runtime_t *rt, monitor_t *monitor) {
    if (monitor->bond != NULL) bond__drop_monitor(rt, monitor->bond);
    if (monitor->notice != NULL) message__end(rt, monitor->notice);
    list_remove(&monitor->of_watcher);
    list_remove(&monitor->of_target);
    id_table_remove(&rt->monitor_ids, monitor->id);
    actor_t *watcher = id_table_find(&rt->actors, monitor->watcher);
    if (watcher != NULL && watcher->extra != NULL) watcher->extra->monitor_count--;
    mk_free(monitor);
}

static void fire_monitor(runtime_t *rt, monitor_t *monitor, uint8_t reason,
                         const char *text) {
    actor_t *watcher = actor__find(rt, actor_id_make(rt->node, monitor->watcher));
    if (watcher != NULL) {
        fill_notice(monitor->notice, monitor->target, monitor->id, reason, text);
        actor__deliver_notice(rt, watcher, monitor->notice, monitor->target, MSG_DOWN);
        monitor->notice = NULL;
    }
    free_monitor(rt, monitor);
}

/* A new monitor whose target is of another node; returns what actor_monitor does. */
static monitor_id_t watch_far(runtime_t *rt, actor_t *self, monitor_t *monitor) {
    monitor_id_t id = monitor->id;
    int result = bond__monitor(rt, self, monitor->target, id, &monitor->bond);
    if (result == MK_OK) return id;
    if (result == MK_ENOMEM) {
        rt->counts.no_memory++;
        free_monitor(rt, monitor);
        return 0;
    }
    fire_monitor(rt, monitor, EXIT_NODE_LOST, "");
    return id;
}

monitor_id_t actor_monitor(runtime_t *rt, actor_id_t target) {
    if (rt == NULL || rt->current == NULL) return 0;
    actor_t *self = rt->current;
    actor_t *peer = actor__find(rt, target);
    if (actor__extra(rt, self) == NULL) return 0;
    if (peer != NULL && actor__extra(rt, peer) == NULL) return 0;
    monitor_t *monitor = mk_calloc(1, sizeof *monitor);
    message_t *notice = message__new(rt, NULL, sizeof(down_payload_t));
    if (monitor == NULL || notice == NULL ||
        id_table_add(&rt->monitor_ids, monitor) == 0) {
        rt->counts.no_memory++;
        if (notice != NULL) message__end(rt, notice);
        mk_free(monitor);
        return 0;
    }
    monitor_id_t id = monitor->id;
    monitor->watcher = self->id;
    monitor->target = target;
    monitor->notice = notice;
    list_init(&monitor->of_target);
    list_insert_before(&self->extra->monitors, &monitor->of_watcher);
    self->extra->monitor_count++;
    if (peer != NULL)
        list_insert_before(&peer->extra->watchers, &monitor->of_target);
    else if (actor_id_node(target) == rt->node)
        fire_monitor(rt, monitor, EXIT_NO_ACTOR, "");
    else
        return watch_far(rt, self, monitor);
    return id;
}

bond_t *monitor__bond(runtime_t *rt, monitor_id_t id, bool take) {
    monitor_t *monitor = id_table_find(&rt->monitor_ids, id);
    bond_t *bond = monitor != NULL ? monitor->bond : NULL;
    if (bond != NULL && take) monitor->bond = NULL;
    return bond;
}

void monitor__fire(runtime_t *rt, monitor_id_t id, uint8_t reason, const char *text) {
    fire_monitor(rt, id_table_find(&rt->monitor_ids, id), reason, text);
}

bool actor_demonitor(runtime_t *rt, monitor_id_t id) {
    if (rt == NULL || rt->current == NULL) return false;
    monitor_t *monitor = id_table_find(&rt->monitor_ids, id);
    if (monitor == NULL || monitor->watcher != rt->current->id) return false;
    free_monitor(rt, monitor);
    return true;
}

void links__on_exit(runtime_t *rt, actor_t *actor, uint8_t reason, const char *text) {
    actor_extra_t *extra = actor->extra;
    bonds__on_exit(rt, actor, reason, text);
    actor_id_t who = actor__id(rt, actor);
    while (!list_is_empty(&extra->links)) {
        link_half_t *half = MK_CONTAINER_OF(extra->links.next, link_half_t, node);
        actor_t *peer = actor__find(rt, actor_id_make(rt->node, half->other->owner));
        if (peer != NULL)
            link__signal(rt, peer, &half->other->notice, who, reason, text);
        free_link(rt, half);
    }
    while (!list_is_empty(&extra->watchers))
        fire_monitor(rt, MK_CONTAINER_OF(extra->watchers.next, monitor_t, of_target),
                     reason, text);
    while (!list_is_empty(&extra->monitors))
        free_monitor(rt, MK_CONTAINER_OF(extra->monitors.next, monitor_t, of_watcher));
}

void links__discard(runtime_t *rt, actor_t *actor) {
    actor_extra_t *extra = actor->extra;
    if (extra == NULL) return;
    bonds__discard(rt, actor);
    while (!list_is_empty(&extra->links))
        free_link(rt, MK_CONTAINER_OF(extra->links.next, link_half_t, node));
    while (!list_is_empty(&extra->watchers))
        free_monitor(rt, MK_CONTAINER_OF(extra->watchers.next, monitor_t, of_target));
    while (!list_is_empty(&extra->monitors))
        free_monitor(rt, MK_CONTAINER_OF(extra->monitors.next, monitor_t, of_watcher));
}
