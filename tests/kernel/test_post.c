/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from outside the loop; real threads do it in tests/linux/. */
#include "kernel/stage.h"

enum { GO = 1 };

static bool note_payload(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    CHECK_EQ(msg->source, ACTOR_ID_INVALID);
    CHECK_EQ(msg->payload_size, sizeof(unsigned));
    unsigned number;
    memcpy(&number, msg->payload, sizeof number);
    CHECK_EQ(number, me->value);
    me->value++;
    return true;
}

TEST(posts_arrive_in_order) {
    runtime_t *rt = open_stage();
    role_t role = {.act = note_payload};
    cast(rt, &role);
    for (unsigned i = 0; i < 10; i++)
        CHECK(runtime_post(rt, role.id, GO, &i, sizeof i));
    CHECK_EQ(runtime_counters(rt).sends, 0); /* not before the loop looks */
    runtime_run(rt);
    CHECK_EQ(role.value, 10);
    close_stage(rt);
}

TEST(a_post_wakes_the_loop_in_its_sleep) {
    runtime_t *rt = open_stage();
    role_t role = {0};
    cast(rt, &role);
    CHECK(runtime_post(rt, role.id, GO, NULL, 0));
    runtime_run(rt); /* nothing but the post can happen */
    CHECK_EQ(role.count, 1);
    close_stage(rt);
}

TEST(posts_to_nobody_and_to_the_full_are_counted) {
    runtime_t *rt = open_stage();
    role_t role = {0};
    actor_options_t options = {.mailbox_size = 2};
    cast_with(rt, &role, &options);
    CHECK(runtime_post(rt, 999, GO, NULL, 0));
    CHECK(runtime_post(rt, actor_id_make(9, 9), GO, NULL, 0));
    for (int i = 0; i < 3; i++)
        CHECK(runtime_post(rt, role.id, GO, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(role.count, 2);
    CHECK_EQ(runtime_counters(rt).dead_letters, 2);
    CHECK_EQ(runtime_counters(rt).refused, 1);
    close_stage(rt);
}

TEST(no_more_than_the_limit_may_wait) {
    runtime_t *rt = open_stage();
    role_t role = {0};
    cast(rt, &role);
    for (size_t i = 0; i < MK_POST_MAX; i++)
        CHECK(runtime_post(rt, role.id, GO, NULL, 0));
    for (int i = 0; i < 3; i++)
        CHECK(!runtime_post(rt, role.id, GO, NULL, 0));
    runtime_step(rt);
    CHECK(runtime_post(rt, role.id, GO, NULL, 0)); /* there is room again */
    char byte = 0;
    CHECK(!runtime_post(rt, role.id, GO, &byte, SIZE_MAX));
    CHECK(runtime_post(rt, role.id, GO, NULL, SIZE_MAX)); /* no payload */
    runtime_destroy(rt); /* with posts that nobody took */
    sim_reset(1);
}

static void post_some(void *arg) {
    (void)arg;
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 4);
    if (rt == NULL) return;
    role_t role = {0};
    actor_id_t id = actor_spawn(rt, play, &role, end_role, 8);
    unsigned posted = 0;
    for (int i = 0; i < 3; i++)
        posted += runtime_post(rt, id, GO, "a longer payload", 17);
    settle(rt);
    CHECK_EQ(role.count, id != ACTOR_ID_INVALID ? posted : 0);
    CHECK(posted == 3 || mk_alloc_fail_hit());
    runtime_destroy(rt);
}

TEST(posts_survive_each_failed_allocation) {
    test_each_alloc_failure(post_some, NULL);
}

TEST_TABLE(post, TEST_ROW(posts_arrive_in_order),
           TEST_ROW(a_post_wakes_the_loop_in_its_sleep),
           TEST_ROW(posts_to_nobody_and_to_the_full_are_counted),
           TEST_ROW(no_more_than_the_limit_may_wait),
           TEST_ROW(posts_survive_each_failed_allocation))
