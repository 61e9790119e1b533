/* SPDX-License-Identifier: Apache-2.0 */
/* Monitors and links over nodes: told once, with the reason, whatever gets in between.
 */
#include "ipc/bonds.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "ipc/bond_message.h"
#include "ipc/fleet.h"
#include "microkernel/error.h"

#include <string.h>

enum { DO_MONITOR = 1, DO_DEMONITOR, DO_LINK, DO_UNLINK, DO_TRAP, DO_CRASH, DO_FINISH };
enum { PLAYERS = 8 };

typedef struct {
    actor_id_t id;
    actor_id_t other;     /* whom an order is about */
    monitor_id_t monitor; /* of the last DO_MONITOR */
    bool answer;          /* of the last order */
    unsigned downs;       /* MSG_DOWN received */
    unsigned exits;       /* MSG_EXIT received */
    unsigned ends;        /* times its state was freed */
    unsigned mail;        /* other messages received */
    unsigned mail_before; /* of these, before the last MSG_DOWN */
    down_payload_t down;  /* the last of either */
} player_t;

static player_t players[PLAYERS];

static bool play(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    player_t *me = state;
    switch (msg->type) {
    case DO_MONITOR:
        me->monitor = actor_monitor(rt, me->other);
        me->answer = me->monitor != 0;
        break;
    case DO_DEMONITOR: me->answer = actor_demonitor(rt, me->monitor); break;
    case DO_LINK: me->answer = actor_link(rt, me->other); break;
    case DO_UNLINK: me->answer = actor_unlink(rt, me->other); break;
    case DO_TRAP: actor_trap_exits(rt, true); break;
    case DO_CRASH: actor_exit(rt, EXIT_CRASHED, "told to"); break;
    case DO_FINISH: return false;
    case MSG_DOWN:
        me->downs++;
        me->mail_before = me->mail;
        memcpy(&me->down, msg->payload, sizeof me->down);
        break;
    case MSG_EXIT:
        me->exits++;
        memcpy(&me->down, msg->payload, sizeof me->down);
        break;
    default: me->mail++; break;
    }
    return true;
}

static void end_player(void *state) {
    ((player_t *)state)->ends++;
}

static player_t *cast(int at, int node) {
    player_t *player = &players[at];
    memset(player, 0, sizeof *player);
    player->id = actor_spawn(fleet_nodes[node], play, player, end_player, 16);
    CHECK(player->id != ACTOR_ID_INVALID);
    return player;
}

static void order_unsettled(const player_t *player, msg_type_t what) {
    CHECK(
        actor_send(fleet_nodes[actor_id_node(player->id)], player->id, what, NULL, 0));
}

static void order(player_t *player, msg_type_t what, actor_id_t other) {
    player->other = other;
    order_unsettled(player, what);
    fleet_settle();
}

static void open_pair(player_t **a, player_t **b) {
    fleet_open(2);
    for (int i = 1; i <= 2; i++)
        CHECK_EQ(bonds_start(fleet_nodes[i]), MK_OK);
    fleet_connect(1, 2);
    *a = cast(0, 1);
    *b = cast(1, 2);
}

static void check_no_bonds(void) {
    CHECK_EQ(bonds_count(fleet_nodes[1], 2), 0);
    CHECK_EQ(bonds_count(fleet_nodes[2], 1), 0);
}

TEST(a_monitor_tells_how_an_actor_of_another_node_ended) {
    static const msg_type_t ends[] = {DO_CRASH, DO_FINISH};
    for (int i = 0; i < 2; i++) {
        player_t *a, *b;
        open_pair(&a, &b);
        order(a, DO_MONITOR, b->id);
        CHECK(a->answer);
        CHECK_EQ(a->downs, 0);
        CHECK_EQ(bonds_count(fleet_nodes[2], 1), 1);
        order_unsettled(b, ends[i]);
        fleet_settle();
        CHECK_EQ(a->downs, 1);
        CHECK_EQ(a->down.actor_id, b->id);
        CHECK_EQ(a->down.monitor, a->monitor);
        CHECK_EQ(a->down.exit_reason, i == 0 ? EXIT_CRASHED : EXIT_NORMAL);
        CHECK_STR(a->down.text, i == 0 ? "told to" : "");
        check_no_bonds();
        fleet_close();
    }
}

