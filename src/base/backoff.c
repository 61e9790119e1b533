/* SPDX-License-Identifier: Apache-2.0 */
/* backoff.c - the count of tries is all there is to remember. */
#include "base/backoff.h"

void backoff_init(backoff_t *backoff, uint32_t base_ms, uint32_t cap_ms,
                  uint32_t stable_ms) {
    *backoff = (backoff_t){
        .base_ms = base_ms > 0 ? base_ms : 1, .cap_ms = cap_ms, .stable_ms = stable_ms};
}

void backoff_up(backoff_t *backoff, uint64_t now_ms) {
    backoff->is_up = true;
    backoff->up_ms = now_ms;
}

uint64_t backoff_down(backoff_t *backoff, uint64_t now_ms, prng_t *prng) {
    if (backoff->is_up && now_ms - backoff->up_ms >= backoff->stable_ms)
        backoff->tries = 0;
    backoff->is_up = false;
    uint64_t cap =
        backoff->cap_ms > backoff->base_ms ? backoff->cap_ms : backoff->base_ms;
    uint64_t delay = backoff->base_ms;
    for (uint32_t i = 0; i < backoff->tries && delay < cap; i++)
        delay *= 2;
    if (delay > cap) delay = cap;
    if (backoff->tries < UINT32_MAX) backoff->tries++;
    return delay + prng_below(prng, delay / 2 + 1);
}
