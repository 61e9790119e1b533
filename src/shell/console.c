/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - the actor between the platform's terminal and a shell.
 *
 * Each turn ends in console__go_on(), which looks at everything that could go on and
 * does it: events only say that it is worth looking. So no order of events can be
 * forgotten, and what failed for want of memory or room is done in a later turn.
 *
 *   state     means                                        left by
 *   idle      no line; a person sees the prompt            next_line, console__end
 *   busy      the shell has a line, or will be sent it     take_prompt, shell_ended
 *   ending    no more lines; output and history are        leave
 *             written out
 *
 * A person's terminal that takes nothing for a while is not waited for at the end, and
 * nobody's when the console is told to shut down. */
#include "shell/console_impl.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/watch.h"
#include "shell/modules.h"
#include "shell/mount_requests.h"
#include "shell/shell_impl.h"

#include <string.h>

enum {
    GRACE_MS = 1000,       /* at the end, for an output that takes nothing */
    PROBLEMS_BYTES = 16384 /* of problem texts that wait for the debug output */
};

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state);

/* --- time --- */

bool console__call_again(console_t *console, uint64_t after_ms) {
    if (console->tick != TIMER_ID_INVALID) {
        if (console->tick_ms <= after_ms) return true;
        (void)actor__cancel_timer_for(console->rt, console->self, console->tick);
    }
    console->tick = actor__set_timer_for(console->rt, console->self, after_ms, false);
    console->tick_ms = after_ms;
    return console->tick != TIMER_ID_INVALID;
}

/* --- the shell --- */

static bool start_shell(console_t *console) {
    bool is_person = console->kind == CONSOLE_PERSON;
    shell_options_t options = {
        .write = console__write_shell,
        .write_ctx = console,
        .console = console->self,
        .is_json = console->is_json,
        .stops_on_failure = !is_person && !console->keeps_going,
        .writes_raw = !port_terminal_output_is_tty(console->terminal),
        .leaves_to_console = true,
        .modules = console->modules,
        .editor = is_person ? &console->editor : NULL,
    };
    console->shell = shell_start(console->rt, &options);
    console->has_answered = false;
    console->owes_interrupt = false;
    console->shell_is_paused = false;
    return console->shell != ACTOR_ID_INVALID;
}

static void watch_shell(console_t *console) {
    console->shell_monitor = actor_monitor(console->rt, console->shell);
}

static bool send_byte(console_t *console, char byte) {
    if (actor_send(console->rt, console->shell, MSG_SHELL_INPUT, &byte, 1)) return true;
    (void)console__call_again(console, CONSOLE_RETRY_MS);
    return false;
}

/* Run console->line. */
static void run_line(console_t *console) {
    console->is_busy = true;
    console->is_sent = false;
    console->is_interrupted = false;
}

/* A line that says nothing and is answered like any other. */
static void run_nothing(console_t *console) {
    console->line = "";
    console->line_len = 0;
    run_line(console);
}

/* What the shell has to be told and could not be yet. */
static void tell_shell(console_t *console) {
    if (console->is_busy && !console->is_sent) {
        /* With its NUL: one that is a single byte must not be taken for Ctrl-C. */
        console->is_sent = actor_send(console->rt, console->shell, MSG_SHELL_INPUT,
                                      console->line, console->line_len + 1);
        if (!console->is_sent) (void)console__call_again(console, CONSOLE_RETRY_MS);
    }
    if (console->owes_interrupt && console->is_sent)
        console->owes_interrupt = !send_byte(console, SHELL_INPUT_INTERRUPT);
    if (console->shell_is_paused && terminal_out_has_room(&console->out))
        console->shell_is_paused = !send_byte(console, SHELL_INPUT_CONTINUE);
}

/* A person may go on whatever happened; others stop at the first failure. */
static void take_status(console_t *console, int status) {
    if (console->kind == CONSOLE_PERSON || status == SHELL_OK) return;
    if (console->status == SHELL_OK) console->status = status;
    if (!console->keeps_going) console__end(console, status);
}

static void greet(console_t *console) {
    if (console->welcome == NULL) return;
    console__say(console, console->welcome);
    mk_free(console->welcome);
    console->welcome = NULL;
}

