/* SPDX-License-Identifier: Apache-2.0 */
/* bonds.h - monitors and links with actors of other nodes.
 *
 * With it actor_monitor and actor_link work for ids of connected nodes that offer
 * PEER_MONITORS as they do for those of this one: MSG_DOWN and MSG_EXIT come with the
 * actor's own reason and text, with EXIT_NO_ACTOR when it did not exist, with
 * EXIT_NODE_LOST when its node goes, and with EXIT_QUOTA when that node has given this
 * one MK_PEER_BONDS of them already. What an actor sent before it ended comes first. */
#ifndef MK_IPC_BONDS_H
#define MK_IPC_BONDS_H

#include "microkernel/runtime.h"

/* Carry bonds from now on, until the runtime ends. MK_OK, also when it does already;
 * MK_ENOMEM. */
int bonds_start(runtime_t *rt);

/* Bonds with actors of a node, in either direction; 0 also when it is not connected. */
size_t bonds_count(runtime_t *rt, node_id_t node);

#endif
