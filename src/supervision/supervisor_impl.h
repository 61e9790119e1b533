/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_impl.h - the state of a supervisor and its moving parts, for this folder.
 *
 *   supervisor_calls.c   what programs call
 *   supervisor.c         the actor: messages in, end of the actor out
 *   phases.c             restarts and the end, as states that wait for messages
 *   roster.c             one child: listed, started, asked to stop, removed
 *
 * The phases, and the function that makes each transition:
 *
 *   NEW --start_all--> UP --begin_group--> STOPPING --advance--> DELAYED
 *                      ^                      |  ^                  |
 *                      +-----start_group------+  +--begin_group--+  |
 *                      +-----start_group----------------------------+
 *   any of these --supervisor__end--> ENDING --finish--> ENDED
 */
#ifndef MK_SUPERVISION_SUPERVISOR_IMPL_H
#define MK_SUPERVISION_SUPERVISOR_IMPL_H

#include "base/list.h"
#include "microkernel/limits.h"
#include "microkernel/runtime.h"
#include "microkernel/supervision.h"
#include "supervision/child.h"
#include "supervision/id_map.h"
#include "supervision/restart_budget.h"
#include "supervision/strategy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    PHASE_NEW = 0,  /* children are down until the first message or start_child */
    PHASE_UP,       /* ordinary service */
    PHASE_STOPPING, /* the members of a restarting group end, last first */
    PHASE_DELAYED,  /* they have ended; the group's back-off runs */
    PHASE_ENDING,   /* all children end, last first */
    PHASE_ENDED     /* none is left; the actor ends when its behaviour returns */
} phase_t;

typedef struct {
    runtime_t *rt; /* NULL until first found or run */
    actor_id_t id; /* own; 0 as long as rt is NULL */
    char *name;    /* for listings, or NULL */
    restart_strategy_t strategy;
    auto_shutdown_t auto_shutdown;
    phase_t phase;

    list_node_t children; /* child_t by_order */
    size_t len;           /* of `children` */
    size_t running;       /* of these, CHILD_UP or CHILD_STOPPING */
    size_t significant;   /* of these, significant and wanted */
    id_map_t by_id;       /* actor id -> child_t; has room for all children */
    id_map_t by_timer;    /* timer id -> child_t */
    blueprint_t *pattern; /* of a template; NULL: an ordinary supervisor */
    restart_budget_t budget;

    list_node_t *cursor; /* STOPPING, DELAYED, ENDING: from here to the end of the list
                            nothing runs any more; the list's head at first */
    uint64_t not_before_ms; /* STOPPING, DELAYED: when the group may start */
    timer_id_t timer;       /* of DELAYED, and of a template's ENDING; 0: none */

    unsigned calling; /* > 0 while a function of the program runs for us: no change
                         of the children may come from within it */
    bool is_handling; /* its behaviour is running, and looks at the phase at its end */
    bool end_requested;               /* supervisor_stop was called from within one */
    uint8_t exit_reason;              /* ENDING, ENDED: EXIT_... */
    char exit_text[MK_EXIT_TEXT_MAX]; /* ENDING, ENDED: why; may be empty */
} supervisor_t;

/* --- supervisor.c --- */

/* The behaviour; its address is what makes an actor a supervisor. */
bool supervisor__behavior(runtime_t *rt, actor_t *self, message_t *msg, void *state);

/* State for supervisor__behavior; owned, NULL: bad arguments or memory short. */
supervisor_t *supervisor__create(const supervisor_options_t *options,
                                 const child_spec_t *specs,
                                 const child_options_t *child_options, size_t n_specs);

/* Ends a state; its free_state. Children that still live are killed. */
void supervisor__destroy(void *state);

/* The state of a live supervisor, or NULL for every other id. */
supervisor_t *supervisor__find(runtime_t *rt, actor_id_t id);

/* --- phases.c --- */

/* Start the children of a NEW supervisor in order; if one cannot be started, end. */
void supervisor__start_all(supervisor_t *s);

/* Decide what follows when `child` ended by itself (its id is 0 already) or could not
 * be restarted, and begin it. Inside the supervisor's behaviour. */
void supervisor__judge(supervisor_t *s, child_t *child, strategy_event_kind_t kind,
                       uint8_t reason);

/* A child that was to end has ended: give it its fate. */
void supervisor__settle(supervisor_t *s, child_t *child);

/* Go on with the current phase as far as possible. Inside the behaviour. */
void supervisor__advance(supervisor_t *s);

/* The timer of the phase has fired. Inside the behaviour. */
void supervisor__phase_timer(supervisor_t *s);

/* Begin to end: children first, then the actor, with this reason and text (NULL: none).
 * No effect when it is ending already. Outside the supervisor's own behaviour `s` may
 * be gone afterwards. */
void supervisor__end(supervisor_t *s, uint8_t reason, const char *text);

/* --- roster.c --- */

typedef enum {
    START_OK = 0, /* it is up */
    START_FAILED, /* its state is what it was, see `why` */
    START_GONE    /* a function of the program ended the supervisor meanwhile: do not
                     touch `s` unless inside its own behaviour */
} start_result_t;

/* Append a child that is down. NULL when memory is short; then nothing is changed and
 * the blueprint is still the caller's. Else the supervisor takes the blueprint, unless
 * it is the pattern. */
child_t *supervisor__add(supervisor_t *s, blueprint_t *blueprint, void *factory_arg);

/* Take a child that does not run out of the list and end it. */
void supervisor__remove(supervisor_t *s, child_t *child);

/* Write `state` and `fate`, which nobody else does, and keep the counts. */
void supervisor__set_state(supervisor_t *s, child_t *child, child_state_t state,
                           child_fate_t fate);

/* Make the actor of a child that does not run. `*why` is static text. */
start_result_t supervisor__start(supervisor_t *s, child_t *child, const char **why);

/* Ask a child that is up to end; it will then meet `fate`. With `is_timed` it is killed
 * when its shutdown time is over (or now, when no timer can be had); else the caller
 * sees to that. */
void supervisor__request_stop(supervisor_t *s, child_t *child, child_fate_t fate,
                              bool is_timed);

/* Set the timer of a child that has none; false when memory is short. */
bool supervisor__arm(supervisor_t *s, child_t *child, uint64_t wait_ms);

/* Drop the timer of a child, if it has one. */
void supervisor__disarm(supervisor_t *s, child_t *child);

#endif
