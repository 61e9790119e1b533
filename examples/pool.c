/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - children that come and go: a template supervisor starts a worker per job,
 * one call each (Erlang's simple_one_for_one). A worker that fails is not missed. */
#include "microkernel/runtime.h"
#include "microkernel/supervision.h"

#include <stdio.h>
#include <stdlib.h>

enum { GO = 1, RESULT = 2, JOBS = 4 };

typedef struct {
    int number;
    actor_id_t client;
} job_t;

static void *job_new(void *factory_arg) { /* the state of one worker */
    job_t *job = malloc(sizeof *job);
    if (job != NULL) *job = *(const job_t *)factory_arg;
    return job;
}

static bool worker(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    const job_t *job = state;
    if (msg->type != GO) return msg->type != MSG_SHUTDOWN;
    if (job->number == 3) {
        actor_exit(rt, EXIT_CRASHED, "3 is not a number I like");
        return false;
    }
    int square = job->number * job->number;
    actor_send(rt, job->client, RESULT, &square, sizeof square);
    return false; /* done: a temporary child is forgotten */
}

typedef struct {
    actor_id_t pool;
    int open; /* jobs that were not answered for */
} client_t;

static bool client(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    client_t *c = state;
    if (msg->type == GO) {
        for (int n = 1; n <= JOBS; n++) {
            job_t job = {n, actor_self(rt)};
            actor_id_t id = supervisor_start_child(rt, c->pool, NULL, NULL, &job);
            actor_monitor(rt, id);
            c->open += actor_send(rt, id, GO, NULL, 0);
        }
        child_counts_t counts;
        supervisor_count_children(rt, c->pool, &counts);
        printf("%u workers\n", (unsigned)counts.active);
    } else if (msg->type == RESULT) {
        printf("result %d\n", *(const int *)msg->payload);
    } else if (msg->type == MSG_DOWN) {
        const down_payload_t *down = msg->payload;
        printf("one ended: %s%s%s\n", exit_reason_name(down->exit_reason),
               down->text[0] != '\0' ? ", " : "", down->text);
        if (--c->open == 0) supervisor_stop(rt, c->pool);
    }
    return msg->type == GO || c->open > 0;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 100);
    child_spec_t pattern = {.name = "worker",
                            .behavior = worker,
                            .factory = job_new,
                            .free_state = free,
                            .restart_type = RESTART_TEMPORARY};
    supervisor_options_t options = {.is_template = true, .name = "pool"};
    client_t state = {supervisor_start_with(rt, &options, &pattern, NULL, 1), 0};
    actor_id_t id = actor_spawn(rt, client, &state, NULL, 16);
    actor_send(rt, id, GO, NULL, 0);
    runtime_run(rt);
    runtime_destroy(rt);
    return 0;
}
