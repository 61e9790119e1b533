/* SPDX-License-Identifier: Apache-2.0 */
/* registry_sync.c - per peer a tree of what it told (peer_tree) and a feed of what it
 * is told (name_feed), kept from its coming to its going; what becomes of the names in
 * the trees is in name_claims.c.
 *
 * Invariant: an observer of names changes nothing but feeds and the names that are on
 * offer: it runs in the middle of a change, and ending a peer there would change names;
 * so a feed that failed is ended at the deadline. */
#include "ipc/registry_sync.h"

#include "base/alloc.h"
#include "ipc/registry_sync_impl.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"

#include <string.h>

/* --- what a peer says --- */

static void end_waits(runtime_t *rt, mate_t *mate, bool is_known) {
    mate->is_known = is_known;
    while (!list_is_empty(&mate->waits)) {
        names_wait_t *wait = MK_CONTAINER_OF(mate->waits.next, names_wait_t, node);
        list_remove(&wait->node);
        wait->on_end(wait, rt, is_known);
    }
}

static int on_control(void *ctx, runtime_t *rt, peer_t *peer,
                      const wire_message_t *wire) {
    sync_t *sync = ctx;
    registry_message_t message;
    if (wire->type == MSG_NAMES_TOLD) {
        mate_t *mate = find_mate(sync, peer_facts(peer)->node);
        if (wire->payload_size > 0) return MK_EBADMSG;
        if (mate != NULL) end_waits(rt, mate, true);
        return MK_OK;
    }
    int result = registry_message_decode(wire->type, wire->payload, wire->payload_size,
                                         &message);
    if (result < 0) return result;
    mate_t *mate = find_mate(sync, peer_facts(peer)->node);
    if (mate == NULL) return MK_OK; /* it was said that it does not care for names */
    switch (message.type) {
    case MSG_NAME_REGISTER:
    case MSG_PATH_REGISTER: return name_claims__take(sync, mate, &message);
    case MSG_NAME_CONFLICT:
        name_claims__hear_conflict(sync, mate, &message);
        return MK_OK;
    default: name_claims__drop(sync, mate, &message); return MK_OK;
    }
}

/* --- what a peer is told --- */

static int pump(sync_t *sync, mate_t *mate) {
    int result = name_claims__tell_refused(sync, mate);
    return result < 0 ? result : name_feed_pump(&mate->feed, sync->rt, mate->peer);
}

static void go_on(sync_t *sync, mate_t *mate) {
    int result = pump(sync, mate);
    if (result == MK_EAGAIN) arm(sync, &sync->pump, 0);
    if (result == MK_ENOMEM) arm(sync, &sync->pump, PEER_RETRY_MS);
}

static void end_broken(sync_t *sync) {
    mate_t *mate = first_mate(sync);
    while (mate != NULL) {
        if (mate->broken == MK_OK) {
            mate = next_mate(sync, mate);
            continue;
        }
        int reason = mate->broken;
        mate->broken = MK_OK;
        peer_end(sync->rt, mate->peer, reason, "its names could not be kept in step");
        mate = first_mate(sync); /* others may have gone with it */
    }
}

/* A step of dropping the names of nodes that have gone. */
static void drop_some(sync_t *sync) {
    if (gone_names_drop(&sync->gone, MK_NAME_BATCH)) arm(sync, &sync->pump, 0);
}

static void on_pump(deadline_t *deadline, runtime_t *rt) {
    sync_t *sync = MK_CONTAINER_OF(deadline, sync_t, pump);
    (void)rt;
    if (sync->wants_paths) name_claims__list_paths(sync);
    end_broken(sync);
    for (mate_t *mate = first_mate(sync); mate != NULL; mate = next_mate(sync, mate))
        go_on(sync, mate);
    drop_some(sync);
}

static void on_name(runtime_t *rt, const char *name, actor_id_t id, bool is_registered,
                    void *ctx) {
    sync_t *sync = ctx;
    bool is_ours = actor_id_node(id) == runtime_get_node_id(rt);
    for (mate_t *mate = first_mate(sync); is_ours && mate != NULL;
         mate = next_mate(sync, mate)) {
        int result = name_feed_touch(&mate->feed, rt, mate->peer, name);
        if (result == MK_EAGAIN) arm(sync, &sync->pump, PEER_RETRY_MS);
        if (result == MK_OK || result == MK_EAGAIN) continue;
        mate->broken = result;
        arm(sync, &sync->pump, 0);
    }
    if (is_registered && is_path(name) && sync->wants_paths) arm(sync, &sync->pump, 0);
    if (is_registered) return;
    mate_t *mate = is_ours ? NULL : find_mate(sync, actor_id_node(id));
    peer_name_t *claim =
        mate != NULL ? peer_tree_find(&mate->told, name, strlen(name)) : NULL;
    if (claim == NULL || !claim->is_listed) claim = gone_names_find(&sync->gone, name);
    name_claims__offer(sync, name);
    if (claim != NULL && claim->id == id)
        claim->is_listed = false; /* whoever took it out */
}

/* --- nodes that come and go --- */

/* Its names are found no more from now on. */
static void forget(sync_t *sync, mate_t *mate) {
    key_tree_remove(&sync->by_node, &mate->by_node);
    peer_forest_remove(&sync->forest, &mate->told);
    end_waits(sync->rt, mate, false);
    name_feed_deinit(&mate->feed);
    gone_names_add(&sync->gone, &mate->gone, &mate->told, mate);
    drop_some(sync);
}

static bool is_gone(void *ctx, const char *name) {
    const sync_t *sync = MK_CONTAINER_OF(ctx, sync_t, forest);
    return gone_names_find(&sync->gone, name) != NULL;
}

