/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: never early, cheap to move, and safe whatever on_due does. */
#include "kernel/deadline.h"

#include "base/check.h"
#include "kernel/stage.h"

typedef struct {
    deadline_t deadline; /* first */
    unsigned fired;
    uint64_t at_ms;     /* of the last firing */
    uint32_t again_ms;  /* armed anew in on_due, while `again` is left */
    unsigned again;     /* times */
    deadline_t *other;  /* cleared in on_due */
    bool is_heap;       /* frees itself in on_due */
    unsigned *fired_of; /* counted there instead */
} alarm_t;

static void ring(deadline_t *deadline, runtime_t *rt) {
    alarm_t *alarm = MK_CONTAINER_OF(deadline, alarm_t, deadline);
    alarm->fired++;
    alarm->at_ms = runtime_now_ms(rt);
    CHECK(!deadline_is_set(deadline));
    if (alarm->other != NULL) deadline_clear(rt, alarm->other);
    if (alarm->again > 0) {
        alarm->again--;
        deadline_set(rt, deadline, alarm->again_ms);
    }
    if (alarm->fired_of != NULL) ++*alarm->fired_of;
    if (alarm->is_heap) mk_free(alarm);
}

static void arm(runtime_t *rt, alarm_t *alarm, uint32_t ms) {
    if (alarm->deadline.on_due == NULL) deadline_init(&alarm->deadline, ring);
    deadline_set(rt, &alarm->deadline, ms);
}

static void look_once(runtime_t *rt) {
    runtime_step(rt);
}

TEST(a_deadline_comes_once_and_not_early) {
    runtime_t *rt = open_stage();
    sim_advance(300000); /* 0.3 ms past the full millisecond */
    alarm_t alarm = {.fired = 0};
    arm(rt, &alarm, 10);
    CHECK(deadline_is_set(&alarm.deadline));
    pass_ms(rt, 9);
    look_once(rt);
    CHECK_EQ(alarm.fired, 0);
    pass_ms(rt, 2);
    CHECK_EQ(alarm.fired, 1);
    CHECK(!deadline_is_set(&alarm.deadline));
    pass_ms(rt, 100);
    CHECK_EQ(alarm.fired, 1);
    close_stage(rt);
}

TEST(every_distance_is_exact) {
    static const uint32_t distances[] = {
        1, 2, 1023, 1024, 1025, 60000, 1048575, 1048576, 123456789, UINT32_MAX};
    runtime_t *rt = open_stage();
    for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
        alarm_t alarm = {.fired = 0};
        uint64_t begin_ms = runtime_now_ms(rt);
        arm(rt, &alarm, distances[i]);
        pass_ms(rt, distances[i] - 1);
        CHECK_EQ(alarm.fired, 0);
        pass_ms(rt, 1);
        CHECK_EQ(alarm.fired, 1);
        CHECK_EQ(alarm.at_ms, begin_ms + distances[i]);
    }
    close_stage(rt);
}

TEST(moving_it_further_away_waits_longer) {
    runtime_t *rt = open_stage();
    alarm_t alarm = {.fired = 0};
    for (int i = 0; i < 50; i++) {
        arm(rt, &alarm, 100);
        pass_ms(rt, 60);
    }
    CHECK_EQ(alarm.fired, 0);
    pass_ms(rt, 39);
    CHECK_EQ(alarm.fired, 0);
    pass_ms(rt, 1);
    CHECK_EQ(alarm.fired, 1);
    CHECK_EQ(alarm.at_ms, 49 * 60 + 100);
    close_stage(rt);
}

TEST(moving_it_nearer_comes_earlier) {
    runtime_t *rt = open_stage();
    alarm_t alarm = {.fired = 0};
    arm(rt, &alarm, 5000);
    arm(rt, &alarm, 9000);
    arm(rt, &alarm, 20);
    pass_ms(rt, 20);
    CHECK_EQ(alarm.fired, 1);
    pass_ms(rt, 10000);
    CHECK_EQ(alarm.fired, 1);
    close_stage(rt);
}

TEST(nearer_than_wanted_but_later_than_armed_is_kept) {
    runtime_t *rt = open_stage();
    alarm_t alarm = {.fired = 0};
    arm(rt, &alarm, 50);
    arm(rt, &alarm, 500);
    arm(rt, &alarm, 80); /* before 500, behind what the wheel holds */
    pass_ms(rt, 79);
    CHECK_EQ(alarm.fired, 0);
    pass_ms(rt, 1);
    CHECK_EQ(alarm.fired, 1);
    close_stage(rt);
}