TEST(a_monitor_of_nobody_or_of_no_node_is_told_at_once) {
    player_t *a, *b;
    open_pair(&a, &b);
    actor_stop(fleet_nodes[2], b->id);
    fleet_settle();
    order(a, DO_MONITOR, b->id);
    CHECK_EQ(a->downs, 1);
    CHECK_EQ(a->down.exit_reason, EXIT_NO_ACTOR);
    CHECK_EQ(a->down.actor_id, b->id);
    order(a, DO_MONITOR, actor_id_make(9, 1));
    CHECK_EQ(a->downs, 2);
    CHECK_EQ(a->down.exit_reason, EXIT_NODE_LOST);
    order(a, DO_MONITOR, actor_id_make(2, 0));
    CHECK_EQ(a->down.exit_reason, EXIT_NODE_LOST);
    check_no_bonds();
    fleet_close();
}

TEST(monitors_and_links_end_with_the_node) {
    player_t *a, *b;
    open_pair(&a, &b);
    player_t *linked = cast(2, 1);
    player_t *trapping = cast(3, 1);
    order(a, DO_MONITOR, b->id);
    order(linked, DO_LINK, b->id);
    order(trapping, DO_TRAP, 0);
    order(trapping, DO_LINK, b->id);
    player_t *there = cast(4, 2);
    order(there, DO_MONITOR, a->id);
    fleet_cut(1, 2);
    fleet_settle();
    CHECK_EQ(a->downs, 1);
    CHECK_EQ(a->down.exit_reason, EXIT_NODE_LOST);
    CHECK_STR(a->down.text, "its node is gone: cut");
    CHECK_EQ(linked->ends, 1);
    CHECK_EQ(trapping->exits, 1);
    CHECK_EQ(trapping->down.exit_reason, EXIT_NODE_LOST);
    CHECK_EQ(there->downs, 1);
    CHECK_EQ(b->ends, 1); /* it was linked, and traps nothing */
    fleet_close();
}

TEST(a_node_that_ends_takes_those_along_that_are_linked_to_its_actors) {
    player_t *a, *b;
    open_pair(&a, &b);
    player_t *watcher = cast(2, 1);
    order(a, DO_LINK, b->id);
    order(watcher, DO_MONITOR, b->id);
    fleet_end_node(2);
    fleet_settle();
    CHECK_EQ(a->ends, 1);
    CHECK_EQ(watcher->downs, 1);
    CHECK_EQ(watcher->down.exit_reason, EXIT_NODE_LOST);
    fleet_close();
}

TEST(a_monitor_taken_back_is_silent_and_leaves_nothing) {
    player_t *a, *b;
    open_pair(&a, &b);
    order(a, DO_MONITOR, b->id);
    order(a, DO_DEMONITOR, b->id);
    CHECK(a->answer);
    check_no_bonds();
    order(a, DO_DEMONITOR, b->id);
    CHECK(!a->answer);
    order_unsettled(b, DO_CRASH);
    fleet_settle();
    CHECK_EQ(a->downs, 0);
    /* Also when the end is under way already. */
    b = cast(1, 2);
    order(a, DO_MONITOR, b->id);
    fleet_hold(1, 2, true);
    order_unsettled(b, DO_CRASH);
    fleet_settle();
    order_unsettled(a, DO_DEMONITOR);
    fleet_settle();
    fleet_hold(1, 2, false);
    fleet_settle();
    CHECK_EQ(a->downs, 0);
    check_no_bonds();
    fleet_close();
}

