/* SPDX-License-Identifier: Apache-2.0 */
/* phases.c - restarts and the end of a supervisor, as states that wait for messages.
 *
 * strategy.c decides, this file carries out. Stopping a child takes as long as the
 * child wants (up to its shutdown time), and the loop must not wait; so a group restart
 * is the phases STOPPING, DELAYED and UP again, and `cursor` remembers how far it got.
 * What happens meanwhile is never queued:
 *
 * - a member that ends by itself is as good as stopped;
 * - a child before the group (rest_for_one) that ends is judged at once; if it has to
 * be restarted the group grows downwards, to begin with it, and the walk simply goes
 * on;
 * - a member that cannot be started is judged as an event of its own (OTP: another
 * restart attempt), which begins a new group.
 *
 * Invariants: (1) in STOPPING and DELAYED the members are a suffix of the list, and
 * they alone have in_group set. (2) From `cursor` to the end of the list no child runs,
 * in STOPPING, DELAYED and ENDING. (3) Every state in which the supervisor waits has
 * something that will come: an exit notice, which the kernel cannot lose, or an armed
 * timer; where no timer can be had the supervisor ends, which needs no memory. */
#include "supervision/supervisor_impl.h"

#include "base/check.h"
#include "kernel/inside.h"
#include "supervision/backoff.h"
#include "supervision/wording.h"

/* Milliseconds to the next attempt of a child that could not be started and has no
 * back-off: the least that lets time pass and others run. */
enum { RETRY_MS = 1 };

/* --- the end --- */

/* Nothing is left to do but to end the actor. */
static void finish(supervisor_t *s) {
    s->phase = PHASE_ENDED;
    /* Within the own behaviour the return from it is the end; see supervisor.c. Being
     * the running actor is not enough: between two messages of a turn the dead are
     * cleaned up, and a free_state may call us. */
    if (s->is_handling) return;
    actor__kill(s->rt, s->id, s->exit_reason, s->exit_text);
}

/* Ask the children to end one by one, from the last to the first. True when none of
 * those that shall end runs any more. */
static bool stop_next(supervisor_t *s) {
    while (s->cursor->prev != &s->children) {
        list_node_t *node = s->cursor->prev;
        child_t *child = child_of(node);
        if (s->phase == PHASE_STOPPING && !child->in_group) return true;
        if (child->state == CHILD_UP)
            supervisor__request_stop(
                s, child, s->phase == PHASE_ENDING ? FATE_DOWN : child->fate, true);
        if (child->state == CHILD_STOPPING) return false;
        s->cursor = node;
    }
    return true;
}

static void go_on_ending(supervisor_t *s) {
    bool is_done = s->pattern != NULL ? s->running == 0 : stop_next(s);
    if (is_done) finish(s);
}

static void kill_all(supervisor_t *s) {
    for (list_node_t *n = s->children.prev; n != &s->children; n = n->prev)
        if (child_is_running(child_of(n))) actor_stop(s->rt, child_of(n)->id);
}

/* Instances of a template have no order among each other: all end at once, under one
 * common shutdown time. */
static void stop_instances(supervisor_t *s) {
    uint64_t shutdown_ms = s->pattern->options.shutdown_ms;
    for (list_node_t *n = s->children.prev; n != &s->children; n = n->prev)
        if (child_of(n)->state == CHILD_UP)
            supervisor__request_stop(s, child_of(n), FATE_DOWN, false);
    if (shutdown_ms == 0 || shutdown_ms == MK_SHUTDOWN_UNLIMITED || s->running == 0)
        return;
    s->timer = actor__set_timer_for(s->rt, s->id, shutdown_ms, false);
    if (s->timer == TIMER_ID_INVALID) kill_all(s);
}

static void drop_phase_timer(supervisor_t *s) {
    if (s->timer == TIMER_ID_INVALID) return;
    actor__cancel_timer_for(s->rt, s->id, s->timer);
    s->timer = TIMER_ID_INVALID;
}

