/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.h - one scheduler and one I/O loop on one thread.
 *
 * Unless said otherwise a runtime is used by the thread that runs it. */
#ifndef MICROKERNEL_RUNTIME_H
#define MICROKERNEL_RUNTIME_H

#include "microkernel/actor.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What runtime_actor_info tells about an actor. */
typedef struct {
    actor_id_t id;
    actor_status_t status;
    size_t mailbox_used; /* messages waiting */
    size_t mailbox_cap;  /* messages that may wait */
    actor_id_t parent;   /* its supervisor; 0: none */
} actor_info_t;

/* What runtime_actor_stats tells about an actor. */
typedef struct {
    uint64_t handled; /* messages delivered to its behaviour; those of a turn that
                         goes on are added up to MK_TURN_MESSAGES later */
    uint64_t dropped; /* messages its full mailbox refused or dropped */
    uint64_t time_ns; /* spent in its behaviour; see runtime_measure_time */
    size_t mailbox_bytes_used; /* bytes of blocks waiting */
    size_t mailbox_bytes_cap;
    uint32_t timers;      /* armed */
    uint32_t watches;     /* descriptors watched */
    uint32_t links;       /* linked actors */
    uint32_t monitors;    /* monitors it holds */
    msg_type_t last_type; /* of the last message delivered; 0 before the first */
    actor_priority_t priority;
} actor_stats_t;

/* Counters of a runtime since its start. */
typedef struct {
    uint64_t sends;        /* messages accepted into mailboxes */
    uint64_t delivered;    /* messages handled by behaviours */
    uint64_t turns;        /* times an actor was given the processor */
    uint64_t spawned;      /* actors started */
    uint64_t exited;       /* actors ended */
    uint64_t crashed;      /* of these, abnormally and not by actor_stop */
    uint64_t refused;      /* sends refused by a full mailbox */
    uint64_t dropped;      /* waiting messages dropped by a mailbox policy */
    uint64_t dead_letters; /* sends to nobody, and mail of actors that ended */
    uint64_t no_memory;    /* operations that failed for want of memory */
    uint64_t timers_fired;
    uint64_t polls;      /* looks at the descriptors */
    uint64_t put_off;    /* times a ready descriptor was left alone for a millisecond,
                            because nobody could be told */
    size_t actors;       /* alive now */
    size_t timers;       /* armed now */
    size_t watches;      /* descriptors watched now */
    size_t memory_bytes; /* held by block pools and tables */
} runtime_counters_t;

/* A runtime whose actors get ids of `node_id` (0 is allowed: ids are then the bare
 * numbers). At most `max_actors` live at a time; this is a ceiling, not an allocation.
 * Returns owned; NULL when max_actors is 0 or above 2^31, or memory is short. Any
 * thread. */
runtime_t *runtime_init(node_id_t node_id, size_t max_actors);

/* End all actors (free_state is called, nobody is notified) and the runtime. NULL is
 * allowed. Does nothing inside a behaviour or a free_state; messages taken with
 * message_take must have been ended before. */
void runtime_destroy(runtime_t *rt);

/* Run until runtime_stop, until no actor is left, or until nothing can ever happen
 * again (no message, timer, watch, posted or offloaded work). Does nothing inside a
 * behaviour or a free_state. */
void runtime_run(runtime_t *rt);

/* Look at timers and descriptors without waiting, deliver exactly one message to one
 * actor (none, if none waits), and clean up after actors that ended. Does nothing
 * inside a behaviour or a free_state. */
void runtime_step(runtime_t *rt);

/* Make runtime_run return after the current message; when it does not run, make its
 * next call return at once, so that a stop from another thread cannot come too early.
 * Any thread, until runtime_destroy begins; NULL is ignored. */
void runtime_stop(runtime_t *rt);

/* Ids of live actors in ascending order of spawning, at most `max_count`. Returns how
 * many were written; with `buf` NULL, how many live. */
size_t runtime_list_actors(runtime_t *rt, actor_id_t *buf, size_t max_count);

/* As runtime_list_actors, with facts; 0 also when memory is short. */
size_t runtime_actor_info(runtime_t *rt, actor_info_t *buf, size_t max);

/* Facts and counters of one actor. False when it is not alive. */
bool runtime_actor_find(runtime_t *rt, actor_id_t id, actor_info_t *out);
bool runtime_actor_stats(runtime_t *rt, actor_id_t id, actor_stats_t *out);

/* Counters; all zero for NULL. */
runtime_counters_t runtime_counters(runtime_t *rt);

/* Measure the time each actor uses (two looks at the clock per turn). Off at start. */
void runtime_measure_time(runtime_t *rt, bool on);

/* The ceiling given to runtime_init; 0 for NULL. */
size_t runtime_get_max_actors(runtime_t *rt);

/* The node of this runtime's ids; 0 for NULL. */
node_id_t runtime_get_node_id(runtime_t *rt);

/* Monotonic milliseconds since some fixed point, as timers see it. */
uint64_t runtime_now_ms(runtime_t *rt);

/* Send from another thread: copies the payload, wakes the loop; source 0. True: queued
 * (if the actor is gone or its mailbox full by then, that is counted as a dead letter
 * or drop). False: MK_POST_MAX messages wait already, memory is short, or the type is
 * reserved to the system (debug builds). Any thread, until runtime_destroy begins. */
bool runtime_post(runtime_t *rt, actor_id_t dest, msg_type_t type, const void *payload,
                  size_t payload_size);

/* Payload of MSG_OFFLOAD_DONE. */
typedef struct {
    uint32_t ticket; /* what runtime_offload returned */
    void *arg;       /* what was given to it */
    void *result;    /* what the function returned */
} offload_done_payload_t;

/* Run `fn(arg)` on a worker thread (where the platform has none: on the loop when it is
 * idle). The running actor then gets MSG_OFFLOAD_DONE, never dropped. If the actor ends
 * first, `discard(result)` is called on the loop's thread instead (NULL: nothing is);
 * runtime_destroy waits for functions that have begun; of those that never began it
 * discards `arg`, which then stands where the result would. Returns a ticket > 0, or 0:
 * outside a behaviour, `fn` NULL, or memory short. */
uint32_t runtime_offload(runtime_t *rt, void *(*fn)(void *arg), void *arg,
                         void (*discard)(void *result));

/* --- transports (transport.h) --- */

/* Use a transport for mail to and from the actors of its peer_node, which is connected
 * from now on as far as the loop knows: sends to it are true when the transport takes
 * them. Whoever is at the other side is believed to be that node; neither names nor
 * monitors go over it (mounts do that). When the peer has gone the node is down; a
 * listening transport made here then waits for the next peer, any other is destroyed.
 * Takes the transport on success; it is destroyed with the runtime. False, and it stays
 * the caller's: NULL, no descriptor, peer_node 0 or our own (or ours is 0), a node that
 * is connected or has a transport already, or memory short; a line in the log says
 * which. */
bool runtime_add_transport(runtime_t *rt, transport_t *transport);

/* How many of them there are now, those that wait for a peer included; 0 for NULL. */
size_t runtime_get_transport_count(runtime_t *rt);

#ifdef __cplusplus
}
#endif

#ifndef MICROKERNEL_NARROW_HEADERS
#include "microkernel/services.h"
#endif

#endif