TEST(a_watcher_that_ends_leaves_nothing_behind) {
    player_t *a, *b;
    open_pair(&a, &b);
    for (int i = 0; i < 10; i++)
        order(a, DO_MONITOR, b->id);
    CHECK_EQ(bonds_count(fleet_nodes[2], 1), 10);
    order_unsettled(a, DO_FINISH);
    fleet_settle();
    check_no_bonds();
    fleet_close();
}

TEST(what_was_sent_before_an_end_comes_before_it) {
    player_t *a, *b;
    open_pair(&a, &b);
    order(a, DO_MONITOR, b->id);
    for (int i = 0; i < 5; i++)
        CHECK(actor_send(fleet_nodes[2], a->id, 100, NULL, 0));
    order_unsettled(b, DO_CRASH);
    fleet_settle();
    CHECK_EQ(a->downs, 1);
    CHECK_EQ(a->mail_before, 5);
    fleet_close();
}

TEST(a_link_works_both_ways_over_nodes) {
    for (int who = 0; who < 4; who++) {
        player_t *a, *b;
        open_pair(&a, &b);
        player_t *asks = who % 2 ? a : b;
        order(asks, DO_LINK, asks == a ? b->id : a->id);
        CHECK(asks->answer);
        order_unsettled(who / 2 ? a : b, DO_CRASH);
        fleet_settle();
        CHECK_EQ(a->ends, 1);
        CHECK_EQ(b->ends, 1);
        check_no_bonds();
        fleet_close();
    }
}

TEST(a_link_to_nobody_is_as_if_he_had_just_ended) {
    player_t *a, *b;
    open_pair(&a, &b);
    actor_stop(fleet_nodes[2], b->id);
    fleet_settle();
    order(a, DO_TRAP, 0);
    order(a, DO_LINK, b->id);
    CHECK_EQ(a->exits, 1);
    CHECK_EQ(a->down.exit_reason, EXIT_NO_ACTOR);
    CHECK_EQ(a->down.actor_id, b->id);
    check_no_bonds();
    fleet_close();
}

TEST(unlinking_undoes_a_link_for_both) {
    for (int who = 0; who < 2; who++) {
        player_t *a, *b;
        open_pair(&a, &b);
        order(a, DO_LINK, b->id);
        order(a, DO_LINK, b->id);
        order(b, DO_LINK, a->id);
        CHECK(b->answer);
        actor_stats_t stats;
        CHECK(runtime_actor_stats(fleet_nodes[2], b->id, &stats));
        CHECK_EQ(stats.links, 1);
        player_t *undoes = who == 0 ? a : b;
        order(undoes, DO_UNLINK, who == 0 ? b->id : a->id);
        CHECK(undoes->answer);
        check_no_bonds();
        order(undoes, DO_UNLINK, who == 0 ? b->id : a->id);
        CHECK(!undoes->answer);
        order_unsettled(a, DO_CRASH);
        fleet_settle();
        CHECK_EQ(b->ends, 0);
        fleet_close();
    }
}

/* Orders cross on their way; whatever the order, in the end both sides agree. */
TEST(both_ends_of_a_link_agree_after_any_crossing) {
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        player_t *a, *b;
        open_pair(&a, &b);
        a->other = b->id;
        b->other = a->id;
        prng_t prng;
        prng_init(&prng, seed);
        for (int i = 0; i < 12; i++) {
            if (prng_below(&prng, 3) == 0) {
                fleet_hold(1, 2, false);
                fleet_settle();
            }
            fleet_hold(1, 2, prng_below(&prng, 4) != 0);
            order_unsettled(prng_below(&prng, 2) ? a : b,
                            prng_below(&prng, 2) ? DO_LINK : DO_UNLINK);
            fleet_settle();
        }
        fleet_hold(1, 2, false);
        fleet_settle();
        actor_stats_t of_a, of_b;
        CHECK(runtime_actor_stats(fleet_nodes[1], a->id, &of_a));
        CHECK(runtime_actor_stats(fleet_nodes[2], b->id, &of_b));
        CHECK_EQ(of_a.links, of_b.links);
        CHECK_EQ(bonds_count(fleet_nodes[1], 2), of_a.links);
        CHECK_EQ(bonds_count(fleet_nodes[2], 1), of_b.links);
        order_unsettled(a, DO_CRASH);
        fleet_settle();
        CHECK_EQ(b->ends, of_b.links);
        fleet_close();
    }
}

