/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_calls.c - what programs call (microkernel/supervision.h).
 *
 * The calls work on the supervisor's state at once instead of sending it a request: the
 * caller needs the new child's id now, also outside the loop, and everything runs on
 * one thread. An id is trusted only after supervisor__find. Whatever runs a function of
 * the program may have ended the supervisor, so it is looked up again before it is used
 * on. */
#include "microkernel/supervision.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "supervision/supervisor_impl.h"
#include "supervision/wording.h"

#include <string.h>

/* --- start and stop --- */

actor_id_t supervisor_start_with(runtime_t *rt, const supervisor_options_t *options,
                                 const child_spec_t *specs,
                                 const child_options_t *child_options, size_t n_specs) {
    if (rt == NULL) return ACTOR_ID_INVALID;
    supervisor_t *s = supervisor__create(options, specs, child_options, n_specs);
    if (s == NULL) return ACTOR_ID_INVALID;
    const actor_options_t actor_options = {
        .priority = ACTOR_PRIORITY_SYSTEM,
        .parent = options->parent,
    };
    actor_id_t id = actor_spawn_with(rt, supervisor__behavior, s, supervisor__destroy,
                                     &actor_options);
    if (id == ACTOR_ID_INVALID) {
        supervisor__destroy(s);
        return ACTOR_ID_INVALID;
    }
    if (actor__notify(rt, id, id, MSG_SUPERVISOR_WAKE, NULL, 0)) return id;
    actor__set_parent(rt, id, ACTOR_ID_INVALID); /* who never heard of it stays so */
    actor_stop(rt, id);
    return ACTOR_ID_INVALID;
}

actor_id_t supervisor_start(runtime_t *rt, restart_strategy_t strategy,
                            int max_restarts, uint64_t window_ms,
                            const child_spec_t *specs, size_t n_specs) {
    if (n_specs == 0) return ACTOR_ID_INVALID;
    const supervisor_options_t options = {
        .strategy = strategy,
        .max_restarts = max_restarts,
        .window_ms = window_ms,
    };
    return supervisor_start_with(rt, &options, specs, NULL, n_specs);
}

static void *create_nested(void *config_arg) {
    const supervisor_config_t *config = config_arg;
    if (config == NULL) return NULL;
    return supervisor__create(&config->options, config->specs, config->child_options,
                              config->n_specs);
}

void supervisor_child_spec(child_spec_t *out, const char *name,
                           const supervisor_config_t *config,
                           restart_type_t restart_type) {
    if (out == NULL) return;
    *out = (child_spec_t){
        .name = name,
        .behavior = supervisor__behavior,
        .factory = create_nested,
        .factory_arg = (void *)(uintptr_t)config, /* only read through create_nested */
        .free_state = supervisor__destroy,
        .restart_type = restart_type,
    };
}

/* What becomes of a child that somebody told to end. */
static child_fate_t fate_when_terminated(const supervisor_t *s, const child_t *child) {
    bool goes =
        s->pattern != NULL || child->blueprint->restart_type == RESTART_TEMPORARY;
    return goes ? FATE_GONE : FATE_DOWN;
}

/* Let the supervisor above know that the end of `id` is wanted. */
static void excuse_from_parent(runtime_t *rt, actor_id_t id) {
    actor_info_t info;
    if (!runtime_actor_find(rt, id, &info)) return;
    supervisor_t *parent = supervisor__find(rt, info.parent);
    child_t *child = parent != NULL ? id_map_find(&parent->by_id, id) : NULL;
    if (child == NULL) return;
    supervisor__set_state(parent, child, CHILD_STOPPING,
                          fate_when_terminated(parent, child));
}

void supervisor_stop(runtime_t *rt, actor_id_t sup_id) {
    supervisor_t *s = supervisor__find(rt, sup_id);
    if (s == NULL) return;
    excuse_from_parent(rt, sup_id);
    if (s->calling > 0) {
        s->end_requested = true;
    } else {
        supervisor__end(s, EXIT_SHUTDOWN, NULL);
    }
}

/* --- children that come and go --- */

static child_t *find_by_name(const supervisor_t *s, const char *name) {
    if (name == NULL || s->pattern != NULL) return NULL;
    for (list_node_t *n = s->children.next; n != &s->children; n = n->next) {
        const char *its_name = child_of(n)->blueprint->name;
        if (its_name != NULL && strcmp(its_name, name) == 0) return child_of(n);
    }
    return NULL;
}

/* supervisor_stop may have been called from within a factory. */
static void end_if_requested(runtime_t *rt, actor_id_t sup_id) {
    supervisor_t *s = supervisor__find(rt, sup_id);
    if (s != NULL && s->end_requested && s->calling == 0)
        supervisor__end(s, EXIT_SHUTDOWN, NULL);
}

