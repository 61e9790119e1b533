/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes shake hands over links in memory: welcome, refusal, both at once in every
 * order, strangers that say something else or nothing. */
#include "ipc/ipc_stage.h"

#include "base/prng.h"
#include "ipc/goodbye.h"
#include "ipc/shake.h"

enum { TIMEOUT_MS = 1000 };

/* One side of a shake. */
typedef struct {
    shake_t *shake;
    unsigned dones;
    int status;
    uint32_t code;
    node_id_t node;
    char identity[MK_NODE_NAME_MAX];
    char text[200];
} side_t;

static side_t sides[4];
static link_pair_t pair, second;

static void on_done(void *owner, runtime_t *rt, const shake_result_t *result) {
    side_t *side = owner;
    (void)rt;
    side->shake = NULL;
    side->dones++;
    side->status = result->status;
    side->code = result->code;
    side->node = result->node;
    strncpy(side->identity, result->identity, sizeof side->identity - 1);
    strncpy(side->text, result->text, sizeof side->text - 1);
    CHECK_STR(result->place, "pair");
}

static void begin(side_t *side, size_t at, link_t *link, bool is_ours) {
    *side = (side_t){.dones = 0};
    shake_spec_t spec = {is_ours, TIMEOUT_MS, on_done, side};
    CHECK_EQ(shake_start(nodes.rt[at], link, &spec, &side->shake), MK_OK);
}

/* Node `from` mounts node `to` over `link_pair`. */
static void begin_both(link_pair_t *link_pair, size_t from, size_t to, side_t *ours,
                       side_t *theirs) {
    link_pair_open(link_pair, nodes.rt[from], nodes.rt[to], LINK_ROOM);
    begin(ours, from, &link_pair->a.link, true);
    begin(theirs, to, &link_pair->b.link, false);
}

static void end(void) {
    close_nodes();
    link_pair_close(&pair);
    link_pair_close(&second);
}

static void say(link_t *link, runtime_t *rt, msg_type_t type, const void *bytes,
                size_t size) {
    wire_message_t message = {0, 0, type, bytes, size};
    CHECK_EQ(link_send(link, rt, &message, true), MK_OK);
}

TEST(shake_makes_peers_of_two) {
    open_nodes(2);
    begin_both(&pair, 0, 1, &sides[0], &sides[1]);
    settle_nodes();
    for (size_t i = 0; i < 2; i++) {
        CHECK_EQ(sides[i].dones, 1);
        CHECK_EQ(sides[i].status, MK_OK);
        CHECK_EQ(sides[i].node, 2 - i);
    }
    CHECK_STR(sides[0].identity, "n2");
    const peer_facts_t *facts = peer_facts(peers_find(nodes.rt[0], 2));
    CHECK_EQ(facts->features, PEER_CREDIT | PEER_HEARTBEAT);
    CHECK_EQ(facts->credit, MK_PEER_CREDIT);
    CHECK_EQ(facts->heartbeat_ms, MK_PEER_HEARTBEAT_MS);
    CHECK(facts->is_ours && facts->boot != 0);
    CHECK(!peer_facts(peers_find(nodes.rt[1], 1))->is_ours);
    role_t role = {.act = NULL};
    CHECK(actor_send(nodes.rt[0], cast(nodes.rt[1], &role), 5, NULL, 0));
    settle_nodes();
    CHECK_EQ(role.count, 1);
    end();
}

TEST(shake_only_features_of_both_are_used) {
    open_nodes(2);
    CHECK_EQ(peers_offer(nodes.rt[0], PEER_NAMES | PEER_MONITORS), MK_OK);
    CHECK_EQ(peers_offer(nodes.rt[1], PEER_NAMES), MK_OK);
    begin_both(&pair, 0, 1, &sides[0], &sides[1]);
    settle_nodes();
    for (node_id_t i = 0; i < 2; i++)
        CHECK_EQ(peer_facts(peers_find(nodes.rt[i], 2 - i))->features,
                 PEER_CREDIT | PEER_HEARTBEAT | PEER_NAMES);
    end();
}

