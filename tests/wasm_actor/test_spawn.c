/* SPDX-License-Identifier: Apache-2.0 */
/* Starting actors from modules, what they are refused for, and how messages reach them.
 */
#include "actors.h"

#include "base/alloc.h"
#include "microkernel/caps.h"
#include "microkernel/limits.h"
#include "wasm_actor/module_cache.h"

TEST(a_module_answers_messages) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, echo);
    CHECK(id != ACTOR_ID_INVALID);
    ask(rt, id, 200, "hello");
    runtime_run(rt);
    check_reply(201, "hello");
    CHECK_EQ(probe.mail[0].source, id);
    close_node(rt);
}

TEST(zero_ends_it_normally) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, echo);
    ask(rt, id, 0, NULL);
    runtime_run(rt);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(crash_list(rt, NULL, 0), 0);
    close_node(rt);
}

TEST(it_works_without_memory) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, zero);
    ask(rt, id, 200, "ignored");
    ask(rt, id, 200, NULL);
    runtime_run(rt);
    CHECK_EQ(probe.count, 2);
    CHECK_EQ(number_at(probe.mail[0].bytes, 4), 1);
    CHECK_EQ(number_at(probe.mail[1].bytes, 4), 2);
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, id, &facts));
    CHECK_EQ(facts.memory_pages, 0);
    close_node(rt);
}

TEST(start_and_initialize_run_before_the_first_message) {
    runtime_t *rt = open_node();
    ask(rt, SPAWN(rt, initialized), 1, NULL);
    runtime_run(rt);
    CHECK_EQ(probe.count, 1);
    CHECK_EQ(number_at(probe.mail[0].bytes, 4), 60);
    close_node(rt);
}

TEST(a_module_with_an_allocator_gets_blocks_and_they_are_freed) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, allocator);
    ask(rt, id, 200, "one");
    ask(rt, id, 200, "two");
    ask(rt, id, 202, NULL);
    runtime_run(rt);
    CHECK_EQ(probe.count, 3);
    CHECK_MEM(probe.mail[1].bytes, "two", 3);
    CHECK_EQ(probe.mail[2].type, 203);
    CHECK_EQ(number_at(probe.mail[2].bytes, 4), 0);
    close_node(rt);
}

TEST(a_payload_without_room_is_dropped_and_the_actor_lives) {
    runtime_t *rt = open_node();
    static const uint8_t big[70000]; /* more than a page */
    actor_id_t id = SPAWN(rt, allocator);
    ask_bytes(rt, id, 200, big, 1001); /* more than its malloc gives */
    ask(rt, id, 200, "small");
    runtime_run(rt);
    check_reply(201, "small");
    id = SPAWN(rt, full);
    ask_bytes(rt, id, 200, "long", 4);
    ask(rt, id, 202, NULL);
    runtime_run(rt);
    CHECK_EQ(probe.count, 2);
    CHECK_EQ(probe.mail[1].type, 203);
    close_node(rt);
}

TEST(a_payload_that_does_not_fit_gets_pages_of_its_own) {
    runtime_t *rt = open_node();
    static const uint8_t big[70000]; /* more than a page */
    actor_id_t id = SPAWN(rt, filled);
    wasm_actor_facts_t facts;
    ask(rt, id, 200, "one");
    ask(rt, id, 200, "two");
    runtime_run(rt);
    CHECK_EQ(probe.count, 2);
    CHECK_MEM(probe.mail[0].bytes, "one", 3);
    CHECK_MEM(probe.mail[1].bytes, "two", 3);
    CHECK(wasm_actor_facts(rt, id, &facts));
    CHECK_EQ(facts.memory_pages, 2);
    if (MK_MAILBOX_BYTES <= sizeof big) {
        close_node(rt);
        return;
    }
    ask_bytes(rt, id, 200, big, sizeof big);
    ask(rt, id, 200, "short");
    runtime_run(rt);
    CHECK_EQ(probe.count, 4);
    CHECK_EQ(probe.mail[2].size, sizeof big);
    CHECK_MEM(probe.mail[3].bytes, "short", 5);
    CHECK(wasm_actor_facts(rt, id, &facts));
    CHECK_EQ(facts.memory_pages, 4);
    close_node(rt);
}

/* The guest keeps its data in pages that it adds; __heap_base lies below. */
TEST(a_payload_stays_out_of_pages_that_the_guest_added) {
    runtime_t *rt = open_node();
    static const uint8_t big[70000];
    if (MK_MAILBOX_BYTES <= sizeof big) {
        close_node(rt);
        return;
    }
    actor_id_t id = SPAWN(rt, grows);
    ask_bytes(rt, id, 200, big, sizeof big);
    runtime_run(rt);
    CHECK_EQ(probe.count, 1);
    CHECK_EQ(probe.mail[0].type, 201);
    CHECK_EQ(number_at(probe.mail[0].bytes, 4), 0x600D);
    close_node(rt);
}

