/* SPDX-License-Identifier: Apache-2.0 */
/* registry_sync.c - per peer a tree of what it told (peer_tree) and a feed of what it
 * is told (name_feed); between them and the registry this file.
 *
 * Invariants: (1) a peer's name with is_listed is in the registry with that id, put
 * there by this file; no two peers have the same name listed. (2) A name that somebody
 * claims and nobody has is in `fresh` or `ripe`, and the deadline is armed. (3) An
 * observer of names changes nothing but feeds and these sets: it runs in the middle of
 * a change, and ending a peer there would change names; so a feed that failed is ended
 * at the deadline.
 */
#include "ipc/registry_sync.h"

#include "base/alloc.h"
#include "base/check.h"
#include "ipc/gone_names.h"
#include "ipc/name_feed.h"
#include "ipc/peer_forest.h"
#include "ipc/registry_message.h"
#include "kernel/deadline.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"
#include "services/paths.h"

#include <string.h>

enum {
    LINES = 16 /* about the names of one peer, one each; then the 32nd, 64th ... */
};

typedef struct {
    key_node_t by_node; /* key: node */
    key_node_t
        by_identity;   /* key: identity; in the tree only if it is the first of it */
    bool has_identity; /* by_identity is in the tree */
    node_id_t node;
    peer_t *peer;
    peer_tree_t told;   /* its names */
    list_node_t untold; /* of these, names it is to be told of that they were refused */
    name_feed_t feed;   /* our names to it */
    int broken;         /* why the link has to end; MK_OK: it need not */
    bool is_known;      /* it has told all its names */
    uint32_t complaints; /* names that it refused, or that were too many */
    list_node_t waits;   /* names_wait_t: those who wait for that */
    gone_tree_t gone;    /* since its node has gone, `told` is all there is of it */
} mate_t;

typedef struct {
    part_t part;
    runtime_t *rt;
    key_tree_t by_node;   /* mate_t */
    peer_forest_t forest; /* their trees */
    name_table_t fresh;   /* names that became free since the last deadline; id 1 */
    name_table_t ripe;    /* those that were fresh then */
    deadline_t grace;     /* of these two sets */
    deadline_t pump;      /* feeds that go on, and broken ones that end */
    bool wants_paths;     /* a path was not listed, because there is no namespace */
    uint64_t next_order;  /* of the next name that is told */
    gone_names_t gone;
    paths_beyond_t beyond;
} sync_t;

static mate_t *mate_by_node(key_node_t *node) {
    return node != NULL ? MK_CONTAINER_OF(node, mate_t, by_node) : NULL;
}

static mate_t *find_mate(const sync_t *sync, node_id_t node) {
    return mate_by_node(key_tree_find(&sync->by_node, &node, sizeof node));
}

static mate_t *first_mate(const sync_t *sync) {
    return mate_by_node(key_tree_from(&sync->by_node, "", 0));
}

static mate_t *next_mate(const sync_t *sync, const mate_t *mate) {
    return mate_by_node(key_tree_after(&sync->by_node, &mate->node, sizeof mate->node));
}

static bool is_path(const char *name) {
    return name[0] == '/';
}

/* Not before `ms` if it waits for that already. */
static void arm(sync_t *sync, deadline_t *deadline, uint32_t ms) {
    if (!deadline_is_set(deadline) || ms == 0) deadline_set(sync->rt, deadline, ms);
}

/* --- names that nobody has --- */

/* What a peer claims by this name, if that could be listed and is not; or NULL. */
static peer_name_t *claim_of(const mate_t *mate, const char *name) {
    peer_name_t *claim = peer_tree_find(&mate->told, name, strlen(name));
    return claim != NULL && !claim->is_own && !claim->is_listed ? claim : NULL;
}

/* The first of these claims; NULL: none. */
static peer_name_t *find_claim(const sync_t *sync, const char *name, mate_t **owner) {
    peer_name_t *best = NULL;
    for (mate_t *mate = first_mate(sync); mate != NULL; mate = next_mate(sync, mate)) {
        peer_name_t *claim = claim_of(mate, name);
        if (claim == NULL || (best != NULL && best->order < claim->order)) continue;
        best = claim;
        *owner = mate;
    }
    return best;
}

/* Nobody who claims this name can be given it: the links of all of them begin anew, and
 * the first to come back gets it then. */
