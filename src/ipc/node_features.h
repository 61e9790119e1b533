/* SPDX-License-Identifier: Apache-2.0 */
/* node_features.h - what a node does with other nodes beside carrying mail: names,
 * monitors and links, and the number of connected nodes among its capabilities. */
#ifndef MK_IPC_NODE_FEATURES_H
#define MK_IPC_NODE_FEATURES_H

#include "microkernel/runtime.h"

/* Start all of it, before the first link is made: what a node understands stands in its
 * hello. MK_OK, also when that was done; MK_ENOMEM, and then it may be called again. */
int node_features_start(runtime_t *rt);

#endif