static bool let_go(void *ctx, runtime_t *rt, const char *name) {
    sync_t *sync = MK_CONTAINER_OF(ctx, sync_t, forest);
    (void)rt;
    return gone_names_let_go(&sync->gone, name);
}

static void on_up(void *ctx, runtime_t *rt, peer_t *peer) {
    sync_t *sync = ctx;
    const peer_facts_t *facts = peer_facts(peer);
    mate_t *before = find_mate(sync, facts->node);
    if (before != NULL) forget(sync, before); /* back before its end was told here */
    if ((facts->features & PEER_NAMES) == 0) return;
    mate_t *mate = mk_calloc(1, sizeof *mate);
    if (mate == NULL) {
        peer_end(rt, peer, MK_ENOMEM, "no memory for its names");
        return;
    }
    mate->node = facts->node;
    mate->peer = peer;
    peer_tree_init(&mate->told, facts->identity);
    list_init(&mate->untold);
    list_init(&mate->waits);
    name_feed_init(&mate->feed);
    /* Without a hello nobody knows who is there: only changes, until it is asked for
     * (registry_sync_again). */
    if (facts->identity[0] == '\0') mate->feed.stage = FEED_IN_STEP;
    mate->is_known = facts->identity[0] == '\0';
    key_tree_insert(&sync->by_node, &mate->by_node, &mate->node, sizeof mate->node);
    peer_forest_add(&sync->forest, &mate->told);
    go_on(sync, mate);
}

static void on_down(void *ctx, runtime_t *rt, peer_t *peer, int reason,
                    const char *text) {
    sync_t *sync = ctx;
    (void)rt;
    (void)reason;
    (void)text;
    mate_t *mate = find_mate(sync, peer_facts(peer)->node);
    if (mate != NULL && mate->peer == peer) forget(sync, mate);
}

static void on_room(void *ctx, runtime_t *rt, peer_t *peer) {
    sync_t *sync = ctx;
    (void)rt;
    mate_t *mate = find_mate(sync, peer_facts(peer)->node);
    if (mate != NULL) go_on(sync, mate);
}

static const peer_observer_t observer = {on_up, on_down, on_room, on_control};

/* --- the part --- */

static void destroy(part_t *part, runtime_t *rt) {
    sync_t *sync = MK_CONTAINER_OF(part, sync_t, part);
    peers_unobserve(rt, &observer, sync);
    (void)names_unobserve(rt, on_name, sync);
    (void)paths__set_beyond(rt, NULL, NULL);
    deadline_clear(rt, &sync->grace);
    deadline_clear(rt, &sync->pump);
    while (first_mate(sync) != NULL)
        forget(sync, first_mate(sync));
    (void)gone_names_drop(&sync->gone, SIZE_MAX);
    deadline_clear(rt, &sync->pump);
    name_table_deinit(&sync->fresh);
    name_table_deinit(&sync->ripe);
    mk_free(sync);
}

static const part_ops_t sync_ops = {NULL, NULL, destroy};

static sync_t *find_sync(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &sync_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, sync_t, part) : NULL;
}

int registry_sync_start(runtime_t *rt) {
    if (find_sync(rt) != NULL) return MK_OK;
    sync_t *sync = mk_calloc(1, sizeof *sync);
    if (sync == NULL) return MK_ENOMEM;
    sync->rt = rt;
    key_tree_init(&sync->by_node);
    peer_forest_init(&sync->forest);
    gone_names_init(&sync->gone, rt);
    sync->beyond = peer_forest_paths;
    sync->beyond.is_gone = is_gone;
    sync->beyond.let_go = let_go;
    name_table_init(&sync->fresh);
    name_table_init(&sync->ripe);
    deadline_init(&sync->grace, name_claims__on_grace);
    deadline_init(&sync->pump, on_pump);
    int result = names_observe(rt, on_name, sync);
    if (result < 0) goto fail;
    result = paths__set_beyond(rt, &sync->beyond, &sync->forest);
    if (result < 0) goto fail_names;
    result = peers_observe(rt, &observer, sync);
    if (result == MK_OK) result = peers_offer(rt, PEER_NAMES);
    if (result < 0) goto fail_peers;
    part_attach(rt, &sync->part, &sync_ops);
    return MK_OK;
fail_peers:
    peers_unobserve(rt, &observer, sync);
    (void)paths__set_beyond(rt, NULL, NULL);
fail_names:
    (void)names_unobserve(rt, on_name, sync);
fail:
    mk_free(sync);
    return result;
}

static mate_t *mate_of(runtime_t *rt, node_id_t node) {
    sync_t *sync = find_sync(rt);
    return sync != NULL ? find_mate(sync, node) : NULL;
}

int registry_sync_again(runtime_t *rt, node_id_t node) {
    mate_t *mate = mate_of(rt, node);
    if (mate == NULL) return MK_ENOENT;
    name_feed_restart(&mate->feed);
    go_on(find_sync(rt), mate);
    return MK_OK;
}

bool registry_sync_wait(runtime_t *rt, node_id_t node, names_wait_t *wait) {
    mate_t *mate = mate_of(rt, node);
    if (mate == NULL || mate->is_known) return false;
    list_remove(&wait->node);
    list_insert_before(&mate->waits, &wait->node);
    return true;
}

size_t registry_sync_count(runtime_t *rt, node_id_t node) {
    const mate_t *mate = mate_of(rt, node);
    return mate != NULL ? mate->told.names.count : 0;
}

bool registry_sync_is_in_step(runtime_t *rt, node_id_t node) {
    const mate_t *mate = mate_of(rt, node);
    return mate != NULL && mate->feed.stage == FEED_IN_STEP &&
           name_table_count(&mate->feed.changed) == 0;
}
