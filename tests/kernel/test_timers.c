/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: exact in virtual time, whatever the distance, the load and the owner do. */
#include "microkernel/timer.h"

#include "kernel/stage.h"

enum { GO = 1, FILL = 2 };

/* A role that arms what it is told and notes each firing. */
typedef struct {
    role_t role; /* first */
    uint64_t interval_ms;
    bool is_periodic;
    timer_id_t timer;
    unsigned fired;
    uint64_t expirations; /* in all */
    uint64_t last;        /* expirations of the last firing */
    uint64_t at_ms;       /* of the last firing */
    unsigned cancel_at;   /* firing in whose handler it is cancelled; 0: never */
} ticker_t;

static bool run_clock(runtime_t *rt, role_t *me, message_t *msg) {
    ticker_t *clock = (ticker_t *)(void *)me;
    if (msg->type == GO) {
        clock->timer = actor_set_timer(rt, clock->interval_ms, clock->is_periodic);
        CHECK(clock->timer != TIMER_ID_INVALID);
    }
    if (msg->type != MSG_TIMER) return true;
    timer_payload_t payload;
    CHECK_EQ(msg->payload_size, sizeof payload);
    CHECK_EQ(msg->source, ACTOR_ID_INVALID);
    memcpy(&payload, msg->payload, sizeof payload);
    CHECK_EQ(payload.id, clock->timer);
    clock->fired++;
    clock->last = payload.expirations;
    clock->expirations += payload.expirations;
    clock->at_ms = runtime_now_ms(rt);
    if (clock->fired == clock->cancel_at) {
        CHECK_EQ(actor_cancel_timer(rt, clock->timer), clock->is_periodic);
        CHECK(!actor_cancel_timer(rt, clock->timer));
    }
    return true;
}

static void start(runtime_t *rt, ticker_t *clock) {
    clock->role.act = run_clock;
    if (clock->role.id == 0) cast(rt, &clock->role);
    tell(rt, clock->role.id, GO);
    settle(rt);
}

TEST(a_timer_fires_once_and_not_early) {
    runtime_t *rt = open_stage();
    sim_advance(300000); /* 0.3 ms past the full millisecond */
    ticker_t clock = {.interval_ms = 10};
    start(rt, &clock);
    sim_advance(10000000 - 1);
    settle(rt);
    CHECK_EQ(clock.fired, 0);
    pass_ms(rt, 1);
    CHECK_EQ(clock.fired, 1);
    CHECK_EQ(clock.last, 1);
    pass_ms(rt, 1000);
    CHECK_EQ(clock.fired, 1);
    CHECK_EQ(runtime_counters(rt).timers, 0);
    CHECK_EQ(runtime_counters(rt).timers_fired, 1);
    close_stage(rt);
}

TEST(a_periodic_timer_does_not_drift) {
    runtime_t *rt = open_stage();
    ticker_t clock = {.interval_ms = 7, .is_periodic = true, .cancel_at = 1000};
    start(rt, &clock);
    runtime_run(rt); /* ends with the timer */
    CHECK_EQ(clock.fired, 1000);
    CHECK_EQ(clock.expirations, 1000);
    CHECK_EQ(clock.at_ms, 7000);
    CHECK(!sim_is_stuck());
    close_stage(rt);
}

TEST(overruns_are_counted_and_the_rhythm_is_kept) {
    runtime_t *rt = open_stage();
    ticker_t clock = {.interval_ms = 10, .is_periodic = true};
    start(rt, &clock);
    pass_ms(rt, 35); /* the loop was away: 10, 20, 30 */
    CHECK_EQ(clock.fired, 1);
    CHECK_EQ(clock.last, 3);
    pass_ms(rt, 4);
    CHECK_EQ(clock.fired, 1);
    pass_ms(rt, 1); /* 40 */
    CHECK_EQ(clock.fired, 2);
    CHECK_EQ(clock.last, 1);
    pass_ms(rt, 1000000);
    CHECK_EQ(clock.expirations, 100004);
    close_stage(rt);
}

