/* SPDX-License-Identifier: Apache-2.0 */
/* Actors: spawn, send, end, in every order. */
#include "microkernel/actor.h"

#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "sim/sim.h"
#include "support/test.h"

#include <string.h>

typedef struct {
    actor_id_t peer;
    unsigned count;
    uint64_t sum;
    bool keeps;
} probe_t;

static bool count_mail(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    probe_t *probe = state;
    probe->count++;
    probe->sum = probe->sum * 10 + msg->type;
    return probe->keeps;
}

static bool bounce(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    probe_t *probe = state;
    if (++probe->count == 1000) {
        actor_stop(rt, msg->source);
        return false;
    }
    return actor_send(rt, probe->peer, 1, NULL, 0);
}

TEST(two_actors_bounce_a_message) {
    runtime_t *rt = runtime_init(1, 16);
    probe_t a = {0};
    probe_t b = {0};
    actor_id_t ia = actor_spawn(rt, bounce, &a, NULL, 16);
    actor_id_t ib = actor_spawn(rt, bounce, &b, NULL, 16);
    a.peer = ib;
    b.peer = ia;
    CHECK_EQ(actor_id_seq(ia), 1);
    CHECK(actor_send(rt, ia, 1, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(a.count + b.count, 1999);
    CHECK_EQ(runtime_counters(rt).actors, 0);
    runtime_destroy(rt);
}

TEST(order_between_a_pair_is_kept) {
    runtime_t *rt = runtime_init(0, 4);
    probe_t p = {.keeps = true};
    actor_id_t id = actor_spawn(rt, count_mail, &p, NULL, 16);
    for (msg_type_t i = 1; i <= 5; i++)
        CHECK(actor_send(rt, id, i, "payload", 7));
    runtime_run(rt);
    CHECK_EQ(p.sum, 12345);
    runtime_destroy(rt);
}

TEST(full_mailbox_refuses_and_counts) {
    runtime_t *rt = runtime_init(1, 4);
    probe_t p = {.keeps = true};
    actor_id_t id = actor_spawn(rt, count_mail, &p, NULL, 3);
    for (int i = 0; i < 4; i++)
        CHECK(actor_send(rt, id, 1, NULL, 0));
    CHECK(!actor_send(rt, id, 1, NULL, 0));
    CHECK_EQ(runtime_counters(rt).refused, 1);
    runtime_step(rt);
    CHECK(actor_send(rt, id, 1, NULL, 0));
    runtime_destroy(rt);
}

TEST(drop_oldest_makes_room) {
    runtime_t *rt = runtime_init(1, 4);
    probe_t p = {.keeps = true};
    actor_options_t options = {.mailbox_size = 2,
                               .mailbox_policy = MAILBOX_DROP_OLDEST};
    actor_id_t id = actor_spawn_with(rt, count_mail, &p, NULL, &options);
    for (msg_type_t i = 1; i <= 4; i++)
        CHECK(actor_send(rt, id, i, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(p.sum, 34);
    CHECK_EQ(runtime_counters(rt).dropped, 2);
    runtime_destroy(rt);
}

TEST(keep_latest_replaces_all_when_full) {
    runtime_t *rt = runtime_init(1, 4);
    probe_t p = {.keeps = true};
    actor_options_t options = {.mailbox_size = 2,
                               .mailbox_policy = MAILBOX_KEEP_LATEST};
    actor_id_t id = actor_spawn_with(rt, count_mail, &p, NULL, &options);
    for (msg_type_t i = 1; i <= 3; i++)
        CHECK(actor_send(rt, id, i, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(p.sum, 3);
    CHECK_EQ(runtime_counters(rt).dropped, 2);
    runtime_destroy(rt);
}

TEST(send_to_dead_is_refused_and_counted) {
    runtime_t *rt = runtime_init(1, 4);
    probe_t p = {.keeps = false};
    actor_id_t id = actor_spawn(rt, count_mail, &p, NULL, 4);
    CHECK(actor_send(rt, id, 1, NULL, 0));
    runtime_run(rt);
    CHECK(!actor_send(rt, id, 1, NULL, 0));
    CHECK(!actor_send(rt, actor_id_make(7, 1), 1, NULL, 0));
    CHECK(!actor_send(rt, ACTOR_ID_INVALID, 1, NULL, 0));
    CHECK_EQ(runtime_counters(rt).dead_letters, 3);
    runtime_destroy(rt);
}

static bool stop_everything(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    probe_t *probe = state;
    probe->count++;
    actor_stop(rt, actor_self(rt));
    actor_stop(rt, probe->peer);
    CHECK(!actor_send(rt, actor_self(rt), 1, NULL, 0));
    CHECK(!actor_send(rt, probe->peer, 1, NULL, 0));
    return true;
}

TEST(stop_self_and_another_with_mail) {
    runtime_t *rt = runtime_init(1, 4);
    probe_t victim = {.keeps = true};
    actor_id_t iv = actor_spawn(rt, count_mail, &victim, NULL, 4);
    probe_t killer = {.peer = iv};
    actor_id_t ik = actor_spawn(rt, stop_everything, &killer, NULL, 4);
    CHECK(actor_send(rt, ik, 1, NULL, 0));
    CHECK(actor_send(rt, iv, 1, NULL, 0));
    CHECK(actor_send(rt, ik, 1, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(killer.count, 1);
    CHECK_EQ(victim.count, 0);
    CHECK_EQ(runtime_counters(rt).exited, 2);
    runtime_destroy(rt);
}

static bool once(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)msg;
    ++*(unsigned *)state;
    return false;
}

static bool spawn_many(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    unsigned *done = state;
    actor_id_t ids[15];
    for (int i = 0; i < 15; i++) {
        ids[i] = actor_spawn(rt, once, done, NULL, 2);
        CHECK(ids[i] != ACTOR_ID_INVALID);
        CHECK(actor_send(rt, ids[i], 1, NULL, 0));
    }
    CHECK_EQ(actor_spawn(rt, once, done, NULL, 2), ACTOR_ID_INVALID);
    return *done + 15 >= 1000000 ? false : actor_send(rt, actor_self(rt), 1, NULL, 0);
}

TEST(a_million_spawns_through_sixteen_places) {
    runtime_t *rt = runtime_init(1, 16);
    unsigned done = 0;
    actor_id_t id = actor_spawn(rt, spawn_many, &done, NULL, 2);
    CHECK(actor_send(rt, id, 1, NULL, 0));
    runtime_run(rt);
    CHECK(done >= 1000000);
    CHECK_EQ(runtime_counters(rt).spawned, (uint64_t)done + 1);
    runtime_destroy(rt);
}

typedef struct {
    actor_id_t target;
    unsigned downs;
    uint8_t reason;
    char text[MK_EXIT_TEXT_MAX];
} watcher_t;

static bool watch_target(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    watcher_t *watcher = state;
    if (msg->type == 1) return actor_monitor(rt, watcher->target) != 0;
    if (msg->type == 2) return actor_link(rt, watcher->target);
    if (msg->type == 3) {
        actor_trap_exits(rt, true);
        return actor_link(rt, watcher->target);
    }
    const down_payload_t *down = msg->payload;
    watcher->downs++;
    watcher->reason = down->exit_reason;
    memcpy(watcher->text, down->text, sizeof watcher->text);
    return true;
}

static bool crash(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    (void)state;
    actor_exit(rt, EXIT_CRASHED, "it fell over");
    return true;
}

TEST(monitor_is_told_once_with_reason_and_text) {
    runtime_t *rt = runtime_init(1, 4);
    watcher_t w = {.target = actor_spawn(rt, crash, NULL, NULL, 4)};
    actor_id_t iw = actor_spawn(rt, watch_target, &w, NULL, 4);
    CHECK(actor_send(rt, iw, 1, NULL, 0));
    runtime_run(rt);
    CHECK(actor_send(rt, w.target, 9, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(w.downs, 1);
    CHECK_EQ(w.reason, EXIT_CRASHED);
    CHECK_STR(w.text, "it fell over");
    CHECK(actor_send(rt, iw, 1, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(w.downs, 2);
    CHECK_EQ(w.reason, EXIT_NO_ACTOR);
    runtime_destroy(rt);
}

TEST(links_kill_unless_exits_are_trapped) {
    for (msg_type_t trap = 0; trap < 2; trap++) {
        runtime_t *rt = runtime_init(1, 4);
        watcher_t w = {.target = actor_spawn(rt, crash, NULL, NULL, 4)};
        actor_id_t iw = actor_spawn(rt, watch_target, &w, NULL, 4);
        CHECK(actor_send(rt, iw, 2 + trap, NULL, 0));
        runtime_run(rt);
        CHECK(actor_send(rt, w.target, 9, NULL, 0));
        runtime_run(rt);
        CHECK_EQ(w.downs, trap);
        CHECK_EQ(actor_is_alive(rt, iw), trap == 1);
        runtime_destroy(rt);
    }
}

typedef struct {
    timer_id_t periodic;
    unsigned fired;
    uint64_t at_ms[8];
} ticker_t;

static bool tick(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    ticker_t *ticker = state;
    if (msg->type != MSG_TIMER) {
        ticker->periodic = actor_set_timer(rt, 250, true);
        return ticker->periodic != 0 && actor_set_timer(rt, 100, false) != 0;
    }
    const timer_payload_t *timer = msg->payload;
    CHECK_EQ(timer->expirations, 1);
    if (ticker->fired < 8) ticker->at_ms[ticker->fired] = runtime_now_ms(rt);
    ticker->fired++;
    if (ticker->fired < 5) return true;
    CHECK(actor_cancel_timer(rt, ticker->periodic));
    CHECK(!actor_cancel_timer(rt, ticker->periodic));
    return true;
}

TEST(timers_fire_in_time_and_cancel_in_their_own_handler) {
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 4);
    ticker_t t = {0};
    actor_id_t id = actor_spawn(rt, tick, &t, NULL, 4);
    CHECK(actor_send(rt, id, 1, NULL, 0));
    uint64_t began = runtime_now_ms(rt);
    runtime_run(rt);
    CHECK_EQ(t.fired, 5);
    CHECK_EQ(t.at_ms[0] - began, 100);
    CHECK_EQ(t.at_ms[1] - began, 250);
    CHECK_EQ(t.at_ms[4] - began, 1000);
    CHECK_EQ(runtime_counters(rt).timers, 0);
    runtime_destroy(rt);
}

TEST(destroy_with_mail_timers_links_and_monitors_pending) {
    runtime_t *rt = runtime_init(1, 8);
    ticker_t t = {0};
    actor_id_t it = actor_spawn(rt, tick, &t, NULL, 4);
    watcher_t w = {.target = it};
    actor_id_t iw = actor_spawn(rt, watch_target, &w, NULL, 8);
    CHECK(actor_send(rt, it, 1, NULL, 0));
    CHECK(actor_send(rt, iw, 1, NULL, 0));
    CHECK(actor_send(rt, iw, 2, NULL, 0));
    for (int i = 0; i < 3; i++)
        runtime_step(rt);
    CHECK(actor_send(rt, it, 1, "a payload of more than eight bytes", 34));
    runtime_destroy(rt);
}

static void run_everything(void *arg) {
    (void)arg;
    runtime_t *rt = runtime_init(1, 16);
    if (rt == NULL) return;
    ticker_t t = {0};
    watcher_t w = {.target = actor_spawn(rt, tick, &t, NULL, 4)};
    actor_id_t iw = actor_spawn(rt, watch_target, &w, NULL, 8);
    if (w.target != 0) (void)actor_send(rt, w.target, 1, "0123456789", 10);
    if (iw != 0)
        for (msg_type_t type = 1; type <= 3; type++)
            (void)actor_send(rt, iw, type, NULL, 0);
    for (int i = 0; i < 20; i++)
        runtime_step(rt);
    actor_stop(rt, w.target);
    runtime_step(rt);
    runtime_destroy(rt);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(run_everything, NULL);
}

TEST_TABLE(actor, TEST_ROW(two_actors_bounce_a_message),
           TEST_ROW(order_between_a_pair_is_kept),
           TEST_ROW(full_mailbox_refuses_and_counts), TEST_ROW(drop_oldest_makes_room),
           TEST_ROW(keep_latest_replaces_all_when_full),
           TEST_ROW(send_to_dead_is_refused_and_counted),
           TEST_ROW(stop_self_and_another_with_mail),
           TEST_ROW(a_million_spawns_through_sixteen_places),
           TEST_ROW(monitor_is_told_once_with_reason_and_text),
           TEST_ROW(links_kill_unless_exits_are_trapped),
           TEST_ROW(timers_fire_in_time_and_cancel_in_their_own_handler),
           TEST_ROW(destroy_with_mail_timers_links_and_monitors_pending),
           TEST_ROW(every_allocation_may_fail))
