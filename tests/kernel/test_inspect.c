/* SPDX-License-Identifier: Apache-2.0 */
/* What shells are told is what holds. */
#include "kernel/stage.h"

enum { GO = 1, MANY = 100 };

TEST(actors_are_listed_in_the_order_of_their_birth) {
    runtime_t *rt = open_stage();
    static role_t role;
    role = (role_t){0};
    actor_id_t ids[MANY];
    for (int i = 0; i < MANY; i++)
        ids[i] = cast(rt, &role);
    for (int i = 0; i < MANY; i += 3)
        actor_stop(rt, ids[i]);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 66);
    settle(rt);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 66);
    actor_id_t listed[MANY];
    CHECK_EQ(runtime_list_actors(rt, listed, MANY), 66);
    for (size_t i = 1; i < 66; i++)
        CHECK(listed[i - 1] < listed[i]);
    CHECK_EQ(listed[0], ids[1]);
    CHECK_EQ(runtime_list_actors(rt, listed, 0), 0);
    listed[5] = 77;
    CHECK_EQ(runtime_list_actors(rt, listed, 5), 5); /* the oldest five, no more */
    CHECK_EQ(listed[4], ids[7]);
    CHECK_EQ(listed[5], 77);
    close_stage(rt);
}

TEST(facts_tell_status_mail_and_parent) {
    runtime_t *rt = open_stage();
    role_t parent = {0};
    role_t child = {0};
    actor_options_t options = {.mailbox_size = 5, .parent = cast(rt, &parent)};
    cast_with(rt, &child, &options);
    actor_info_t info;
    CHECK(runtime_actor_find(rt, child.id, &info));
    CHECK_EQ(info.id, child.id);
    CHECK_EQ(info.status, ACTOR_IDLE);
    CHECK_EQ(info.mailbox_used, 0);
    CHECK_EQ(info.mailbox_cap, 8);
    CHECK_EQ(info.parent, parent.id);
    tell(rt, child.id, GO);
    tell(rt, child.id, GO);
    CHECK(runtime_actor_find(rt, child.id, NULL));
    CHECK(runtime_actor_find(rt, child.id, &info));
    CHECK_EQ(info.status, ACTOR_READY);
    CHECK_EQ(info.mailbox_used, 2);
    actor_info_t all[4];
    CHECK_EQ(runtime_actor_info(rt, all, 4), 2);
    CHECK_EQ(all[0].id, parent.id);
    CHECK_EQ(all[0].parent, ACTOR_ID_INVALID);
    CHECK_EQ(all[1].mailbox_used, 2);
    actor_stop(rt, child.id);
    CHECK(!runtime_actor_find(rt, child.id, &info));
    actor_stats_t stats;
    CHECK(!runtime_actor_stats(rt, child.id, &stats));
    CHECK_EQ(runtime_actor_info(rt, all, 4), 1);
    close_stage(rt);
}

TEST(absurd_sizes_are_taken_for_what_there_is) {
    runtime_t *rt = open_stage();
    role_t role = {0};
    cast(rt, &role);
    actor_info_t info;
    actor_id_t id;
    CHECK_EQ(runtime_actor_info(rt, &info, SIZE_MAX), 1);
    /* Times the size of an id this is 0. */
    CHECK_EQ(runtime_actor_info(rt, &info, SIZE_MAX / sizeof(actor_id_t) + 1), 1);
    CHECK_EQ(info.id, role.id);
    CHECK_EQ(runtime_list_actors(rt, &id, SIZE_MAX), 1);
    CHECK_EQ(id, role.id);
    CHECK_EQ(runtime_actor_info(rt, &info, 0), 0);
    CHECK_EQ(runtime_actor_info(rt, NULL, 5), 1);
    CHECK_EQ(runtime_list_actors(rt, NULL, 5), 1);
    CHECK_EQ(runtime_list_actors(NULL, &id, 5), 0);
    CHECK_EQ(runtime_actor_info(NULL, &info, 5), 0);
    CHECK(!runtime_actor_find(NULL, role.id, &info));
    actor_stats_t stats;
    CHECK(!runtime_actor_stats(NULL, role.id, &stats));
    CHECK(!runtime_actor_stats(rt, role.id, NULL));
    close_stage(rt);
}

