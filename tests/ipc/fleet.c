/* SPDX-License-Identifier: Apache-2.0 */
/* fleet.c - a pair of link ends in memory for each two nodes; what is sent over them
 * is counted by type. */
#include "ipc/fleet.h"

#include "microkernel/error.h"
#include "support/link_pair.h"

#include <stdio.h>
#include <string.h>

enum { COUNTED_MAX = 16, MESSAGE_ROOM = sizeof(pair_message_t) + 64 };

typedef struct {
    msg_type_t type;
    size_t count;
} counted_t;

typedef struct {
    link_pair_t pair;
    bool is_used;                      /* opened once */
    counted_t counted[2][COUNTED_MAX]; /* of what end a, b has sent */
    size_t sent;                       /* by both */
} cable_t;

runtime_t *fleet_nodes[FLEET_MAX + 1];
static cable_t cables[FLEET_MAX + 1][FLEET_MAX + 1]; /* [a][b], a < b */
static size_t room_of_links;

static cable_t *cable_of(int a, int b) {
    return a < b ? &cables[a][b] : &cables[b][a];
}

static int send_counted(link_t *link, runtime_t *rt, const wire_message_t *message,
                        bool must) {
    link_end_t *end = MK_CONTAINER_OF(link, link_end_t, link);
    cable_t *cable = MK_CONTAINER_OF(end->pair, cable_t, pair);
    int result = link_pair_send(link, rt, message, must);
    if (result < 0) return result;
    cable->sent++;
    counted_t *counted = cable->counted[end == &cable->pair.b];
    for (size_t i = 0; i < COUNTED_MAX; i++) {
        if (counted[i].count > 0 && counted[i].type != message->type) continue;
        counted[i].type = message->type;
        counted[i].count++;
        break;
    }
    return result;
}

static const link_ops_t counting_ops = {send_counted, link_pair_pause, link_pair_end,
                                        link_pair_describe};

void fleet_open(int count) {
    sim_reset(1);
    memset(cables, 0, sizeof cables);
    room_of_links = 1u << 20;
    for (int i = 1; i <= count; i++) {
        runtime_t *rt = runtime_init((node_id_t)i, 1u << 20);
        CHECK(rt != NULL);
        fleet_nodes[i] = rt;
        char name[16];
        (void)snprintf(name, sizeof name, "n%d", i);
        CHECK_EQ(node_set_identity(rt, name), MK_OK);
        CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    }
}

void fleet_end_node(int node) {
    runtime_destroy(fleet_nodes[node]);
    fleet_nodes[node] = NULL;
}

void fleet_close(void) {
    for (int i = 1; i <= FLEET_MAX; i++)
        if (fleet_nodes[i] != NULL) fleet_end_node(i);
    for (int a = 1; a <= FLEET_MAX; a++)
        for (int b = a + 1; b <= FLEET_MAX; b++)
            if (cables[a][b].is_used) link_pair_close(&cables[a][b].pair);
    sim_reset(1);
}

static void adopt(int at, int of, link_end_t *end, bool is_stranger) {
    peer_facts_t facts = {.node = (node_id_t)of,
                          .features = PEER_CREDIT | PEER_NAMES | PEER_MONITORS,
                          .credit = 1u << 20};
    if (!is_stranger) (void)snprintf(facts.identity, sizeof facts.identity, "n%d", of);
    end->link.ops = &counting_ops;
    CHECK_EQ(peers_adopt(fleet_nodes[at], &end->link, &facts), MK_OK);
}

static void join(int a, int b, bool are_strangers) {
    if (a > b) {
        join(b, a, are_strangers);
        return;
    }
    cable_t *cable = cable_of(a, b);
    if (cable->is_used) link_pair_close(&cable->pair);
    memset(cable, 0, sizeof *cable);
    cable->is_used = true;
    link_pair_open(&cable->pair, fleet_nodes[a], fleet_nodes[b], room_of_links);
    adopt(a, b, &cable->pair.a, are_strangers);
    adopt(b, a, &cable->pair.b, are_strangers);
}

void fleet_connect(int a, int b) {
    join(a, b, false);
}

void fleet_connect_strangers(int a, int b) {
    join(a, b, true);
}

void fleet_cut(int a, int b) {
    cable_t *cable = cable_of(a, b);
    link_pair_cut(&cable->pair);
    for (int i = 0; i < 1000 && fleet_is_connected(a, b); i++) {
        if (fleet_nodes[a] != NULL) runtime_step(fleet_nodes[a]);
        if (fleet_nodes[b] != NULL) runtime_step(fleet_nodes[b]);
    }
    CHECK(!fleet_is_connected(a, b));
}

bool fleet_is_connected(int a, int b) {
    return (fleet_nodes[a] != NULL &&
            peers_find(fleet_nodes[a], (node_id_t)b) != NULL) ||
           (fleet_nodes[b] != NULL && peers_find(fleet_nodes[b], (node_id_t)a) != NULL);
}

void fleet_set_room(size_t messages) {
    room_of_links = messages * MESSAGE_ROOM;
}

void fleet_hold(int a, int b, bool is_held) {
    link_pair_hold(&cable_of(a, b)->pair, is_held);
}

void fleet_inject(int a, int b, msg_type_t type, const void *payload, size_t size) {
    peer_t *peer = peers_find(fleet_nodes[a], (node_id_t)b);
    CHECK(peer != NULL);
    CHECK_EQ(peer_send(fleet_nodes[a], peer, type, payload, size), MK_OK);
}

size_t fleet_sent(int a, int b, msg_type_t type) {
    const counted_t *counted = cable_of(a, b)->counted[a > b];
    for (size_t i = 0; i < COUNTED_MAX; i++)
        if (counted[i].count > 0 && counted[i].type == type) return counted[i].count;
    return 0;
}

static uint64_t count_progress(void) {
    uint64_t count = 0;
    for (int a = 1; a <= FLEET_MAX; a++) {
        if (fleet_nodes[a] != NULL) {
            runtime_counters_t counters = runtime_counters(fleet_nodes[a]);
            count += counters.delivered + counters.exited;
        }
        for (int b = a + 1; b <= FLEET_MAX; b++)
            count += cables[a][b].sent;
    }
    return count;
}

void fleet_settle(void) {
    for (int idle = 0; idle < 6;) {
        uint64_t before = count_progress();
        for (int i = 1; i <= FLEET_MAX; i++)
            if (fleet_nodes[i] != NULL) runtime_step(fleet_nodes[i]);
        idle = count_progress() != before ? 0 : idle + 1;
    }
}

void fleet_pass_ms(uint64_t ms) {
    fleet_settle();
    sim_advance(ms * 1000000);
    fleet_settle();
}

static bool live(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    unsigned *count = state;
    if (count != NULL) (*count)++;
    if (msg->type == MSG_FLEET_PING)
        (void)actor_send(rt, msg->source, MSG_FLEET_PONG, NULL, 0);
    return msg->type != MSG_FLEET_END;
}

actor_id_t fleet_spawn(int node, unsigned *count) {
    actor_id_t id = actor_spawn(fleet_nodes[node], live, count, NULL, 64);
    CHECK(id != ACTOR_ID_INVALID);
    return id;
}

void fleet_end(actor_id_t id) {
    actor_stop(fleet_nodes[actor_id_node(id)], id);
    fleet_settle();
}
