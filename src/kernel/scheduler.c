/* SPDX-License-Identifier: Apache-2.0 */
/* Singly linked through the actors: an actor is in at most one queue, once. */
#include "microkernel/scheduler.h"

#include "kernel/runtime_impl.h"

void scheduler_init(scheduler_t *sched) {
    *sched = (scheduler_t){0};
}

void scheduler_enqueue(scheduler_t *sched, actor_t *actor) {
    if (actor->flags & ACTOR_IN_QUEUE) return;
    actor->flags |= ACTOR_IN_QUEUE;
    actor->status = ACTOR_READY;
    actor->next_ready = NULL;
    if (sched->ready_queue_head != NULL)
        sched->ready_queue_tail->next_ready = actor;
    else
        sched->ready_queue_head = actor;
    sched->ready_queue_tail = actor;
    sched->ready_count++;
}

actor_t *scheduler_dequeue(scheduler_t *sched) {
    actor_t *actor = sched->ready_queue_head;
    if (actor == NULL) return NULL;
    sched->ready_queue_head = actor->next_ready;
    sched->ready_count--;
    actor->flags &= (uint8_t)~ACTOR_IN_QUEUE;
    return actor;
}

bool scheduler_is_empty(const scheduler_t *sched) {
    return sched->ready_queue_head == NULL;
}
