/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.h - a random cluster of nodes, made from one number and watched all the time.
 *
 * Three to seven runtimes on as many simulated machines mount each other over tcp, some
 * worlds with a cluster key. Their actors send, monitor, link, give names, spawn and
 * end, while lines are cut, mended, reset, slowed and made uneven, machines are killed,
 * lose their power, end in good order and come back with the same or another number or
 * name, programs stand still, nodes are unmounted and mounted again, and the wall clock
 * jumps, and while memory is short on the machine an allocation fails now and then, or
 * all of a deed do. Then everything is mended, and the cluster has CLUSTER_CONVERGE_MS
 * to be whole again. All is drawn from the seed.
 *
 * What has to hold, whatever happens:
 *
 *   C1  between one sender and one receiver order is kept, nothing comes twice, and
 *       nothing whose send returned false, that was never sent, or is somebody else's
 *   C2  what was sent and did not arrive is counted: as lost at its sender, or as
 *       undelivered at its receiver
 *   C3  monitors and links tell of an end exactly once, and of the loss of a node only
 *       when it was lost
 *   C4  of each node its coming and its going are told in turn
 *   C5  after mending, within CLUSTER_CONVERGE_MS, all nodes are connected and know the
 *       same names and paths, those of living actors and no others
 *   C6  then everything that is sent arrives
 *   C7  in the end no block of memory and no handle is left */
#ifndef MK_TESTS_CLUSTER_H
#define MK_TESTS_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

/* Virtual time from mending until a cluster is whole again, at most: silence is noticed
 * (four heartbeats of 5 s), a try that began in vain ends (10 s), the next one waits
 * (20 s and half of that), and a name that was somebody else's is free (2 s); with one
 * more refused try between two links for the same pair (10 s and 30 s). */
enum { CLUSTER_CONVERGE_MS = 102000 };

/* Whose eyes to look through. The broken ones report something that did not happen, or
 * overlook something that did, so that a test can see the invariants fail. */
typedef enum {
    OBSERVER_HONEST = 0,
    OBSERVER_SEES_LETTERS_TWICE, /* C1 */
    OBSERVER_SWAPS_LETTERS,      /* C1 */
    OBSERVER_MISSES_LETTERS,     /* C2, C6 */
    OBSERVER_SEES_DOWNS_TWICE,   /* C3 */
    OBSERVER_MISSES_DOWNS,       /* C3 */
    OBSERVER_MISSES_NEWS,        /* C4 */
    OBSERVER_INVENTS_A_NAME,     /* C5 */
    OBSERVER_KEEPS_A_BLOCK,      /* C7 */
    OBSERVER_COUNT
} cluster_observer_t;

typedef struct {
    uint64_t order_hash;   /* of all that actors saw: when, who, what */
    uint64_t letters;      /* handled that came from another node */
    unsigned nodes;        /* of the world */
    unsigned lives;        /* of nodes */
    unsigned faults;       /* cuts, resets, ends, ... */
    unsigned shortages;    /* turns and deeds in which an allocation failed */
    unsigned ups;          /* news of nodes that came */
    unsigned downs;        /* monitors and links that told of an end */
    unsigned unmounts;     /* that ended something */
    unsigned lost;         /* letters that did not arrive, and were counted */
    uint64_t converged_ms; /* virtual time from mending until the cluster was whole */
    bool is_keyed;         /* over TLS */
    const char *failure;   /* what did not hold; NULL: everything held. Static storage,
                              until the next run */
} cluster_report_t;

/* Live through the world of `seed`. `tells`: every step is printed. Leaves the
 * simulated platform as sim_reset(1) does. */
cluster_report_t cluster_run(uint64_t seed, cluster_observer_t observer, bool tells);

#endif
