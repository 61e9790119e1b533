/* SPDX-License-Identifier: Apache-2.0 */
/* peer_forest.h - the trees of all connected nodes as paths "/node/<identity>/...",
 * also that of this node under its own identity. */
#ifndef MK_IPC_PEER_FOREST_H
#define MK_IPC_PEER_FOREST_H

#include "ipc/peer_tree.h"
#include "services/paths.h"

typedef struct {
    key_tree_t by_identity; /* peer_tree_t */
} peer_forest_t;

/* Make an empty one in the caller's memory. */
void peer_forest_init(peer_forest_t *forest);

/* Put a tree in; one without an identity, or with that of another one, stays outside.
 */
void peer_forest_add(peer_forest_t *forest, peer_tree_t *tree);

/* Take it out, if it is inside. */
void peer_forest_remove(peer_forest_t *forest, peer_tree_t *tree);

/* For paths__set_beyond, with the forest as ctx. */
extern const paths_beyond_t peer_forest_paths;

#endif
