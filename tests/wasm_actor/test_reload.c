/* SPDX-License-Identifier: Apache-2.0 */
/* Another module for a living actor, and modules under supervisors. */
#include "actors.h"

#include "microkernel/state_persist.h"
#include "microkernel/supervision.h"
#include "wasm_actor/module_cache.h"

#define RELOAD(rt, id, name)                                                           \
    wasm_actor_reload(rt, id, name##_module, sizeof name##_module, NULL)

static kept_mail_t last_mail(void) {
    CHECK(probe.count > 0 && probe.count <= MAIL_KEPT);
    return probe.mail[probe.count - 1];
}

TEST(id_names_mail_and_state_stay_and_the_new_module_answers) {
    runtime_t *rt = open_node();
    CHECK_EQ(state_persist_open(rt, "state", 0), MK_OK);
    actor_id_t id = SPAWN(rt, counter_v1);
    CHECK(actor_register_name(rt, "counter", id));
    ask(rt, id, 200, NULL);
    ask(rt, id, 200, NULL);
    runtime_run(rt);
    CHECK_EQ(last_mail().type, 201);
    CHECK_EQ(number_at(last_mail().bytes, 4), 2);
    ask(rt, id, 200, NULL); /* waits in the mailbox for whoever comes */
    actor_id_t new_id = 1;
    CHECK_EQ(
        actor_reload_wasm(rt, id, counter_v2_module, sizeof counter_v2_module, &new_id),
        RELOAD_OK);
    CHECK_EQ(new_id, id);
    CHECK_EQ(actor_lookup(rt, "counter"), id);
    runtime_run(rt);
    CHECK_EQ(last_mail().type, 202);
    CHECK_EQ(number_at(last_mail().bytes, 4), 1003); /* it was told version 1 */
    CHECK_EQ(last_mail().source, id);
    CHECK_EQ(code_count(rt), 1); /* the old one is gone after the first message */
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, id, &facts));
    CHECK_EQ(facts.reloads, 1);
    close_node(rt);
}

TEST(a_module_that_is_refused_changes_nothing) {
    runtime_t *rt = open_node();
    wasm_actor_options_t options = wasm_actor_options_default();
    actor_id_t id = actor_spawn_wasm_with(rt, echo_module, sizeof echo_module, &options,
                                          NULL, NULL);
    char problem[WASM_PROBLEM_MAX];
    actor_id_t new_id = 1;
    CHECK_EQ(actor_reload_wasm(rt, id, echo_module, 20, &new_id),
             RELOAD_ERR_MODULE_LOAD);
    CHECK_EQ(new_id, 0);
    CHECK_EQ(RELOAD(rt, id, no_export), RELOAD_ERR_MODULE_LOAD);
    CHECK_EQ(wasm_actor_reload(rt, id, wants_files_module, sizeof wants_files_module,
                               problem),
             RELOAD_ERR_INSTANCE);
    CHECK(strstr(problem, "needs the grant 'files'") != NULL);
    CHECK_EQ(
        wasm_actor_reload(rt, id, start_trap_module, sizeof start_trap_module, problem),
        RELOAD_ERR_INSTANCE);
    CHECK_STR(problem, "unreachable in begin");
    CHECK_EQ(
        wasm_actor_reload(rt, id, start_loop_module, sizeof start_loop_module, problem),
        RELOAD_ERR_INSTANCE);
    CHECK_STR(problem, "its first calls used too much fuel");
    CHECK_EQ(RELOAD(rt, id, upgrade_trap), RELOAD_ERR_INSTANCE);
    CHECK_EQ(RELOAD(rt, probe.id, echo), RELOAD_ERR_NOT_WASM);
    CHECK_EQ(RELOAD(rt, 4711, echo), RELOAD_ERR_NOT_FOUND);
    ask(rt, id, 200, "still here");
    runtime_run(rt);
    check_reply(201, "still here");
    CHECK_EQ(code_count(rt), 1);
    close_node(rt);
}

