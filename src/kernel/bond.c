/* SPDX-License-Identifier: Apache-2.0 */
/* bond.c - the near half of monitors and links with actors of other nodes.
 *
 * A monitor is an ordinary one that has a bond instead of a place in its target's list;
 * a link, or what another node watches here, stands in the list of its near actor. Each
 * bond leaves the kernel in one of three ways: given back (the near side ended it),
 * bond__far_ended, bond__untie (the far side did). */
#include "kernel/bond.h"

#include "kernel/runtime_impl.h"
#include "microkernel/error.h"

void runtime_set_bonds(runtime_t *rt, const bond_ops_t *ops, void *ctx) {
    rt->bond_ops = ops;
    rt->bond_ctx = ctx;
}

/* The near actor, also while it ends; it has an extra. */
static actor_t *near_of(runtime_t *rt, const bond_t *bond) {
    return id_table_find(&rt->actors, actor_id_seq(bond->near));
}

/* Into the list of its actor; a link brings its notice. */
static void hang(actor_t *actor, bond_t *bond) {
    list_insert_before(&actor->extra->bonds, &bond->of_near);
    if (bond->kind == BOND_LINK) actor->extra->link_count++;
}

static void unhang(runtime_t *rt, bond_t *bond) {
    actor_t *actor = near_of(rt, bond);
    list_remove(&bond->of_near);
    if (bond->kind == BOND_LINK && actor != NULL) actor->extra->link_count--;
    if (bond->notice != NULL) message__end(rt, bond->notice);
    bond->notice = NULL;
}

static int make(runtime_t *rt, bond_kind_t kind, actor_t *self, actor_id_t far,
                monitor_id_t monitor, bond_t **out) {
    if (rt->bond_ops == NULL || actor_id_seq(far) == 0) return MK_EUNREACH;
    int result = rt->bond_ops->make(rt->bond_ctx, rt, kind, actor__id(rt, self), far,
                                    monitor, out);
    if (result == MK_OK) {
        list_init(&(*out)->of_near);
        (*out)->notice = NULL;
    }
    return result;
}

int bond__monitor(runtime_t *rt, actor_t *self, actor_id_t far, monitor_id_t monitor,
                  bond_t **out) {
    return make(rt, BOND_MONITOR, self, far, monitor, out);
}

int bond__link(runtime_t *rt, actor_t *self, actor_id_t far) {
    bond_t *bond = NULL;
    if (actor__extra(rt, self) == NULL) return MK_ENOMEM;
    message_t *notice = message__new(rt, NULL, sizeof(down_payload_t));
    int result = notice != NULL ? make(rt, BOND_LINK, self, far, 0, &bond) : MK_ENOMEM;
    if (result == MK_OK) {
        bond->notice = notice;
        hang(self, bond);
        return MK_OK;
    }
    if (notice != NULL) message__end(rt, notice);
    if (result == MK_ENOMEM) rt->counts.no_memory++;
    return result;
}

bool bond__unlink(runtime_t *rt, actor_t *self, actor_id_t far) {
    if (rt->bond_ops == NULL) return false;
    bond_t *bond = rt->bond_ops->find_link(rt->bond_ctx, rt, actor__id(rt, self), far);
    if (bond == NULL) return false;
    unhang(rt, bond);
    rt->bond_ops->give_back(rt->bond_ctx, rt, bond, false, EXIT_NORMAL, "");
    return true;
}

void bond__drop_monitor(runtime_t *rt, bond_t *bond) {
    rt->bond_ops->give_back(rt->bond_ctx, rt, bond, false, EXIT_NORMAL, "");
}

static void give_all_back(runtime_t *rt, actor_t *actor, bool is_ended, uint8_t reason,
                          const char *text) {
    while (!list_is_empty(&actor->extra->bonds)) {
        bond_t *bond = MK_CONTAINER_OF(actor->extra->bonds.next, bond_t, of_near);
        unhang(rt, bond);
        rt->bond_ops->give_back(rt->bond_ctx, rt, bond, is_ended, reason, text);
    }
}

void bonds__on_exit(runtime_t *rt, actor_t *actor, uint8_t reason, const char *text) {
    give_all_back(rt, actor, true, reason, text);
}

void bonds__discard(runtime_t *rt, actor_t *actor) {
    give_all_back(rt, actor, true, EXIT_NODE_LOST, "its node ends");
}

/* --- for who carries them --- */

int bond__tie(runtime_t *rt, bond_t *bond) {
    MK_ASSERT(bond->kind != BOND_MONITOR);
    actor_t *actor = actor__find(rt, bond->near);
    if (actor == NULL) return MK_EDEAD;
    bond->notice = NULL;
    if (actor__extra(rt, actor) == NULL) return MK_ENOMEM;
    if (bond->kind == BOND_LINK) {
        bond->notice = message__new(rt, NULL, sizeof(down_payload_t));
        if (bond->notice == NULL) {
            rt->counts.no_memory++;
            return MK_ENOMEM;
        }
    }
    hang(actor, bond);
    return MK_OK;
}

void bond__untie(runtime_t *rt, bond_t *bond) {
    MK_ASSERT(bond->kind != BOND_MONITOR);
    unhang(rt, bond);
}

void bond__far_ended(runtime_t *rt, bond_t *bond, uint8_t reason, const char *text) {
    MK_ASSERT(bond->kind != BOND_WATCHED);
    if (bond->kind == BOND_MONITOR) {
        (void)monitor__bond(rt, bond->monitor, true);
        monitor__fire(rt, bond->monitor, reason, text);
        return;
    }
    actor_t *actor = actor__find(rt, bond->near);
    if (actor != NULL) link__signal(rt, actor, &bond->notice, bond->far, reason, text);
    unhang(rt, bond);
}

bond_t *bond__of_monitor(runtime_t *rt, monitor_id_t monitor) {
    return monitor__bond(rt, monitor, false);
}