/* Both sides know why. */
static void check_refused(int status, uint32_t code, const char *words) {
    settle_nodes();
    for (size_t i = 0; i < 2; i++) {
        CHECK_EQ(sides[i].dones, 1);
        CHECK_EQ(sides[i].status, status);
        CHECK_EQ(sides[i].code, code);
        if (strstr(sides[i].text, words) == NULL) CHECK_STR(sides[i].text, words);
    }
}

TEST(shake_refuses_the_own_node) {
    open_nodes(1);
    link_pair_open(&pair, nodes.rt[0], nodes.rt[0], LINK_ROOM);
    begin(&sides[0], 0, &pair.a.link, true);
    begin(&sides[1], 0, &pair.b.link, false);
    check_refused(MK_EINVAL, HELLO_OWN_NODE, "that is this node itself");
    end();
}

TEST(shake_refuses_numbers_and_names_that_are_taken) {
    open_nodes(2);
    CHECK_EQ(node_set_identity(nodes.rt[1], "n1"), MK_OK);
    begin_both(&pair, 0, 1, &sides[0], &sides[1]);
    check_refused(MK_EEXIST, HELLO_NAME_TAKEN,
                  "node 1 says 'n1', which is that of node 2");
    end();

    open_nodes(2);
    runtime_destroy(nodes.rt[1]);
    nodes.rt[1] = runtime_init(1, 16);
    CHECK_EQ(node_set_identity(nodes.rt[1], "other"), MK_OK);
    begin_both(&pair, 0, 1, &sides[0], &sides[1]);
    check_refused(MK_EEXIST, HELLO_ID_TAKEN, "'n1' says 1, which is other");
    end();

    /* A third one that is up has the number. */
    open_nodes(3);
    peer_facts_t facts = facts_of(1);
    strncpy(facts.identity, "else", sizeof facts.identity - 1);
    facts.heartbeat_ms = 0; /* nobody is at the other end */
    link_pair_open(&second, nodes.rt[0], nodes.rt[2], LINK_ROOM);
    CHECK_EQ(peers_adopt(nodes.rt[0], &second.a.link, &facts), MK_OK);
    begin_both(&pair, 1, 0, &sides[0], &sides[1]);
    check_refused(MK_EEXIST, HELLO_ID_TAKEN, "'n2' says 2, which is another node's");
    end();
}

TEST(shake_refuses_a_node_that_is_mounted) {
    open_nodes(2);
    begin_both(&pair, 0, 1, &sides[0], &sides[1]);
    settle_nodes();
    begin_both(&second, 0, 1, &sides[0], &sides[1]);
    check_refused(MK_EEXIST, HELLO_MOUNTED, "the nodes are mounted already");
    link_pair_close(&second);
    begin_both(&second, 1, 0, &sides[0], &sides[1]);
    check_refused(MK_EEXIST, HELLO_MOUNTED, "the nodes are mounted already");
    CHECK_EQ(sides[0].node, 1); /* said in the goodbye */
    CHECK(peers_find(nodes.rt[0], 2) && peers_find(nodes.rt[1], 1));
    end();
}

TEST(shake_a_node_that_was_started_anew_takes_its_place) {
    open_nodes(2);
    begin_both(&pair, 0, 1, &sides[0], &sides[1]);
    settle_nodes();
    link_pair_hold(&pair, true); /* killed: nobody tells */
    close_node(1);
    open_node(1);
    begin_both(&second, 1, 0, &sides[2], &sides[3]);
    settle_nodes();
    CHECK_EQ(sides[2].status, MK_OK);
    CHECK_EQ(sides[3].status, MK_OK);
    CHECK(peer_link(peers_find(nodes.rt[0], 2)) == &second.b.link);
    check_logged(0, "the node has come back by another link");
    end();
}

TEST(shake_too_slow_is_refused) {
    open_nodes(2);
    begin_both(&pair, 0, 1, &sides[0], &sides[1]);
    link_pair_hold(&pair, true);
    pass_nodes_ms(TIMEOUT_MS + 2);
    CHECK_EQ(sides[0].status, MK_ETIMEOUT);
    CHECK_EQ(sides[1].status, MK_ETIMEOUT);
    CHECK_EQ(sides[1].code, HELLO_TOO_SLOW);
    end();
}

