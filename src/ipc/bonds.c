/* SPDX-License-Identifier: Apache-2.0 */
/* bonds.c - a bond and what has still to be said about it are one block, so that taking
 * back a monitor and telling of an end need no memory when they happen.
 *
 * States of a tie, by the two facts that it stores:
 *
 *   is_tied, unsaid 0     both sides know it
 *   is_tied, unsaid != 0  the request (MONITOR, LINK) waits for room on the link
 *   not tied, unsaid != 0 what ends it (DEMONITOR, UNLINK, EXITED) waits; then it is
 * freed
 *
 * Links have two beginnings: each side may ask while the other one's request is under
 * way. Each request has a number; UNLINK says which request of the receiver its sender
 * had seen, and one that had not seen the latest takes nothing back. */
#include "ipc/bonds.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "ipc/bond_message.h"
#include "ipc/peer.h"
#include "kernel/bond.h"
#include "kernel/deadline.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "services/key_tree.h"

#include <string.h>

/* Who began it. */
typedef enum { ASKED, GRANTED, REFUSED, ORIGINS } origin_t;

/* One node. */
typedef struct {
    key_node_t by_node; /* key: node */
    node_id_t node;
    peer_t *peer;
    key_tree_t by_key;     /* tie_t of links, and of what it watches here */
    list_node_t ties;      /* all tie_t */
    list_node_t unsaid;    /* of these, those with something to say, oldest first */
    size_t count[ORIGINS]; /* of ties, by who began them */
    uint32_t last_ref;     /* of a link that we asked for */
} mate_t;

/* Key of a tie: what the other side calls it. Numbers of this machine, in its order. */
typedef struct {
    uint32_t kind; /* BOND_WATCHED or BOND_LINK */
    uint32_t far;  /* the far actor; of what is watched, the watcher's number of it */
    uint32_t near; /* of a link; else 0 */
} tie_key_t;

typedef struct {
    bond_t bond;
    mate_t *mate;
    origin_t origin;
    list_node_t of_mate;
    list_node_t of_unsaid; /* alone when unsaid is 0 */
    key_node_t by_key;     /* in the tree while `has_key` */
    tie_key_t key;
    bool has_key;
    bool is_tied;      /* the kernel has the bond */
    uint8_t reason;    /* of EXITED */
    msg_type_t unsaid; /* what has to be said, 0: nothing */
    uint32_t ref;      /* number of the monitor; of a link, ours (0: we did not ask) */
    uint32_t seen;     /* of a link: the other side's number, as far as known */
    char *text;        /* of EXITED; NULL: none, or no memory for it */
} tie_t;

typedef struct {
    part_t part;
    runtime_t *rt;
    key_tree_t mates;
    deadline_t retry;
} bonds_t;

static mate_t *mate_at(key_node_t *node) {
    return node != NULL ? MK_CONTAINER_OF(node, mate_t, by_node) : NULL;
}

static mate_t *find_mate(const bonds_t *bonds, node_id_t node) {
    return mate_at(key_tree_find(&bonds->mates, &node, sizeof node));
}

/* --- ties --- */

static tie_t *new_tie(mate_t *mate, bond_kind_t kind, actor_id_t near, actor_id_t far) {
    tie_t *tie = mk_calloc(1, sizeof *tie);
    if (tie == NULL) return NULL;
    tie->bond.kind = kind;
    tie->bond.near = near;
    tie->bond.far = far;
    tie->mate = mate;
    list_init(&tie->of_unsaid);
    list_init(&tie->bond.of_near);
    list_insert_before(&mate->ties, &tie->of_mate);
    mate->count[ASKED]++;
    return tie;
}

static void set_origin(tie_t *tie, origin_t origin) {
    tie->mate->count[tie->origin]--;
    tie->origin = origin;
    tie->mate->count[origin]++;
}

static void free_tie(tie_t *tie) {
    if (tie->has_key) key_tree_remove(&tie->mate->by_key, &tie->by_key);
    list_remove(&tie->of_mate);
    list_remove(&tie->of_unsaid);
    tie->mate->count[tie->origin]--;
    mk_free(tie->text);
    mk_free(tie);
}

