/* SPDX-License-Identifier: Apache-2.0 */
/* peer.h - the other nodes that this one is connected to, and the router over them.
 *
 * A peer begins with peers_adopt: a link, and what the hello (or whoever made the link)
 * says of the node behind it. From then on mail to ids of that node goes over the link,
 * within the credit the peer gave; its mail comes in, checked; its silence is noticed.
 * It ends by peer_end, by silence, or with the link: then on_down is told, mail that is
 * not known to have arrived is counted as dead letters, and the node is unknown again.
 *
 * Features above (names, monitors) take part as observers. All of it belongs to the
 * runtime's thread. */
#ifndef MK_IPC_PEER_H
#define MK_IPC_PEER_H

#include "ipc/link.h"
#include "microkernel/node.h"
#include "microkernel/nodes.h"

typedef struct peer peer_t;

enum {
    PEER_TEXT_MAX = MK_NODE_TEXT_MAX, /* bytes of a reason in words, with NUL */
    PEER_RETRY_MS = 50 /* until a feature tries again what failed for want of memory */
};

/* What a node says of itself, each bit: it understands the control messages of ... */
enum {
    PEER_CREDIT = 1u << 0,    /* MSG_NODE_CREDIT: how much it has taken */
    PEER_HEARTBEAT = 1u << 1, /* MSG_NODE_PING and _PONG */
    PEER_NAMES = 1u << 2,     /* MSG_NAME_..., MSG_PATH_... */
    PEER_MONITORS = 1u << 3   /* MSG_NODE_MONITOR, _DEMONITOR, _EXITED, links */
};

typedef struct {
    node_id_t node;                  /* never 0, never our own */
    char identity[MK_NODE_NAME_MAX]; /* "" when it has not said */
    uint32_t features;               /* PEER_... that both sides have */
    uint32_t heartbeat_ms;           /* 0: none */
    uint32_t credit;  /* bytes of mail that may be under way to it; 0: no bound but the
                         link's */
    uint32_t granted; /* bytes of mail that it may have under way to us; 0:
                         MK_PEER_CREDIT. Only says how often it is told */
    uint64_t boot;    /* drawn by that node at its start; 0: it has not said */
    bool is_ours;     /* this node began the link */
} peer_facts_t;

/* Begin. Takes the link (on success) and sets its events. Credit is not counted on
 * lossy links. Not from within a callback about the same node. MK_OK; MK_EEXIST: that
 * node has a link already; MK_EINVAL: node 0 or our own; MK_ESTATE: our own node is 0;
 * MK_ENOMEM. */
int peers_adopt(runtime_t *rt, link_t *link, const peer_facts_t *facts);

/* End the link in good order, telling the peer why (a goodbye with `text`, which is
 * cut to PEER_TEXT_MAX - 1 bytes). Inside a callback about this peer its end comes when
 * the callbacks have returned. `reason` is MK_OK or MK_E... */
void peer_end(runtime_t *rt, peer_t *peer, int reason, const char *text);

/* The peer of a node, or NULL. */
peer_t *peers_find(runtime_t *rt, node_id_t node);

/* Walk: the first (NULL), then the next peer, in ascending order of nodes. */
peer_t *peers_next(runtime_t *rt, const peer_t *peer);

const peer_facts_t *peer_facts(const peer_t *peer);
link_t *peer_link(const peer_t *peer);
const node_counters_t *peer_counters(const peer_t *peer);

/* Microseconds of the last round trip, 0: not known; and when it was adopted, in
 * milliseconds of runtime_now_ms. */
uint32_t peer_round_trip_us(const peer_t *peer);
uint64_t peer_since_ms(const peer_t *peer);

/* Which adoption of this runtime it was, from 1; and how many there were so far. */
uint64_t peer_number(const peer_t *peer);
uint64_t peers_adopted(runtime_t *rt);

/* True for messages from node to node, for what only a runtime creates
 * (mk_message_is_reserved), and for events of the network (MSG_HTTP_..., MSG_SSE_...,
 * MSG_WS_...): no actor sends them to another node. */
bool peer_is_control(msg_type_t type);

/* Send a control message (destination 0), outside the credit. Results of link_send; on
 * MK_EFULL on_room is told later. */
int peer_send(runtime_t *rt, peer_t *peer, msg_type_t type, const void *payload,
              size_t payload_size);

/* A feature that takes part. Callbacks may be NULL. Each watcher that is told of the
 * end was told of the beginning. */
typedef struct {
    void (*on_up)(void *ctx, runtime_t *rt, peer_t *peer);
    /* peer_send works no more; the peer is gone when the last observer has been told.
     */
    void (*on_down)(void *ctx, runtime_t *rt, peer_t *peer, int reason,
                    const char *text);
    void (*on_room)(void *ctx, runtime_t *rt, peer_t *peer);
    /* A control message. MK_OK: it was this observer's; MK_ENOENT: not mine; another
     * error: the peer broke a rule, the link is ended with that reason. */
    int (*on_control)(void *ctx, runtime_t *rt, peer_t *peer,
                      const wire_message_t *message);
} peer_observer_t;

/* Take part from now on (also told of peers that are up already). Borrowed until
 * unobserved. MK_OK, MK_EEXIST, MK_ENOMEM. */
int peers_observe(runtime_t *rt, const peer_observer_t *observer, void *ctx);
void peers_unobserve(runtime_t *rt, const peer_observer_t *observer, void *ctx);

/* From now on hellos say that this node understands these PEER_..., too; a mount says
 * PEER_CREDIT and PEER_HEARTBEAT by itself. MK_OK or MK_ENOMEM. */
int peers_offer(runtime_t *rt, uint32_t features);

/* What this node understands. */
uint32_t peers_offered(runtime_t *rt);

#endif