/* What a module is refused for. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
    int error;
    const char *problem;
} refusal_t;

#define REFUSED(name, error, problem)                                                  \
    { name##_module, sizeof name##_module, error, problem }

TEST(a_refusal_says_what_is_wrong) {
    static const uint8_t text[] = "int main(void)";
    static const uint8_t component[] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};
    static const refusal_t refusals[] = {
        REFUSED(wants_files, MK_EPERM,
                "import 'env.mk_read_file' needs the grant 'files'"),
        REFUSED(bomb, MK_EPERM, "import 'env.mk_spawn_wasm' needs the grant 'spawn'"),
        REFUSED(wants_unknown, MK_ENOENT, "import 'env.mk_fly' does not exist"),
        REFUSED(wrong_import, MK_EREFUSED, "mk_self"),
        REFUSED(no_export, MK_EINVAL, "no function 'handle_message' is exported"),
        REFUSED(wrong_export, MK_EINVAL, "is not (i32, i64, i32, i32) -> i32"),
        {text, sizeof text, MK_EBADMSG, "byte 0"},
        {component, sizeof component, MK_ENOTSUP, "component"},
        {echo_module, 20, MK_EBADMSG, "byte"},
        {echo_module, 0, MK_EBADMSG, "byte 0"},
    };
    runtime_t *rt = open_node();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const refusal_t *refusal = &refusals[i];
        char problem[WASM_PROBLEM_MAX];
        int error = 1;
        CHECK_EQ(actor_spawn_wasm_with(rt, refusal->bytes, refusal->size, NULL, &error,
                                       problem),
                 ACTOR_ID_INVALID);
        if (error != refusal->error || strstr(problem, refusal->problem) == NULL)
            CHECK_STR(problem, refusal->problem);
    }
    CHECK_EQ(runtime_counters(rt).actors, 1);
    CHECK_EQ(code_count(rt), 0);
    close_node(rt);
}

TEST(a_grant_opens_an_import) {
    runtime_t *rt = open_node();
    wasm_actor_options_t options = wasm_actor_options_default();
    options.grants |= wasm_grant_find("files", 5);
    CHECK(actor_spawn_wasm_with(rt, wants_files_module, sizeof wants_files_module,
                                &options, NULL, NULL) != ACTOR_ID_INVALID);
    CHECK_EQ(wasm_grant_find("file", 4), 0);
    runtime_run(rt);
    close_node(rt);
}

TEST(actors_of_one_module_share_it) {
    runtime_t *rt = open_node();
    actor_id_t first = SPAWN(rt, echo);
    actor_id_t second = SPAWN(rt, echo);
    CHECK_EQ(code_count(rt), 1);
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, first, &facts));
    CHECK_EQ(facts.module_users, 2);
    actor_stop(rt, first);
    runtime_run(rt);
    CHECK(wasm_actor_facts(rt, second, &facts));
    CHECK_EQ(facts.module_users, 1);
    actor_stop(rt, second);
    runtime_run(rt);
    CHECK_EQ(code_count(rt), 0);
    CHECK(!wasm_actor_facts(rt, probe.id, &facts));
    close_node(rt);
}

TEST(caps_say_that_wasm_is_here) {
    runtime_t *rt = open_node();
    CHECK_EQ(wasm_actors_announce(rt), MK_OK);
    CHECK_STR(caps_find(rt, "wasm"), "true");
    close_node(rt);
}

TEST(a_shutdown_ends_it_after_its_call) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, echo);
    CHECK(actor_shutdown(rt, id));
    runtime_run(rt);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(crash_list(rt, NULL, 0), 0);
    close_node(rt);
}

static void spawn_and_ask(void *arg) {
    (void)arg;
    sim_reset(1);
    memset(&probe, 0, sizeof probe);
    runtime_t *rt = runtime_init(1, 64);
    if (rt == NULL) return;
    probe.id = actor_spawn(rt, keep_mail, NULL, NULL, 64);
    actor_id_t id = SPAWN(rt, echo);
    if (id != ACTOR_ID_INVALID && probe.id != ACTOR_ID_INVALID) {
        (void)actor__send_from(rt, probe.id, id, 200, "hello", 5);
        runtime_run(rt);
        if (probe.count > 0) CHECK_MEM(probe.mail[0].bytes, "hello", 5);
    }
    runtime_destroy(rt);
    sim_reset(1);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(spawn_and_ask, NULL);
}

TEST_TABLE(spawn, TEST_ROW(a_module_answers_messages), TEST_ROW(zero_ends_it_normally),
           TEST_ROW(it_works_without_memory),
           TEST_ROW(start_and_initialize_run_before_the_first_message),
           TEST_ROW(a_module_with_an_allocator_gets_blocks_and_they_are_freed),
           TEST_ROW(a_payload_without_room_is_dropped_and_the_actor_lives),
           TEST_ROW(a_payload_that_does_not_fit_gets_pages_of_its_own),
           TEST_ROW(a_payload_stays_out_of_pages_that_the_guest_added),
           TEST_ROW(a_refusal_says_what_is_wrong), TEST_ROW(a_grant_opens_an_import),
           TEST_ROW(actors_of_one_module_share_it),
           TEST_ROW(caps_say_that_wasm_is_here),
           TEST_ROW(a_shutdown_ends_it_after_its_call),
           TEST_ROW(every_allocation_may_fail))
