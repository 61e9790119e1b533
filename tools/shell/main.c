/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - mk-shell: a node, its services, and a console on standard input and output.
 *
 * The boot order is run_node(), from top to bottom. */
#include "cluster.h"
#include "cores.h"
#include "demo.h"
#include "features.h"
#include "guardian.h"
#include "keygen.h"
#include "module_folder.h"
#include "options.h"
#include "state_files.h"

#include "microkernel/caps.h"
#include "microkernel/crash.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/names.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"
#include "microkernel/runtime.h"
#include "microkernel/shell.h"
#include "microkernel/state_persist.h"
#include "microkernel/supervision.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ACTORS = 1 << 20 }; /* a ceiling; memory is taken for those that live */

static int fail(const char *what, const char *why) {
    fprintf(stderr, "mk-shell: %s: %s\n", what, why);
    return SHELL_FAILED;
}

static void warn(const char *what, const char *why) {
    fprintf(stderr, "mk-shell: warning: %s: %s\n", what, why);
}

/* Files that are opened later must not become standard streams by accident. */
static void fill_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0) (void)open("/dev/null", O_RDWR);
}

/* A descriptor, or -1 after saying why not. */
static int open_script(const char *path) {
    struct stat facts;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        close(fd);
        fd = -1;
        errno = EISDIR;
    }
    if (fd < 0) (void)fail(path, strerror(errno));
    return fd;
}

/* Before the first look at the node's identity. */
static void name_node(const options_t *options) {
    if (options->name != NULL && setenv("MK_NODE_NAME", options->name, 1) != 0)
        warn("--name", strerror(errno));
    if (mk_node_name_problem() < 0) warn("MK_NODE_NAME", "no name, not used");
    if (mk_node_id_problem() < 0)
        warn("MK_NODE_ID", "no number from 1 to 4294967295, not used");
}

/* Actors work without it; what they save is then refused. */
static void open_saved_state(runtime_t *rt, const state_files_t *files) {
    if (files->saved == NULL) return;
    int result = state_persist_open(rt, files->saved, 0);
    if (result < 0) warn(files->saved, mk_error_text(result));
}

/* NULL when all is well, else what could not be started. */
static const char *start_services(runtime_t *rt, const options_t *options,
                                  const state_files_t *files) {
    if (ns_actor_init(rt) == ACTOR_ID_INVALID) return "the namespace";
    if (caps_actor_init(rt) == ACTOR_ID_INVALID) return "caps";
    if (features_announce(rt) < 0) return "the list of features";
    if (!supervisor_set_registrar(rt, names_register)) return "supervision";
    if (options->log_level >= 0) runtime_set_log_level(rt, options->log_level);
    if (options->log_level != OPTIONS_LOG_OFF && log_enable(rt) < 0) return "the log";
    open_saved_state(rt, files);
    if (files->crash_log == NULL) return crash_enable(rt) < 0 ? "the crash log" : NULL;
    int result = crash_log_open(rt, files->crash_log);
    if (result < 0) warn(files->crash_log, mk_error_text(result));
    return NULL;
}

/* The guardian does the rest. */
static void note_status(runtime_t *rt, int status, void *ctx) {
    (void)rt;
    *(int *)ctx = status;
}

/* With all that it needs in place. Returns the exit code. */
static int run_session(runtime_t *rt, const options_t *options,
                       const state_files_t *files, int input) {
    int status = SHELL_FAILED; /* unless the session says something else */
    char *modules = module_folder_find();
    shell_console_options_t session = {
        .commands = options->commands,
        .input = input,
        .has_input = options->script != NULL,
        .keeps_going = options->keeps_going,
        .is_json = options->is_json,
        .history_path = files->history,
        .modules = modules,
        .welcome = options->has_demo ? demo_welcome : NULL,
        .on_end = note_status,
        .end_ctx = &status,
    };
    actor_id_t console;
    int result = shell_console_start(rt, &session, &console);
    free(modules);
    if (result < 0) return fail("the console", mk_error_text(result));
    /* Not the screen that the console shows log lines on. */
    if (!isatty(STDERR_FILENO)) (void)log_set_debug_output(rt, true, LOG_LINE_TEXT);
    if (!guardian_start(rt, console)) return fail("signals", strerror(errno));
    runtime_run(rt);
    return guardian_signal() != 0 ? 128 + guardian_signal() : status;
}

/* The session, with the other runtimes beside it. */
static int run_on_cores(runtime_t *rt, const options_t *options,
                        const state_files_t *files, int input) {
    runtime_group_t *group;
    int result = cores_start(rt, options, &group);
    if (result < 0) return fail("--cores", mk_error_text(result));
    int status = run_session(rt, options, files, input);
    runtime_group_destroy(group);
    return status;
}

static int run_node(const options_t *options, int input) {
    name_node(options);
    state_files_t files;
    state_files_open(&files, mk_node_identity());
    runtime_t *rt = runtime_init(mk_node_id(), MAX_ACTORS);
    if (rt == NULL) {
        state_files_close(&files);
        return fail("the runtime", mk_error_text(MK_ENOMEM));
    }
    int status;
    demo_t demo = {.echo = NULL};
    bool is_joined = true;
    const char *missing = start_services(rt, options, &files);
    if (missing == NULL) is_joined = cluster_join(rt, options);
    if (missing == NULL && is_joined && options->has_demo && demo_start(rt, &demo) < 0)
        missing = "the demo";
    if (missing != NULL)
        status = fail(missing, mk_error_text(MK_ENOMEM));
    else if (!is_joined)
        status = SHELL_FAILED;
    else
        status = run_on_cores(rt, options, &files, input);
    log_flush(rt);
    runtime_destroy(rt);
    demo_end(&demo);
    state_files_close(&files);
    return status;
}

/* A person is at both ends, as the console sees it. */
static bool has_person(const options_t *options) {
    return options->commands == NULL && options->script == NULL &&
           isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

int main(int argc, char **argv) {
    options_t options;
    int input = STDIN_FILENO;
    fill_standard_streams();
    if (argc > 1 && strcmp(argv[1], "keygen") == 0) return keygen(argc - 1, argv + 1);
    switch (options_parse(&options, argc, argv)) {
    case OPTIONS_RUN: break;
    case OPTIONS_DONE: return fflush(stdout) == 0 ? SHELL_OK : SHELL_FAILED;
    case OPTIONS_BAD: return SHELL_USAGE;
    }
    if (options.log_level == OPTIONS_LOG_DEFAULT)
        options.log_level = has_person(&options) ? LOG_INFO : LOG_WARN;
    if (options.script != NULL && strcmp(options.script, "-") != 0) {
        input = open_script(options.script);
        if (input < 0) return SHELL_FAILED;
    }
    int status = run_node(&options, input);
    if (input > STDERR_FILENO) close(input);
    return status;
}
