/* SPDX-License-Identifier: Apache-2.0 */
/* peer_forest.c - finds by identity, and walks all trees in the order of whole paths.
 *
 * The order of identities is not that of paths ("a" is before "a-b", "/node/a/" behind
 * "/node/a-b/"), so a step of the walk asks each tree for its next path. */
#include "ipc/peer_forest.h"

#include "base/check.h"
#include "base/writer.h"
#include "microkernel/node.h"

#include <string.h>

static peer_tree_t *tree_of(key_node_t *node) {
    return node != NULL ? MK_CONTAINER_OF(node, peer_tree_t, by_identity) : NULL;
}

void peer_forest_init(peer_forest_t *forest) {
    key_tree_init(&forest->by_identity);
}

void peer_forest_add(peer_forest_t *forest, peer_tree_t *tree) {
    size_t size = strlen(tree->identity);
    tree->is_in_forest =
        size > 0 &&
        key_tree_insert(&forest->by_identity, &tree->by_identity, tree->identity, size);
}

void peer_forest_remove(peer_forest_t *forest, peer_tree_t *tree) {
    if (tree->is_in_forest) key_tree_remove(&forest->by_identity, &tree->by_identity);
    tree->is_in_forest = false;
}

/* /node/<our identity>/rest, for whom one writes who means this node. */
static actor_id_t find_here(runtime_t *rt, const char *rest) {
    static const char *const heads[] = {"/node/", "/", ""};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char name[MK_PATH_MAX];
        bool is_own = false;
        if (strlen(heads[i]) + strlen(rest) >= sizeof name) continue;
        mk_writer_t writer;
        writer_init(&writer, name, sizeof name);
        writer_str(&writer, heads[i]);
        writer_str(&writer, rest);
        actor_id_t id = paths__find_local(rt, name, &is_own);
        if (id != ACTOR_ID_INVALID) return id;
    }
    return ACTOR_ID_INVALID;
}

static actor_id_t find_beyond(void *ctx, runtime_t *rt, const char *path, size_t size) {
    const peer_forest_t *forest = ctx;
    if (size < 8 || memcmp(path, "/node/", 6) != 0) return ACTOR_ID_INVALID;
    const char *identity = path + 6;
    const char *end = strchr(identity, '/');
    if (end == NULL) return ACTOR_ID_INVALID;
    if (peer_tree_inside(node_identity(rt), path) != NULL)
        return find_here(rt, end + 1);
    const peer_tree_t *tree = tree_of(
        key_tree_find(&forest->by_identity, identity, (size_t)(end - identity)));
    if (tree == NULL) return ACTOR_ID_INVALID;
    const peer_name_t *name = peer_tree_resolve(tree, end + 1);
    return name != NULL ? name->id : ACTOR_ID_INVALID;
}

static bool next_beyond(void *ctx, runtime_t *rt, const char *prefix,
                        char path[NS_PATH_MAX], actor_id_t *id) {
    const peer_forest_t *forest = ctx;
    (void)rt;
    const char *from = path;
    bool is_after = path[0] != '\0';
    if (strcmp(prefix, path) > 0) {
        from = prefix;
        is_after = false;
    }
    peer_tree_t *tree = tree_of(key_tree_from(&forest->by_identity, "", 0));
    const peer_name_t *best = NULL;
    char best_path[MK_PATH_MAX];
    for (; tree != NULL;
         tree = tree_of(key_tree_after(&forest->by_identity, tree->identity,
                                       strlen(tree->identity)))) {
        char found_path[MK_PATH_MAX];
        const peer_name_t *found = peer_tree_next(tree, from, is_after, found_path);
        if (found == NULL || (best != NULL && strcmp(found_path, best_path) >= 0))
            continue;
        best = found;
        memcpy(best_path, found_path, strlen(found_path) + 1);
    }
    if (best == NULL) return false;
    *id = best->id;
    memcpy(path, best_path, strlen(best_path) + 1);
    return true;
}

const paths_beyond_t peer_forest_paths = {.find = find_beyond, .next = next_beyond};
