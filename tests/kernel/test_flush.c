/* SPDX-License-Identifier: Apache-2.0 */
/* What is put off until the loop looks comes once, before it looks. */
#include "support/test.h"

#include "base/check.h"
#include "kernel/flush.h"
#include "kernel/inside.h"
#include "microkernel/message.h"
#include "sim/sim.h"

#include <stddef.h>

typedef struct {
    flush_t flush;
    unsigned count;        /* times it came */
    unsigned again;        /* times it asks again by itself */
    flush_t *cancels;      /* what it takes back */
    actor_id_t tells;      /* whom it sends a message */
    actor_id_t stops;      /* whom it ends */
    uint64_t polls_before; /* looks when it came last */
} work_t;

static void on_flush(flush_t *flush, runtime_t *rt) {
    work_t *work = MK_CONTAINER_OF(flush, work_t, flush);
    work->count++;
    work->polls_before = runtime_counters(rt).polls;
    CHECK_EQ(actor_self(rt), ACTOR_ID_INVALID);
    if (work->cancels != NULL) flush_cancel(work->cancels);
    if (work->tells != ACTOR_ID_INVALID)
        CHECK(actor__send_from(rt, 0, work->tells, 7, NULL, 0));
    if (work->stops != ACTOR_ID_INVALID) actor_stop(rt, work->stops);
    if (work->again > 0) {
        work->again--;
        flush_request(rt, flush);
    }
}

typedef struct {
    work_t *work;
    unsigned asks; /* requests per message */
    unsigned told; /* messages of type 7 */
    bool ends;     /* stops the runtime with the first message */
} asker_t;

static bool asker(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    asker_t *asker = state;
    if (msg->type == 7) {
        asker->told++;
        return false;
    }
    for (unsigned i = 0; i < asker->asks; i++)
        flush_request(rt, &asker->work->flush);
    CHECK_EQ(asker->work->count, 0); /* not from within */
    if (asker->ends) runtime_stop(rt);
    return true;
}

static runtime_t *begin(work_t *work) {
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 8);
    CHECK(rt != NULL);
    *work = (work_t){0};
    flush_init(&work->flush, on_flush);
    return rt;
}

TEST(many_requests_of_a_turn_are_one_before_the_look) {
    work_t work;
    runtime_t *rt = begin(&work);
    asker_t state = {.work = &work, .asks = 3};
    actor_id_t id = actor_spawn(rt, asker, &state, NULL, 8);
    work.tells = id;
    CHECK(actor_send(rt, id, 1, NULL, 0));
    runtime_run(rt); /* ends with the actor, which the flush has told */
    CHECK_EQ(work.count, 1);
    CHECK_EQ(work.polls_before, 0);
    CHECK_EQ(state.told, 1);
    runtime_destroy(rt);
}

TEST(a_step_flushes_before_it_returns) {
    work_t work;
    runtime_t *rt = begin(&work);
    asker_t state = {.work = &work, .asks = 1};
    actor_id_t id = actor_spawn(rt, asker, &state, NULL, 8);
    CHECK(actor_send(rt, id, 1, NULL, 0));
    runtime_step(rt);
    CHECK_EQ(work.count, 1);
    flush_request(rt, &work.flush); /* from outside: with the next step */
    CHECK_EQ(work.count, 1);
    runtime_step(rt);
    CHECK_EQ(work.count, 2);
    runtime_destroy(rt);
}

TEST(a_stop_does_not_lose_it) {
    work_t work;
    runtime_t *rt = begin(&work);
    asker_t state = {.work = &work, .asks = 1, .ends = true};
    actor_id_t id = actor_spawn(rt, asker, &state, NULL, 8);
    CHECK(actor_send(rt, id, 1, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(work.count, 1);
    runtime_destroy(rt);
}

TEST(the_end_of_the_last_actor_does_not_lose_it) {
    work_t work;
    runtime_t *rt = begin(&work);
    flush_request(rt, &work.flush);
    runtime_run(rt);
    CHECK_EQ(work.count, 1);
    runtime_destroy(rt);
}

TEST(asking_again_looks_in_between_and_never_sleeps) {
    work_t work;
    runtime_t *rt = begin(&work);
    asker_t state = {.work = &work, .asks = 1};
    actor_id_t id = actor_spawn(rt, asker, &state, NULL, 8);
    work.again = 5;
    CHECK(actor_send(rt, id, 1, NULL, 0));
    runtime_run(rt); /* ends: nothing can happen any more */
    CHECK_EQ(work.count, 6);
    CHECK_EQ(work.polls_before, 5);
    CHECK_EQ(sim_now_ns(), 0);
    runtime_destroy(rt);
}

TEST(one_may_cancel_the_next_and_end_an_actor) {
    work_t work, other;
    runtime_t *rt = begin(&work);
    other = (work_t){0};
    flush_init(&other.flush, on_flush);
    asker_t state = {.work = &work};
    work.stops = actor_spawn(rt, asker, &state, NULL, 8);
    work.cancels = &other.flush;
    flush_request(rt, &work.flush);
    flush_request(rt, &other.flush);
    runtime_run(rt);
    CHECK_EQ(work.count, 1);
    CHECK_EQ(other.count, 0);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 0);
    flush_cancel(&other.flush);
    runtime_destroy(rt);
}

TEST_TABLE(flush, TEST_ROW(many_requests_of_a_turn_are_one_before_the_look),
           TEST_ROW(a_step_flushes_before_it_returns),
           TEST_ROW(a_stop_does_not_lose_it),
           TEST_ROW(the_end_of_the_last_actor_does_not_lose_it),
           TEST_ROW(asking_again_looks_in_between_and_never_sleeps),
           TEST_ROW(one_may_cancel_the_next_and_end_an_actor))
