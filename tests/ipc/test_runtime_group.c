/* SPDX-License-Identifier: Apache-2.0 */
/* How a group begins and what is left when it cannot; running ones are in
 * tests/linux/. */
#include "support/test.h"

#include "base/alloc.h"
#include "microkernel/limits.h"
#include "microkernel/node.h"
#include "microkernel/runtime_group.h"
#include "sim/sim.h"

static int no_setup(runtime_t *rt, size_t index, void *ctx) {
    (void)rt;
    (void)index;
    (void)ctx;
    return MK_OK;
}

TEST(without_threads_there_is_no_group) {
    sim_reset(1);
    runtime_group_t *group = NULL;
    CHECK_EQ(runtime_group_start(2, no_setup, NULL, &group), MK_ENOTSUP);
    CHECK(group == NULL);
    sim_reset(1);
}

TEST(what_cannot_be_a_group_is_refused) {
    sim_reset(1);
    runtime_group_t *group = NULL;
    CHECK_EQ(runtime_group_start(0, NULL, NULL, &group), MK_EINVAL);
    CHECK_EQ(runtime_group_start(MK_GROUP_MAX + 1, NULL, NULL, &group), MK_EINVAL);
    runtime_group_options_t options = {.name = "no name"};
    CHECK_EQ(runtime_group_start(2, NULL, &options, &group), MK_EINVAL);
    runtime_t *nobody = runtime_init(0, 4);
    options = (runtime_group_options_t){.first = nobody};
    CHECK_EQ(runtime_group_start(2, NULL, &options, &group), MK_EINVAL);
    runtime_destroy(nobody);
    runtime_group_destroy(NULL);
    sim_reset(1);
}

/* A runtime of the caller alone needs no thread. */
TEST(a_group_of_one_that_exists_is_that_one) {
    sim_reset(1);
    runtime_t *rt = runtime_init(7, 4);
    runtime_group_options_t options = {.first = rt};
    runtime_group_t *group;
    CHECK_EQ(runtime_group_start(1, no_setup, &options, &group), MK_OK);
    CHECK_EQ(runtime_group_count(group), 1);
    CHECK(runtime_group_member(group, 0) == rt);
    CHECK(runtime_group_member(group, 1) == NULL);
    runtime_group_destroy(group);
    runtime_destroy(rt);
    sim_reset(1);
}

static void start_one(void *arg) {
    (void)arg;
    sim_reset(1);
    runtime_group_options_t options = {.name = "node7"};
    runtime_group_t *group = NULL;
    int result = runtime_group_start(3, no_setup, &options, &group);
    CHECK(result == MK_ENOTSUP || result == MK_ENOMEM);
    CHECK(result == MK_ENOTSUP || mk_alloc_fail_hit());
    sim_reset(1);
}

TEST(each_failed_allocation_leaves_nothing) {
    test_each_alloc_failure(start_one, NULL);
}

TEST(each_refusal_of_the_system_leaves_nothing) {
    for (size_t nth = 1;; nth++) {
        sim_reset(1);
        if (!sim_set_threads(true)) test_skip("no threads here");
        sim_fail_port_at(nth, false);
        runtime_group_t *group = NULL;
        int result = runtime_group_start(3, no_setup, NULL, &group);
        bool is_hit = sim_fail_port_hit();
        CHECK_EQ(result == MK_OK, group != NULL);
        CHECK(result == MK_OK || is_hit);
        runtime_group_destroy(group);
        sim_reset(1);
        if (!is_hit) break;
    }
}

TEST_TABLE(runtime_group, TEST_ROW(without_threads_there_is_no_group),
           TEST_ROW(what_cannot_be_a_group_is_refused),
           TEST_ROW(a_group_of_one_that_exists_is_that_one),
           TEST_ROW(each_failed_allocation_leaves_nothing),
           TEST_ROW(each_refusal_of_the_system_leaves_nothing))