/* The supervisor, ready for a change of its children: those it was born with are
 * started. MK_OK and it in `*out`; MK_ENOENT: none (any more); MK_EBUSY: a function of
 * the program runs on its behalf. */
static int open_for_change(runtime_t *rt, actor_id_t sup_id, supervisor_t **out) {
    supervisor_t *s = supervisor__find(rt, sup_id);
    if (s == NULL) return MK_ENOENT;
    if (s->calling > 0) return MK_EBUSY;
    if (s->phase == PHASE_NEW) {
        supervisor__start_all(s);
        end_if_requested(rt, sup_id);
        s = supervisor__find(rt, sup_id);
    }
    if (s == NULL) return MK_ENOENT;
    *out = s;
    return MK_OK;
}

/* As open_for_change; a child can be started now. MK_ESTOPPED: it is ending; MK_EBUSY:
 * a group is being restarted, and its order would be disturbed. */
static int open_for_start(runtime_t *rt, actor_id_t sup_id, supervisor_t **out) {
    int result = open_for_change(rt, sup_id, out);
    if (result < 0) return result;
    if ((*out)->phase >= PHASE_ENDING || (*out)->end_requested) return MK_ESTOPPED;
    return (*out)->phase == PHASE_UP ? MK_OK : MK_EBUSY;
}

/* Start `child` now and do what was asked for meanwhile. MK_OK and its id; MK_ENOMEM:
 * it did not start, nothing is changed; MK_ENOENT: the supervisor is gone. */
static int start_now(supervisor_t *s, child_t *child, actor_id_t *id_out) {
    const char *why = "";
    start_result_t result = supervisor__start(s, child, &why);
    if (result == START_GONE) return MK_ENOENT;
    *id_out = child->id;
    return result == START_OK ? MK_OK : MK_ENOMEM;
}

actor_id_t supervisor_start_child(runtime_t *rt, actor_id_t sup_id,
                                  const child_spec_t *spec,
                                  const child_options_t *options, void *factory_arg) {
    supervisor_t *s = NULL;
    if (open_for_start(rt, sup_id, &s) < 0) return ACTOR_ID_INVALID;
    bool is_instance = s->pattern != NULL;
    blueprint_t *blueprint = s->pattern;
    if (is_instance ? spec != NULL || options != NULL : spec == NULL)
        return ACTOR_ID_INVALID;
    if (!is_instance) {
        if (find_by_name(s, spec->name) != NULL) return ACTOR_ID_INVALID;
        if (blueprint_create(&blueprint, spec, options, supervisor__behavior) < 0)
            return ACTOR_ID_INVALID;
        factory_arg = blueprint->factory_arg;
    }
    child_t *child = supervisor__add(s, blueprint, factory_arg);
    if (child == NULL) {
        if (!is_instance) blueprint_destroy(blueprint);
        return ACTOR_ID_INVALID;
    }
    actor_id_t child_id = ACTOR_ID_INVALID;
    if (start_now(s, child, &child_id) == MK_ENOMEM) supervisor__remove(s, child);
    end_if_requested(rt, sup_id);
    return child_id;
}

int supervisor_terminate_child(runtime_t *rt, actor_id_t sup_id, const char *name,
                               actor_id_t child_id) {
    supervisor_t *s = NULL;
    int result = open_for_change(rt, sup_id, &s);
    if (result < 0) return result;
    child_t *child = child_id != ACTOR_ID_INVALID ? id_map_find(&s->by_id, child_id)
                                                  : find_by_name(s, name);
    if (child == NULL) return MK_ENOENT;
    child_fate_t fate = fate_when_terminated(s, child);
    switch (child->state) {
    case CHILD_UP: supervisor__request_stop(s, child, fate, true); break;
    case CHILD_STOPPING: supervisor__set_state(s, child, CHILD_STOPPING, fate); break;
    case CHILD_WAITING:
        supervisor__disarm(s, child);
        supervisor__set_state(s, child, CHILD_DOWN, fate);
        if (fate == FATE_GONE) supervisor__remove(s, child);
        break;
    case CHILD_DOWN: break;
    }
    return MK_OK;
}

int supervisor_restart_child(runtime_t *rt, actor_id_t sup_id, const char *name) {
    supervisor_t *s = NULL;
    int result = open_for_change(rt, sup_id, &s);
    if (result < 0) return result;
    child_t *child = find_by_name(s, name);
    if (child == NULL) return MK_ENOENT;
    if (child->state == CHILD_UP) return MK_EEXIST;
    if (child->state != CHILD_DOWN) return MK_EBUSY;
    result = open_for_start(rt, sup_id, &s);
    if (result < 0) return result;
    actor_id_t child_id = ACTOR_ID_INVALID;
    result = start_now(s, child, &child_id);
    end_if_requested(rt, sup_id);
    return result;
}

