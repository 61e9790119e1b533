/* SPDX-License-Identifier: Apache-2.0 */
/* peer_mail.c - mail of actors to and from a peer, and the credit for it.
 *
 * Credit is counted up for ever on both sides: the sender adds what it sends, the
 * receiver what it took (delivered or refused), and says so in MSG_NODE_CREDIT. The
 * difference is what is under way; it never passes what the peer grants, except by one
 * message when nothing else is under way, so that a message larger than the window can
 * travel at all. The receiver speaks after a quarter of the window, and otherwise
 * MK_PEER_ACK_MS after the first message that it has not spoken about: a stream of mail
 * costs four control messages per window, a dialogue a few per second. */
#include "ipc/peer_impl.h"

#include "base/bytes.h"
#include "base/check.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/message_ids.h"

enum { CREDIT_SIZE = 16, TELL_PARTS = 4 };

/* Events of HTTP, SSE and WebSockets: their payloads are laid out for one machine, and
 * hold sizes that their readers believe. */
static bool is_net_event(msg_type_t type) {
    return (type >= MSG_HTTP_RESPONSE && type <= MSG_HTTP_CONN_CLOSED) ||
           (type >= MSG_HTTP_ROOM && type <= MSG_HTTP_END);
}

bool peer_is_control(msg_type_t type) {
    if (type < MSG_SYSTEM_FIRST) return false;
    if (is_net_event(type)) return true;
    switch (type) {
    case MSG_NAME_REGISTER:
    case MSG_NAME_UNREGISTER:
    case MSG_PATH_REGISTER:
    case MSG_PATH_UNREGISTER:
    case MSG_NODE_HELLO:
    case MSG_NODE_GOODBYE:
    case MSG_NODE_PING:
    case MSG_NODE_PONG:
    case MSG_NODE_CREDIT:
    case MSG_NODE_MONITOR:
    case MSG_NODE_DEMONITOR:
    case MSG_NODE_EXITED:
    case MSG_NODE_LINK:
    case MSG_NODE_UNLINK:
    case MSG_NAME_CONFLICT:
    case MSG_NAMES_TOLD: return true;
    default: return mk_message_is_reserved(type);
    }
}

/* --- out --- */

static bool has_credit(const peer_t *peer, uint64_t cost) {
    uint64_t under_way = peer->sent_cost - peer->acked_cost;
    return peer->facts.credit == 0 || under_way == 0 ||
           under_way + cost <= peer->facts.credit;
}

bool peer__route(router_t *router, runtime_t *rt, actor_id_t source, actor_id_t dest,
                 msg_type_t type, const void *payload, size_t payload_size) {
    peers_t *peers = MK_CONTAINER_OF(router, peers_t, router);
    node_id_t node = actor_id_node(dest);
    peer_t *peer = peers->last;
    if (peer == NULL || peer->facts.node != node) {
        peer = peers__find(peers, node);
        if (peer == NULL) return false;
        peers->last = peer;
    }
    if (peer->is_ending || actor_id_seq(dest) == 0 || peer_is_control(type))
        return false;
    /* The peer believes us our own actors only: who passes on another node's message
     * with its source has to do so as itself. */
    if (source != ACTOR_ID_INVALID && actor_id_node(source) != peers->own) return false;
    uint64_t cost = payload_size + PEER_MAIL_COST;
    wire_message_t message = {source, dest, type, payload, payload_size};
    if (!has_credit(peer, cost) ||
        link_send(peer->link, rt, &message, false) != MK_OK) {
        peer->counts.held++;
        return false;
    }
    peer->sent_cost += cost;
    peer->counts.sent++;
    peer->counts.sent_bytes += payload_size;
    return true;
}

int peer__take_credit(peer_t *peer, const wire_message_t *message) {
    bytes_reader_t reader;
    bytes_reader_init(&reader, message->payload, message->payload_size);
    uint64_t messages = bytes_read_u64_be(&reader);
    uint64_t cost = bytes_read_u64_be(&reader);
    if (!bytes_is_complete(&reader)) return MK_EBADMSG;
    if ((peer->facts.features & PEER_CREDIT) == 0) return MK_OK;
    if (messages > peer->counts.sent || cost > peer->sent_cost ||
        messages < peer->acked_messages || cost < peer->acked_cost)
        return MK_EBADMSG;
    peer->acked_messages = messages;
    peer->acked_cost = cost;
    return MK_OK;
}

