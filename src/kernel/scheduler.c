/* SPDX-License-Identifier: Apache-2.0 */
/* Singly linked through the actors: an actor is in at most one queue, once. */
#include "microkernel/scheduler.h"

#include "kernel/runtime_impl.h"

void scheduler_init(scheduler_t *sched) {
    *sched = (scheduler_t){0};
}

void scheduler_enqueue(scheduler_t *sched, actor_t *actor) {
    if (!(actor->flags & ACTOR_IN_QUEUE)) queue__push(sched, actor);
}

actor_t *scheduler_dequeue(scheduler_t *sched) {
    return queue__pop(sched);
}

bool scheduler_is_empty(const scheduler_t *sched) {
    return sched->ready_queue_head == NULL;
}
