/* SPDX-License-Identifier: Apache-2.0 */
/* Every way to end, and what is told about it. */
#include "kernel/stage.h"

enum { GO = 1, OTHER = 2 };

static bool finish(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    (void)me;
    (void)msg;
    return false;
}

static bool crash_with_text(runtime_t *rt, role_t *me, message_t *msg) {
    (void)msg;
    actor_exit(rt, EXIT_CRASHED, "first");
    actor_exit(rt, EXIT_QUOTA, "second");
    return me->value == 0; /* whatever it returns */
}

static bool stop_self(runtime_t *rt, role_t *me, message_t *msg) {
    (void)msg;
    actor_stop(rt, me->id);
    CHECK(!actor_is_alive(rt, me->id));
    CHECK(!actor_send(rt, me->id, OTHER, NULL, 0));
    CHECK_EQ(actor_set_timer(rt, 1, false), TIMER_ID_INVALID);
    return true;
}

static bool crash_to_the_limit(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    (void)msg;
    char text[MK_EXIT_TEXT_MAX + 8];
    memset(text, 'x', sizeof text);
    memcpy(text + MK_EXIT_TEXT_MAX - 3,
           "\xe2\x82\xac"
           "end",
           7); /* a euro sign */
    actor_exit(rt, EXIT_CRASHED, text);
    return true;
}

/* Let one role end, with a parent and a monitor looking. */
static void check_end(bool (*act)(runtime_t *, role_t *, message_t *), uint64_t value,
                      uint8_t reason) {
    runtime_t *rt = open_stage();
    role_t parent = {0};
    role_t child = {.act = act, .value = value};
    actor_options_t options = {.parent = cast(rt, &parent)};
    actor_id_t id = cast_with(rt, &child, &options);
    tell(rt, id, GO);
    tell(rt, id, OTHER);
    runtime_counters_t before = runtime_counters(rt);
    settle(rt);
    CHECK_EQ(child.count, 1);
    CHECK_EQ(child.ends, 1);
    CHECK_EQ(parent.count, 1);
    CHECK_EQ(parent.types[0], MSG_CHILD_EXIT);
    CHECK_EQ(parent.child.child_id, id);
    CHECK_EQ(parent.child.exit_reason, reason);
    CHECK(!actor_is_alive(rt, id));
    CHECK(!actor_send(rt, id, GO, NULL, 0));
    CHECK(runtime_counters(rt).dead_letters >= before.dead_letters + 2);
    close_stage(rt);
}

TEST(each_end_is_told_to_the_parent_once) {
    check_end(finish, 0, EXIT_NORMAL);
    check_end(crash_with_text, 0, EXIT_CRASHED);
    check_end(crash_with_text, 1, EXIT_CRASHED);
    check_end(stop_self, 0, EXIT_KILLED);
    check_end(crash_to_the_limit, 0, EXIT_CRASHED);
}

static bool monitor_peer(runtime_t *rt, role_t *me, message_t *msg) {
    return msg->type == MSG_DOWN || actor_monitor(rt, me->peer) != 0;
}

static void check_text(bool (*act)(runtime_t *, role_t *, message_t *), uint8_t reason,
                       const char *text, size_t size) {
    runtime_t *rt = open_stage();
    role_t role = {.act = act};
    role_t watcher = {.act = monitor_peer, .peer = cast(rt, &role)};
    tell(rt, cast(rt, &watcher), GO);
    settle(rt);
    tell(rt, role.id, GO);
    settle(rt);
    CHECK_EQ(watcher.count, 2);
    CHECK_EQ(watcher.down.actor_id, role.id);
    CHECK_EQ(watcher.down.exit_reason, reason);
    if (text != NULL) CHECK_STR(watcher.down.text, text);
    if (text == NULL) CHECK_EQ(strlen(watcher.down.text), size);
    close_stage(rt);
}

TEST(the_first_reason_and_text_win) {
    check_text(crash_with_text, EXIT_CRASHED, "first", 0);
    check_text(finish, EXIT_NORMAL, "", 0);
}

TEST(a_text_is_cut_at_a_character) {
    check_text(crash_to_the_limit, EXIT_CRASHED, NULL, MK_EXIT_TEXT_MAX - 3);
}

TEST(asked_to_end_it_ends_with_shutdown) {
    runtime_t *rt = open_stage();
    role_t parent = {0};
    role_t child = {.act = finish};
    actor_options_t options = {.parent = cast(rt, &parent)};
    CHECK(actor_shutdown(rt, cast_with(rt, &child, &options)));
    settle(rt);
    CHECK_EQ(child.types[0], MSG_SHUTDOWN);
    CHECK_EQ(parent.child.exit_reason, EXIT_SHUTDOWN);
    CHECK(!actor_shutdown(rt, child.id));
    close_stage(rt);
}

