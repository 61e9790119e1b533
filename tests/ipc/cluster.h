/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.h - several nodes in one process and one thread, for the tests of what nodes
 * tell each other. Nodes are numbered from 1; node n is called "n<n>". */
#ifndef MK_TESTS_IPC_CLUSTER_H
#define MK_TESTS_IPC_CLUSTER_H

#include "ipc/peer.h"
#include "support/test.h"

#include "microkernel/actor.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"
#include "microkernel/runtime.h"
#include "sim/sim.h"

enum { CLUSTER_MAX = 8 };

/* The runtimes; [0] is not used. */
extern runtime_t *cluster_nodes[CLUSTER_MAX + 1];

/* A fresh world with `count` nodes that have a namespace, nobody connected. */
void cluster_open(int count);
void cluster_close(void);

/* End one node's runtime; its links break first. */
void cluster_end_node(int node);

/* Connect two nodes, cut them again. */
void cluster_connect(int a, int b);
void cluster_cut(int a, int b);
bool cluster_is_connected(int a, int b);

/* Messages that a direction of each later link holds before it is full. */
void cluster_set_room(size_t messages);

/* Messages from node a to node b are held back, or come again. */
void cluster_hold(int a, int b, bool is_held);

/* Hand a control message of node a to node b as it is. */
void cluster_inject(int a, int b, msg_type_t type, const void *payload, size_t size);

/* Control messages of a type that went from a to b since they were connected. */
size_t cluster_sent(int a, int b, msg_type_t type);

/* Let everything happen that happens without time passing; let time pass. */
void cluster_settle(void);
void cluster_pass_ms(uint64_t ms);

/* An actor that lives until MSG_CLUSTER_END; it counts what it gets in `*count` (may be
 * NULL), and answers MSG_CLUSTER_PING with MSG_CLUSTER_PONG. */
enum { MSG_CLUSTER_END = 3001, MSG_CLUSTER_PING, MSG_CLUSTER_PONG };
actor_id_t cluster_spawn(int node, unsigned *count);

/* End it, and settle. */
void cluster_end(actor_id_t id);

#endif
