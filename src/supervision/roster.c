/* SPDX-License-Identifier: Apache-2.0 */
/* roster.c - one child: listed, started, asked to stop, removed.
 *
 * Everything here is O(1) in the number of children, so that a template supervisor
 * serves 100 000 of them: a list in start order, and maps from actor and timer ids.
 *
 * Factories, free_state and the registrar are the program's and may call anything, even
 * end this supervisor, and outside a behaviour its memory may go at once. `calling`
 * keeps them from changing the list under our feet, and after each of them the
 * supervisor is looked up again by its id before it is touched. */
#include "supervision/supervisor_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "supervision/registrar.h"

child_t *supervisor__add(supervisor_t *s, blueprint_t *blueprint, void *factory_arg) {
    /* Room now, so that noting an actor that lives already cannot fail. */
    if (!id_map_reserve(&s->by_id, s->len + 1)) return NULL;
    child_t *child = child_create(blueprint, factory_arg);
    if (child == NULL) return NULL;
    list_insert_before(&s->children, &child->by_order);
    s->len++;
    return child;
}

void supervisor__remove(supervisor_t *s, child_t *child) {
    MK_ASSERT(child->id == ACTOR_ID_INVALID);
    supervisor__disarm(s, child);
    supervisor__set_state(s, child, CHILD_DOWN, FATE_DOWN);
    if (s->cursor == &child->by_order) s->cursor = child->by_order.next;
    list_remove(&child->by_order);
    s->len--;
    id_map_shrink(&s->by_id, s->len);
    if (child->blueprint != s->pattern) blueprint_destroy(child->blueprint);
    mk_free(child);
}

void supervisor__set_state(supervisor_t *s, child_t *child, child_state_t state,
                           child_fate_t fate) {
    bool is_significant = child->blueprint->options.is_significant;
    if (child_is_running(child)) s->running--;
    if (is_significant && child_is_wanted(child)) s->significant--;
    child->state = state;
    child->fate = fate;
    if (child_is_running(child)) s->running++;
    if (is_significant && child_is_wanted(child)) s->significant++;
}

/* Back from a function of the program. False: the supervisor is gone. */
static bool end_call(runtime_t *rt, actor_id_t id, supervisor_t *s) {
    if (supervisor__find(rt, id) != s) return false;
    s->calling--;
    return true;
}

/* Take back an actor that lives but cannot be used; its exit notice finds no child. */
static void withdraw(supervisor_t *s, child_t *child, child_state_t state,
                     child_fate_t fate) {
    actor_id_t child_id = child->id;
    id_map_remove(&s->by_id, child_id);
    child->id = ACTOR_ID_INVALID;
    supervisor__set_state(s, child, state, fate);
    actor_stop(s->rt, child_id);
}

/* Spawn with the state at hand, which is taken when an id comes back. */
static actor_id_t spawn(supervisor_t *s, const blueprint_t *blueprint, void *state) {
    const actor_options_t options = {
        .mailbox_size = blueprint->mailbox_size,
        .mailbox_policy = blueprint->options.mailbox_policy,
        .priority = blueprint->options.priority,
        .parent = s->id,
    };
    return actor_spawn_with(s->rt, blueprint->behavior, state, blueprint->free_state,
                            &options);
}

static const char *why_unnamed(int result) {
    switch (result) {
    case MK_ENOTSUP: return "nobody registers names";
    case MK_EEXIST: return "its name is taken";
    default: return mk_error_text(result);
    }
}

start_result_t supervisor__start(supervisor_t *s, child_t *child, const char **why) {
    MK_ASSERT(!child_is_running(child));
    const blueprint_t *blueprint = child->blueprint;
    void (*free_state)(void *) = blueprint->free_state;
    runtime_t *rt = s->rt;
    actor_id_t id = s->id;
    void *state = NULL;

    if (blueprint->factory != NULL) {
        s->calling++;
        state = blueprint->factory(child->factory_arg);
        if (!end_call(rt, id, s)) {
            if (state != NULL && free_state != NULL) free_state(state);
            return START_GONE;
        }
        *why = "its factory returned NULL";
        if (state == NULL) return START_FAILED;
    }

    actor_id_t child_id = spawn(s, blueprint, state);
    if (child_id == ACTOR_ID_INVALID) {
        *why = "no actor can be spawned";
        if (state == NULL || free_state == NULL) return START_FAILED;
        s->calling++;
        free_state(state);
        return end_call(rt, id, s) ? START_FAILED : START_GONE;
    }
    child_state_t state_before = child->state;
    child_fate_t fate_before = child->fate;
    child->id = child_id;
    bool is_noted = id_map_add(&s->by_id, child_id, child);
    MK_ASSERT(is_noted);
    (void)is_noted;
    supervisor__set_state(s, child, CHILD_UP, FATE_DOWN);

    if (blueprint->behavior == supervisor__behavior &&
        !actor__notify(rt, id, child_id, MSG_SUPERVISOR_WAKE, NULL, 0)) {
        *why = "memory is short";
        withdraw(s, child, state_before, fate_before);
        return START_FAILED;
    }
    if (blueprint->options.register_as != NULL) {
        s->calling++;
        int result = registrar_register(rt, blueprint->options.register_as, child_id);
        if (!end_call(rt, id, s)) return START_GONE;
        if (result < 0) {
            *why = why_unnamed(result);
            withdraw(s, child, state_before, fate_before);
            return START_FAILED;
        }
    }
    if (child->was_started) child->restarts++;
    child->was_started = true;
    return START_OK;
}

bool supervisor__arm(supervisor_t *s, child_t *child, uint64_t wait_ms) {
    MK_ASSERT(child->timer == TIMER_ID_INVALID);
    timer_id_t timer = actor__set_timer_for(s->rt, s->id, wait_ms, false);
    if (timer == TIMER_ID_INVALID) return false;
    if (!id_map_add(&s->by_timer, timer, child)) {
        actor__cancel_timer_for(s->rt, s->id, timer);
        return false;
    }
    child->timer = timer;
    return true;
}

void supervisor__disarm(supervisor_t *s, child_t *child) {
    if (child->timer == TIMER_ID_INVALID) return;
    id_map_remove(&s->by_timer, child->timer);
    id_map_shrink(&s->by_timer, s->by_timer.len);
    actor__cancel_timer_for(s->rt, s->id, child->timer);
    child->timer = TIMER_ID_INVALID;
}

void supervisor__request_stop(supervisor_t *s, child_t *child, child_fate_t fate,
                              bool is_timed) {
    MK_ASSERT(child->state == CHILD_UP);
    const child_options_t *options = &child->blueprint->options;
    uint64_t shutdown_ms = options->shutdown_ms;
    if (options->is_supervisor && shutdown_ms == 0) shutdown_ms = MK_SHUTDOWN_UNLIMITED;
    supervisor__set_state(s, child, CHILD_STOPPING, fate);

    bool is_killed = shutdown_ms == 0 || !actor_shutdown(s->rt, child->id);
    if (!is_killed && is_timed && shutdown_ms != MK_SHUTDOWN_UNLIMITED)
        is_killed = !supervisor__arm(s, child, shutdown_ms);
    if (is_killed) actor_stop(s->rt, child->id);
}