TEST(a_cleared_deadline_does_not_come) {
    runtime_t *rt = open_stage();
    alarm_t alarm = {.fired = 0};
    arm(rt, &alarm, 5);
    deadline_clear(rt, &alarm.deadline);
    deadline_clear(rt, &alarm.deadline);
    CHECK(!deadline_is_set(&alarm.deadline));
    pass_ms(rt, 50);
    CHECK_EQ(alarm.fired, 0);
    close_stage(rt);
}

TEST(one_clears_another_of_the_same_moment) {
    runtime_t *rt = open_stage();
    alarm_t first = {.fired = 0};
    alarm_t second = {.fired = 0};
    arm(rt, &first, 5);
    arm(rt, &second, 5);
    first.other = &second.deadline;
    second.other = &first.deadline;
    pass_ms(rt, 5);
    CHECK_EQ(first.fired + second.fired, 1);
    close_stage(rt);
}

TEST(zero_comes_at_the_next_look_and_not_in_this_one) {
    runtime_t *rt = open_stage();
    alarm_t alarm = {.again = 3, .again_ms = 0};
    arm(rt, &alarm, 0);
    CHECK_EQ(alarm.fired, 0);
    for (unsigned i = 1; i <= 4; i++) {
        look_once(rt);
        CHECK_EQ(alarm.fired, i);
    }
    CHECK_EQ(sim_now_ns(), 0);
    look_once(rt);
    CHECK_EQ(alarm.fired, 4);
    close_stage(rt);
}

TEST(zero_may_be_moved_and_cleared) {
    runtime_t *rt = open_stage();
    alarm_t alarm = {.fired = 0};
    arm(rt, &alarm, 0);
    arm(rt, &alarm, 7);
    look_once(rt);
    CHECK_EQ(alarm.fired, 0);
    pass_ms(rt, 7);
    CHECK_EQ(alarm.fired, 1);
    arm(rt, &alarm, 7);
    arm(rt, &alarm, 0);
    look_once(rt);
    CHECK_EQ(alarm.fired, 2);
    arm(rt, &alarm, 0);
    deadline_clear(rt, &alarm.deadline);
    look_once(rt);
    CHECK_EQ(alarm.fired, 2);
    close_stage(rt);
}

TEST(its_owner_may_be_freed_when_it_comes) {
    runtime_t *rt = open_stage();
    unsigned fired = 0;
    for (uint32_t i = 0; i < 20; i++) {
        alarm_t *alarm = mk_calloc(1, sizeof *alarm);
        CHECK(alarm != NULL);
        alarm->is_heap = true;
        alarm->fired_of = &fired;
        arm(rt, alarm, i % 3);
    }
    pass_ms(rt, 3);
    CHECK_EQ(fired, 20);
    close_stage(rt);
}

static bool stay(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    (void)me;
    (void)msg;
    return true;
}

TEST(the_runtime_goes_on_while_one_is_armed) {
    runtime_t *rt = open_stage();
    role_t role = {.act = stay};
    cast(rt, &role); /* waits for ever; by itself that is an end */
    alarm_t alarm = {.again = 2, .again_ms = 1000};
    arm(rt, &alarm, 1000);
    runtime_run(rt);
    CHECK_EQ(alarm.fired, 3);
    CHECK_EQ(sim_now_ns(), 3 * UINT64_C(1000000000));
    close_stage(rt);
}

TEST(without_memory_for_the_wheel_it_comes_all_the_same) {
    runtime_t *rt = open_stage();
    alarm_t alarm = {.fired = 0};
    mk_alloc_fail_at(1, true);
    arm(rt, &alarm, 5);
    CHECK(mk_alloc_fail_hit());
    look_once(rt);
    CHECK_EQ(alarm.fired, 0);
    sim_advance(5000000);
    look_once(rt);
    mk_alloc_fail_at(0, false);
    CHECK_EQ(alarm.fired, 1);
    close_stage(rt);
}

TEST_TABLE(deadline, TEST_ROW(a_deadline_comes_once_and_not_early),
           TEST_ROW(every_distance_is_exact),
           TEST_ROW(moving_it_further_away_waits_longer),
           TEST_ROW(moving_it_nearer_comes_earlier),
           TEST_ROW(nearer_than_wanted_but_later_than_armed_is_kept),
           TEST_ROW(a_cleared_deadline_does_not_come),
           TEST_ROW(one_clears_another_of_the_same_moment),
           TEST_ROW(zero_comes_at_the_next_look_and_not_in_this_one),
           TEST_ROW(zero_may_be_moved_and_cleared),
           TEST_ROW(its_owner_may_be_freed_when_it_comes),
           TEST_ROW(the_runtime_goes_on_while_one_is_armed),
           TEST_ROW(without_memory_for_the_wheel_it_comes_all_the_same))
