/* SPDX-License-Identifier: Apache-2.0 */
/* Modules that misbehave: only they end, with a reason that says how; their neighbours
 * go on as if nothing had been. */
#include "actors.h"

#include "base/alloc.h"
#include "microkernel/limits.h"
#include "wasm_actor/module_cache.h"

/* A healthy neighbour answers. */
static void check_neighbour(runtime_t *rt, actor_id_t echo) {
    size_t before = probe.count;
    ask(rt, echo, 200, "well?");
    for (int i = 0; i < SOME_STEPS && probe.count == before; i++)
        runtime_step(rt);
    CHECK_EQ(probe.count, before + 1);
    CHECK_MEM(probe.mail[before].bytes, "well?", 5);
}

static actor_id_t spawn_bounded(runtime_t *rt, const uint8_t *bytes, size_t size,
                                uint64_t fuel, unsigned more_grants) {
    wasm_actor_options_t options = wasm_actor_options_default();
    options.fuel = fuel;
    options.grants |= more_grants;
    options.memory_pages = 8;
    actor_id_t id = actor_spawn_wasm_with(rt, bytes, size, &options, NULL, NULL);
    CHECK(id != ACTOR_ID_INVALID);
    return id;
}

/* How crash.c ends for each type of message. */
typedef struct {
    msg_type_t type;
    uint8_t reason;
    const char *text;
} fate_t;

TEST(a_trap_is_an_exit_reason_with_the_names_of_the_functions) {
    static const fate_t fates[] = {
        {1, EXIT_TRAPPED, "integer divide by zero in divide < work < handle_message"},
        {3, EXIT_TRAPPED, "out of bounds memory access in work < handle_message"},
        {4, EXIT_TRAPPED, "pointer outside memory in work < handle_message"},
        {5, EXIT_TRAPPED, "unreachable in work < handle_message"},
        {2, EXIT_TRAPPED, "call stack exhausted in descend < descend"},
        {6, EXIT_QUOTA, "used 200000 of fuel without waiting"},
    };
    runtime_t *rt = open_node();
    actor_id_t echo = SPAWN(rt, echo);
    for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++) {
        actor_id_t id = spawn_bounded(rt, crash_module, sizeof crash_module, 200000, 0);
        CHECK(actor_register_name(rt, "wretch", id));
        ask(rt, id, fates[i].type, "x");
        run_some(rt);
        CHECK(!actor_is_alive(rt, id));
        crash_record_t crash = last_crash(rt);
        CHECK_EQ(crash.id, id);
        CHECK_STR(crash.names, "wretch");
        if (strncmp(crash.text, fates[i].text, strlen(fates[i].text)) != 0)
            CHECK_STR(crash.text, fates[i].text);
        CHECK_EQ(crash.reason, fates[i].reason);
        check_neighbour(rt, echo);
    }
    close_node(rt);
}

TEST(an_endless_loop_takes_turns_with_its_neighbours) {
    runtime_t *rt = open_node();
    actor_id_t echo = SPAWN(rt, echo);
    actor_id_t busy[10];
    for (size_t i = 0; i < 10; i++) {
        busy[i] = SPAWN(rt, loop);
        ask(rt, busy[i], 1, NULL);
    }
    run_some(rt);
    for (int i = 0; i < 20; i++)
        check_neighbour(rt, echo);
    wasm_actor_facts_t facts;
    for (size_t i = 0; i < 10; i++) {
        CHECK(actor_is_alive(rt, busy[i]));
        CHECK(wasm_actor_facts(rt, busy[i], &facts));
        CHECK(facts.fuel_used >= 2 * MK_WASM_SLICE_FUEL);
    }
    close_node(rt);
}

TEST(mail_of_a_busy_actor_waits_and_its_mailbox_stays_bounded) {
    runtime_t *rt = open_node();
    actor_id_t busy = SPAWN(rt, loop);
    ask(rt, busy, 1, NULL);
    run_some(rt);
    unsigned sent = 0;
    while (actor__send_from(rt, probe.id, busy, 1, NULL, 0))
        sent++;
    CHECK_EQ(sent, 16);
    run_some(rt);
    actor_info_t info;
    CHECK(runtime_actor_find(rt, busy, &info));
    CHECK_EQ(info.mailbox_used, 16);
    actor_stop(rt, busy);
    runtime_run(rt);
    CHECK(!actor_is_alive(rt, busy));
    close_node(rt);
}

TEST(an_endless_loop_with_a_bound_ends_with_quota) {
    runtime_t *rt = open_node();
    actor_id_t id = spawn_bounded(rt, loop_module, sizeof loop_module, 100000, 0);
    ask(rt, id, 1, NULL);
    runtime_run(rt);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(last_crash(rt).reason, EXIT_QUOTA);
    close_node(rt);
}

