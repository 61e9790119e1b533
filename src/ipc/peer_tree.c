/* SPDX-License-Identifier: Apache-2.0 */
/* peer_tree.c - one tree of names as the node gave them; the tree below
 * /node/<identity> is computed from it and stored nowhere.
 *
 * A name has up to three forms of the same rest: "/node/rest", "/rest" and "rest" (and
 * a node may register "/node/<its identity>/rest" itself). Each form, as a range of
 * keys, is in the order of its rests, so walking is merging four ranges. */
#include "ipc/peer_tree.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"

#include <string.h>

static peer_name_t *name_of(key_node_t *node) {
    return node != NULL ? MK_CONTAINER_OF(node, peer_name_t, by_name) : NULL;
}

void peer_tree_init(peer_tree_t *tree, const char *identity) {
    key_tree_init(&tree->names);
    tree->is_in_forest = false;
    memset(tree->identity, 0, sizeof tree->identity);
    strncpy(tree->identity, identity, sizeof tree->identity - 1);
}

peer_name_t *peer_tree_add(peer_tree_t *tree, const char *name, size_t size,
                           actor_id_t id) {
    peer_name_t *added = mk_alloc(sizeof *added + size + 1);
    if (added == NULL) return NULL;
    memset(added, 0, sizeof *added);
    memcpy(added->name, name, size);
    added->name[size] = '\0';
    added->size = (uint32_t)size;
    added->id = id;
    list_init(&added->untold);
    bool is_new = key_tree_insert(&tree->names, &added->by_name, added->name, size);
    MK_ASSERT(is_new);
    (void)is_new;
    return added;
}

void peer_tree_remove(peer_tree_t *tree, peer_name_t *name) {
    key_tree_remove(&tree->names, &name->by_name);
    list_remove(&name->untold);
    mk_free(name);
}

peer_name_t *peer_tree_find(const peer_tree_t *tree, const char *name, size_t size) {
    return name_of(key_tree_find(&tree->names, name, size));
}

peer_name_t *peer_tree_from(const peer_tree_t *tree, const char *name, size_t size) {
    return name_of(key_tree_from(&tree->names, name, size));
}

peer_name_t *peer_tree_after(const peer_tree_t *tree, const char *name, size_t size) {
    return name_of(key_tree_after(&tree->names, name, size));
}

const char *peer_tree_inside(const char *identity, const char *path) {
    size_t size = strlen(identity);
    if (size == 0 || strncmp(path, "/node/", 6) != 0 ||
        strncmp(path + 6, identity, size) != 0 || path[6 + size] != '/')
        return NULL;
    return path + 6 + size + 1;
}

enum { FORMS = 4, HEAD_MAX = 6 + MK_NODE_NAME_MAX + 1 };

/* What stands before the rest in the keys of a form, the first one that counts first.
 */
static size_t write_head(const peer_tree_t *tree, unsigned form, char head[HEAD_MAX]) {
    static const char *const heads[FORMS] = {"/node/", "/node/", "/", ""};
    mk_writer_t writer;
    writer_init(&writer, head, HEAD_MAX);
    writer_str(&writer, heads[form]);
    if (form == 0) writer_str(&writer, tree->identity);
    if (form == 0) writer_char(&writer, '/');
    return writer.size;
}

/* Head and rest in one; 0 when that is too long for any name. */
static size_t join(char key[MK_PATH_MAX], const char *head, size_t head_size,
                   const char *rest) {
    size_t rest_size = strlen(rest);
    if (head_size + rest_size >= MK_PATH_MAX) return 0;
    memcpy(key, head, head_size);
    memcpy(key + head_size, rest, rest_size + 1);
    return head_size + rest_size;
}

/* True for a key that belongs to a form before this one. */
static bool is_of_earlier(const peer_tree_t *tree, unsigned form, const char *name) {
    if (form == 1) return peer_tree_inside(tree->identity, name) != NULL;
    if (form == 2) return strncmp(name, "/node/", 6) == 0;
    return form == 3 && name[0] == '/';
}

