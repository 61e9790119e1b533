/* SPDX-License-Identifier: Apache-2.0 */
/* node.h - the stable name and the number of this node.
 *
 * The name: MK_NODE_NAME when it is one (node_name_check), cut to 31 bytes at a
 * character; else "<platform>-" and four hex digits, the last two bytes of the SHA-1 of
 * what the platform knows of its machine. The number: MK_NODE_ID (decimal, 1 to
 * 4294967295), else the first four bytes of the SHA-1 of the name, 0 becoming 1: with
 * 32 bits two of 1 000 nodes collide once in 8 600 fleets, and the nodes find that out
 * when they meet. */
#ifndef MICROKERNEL_NODE_H
#define MICROKERNEL_NODE_H

#include "microkernel/error.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of a node's name with its NUL. */
#define MK_NODE_NAME_MAX 32

/* Name of this process's node, made at the first call and the same from then on. Never
 * NULL or empty. Any thread. */
const char *mk_node_identity(void);

/* Number of this process's node; never 0. Any thread. */
node_id_t mk_node_id(void);

/* What was wrong with MK_NODE_NAME and MK_NODE_ID: MK_OK when they were absent or used
 * as they are; else that of node_name_check or, for the id, MK_EINVAL (not a number) or
 * MK_EOVERFLOW (outside 1 to 4294967295). Any thread. */
int mk_node_name_problem(void);
int mk_node_id_problem(void);

/* MK_OK when `name` can name a node: 1 to 31 bytes of printable ASCII or well-formed
 * UTF-8 without blanks, control characters, '/', '=' and ',', and neither "." nor
 * "..". MK_EINVAL when not, MK_ETOOBIG when only its length is wrong. Any thread. */
int node_name_check(const char *name);

/* Name of the node that this runtime is: mk_node_identity(), or what node_set_identity
 * gave it. The text lives until the next node_set_identity or the runtime's end. */
const char *node_identity(runtime_t *rt);

/* Call this runtime's node something else than the process: several nodes can live in
 * one process. `name` is copied. To be called before the services start, for they
 * register under this name. MK_OK, as node_name_check, or MK_ENOMEM. */
int node_set_identity(runtime_t *rt, const char *name);

#ifdef __cplusplus
}
#endif

#endif
