/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor.c - the actor: messages in, its own end out.
 *
 * A supervisor is told everything by messages that cannot get lost: exit notices and
 * timers pass by the limits of its mailbox, so a flood of other mail does not cost it a
 * child. It trusts no number in a message: unknown ids are of children that were
 * replaced or withdrawn, and a notice about a child that lives is a forgery; both are
 * ignored.
 *
 * When the actor ends in any way but the orderly one (actor_stop, a link, the end of
 * the runtime), its free_state kills the children that are left: nobody would ever stop
 * or restart them. A nested supervisor dies the same way, so a whole tree goes. */
#include "supervision/supervisor_impl.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/timer.h"

#include <string.h>

/* --- state --- */

static bool are_valid(const supervisor_options_t *options, const child_spec_t *specs,
                      size_t n_specs) {
    if (options == NULL || (specs == NULL && n_specs > 0)) return false;
    switch (options->strategy) {
    case STRATEGY_ONE_FOR_ONE: break;
    case STRATEGY_ONE_FOR_ALL:
    case STRATEGY_REST_FOR_ONE:
        if (options->is_template) return false;
        break;
    default: return false;
    }
    switch (options->auto_shutdown) {
    case AUTO_SHUTDOWN_NEVER:
    case AUTO_SHUTDOWN_ANY:
    case AUTO_SHUTDOWN_ALL: break;
    default: return false;
    }
    return !options->is_template || n_specs == 1;
}

static bool add_specs(supervisor_t *s, bool is_template, const child_spec_t *specs,
                      const child_options_t *child_options, size_t n_specs) {
    for (size_t i = 0; i < n_specs; i++) {
        const child_options_t *options = child_options ? &child_options[i] : NULL;
        blueprint_t *blueprint = NULL;
        if (blueprint_create(&blueprint, &specs[i], options, supervisor__behavior) < 0)
            return false;
        if (is_template) {
            s->pattern = blueprint;
        } else if (supervisor__add(s, blueprint, blueprint->factory_arg) == NULL) {
            blueprint_destroy(blueprint);
            return false;
        }
    }
    return true;
}

static bool set_name(supervisor_t *s, const char *name) {
    if (name == NULL) return true;
    size_t size = strlen(name) + 1;
    s->name = mk_alloc(size);
    if (s->name == NULL) return false;
    memcpy(s->name, name, size);
    return true;
}

supervisor_t *supervisor__create(const supervisor_options_t *options,
                                 const child_spec_t *specs,
                                 const child_options_t *child_options, size_t n_specs) {
    if (!are_valid(options, specs, n_specs)) return NULL;
    supervisor_t *s = mk_calloc(1, sizeof *s);
    if (s == NULL) return NULL;
    s->strategy = options->strategy;
    s->auto_shutdown = options->auto_shutdown;
    list_init(&s->children);
    s->cursor = &s->children;
    id_map_init(&s->by_id);
    id_map_init(&s->by_timer);
    restart_budget_init(&s->budget,
                        options->max_restarts > 0 ? (uint32_t)options->max_restarts : 0,
                        options->window_ms);
    if (!set_name(s, options->name) ||
        !add_specs(s, options->is_template, specs, child_options, n_specs)) {
        supervisor__destroy(s);
        return NULL;
    }
    return s;
}

void supervisor__destroy(void *state) {
    supervisor_t *s = state;
    while (!list_is_empty(&s->children)) {
        child_t *child = child_of(s->children.prev);
        if (child_is_running(child)) actor_stop(s->rt, child->id);
        list_remove(&child->by_order);
        if (child->blueprint != s->pattern) blueprint_destroy(child->blueprint);
        mk_free(child);
    }
    blueprint_destroy(s->pattern);
    id_map_deinit(&s->by_id);
    id_map_deinit(&s->by_timer);
    restart_budget_deinit(&s->budget);
    mk_free(s->name);
    mk_free(s);
}

supervisor_t *supervisor__find(runtime_t *rt, actor_id_t id) {
    if (rt == NULL) return NULL;
    supervisor_t *s = actor__state_of(rt, id, supervisor__behavior);
    if (s == NULL) return NULL;
    /* The state of a nested supervisor was made by a factory, which knows neither. */
    s->rt = rt;
    s->id = id;
    return s;
}

/* --- messages --- */

static void on_wake(supervisor_t *s, const message_t *msg) {
    (void)msg;
    if (s->phase == PHASE_NEW) supervisor__start_all(s);
}

static void on_child_exit(supervisor_t *s, const message_t *msg) {
    child_exit_payload_t exit;
    memcpy(&exit, msg->payload, sizeof exit);
    child_t *child = id_map_find(&s->by_id, exit.child_id);
    if (child == NULL || actor_is_alive(s->rt, exit.child_id)) return;

    id_map_remove(&s->by_id, exit.child_id);
    supervisor__disarm(s, child);
    child->id = ACTOR_ID_INVALID;
    child->last_exit_reason = exit.exit_reason;
    if (s->phase == PHASE_ENDING || child->state == CHILD_STOPPING || child->in_group) {
        supervisor__settle(s, child);
    } else {
        supervisor__judge(s, child, EVENT_CHILD_ENDED, exit.exit_reason);
    }
    supervisor__advance(s);
}

/* The back-off of a child is over. Groups wait with the timer of the phase, so this
 * child is one for one. */
static void start_waiting(supervisor_t *s, child_t *child) {
    if (s->phase != PHASE_UP) return;
    const char *why = "";
    if (supervisor__start(s, child, &why) == START_FAILED)
        supervisor__judge(s, child, EVENT_START_FAILED, EXIT_CRASHED);
}

static void on_timer(supervisor_t *s, const message_t *msg) {
    timer_payload_t timer;
    memcpy(&timer, msg->payload, sizeof timer);
    if (timer.id == s->timer && timer.id != TIMER_ID_INVALID) {
        supervisor__phase_timer(s);
        return;
    }
    child_t *child = id_map_remove(&s->by_timer, timer.id);
    if (child == NULL) return; /* cancelled while its message waited */
    child->timer = TIMER_ID_INVALID;
    if (child->state == CHILD_STOPPING) actor_stop(s->rt, child->id);
    if (child->state == CHILD_WAITING) start_waiting(s, child);
}

static void on_shutdown(supervisor_t *s, const message_t *msg) {
    (void)msg;
    supervisor__end(s, EXIT_SHUTDOWN, NULL);
}

typedef struct {
    msg_type_t type;
    size_t least_size; /* bytes of payload; shorter ones are ignored */
    void (*handle)(supervisor_t *s, const message_t *msg);
} handler_t;

static const handler_t handlers[] = {
    {MSG_CHILD_EXIT, sizeof(child_exit_payload_t), on_child_exit},
    {MSG_TIMER, sizeof(timer_payload_t), on_timer},
    {MSG_SHUTDOWN, 0, on_shutdown},
    {MSG_SUPERVISOR_WAKE, 0, on_wake},
};

bool supervisor__behavior(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    supervisor_t *s = state;
    s->rt = rt;
    s->id = actor_self(rt);
    s->is_handling = true;
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
        if (handlers[i].type != msg->type) continue;
        if (msg->payload_size >= handlers[i].least_size) handlers[i].handle(s, msg);
        break;
    }
    if (s->end_requested) supervisor__end(s, EXIT_SHUTDOWN, NULL);
    s->is_handling = false;
    if (s->phase != PHASE_ENDED) return true;
    actor_exit(rt, s->exit_reason, s->exit_text);
    return false;
}