TEST(a_timer_is_cancelled_in_its_own_handler) {
    for (int periodic = 0; periodic < 2; periodic++) {
        runtime_t *rt = open_stage();
        ticker_t clock = {.interval_ms = 5, .is_periodic = periodic, .cancel_at = 1};
        start(rt, &clock);
        pass_ms(rt, 100);
        CHECK_EQ(clock.fired, 1);
        CHECK_EQ(runtime_counters(rt).timers, 0);
        close_stage(rt);
    }
}

TEST(an_interval_of_0_fires_with_the_next_look) {
    runtime_t *rt = open_stage();
    sim_advance(300000);
    ticker_t clock = {.interval_ms = 0};
    start(rt, &clock); /* time stands still */
    CHECK_EQ(clock.fired, 1);
    ticker_t periodic = {.interval_ms = 0, .is_periodic = true};
    start(rt, &periodic);
    CHECK_EQ(periodic.fired, 0);
    pass_ms(rt, 2);
    pass_ms(rt, 1);
    CHECK_EQ(periodic.fired, 2);
    CHECK_EQ(periodic.expirations, 2); /* as an interval of 1 would */
    close_stage(rt);
}

/* Around the borders of each level of the wheel, from several beginnings. */
TEST(every_distance_is_exact) {
    static const uint64_t nears[] = {0, 1, 2, 31, 62, 63};
    for (unsigned bits = 0; bits <= 42; bits += 6)
        for (size_t near = 0; near < sizeof nears / sizeof nears[0]; near++)
            for (uint64_t begin = 0; begin < 3; begin++) {
                runtime_t *rt = open_stage();
                sim_advance(begin * 4095 * 1000000);
                uint64_t from = runtime_now_ms(rt);
                ticker_t clock = {.interval_ms =
                                      (UINT64_C(1) << bits) + nears[near] - 1};
                start(rt, &clock);
                runtime_run(rt);
                CHECK_EQ(clock.fired, 1);
                CHECK_EQ(clock.at_ms - from, clock.interval_ms);
                CHECK(runtime_counters(rt).polls <
                      64); /* a wake-up per level at most */
                close_stage(rt);
            }
}

TEST(absurdly_far_timers_are_armed_and_cancelled) {
    runtime_t *rt = open_stage();
    for (int periodic = 0; periodic < 2; periodic++) {
        ticker_t clock = {.interval_ms = UINT64_MAX, .is_periodic = periodic};
        start(rt, &clock);
        pass_ms(rt, UINT64_C(1000) * 3600 * 24 * 365);
        CHECK_EQ(clock.fired, 0);
        CHECK_EQ(runtime_counters(rt).timers, 1);
        actor_stop(rt, clock.role.id);
        settle(rt);
        CHECK_EQ(runtime_counters(rt).timers, 0);
    }
    close_stage(rt);
}

static timer_id_t stolen;

static bool steal(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    (void)msg;
    CHECK(!actor_cancel_timer(rt, stolen));
    CHECK(!actor_cancel_timer(rt, TIMER_ID_INVALID));
    CHECK(!actor_cancel_timer(rt, UINT32_MAX));
    return true;
}

TEST(only_its_owner_cancels_a_timer) {
    runtime_t *rt = open_stage();
    ticker_t clock = {.interval_ms = 5};
    start(rt, &clock);
    stolen = clock.timer;
    role_t thief = {.act = steal};
    tell(rt, cast(rt, &thief), GO);
    settle(rt);
    CHECK_EQ(thief.count, 1);
    CHECK(!actor__cancel_timer_for(rt, thief.id, stolen));
    pass_ms(rt, 5);
    CHECK_EQ(clock.fired, 1);
    close_stage(rt);
}

