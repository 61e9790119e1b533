/* SPDX-License-Identifier: Apache-2.0 */
/* nodes.h - the other nodes that this one is connected to: news of them, and what is
 * known about each.
 *
 * All functions belong to the runtime's thread. */
#ifndef MICROKERNEL_NODES_H
#define MICROKERNEL_NODES_H

#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/message_ids.h"
#include "microkernel/node.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of a reason in words, with its NUL. */
#define MK_NODE_TEXT_MAX 160

/* Bytes of where a node is ("10.0.0.7:4200", "unix:/run/a.sock"), with its NUL. */
#define MK_NODE_ADDRESS_MAX 280

/* Payload of MSG_NODE_UP and MSG_NODE_DOWN. They pass the limits of a mailbox and come
 * in turn, one DOWN for each UP. When memory is short an UP comes later; a node that
 * has gone by then is not told of at all. */
typedef struct {
    node_id_t node;
    int32_t reason;                  /* of DOWN: MK_E...; of UP: MK_OK */
    char identity[MK_NODE_NAME_MAX]; /* its name; "" when it has not said */
    char text[MK_NODE_TEXT_MAX];     /* why it went, in words; NUL-terminated */
} node_event_payload_t;

/* Tell the running actor of nodes that come (MSG_NODE_UP) and go (MSG_NODE_DOWN) from
 * now on, until it ends; of those that are connected already at once. MK_OK, also when
 * it was told before; MK_ESTATE: outside a behaviour; MK_ENOMEM. */
int nodes_subscribe(runtime_t *rt);

/* No more news for the running actor. MK_OK, MK_ENOENT, or MK_ESTATE. */
int nodes_unsubscribe(runtime_t *rt);

/* What has passed between this node and another one since they were connected. */
typedef struct {
    uint64_t sent;           /* messages of actors, handed to the link */
    uint64_t sent_bytes;     /* of their payloads */
    uint64_t received;       /* messages that came for actors here */
    uint64_t received_bytes; /* of their payloads */
    uint64_t undelivered; /* of these: nobody there, or a full mailbox; dead letters */
    uint64_t refused;     /* messages against the rules: a forged source, another node's
                             actor, a notice of the system */
    uint64_t held;        /* sends here that returned false: too much was under way */
    uint64_t lost;        /* sent, and not known to have arrived when the link went */
} node_counters_t;

/* How things stand with a node. */
typedef enum {
    NODE_UP,         /* connected */
    NODE_CONNECTING, /* a mount is connecting or shaking hands */
    NODE_WAITING     /* a mount waits for its next try */
} node_state_t;

/* What is known about a node that is connected, or that a mount wants. */
typedef struct {
    node_id_t node;                  /* 0: not known yet */
    char identity[MK_NODE_NAME_MAX]; /* its name; "" when it is not known */
    node_state_t state;
    char address[MK_NODE_ADDRESS_MAX]; /* where the link goes, or the mount's target */
    bool is_ours;                      /* this node began the link */
    bool is_trusted;          /* by a key, a certificate, or the mode of a file */
    uint64_t since_ms;        /* runtime_now_ms when this state began */
    uint32_t round_trip_us;   /* of the last ping; 0: not known */
    uint32_t tries;           /* of a mount, in vain and in a row */
    node_counters_t counters; /* of the link that is up */
    uint32_t place;           /* nodes_next's own */
} node_info_t;

/* Walk the nodes: those that are up in ascending order, then the mounts that are not.
 * `info` is the place: all zero at the start, what was found after each call that
 * returns true. Nodes may come and go between calls.
 *
 *     node_info_t info = {0};
 *     while (nodes_next(rt, &info)) { ... }
 */
bool nodes_next(runtime_t *rt, node_info_t *info);

/* Find a node that is up by its name or its number in decimal; false: there is none. */
bool nodes_find(runtime_t *rt, const char *name, node_info_t *info);

/* "up", "connecting", "waiting". Static storage. */
const char *node_state_name(node_state_t state);

#ifdef __cplusplus
}
#endif

#endif
