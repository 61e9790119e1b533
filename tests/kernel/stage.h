/* SPDX-License-Identifier: Apache-2.0 */
/* stage.h - actors for the tests of the kernel.
 *
 * A role counts and lists what it receives and then does what its `act` says. The world
 * is simulated: time passes when a test lets it pass. */
#ifndef MK_TESTS_KERNEL_STAGE_H
#define MK_TESTS_KERNEL_STAGE_H

#include "support/test.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "microkernel/watch.h"
#include "sim/sim.h"

#include <string.h>

enum { ROLE_TYPES = 16, NS_PER_MS_OF_STAGE = 1000000 };

typedef struct role role_t;
struct role {
    /* What it does with a message; false ends it. NULL: nothing. */
    bool (*act)(runtime_t *rt, role_t *me, message_t *msg);
    actor_id_t id;                /* own */
    actor_id_t peer;              /* another actor, for `act` */
    uint64_t value;               /* for `act` */
    unsigned count;               /* messages received */
    unsigned ends;                /* times its state was freed */
    msg_type_t types[ROLE_TYPES]; /* of the first messages */
    down_payload_t down;          /* of the last MSG_DOWN or MSG_EXIT */
    child_exit_payload_t child;   /* of the last MSG_CHILD_EXIT */
};

static inline bool play(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    role_t *me = state;
    if (me->count < ROLE_TYPES) me->types[me->count] = msg->type;
    me->count++;
    if (msg->type == MSG_DOWN || msg->type == MSG_EXIT) {
        CHECK_EQ(msg->payload_size, sizeof me->down);
        memcpy(&me->down, msg->payload, sizeof me->down);
    }
    if (msg->type == MSG_CHILD_EXIT) {
        CHECK_EQ(msg->payload_size, sizeof me->child);
        memcpy(&me->child, msg->payload, sizeof me->child);
    }
    return me->act == NULL || me->act(rt, me, msg);
}

static inline void end_role(void *state) {
    ((role_t *)state)->ends++;
}

/* Spawn a role; CHECKs that it worked. */
static inline actor_id_t cast_with(runtime_t *rt, role_t *role,
                                   const actor_options_t *options) {
    role->id = actor_spawn_with(rt, play, role, end_role, options);
    CHECK(role->id != ACTOR_ID_INVALID);
    return role->id;
}

static inline actor_id_t cast(runtime_t *rt, role_t *role) {
    return cast_with(rt, role, NULL);
}

static inline void tell(runtime_t *rt, actor_id_t id, msg_type_t type) {
    CHECK(actor_send(rt, id, type, NULL, 0));
}

/* A fresh world and a runtime of node 1 in it. */
static inline runtime_t *open_stage(void) {
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 1 << 20);
    CHECK(rt != NULL);
    return rt;
}

static inline void close_stage(runtime_t *rt) {
    runtime_destroy(rt);
    sim_reset(1);
}

/* Deliver what can be delivered without time passing. */
static inline void settle(runtime_t *rt) {
    for (int idle = 0; idle < 2;) {
        runtime_counters_t before = runtime_counters(rt);
        runtime_step(rt);
        runtime_counters_t after = runtime_counters(rt);
        bool moved = before.delivered + before.exited != after.delivered + after.exited;
        idle = moved ? 0 : idle + 1;
    }
}

static inline void pass_ms(runtime_t *rt, uint64_t ms) {
    sim_advance(ms * NS_PER_MS_OF_STAGE);
    settle(rt);
}

/* Call `fn` inside a behaviour, as an actor of its own that ends afterwards. */
typedef struct {
    void (*fn)(runtime_t *rt, void *arg);
    void *arg;
} scene_t;

static inline bool play_scene(runtime_t *rt, actor_t *self, message_t *msg,
                              void *state) {
    (void)self;
    (void)msg;
    scene_t *scene = state;
    scene->fn(rt, scene->arg);
    return false;
}

static inline void act_inside(runtime_t *rt, void (*fn)(runtime_t *rt, void *arg),
                              void *arg) {
    scene_t scene = {fn, arg};
    actor_id_t id = actor_spawn(rt, play_scene, &scene, NULL, 2);
    tell(rt, id, 1);
    while (actor_is_alive(rt, id))
        runtime_step(rt);
}

/* True where memory is what a PC has; tests with large numbers scale by it. */
#define STAGE_IS_LARGE (MK_SLAB_BYTES >= 65536)

#endif