TEST(a_full_mailbox_delays_a_firing_by_milliseconds) {
    for (int periodic = 0; periodic < 2; periodic++) {
        runtime_t *rt = open_stage();
        ticker_t clock = {.interval_ms = 3600000, .is_periodic = periodic};
        actor_options_t options = {.mailbox_size = 2};
        cast_with(rt, &clock.role, &options);
        start(rt, &clock);
        sim_advance(UINT64_C(3600000) * 1000000);
        tell(rt, clock.role.id, FILL);
        tell(rt, clock.role.id, FILL);
        /* The look before the turn finds it full. */
        runtime_step(rt);
        CHECK_EQ(clock.fired, 0);
        CHECK_EQ(runtime_counters(rt).refused, 1);
        settle(rt);
        CHECK_EQ(clock.fired, 0);
        pass_ms(rt, 1);
        CHECK_EQ(clock.fired, 1);
        CHECK_EQ(clock.last, 1);
        pass_ms(rt, 3600000 - 1); /* the rhythm is kept */
        CHECK_EQ(clock.fired, periodic != 0 ? 2 : 1);
        close_stage(rt);
    }
}

TEST(a_periodic_timer_adds_up_what_found_no_room) {
    runtime_t *rt = open_stage();
    ticker_t clock = {.interval_ms = 10, .is_periodic = true};
    actor_options_t options = {.mailbox_size = 2};
    cast_with(rt, &clock.role, &options);
    start(rt, &clock);
    for (int i = 0; i < 5; i++) {
        for (int n = 0; n < 2; n++)
            (void)actor_send(rt, clock.role.id, FILL, NULL, 0);
        sim_advance(10000000);
        runtime_step(rt); /* looks first: full each time */
    }
    CHECK_EQ(clock.fired, 0);
    settle(rt);
    pass_ms(rt, 1);
    CHECK_EQ(clock.fired, 1);
    CHECK_EQ(clock.last, 5);
    pass_ms(rt, 9);
    CHECK_EQ(clock.fired, 2);
    CHECK_EQ(clock.last, 1);
    close_stage(rt);
}

static bool stop_with_timer(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == GO)
        for (int i = 0; i < 10; i++)
            CHECK(actor_set_timer(rt, 5, i % 2 != 0) != 0);
    if (msg->type == MSG_TIMER) actor_stop(rt, me->id);
    return true;
}

TEST(an_actor_that_ends_takes_its_timers_along) {
    runtime_t *rt = open_stage();
    role_t role = {.act = stop_with_timer};
    tell(rt, cast(rt, &role), GO);
    settle(rt);
    actor_stats_t stats;
    CHECK(runtime_actor_stats(rt, role.id, &stats));
    CHECK_EQ(stats.timers, 10);
    pass_ms(rt, 5);
    CHECK_EQ(role.count, 2);
    CHECK_EQ(role.ends, 1);
    CHECK_EQ(runtime_counters(rt).timers, 0);
    pass_ms(rt, 100);
    close_stage(rt);
}

static bool count_order(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == GO) {
        /* Twenty, five per moment, armed from the last moment to the first. */
        for (uint64_t i = 0; i < 20; i++)
            CHECK(actor_set_timer(rt, 400 - i / 5 * 100, false) != 0);
        return true;
    }
    uint64_t now_ms = runtime_now_ms(rt);
    CHECK(now_ms >= me->value);
    me->value = now_ms;
    return true;
}

TEST(timers_fire_in_the_order_of_their_moments) {
    runtime_t *rt = open_stage();
    role_t role = {.act = count_order};
    actor_options_t options = {.mailbox_size = 32};
    tell(rt, cast_with(rt, &role, &options), GO);
    runtime_run(rt);
    CHECK_EQ(role.count, 21);
    CHECK_EQ(role.value, 400);
    close_stage(rt);
}

/* --- many --- */

enum { MANY = STAGE_IS_LARGE ? 50000 : 200 };

static bool arm_many(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == GO) {
        for (uint64_t i = 0; i < MANY; i++)
            CHECK(actor_set_timer(rt, 1 + i * 7919 % MANY, false) != 0);
        return true;
    }
    me->value++;
    return true;
}

