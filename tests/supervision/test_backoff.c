/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "supervision/backoff.h"

TEST(waits_double_up_to_the_ceiling) {
    backoff_t backoff = {0, 0};
    uint64_t now_ms = 1000;
    static const uint64_t wants[] = {10, 20, 40, 80, 100, 100, 100};
    for (int i = 0; i < 7; i++) {
        uint64_t wait_ms = backoff_next(&backoff, 10, 100, now_ms);
        CHECK_EQ(wait_ms, wants[i]);
        now_ms += wait_ms + 1; /* it fails right after its start */
    }
}

TEST(no_base_means_no_wait) {
    backoff_t backoff = {0, 0};
    CHECK_EQ(backoff_next(&backoff, 0, 100, 5), 0);
    CHECK_EQ(backoff_next(&backoff, 0, 0, 6), 0);
}

TEST(the_default_ceiling_is_64_times_the_base) {
    CHECK_EQ(backoff_ceiling(10, 0), 640);
    CHECK_EQ(backoff_ceiling(10, 25), 25);
    CHECK_EQ(backoff_ceiling(10, 5), 10); /* never below the base */
    CHECK_EQ(backoff_ceiling(UINT64_MAX / 2, 0), UINT64_MAX);
}

TEST(a_child_that_was_up_for_the_ceiling_begins_again) {
    backoff_t backoff = {0, 0};
    CHECK_EQ(backoff_next(&backoff, 10, 100, 0), 10); /* starts at 10 */
    CHECK_EQ(backoff_next(&backoff, 10, 100, 109),
             20); /* was up for 99: starts at 129 */
    CHECK_EQ(backoff_next(&backoff, 10, 100, 229), 10); /* was up for 100 */
    CHECK_EQ(backoff_next(&backoff, 10, 100, 300), 20);
}

TEST(absurd_settings_saturate) {
    backoff_t backoff = {0, 0};
    CHECK_EQ(backoff_next(&backoff, UINT64_MAX, 0, UINT64_MAX - 1), UINT64_MAX);
    CHECK_EQ(backoff_next(&backoff, UINT64_MAX, 0, UINT64_MAX - 1), UINT64_MAX);
    backoff_t other = {0, 0};
    CHECK_EQ(backoff_next(&other, UINT64_MAX / 2 + 1, UINT64_MAX, 1),
             UINT64_MAX / 2 + 1);
    CHECK_EQ(backoff_next(&other, UINT64_MAX / 2 + 1, UINT64_MAX, 2), UINT64_MAX);
}

TEST_TABLE(backoff, TEST_ROW(waits_double_up_to_the_ceiling),
           TEST_ROW(no_base_means_no_wait),
           TEST_ROW(the_default_ceiling_is_64_times_the_base),
           TEST_ROW(a_child_that_was_up_for_the_ceiling_begins_again),
           TEST_ROW(absurd_settings_saturate))
