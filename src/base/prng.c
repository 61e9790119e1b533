/* SPDX-License-Identifier: Apache-2.0 */
/* prng.c - SplitMix64: a counter in steps of the golden ratio, scrambled.
 *
 * Chosen over xorshift and its relatives because one word of state suffices, no seed is
 * bad, and close seeds give unrelated sequences, so simulations may use seeds 1, 2, 3.
 */
#include "base/prng.h"

#include "base/check.h"

void prng_init(prng_t *prng, uint64_t seed) {
    prng->state = seed;
}

uint64_t prng_next(prng_t *prng) {
    prng->state += 0x9E3779B97F4A7C15u; /* 2^64 / golden ratio, odd */
    uint64_t z = prng->state;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* Numbers below 2^64 mod bound are drawn again: without that the small results would
 * come up once more often than the others. */
uint64_t prng_below(prng_t *prng, uint64_t bound) {
    if (bound == 0) return prng_next(prng);
    uint64_t surplus = (0 - bound) % bound;
    uint64_t number = prng_next(prng);
    while (number < surplus)
        number = prng_next(prng);
    return number % bound;
}

int64_t prng_between(prng_t *prng, int64_t min, int64_t max) {
    MK_ASSERT(min <= max);
    uint64_t span = (uint64_t)max - (uint64_t)min + 1; /* 0: all 2^64 */
    uint64_t offset = prng_below(prng, span);
    /* Modulo 2^64; the way back to int64_t must not rely on a cast that overflows. */
    uint64_t number = (uint64_t)min + offset;
    return number <= INT64_MAX ? (int64_t)number : -(int64_t)(UINT64_MAX - number) - 1;
}

bool prng_chance(prng_t *prng, uint64_t part, uint64_t whole) {
    if (part == 0) return false;
    if (part >= whole) return true;
    return prng_below(prng, whole) < part;
}

prng_t prng_split(prng_t *prng) {
    return (prng_t){prng_next(prng)};
}
