/* SPDX-License-Identifier: Apache-2.0 */
#include "services/key_tree.h"

#include "base/check.h"
#include "support/test.h"

#include <string.h>

enum { MANY = 500 };

static void put(key_tree_t *tree, key_node_t *node, const char *key) {
    CHECK(key_tree_insert(tree, node, key, strlen(key)));
}

static const char *key_of(const key_node_t *node) {
    return node != NULL ? node->key : NULL;
}

TEST(key_tree_finds_what_was_inserted_and_nothing_else) {
    key_tree_t tree;
    key_node_t nodes[3];
    key_tree_init(&tree);
    CHECK(key_tree_find(&tree, "a", 1) == NULL);
    put(&tree, &nodes[0], "b");
    put(&tree, &nodes[1], "a");
    put(&tree, &nodes[2], "ab");
    CHECK(key_tree_find(&tree, "a", 1) == &nodes[1]);
    CHECK(key_tree_find(&tree, "ab", 2) == &nodes[2]);
    CHECK(key_tree_find(&tree, "b", 1) == &nodes[0]);
    CHECK(key_tree_find(&tree, "", 0) == NULL);
    CHECK(key_tree_find(&tree, "abc", 3) == NULL);
    CHECK_EQ(tree.count, 3);
}

TEST(key_tree_refuses_a_key_twice) {
    key_tree_t tree;
    key_node_t nodes[2];
    key_tree_init(&tree);
    put(&tree, &nodes[0], "same");
    CHECK(!key_tree_insert(&tree, &nodes[1], "same", 4));
    CHECK(key_tree_find(&tree, "same", 4) == &nodes[0]);
    CHECK_EQ(tree.count, 1);
}

TEST(key_tree_steps_in_byte_order_with_short_keys_first) {
    static const char *const keys[] = {"b", "a", "ab", "\xff", "", "B", "aa"};
    static const char *const sorted[] = {"", "B", "a", "aa", "ab", "b", "\xff"};
    key_tree_t tree;
    key_node_t nodes[7];
    key_tree_init(&tree);
    for (size_t i = 0; i < 7; i++)
        put(&tree, &nodes[i], keys[i]);
    key_node_t *at = key_tree_from(&tree, "", 0);
    for (size_t i = 0; i < 7; i++) {
        CHECK_STR(key_of(at), sorted[i]);
        at = key_tree_after(&tree, at->key, at->size);
    }
    CHECK(at == NULL);
}

TEST(key_tree_from_and_after_work_for_keys_that_are_not_there) {
    key_tree_t tree;
    key_node_t nodes[2];
    key_tree_init(&tree);
    put(&tree, &nodes[0], "b");
    put(&tree, &nodes[1], "d");
    CHECK_STR(key_of(key_tree_from(&tree, "a", 1)), "b");
    CHECK_STR(key_of(key_tree_from(&tree, "b", 1)), "b");
    CHECK_STR(key_of(key_tree_after(&tree, "b", 1)), "d");
    CHECK_STR(key_of(key_tree_after(&tree, "c", 1)), "d");
    CHECK(key_tree_after(&tree, "d", 1) == NULL);
    CHECK(key_tree_from(&tree, "e", 1) == NULL);
}

/* Depth of the tree below `node`; checks the heap order on the way. */
static int depth_of(const key_node_t *node) {
    if (node == NULL) return 0;
    if (node->left != NULL) CHECK(node->left->rank <= node->rank);
    if (node->right != NULL) CHECK(node->right->rank <= node->rank);
    int left = depth_of(node->left);
    int right = depth_of(node->right);
    return 1 + (left > right ? left : right);
}

typedef struct {
    key_node_t node;
    char key[8];
} numbered_t;

TEST(key_tree_stays_shallow_and_right_through_sorted_and_random_work) {
    static numbered_t items[MANY];
    key_tree_t tree;
    key_tree_init(&tree);
    for (int i = 0; i < MANY; i++) {
        items[i].key[0] = 'k';
        for (int digit = 0, n = i; digit < 4; digit++, n /= 10)
            items[i].key[4 - digit] = (char)('0' + n % 10);
        items[i].key[5] = '\0';
        put(&tree, &items[i].node, items[i].key);
    }
    CHECK(depth_of(tree.root) < 40);
    unsigned random = 12345;
    bool is_out[MANY] = {false};
    for (int removed = 0; removed < MANY; removed++) {
        random = random * 1103515245u + 12345u;
        int victim = (int)((random >> 8) % MANY);
        while (is_out[victim])
            victim = (victim + 1) % MANY;
        key_tree_remove(&tree, &items[victim].node);
        is_out[victim] = true;
        CHECK_EQ(tree.count, MANY - removed - 1);
        if (removed % 50 != 0) continue;
        depth_of(tree.root);
        for (int i = 0; i < MANY; i++)
            CHECK_EQ(key_tree_find(&tree, items[i].key, 5) != NULL, !is_out[i]);
    }
    CHECK(tree.root == NULL);
}

TEST_TABLE(key_tree, TEST_ROW(key_tree_finds_what_was_inserted_and_nothing_else),
           TEST_ROW(key_tree_refuses_a_key_twice),
           TEST_ROW(key_tree_steps_in_byte_order_with_short_keys_first),
           TEST_ROW(key_tree_from_and_after_work_for_keys_that_are_not_there),
           TEST_ROW(key_tree_stays_shallow_and_right_through_sorted_and_random_work))
