/* SPDX-License-Identifier: Apache-2.0 */
/* nodes.c - what is known about other nodes: peers and mounts, in one walk. */
#include "microkernel/nodes.h"

#include "base/text.h"
#include "ipc/mount.h"
#include "ipc/peer.h"

#include <string.h>

static void fill(node_info_t *info, const peer_t *peer) {
    const peer_facts_t *facts = peer_facts(peer);
    const link_t *link = peer_link(peer);
    memset(info, 0, sizeof *info);
    info->node = facts->node;
    memcpy(info->identity, facts->identity, sizeof info->identity);
    info->state = NODE_UP;
    (void)link->ops->describe(link, info->address, sizeof info->address);
    info->is_ours = facts->is_ours;
    info->is_trusted = link->is_trusted;
    info->since_ms = peer_since_ms(peer);
    info->round_trip_us = peer_round_trip_us(peer);
    info->counters = *peer_counters(peer);
}

/* The first peer behind a node, also when that one has gone since. */
static peer_t *peer_behind(runtime_t *rt, node_id_t node) {
    peer_t *peer = peers_next(rt, NULL);
    while (peer != NULL && peer_facts(peer)->node <= node)
        peer = peers_next(rt, peer);
    return peer;
}

bool nodes_next(runtime_t *rt, node_info_t *info) {
    uint32_t place = info->place;
    if (place == 0) {
        node_id_t node = info->node;
        peer_t *peer = peers_find(rt, node);
        peer = peer != NULL ? peers_next(rt, peer) : peer_behind(rt, node);
        if (peer != NULL) {
            fill(info, peer);
            return true;
        }
    }
    memset(info, 0, sizeof *info);
    return mounts_next(rt, place, info);
}

bool nodes_find(runtime_t *rt, const char *name, node_info_t *info) {
    uint64_t number = 0;
    if (name == NULL || name[0] == '\0') return false;
    bool is_number =
        text_parse_unsigned(text_of(name), 10, 1, UINT32_MAX, &number) == MK_OK;
    for (peer_t *peer = peers_next(rt, NULL); peer; peer = peers_next(rt, peer)) {
        const peer_facts_t *facts = peer_facts(peer);
        bool is_it =
            strcmp(facts->identity, name) == 0 || (is_number && facts->node == number);
        if (!is_it) continue;
        fill(info, peer);
        return true;
    }
    return false;
}

const char *node_state_name(node_state_t state) {
    static const char *const names[] = {
        [NODE_UP] = "up", [NODE_CONNECTING] = "connecting", [NODE_WAITING] = "waiting"};
    return (unsigned)state <= NODE_WAITING ? names[state] : "state?";
}
