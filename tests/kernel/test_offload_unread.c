/* SPDX-License-Identifier: Apache-2.0 */
/* Results that wait in a mailbox whose actor does not get to them. */
#include "microkernel/actor.h"
#include "microkernel/runtime.h"
#include "sim.h"
#include "support/test.h"

enum { MSG_TEST_GO = 1, MSG_TEST_END = 2 };

static runtime_t *world;
static actor_id_t worker;
static int discarded;
static int answered;

/* Runs on the loop, where there are no threads: so its owner's end comes first. */
static void *end_owner(void *arg) {
    actor_send(world, worker, MSG_TEST_END, NULL, 0);
    return arg;
}

static void *do_nothing(void *arg) {
    return arg;
}

static void discard(void *result) {
    discarded += *(const int *)result;
}

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    static int one = 1;
    (void)self;
    if (msg->type == MSG_TEST_GO)
        CHECK(runtime_offload(rt, *(bool *)state ? end_owner : do_nothing, &one,
                              discard) != 0);
    if (msg->type == MSG_OFFLOAD_DONE) {
        CHECK_EQ(msg->payload_size, sizeof(offload_done_payload_t));
        answered++;
    }
    return msg->type != MSG_TEST_END;
}

static void begin(bool *ends_first) {
    sim_reset(1);
    world = runtime_init(1, 4);
    discarded = answered = 0;
    worker = actor_spawn(world, behave, ends_first, NULL, 4);
    CHECK(actor_send(world, worker, MSG_TEST_GO, NULL, 0));
}

TEST(offload_result_goes_to_its_owner_once) {
    bool ends_first = false;
    begin(&ends_first);
    runtime_run(world);
    CHECK_EQ(answered, 1);
    runtime_destroy(world);
    CHECK_EQ(discarded, 0);
    sim_reset(1);
}

TEST(offload_result_that_waits_in_the_mailbox_of_an_ended_actor_is_discarded) {
    bool ends_first = true;
    begin(&ends_first);
    runtime_run(world);
    CHECK(!actor_is_alive(world, worker));
    CHECK_EQ(answered, 0);
    CHECK_EQ(discarded, 1);
    runtime_destroy(world);
    CHECK_EQ(discarded, 1);
    sim_reset(1);
}

TEST(offload_result_that_waits_when_the_runtime_ends_is_discarded) {
    bool ends_first = true;
    begin(&ends_first);
    runtime_step(world); /* it asks */
    runtime_step(world); /* it is done; the owner gets its end, not the result */
    runtime_destroy(world);
    CHECK_EQ(answered, 0);
    CHECK_EQ(discarded, 1);
    sim_reset(1);
}

TEST_TABLE(
    offload_unread, TEST_ROW(offload_result_goes_to_its_owner_once),
    TEST_ROW(offload_result_that_waits_in_the_mailbox_of_an_ended_actor_is_discarded),
    TEST_ROW(offload_result_that_waits_when_the_runtime_ends_is_discarded))