static tie_key_t key_of(bond_kind_t kind, uint32_t far, uint32_t near) {
    return (tie_key_t){(uint32_t)kind, far, near};
}

/* False when there is one with this key. */
static bool give_key(tie_t *tie, tie_key_t key) {
    tie->key = key;
    tie->has_key =
        key_tree_insert(&tie->mate->by_key, &tie->by_key, &tie->key, sizeof tie->key);
    return tie->has_key;
}

/* It ended: from now on it is only what has to be said of it. */
static void lose_key(tie_t *tie) {
    if (tie->has_key) key_tree_remove(&tie->mate->by_key, &tie->by_key);
    tie->has_key = false;
    tie->is_tied = false;
}

static tie_t *find_tie(const mate_t *mate, tie_key_t key) {
    key_node_t *node = key_tree_find(&mate->by_key, &key, sizeof key);
    return node != NULL ? MK_CONTAINER_OF(node, tie_t, by_key) : NULL;
}

/* --- saying --- */

static int say(bonds_t *bonds, const tie_t *tie) {
    bond_message_t message = {.type = tie->unsaid,
                              .kind = tie->bond.kind == BOND_LINK ? EXITED_LINK
                                                                  : EXITED_MONITOR,
                              .reason = tie->reason,
                              .near = actor_id_seq(tie->bond.near),
                              .far = actor_id_seq(tie->bond.far),
                              .ref = tie->ref,
                              .seen = tie->seen};
    if (tie->text != NULL) memcpy(message.text, tie->text, strlen(tie->text) + 1);
    uint8_t bytes[BOND_MESSAGE_MAX];
    size_t size = bond_message_encode(&message, bytes);
    return peer_send(bonds->rt, tie->mate->peer, message.type, bytes, size);
}

static void said(tie_t *tie) {
    list_remove(&tie->of_unsaid);
    tie->unsaid = 0;
    if (!tie->is_tied) free_tie(tie);
}

/* Say all that waits, in its order. */
static void go_on(bonds_t *bonds, mate_t *mate) {
    while (!list_is_empty(&mate->unsaid)) {
        tie_t *tie = MK_CONTAINER_OF(mate->unsaid.next, tie_t, of_unsaid);
        int result = say(bonds, tie);
        if (result == MK_ENOMEM) deadline_set(bonds->rt, &bonds->retry, PEER_RETRY_MS);
        if (result < 0) return; /* MK_EFULL: on_room comes; MK_ECLOSED: on_down does */
        said(tie);
    }
}

/* Say it now, or when there is room. The tie may be gone afterwards. */
static void tell(bonds_t *bonds, tie_t *tie, msg_type_t type) {
    tie->unsaid = type;
    list_remove(&tie->of_unsaid);
    list_insert_before(&tie->mate->unsaid, &tie->of_unsaid);
    go_on(bonds, tie->mate);
}

static void tell_exited(bonds_t *bonds, tie_t *tie, uint8_t reason, const char *text) {
    lose_key(tie);
    tie->reason = reason;
    if (text[0] != '\0') {
        tie->text = mk_alloc(strlen(text) + 1);
        if (tie->text != NULL) memcpy(tie->text, text, strlen(text) + 1);
    }
    tell(bonds, tie, MSG_NODE_EXITED);
}

/* --- what the kernel asks --- */

