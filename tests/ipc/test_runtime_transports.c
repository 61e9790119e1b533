/* SPDX-License-Identifier: Apache-2.0 */
/* Transports given to runtimes: mail between their actors, nodes up and down. */
#include "support/link_pair.h"
#include "support/test.h"

#include "base/alloc.h"
#include "ipc/peer.h"
#include "microkernel/log.h"
#include "microkernel/nodes.h"
#include "microkernel/runtime.h"
#include "microkernel/transport_tcp.h"
#include "microkernel/transport_udp.h"
#include "microkernel/transport_unix.h"
#include "sim/sim.h"

#include <string.h>

static const char path[] = "/run/node.sock";

typedef struct {
    runtime_t *rt;
    actor_id_t id;
    unsigned came;       /* messages of type 1 and 2 */
    unsigned ups, downs; /* of nodes */
    actor_id_t source;   /* of the last */
    char said[16];       /* of it */
} node_t;

enum { ASK = 1, ANSWER = 2, WATCH = 3 };

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    node_t *node = state;
    (void)self;
    switch (msg->type) {
    case WATCH: CHECK_EQ(nodes_subscribe(rt), MK_OK); break;
    case MSG_NODE_UP: node->ups++; break;
    case MSG_NODE_DOWN: node->downs++; break;
    case ASK:
        (void)actor_send(rt, msg->source, ANSWER, msg->payload, msg->payload_size);
    /* fall through */
    case ANSWER:
        node->came++;
        node->source = msg->source;
        memcpy(node->said, msg->payload, msg->payload_size);
        break;
    default: CHECK_EQ(msg->type, 0); break;
    }
    return true;
}

static void open_node(node_t *node, node_id_t id) {
    memset(node, 0, sizeof *node);
    node->rt = runtime_init(id, 64);
    CHECK(node->rt != NULL);
    node->id = actor_spawn(node->rt, behave, node, NULL, 64);
    CHECK(actor_send(node->rt, node->id, WATCH, NULL, 0));
    runtime_step(node->rt);
}

static void steps(node_t *a, node_t *b) {
    for (unsigned i = 0; i < 20; i++) {
        runtime_step(a->rt);
        runtime_step(b->rt);
        sim_advance(10 * 1000000u);
    }
}

typedef enum { UNIX, TCP, UDP, KINDS } kind_t;

static transport_t *listen_for(kind_t kind, node_id_t peer) {
    switch (kind) {
    case UNIX: return transport_unix_listen(path, peer);
    case TCP: return transport_tcp_listen(NULL, 4100, peer);
    default: return transport_udp_bind(NULL, 4100, peer);
    }
}

static transport_t *connect_to(kind_t kind, node_id_t peer) {
    switch (kind) {
    case UNIX: return transport_unix_connect(path, peer);
    case TCP: return transport_tcp_connect("127.0.0.1", 4100, peer);
    default: return transport_udp_connect(NULL, 4100, peer);
    }
}

TEST(actors_of_two_runtimes_ask_and_answer) {
    for (kind_t kind = UNIX; kind < KINDS; kind++) {
        sim_reset(1);
        node_t a, b;
        open_node(&a, 1);
        open_node(&b, 2);
        CHECK_EQ(runtime_get_transport_count(a.rt), 0);
        CHECK(!actor_send(a.rt, b.id, ASK, "hello", 6)); /* nobody knows node 2 */
        CHECK(runtime_add_transport(b.rt, listen_for(kind, 1)));
        CHECK(runtime_add_transport(a.rt, connect_to(kind, 2)));
        CHECK_EQ(runtime_get_transport_count(a.rt), 1);
        CHECK(actor_send(a.rt, b.id, ASK, "hello", 6));
        steps(&a, &b);
        CHECK_EQ(b.came, 1);
        CHECK_EQ(b.source, 0); /* it was sent from outside */
        CHECK_STR(b.said, "hello");
        CHECK_EQ(a.ups, 1);
        CHECK_EQ(b.ups, 1);
        runtime_destroy(a.rt);
        runtime_destroy(b.rt);
        CHECK_EQ(sim_handle_count(), 0);
    }
    sim_reset(1);
}

/* Sends to the id that its first message brings. */
static bool asker(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    node_t *node = state;
    (void)self;
    if (msg->type == WATCH) {
        actor_id_t to;
        memcpy(&to, msg->payload, sizeof to);
        CHECK(actor_send(rt, to, ASK, "ping", 5));
    } else {
        CHECK_EQ(msg->type, ANSWER);
        node->came += 100;
        node->source = msg->source;
    }
    return true;
}