TEST(many_timers_fire_each_at_its_own_moment) {
    runtime_t *rt = open_stage();
    role_t role = {.act = arm_many};
    tell(rt, cast(rt, &role), GO);
    settle(rt);
    CHECK_EQ(runtime_counters(rt).timers, MANY);
    runtime_run(rt);
    CHECK_EQ(role.value, MANY);
    CHECK_EQ(runtime_counters(rt).timers, 0);
    CHECK_EQ(runtime_now_ms(rt), MANY);
#if !defined(MK_POOL_PASSTHROUGH)
    CHECK(runtime_counters(rt).memory_bytes <= (size_t)5 * MK_SLAB_BYTES);
#endif
    close_stage(rt);
}

/* --- without memory --- */

static bool arm_some(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == MSG_TIMER) me->value--;
    if (msg->type != GO) return true;
    for (int i = 0; i < 40; i++)
        if (actor_set_timer(rt, 5, false) != TIMER_ID_INVALID) me->value++;
    CHECK_EQ(runtime_counters(rt).timers, me->value);
    return true;
}

static void arm_and_fire(void *arg) {
    (void)arg;
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 4);
    if (rt == NULL) return;
    role_t role = {.act = arm_some};
    actor_options_t options = {.mailbox_size = 64};
    actor_id_t id = actor_spawn_with(rt, play, &role, end_role, &options);
    (void)actor_send(rt, id, GO, NULL, 0);
    settle(rt);
    CHECK(role.value == 40 || mk_alloc_fail_hit());
    for (int ms = 0; ms < 8; ms++)
        pass_ms(rt, 1);
    /* Told, or still to be told: none is lost. */
    CHECK_EQ(runtime_counters(rt).timers, role.value);
    CHECK(role.value == 0 || mk_alloc_fail_hit());
    runtime_destroy(rt);
}

static void arm_and_die(void *arg) {
    (void)arg;
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 4);
    if (rt == NULL) return;
    role_t role = {.act = arm_some};
    actor_id_t id = actor_spawn(rt, play, &role, end_role, 4);
    (void)actor_send(rt, id, GO, NULL, 0);
    settle(rt);
    actor_stop(rt, id);
    settle(rt);
    CHECK_EQ(runtime_counters(rt).timers, 0);
    runtime_destroy(rt);
}

TEST(timers_survive_each_failed_allocation) {
    test_each_alloc_failure(arm_and_die, NULL);
    test_each_alloc_failure(arm_and_fire, NULL);
}

TEST(a_firing_without_memory_comes_later) {
    runtime_t *rt = open_stage();
    ticker_t clock = {.interval_ms = 5};
    start(rt, &clock);
    sim_advance(5000000);
    mk_alloc_fail_at(1, true);
    runtime_step(rt);
    bool needs_memory = mk_alloc_fail_hit();
    mk_alloc_fail_at(0, false);
    settle(rt);
    CHECK_EQ(clock.fired, needs_memory ? 0 : 1);
    pass_ms(rt, 1);
    CHECK_EQ(clock.fired, 1);
    close_stage(rt);
}

/* Scattered over a higher level of the wheel, they come down while nothing is to be
 * had.
 */
enum { SCATTERED = 60, SCATTER_MS = 5000 };

static bool arm_scattered(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == MSG_TIMER) me->value++;
    if (msg->type != GO) return true;
    for (uint64_t i = 0; i < SCATTERED; i++)
        CHECK(actor_set_timer(rt, SCATTER_MS + i * 7, false) != TIMER_ID_INVALID);
    return true;
}

TEST(timers_that_move_without_memory_are_not_lost) {
    runtime_t *rt = open_stage();
    role_t role = {.act = arm_scattered};
    actor_options_t options = {.mailbox_size = 64};
    actor_id_t id = actor_spawn_with(rt, play, &role, end_role, &options);
    tell(rt, id, GO);
    settle(rt);
    mk_alloc_fail_at(1, true);
    pass_ms(rt, SCATTER_MS - 1);
    CHECK_EQ(role.value, 0);
    for (int i = 0; i < SCATTERED / 2; i++)
        pass_ms(rt, 7);
    mk_alloc_fail_at(0, false);
    CHECK_EQ(runtime_counters(rt).timers + role.value, SCATTERED);
    for (int i = 0; i <= SCATTERED / 2; i++)
        pass_ms(rt, 7);
    CHECK_EQ(role.value, SCATTERED);
    CHECK_EQ(runtime_counters(rt).timers, 0);
    close_stage(rt);
}

