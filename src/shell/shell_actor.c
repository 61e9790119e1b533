/* SPDX-License-Identifier: Apache-2.0 */
/* shell_actor.c - the shell as an actor: who it listens to, where its output goes.
 *
 * A line is an order to this node, so it counts who sends it: the program itself or one
 * console of this node. Everybody else is shown, not obeyed; what only the runtime
 * sends (timers, deaths) is believed only when it names something that the shell waits
 * for.
 *
 * The output is a callback of whoever started the shell, or the platform's standard
 * output, which is then waited for here. Either way nothing blocks: a full output
 * pauses listings, and everything that cannot pause is bounded. */
#include "shell/modules.h"
#include "shell/mount_requests.h"
#include "shell/shell_impl.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/timer.h"
#include "microkernel/watch.h"

#include <string.h>

enum { RETRY_MS = 50 }; /* for what failed for want of memory; nobody sees it as slow */

/* --- the output --- */

void shell__retry_soon(shell_t *shell) {
    if (shell->retry_timer != TIMER_ID_INVALID) return;
    shell->retry_timer = actor_set_timer(shell->rt, RETRY_MS, false);
}

/* Wait for the terminal while something waits for it. */
static void watch_terminal(shell_t *shell) {
    if (shell->terminal == NULL) return;
    int handle = port_terminal_output(shell->terminal);
    if (!terminal_out_is_waiting(&shell->own_out))
        (void)actor_unwatch_fd(shell->rt, handle);
    else if (!actor_watch_fd(shell->rt, handle, MK_POLL_OUT))
        shell__retry_soon(shell);
}

static bool write_terminal(const char *bytes, size_t size, bool is_problem, void *ctx) {
    (void)is_problem;
    shell_t *shell = ctx;
    return terminal_out_write(&shell->own_out, bytes, size);
}

/* True when it was full and is so no longer: what waited was written, or broke with it.
 */
static bool has_room_again(shell_t *shell) {
    if (shell->terminal == NULL || !shell->printer.is_paused) return false;
    shell->printer.is_paused = !terminal_out_has_room(&shell->own_out);
    return !shell->printer.is_paused;
}

static void drain_terminal(shell_t *shell) {
    if (shell->terminal == NULL) return;
    terminal_out_drain(&shell->own_out);
    (void)has_room_again(shell);
}

void shell__drop_output(runtime_t *rt, actor_id_t id) {
    shell_t *shell = actor__state_of(rt, id, shell__behave);
    if (shell == NULL) return;
    shell->printer.write = NULL;
    shell->printer.is_paused = false;
    shell->options.editor = NULL; /* it went with the output's owner */
}

/* --- who is listened to --- */

static bool is_obeyed(shell_t *shell, actor_id_t source) {
    if (source == ACTOR_ID_INVALID) return true;
    if (source == shell->console) return true;
    if (shell->options.console != ACTOR_ID_INVALID) return false;
    if (actor_is_alive(shell->rt, shell->console)) return false;
    if (source == shell->self || !actor_is_alive(shell->rt, source)) return false;
    shell->console = source;
    return true;
}

static bool keep_text(const char *line, size_t size, void *ctx) {
    log_tail_add(ctx, line, size);
    return true;
}

static void follow_log(shell_t *shell, int *sink, log_tail_t *tail,
                       log_format_t format) {
    if (*sink <= 0) *sink = log_add_sink(shell->rt, keep_text, tail, format);
}

/* Take the name, once, and follow the log. The shell is of use without either. */
static void begin(shell_t *shell) {
    if (!shell->has_begun)
        (void)names_register_own(shell->rt, shell->name, shell->self);
    shell->has_begun = true;
    follow_log(shell, &shell->log_sinks[0], &shell->log_text, LOG_LINE_TEXT);
    follow_log(shell, &shell->log_sinks[1], &shell->log_json, LOG_LINE_JSON);
}

static void greet(shell_t *shell) {
    if (shell->options.is_json) return;
    printer_text(&shell->printer, "\nmk-shell v" MK_SHELL_VERSION
                                  " (native)\nType 'help' for commands.\n\n");
}

/* --- messages --- */

/* True for a payload that is this one byte. */
static bool is_byte(const message_t *msg, char byte) {
    return msg->payload_size == 1 && *(const char *)msg->payload == byte;
}

static void take_order(shell_t *shell, message_t *msg) {
    if (msg->type == MSG_SHELL_INIT) {
        begin(shell);
        greet(shell);
    } else if (is_byte(msg, SHELL_INPUT_CONTINUE)) {
        if (msg->source == shell->self)
            shell->is_waking = false;
        else
            shell->printer.is_paused = false;
    } else if (is_byte(msg, SHELL_INPUT_INTERRUPT)) {
        shell__interrupt(shell);
    } else {
        begin(shell);
        shell__take_line(shell, msg);
    }
}

static void take_timer(shell_t *shell, const message_t *msg) {
    if (msg->source != ACTOR_ID_INVALID || msg->payload_size < sizeof(timer_payload_t))
        return;
    const timer_payload_t *timer = msg->payload;
    if (timer->id == shell->retry_timer) {
        shell->retry_timer = TIMER_ID_INVALID;
        drain_terminal(shell);
    } else {
        shell__call_timed_out(shell, timer->id);
    }
}

