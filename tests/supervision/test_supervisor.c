/* SPDX-License-Identifier: Apache-2.0 */
/* Supervisors at work: order, strategies, restart types, intensity, escalation, times.
 */
#include "support/test.h"

#include "kernel/inside.h"
#include "microkernel/message_ids.h"
#include "supervision/crew.h"

static member_t a, b, c, d;
static child_spec_t specs[4];
static child_options_t options[4];

/* Four fresh members of one type, and a world. */
static void begin(restart_type_t type) {
    crew_begin();
    a = (member_t){.name = "a"};
    b = (member_t){.name = "b"};
    c = (member_t){.name = "c"};
    d = (member_t){.name = "d"};
    member_t *members[] = {&a, &b, &c, &d};
    for (size_t i = 0; i < 4; i++) {
        specs[i] = spec_of(members[i], type);
        options[i] = (child_options_t){0};
    }
}

static actor_id_t start(const supervisor_options_t *how, size_t count) {
    actor_id_t sup = supervisor_start_with(crew.rt, how, specs, options, count);
    CHECK(sup != ACTOR_ID_INVALID);
    settle();
    return sup;
}

static actor_id_t start_simple(restart_strategy_t strategy, size_t count) {
    const supervisor_options_t how = {
        .strategy = strategy, .max_restarts = 10, .window_ms = 1000};
    return start(&how, count);
}

static void finish(void) {
    crew_end();
    CHECK_EQ(a.starts, a.ends);
    CHECK_EQ(b.starts, b.ends);
    CHECK_EQ(c.starts, c.ends);
    CHECK_EQ(d.starts, d.ends);
}

/* --- starts and stops --- */

TEST(children_start_in_order_with_the_first_message) {
    begin(RESTART_PERMANENT);
    actor_id_t sup = supervisor_start(crew.rt, STRATEGY_ONE_FOR_ONE, 3, 1000, specs, 3);
    CHECK(sup != ACTOR_ID_INVALID);
    CHECK_STR(diary(), "");
    CHECK_EQ(supervisor_get_child(crew.rt, sup, 0), ACTOR_ID_INVALID);
    memset(specs, 0, sizeof specs); /* they were copied */
    settle();
    CHECK_STR(diary(), "+a+b+c");
    for (size_t i = 0; i < 3; i++)
        CHECK(actor_is_alive(crew.rt, supervisor_get_child(crew.rt, sup, i)));
    CHECK_EQ(supervisor_get_child(crew.rt, sup, 3), ACTOR_ID_INVALID);
    actor_info_t info;
    CHECK(runtime_actor_find(crew.rt, supervisor_get_child(crew.rt, sup, 1), &info));
    CHECK_EQ(info.parent, sup);
    finish();
}

TEST(names_are_copied_too) {
    begin(RESTART_PERMANENT);
    char name[] = "worker";
    char sup_name[] = "boss";
    specs[0].name = name;
    specs[1].name = NULL;
    const supervisor_options_t how = {.name = sup_name};
    actor_id_t sup = start(&how, 2);
    name[0] = sup_name[0] = 'X';
    CHECK_STR(child_at(sup, 0).name, "worker");
    CHECK_STR(child_at(sup, 1).name, "");
    char shown[8];
    restart_strategy_t strategy = STRATEGY_REST_FOR_ONE;
    CHECK(supervisor_describe(crew.rt, sup, &strategy, shown, sizeof shown));
    CHECK_STR(shown, "boss");
    CHECK_EQ(strategy, STRATEGY_ONE_FOR_ONE);
    finish();
}

static void check_refused(const supervisor_options_t *how, const child_spec_t *with,
                          const child_options_t *and_with, size_t count) {
    CHECK_EQ(supervisor_start_with(crew.rt, how, with, and_with, count),
             ACTOR_ID_INVALID);
    CHECK_EQ(runtime_counters(crew.rt).spawned, 0);
}

TEST(a_nested_supervisor_without_a_config_cannot_be_started) {
    begin(RESTART_PERMANENT);
    supervisor_child_spec(&specs[0], "nested", NULL, RESTART_PERMANENT);
    actor_id_t sup = supervisor_start(crew.rt, STRATEGY_ONE_FOR_ONE, 1, 1000, specs, 1);
    CHECK(sup != ACTOR_ID_INVALID);
    settle();
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

TEST(bad_arguments_start_nothing) {
    begin(RESTART_PERMANENT);
    supervisor_options_t how = {0};
    CHECK_EQ(supervisor_start(crew.rt, STRATEGY_ONE_FOR_ONE, 1, 1, specs, 0), 0);
    CHECK_EQ(supervisor_start(crew.rt, STRATEGY_ONE_FOR_ONE, 1, 1, NULL, 1), 0);
    CHECK_EQ(supervisor_start(NULL, STRATEGY_ONE_FOR_ONE, 1, 1, specs, 1), 0);
    check_refused(NULL, specs, options, 1);
    supervisor_child_spec(NULL, "nested", NULL, RESTART_PERMANENT);
    check_refused(&how, NULL, NULL, 1);
    how.strategy = (restart_strategy_t)3;
    check_refused(&how, specs, options, 1);
    how.strategy = STRATEGY_ONE_FOR_ONE;
    how.auto_shutdown = (auto_shutdown_t)3;
    check_refused(&how, specs, options, 1);
    how.auto_shutdown = AUTO_SHUTDOWN_NEVER;
    how.is_template = true; /* exactly one pattern, one for one */
    check_refused(&how, specs, options, 2);
    check_refused(&how, NULL, NULL, 0);
    how.strategy = STRATEGY_ONE_FOR_ALL;
    check_refused(&how, specs, options, 1);
    how = (supervisor_options_t){0};
    options[1].is_significant = true; /* and permanent */
    check_refused(&how, specs, options, 2);
    options[1] = (child_options_t){.mailbox_policy = (mailbox_policy_t)3};
    check_refused(&how, specs, options, 2);
    options[1] = (child_options_t){.priority = (actor_priority_t)2};
    check_refused(&how, specs, options, 2);
    options[1] = (child_options_t){0};
    specs[1].restart_type = (restart_type_t)3;
    check_refused(&how, specs, options, 2);
    specs[1].restart_type = RESTART_PERMANENT;
    specs[1].behavior = NULL;
    check_refused(&how, specs, options, 2);
    how.parent = 12345; /* nobody */
    check_refused(&how, specs, options, 1);
    CHECK_STR(diary(), "");
    finish();
}

TEST(children_stop_in_reverse_order_and_the_supervisor_after_them) {
    begin(RESTART_PERMANENT);
    for (size_t i = 0; i < 3; i++)
        options[i].shutdown_ms = 100;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 3);
    witness_t witness;
    watch_end(&witness, sup);
    diary();
    CHECK(actor_shutdown(crew.rt, sup));
    settle();
    CHECK_STR(diary(), "~c-c~b-b~a-a");
    CHECK_EQ(witness.downs, 1);
    CHECK_EQ(witness.reason, EXIT_SHUTDOWN);
    CHECK(!supervisor_is(crew.rt, sup));
    finish();
}