TEST(shake_a_link_that_breaks_is_told) {
    open_nodes(2);
    begin_both(&pair, 0, 1, &sides[0], &sides[1]);
    link_pair_cut(&pair);
    settle_nodes();
    CHECK_EQ(sides[0].status, MK_ECLOSED);
    CHECK_STR(sides[1].text, "cut");
    CHECK_EQ(sides[1].code, 0);
    end();
}

TEST(shake_may_be_cancelled) {
    open_nodes(2);
    begin_both(&pair, 0, 1, &sides[0], &sides[1]);
    shake_cancel(nodes.rt[0], sides[0].shake, HELLO_TOO_MANY);
    settle_nodes();
    CHECK_EQ(sides[0].dones, 0);
    CHECK_EQ(sides[1].dones, 1);
    shake_cancel(nodes.rt[0], NULL, HELLO_OK);
    end();
}

/* --- strangers --- */

static link_events_t quiet; /* of the test's own end */
static unsigned told;
static msg_type_t last_type;
static uint8_t last_bytes[HELLO_SIZE_MAX];
static goodbye_t last_goodbye;

static void keep(link_t *link, runtime_t *rt, const wire_message_t *message) {
    (void)link, (void)rt;
    last_type = message->type;
    if (message->payload_size <= sizeof last_bytes)
        memcpy(last_bytes, message->payload, message->payload_size);
    if (message->type == MSG_NODE_GOODBYE) CHECK(goodbye_read(message, &last_goodbye));
}

static void keep_down(link_t *link, runtime_t *rt, int reason, const char *text) {
    (void)link, (void)rt, (void)reason, (void)text;
    told++;
}

/* The test plays the node that begins; node 1 is the other side. */
static void begin_alone(void) {
    open_nodes(2);
    link_pair_open(&pair, nodes.rt[0], nodes.rt[1], LINK_ROOM);
    quiet = (link_events_t){.on_message = keep, .on_down = keep_down};
    pair.a.link.events = &quiet;
    last_goodbye = (goodbye_t){0};
    told = 0;
    begin(&sides[1], 1, &pair.b.link, false);
}

static void end_alone(void) {
    link_close(&pair.a.link, nodes.rt[0], true);
    end();
}

static hello_t stranger(void) {
    hello_t hello = {
        .node = 77, .identity = "stranger", .version = HELLO_VERSION, .boot = 5};
    memset(hello.nonce, 7, sizeof hello.nonce);
    return hello;
}

TEST(shake_refuses_what_is_no_hello) {
    static const struct {
        actor_id_t source, dest;
        msg_type_t type;
        size_t size;
        uint32_t code;
    } rows[] = {{0, 0, MSG_NODE_PING, 8, HELLO_NO_TURN},
                {0, 0, 5, 0, HELLO_NO_TURN},
                {0, ((actor_id_t)2 << 32) | 1, 5, 0, HELLO_NO_TURN},
                {1, 0, MSG_NODE_HELLO, HELLO_SIZE, HELLO_NO_TURN},
                {0, 0, MSG_NODE_HELLO, HELLO_SIZE, HELLO_NO_HELLO},
                {0, 0, MSG_NODE_HELLO, 3, HELLO_TRUNCATED},
                {0, 0, MSG_NODE_HELLO, HELLO_SIZE_MAX + 1, HELLO_NO_HELLO},
                {0, 0, MSG_NODE_GOODBYE, 5, HELLO_NO_TURN}};
    static const uint8_t zeros[HELLO_SIZE_MAX + 1];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_alone();
        wire_message_t message = {rows[i].source, rows[i].dest, rows[i].type, zeros,
                                  rows[i].size};
        CHECK_EQ(link_send(&pair.a.link, nodes.rt[0], &message, true), MK_OK);
        settle_nodes();
        CHECK_EQ(sides[1].dones, 1);
        CHECK_EQ(sides[1].code, rows[i].code);
        CHECK_EQ(last_goodbye.code, rows[i].code);
        CHECK_EQ(last_goodbye.node, 2);
        CHECK_EQ(told, 1);
        end_alone();
    }
}

