/* SPDX-License-Identifier: Apache-2.0 */
/* Guests that wait: mk_recv takes the next message, a sleeper takes none; mail keeps
 * its order; nothing but a frame is held. */
#include "actors.h"

#include "microkernel/limits.h"
#include "wasm/modules.h"

enum { CROWD = MK_SLAB_BYTES >= 65536 ? 2000 : 50 };

static int64_t result_of(size_t mail) {
    return (int64_t)number_at(probe.mail[mail].bytes, 8);
}

TEST(a_sleeper_answers_later_and_its_mail_waits_in_order) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, sleeper);
    ask(rt, id, 200, "first");
    ask(rt, id, 200, "second");
    for (int i = 0; i < 10; i++)
        runtime_step(rt);
    CHECK_EQ(probe.count, 0);
    actor_info_t info;
    CHECK(runtime_actor_find(rt, id, &info));
    CHECK_EQ(info.status, ACTOR_WAITING);
    CHECK_EQ(info.mailbox_used, 1);
    runtime_run(rt);
    CHECK_EQ(sim_now_ns(), 200000000);
    CHECK_EQ(probe.count, 2);
    CHECK_EQ(probe.mail[0].type, 201);
    CHECK_MEM(probe.mail[0].bytes, "first", 5);
    CHECK_MEM(probe.mail[1].bytes, "second", 6);
    close_node(rt);
}

TEST(without_a_fiber_nobody_waits) {
    runtime_t *rt = open_node();
    actor_id_t sleeper = actor_spawn_wasm(rt, sleeper_module, sizeof sleeper_module, 16,
                                          8192, 0, FIBER_STACK_NONE);
    ask(rt, sleeper, 200, "x");
    actor_id_t puppet = actor_spawn_wasm(rt, puppet_module, sizeof puppet_module, 16,
                                         8192, 0, FIBER_STACK_NONE);
    for (msg_type_t type = 20; type <= 23; type++)
        ask(rt, puppet, type, NULL);
    runtime_run(rt);
    CHECK_EQ(sim_now_ns(), 0);
    CHECK_EQ(probe.count, 5);
    CHECK_EQ(probe.mail[0].type, 202);
    for (size_t i = 1; i < 5; i++)
        CHECK_EQ(result_of(i), -1);
    close_node(rt);
}

/* What recv gave: puppet.c answers type, size, source, bytes. */
static void check_received(size_t at, int64_t result, msg_type_t type, uint32_t size,
                           actor_id_t source) {
    const uint8_t *bytes = probe.mail[at].bytes + 8;
    CHECK_EQ(result_of(at), result);
    CHECK_EQ(number_at(bytes, 4), type);
    CHECK_EQ(number_at(bytes + 4, 4), size);
    CHECK_EQ(number_at(bytes + 8, 8), source);
}

TEST(mk_recv_takes_the_next_message_and_cuts_it) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, puppet);
    ask(rt, id, 20, NULL);
    ask(rt, id, 99, "twelve bytes");
    ask(rt, id, 21, NULL);
    ask(rt, id, 98, "six");
    ask(rt, id, 22, NULL);
    ask(rt, id, 97, NULL);
    runtime_run(rt);
    CHECK_EQ(probe.count, 3);
    check_received(0, 0, 99, 12, UINT64_MAX);
    CHECK_MEM(probe.mail[0].bytes + 24, "twelve b", 8);
    check_received(1, 0, 98, 3, probe.id);
    check_received(2, 0, 97, 0, probe.id);
    close_node(rt);
}

TEST(mk_recv_timeout_gives_up_and_its_old_timer_disturbs_nobody) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, puppet);
    ask(rt, id, 22, NULL);
    runtime_run(rt);
    CHECK_EQ(probe.count, 1);
    check_received(0, -2, 0, 0, 0);
    CHECK_EQ(sim_now_ns(), 50000000);
    /* The message and the timer come together: the message wins, the timer is not seen
     * by the next recv. */
    ask(rt, id, 22, NULL);
    for (int i = 0; i < 4; i++)
        runtime_step(rt);
    ask(rt, id, 50, NULL);
    sim_advance(60000000);
    ask(rt, id, 20, NULL);
    runtime_run(rt);
    CHECK_EQ(probe.count, 2);
    check_received(1, 0, 50, 0, probe.id);
    ask(rt, id, 51, NULL);
    runtime_run(rt);
    CHECK_EQ(probe.count, 3);
    check_received(2, 0, 51, 0, UINT64_MAX);
    CHECK_EQ(runtime_counters(rt).timers, 0);
    close_node(rt);
}

TEST(a_full_mailbox_does_not_keep_a_sleeper_asleep) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, sleeper);
    ask(rt, id, 200, "first");
    for (int i = 0; i < 4; i++)
        runtime_step(rt);
    while (actor__send_from(rt, probe.id, id, 5, NULL, 0)) {
    }
    runtime_run(rt);
    CHECK_EQ(probe.count, 1);
    CHECK_EQ(probe.mail[0].type, 201);
    close_node(rt);
}

