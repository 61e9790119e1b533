/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "supervision/restart_budget.h"

TEST(budget_allows_the_limit_and_not_one_more) {
    restart_budget_t budget;
    restart_budget_init(&budget, 3, 1000);
    for (int i = 0; i < 3; i++)
        CHECK(restart_budget_spend(&budget, 5));
    CHECK(!restart_budget_has_room(&budget, 5));
    CHECK(!restart_budget_spend(&budget, 5));
    CHECK_EQ(budget.spent, 3);
    restart_budget_deinit(&budget);
}

TEST(limit_zero_allows_nothing) {
    restart_budget_t budget;
    restart_budget_init(&budget, 0, 1000);
    CHECK(!restart_budget_has_room(&budget, 0));
    CHECK(!restart_budget_spend(&budget, 0));
    restart_budget_deinit(&budget);
}

TEST(a_restart_counts_until_it_is_older_than_the_window) {
    restart_budget_t budget;
    restart_budget_init(&budget, 1, 1000);
    CHECK(restart_budget_spend(&budget, 500));
    CHECK(!restart_budget_spend(&budget, 1499));
    CHECK(!restart_budget_spend(&budget, 1500)); /* as old as the window: counts */
    CHECK(restart_budget_spend(&budget, 1501));
    CHECK(!restart_budget_spend(&budget, 1501));
    restart_budget_deinit(&budget);
}

TEST(without_a_window_restarts_never_fade) {
    restart_budget_t budget;
    restart_budget_init(&budget, 2, 0);
    CHECK(restart_budget_spend(&budget, 0));
    CHECK(restart_budget_spend(&budget, UINT64_MAX / 2));
    CHECK(!restart_budget_spend(&budget, UINT64_MAX));
    restart_budget_deinit(&budget);
}

TEST(a_limit_beyond_any_fixed_ring_is_exact) {
    restart_budget_t budget;
    restart_budget_init(&budget, 500, 1000000);
    uint64_t now_ms = 0;
    for (int i = 0; i < 500; i++)
        CHECK(restart_budget_spend(&budget, now_ms++));
    CHECK(!restart_budget_spend(&budget, now_ms));
    CHECK(!restart_budget_spend(&budget, 1000000));
    CHECK(restart_budget_spend(&budget, 1000001)); /* the first, at 0, has faded */
    CHECK(!restart_budget_spend(&budget, 1000001));
    restart_budget_deinit(&budget);
}

TEST(the_largest_limit_takes_memory_for_what_happens_only) {
    restart_budget_t budget;
    restart_budget_init(&budget, UINT32_MAX, UINT64_MAX);
    CHECK_EQ(test_live_blocks(), 0);
    for (int i = 0; i < 100000; i++)
        CHECK(restart_budget_spend(&budget, 7)); /* one moment */
    CHECK_EQ(test_live_blocks(), 0);
    for (uint64_t i = 0; i < 1000; i++)
        CHECK(restart_budget_spend(&budget, 8 + i));
    CHECK(budget.cap <= 2048);
    CHECK_EQ(budget.spent, 101000);
    restart_budget_deinit(&budget);
}

TEST(memory_goes_back_when_everything_has_faded) {
    restart_budget_t budget;
    restart_budget_init(&budget, 1000, 10000);
    for (uint64_t i = 0; i < 1000; i++)
        CHECK(restart_budget_spend(&budget, i));
    CHECK_EQ(test_live_blocks(), 1);
    CHECK(restart_budget_has_room(&budget, 50000));
    CHECK_EQ(test_live_blocks(), 0);
    CHECK_EQ(budget.spent, 0);
    restart_budget_deinit(&budget);
}

TEST(short_memory_never_allows_more_than_the_limit) {
    restart_budget_t budget;
    restart_budget_init(&budget, 50, 1000);
    mk_alloc_fail_at(1, true);
    int allowed = 0;
    for (uint64_t i = 0; i < 200; i++)
        if (restart_budget_spend(&budget, i)) allowed++;
    mk_alloc_fail_at(0, false);
    CHECK_EQ(allowed, 50);
    CHECK(restart_budget_spend(&budget, 2000)); /* and they fade again */
    CHECK_EQ(budget.spent, 1);
    restart_budget_deinit(&budget);
}

/* Random restarts against a list of all moments that were granted. */
TEST(any_history_agrees_with_a_plain_list) {
    static uint64_t granted[1000];
    for (uint64_t seed = 1; seed <= 60; seed++) {
        prng_t prng;
        prng_init(&prng, seed);
        uint32_t limit = (uint32_t)prng_below(&prng, 40);
        uint64_t window_ms = 1 + prng_below(&prng, 200);
        restart_budget_t budget;
        restart_budget_init(&budget, limit, window_ms);
        size_t count = 0;
        uint64_t now_ms = prng_below(&prng, 1000);
        for (int i = 0; i < 1000; i++) {
            now_ms += prng_chance(&prng, 1, 50) ? prng_below(&prng, 500)
                                                : prng_below(&prng, 8);
            size_t recent = 0;
            for (size_t k = count; k > 0 && now_ms - granted[k - 1] <= window_ms; k--)
                recent++;
            bool want = recent < limit;
            CHECK_EQ(restart_budget_has_room(&budget, now_ms), want);
            CHECK_EQ(restart_budget_spend(&budget, now_ms), want);
            if (want) granted[count++] = now_ms;
        }
        restart_budget_deinit(&budget);
    }
}

TEST_TABLE(restart_budget, TEST_ROW(budget_allows_the_limit_and_not_one_more),
           TEST_ROW(limit_zero_allows_nothing),
           TEST_ROW(a_restart_counts_until_it_is_older_than_the_window),
           TEST_ROW(without_a_window_restarts_never_fade),
           TEST_ROW(a_limit_beyond_any_fixed_ring_is_exact),
           TEST_ROW(the_largest_limit_takes_memory_for_what_happens_only),
           TEST_ROW(memory_goes_back_when_everything_has_faded),
           TEST_ROW(short_memory_never_allows_more_than_the_limit),
           TEST_ROW(any_history_agrees_with_a_plain_list))