static int make(void *ctx, runtime_t *rt, bond_kind_t kind, actor_id_t near,
                actor_id_t far, monitor_id_t monitor, bond_t **out) {
    bonds_t *bonds = ctx;
    (void)rt;
    mate_t *mate = find_mate(bonds, actor_id_node(far));
    if (mate == NULL) return MK_EUNREACH;
    tie_key_t key = key_of(kind, actor_id_seq(far), actor_id_seq(near));
    if (kind == BOND_LINK && find_tie(mate, key) != NULL) return MK_EEXIST;
    tie_t *tie = new_tie(mate, kind, near, far);
    if (tie == NULL) return MK_ENOMEM;
    tie->bond.monitor = monitor;
    tie->ref = monitor;
    tie->is_tied = true;
    if (kind == BOND_LINK) {
        (void)give_key(tie, key);
        if (++mate->last_ref == 0) mate->last_ref = 1;
        tie->ref = mate->last_ref;
    }
    *out = &tie->bond;
    tell(bonds, tie, kind == BOND_LINK ? MSG_NODE_LINK : MSG_NODE_MONITOR);
    return MK_OK;
}

static bond_t *find_link(void *ctx, runtime_t *rt, actor_id_t near, actor_id_t far) {
    const bonds_t *bonds = ctx;
    (void)rt;
    const mate_t *mate = find_mate(bonds, actor_id_node(far));
    if (mate == NULL) return NULL;
    tie_t *tie =
        find_tie(mate, key_of(BOND_LINK, actor_id_seq(far), actor_id_seq(near)));
    return tie != NULL ? &tie->bond : NULL;
}

static void give_back(void *ctx, runtime_t *rt, bond_t *bond, bool is_ended,
                      uint8_t reason, const char *text) {
    bonds_t *bonds = ctx;
    (void)rt;
    tie_t *tie = MK_CONTAINER_OF(bond, tie_t, bond);
    bool is_unknown_there = tie->unsaid != 0 && tie->seen == 0;
    lose_key(tie);
    if (is_unknown_there) {
        free_tie(tie); /* the request was never sent */
    } else if (bond->kind == BOND_MONITOR) {
        tell(bonds, tie, MSG_NODE_DEMONITOR);
    } else if (is_ended) {
        tell_exited(bonds, tie, reason, text);
    } else if (bond->kind == BOND_LINK) {
        tell(bonds, tie, MSG_NODE_UNLINK);
    } else {
        free_tie(tie); /* watched, and the runtime ends: so does the link */
    }
}

static const bond_ops_t bond_ops = {make, find_link, give_back};

/* --- what other nodes ask --- */

/* Answer a request that cannot be granted, with a tie that never was. */
static int refuse(bonds_t *bonds, mate_t *mate, tie_t *tie, uint8_t reason,
                  const char *text) {
    /* Such answers only pile up when the other side asks and does not read. */
    if (mate->count[REFUSED] >= MK_PEER_BONDS) return MK_ELIMIT;
    set_origin(tie, REFUSED);
    tell_exited(bonds, tie, reason, text);
    return MK_OK;
}

/* Tie what was asked for, or say why not. */
static int grant(bonds_t *bonds, mate_t *mate, tie_t *tie) {
    if (mate->count[GRANTED] >= MK_PEER_BONDS)
        return refuse(bonds, mate, tie, EXIT_QUOTA, "its node watches too much for us");
    int result = bond__tie(bonds->rt, &tie->bond);
    if (result == MK_EDEAD) return refuse(bonds, mate, tie, EXIT_NO_ACTOR, "");
    if (result < 0)
        return refuse(bonds, mate, tie, EXIT_NO_MEMORY,
                      "its node has no memory for it");
    tie->is_tied = true;
    set_origin(tie, GRANTED);
    return MK_OK;
}

static actor_id_t ours(const bonds_t *bonds, uint32_t seq) {
    return actor_id_make(runtime_get_node_id(bonds->rt), seq);
}

static int take_monitor(bonds_t *bonds, mate_t *mate, const bond_message_t *message) {
    tie_t *tie = new_tie(mate, BOND_WATCHED, ours(bonds, message->far),
                         actor_id_make(mate->node, 0));
    if (tie == NULL) return MK_ENOMEM;
    tie->ref = message->ref;
    if (!give_key(tie, key_of(BOND_WATCHED, message->ref, 0))) {
        free_tie(tie);
        return MK_EBADMSG; /* that number is in use */
    }
    return grant(bonds, mate, tie);
}