TEST(an_answer_finds_its_way_back) {
    sim_reset(1);
    node_t a, b;
    open_node(&a, 1);
    open_node(&b, 2);
    CHECK(runtime_add_transport(b.rt, listen_for(UNIX, 1)));
    CHECK(runtime_add_transport(a.rt, connect_to(UNIX, 2)));
    actor_id_t id = actor_spawn(a.rt, asker, &a, NULL, 8);
    CHECK(actor_send(a.rt, id, WATCH, &b.id, sizeof b.id));
    steps(&a, &b);
    CHECK_EQ(b.source, id);
    CHECK_EQ(a.came, 100);
    CHECK_EQ(a.source, b.id);
    runtime_destroy(a.rt);
    runtime_destroy(b.rt);
    sim_reset(1);
}

TEST(a_listener_may_send_before_the_loop_has_looked) {
    sim_reset(1);
    node_t a, b;
    open_node(&a, 1);
    open_node(&b, 2);
    CHECK(runtime_add_transport(b.rt, listen_for(UNIX, 1)));
    CHECK(!actor_send(b.rt, a.id, ASK, "early", 6)); /* nobody has come */
    CHECK(runtime_add_transport(a.rt, connect_to(UNIX, 2)));
    CHECK(actor_send(b.rt, a.id, ASK, "now", 4));
    steps(&a, &b);
    CHECK_EQ(a.came, 1);
    CHECK_STR(a.said, "now");
    runtime_destroy(a.rt);
    runtime_destroy(b.rt);
    sim_reset(1);
}

