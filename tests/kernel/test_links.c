/* SPDX-License-Identifier: Apache-2.0 */
/* Links and monitors: told once, with the reason, whatever happens in between. */
#include "kernel/stage.h"

enum { LINK = 1, UNLINK, TRAP, UNTRAP, WATCH, UNWATCH, CRASH, FINISH, STOP_PEER };

/* What a role is told it does; results go to `value`. */
static bool obey(runtime_t *rt, role_t *me, message_t *msg) {
    switch (msg->type) {
    case LINK: me->value = actor_link(rt, me->peer); break;
    case UNLINK: me->value = actor_unlink(rt, me->peer); break;
    case TRAP: actor_trap_exits(rt, true); break;
    case UNTRAP: actor_trap_exits(rt, false); break;
    case WATCH: me->value = actor_monitor(rt, me->peer); break;
    case UNWATCH: me->value = actor_demonitor(rt, (monitor_id_t)me->value); break;
    case CRASH: actor_exit(rt, EXIT_CRASHED, "told to"); break;
    case FINISH: return false;
    case STOP_PEER: actor_stop(rt, me->peer); break;
    default: break;
    }
    return true;
}

static void order(runtime_t *rt, role_t *role, msg_type_t type) {
    tell(rt, role->id, type);
    settle(rt);
}

/* Two roles that know each other. */
static void cast_pair(runtime_t *rt, role_t *a, role_t *b) {
    *a = (role_t){.act = obey};
    *b = (role_t){.act = obey};
    cast(rt, a);
    cast(rt, b);
    a->peer = b->id;
    b->peer = a->id;
}

TEST(a_link_works_both_ways) {
    for (int who = 0; who < 2; who++) {
        runtime_t *rt = open_stage();
        role_t a;
        role_t b;
        cast_pair(rt, &a, &b);
        order(rt, &a, LINK);
        CHECK_EQ(a.value, true);
        order(rt, who == 0 ? &a : &b, CRASH);
        CHECK_EQ(a.ends + b.ends, 2);
        CHECK_EQ(runtime_counters(rt).crashed, 2);
        close_stage(rt);
    }
}

TEST(normal_ends_break_a_link_without_harm) {
    runtime_t *rt = open_stage();
    role_t a;
    role_t b;
    cast_pair(rt, &a, &b);
    order(rt, &a, LINK);
    order(rt, &b, FINISH);
    CHECK_EQ(a.ends, 0);
    CHECK_EQ(a.count, 1);
    actor_stats_t stats;
    CHECK(runtime_actor_stats(rt, a.id, &stats));
    CHECK_EQ(stats.links, 0);
    close_stage(rt);
}

TEST(who_traps_exits_is_told_of_every_end) {
    static const msg_type_t ends[] = {FINISH, CRASH};
    static const uint8_t reasons[] = {EXIT_NORMAL, EXIT_CRASHED};
    for (int i = 0; i < 2; i++) {
        runtime_t *rt = open_stage();
        role_t a;
        role_t b;
        cast_pair(rt, &a, &b);
        order(rt, &a, TRAP);
        order(rt, &a, LINK);
        order(rt, &b, ends[i]);
        CHECK_EQ(a.ends, 0);
        CHECK_EQ(a.types[a.count - 1], MSG_EXIT);
        CHECK_EQ(a.down.actor_id, b.id);
        CHECK_EQ(a.down.monitor, 0);
        CHECK_EQ(a.down.exit_reason, reasons[i]);
        CHECK_STR(a.down.text, i == 0 ? "" : "told to");
        close_stage(rt);
    }
}

TEST(trapping_can_be_switched_off_again) {
    runtime_t *rt = open_stage();
    role_t a;
    role_t b;
    cast_pair(rt, &a, &b);
    order(rt, &a, TRAP);
    order(rt, &a, LINK);
    order(rt, &a, UNTRAP);
    order(rt, &b, CRASH);
    CHECK_EQ(a.ends, 1);
    close_stage(rt);
}

TEST(linking_twice_is_one_link_and_unlinking_undoes_it) {
    runtime_t *rt = open_stage();
    role_t a;
    role_t b;
    cast_pair(rt, &a, &b);
    order(rt, &a, LINK);
    order(rt, &a, LINK);
    order(rt, &b, LINK);
    CHECK_EQ(b.value, true);
    actor_stats_t stats;
    CHECK(runtime_actor_stats(rt, b.id, &stats));
    CHECK_EQ(stats.links, 1);
    order(rt, &b, UNLINK); /* by the other side */
    CHECK_EQ(b.value, true);
    order(rt, &a, UNLINK);
    CHECK_EQ(a.value, false);
    order(rt, &b, CRASH);
    CHECK_EQ(a.ends, 0);
    close_stage(rt);
}

