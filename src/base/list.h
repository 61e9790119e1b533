/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - intrusive doubly linked ring.
 *
 * A head is a node that points at itself while the list is empty. Nodes live inside the
 * objects they link; nothing is allocated, and an element leaves in O(1) without
 * knowing its list. */
#ifndef MK_BASE_LIST_H
#define MK_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct list_node {
    struct list_node *next; /* first element of a head; itself when alone */
    struct list_node *prev; /* last element of a head */
} list_node_t;

static inline void list_init(list_node_t *head) {
    head->next = head;
    head->prev = head;
}

static inline bool list_is_empty(const list_node_t *head) {
    return head->next == head;
}

/* Insert `node` before `at`; with `at` the head this appends. */
static inline void list_insert_before(list_node_t *at, list_node_t *node) {
    node->next = at;
    node->prev = at->prev;
    at->prev->next = node;
    at->prev = node;
}

/* Take `node` out and leave it alone (safe to remove again). */
static inline void list_remove(list_node_t *node) {
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* Move all of `from` to the head `to`, which need not be initialised. */
static inline void list_move(list_node_t *from, list_node_t *to) {
    list_init(to);
    if (list_is_empty(from)) return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    list_init(from);
}

#endif