TEST(supervisor_stop_does_the_same_from_outside) {
    begin(RESTART_PERMANENT);
    options[1].shutdown_ms =
        100; /* the others have no time: killed without a message */
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 3);
    witness_t witness;
    watch_end(&witness, sup);
    diary();
    supervisor_stop(crew.rt, sup);
    supervisor_stop(crew.rt, sup);
    settle();
    CHECK_STR(diary(), "-c~b-b-a");
    CHECK_EQ(witness.reason, EXIT_SHUTDOWN);
    finish();
}

TEST(a_supervisor_without_children_stops_at_once) {
    begin(RESTART_PERMANENT);
    const supervisor_options_t how = {0};
    actor_id_t sup = supervisor_start_with(crew.rt, &how, NULL, NULL, 0);
    witness_t witness;
    watch_end(&witness, sup);
    supervisor_stop(crew.rt, sup);
    settle();
    CHECK_EQ(witness.downs, 1);
    CHECK_EQ(witness.reason, EXIT_SHUTDOWN);
    finish();
}

TEST(a_stop_before_the_first_message_starts_nobody) {
    begin(RESTART_PERMANENT);
    actor_id_t sup = supervisor_start(crew.rt, STRATEGY_ONE_FOR_ONE, 3, 1000, specs, 3);
    supervisor_stop(crew.rt, sup);
    settle();
    CHECK_STR(diary(), "");
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

TEST(a_child_that_does_not_end_is_killed_after_its_shutdown_time) {
    begin(RESTART_PERMANENT);
    options[0].shutdown_ms = 30;
    options[1].shutdown_ms = 50;
    b.ignores_shutdown = true;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 2);
    diary();
    supervisor_stop(crew.rt, sup);
    pass_ms(49);
    CHECK_STR(diary(), "~b"); /* a waits its turn meanwhile */
    pass_ms(1);
    CHECK_STR(diary(), "-b~a-a");
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

TEST(unlimited_shutdown_time_waits_for_ever) {
    begin(RESTART_PERMANENT);
    options[0].shutdown_ms = MK_SHUTDOWN_UNLIMITED;
    a.ignores_shutdown = true;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 1);
    supervisor_stop(crew.rt, sup);
    sim_advance(UINT64_C(1000000) * 1000 * 3600 * 24 * 365);
    settle();
    CHECK(actor_is_alive(crew.rt, sup));
    tell_child(sup, 0, MSG_TEST_FINISH);
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

TEST(a_nested_supervisor_has_unlimited_time_by_default) {
    begin(RESTART_PERMANENT);
    a.ignores_shutdown = true;
    options[0].shutdown_ms = 5000;
    const supervisor_config_t inner = {
        .specs = specs, .child_options = options, .n_specs = 1};
    child_spec_t outer_spec;
    supervisor_child_spec(&outer_spec, "inner", &inner, RESTART_PERMANENT);
    actor_id_t outer =
        supervisor_start(crew.rt, STRATEGY_ONE_FOR_ONE, 1, 1, &outer_spec, 1);
    settle();
    CHECK(child_at(outer, 0).is_supervisor);
    diary();
    supervisor_stop(crew.rt, outer);
    pass_ms(4999);
    CHECK_STR(diary(), "~a");
    CHECK(actor_is_alive(crew.rt, outer));
    pass_ms(1);
    CHECK_STR(diary(), "-a");
    CHECK(!actor_is_alive(crew.rt, outer));
    finish();
}

TEST(a_first_start_that_fails_stops_what_was_started) {
    begin(RESTART_PERMANENT);
    options[1].shutdown_ms = 50; /* long enough to find a witness */
    b.ignores_shutdown = true;
    c.failing_starts = 1;
    const supervisor_options_t how = {.max_restarts = 10, .window_ms = 1000};
    actor_id_t sup = start(&how, 4);
    CHECK_STR(diary(), "+a+b~b");
    witness_t witness;
    watch_end(&witness, sup);
    pass_ms(50);
    CHECK_STR(diary(), "-b-a");
    CHECK_EQ(witness.reason, EXIT_CRASHED);
    CHECK_STR(witness.text, "child 2 (c) did not start: its factory returned NULL");
    finish();
}

/* --- restart types --- */

static void check_restart(restart_type_t type, uint8_t reason, bool want) {
    begin(type);
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 1);
    actor_id_t first = supervisor_get_child(crew.rt, sup, 0);
    diary();
    actor__kill(crew.rt, first, reason, "test");
    settle();
    CHECK_STR(diary(), want ? "-a+a" : "-a");
    actor_id_t second = supervisor_get_child(crew.rt, sup, 0);
    CHECK_EQ(second != ACTOR_ID_INVALID, want);
    CHECK(second != first);
    child_counts_t counts;
    CHECK(supervisor_count_children(crew.rt, sup, &counts));
    CHECK_EQ(counts.specs, type == RESTART_TEMPORARY ? 0 : 1);
    CHECK_EQ(counts.active, want ? 1 : 0);
    if (counts.specs > 0) {
        CHECK_EQ(child_at(sup, 0).restarts, want ? 1 : 0);
        CHECK_EQ(child_at(sup, 0).last_exit_reason, reason);
    }
    finish();
}