static void take_prompt(console_t *console, const message_t *msg) {
    if (msg->source != console->shell || !console->is_busy) return;
    shell_prompt_payload_t prompt = {0};
    if (msg->payload_size >= sizeof prompt)
        memcpy(&prompt, msg->payload, sizeof prompt);
    bool was_interrupted = console->is_interrupted;
    console->is_busy = false;
    console->is_interrupted = false;
    console->owes_interrupt = false;
    console->has_answered = true;
    if (prompt.is_leaving && prompt.has_code) {
        console__end(console, prompt.status);
        return;
    }
    take_status(console, prompt.status);
    if (prompt.is_leaving)
        console__end(console, console->status);
    else if (console->kind != CONSOLE_PERSON && was_interrupted)
        console__end(console, SHELL_INTERRUPTED);
    if (console->kind != CONSOLE_PERSON || console->is_ending) return;
    greet(console);
    console__show_prompt(console);
}

/* Somebody stopped it, or it crashed. One that never answered is not tried again. */
static void shell_ended(console_t *console, const down_payload_t *down) {
    if (down->actor_id != console->shell || console->is_ending) return;
    bool is_person = console->kind == CONSOLE_PERSON;
    bool goes_on = console->has_answered && (is_person || console->keeps_going);
    char text[96];
    mk_writer_t w;
    writer_init(&w, text, sizeof text);
    writer_format(&w, "The shell ended (%s).%s\n", exit_reason_name(down->exit_reason),
                  goes_on ? " Here is a new one." : "");
    console__clear_prompt(console);
    console__say(console, text);
    take_status(console, SHELL_FAILED);
    if (!goes_on || !start_shell(console)) {
        console__end(console, SHELL_FAILED);
        return;
    }
    watch_shell(console);
    if (console->is_busy && !console->is_sent) return; /* the new one gets the line */
    console->is_busy = false;
    if (is_person) run_nothing(console); /* it takes its name, and the prompt comes */
}

/* --- begin --- */

static void take_size(console_t *console) {
    port_terminal_size_t size = {0, 0};
    if (port_terminal_size(console->terminal, &size) < 0) size.columns = 0;
    mk_rl_set_width(&console->editor, size.columns);
}

static void begin_person(console_t *console) {
    take_size(console);
    int handle = port_terminal_resizes(console->terminal);
    if (handle >= 0) (void)actor_watch_fd(console->rt, handle, MK_POLL_IN);
    int problem = console_history_load(&console->history, &console->editor);
    if (problem < 0)
        actor_log(console->rt, LOG_WARN, "history cannot be read: %s: %s",
                  console->history.path, mk_error_text(problem));
    console__write_editor(MK_RL_PASTE_ON, strlen(MK_RL_PASTE_ON), console);
    (void)actor_send(console->rt, console->shell, MSG_SHELL_INIT, NULL, 0);
    run_nothing(console); /* its answer comes behind the banner */
}

static void begin(console_t *console) {
    console->has_begun = true;
    (void)names_register_own(console->rt, "console", console->self);
    watch_shell(console);
    if (console->kind == CONSOLE_PERSON) begin_person(console);
}

/* --- end --- */

/* From now on log lines go where they went before. */
static void return_log(console_t *console) {
    if (console->log_sink == 0) return;
    (void)log_remove_sink(console->rt, console->log_sink);
    (void)log_set_debug_output(console->rt, true, LOG_LINE_TEXT);
    console->log_sink = 0;
}

void console__end(console_t *console, int status) {
    if (console->is_ending) return;
    console->is_ending = true;
    console->status = status;
    console->owes_interrupt = false;
    if (console->kind == CONSOLE_PERSON) {
        console__clear_prompt(console);
        log_flush(console->rt);
        return_log(console);
        console__write_editor(MK_RL_PASTE_OFF, strlen(MK_RL_PASTE_OFF), console);
        console->is_hasty = true;
    }
    (void)console__call_again(console, 0);
}

/* While the output takes something it is waited for; at its first silence no more. */
static void watch_grace(console_t *console) {
    if (!console->is_hasty || console->grace_timer != TIMER_ID_INVALID) return;
    console->grace_size = buffer_size(&console->out.waiting);
    console->grace_timer = actor_set_timer(console->rt, GRACE_MS, false);
    if (console->grace_timer == TIMER_ID_INVALID) console->is_grace_over = true;
}

static void take_grace_timer(console_t *console) {
    size_t size = buffer_size(&console->out.waiting);
    console->grace_timer = TIMER_ID_INVALID;
    if (size == 0 || size >= console->grace_size) console->is_grace_over = true;
}

/* Give back the terminal and the log. The watches must be gone. */
static void give_back(console_t *console) {
    return_log(console);
    shell__drop_output(console->rt, console->shell);
    port_terminal_close(console->terminal);
    console->terminal = NULL;
    console->out.terminal = NULL;
}

