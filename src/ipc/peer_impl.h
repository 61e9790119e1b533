/* SPDX-License-Identifier: Apache-2.0 */
/* peer_impl.h - what the files of a peer share: table and life (peers.c), mail
 * (peer_mail.c), the node's own messages (peer_control.c), silence (peer_beat.c). */
#ifndef MK_IPC_PEER_IMPL_H
#define MK_IPC_PEER_IMPL_H

#include "ipc/peer.h"
#include "kernel/deadline.h"
#include "kernel/part.h"
#include "kernel/router.h"

/* What a message counts beside its payload, in bytes of credit: bounds how many empty
 * ones may be under way. Both sides count alike. */
enum { PEER_MAIL_COST = 32 };

/* What a peer may do wrong without losing its link; each is counted and logged. */
typedef enum {
    PEER_FAULT_DEST,    /* mail for another node */
    PEER_FAULT_SOURCE,  /* mail of an actor that is not the peer's */
    PEER_FAULT_NOTICE,  /* mail that only a runtime makes */
    PEER_FAULT_FORGED,  /* control with a source that is not the peer's */
    PEER_FAULT_UNKNOWN, /* control that nobody knows */
    PEER_FAULT_NOBODY,  /* mail for an actor that is not there */
    PEER_FAULT_FULL,    /* mail for a full mailbox */
    PEER_FAULTS
} peer_fault_t;

typedef struct {
    const peer_observer_t *observer; /* NULL: has left while others were told */
    void *ctx;
} peer_watcher_t;

/* All peers of a runtime. */
typedef struct {
    part_t part;
    router_t router;
    runtime_t *rt;
    node_id_t own;  /* the runtime's */
    peer_t **items; /* ascending by node */
    size_t len;
    size_t cap;
    peer_t *last; /* found by the last send; NULL: none */
    peer_watcher_t *watchers;
    size_t watchers_len;
    size_t watchers_cap;
    uint64_t adopted;    /* peers so far */
    unsigned telling;    /* depth of loops over the watchers */
    uint32_t understood; /* PEER_... that features offer */
} peers_t;

/* Invariants: (1) a peer is in the table from peers_adopt until its end begins, and is
 * freed when the last watcher has been told. (2) While `busy` is not 0 somebody up the
 * stack holds the peer: its end is only written down (is_ending). (3) acked <= sent and
 * told <= taken, all of them since the adoption. */
struct peer {
    peers_t *peers;
    link_t *link;
    peer_facts_t facts;
    node_counters_t counts;
    uint64_t sent_cost;      /* bytes of credit of all mail sent */
    uint64_t acked_messages; /* of these, the peer says it has taken */
    uint64_t acked_cost;
    uint64_t taken_messages; /* mail that came, whatever became of it */
    uint64_t taken_cost;
    uint64_t told_cost;     /* of these, the peer was told */
    deadline_t ack;         /* armed: something was taken that the peer is not told */
    deadline_t beat;        /* armed: heartbeats are agreed upon */
    uint64_t ping_ns;       /* monotonic, of the ping under way; 0: none */
    uint64_t number;        /* of its adoption */
    uint64_t since_ms;      /* monotonic: when it was adopted */
    uint32_t round_trip_us; /* of the last ping; 0: not known */
    uint32_t missed;        /* beats in a row without a word */
    uint32_t faults[PEER_FAULTS]; /* times */
    unsigned busy;
    int end_reason; /* of an end that is written down */
    bool is_heard;  /* since the last beat */
    bool is_ending; /* nothing is sent or taken any more */
    bool is_broken; /* the link said on_down: no goodbye */
    char end_text[PEER_TEXT_MAX];
};

/* The table, made when it is not there yet; NULL: memory is short. */
peers_t *peers__get(runtime_t *rt);

/* Without making one. */
peers_t *peers__find_all(runtime_t *rt);

peer_t *peers__find(const peers_t *peers, node_id_t node);

/* After a loop over the watchers, which adds one to `telling` before it. */
void peers__end_telling(peers_t *peers);

/* Who stands around a peer: after peer__leave it may be gone. */
static inline void peer__enter(peer_t *peer) {
    peer->busy++;
}
void peer__leave(runtime_t *rt, peer_t *peer);

/* End it now or, when it is busy, later. `is_broken`: without a goodbye. */
void peer__end(runtime_t *rt, peer_t *peer, int reason, const char *text,
               bool is_broken);

/* Count a fault, and log the 1st, 2nd, 4th, 8th ... of its kind: what a peer does again
 * and again cannot fill the log. */
void peer__note_fault(runtime_t *rt, peer_t *peer, peer_fault_t fault, msg_type_t type);

/* --- peer_mail.c --- */
bool peer__route(router_t *router, runtime_t *rt, actor_id_t source, actor_id_t dest,
                 msg_type_t type, const void *payload, size_t payload_size);
void peer__take_mail(runtime_t *rt, peer_t *peer, const wire_message_t *message);
void peer__on_ack_due(deadline_t *deadline, runtime_t *rt);

/* Count what is not known to have arrived as lost. */
void peer__count_lost(runtime_t *rt, peer_t *peer);

/* The peer says what it has taken. MK_OK, or MK_EBADMSG. */
int peer__take_credit(peer_t *peer, const wire_message_t *message);

/* --- peer_control.c --- */
/* MK_OK, or why the peer has to go; `*text` says it in words. */
int peer__take_control(runtime_t *rt, peer_t *peer, const wire_message_t *message,
                       const char **text);

/* --- peer_beat.c --- */
void peer__begin_beat(runtime_t *rt, peer_t *peer);
void peer__on_beat_due(deadline_t *deadline, runtime_t *rt);
int peer__take_pong(peer_t *peer, const wire_message_t *message);

#endif
