/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/registry_sync.h"

#include "ipc/registry_message.h"
#include "ipc/registry_stage.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/mount.h"
#include "microkernel/transport.h"

#include <stdio.h>
#include <string.h>

static unsigned waited[2]; /* ends of waits, by is_known */

/* Node 2 says to node 1 that `name` is that actor's. */
static void claim(msg_type_t type, actor_id_t id, const char *name) {
    registry_message_t message = {.type = type, .id = id, .size = strlen(name)};
    memcpy(message.name, name, message.size + 1);
    uint8_t bytes[REGISTRY_MESSAGE_MAX];
    fleet_inject(2, 1, type, bytes, registry_message_encode(&message, bytes));
}

TEST(names_and_paths_are_known_on_both_sides) {
    open_nodes(2);
    actor_id_t a = fleet_spawn(1, NULL);
    actor_id_t b = fleet_spawn(2, NULL);
    give(1, "before", a);
    give(1, "/a/path", a);
    fleet_connect(1, 2);
    fleet_settle();
    CHECK_EQ(lookup(2, "before"), a);
    CHECK_EQ(lookup(2, "/a/path"), a);
    give(2, "later", b);
    give(2, "/b/path", b);
    fleet_settle();
    CHECK_EQ(lookup(1, "later"), b);
    CHECK_EQ(lookup(1, "/b/path"), b);
    CHECK(registry_sync_is_in_step(rt_of(1), 2));
    CHECK_EQ(names_unregister(rt_of(2), "later"), MK_OK);
    fleet_end(a);
    CHECK_EQ(lookup(1, "later"), 0);
    CHECK_EQ(lookup(2, "before"), 0);
    CHECK_EQ(lookup(2, "/a/path"), 0);
    CHECK_EQ(lookup(1, "/b/path"), b);
    fleet_close();
}

TEST(names_go_with_their_node_and_come_back_with_it) {
    open_nodes(2);
    actor_id_t b = fleet_spawn(2, NULL);
    give(2, "b", b);
    give(2, "/b", b);
    for (int i = 0; i < 3; i++) {
        fleet_connect(1, 2);
        fleet_settle();
        CHECK_EQ(lookup(1, "b"), b);
        CHECK_EQ(lookup(1, "/b"), b);
        CHECK(registry_sync_count(rt_of(1), 2) > 2);
        fleet_cut(1, 2);
        CHECK_EQ(lookup(1, "b"), 0);
        CHECK_EQ(lookup(1, "/b"), 0);
        CHECK_EQ(lookup(1, "/node/n2/b"), 0);
        CHECK_EQ(registry_sync_count(rt_of(1), 2), 0);
    }
    fleet_close();
}

TEST(sends_by_name_reach_the_other_node) {
    open_nodes(2);
    unsigned count = 0;
    actor_id_t b = fleet_spawn(2, &count);
    give(2, "b", b);
    give(2, "/b/path", b);
    fleet_connect(1, 2);
    fleet_settle();
    CHECK(actor_send_named(rt_of(1), "b", 7, "x", 1));
    CHECK(actor_send_named(rt_of(1), "/b/path", 7, "x", 1));
    CHECK(actor_send_named(rt_of(1), "/node/n2/b", 7, "x", 1));
    fleet_settle();
    CHECK_EQ(count, 3);
    fleet_close();
}

TEST(what_every_node_has_is_known_below_its_node_only) {
    open_nodes(2);
    actor_id_t b = fleet_spawn(2, NULL);
    CHECK_EQ(names_register_own(rt_of(2), "shell", b), MK_OK);
    give(2, "/sys/driver", b);
    fleet_connect(1, 2);
    fleet_settle();
    CHECK_EQ(lookup(1, "shell"), 0);
    CHECK_EQ(lookup(1, "/sys/driver"), 0);
    CHECK_EQ(lookup(1, "/node/n2/shell"), b);
    CHECK_EQ(lookup(1, "/node/n2/sys/driver"), b);
    CHECK_EQ(lookup(1, "ns"), lookup(1, "/sys/ns"));
    CHECK_EQ(actor_id_node(lookup(1, "ns")), 1);
    CHECK_EQ(lookup(1, "/node/n2/ns"), lookup(2, "ns"));
    CHECK_EQ(lookup(1, "/node/n2/sys/ns"), lookup(2, "ns"));
    CHECK_EQ(lookup(1, "/node/n2"), lookup(2, "ns"));
    CHECK_EQ(lookup(2, "/node/n2/shell"), b); /* a node knows itself so, too */
    CHECK_EQ(lookup(2, "/node/n2/nobody"), 0);
    CHECK_EQ(lookup(1, "/node/n3/shell"), 0);
    fleet_close();
}

