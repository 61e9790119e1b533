/* SPDX-License-Identifier: Apache-2.0 */
/* backoff.c - exponential waits that forget.
 *
 * The state is the last wait and its end; whether the child has been up for long is
 * seen from the clock at the next call, so nobody has to report that a child does well.
 * All sums saturate: a ceiling of 2^64-1 means no ceiling. */
#include "supervision/backoff.h"

static uint64_t add_saturating(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t backoff_ceiling(uint64_t base_ms, uint64_t max_ms) {
    if (max_ms > 0) return max_ms > base_ms ? max_ms : base_ms;
    if (base_ms > UINT64_MAX / BACKOFF_DEFAULT_FACTOR) return UINT64_MAX;
    return base_ms * BACKOFF_DEFAULT_FACTOR;
}

uint64_t backoff_next(backoff_t *backoff, uint64_t base_ms, uint64_t max_ms,
                      uint64_t now_ms) {
    if (base_ms == 0) return 0;
    uint64_t ceiling = backoff_ceiling(base_ms, max_ms);
    uint64_t wait_ms = base_ms;
    if (backoff->last_ms > 0 && now_ms < add_saturating(backoff->end_ms, ceiling)) {
        wait_ms = add_saturating(backoff->last_ms, backoff->last_ms);
        if (wait_ms > ceiling) wait_ms = ceiling;
    }
    backoff->last_ms = wait_ms;
    backoff->end_ms = add_saturating(now_ms, wait_ms);
    return wait_ms;
}
