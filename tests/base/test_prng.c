/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "support/test.h"

/* The published check values of SplitMix64. */
TEST(prng_gives_the_numbers_of_splitmix64) {
    static const uint64_t want[] = {6457827717110365317u, 3203168211198807973u,
                                    9817491932198370423u, 4593380528125082431u,
                                    16408922859458223821u};
    prng_t prng;
    prng_init(&prng, 1234567);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        CHECK_EQ(prng_next(&prng), want[i]);
}

TEST(prng_below_stays_below_and_reaches_all) {
    prng_t prng;
    prng_init(&prng, 1);
    for (uint64_t bound = 1; bound <= 40; bound++) {
        uint64_t seen = 0;
        for (int i = 0; i < 2000; i++) {
            uint64_t number = prng_below(&prng, bound);
            CHECK(number < bound);
            seen |= (uint64_t)1 << number;
        }
        CHECK_EQ(seen, ((uint64_t)1 << bound) - 1);
    }
    CHECK(prng_below(&prng, UINT64_MAX) < UINT64_MAX);
}

TEST(prng_below_zero_is_the_whole_range) {
    prng_t a;
    prng_t b;
    prng_init(&a, 5);
    prng_init(&b, 5);
    CHECK_EQ(prng_below(&a, 0), prng_next(&b));
}

/* 3 * 2^62 wastes a quarter of the range: without the second draw the lower third would
 * get half of the numbers. */
TEST(prng_below_favours_nobody) {
    const uint64_t bound = (uint64_t)3 << 62;
    prng_t prng;
    prng_init(&prng, 9);
    unsigned thirds[3] = {0, 0, 0};
    for (int i = 0; i < 9000; i++)
        thirds[prng_below(&prng, bound) >> 62]++;
    for (int i = 0; i < 3; i++)
        CHECK(thirds[i] > 2850 && thirds[i] < 3150);
}

TEST(prng_between_includes_both_ends) {
    prng_t prng;
    prng_init(&prng, 3);
    bool saw_min = false;
    bool saw_max = false;
    for (int i = 0; i < 500; i++) {
        int64_t number = prng_between(&prng, -2, 3);
        CHECK(number >= -2 && number <= 3);
        saw_min |= number == -2;
        saw_max |= number == 3;
    }
    CHECK(saw_min && saw_max);
    CHECK_EQ(prng_between(&prng, INT64_MIN, INT64_MIN), INT64_MIN);
    CHECK_EQ(prng_between(&prng, INT64_MAX, INT64_MAX), INT64_MAX);
    CHECK_EQ(prng_between(&prng, -1, -1), -1);
}

TEST(prng_between_covers_the_whole_range) {
    prng_t prng;
    prng_init(&prng, 3);
    int negative = 0;
    for (int i = 0; i < 1000; i++)
        negative += prng_between(&prng, INT64_MIN, INT64_MAX) < 0;
    CHECK(negative > 400 && negative < 600);
}

TEST(prng_chance_is_about_right_and_exact_at_the_ends) {
    prng_t prng;
    prng_init(&prng, 11);
    int hits = 0;
    for (int i = 0; i < 10000; i++) {
        CHECK(!prng_chance(&prng, 0, 10));
        CHECK(prng_chance(&prng, 10, 10));
        hits += prng_chance(&prng, 1, 10);
    }
    CHECK(hits > 850 && hits < 1150);
    CHECK(!prng_chance(&prng, 0, 0));
}

TEST(prng_split_is_repeatable_and_different) {
    prng_t a;
    prng_init(&a, 4);
    prng_t b = a;
    prng_t a_child = prng_split(&a);
    prng_t b_child = prng_split(&b);
    for (int i = 0; i < 10; i++)
        prng_next(&b);
    uint64_t number = prng_next(&a_child);
    CHECK_EQ(number, prng_next(&b_child));
    CHECK(number != prng_next(&a));
}

TEST_TABLE(prng, TEST_ROW(prng_gives_the_numbers_of_splitmix64),
           TEST_ROW(prng_below_stays_below_and_reaches_all),
           TEST_ROW(prng_below_zero_is_the_whole_range),
           TEST_ROW(prng_below_favours_nobody),
           TEST_ROW(prng_between_includes_both_ends),
           TEST_ROW(prng_between_covers_the_whole_range),
           TEST_ROW(prng_chance_is_about_right_and_exact_at_the_ends),
           TEST_ROW(prng_split_is_repeatable_and_different))