TEST(a_path_of_ones_own_comes_before_that_of_another_node) {
    open_nodes(3);
    actor_id_t own[4];
    for (int i = 1; i <= 3; i++)
        give(i, "/node/hardware/led", own[i] = fleet_spawn(i, NULL));
    actor_id_t only = fleet_spawn(3, NULL);
    give(3, "/node/hardware/midi", only);
    fleet_connect(1, 2);
    fleet_connect(1, 3);
    fleet_settle();
    CHECK_EQ(lookup(1, "/node/hardware/led"), own[1]);
    CHECK_EQ(lookup(2, "/node/hardware/led"), own[2]);
    CHECK_EQ(lookup(1, "/node/n2/hardware/led"), own[2]);
    CHECK_EQ(lookup(1, "/node/n3/hardware/led"), own[3]);
    CHECK_EQ(lookup(1, "/node/hardware/midi"), only);
    CHECK_EQ(lookup(2, "/node/hardware/midi"), 0); /* not passed on */
    CHECK_EQ(names_unregister(rt_of(1), "/node/hardware/led"), MK_OK);
    CHECK_EQ(lookup(1, "/node/hardware/led"), own[2]);
    fleet_end(own[2]);
    pass_graces();
    CHECK_EQ(lookup(1, "/node/hardware/led"), own[3]);
    CHECK_EQ(fleet_sent(1, 2, MSG_NAME_CONFLICT), 0);
    fleet_close();
}

TEST(of_a_flat_name_the_first_owner_wins_and_the_other_is_told) {
    open_nodes(3);
    actor_id_t id[4];
    for (int i = 2; i <= 3; i++)
        give(i, "lamp", id[i] = fleet_spawn(i, NULL));
    fleet_connect(1, 2);
    fleet_settle();
    fleet_connect(1, 3);
    fleet_settle();
    CHECK_EQ(lookup(1, "lamp"), id[2]);
    CHECK_EQ(lookup(1, "/node/n2/lamp"), id[2]);
    CHECK_EQ(lookup(1, "/node/n3/lamp"), id[3]);
    CHECK_EQ(lookup(3, "lamp"), id[3]);
    CHECK_EQ(fleet_sent(1, 2, MSG_NAME_CONFLICT), 0);
    CHECK_EQ(fleet_sent(1, 3, MSG_NAME_CONFLICT), 1);
    /* Who asks for a name that is known is refused at once. */
    CHECK_EQ(names_register(rt_of(1), "lamp", fleet_spawn(1, NULL)), MK_EEXIST);
    fleet_end(id[2]);
    CHECK_EQ(lookup(1, "lamp"), 0);
    pass_graces();
    CHECK_EQ(lookup(1, "lamp"), id[3]);
    fleet_close();
}

/* One node alone has its turns. */
static void step_node(int node) {
    for (int i = 0; i < 20; i++)
        runtime_step(rt_of(node));
}

/* Node 3 claims the name of node 2 at node 1, which has no room to tell it so until
 * node 3 has a turn. */
static void refuse_without_room(actor_id_t id[4]) {
    open_nodes(3);
    for (int i = 1; i <= 3; i++)
        id[i] = fleet_spawn(i, NULL);
    give(2, "lamp", id[2]);
    fleet_connect(1, 2);
    fleet_settle();
    fleet_set_room(2);
    fleet_connect(1, 3);
    fleet_settle();
    give(3, "lamp", id[3]);
    for (char name[] = "a"; name[0] <= 'e'; name[0]++)
        give(1, name, id[1]);
    step_node(1);
    CHECK_EQ(lookup(1, "/node/n3/lamp"), id[3]);
    CHECK_EQ(fleet_sent(1, 3, MSG_NAME_CONFLICT), 0);
}

