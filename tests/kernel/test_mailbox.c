/* SPDX-License-Identifier: Apache-2.0 */
/* The queue for programs, and the limits and policies of an actor's own. */
#include "microkernel/mailbox.h"

#include "kernel/stage.h"

/* --- mailbox_t --- */

TEST(a_mailbox_gives_back_in_order) {
    mailbox_t *mb = mailbox_create(4);
    CHECK(mb != NULL);
    CHECK(mailbox_is_empty(mb));
    for (msg_type_t i = 1; i <= 4; i++)
        CHECK(mailbox_enqueue(mb, message_create(0, 0, i, "text", 5)));
    CHECK_EQ(mailbox_count(mb), 4);
    for (msg_type_t i = 1; i <= 4; i++) {
        message_t *msg = mailbox_dequeue(mb);
        CHECK_EQ(msg->type, i);
        message_destroy(msg);
    }
    CHECK(mailbox_is_empty(mb));
    CHECK(mailbox_dequeue(mb) == NULL);
    mailbox_destroy(mb);
}

TEST(its_capacity_is_rounded_up_and_holds) {
    static const size_t given[] = {0, 1, 2, 3, 5, 8};
    static const size_t holds[] = {2, 2, 2, 4, 8, 8};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        mailbox_t *mb = mailbox_create(given[i]);
        for (size_t n = 0; n < holds[i]; n++)
            CHECK(mailbox_enqueue(mb, message_create(0, 0, 1, NULL, 0)));
        message_t *extra = message_create(0, 0, 1, NULL, 0);
        CHECK(!mailbox_enqueue(mb, extra));
        message_destroy(extra);
        mailbox_destroy(mb); /* with what waits in it */
    }
}

TEST(absurd_mailbox_arguments_are_refused) {
    CHECK(mailbox_create(SIZE_MAX) == NULL);
    CHECK(mailbox_create(((size_t)1 << 31) + 1) == NULL);
    mailbox_destroy(NULL);
    CHECK(mailbox_is_empty(NULL));
    CHECK_EQ(mailbox_count(NULL), 0);
    CHECK(mailbox_dequeue(NULL) == NULL);
    CHECK(!mailbox_enqueue(NULL, NULL));
    message_t *msg = message_create(0, 0, 1, NULL, 0);
    CHECK(!mailbox_enqueue(NULL, msg));
    message_destroy(msg);
    mailbox_t *mb = mailbox_create(2);
    CHECK(!mailbox_enqueue(mb, NULL));
    mailbox_destroy(mb);
}

static bool keep_it_in_a_mailbox(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    mailbox_t *mb = mailbox_create(2);
    CHECK(message_take(rt, msg));
    CHECK(!mailbox_enqueue(mb, msg)); /* it remembers its runtime where the link goes */
    message_destroy(msg);
    mailbox_destroy(mb);
    return true;
}

TEST(a_message_of_a_runtime_does_not_fit_into_a_mailbox) {
    runtime_t *rt = open_stage();
    role_t role = {.act = keep_it_in_a_mailbox};
    tell(rt, cast(rt, &role), 1);
    runtime_run(rt);
    CHECK_EQ(role.count, 1);
    close_stage(rt);
}

/* --- limits of an actor --- */

TEST(the_byte_limit_refuses_before_the_count_does) {
    runtime_t *rt = open_stage();
    role_t role = {0};
    actor_options_t options = {.mailbox_size = 64, .mailbox_bytes = 64 * 4};
    actor_id_t id = cast_with(rt, &role, &options);
    for (int i = 0; i < 4; i++)
        tell(rt, id, 1);
    CHECK(!actor_send(rt, id, 1, NULL, 0));
    actor_stats_t stats;
    CHECK(runtime_actor_stats(rt, id, &stats));
    CHECK_EQ(stats.mailbox_bytes_used, 256);
    CHECK_EQ(stats.mailbox_bytes_cap, 256);
    CHECK_EQ(stats.dropped, 1);
    runtime_run(rt);
    CHECK_EQ(role.count, 4);
    CHECK(runtime_actor_stats(rt, id, &stats));
    CHECK_EQ(stats.mailbox_bytes_used, 0);
    /* Header and payload in one block, rounded up to 64. */
    char payload[193] = {0};
    CHECK(actor_send(rt, id, 1, payload, 192));
    CHECK(!actor_send(rt, id, 1, NULL, 0));
    runtime_run(rt);
    CHECK(!actor_send(rt, id, 1, payload, 193));
    close_stage(rt);
}

