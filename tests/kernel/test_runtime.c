/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: when run returns, what a step is, what destroy takes along. */
#include "microkernel/runtime.h"

#include "kernel/router.h"
#include "kernel/stage.h"

enum { GO = 1 };

static bool stop_the_loop(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    (void)msg;
    runtime_stop(rt);
    return true;
}

static bool finish(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    (void)me;
    (void)msg;
    return false;
}

TEST(run_returns_when_no_actor_is_left) {
    runtime_t *rt = open_stage();
    runtime_run(rt); /* there never was one */
    role_t role = {.act = finish};
    tell(rt, cast(rt, &role), GO);
    runtime_run(rt);
    CHECK_EQ(role.ends, 1);
    close_stage(rt);
}

TEST(run_returns_when_nothing_can_happen_any_more) {
    runtime_t *rt = open_stage();
    role_t role = {0};
    tell(rt, cast(rt, &role), GO);
    runtime_run(rt);
    CHECK_EQ(role.count, 1);
    CHECK_EQ(runtime_counters(rt).actors, 1);
    CHECK(!sim_is_stuck()); /* it did not wait for ever either */
    close_stage(rt);
}

TEST(run_returns_after_the_message_that_stops_it) {
    runtime_t *rt = open_stage();
    role_t role = {.act = stop_the_loop};
    actor_id_t id = cast(rt, &role);
    for (int i = 0; i < 3; i++)
        tell(rt, id, GO);
    for (unsigned i = 1; i <= 3; i++) {
        runtime_run(rt);
        CHECK_EQ(role.count, i);
    }
    close_stage(rt);
}

TEST(a_stop_before_run_is_not_lost) {
    runtime_t *rt = open_stage();
    role_t role = {0};
    tell(rt, cast(rt, &role), GO);
    runtime_stop(rt);
    runtime_stop(rt);
    runtime_run(rt);
    CHECK_EQ(role.count, 0);
    runtime_run(rt); /* it was for one call */
    CHECK_EQ(role.count, 1);
    close_stage(rt);
}

static bool arm(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == GO) CHECK(actor_set_timer(rt, me->value, false) != 0);
    return true;
}

TEST(run_waits_for_a_timer) {
    runtime_t *rt = open_stage();
    role_t role = {.act = arm, .value = 3600000};
    tell(rt, cast(rt, &role), GO);
    runtime_run(rt);
    CHECK_EQ(role.count, 2);
    CHECK_EQ(runtime_now_ms(rt), 3600000);
    close_stage(rt);
}

static bool watch_value(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == GO) return actor_watch_fd(rt, (int)me->value, MK_POLL_IN);
    CHECK_EQ(msg->type, MSG_FD_EVENT);
    return false;
}

TEST(run_waits_for_a_descriptor) {
    runtime_t *rt = open_stage();
    int fd = sim_handle_create();
    role_t role = {.act = watch_value, .value = (uint64_t)fd};
    tell(rt, cast(rt, &role), GO);
    CHECK_EQ(sim_handle_set_ready_at(fd, MK_POLL_IN, 5000000), 0);
    runtime_run(rt);
    CHECK_EQ(role.ends, 1);
    CHECK_EQ(runtime_now_ms(rt), 5);
    sim_handle_destroy(fd);
    close_stage(rt);
}

TEST(a_step_delivers_exactly_one_message) {
    runtime_t *rt = open_stage();
    role_t a = {0};
    role_t b = {0};
    cast(rt, &a);
    cast(rt, &b);
    for (int i = 0; i < 3; i++) {
        tell(rt, a.id, GO);
        tell(rt, b.id, GO);
    }
    for (unsigned i = 1; i <= 6; i++) {
        runtime_step(rt);
        CHECK_EQ(a.count + b.count, i);
        CHECK(a.count == b.count || a.count == b.count + 1); /* by turns */
    }
    runtime_step(rt);
    CHECK_EQ(a.count + b.count, 6);
    CHECK_EQ(runtime_counters(rt).turns, 6);
    close_stage(rt);
}

static bool go_inside(runtime_t *rt, role_t *me, message_t *msg) {
    (void)msg;
    if (me->value++ == 0) tell(rt, me->id, GO);
    runtime_run(rt);
    runtime_step(rt);
    runtime_destroy(rt);
    CHECK_EQ(me->count, me->value); /* no message was delivered within this one */
    return true;
}