void supervisor__end(supervisor_t *s, uint8_t reason, const char *text) {
    if (s->phase >= PHASE_ENDING) return;
    drop_phase_timer(s);
    s->phase = PHASE_ENDING;
    s->exit_reason = reason;
    wording_copy(s->exit_text, sizeof s->exit_text, text);
    s->cursor = &s->children;
    if (s->pattern != NULL) stop_instances(s);
    go_on_ending(s);
}

/* --- starts --- */

void supervisor__start_all(supervisor_t *s) {
    MK_ASSERT(s->phase == PHASE_NEW);
    s->phase = PHASE_UP;
    size_t index = 0;
    for (list_node_t *n = s->children.next; n != &s->children; n = n->next, index++) {
        child_t *child = child_of(n);
        const char *why = "";
        start_result_t result = supervisor__start(s, child, &why);
        if (result == START_GONE) return;
        if (result == START_FAILED) {
            char text[MK_EXIT_TEXT_MAX];
            wording_failed_start(text, sizeof text, index, child->blueprint->name, why);
            supervisor__end(s, EXIT_CRASHED, text);
            return;
        }
    }
}

/* Start the members of the group, which begins at `cursor`, in order. */
static void start_group(supervisor_t *s) {
    s->phase = PHASE_UP;
    for (list_node_t *n = s->cursor; n != &s->children; n = n->next)
        child_of(n)->in_group = false;
    for (list_node_t *n = s->cursor; n != &s->children; n = n->next) {
        child_t *child = child_of(n);
        if (child->state != CHILD_WAITING) continue;
        const char *why = "";
        start_result_t result = supervisor__start(s, child, &why);
        if (result == START_OK) continue;
        if (result == START_FAILED)
            supervisor__judge(s, child, EVENT_START_FAILED, EXIT_CRASHED);
        return;
    }
}

/* --- restarts --- */

static child_facts_t facts_of(const child_t *child) {
    return (child_facts_t){
        .restart_type = child->blueprint->restart_type,
        .is_significant = child->blueprint->options.is_significant,
        .is_wanted = child_is_wanted(child),
        .is_running = child_is_running(child),
    };
}

static void join_group(supervisor_t *s, child_t *child) {
    child_facts_t facts = facts_of(child);
    unsigned does = strategy_member(&facts);
    child_fate_t fate = FATE_DOWN;
    if (does & MEMBER_STARTS) fate = FATE_WAITING;
    if (does & MEMBER_GOES) fate = FATE_GONE;
    child_state_t state = child->state;
    if (!(does & MEMBER_STOPS))
        state = fate == FATE_WAITING ? CHILD_WAITING : CHILD_DOWN;
    child->in_group = true;
    supervisor__set_state(s, child, state, fate);
}

/* Stop and start all children from index `first` on; the group may exist already. */
static void begin_group(supervisor_t *s, size_t first, uint64_t not_before_ms) {
    MK_ASSERT(s->phase == PHASE_UP || s->phase == PHASE_STOPPING ||
              s->phase == PHASE_DELAYED);
    if (s->phase == PHASE_UP) {
        s->cursor = &s->children;
        s->not_before_ms = not_before_ms;
    }
    if (s->not_before_ms < not_before_ms) s->not_before_ms = not_before_ms;
    drop_phase_timer(s);
    s->phase = PHASE_STOPPING;
    size_t index = 0;
    for (list_node_t *n = s->children.next; n != &s->children; n = n->next, index++)
        if (index >= first) join_group(s, child_of(n));
}

static size_t index_of(const supervisor_t *s, const child_t *child) {
    size_t index = 0;
    for (const list_node_t *n = s->children.next; n != &child->by_order; n = n->next)
        index++;
    return index;
}