TEST(a_full_link_only_delays_the_news) {
    player_t *a, *b;
    fleet_open(2);
    fleet_set_room(2);
    for (int i = 1; i <= 2; i++)
        CHECK_EQ(bonds_start(fleet_nodes[i]), MK_OK);
    fleet_connect(1, 2);
    a = cast(0, 1);
    b = cast(1, 2);
    a->other = b->id;
    fleet_hold(1, 2, true);
    for (int i = 0; i < 10; i++)
        order_unsettled(a, DO_MONITOR);
    fleet_settle();
    CHECK_EQ(bonds_count(fleet_nodes[1], 2), 10);
    order(a, DO_DEMONITOR, b->id); /* the last one was never asked for */
    CHECK(a->answer);
    CHECK_EQ(bonds_count(fleet_nodes[1], 2), 9);
    fleet_hold(1, 2, false);
    fleet_settle();
    CHECK_EQ(bonds_count(fleet_nodes[2], 1), 9);
    fleet_hold(1, 2, true);
    order_unsettled(b, DO_CRASH);
    fleet_settle();
    CHECK_EQ(a->downs, 0);
    fleet_hold(1, 2, false);
    fleet_settle();
    CHECK_EQ(a->downs, 9);
    check_no_bonds();
    fleet_close();
}

TEST(a_forged_end_is_not_believed) {
    player_t *a, *b;
    open_pair(&a, &b);
    player_t *own = cast(2, 1);
    order(a, DO_MONITOR, b->id);
    order(own, DO_MONITOR, a->id); /* a local monitor has a number, too */
    bond_message_t message = {.type = MSG_NODE_EXITED, .reason = 2};
    uint8_t bytes[BOND_MESSAGE_MAX];
    for (uint32_t ref = 1; ref < 20; ref++) {
        message.ref = ref;
        message.near = actor_id_seq(b->id) + 1;
        fleet_inject(2, 1, message.type, bytes, bond_message_encode(&message, bytes));
        message.near = actor_id_seq(a->id);
        message.kind = EXITED_LINK;
        message.far = actor_id_seq(a->id);
        fleet_inject(2, 1, message.type, bytes, bond_message_encode(&message, bytes));
        message.kind = EXITED_MONITOR;
    }
    fleet_settle();
    CHECK_EQ(a->downs, 0);
    CHECK_EQ(own->downs, 0);
    CHECK_EQ(a->ends, 0);
    CHECK(fleet_is_connected(1, 2));
    fleet_close();
}

TEST(a_number_that_is_in_use_ends_the_link) {
    player_t *a, *b;
    open_pair(&a, &b);
    order(a, DO_MONITOR, b->id);
    bond_message_t message = {
        .type = MSG_NODE_MONITOR, .ref = a->monitor, .far = actor_id_seq(b->id)};
    uint8_t bytes[BOND_MESSAGE_MAX];
    fleet_inject(1, 2, message.type, bytes, bond_message_encode(&message, bytes));
    fleet_settle();
    CHECK(!fleet_is_connected(1, 2));
    CHECK_EQ(a->downs, 1);
    CHECK_EQ(a->down.exit_reason, EXIT_NODE_LOST);
    fleet_close();
}