static bool stop_peer(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == GO) actor_stop(rt, me->peer);
    return true;
}

TEST(a_child_stops_its_parent_and_lives_on) {
    runtime_t *rt = open_stage();
    role_t parent = {0};
    role_t child = {.act = stop_peer};
    actor_options_t options = {.parent = cast(rt, &parent)};
    child.peer = parent.id;
    actor_id_t id = cast_with(rt, &child, &options);
    tell(rt, parent.id, OTHER);
    tell(rt, id, GO);
    tell(rt, id, OTHER);
    settle(rt);
    CHECK_EQ(parent.ends, 1);
    CHECK_EQ(child.count, 2);
    actor_stop(rt, id); /* nobody is left to tell */
    settle(rt);
    CHECK_EQ(child.ends, 1);
    CHECK_EQ(runtime_counters(rt).exited, 2);
    close_stage(rt);
}

static bool stop_peer_by_timer(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type != MSG_TIMER) return actor_set_timer(rt, 5, false) != 0;
    actor_stop(rt, me->peer);
    return true;
}

TEST(a_timer_stops_another_and_its_owner) {
    runtime_t *rt = open_stage();
    role_t role = {.act = stop_peer_by_timer};
    role_t other = {0};
    role.peer = cast(rt, &other);
    tell(rt, cast(rt, &role), GO);
    settle(rt);
    tell(rt, other.id, OTHER);
    pass_ms(rt, 6);
    CHECK_EQ(other.ends, 1);
    role.peer = role.id;
    tell(rt, role.id, GO);
    pass_ms(rt, 6);
    pass_ms(rt, 6);
    CHECK_EQ(role.ends, 1);
    CHECK_EQ(runtime_counters(rt).timers, 0);
    close_stage(rt);
}

static bool link_then_stop_peer(runtime_t *rt, role_t *me, message_t *msg) {
    CHECK(actor_is_alive(rt, me->id));
    if (msg->type == GO) return actor_link(rt, me->peer);
    actor_stop(rt, me->peer);
    return true;
}

TEST(who_ends_by_a_link_in_its_own_turn_gets_no_further_message) {
    runtime_t *rt = open_stage();
    role_t other = {0};
    role_t role = {.act = link_then_stop_peer, .peer = cast(rt, &other)};
    actor_id_t id = cast(rt, &role);
    for (msg_type_t type = GO; type <= 5; type++)
        tell(rt, id, type);
    runtime_run(rt);
    CHECK_EQ(role.count, 2);
    CHECK_EQ(role.ends, 1);
    CHECK_EQ(runtime_counters(rt).actors, 0);
    CHECK_EQ(runtime_counters(rt).dead_letters, 3);
    close_stage(rt);
}

/* --- what a free_state may do --- */

typedef struct {
    runtime_t *rt;
    actor_id_t victim;
    actor_id_t spawned;
    unsigned calls;
    bool was_sent;
    role_t *role; /* to spawn */
} farewell_t;

static bool listen(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)state;
    return msg->type != OTHER;
}

static void say_farewell(void *state) {
    farewell_t *farewell = state;
    runtime_t *rt = farewell->rt;
    farewell->calls++;
    CHECK_EQ(actor_self(rt), ACTOR_ID_INVALID); /* in nobody's name */
    CHECK(actor_state(rt) == NULL);
    CHECK_EQ(actor_set_timer(rt, 1, false), TIMER_ID_INVALID);
    CHECK_EQ(actor_monitor(rt, farewell->victim), 0);
    actor_exit(rt, EXIT_CRASHED, "not mine"); /* ends nobody */
    runtime_step(rt);                         /* none of these does anything here */
    runtime_run(rt);
    runtime_destroy(rt);
    farewell->was_sent = actor_send(rt, farewell->victim, GO, NULL, 0);
    actor_stop(rt, farewell->victim);
    if (farewell->role == NULL) return;
    farewell->spawned = actor_spawn(rt, play, farewell->role, end_role, 4);
    (void)actor_send(rt, farewell->spawned, GO, NULL, 0);
}

static bool stop_peer_and_go_on(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == GO) actor_stop(rt, me->peer);
    if (msg->type == GO) CHECK(actor_is_alive(rt, me->id));
    return true;
}

TEST(a_free_state_may_send_stop_and_spawn) {
    runtime_t *rt = open_stage();
    role_t born = {0};
    role_t victim = {0};
    farewell_t farewell = {.rt = rt, .victim = cast(rt, &victim), .role = &born};
    actor_id_t id = actor_spawn(rt, listen, &farewell, say_farewell, 4);
    role_t killer = {.act = stop_peer_and_go_on, .peer = id};
    tell(rt, cast(rt, &killer), GO);
    tell(rt, killer.id, 3); /* the turn goes on after the clean-up */
    runtime_run(rt);
    CHECK_EQ(farewell.calls, 1);
    CHECK(farewell.was_sent);
    CHECK_EQ(victim.count, 0);
    CHECK_EQ(victim.ends, 1);
    CHECK_EQ(born.count, 1);
    CHECK_EQ(killer.count, 2);
    CHECK(actor_is_alive(rt, killer.id));
    close_stage(rt);
}