/* Of one moment: those armed first fire first, also around a cancelled one. */
enum { OF_ONE_MOMENT = 10, CANCELLED = 4 };

static bool arm_one_moment(runtime_t *rt, role_t *me, message_t *msg) {
    static timer_id_t first;
    if (msg->type == MSG_TIMER) {
        timer_payload_t payload;
        memcpy(&payload, msg->payload, sizeof payload);
        if (me->value == CANCELLED) me->value++;
        CHECK_EQ(payload.id, first + me->value++);
        return true;
    }
    if (msg->type != GO) return true;
    first = actor_set_timer(rt, 3, false);
    for (uint32_t i = 1; i < OF_ONE_MOMENT; i++)
        CHECK_EQ(actor_set_timer(rt, 3, false), first + i);
    CHECK(actor_cancel_timer(rt, first + CANCELLED));
    return true;
}

TEST(timers_of_one_moment_fire_in_the_order_of_arming) {
    runtime_t *rt = open_stage();
    role_t role = {.act = arm_one_moment};
    actor_options_t options = {.mailbox_size = 64};
    tell(rt, actor_spawn_with(rt, play, &role, end_role, &options), GO);
    settle(rt);
    pass_ms(rt, 3);
    CHECK_EQ(role.value, OF_ONE_MOMENT);
    close_stage(rt);
}

/* More than are left lying (ORPHANS_MIN), of both kinds. */
static bool arm_and_leave(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    if (msg->type != GO) return true;
    for (unsigned i = 0; i < 50; i++) {
        CHECK(actor_set_timer(rt, 3600000 + i, false) != TIMER_ID_INVALID);
        CHECK(actor_set_timer(rt, 3600000 + i, true) != TIMER_ID_INVALID);
    }
    return false;
}

TEST(timers_of_the_ended_keep_nobody_waiting) {
    runtime_t *rt = open_stage();
    role_t role[3];
    memset(role, 0, sizeof role);
    for (unsigned i = 0; i < 3; i++) {
        role[i].act = arm_and_leave;
        tell(rt, cast(rt, &role[i]), GO);
        settle(rt);
        CHECK_EQ(runtime_counters(rt).timers, 0);
    }
    ticker_t clock = {.interval_ms = 5};
    start(rt, &clock);
    runtime_run(rt);
    CHECK_EQ(clock.fired, 1);
    CHECK_EQ(runtime_now_ms(rt), 5);
    close_stage(rt);
}

TEST_TABLE(timers, TEST_ROW(a_timer_fires_once_and_not_early),
           TEST_ROW(a_periodic_timer_does_not_drift),
           TEST_ROW(overruns_are_counted_and_the_rhythm_is_kept),
           TEST_ROW(a_timer_is_cancelled_in_its_own_handler),
           TEST_ROW(an_interval_of_0_fires_with_the_next_look),
           TEST_ROW(every_distance_is_exact),
           TEST_ROW(absurdly_far_timers_are_armed_and_cancelled),
           TEST_ROW(only_its_owner_cancels_a_timer),
           TEST_ROW(a_full_mailbox_delays_a_firing_by_milliseconds),
           TEST_ROW(a_periodic_timer_adds_up_what_found_no_room),
           TEST_ROW(an_actor_that_ends_takes_its_timers_along),
           TEST_ROW(timers_fire_in_the_order_of_their_moments),
           TEST_ROW(many_timers_fire_each_at_its_own_moment),
           TEST_ROW(timers_survive_each_failed_allocation),
           TEST_ROW(a_firing_without_memory_comes_later),
           TEST_ROW(timers_that_move_without_memory_are_not_lost),
           TEST_ROW(timers_of_one_moment_fire_in_the_order_of_arming),
           TEST_ROW(timers_of_the_ended_keep_nobody_waiting))
