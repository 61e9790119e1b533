/* SPDX-License-Identifier: Apache-2.0 */
/* Peers and the router over links in memory: mail, credit, rules, silence, ends. */
#include "ipc/ipc_stage.h"

#include "base/bytes.h"
#include "microkernel/nodes.h"

enum { GO = 1, MAIL = 7, MANY = 200 };

static link_pair_t pair;

/* --- mail --- */

static bool send_on(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == GO) me->value = actor_send(rt, me->peer, MAIL, "abcdefgh", 8);
    return true;
}

static bool answer(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == MAIL) {
        CHECK_EQ(msg->payload_size, 8);
        CHECK_MEM(msg->payload, "abcdefgh", 8);
        me->peer = msg->source;
        me->value = actor_send(rt, msg->source, MAIL + 1, NULL, 0);
    }
    return true;
}

TEST(peers_mail_goes_there_and_the_answer_comes_back) {
    open_nodes(2);
    role_t one = {.act = send_on}, two = {.act = answer};
    cast(nodes.rt[0], &one);
    one.peer = cast(nodes.rt[1], &two);
    tell(nodes.rt[0], one.id, GO);
    settle_nodes();
    CHECK_EQ(one.value, 0); /* nobody is connected */
    join(&pair, 0, 1);
    tell(nodes.rt[0], one.id, GO);
    settle_nodes();
    CHECK_EQ(one.value, 1);
    CHECK_EQ(two.value, 1);
    CHECK_EQ(two.peer, one.id);
    CHECK_EQ(one.count, 3);
    CHECK_EQ(one.types[2], MAIL + 1);
    CHECK_EQ(counts_of(0, 1)->sent, 1);
    CHECK_EQ(counts_of(0, 1)->sent_bytes, 8);
    CHECK_EQ(counts_of(0, 1)->received, 1);
    CHECK_EQ(counts_of(1, 0)->received_bytes, 8);
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_order_is_kept) {
    open_nodes(2);
    join(&pair, 0, 1);
    role_t two = {.act = NULL};
    actor_id_t id =
        cast_with(nodes.rt[1], &two, &(actor_options_t){.mailbox_size = 64});
    for (msg_type_t type = 100; type < 100 + ROLE_TYPES; type++)
        CHECK(actor_send(nodes.rt[0], id, type, NULL, 0));
    settle_nodes();
    CHECK_EQ(two.count, ROLE_TYPES);
    for (msg_type_t i = 0; i < ROLE_TYPES; i++)
        CHECK_EQ(two.types[i], 100 + i);
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_three_nodes_do_not_route_for_each_other) {
    static link_pair_t other;
    open_nodes(3);
    join(&pair, 0, 1);
    join(&other, 1, 2);
    role_t three = {.act = NULL};
    actor_id_t id = cast(nodes.rt[2], &three);
    CHECK(!actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    CHECK_EQ(runtime_counters(nodes.rt[0]).dead_letters, 1);
    CHECK(actor_send(nodes.rt[1], id, MAIL, NULL, 0));
    settle_nodes();
    CHECK_EQ(three.count, 1);
    close_nodes();
    link_pair_close(&pair);
    link_pair_close(&other);
}

static bool pass_on(runtime_t *rt, role_t *me, message_t *msg) {
    me->value = actor_forward(rt, me->peer, msg, true);
    if (!me->value) me->value = 2 + actor_forward(rt, me->peer, msg, false);
    return true;
}

TEST(peers_a_foreign_source_is_not_passed_on) {
    static link_pair_t other;
    open_nodes(3);
    join(&pair, 0, 1);
    join(&other, 1, 2);
    role_t one = {.act = send_on}, two = {.act = pass_on}, three = {.act = NULL};
    cast(nodes.rt[0], &one);
    one.peer = cast(nodes.rt[1], &two);
    two.peer = cast(nodes.rt[2], &three);
    tell(nodes.rt[0], one.id, GO);
    settle_nodes();
    CHECK_EQ(two.value, 3);
    CHECK_EQ(three.count, 1);
    close_nodes();
    link_pair_close(&pair);
    link_pair_close(&other);
}

TEST(peers_mail_for_nobody_and_full_mailboxes_are_dead_letters) {
    open_nodes(2);
    join(&pair, 0, 1);
    role_t two = {.act = NULL};
    actor_id_t id = cast_with(nodes.rt[1], &two, &(actor_options_t){.mailbox_size = 2});
    CHECK(actor_send(nodes.rt[0], actor_id_make(2, 999), MAIL, NULL, 0));
    settle_nodes();
    CHECK_EQ(runtime_counters(nodes.rt[1]).dead_letters, 1);
    CHECK_EQ(counts_of(1, 0)->undelivered, 1);
    check_logged(1, "mail for nobody");
    for (int i = 0; i < 6; i++)
        CHECK(actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    settle_nodes(); /* all arrive in one look, two fit */
    CHECK_EQ(two.count, 2);
    CHECK_EQ(counts_of(1, 0)->undelivered, 5);
    CHECK_EQ(runtime_counters(nodes.rt[1]).dead_letters, 5);
    check_logged(1, "the mailbox is full");
    close_nodes();
    link_pair_close(&pair);
}

/* --- rules --- */

/* A message that no honest node 1 sends, put onto the link as it is. */
static void forge(actor_id_t source, actor_id_t dest, msg_type_t type,
                  const void *payload, size_t size) {
    wire_message_t message = {source, dest, type, payload, size};
    CHECK_EQ(link_send(&pair.a.link, nodes.rt[0], &message, true), MK_OK);
    settle_nodes();
}

TEST(peers_believe_nothing) {
    open_nodes(2);
    join(&pair, 0, 1);
    role_t two = {.act = NULL};
    actor_id_t id = cast(nodes.rt[1], &two), from = actor_id_make(1, 5);
    forge(actor_id_make(3, 5), id, MAIL, NULL, 0); /* somebody else's actor */
    forge(actor_id_make(2, 5), id, MAIL, NULL, 0); /* ours */
    forge(from, actor_id_make(3, 1), MAIL, NULL, 0);
    forge(from, id, MSG_SHUTDOWN, NULL, 0);
    forge(from, id, MSG_DOWN, NULL, 0);
    forge(from, id, MSG_NODE_UP, NULL, 0);
    forge(from, id, MSG_HTTP_RESPONSE, NULL, 0); /* has sizes that are believed */
    forge(from, id, MSG_HTTP_DATA, NULL, 0);
    forge(from, id, MSG_NODE_CREDIT, NULL, 0);
    forge(from, id, MSG_NAME_REGISTER, NULL, 0);
    CHECK_EQ(two.count, 0);
    CHECK_EQ(counts_of(1, 0)->refused, 10);
    forge(0, ACTOR_ID_INVALID, MAIL, NULL, 0); /* to the node: nobody knows it */
    forge(0, ACTOR_ID_INVALID, MSG_NAME_REGISTER, NULL, 0);
    forge(actor_id_make(3, 1), ACTOR_ID_INVALID, MSG_NAME_REGISTER, NULL, 0);
    CHECK_EQ(counts_of(1, 0)->refused, 13);
    check_logged(1, "mail with a forged source refused");
    check_logged(1, "mail for another node refused");
    check_logged(1, "a notice of the system refused");
    check_logged(1, "a message to the node that nobody knows");
    forge(from, id, MAIL, NULL, 0); /* and it goes on */
    forge(0, id, MAIL, NULL, 0);
    CHECK_EQ(two.count, 2);
    close_nodes();
    link_pair_close(&pair);
}

/* Where a message goes, as the table of messages says. */
static const struct {
    msg_type_t type;
    const char *direction;
} directions[] = {
#define MK_MESSAGE(name, number, payload, direction, meaning) {number, direction},
#include "microkernel/message_ids.def"
#undef MK_MESSAGE
};

TEST(peers_refuse_to_send_what_would_be_refused) {
    open_nodes(2);
    for (size_t i = 0; i < sizeof directions / sizeof directions[0]; i++)
        if (strcmp(directions[i].direction, "node to node") == 0 &&
            !peer_is_control(directions[i].type))
            CHECK_EQ(directions[i].type, 0);
    join(&pair, 0, 1);
    CHECK(
        !actor__send_from(nodes.rt[0], 0, actor_id_make(2, 1), MSG_SHUTDOWN, NULL, 0));
    CHECK(!actor_send(nodes.rt[0], actor_id_make(2, 1), MSG_NAME_REGISTER, NULL, 0));
    CHECK(!actor_send(nodes.rt[0], actor_id_make(2, 0), MAIL, NULL, 0));
    CHECK_EQ(counts_of(0, 1)->sent, 0);
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_a_malformed_message_ends_the_link) {
    static const struct {
        msg_type_t type;
        size_t size;
        const char *why;
    } rows[] = {{MSG_NODE_PING, 7, "a ping of the wrong size"},
                {MSG_NODE_PING, 9, "a ping of the wrong size"},
                {MSG_NODE_PONG, 0, "a pong of the wrong size"},
                {MSG_NODE_CREDIT, 15, "credit for what was never sent"},
                {MSG_NODE_CREDIT, 16, "credit for what was never sent"},
                {MSG_NODE_GOODBYE, 7, "a goodbye that is too short"},
                {MSG_NODE_HELLO, 40, "a second hello"}};
    static const uint8_t bytes[64] = {1};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_nodes(2);
        join(&pair, 0, 1);
        settle_nodes();
        forge(0, ACTOR_ID_INVALID, rows[i].type, bytes, rows[i].size);
        CHECK(peers_find(nodes.rt[1], 1) == NULL);
        CHECK(peers_find(nodes.rt[0], 2) == NULL); /* it was told */
        check_logged(1, rows[i].why);
        check_logged(0, rows[i].why);
        close_nodes();
        link_pair_close(&pair);
    }
}

/* --- credit --- */

TEST(peers_what_is_under_way_is_bounded_by_credit) {
    static uint8_t payload[1000];
    open_nodes(2);
    peer_facts_t one = facts_of(0), two = facts_of(1);
    two.credit = 10 * 1032; /* ten messages */
    one.granted = two.credit;
    join_with(&pair, 0, 1, LINK_ROOM, &one, &two);
    role_t role = {.act = NULL};
    actor_id_t id =
        cast_with(nodes.rt[1], &role, &(actor_options_t){.mailbox_size = MANY});
    settle_nodes();
    link_pair_hold(&pair, true);
    for (int i = 0; i < 10; i++)
        CHECK(actor_send(nodes.rt[0], id, MAIL, payload, sizeof payload));
    CHECK(!actor_send(nodes.rt[0], id, MAIL, payload, sizeof payload));
    CHECK(!actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    CHECK_EQ(counts_of(0, 1)->held, 2);
    CHECK_EQ(runtime_counters(nodes.rt[0]).dead_letters, 2);
    link_pair_hold(&pair, false);
    settle_nodes();
    CHECK_EQ(role.count, 10);
    unsigned sent = 0;
    for (int i = 0; i < MANY; i++) { /* as fast as the window goes on */
        sent += actor_send(nodes.rt[0], id, MAIL, payload, sizeof payload);
        settle_nodes();
    }
    CHECK_EQ(sent, MANY);
    CHECK_EQ(role.count, 10 + MANY);
    pass_nodes_ms(MK_PEER_ACK_MS + 2);
    CHECK_EQ(counts_of(1, 0)->received, 10 + MANY);
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_one_message_may_be_larger_than_the_window) {
    static uint8_t payload[10000];
    open_nodes(2);
    peer_facts_t one = facts_of(0), two = facts_of(1);
    two.credit = one.granted = 1024;
    join_with(&pair, 0, 1, LINK_ROOM, &one, &two);
    role_t role = {.act = NULL};
    actor_id_t id = cast(nodes.rt[1], &role);
    CHECK(actor_send(nodes.rt[0], id, MAIL, payload, sizeof payload));
    CHECK(!actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    settle_nodes();
    CHECK_EQ(role.count, 1);
    CHECK(actor_send(nodes.rt[0], id, MAIL, payload, sizeof payload));
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_little_mail_is_told_after_a_while) {
    open_nodes(2);
    join(&pair, 0, 1);
    role_t role = {.act = NULL};
    actor_id_t id = cast(nodes.rt[1], &role);
    settle_nodes();
    unsigned before = pair.b.sent;
    CHECK(actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    CHECK(actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    settle_nodes();
    CHECK_EQ(pair.b.sent, before);
    pass_nodes_ms(MK_PEER_ACK_MS + 1);
    CHECK_EQ(pair.b.sent, before + 1);
    CHECK_EQ(pair.b.types[before], MSG_NODE_CREDIT);
    pass_nodes_ms(10 * MK_PEER_ACK_MS);
    CHECK_EQ(pair.b.sent, before + 1);
    link_pair_cut(&pair);
    settle_nodes();
    CHECK_EQ(runtime_counters(nodes.rt[0]).dead_letters, 0);
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_a_full_link_refuses_and_says_when_there_is_room) {
    open_nodes(2);
    peer_facts_t one = facts_of(0), two = facts_of(1);
    join_with(&pair, 0, 1, 10 * sizeof(pair_message_t), &one, &two);
    role_t role = {.act = NULL};
    actor_id_t id = cast(nodes.rt[1], &role);
    settle_nodes();
    link_pair_hold(&pair, true);
    unsigned sent = 0;
    while (actor_send(nodes.rt[0], id, MAIL, NULL, 0))
        sent++;
    CHECK_EQ(sent, 10);
    CHECK_EQ(counts_of(0, 1)->held, 1);
    link_pair_hold(&pair, false);
    settle_nodes();
    CHECK_EQ(role.count, 10);
    CHECK(actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_what_is_not_known_to_have_arrived_is_lost_and_counted) {
    open_nodes(2);
    join(&pair, 0, 1);
    role_t role = {.act = NULL};
    actor_id_t id = cast(nodes.rt[1], &role);
    CHECK(actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    pass_nodes_ms(MK_PEER_ACK_MS + 2);
    link_pair_hold(&pair, true);
    for (int i = 0; i < 5; i++)
        CHECK(actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    link_pair_cut(&pair);
    settle_nodes();
    CHECK(peers_find(nodes.rt[0], 2) == NULL);
    CHECK_EQ(role.count, 1);
    CHECK_EQ(runtime_counters(nodes.rt[0]).dead_letters, 5);
    check_logged(0, "lost=5");
    CHECK(!actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    close_nodes();
    link_pair_close(&pair);
}

/* --- silence --- */

TEST(peers_idle_ones_are_asked_and_answer) {
    open_nodes(2);
    join(&pair, 0, 1);
    pass_nodes_ms(60000);
    CHECK(peers_find(nodes.rt[0], 2) != NULL);
    CHECK(peer_round_trip_us(peers_find(nodes.rt[0], 2)) > 0);
    CHECK(pair.a.sent > 10);
    CHECK(pair.a.sent < 200);
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_a_round_trip_is_measured) {
    open_nodes(2);
    peer_facts_t one = facts_of(0), two = facts_of(1);
    pass_nodes_ms(1);
    link_pair_open(&pair, nodes.rt[0], nodes.rt[1], LINK_ROOM);
    pair.delay_ms = 7;
    CHECK_EQ(peers_adopt(nodes.rt[0], &pair.a.link, &two), MK_OK);
    CHECK_EQ(peers_adopt(nodes.rt[1], &pair.b.link, &one), MK_OK);
    CHECK_EQ(peer_round_trip_us(peers_find(nodes.rt[0], 2)), 0);
    pass_nodes_ms(30);
    uint32_t us = peer_round_trip_us(peers_find(nodes.rt[0], 2));
    CHECK(us >= 14000 && us <= 18000);
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_silence_is_the_end) {
    open_nodes(2);
    join(&pair, 0, 1);
    pass_nodes_ms(100);
    link_pair_hold(&pair, true);
    pass_nodes_ms(1000 * (MK_PEER_SILENCE - 1));
    CHECK(peers_find(nodes.rt[0], 2) != NULL);
    pass_nodes_ms(2100);
    CHECK(peers_find(nodes.rt[0], 2) == NULL);
    CHECK(peers_find(nodes.rt[1], 1) == NULL);
    check_logged(0, "no word from it for 3000 ms");
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_a_node_that_slept_gives_the_other_time_to_answer) {
    open_nodes(2);
    join(&pair, 0, 1);
    pass_nodes_ms(100);
    for (int i = 0; i < 5; i++) {
        sim_advance(UINT64_C(3600000) * NS_PER_MS_OF_STAGE); /* an hour */
        settle_nodes();
        CHECK(peers_find(nodes.rt[0], 2) != NULL);
        CHECK(peers_find(nodes.rt[1], 1) != NULL);
    }
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_without_heartbeats_silence_is_fine) {
    open_nodes(2);
    peer_facts_t one = facts_of(0), two = facts_of(1);
    one.heartbeat_ms = two.heartbeat_ms = 0;
    join_with(&pair, 0, 1, LINK_ROOM, &one, &two);
    pass_nodes_ms(60000);
    CHECK_EQ(pair.a.sent, 0);
    CHECK(peers_find(nodes.rt[0], 2) != NULL);
    close_nodes();
    link_pair_close(&pair);
}

/* --- ends --- */

TEST(peers_a_goodbye_says_why) {
    open_nodes(2);
    join(&pair, 0, 1);
    settle_nodes();
    peer_end(nodes.rt[0], peers_find(nodes.rt[0], 2), MK_OK, "we part\n");
    CHECK(peers_find(nodes.rt[0], 2) == NULL);
    settle_nodes();
    CHECK(peers_find(nodes.rt[1], 1) == NULL);
    check_logged(0, "we part\\\\x0a");
    check_logged(1, "the other side ended it: we part\\\\x0a");
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_an_end_delivers_what_was_sent_before) {
    open_nodes(2);
    join(&pair, 0, 1);
    role_t role = {.act = NULL};
    actor_id_t id = cast(nodes.rt[1], &role);
    CHECK(actor_send(nodes.rt[0], id, MAIL, NULL, 0));
    peer_end(nodes.rt[0], peers_find(nodes.rt[0], 2), MK_OK, NULL);
    settle_nodes();
    CHECK_EQ(role.count, 1);
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_a_node_that_ends_says_so) {
    open_nodes(2);
    join(&pair, 0, 1);
    settle_nodes();
    close_node(0);
    settle_nodes();
    CHECK(peers_find(nodes.rt[1], 1) == NULL);
    check_logged(1, "the node ends");
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_adoption_has_rules) {
    static link_pair_t other;
    open_nodes(2);
    join(&pair, 0, 1);
    link_pair_open(&other, nodes.rt[0], nodes.rt[1], LINK_ROOM);
    peer_facts_t facts = facts_of(1);
    CHECK_EQ(peers_adopt(nodes.rt[0], &other.a.link, &facts), MK_EEXIST);
    facts.node = 1;
    CHECK_EQ(peers_adopt(nodes.rt[0], &other.a.link, &facts), MK_EINVAL);
    facts.node = 0;
    CHECK_EQ(peers_adopt(nodes.rt[0], &other.a.link, &facts), MK_EINVAL);
    runtime_t *bare = runtime_init(0, 16);
    facts.node = 5;
    CHECK_EQ(peers_adopt(bare, &other.a.link, &facts), MK_ESTATE);
    runtime_destroy(bare);
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_are_walked_in_order_of_their_nodes) {
    enum { COUNT = 100 };
    static link_pair_t pairs[COUNT];
    open_nodes(2);
    for (unsigned i = 0; i < COUNT; i++) {
        peer_facts_t facts = facts_of(1);
        facts.node = 10 + i * 37 % COUNT; /* each once, in no order */
        link_pair_open(&pairs[i], nodes.rt[0], nodes.rt[1], LINK_ROOM);
        CHECK_EQ(peers_adopt(nodes.rt[0], &pairs[i].a.link, &facts), MK_OK);
    }
    node_id_t next = 10;
    for (peer_t *peer = peers_next(nodes.rt[0], NULL); peer != NULL; next++) {
        CHECK_EQ(peer_facts(peer)->node, next);
        peer = peers_next(nodes.rt[0], peer);
    }
    CHECK_EQ(next, 10 + COUNT);
    for (node_id_t node = 10; node < 10 + COUNT; node += 2)
        peer_end(nodes.rt[0], peers_find(nodes.rt[0], node), MK_OK, "");
    for (node_id_t node = 10; node < 10 + COUNT; node++)
        CHECK_EQ(peers_find(nodes.rt[0], node) != NULL, node % 2);
    close_nodes();
    for (unsigned i = 0; i < COUNT; i++)
        link_pair_close(&pairs[i]);
}

/* --- those who watch --- */

typedef struct {
    unsigned ups, downs, rooms, controls;
    int reason;
    char text[PEER_TEXT_MAX];
    bool ends_it; /* at on_up, and at a control message */
    int answer;   /* of on_control */
} watch_t;

static void watch_up(void *ctx, runtime_t *rt, peer_t *peer) {
    watch_t *watch = ctx;
    watch->ups++;
    if (watch->ends_it) peer_end(rt, peer, MK_EPERM, "not you");
}

static void watch_down(void *ctx, runtime_t *rt, peer_t *peer, int reason,
                       const char *text) {
    watch_t *watch = ctx;
    watch->downs++;
    watch->reason = reason;
    strncpy(watch->text, text, sizeof watch->text - 1);
    CHECK_EQ(peer_send(rt, peer, MSG_NAME_CONFLICT, NULL, 0), MK_ECLOSED);
    CHECK(peers_find(rt, peer_facts(peer)->node) == NULL);
}

static void watch_room(void *ctx, runtime_t *rt, peer_t *peer) {
    (void)rt, (void)peer;
    ((watch_t *)ctx)->rooms++;
}

static int watch_control(void *ctx, runtime_t *rt, peer_t *peer,
                         const wire_message_t *message) {
    watch_t *watch = ctx;
    (void)message;
    watch->controls++;
    if (watch->ends_it) peer_end(rt, peer, MK_EPERM, "not this");
    return watch->answer;
}

static const peer_observer_t watcher = {watch_up, watch_down, watch_room,
                                        watch_control};

TEST(peers_those_who_watch_are_told_once) {
    open_nodes(2);
    watch_t early = {.answer = MK_ENOENT}, late = {.answer = MK_OK};
    CHECK_EQ(peers_observe(nodes.rt[1], &watcher, &early), MK_OK);
    CHECK_EQ(peers_observe(nodes.rt[1], &watcher, &early), MK_EEXIST);
    join(&pair, 0, 1);
    CHECK_EQ(peers_observe(nodes.rt[1], &watcher, &late), MK_OK);
    CHECK_EQ(early.ups, 1);
    CHECK_EQ(late.ups, 1);
    forge(0, ACTOR_ID_INVALID, MSG_NAME_REGISTER, "x", 1);
    CHECK_EQ(early.controls, 1);
    CHECK_EQ(late.controls, 1);
    CHECK_EQ(counts_of(1, 0)->refused, 0);
    early.answer = MK_OK;
    forge(0, ACTOR_ID_INVALID, MSG_NAME_REGISTER, "x", 1);
    CHECK_EQ(early.controls, 2);
    CHECK_EQ(late.controls, 1);
    peers_unobserve(nodes.rt[1], &watcher, &late);
    early.answer = MK_EBADMSG;
    forge(0, ACTOR_ID_INVALID, MSG_NAME_REGISTER, "x", 1);
    CHECK_EQ(early.downs, 1);
    CHECK_EQ(early.reason, MK_EBADMSG);
    CHECK_STR(early.text, "a message to the node broke a rule");
    CHECK_EQ(late.downs, 0);
    CHECK(peers_find(nodes.rt[0], 2) == NULL);
    link_pair_close(&pair);
    join(&pair, 0, 1);
    early.answer = MK_ENOMEM;
    forge(0, ACTOR_ID_INVALID, MSG_NAME_REGISTER, "x", 1);
    CHECK_EQ(early.downs, 2);
    CHECK_EQ(early.reason, MK_ENOMEM);
    CHECK_STR(early.text, "no memory for what it says");
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_may_be_ended_by_who_is_told_of_them) {
    open_nodes(2);
    watch_t first = {.ends_it = true}, second = {.answer = MK_OK};
    CHECK_EQ(peers_observe(nodes.rt[1], &watcher, &first), MK_OK);
    CHECK_EQ(peers_observe(nodes.rt[1], &watcher, &second), MK_OK);
    join(&pair, 0, 1);
    CHECK_EQ(second.ups, 1);
    CHECK_EQ(first.downs, 1);
    CHECK_EQ(second.downs, 1);
    CHECK_STR(second.text, "not you");
    settle_nodes();
    CHECK(peers_find(nodes.rt[0], 2) == NULL);
    link_pair_close(&pair);

    first.ends_it = false;
    join(&pair, 0, 1);
    settle_nodes();
    first.ends_it = true;
    forge(0, ACTOR_ID_INVALID, MSG_NAME_REGISTER, "x", 1);
    CHECK_EQ(second.downs, 2);
    CHECK_STR(second.text, "not this");
    CHECK(peers_find(nodes.rt[1], 1) == NULL);
    close_nodes();
    link_pair_close(&pair);
}

TEST(peers_control_that_finds_no_room_is_told_of_room) {
    open_nodes(2);
    watch_t watch = {.answer = MK_OK};
    peer_facts_t one = facts_of(0), two = facts_of(1);
    CHECK_EQ(peers_observe(nodes.rt[0], &watcher, &watch), MK_OK);
    join_with(&pair, 0, 1, 4 * sizeof(pair_message_t), &one, &two);
    settle_nodes();
    link_pair_hold(&pair, true);
    peer_t *peer = peers_find(nodes.rt[0], 2);
    int result = MK_OK;
    while (result == MK_OK)
        result = peer_send(nodes.rt[0], peer, MSG_NAME_CONFLICT, NULL, 0);
    CHECK_EQ(result, MK_EFULL);
    CHECK_EQ(watch.rooms, 0);
    link_pair_hold(&pair, false);
    settle_nodes();
    CHECK_EQ(watch.rooms, 1);
    CHECK_EQ(peer_send(nodes.rt[0], peer, MSG_NAME_CONFLICT, NULL, 0), MK_OK);
    close_nodes();
    link_pair_close(&pair);
}

/* --- memory --- */

static void begin_and_end(void *arg) {
    (void)arg;
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 16);
    if (rt == NULL) return;
    peer_facts_t facts = facts_of(1);
    watch_t watch = {.answer = MK_OK};
    link_pair_open(&pair, rt, rt, LINK_ROOM);
    bool is_watched = peers_observe(rt, &watcher, &watch) == MK_OK;
    int result = peers_adopt(rt, &pair.a.link, &facts);
    CHECK(result == MK_OK || result == MK_ENOMEM);
    CHECK_EQ(watch.ups, is_watched && result == MK_OK);
    if (result == MK_OK) {
        (void)actor_send(rt, actor_id_make(2, 1), MAIL, "x", 1);
        peer_end(rt, peers_find(rt, 2), MK_OK, "enough");
        CHECK_EQ(watch.downs, watch.ups);
    }
    runtime_destroy(rt);
    link_pair_close(&pair);
    sim_reset(1);
}

TEST(peers_survive_each_want_of_memory) {
    test_each_alloc_failure(begin_and_end, NULL);
}

TEST_TABLE(peers, TEST_ROW(peers_mail_goes_there_and_the_answer_comes_back),
           TEST_ROW(peers_order_is_kept),
           TEST_ROW(peers_three_nodes_do_not_route_for_each_other),
           TEST_ROW(peers_a_foreign_source_is_not_passed_on),
           TEST_ROW(peers_mail_for_nobody_and_full_mailboxes_are_dead_letters),
           TEST_ROW(peers_believe_nothing),
           TEST_ROW(peers_refuse_to_send_what_would_be_refused),
           TEST_ROW(peers_a_malformed_message_ends_the_link),
           TEST_ROW(peers_what_is_under_way_is_bounded_by_credit),
           TEST_ROW(peers_one_message_may_be_larger_than_the_window),
           TEST_ROW(peers_little_mail_is_told_after_a_while),
           TEST_ROW(peers_a_full_link_refuses_and_says_when_there_is_room),
           TEST_ROW(peers_what_is_not_known_to_have_arrived_is_lost_and_counted),
           TEST_ROW(peers_idle_ones_are_asked_and_answer),
           TEST_ROW(peers_a_round_trip_is_measured), TEST_ROW(peers_silence_is_the_end),
           TEST_ROW(peers_a_node_that_slept_gives_the_other_time_to_answer),
           TEST_ROW(peers_without_heartbeats_silence_is_fine),
           TEST_ROW(peers_a_goodbye_says_why),
           TEST_ROW(peers_an_end_delivers_what_was_sent_before),
           TEST_ROW(peers_a_node_that_ends_says_so), TEST_ROW(peers_adoption_has_rules),
           TEST_ROW(peers_are_walked_in_order_of_their_nodes),
           TEST_ROW(peers_those_who_watch_are_told_once),
           TEST_ROW(peers_may_be_ended_by_who_is_told_of_them),
           TEST_ROW(peers_control_that_finds_no_room_is_told_of_room),
           TEST_ROW(peers_survive_each_want_of_memory))