static int take_demonitor(bonds_t *bonds, mate_t *mate, const bond_message_t *message) {
    tie_t *tie = find_tie(mate, key_of(BOND_WATCHED, message->ref, 0));
    if (tie == NULL) return MK_OK; /* it ended meanwhile */
    bond__untie(bonds->rt, &tie->bond);
    free_tie(tie);
    return MK_OK;
}

static int take_link(bonds_t *bonds, mate_t *mate, const bond_message_t *message) {
    tie_key_t key = key_of(BOND_LINK, message->near, message->far);
    tie_t *tie = find_tie(mate, key);
    if (tie != NULL) {
        tie->seen = message->ref;
        return MK_OK;
    }
    tie = new_tie(mate, BOND_LINK, ours(bonds, message->far),
                  actor_id_make(mate->node, message->near));
    if (tie == NULL) return MK_ENOMEM;
    tie->seen = message->ref;
    (void)give_key(tie, key);
    return grant(bonds, mate, tie);
}

static int take_unlink(bonds_t *bonds, mate_t *mate, const bond_message_t *message) {
    tie_t *tie = find_tie(mate, key_of(BOND_LINK, message->near, message->far));
    if (tie == NULL) return MK_OK;
    tie->seen = 0;
    if (tie->ref != 0 && tie->ref != message->seen) return MK_OK;
    bond__untie(bonds->rt, &tie->bond);
    free_tie(tie);
    return MK_OK;
}

static int take_exited(bonds_t *bonds, mate_t *mate, const bond_message_t *message) {
    tie_t *tie = NULL;
    if (message->kind == EXITED_LINK) {
        tie = find_tie(mate, key_of(BOND_LINK, message->near, message->far));
    } else {
        bond_t *bond = bond__of_monitor(bonds->rt, message->ref);
        bool is_its =
            bond != NULL && bond->far == actor_id_make(mate->node, message->near);
        tie = is_its ? MK_CONTAINER_OF(bond, tie_t, bond) : NULL;
    }
    if (tie == NULL) return MK_OK; /* taken back meanwhile */
    bond__far_ended(bonds->rt, &tie->bond, message->reason, message->text);
    free_tie(tie);
    return MK_OK;
}

static const struct {
    msg_type_t type;
    int (*take)(bonds_t *bonds, mate_t *mate, const bond_message_t *message);
} requests[] = {{MSG_NODE_MONITOR, take_monitor},
                {MSG_NODE_DEMONITOR, take_demonitor},
                {MSG_NODE_LINK, take_link},
                {MSG_NODE_UNLINK, take_unlink},
                {MSG_NODE_EXITED, take_exited}};

static int on_control(void *ctx, runtime_t *rt, peer_t *peer,
                      const wire_message_t *wire) {
    bonds_t *bonds = ctx;
    (void)rt;
    bond_message_t message;
    int result =
        bond_message_decode(wire->type, wire->payload, wire->payload_size, &message);
    if (result < 0) return result;
    mate_t *mate = find_mate(bonds, peer_facts(peer)->node);
    if (mate == NULL) return MK_OK; /* it was said that it does not know bonds */
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        if (requests[i].type == message.type)
            return requests[i].take(bonds, mate, &message);
    return MK_ENOENT;
}

/* --- nodes that come and go --- */

static void forget(bonds_t *bonds, mate_t *mate, const char *why) {
    char text[MK_EXIT_TEXT_MAX];
    mk_writer_t writer;
    writer_init(&writer, text, sizeof text);
    writer_str(&writer, "its node is gone: ");
    writer_str(&writer, why);
    key_tree_remove(&bonds->mates, &mate->by_node);
    while (!list_is_empty(&mate->ties)) {
        tie_t *tie = MK_CONTAINER_OF(mate->ties.next, tie_t, of_mate);
        if (tie->is_tied && tie->bond.kind == BOND_WATCHED)
            bond__untie(bonds->rt, &tie->bond);
        else if (tie->is_tied)
            bond__far_ended(bonds->rt, &tie->bond, EXIT_NODE_LOST, text);
        free_tie(tie);
    }
    mk_free(mate);
}