static strategy_plan_t decide(supervisor_t *s, const child_t *child,
                              strategy_event_kind_t kind, uint8_t reason,
                              uint64_t now_ms) {
    strategy_event_t event = {
        .kind = kind,
        .reason = reason,
        .index = 0,
        .count = 1,
        .child = facts_of(child),
        .significant_left = s->significant,
        .is_restart_allowed = restart_budget_has_room(&s->budget, now_ms),
        .strategy = s->strategy,
        .auto_shutdown = s->auto_shutdown,
    };
    if (event.child.is_significant && event.child.is_wanted) event.significant_left--;
    /* Where only the child itself matters nobody counts the others. */
    if (s->strategy != STRATEGY_ONE_FOR_ONE) {
        event.index = index_of(s, child);
        event.count = s->len;
    }
    return strategy_decide(&event);
}

static uint64_t add_saturating(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void give_up(supervisor_t *s) {
    char text[MK_EXIT_TEXT_MAX];
    wording_intensity(text, sizeof text, s->budget.limit, s->budget.window_ms);
    supervisor__end(s, EXIT_CRASHED, text);
}

void supervisor__judge(supervisor_t *s, child_t *child, strategy_event_kind_t kind,
                       uint8_t reason) {
    for (;;) {
        uint64_t now_ms = runtime_now_ms(s->rt);
        strategy_plan_t plan = decide(s, child, kind, reason, now_ms);
        if (plan.action == PLAN_FORGET) {
            supervisor__remove(s, child);
            return;
        }
        if (plan.action != PLAN_RESTART) {
            supervisor__set_state(s, child, CHILD_DOWN, FATE_DOWN);
            if (plan.action == PLAN_GIVE_UP) give_up(s);
            if (plan.action == PLAN_SHUT_DOWN)
                supervisor__end(s, EXIT_SHUTDOWN, "auto shutdown");
            return;
        }
        restart_budget_spend(&s->budget, now_ms);
        const child_options_t *options = &child->blueprint->options;
        uint64_t wait_ms = backoff_next(&child->backoff, options->backoff_ms,
                                        options->backoff_max_ms, now_ms);
        if (kind == EVENT_START_FAILED && wait_ms == 0) wait_ms = RETRY_MS;
        supervisor__set_state(s, child, CHILD_WAITING, FATE_WAITING);

        if (s->strategy != STRATEGY_ONE_FOR_ONE) {
            begin_group(s, plan.first, add_saturating(now_ms, wait_ms));
            return;
        }
        if (wait_ms > 0) {
            if (!supervisor__arm(s, child, wait_ms))
                supervisor__end(s, EXIT_NO_MEMORY, "no timer for a restart");
            return;
        }
        const char *why = "";
        if (supervisor__start(s, child, &why) != START_FAILED) return;
        kind = EVENT_START_FAILED;
    }
}

void supervisor__settle(supervisor_t *s, child_t *child) {
    if (s->phase == PHASE_ENDING || child->fate == FATE_DOWN) {
        supervisor__set_state(s, child, CHILD_DOWN, FATE_DOWN);
    } else if (child->fate == FATE_WAITING) {
        supervisor__set_state(s, child, CHILD_WAITING, FATE_WAITING);
    } else {
        supervisor__remove(s, child);
    }
}

/* --- going on --- */

void supervisor__advance(supervisor_t *s) {
    while (s->phase == PHASE_STOPPING) {
        if (!stop_next(s)) return;
        uint64_t now_ms = runtime_now_ms(s->rt);
        if (s->not_before_ms <= now_ms) {
            start_group(s);
            continue;
        }
        s->phase = PHASE_DELAYED;
        s->timer = actor__set_timer_for(s->rt, s->id, s->not_before_ms - now_ms, false);
        if (s->timer == TIMER_ID_INVALID)
            supervisor__end(s, EXIT_NO_MEMORY, "no timer for a restart");
    }
    if (s->phase == PHASE_ENDING) go_on_ending(s);
}

void supervisor__phase_timer(supervisor_t *s) {
    s->timer = TIMER_ID_INVALID;
    if (s->phase == PHASE_DELAYED) {
        start_group(s);
        supervisor__advance(s);
    } else if (s->phase == PHASE_ENDING) {
        kill_all(s); /* the exit notices go on from here */
    }
}