TEST(a_shutdown_reaches_mk_recv_and_ends_it_when_it_returns) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, puppet);
    ask(rt, id, 20, NULL);
    runtime_run(rt);
    CHECK(actor_shutdown(rt, id));
    runtime_run(rt);
    CHECK_EQ(probe.count, 1);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(crash_list(rt, NULL, 0), 0);
    close_node(rt);
}

TEST(a_crowd_in_mk_recv_answers_to_a_man) {
    runtime_t *rt = open_node();
    static actor_id_t ids[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        ids[i] = SPAWN(rt, receiver);
        CHECK(ids[i] != ACTOR_ID_INVALID);
        ask(rt, ids[i], 1, NULL);
    }
    runtime_run(rt);
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, ids[0], &facts));
    CHECK(facts.is_waiting);
    CHECK(facts.memory_bytes < 2048);
    CHECK_EQ(facts.module_users, CROWD);
    for (int round = 1; round <= 2; round++) {
        for (size_t i = 0; i < CROWD; i++) {
            ask(rt, ids[i], 2, "are you there?");
            if (i % 50 == 49) runtime_run(rt); /* the probe's mailbox is small */
        }
        runtime_run(rt);
        CHECK_EQ(probe.count, round * CROWD);
    }
    CHECK_MEM(probe.mail[MAIL_KEPT - 1].bytes, "are you there?", 14);
    for (size_t i = 0; i < CROWD; i++)
        ask(rt, ids[i], 0, NULL);
    runtime_run(rt);
    CHECK_EQ(runtime_counters(rt).actors, 1);
    close_node(rt);
}

/* The same module, mail and answers as in tests/wasm/snapshot, where it moves to
 * another machine in between. */
TEST(a_counter_waits_in_nested_calls) {
    static const uint32_t numbers[] = {5, 4000000000u, 7, 11, 13, 1, 999, 17, 0};
    enum { NUMBERS = sizeof numbers / sizeof numbers[0] };
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, counter);
    ask(rt, id, 9, NULL);
    for (size_t i = 0; i < NUMBERS; i++) {
        ask(rt, id, numbers[i], NULL);
        runtime_run(rt);
        CHECK_EQ(probe.mail[i].type, 201);
        CHECK_EQ(number_at(probe.mail[i].bytes, 4), i + 1);
    }
    CHECK_EQ(probe.count, NUMBERS + 2);
    CHECK_EQ(probe.mail[NUMBERS].type, 202);
    CHECK_EQ(number_at(probe.mail[NUMBERS].bytes, 4), 19264082);
    CHECK_EQ(probe.mail[NUMBERS + 1].type, 203);
    CHECK_EQ(number_at(probe.mail[NUMBERS + 1].bytes, 4), 2483115657);
    CHECK(actor_is_alive(rt, id));
    close_node(rt);
}

static void wait_and_answer(void *arg) {
    (void)arg;
    sim_reset(1);
    memset(&probe, 0, sizeof probe);
    runtime_t *rt = runtime_init(1, 64);
    if (rt == NULL) return;
    probe.id = actor_spawn(rt, keep_mail, NULL, NULL, 64);
    actor_id_t id = SPAWN(rt, sleeper);
    if (id != ACTOR_ID_INVALID && probe.id != ACTOR_ID_INVALID) {
        (void)actor__send_from(rt, probe.id, id, 200, "hello", 5);
        (void)actor__send_from(rt, probe.id, id, 200, "again", 5);
        /* Not runtime_run: a timer is tried again for as long as memory is short. */
        for (int i = 0; i < 50; i++) {
            runtime_step(rt);
            sim_advance(10000000);
        }
        CHECK(probe.count <= 2);
    }
    runtime_destroy(rt);
    sim_reset(1);
}

TEST(every_allocation_may_fail_while_somebody_waits) {
    test_each_alloc_failure(wait_and_answer, NULL);
}

TEST_TABLE(wait, TEST_ROW(a_sleeper_answers_later_and_its_mail_waits_in_order),
           TEST_ROW(without_a_fiber_nobody_waits),
           TEST_ROW(mk_recv_takes_the_next_message_and_cuts_it),
           TEST_ROW(mk_recv_timeout_gives_up_and_its_old_timer_disturbs_nobody),
           TEST_ROW(a_full_mailbox_does_not_keep_a_sleeper_asleep),
           TEST_ROW(a_shutdown_reaches_mk_recv_and_ends_it_when_it_returns),
           TEST_ROW(a_crowd_in_mk_recv_answers_to_a_man),
           TEST_ROW(a_counter_waits_in_nested_calls),
           TEST_ROW(every_allocation_may_fail_while_somebody_waits))
