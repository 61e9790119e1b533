/* SPDX-License-Identifier: Apache-2.0 */
/* fleet.h - several nodes in one process and one thread, for the tests of what nodes
 * tell each other. Nodes are numbered from 1; node n is called "n<n>". */
#ifndef MK_TESTS_IPC_FLEET_H
#define MK_TESTS_IPC_FLEET_H

#include "ipc/peer.h"
#include "support/test.h"

#include "microkernel/actor.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"
#include "microkernel/runtime.h"
#include "sim/sim.h"

enum { FLEET_MAX = 8 };

/* The runtimes; [0] is not used. */
extern runtime_t *fleet_nodes[FLEET_MAX + 1];

/* A fresh world with `count` nodes that have a namespace, nobody connected. */
void fleet_open(int count);
void fleet_close(void);

/* End one node's runtime; its links break first. */
void fleet_end_node(int node);

/* Connect two nodes, cut them again. */
void fleet_connect(int a, int b);
void fleet_cut(int a, int b);
/* The same without a word about who the nodes are, as over a transport. */
void fleet_connect_strangers(int a, int b);
bool fleet_is_connected(int a, int b);

/* Messages that a direction of each later link holds before it is full. */
void fleet_set_room(size_t messages);

/* Messages from node a to node b are held back, or come again. */
void fleet_hold(int a, int b, bool is_held);

/* Hand a control message of node a to node b as it is. */
void fleet_inject(int a, int b, msg_type_t type, const void *payload, size_t size);

/* Control messages of a type that went from a to b since they were connected. */
size_t fleet_sent(int a, int b, msg_type_t type);

/* Let everything happen that happens without time passing; let time pass. */
void fleet_settle(void);
void fleet_pass_ms(uint64_t ms);

/* An actor that lives until MSG_FLEET_END; it counts what it gets in `*count` (may be
 * NULL), and answers MSG_FLEET_PING with MSG_FLEET_PONG. */
enum { MSG_FLEET_END = 3001, MSG_FLEET_PING, MSG_FLEET_PONG };
actor_id_t fleet_spawn(int node, unsigned *count);

/* End it, and settle. */
void fleet_end(actor_id_t id);

#endif
