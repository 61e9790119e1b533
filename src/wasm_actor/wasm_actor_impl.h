/* SPDX-License-Identifier: Apache-2.0 */
/* wasm_actor_impl.h - one actor with a module, for this folder only.
 *
 * What it does is a sequence of calls into the guest; `stage` says which one is open or
 * was the last:
 *
 *     FRESH -> START -> INITIALIZE -> IDLE -> ALLOCATE -> HANDLE -> FREE -> IDLE ...
 *
 * Stages without work are passed over. Only run.c writes it. While a call is open it is
 *
 *   runnable   out of fuel: MSG_WASM_TURN is on its way, and awaited
 *   suspended  `wait` says in what; the host function that suspends arranges the wake
 *
 * Whatever else comes in between is mail and waits in the mailbox (actor__await), but
 * for mk_recv, which takes it. */
#ifndef MK_WASM_ACTOR_WASM_ACTOR_IMPL_H
#define MK_WASM_ACTOR_WASM_ACTOR_IMPL_H

#include "microkernel/runtime.h"
#include "microkernel/wasm_actor.h"
#include "wasm/wasm.h"
#include "wasm_actor/module_cache.h"

typedef enum {
    STAGE_FRESH,
    STAGE_START,
    STAGE_INITIALIZE,
    STAGE_IDLE,
    STAGE_ALLOCATE,
    STAGE_HANDLE,
    STAGE_FREE
} stage_t;

typedef enum {
    WAIT_NOTHING,
    WAIT_SLEEP,        /* timer `ticket` */
    WAIT_RECV,         /* the next message; four parameters */
    WAIT_RECV_FULL,    /* five */
    WAIT_RECV_TIMEOUT, /* or timer `ticket`, if it is not 0 */
    WAIT_SAVE,         /* MSG_STATE_REPLY `ticket` */
    WAIT_LOAD,
    WAIT_FILE, /* MSG_OFFLOAD_DONE `ticket` */
    WAIT_HTTP, /* MSG_HTTP_RESPONSE of request `ticket` */
    WAIT_END   /* it is being stopped */
} wait_t;

/* A module in use. */
typedef struct {
    code_t *code;              /* counted */
    wasm_instance_t *instance; /* owned */
    uint32_t payload;          /* address of the block to free; 0: none */
    uint32_t room_page;        /* where the pages begin that were added for payloads */
    uint16_t room_pages;       /* how many */
    uint8_t stage;             /* stage_t */
} engine_t;

/* Actors that one has spawned, as far as known to live. */
typedef struct {
    uint32_t count;
    uint32_t cap;
    actor_id_t ids[];
} children_t;

/* Many of these wait at the same time, so what few have is made when it is needed. */
typedef struct wasm_actor {
    runtime_t *rt; /* NULL until the first message of a child of a supervisor */
    actor_id_t id;
    engine_t engine;
    engine_t *before;           /* to come back when the first message fails, or NULL */
    wasm_factory_arg_t *origin; /* counted; NULL: spawned without one */
    message_t *mail;            /* to be handled; borrowed within a turn, then owned */
    children_t *children;       /* NULL: there were none yet */
    bounds_t *bounds;           /* counted; the same for all its engines */
    uint64_t fuel_used;         /* in all */
    uint64_t fuel_busy;         /* since it last waited or took a message */
    uint32_t fuel_turn;         /* since others had their turn */
    uint32_t ticket;            /* of `wait` */
    uint32_t sends_began;       /* of the clock's milliseconds: see may_send_more */
    uint32_t sends;             /* since then; counted only when they are bounded */
    uint16_t reloads;
    uint8_t wait;      /* wait_t */
    bool owns_mail;    /* `mail` was taken */
    bool is_ending;    /* ends when its call returns */
    bool got_shutdown; /* and then with EXIT_SHUTDOWN */
    bool is_trial;     /* reload.c runs it: it must not wait */
    bool lacks_memory; /* a host function trapped for want of memory */
} wasm_actor_t;

/* --- create.c --- */

typedef struct {
    int code; /* MK_E... */
    char *text;
} problem_t;

/* Link an instance of `code`, which is counted on success. */
int engine__create(engine_t *engine, code_t *code, const bounds_t *bounds,
                   wasm_actor_t *actor, wasm_error_t *error);
void engine__destroy(engine_t *engine);

/* An actor's state with its engine; NULL and `*error`. Both are counted. */
wasm_actor_t *wasm_actor__create(code_t *code, bounds_t *bounds, wasm_error_t *error);

/* Fill in what options leave open; to be shared. */
bounds_t bounds__of(const wasm_actor_options_t *options);

/* Options of the functions of earlier versions. */
wasm_actor_options_t wasm_actor__old_options(uint32_t stack_size,
                                             fiber_stack_class_t fiber_stack);

/* Tell a failure to who asked; both may be NULL. */
void wasm_actor__tell(const wasm_error_t *failure, int *error, char *problem);

/* --- factory.c --- */

wasm_factory_arg_t *factory__retain(wasm_factory_arg_t *arg);
void factory__release(wasm_factory_arg_t *arg);
/* Actors are made from this module from now on. */
void factory__set_code(wasm_factory_arg_t *arg, code_t *code);

/* --- run.c --- */

/* Have the start function run in a turn of its own. False: no memory. */
bool wasm_actor__wake(runtime_t *rt, actor_id_t id);

/* The call goes on with its result in place: run the guest. */
void wasm_actor__go_on(wasm_actor_t *actor);

/* Only for a trial: run stages up to STAGE_IDLE within `fuel`. False: it trapped,
 * waited or ran out. */
bool wasm_actor__run_to_idle(wasm_actor_t *actor, int64_t *fuel);

/* Words for a trap: "unreachable in f < g". */
void wasm_actor__describe_trap(const wasm_instance_t *instance, char *text, size_t cap);

/* --- reload.c --- */

/* The first message of a new module failed: put the old one back. False: there is
 * none. */
bool wasm_actor__roll_back(wasm_actor_t *actor, const char *why);
/* The first message went well. */
void wasm_actor__commit(wasm_actor_t *actor);

/* --- host_*.c --- */

/* The wait of `actor` is over: an event of its own, or mail for mk_recv. */
void wait__on_mail(wasm_actor_t *actor, const message_t *msg);
void wait__on_timer(wasm_actor_t *actor, timer_id_t id);
void wait__on_state(wasm_actor_t *actor, const message_t *msg);
void wait__on_offload(wasm_actor_t *actor, const message_t *msg);
void wait__on_http(wasm_actor_t *actor, const message_t *msg);

/* Give up what it waits for. */
void wait__cancel(wasm_actor_t *actor);

/* Hold the mail until what it waits for comes; nothing for mk_recv. */
void wait__hold_mail(wasm_actor_t *actor);

#endif