TEST(a_conflict_that_is_over_is_not_told) {
    enum { LASTS, OWNER_GOES, OWNER_NODE_GOES, CLAIM_GOES, CASES };
    for (int way = 0; way < CASES; way++) {
        actor_id_t id[4];
        refuse_without_room(id);
        if (way == OWNER_GOES) actor_stop(rt_of(2), id[2]);
        if (way == OWNER_NODE_GOES)
            peer_end(rt_of(2), peers_find(rt_of(2), 1), MK_OK, "enough");
        if (way == CLAIM_GOES) CHECK_EQ(names_unregister(rt_of(3), "lamp"), MK_OK);
        step_node(2);
        step_node(1);
        fleet_settle();
        CHECK_EQ(fleet_sent(1, 3, MSG_NAME_CONFLICT), way == LASTS);
        pass_graces();
        CHECK_EQ(fleet_sent(1, 3, MSG_NAME_CONFLICT), way == LASTS);
        bool is_given = way == OWNER_GOES || way == OWNER_NODE_GOES;
        CHECK_EQ(lookup(1, "lamp"), is_given ? id[3] : id[2]);
        CHECK_EQ(lookup(1, "e"), id[1]);
        fleet_close();
    }
}

TEST(a_conflict_with_the_next_owner_is_told) {
    actor_id_t id[4];
    refuse_without_room(id);
    actor_stop(rt_of(2), id[2]);
    step_node(2);
    step_node(1);
    fleet_settle();
    CHECK_EQ(fleet_sent(1, 3, MSG_NAME_CONFLICT), 0);
    give(1, "lamp", id[1]);
    pass_graces();
    CHECK_EQ(fleet_sent(1, 3, MSG_NAME_CONFLICT), 1); /* once */
    CHECK_EQ(lookup(3, "/node/n1/lamp"), id[1]);
    CHECK_EQ(lookup(3, "lamp"), id[3]);
    fleet_close();
}

TEST(an_owner_that_is_started_again_keeps_its_name) {
    open_nodes(2);
    actor_id_t first = fleet_spawn(1, NULL);
    actor_id_t other = fleet_spawn(2, NULL);
    give(1, "lamp", first);
    give(2, "lamp", other);
    fleet_connect(1, 2);
    fleet_settle();
    fleet_end(first);
    fleet_pass_ms(MK_NAME_GRACE_MS / 2);
    actor_id_t again = fleet_spawn(1, NULL);
    give(1, "lamp", again);
    fleet_pass_ms(3 * MK_NAME_GRACE_MS);
    fleet_pass_ms(3 * MK_NAME_GRACE_MS);
    CHECK_EQ(lookup(1, "lamp"), again);
    CHECK_EQ(lookup(2, "lamp"), other);
    CHECK_EQ(lookup(2, "/node/n1/lamp"), again);
    fleet_close();
}

TEST(a_name_that_moves_to_another_actor_follows_it) {
    open_nodes(2);
    fleet_connect(1, 2);
    actor_id_t one = fleet_spawn(1, NULL);
    actor_id_t two = fleet_spawn(1, NULL);
    give(1, "lamp", one);
    fleet_settle();
    fleet_hold(1, 2, true);
    CHECK_EQ(names_unregister(rt_of(1), "lamp"), MK_OK);
    give(1, "lamp", two);
    CHECK_EQ(names_unregister(rt_of(1), "lamp"), MK_OK);
    give(1, "lamp", two);
    fleet_hold(1, 2, false);
    fleet_settle();
    CHECK_EQ(lookup(2, "lamp"), two);
    CHECK_EQ(lookup(2, "/node/n1/lamp"), two);
    fleet_close();
}

TEST(a_node_speaks_for_its_own_actors_only) {
    static const actor_id_t bad[] = {(actor_id_t)1 << 32 | 5, (actor_id_t)3 << 32 | 5,
                                     (actor_id_t)2 << 32, 0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        open_nodes(2);
        fleet_connect(1, 2);
        fleet_settle();
        claim(MSG_NAME_REGISTER, bad[i], "lamp");
        fleet_settle();
        CHECK_EQ(lookup(1, "lamp"), 0);
        CHECK(!fleet_is_connected(1, 2));
        fleet_close();
    }
}

