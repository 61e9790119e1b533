/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/gone_names.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"

#include <string.h>

static gone_tree_t *tree_at(list_node_t *node) {
    return MK_CONTAINER_OF(node, gone_tree_t, node);
}

void peer_name_unlist(runtime_t *rt, peer_name_t *name) {
    if (!name->is_listed) return;
    if (name->name[0] == '/')
        paths_unregister(rt, name->name, PATH_MOUNTED);
    else
        names_unregister(rt, name->name);
    name->is_listed = false;
}

void gone_names_init(gone_names_t *gone, runtime_t *rt) {
    gone->rt = rt;
    gone->count = 0;
    list_init(&gone->trees);
}

void gone_names_add(gone_names_t *gone, gone_tree_t *gone_tree, peer_tree_t *tree,
                    void *block) {
    gone_tree->tree = tree;
    gone_tree->block = block;
    list_insert_before(&gone->trees, &gone_tree->node);
    gone->count += tree->names.count;
    if (gone->count > MK_PEER_NAMES) gone_names_drop(gone, gone->count - MK_PEER_NAMES);
}

static void drop(gone_names_t *gone, peer_tree_t *tree, peer_name_t *name) {
    peer_name_unlist(gone->rt, name);
    peer_tree_remove(tree, name);
    gone->count--;
}

bool gone_names_drop(gone_names_t *gone, size_t count) {
    while (!list_is_empty(&gone->trees)) {
        gone_tree_t *first = tree_at(gone->trees.next);
        peer_name_t *name = peer_tree_from(first->tree, "", 0);
        if (name == NULL) {
            list_remove(&first->node);
            mk_free(first->block);
            continue;
        }
        if (count == 0) return true;
        drop(gone, first->tree, name);
        count--;
    }
    return false;
}

/* The tree that has such a name, and the name. */
static gone_tree_t *find(const gone_names_t *gone, const char *name,
                         peer_name_t **out) {
    size_t size = strlen(name);
    for (list_node_t *at = gone->trees.next; at != &gone->trees; at = at->next) {
        *out = peer_tree_find(tree_at(at)->tree, name, size);
        if (*out != NULL && (*out)->is_listed) return tree_at(at);
    }
    return NULL;
}

peer_name_t *gone_names_find(const gone_names_t *gone, const char *name) {
    peer_name_t *found;
    return find(gone, name, &found) != NULL ? found : NULL;
}

bool gone_names_let_go(gone_names_t *gone, const char *name) {
    peer_name_t *found;
    gone_tree_t *at = find(gone, name, &found);
    if (at != NULL) drop(gone, at->tree, found);
    return at != NULL;
}