TEST(too_many_monitors_of_a_node_are_refused_visibly) {
    player_t *a, *b;
    open_pair(&a, &b);
    bond_message_t message = {.type = MSG_NODE_MONITOR, .far = actor_id_seq(b->id)};
    uint8_t bytes[BOND_MESSAGE_MAX];
    for (uint32_t i = 0; i < MK_PEER_BONDS; i++) {
        message.ref = 1000000 + i;
        fleet_inject(1, 2, message.type, bytes, bond_message_encode(&message, bytes));
        if (i % 4096 == 0) fleet_settle();
    }
    fleet_settle();
    CHECK_EQ(bonds_count(fleet_nodes[2], 1), MK_PEER_BONDS);
    order(a, DO_MONITOR, b->id);
    CHECK_EQ(a->downs, 1);
    CHECK_EQ(a->down.exit_reason, EXIT_QUOTA);
    CHECK_EQ(bonds_count(fleet_nodes[2], 1), MK_PEER_BONDS);
    fleet_close();
}

/* One allocation fails, or all from then on until the end: whoever was promised news
 * gets it once there is memory again, and nothing is left on either side. */
static bool live_through_shortage(size_t nth, bool for_ever) {
    player_t *a, *b;
    open_pair(&a, &b);
    player_t *c = cast(2, 1);
    player_t *undoes = cast(3, 1);
    a->other = c->other = undoes->other = b->id;
    order(c, DO_TRAP, b->id);
    mk_alloc_fail_at(nth, for_ever);
    static const struct {
        int who;
        msg_type_t what;
    } orders[] = {{0, DO_MONITOR}, {2, DO_LINK},   {3, DO_MONITOR}, {3, DO_DEMONITOR},
                  {3, DO_LINK},    {3, DO_UNLINK}, {1, DO_CRASH}};
    bool is_watched = false;
    bool is_linked = false;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        player_t *who = &players[orders[i].who];
        who->answer = false;
        (void)actor_send(fleet_nodes[actor_id_node(who->id)], who->id, orders[i].what,
                         NULL, 0);
        fleet_settle();
        if (orders[i].who == 0) is_watched = who->answer;
        if (orders[i].who == 2) is_linked = who->answer;
    }
    bool was_hit = mk_alloc_fail_hit();
    mk_alloc_fail_at(0, false);
    actor_stop(fleet_nodes[2], b->id); /* if it was not told to */
    for (int i = 0; i < 5; i++)
        fleet_pass_ms(100);
    CHECK_EQ(a->downs, is_watched);
    CHECK_EQ(c->exits, is_linked);
    check_no_bonds();
    fleet_close();
    return was_hit;
}

TEST(short_memory_delays_news_and_loses_none) {
    for (int for_ever = 0; for_ever < 2; for_ever++)
        for (size_t nth = 1; live_through_shortage(nth, for_ever); nth++)
            CHECK(nth < 500);
}

TEST_TABLE(bonds, TEST_ROW(a_monitor_tells_how_an_actor_of_another_node_ended),
           TEST_ROW(a_monitor_of_nobody_or_of_no_node_is_told_at_once),
           TEST_ROW(monitors_and_links_end_with_the_node),
           TEST_ROW(a_node_that_ends_takes_those_along_that_are_linked_to_its_actors),
           TEST_ROW(a_monitor_taken_back_is_silent_and_leaves_nothing),
           TEST_ROW(a_watcher_that_ends_leaves_nothing_behind),
           TEST_ROW(what_was_sent_before_an_end_comes_before_it),
           TEST_ROW(a_link_works_both_ways_over_nodes),
           TEST_ROW(a_link_to_nobody_is_as_if_he_had_just_ended),
           TEST_ROW(unlinking_undoes_a_link_for_both),
           TEST_ROW(both_ends_of_a_link_agree_after_any_crossing),
           TEST_ROW(a_full_link_only_delays_the_news),
           TEST_ROW(a_forged_end_is_not_believed),
           TEST_ROW(a_number_that_is_in_use_ends_the_link),
           TEST_ROW(too_many_monitors_of_a_node_are_refused_visibly),
           TEST_ROW(short_memory_delays_news_and_loses_none))
