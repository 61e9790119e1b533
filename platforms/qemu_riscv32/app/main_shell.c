/* SPDX-License-Identifier: Apache-2.0 */
/* main_shell.c - the demo node with its shell on the serial line: mk-shell --demo
 * without what needs files and signals.
 *
 * The exit code is the session's, as mk-shell has it. */
#include "arguments.h"

#include "../virt_impl.h"
#include "demo.h"
#include "microkernel/caps.h"
#include "microkernel/crash.h"
#include "microkernel/log.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"
#include "microkernel/runtime.h"
#include "microkernel/shell.h"
#include "microkernel/wasm_actor.h"
#include "port/debug_out.h"

#include <string.h>

enum { MAX_ACTORS = 256 }; /* a ceiling; memory is taken for those that live */

static const char usage[] =
    "Usage: shell [OPTION]...\n"
    "  -c, --command LINES  run these, as in 'list; tree', and end\n"
    "  -k, --keep-going     go on after a command that failed\n"
    "      --json           let every command answer in JSON\n";

static bool is_either(const char *argument, const char *short_name,
                      const char *long_name) {
    return strcmp(argument, short_name) == 0 || strcmp(argument, long_name) == 0;
}

/* False: not a command line of this program. */
static bool read_options(shell_console_options_t *session) {
    char *argv[ARGUMENTS_MAX + 1];
    int argc = arguments_read("shell", argv);
    for (int i = 1; i < argc; i++) {
        if (is_either(argv[i], "-c", "--command") && i + 1 < argc)
            session->commands = argv[++i];
        else if (is_either(argv[i], "-k", "--keep-going"))
            session->keeps_going = true;
        else if (strcmp(argv[i], "--json") == 0)
            session->is_json = true;
        else
            return false;
    }
    return true;
}

/* Not among the answers, where that can be told apart (debug_out.c). */
static void complain(const char *text) {
    for (size_t left = strlen(text); left > 0;) {
        size_t taken = port_debug_write(text, left);
        if (taken == 0) virt__uart_await_room();
        text += taken;
        left -= taken;
    }
}

static void warn_about_names(void) {
    if (mk_node_name_problem() < 0)
        complain("shell: warning: MK_NODE_NAME: no name, not used\n");
    if (mk_node_id_problem() < 0)
        complain("shell: warning: MK_NODE_ID: no number, not used\n");
}

static void note_status(runtime_t *rt, int status, void *ctx) {
    *(int *)ctx = status;
    runtime_stop(rt);
}

/* NULL when all is well, else what could not be started. */
static const char *start_node(runtime_t *rt, const shell_console_options_t *session,
                              demo_t *demo) {
    actor_id_t console;
    bool has_person =
        session->commands == NULL && virt__input_is_tty() && virt__output_is_tty();
    runtime_set_log_level(rt, has_person ? LOG_INFO : LOG_WARN);
    if (log_enable(rt) < 0) return "the log";
    if (crash_enable(rt) < 0) return "the crash log";
    if (ns_actor_init(rt) == ACTOR_ID_INVALID) return "the namespace";
    if (caps_actor_init(rt) == ACTOR_ID_INVALID) return "caps";
    if (wasm_actors_announce(rt) < 0) return "WASM actors";
    if (demo_start(rt, demo) < 0) return "the demo";
    if (shell_console_start(rt, session, &console) < 0) return "the console";
    return NULL;
}

int main(void) {
    int status = SHELL_FAILED; /* unless the session says something else */
    demo_t demo = {.echo = NULL};
    shell_console_options_t session = {
        .welcome = demo_welcome, .on_end = note_status, .end_ctx = &status};
    if (!read_options(&session)) {
        complain(usage);
        return SHELL_USAGE;
    }
    warn_about_names();
    runtime_t *rt = runtime_init(mk_node_id(), MAX_ACTORS);
    const char *missing = rt != NULL ? start_node(rt, &session, &demo) : "the runtime";
    if (missing == NULL) {
        runtime_run(rt);
    } else {
        complain("shell: out of memory: ");
        complain(missing);
        complain("\n");
    }
    if (rt != NULL) log_flush(rt);
    runtime_destroy(rt);
    demo_end(&demo);
    return status;
}