TEST(run_step_and_destroy_do_nothing_inside_a_behaviour) {
    runtime_t *rt = open_stage();
    role_t role = {.act = go_inside};
    tell(rt, cast(rt, &role), GO);
    runtime_run(rt);
    CHECK_EQ(role.count, 2);
    close_stage(rt);
}

TEST(absurd_arguments_have_a_result) {
    CHECK(runtime_init(1, 0) == NULL);
    CHECK(runtime_init(1, SIZE_MAX) == NULL);
    CHECK(runtime_init(1, ((size_t)1 << 31) + 1) == NULL);
    runtime_destroy(NULL);
    runtime_run(NULL);
    runtime_step(NULL);
    runtime_stop(NULL);
    CHECK_EQ(runtime_get_max_actors(NULL), 0);
    CHECK_EQ(runtime_get_node_id(NULL), 0);
    CHECK_EQ(runtime_counters(NULL).sends, 0);
    runtime_measure_time(NULL, true);
    CHECK(!runtime_post(NULL, 1, 1, NULL, 0));
    CHECK_EQ(runtime_offload(NULL, NULL, NULL, NULL), 0);
    (void)runtime_now_ms(NULL);

    CHECK_EQ(actor_spawn(NULL, play, NULL, NULL, 1), ACTOR_ID_INVALID);
    CHECK_EQ(actor_spawn_with(NULL, play, NULL, NULL, NULL), ACTOR_ID_INVALID);
    actor_stop(NULL, 1);
    actor_exit(NULL, 0, NULL);
    CHECK(!actor_shutdown(NULL, 1));
    CHECK(!actor_send(NULL, 1, 1, NULL, 0));
    CHECK_EQ(actor_self(NULL), ACTOR_ID_INVALID);
    CHECK(actor_state(NULL) == NULL);
    CHECK(!actor_is_alive(NULL, 1));
    CHECK(!actor_link(NULL, 1));
    CHECK(!actor_unlink(NULL, 1));
    actor_trap_exits(NULL, true);
    CHECK_EQ(actor_monitor(NULL, 1), 0);
    CHECK(!actor_demonitor(NULL, 1));
    CHECK_EQ(actor_set_timer(NULL, 1, true), TIMER_ID_INVALID);
    CHECK(!actor_cancel_timer(NULL, 1));
    CHECK(!actor_watch_fd(NULL, 1, 1));
    CHECK(!actor_unwatch_fd(NULL, 1));

    runtime_t *rt = runtime_init(UINT32_MAX, (size_t)1 << 31);
    CHECK(rt != NULL);
    CHECK_EQ(runtime_get_max_actors(rt), (size_t)1 << 31);
    CHECK_EQ(runtime_get_node_id(rt), UINT32_MAX);
    CHECK_EQ(actor_spawn(rt, NULL, NULL, NULL, 1), ACTOR_ID_INVALID);
    CHECK_EQ(actor_spawn(rt, play, NULL, NULL, SIZE_MAX), ACTOR_ID_INVALID);
    CHECK_EQ(actor_spawn(rt, play, NULL, NULL, ((size_t)1 << 31) + 1),
             ACTOR_ID_INVALID);
    role_t role = {0};
    actor_options_t options = {.mailbox_size = SIZE_MAX};
    CHECK_EQ(actor_spawn_with(rt, play, &role, NULL, &options), ACTOR_ID_INVALID);
    options = (actor_options_t){.parent = 12345};
    CHECK_EQ(actor_spawn_with(rt, play, &role, NULL, &options), ACTOR_ID_INVALID);
    options = (actor_options_t){.mailbox_policy = (mailbox_policy_t)3};
    CHECK_EQ(actor_spawn_with(rt, play, &role, NULL, &options), ACTOR_ID_INVALID);
    options = (actor_options_t){.priority = (actor_priority_t)77};
    CHECK_EQ(actor_spawn_with(rt, play, &role, NULL, &options), ACTOR_ID_INVALID);
    CHECK_EQ(runtime_counters(rt).spawned, 0);
    options =
        (actor_options_t){.mailbox_size = (size_t)1 << 31, .mailbox_bytes = SIZE_MAX};
    CHECK(actor_spawn_with(rt, play, &role, NULL, &options) != ACTOR_ID_INVALID);
    for (actor_id_t id = 0; id < 4; id++) { /* nodes 0 and UINT32_MAX, nobody there */
        actor_stop(rt, id);
        CHECK(!actor_send(rt, id, 1, NULL, 0));
        CHECK(!actor_is_alive(rt, UINT64_MAX - id));
        actor_stop(rt, UINT64_MAX - id);
    }
    runtime_set_router(rt, NULL);
    runtime_destroy(rt);
}

