/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.c - the peers of the nodes are queues in memory here, so that a test decides
 * when a link is full, held or gone. */
#include "ipc/cluster.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/list.h"
#include "kernel/inside.h"
#include "kernel/part.h"
#include "kernel/router.h"
#include "microkernel/error.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    list_node_t node;
    wire_message_t message;
    unsigned char bytes[];
} queued_t;

enum { OBSERVERS_MAX = 8, COUNTED_MAX = 16 };

struct peer {
    peer_facts_t facts;
    runtime_t *rt;
    peer_t *other;      /* the same link seen from there; NULL once it is cut */
    list_node_t queue;  /* queued_t on their way to the other side */
    size_t queue_len;
    size_t room;
    bool is_held;
    bool wants_room;
    bool is_broken; /* cut, and not told yet */
    int reason;
    struct {
        msg_type_t type;
        size_t count;
    } counted[COUNTED_MAX];
};

typedef struct {
    router_t router;
    struct {
        const peer_observer_t *observer;
        void *ctx;
    } observers[OBSERVERS_MAX];
    size_t observers_len;
    peer_t *peers[CLUSTER_MAX + 1]; /* by node */
} node_t;

runtime_t *cluster_nodes[CLUSTER_MAX + 1];
static node_t nodes[CLUSTER_MAX + 1];
static size_t room_of_links;

static node_t *node_of(runtime_t *rt) {
    return &nodes[runtime_get_node_id(rt)];
}

/* --- the functions of peer.h --- */

peer_t *peers_find(runtime_t *rt, node_id_t node) {
    return node <= CLUSTER_MAX ? node_of(rt)->peers[node] : NULL;
}

peer_t *peers_next(runtime_t *rt, const peer_t *peer) {
    for (node_id_t i = peer != NULL ? peer->facts.node + 1 : 1; i <= CLUSTER_MAX; i++)
        if (node_of(rt)->peers[i] != NULL) return node_of(rt)->peers[i];
    return NULL;
}

const peer_facts_t *peer_facts(const peer_t *peer) {
    return &peer->facts;
}

static void count_sent(peer_t *peer, msg_type_t type) {
    for (size_t i = 0; i < COUNTED_MAX; i++) {
        if (peer->counted[i].count > 0 && peer->counted[i].type != type) continue;
        peer->counted[i].type = type;
        peer->counted[i].count++;
        return;
    }
}

static int enqueue(peer_t *peer, const wire_message_t *message) {
    if (peer->is_broken || peer->other == NULL) return MK_ECLOSED;
    if (peer->queue_len >= peer->room) {
        peer->wants_room = true;
        return MK_EFULL;
    }
    queued_t *queued = mk_alloc(sizeof *queued + message->payload_size);
    if (queued == NULL) return MK_ENOMEM;
    queued->message = *message;
    if (message->payload_size > 0)
        memcpy(queued->bytes, message->payload, message->payload_size);
    list_insert_before(&peer->queue, &queued->node);
    peer->queue_len++;
    count_sent(peer, message->type);
    return MK_OK;
}

int peer_send(runtime_t *rt, peer_t *peer, msg_type_t type, const void *payload,
              size_t payload_size) {
    (void)rt;
    wire_message_t message = {0, 0, type, payload, payload_size};
    return enqueue(peer, &message);
}

int peers_observe(runtime_t *rt, const peer_observer_t *observer, void *ctx) {
    node_t *node = node_of(rt);
    node->observers[node->observers_len].observer = observer;
    node->observers[node->observers_len++].ctx = ctx;
    for (peer_t *peer = peers_next(rt, NULL); peer != NULL; peer = peers_next(rt, peer))
        if (observer->on_up != NULL) observer->on_up(ctx, rt, peer);
    return MK_OK;
}

void peers_unobserve(runtime_t *rt, const peer_observer_t *observer, void *ctx) {
    node_t *node = node_of(rt);
    for (size_t i = 0; i < node->observers_len; i++)
        if (node->observers[i].observer == observer && node->observers[i].ctx == ctx)
            node->observers[i] = node->observers[--node->observers_len];
}