static void end_claims(sync_t *sync, const char *name, int reason) {
    for (mate_t *mate = first_mate(sync); mate != NULL; mate = next_mate(sync, mate))
        if (claim_of(mate, name) != NULL) mate->broken = reason;
    arm(sync, &sync->pump, 0);
}

/* A name became free: who else claims it gets it after a while. */
static void offer(sync_t *sync, const char *name) {
    mate_t *mate = NULL;
    if (find_claim(sync, name, &mate) == NULL) return;
    if (name_table_add(&sync->fresh, name, strlen(name), 1, NULL) == MK_ENOMEM)
        end_claims(sync, name, MK_ENOMEM);
    else
        arm(sync, &sync->grace, MK_NAME_GRACE_MS);
}

/* --- listing --- */

/* The paths below /node/<identity> of a node belong to it alone, and are found in its
 * tree. */
static bool is_of_another(const sync_t *sync, const mate_t *mate, const char *name) {
    if (!is_path(name)) return false;
    if (peer_tree_inside(node_identity(sync->rt), name) != NULL) return true;
    for (mate_t *at = first_mate(sync); at != NULL; at = next_mate(sync, at))
        if (at != mate && peer_tree_inside(at->told.identity, name) != NULL)
            return true;
    return false;
}

/* Put a claim into the registry. MK_OK, also when it has to stay outside; MK_EEXIST:
 * somebody has the flat name; or an error for which the peer is ended. */
static int list_name(sync_t *sync, mate_t *mate, peer_name_t *claim) {
    if (claim->is_listed || claim->is_own || paths__is_own(claim->name) ||
        is_of_another(sync, mate, claim->name))
        return MK_OK;
    int result = is_path(claim->name)
                     ? paths_register(sync->rt, claim->name, claim->id, PATH_MOUNTED)
                     : names_register(sync->rt, claim->name, claim->id);
    if (result == MK_OK) claim->is_listed = true;
    if (result == MK_ESTATE) sync->wants_paths = true;
    if (is_path(claim->name) && (result == MK_EEXIST || result == MK_ESTATE))
        return MK_OK;
    return result;
}

static void list_all_paths(sync_t *sync) {
    sync->wants_paths = false;
    for (mate_t *mate = first_mate(sync); mate != NULL; mate = next_mate(sync, mate)) {
        peer_name_t *at = peer_tree_from(&mate->told, "/", 1);
        for (; at != NULL && is_path(at->name);
             at = peer_tree_after(&mate->told, at->name, at->size))
            if (list_name(sync, mate, at) < 0) mate->broken = MK_ENOMEM;
    }
}

/* --- refusing --- */

static int send_conflict(sync_t *sync, mate_t *mate, const char *name, size_t size,
                         uint8_t conflict) {
    registry_message_t message = {
        .type = MSG_NAME_CONFLICT, .conflict = conflict, .size = size};
    if (conflict == CONFLICT_TAKEN) message.id = actor_lookup(sync->rt, name);
    memcpy(message.name, name, size);
    uint8_t bytes[REGISTRY_MESSAGE_MAX];
    return peer_send(sync->rt, mate->peer, message.type, bytes,
                     registry_message_encode(&message, bytes));
}

static void refuse(sync_t *sync, mate_t *mate, peer_name_t *claim, uint8_t conflict) {
    claim->conflict = conflict;
    list_remove(&claim->untold);
    if (list_is_empty(&mate->untold) &&
        send_conflict(sync, mate, claim->name, claim->size, conflict) == MK_OK)
        return;
    list_insert_before(&mate->untold, &claim->untold);
    arm(sync, &sync->pump, PEER_RETRY_MS);
}

/* --- what a peer says --- */

/* Whether one more complaint is worth a line: a peer cannot fill the log. */
static bool is_worth_a_line(mate_t *mate) {
    uint32_t times = ++mate->complaints;
    return times <= LINES || (times & (times - 1)) == 0;
}