TEST(permanent_children_are_always_restarted) {
    for (unsigned reason = EXIT_NORMAL; reason <= EXIT_NO_ACTOR; reason++)
        check_restart(RESTART_PERMANENT, (uint8_t)reason, true);
}

TEST(transient_children_are_restarted_after_an_abnormal_end_only) {
    for (unsigned reason = EXIT_NORMAL; reason <= EXIT_NO_ACTOR; reason++)
        check_restart(RESTART_TRANSIENT, (uint8_t)reason,
                      exit_is_abnormal((uint8_t)reason));
}

TEST(temporary_children_are_never_restarted_and_forgotten) {
    for (unsigned reason = EXIT_NORMAL; reason <= EXIT_NO_ACTOR; reason++)
        check_restart(RESTART_TEMPORARY, (uint8_t)reason, false);
}

/* --- strategies --- */

TEST(one_for_one_restarts_the_child_alone) {
    begin(RESTART_PERMANENT);
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 3);
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b+b");
    finish();
}

TEST(one_for_all_stops_all_in_reverse_before_it_starts_all_in_order) {
    begin(RESTART_PERMANENT);
    for (size_t i = 0; i < 4; i++)
        options[i].shutdown_ms = 20;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ALL, 4);
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b~d-d~c-c~a-a+a+b+c+d");
    finish();
}

TEST(rest_for_one_leaves_the_earlier_children_alone) {
    begin(RESTART_PERMANENT);
    actor_id_t sup = start_simple(STRATEGY_REST_FOR_ONE, 4);
    actor_id_t first = supervisor_get_child(crew.rt, sup, 0);
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b-d-c+b+c+d");
    CHECK_EQ(supervisor_get_child(crew.rt, sup, 0), first);
    tell_child(sup, 3, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-d+d");
    finish();
}

TEST(a_group_restart_spares_what_was_finished_terminated_or_temporary) {
    begin(RESTART_PERMANENT);
    specs[0].restart_type = RESTART_TRANSIENT;
    specs[2].restart_type = RESTART_TEMPORARY;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ALL, 4);
    tell_child(sup, 0, MSG_TEST_FINISH);
    CHECK_EQ(supervisor_terminate_child(crew.rt, sup, "d", 0), MK_OK);
    settle();
    CHECK_STR(diary(), "+a+b+c+d-a-d");
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b-c+b");
    child_counts_t counts;
    CHECK(supervisor_count_children(crew.rt, sup, &counts));
    CHECK_EQ(counts.specs, 3);
    CHECK_EQ(counts.active, 1);
    finish();
}

TEST(replacements_wait_until_the_last_old_child_has_ended) {
    begin(RESTART_PERMANENT);
    options[0].shutdown_ms = 40;
    options[2].shutdown_ms = 60;
    a.ignores_shutdown = c.ignores_shutdown = true;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ALL, 3);
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b~c");
    pass_ms(60);
    CHECK_STR(diary(), "-c~a");
    pass_ms(39);
    CHECK_STR(diary(), "");
    pass_ms(1);
    CHECK_STR(diary(), "-a+a+b+c");
    CHECK_EQ(supervisor_get_child(crew.rt, sup, 3), ACTOR_ID_INVALID);
    finish();
}

TEST(members_that_end_by_themselves_meanwhile_count_as_stopped) {
    begin(RESTART_PERMANENT);
    options[3].shutdown_ms = 50;
    d.ignores_shutdown = true;
    const supervisor_options_t how = {
        .strategy = STRATEGY_ONE_FOR_ALL, .max_restarts = 1, .window_ms = 1000};
    actor_id_t sup = start(&how, 4);
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    tell_child(sup, 0, MSG_TEST_CRASH); /* spends nothing: it is part of the restart */
    CHECK_STR(diary(), "-b~d-a");
    tell_child(sup, 3, MSG_TEST_FINISH);
    CHECK_STR(diary(), "-d-c+a+b+c+d");
    finish();
}