int supervisor_delete_child(runtime_t *rt, actor_id_t sup_id, const char *name) {
    supervisor_t *s = NULL;
    int result = open_for_change(rt, sup_id, &s);
    if (result < 0) return result;
    child_t *child = find_by_name(s, name);
    if (child == NULL) return MK_ENOENT;
    if (child->state != CHILD_DOWN) return MK_EEXIST;
    supervisor__remove(s, child);
    return MK_OK;
}

/* A live actor that no supervisor looks after, and who its parent is now. */
static bool is_free_actor(runtime_t *rt, actor_id_t id, actor_id_t *parent_out) {
    actor_info_t info;
    if (!actor_is_alive(rt, id) || !runtime_actor_find(rt, id, &info)) return false;
    *parent_out = info.parent;
    return supervisor__find(rt, info.parent) == NULL;
}

int supervisor_replace_child(runtime_t *rt, actor_id_t sup_id, actor_id_t old_child,
                             actor_id_t new_child, void *new_factory_arg,
                             void **old_factory_arg_out) {
    supervisor_t *s = supervisor__find(rt, sup_id);
    child_t *child = s != NULL ? id_map_find(&s->by_id, old_child) : NULL;
    if (child == NULL || child->state != CHILD_UP || child->in_group) return -1;
    actor_id_t former_parent = ACTOR_ID_INVALID;
    if (new_child == sup_id || !is_free_actor(rt, new_child, &former_parent)) return -1;

    if (!actor__set_parent(rt, new_child, sup_id)) return -1;
    if (!actor__set_parent(rt, old_child, ACTOR_ID_INVALID) &&
        actor_is_alive(rt, old_child)) {
        actor__set_parent(rt, new_child, former_parent);
        return -1;
    }
    id_map_remove(&s->by_id, old_child);
    id_map_add(&s->by_id, new_child, child); /* in the room of the old one */
    child->id = new_child;
    if (old_factory_arg_out != NULL) *old_factory_arg_out = child->factory_arg;
    child->factory_arg = new_factory_arg;

    int index = 0;
    for (list_node_t *n = s->children.next; n != &child->by_order; n = n->next)
        index++;
    return index;
}

/* --- facts --- */

static child_t *find_by_index(runtime_t *rt, actor_id_t sup_id, size_t index) {
    supervisor_t *s = supervisor__find(rt, sup_id);
    if (s == NULL || index >= s->len) return NULL;
    list_node_t *node = s->children.next;
    while (index-- > 0)
        node = node->next;
    return child_of(node);
}

actor_id_t supervisor_get_child(runtime_t *rt, actor_id_t sup_id, size_t index) {
    const child_t *child = find_by_index(rt, sup_id, index);
    /* It may have died just now, and its notice is on the way. */
    if (child == NULL || !actor_is_alive(rt, child->id)) return ACTOR_ID_INVALID;
    return child->id;
}

void *supervisor_get_factory_arg(runtime_t *rt, actor_id_t sup_id, size_t index) {
    const child_t *child = find_by_index(rt, sup_id, index);
    return child != NULL ? child->factory_arg : NULL;
}

size_t supervisor_which_children(runtime_t *rt, actor_id_t sup_id, child_info_t *out,
                                 size_t max) {
    supervisor_t *s = supervisor__find(rt, sup_id);
    if (s == NULL) return 0;
    if (out == NULL) return s->len;
    size_t i = 0;
    for (list_node_t *n = s->children.next; n != &s->children && i < max; n = n->next) {
        child_describe(child_of(n), &out[i]);
        if (!actor_is_alive(rt, out[i].id)) out[i].id = ACTOR_ID_INVALID;
        i++;
    }
    return s->len;
}

bool supervisor_count_children(runtime_t *rt, actor_id_t sup_id, child_counts_t *out) {
    supervisor_t *s = supervisor__find(rt, sup_id);
    if (s == NULL || out == NULL) return false;
    *out = (child_counts_t){.specs = s->len, .active = s->running};
    for (list_node_t *n = s->children.next; n != &s->children; n = n->next)
        if (child_of(n)->blueprint->options.is_supervisor) out->supervisors++;
    out->workers = out->specs - out->supervisors;
    return true;
}

bool supervisor_is(runtime_t *rt, actor_id_t id) {
    return supervisor__find(rt, id) != NULL;
}

bool supervisor_describe(runtime_t *rt, actor_id_t id, restart_strategy_t *strategy,
                         char *name, size_t name_cap) {
    supervisor_t *s = supervisor__find(rt, id);
    if (s == NULL) return false;
    if (strategy != NULL) *strategy = s->strategy;
    if (name != NULL && name_cap > 0) wording_copy(name, name_cap, s->name);
    return true;
}
