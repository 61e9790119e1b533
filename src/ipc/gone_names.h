/* SPDX-License-Identifier: Apache-2.0 */
/* gone_names.h - the names of nodes that have gone, until the registry has dropped
 * them.
 *
 * Dropping 65 536 names takes 20 ms, which no loop shall stand still for. So they are
 * dropped in steps; until then is_gone and let_go of paths_beyond_t (services/paths.h)
 * answer for them, so that nobody finds one and everybody may have it. */
#ifndef MK_IPC_GONE_NAMES_H
#define MK_IPC_GONE_NAMES_H

#include "ipc/peer_tree.h"
#include "microkernel/runtime.h"

/* The names of one node, embedded in their owner. */
typedef struct {
    list_node_t node;
    peer_tree_t *tree;
    void *block; /* freed when all are dropped */
} gone_tree_t;

typedef struct {
    runtime_t *rt;
    list_node_t trees; /* gone_tree_t, oldest first */
    size_t count;      /* names in all of them, at most MK_PEER_NAMES */
} gone_names_t;

/* Make an empty one in the caller's memory. */
void gone_names_init(gone_names_t *gone, runtime_t *rt);

/* Take a tree, which is in no forest any more and lies with `gone_tree` in `block`, and
 * block itself. When there are more than MK_PEER_NAMES names, memory that nodes which
 * come and go could take, the oldest are dropped at once. */
void gone_names_add(gone_names_t *gone, gone_tree_t *gone_tree, peer_tree_t *tree,
                    void *block);

/* Drop this many names, and what has none left. False: nothing is left at all. */
bool gone_names_drop(gone_names_t *gone, size_t count);

/* Such a name or path, if the registry has it from there; NULL: it has not. */
peer_name_t *gone_names_find(const gone_names_t *gone, const char *name);

/* Drop this one, if there is one. */
bool gone_names_let_go(gone_names_t *gone, const char *name);

/* Take a peer's name, of a gone node or not, out of the registry, if it is there. */
void peer_name_unlist(runtime_t *rt, peer_name_t *name);

#endif
