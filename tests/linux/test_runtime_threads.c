/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel among real threads: posts, stops, workers, runtimes beside each other. */
#include "support/test.h"

#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "port/thread.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { GO = 1, NUMBER = 2, THREADS = 4, POSTS = 5000 };

static port_thread_t *start(void (*fn)(void *arg), void *arg) {
    port_thread_t *thread = NULL;
    CHECK_EQ(port_thread_start(&thread, fn, arg), MK_OK);
    return thread;
}

/* --- posts --- */

typedef struct {
    uint32_t thread;
    uint32_t number;
} parcel_t;

typedef struct {
    uint32_t next[THREADS]; /* number expected of each */
    unsigned got;
} counter_t;

typedef struct {
    runtime_t *rt;
    actor_id_t dest;
    uint32_t thread;
} poster_t;

static void post_many(void *arg) {
    const poster_t *poster = arg;
    for (uint32_t i = 0; i < POSTS; i++) {
        parcel_t parcel = {poster->thread, i};
        while (!runtime_post(poster->rt, poster->dest, NUMBER, &parcel, sizeof parcel))
            sched_yield(); /* MK_POST_MAX of them wait */
    }
}

static bool count_parcels(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    counter_t *counter = state;
    if (msg->type != NUMBER) return actor_set_timer(rt, 3600000, false) != 0;
    parcel_t parcel;
    memcpy(&parcel, msg->payload, sizeof parcel);
    CHECK_EQ(parcel.number, counter->next[parcel.thread]);
    counter->next[parcel.thread]++;
    return ++counter->got < THREADS * POSTS;
}

TEST(posts_of_each_thread_arrive_in_order_and_wake_the_loop) {
    runtime_t *rt = runtime_init(1, 4);
    counter_t counter = {{0}, 0};
    actor_options_t options = {.mailbox_size = MK_POST_MAX};
    actor_id_t id = actor_spawn_with(rt, count_parcels, &counter, NULL, &options);
    CHECK(actor_send(rt, id, GO, NULL, 0));
    poster_t posters[THREADS];
    port_thread_t *threads[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        posters[i] = (poster_t){rt, id, i};
        threads[i] = start(post_many, &posters[i]);
    }
    runtime_run(rt); /* the timer keeps it waiting; the last post ends it */
    CHECK_EQ(counter.got, THREADS * POSTS);
    for (int i = 0; i < THREADS; i++)
        port_thread_join(threads[i]);
    CHECK_EQ(runtime_counters(rt).actors, 0);
    runtime_destroy(rt);
}

TEST(posts_that_nobody_takes_go_with_the_runtime) {
    runtime_t *rt = runtime_init(1, 4);
    poster_t poster = {rt, actor_id_make(1, 7), 0};
    port_thread_t *threads[2] = {start(post_many, &poster), start(post_many, &poster)};
    for (int i = 0; i < 100; i++)
        runtime_step(rt);
    for (int i = 0; i < 2; i++)
        port_thread_join(threads[i]);
    runtime_destroy(rt);
}

/* --- stops --- */

static bool go_on(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    ++*(unsigned *)state;
    return actor_send(rt, actor_self(rt), GO, NULL, 0);
}

static bool wait_long(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    return msg->type != GO || actor_set_timer(rt, 3600000, true) != 0;
}

static void stop_it(void *rt) {
    runtime_stop(rt);
}

TEST(a_stop_from_another_thread_is_never_lost) {
    static const actor_behavior_fn kinds[] = {go_on, wait_long}; /* busy, asleep */
    for (int kind = 0; kind < 2; kind++) {
        runtime_t *rt = runtime_init(1, 4);
        unsigned turns = 0;
        CHECK(
            actor_send(rt, actor_spawn(rt, kinds[kind], &turns, NULL, 4), GO, NULL, 0));
        for (int i = 0; i < 200; i++) {
            port_thread_t *thread = start(stop_it, rt); /* before, or while it runs */
            runtime_run(rt);
            port_thread_join(thread);
        }
        CHECK_EQ(runtime_counters(rt).actors, 1);
        runtime_destroy(rt);
    }
}

/* --- workers --- */

enum { JOBS = 500 };

typedef struct {
    uint32_t begun;
    uint32_t told;
    uint64_t sum;
    uint64_t numbers[JOBS];
} boss_t;

static atomic_uint discarded;

static void *square(void *arg) {
    uint64_t *number = arg;
    *number *= *number;
    return number;
}