TEST(a_group_grows_when_an_earlier_child_fails_meanwhile) {
    begin(RESTART_PERMANENT);
    options[3].shutdown_ms = 50;
    d.ignores_shutdown = true;
    actor_id_t sup = start_simple(STRATEGY_REST_FOR_ONE, 4);
    diary();
    tell_child(sup, 2, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-c~d");
    tell_child(sup, 0, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-a");
    pass_ms(50);
    CHECK_STR(diary(), "-d-b+a+b+c+d");
    finish();
}

TEST(a_group_grows_during_its_back_off_too) {
    begin(RESTART_PERMANENT);
    options[2].backoff_ms = 50;
    actor_id_t sup = start_simple(STRATEGY_REST_FOR_ONE, 4);
    diary();
    tell_child(sup, 2, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-c-d");
    pass_ms(20);
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b"); /* still waits for c's 50 ms */
    pass_ms(29);
    CHECK_STR(diary(), "");
    pass_ms(1);
    CHECK_STR(diary(), "+b+c+d");
    finish();
}

TEST(a_temporary_child_that_ends_meanwhile_is_forgotten_at_once) {
    begin(RESTART_PERMANENT);
    options[3].shutdown_ms = 50;
    d.ignores_shutdown = true;
    specs[0].restart_type = RESTART_TEMPORARY;
    specs[1].restart_type = RESTART_TRANSIENT;
    actor_id_t sup = start_simple(STRATEGY_REST_FOR_ONE, 4);
    diary();
    tell_child(sup, 2, MSG_TEST_CRASH);
    tell_child(sup, 0, MSG_TEST_CRASH);
    tell_child(sup, 0, MSG_TEST_FINISH); /* b, which has moved up */
    pass_ms(50);
    CHECK_STR(diary(), "-c~d-a-b-d+c+d");
    CHECK_STR(child_at(sup, 0).name, "b");
    CHECK_EQ(child_at(sup, 0).id, ACTOR_ID_INVALID);
    finish();
}

static void stop_victim(member_t *me) {
    actor_stop(crew.rt, me->victim);
}

TEST(a_child_that_dies_while_its_sibling_starts_is_restarted) {
    begin(RESTART_PERMANENT);
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 2);
    b.victim = supervisor_get_child(crew.rt, sup, 0);
    b.on_start = stop_victim;
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b+b-a+a");
    CHECK(supervisor_get_child(crew.rt, sup, 0) != b.victim);
    finish();
}

TEST(a_child_that_dies_at_once_is_restarted_until_the_budget_is_spent) {
    begin(RESTART_PERMANENT);
    specs[0].factory = NULL; /* its state is NULL, and it is killed from outside */
    specs[0].behavior = run_witness;
    specs[0].free_state = NULL;
    const supervisor_options_t how = {.max_restarts = 3, .window_ms = 1000};
    actor_id_t sup = start(&how, 1);
    for (int i = 0; i < 3; i++) {
        actor_stop(crew.rt, supervisor_get_child(crew.rt, sup, 0));
        settle();
        CHECK(supervisor_get_child(crew.rt, sup, 0) != ACTOR_ID_INVALID);
    }
    actor_stop(crew.rt, supervisor_get_child(crew.rt, sup, 0));
    settle();
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

/* --- intensity --- */

TEST(one_restart_more_than_allowed_ends_the_supervisor) {
    begin(RESTART_PERMANENT);
    const supervisor_options_t how = {.max_restarts = 3, .window_ms = 5000};
    actor_id_t sup = start(&how, 2);
    witness_t witness;
    watch_end(&witness, sup);
    for (int i = 0; i < 3; i++)
        tell_child(sup, 0, MSG_TEST_CRASH);
    CHECK_EQ(witness.downs, 0);
    CHECK_EQ(child_at(sup, 0).restarts, 3);
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b-a");
    CHECK_EQ(witness.downs, 1);
    CHECK_EQ(witness.reason, EXIT_CRASHED);
    CHECK_STR(witness.text, "restart intensity exceeded: 3 in 5000 ms");
    finish();
}

TEST(restarts_older_than_the_window_do_not_count) {
    begin(RESTART_PERMANENT);
    const supervisor_options_t how = {.max_restarts = 1, .window_ms = 100};
    actor_id_t sup = start(&how, 1);
    for (int i = 0; i < 5; i++) {
        tell_child(sup, 0, MSG_TEST_CRASH);
        pass_ms(101);
    }
    CHECK(actor_is_alive(crew.rt, sup));
    tell_child(sup, 0, MSG_TEST_CRASH);
    pass_ms(100); /* as old as the window: still counts */
    tell_child(sup, 0, MSG_TEST_CRASH);
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

TEST(without_a_window_the_count_never_fades) {
    begin(RESTART_PERMANENT);
    const supervisor_options_t how = {.max_restarts = 1};
    actor_id_t sup = start(&how, 1);
    tell_child(sup, 0, MSG_TEST_CRASH);
    sim_advance(UINT64_C(1000000) * 1000 * 3600 * 24 * 365);
    tell_child(sup, 0, MSG_TEST_CRASH);
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

TEST(the_first_exit_is_too_many_without_restarts) {
    for (int max = -1; max <= 0; max++) {
        begin(RESTART_PERMANENT);
        const supervisor_options_t how = {.max_restarts = max, .window_ms = 100};
        actor_id_t sup = start(&how, 1);
        tell_child(sup, 0, MSG_TEST_FINISH);
        CHECK(!actor_is_alive(crew.rt, sup));
        CHECK_STR(diary(), "+a-a");
        finish();
    }
}

TEST(five_hundred_restarts_are_counted_exactly) {
    begin(RESTART_PERMANENT);
    a.is_silent = true;
    const supervisor_options_t how = {.max_restarts = 500, .window_ms = 3600000};
    actor_id_t sup = start(&how, 1);
    for (int i = 0; i < 500; i++) {
        tell_child(sup, 0, MSG_TEST_CRASH);
        pass_ms(1);
    }
    CHECK_EQ(child_at(sup, 0).restarts, 500);
    tell_child(sup, 0, MSG_TEST_CRASH);
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

TEST(a_group_restart_spends_one) {
    begin(RESTART_PERMANENT);
    const supervisor_options_t how = {
        .strategy = STRATEGY_ONE_FOR_ALL, .max_restarts = 2, .window_ms = 1000};
    actor_id_t sup = start(&how, 4);
    tell_child(sup, 0, MSG_TEST_CRASH);
    tell_child(sup, 3, MSG_TEST_CRASH);
    CHECK(actor_is_alive(crew.rt, sup));
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

/* --- nesting --- */

/* outer > middle > inner > a; the outer ones allow one restart each. */
typedef struct {
    supervisor_config_t inner, middle;
    child_spec_t inner_spec, middle_spec;
    actor_id_t outer;
} tower_t;

static void build_tower(tower_t *tower) {
    const supervisor_options_t one = {.max_restarts = 1, .window_ms = 1000};
    tower->inner = (supervisor_config_t){.options = one, .specs = specs, .n_specs = 1};
    supervisor_child_spec(&tower->inner_spec, "inner", &tower->inner,
                          RESTART_PERMANENT);
    tower->middle = (supervisor_config_t){
        .options = one, .specs = &tower->inner_spec, .n_specs = 1};
    supervisor_child_spec(&tower->middle_spec, "middle", &tower->middle,
                          RESTART_TRANSIENT);
    tower->outer = supervisor_start(crew.rt, STRATEGY_ONE_FOR_ONE, 1, 1000,
                                    &tower->middle_spec, 1);
    settle();
}

static void crash_lowest(actor_id_t outer) {
    actor_id_t middle = supervisor_get_child(crew.rt, outer, 0);
    actor_id_t inner = supervisor_get_child(crew.rt, middle, 0);
    tell_child(inner, 0, MSG_TEST_CRASH);
}

TEST(failures_escalate_through_three_levels) {
    begin(RESTART_PERMANENT);
    tower_t tower;
    build_tower(&tower);
    witness_t witness;
    watch_end(&witness, tower.outer);
    /* Each level multiplies: 2 crashes per inner, 2 inners per middle, 2 middles. */
    actor_id_t middle = supervisor_get_child(crew.rt, tower.outer, 0);
    actor_id_t inner = supervisor_get_child(crew.rt, middle, 0);
    crash_lowest(tower.outer);
    CHECK_EQ(supervisor_get_child(crew.rt, middle, 0), inner);
    crash_lowest(tower.outer);
    CHECK(supervisor_get_child(crew.rt, middle, 0) != inner);
    CHECK_EQ(child_at(middle, 0).last_exit_reason, EXIT_CRASHED);
    CHECK_EQ(supervisor_get_child(crew.rt, tower.outer, 0), middle);
    crash_lowest(tower.outer);
    crash_lowest(tower.outer);
    CHECK(supervisor_get_child(crew.rt, tower.outer, 0) != middle);
    for (int i = 0; i < 3; i++)
        crash_lowest(tower.outer);
    CHECK_EQ(witness.downs, 0);
    crash_lowest(tower.outer);
    CHECK_EQ(witness.downs, 1);
    CHECK_EQ(witness.reason, EXIT_CRASHED);
    CHECK_STR(witness.text, "restart intensity exceeded: 1 in 1000 ms");
    CHECK_EQ(a.starts, 8);
    finish();
}

TEST(stopping_the_top_stops_the_whole_tower_in_order) {
    begin(RESTART_PERMANENT);
    options[0].shutdown_ms = 10;
    tower_t tower;
    build_tower(&tower);
    diary();
    supervisor_stop(crew.rt, tower.outer);
    settle();
    CHECK_STR(diary(), "-a");
    CHECK_EQ(runtime_counters(crew.rt).actors, 0);
    finish();
}

TEST(a_killed_supervisor_takes_its_children_with_it) {
    begin(RESTART_PERMANENT);
    options[1].shutdown_ms = 1000; /* nobody is left to wait */
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 3);
    diary();
    actor_stop(crew.rt, sup);
    settle();
    CHECK_EQ(strlen(diary()), 6);
    CHECK_EQ(runtime_counters(crew.rt).actors, 0);
    finish();
}

TEST(a_killed_tower_falls_before_the_next_message) {
    begin(RESTART_PERMANENT);
    tower_t tower;
    build_tower(&tower);
    actor_id_t middle = supervisor_get_child(crew.rt, tower.outer, 0);
    diary();
    actor_stop(crew.rt, middle);
    runtime_step(crew.rt); /* cleans up, then delivers the notice to the outer one */
    CHECK_STR(diary(), "-a");
    settle();
    CHECK_STR(diary(), "+a"); /* restarted: killed is abnormal */
    actor_stop(crew.rt, tower.outer);
    runtime_step(crew.rt);
    CHECK_EQ(runtime_counters(crew.rt).actors, 0);
    finish();
}

TEST(runtime_destroy_frees_a_living_tower) {
    begin(RESTART_PERMANENT);
    tower_t tower;
    build_tower(&tower);
    start_simple(STRATEGY_ONE_FOR_ALL, 4);
    CHECK_EQ(a.starts, 2);
    finish();
}

/* --- significant children --- */

static actor_id_t start_significant(auto_shutdown_t how_many) {
    begin(RESTART_TRANSIENT);
    specs[1].restart_type = RESTART_TEMPORARY;
    options[0].is_significant = options[1].is_significant = true;
    const supervisor_options_t how = {
        .max_restarts = 5, .window_ms = 1000, .auto_shutdown = how_many};
    return start(&how, 3);
}

TEST(any_significant_child_that_finishes_ends_the_supervisor) {
    actor_id_t sup = start_significant(AUTO_SHUTDOWN_ANY);
    witness_t witness;
    watch_end(&witness, sup);
    diary();
    tell_child(sup, 2, MSG_TEST_FINISH); /* not significant */
    tell_child(sup, 0, MSG_TEST_CRASH);  /* restarted, so it has not ended */
    CHECK_EQ(witness.downs, 0);
    CHECK_STR(diary(), "-c-a+a");
    tell_child(sup, 0, MSG_TEST_FINISH);
    CHECK_STR(diary(), "-a-b");
    CHECK_EQ(witness.reason, EXIT_SHUTDOWN);
    CHECK_STR(witness.text, "auto shutdown");
    finish();
}

TEST(all_significant_children_have_to_end) {
    actor_id_t sup = start_significant(AUTO_SHUTDOWN_ALL);
    tell_child(sup, 0, MSG_TEST_FINISH);
    CHECK(actor_is_alive(crew.rt, sup));
    CHECK_EQ(supervisor_restart_child(crew.rt, sup, "a"), MK_OK);
    tell_child(sup, 1, MSG_TEST_CRASH); /* temporary: any end counts */
    CHECK(actor_is_alive(crew.rt, sup));
    tell_child(sup, 0, MSG_TEST_FINISH);
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

TEST(significance_means_nothing_without_auto_shutdown) {
    actor_id_t sup = start_significant(AUTO_SHUTDOWN_NEVER);
    CHECK(child_at(sup, 0).is_significant);
    tell_child(sup, 0, MSG_TEST_FINISH);
    tell_child(sup, 1, MSG_TEST_FINISH);
    CHECK(actor_is_alive(crew.rt, sup));
    finish();
}

TEST(terminating_a_significant_child_is_no_auto_shutdown) {
    actor_id_t sup = start_significant(AUTO_SHUTDOWN_ANY);
    CHECK_EQ(supervisor_terminate_child(crew.rt, sup, "a", 0), MK_OK);
    CHECK_EQ(supervisor_terminate_child(crew.rt, sup, "b", 0), MK_OK);
    settle();
    CHECK(actor_is_alive(crew.rt, sup));
    finish();
}

/* --- back-off and failing restarts --- */

TEST(a_child_waits_for_its_back_off) {
    begin(RESTART_PERMANENT);
    options[0].backoff_ms = 10;
    options[0].backoff_max_ms = 30;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 2);
    static const uint64_t waits[] = {10, 20, 30, 30};
    for (size_t i = 0; i < 4; i++) {
        diary();
        tell_child(sup, 0, MSG_TEST_CRASH);
        CHECK(child_at(sup, 0).is_restarting);
        pass_ms(waits[i] - 1);
        CHECK_STR(diary(), "-a");
        pass_ms(1);
        CHECK_STR(diary(), "+a");
        CHECK(!child_at(sup, 0).is_restarting);
    }
    pass_ms(30); /* up for as long as the ceiling: it begins again */
    tell_child(sup, 0, MSG_TEST_CRASH);
    pass_ms(10);
    CHECK_STR(diary(), "-a+a");
    finish();
}

TEST(a_group_waits_for_the_back_off_of_the_child_that_failed) {
    begin(RESTART_PERMANENT);
    options[1].backoff_ms = 10;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ALL, 3);
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b-c-a");
    CHECK(child_at(sup, 0).is_restarting);
    pass_ms(9);
    CHECK_STR(diary(), "");
    pass_ms(1);
    CHECK_STR(diary(), "+a+b+c");
    tell_child(sup, 0, MSG_TEST_CRASH); /* has none */
    CHECK_STR(diary(), "-a-c-b+a+b+c");
    finish();
}

TEST(a_restart_that_fails_is_tried_again) {
    begin(RESTART_TRANSIENT);
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 2);
    a.failing_starts = 3;
    diary();
    tell_child(sup, 0, MSG_TEST_CRASH);
    CHECK(child_at(sup, 0).is_restarting);
    pass_ms(3);
    CHECK_STR(diary(), "-a+a");
    CHECK_EQ(child_at(sup, 0).restarts, 1);
    finish();
}

TEST(attempts_that_fail_spend_the_budget) {
    begin(RESTART_PERMANENT);
    const supervisor_options_t how = {.max_restarts = 3, .window_ms = 1000};
    actor_id_t sup = start(&how, 2);
    a.failing_starts = 1000;
    diary();
    tell_child(sup, 0, MSG_TEST_CRASH);
    pass_ms(10);
    CHECK_STR(diary(), "-a-b");
    CHECK(!actor_is_alive(crew.rt, sup));
    CHECK_EQ(a.failing_starts, 997);
    finish();
}

TEST(attempts_that_fail_wait_for_the_back_off) {
    begin(RESTART_PERMANENT);
    options[0].backoff_ms = 10;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 1);
    a.failing_starts = 2;
    diary();
    tell_child(sup, 0, MSG_TEST_CRASH);
    pass_ms(10 + 20 + 39);
    CHECK_STR(diary(), "-a");
    pass_ms(1);
    CHECK_STR(diary(), "+a");
    finish();
}

TEST(a_group_whose_start_fails_half_way_begins_again) {
    begin(RESTART_PERMANENT);
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ALL, 4);
    c.failing_starts = 1;
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b-d-c-a+a+b-b-a");
    pass_ms(1);
    CHECK_STR(diary(), "+a+b+c+d");
    CHECK(actor_is_alive(crew.rt, sup));
    finish();
}

TEST(rest_for_one_begins_again_with_the_child_that_did_not_start) {
    begin(RESTART_PERMANENT);
    actor_id_t sup = start_simple(STRATEGY_REST_FOR_ONE, 4);
    c.failing_starts = 1;
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b-d-c+b");
    pass_ms(1);
    CHECK_STR(diary(), "+c+d");
    finish();
}

/* --- one thing while another --- */

TEST(a_stop_during_a_back_off_ends_the_supervisor_at_once) {
    begin(RESTART_PERMANENT);
    options[0].backoff_ms = 1000;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 2);
    diary();
    tell_child(sup, 0, MSG_TEST_CRASH);
    supervisor_stop(crew.rt, sup);
    settle();
    CHECK_STR(diary(), "-a-b");
    CHECK_EQ(runtime_counters(crew.rt).actors, 0);
    CHECK_EQ(runtime_counters(crew.rt).timers, 0);
    finish();
}

TEST(a_stop_during_a_group_restart_starts_nobody_any_more) {
    begin(RESTART_PERMANENT);
    options[3].shutdown_ms = 50;
    d.ignores_shutdown = true;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ALL, 4);
    diary();
    tell_child(sup, 2, MSG_TEST_CRASH);
    supervisor_stop(crew.rt, sup);
    pass_ms(49);
    CHECK_STR(diary(), "-c~d");
    pass_ms(1);
    CHECK_STR(diary(), "-d-b-a");
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

TEST(a_stop_during_a_group_back_off_ends_the_supervisor_at_once) {
    begin(RESTART_PERMANENT);
    options[1].backoff_ms = 1000;
    actor_id_t sup = start_simple(STRATEGY_REST_FOR_ONE, 3);
    diary();
    tell_child(sup, 1, MSG_TEST_CRASH);
    CHECK_STR(diary(), "-b-c");
    supervisor_stop(crew.rt, sup);
    settle();
    CHECK_STR(diary(), "-a");
    CHECK_EQ(runtime_counters(crew.rt).actors, 0);
    finish();
}

TEST(asking_twice_to_end_is_asking_once) {
    begin(RESTART_PERMANENT);
    options[1].shutdown_ms = 50;
    b.ignores_shutdown = true;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 2);
    witness_t witness;
    watch_end(&witness, sup);
    diary();
    CHECK(actor_shutdown(crew.rt, sup));
    settle();
    CHECK(actor_shutdown(crew.rt, sup));
    supervisor_stop(crew.rt, sup);
    pass_ms(50);
    CHECK_STR(diary(), "~b-b-a");
    CHECK_EQ(witness.downs, 1);
    finish();
}

