/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - copies, checks and descriptions of children.
 *
 * A blueprint is one block with its strings behind it, so it is made or not made, and
 * its end is one call. All checks of a spec stand here; behind them the supervisor
 * trusts it. */
#include "supervision/child.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "supervision/wording.h"

#include <string.h>

static bool is_valid(const child_spec_t *spec, const child_options_t *options) {
    if (spec->behavior == NULL) return false;
    switch (spec->restart_type) {
    case RESTART_PERMANENT:
        if (options->is_significant) return false;
        break;
    case RESTART_TRANSIENT:
    case RESTART_TEMPORARY: break;
    default: return false;
    }
    switch (options->mailbox_policy) {
    case MAILBOX_FAIL:
    case MAILBOX_DROP_OLDEST:
    case MAILBOX_KEEP_LATEST: break;
    default: return false;
    }
    switch (options->priority) {
    case ACTOR_PRIORITY_NORMAL:
    case ACTOR_PRIORITY_SYSTEM: return true;
    default: return false;
    }
}

static size_t size_with_nul(const char *text) {
    return text != NULL ? strlen(text) + 1 : 0;
}

int blueprint_create(blueprint_t **out, const child_spec_t *spec,
                     const child_options_t *options,
                     actor_behavior_fn supervisor_behavior) {
    static const child_options_t defaults = {0};
    if (options == NULL) options = &defaults;
    if (!is_valid(spec, options)) return MK_EINVAL;

    size_t name_size = size_with_nul(spec->name);
    size_t register_size = size_with_nul(options->register_as);
    blueprint_t *blueprint = mk_alloc(sizeof *blueprint + name_size + register_size);
    if (blueprint == NULL) return MK_ENOMEM;

    *blueprint = (blueprint_t){
        .behavior = spec->behavior,
        .factory = spec->factory,
        .factory_arg = spec->factory_arg,
        .free_state = spec->free_state,
        .mailbox_size = spec->mailbox_size,
        .restart_type = spec->restart_type,
        .options = *options,
    };
    if (spec->behavior == supervisor_behavior) blueprint->options.is_supervisor = true;
    if (name_size > 0) blueprint->name = memcpy(blueprint->text, spec->name, name_size);
    blueprint->options.register_as = NULL;
    if (register_size > 0)
        blueprint->options.register_as =
            memcpy(blueprint->text + name_size, options->register_as, register_size);
    *out = blueprint;
    return MK_OK;
}

void blueprint_destroy(blueprint_t *blueprint) {
    mk_free(blueprint);
}

child_t *child_create(blueprint_t *blueprint, void *factory_arg) {
    child_t *child = mk_calloc(1, sizeof *child);
    if (child == NULL) return NULL;
    list_init(&child->by_order);
    child->blueprint = blueprint;
    child->factory_arg = factory_arg;
    return child;
}

void child_describe(const child_t *child, child_info_t *out) {
    *out = (child_info_t){
        .id = child->id,
        .restart_type = child->blueprint->restart_type,
        .is_supervisor = child->blueprint->options.is_supervisor,
        .is_significant = child->blueprint->options.is_significant,
        .is_restarting = child->state == CHILD_WAITING,
        .restarts = child->restarts,
        .last_exit_reason = child->last_exit_reason,
    };
    wording_copy(out->name, sizeof out->name, child->blueprint->name);
}