TEST(a_node_cannot_take_or_drop_what_is_not_its_own) {
    open_nodes(3);
    actor_id_t own = fleet_spawn(1, NULL);
    actor_id_t third = fleet_spawn(3, NULL);
    give(1, "mine", own);
    give(3, "third", third);
    give(3, "/third", third);
    fleet_connect(1, 3);
    fleet_connect(1, 2);
    fleet_settle();
    fleet_inject(2, 1, MSG_NAME_UNREGISTER, "mine", 4);
    fleet_inject(2, 1, MSG_NAME_UNREGISTER, "third", 5);
    fleet_inject(2, 1, MSG_PATH_UNREGISTER, "/third", 6);
    fleet_inject(2, 1, MSG_PATH_UNREGISTER, "/node/n3", 8);
    /* Nor can it say what another node has below its own name. */
    claim(MSG_PATH_REGISTER, actor_id_make(2, 77), "/node/n3/third");
    fleet_settle();
    CHECK_EQ(lookup(1, "mine"), own);
    CHECK_EQ(lookup(1, "third"), third);
    CHECK_EQ(lookup(1, "/third"), third);
    CHECK_EQ(lookup(1, "/node/n3/third"), third);
    CHECK_EQ(lookup(1, "/node/n3"), lookup(3, "ns"));
    fleet_close();
}

TEST(too_many_names_of_a_node_are_refused_and_it_is_told) {
    open_nodes(2);
    fleet_connect(1, 2);
    fleet_settle();
    for (unsigned i = 0; i < MK_PEER_NAMES + 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "x%u", i);
        claim(MSG_NAME_REGISTER, actor_id_make(2, 77), name);
        if (i % 1024 == 0) fleet_settle();
    }
    fleet_settle();
    CHECK_EQ(registry_sync_count(rt_of(1), 2), MK_PEER_NAMES);
    CHECK(fleet_sent(1, 2, MSG_NAME_CONFLICT) >= 10);
    CHECK_EQ(lookup(1, "x5"), actor_id_make(2, 77));
    CHECK(fleet_is_connected(1, 2));
    fleet_cut(1, 2);
    CHECK_EQ(lookup(1, "x5"), 0);
    fleet_close();
}

/* Names and paths in turn. */
static const char *mixed_name(int number) {
    static char name[32];
    snprintf(name, sizeof name, number % 2 ? "x%03d" : "/x/%03d", number);
    return name;
}

TEST(a_full_link_only_delays_names) {
    open_nodes(2);
    fleet_set_room(3);
    actor_id_t a = fleet_spawn(1, NULL);
    for (int i = 0; i < 300; i++)
        give(1, mixed_name(i), a);
    fleet_connect(1, 2);
    /* Change while the walk is under way: before it, behind it, on both sides. */
    for (int i = 0; i < 300; i += 7) {
        CHECK_EQ(names_unregister(rt_of(1), mixed_name(i)), MK_OK);
        if (i % 3 == 0) give(1, mixed_name(i), a);
        if (i == 140) fleet_settle();
    }
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "a%03d", i);
        give(1, name, a);
    }
    fleet_settle();
    for (int i = 0; i < 300; i++)
        CHECK_EQ(lookup(2, mixed_name(i)), i % 7 == 0 && i % 3 != 0 ? 0 : a);
    CHECK_EQ(lookup(2, "a039"), a);
    CHECK(registry_sync_is_in_step(rt_of(1), 2));
    fleet_close();
}

TEST(ten_thousand_names_take_many_small_steps) {
    open_nodes(2);
    actor_id_t a = fleet_spawn(1, NULL);
    char name[32];
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "x%05d", i);
        give(1, name, a);
    }
    fleet_connect(1, 2);
    size_t steps = 0;
    size_t last = fleet_sent(1, 2, MSG_NAME_REGISTER);
    while (!registry_sync_is_in_step(rt_of(1), 2)) {
        runtime_step(rt_of(1));
        size_t sent = fleet_sent(1, 2, MSG_NAME_REGISTER);
        CHECK(sent - last <= MK_NAME_BATCH);
        last = sent;
        CHECK(++steps < 1000);
    }
    CHECK(steps >= 10000 / MK_NAME_BATCH);
    fleet_settle();
    CHECK_EQ(lookup(2, "x00000"), a);
    CHECK_EQ(lookup(2, "x09999"), a);
    fleet_end(a);
    CHECK_EQ(lookup(2, "x09999"), 0);
    CHECK_EQ(registry_sync_count(rt_of(2), 1), 3); /* those of ns */
    fleet_close();
}

static bool count_dropped(runtime_t *rt, size_t *left) {
    char name[MK_NAME_MAX] = "";
    size_t count = 0;
    while (names_next(rt, NULL, name, NULL))
        count++;
    bool is_less = count < *left;
    CHECK(*left <= count + MK_NAME_BATCH);
    *left = count;
    return is_less;
}