TEST(children_that_end_while_the_supervisor_ends_are_not_restarted) {
    begin(RESTART_PERMANENT);
    options[3].shutdown_ms = 50;
    d.ignores_shutdown = true;
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 4);
    diary();
    supervisor_stop(crew.rt, sup);
    tell_child(sup, 1, MSG_TEST_CRASH);
    tell_child(sup, 0, MSG_TEST_CRASH);
    pass_ms(50);
    CHECK_STR(diary(), "~d-b-a-d-c");
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

/* --- trust --- */

TEST(a_flooded_mailbox_loses_no_exit) {
    begin(RESTART_PERMANENT);
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 4);
    diary();
    int accepted = 0;
    while (actor_send(crew.rt, sup, 1, NULL, 0))
        accepted++;
    CHECK(accepted > 0);
    for (size_t i = 0; i < 4; i++)
        actor_stop(crew.rt, supervisor_get_child(crew.rt, sup, i));
    while (actor_send(crew.rt, sup, 1, NULL, 0))
        accepted++;
    settle();
    for (size_t i = 0; i < 4; i++)
        CHECK(actor_is_alive(crew.rt, supervisor_get_child(crew.rt, sup, i)));
    finish();
}

TEST(forged_and_broken_notices_are_ignored) {
    begin(RESTART_PERMANENT);
    actor_id_t sup = start_simple(STRATEGY_ONE_FOR_ONE, 1);
    diary();
    child_exit_payload_t lie = {supervisor_get_child(crew.rt, sup, 0), EXIT_CRASHED};
    CHECK(actor__notify(crew.rt, 0, sup, MSG_CHILD_EXIT, &lie, sizeof lie));
    lie.child_id = 4711; /* nobody's */
    CHECK(actor__notify(crew.rt, 0, sup, MSG_CHILD_EXIT, &lie, sizeof lie));
    CHECK(actor__notify(crew.rt, 0, sup, MSG_CHILD_EXIT, &lie, 3));
    CHECK(actor__notify(crew.rt, 0, sup, MSG_CHILD_EXIT, NULL, 0));
    timer_payload_t timer = {77, 1};
    CHECK(actor__notify(crew.rt, 0, sup, MSG_TIMER, &timer, sizeof timer));
    timer.id = TIMER_ID_INVALID;
    CHECK(actor__notify(crew.rt, 0, sup, MSG_TIMER, &timer, sizeof timer));
    CHECK(actor__notify(crew.rt, 0, sup, MSG_TIMER, &timer, 1));
    CHECK(actor__notify(crew.rt, 0, sup, MSG_SUPERVISOR_WAKE, NULL, 0));
    settle();
    CHECK_STR(diary(), "");
    CHECK(actor_is_alive(crew.rt, sup));
    finish();
}

