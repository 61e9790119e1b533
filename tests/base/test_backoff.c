/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"
#include "support/test.h"

static void check_delay(backoff_t *backoff, uint64_t now_ms, prng_t *prng,
                        uint64_t least) {
    uint64_t delay = backoff_down(backoff, now_ms, prng);
    CHECK(delay >= least && delay <= least + least / 2);
}

TEST(backoff_doubles_up_to_its_cap) {
    prng_t prng;
    prng_init(&prng, 1);
    for (int round = 0; round < 50; round++) {
        static const uint64_t delays[] = {100, 200, 400, 800, 1000, 1000, 1000};
        backoff_t backoff;
        backoff_init(&backoff, 100, 1000, 60000);
        for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++)
            check_delay(&backoff, 5, &prng, delays[i]);
    }
}

TEST(backoff_begins_again_after_a_stable_time) {
    prng_t prng;
    prng_init(&prng, 2);
    backoff_t backoff;
    backoff_init(&backoff, 100, 1000, 60000);
    check_delay(&backoff, 0, &prng, 100);
    check_delay(&backoff, 0, &prng, 200);
    backoff_up(&backoff, 1000);
    check_delay(&backoff, 60999, &prng, 400);
    backoff_up(&backoff, 100000);
    check_delay(&backoff, 160000, &prng, 100);
    /* The good connection counts once. */
    check_delay(&backoff, 900000, &prng, 200);
}

TEST(backoff_adds_by_chance) {
    prng_t prng;
    prng_init(&prng, 3);
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (int i = 0; i < 1000; i++) {
        backoff_t backoff;
        backoff_init(&backoff, 1000, 1000, 60000);
        uint64_t delay = backoff_down(&backoff, 0, &prng);
        if (delay < least) least = delay;
        if (delay > most) most = delay;
    }
    CHECK(least >= 1000 && least < 1050);
    CHECK(most <= 1500 && most > 1450);
}

TEST(backoff_has_no_delay_of_nothing) {
    prng_t prng;
    prng_init(&prng, 4);
    backoff_t backoff;
    backoff_init(&backoff, 0, 0, 1);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(backoff_down(&backoff, 0, &prng), 1);
    backoff_init(&backoff, 5000, 100, 1);
    for (int i = 0; i < 100; i++)
        CHECK(backoff_down(&backoff, 0, &prng) >= 5000);
}

TEST_TABLE(backoff, TEST_ROW(backoff_doubles_up_to_its_cap),
           TEST_ROW(backoff_begins_again_after_a_stable_time),
           TEST_ROW(backoff_adds_by_chance), TEST_ROW(backoff_has_no_delay_of_nothing))