TEST(a_module_that_fails_with_its_first_message_is_rolled_back) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, echo);
    runtime_run(rt);
    CHECK_EQ(RELOAD(rt, id, first_trap), RELOAD_OK);
    ask(rt, id, 200, "for whom?");
    runtime_run(rt);
    check_reply(201, "for whom?"); /* the old module was given it */
    CHECK(actor_is_alive(rt, id));
    CHECK_EQ(crash_list(rt, NULL, 0), 0);
    /* Of two reloads in a row without a message the first module comes back. */
    CHECK_EQ(RELOAD(rt, id, loop), RELOAD_OK);
    CHECK_EQ(RELOAD(rt, id, first_trap), RELOAD_OK);
    ask(rt, id, 200, "again");
    runtime_run(rt);
    CHECK_EQ(probe.count, 2);
    CHECK_MEM(probe.mail[1].bytes, "again", 5);
    CHECK_EQ(code_count(rt), 1);
    close_node(rt);
}

TEST(a_later_failure_is_no_reason_to_roll_back) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, echo);
    runtime_run(rt);
    CHECK_EQ(RELOAD(rt, id, crash), RELOAD_OK);
    ask(rt, id, 100, "x");
    ask(rt, id, 5, "x");
    runtime_run(rt);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(last_crash(rt).reason, EXIT_TRAPPED);
    close_node(rt);
}

TEST(a_call_that_waits_is_given_up) {
    runtime_t *rt = open_node();
    actor_id_t receiver = SPAWN(rt, receiver);
    actor_id_t sleeper = SPAWN(rt, sleeper);
    ask(rt, receiver, 1, NULL);
    ask(rt, sleeper, 200, "slept");
    ask(rt, sleeper, 200, "waited");
    for (int i = 0; i < 12; i++)
        runtime_step(rt);
    CHECK_EQ(RELOAD(rt, receiver, echo), RELOAD_OK);
    CHECK_EQ(RELOAD(rt, sleeper, echo), RELOAD_OK);
    ask(rt, receiver, 200, "new");
    runtime_run(rt);
    CHECK_EQ(sim_now_ns(), 0); /* no timer is left */
    CHECK_EQ(probe.count, 2);
    CHECK_MEM(probe.mail[0].bytes, "waited", 6);
    CHECK_MEM(probe.mail[1].bytes, "new", 3);
    close_node(rt);
}

TEST(a_call_that_runs_is_given_up) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, loop);
    ask(rt, id, 1, NULL);
    run_some(rt);
    CHECK_EQ(RELOAD(rt, id, echo), RELOAD_OK);
    ask(rt, id, 200, "free");
    runtime_run(rt);
    check_reply(201, "free");
    close_node(rt);
}

/* --- supervisors --- */

static actor_id_t start_supervisor(runtime_t *rt, wasm_factory_arg_t *arg,
                                   size_t count) {
    child_spec_t children[2];
    for (size_t i = 0; i < count; i++)
        children[i] = (child_spec_t){.name = "guest",
                                     .behavior = wasm_actor_behavior,
                                     .factory = wasm_actor_factory,
                                     .factory_arg = arg,
                                     .free_state = wasm_actor_free,
                                     .mailbox_size = 16,
                                     .restart_type = RESTART_TRANSIENT};
    return supervisor_start(rt, STRATEGY_ONE_FOR_ONE, 5, 1000, children, count);
}

TEST(a_supervisor_restarts_a_module_that_trapped) {
    runtime_t *rt = open_node();
    wasm_factory_arg_t *arg = wasm_factory_arg_create(crash_module, sizeof crash_module,
                                                      8192, 65536, FIBER_STACK_SMALL);
    CHECK(arg != NULL);
    actor_id_t supervisor = start_supervisor(rt, arg, 1);
    CHECK(supervisor != ACTOR_ID_INVALID);
    runtime_run(rt);
    actor_id_t first = supervisor_get_child(rt, supervisor, 0);
    ask(rt, first, 5, "x");
    runtime_run(rt);
    CHECK_EQ(last_crash(rt).reason, EXIT_TRAPPED);
    actor_id_t second = supervisor_get_child(rt, supervisor, 0);
    CHECK(second != first && actor_is_alive(rt, second));
    ask(rt, second, 100, "x");
    runtime_run(rt);
    CHECK_EQ(last_mail().type, 300);
    close_node(rt);
    wasm_factory_arg_destroy(arg);
}

