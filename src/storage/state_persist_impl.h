/* SPDX-License-Identifier: Apache-2.0 */
/* state_persist_impl.h - the part that holds the saved state of a runtime, shared by
 * the calls that wait (state_persist.c) and the requests that do not
 * (state_requests.c). */
#ifndef MK_STORAGE_STATE_PERSIST_IMPL_H
#define MK_STORAGE_STATE_PERSIST_IMPL_H

#include "base/list.h"
#include "kernel/part.h"
#include "microkernel/state_persist.h"
#include "storage/state_store.h"

typedef struct state_request state_request_t;

typedef struct {
    part_t part;
    runtime_t *rt;
    state_store_t store;
    list_node_t waiting;      /* requests not begun, in the order they came */
    state_request_t *running; /* given to a worker thread; NULL: none */
    size_t request_count;     /* waiting and running */
    size_t request_bytes;     /* of the values these will save */
    uint32_t last_ticket;
    actor_id_t actor; /* does the requests; 0: not spawned, or stopped */
    bool is_woken;    /* a message to it is on its way */
} state_persist_t;

/* Whose state, as the public functions take it. */
typedef struct {
    text_t owner;           /* in `name`, or the caller's */
    text_t key;             /* the caller's; empty for lists */
    char name[MK_PATH_MAX]; /* of the running actor, when none was given */
} state_target_t;

/* The part of a runtime; NULL before state_persist_open. */
state_persist_t *state_persist__find(runtime_t *rt);

/* Work out owner and key; a key is wanted unless `op` is STATE_OP_LIST. MK_OK or the
 * errors that state_persist_save describes. `*target` stays where it is. */
int state_persist__target(runtime_t *rt, state_op_t op, const char *actor_name,
                          const char *key, state_target_t *target);

/* Log what a program should hear of although it asked for something else: a damaged
 * file, a value taken over. */
void state_persist__report(runtime_t *rt, text_t owner, text_t key,
                           const state_value_t *value);

void state_requests__init(state_persist_t *persist);

/* A request for this value is waiting or running. */
bool state_requests__is_busy(const state_persist_t *persist, text_t owner, text_t key);

/* An actor that was claimed has ended. */
void state_requests__on_exit(state_persist_t *persist, actor_id_t id);

/* The runtime ends: do what was accepted, without answers. No worker is at it. Blocks.
 */
void state_requests__finish(state_persist_t *persist);

#endif
