/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/peer_tree.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

static void add(peer_tree_t *tree, const char *name, uint32_t number) {
    CHECK(peer_tree_add(tree, name, strlen(name), actor_id_make(2, number)) != NULL);
}

static void end(peer_tree_t *tree) {
    peer_name_t *name;
    while ((name = peer_tree_from(tree, "", 0)) != NULL)
        peer_tree_remove(tree, name);
}

static uint32_t resolve(const peer_tree_t *tree, const char *rest) {
    const peer_name_t *name = peer_tree_resolve(tree, rest);
    return name != NULL ? actor_id_seq(name->id) : 0;
}

TEST(a_rest_means_the_nearest_of_the_forms) {
    peer_tree_t tree;
    peer_tree_init(&tree, "n2");
    add(&tree, "lamp", 1);
    CHECK_EQ(resolve(&tree, "lamp"), 1);
    add(&tree, "/lamp", 2);
    CHECK_EQ(resolve(&tree, "lamp"), 2);
    add(&tree, "/node/lamp", 3);
    CHECK_EQ(resolve(&tree, "lamp"), 3);
    add(&tree, "/node/n2/lamp", 4);
    CHECK_EQ(resolve(&tree, "lamp"), 4);
    add(&tree, "/sys/ns", 5);
    CHECK_EQ(resolve(&tree, "sys/ns"), 5);
    CHECK_EQ(resolve(&tree, ""), 0);
    CHECK_EQ(resolve(&tree, "/lamp"), 0);
    CHECK_EQ(resolve(&tree, "lam"), 0);
    end(&tree);
}

TEST(what_is_inside_a_node) {
    CHECK_STR(peer_tree_inside("n2", "/node/n2/a/b"), "a/b");
    CHECK_STR(peer_tree_inside("n2", "/node/n2/"), "");
    CHECK(peer_tree_inside("n2", "/node/n2") == NULL);
    CHECK(peer_tree_inside("n2", "/node/n22/a") == NULL);
    CHECK(peer_tree_inside("", "/node//a") == NULL);
}

TEST(a_walk_shows_each_path_once_and_in_order) {
    peer_tree_t tree;
    peer_tree_init(&tree, "n2");
    static const char *const names[] = {
        "lamp",  "/lamp",    "/a/b", "/node/n2",      "/node/n2/caps", "/node/n2/z",
        "/node", "/sys/log", "z",    "/node/n3/caps", "/node/hw/led",  "a b"};
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        add(&tree, names[i], i + 1);
    static const char *const paths[] = {
        "/node/n2/a b",    "/node/n2/a/b",     "/node/n2/caps",
        "/node/n2/hw/led", "/node/n2/lamp",    "/node/n2/n3/caps",
        "/node/n2/node",   "/node/n2/sys/log", "/node/n2/z"};
    char path[MK_PATH_MAX] = "";
    size_t count = 0;
    const peer_name_t *name;
    while ((name = peer_tree_next(&tree, path, count > 0, path)) != NULL) {
        CHECK(count < sizeof paths / sizeof paths[0]);
        CHECK_STR(path, paths[count]);
        CHECK_EQ(resolve(&tree, path + 9), actor_id_seq(name->id));
        count++;
    }
    CHECK_EQ(count, sizeof paths / sizeof paths[0]);
    CHECK(peer_tree_next(&tree, "/node/n2/hw", false, path) != NULL);
    CHECK_STR(path, "/node/n2/hw/led");
    CHECK(peer_tree_next(&tree, "/node/n3", false, path) == NULL);
    end(&tree);
}

TEST(a_path_too_long_for_the_tree_is_left_out) {
    peer_tree_t tree;
    peer_tree_init(&tree, "n2");
    char name[MK_PATH_MAX];
    memset(name, 'x', sizeof name);
    name[0] = '/';
    name[MK_PATH_MAX - 1] = '\0';
    add(&tree, name, 1);
    char path[MK_PATH_MAX];
    CHECK(peer_tree_next(&tree, "", false, path) == NULL);
    name[MK_PATH_MAX - 1 - 8] = '\0'; /* "/node/n2" */
    add(&tree, name, 2);
    CHECK(peer_tree_next(&tree, "", false, path) != NULL);
    CHECK_EQ(strlen(path), MK_PATH_MAX - 1);
    CHECK(peer_tree_next(&tree, path, true, path) == NULL);
    end(&tree);
}

typedef struct {
    peer_tree_t tree; /* of node "b" */
    char names[24][16];
    size_t count;
} crowd_t;

/* Names of any forms, some of which mean the same rest. */
static void fill_any(crowd_t *crowd, prng_t *prng) {
    static const char *const heads[] = {"", "/", "/node/", "/node/b/", "/node/a/"};
    peer_tree_init(&crowd->tree, "b");
    crowd->count = 0;
    for (uint32_t i = 0; i < 24; i++) {
        char *name = crowd->names[crowd->count];
        snprintf(name, sizeof crowd->names[0], "%s%c%s", heads[prng_below(prng, 5)],
                 (char)('a' + prng_below(prng, 4)), prng_below(prng, 2) ? "/c" : "");
        if (name[0] != '/' && strchr(name, '/') != NULL) continue;
        if (peer_tree_find(&crowd->tree, name, strlen(name)) != NULL) continue;
        add(&crowd->tree, name, i + 1);
        crowd->count++;
    }
}

/* Walk, strictly ascending; how many paths there are. */
static size_t walk(peer_tree_t *tree) {
    char path[MK_PATH_MAX] = "";
    char last[MK_PATH_MAX] = "";
    size_t count = 0;
    const peer_name_t *name;
    while ((name = peer_tree_next(tree, last, count > 0, path)) != NULL) {
        CHECK(strcmp(path, last) > 0);
        CHECK(peer_tree_resolve(tree, path + 8) == name);
        memcpy(last, path, sizeof last);
        count++;
    }
    return count;
}

/* How many names are what their rest means. */
static size_t count_rests(crowd_t *crowd) {
    size_t count = 0;
    for (size_t i = 0; i < crowd->count; i++) {
        const char *name = crowd->names[i];
        if (strcmp(name, "/node/b") == 0) continue;
        const char *rest = peer_tree_inside("b", name);
        if (rest == NULL && strncmp(name, "/node/", 6) == 0) rest = name + 6;
        if (rest == NULL) rest = name + (name[0] == '/');
        const peer_name_t *meant = peer_tree_resolve(&crowd->tree, rest);
        CHECK(meant != NULL);
        if (strcmp(meant->name, name) == 0) count++;
    }
    return count;
}

/* Any set of names: the walk is strictly ascending, complete, and agrees with resolve.
 */
TEST(a_walk_agrees_with_lookups) {
    prng_t prng;
    prng_init(&prng, 5);
    for (int round = 0; round < 200; round++) {
        crowd_t crowd;
        fill_any(&crowd, &prng);
        size_t walked = walk(&crowd.tree);
        CHECK_EQ(walked, count_rests(&crowd)); /* each different rest is walked once */
        end(&crowd.tree);
    }
}

TEST_TABLE(peer_tree, TEST_ROW(a_rest_means_the_nearest_of_the_forms),
           TEST_ROW(what_is_inside_a_node),
           TEST_ROW(a_walk_shows_each_path_once_and_in_order),
           TEST_ROW(a_path_too_long_for_the_tree_is_left_out),
           TEST_ROW(a_walk_agrees_with_lookups))
