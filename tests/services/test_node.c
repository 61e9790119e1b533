/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/node.h"

#include "services_support.h"
#include "support/test.h"

TEST(node_identity_stays_the_same_while_the_program_runs) {
    sim_reset(1);
    const char *name = mk_node_identity();
    CHECK(name[0] != '\0');
    CHECK_EQ(node_name_check(name), MK_OK);
    CHECK(mk_node_id() != 0);
    node_id_t id = mk_node_id();
    sim_set_identity("another", "77");
    CHECK(mk_node_identity() == name);
    CHECK(strcmp(name, "another") != 0);
    CHECK_EQ(mk_node_id(), id);
    sim_reset(1);
}

TEST(node_identity_of_a_runtime_can_differ_from_the_process) {
    runtime_t *one = open_runtime();
    runtime_t *two = runtime_init(2, 16);
    CHECK(node_identity(one) == mk_node_identity());
    CHECK(node_identity(NULL) == mk_node_identity());
    CHECK_EQ(node_set_identity(two, "second"), MK_OK);
    CHECK_STR(node_identity(two), "second");
    CHECK(node_identity(one) == mk_node_identity());
    CHECK_EQ(node_set_identity(two, "third"), MK_OK);
    CHECK_STR(node_identity(two), "third");
    CHECK_EQ(node_set_identity(two, "a/b"), MK_EINVAL);
    CHECK_EQ(node_set_identity(two, "01234567890123456789012345678901"), MK_ETOOBIG);
    CHECK_EQ(node_set_identity(NULL, "x"), MK_EINVAL);
    CHECK_STR(node_identity(two), "third");
    runtime_destroy(two);
    close_runtime(one);
}

static void set_with_faults(void *arg) {
    (void)arg;
    runtime_t *rt = runtime_init(1, 16);
    if (rt == NULL) return;
    int result = node_set_identity(rt, "name");
    CHECK(result == MK_OK || result == MK_ENOMEM);
    CHECK_STR(node_identity(rt), result == MK_OK ? "name" : mk_node_identity());
    runtime_destroy(rt);
}

TEST(node_identity_is_kept_when_memory_is_short) {
    sim_reset(1);
    test_each_alloc_failure(set_with_faults, NULL);
    sim_reset(1);
}

TEST_TABLE(node, TEST_ROW(node_identity_stays_the_same_while_the_program_runs),
           TEST_ROW(node_identity_of_a_runtime_can_differ_from_the_process),
           TEST_ROW(node_identity_is_kept_when_memory_is_short))
