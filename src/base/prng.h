/* SPDX-License-Identifier: Apache-2.0 */
/* prng.h - numbers that look random and can be repeated, for simulation and jitter.
 *
 * SplitMix64 (Steele, Lea and Flood, 2014). The same seed gives the same numbers on
 * every machine. Never for secrets: a few numbers betray all that follow. */
#ifndef MK_BASE_PRNG_H
#define MK_BASE_PRNG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t state; /* the next number is a function of it */
} prng_t;

/* Begin the sequence of a seed; every seed is as good as any other, 0 too. */
void prng_init(prng_t *prng, uint64_t seed);

/* The next number, evenly from all 64-bit values. */
uint64_t prng_next(prng_t *prng);

/* Evenly from 0..bound-1; `bound` 0 stands for 2^64. */
uint64_t prng_below(prng_t *prng, uint64_t bound);

/* Evenly from min..max, both included; min <= max. */
int64_t prng_between(prng_t *prng, int64_t min, int64_t max);

/* True in `part` of `whole` cases; never when part is 0, always when part >= whole. */
bool prng_chance(prng_t *prng, uint64_t part, uint64_t whole);

/* A sequence of its own that does not depend on how far this one is used afterwards. */
prng_t prng_split(prng_t *prng);

#endif