/* Without credit nobody says what has arrived, and nothing is called lost. */
void peer__count_lost(runtime_t *rt, peer_t *peer) {
    if ((peer->facts.features & PEER_CREDIT) == 0) return;
    peer->counts.lost = peer->counts.sent - peer->acked_messages;
    runtime__count_dead_letters(rt, peer->counts.lost);
}

/* --- in --- */

static void tell_credit(runtime_t *rt, peer_t *peer) {
    uint8_t bytes[CREDIT_SIZE];
    bytes_writer_t writer;
    bytes_writer_init(&writer, bytes, sizeof bytes);
    bytes_write_u64_be(&writer, peer->taken_messages);
    bytes_write_u64_be(&writer, peer->taken_cost);
    deadline_clear(rt, &peer->ack);
    if (peer_send(rt, peer, MSG_NODE_CREDIT, bytes, writer.size) == MK_OK)
        peer->told_cost = peer->taken_cost;
    else if (!peer->is_ending) /* the link is full: again soon */
        deadline_set(rt, &peer->ack, MK_PEER_ACK_MS);
}

void peer__on_ack_due(deadline_t *deadline, runtime_t *rt) {
    peer_t *peer = MK_CONTAINER_OF(deadline, peer_t, ack);
    peer__enter(peer);
    tell_credit(rt, peer);
    peer__leave(rt, peer);
}

static void count_taken(runtime_t *rt, peer_t *peer, const wire_message_t *message) {
    peer->taken_messages++;
    peer->taken_cost += message->payload_size + PEER_MAIL_COST;
    if ((peer->facts.features & PEER_CREDIT) == 0) return;
    if (peer->taken_cost - peer->told_cost >= peer->facts.granted / TELL_PARTS)
        tell_credit(rt, peer);
    else if (!deadline_is_set(&peer->ack))
        deadline_set(rt, &peer->ack, MK_PEER_ACK_MS);
}

static const char *const fault_texts[PEER_FAULTS] = {
    [PEER_FAULT_DEST] = "mail for another node refused",
    [PEER_FAULT_SOURCE] = "mail with a forged source refused",
    [PEER_FAULT_NOTICE] = "a notice of the system refused",
    [PEER_FAULT_FORGED] = "a message to the node with a forged source refused",
    [PEER_FAULT_UNKNOWN] = "a message to the node that nobody knows",
    [PEER_FAULT_NOBODY] = "mail for nobody",
    [PEER_FAULT_FULL] = "mail refused: the mailbox is full"};

void peer__note_fault(runtime_t *rt, peer_t *peer, peer_fault_t fault,
                      msg_type_t type) {
    if (fault < PEER_FAULT_NOBODY)
        peer->counts.refused++;
    else
        peer->counts.undelivered++;
    uint32_t times = ++peer->faults[fault];
    if ((times & (times - 1)) != 0) return;
    log_field_t fields[] = {log_unsigned("node", peer->facts.node),
                            log_text("name", peer->facts.identity),
                            log_unsigned("type", type), log_unsigned("times", times)};
    (void)log_event_for(rt, ACTOR_ID_INVALID, LOG_WARN, fault_texts[fault], fields, 4);
}

/* Why this is no mail that the peer may send; PEER_FAULTS: it is. */
static peer_fault_t fault_of(const peer_t *peer, const wire_message_t *message) {
    if (actor_id_node(message->dest) != peer->peers->own) return PEER_FAULT_DEST;
    if (message->source != ACTOR_ID_INVALID &&
        actor_id_node(message->source) != peer->facts.node)
        return PEER_FAULT_SOURCE;
    return peer_is_control(message->type) ? PEER_FAULT_NOTICE : PEER_FAULTS;
}

static void deliver(runtime_t *rt, peer_t *peer, const wire_message_t *message) {
    peer->counts.received++;
    peer->counts.received_bytes += message->payload_size;
    if (actor__send_from(rt, message->source, message->dest, message->type,
                         message->payload, message->payload_size))
        return;
    /* The kernel has counted a send to nobody. */
    bool is_there = actor_is_alive(rt, message->dest);
    if (is_there) runtime__count_dead_letters(rt, 1);
    peer__note_fault(rt, peer, is_there ? PEER_FAULT_FULL : PEER_FAULT_NOBODY,
                     message->type);
}

void peer__take_mail(runtime_t *rt, peer_t *peer, const wire_message_t *message) {
    peer_fault_t fault = fault_of(peer, message);
    if (fault == PEER_FAULTS)
        deliver(rt, peer, message);
    else
        peer__note_fault(rt, peer, fault, message->type);
    count_taken(rt, peer, message);
}