/* True when the console can end now. */
static bool leave(console_t *console) {
    bool is_done =
        console__is_written(console) && !console_history_is_saving(&console->history);
    if (!is_done && !console->is_grace_over) {
        watch_grace(console);
        return false;
    }
    (void)actor_unwatch_fd(console->rt, port_terminal_output(console->terminal));
    int handle = port_terminal_resizes(console->terminal);
    if (handle >= 0) (void)actor_unwatch_fd(console->rt, handle);
    give_back(console);
    actor_stop(console->rt, console->shell);
    if (console->on_end != NULL)
        console->on_end(console->rt, console->status, console->end_ctx);
    else
        runtime_stop(console->rt);
    return true;
}

/* --- the loop --- */

static void fail_output(console_t *console) {
    if (console->out.problem != MK_ECLOSED && console->kind != CONSOLE_PERSON) {
        char text[96];
        mk_writer_t w;
        writer_init(&w, text, sizeof text);
        writer_format(&w, "The output cannot be written: %s\n",
                      mk_error_text(console->out.problem));
        console__say(console, text);
    }
    console__end(console, SHELL_FAILED);
}

static void fail_input(console_t *console) {
    char text[96];
    mk_writer_t w;
    writer_init(&w, text, sizeof text);
    writer_format(&w, "The input cannot be read: %s\n",
                  mk_error_text(console->input_error));
    console__say(console, text);
    console__end(console, SHELL_FAILED);
}

/* Nothing more will come. A person's terminal has hung up: what runs does not matter
 * any more. */
static void take_end_of_input(console_t *console) {
    bool is_person = console->kind == CONSOLE_PERSON;
    if (!is_person && (console->is_busy || !console__input_is_used_up(console))) return;
    if (console->input_error < 0 && !is_person)
        fail_input(console);
    else
        console__end(console,
                     console->input_error < 0 ? SHELL_FAILED : console->status);
}

static void try_next_line(console_t *console) {
    if (console->is_busy || console->is_ending) return;
    if (!console__next_line(console)) return;
    run_line(console);
    tell_shell(console);
}

/* False when the console ends. */
static bool go_on(console_t *console) {
    console__drain(console);
    if (console->out.problem < 0) fail_output(console);
    tell_shell(console);
    try_next_line(console);
    console__read(console);
    try_next_line(console);
    if (console->has_input_ended) take_end_of_input(console);
    console__wait_for_input(console);
    return !console->is_ending || !leave(console);
}

static void take_timer(console_t *console, const message_t *msg) {
    if (msg->source != ACTOR_ID_INVALID || msg->payload_size < sizeof(timer_payload_t))
        return;
    const timer_payload_t *timer = msg->payload;
    if (timer->id == console->tick) {
        console->tick = TIMER_ID_INVALID;
    } else if (timer->id == console->paste_timer) {
        console->paste_timer = TIMER_ID_INVALID;
        mk_rl_paste_end(&console->editor);
    } else if (timer->id == console->grace_timer) {
        take_grace_timer(console);
    }
}

static void take_event(console_t *console, const message_t *msg) {
    if (console->kind != CONSOLE_PERSON ||
        msg->payload_size < sizeof(fd_event_payload_t))
        return;
    const fd_event_payload_t *event = msg->payload;
    if (event->fd == port_terminal_resizes(console->terminal) &&
        port_terminal_take_resize(console->terminal))
        take_size(console);
}

static void take_input(console_t *console, const message_t *msg) {
    if (msg->payload_size != 1) return;
    if (*(const char *)msg->payload == SHELL_INPUT_INTERRUPT)
        console__interrupt(console);
}

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    console_t *console = state;
    if (!console->has_begun) begin(console);
    switch (msg->type) {
    case MSG_SHELL_PROMPT: take_prompt(console, msg); break;
    case MSG_SHELL_INPUT: take_input(console, msg); break;
    case MSG_TIMER: take_timer(console, msg); break;
    case MSG_FD_EVENT: take_event(console, msg); break;
    case MSG_DOWN:
        if (msg->payload_size >= sizeof(down_payload_t))
            shell_ended(console, msg->payload);
        break;
    case MSG_OFFLOAD_DONE:
        if (msg->payload_size >= sizeof(offload_done_payload_t))
            console_history_saved(&console->history, rt, &console->editor,
                                  msg->payload);
        break;
    case MSG_SHUTDOWN:
        console__end(console, console->status);
        console->is_hasty = true;
        break;
    default: (void)(modules_serve(rt, msg) || mount_requests_serve(rt, msg)); break;
    }
    return go_on(console);
}

/* --- start --- */

