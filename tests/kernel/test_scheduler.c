/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs next: the queue itself, two priorities, and nobody starving anybody. */
#include "microkernel/scheduler.h"

#include "kernel/stage.h"

enum { GO = 1 };

/* --- the queue --- */

static actor_t *selves[3];

static bool show_self(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)msg;
    *(actor_t **)state = self;
    return true;
}

TEST(the_queue_is_first_in_first_out) {
    runtime_t *rt = open_stage();
    scheduler_t queue;
    scheduler_init(&queue);
    CHECK(scheduler_is_empty(&queue));
    CHECK(scheduler_dequeue(&queue) == NULL);
    for (int i = 0; i < 3; i++)
        tell(rt, actor_spawn(rt, show_self, &selves[i], NULL, 2), GO);
    settle(rt);
    for (int i = 0; i < 3; i++)
        scheduler_enqueue(&queue, selves[i]);
    scheduler_enqueue(&queue, selves[0]); /* waits already */
    CHECK_EQ(queue.ready_count, 3);
    CHECK(queue.ready_queue_head == selves[0]);
    CHECK(queue.ready_queue_tail == selves[2]);
    for (int i = 0; i < 3; i++)
        CHECK(scheduler_dequeue(&queue) == selves[i]);
    CHECK(scheduler_is_empty(&queue));
    CHECK_EQ(queue.ready_count, 0);
    close_stage(rt);
}

static bool queue_self(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)msg;
    scheduler_t *queue = state;
    scheduler_enqueue(queue, self); /* it runs */
    actor_stop(rt, actor_self(rt));
    scheduler_enqueue(queue, self); /* it has ended */
    return true;
}

TEST(absurd_arguments_queue_nobody) {
    scheduler_init(NULL);
    scheduler_enqueue(NULL, NULL);
    CHECK(scheduler_dequeue(NULL) == NULL);
    CHECK(scheduler_is_empty(NULL));
    scheduler_t queue;
    scheduler_init(&queue);
    scheduler_enqueue(&queue, NULL);
    CHECK(scheduler_is_empty(&queue));
    runtime_t *rt = open_stage();
    tell(rt, actor_spawn(rt, queue_self, &queue, NULL, 2), GO);
    settle(rt);
    CHECK(scheduler_is_empty(&queue));
    CHECK_EQ(runtime_counters(rt).exited, 1);
    close_stage(rt);
}

/* --- turns --- */

static bool send_self(runtime_t *rt, role_t *me, message_t *msg) {
    (void)msg;
    CHECK(actor_send(rt, me->id, GO, NULL, 0));
    if (me->value != 0 && me->count >= me->value) runtime_stop(rt);
    return true;
}

TEST(those_who_send_to_themselves_take_turns) {
    runtime_t *rt = open_stage();
    role_t roles[3] = {
        {.act = send_self}, {.act = send_self}, {.act = send_self, .value = 1000}};
    for (int i = 0; i < 3; i++)
        tell(rt, cast(rt, &roles[i]), GO);
    runtime_run(rt);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(roles[i].count, 1000);
    close_stage(rt);
}

static bool count_turns_of_peer(runtime_t *rt, role_t *me, message_t *msg) {
    (void)msg;
    const role_t *system = (const role_t *)(uintptr_t)me->value;
    if (me->count > 1) CHECK_EQ(system->count - me->peer, MK_SYSTEM_TURNS);
    me->peer = system->count;
    CHECK(actor_send(rt, me->id, GO, NULL, 0));
    if (me->count == 50) runtime_stop(rt);
    return true;
}

TEST(system_actors_run_first_but_leave_a_share) {
    runtime_t *rt = open_stage();
    role_t system = {.act = send_self};
    role_t normal = {.act = count_turns_of_peer, .value = (uintptr_t)&system};
    actor_options_t options = {.priority = ACTOR_PRIORITY_SYSTEM};
    tell(rt, cast(rt, &normal), GO);
    tell(rt, cast_with(rt, &system, &options), GO);
    runtime_step(rt);
    CHECK_EQ(system.count, 1); /* though it came later */
    CHECK_EQ(normal.count, 0);
    runtime_run(rt);
    CHECK_EQ(normal.count, 50);
    close_stage(rt);
}

/* --- the outside is served while actors are busy --- */

typedef struct {
    role_t role; /* first */
    int fd;
    unsigned timers;
    unsigned events;
    unsigned posts;
} outside_t;

static bool see_outside(runtime_t *rt, role_t *me, message_t *msg) {
    outside_t *outside = (outside_t *)(void *)me;
    if (msg->type == GO) {
        CHECK(actor_watch_fd(rt, outside->fd, MK_POLL_IN));
        CHECK(actor_set_timer(rt, 3, true) != 0);
    }
    if (msg->type == MSG_TIMER) outside->timers++;
    if (msg->type == 2) outside->posts++;
    if (msg->type == MSG_FD_EVENT) {
        outside->events++;
        sim_handle_set_ready(outside->fd, 0);
        CHECK(runtime_post(rt, me->id, 2, NULL, 0));
    }
    if (outside->timers >= 5 && outside->events >= 5 && outside->posts >= 5)
        runtime_stop(rt);
    return true;
}

static bool be_busy(runtime_t *rt, role_t *me, message_t *msg) {
    (void)msg;
    CHECK(me->count < 1000000);
    CHECK(actor_send(rt, me->id, GO, NULL, 0));
    sim_advance(20000); /* the world goes on: 20 us for each message */
    if (me->count % 64 == 0) sim_handle_set_ready((int)me->value, MK_POLL_IN);
    return true;
}

