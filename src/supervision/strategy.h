/* SPDX-License-Identifier: Apache-2.0 */
/* strategy.h - what follows when a child ends: a pure decision.
 *
 * Facts in, a plan out; the supervisor carries it out. Children are named by their
 * index in start order, so a plan is a range of them and a rule for its members:
 *
 *     index   0    1    2    3    4          one_for_one   [2, 3)
 *             a    b    c!   d    e          rest_for_one  [2, 5)
 *                       ended                one_for_all   [0, 5)
 *
 * The members that stop do so from the last to the first; when all of them are gone
 * those that start do so from the first to the last. */
#ifndef MK_SUPERVISION_STRATEGY_H
#define MK_SUPERVISION_STRATEGY_H

#include "microkernel/supervision.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the decision has to know about a child. */
typedef struct {
    restart_type_t restart_type;
    bool is_significant; /* its end may end the supervisor (auto_shutdown_t) */
    bool is_wanted;  /* runs, or waits to be started again; false once it has finished
                        or was terminated */
    bool is_running; /* an actor lives in its place */
} child_facts_t;

typedef enum {
    EVENT_CHILD_ENDED = 0, /* by itself, with a reason */
    EVENT_START_FAILED = 1 /* a restart that was decided did not succeed */
} strategy_event_kind_t;

/* What happened, and where. */
typedef struct {
    strategy_event_kind_t kind;
    uint8_t reason;              /* EXIT_... of EVENT_CHILD_ENDED */
    size_t index;                /* of the child, < count */
    size_t count;                /* children there are, this one included */
    child_facts_t child;         /* as it was before the event */
    size_t significant_left;     /* other significant children that are wanted */
    bool is_restart_allowed;     /* the restart budget has room for one more */
    restart_strategy_t strategy; /* of the supervisor */
    auto_shutdown_t auto_shutdown;
} strategy_event_t;

typedef enum {
    PLAN_KEEP = 0,  /* the child stays down; its place stays */
    PLAN_FORGET,    /* the child stays down; its place goes with it */
    PLAN_RESTART,   /* the group restarts; this costs one restart of the budget */
    PLAN_SHUT_DOWN, /* the supervisor ends in good order: auto shutdown */
    PLAN_GIVE_UP    /* the supervisor ends abnormally: the budget is used up */
} plan_action_t;

typedef struct {
    plan_action_t action;
    size_t first; /* the group of PLAN_RESTART is [first, end); else empty */
    size_t end;
} strategy_plan_t;

/* What a member of a restarting group does; a set of flags. */
enum {
    MEMBER_STOPS = 1u << 0,  /* its actor is asked to end, and awaited */
    MEMBER_STARTS = 1u << 1, /* it is started when all members have stopped */
    MEMBER_GOES = 1u << 2    /* its place is removed when it has stopped */
};

/* The plan for an event. */
strategy_plan_t strategy_decide(const strategy_event_t *event);

/* What a member of the group does, given its facts after the event (the child that
 * ended is wanted and not running). Temporary children are never started again, and
 * neither is what had finished or was terminated before. */
unsigned strategy_member(const child_facts_t *member);

#endif
