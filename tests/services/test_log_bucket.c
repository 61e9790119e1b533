/* SPDX-License-Identifier: Apache-2.0 */
#include "services/log_bucket.h"

#include "support/test.h"

static const log_rate_t rate = {3, 2}; /* three at once, then two per second */

TEST(log_bucket_starts_full_and_runs_out) {
    log_bucket_t bucket = {0};
    for (int i = 0; i < 3; i++)
        CHECK(log_bucket_take(&bucket, rate, 5000));
    CHECK(!log_bucket_take(&bucket, rate, 5000));
    CHECK(!log_bucket_take(&bucket, rate, 5000));
    CHECK_EQ(bucket.suppressed, 2);
}

TEST(log_bucket_fills_with_time_and_never_above_its_size) {
    log_bucket_t bucket = {0};
    for (int i = 0; i < 3; i++)
        CHECK(log_bucket_take(&bucket, rate, 1000));
    CHECK(!log_bucket_take(&bucket, rate, 1499));
    CHECK(log_bucket_take(&bucket, rate, 1500)); /* one token per 500 ms */
    CHECK(!log_bucket_take(&bucket, rate, 1501));
    for (int i = 0; i < 3; i++)
        CHECK(log_bucket_take(&bucket, rate, 1000000));
    CHECK(!log_bucket_take(&bucket, rate, 1000000));
}

TEST(log_bucket_loses_no_fraction_when_asked_often) {
    log_bucket_t bucket = {0};
    int taken = 0;
    for (uint64_t now_ms = 0; now_ms < 10000; now_ms++)
        taken += log_bucket_take(&bucket, rate, now_ms);
    CHECK_EQ(taken, 3 + 19); /* the burst, and one each 500 ms up to 9500 */
}

TEST(log_bucket_survives_the_end_of_time_and_steps_back) {
    log_bucket_t bucket = {0};
    log_rate_t widest = {65535, 65535};
    CHECK(log_bucket_take(&bucket, widest, UINT64_MAX));
    CHECK(log_bucket_take(&bucket, widest, 0));
    CHECK(log_bucket_take(&bucket, widest, UINT64_MAX));
    CHECK_EQ(bucket.suppressed, 0);
    bucket.suppressed = UINT32_MAX;
    bucket.spent_milli = UINT64_C(65535) * 1000;
    CHECK(!log_bucket_take(&bucket, widest, UINT64_MAX));
    CHECK_EQ(bucket.suppressed, UINT32_MAX);
}

TEST(log_bucket_without_a_rate_gives_for_ever) {
    log_bucket_t bucket = {0};
    for (int i = 0; i < 1000; i++)
        CHECK(log_bucket_take(&bucket, (log_rate_t){0, 0}, 0));
}

TEST_TABLE(log_bucket, TEST_ROW(log_bucket_starts_full_and_runs_out),
           TEST_ROW(log_bucket_fills_with_time_and_never_above_its_size),
           TEST_ROW(log_bucket_loses_no_fraction_when_asked_often),
           TEST_ROW(log_bucket_survives_the_end_of_time_and_steps_back),
           TEST_ROW(log_bucket_without_a_rate_gives_for_ever))