static bool look_at_oneself(runtime_t *rt, role_t *me, message_t *msg) {
    actor_info_t info;
    CHECK(runtime_actor_find(rt, me->id, &info));
    CHECK_EQ(info.status, ACTOR_RUNNING);
    if (msg->type == GO) sim_advance(me->value);
    return true;
}

TEST(time_is_measured_when_asked_for) {
    runtime_t *rt = open_stage();
    role_t role = {.act = look_at_oneself, .value = 1500};
    tell(rt, cast(rt, &role), GO);
    settle(rt);
    actor_stats_t stats;
    CHECK(runtime_actor_stats(rt, role.id, &stats));
    CHECK_EQ(stats.time_ns, 0);
    CHECK_EQ(stats.handled, 1);
    CHECK_EQ(stats.last_type, GO);
    runtime_measure_time(rt, true);
    for (int i = 0; i < 3; i++)
        tell(rt, role.id, GO);
    tell(rt, role.id, 7);
    runtime_run(rt);
    CHECK(runtime_actor_stats(rt, role.id, &stats));
    CHECK_EQ(stats.time_ns, 4500);
    CHECK_EQ(stats.handled, 5);
    CHECK_EQ(stats.last_type, 7);
    CHECK_EQ(stats.priority, ACTOR_PRIORITY_NORMAL);
    runtime_measure_time(rt, false);
    tell(rt, role.id, GO);
    settle(rt);
    CHECK(runtime_actor_stats(rt, role.id, &stats));
    CHECK_EQ(stats.time_ns, 4500);
    close_stage(rt);
}

/* Each send counts once: accepted, refused, or dead; each accepted message once:
 * delivered, waiting, dropped, or dead. */
TEST(the_counters_add_up) {
    runtime_t *rt = open_stage();
    role_t role = {0};
    role_t latest = {0};
    actor_options_t options = {.mailbox_size = 4};
    cast_with(rt, &role, &options);
    options.mailbox_policy = MAILBOX_KEEP_LATEST;
    cast_with(rt, &latest, &options);
    for (int i = 0; i < 6; i++) {
        (void)actor_send(rt, role.id, GO, NULL, 0);
        tell(rt, latest.id, GO);
        CHECK(!actor_send(rt, 999, GO, NULL, 0));
    }
    runtime_step(rt);
    CHECK(actor_shutdown(rt, latest.id));
    actor_stop(rt, latest.id);
    settle(rt);
    runtime_counters_t c = runtime_counters(rt);
    CHECK_EQ(c.sends, 4 + 6 + 1);
    CHECK_EQ(c.refused, 2);
    CHECK_EQ(c.dropped, 4);
    CHECK_EQ(c.delivered, 4);
    CHECK_EQ(c.dead_letters, 6 + 3);
    CHECK_EQ(c.sends + 6, c.delivered + c.dropped + c.dead_letters);
    CHECK_EQ(c.spawned, 2);
    CHECK_EQ(c.exited, 1);
    CHECK_EQ(c.crashed, 0);
    CHECK_EQ(c.actors, 1);
    close_stage(rt);
}

static void list_them(void *arg) {
    runtime_t *rt = arg;
    actor_info_t infos[2];
    actor_id_t ids[2];
    size_t count = runtime_actor_info(rt, infos, 2);
    CHECK(count == 2 || (count == 0 && mk_alloc_fail_hit()));
    CHECK_EQ(runtime_list_actors(rt, ids, 2), 2);
}

TEST(listing_survives_each_failed_allocation) {
    runtime_t *rt = open_stage();
    role_t roles[3] = {{0}};
    for (int i = 0; i < 3; i++)
        cast(rt, &roles[i]);
    test_each_alloc_failure(list_them, rt);
    close_stage(rt);
}

TEST_TABLE(inspect, TEST_ROW(actors_are_listed_in_the_order_of_their_birth),
           TEST_ROW(facts_tell_status_mail_and_parent),
           TEST_ROW(absurd_sizes_are_taken_for_what_there_is),
           TEST_ROW(time_is_measured_when_asked_for), TEST_ROW(the_counters_add_up),
           TEST_ROW(listing_survives_each_failed_allocation))