TEST(linking_to_nobody_is_as_if_he_had_just_ended) {
    runtime_t *rt = open_stage();
    role_t a;
    role_t b;
    cast_pair(rt, &a, &b);
    actor_stop(rt, b.id);
    settle(rt);
    order(rt, &a, TRAP);
    order(rt, &a, LINK);
    CHECK_EQ(a.value, true);
    CHECK_EQ(a.down.exit_reason, EXIT_NO_ACTOR);
    CHECK_EQ(a.down.actor_id, b.id);
    a.peer = actor_id_make(9, 1);
    order(rt, &a, LINK);
    CHECK_EQ(a.down.exit_reason, EXIT_NODE_LOST);
    a.peer = ACTOR_ID_INVALID;
    order(rt, &a, LINK);
    CHECK_EQ(a.down.actor_id, ACTOR_ID_INVALID);
    a.peer = a.id;
    order(rt, &a, LINK);
    CHECK_EQ(a.value, false);
    order(rt, &a, UNTRAP);
    a.peer = b.id;
    order(rt, &a, LINK);
    CHECK_EQ(a.ends, 1);
    close_stage(rt);
}

TEST(a_monitor_is_told_once_and_only_him) {
    runtime_t *rt = open_stage();
    role_t a;
    role_t b;
    cast_pair(rt, &a, &b);
    order(rt, &a, WATCH);
    monitor_id_t monitor = (monitor_id_t)a.value;
    CHECK(monitor != 0);
    order(rt, &a, WATCH); /* a second one is of its own */
    CHECK(a.value != monitor);
    order(rt, &b, CRASH);
    CHECK_EQ(a.count, 4);
    CHECK_EQ(a.types[2], MSG_DOWN);
    CHECK_EQ(a.types[3], MSG_DOWN);
    CHECK_EQ(a.down.actor_id, b.id);
    CHECK_STR(a.down.text, "told to");
    CHECK_EQ(a.ends, 0);
    a.value = monitor;
    order(rt, &a, UNWATCH); /* it is gone */
    CHECK_EQ(a.value, false);
    close_stage(rt);
}

TEST(a_dropped_monitor_is_silent_and_belongs_to_its_holder) {
    runtime_t *rt = open_stage();
    role_t a;
    role_t b;
    cast_pair(rt, &a, &b);
    order(rt, &a, WATCH);
    b.value = a.value;
    order(rt, &b, UNWATCH); /* not his */
    CHECK_EQ(b.value, false);
    order(rt, &a, UNWATCH);
    CHECK_EQ(a.value, true);
    order(rt, &b, CRASH);
    CHECK_EQ(a.count, 2);
    a.value = 0;
    order(rt, &a, UNWATCH);
    CHECK_EQ(a.value, false);
    a.value = UINT32_MAX;
    order(rt, &a, UNWATCH);
    CHECK_EQ(a.value, false);
    close_stage(rt);
}

TEST(monitoring_nobody_oneself_and_other_nodes) {
    runtime_t *rt = open_stage();
    role_t a;
    role_t b;
    cast_pair(rt, &a, &b);
    a.peer = actor_id_make(9, 1);
    order(rt, &a, WATCH);
    CHECK_EQ(a.down.exit_reason, EXIT_NODE_LOST);
    CHECK_EQ(a.down.monitor, a.value);
    a.peer = ACTOR_ID_INVALID;
    order(rt, &a, WATCH);
    CHECK(a.down.exit_reason == EXIT_NO_ACTOR || a.down.exit_reason == EXIT_NODE_LOST);
    a.peer = a.id;
    order(rt, &a, WATCH);
    CHECK(a.value != 0);
    order(rt, &a, CRASH); /* nobody is left to be told */
    CHECK_EQ(a.ends, 1);
    close_stage(rt);
}

TEST(a_watcher_that_ends_first_leaves_nothing_behind) {
    runtime_t *rt = open_stage();
    role_t a;
    role_t b;
    cast_pair(rt, &a, &b);
    order(rt, &a, WATCH);
    order(rt, &a, LINK);
    order(rt, &a, FINISH);
    order(rt, &b, CRASH);
    CHECK_EQ(b.ends, 1);
    close_stage(rt);
}

TEST(both_ends_die_in_one_turn) {
    runtime_t *rt = open_stage();
    role_t a;
    role_t b;
    cast_pair(rt, &a, &b);
    order(rt, &a, LINK);
    order(rt, &a, WATCH);
    order(rt, &b, WATCH);
    actor_stop(rt, a.id);
    actor_stop(rt, b.id);
    settle(rt);
    CHECK_EQ(a.ends + b.ends, 2);
    CHECK_EQ(runtime_counters(rt).exited, 2);
    close_stage(rt);
}

static void count_reason(uint8_t reason, const role_t *role, unsigned *sum) {
    if (role->down.exit_reason == reason) ++*sum;
}

