/* SPDX-License-Identifier: Apache-2.0 */
/* log_bucket.c - counts what is missing and not what is there, so that a fresh bucket
 * is full whatever the rate is, also after the rate was changed. In thousandths, so
 * that a millisecond at one line per second is not lost to rounding. */
#include "services/log_bucket.h"

enum { MILLI = 1000 };

bool log_bucket_take(log_bucket_t *bucket, log_rate_t rate, uint64_t now_ms) {
    if (rate.burst == 0) return true;
    uint64_t passed_ms = now_ms > bucket->at_ms ? now_ms - bucket->at_ms : 0;
    /* One token per millisecond at a rate of 1 000 per second: `lines_per_s`
     * thousandths each. What would fill the bucket anyway is not multiplied. */
    uint64_t full_ms = bucket->spent_milli / rate.lines_per_s + 1;
    if (passed_ms >= full_ms) {
        bucket->spent_milli = 0;
    } else {
        uint64_t back = passed_ms * rate.lines_per_s;
        bucket->spent_milli -= back < bucket->spent_milli ? back : bucket->spent_milli;
    }
    bucket->at_ms = now_ms;
    if (bucket->spent_milli + MILLI > (uint64_t)rate.burst * MILLI) {
        if (bucket->suppressed < UINT32_MAX) bucket->suppressed++;
        return false;
    }
    bucket->spent_milli += MILLI;
    return true;
}
