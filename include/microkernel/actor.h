/* SPDX-License-Identifier: Apache-2.0 */
/* actor.h - actors from the outside and from within: spawn, send, end, link, monitor.
 *
 * Delivery contract: a message arrives at most once; the order between one sender and
 * one receiver is kept; a message that cannot be delivered makes the send return false,
 * and what is dropped later (policy, death of the receiver) is counted in
 * runtime_counters. All functions belong to the runtime's thread; from other threads
 * use runtime_post (runtime.h). */
#ifndef MICROKERNEL_ACTOR_H
#define MICROKERNEL_ACTOR_H

#include "microkernel/limits.h"
#include "microkernel/mailbox.h"
#include "microkernel/message.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Why an actor ended. Everything but EXIT_NORMAL and EXIT_SHUTDOWN is abnormal. */
enum {
    EXIT_NORMAL = 0,    /* its behaviour returned false */
    EXIT_KILLED = 1,    /* actor_stop */
    EXIT_CRASHED = 2,   /* actor_exit with a text that says what happened */
    EXIT_TRAPPED = 3,   /* a WASM module trapped */
    EXIT_NO_MEMORY = 4, /* it could not get memory it cannot do without */
    EXIT_QUOTA = 5,     /* it used up what it was allowed */
    EXIT_NODE_LOST = 6, /* the node it lives on cannot be reached */
    EXIT_SHUTDOWN = 7,  /* it ended because it was asked to (MSG_SHUTDOWN) */
    EXIT_NO_ACTOR = 8   /* it did not exist when it was linked or monitored */
};

/* True for reasons after which a transient child is restarted. */
static inline bool exit_is_abnormal(uint8_t reason) {
    return reason != EXIT_NORMAL && reason != EXIT_SHUTDOWN;
}

/* Short lower-case word for a reason: "normal", "killed", "crashed", ... */
const char *exit_reason_name(uint8_t reason);

typedef enum {
    ACTOR_PRIORITY_NORMAL = 0,
    ACTOR_PRIORITY_SYSTEM = 1 /* served first; supervisors use it */
} actor_priority_t;

/* Options of actor_spawn_with; a zeroed struct means the defaults. */
typedef struct {
    size_t mailbox_size;             /* messages, rounded up to 2^n; 0: 16 */
    size_t mailbox_bytes;            /* bytes of blocks waiting; 0: MK_MAILBOX_BYTES */
    mailbox_policy_t mailbox_policy; /* when full */
    actor_priority_t priority;
    actor_id_t parent; /* gets MSG_CHILD_EXIT when this actor ends; 0: nobody */
} actor_options_t;

/* Payload of MSG_CHILD_EXIT: to the parent, once per death, never dropped. */
typedef struct {
    actor_id_t child_id;
    uint8_t exit_reason; /* EXIT_... */
} child_exit_payload_t;

/* Names one monitor of one runtime; 0 is none. */
typedef uint32_t monitor_id_t;

/* Payload of MSG_DOWN (to a monitor) and MSG_EXIT (to a linked actor that traps exits);
 * never dropped. */
typedef struct {
    actor_id_t actor_id;         /* who ended */
    monitor_id_t monitor;        /* of MSG_DOWN; 0 in MSG_EXIT */
    uint8_t exit_reason;         /* EXIT_... */
    char text[MK_EXIT_TEXT_MAX]; /* what happened; NUL-terminated, may be empty */
} down_payload_t;

/* Start an actor with the default options and a mailbox for `mailbox_size` messages
 * (rounded up to a power of two, at least 2). `initial_state` is the runtime's from now
 * on and is passed to `free_state` (may be NULL) when the actor ends. Returns its id,
 * or ACTOR_ID_INVALID - then the caller still owns the state - when the runtime holds
 * max_actors already, memory is short, `behavior` is NULL, or the mailbox is to hold
 * more than 2^31 messages. Inside and outside behaviours. */
actor_id_t actor_spawn(runtime_t *rt, actor_behavior_fn behavior, void *initial_state,
                       void (*free_state)(void *), size_t mailbox_size);

