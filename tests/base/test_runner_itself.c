/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of the test runner: tables that fail on purpose are run quietly inside. */
#include "base/alloc.h"
#include "support/test.h"

#include <limits.h>
#include <stdint.h>

static int runs; /* of the inner tests that count themselves */

TEST(inner_passes) {
    runs++;
    CHECK(true);
    CHECK_EQ(UINT64_MAX, (uint64_t)-1);
    CHECK_EQ(LLONG_MIN, LLONG_MIN);
    CHECK_EQ((char)'a', 97u);
    CHECK_STR("abc", "abc");
    CHECK_STR(NULL, NULL);
    CHECK_MEM("abX", "abY", 2);
    CHECK_MEM(NULL, NULL, 0);
}
TEST(inner_fails_condition) {
    CHECK(runs < 0);
}
TEST(inner_fails_int) {
    CHECK_EQ(1, 2);
}
TEST(inner_fails_sign) {
    CHECK_EQ(-1, UINT64_MAX);
}
TEST(inner_fails_str) {
    CHECK_STR("a", "b");
}
TEST(inner_fails_str_null) {
    CHECK_STR(NULL, "");
}
TEST(inner_fails_mem) {
    CHECK_MEM("abX", "abY", 3);
}
TEST(inner_fails_mem_null) {
    CHECK_MEM(NULL, "a", 1);
}
TEST(inner_skips) {
    test_skip("on purpose");
}

static void *left_behind; /* what inner_leaks did not free */
TEST(inner_leaks) {
    left_behind = mk_alloc(1);
}

static void lose_first_block(void *arg) {
    void *first = mk_alloc(1);
    void *second = mk_alloc(1);
    if (second == NULL) {
        *(void **)arg = first;
    } else {
        mk_free(second);
        mk_free(first);
    }
}
TEST(inner_leaks_on_failure) {
    test_each_alloc_failure(lose_first_block, &left_behind);
}

static void never_succeed(void *arg) {
    (void)arg;
    while (!mk_alloc_fail_hit())
        mk_free(mk_alloc(1));
}
TEST(inner_never_succeeds) {
    test_each_alloc_failure(never_succeed, NULL);
}

static void allocate_three(void *arg) {
    int *calls = arg;
    void *blocks[3] = {NULL, NULL, NULL};
    ++*calls;
    for (int i = 0; i < 3; i++)
        blocks[i] = mk_alloc(1);
    for (int i = 0; i < 3; i++)
        mk_free(blocks[i]);
}

/* The exit code for one inner test alone, and the state it leaves behind. */
static int run_inner(const char *name, void (*run)(void)) {
    test_row_t row = {name, run};
    test_table_t table = {"inner", &row, 1};
    const test_table_t *tables[] = {&table};
    char program[] = "inner";
    char quiet[] = "-q";
    char *arguments[] = {program, quiet, NULL};
    return test_main(tables, 1, 2, arguments);
}

static int run_named(char *wanted) {
    static const test_row_t rows[] = {TEST_ROW(inner_passes),
                                      TEST_ROW(inner_fails_int)};
    static const test_table_t table = {"inner", rows, 2};
    const test_table_t *tables[] = {&table};
    char program[] = "inner";
    char quiet[] = "-q";
    char *arguments[] = {program, quiet, wanted, NULL};
    return test_main(tables, 1, 3, arguments);
}

TEST(runner_passes_what_holds) {
    CHECK_EQ(run_inner("inner_passes", test_case_inner_passes), 0);
}

TEST(runner_fails_what_does_not_hold) {
    static const test_row_t rows[] = {
        TEST_ROW(inner_fails_condition), TEST_ROW(inner_fails_int),
        TEST_ROW(inner_fails_sign),      TEST_ROW(inner_fails_str),
        TEST_ROW(inner_fails_str_null),  TEST_ROW(inner_fails_mem),
        TEST_ROW(inner_fails_mem_null),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_EQ(run_inner(rows[i].name, rows[i].run), 1);
}

TEST(runner_fails_a_leak) {
    CHECK_EQ(run_inner("inner_leaks", test_case_inner_leaks), 1);
    CHECK_EQ(test_live_blocks(), 1);
    mk_free(left_behind);
}

TEST(runner_does_not_fail_a_skip) {
    CHECK_EQ(run_inner("inner_skips", test_case_inner_skips), 0);
}

TEST(runner_runs_only_what_is_named) {
    char good[] = "inner_passes";
    char bad[] = "inner_fails_int";
    char suite[] = "inner";
    char unknown[] = "inner_passes_not";
    int before = runs;
    CHECK_EQ(run_named(good), 0);
    CHECK_EQ(runs, before + 1);
    CHECK_EQ(run_named(bad), 1);
    CHECK_EQ(runs, before + 1);
    CHECK_EQ(run_named(suite), 1);
    CHECK_EQ(runs, before + 2);
    CHECK_EQ(run_named(unknown), 2);
    CHECK_EQ(runs, before + 2);
}

TEST(runner_fails_without_tests) {
    static const test_table_t table = {"inner", NULL, 0};
    const test_table_t *tables[] = {&table};
    char program[] = "inner";
    char quiet[] = "-q";
    char *arguments[] = {program, quiet, NULL};
    CHECK_EQ(test_main(tables, 1, 2, arguments), 1);
}

TEST(runner_fails_each_allocation_once_then_for_ever) {
    int calls = 0;
    test_each_alloc_failure(allocate_three, &calls);
    CHECK_EQ(calls, 8); /* twice: the first, second, third fails; none does */
    CHECK(!mk_alloc_fail_hit());
}

TEST(runner_notices_a_leak_after_a_failed_allocation) {
    CHECK_EQ(run_inner("inner_leaks_on_failure", test_case_inner_leaks_on_failure), 1);
    mk_free(left_behind);
    void *block = mk_alloc(1); /* the fault is switched off again */
    CHECK(block != NULL);
    mk_free(block);
}

TEST(runner_gives_up_on_an_operation_that_never_succeeds) {
    CHECK_EQ(run_inner("inner_never_succeeds", test_case_inner_never_succeeds), 1);
}

TEST_TABLE(runner_itself, TEST_ROW(runner_passes_what_holds),
           TEST_ROW(runner_fails_what_does_not_hold), TEST_ROW(runner_fails_a_leak),
           TEST_ROW(runner_does_not_fail_a_skip),
           TEST_ROW(runner_runs_only_what_is_named),
           TEST_ROW(runner_fails_without_tests),
           TEST_ROW(runner_fails_each_allocation_once_then_for_ever),
           TEST_ROW(runner_notices_a_leak_after_a_failed_allocation),
           TEST_ROW(runner_gives_up_on_an_operation_that_never_succeeds))
