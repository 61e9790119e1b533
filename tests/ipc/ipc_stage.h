/* SPDX-License-Identifier: Apache-2.0 */
/* ipc_stage.h - several nodes in one simulated world, and links between them. */
#ifndef MK_TESTS_IPC_STAGE_H
#define MK_TESTS_IPC_STAGE_H

#include "kernel/stage.h"
#include "support/link_pair.h"

#include "ipc/peer.h"
#include "microkernel/log.h"
#include "microkernel/node.h"

#include <stdio.h>

enum { STAGE_NODES = 4, STAGE_LOG = 8192, LINK_ROOM = 1 << 20 };

typedef struct {
    runtime_t *rt[STAGE_NODES];       /* node i + 1, called "n1", "n2", ... */
    char log[STAGE_NODES][STAGE_LOG]; /* what each has logged */
    size_t log_size[STAGE_NODES];
    size_t len;
} ipc_stage_t;

/* One at a time: a test's. */
static ipc_stage_t nodes;

static inline bool keep_line(const char *line, size_t size, void *ctx) {
    size_t at = (size_t)(uintptr_t)ctx;
    if (nodes.log_size[at] + size >= STAGE_LOG) return true;
    memcpy(nodes.log[at] + nodes.log_size[at], line, size);
    nodes.log_size[at] += size;
    nodes.log[at][nodes.log_size[at]] = '\0';
    return true;
}

static inline void open_node(size_t at) {
    char name[MK_NODE_NAME_MAX];
    (void)snprintf(name, sizeof name, "n%zu", at + 1);
    nodes.rt[at] = runtime_init((node_id_t)(at + 1), 1 << 20);
    CHECK(nodes.rt[at] != NULL);
    CHECK_EQ(node_set_identity(nodes.rt[at], name), MK_OK);
    CHECK_EQ(log_set_debug_output(nodes.rt[at], false, LOG_LINE_TEXT), MK_OK);
    CHECK(log_add_sink(nodes.rt[at], keep_line, (void *)(uintptr_t)at, LOG_LINE_TEXT) >
          0);
    CHECK_EQ(log_enable(nodes.rt[at]), MK_OK);
}

static inline void open_nodes_of_seed(size_t len, uint64_t seed) {
    sim_reset(seed);
    memset(&nodes, 0, sizeof nodes);
    nodes.len = len;
    for (size_t i = 0; i < len; i++)
        open_node(i);
}

static inline void open_nodes(size_t len) {
    open_nodes_of_seed(len, 1);
}

static inline void close_node(size_t at) {
    if (nodes.rt[at] != NULL) log_flush(nodes.rt[at]);
    runtime_destroy(nodes.rt[at]);
    nodes.rt[at] = NULL;
}

static inline void close_nodes(void) {
    for (size_t i = 0; i < nodes.len; i++)
        close_node(i);
    sim_reset(1);
}

/* What a node has logged so far contains `words`. */
static inline bool has_logged(size_t at, const char *words) {
    log_flush(nodes.rt[at]);
    return strstr(nodes.log[at], words) != NULL;
}

/* Fails and shows the log when it does not. */
static inline void check_logged(size_t at, const char *words) {
    if (!has_logged(at, words)) CHECK_STR(nodes.log[at], words);
}

static inline uint64_t count_steps(void) {
    uint64_t count = 0;
    for (size_t i = 0; i < nodes.len; i++) {
        if (nodes.rt[i] == NULL) continue;
        runtime_counters_t counters = runtime_counters(nodes.rt[i]);
        count += counters.delivered + counters.exited;
    }
    return count;
}

/* Let all that can happen now happen on all nodes: until some rounds bring nothing. */
static inline void settle_nodes(void) {
    for (int idle = 0; idle < 8;) {
        uint64_t before = count_steps();
        for (size_t i = 0; i < nodes.len; i++)
            if (nodes.rt[i] != NULL) runtime_step(nodes.rt[i]);
        idle = count_steps() != before ? 0 : idle + 1;
    }
}

static inline void pass_nodes_ms(uint64_t ms) {
    settle_nodes();
    for (uint64_t i = 0; i < ms; i++) {
        sim_advance(NS_PER_MS_OF_STAGE);
        settle_nodes();
    }
}

static inline peer_facts_t facts_of(size_t at) {
    peer_facts_t facts = {.node = (node_id_t)(at + 1),
                          .features = PEER_CREDIT | PEER_HEARTBEAT,
                          .heartbeat_ms = 1000,
                          .credit = 65536,
                          .granted = 65536};
    (void)snprintf(facts.identity, sizeof facts.identity, "n%zu", at + 1);
    return facts;
}

/* Connect two nodes; the caller changes the facts before, if it wants. */
static inline void join_with(link_pair_t *pair, size_t a, size_t b, size_t room,
                             const peer_facts_t *facts_a, const peer_facts_t *facts_b) {
    link_pair_open(pair, nodes.rt[a], nodes.rt[b], room);
    CHECK_EQ(peers_adopt(nodes.rt[a], &pair->a.link, facts_b), MK_OK);
    CHECK_EQ(peers_adopt(nodes.rt[b], &pair->b.link, facts_a), MK_OK);
}

static inline void join(link_pair_t *pair, size_t a, size_t b) {
    peer_facts_t facts_a = facts_of(a), facts_b = facts_of(b);
    join_with(pair, a, b, LINK_ROOM, &facts_a, &facts_b);
}

static inline const node_counters_t *counts_of(size_t at, size_t other) {
    peer_t *peer = peers_find(nodes.rt[at], (node_id_t)(other + 1));
    CHECK(peer != NULL);
    return peer_counters(peer);
}

#endif