TEST(names_of_a_gone_node_are_dropped_in_small_steps_and_not_found_meanwhile) {
    enum { NAMES = 10000 };
    open_nodes(3);
    actor_id_t a = fleet_spawn(1, NULL), b = fleet_spawn(2, NULL);
    actor_id_t d = fleet_spawn(3, NULL);
    char name[32];
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "x%05d", i);
        give(1, name, a);
    }
    give(1, "/x/path", a);
    fleet_connect(1, 2);
    fleet_connect(2, 3);
    fleet_settle();
    CHECK_EQ(lookup(2, "x09999"), a);
    peer_end(rt_of(2), peers_find(rt_of(2), 1), MK_OK, "enough");
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "x%05d", i);
        CHECK_EQ(lookup(2, name), 0);
    }
    CHECK_EQ(lookup(2, "/x/path"), 0);
    CHECK(!actor_send_named(rt_of(2), "x09998", 1, NULL, 0));
    /* Who wants one gets it: an actor of ours, another node, and the node itself. */
    give(2, "x09999", b);
    CHECK_EQ(lookup(2, "x09999"), b);
    give(3, "x09998", d);
    runtime_step(rt_of(2));
    runtime_step(rt_of(2));
    CHECK_EQ(lookup(2, "x09998"), d);
    size_t left = 0;
    char first[MK_NAME_MAX] = "";
    while (names_next(rt_of(2), NULL, first, NULL))
        left++;
    CHECK(left > NAMES / 2);
    size_t steps = 0;
    while (left > 30) {
        runtime_step(rt_of(2));
        steps += count_dropped(rt_of(2), &left);
    }
    CHECK(steps >= NAMES / 2 / MK_NAME_BATCH);
    CHECK_EQ(lookup(2, "x09999"), b);
    CHECK_EQ(lookup(2, "x09998"), d);
    fleet_close();
}

TEST(a_node_that_comes_back_before_its_names_are_dropped_has_them) {
    enum { NAMES = 5000 };
    open_nodes(2);
    actor_id_t a = fleet_spawn(1, NULL);
    char name[32];
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, i % 2 ? "x%05d" : "/x/%05d", i);
        give(1, name, a);
    }
    for (int times = 0; times < 4; times++) {
        fleet_connect(1, 2);
        fleet_settle();
        for (int i = 0; i < NAMES; i += 7) {
            snprintf(name, sizeof name, i % 2 ? "x%05d" : "/x/%05d", i);
            CHECK_EQ(lookup(2, name), a);
        }
        peer_end(rt_of(1), peers_find(rt_of(1), 2), MK_OK, "again");
        for (int i = 0; i < 3 || fleet_is_connected(1, 2); i++)
            runtime_step(rt_of(2));
    }
    CHECK_EQ(lookup(2, "x00001"), 0);
    CHECK_EQ(lookup(2, "/x/00002"), 0);
    for (int i = 0; i < NAMES / MK_NAME_BATCH + 10; i++)
        runtime_step(rt_of(2));
    char rest[MK_NAME_MAX] = "";
    size_t left = 0;
    while (names_next(rt_of(2), NULL, rest, NULL))
        left++;
    CHECK(left < 30);
    fleet_close();
}

TEST(a_node_can_be_told_everything_again) {
    open_nodes(2);
    actor_id_t a = fleet_spawn(1, NULL);
    give(1, "lamp", a);
    fleet_connect(1, 2);
    fleet_settle();
    size_t sent = fleet_sent(1, 2, MSG_NAME_REGISTER);
    CHECK_EQ(registry_sync_again(rt_of(1), 2), MK_OK);
    fleet_settle();
    CHECK_EQ(fleet_sent(1, 2, MSG_NAME_REGISTER), 2 * sent);
    CHECK_EQ(lookup(2, "lamp"), a);
    CHECK_EQ(registry_sync_again(rt_of(1), 3), MK_ENOENT);
    fleet_close();
}