TEST(timers_descriptors_and_posts_are_served_while_an_actor_never_rests) {
    runtime_t *rt = open_stage();
    outside_t outside = {.role.act = see_outside, .fd = sim_handle_create()};
    role_t busy = {.act = be_busy, .value = (uint64_t)outside.fd};
    tell(rt, cast(rt, &outside.role), GO);
    tell(rt, cast(rt, &busy), GO);
    runtime_run(rt);
    CHECK_EQ(outside.timers >= 5 && outside.events >= 5 && outside.posts >= 5, true);
    sim_handle_destroy(outside.fd);
    close_stage(rt);
}

static bool end_at_once(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    (void)msg;
    runtime_stop(rt);
    return true;
}

TEST(a_turn_takes_no_more_than_what_waited) {
    runtime_t *rt = open_stage();
    role_t busy = {.act = send_self};
    role_t other = {.act = end_at_once};
    for (int i = 0; i < 10; i++)
        tell(rt, i == 0 ? cast(rt, &busy) : busy.id, GO);
    tell(rt, cast(rt, &other), GO);
    runtime_run(rt);
    CHECK_EQ(busy.count, 10);
    close_stage(rt);
}

static bool take_long(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    (void)msg;
    if (me->value != 0) sim_advance(me->value);
    return true;
}

TEST(a_long_turn_ends_when_its_time_is_over) {
    runtime_t *rt = open_stage();
    enum { MANY = MK_TURN_MESSAGES * 4 };
    role_t slow = {.act = take_long, .value = (uint64_t)MK_TURN_US * 1000};
    role_t other = {.act = end_at_once};
    actor_options_t options = {.mailbox_size = MANY, .mailbox_bytes = MANY * 64};
    cast_with(rt, &slow, &options);
    for (int i = 0; i < MANY; i++)
        tell(rt, slow.id, GO);
    tell(rt, cast(rt, &other), GO);
    runtime_run(rt);
    CHECK_EQ(slow.count, 2 * MK_TURN_MESSAGES); /* the clock is asked after the first */
    close_stage(rt);
}

/* --- crowds --- */

enum { SENDERS = 64, EACH = 100 };

static role_t sink, senders[SENDERS];
static unsigned sent, most_waiting;

static bool flood_sink(runtime_t *rt, role_t *me, message_t *msg) {
    (void)msg;
    for (int i = 0; i < EACH; i++)
        sent += actor_send(rt, sink.id, GO, NULL, 0);
    if (me->count < me->value) tell(rt, me->id, GO);
    return true;
}

static bool see_how_many_wait(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    (void)msg;
    unsigned waiting = sent - (me->count - 1);
    if (waiting > most_waiting) most_waiting = waiting;
    if (me->value != 0) sim_advance(me->value);
    return true;
}

/* `sink` and the senders, whose turn comes before its own. */
static runtime_t *open_crowd(const role_t *as) {
    runtime_t *rt = open_stage();
    actor_options_t wide = {.mailbox_size = 1 << 20, .mailbox_bytes = 1u << 30};
    sent = most_waiting = 0;
    sink = *as;
    cast_with(rt, &sink, &wide);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (role_t){.act = flood_sink, .value = 10};
        tell(rt, cast(rt, &senders[i]), GO);
    }
    return rt;
}

TEST(a_receiver_does_not_wait_behind_all_of_its_senders) {
    runtime_t *rt = open_crowd(&(role_t){.act = see_how_many_wait});
    runtime_run(rt);
    CHECK_EQ(sink.count, SENDERS * EACH * 10);
    CHECK(most_waiting >= MK_CROWD_MESSAGES);
    CHECK(most_waiting <= 2 * MK_CROWD_MESSAGES + EACH); /* of 6 400 */
    close_stage(rt);
}

TEST(a_slow_receiver_is_given_one_turn_out_of_order) {
    role_t last = {.act = end_at_once};
    runtime_t *rt = open_crowd(
        &(role_t){.act = see_how_many_wait, .value = MK_CROWD_US * UINT64_C(1000)});
    tell(rt, cast(rt, &last), GO);
    runtime_run(rt);
    /* The clock is asked after the first messages. */
    CHECK_EQ(sink.count, 2 * MK_TURN_MESSAGES);
    close_stage(rt);
}

static bool end_itself(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    (void)msg;
    return me->count < me->value;
}

TEST(a_receiver_may_end_in_a_turn_out_of_order) {
    runtime_t *rt = open_crowd(&(role_t){.act = end_itself, .value = 1000});
    for (int i = 0; i < SENDERS; i++)
        senders[i].act = NULL;
    senders[0].act = senders[1].act = flood_sink;
    senders[0].value = senders[1].value = 0;
    for (int i = 0; i < MK_CROWD_MESSAGES; i++)
        tell(rt, sink.id, GO);
    runtime_run(rt);
    CHECK_EQ(sink.count, 1000);
    CHECK_EQ(sink.ends, 1);
    close_stage(rt);
}

TEST_TABLE(scheduler, TEST_ROW(the_queue_is_first_in_first_out),
           TEST_ROW(absurd_arguments_queue_nobody),
           TEST_ROW(those_who_send_to_themselves_take_turns),
           TEST_ROW(system_actors_run_first_but_leave_a_share),
           TEST_ROW(timers_descriptors_and_posts_are_served_while_an_actor_never_rests),
           TEST_ROW(a_turn_takes_no_more_than_what_waited),
           TEST_ROW(a_long_turn_ends_when_its_time_is_over),
           TEST_ROW(a_receiver_does_not_wait_behind_all_of_its_senders),
           TEST_ROW(a_slow_receiver_is_given_one_turn_out_of_order),
           TEST_ROW(a_receiver_may_end_in_a_turn_out_of_order))
