/* SPDX-License-Identifier: Apache-2.0 */
/* restart_budget.h - how often a supervisor may restart before it gives up.
 *
 * The caller brings the clock. More than `limit` restarts within one window mean that
 * the fault is not passing (Erlang/OTP: intensity and period). A restart counts until
 * it is more than window_ms old; with window_ms 0 it counts for ever. Exact for every
 * limit. */
#ifndef MK_SUPERVISION_RESTART_BUDGET_H
#define MK_SUPERVISION_RESTART_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Moments kept without the heap; a power of two. Most supervisors allow fewer restarts.
 */
enum { RESTART_MARKS_INSIDE = 4 };

typedef struct {
    uint64_t at_ms; /* the moment */
    uint32_t count; /* restarts at that moment, > 0 */
} restart_mark_t;

typedef struct {
    uint32_t limit;     /* restarts allowed within a window; 0: none */
    uint32_t spent;     /* restarts that still count, <= limit */
    uint64_t window_ms; /* 0: restarts never fade */
    restart_mark_t inside[RESTART_MARKS_INSIDE]; /* the ring while it is small */
    restart_mark_t *marks; /* the ring on the heap; NULL while it is inside */
    size_t head;           /* index of the oldest moment */
    size_t len;            /* moments in use */
    size_t cap;            /* room of the ring; a power of two */
} restart_budget_t;

/* Prepare in the caller's memory; takes no heap. */
void restart_budget_init(restart_budget_t *budget, uint32_t limit, uint64_t window_ms);

/* Give the memory back. */
void restart_budget_deinit(restart_budget_t *budget);

/* True when one more restart at `now_ms` is within the limit. `now_ms` never goes
 * backwards over all calls. */
bool restart_budget_has_room(restart_budget_t *budget, uint64_t now_ms);

/* Spend one restart. False: the window is full and nothing was spent. Memory grows with
 * the distinct milliseconds that still count, not with the limit; when it is short, the
 * newest moment stands for this restart too and counts from now, so that the limit
 * still holds and restarts fade later rather than earlier. */
bool restart_budget_spend(restart_budget_t *budget, uint64_t now_ms);

#endif
