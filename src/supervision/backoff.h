/* SPDX-License-Identifier: Apache-2.0 */
/* backoff.h - how long to wait before the next restart: doubled each time, with a
 * ceiling.
 *
 * Pure: the caller brings the clock and the settings. A restart follows closely when it
 * comes before the child has been up for the ceiling's time; then the wait doubles.
 * Else the waits begin again with the base. */
#ifndef MK_SUPERVISION_BACKOFF_H
#define MK_SUPERVISION_BACKOFF_H

#include <stdint.h>

/* Ceiling as a multiple of the base where none is given. */
#define BACKOFF_DEFAULT_FACTOR 64u

/* Where one child stands; zeroed at first. */
typedef struct {
    uint64_t last_ms; /* the latest wait; 0 before the first */
    uint64_t end_ms;  /* when that wait ends */
} backoff_t;

/* The ceiling that is meant by `max_ms`: itself, at least `base_ms`; for 0 the default
 * multiple of `base_ms`, at most UINT64_MAX. */
uint64_t backoff_ceiling(uint64_t base_ms, uint64_t max_ms);

/* The wait before a restart decided at `now_ms` (never backwards): 0 when `base_ms` is
 * 0, else base_ms to the ceiling. */
uint64_t backoff_next(backoff_t *backoff, uint64_t base_ms, uint64_t max_ms,
                      uint64_t now_ms);

#endif