/* --- names --- */

static struct {
    int calls;
    char name[32];
    actor_id_t id;
    int result;
} registered;

static int register_name(runtime_t *rt, const char *name, actor_id_t id) {
    CHECK(actor_is_alive(rt, id));
    registered.calls++;
    strncpy(registered.name, name, sizeof registered.name - 1);
    registered.id = id;
    return registered.result;
}

static actor_id_t start_named(void) {
    memset(&registered, 0, sizeof registered);
    options[0].register_as = "/demo/a";
    options[0].shutdown_ms = 50;
    return start_simple(STRATEGY_ONE_FOR_ONE, 1);
}

TEST(a_child_is_registered_at_each_start) {
    begin(RESTART_PERMANENT);
    CHECK(supervisor_set_registrar(crew.rt, register_name));
    actor_id_t sup = start_named();
    CHECK_EQ(registered.calls, 1);
    CHECK_STR(registered.name, "/demo/a");
    CHECK_EQ(registered.id, supervisor_get_child(crew.rt, sup, 0));
    tell_child(sup, 0, MSG_TEST_CRASH);
    CHECK_EQ(registered.calls, 2);
    CHECK_EQ(registered.id, supervisor_get_child(crew.rt, sup, 0));
    finish();
}

TEST(a_child_cannot_start_without_its_name) {
    begin(RESTART_PERMANENT);
    actor_id_t sup = start_named(); /* no registrar */
    CHECK(!actor_is_alive(crew.rt, sup));
    CHECK_STR(diary(), "+a-a");
    CHECK(!supervisor_set_registrar(NULL, register_name));
    finish();
}