TEST(a_free_state_may_end_the_actor_whose_turn_it_is) {
    runtime_t *rt = open_stage();
    farewell_t farewell = {.rt = rt};
    role_t killer = {.act = stop_peer_and_go_on,
                     .peer = actor_spawn(rt, listen, &farewell, say_farewell, 4)};
    farewell.victim = cast(rt, &killer);
    tell(rt, killer.id, GO);
    tell(rt, killer.id, 3);
    runtime_run(rt);
    CHECK_EQ(killer.count, 1);
    CHECK_EQ(killer.ends, 1);
    CHECK_EQ(runtime_counters(rt).actors, 0);
    close_stage(rt);
}

TEST(at_the_end_of_the_runtime_a_free_state_meets_nobody) {
    runtime_t *rt = open_stage();
    role_t early = {0};
    role_t late = {0};
    role_t born = {0};
    farewell_t farewell[2] = {{.rt = rt}, {.rt = rt}};
    cast(rt, &early);
    for (int i = 0; i < 2; i++) {
        farewell[i].role = &born;
        (void)actor_spawn(rt, listen, &farewell[i], say_farewell, 4);
    }
    cast(rt, &late);
    farewell[0].victim = early.id;
    farewell[1].victim = late.id;
    close_stage(rt);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(farewell[i].calls, 1);
        CHECK(!farewell[i].was_sent);
        CHECK_EQ(farewell[i].spawned, ACTOR_ID_INVALID);
    }
    CHECK_EQ(early.ends + late.ends, 2);
}

/* --- many at once --- */

enum { CHAIN = STAGE_IS_LARGE ? 5000 : 60 };

static bool link_to_peer(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == OTHER) actor_exit(rt, EXIT_CRASHED, "domino");
    return msg->type != GO || actor_link(rt, me->peer);
}

TEST(a_long_chain_of_links_falls_without_recursion) {
    static role_t roles[CHAIN];
    memset(roles, 0, sizeof roles);
    runtime_t *rt = open_stage();
    for (size_t i = 0; i < CHAIN; i++) {
        roles[i].act = link_to_peer;
        if (i > 0) roles[i].peer = roles[i - 1].id;
        cast(rt, &roles[i]);
        if (i > 0) tell(rt, roles[i].id, GO);
    }
    settle(rt);
    tell(rt, roles[CHAIN / 2].id, OTHER);
    settle(rt);
    CHECK_EQ(runtime_counters(rt).actors, 0);
    CHECK_EQ(runtime_counters(rt).crashed, CHAIN);
    for (size_t i = 0; i < CHAIN; i++)
        CHECK_EQ(roles[i].ends, 1);
    close_stage(rt);
}

TEST(reasons_have_words) {
    for (unsigned reason = EXIT_NORMAL; reason <= EXIT_NO_ACTOR; reason++)
        CHECK(strcmp(exit_reason_name((uint8_t)reason), "unknown") != 0);
    CHECK_STR(exit_reason_name(EXIT_NODE_LOST), "node lost");
    CHECK_STR(exit_reason_name(EXIT_NO_ACTOR + 1), "unknown");
    CHECK_STR(exit_reason_name(255), "unknown");
    CHECK(!exit_is_abnormal(EXIT_NORMAL));
    CHECK(!exit_is_abnormal(EXIT_SHUTDOWN));
    CHECK(exit_is_abnormal(EXIT_KILLED));
}

TEST_TABLE(exit, TEST_ROW(each_end_is_told_to_the_parent_once),
           TEST_ROW(the_first_reason_and_text_win),
           TEST_ROW(a_text_is_cut_at_a_character),
           TEST_ROW(asked_to_end_it_ends_with_shutdown),
           TEST_ROW(a_child_stops_its_parent_and_lives_on),
           TEST_ROW(a_timer_stops_another_and_its_owner),
           TEST_ROW(who_ends_by_a_link_in_its_own_turn_gets_no_further_message),
           TEST_ROW(a_free_state_may_send_stop_and_spawn),
           TEST_ROW(a_free_state_may_end_the_actor_whose_turn_it_is),
           TEST_ROW(at_the_end_of_the_runtime_a_free_state_meets_nobody),
           TEST_ROW(a_long_chain_of_links_falls_without_recursion),
           TEST_ROW(reasons_have_words))
