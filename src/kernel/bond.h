/* SPDX-License-Identifier: Apache-2.0 */
/* bond.h - seam: monitors and links that reach actors of other nodes.
 *
 * A bond ties an actor of this node (near) to one of another node (far). Its memory
 * belongs to who carries bonds between nodes; the kernel keeps a tied one in the list
 * of the near actor and gives it back when that actor ends or wants it no more. What
 * tells the near actor of an end is reserved when the bond is tied. */
#ifndef MK_KERNEL_BOND_H
#define MK_KERNEL_BOND_H

#include "base/list.h"
#include "microkernel/runtime.h"

typedef enum {
    BOND_MONITOR, /* near is told of the end of far */
    BOND_WATCHED, /* far's node is told of the end of near */
    BOND_LINK     /* each shares the end of the other */
} bond_kind_t;

typedef struct {
    list_node_t of_near;  /* kernel's: in extra.bonds; alone for BOND_MONITOR */
    message_t *notice;    /* kernel's: reserved MSG_EXIT to near; BOND_LINK only */
    bond_kind_t kind;     /* this and what follows is set by who makes the bond */
    actor_id_t near;      /* of this node */
    actor_id_t far;       /* of another node */
    monitor_id_t monitor; /* BOND_MONITOR: its number */
} bond_t;

/* Who carries bonds. */
typedef struct {
    /* The running actor `near` wants this monitor or link; `*out` is the bond, whose
     * fields are set, tied by the caller. Tells nobody before it returns. MK_OK;
     * MK_EEXIST: they are linked already; MK_EUNREACH: that node is not connected or
     * knows no bonds; MK_ENOMEM. */
    int (*make)(void *ctx, runtime_t *rt, bond_kind_t kind, actor_id_t near,
                actor_id_t far, monitor_id_t monitor, bond_t **out);
    /* The link between the two, or NULL. */
    bond_t *(*find_link)(void *ctx, runtime_t *rt, actor_id_t near, actor_id_t far);
    /* The bond is no longer tied: near has ended (with a reason and a text, borrowed),
     * or wants it no more. Takes the bond, and tells the other node. Cannot fail. */
    void (*give_back)(void *ctx, runtime_t *rt, bond_t *bond, bool is_ended,
                      uint8_t reason, const char *text);
} bond_ops_t;

/* Set who carries the bonds of a runtime; borrowed until the runtime ends. Without it
 * actors of other nodes count as lost. */
void runtime_set_bonds(runtime_t *rt, const bond_ops_t *ops, void *ctx);

/* Tie a bond that another node asked for, BOND_WATCHED or BOND_LINK. MK_OK; MK_EDEAD:
 * near is not alive; MK_ENOMEM. */
int bond__tie(runtime_t *rt, bond_t *bond);

/* Untie without telling anybody; it is the caller's again. */
void bond__untie(runtime_t *rt, bond_t *bond);

/* Untie because far ended: near is told, or ends with it. Not BOND_WATCHED; `text` has
 * at most MK_EXIT_TEXT_MAX - 1 bytes. It is the caller's again. */
void bond__far_ended(runtime_t *rt, bond_t *bond, uint8_t reason, const char *text);

/* The bond of a monitor of an actor of this node; NULL: there is none. */
bond_t *bond__of_monitor(runtime_t *rt, monitor_id_t monitor);

#endif