/* "/node/<identity>/node/x" says the same as "/node/<identity>/x" at greater length. */
static const peer_name_t *find_whole(const peer_tree_t *tree, const char *rest) {
    char key[MK_PATH_MAX];
    size_t size = join(key, "/", 1, rest);
    return size > 0 ? peer_tree_find(tree, key, size) : NULL;
}

/* The node itself, "/node/<identity>", is the root of its tree and not an entry. */
static bool is_root(const peer_tree_t *tree, unsigned form, const char *rest) {
    return form == 1 && strcmp(rest, tree->identity) == 0;
}

const peer_name_t *peer_tree_resolve(const peer_tree_t *tree, const char *rest) {
    if (rest[0] == '\0') return NULL;
    for (unsigned form = 0; form < FORMS; form++) {
        if (form == FORMS - 1 && rest[0] == '/') break; /* that is no flat name */
        char head[HEAD_MAX];
        char key[MK_PATH_MAX];
        size_t size = join(key, head, write_head(tree, form, head), rest);
        if (size == 0 || is_root(tree, form, rest) || is_of_earlier(tree, form, key))
            continue;
        const peer_name_t *found = peer_tree_find(tree, key, size);
        if (found != NULL) return found;
    }
    return find_whole(tree, rest);
}

/* The first key behind all those that begin with `head`, which ends in '/'. */
static size_t write_end(char key[MK_PATH_MAX], const char *head) {
    size_t size = strlen(head);
    memcpy(key, head, size + 1);
    key[size - 1] = '/' + 1;
    return size;
}

/* The first name of a form whose rest is not before `rest` (`is_after`: behind it) and
 * fits a path of this node. */
static const peer_name_t *next_of_form(const peer_tree_t *tree, unsigned form,
                                       const char *rest, bool is_after, size_t rest_max,
                                       const char **rest_out) {
    char head[HEAD_MAX];
    char key[MK_PATH_MAX];
    size_t head_size = write_head(tree, form, head);
    size_t size = join(key, head, head_size, rest);
    if (size == 0 && head_size + strlen(rest) > 0) return NULL;
    const peer_name_t *at =
        is_after ? peer_tree_after(tree, key, size) : peer_tree_from(tree, key, size);
    while (at != NULL && strncmp(at->name, head, head_size) == 0) {
        if (is_of_earlier(tree, form, at->name)) {
            /* Skip the whole range of the other form. */
            char other[HEAD_MAX];
            write_head(tree, form == 1 ? 0 : form == 2 ? 1 : 2, other);
            size = write_end(key, other);
            at = peer_tree_from(tree, key, size);
            continue;
        }
        *rest_out = at->name + head_size;
        if ((*rest_out)[0] != '\0' && !is_root(tree, form, *rest_out) &&
            at->size - head_size <= rest_max)
            return at;
        at = peer_tree_after(tree, at->name, at->size);
    }
    return NULL;
}

const peer_name_t *peer_tree_next(const peer_tree_t *tree, const char *from,
                                  bool is_after, char path[MK_PATH_MAX]) {
    if (tree->identity[0] == '\0') return NULL;
    char head[HEAD_MAX];
    size_t head_size = write_head(tree, 0, head);
    const char *rest = "";
    if (strncmp(from, head, head_size) == 0)
        rest = from + head_size;
    else if (strcmp(from, head) > 0)
        return NULL; /* behind all that is here */
    else
        is_after = false;
    const peer_name_t *best = NULL;
    const char *best_rest = NULL;
    for (unsigned form = 0; form < FORMS; form++) {
        const char *found_rest = NULL;
        const peer_name_t *found = next_of_form(
            tree, form, rest, is_after, MK_PATH_MAX - 1 - head_size, &found_rest);
        if (found == NULL || (best != NULL && strcmp(found_rest, best_rest) >= 0))
            continue;
        best = found;
        best_rest = found_rest;
    }
    if (best == NULL) return NULL;
    memmove(path, head, head_size);
    memmove(path + head_size, best_rest, strlen(best_rest) + 1);
    return best;
}