TEST(a_reload_keeps_the_place_and_restarts_with_the_new_module) {
    runtime_t *rt = open_node();
    wasm_factory_arg_t *arg = wasm_factory_arg_create(echo_module, sizeof echo_module,
                                                      8192, 65536, FIBER_STACK_SMALL);
    actor_id_t supervisor = start_supervisor(rt, arg, 2);
    runtime_run(rt);
    actor_id_t id = supervisor_get_child(rt, supervisor, 0);
    actor_id_t sibling = supervisor_get_child(rt, supervisor, 1);
    ask(rt, id, 200, "boot");
    runtime_run(rt);
    CHECK_EQ(RELOAD(rt, id, zero), RELOAD_OK);
    CHECK_EQ(supervisor_get_child(rt, supervisor, 0), id);
    actor_stop(rt, id);
    runtime_run(rt);
    actor_id_t again = supervisor_get_child(rt, supervisor, 0);
    CHECK(again != id);
    ask(rt, again, 200, NULL);
    runtime_run(rt);
    CHECK_EQ(number_at(last_mail().bytes, 4), 1); /* zero.wat counts */
    ask(rt, sibling, 200, "old");
    runtime_run(rt);
    CHECK_MEM(last_mail().bytes, "old", 3); /* who runs, runs on */
    wasm_factory_arg_destroy(arg);          /* before the actors end: they hold it */
    close_node(rt);
}

TEST(a_factory_refuses_what_a_spawn_refuses) {
    sim_reset(1);
    char problem[WASM_PROBLEM_MAX];
    int error;
    CHECK(wasm_factory_arg_create(echo_module, 9, 8192, 0, FIBER_STACK_NONE) == NULL);
    CHECK(wasm_factory_arg_create_with(wants_files_module, sizeof wants_files_module,
                                       NULL, &error, problem) == NULL);
    CHECK_EQ(error, MK_EPERM);
    CHECK(strstr(problem, "files") != NULL);
    CHECK(wasm_actor_factory(NULL) == NULL);
    wasm_factory_arg_destroy(NULL);
}

static void reload_and_ask(void *arg) {
    (void)arg;
    sim_reset(1);
    memset(&probe, 0, sizeof probe);
    runtime_t *rt = runtime_init(1, 64);
    if (rt == NULL) return;
    probe.id = actor_spawn(rt, keep_mail, NULL, NULL, 64);
    actor_id_t id = SPAWN(rt, echo);
    if (id != ACTOR_ID_INVALID && probe.id != ACTOR_ID_INVALID) {
        runtime_run(rt);
        bool is_new = RELOAD(rt, id, zero) == RELOAD_OK;
        (void)actor__send_from(rt, probe.id, id, 200, "hello", 5);
        runtime_run(rt);
        if (probe.count > 0) CHECK_EQ(probe.mail[0].size, is_new ? 4 : 5);
    }
    runtime_destroy(rt);
    sim_reset(1);
}

TEST(every_allocation_may_fail_in_a_reload) {
    test_each_alloc_failure(reload_and_ask, NULL);
}

TEST_TABLE(reload, TEST_ROW(id_names_mail_and_state_stay_and_the_new_module_answers),
           TEST_ROW(a_module_that_is_refused_changes_nothing),
           TEST_ROW(a_module_that_fails_with_its_first_message_is_rolled_back),
           TEST_ROW(a_later_failure_is_no_reason_to_roll_back),
           TEST_ROW(a_call_that_waits_is_given_up),
           TEST_ROW(a_call_that_runs_is_given_up),
           TEST_ROW(a_supervisor_restarts_a_module_that_trapped),
           TEST_ROW(a_reload_keeps_the_place_and_restarts_with_the_new_module),
           TEST_ROW(a_factory_refuses_what_a_spawn_refuses),
           TEST_ROW(every_allocation_may_fail_in_a_reload))