static void use_all_outside(runtime_t *rt) {
    CHECK_EQ(actor_self(rt), ACTOR_ID_INVALID);
    CHECK(actor_state(rt) == NULL);
    actor_exit(rt, EXIT_CRASHED, "nobody");
    CHECK(!actor_link(rt, 1));
    CHECK(!actor_unlink(rt, 1));
    actor_trap_exits(rt, true);
    CHECK_EQ(actor_monitor(rt, 1), 0);
    CHECK(!actor_demonitor(rt, 1));
    CHECK_EQ(actor_set_timer(rt, 1, true), TIMER_ID_INVALID);
    CHECK(!actor_cancel_timer(rt, 1));
    CHECK(!actor_watch_fd(rt, 0, MK_POLL_IN));
    CHECK(!actor_unwatch_fd(rt, 0));
    CHECK_EQ(runtime_offload(rt, NULL, NULL, NULL), 0);
}

TEST(what_belongs_inside_a_behaviour_is_refused_outside) {
    runtime_t *rt = open_stage();
    use_all_outside(rt);
    role_t role = {0};
    tell(rt, cast(rt, &role), GO);
    runtime_run(rt);
    use_all_outside(rt);
    close_stage(rt);
}

TEST(the_ceiling_holds_and_a_place_comes_free) {
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 2);
    role_t a = {0};
    role_t b = {0};
    cast(rt, &a);
    cast(rt, &b);
    CHECK_EQ(actor_spawn(rt, play, &a, NULL, 2), ACTOR_ID_INVALID);
    actor_stop(rt, a.id);
    runtime_step(rt);
    actor_id_t id = actor_spawn(rt, play, &b, NULL, 2);
    CHECK(id != ACTOR_ID_INVALID);
    CHECK(id != a.id);
    close_stage(rt);
}

static void *work(void *arg) {
    return arg;
}

static unsigned discarded;

static void discard(void *result) {
    CHECK(result == &discarded);
    discarded++;
}

static bool do_everything(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type != GO) return true;
    CHECK(actor_set_timer(rt, 1000, true) != 0);
    CHECK(actor_set_timer(rt, UINT64_MAX, false) != 0);
    CHECK(actor_watch_fd(rt, (int)me->value, MK_POLL_IN | MK_POLL_OUT));
    CHECK(actor_link(rt, me->peer));
    CHECK(actor_monitor(rt, me->peer) != 0);
    CHECK(runtime_offload(rt, work, &discarded, discard) != 0);
    CHECK(actor_send(rt, me->id, 2, "a payload of more than eight bytes", 34));
    return true;
}

TEST(destroy_takes_along_all_that_is_pending) {
    static const char large[MK_POOL_BLOCK_MAX + 100] = {0};
    runtime_t *rt = open_stage();
    discarded = 0;
    int fd = sim_handle_create();
    role_t parent = {0};
    role_t peer = {0};
    cast(rt, &parent);
    cast(rt, &peer);
    actor_options_t options = {.parent = parent.id};
    role_t role = {.act = do_everything, .peer = peer.id, .value = (uint64_t)fd};
    cast_with(rt, &role, &options);
    tell(rt, role.id, GO);
    runtime_step(rt);
    CHECK_EQ(role.count, 1);
    CHECK_EQ(sim_handle_watchers(fd, NULL), 1);
    sim_handle_set_ready(fd, MK_POLL_IN);
    CHECK(runtime_post(rt, role.id, 3, large, sizeof large));
    CHECK(actor_send(rt, peer.id, 4, large, sizeof large));
    CHECK(actor_shutdown(rt, parent.id));
    actor_stop(rt, peer.id); /* ended and not yet cleaned up */
    runtime_destroy(rt);
    CHECK_EQ(discarded, 1);
    CHECK_EQ(parent.ends + peer.ends + role.ends, 3);
    CHECK_EQ(sim_handle_watchers(fd, NULL), 0);
    CHECK_EQ(parent.count + peer.count, 0); /* nobody is notified */
    sim_handle_destroy(fd);
    sim_reset(1);
}