/* As actor_spawn, with options (NULL: defaults). Fails also when `parent` is given and
 * is not a live actor of this runtime, or a policy or priority does not exist. */
actor_id_t actor_spawn_with(runtime_t *rt, actor_behavior_fn behavior,
                            void *initial_state, void (*free_state)(void *),
                            const actor_options_t *options);

/* End an actor with EXIT_KILLED. It gets no further message; its memory, timers,
 * watches and names go before the next message is delivered. Unknown ids and ids of
 * other nodes are ignored. Safe for the running actor itself, its parent, and actors
 * with mail. */
void actor_stop(runtime_t *rt, actor_id_t id);

/* End the running actor when its behaviour returns, whatever it returns, with `reason`
 * and a text (NULL: none; cut to MK_EXIT_TEXT_MAX - 1 bytes at a character boundary).
 * No effect outside a behaviour. The first call of a turn wins. */
void actor_exit(runtime_t *rt, uint8_t reason, const char *text);

/* Ask an actor to end: it receives MSG_SHUTDOWN, ahead of no other mail but beyond any
 * mailbox limit, and should return false; its exit reason is then EXIT_SHUTDOWN. False
 * when it does not exist or memory is short. */
bool actor_shutdown(runtime_t *rt, actor_id_t id);

/* Send a copy of the payload. `source` is the running actor, 0 outside. False, and
 * nothing is delivered, when nobody is there, the mailbox is full (policy
 * MAILBOX_FAIL), memory is short, the type is reserved to the system (debug builds), or
 * the node of `dest` is not connected. NULL or size 0 send no payload. */
bool actor_send(runtime_t *rt, actor_id_t dest, msg_type_t type, const void *payload,
                size_t payload_size);

/* Pass a message on without copying: one that was taken (message_take) or the one being
 * delivered. Takes `msg` when it returns true; false leaves it with the caller. The
 * source becomes the running actor unless `keep_source`. Also takes a message of
 * message_create, in debug builds only if its type is not reserved to the system. */
bool actor_forward(runtime_t *rt, actor_id_t dest, message_t *msg, bool keep_source);

/* Id of the running actor; ACTOR_ID_INVALID outside behaviours. */
actor_id_t actor_self(runtime_t *rt);

/* State of the running actor; NULL outside behaviours. */
void *actor_state(runtime_t *rt);

/* True while `id` is a live actor of this runtime. */
bool actor_is_alive(runtime_t *rt, actor_id_t id);

/* Link the running actor with `other`, both ways: when one ends abnormally the other
 * ends with the same reason, unless it traps exits; then it gets MSG_EXIT (also for
 * normal ends). Linking twice is one link. When `other` does not exist the running
 * actor is treated as if it had just ended with EXIT_NO_ACTOR; it may be an actor of
 * another node, which counts as ended with EXIT_NODE_LOST when that node is not
 * connected or goes. False: outside a behaviour, `other` is the running actor, or
 * memory is short.
 */
bool actor_link(runtime_t *rt, actor_id_t other);

/* Undo actor_link. False when there was no link. Inside a behaviour. */
bool actor_unlink(runtime_t *rt, actor_id_t other);

/* Turn deaths of linked actors into MSG_EXIT for the running actor. Inside a behaviour.
 */
void actor_trap_exits(runtime_t *rt, bool on);

/* Have the running actor told (MSG_DOWN, once) when `target` ends; at once, with
 * EXIT_NO_ACTOR, if it does not exist. It may be an actor of another node: then
 * EXIT_NODE_LOST also says that its node is not connected or went, and EXIT_QUOTA or
 * EXIT_NO_MEMORY that the node cannot watch it. 0 outside a behaviour or when memory is
 * short. */
monitor_id_t actor_monitor(runtime_t *rt, actor_id_t target);

/* Drop a monitor of the running actor; its MSG_DOWN will not come unless it waits in
 * the mailbox already. False when it is not (or no longer) there. Inside a behaviour.
 */
bool actor_demonitor(runtime_t *rt, monitor_id_t monitor);

#ifdef __cplusplus
}
#endif

#endif
