/* SPDX-License-Identifier: Apache-2.0 */
/* cores.c - see cores.h.
 *
 * Their log goes to standard error, since the console shows the lines of its own node
 * only. At a terminal, where they would come between what a person types, that is
 * warnings and errors. */
#include "cores.h"

#include "demo.h"
#include "features.h"

#include "microkernel/caps.h"
#include "microkernel/log.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"

#include <unistd.h>

static int start_log(runtime_t *rt, const options_t *options) {
    if (options->log_level == OPTIONS_LOG_OFF) return MK_OK;
    int level = options->log_level;
    if (isatty(STDERR_FILENO) && level < LOG_WARN) level = LOG_WARN;
    runtime_set_log_level(rt, level);
    return log_enable(rt);
}

static int set_up(runtime_t *rt, size_t index, void *ctx) {
    const options_t *options = ctx;
    if (index == 0) return MK_OK; /* it has all that already */
    if (ns_actor_init(rt) == ACTOR_ID_INVALID) return MK_ENOMEM;
    if (caps_actor_init(rt) == ACTOR_ID_INVALID) return MK_ENOMEM;
    int result = features_announce(rt);
    if (result >= 0) result = start_log(rt, options);
    if (result >= 0 && options->has_demo) result = demo_start_share(rt, index);
    runtime_step(rt); /* the supervisor starts its worker: the others know it at once */
    return result;
}

int cores_start(runtime_t *rt, const options_t *options, runtime_group_t **out) {
    *out = NULL;
    if (options->cores <= 1) return MK_OK;
    runtime_group_options_t group = {.ctx = (void *)(uintptr_t)options, .first = rt};
    return runtime_group_start(options->cores, set_up, &group, out);
}