static bool spawn_children(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type != GO) return true;
    static role_t children[3];
    memset(children, 0, sizeof children);
    for (int i = 0; i < 3; i++) {
        actor_options_t options = {.parent = me->id};
        children[i].act = finish;
        tell(rt, cast_with(rt, &children[i], &options), GO);
    }
    CHECK_EQ(children[0].count, 0); /* they run when this message is done */
    return true;
}

TEST(actors_are_spawned_within_a_behaviour) {
    runtime_t *rt = open_stage();
    role_t role = {.act = spawn_children};
    tell(rt, cast(rt, &role), GO);
    runtime_run(rt);
    CHECK_EQ(role.count, 4);
    CHECK_EQ(role.child.exit_reason, EXIT_NORMAL);
    close_stage(rt);
}

static void init_and_spawn(void *arg) {
    (void)arg;
    runtime_t *rt = runtime_init(1, 1000);
    if (rt == NULL) return;
    role_t role = {0};
    actor_options_t options = {.mailbox_bytes = 1000};
    unsigned spawned = 0;
    for (int i = 0; i < 40; i++) {
        actor_id_t id = actor_spawn_with(rt, play, &role, end_role, &options);
        if (id == ACTOR_ID_INVALID) continue;
        CHECK(actor_is_alive(rt, id));
        options.parent = id;
        spawned++;
    }
    CHECK_EQ(runtime_counters(rt).actors, spawned);
    CHECK(spawned == 40 || mk_alloc_fail_hit());
    CHECK_EQ(runtime_counters(rt).no_memory != 0, spawned != 40);
    runtime_destroy(rt);
    CHECK_EQ(role.ends, spawned);
}

TEST(init_and_spawn_survive_each_failed_allocation) {
    test_each_alloc_failure(init_and_spawn, NULL);
}

TEST(init_survives_a_platform_that_fails) {
    sim_reset(1);
    sim_fail_port_at(1, true);
    CHECK(runtime_init(1, 16) == NULL);
    CHECK(sim_fail_port_hit());
    sim_reset(1);
}

TEST(memory_is_given_back_when_actors_are_gone) {
#if defined(MK_POOL_PASSTHROUGH)
    test_skip("pools hold no memory in this build");
#endif
    runtime_t *rt = open_stage();
    enum { MANY = STAGE_IS_LARGE ? 20000 : 150 };
    static role_t role;
    role = (role_t){.act = finish};
    for (int i = 0; i < MANY; i++)
        tell(rt, cast(rt, &role), GO);
    size_t high = runtime_counters(rt).memory_bytes;
    runtime_run(rt);
    CHECK_EQ(role.ends, MANY);
    size_t low = runtime_counters(rt).memory_bytes;
    CHECK(high > MANY * 2 * 64);
    CHECK(low <= (size_t)2 * MK_SLAB_BYTES + 1024); /* one slab of each pool */
    close_stage(rt);
}

TEST_TABLE(runtime, TEST_ROW(run_returns_when_no_actor_is_left),
           TEST_ROW(run_returns_when_nothing_can_happen_any_more),
           TEST_ROW(run_returns_after_the_message_that_stops_it),
           TEST_ROW(a_stop_before_run_is_not_lost), TEST_ROW(run_waits_for_a_timer),
           TEST_ROW(run_waits_for_a_descriptor),
           TEST_ROW(a_step_delivers_exactly_one_message),
           TEST_ROW(run_step_and_destroy_do_nothing_inside_a_behaviour),
           TEST_ROW(absurd_arguments_have_a_result),
           TEST_ROW(what_belongs_inside_a_behaviour_is_refused_outside),
           TEST_ROW(the_ceiling_holds_and_a_place_comes_free),
           TEST_ROW(destroy_takes_along_all_that_is_pending),
           TEST_ROW(actors_are_spawned_within_a_behaviour),
           TEST_ROW(init_and_spawn_survive_each_failed_allocation),
           TEST_ROW(init_survives_a_platform_that_fails),
           TEST_ROW(memory_is_given_back_when_actors_are_gone))