TEST(memory_grows_to_the_bound_and_no_further) {
    runtime_t *rt = open_node();
    actor_id_t id = spawn_bounded(rt, crash_module, sizeof crash_module, 0, 0);
    ask(rt, id, 7, NULL);
    runtime_run(rt);
    CHECK(actor_is_alive(rt, id));
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, id, &facts));
    CHECK_EQ(facts.memory_pages, 8);
    CHECK(facts.memory_bytes < 3 * 65536); /* declared, not touched */
    close_node(rt);
}

enum { TAKE_PAGES = 1, TAKE_ENTRIES = 2 }; /* messages to greedy.wat */

static actor_id_t spawn_greedy(runtime_t *rt, uint32_t pages, uint64_t fuel,
                               msg_type_t what) {
    wasm_actor_options_t options = wasm_actor_options_default();
    options.fuel = fuel;
    options.memory_pages = pages;
    actor_id_t id = actor_spawn_wasm_with(rt, greedy_module, sizeof greedy_module,
                                          &options, NULL, NULL);
    CHECK(id != ACTOR_ID_INVALID);
    ask(rt, id, what, NULL);
    run_some(rt);
    return id;
}

TEST(memory_that_grows_for_ever_stops_at_the_bound) {
    runtime_t *rt = open_node();
    actor_id_t echo = SPAWN(rt, echo);
    actor_id_t id = spawn_greedy(rt, 1, 0, TAKE_PAGES);
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, id, &facts));
    CHECK_EQ(facts.memory_pages, 1);
    check_neighbour(rt, echo);
    actor_stop(rt, id);
    id = spawn_greedy(rt, 64, 0, TAKE_PAGES); /* 4 MiB, all touched */
    if (MK_SLAB_BYTES >= 65536) {
        CHECK(wasm_actor_facts(rt, id, &facts));
        CHECK_EQ(facts.memory_pages, 64);
        actor_stop(rt, id);
    } else { /* the machine has less */
        CHECK(!actor_is_alive(rt, id));
        CHECK_EQ(last_crash(rt).reason, EXIT_NO_MEMORY);
    }
    runtime_run(rt);
    check_neighbour(rt, echo);
    id = spawn_greedy(rt, 1, 100000, TAKE_PAGES);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(last_crash(rt).reason, EXIT_QUOTA);
    close_node(rt);
}

TEST(a_table_that_grows_for_ever_stops_at_the_bound) {
    runtime_t *rt = open_node();
    actor_id_t echo = SPAWN(rt, echo);
    actor_id_t id = spawn_greedy(rt, 1, 0, TAKE_ENTRIES);
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, id, &facts));
    CHECK(facts.memory_bytes > 60000); /* as much as a page */
    CHECK(facts.memory_bytes < 65536 + 2048);
    check_neighbour(rt, echo);
    actor_stop(rt, id);
    runtime_run(rt);
    close_node(rt);
}

TEST(a_flood_of_mail_to_itself_is_bounded) {
    runtime_t *rt = open_node();
    actor_id_t echo = SPAWN(rt, echo);
    actor_id_t id = spawn_bounded(rt, flood_module, sizeof flood_module, 0, 0);
    CHECK(actor__send_from(rt, id, id, 1, NULL, 0));
    run_some(rt);
    actor_info_t info;
    CHECK(runtime_actor_find(rt, id, &info));
    CHECK_EQ(info.mailbox_used, info.mailbox_cap);
    check_neighbour(rt, echo);
    actor_stop(rt, id);
    runtime_run(rt);
    CHECK_EQ(runtime_counters(rt).actors, 2);
    close_node(rt);
}

/* Each is refused with its reason, and the neighbour does not notice. */
TEST(modules_that_want_what_there_is_not_are_refused) {
    static const struct {
        const uint8_t *bytes;
        size_t size;
        int error;
    } rows[] = {
        {wants_files_module, sizeof wants_files_module, MK_EPERM},
        {wants_unknown_module, sizeof wants_unknown_module, MK_ENOENT},
        {wrong_import_module, sizeof wrong_import_module, MK_EREFUSED},
        {wrong_export_module, sizeof wrong_export_module, MK_EINVAL},
        {no_export_module, sizeof no_export_module, MK_EINVAL},
    };
    runtime_t *rt = open_node();
    actor_id_t echo = SPAWN(rt, echo);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int error = MK_OK;
        char problem[WASM_PROBLEM_MAX];
        CHECK_EQ(actor_spawn_wasm_with(rt, rows[i].bytes, rows[i].size, NULL, &error,
                                       problem),
                 ACTOR_ID_INVALID);
        CHECK_EQ(error, rows[i].error);
        CHECK(problem[0] != '\0');
        CHECK_EQ(code_count(rt), 1);
        check_neighbour(rt, echo);
    }
    CHECK_EQ(runtime_counters(rt).actors, 2);
    close_node(rt);
}

