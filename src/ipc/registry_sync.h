/* SPDX-License-Identifier: Apache-2.0 */
/* registry_sync.h - the names and paths of connected nodes, here.
 *
 * A name of an actor of another node is in this node's registry from the moment it is
 * told until it is taken back or that node goes. Flat names: the first owner wins; who
 * comes later is told (MSG_NAME_CONFLICT, a line in its log) and remembered, and gets
 * the name when the owner has been without it for MK_NAME_GRACE_MS, in which a
 * supervisor starts its actor again. Paths stand behind those of this node
 * (PATH_MOUNTED); of several nodes the first one wins in the same way, and nobody is
 * told, since each still has its own. Everything a node has also stands below
 * /node/<its identity>/.
 *
 * The names of a node that went are dropped MK_NAME_BATCH in each look of the loop. No
 * lookup finds one of them from its end on, and who registers one gets it; walks over
 * all names may still show some, and a send to such an id is a dead letter.
 *
 * What a node learned from others it does not pass on. A node that has not said who it
 * is (a transport of the program) is told changes only, and all names when
 * registry_sync_again is called. */
#ifndef MK_IPC_REGISTRY_SYNC_H
#define MK_IPC_REGISTRY_SYNC_H

#include "base/list.h"
#include "microkernel/runtime.h"

/* Keep the names of this runtime and of its peers in step from now on, until the
 * runtime ends. MK_OK, also when it does so already; MK_ENOMEM. Outside observers of
 * names. */
int registry_sync_start(runtime_t *rt);

/* Somebody who waits for the names of a node; embedded in its owner. */
typedef struct names_wait names_wait_t;
struct names_wait {
    list_node_t node; /* in the list of those who wait; set by list_init before */
    /* The node has told all its names (`is_known`), or is gone; once. On the loop. */
    void (*on_end)(names_wait_t *wait, runtime_t *rt, bool is_known);
};

/* Wait. False: no need to; it has told them, tells none, or is not connected. To wait
 * no more: list_remove. */
bool registry_sync_wait(runtime_t *rt, node_id_t node, names_wait_t *wait);

/* Tell a node all names again. MK_OK, or MK_ENOENT: it is not connected, or does not
 * care for names. */
int registry_sync_again(runtime_t *rt, node_id_t node);

/* Names that a node has told and that are remembered; 0 also when it is not connected.
 */
size_t registry_sync_count(runtime_t *rt, node_id_t node);

/* True when this node has been told all names and their changes. */
bool registry_sync_is_in_step(runtime_t *rt, node_id_t node);

#endif