TEST(a_name_that_goes_while_all_are_told_again_is_taken_back) {
    open_nodes(2);
    fleet_set_room(3);
    actor_id_t a = fleet_spawn(1, NULL);
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, i % 2 ? "x%03d" : "/x/%03d", i);
        give(1, name, a);
    }
    fleet_connect(1, 2);
    fleet_settle();
    CHECK_EQ(lookup(2, "x019"), a);
    CHECK_EQ(lookup(2, "/x/018"), a);
    CHECK_EQ(registry_sync_again(rt_of(1), 2), MK_OK); /* three are told */
    CHECK_EQ(names_unregister(rt_of(1), "x019"), MK_OK);
    CHECK_EQ(names_unregister(rt_of(1), "/x/018"), MK_OK);
    fleet_settle();
    CHECK(registry_sync_is_in_step(rt_of(1), 2));
    CHECK_EQ(lookup(2, "x019"), 0);
    CHECK_EQ(lookup(2, "/x/018"), 0);
    CHECK_EQ(lookup(2, "x017"), a);
    fleet_close();
}

static bool count_conflicts(const char *line, size_t size, void *ctx) {
    unsigned *lines = ctx;
    (void)size;
    *lines += strstr(line, "has_it") != NULL;
    return true;
}

TEST(a_peer_that_refuses_a_name_again_and_again_does_not_fill_the_log) {
    unsigned lines = 0;
    open_nodes(2);
    CHECK(log_add_sink(rt_of(1), count_conflicts, &lines, LOG_LINE_TEXT) > 0);
    CHECK_EQ(log_enable(rt_of(1)), MK_OK);
    give(1, "lamp", fleet_spawn(1, NULL));
    fleet_connect(1, 2);
    registry_message_t message = {.type = MSG_NAME_CONFLICT,
                                  .id = actor_id_make(2, 77),
                                  .size = 4,
                                  .name = "lamp"};
    uint8_t bytes[REGISTRY_MESSAGE_MAX];
    size_t size = registry_message_encode(&message, bytes);
    for (int i = 0; i < 1000; i++) {
        fleet_inject(2, 1, MSG_NAME_CONFLICT, bytes, size);
        fleet_settle();
        log_flush(rt_of(1));
    }
    CHECK(lines > 0 && lines < 50);
    fleet_close();
}

TEST(a_refusal_of_what_nobody_else_has_is_no_news) {
    unsigned lines = 0;
    open_nodes(2);
    CHECK(log_add_sink(rt_of(1), count_conflicts, &lines, LOG_LINE_TEXT) > 0);
    CHECK_EQ(log_enable(rt_of(1)), MK_OK);
    actor_id_t lamp = fleet_spawn(1, NULL);
    give(1, "lamp", lamp);
    fleet_connect(1, 2);
    const actor_id_t owners[] = {ACTOR_ID_INVALID, lamp, actor_id_make(2, 77)};
    for (size_t i = 0; i < 3; i++) {
        registry_message_t message = {
            .type = MSG_NAME_CONFLICT, .id = owners[i], .size = 4, .name = "lamp"};
        uint8_t bytes[REGISTRY_MESSAGE_MAX];
        size_t size = registry_message_encode(&message, bytes);
        fleet_inject(2, 1, MSG_NAME_CONFLICT, bytes, size);
        fleet_settle();
        log_flush(rt_of(1));
        CHECK_EQ(lines, i < 2 ? 0 : 1);
    }
    fleet_close();
}

static void count_end(names_wait_t *wait, runtime_t *rt, bool is_known) {
    (void)wait, (void)rt;
    waited[is_known]++;
}

TEST(it_can_be_waited_for_that_names_are_known) {
    names_wait_t wait = {.on_end = count_end};
    list_init(&wait.node);
    waited[0] = waited[1] = 0;
    open_nodes(2);
    actor_id_t a = fleet_spawn(1, NULL);
    give(1, "/z", a);
    CHECK(!registry_sync_wait(rt_of(2), 1, &wait)); /* not connected */
    fleet_connect(1, 2);
    CHECK(registry_sync_wait(rt_of(2), 1, &wait));
    CHECK_EQ(lookup(2, "/z"), 0);
    while (waited[1] == 0) {
        runtime_step(rt_of(1));
        runtime_step(rt_of(2));
    }
    CHECK_EQ(lookup(2, "/z"), a);
    CHECK(!registry_sync_wait(rt_of(2), 1, &wait)); /* known already */
    fleet_cut(1, 2);
    fleet_connect(1, 2);
    CHECK(registry_sync_wait(rt_of(2), 1, &wait));
    fleet_cut(1, 2);
    CHECK_EQ(waited[0], 1);
    CHECK_EQ(waited[1], 1);
    fleet_close();
}

