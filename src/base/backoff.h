/* SPDX-License-Identifier: Apache-2.0 */
/* backoff.h - how long to wait before the next try to connect.
 *
 * The delay doubles with each try in a row up to a cap; up to a half more is added by
 * chance, so that those who lost the same server do not all come back in one moment. A
 * connection that held long enough begins the row again: one that only ever opens and
 * breaks does not. Pure: the caller brings the clock and the chance. */
#ifndef MK_BASE_BACKOFF_H
#define MK_BASE_BACKOFF_H

#include "base/prng.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t base_ms;   /* of the first try, > 0 */
    uint32_t cap_ms;    /* of all later ones; a larger base counts as its own cap */
    uint32_t stable_ms; /* a connection that held this long was a good one */
    uint32_t tries;     /* in a row */
    bool is_up;         /* since `up_ms` there is a connection */
    uint64_t up_ms;
} backoff_t;

/* Begin with no tries. */
void backoff_init(backoff_t *backoff, uint32_t base_ms, uint32_t cap_ms,
                  uint32_t stable_ms);

/* A connection is there at `now_ms`. */
void backoff_up(backoff_t *backoff, uint64_t now_ms);

/* It is lost, or could not be had. The milliseconds from now until the next try:
 * base * 2^tries, at most the cap, and by chance up to half as much more. */
uint64_t backoff_down(backoff_t *backoff, uint64_t now_ms, prng_t *prng);

#endif