static int take_name(sync_t *sync, mate_t *mate, const registry_message_t *message) {
    if (actor_id_node(message->id) != mate->node || actor_id_seq(message->id) == 0)
        return MK_EBADMSG; /* it speaks for its own actors only */
    peer_name_t *claim = peer_tree_find(&mate->told, message->name, message->size);
    if (claim != NULL && claim->id == message->id && claim->is_own == message->is_own)
        return MK_OK;
    if (claim == NULL && mate->told.names.count >= MK_PEER_NAMES) {
        const log_field_t fields[] = {log_text("peer", mate->told.identity),
                                      log_text("name", message->name)};
        if (is_worth_a_line(mate))
            log_event(sync->rt, LOG_WARN, "a peer has too many names", fields, 2);
        /* There is nothing to remember it by; should the link be full, it is lost. */
        return send_conflict(sync, mate, message->name, message->size,
                             CONFLICT_LIMIT) == MK_ECLOSED
                   ? MK_ECLOSED
                   : MK_OK;
    }
    if (claim != NULL) {
        peer_name_unlist(sync->rt, claim);
    } else {
        claim = peer_tree_add(&mate->told, message->name, message->size, message->id);
        if (claim == NULL) return MK_ENOMEM;
    }
    claim->id = message->id;
    claim->is_own = message->is_own;
    claim->order = sync->next_order++;
    int result = list_name(sync, mate, claim);
    if (result != MK_EEXIST) return result;
    refuse(sync, mate, claim, CONFLICT_TAKEN);
    return MK_OK;
}

static void drop_name(sync_t *sync, mate_t *mate, const registry_message_t *message) {
    peer_name_t *claim = peer_tree_find(&mate->told, message->name, message->size);
    if (claim == NULL) return;
    peer_name_unlist(sync->rt, claim);
    peer_tree_remove(&mate->told, claim);
}

/* One of our names was refused. What we do not have (any more) is no news. */
static void hear_conflict(sync_t *sync, mate_t *mate,
                          const registry_message_t *message) {
    bool is_own = false;
    if (paths__find_local(sync->rt, message->name, &is_own) == ACTOR_ID_INVALID ||
        !is_worth_a_line(mate))
        return;
    const log_field_t fields[] = {log_text("name", message->name),
                                  log_text("peer", mate->told.identity),
                                  log_actor("has_it", message->id)};
    bool is_limit = message->conflict == CONFLICT_LIMIT;
    log_event(sync->rt, is_limit ? LOG_WARN : LOG_INFO,
              is_limit ? "a name is not known there: we have too many"
                       : "a name is somebody else's there: ours is found below /node",
              fields, is_limit ? 2 : 3);
}

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
    case MSG_PATH_REGISTER: return take_name(sync, mate, &message);
    case MSG_NAME_CONFLICT: hear_conflict(sync, mate, &message); return MK_OK;
    default: drop_name(sync, mate, &message); return MK_OK;
    }
}

/* --- what a peer is told --- */

static int pump(sync_t *sync, mate_t *mate) {
    while (!list_is_empty(&mate->untold)) {
        peer_name_t *claim = MK_CONTAINER_OF(mate->untold.next, peer_name_t, untold);
        int result =
            send_conflict(sync, mate, claim->name, claim->size, claim->conflict);
        if (result < 0) return result;
        list_remove(&claim->untold);
    }
    return name_feed_pump(&mate->feed, sync->rt, mate->peer);
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
    if (sync->wants_paths) list_all_paths(sync);
    end_broken(sync);
    for (mate_t *mate = first_mate(sync); mate != NULL; mate = next_mate(sync, mate))
        go_on(sync, mate);
    drop_some(sync);
}

static void on_grace(deadline_t *deadline, runtime_t *rt) {
    sync_t *sync = MK_CONTAINER_OF(deadline, sync_t, grace);
    (void)rt;
    name_table_t due = sync->ripe;
    sync->ripe = sync->fresh;
    name_table_init(&sync->fresh);
    name_entry_t *entry;
    while ((entry = name_table_first_of(&due, 1)) != NULL) {
        name_table_detach(&due, entry);
        mate_t *mate = NULL;
        peer_name_t *claim = find_claim(sync, entry->key, &mate);
        if (claim != NULL) {
            int result = list_name(sync, mate, claim);
            if (result < 0 && result != MK_EEXIST) end_claims(sync, entry->key, result);
        }
        mk_free(entry);
    }
    if (name_table_count(&sync->ripe) > 0) arm(sync, &sync->grace, MK_NAME_GRACE_MS);
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
    offer(sync, name);
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
    deadline_init(&sync->grace, on_grace);
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
