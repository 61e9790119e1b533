/* SPDX-License-Identifier: Apache-2.0 */
/* types.h - ids and the words every other header is written in. */
#ifndef MICROKERNEL_TYPES_H
#define MICROKERNEL_TYPES_H

#ifndef __cplusplus
#include <stdatomic.h>
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who: the node in the upper, the actor's number on it in the lower 32 bits. Numbers
 * start at 1 and are not used again while anyone could still hold the old id. */
typedef uint64_t actor_id_t;
typedef uint32_t node_id_t;
typedef uint32_t msg_type_t;
/* Counts from 1 per runtime. */
typedef uint32_t timer_id_t;

#define ACTOR_ID_INVALID ((actor_id_t)0)
#define TIMER_ID_INVALID ((timer_id_t)0)

typedef enum {
    ACTOR_IDLE = 0,    /* no mail */
    ACTOR_READY = 1,   /* has mail, waits for its turn */
    ACTOR_RUNNING = 2, /* its behaviour is being called */
    ACTOR_STOPPED = 3, /* ended; is cleaned up before the next message */
    ACTOR_WAITING = 4  /* in the middle of something: its mail waits, too */
} actor_status_t;

typedef struct message message_t;
typedef struct mailbox mailbox_t;
typedef struct actor actor_t;
typedef struct scheduler scheduler_t;
typedef struct runtime runtime_t;
typedef struct transport transport_t;

/* What an actor does with one message. `msg` is borrowed until return (see
 * message_take). True keeps the actor, false ends it normally. */
typedef bool (*actor_behavior_fn)(runtime_t *rt, actor_t *self, message_t *msg,
                                  void *state);

/* The id of actor number `seq` of `node`. Pure, any thread, like the two below: they
 * take an id apart and accept any value. */
static inline actor_id_t actor_id_make(node_id_t node, uint32_t seq) {
    return ((actor_id_t)node << 32) | seq;
}

/* The node an id belongs to. */
static inline node_id_t actor_id_node(actor_id_t id) {
    return (node_id_t)(id >> 32);
}

/* The actor's number on that node. */
static inline uint32_t actor_id_seq(actor_id_t id) {
    return (uint32_t)(id & 0xFFFFFFFFu);
}

#ifdef __cplusplus
}
#endif

#endif
