/* SPDX-License-Identifier: Apache-2.0 */
/* peer_tree.h - the names of one other node, and its tree below /node/<identity>. Pure
 * but for memory: one block per name. */
#ifndef MK_IPC_PEER_TREE_H
#define MK_IPC_PEER_TREE_H

#include "base/list.h"
#include "microkernel/limits.h"
#include "microkernel/node.h"
#include "microkernel/types.h"
#include "services/key_tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A name that the node says one of its actors has. */
typedef struct {
    key_node_t by_name;
    list_node_t untold; /* in a list of names to be refused; else alone */
    actor_id_t id;      /* of that node */
    uint64_t order;     /* of its arrival here, among those of all nodes */
    bool is_own;        /* of what every node has: below /node/<identity> only */
    bool is_listed;     /* this node's registry has it from here */
    bool is_told;       /* its node knows that somebody else has it */
    uint32_t size;      /* bytes of the name */
    char name[];        /* NUL-terminated */
} peer_name_t;

typedef struct {
    key_tree_t names;
    key_node_t by_identity; /* in a forest */
    bool is_in_forest;
    char identity[MK_NODE_NAME_MAX]; /* "": none, the node has no tree */
} peer_tree_t;

/* Make an empty one in the caller's memory; `identity` is copied. */
void peer_tree_init(peer_tree_t *tree, const char *identity);

/* Add a name that is not there yet. NULL: memory is short. */
peer_name_t *peer_tree_add(peer_tree_t *tree, const char *name, size_t size,
                           actor_id_t id);

/* Take a name out and free it. */
void peer_tree_remove(peer_tree_t *tree, peer_name_t *name);

/* The name exactly so; in byte order the first one from / after it. NULL: none. */
peer_name_t *peer_tree_find(const peer_tree_t *tree, const char *name, size_t size);
peer_name_t *peer_tree_from(const peer_tree_t *tree, const char *name, size_t size);
peer_name_t *peer_tree_after(const peer_tree_t *tree, const char *name, size_t size);

/* What stands behind "/node/<identity>/" in `path`; NULL when it does not begin so. */
const char *peer_tree_inside(const char *identity, const char *path);

/* Whoever is meant by "/node/<identity>/`rest`": who has that very path, else
 * "/node/`rest`", else "/`rest`", else the flat name `rest`. NULL: nobody. */
const peer_name_t *peer_tree_resolve(const peer_tree_t *tree, const char *rest);

/* The first path "/node/<identity>/..." in byte order that is >= `from` ("": any) or,
 * with `is_after`, > `from`; it goes to `path`, and whoever is meant is returned. NULL:
 * there is none. Names whose path would be longer than a path may be are left out. */
const peer_name_t *peer_tree_next(const peer_tree_t *tree, const char *from,
                                  bool is_after, char path[MK_PATH_MAX]);

#endif
