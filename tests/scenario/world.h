/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - a random supervised system, made from one number and watched all the time.
 *
 * Actors send, spawn, crash, stop each other, link, monitor, set timers, watch
 * descriptors and offload work; supervisors, nested ones among them, are started,
 * changed and killed; memory runs short now and then; time is virtual. Everything is
 * drawn from the seed, so the same seed gives the same world to the last message.
 *
 * What has to hold, whatever happens:
 *
 *   W1  every end is told exactly once to the parent, to each monitor, to each linked
 *       actor that traps exits; and to nobody else
 *   W2  a linked actor that does not trap ends with the other and gets no message more
 *   W3  no supervisor restarts more often than its limit within its window
 *   W4  no id is given twice, no actor ends twice, each state is freed once
 *   W5  between one sender and one receiver order is kept
 *   W6  what was sent was delivered, dropped, or became a dead letter; each send that
 *       failed is counted as exactly one kind of failure
 *   W7  no timer is early, lost, or of somebody else; no offloaded job is lost
 *   W8  supervisors list exactly the children that live, and permanent ones do live
 *   W9  in the end no block of memory is left */
#ifndef MK_TESTS_SCENARIO_WORLD_H
#define MK_TESTS_SCENARIO_WORLD_H

#include <stdbool.h>
#include <stdint.h>

/* Whose eyes to look through. The broken ones report something that did not happen, or
 * overlook something that did, so that a test can see the invariants fail. */
typedef enum {
    OBSERVER_HONEST = 0,
    OBSERVER_SEES_NOTICES_TWICE, /* W1 */
    OBSERVER_MISSES_NOTICES,     /* W1 */
    OBSERVER_FORGETS_UNLINK,     /* W2 */
    OBSERVER_HALVES_THE_LIMIT,   /* W3 */
    OBSERVER_SEES_IDS_TWICE,     /* W4 */
    OBSERVER_SWAPS_LETTERS,      /* W5 */
    OBSERVER_INVENTS_A_SEND,     /* W6 */
    OBSERVER_MISSES_TIMERS,      /* W7 */
    OBSERVER_MISSES_CHILDREN,    /* W8 */
    OBSERVER_KEEPS_A_BLOCK,      /* W9 */
    OBSERVER_COUNT
} world_observer_t;

typedef struct {
    uint64_t order_hash; /* of all deliveries: when, to whom, what */
    uint64_t delivered;  /* messages */
    uint64_t spawned;    /* actors */
    uint64_t crashed;    /* of these, abnormally */
    unsigned restarts;   /* by supervisors, attempts included */
    unsigned give_ups;   /* supervisors that ended by their limit */
    unsigned faults;     /* allocations that were made to fail */
    const char *failure; /* what did not hold; NULL: everything held. Static storage,
                            until the next run */
} world_report_t;

/* Live through the world of `seed`. `tells`: every step is printed. Leaves the
 * simulated platform as sim_reset(1) does. */
world_report_t world_run(uint64_t seed, world_observer_t observer, bool tells);

#endif
