/* SPDX-License-Identifier: Apache-2.0 */
/* key_tree.h - keys in byte order. Pure and intrusive: nodes live inside the entries
 * they order, nothing is allocated, so nothing but "taken" can go wrong. Find, insert,
 * remove and step cost O(log n) comparisons. */
#ifndef MK_SERVICES_KEY_TREE_H
#define MK_SERVICES_KEY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct key_node {
    struct key_node *left;  /* smaller keys */
    struct key_node *right; /* greater keys */
    const void *key;        /* bytes of the entry around this; fixed while inside */
    uint32_t size;          /* of the key */
    uint32_t rank;          /* tree's own: no node is above one of higher rank */
} key_node_t;

typedef struct {
    key_node_t *root; /* NULL when empty */
    size_t count;     /* nodes inside */
    uint32_t seed;    /* state of the ranks' generator; never 0 */
} key_tree_t;

/* Make an empty tree. */
void key_tree_init(key_tree_t *tree);

/* Put a node with key[0..size) in; the bytes must stay where they are. False when the
 * key is there already; nothing is changed then. */
bool key_tree_insert(key_tree_t *tree, key_node_t *node, const void *key, size_t size);

/* Take a node out that is inside. */
void key_tree_remove(key_tree_t *tree, key_node_t *node);

/* The node with exactly this key, or NULL. */
key_node_t *key_tree_find(const key_tree_t *tree, const void *key, size_t size);

/* The first node whose key is not below / is above this one; NULL: none. */
key_node_t *key_tree_from(const key_tree_t *tree, const void *key, size_t size);
key_node_t *key_tree_after(const key_tree_t *tree, const void *key, size_t size);

#endif