TEST(shake_a_recorded_hello_is_worth_nothing) {
    uint8_t bytes[HELLO_SIZE];
    hello_t hello = stranger();
    hello_write(&hello, bytes);
    begin_alone();
    say(&pair.a.link, nodes.rt[0], MSG_NODE_HELLO, bytes, sizeof bytes);
    settle_nodes();
    CHECK_EQ(last_type, MSG_NODE_HELLO); /* the answer, with a nonce of its own */
    CHECK_MEM(last_bytes + 72, hello.nonce, HELLO_NONCE_SIZE);
    say(&pair.a.link, nodes.rt[0], MSG_NODE_HELLO, bytes, sizeof bytes);
    settle_nodes();
    CHECK_EQ(sides[1].code, HELLO_REPLAYED);
    CHECK_EQ(last_goodbye.code, HELLO_REPLAYED);
    CHECK(peers_find(nodes.rt[1], 77) == NULL);
    end_alone();
}

TEST(shake_our_hello_sent_back_is_noticed) {
    open_nodes(2);
    link_pair_open(&pair, nodes.rt[0], nodes.rt[1], LINK_ROOM);
    quiet = (link_events_t){.on_message = keep, .on_down = keep_down};
    pair.b.link.events = &quiet;
    begin(&sides[0], 0, &pair.a.link, true);
    settle_nodes();
    CHECK_EQ(last_type, MSG_NODE_HELLO);
    uint8_t bytes[HELLO_SIZE];
    memcpy(bytes, last_bytes, sizeof bytes);
    say(&pair.b.link, nodes.rt[1], MSG_NODE_HELLO, bytes, sizeof bytes);
    settle_nodes();
    CHECK_EQ(sides[0].code, HELLO_REFLECTED);
    end();
}

TEST(shake_an_honest_stranger_becomes_a_peer) {
    uint8_t bytes[HELLO_SIZE];
    hello_t hello = stranger();
    begin_alone();
    hello_write(&hello, bytes);
    say(&pair.a.link, nodes.rt[0], MSG_NODE_HELLO, bytes, sizeof bytes);
    settle_nodes();
    memcpy(hello.echo, last_bytes + 56, HELLO_NONCE_SIZE);
    hello_write(&hello, bytes);
    say(&pair.a.link, nodes.rt[0], MSG_NODE_HELLO, bytes, sizeof bytes);
    settle_nodes();
    CHECK_EQ(sides[1].status, MK_OK);
    CHECK(peers_find(nodes.rt[1], 77) != NULL);
    end_alone();
}

/* --- both at once --- */

/* Two links begun at once, each message delayed by chance: exactly one stays, the same
 * on both sides. */
static void shake_both(uint64_t seed) {
    prng_t prng;
    prng_init(&prng, seed);
    open_nodes_of_seed(2, seed);
    link_pair_open(&pair, nodes.rt[0], nodes.rt[1], LINK_ROOM);
    link_pair_open(&second, nodes.rt[1], nodes.rt[0], LINK_ROOM);
    pair.delay_ms = (uint32_t)prng_below(&prng, 8);
    second.delay_ms = (uint32_t)prng_below(&prng, 8);
    begin(&sides[0], 0, &pair.a.link, true);
    begin(&sides[1], 1, &pair.b.link, false);
    pass_nodes_ms(prng_below(&prng, 20));
    begin(&sides[2], 1, &second.a.link, true);
    begin(&sides[3], 0, &second.b.link, false);
    for (int i = 0; i < 60; i++) {
        pair.delay_ms = (uint32_t)prng_below(&prng, 8);
        second.delay_ms = (uint32_t)prng_below(&prng, 8);
        pass_nodes_ms(1);
    }
    peer_t *two = peers_find(nodes.rt[0], 2), *one = peers_find(nodes.rt[1], 1);
    CHECK(two != NULL && one != NULL);
    bool is_first = peer_link(two) == &pair.a.link;
    CHECK(peer_link(two) == (is_first ? &pair.a.link : &second.b.link));
    CHECK(peer_link(one) == (is_first ? &pair.b.link : &second.a.link));
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(sides[i].dones, 1);
        CHECK_EQ(sides[i].status == MK_OK, (i < 2) == is_first);
        if (sides[i].status == MK_OK) continue;
        CHECK(sides[i].code == HELLO_MOUNTED || sides[i].code == HELLO_OTHER_LINK);
    }
    /* No peer was up before, only to go again. */
    CHECK(!has_logged(0, "node down"));
    CHECK(!has_logged(1, "node down"));
    end();
}

