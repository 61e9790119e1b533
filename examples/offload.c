/* SPDX-License-Identifier: Apache-2.0 */
/* offload.c - work that blocks, off the loop. The function runs on a worker thread and
 * touches nothing but its argument; the result comes back as a message, while timers
 * and all other actors go on. */
#include "microkernel/runtime.h"
#include "microkernel/timer.h"

#include <stdio.h>
#include <stdlib.h>

enum { START = 1, NUMBER = 3000 };

/* Slow on purpose; it could as well read a file or wait for a device. */
static void *count_primes(void *arg) {
    const int *limit = arg;
    int *count = calloc(1, sizeof *count);
    for (int n = 2; count != NULL && n < *limit; n++) {
        int divisor = 2;
        while (n % divisor != 0)
            divisor++;
        if (divisor == n) ++*count;
    }
    return count; /* NULL: no memory */
}

typedef struct {
    int limit;       /* belongs to the worker thread until MSG_OFFLOAD_DONE */
    uint32_t ticket; /* tells several works apart */
} work_t;

static bool worker(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    work_t *work = state;
    if (msg->type == START) {
        work->limit = NUMBER;
        work->ticket = runtime_offload(rt, count_primes, &work->limit, free);
        printf("handed over: %s\n", work->ticket != 0 ? "yes" : "no");
        return work->ticket != 0;
    }
    if (msg->type != MSG_OFFLOAD_DONE) return true;
    const offload_done_payload_t *done = msg->payload;
    int *count = done->result; /* ours now */
    if (done->ticket == work->ticket && count != NULL)
        printf("primes below %d: %d\n", NUMBER, *count);
    free(count);
    return false;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    /* The thread reads the state of the actor, so it must outlive the work: it lives
     * here until runtime_destroy, which waits for work that has begun. */
    static work_t state;
    actor_id_t id = actor_spawn(rt, worker, &state, NULL, 16);
    actor_send(rt, id, START, NULL, 0);
    runtime_run(rt); /* does not return while work is under way */
    runtime_destroy(rt);
    return 0;
}
