/* SPDX-License-Identifier: Apache-2.0 */
/* registry_sync_impl.h - what the two halves of the registry's sync share. For
 * registry_sync.c (our names to the peers, and peers that come and go) and
 * name_claims.c (their names here) only. */
#ifndef MK_IPC_REGISTRY_SYNC_IMPL_H
#define MK_IPC_REGISTRY_SYNC_IMPL_H

#include "base/check.h"
#include "ipc/gone_names.h"
#include "ipc/name_feed.h"
#include "ipc/peer.h"
#include "ipc/peer_forest.h"
#include "ipc/registry_message.h"
#include "kernel/deadline.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "services/paths.h"

/* One peer. */
typedef struct {
    key_node_t by_node; /* key: node */
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

static inline mate_t *mate_by_node(key_node_t *node) {
    return node != NULL ? MK_CONTAINER_OF(node, mate_t, by_node) : NULL;
}

static inline mate_t *find_mate(const sync_t *sync, node_id_t node) {
    return mate_by_node(key_tree_find(&sync->by_node, &node, sizeof node));
}

static inline mate_t *first_mate(const sync_t *sync) {
    return mate_by_node(key_tree_from(&sync->by_node, "", 0));
}

static inline mate_t *next_mate(const sync_t *sync, const mate_t *mate) {
    return mate_by_node(key_tree_after(&sync->by_node, &mate->node, sizeof mate->node));
}

static inline bool is_path(const char *name) {
    return name[0] == '/';
}

/* Not before `ms` if it waits for that already. */
static inline void arm(sync_t *sync, deadline_t *deadline, uint32_t ms) {
    if (!deadline_is_set(deadline) || ms == 0) deadline_set(sync->rt, deadline, ms);
}

/* --- name_claims.c --- */

/* What a peer says: an actor of it has a name (MK_OK, or why the link has to end), or
 * has it no more, or a name of ours was refused. */
int name_claims__take(sync_t *sync, mate_t *mate, const registry_message_t *message);
void name_claims__drop(sync_t *sync, mate_t *mate, const registry_message_t *message);
void name_claims__hear_conflict(sync_t *sync, mate_t *mate,
                                const registry_message_t *message);

/* Tell a peer of its names that were refused. MK_OK: it knows all; or what peer_send
 * says. */
int name_claims__tell_refused(sync_t *sync, mate_t *mate);

/* A name became free: who else claims it gets it after a while. */
void name_claims__offer(sync_t *sync, const char *name);
void name_claims__on_grace(deadline_t *deadline, runtime_t *rt);

/* There is a namespace now: give it the paths that waited for one. */
void name_claims__list_paths(sync_t *sync);

#endif