TEST(shake_of_two_links_begun_at_once_one_stays) {
    for (uint64_t seed = 1; seed <= 1000; seed++)
        shake_both(seed);
}

/* --- memory and chance --- */

static void begin_and_finish(void *arg) {
    (void)arg;
    sim_reset(1);
    nodes.len = 2;
    for (size_t i = 0; i < 2; i++) {
        nodes.rt[i] = runtime_init((node_id_t)(i + 1), 16);
        if (nodes.rt[i] != NULL && node_set_identity(nodes.rt[i], i ? "b" : "a") < 0) {
            runtime_destroy(nodes.rt[i]);
            nodes.rt[i] = NULL;
        }
    }
    if (nodes.rt[0] != NULL && nodes.rt[1] != NULL) {
        link_pair_open(&pair, nodes.rt[0], nodes.rt[1], LINK_ROOM);
        sides[0] = sides[1] = (side_t){.dones = 0};
        shake_spec_t ours = {true, TIMEOUT_MS, on_done, &sides[0]};
        shake_spec_t theirs = {false, TIMEOUT_MS, on_done, &sides[1]};
        int a = shake_start(nodes.rt[0], &pair.a.link, &ours, &sides[0].shake);
        int b = shake_start(nodes.rt[1], &pair.b.link, &theirs, &sides[1].shake);
        pass_nodes_ms(2 * TIMEOUT_MS);
        CHECK_EQ(sides[0].dones, a == MK_OK);
        CHECK_EQ(sides[1].dones, b == MK_OK);
    }
    for (size_t i = 0; i < 2; i++)
        runtime_destroy(nodes.rt[i]);
    link_pair_close(&pair);
    sim_reset(1);
}

TEST(shake_survives_each_want_of_memory) {
    test_each_alloc_failure(begin_and_finish, NULL);
}

TEST(shake_without_chance_is_refused) {
    open_nodes(2);
    link_pair_open(&pair, nodes.rt[0], nodes.rt[1], LINK_ROOM);
    quiet = (link_events_t){.on_message = keep, .on_down = keep_down};
    pair.b.link.events = &quiet;
    sim_fail_port_at(1, false);
    shake_spec_t spec = {true, TIMEOUT_MS, on_done, &sides[0]};
    CHECK_EQ(shake_start(nodes.rt[0], &pair.a.link, &spec, &sides[0].shake), MK_EIO);
    CHECK(pair.a.is_closed);
    end();
}

TEST_TABLE(shake, TEST_ROW(shake_makes_peers_of_two),
           TEST_ROW(shake_only_features_of_both_are_used),
           TEST_ROW(shake_refuses_the_own_node),
           TEST_ROW(shake_refuses_numbers_and_names_that_are_taken),
           TEST_ROW(shake_refuses_a_node_that_is_mounted),
           TEST_ROW(shake_a_node_that_was_started_anew_takes_its_place),
           TEST_ROW(shake_too_slow_is_refused),
           TEST_ROW(shake_a_link_that_breaks_is_told), TEST_ROW(shake_may_be_cancelled),
           TEST_ROW(shake_refuses_what_is_no_hello),
           TEST_ROW(shake_a_recorded_hello_is_worth_nothing),
           TEST_ROW(shake_our_hello_sent_back_is_noticed),
           TEST_ROW(shake_an_honest_stranger_becomes_a_peer),
           TEST_ROW(shake_of_two_links_begun_at_once_one_stays),
           TEST_ROW(shake_survives_each_want_of_memory),
           TEST_ROW(shake_without_chance_is_refused))