static void discard(void *result) {
    (void)result;
    atomic_fetch_add(&discarded, 1);
}

static bool run_boss(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    boss_t *boss = state;
    if (msg->type == GO) {
        for (uint64_t i = 0; i < JOBS; i++) {
            boss->numbers[i] = i;
            CHECK(runtime_offload(rt, square, &boss->numbers[i], discard) != 0);
            boss->begun++;
        }
        return true;
    }
    CHECK_EQ(msg->type, MSG_OFFLOAD_DONE);
    offload_done_payload_t done;
    memcpy(&done, msg->payload, sizeof done);
    boss->sum += *(uint64_t *)done.result;
    return ++boss->told < JOBS;
}

TEST(workers_finish_every_job) {
    runtime_t *rt = runtime_init(1, 4);
    static boss_t boss;
    memset(&boss, 0, sizeof boss);
    atomic_store(&discarded, 0);
    CHECK(actor_send(rt, actor_spawn(rt, run_boss, &boss, NULL, 4), GO, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(boss.told, JOBS);
    CHECK_EQ(boss.sum, (uint64_t)(JOBS - 1) * JOBS * (2 * JOBS - 1) / 6);
    CHECK_EQ(atomic_load(&discarded), 0);
    runtime_destroy(rt);
}

TEST(destroy_waits_for_workers_and_discards_the_rest) {
    for (int steps = 1; steps < 40; steps++) {
        runtime_t *rt = runtime_init(1, 4);
        static boss_t boss;
        memset(&boss, 0, sizeof boss);
        atomic_store(&discarded, 0);
        actor_id_t id = actor_spawn(rt, run_boss, &boss, NULL, 4);
        CHECK(actor_send(rt, id, GO, NULL, 0));
        for (int i = 0; i < steps; i++)
            runtime_step(rt);
        if (steps % 2 == 0) actor_stop(rt, id);
        runtime_destroy(rt);
        CHECK(boss.told + atomic_load(&discarded) <= JOBS);
        /* What was told to the mailbox and not handled is the program's to free. */
        if (steps % 2 != 0) CHECK(boss.told > 0 || atomic_load(&discarded) > 0);
    }
}

/* --- runtimes beside each other --- */

enum { ROUNDS = 3000 };

typedef struct {
    runtime_t *rt;
    actor_id_t id;
    runtime_t *other;
    actor_id_t peer;
    unsigned count;
} side_t;

static bool bounce(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    side_t *side = state;
    if (msg->type == GO) return actor_set_timer(rt, 3600000, true) != 0;
    if (msg->type != NUMBER) return true;
    side->count++;
    CHECK(runtime_post(side->other, side->peer, NUMBER, NULL, 0));
    return side->count < ROUNDS;
}

static void run_side(void *arg) {
    runtime_run(((side_t *)arg)->rt);
}

TEST(two_runtimes_in_two_threads_post_to_each_other) {
    side_t sides[2];
    memset(sides, 0, sizeof sides);
    for (uint32_t i = 0; i < 2; i++) {
        sides[i].rt = runtime_init(i + 1, 4);
        sides[i].id = actor_spawn(sides[i].rt, bounce, &sides[i], NULL, 4);
        CHECK(actor_send(sides[i].rt, sides[i].id, GO, NULL, 0));
    }
    for (int i = 0; i < 2; i++) {
        sides[i].other = sides[1 - i].rt;
        sides[i].peer = sides[1 - i].id;
    }
    CHECK(runtime_post(sides[0].rt, sides[0].id, NUMBER, NULL, 0));
    port_thread_t *thread = start(run_side, &sides[1]);
    runtime_run(sides[0].rt);
    port_thread_join(thread);
    CHECK_EQ(sides[0].count, ROUNDS);
    CHECK_EQ(sides[1].count, ROUNDS);
    for (int i = 0; i < 2; i++)
        runtime_destroy(sides[i].rt);
}

TEST_TABLE(runtime_threads,
           TEST_ROW(posts_of_each_thread_arrive_in_order_and_wake_the_loop),
           TEST_ROW(posts_that_nobody_takes_go_with_the_runtime),
           TEST_ROW(a_stop_from_another_thread_is_never_lost),
           TEST_ROW(workers_finish_every_job),
           TEST_ROW(destroy_waits_for_workers_and_discards_the_rest),
           TEST_ROW(two_runtimes_in_two_threads_post_to_each_other))