TEST(a_start_function_that_traps_ends_the_actor) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, start_trap);
    CHECK(id != ACTOR_ID_INVALID);
    runtime_run(rt);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(last_crash(rt).reason, EXIT_TRAPPED);
    CHECK_STR(last_crash(rt).text, "unreachable in begin");
    close_node(rt);
}

TEST(a_start_function_that_loops_harms_nobody) {
    runtime_t *rt = open_node();
    actor_id_t echo = SPAWN(rt, echo);
    actor_id_t id = SPAWN(rt, start_loop);
    ask(rt, id, 1, NULL);
    run_some(rt);
    CHECK(actor_is_alive(rt, id));
    check_neighbour(rt, echo);
    actor_stop(rt, id);
    runtime_run(rt);
    close_node(rt);
}

TEST(a_start_function_that_takes_much_memory_is_bounded) {
    runtime_t *rt = open_node();
    actor_id_t id = spawn_bounded(rt, big_start_module, sizeof big_start_module, 0, 0);
    runtime_run(rt);
    CHECK(actor_is_alive(rt, id)); /* 64 pages were refused, one was touched */
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, id, &facts));
    CHECK_EQ(facts.memory_pages, 1);
    close_node(rt);
}

TEST(lack_of_memory_is_a_reason_of_its_own) {
    runtime_t *rt = open_node();
    actor_id_t id = spawn_bounded(rt, big_start_module, sizeof big_start_module, 0, 0);
    mk_alloc_fail_at(1, true);
    runtime_run(rt);
    mk_alloc_fail_at(0, false);
    CHECK(!actor_is_alive(rt, id));
    /* The record of it could not be had either; the counter tells. */
    CHECK_EQ(runtime_counters(rt).crashed, 1);
    close_node(rt);
}

TEST(a_flood_meets_a_bounded_mailbox) {
    runtime_t *rt = open_node();
    actor_id_t echo = SPAWN(rt, echo);
    actor_id_t sleeper = SPAWN(rt, sleeper);
    actor_id_t id = spawn_bounded(rt, flood_module, sizeof flood_module, 0, 0);
    ask(rt, sleeper, 200, "x");
    for (int i = 0; i < 4; i++)
        runtime_step(rt);
    CHECK(actor__send_from(rt, sleeper, id, 1, NULL, 0)); /* floods the sleeper */
    run_some(rt);
    CHECK(runtime_counters(rt).refused > 0);
    actor_info_t info;
    CHECK(runtime_actor_find(rt, sleeper, &info));
    CHECK(info.mailbox_used <= info.mailbox_cap);
    check_neighbour(rt, echo);
    actor_stop(rt, id);
    runtime_run(rt);
    close_node(rt);
}

/* The probe takes everything, and the flood does not stop. */
static size_t count_flood(runtime_t *rt) {
    size_t before = probe.count;
    for (int i = 0; i < 4 * SOME_STEPS; i++)
        runtime_step(rt);
    return probe.count - before;
}

TEST(a_flood_is_bounded_by_its_sends_a_second) {
    runtime_t *rt = open_node();
    wasm_actor_options_t options = wasm_actor_options_default();
    options.sends = 30;
    options.fuel = 0;
    actor_id_t id = actor_spawn_wasm_with(rt, flood_module, sizeof flood_module,
                                          &options, NULL, NULL);
    ask(rt, id, 1, NULL);
    CHECK_EQ(count_flood(rt), 30);
    sim_advance(999000000);
    CHECK_EQ(count_flood(rt), 0);
    sim_advance(1000000);
    CHECK_EQ(count_flood(rt), 30);
    sim_advance(5000000000);
    CHECK_EQ(count_flood(rt), 30); /* what it did not use is not saved up */
    actor_stop(rt, id);
    runtime_run(rt);
    close_node(rt);
}

TEST(children_are_bounded_as_their_parent_was_told) {
    runtime_t *rt = open_node();
    wasm_actor_options_t options = wasm_actor_options_default();
    options.grants |= WASM_GRANT_SPAWN;
    options.children = 3;
    options.sends = 7;
    actor_id_t id = actor_spawn_wasm_with(rt, bomb_module, sizeof bomb_module, &options,
                                          NULL, NULL);
    ask_bytes(rt, id, 1, echo_module, sizeof echo_module);
    runtime_run(rt);
    CHECK_EQ(number_at(probe.mail[0].bytes, 4), 3);
    actor_id_t all[8];
    CHECK_EQ(runtime_list_actors(rt, all, 8), 5);
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, all[4], &facts));
    CHECK_EQ(facts.sends, 7); /* no more than its parent */
    close_node(rt);
}

