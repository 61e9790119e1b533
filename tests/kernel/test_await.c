/* SPDX-License-Identifier: Apache-2.0 */
/* Holding the mail of an actor that is in the middle of something, and going on. */
#include "kernel/stage.h"

#include "microkernel/limits.h"

enum { MSG_GO = 1, MSG_MAIL = 2, MSG_OWN = 3, MAIL_MAX = 4 };

/* Awaits a timer on MSG_GO; notes what comes. */
static bool await_timer(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    if (msg->type != MSG_GO) return true;
    CHECK(actor_set_timer(rt, 10, false) != TIMER_ID_INVALID);
    actor__await(rt, MSG_TIMER);
    return true;
}

static actor_status_t status_of(runtime_t *rt, actor_id_t id) {
    actor_info_t info;
    CHECK(runtime_actor_find(rt, id, &info));
    return info.status;
}

TEST(mail_waits_in_order_until_what_is_awaited_comes) {
    runtime_t *rt = open_stage();
    role_t role = {.act = await_timer};
    actor_id_t id = cast(rt, &role);
    tell(rt, id, MSG_GO);
    tell(rt, id, MSG_MAIL);
    settle(rt);
    tell(rt, id, MSG_MAIL + 10);
    settle(rt);
    CHECK_EQ(role.count, 1);
    CHECK_EQ(status_of(rt, id), ACTOR_WAITING);
    pass_ms(rt, 11);
    CHECK_EQ(role.count, 4);
    CHECK_EQ(role.types[1], MSG_TIMER);
    CHECK_EQ(role.types[2], MSG_MAIL);
    CHECK_EQ(role.types[3], MSG_MAIL + 10);
    CHECK_EQ(status_of(rt, id), ACTOR_IDLE);
    close_stage(rt);
}

TEST(an_awaited_timer_passes_a_full_mailbox) {
    runtime_t *rt = open_stage();
    role_t role = {.act = await_timer};
    actor_options_t options = {.mailbox_size = MAIL_MAX};
    actor_id_t id = cast_with(rt, &role, &options);
    tell(rt, id, MSG_GO);
    settle(rt);
    unsigned sent = 0;
    while (actor_send(rt, id, MSG_MAIL, NULL, 0))
        sent++;
    CHECK_EQ(sent, MAIL_MAX);
    pass_ms(rt, 11);
    CHECK_EQ(role.count, 2 + MAIL_MAX);
    CHECK_EQ(role.types[1], MSG_TIMER);
    close_stage(rt);
}

/* Goes on by a notice to itself until `value` is used up. */
static bool go_on(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == MSG_MAIL || me->value == 0) return true;
    me->value--;
    actor__await(rt, MSG_OWN);
    CHECK(actor__notify(rt, ACTOR_ID_INVALID, me->id, MSG_OWN, NULL, 0));
    return true;
}

TEST(a_notice_to_itself_comes_before_the_mail_and_after_the_others) {
    runtime_t *rt = open_stage();
    role_t busy = {.act = go_on, .value = 3};
    role_t other = {0};
    actor_id_t id = cast(rt, &busy);
    actor_id_t neighbour = cast(rt, &other);
    tell(rt, id, MSG_GO);
    tell(rt, id, MSG_MAIL);
    tell(rt, neighbour, MSG_MAIL);
    runtime_step(rt);
    runtime_step(rt);
    CHECK_EQ(busy.count, 1);
    CHECK_EQ(other.count, 1); /* its turn came in between */
    settle(rt);
    CHECK_EQ(busy.count, 5);
    CHECK_EQ(busy.types[1], MSG_OWN);
    CHECK_EQ(busy.types[3], MSG_OWN);
    CHECK_EQ(busy.types[4], MSG_MAIL);
    close_stage(rt);
}

TEST(other_notices_wait_as_mail_does) {
    runtime_t *rt = open_stage();
    role_t role = {.act = await_timer};
    actor_id_t id = cast(rt, &role);
    tell(rt, id, MSG_GO);
    settle(rt);
    CHECK(actor_shutdown(rt, id));
    settle(rt);
    CHECK_EQ(role.count, 1);
    pass_ms(rt, 11);
    CHECK_EQ(role.count, 3);
    CHECK_EQ(role.types[2], MSG_SHUTDOWN);
    close_stage(rt);
}

/* Awaits one MSG_OWN, and later gives itself more of them. */
static bool await_once(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == MSG_GO) actor__await(rt, MSG_OWN);
    if (msg->type == MSG_MAIL)
        CHECK(actor__notify(rt, ACTOR_ID_INVALID, me->id, MSG_OWN, NULL, 0));
    return true;
}

TEST(after_what_was_awaited_its_like_is_mail) {
    runtime_t *rt = open_stage();
    role_t role = {.act = await_once};
    actor_id_t id = cast(rt, &role);
    tell(rt, id, MSG_GO);
    settle(rt);
    tell(rt, id, MSG_MAIL);
    tell(rt, id, MSG_MAIL + 10);
    for (int i = 0; i < 2; i++) /* the second one finds the first one there */
        CHECK(actor__notify(rt, ACTOR_ID_INVALID, id, MSG_OWN, NULL, 0));
    settle(rt);
    static const msg_type_t order[] = {MSG_GO,        MSG_OWN, MSG_MAIL,
                                       MSG_MAIL + 10, MSG_OWN, MSG_OWN};
    CHECK_EQ(role.count, sizeof order / sizeof order[0]);
    for (unsigned i = 0; i < sizeof order / sizeof order[0]; i++)
        CHECK_EQ(role.types[i], order[i]);
    close_stage(rt);
}

