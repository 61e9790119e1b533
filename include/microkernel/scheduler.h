/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler.h - the queue of actors that have mail: first in, first out. A runtime has
 * one per priority, and one for those that used up their share. */
#ifndef MICROKERNEL_SCHEDULER_H
#define MICROKERNEL_SCHEDULER_H

#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct scheduler {
    actor_t *ready_queue_head; /* runs next; NULL when empty */
    actor_t *ready_queue_tail; /* runs last; valid while the head is not NULL */
    size_t ready_count;        /* actors in the queue */
};

/* Make an empty queue in the caller's memory. */
void scheduler_init(scheduler_t *sched);

/* Append an idle `actor` and set it ACTOR_READY; does nothing when it waits already,
 * runs, has ended, or is NULL. One that is taken out stays ready: who queues an actor
 * of a runtime elsewhere takes its turns away. */
void scheduler_enqueue(scheduler_t *sched, actor_t *actor);

/* Take the first actor out, its status unchanged; NULL when empty. */
actor_t *scheduler_dequeue(scheduler_t *sched);

/* True when no actor waits. */
bool scheduler_is_empty(const scheduler_t *sched);

#ifdef __cplusplus
}
#endif

#endif