TEST(a_spawn_bomb_is_bounded_and_its_children_have_fewer_rights) {
    runtime_t *rt = open_node();
    actor_id_t id =
        spawn_bounded(rt, bomb_module, sizeof bomb_module, 0, WASM_GRANT_SPAWN);
    ask_bytes(rt, id, 1, echo_module, sizeof echo_module);
    runtime_run(rt);
    CHECK_EQ(probe.count, 1);
    CHECK_EQ(number_at(probe.mail[0].bytes, 4), MK_WASM_CHILDREN);
    CHECK_EQ(runtime_counters(rt).actors, 2 + MK_WASM_CHILDREN);
    /* A bomb may not light bombs: the right to spawn is not passed on. */
    ask_bytes(rt, id, 1, bomb_module, sizeof bomb_module);
    runtime_run(rt);
    CHECK_EQ(number_at(probe.mail[1].bytes, 4), 0);
    /* Those that ended make room. */
    actor_id_t all[4 + MK_WASM_CHILDREN];
    size_t count = runtime_list_actors(rt, all, 4 + MK_WASM_CHILDREN);
    actor_stop(rt, all[count - 1]);
    runtime_run(rt);
    ask_bytes(rt, id, 1, echo_module, sizeof echo_module);
    runtime_run(rt);
    CHECK_EQ(number_at(probe.mail[2].bytes, 4), 1);
    close_node(rt);
}

/* Whatever comes of it, the node lives and nothing is left behind. */
static void try_bytes(runtime_t *rt, actor_id_t echo, const uint8_t *bytes,
                      size_t size) {
    wasm_actor_options_t options = wasm_actor_options_default();
    options.fuel = 100000;
    options.memory_pages = 4;
    actor_id_t id = actor_spawn_wasm_with(rt, bytes, size, &options, NULL, NULL);
    if (id != ACTOR_ID_INVALID) {
        (void)actor__send_from(rt, echo, id, 200, "abc", 3);
        (void)actor__send_from(rt, echo, id, 20, "abc", 3);
        for (int i = 0; i < 20; i++)
            runtime_step(rt);
        actor_stop(rt, id);
        runtime_step(rt);
    }
    CHECK_EQ(code_count(rt), 1);
}

TEST(modules_with_a_byte_changed_or_cut_harm_nobody) {
    runtime_t *rt = open_node();
    actor_id_t echo = SPAWN(rt, echo);
    static uint8_t bytes[sizeof receiver_module];
    for (size_t i = 0; i < sizeof receiver_module; i++) {
        try_bytes(rt, echo, receiver_module, i);
        for (unsigned bit = 0; bit < 9; bit++) {
            memcpy(bytes, receiver_module, sizeof bytes);
            bytes[i] = (uint8_t)(bytes[i] ^ (bit < 8 ? 1u << bit : 0xFFu));
            try_bytes(rt, echo, bytes, sizeof bytes);
        }
    }
    check_neighbour(rt, echo);
    close_node(rt);
}

TEST_TABLE(bad_actors,
           TEST_ROW(a_trap_is_an_exit_reason_with_the_names_of_the_functions),
           TEST_ROW(an_endless_loop_takes_turns_with_its_neighbours),
           TEST_ROW(mail_of_a_busy_actor_waits_and_its_mailbox_stays_bounded),
           TEST_ROW(an_endless_loop_with_a_bound_ends_with_quota),
           TEST_ROW(memory_grows_to_the_bound_and_no_further),
           TEST_ROW(memory_that_grows_for_ever_stops_at_the_bound),
           TEST_ROW(a_table_that_grows_for_ever_stops_at_the_bound),
           TEST_ROW(a_flood_of_mail_to_itself_is_bounded),
           TEST_ROW(modules_that_want_what_there_is_not_are_refused),
           TEST_ROW(a_start_function_that_traps_ends_the_actor),
           TEST_ROW(a_start_function_that_loops_harms_nobody),
           TEST_ROW(a_start_function_that_takes_much_memory_is_bounded),
           TEST_ROW(lack_of_memory_is_a_reason_of_its_own),
           TEST_ROW(a_flood_meets_a_bounded_mailbox),
           TEST_ROW(a_flood_is_bounded_by_its_sends_a_second),
           TEST_ROW(children_are_bounded_as_their_parent_was_told),
           TEST_ROW(a_spawn_bomb_is_bounded_and_its_children_have_fewer_rights),
           TEST_ROW(modules_with_a_byte_changed_or_cut_harm_nobody))