TEST(an_actor_that_waits_can_be_stopped) {
    runtime_t *rt = open_stage();
    role_t role = {.act = await_timer};
    actor_id_t id = cast(rt, &role);
    tell(rt, id, MSG_GO);
    tell(rt, id, MSG_MAIL);
    settle(rt);
    actor_stop(rt, id);
    settle(rt);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(role.ends, 1);
    CHECK_EQ(runtime_counters(rt).dead_letters, 1);
    close_stage(rt);
}

static bool end_turn(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    (void)msg;
    actor__end_turn(rt);
    return true;
}

static bool see_peer(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    (void)msg;
    me->value = *(unsigned *)(uintptr_t)me->peer;
    return true;
}

TEST(a_turn_can_be_ended_early) {
    runtime_t *rt = open_stage();
    role_t first = {.act = end_turn};
    role_t second = {.act = see_peer};
    second.peer = (uintptr_t)&first.count;
    actor_id_t id = cast(rt, &first);
    actor_id_t other = cast(rt, &second);
    for (int i = 0; i < 3; i++)
        tell(rt, id, MSG_MAIL);
    tell(rt, other, MSG_MAIL);
    settle(rt);
    CHECK_EQ(first.count, 3);
    CHECK_EQ(second.value, 1); /* what the first had handled by then */
    close_stage(rt);
}

/* Computes for ever, a share at a time. */
static bool compute(runtime_t *rt, role_t *me, message_t *msg) {
    (void)msg;
    actor__await(rt, MSG_OWN);
    actor__end_turn(rt);
    CHECK(actor__notify(rt, ACTOR_ID_INVALID, me->id, MSG_OWN, NULL, 0));
    return true;
}

/* Sends back what it gets, `value` times. */
static bool exchange(runtime_t *rt, role_t *me, message_t *msg) {
    if (me->value == 0) return true;
    me->value--;
    return actor_send(rt, me->peer, msg->type, NULL, 0);
}

TEST(who_used_up_its_share_waits_for_the_others_but_not_for_ever) {
    enum { EXCHANGES = 3 * MK_NORMAL_TURNS };
    runtime_t *rt = open_stage();
    role_t busy[2] = {{.act = compute}, {.act = compute}};
    role_t one = {.act = exchange, .value = EXCHANGES};
    role_t other = {.act = exchange, .value = EXCHANGES};
    for (unsigned i = 0; i < 2; i++)
        tell(rt, cast(rt, &busy[i]), MSG_GO);
    one.peer = cast(rt, &other);
    other.peer = cast(rt, &one);
    runtime_step(rt);
    runtime_step(rt);
    tell(rt, one.id, MSG_MAIL);
    for (int i = 0; i < 4 * (MK_NORMAL_TURNS + 1); i++)
        runtime_step(rt);
    CHECK_EQ(one.count + other.count, 4 * MK_NORMAL_TURNS);
    CHECK_EQ(busy[0].count, 3); /* the first turn and two of the four */
    CHECK_EQ(busy[1].count, 3);
    while (one.value + other.value > 0)
        runtime_step(rt);
    unsigned before = busy[0].count + busy[1].count;
    for (int i = 0; i < 10; i++)
        runtime_step(rt);
    CHECK_EQ(busy[0].count + busy[1].count, before + 9); /* the last message was one */
    close_stage(rt);
}

TEST(a_share_used_up_is_forgotten_by_the_next_message) {
    runtime_t *rt = open_stage();
    role_t busy = {.act = compute};
    role_t first = {.act = end_turn};
    role_t second = {.act = NULL};
    tell(rt, cast(rt, &busy), MSG_GO);
    tell(rt, cast(rt, &first), MSG_MAIL);
    runtime_step(rt);
    runtime_step(rt); /* it had no more mail */
    tell(rt, first.id, MSG_MAIL);
    tell(rt, cast(rt, &second), MSG_MAIL);
    runtime_step(rt);
    CHECK_EQ(first.count, 2); /* before the computing one, and before the second */
    CHECK_EQ(busy.count, 1);
    close_stage(rt);
}

TEST_TABLE(await, TEST_ROW(mail_waits_in_order_until_what_is_awaited_comes),
           TEST_ROW(an_awaited_timer_passes_a_full_mailbox),
           TEST_ROW(a_notice_to_itself_comes_before_the_mail_and_after_the_others),
           TEST_ROW(other_notices_wait_as_mail_does),
           TEST_ROW(after_what_was_awaited_its_like_is_mail),
           TEST_ROW(an_actor_that_waits_can_be_stopped),
           TEST_ROW(a_turn_can_be_ended_early),
           TEST_ROW(who_used_up_its_share_waits_for_the_others_but_not_for_ever),
           TEST_ROW(a_share_used_up_is_forgotten_by_the_next_message))