TEST(one_end_is_told_to_all_its_watchers) {
    enum { WATCHERS = 30 };
    static role_t watchers[WATCHERS];
    runtime_t *rt = open_stage();
    role_t target = {.act = obey};
    cast(rt, &target);
    for (int i = 0; i < WATCHERS; i++) {
        watchers[i] = (role_t){.act = obey, .peer = target.id};
        cast(rt, &watchers[i]);
        order(rt, &watchers[i], WATCH);
    }
    order(rt, &target, CRASH);
    unsigned told = 0;
    for (int i = 0; i < WATCHERS; i++)
        count_reason(EXIT_CRASHED, &watchers[i], &told);
    CHECK_EQ(told, WATCHERS);
    close_stage(rt);
}

TEST(notices_pass_a_full_mailbox) {
    runtime_t *rt = open_stage();
    role_t b = {.act = obey};
    role_t a = {.act = obey, .peer = cast(rt, &b)};
    actor_options_t options = {.mailbox_size = 2};
    cast_with(rt, &a, &options);
    order(rt, &a, TRAP);
    order(rt, &a, LINK);
    order(rt, &a, WATCH);
    actor_options_t child = {.parent = a.id};
    role_t c = {.act = obey};
    cast_with(rt, &c, &child);
    tell(rt, c.id, FINISH);
    tell(rt, b.id, CRASH);
    while (actor_send(rt, a.id, 99, NULL, 0)) {
    }
    mk_alloc_fail_at(1, true); /* and no memory is needed: it was reserved */
    settle(rt);
    mk_alloc_fail_at(0, false);
    CHECK_EQ(a.count, 3 + 2 + 3);
    CHECK_EQ(a.down.actor_id, b.id);
    CHECK_EQ(a.child.child_id, c.id);
    close_stage(rt);
}

static void link_and_watch(void *arg) {
    (void)arg;
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 8);
    if (rt == NULL) return;
    role_t roles[3] = {{.act = obey}, {.act = obey}, {.act = obey}};
    for (int i = 0; i < 3; i++) {
        actor_options_t options = {.parent = i > 0 ? roles[0].id : ACTOR_ID_INVALID};
        roles[i].id = actor_spawn_with(rt, play, &roles[i], end_role, &options);
        roles[i].peer = roles[0].id;
    }
    unsigned told = 0;
    for (int i = 1; i < 3; i++) {
        (void)actor_send(rt, roles[i].id, WATCH, NULL, 0);
        settle(rt);
        told += roles[i].value != 0;
        roles[i].value = 0;
        (void)actor_send(rt, roles[i].id, TRAP, NULL, 0);
        (void)actor_send(rt, roles[i].id, LINK, NULL, 0);
        settle(rt);
        told += roles[i].value != 0;
    }
    unsigned before = roles[1].count + roles[2].count;
    actor_stop(rt, roles[0].id);
    settle(rt);
    /* Whoever was promised a notice got it, memory or not. */
    if (roles[1].ends + roles[2].ends == 0 && roles[0].ends == 1)
        CHECK_EQ(roles[1].count + roles[2].count - before, told);
    CHECK(told == 4 || mk_alloc_fail_hit());
    runtime_destroy(rt);
}

TEST(links_and_monitors_survive_each_failed_allocation) {
    test_each_alloc_failure(link_and_watch, NULL);
}

TEST(the_table_of_monitors_gives_memory_back) {
    runtime_t *rt = open_stage();
    role_t b = {.act = obey};
    role_t a = {.act = obey, .peer = cast(rt, &b)};
    actor_options_t options = {.mailbox_size = 512};
    cast_with(rt, &a, &options);
    for (int i = 0; i < 200; i++)
        tell(rt, a.id, WATCH);
    settle(rt);
    tell(rt, b.id, CRASH);
    runtime_run(rt);
    CHECK_EQ(a.count, 400);
    size_t blocks[2];
    for (int i = 0; i < 2; i++) {
        tell(rt, a.id, WATCH); /* at once: nobody is there */
        runtime_run(rt);
        blocks[i] = test_live_blocks();
    }
    CHECK_EQ(blocks[1], blocks[0]);
    close_stage(rt);
}

TEST_TABLE(links, TEST_ROW(a_link_works_both_ways),
           TEST_ROW(normal_ends_break_a_link_without_harm),
           TEST_ROW(who_traps_exits_is_told_of_every_end),
           TEST_ROW(trapping_can_be_switched_off_again),
           TEST_ROW(linking_twice_is_one_link_and_unlinking_undoes_it),
           TEST_ROW(linking_to_nobody_is_as_if_he_had_just_ended),
           TEST_ROW(a_monitor_is_told_once_and_only_him),
           TEST_ROW(a_dropped_monitor_is_silent_and_belongs_to_its_holder),
           TEST_ROW(monitoring_nobody_oneself_and_other_nodes),
           TEST_ROW(a_watcher_that_ends_first_leaves_nothing_behind),
           TEST_ROW(both_ends_die_in_one_turn),
           TEST_ROW(one_end_is_told_to_all_its_watchers),
           TEST_ROW(notices_pass_a_full_mailbox),
           TEST_ROW(links_and_monitors_survive_each_failed_allocation),
           TEST_ROW(the_table_of_monitors_gives_memory_back))