TEST(strangers_are_told_changes_and_the_rest_when_it_is_asked_for) {
    open_nodes(2);
    actor_id_t a = fleet_spawn(1, NULL);
    give(1, "old", a);
    fleet_connect_strangers(1, 2);
    fleet_settle();
    CHECK_EQ(fleet_sent(1, 2, MSG_NAME_REGISTER), 0);
    CHECK_EQ(lookup(2, "old"), 0);
    give(1, "new", a);
    fleet_settle();
    CHECK_EQ(lookup(2, "new"), a);
    struct transport transport = {.peer_node = 2};
    ns_sync_to_transport(rt_of(1), &transport);
    fleet_settle();
    CHECK_EQ(lookup(2, "old"), a);
    fleet_end(a);
    CHECK_EQ(lookup(2, "old"), 0);
    CHECK_EQ(lookup(2, "new"), 0);
    fleet_close();
}

TEST(the_tree_of_a_node_is_listed) {
    open_nodes(3);
    actor_id_t b = fleet_spawn(2, NULL);
    give(2, "lamp", b);
    give(2, "/demo/lamp", b);
    fleet_connect(1, 2);
    fleet_connect(1, 3);
    fleet_settle();
    static const char *const want[] = {"/node/n2/demo/lamp", "/node/n2/lamp",
                                       "/node/n2/ns", "/node/n2/sys/ns"};
    char path[NS_PATH_MAX] = "";
    actor_id_t id;
    path_origin_t origin;
    size_t count = 0;
    while (paths_next(rt_of(1), "/node/n2/", path, &id, &origin)) {
        CHECK(count < 4);
        CHECK_STR(path, want[count++]);
        CHECK_EQ(actor_id_node(id), 2);
        CHECK_EQ(origin, PATH_MOUNTED);
        CHECK_EQ(lookup(1, path), id);
    }
    CHECK_EQ(count, 4);
    /* The whole walk: ascending, and complete. */
    char last[NS_PATH_MAX] = "";
    path[0] = '\0';
    count = 0;
    while (paths_next(rt_of(1), NULL, path, &id, &origin)) {
        CHECK(strcmp(path, last) > 0);
        memcpy(last, path, sizeof last);
        count++;
    }
    CHECK_EQ(count, 1 + 4 + 3 + 2 + 1); /* demo, of n2, the nodes, of n3, sys */
    fleet_close();
}

TEST_TABLE(
    registry_sync, TEST_ROW(names_and_paths_are_known_on_both_sides),
    TEST_ROW(names_go_with_their_node_and_come_back_with_it),
    TEST_ROW(sends_by_name_reach_the_other_node),
    TEST_ROW(what_every_node_has_is_known_below_its_node_only),
    TEST_ROW(a_path_of_ones_own_comes_before_that_of_another_node),
    TEST_ROW(of_a_flat_name_the_first_owner_wins_and_the_other_is_told),
    TEST_ROW(a_conflict_that_is_over_is_not_told),
    TEST_ROW(a_conflict_with_the_next_owner_is_told),
    TEST_ROW(a_refusal_of_what_nobody_else_has_is_no_news),
    TEST_ROW(an_owner_that_is_started_again_keeps_its_name),
    TEST_ROW(a_name_that_moves_to_another_actor_follows_it),
    TEST_ROW(a_node_speaks_for_its_own_actors_only),
    TEST_ROW(a_node_cannot_take_or_drop_what_is_not_its_own),
    TEST_ROW(too_many_names_of_a_node_are_refused_and_it_is_told),
    TEST_ROW(a_full_link_only_delays_names),
    TEST_ROW(ten_thousand_names_take_many_small_steps),
    TEST_ROW(a_node_can_be_told_everything_again),
    TEST_ROW(it_can_be_waited_for_that_names_are_known),
    TEST_ROW(strangers_are_told_changes_and_the_rest_when_it_is_asked_for),
    TEST_ROW(the_tree_of_a_node_is_listed),
    TEST_ROW(names_of_a_gone_node_are_dropped_in_small_steps_and_not_found_meanwhile),
    TEST_ROW(a_node_that_comes_back_before_its_names_are_dropped_has_them),
    TEST_ROW(a_name_that_goes_while_all_are_told_again_is_taken_back),
    TEST_ROW(a_peer_that_refuses_a_name_again_and_again_does_not_fill_the_log))
