/* SPDX-License-Identifier: Apache-2.0 */
/* strategy.c - the rules of Erlang/OTP's supervisor(3), as a function of facts.
 *
 * A plan is a range and a rule instead of two lists of indexes: it needs no memory, so
 * a decision cannot fail, and a one-for-one supervisor with 100 000 children decides
 * without looking at 99 999 of them.
 *
 * One departure from OTP: there a one_for_all or rest_for_one restart also starts
 * transient children that had finished, and children that somebody terminated. Both are
 * surprises (work that was done is done again; what an operator switched off comes
 * back), so here the wish that a child be down outlives the restart of its siblings. */
#include "supervision/strategy.h"

#include "base/check.h"

/* True when the end of `child` calls for a restart. */
static bool wants_restart(const strategy_event_t *event) {
    if (event->kind == EVENT_START_FAILED) return true;
    switch (event->child.restart_type) {
    case RESTART_PERMANENT: return true;
    case RESTART_TRANSIENT: return exit_is_abnormal(event->reason);
    case RESTART_TEMPORARY: return false;
    }
    return false;
}

/* True when a significant child that stays down takes the supervisor with it. */
static bool ends_supervisor(const strategy_event_t *event) {
    if (!event->child.is_significant) return false;
    switch (event->auto_shutdown) {
    case AUTO_SHUTDOWN_NEVER: return false;
    case AUTO_SHUTDOWN_ANY: return true;
    case AUTO_SHUTDOWN_ALL: return event->significant_left == 0;
    }
    return false;
}

static strategy_plan_t plan_restart(const strategy_event_t *event) {
    strategy_plan_t plan = {PLAN_RESTART, event->index, event->index + 1};
    if (event->strategy != STRATEGY_ONE_FOR_ONE) plan.end = event->count;
    if (event->strategy == STRATEGY_ONE_FOR_ALL) plan.first = 0;
    return plan;
}

strategy_plan_t strategy_decide(const strategy_event_t *event) {
    MK_ASSERT(event->index < event->count);
    strategy_plan_t plan = {PLAN_KEEP, 0, 0};
    if (wants_restart(event)) {
        if (event->is_restart_allowed) return plan_restart(event);
        plan.action = PLAN_GIVE_UP;
    } else if (ends_supervisor(event)) {
        plan.action = PLAN_SHUT_DOWN;
    } else if (event->child.restart_type == RESTART_TEMPORARY) {
        plan.action = PLAN_FORGET;
    }
    return plan;
}

unsigned strategy_member(const child_facts_t *member) {
    unsigned does = member->is_running ? MEMBER_STOPS : 0;
    if (member->restart_type == RESTART_TEMPORARY) return does | MEMBER_GOES;
    if (member->is_wanted) does |= MEMBER_STARTS;
    return does;
}