static void take_down(peer_t *peer) {
    node_t *node = node_of(peer->rt);
    for (size_t i = 0; i < node->observers_len; i++)
        if (node->observers[i].observer->on_down != NULL)
            node->observers[i].observer->on_down(node->observers[i].ctx, peer->rt, peer,
                                                 peer->reason, "cut");
    node->peers[peer->facts.node] = NULL;
    if (peer->other != NULL) peer->other->other = NULL;
    while (!list_is_empty(&peer->queue)) {
        queued_t *queued = MK_CONTAINER_OF(peer->queue.next, queued_t, node);
        list_remove(&queued->node);
        mk_free(queued);
    }
    mk_free(peer);
}

void peer_end(runtime_t *rt, peer_t *peer, int reason, const char *text) {
    (void)rt;
    (void)text;
    peer->reason = reason;
    if (peer->other != NULL) {
        peer->other->is_broken = true;
        peer->other->reason = MK_ECLOSED;
    }
    take_down(peer);
}

/* --- mail --- */

static bool route(router_t *router, runtime_t *rt, actor_id_t source, actor_id_t dest,
                  msg_type_t type, const void *payload, size_t payload_size) {
    (void)router;
    peer_t *peer = peers_find(rt, actor_id_node(dest));
    wire_message_t message = {source, dest, type, payload, payload_size};
    return peer != NULL && enqueue(peer, &message) == MK_OK;
}

static bool is_connected(router_t *router, runtime_t *rt, node_id_t node) {
    (void)router;
    return peers_find(rt, node) != NULL;
}

/* Hand one message over. True: the receiver's peer is gone. */
static bool deliver(peer_t *to, const wire_message_t *message) {
    if (message->dest != 0) {
        (void)actor__send_from(to->rt, message->source, message->dest, message->type,
                               message->payload, message->payload_size);
        return false;
    }
    node_t *node = node_of(to->rt);
    node_id_t from = to->facts.node;
    for (size_t i = 0; i < node->observers_len; i++) {
        if (node->observers[i].observer->on_control == NULL) continue;
        int result = node->observers[i].observer->on_control(node->observers[i].ctx,
                                                             to->rt, to, message);
        if (node->peers[from] != to) return true;
        if (result == MK_ENOENT) continue;
        if (result < 0) peer_end(to->rt, to, result, "broke a rule");
        return result < 0;
    }
    return false;
}

/* --- the cluster --- */

void cluster_open(int count) {
    sim_reset(1);
    memset(nodes, 0, sizeof nodes);
    room_of_links = 100000;
    for (int i = 1; i <= count; i++) {
        runtime_t *rt = runtime_init((node_id_t)i, 1u << 20);
        CHECK(rt != NULL);
        cluster_nodes[i] = rt;
        nodes[i].router = (router_t){route, is_connected};
        runtime_set_router(rt, &nodes[i].router);
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        CHECK_EQ(node_set_identity(rt, name), MK_OK);
        CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    }
}

void cluster_end_node(int node) {
    for (int i = 1; i <= CLUSTER_MAX; i++)
        if (nodes[node].peers[i] != NULL) cluster_cut(node, i);
    runtime_destroy(cluster_nodes[node]);
    cluster_nodes[node] = NULL;
}

void cluster_close(void) {
    for (int i = 1; i <= CLUSTER_MAX; i++)
        if (cluster_nodes[i] != NULL) cluster_end_node(i);
    sim_reset(1);
}

static peer_t *add_peer(int at, int of) {
    peer_t *peer = mk_calloc(1, sizeof *peer);
    CHECK(peer != NULL);
    peer->rt = cluster_nodes[at];
    peer->facts.node = (node_id_t)of;
    peer->facts.features = PEER_NAMES | PEER_MONITORS;
    snprintf(peer->facts.identity, sizeof peer->facts.identity, "n%d", of);
    peer->room = room_of_links;
    list_init(&peer->queue);
    CHECK(nodes[at].peers[of] == NULL);
    nodes[at].peers[of] = peer;
    return peer;
}

static void tell_up(int at, peer_t *peer) {
    node_id_t of = peer->facts.node;
    for (size_t i = 0; i < nodes[at].observers_len; i++) {
        if (nodes[at].peers[of] != peer) return; /* an observer ended it */
        if (nodes[at].observers[i].observer->on_up != NULL)
            nodes[at].observers[i].observer->on_up(nodes[at].observers[i].ctx,
                                                   cluster_nodes[at], peer);
    }
}