static void take_down(shell_t *shell, const message_t *msg) {
    if (msg->payload_size < sizeof(down_payload_t)) return;
    const down_payload_t *down = msg->payload;
    if (down->actor_id == msg->source) shell__call_target_ended(shell, down);
}

/* What a worker thread has read. */
static void take_reading(shell_t *shell, const message_t *msg) {
    offload_done_payload_t done;
    if (msg->payload_size < sizeof done) return;
    memcpy(&done, msg->payload, sizeof done);
    shell_reading_t *reading = done.result;
    if (done.ticket == shell->reading) {
        shell->reading = 0;
        shell__finish_command(shell, reading->finish(shell, reading));
    } /* else it was interrupted */
    reading->end(reading);
}

/* True for what is an order, and from somebody who may give one. */
static bool is_order(shell_t *shell, const message_t *msg) {
    if (msg->type != MSG_SHELL_INPUT && msg->type != MSG_SHELL_INIT) return false;
    return msg->source == shell->self || is_obeyed(shell, msg->source);
}

static void take_message(shell_t *shell, message_t *msg) {
    if (is_order(shell, msg)) {
        take_order(shell, msg);
        return;
    }
    switch (msg->type) {
    case MSG_TIMER: take_timer(shell, msg); break;
    case MSG_DOWN: take_down(shell, msg); break;
    case MSG_OFFLOAD_DONE: take_reading(shell, msg); break;
    case MSG_FD_EVENT: drain_terminal(shell); break;
    default:
        if (!modules_serve(shell->rt, msg) && !mount_requests_serve(shell->rt, msg) &&
            !shell__take_http(shell, msg) && !shell__take_mount(shell, msg))
            shell__take_message(shell, msg);
        break;
    }
}

bool shell__behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    shell_t *shell = state;
    if (msg->type == MSG_SHUTDOWN) return false;
    if (shell->owes_prompt) shell__send_prompt(shell);
    take_message(shell, msg);
    do {
        shell__go_on(shell);
        shell__tell_not_shown(shell);
        printer_flush(&shell->printer);
    } while (has_room_again(shell));
    watch_terminal(shell);
    return true;
}

/* --- start and end --- */

static void free_shell(void *state) {
    shell_t *shell = state;
    shell__drop_lines(shell);
    for (size_t i = 0; i < sizeof shell->log_sinks / sizeof shell->log_sinks[0]; i++)
        if (shell->log_sinks[i] > 0)
            (void)log_remove_sink(shell->rt, shell->log_sinks[i]);
    printer_flush(&shell->printer);
    terminal_out_drain(&shell->own_out);
    terminal_out_deinit(&shell->own_out);
    port_terminal_close(shell->terminal);
    mk_free((void *)(uintptr_t)shell->options.modules);
    mk_free(shell);
}

static shell_t *create_shell(runtime_t *rt, const shell_options_t *options) {
    shell_t *shell = mk_calloc(1, sizeof *shell);
    if (shell == NULL) return NULL;
    shell->rt = rt;
    shell->options = *options;
    shell->console = options->console;
    const char *name = options->name != NULL ? options->name : "shell";
    if (strlen(name) < sizeof shell->name) memcpy(shell->name, name, strlen(name) + 1);
    shell->options.name = shell->name;
    if (options->modules != NULL) {
        size_t size = strlen(options->modules) + 1;
        char *modules = mk_alloc(size);
        if (modules != NULL) memcpy(modules, options->modules, size);
        shell->options.modules = modules; /* of use without, too */
    }
    log_tail_init(&shell->log_text, shell->log_bytes[0], sizeof shell->log_bytes[0]);
    log_tail_init(&shell->log_json, shell->log_bytes[1], sizeof shell->log_bytes[1]);
    terminal_out_init(&shell->own_out, NULL);
    printer_init(&shell->printer, options->write, options->write_ctx);
    return shell;
}

/* Nobody gave an output: take the platform's. */
static bool open_terminal(shell_t *shell) {
    if (port_terminal_open(&shell->terminal, PORT_STDIN, PORT_STDOUT) < 0) return false;
    terminal_out_init(&shell->own_out, shell->terminal);
    shell->options.writes_raw = !port_terminal_output_is_tty(shell->terminal);
    printer_init(&shell->printer, write_terminal, shell);
    return true;
}

actor_id_t shell_start(runtime_t *rt, const shell_options_t *options) {
    static const shell_options_t defaults;
    if (options == NULL) options = &defaults;
    if (rt == NULL) return ACTOR_ID_INVALID;
    shell_t *shell = create_shell(rt, options);
    if (shell == NULL) return ACTOR_ID_INVALID;
    actor_id_t id = ACTOR_ID_INVALID;
    if (options->write != NULL || open_terminal(shell))
        id = actor_spawn(rt, shell__behave, shell, free_shell, SHELL_MAILBOX);
    if (id == ACTOR_ID_INVALID)
        free_shell(shell);
    else
        shell->self = id;
    return id;
}

actor_id_t shell_actor_init(runtime_t *rt) {
    return shell_start(rt, NULL);
}