TEST(a_byte_limit_of_one_still_takes_one_small_message) {
    runtime_t *rt = open_stage();
    role_t role = {0};
    actor_options_t options = {.mailbox_bytes = 1};
    actor_id_t id = cast_with(rt, &role, &options);
    tell(rt, id, 1);
    CHECK(!actor_send(rt, id, 1, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(role.count, 1);
    close_stage(rt);
}

static const mailbox_policy_t dropping[] = {MAILBOX_DROP_OLDEST, MAILBOX_KEEP_LATEST};

TEST(nothing_is_dropped_for_a_message_that_never_fits) {
    static const char big[200] = {0};
    for (size_t i = 0; i < 2; i++) {
        runtime_t *rt = open_stage();
        role_t role = {0};
        actor_options_t options = {.mailbox_bytes = 128, .mailbox_policy = dropping[i]};
        actor_id_t id = cast_with(rt, &role, &options);
        tell(rt, id, 1);
        tell(rt, id, 2);
        CHECK(!actor_send(rt, id, 3, big, sizeof big));
        CHECK_EQ(runtime_counters(rt).dropped, 0);
        CHECK_EQ(runtime_counters(rt).refused, 1);
        runtime_run(rt);
        CHECK_EQ(role.count, 2);
        close_stage(rt);
    }
}

TEST(nothing_is_dropped_when_the_new_message_gets_no_memory) {
    for (size_t i = 0; i < 2; i++) {
        runtime_t *rt = open_stage();
        role_t role = {0};
        actor_options_t options = {.mailbox_size = 2, .mailbox_policy = dropping[i]};
        actor_id_t id = cast_with(rt, &role, &options);
        tell(rt, id, 1);
        tell(rt, id, 2);
        static const char large[MK_POOL_BLOCK_MAX] = {0}; /* from the heap */
        mk_alloc_fail_at(1, true);
        CHECK(!actor_send(rt, id, 3, large, sizeof large));
        mk_alloc_fail_at(0, false);
        CHECK_EQ(runtime_counters(rt).no_memory, 1);
        CHECK_EQ(runtime_counters(rt).dropped, 0);
        runtime_run(rt);
        CHECK_EQ(role.count, 2);
        CHECK_EQ(role.types[0], 1);
        close_stage(rt);
    }
}

TEST(drop_oldest_makes_room_for_many_bytes) {
    runtime_t *rt = open_stage();
    role_t role = {0};
    actor_options_t options = {.mailbox_bytes = 256,
                               .mailbox_policy = MAILBOX_DROP_OLDEST};
    actor_id_t id = cast_with(rt, &role, &options);
    for (msg_type_t i = 1; i <= 4; i++)
        tell(rt, id, i);
    static const char payload[128] = {0}; /* three units */
    CHECK(actor_send(rt, id, 5, payload, sizeof payload));
    CHECK_EQ(runtime_counters(rt).dropped, 3);
    runtime_run(rt);
    CHECK_EQ(role.count, 2);
    CHECK_EQ(role.types[0], 4);
    CHECK_EQ(role.types[1], 5);
    close_stage(rt);
}

TEST(policies_never_drop_notices) {
    for (size_t i = 0; i < 2; i++) {
        runtime_t *rt = open_stage();
        role_t role = {0};
        actor_options_t options = {.mailbox_size = 2, .mailbox_policy = dropping[i]};
        actor_id_t id = cast_with(rt, &role, &options);
        CHECK(actor_shutdown(rt, id));
        for (msg_type_t type = 1; type <= 5; type++)
            tell(rt, id, type);
        CHECK(actor_shutdown(rt, id));
        settle(rt);
        CHECK_EQ(role.types[0], MSG_SHUTDOWN);
        CHECK_EQ(role.types[role.count - 1], MSG_SHUTDOWN);
        CHECK_EQ(role.count, i == 0 ? 4 : 3);
        close_stage(rt);
    }
}

/* Every message makes two more: the mailbox never empties, and the message that was the
 * last when a turn began may be dropped within it. */
static bool breed(runtime_t *rt, role_t *me, message_t *msg) {
    static const char other_block[100] = {
        0}; /* its block does not come back as theirs */
    (void)msg;
    for (int i = 0; i < 2; i++)
        CHECK(actor_send(rt, me->id, 1, other_block, sizeof other_block));
    return true;
}

static bool end_all(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    (void)msg;
    runtime_stop(rt);
    return true;
}

TEST(a_turn_ends_though_its_last_message_was_dropped) {
    for (size_t i = 0; i < 2; i++) {
        runtime_t *rt = open_stage();
        role_t breeder = {.act = breed};
        role_t other = {.act = end_all};
        actor_options_t options = {.mailbox_size = 4, .mailbox_policy = dropping[i]};
        actor_id_t id = cast_with(rt, &breeder, &options);
        for (int n = 0; n < 4; n++)
            tell(rt, id, 1);
        tell(rt, cast(rt, &other), 1);
        runtime_run(rt); /* virtual time stands still: only the count can end a turn */
        CHECK_EQ(other.count, 1);
        CHECK(breeder.count >= 2);
        CHECK(breeder.count <= 2 * MK_TURN_MESSAGES);
        close_stage(rt);
    }
}

TEST_TABLE(mailbox, TEST_ROW(a_mailbox_gives_back_in_order),
           TEST_ROW(its_capacity_is_rounded_up_and_holds),
           TEST_ROW(absurd_mailbox_arguments_are_refused),
           TEST_ROW(a_message_of_a_runtime_does_not_fit_into_a_mailbox),
           TEST_ROW(the_byte_limit_refuses_before_the_count_does),
           TEST_ROW(a_byte_limit_of_one_still_takes_one_small_message),
           TEST_ROW(nothing_is_dropped_for_a_message_that_never_fits),
           TEST_ROW(nothing_is_dropped_when_the_new_message_gets_no_memory),
           TEST_ROW(drop_oldest_makes_room_for_many_bytes),
           TEST_ROW(policies_never_drop_notices),
           TEST_ROW(a_turn_ends_though_its_last_message_was_dropped))