void cluster_connect(int a, int b) {
    peer_t *there = add_peer(a, b);
    peer_t *back = add_peer(b, a);
    there->other = back;
    back->other = there;
    tell_up(a, there);
    if (nodes[b].peers[a] == back) tell_up(b, back);
}

void cluster_cut(int a, int b) {
    peer_t *there = nodes[a].peers[b];
    peer_t *back = nodes[b].peers[a];
    if (there != NULL) {
        there->reason = MK_ECLOSED;
        take_down(there);
    }
    if (back != NULL && nodes[b].peers[a] == back) {
        back->reason = MK_ECLOSED;
        take_down(back);
    }
}

bool cluster_is_connected(int a, int b) {
    return nodes[a].peers[b] != NULL && nodes[b].peers[a] != NULL;
}

void cluster_set_room(size_t messages) {
    room_of_links = messages;
}

void cluster_hold(int a, int b, bool is_held) {
    CHECK(nodes[a].peers[b] != NULL);
    nodes[a].peers[b]->is_held = is_held;
}

void cluster_inject(int a, int b, msg_type_t type, const void *payload, size_t size) {
    CHECK(nodes[a].peers[b] != NULL);
    CHECK_EQ(peer_send(cluster_nodes[a], nodes[a].peers[b], type, payload, size),
             MK_OK);
}

size_t cluster_sent(int a, int b, msg_type_t type) {
    const peer_t *peer = nodes[a].peers[b];
    for (size_t i = 0; peer != NULL && i < COUNTED_MAX; i++)
        if (peer->counted[i].type == type) return peer->counted[i].count;
    return 0;
}

/* Move one message of a direction, or tell an end. True: something happened. */
static bool move_one(int a, int b) {
    peer_t *from = nodes[a].peers[b];
    if (from == NULL) return false;
    if (from->is_broken) {
        take_down(from);
        return true;
    }
    if (from->is_held || list_is_empty(&from->queue) || from->other == NULL)
        return false;
    queued_t *queued = MK_CONTAINER_OF(from->queue.next, queued_t, node);
    list_remove(&queued->node);
    from->queue_len--;
    wire_message_t message = queued->message;
    message.payload = message.payload_size > 0 ? queued->bytes : NULL;
    (void)deliver(from->other, &message);
    mk_free(queued);
    if (nodes[a].peers[b] != from || !from->wants_room) return true;
    from->wants_room = false;
    for (size_t i = 0; i < nodes[a].observers_len; i++)
        if (nodes[a].peers[b] == from &&
            nodes[a].observers[i].observer->on_room != NULL)
            nodes[a].observers[i].observer->on_room(nodes[a].observers[i].ctx,
                                                    cluster_nodes[a], from);
    return true;
}

static bool move_all(void) {
    bool has_moved = false;
    for (int a = 1; a <= CLUSTER_MAX; a++)
        for (int b = 1; b <= CLUSTER_MAX; b++)
            for (int i = 0; i < 1000 && move_one(a, b); i++)
                has_moved = true;
    return has_moved;
}

void cluster_settle(void) {
    for (int idle = 0; idle < 4;) {
        bool has_moved = move_all();
        for (int i = 1; i <= CLUSTER_MAX; i++) {
            if (cluster_nodes[i] == NULL) continue;
            runtime_counters_t before = runtime_counters(cluster_nodes[i]);
            runtime_step(cluster_nodes[i]);
            runtime_counters_t after = runtime_counters(cluster_nodes[i]);
            if (before.delivered + before.exited != after.delivered + after.exited)
                has_moved = true;
        }
        idle = has_moved ? 0 : idle + 1;
    }
}

void cluster_pass_ms(uint64_t ms) {
    sim_advance(ms * 1000000);
    cluster_settle();
}

static bool live(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    unsigned *count = state;
    if (count != NULL) (*count)++;
    if (msg->type == MSG_CLUSTER_PING)
        (void)actor_send(rt, msg->source, MSG_CLUSTER_PONG, NULL, 0);
    return msg->type != MSG_CLUSTER_END;
}

actor_id_t cluster_spawn(int node, unsigned *count) {
    actor_id_t id = actor_spawn(cluster_nodes[node], live, count, NULL, 64);
    CHECK(id != ACTOR_ID_INVALID);
    return id;
}

void cluster_end(actor_id_t id) {
    actor_stop(cluster_nodes[actor_id_node(id)], id);
    cluster_settle();
}
