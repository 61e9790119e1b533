/* SPDX-License-Identifier: Apache-2.0 */
/* supervised.c - a worker that fails at every third job, and a supervisor that starts
 * it again, each time with a new state. */
#include "microkernel/crash.h"
#include "microkernel/names.h"
#include "microkernel/runtime.h"
#include "microkernel/supervision.h"

#include <stdio.h>
#include <stdlib.h>

enum { JOB = 1, DONE = 2, JOBS = 7 };

static void *worker_new(void *factory_arg) { /* called at each start */
    int *starts = factory_arg;
    printf("start %d of the worker\n", ++*starts);
    return calloc(1, sizeof(int)); /* jobs done since then */
}

static bool worker(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    int *done = state;
    if (msg->type != JOB) return msg->type != MSG_SHUTDOWN;
    if (++*done == 3) {
        actor_exit(rt, EXIT_CRASHED, "the third job is too much");
        return true; /* it ends all the same: actor_exit was called */
    }
    return actor_send(rt, msg->source, DONE, done, sizeof *done);
}

typedef struct {
    actor_id_t supervisor;
    monitor_id_t monitor; /* on the worker that has the job */
    int sent;
} boss_t;

static bool boss(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    boss_t *b = state;
    if (msg->type == DONE) {
        printf("job done, %d since the start\n", *(const int *)msg->payload);
        actor_demonitor(rt, b->monitor);
    } else if (msg->type == MSG_DOWN) {
        const down_payload_t *down = msg->payload;
        printf("down: %s, %s\n", exit_reason_name(down->exit_reason), down->text);
    }
    if (b->sent++ < JOBS) { /* a monitor, so that an end is no silence */
        b->monitor = actor_monitor(rt, actor_lookup(rt, "worker"));
        return actor_send_named(rt, "worker", JOB, NULL, 0);
    }
    supervisor_stop(rt, b->supervisor);
    return false;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    crash_enable(rt);
    supervisor_set_registrar(rt, names_register);
    int starts = 0;
    child_spec_t spec = {.name = "worker",
                         .behavior = worker,
                         .factory = worker_new,
                         .factory_arg = &starts,
                         .free_state = free,
                         .restart_type = RESTART_PERMANENT};
    child_options_t child = {.register_as = "worker", .shutdown_ms = 1000};
    supervisor_options_t options = {.max_restarts = 5, .window_ms = 10000};
    boss_t state = {supervisor_start_with(rt, &options, &spec, &child, 1), 0, 0};
    actor_id_t id = actor_spawn(rt, boss, &state, NULL, 16);
    runtime_step(rt); /* the supervisor starts its children */
    actor_send(rt, id, JOB, NULL, 0);
    runtime_run(rt);

    crash_record_t crash;
    if (crash_list(rt, &crash, 1) == 1) /* the newest */
        printf("crash %u: %s, at message %u\n", (unsigned)crash.number, crash.text,
               (unsigned)crash.handled);
    runtime_destroy(rt);
    return 0;
}
