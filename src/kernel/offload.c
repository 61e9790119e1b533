/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking work on a few threads.
 *
 * Jobs wait in one queue and come back in another, both under one lock; the message
 * that will tell the owner is reserved with the job. Threads start with the first job.
 * Where the platform has no threads the loop runs one job whenever it is idle. */
#include "base/alloc.h"
#include "kernel/runtime_impl.h"
#include "microkernel/error.h"
#include "port/thread.h"

#include <string.h>

/* Payload of MSG_OFFLOAD_DONE; actors see the first member only. */
typedef struct {
    offload_done_payload_t done;
    void (*discard)(void *result); /* if the actor ends before it gets the message */
} offload_notice_t;

typedef struct job {
    struct job *next;
    void *(*fn)(void *arg);
    void *arg;
    void (*discard)(void *result);
    void *result;
    message_t *notice; /* reserved MSG_OFFLOAD_DONE */
    actor_id_t owner;
    uint32_t ticket;
} job_t;

typedef struct {
    job_t *head;
    job_t *tail; /* valid while head is not NULL */
} job_queue_t;

struct offload {
    port_lock_t *lock;   /* guards waiting, done, is_ending */
    job_queue_t waiting; /* not begun */
    job_queue_t done;    /* to be told */
    bool is_ending;
    port_poller_t *poller; /* to wake the loop */
    port_thread_t *threads[MK_OFFLOAD_THREADS];
    size_t thread_count;
    size_t pending;       /* jobs not told yet; the loop's own */
    uint32_t last_ticket; /* the loop's own */
};

static void push(job_queue_t *queue, job_t *job) {
    job->next = NULL;
    if (queue->head != NULL)
        queue->tail->next = job;
    else
        queue->head = job;
    queue->tail = job;
}

static job_t *pop(job_queue_t *queue) {
    job_t *job = queue->head;
    if (job != NULL) queue->head = job->next;
    return job;
}

static void work(void *arg) {
    offload_t *offload = arg;
    port_lock_acquire(offload->lock);
    for (;;) {
        while (offload->waiting.head == NULL && !offload->is_ending)
            port_lock_wait(offload->lock);
        if (offload->is_ending) break;
        job_t *job = pop(&offload->waiting);
        port_lock_release(offload->lock);
        job->result = job->fn(job->arg);
        port_lock_acquire(offload->lock);
        push(&offload->done, job);
        port_poller_wake(offload->poller);
    }
    port_lock_release(offload->lock);
}

static offload_t *get_offload(runtime_t *rt) {
    if (rt->offload != NULL) return rt->offload;
    offload_t *offload = mk_calloc(1, sizeof *offload);
    if (offload == NULL) return NULL;
    offload->lock = port_lock_create();
    if (offload->lock == NULL) {
        mk_free(offload);
        return NULL;
    }
    offload->poller = rt->poller;
    for (size_t i = 0; i < MK_OFFLOAD_THREADS; i++) {
        if (port_thread_start(&offload->threads[i], work, offload) != MK_OK) break;
        offload->thread_count++;
    }
    return rt->offload = offload;
}

uint32_t runtime_offload(runtime_t *rt, void *(*fn)(void *arg), void *arg,
                         void (*discard)(void *result)) {
    if (rt == NULL || rt->current == NULL || fn == NULL) return 0;
    offload_t *offload = get_offload(rt);
    job_t *job = offload != NULL ? mk_calloc(1, sizeof *job) : NULL;
    message_t *notice =
        job != NULL ? message__new(rt, NULL, sizeof(offload_notice_t)) : NULL;
    if (notice == NULL) {
        mk_free(job);
        rt->counts.no_memory++;
        return 0;
    }
    if (++offload->last_ticket == 0) offload->last_ticket = 1;
    *job = (job_t){.fn = fn,
                   .arg = arg,
                   .discard = discard,
                   .notice = notice,
                   .owner = actor_self(rt),
                   .ticket = offload->last_ticket};
    uint32_t ticket = job->ticket;
    offload->pending++;
    port_lock_acquire(offload->lock);
    push(&offload->waiting, job);
    port_lock_signal(offload->lock, false);
    port_lock_release(offload->lock);
    return ticket;
}

static void discard_job(runtime_t *rt, job_t *job) {
    message__end(rt, job->notice);
    if (job->discard != NULL) job->discard(job->result);
    mk_free(job);
}

static void tell(runtime_t *rt, job_t *job) {
    actor_t *owner = actor__find(rt, job->owner);
    if (owner == NULL) {
        discard_job(rt, job);
        return;
    }
    offload_notice_t notice;
    memset(&notice, 0, sizeof notice);
    notice.done.ticket = job->ticket;
    notice.done.arg = job->arg;
    notice.done.result = job->result;
    notice.discard = job->discard;
    memcpy(job->notice->payload, &notice, sizeof notice);
    job->notice->payload_size = sizeof notice.done;
    actor__deliver_notice(rt, owner, job->notice, ACTOR_ID_INVALID, MSG_OFFLOAD_DONE);
    mk_free(job);
}

void offload__discard_unread(const message_t *msg) {
    offload_notice_t notice;
    memcpy(&notice, msg->payload, sizeof notice);
    if (notice.discard != NULL) notice.discard(notice.done.result);
}

void offload__deliver(runtime_t *rt, bool is_idle) {
    offload_t *offload = rt->offload;
    if (offload == NULL || offload->pending == 0) return;
    if (offload->thread_count == 0 && is_idle) {
        job_t *job = pop(&offload->waiting);
        if (job != NULL) {
            job->result = job->fn(job->arg);
            push(&offload->done, job);
        }
    }
    port_lock_acquire(offload->lock);
    job_t *done = offload->done.head;
    offload->done.head = NULL;
    port_lock_release(offload->lock);
    while (done != NULL) {
        job_t *next = done->next;
        offload->pending--;
        tell(rt, done);
        done = next;
    }
}

size_t offload__pending(const runtime_t *rt) {
    return rt->offload != NULL ? rt->offload->pending : 0;
}

bool offload__can_go_on(const runtime_t *rt) {
    return rt->offload != NULL && rt->offload->thread_count == 0 &&
           rt->offload->waiting.head != NULL;
}

void offload__deinit(runtime_t *rt) {
    offload_t *offload = rt->offload;
    if (offload == NULL) return;
    port_lock_acquire(offload->lock);
    offload->is_ending = true;
    port_lock_signal(offload->lock, true);
    port_lock_release(offload->lock);
    for (size_t i = 0; i < offload->thread_count; i++)
        port_thread_join(offload->threads[i]);
    job_t *job;
    while ((job = pop(&offload->done)) != NULL)
        discard_job(rt, job);
    while ((job = pop(&offload->waiting)) != NULL) {
        /* Never run: its argument stands where a result would, so that it is freed. */
        job->result = job->arg;
        discard_job(rt, job);
    }
    port_lock_destroy(offload->lock);
    mk_free(offload);
    rt->offload = NULL;
}