TEST(a_name_that_is_taken_is_tried_again) {
    begin(RESTART_PERMANENT);
    CHECK(supervisor_set_registrar(crew.rt, register_name));
    actor_id_t sup = start_named();
    registered.result = MK_EEXIST;
    diary();
    tell_child(sup, 0, MSG_TEST_CRASH);
    CHECK_EQ(supervisor_get_child(crew.rt, sup, 0), ACTOR_ID_INVALID);
    CHECK_EQ(runtime_counters(crew.rt).actors, 1);
    registered.result = MK_OK;
    pass_ms(1);
    CHECK_STR(diary(), "-a+a-a+a");
    CHECK_EQ(registered.id, supervisor_get_child(crew.rt, sup, 0));
    CHECK_EQ(child_at(sup, 0).restarts, 1);
    finish();
}

TEST(the_registrar_can_be_switched_off) {
    begin(RESTART_PERMANENT);
    CHECK(supervisor_set_registrar(crew.rt, register_name));
    CHECK(supervisor_set_registrar(crew.rt, NULL));
    actor_id_t sup = start_named();
    CHECK_EQ(registered.calls, 0);
    CHECK(!actor_is_alive(crew.rt, sup));
    finish();
}

TEST_TABLE(supervisor, TEST_ROW(children_start_in_order_with_the_first_message),
           TEST_ROW(names_are_copied_too),
           TEST_ROW(a_nested_supervisor_without_a_config_cannot_be_started),
           TEST_ROW(bad_arguments_start_nothing),
           TEST_ROW(children_stop_in_reverse_order_and_the_supervisor_after_them),
           TEST_ROW(supervisor_stop_does_the_same_from_outside),
           TEST_ROW(a_supervisor_without_children_stops_at_once),
           TEST_ROW(a_stop_before_the_first_message_starts_nobody),
           TEST_ROW(a_child_that_does_not_end_is_killed_after_its_shutdown_time),
           TEST_ROW(unlimited_shutdown_time_waits_for_ever),
           TEST_ROW(a_nested_supervisor_has_unlimited_time_by_default),
           TEST_ROW(a_first_start_that_fails_stops_what_was_started),
           TEST_ROW(permanent_children_are_always_restarted),
           TEST_ROW(transient_children_are_restarted_after_an_abnormal_end_only),
           TEST_ROW(temporary_children_are_never_restarted_and_forgotten),
           TEST_ROW(one_for_one_restarts_the_child_alone),
           TEST_ROW(one_for_all_stops_all_in_reverse_before_it_starts_all_in_order),
           TEST_ROW(rest_for_one_leaves_the_earlier_children_alone),
           TEST_ROW(a_group_restart_spares_what_was_finished_terminated_or_temporary),
           TEST_ROW(replacements_wait_until_the_last_old_child_has_ended),
           TEST_ROW(members_that_end_by_themselves_meanwhile_count_as_stopped),
           TEST_ROW(a_group_grows_when_an_earlier_child_fails_meanwhile),
           TEST_ROW(a_group_grows_during_its_back_off_too),
           TEST_ROW(a_temporary_child_that_ends_meanwhile_is_forgotten_at_once),
           TEST_ROW(a_child_that_dies_while_its_sibling_starts_is_restarted),
           TEST_ROW(a_child_that_dies_at_once_is_restarted_until_the_budget_is_spent),
           TEST_ROW(one_restart_more_than_allowed_ends_the_supervisor),
           TEST_ROW(restarts_older_than_the_window_do_not_count),
           TEST_ROW(without_a_window_the_count_never_fades),
           TEST_ROW(the_first_exit_is_too_many_without_restarts),
           TEST_ROW(five_hundred_restarts_are_counted_exactly),
           TEST_ROW(a_group_restart_spends_one),
           TEST_ROW(failures_escalate_through_three_levels),
           TEST_ROW(stopping_the_top_stops_the_whole_tower_in_order),
           TEST_ROW(a_killed_supervisor_takes_its_children_with_it),
           TEST_ROW(a_killed_tower_falls_before_the_next_message),
           TEST_ROW(runtime_destroy_frees_a_living_tower),
           TEST_ROW(any_significant_child_that_finishes_ends_the_supervisor),
           TEST_ROW(all_significant_children_have_to_end),
           TEST_ROW(significance_means_nothing_without_auto_shutdown),
           TEST_ROW(terminating_a_significant_child_is_no_auto_shutdown),
           TEST_ROW(a_child_waits_for_its_back_off),
           TEST_ROW(a_group_waits_for_the_back_off_of_the_child_that_failed),
           TEST_ROW(a_restart_that_fails_is_tried_again),
           TEST_ROW(attempts_that_fail_spend_the_budget),
           TEST_ROW(attempts_that_fail_wait_for_the_back_off),
           TEST_ROW(a_group_whose_start_fails_half_way_begins_again),
           TEST_ROW(rest_for_one_begins_again_with_the_child_that_did_not_start),
           TEST_ROW(a_stop_during_a_back_off_ends_the_supervisor_at_once),
           TEST_ROW(a_stop_during_a_group_restart_starts_nobody_any_more),
           TEST_ROW(a_stop_during_a_group_back_off_ends_the_supervisor_at_once),
           TEST_ROW(asking_twice_to_end_is_asking_once),
           TEST_ROW(children_that_end_while_the_supervisor_ends_are_not_restarted),
           TEST_ROW(a_flooded_mailbox_loses_no_exit),
           TEST_ROW(forged_and_broken_notices_are_ignored),
           TEST_ROW(a_child_is_registered_at_each_start),
           TEST_ROW(a_child_cannot_start_without_its_name),
           TEST_ROW(a_name_that_is_taken_is_tried_again),
           TEST_ROW(the_registrar_can_be_switched_off))