static void free_console(void *state) {
    console_t *console = state;
    if (console->terminal != NULL) { /* it was stopped in the middle of a session */
        if (console->kind == CONSOLE_PERSON && !console->is_ending)
            console__write_editor(MK_RL_PASTE_OFF, strlen(MK_RL_PASTE_OFF), console);
        give_back(console);
    }
    console_history_deinit(&console->history);
    terminal_out_deinit(&console->out);
    buffer_deinit(&console->problems);
    buffer_deinit(&console->typed);
    mk_free(console->commands);
    mk_free(console->welcome);
    mk_free(console->modules);
    mk_free(console);
}

/* A copy; NULL stays NULL. False: memory is short. */
static bool copy_text(char **out, const char *text) {
    if (text == NULL) return true;
    size_t size = strlen(text) + 1;
    *out = mk_alloc(size);
    if (*out != NULL) memcpy(*out, text, size);
    return *out != NULL;
}

static int create_console(console_t **out, runtime_t *rt,
                          const shell_console_options_t *options) {
    console_t *console = mk_calloc(1, sizeof *console);
    if (console == NULL) return MK_ENOMEM;
    console->rt = rt;
    console->keeps_going = options->keeps_going;
    console->is_json = options->is_json;
    console->on_end = options->on_end;
    console->end_ctx = options->end_ctx;
    if (options->commands != NULL) console->commands_size = strlen(options->commands);
    console_lines_init(&console->lines);
    terminal_out_init(&console->out, NULL);
    buffer_init(&console->problems, PROBLEMS_BYTES);
    buffer_init(&console->typed, CONSOLE_TYPED_BYTES);
    *out = console;
    if (!copy_text(&console->commands, options->commands) ||
        !copy_text(&console->welcome, options->welcome) ||
        !copy_text(&console->modules, options->modules) ||
        console_history_init(&console->history, options->history_path) < 0)
        return MK_ENOMEM;
    return MK_OK;
}

/* A terminal that cannot be made raw is read like a file. */
static console_kind_t choose_kind(const console_t *console,
                                  const shell_console_options_t *options) {
    if (options->commands != NULL) return CONSOLE_COMMANDS;
    if (options->has_input || !port_terminal_input_is_tty(console->terminal) ||
        !port_terminal_output_is_tty(console->terminal))
        return CONSOLE_STREAM;
    return port_terminal_set_raw(console->terminal, true) == MK_OK ? CONSOLE_PERSON
                                                                   : CONSOLE_STREAM;
}

static int open_terminal(console_t *console, const shell_console_options_t *options) {
    int result = port_terminal_open(&console->terminal,
                                    options->has_input ? options->input : PORT_STDIN,
                                    PORT_STDOUT);
    if (result < 0) return result;
    console->out.terminal = console->terminal;
    console->kind = choose_kind(console, options);
    return MK_OK;
}

/* The editor, and log lines above it. Without memory for those the debug output shows
 * them, as before. */
static void prepare_screen(console_t *console) {
    mk_rl_init(&console->editor, NULL, console__write_editor, console);
    mk_rl_set_completion(&console->editor, shell_complete, console->rt);
    mk_rl_set_hints(&console->editor, shell_hint, NULL);
    int sink = log_add_sink(console->rt, console__write_log, console, LOG_LINE_TEXT);
    if (sink <= 0) return;
    console->log_sink = sink;
    (void)log_set_debug_output(console->rt, false, LOG_LINE_TEXT);
}

/* Its id; ACTOR_ID_INVALID, and the console is gone, when it cannot be started. */
static actor_id_t spawn(console_t *console) {
    runtime_t *rt = console->rt;
    actor_id_t id = actor_spawn(rt, behave, console, free_console, CONSOLE_MAILBOX);
    if (id == ACTOR_ID_INVALID) {
        free_console(console);
        return ACTOR_ID_INVALID;
    }
    console->self = id;
    if (start_shell(console)) {
        if (console->kind == CONSOLE_PERSON) prepare_screen(console);
        if (actor__notify(rt, ACTOR_ID_INVALID, id, MSG_SHELL_INIT, NULL, 0)) return id;
        actor_stop(rt, console->shell);
    }
    actor_stop(rt, id);
    return ACTOR_ID_INVALID;
}

int shell_console_start(runtime_t *rt, const shell_console_options_t *options,
                        actor_id_t *id) {
    static const shell_console_options_t defaults;
    console_t *console = NULL;
    if (rt == NULL) return MK_EINVAL;
    if (options == NULL) options = &defaults;
    int result = create_console(&console, rt, options);
    if (result == MK_OK) result = open_terminal(console, options);
    if (result < 0) {
        if (console != NULL) free_console(console);
        return result;
    }
    actor_id_t started = spawn(console);
    if (started == ACTOR_ID_INVALID) return MK_EFULL;
    if (id != NULL) *id = started;
    return MK_OK;
}
