/* SPDX-License-Identifier: Apache-2.0 */
/* log_bucket.h - how many lines an actor may still log: a token bucket. Pure: the
 * caller brings the clock. */
#ifndef MK_SERVICES_LOG_BUCKET_H
#define MK_SERVICES_LOG_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t burst;       /* tokens at most; 0: no limit */
    uint32_t lines_per_s; /* tokens that come back */
} log_rate_t;

/* Zeroed memory is a full bucket. */
typedef struct {
    uint64_t at_ms;       /* when `spent` was right */
    uint64_t spent_milli; /* thousandths of tokens missing to a full bucket */
    uint32_t suppressed; /* lines refused since the last report; stays at its maximum */
} log_bucket_t;

/* Take one token at `now_ms`. False: there is none; the line is counted as suppressed.
 */
bool log_bucket_take(log_bucket_t *bucket, log_rate_t rate, uint64_t now_ms);

#endif
