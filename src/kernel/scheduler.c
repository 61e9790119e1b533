/* SPDX-License-Identifier: Apache-2.0 */
/* Singly linked through the actors: an actor is in at most one queue, once. */
#include "microkernel/scheduler.h"

#include "kernel/runtime_impl.h"

void scheduler_init(scheduler_t *sched) {
    if (sched != NULL) *sched = (scheduler_t){0};
}

void scheduler_enqueue(scheduler_t *sched, actor_t *actor) {
    if (sched != NULL && actor != NULL && actor->status == ACTOR_IDLE)
        queue__push(sched, actor);
}

actor_t *scheduler_dequeue(scheduler_t *sched) {
    return sched != NULL ? queue__pop(sched) : NULL;
}

bool scheduler_is_empty(const scheduler_t *sched) {
    return sched == NULL || sched->ready_queue_head == NULL;
}
