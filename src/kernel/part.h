/* SPDX-License-Identifier: Apache-2.0 */
/* part.h - seam: a service attached to one runtime.
 *
 * A part keeps the state of a service (names, paths, log, ...) and is told when actors
 * end. The kernel knows parts by these four functions and nothing else. */
#ifndef MK_KERNEL_PART_H
#define MK_KERNEL_PART_H

#include "microkernel/actor.h"
#include "microkernel/runtime.h"

typedef struct part part_t;

/* What is known about an end. The text is borrowed. */
typedef struct {
    actor_id_t id;
    uint8_t reason;       /* EXIT_... */
    const char *text;     /* what happened, "" when nothing was said */
    msg_type_t last_type; /* last message delivered to it; 0: none */
    uint64_t handled;     /* messages it handled */
    actor_id_t parent;    /* 0: none */
} exit_info_t;

typedef struct {
    /* An actor is about to be forgotten; its names still exist. NULL: not interested.
     */
    void (*observe_exit)(part_t *part, runtime_t *rt, const exit_info_t *info);
    /* Forget what is held for this actor. Called for actors that were claimed only
     * (part_claim). NULL: nothing is held. */
    void (*on_actor_exit)(part_t *part, runtime_t *rt, actor_id_t id);
    /* The runtime ends; free the part. Actors are gone. Not NULL. */
    void (*destroy)(part_t *part, runtime_t *rt);
} part_ops_t;

/* Embedded as the first or any member of the service's state. */
struct part {
    const part_ops_t *ops; /* also the part's name: one part per ops and runtime */
    part_t *next;          /* kernel's own */
};

/* Attach; the part must stay where it is until its destroy is called. False when a part
 * with these ops is attached already. */
bool part_attach(runtime_t *rt, part_t *part, const part_ops_t *ops);

/* The part with these ops, or NULL. */
part_t *part_find(runtime_t *rt, const part_ops_t *ops);

/* From now on `ops->on_actor_exit` will be called when this actor ends. Ids that are
 * not alive here are ignored. */
void part_claim(runtime_t *rt, actor_id_t id);

#endif
