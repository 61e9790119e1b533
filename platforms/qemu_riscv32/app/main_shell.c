/* SPDX-License-Identifier: Apache-2.0 */
/* main_shell.c - the demo node with its shell on the serial line.
 *
 *   shell [--json] [-c COMMANDS]
 *
 * The exit code is the session's, as mk-shell has it. */
#include "arguments.h"

#include "../virt_impl.h"
#include "demo.h"
#include "microkernel/caps.h"
#include "microkernel/crash.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"
#include "microkernel/runtime.h"
#include "microkernel/shell.h"

#include <stdio.h>
#include <string.h>

enum { ACTORS_MAX = 256 }; /* some 64 KiB of idle ones */

static const char usage[] = "usage: shell [--json] [-c COMMANDS]\n";

/* False: not a command line of this program. */
static bool read_options(shell_console_options_t *options) {
    static char *argv[ARGUMENTS_MAX + 1];
    int argc = arguments_read("shell", argv);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            options->is_json = true;
        else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            options->commands = argv[++i];
        else
            return false;
    }
    return true;
}

static void keep_status(runtime_t *rt, int status, void *ctx) {
    int *kept = ctx;
    *kept = status;
    runtime_stop(rt);
}

/* The first thing that failed, or MK_OK. */
static int start_node(runtime_t *rt, const shell_console_options_t *options) {
    actor_id_t console;
    int result = log_enable(rt);
    if (result == MK_OK) result = crash_enable(rt);
    if (result == MK_OK && ns_actor_init(rt) == ACTOR_ID_INVALID) result = MK_ENOMEM;
    if (result == MK_OK && caps_actor_init(rt) == ACTOR_ID_INVALID) result = MK_ENOMEM;
    if (result == MK_OK) result = demo_start(rt);
    if (result == MK_OK) result = shell_console_start(rt, options, &console);
    return result;
}

int main(void) {
    int status = SHELL_FAILED;
    shell_console_options_t options = {.on_end = keep_status, .end_ctx = &status};
    if (!read_options(&options)) {
        fputs(usage, stderr);
        return SHELL_USAGE;
    }
    options.welcome = demo_welcome;
    runtime_t *rt = runtime_init(mk_node_id(), ACTORS_MAX);
    int result = rt != NULL ? start_node(rt, &options) : MK_ENOMEM;
    if (result == MK_OK)
        runtime_run(rt);
    else
        fprintf(stderr, "shell: the node cannot start: %s\n", mk_error_text(result));
    runtime_destroy(rt);
    return status;
}
