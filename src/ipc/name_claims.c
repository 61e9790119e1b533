/* SPDX-License-Identifier: Apache-2.0 */
/* name_claims.c - the names that peers claim: which of them the registry has, and who
 * is told that it has one from somebody else.
 *
 * Invariants: (1) a peer's name with is_listed is in the registry with that id, put
 * there by this file; no two peers have the same name listed. (2) A name that somebody
 * claims and nobody has is in `fresh` or `ripe`, and the deadline is armed. */
#include "ipc/registry_sync_impl.h"

#include "base/alloc.h"
#include "microkernel/log.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"

#include <string.h>

enum {
    LINES = 16 /* about the names of one peer, one each; then the 32nd, 64th ... */
};

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

void name_claims__offer(sync_t *sync, const char *name) {
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

/* It is listed now, or another actor's than the one that was refused: what its node was
 * not told yet is no news. */
static void settle_conflict(peer_name_t *claim) {
    claim->is_told = false;
    list_remove(&claim->untold);
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
    if (result == MK_OK) {
        claim->is_listed = true;
        settle_conflict(claim);
    }
    if (result == MK_ESTATE) sync->wants_paths = true;
    if (is_path(claim->name) && (result == MK_EEXIST || result == MK_ESTATE))
        return MK_OK;
    return result;
}

void name_claims__list_paths(sync_t *sync) {
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

int name_claims__tell_refused(sync_t *sync, mate_t *mate) {
    while (!list_is_empty(&mate->untold)) {
        peer_name_t *claim = MK_CONTAINER_OF(mate->untold.next, peer_name_t, untold);
        bool is_taken = actor_lookup(sync->rt, claim->name) != ACTOR_ID_INVALID;
        int result = is_taken ? send_conflict(sync, mate, claim->name, claim->size,
                                              CONFLICT_TAKEN)
                              : MK_OK; /* it is free by now: it may get it yet */
        if (result < 0) return result;
        list_remove(&claim->untold);
        claim->is_told = is_taken;
    }
    return MK_OK;
}

/* Somebody else has the name. */
static void refuse(sync_t *sync, mate_t *mate, peer_name_t *claim) {
    bool is_first = list_is_empty(&mate->untold);
    list_remove(&claim->untold);
    list_insert_before(&mate->untold, &claim->untold);
    if (!is_first || name_claims__tell_refused(sync, mate) != MK_OK)
        arm(sync, &sync->pump, PEER_RETRY_MS);
}

/* --- giving what is free --- */

void name_claims__on_grace(deadline_t *deadline, runtime_t *rt) {
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
            if (result == MK_EEXIST && !claim->is_told) refuse(sync, mate, claim);
        }
        mk_free(entry);
    }
    if (name_table_count(&sync->ripe) > 0) arm(sync, &sync->grace, MK_NAME_GRACE_MS);
}

/* --- what a peer says --- */

/* Whether one more complaint is worth a line: a peer cannot fill the log. */
static bool is_worth_a_line(mate_t *mate) {
    uint32_t times = ++mate->complaints;
    return times <= LINES || (times & (times - 1)) == 0;
}

int name_claims__take(sync_t *sync, mate_t *mate, const registry_message_t *message) {
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
        settle_conflict(claim);
    } else {
        claim = peer_tree_add(&mate->told, message->name, message->size, message->id);
        if (claim == NULL) return MK_ENOMEM;
    }
    claim->id = message->id;
    claim->is_own = message->is_own;
    claim->order = sync->next_order++;
    int result = list_name(sync, mate, claim);
    if (result != MK_EEXIST) return result;
    refuse(sync, mate, claim);
    return MK_OK;
}

void name_claims__drop(sync_t *sync, mate_t *mate, const registry_message_t *message) {
    peer_name_t *claim = peer_tree_find(&mate->told, message->name, message->size);
    if (claim == NULL) return;
    peer_name_unlist(sync->rt, claim);
    peer_tree_remove(&mate->told, claim);
}

/* One of our names was refused. It is no news when we do not have it (any more), nor
 * when the node that refused it gives it to nobody else. */
void name_claims__hear_conflict(sync_t *sync, mate_t *mate,
                                const registry_message_t *message) {
    bool is_own = false, is_limit = message->conflict == CONFLICT_LIMIT;
    actor_id_t ours = paths__find_local(sync->rt, message->name, &is_own);
    bool is_over = message->id == ACTOR_ID_INVALID || message->id == ours;
    if (ours == ACTOR_ID_INVALID || (is_over && !is_limit) || !is_worth_a_line(mate))
        return;
    const log_field_t fields[] = {log_text("name", message->name),
                                  log_text("peer", mate->told.identity),
                                  log_actor("has_it", message->id)};
    log_event(sync->rt, is_limit ? LOG_WARN : LOG_INFO,
              is_limit ? "a name is not known there: we have too many"
                       : "a name is somebody else's there: ours is found below /node",
              fields, is_limit ? 2 : 3);
}
