/* SPDX-License-Identifier: Apache-2.0 */
/* services_support.h - actors that the tests of this folder need again and again. */
#ifndef MK_TESTS_SERVICES_SUPPORT_H
#define MK_TESTS_SERVICES_SUPPORT_H

#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/runtime.h"
#include "sim.h"

#include <string.h>

enum { MSG_TEST_CRASH = 2001, MSG_TEST_END = 2002 };

/* Lives until MSG_TEST_END; MSG_TEST_CRASH crashes it with the payload as text. */
static inline bool idle_behave(runtime_t *rt, actor_t *self, message_t *msg,
                               void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_TEST_CRASH) actor_exit(rt, EXIT_CRASHED, msg->payload);
    return msg->type != MSG_TEST_END;
}

static inline actor_id_t spawn_idle(runtime_t *rt) {
    return actor_spawn(rt, idle_behave, NULL, NULL, 16);
}

/* A new world and a runtime in it. */
static inline runtime_t *open_runtime(void) {
    sim_reset(1);
    return runtime_init(1, 1u << 16);
}

static inline void close_runtime(runtime_t *rt) {
    runtime_destroy(rt);
    sim_reset(1);
}

/* End an actor and wait until it is cleaned up. */
static inline void end_actor(runtime_t *rt, actor_id_t id) {
    actor_stop(rt, id);
    for (int i = 0; i < 10 && actor_is_alive(rt, id); i++)
        runtime_step(rt);
    runtime_step(rt);
}

static inline void run_steps(runtime_t *rt, int steps) {
    for (int i = 0; i < steps; i++)
        runtime_step(rt);
}

#endif