static void on_up(void *ctx, runtime_t *rt, peer_t *peer) {
    bonds_t *bonds = ctx;
    const peer_facts_t *facts = peer_facts(peer);
    mate_t *before = find_mate(bonds, facts->node);
    if (before != NULL) forget(bonds, before, "it came back");
    if ((facts->features & PEER_MONITORS) == 0) return;
    mate_t *mate = mk_calloc(1, sizeof *mate);
    if (mate == NULL) {
        peer_end(rt, peer, MK_ENOMEM, "no memory for its monitors");
        return;
    }
    mate->node = facts->node;
    mate->peer = peer;
    key_tree_init(&mate->by_key);
    list_init(&mate->ties);
    list_init(&mate->unsaid);
    key_tree_insert(&bonds->mates, &mate->by_node, &mate->node, sizeof mate->node);
}

static void on_down(void *ctx, runtime_t *rt, peer_t *peer, int reason,
                    const char *text) {
    bonds_t *bonds = ctx;
    (void)rt;
    (void)reason;
    mate_t *mate = find_mate(bonds, peer_facts(peer)->node);
    if (mate != NULL && mate->peer == peer) forget(bonds, mate, text);
}

static void on_room(void *ctx, runtime_t *rt, peer_t *peer) {
    bonds_t *bonds = ctx;
    (void)rt;
    mate_t *mate = find_mate(bonds, peer_facts(peer)->node);
    if (mate != NULL) go_on(bonds, mate);
}

static const peer_observer_t observer = {on_up, on_down, on_room, on_control};

static mate_t *next_mate(const bonds_t *bonds, const mate_t *mate) {
    if (mate == NULL) return mate_at(key_tree_from(&bonds->mates, "", 0));
    return mate_at(key_tree_after(&bonds->mates, &mate->node, sizeof mate->node));
}

static void on_retry(deadline_t *deadline, runtime_t *rt) {
    bonds_t *bonds = MK_CONTAINER_OF(deadline, bonds_t, retry);
    (void)rt;
    for (mate_t *mate = next_mate(bonds, NULL); mate != NULL;
         mate = next_mate(bonds, mate))
        go_on(bonds, mate);
}

/* --- the part --- */

static void destroy(part_t *part, runtime_t *rt) {
    bonds_t *bonds = MK_CONTAINER_OF(part, bonds_t, part);
    peers_unobserve(rt, &observer, bonds);
    deadline_clear(rt, &bonds->retry);
    mate_t *mate;
    while ((mate = next_mate(bonds, NULL)) != NULL)
        forget(bonds, mate,
               "this one ends"); /* whose actors are gone: nobody is told */
    mk_free(bonds);
}

static const part_ops_t part_ops = {NULL, NULL, destroy};

static bonds_t *find_bonds(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &part_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, bonds_t, part) : NULL;
}

int bonds_start(runtime_t *rt) {
    if (find_bonds(rt) != NULL) return MK_OK;
    bonds_t *bonds = mk_calloc(1, sizeof *bonds);
    if (bonds == NULL) return MK_ENOMEM;
    bonds->rt = rt;
    key_tree_init(&bonds->mates);
    deadline_init(&bonds->retry, on_retry);
    int result = peers_observe(rt, &observer, bonds);
    if (result == MK_OK) result = peers_offer(rt, PEER_MONITORS);
    if (result < 0) {
        peers_unobserve(rt, &observer, bonds);
        mk_free(bonds);
        return result;
    }
    part_attach(rt, &bonds->part, &part_ops);
    runtime_set_bonds(rt, &bond_ops, bonds);
    return MK_OK;
}

size_t bonds_count(runtime_t *rt, node_id_t node) {
    const bonds_t *bonds = find_bonds(rt);
    const mate_t *mate = bonds != NULL ? find_mate(bonds, node) : NULL;
    if (mate == NULL) return 0;
    return mate->count[ASKED] + mate->count[GRANTED] + mate->count[REFUSED];
}