TEST(a_listener_takes_the_next_peer_and_tells_of_both) {
    sim_reset(1);
    node_t a, b;
    open_node(&b, 2);
    CHECK(runtime_add_transport(b.rt, listen_for(TCP, 1)));
    for (unsigned round = 1; round <= 3; round++) {
        open_node(&a, 1);
        CHECK(runtime_add_transport(a.rt, connect_to(TCP, 2)));
        CHECK(actor_send(a.rt, b.id, ASK, "round", 6));
        steps(&a, &b);
        CHECK_EQ(b.came, round);
        CHECK_EQ(b.ups, round);
        CHECK_EQ(b.downs, round - 1);
        runtime_destroy(a.rt);
        open_node(&a, 1); /* somebody to step beside */
        steps(&a, &b);
        CHECK_EQ(b.downs, round);
        CHECK(!actor_send(b.rt, a.id, ASK, "gone", 5));
        CHECK_EQ(runtime_get_transport_count(b.rt), 1);
        runtime_destroy(a.rt);
    }
    runtime_destroy(b.rt);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(who_connected_loses_its_transport_with_the_peer) {
    sim_reset(1);
    node_t a, b;
    open_node(&a, 1);
    open_node(&b, 2);
    CHECK(runtime_add_transport(b.rt, listen_for(UNIX, 1)));
    CHECK(runtime_add_transport(a.rt, connect_to(UNIX, 2)));
    steps(&a, &b);
    runtime_destroy(b.rt);
    open_node(&b, 2);
    steps(&a, &b);
    CHECK_EQ(a.downs, 1);
    CHECK_EQ(runtime_get_transport_count(a.rt), 0);
    CHECK(runtime_add_transport(b.rt, listen_for(UNIX, 1)));
    CHECK(runtime_add_transport(a.rt, connect_to(UNIX, 2)));
    CHECK(actor_send(a.rt, b.id, ASK, "again", 6));
    steps(&a, &b);
    CHECK_STR(b.said, "again");
    runtime_destroy(a.rt);
    runtime_destroy(b.rt);
    sim_reset(1);
}

TEST(one_transport_for_a_node_and_none_for_ourselves) {
    sim_reset(1);
    node_t a;
    open_node(&a, 1);
    static const node_id_t bad[] = {0, 1};
    for (size_t i = 0; i < 2; i++) {
        transport_t *transport = listen_for(UNIX, bad[i]);
        CHECK(!runtime_add_transport(a.rt, transport));
        transport->destroy(transport); /* still ours */
    }
    CHECK(!runtime_add_transport(a.rt, NULL));
    CHECK(!runtime_add_transport(NULL, NULL));
    CHECK_EQ(runtime_get_transport_count(NULL), 0);
    for (node_id_t node = 2; node < 40; node++) { /* no limit of 16 */
        transport_t *transport =
            transport_tcp_listen(NULL, (uint16_t)(5000 + node), node);
        CHECK(runtime_add_transport(a.rt, transport));
    }
    CHECK_EQ(runtime_get_transport_count(a.rt), 38);
    transport_t *second = listen_for(UNIX, 7);
    CHECK(!runtime_add_transport(a.rt, second));
    second->destroy(second);
    CHECK_EQ(runtime_get_transport_count(a.rt), 38);
    runtime_destroy(a.rt);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

static bool keep_line(const char *line, size_t size, void *ctx) {
    if (size < 256) memcpy(ctx, line, size + 1);
    return true;
}

/* Adding it fails, and the last line of the log says why. */
static void check_refused(runtime_t *rt, transport_t *transport, const char *last,
                          const char *why) {
    CHECK(!runtime_add_transport(rt, transport));
    log_flush(rt);
    if (strstr(last, why) == NULL) CHECK_STR(last, why);
    CHECK(strstr(last, "a transport is not added") != NULL);
}

TEST(the_log_says_why_a_transport_is_not_added) {
    static char last[256];
    sim_reset(1);
    node_t a;
    open_node(&a, 1);
    CHECK(log_add_sink(a.rt, keep_line, last, LOG_LINE_TEXT) > 0);
    CHECK_EQ(log_enable(a.rt), MK_OK);
    check_refused(a.rt, NULL, last, "it is NULL");
    transport_t *first = listen_for(UNIX, 2);
    CHECK(runtime_add_transport(a.rt, first));
    transport_t *second = transport_tcp_listen(NULL, 5000, 2);
    check_refused(a.rt, second, last, "that node has a transport already");
    second->peer_node = 1;
    check_refused(a.rt, second, last, "its peer_node is this node");
    second->peer_node = 0;
    check_refused(a.rt, second, last, "its peer_node is 0");
    static link_pair_t pair;
    link_pair_open(&pair, a.rt, a.rt, 65536);
    CHECK_EQ(peers_adopt(a.rt, &pair.a.link, &(peer_facts_t){.node = 3}), MK_OK);
    second->peer_node = 3;
    check_refused(a.rt, second, last, "that node is connected already");
    second->peer_node = 4;
    int fd = second->fd;
    second->fd = -1;
    check_refused(a.rt, second, last, "it has no descriptor");
    second->fd = fd;
    mk_alloc_fail_at(1, true);
    bool is_added = runtime_add_transport(a.rt, second);
    mk_alloc_fail_at(0, false);
    CHECK(!is_added);
    log_flush(a.rt);
    CHECK(strstr(last, "out of memory") != NULL);
    CHECK(runtime_add_transport(a.rt, second)); /* nothing is wrong with it */
    runtime_destroy(a.rt);
    link_pair_close(&pair);
    runtime_t *nobody = runtime_init(0, 4);
    transport_t *third = listen_for(UNIX, 2);
    CHECK(log_add_sink(nobody, keep_line, last, LOG_LINE_TEXT) > 0);
    CHECK_EQ(log_enable(nobody), MK_OK);
    check_refused(nobody, third, last, "this node has no number");
    third->destroy(third);
    runtime_destroy(nobody);
    sim_reset(1);
}

TEST(a_descriptor_storm_does_not_spin_the_loop) {
    sim_reset(1);
    node_t b;
    open_node(&b, 2);
    CHECK(runtime_add_transport(b.rt, listen_for(UNIX, 1)));
    runtime_step(b.rt);
    int knock = port_socket_connect_unix(path);
    sim_net_set_descriptors(0); /* nobody can be accepted */
    uint64_t polls = runtime_counters(b.rt).polls;
    for (unsigned i = 0; i < 3; i++)
        runtime_step(b.rt);
    CHECK_EQ(runtime_counters(b.rt).polls, polls + 3);
    sim_net_set_descriptors(SIZE_MAX);
    for (unsigned i = 0; i < 30; i++) {
        runtime_step(b.rt);
        sim_advance(10 * 1000000u);
    }
    CHECK(actor_send(b.rt, actor_id_make(1, 1), ASK, "", 1)); /* accepted by now */
    port_socket_close(knock);
    runtime_destroy(b.rt);
    sim_reset(1);
}

static void add_one(void *unused) {
    (void)unused;
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 4);
    transport_t *transport = transport_unix_listen(path, 2);
    if (rt != NULL && transport != NULL && runtime_add_transport(rt, transport)) {
        CHECK_EQ(runtime_get_transport_count(rt), 1);
        transport = NULL;
    }
    if (transport != NULL) transport->destroy(transport);
    runtime_destroy(rt);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(add_one, NULL);
}

TEST_TABLE(runtime_transports, TEST_ROW(actors_of_two_runtimes_ask_and_answer),
           TEST_ROW(an_answer_finds_its_way_back),
           TEST_ROW(a_listener_may_send_before_the_loop_has_looked),
           TEST_ROW(a_listener_takes_the_next_peer_and_tells_of_both),
           TEST_ROW(who_connected_loses_its_transport_with_the_peer),
           TEST_ROW(one_transport_for_a_node_and_none_for_ourselves),
           TEST_ROW(the_log_says_why_a_transport_is_not_added),
           TEST_ROW(a_descriptor_storm_does_not_spin_the_loop),
           TEST_ROW(every_allocation_may_fail))
