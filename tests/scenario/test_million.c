/* SPDX-License-Identifier: Apache-2.0 */
/* Large numbers: a million actors, a million timers, and their memory back. */
#include "microkernel/limits.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "sim/sim.h"
#include "support/test.h"

#include <string.h>

/* Where each item is a block of the heap, or memory is a chip's, fewer. */
#if MK_SLAB_BYTES < 65536
enum { MANY = 400 };
#elif defined(MK_POOL_PASSTHROUGH)
enum { MANY = 50000 };
#else
enum { MANY = 1000000 };
#endif

enum { GO = 1 };

static bool count(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)msg;
    ++*(uint64_t *)state;
    return true;
}

static void check_memory(runtime_t *rt, size_t bytes_max) {
#if defined(MK_POOL_PASSTHROUGH)
    (void)rt;
    (void)bytes_max;
#else
    CHECK(runtime_counters(rt).memory_bytes <= bytes_max);
#endif
}

TEST(a_million_actors_live_and_give_their_memory_back) {
    sim_reset(1);
    runtime_t *rt = runtime_init(1, MANY);
    uint64_t counted = 0;
    actor_id_t first = ACTOR_ID_INVALID;
    for (uint32_t i = 0; i < MANY; i++) {
        actor_id_t id = actor_spawn(rt, count, &counted, NULL, 2);
        if (i == 0) first = id;
        CHECK_EQ(id, first + i);
    }
    CHECK_EQ(actor_spawn(rt, count, &counted, NULL, 2), ACTOR_ID_INVALID);
    check_memory(rt, (size_t)MANY * 128 + 2 * MK_SLAB_BYTES_MAX);
    for (uint32_t i = 0; i < MANY; i += 7)
        CHECK(actor_send(rt, first + i, GO, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(counted, (MANY + 6) / 7);
    for (uint32_t i = 0; i < MANY; i++)
        actor_stop(rt, first + i);
    runtime_run(rt);
    CHECK_EQ(runtime_counters(rt).exited, MANY);
    check_memory(rt, 5 * MK_SLAB_BYTES);
    runtime_destroy(rt);
    sim_reset(1);
}

/* A fixed permutation of 0..MANY-1: its factor shares no divisor with MANY. */
static uint64_t scattered(uint64_t i) {
    return i * 7919 % MANY;
}

typedef struct {
    uint64_t fired;
    uint64_t last_ms;
} clocks_t;

static bool run_clocks(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    clocks_t *clocks = state;
    if (msg->type == GO) {
        for (uint64_t i = 0; i < MANY; i++)
            CHECK(actor_set_timer(rt, 1 + scattered(i) / 10, false) != 0);
        return true;
    }
    CHECK(runtime_now_ms(rt) >= clocks->last_ms);
    clocks->last_ms = runtime_now_ms(rt);
    clocks->fired++;
    return true;
}

TEST(a_million_timers_fire_in_order) {
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 4);
    clocks_t clocks = {0, 0};
    CHECK(actor_send(rt, actor_spawn(rt, run_clocks, &clocks, NULL, 16), GO, NULL, 0));
    runtime_step(rt);
    CHECK_EQ(runtime_counters(rt).timers, MANY);
    runtime_run(rt);
    CHECK_EQ(clocks.fired, MANY);
    CHECK_EQ(clocks.last_ms, 1 + (MANY - 1) / 10);
    CHECK_EQ(runtime_counters(rt).timers, 0);
    check_memory(rt, 5 * MK_SLAB_BYTES);
    runtime_destroy(rt);
    sim_reset(1);
}

static bool cancel_most(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    if (msg->type != GO) {
        ++*(uint64_t *)state;
        return true;
    }
    timer_id_t first = actor_set_timer(rt, 1000, false);
    for (uint32_t i = 1; i < MANY; i++)
        CHECK_EQ(actor_set_timer(rt, 1 + scattered(i), true), first + i);
    /* From the middle outwards, each once. */
    for (uint32_t i = 1; i < MANY; i++) {
        uint32_t at = (i + MANY / 2) % MANY;
        if (at != 0) CHECK(actor_cancel_timer(rt, first + at));
        if (at != 0) CHECK(!actor_cancel_timer(rt, first + at));
    }
    return actor_cancel_timer(rt, first + MANY / 2) || true;
}

TEST(a_million_timers_are_cancelled) {
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 4);
    uint64_t fired = 0;
    CHECK(actor_send(rt, actor_spawn(rt, cancel_most, &fired, NULL, 4), GO, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(fired, 1);
    check_memory(rt, 5 * MK_SLAB_BYTES);
    runtime_destroy(rt);
    sim_reset(1);
}

TEST_TABLE(million, TEST_ROW(a_million_actors_live_and_give_their_memory_back),
           TEST_ROW(a_million_timers_fire_in_order),
           TEST_ROW(a_million_timers_are_cancelled))
