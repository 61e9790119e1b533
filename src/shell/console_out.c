/* SPDX-License-Identifier: Apache-2.0 */
/* console_out.c - everything that a console shows.
 *
 * For a person three writers share one screen: the editor, the shell, and the log. The
 * line being edited is taken off the screen before another one writes, and put back
 * behind the last row that is complete. All this happens in the turn of whoever writes;
 * nothing here waits, and what needs the console itself (watching the terminal) is done
 * in its next turn. */
#include "shell/console_impl.h"

#include "microkernel/watch.h"
#include "port/debug_out.h"

#include <string.h>

/* False: the shell should pause. */
static bool put(console_t *console, const char *bytes, size_t size) {
    if (size == 0) return true;
    bool has_room = terminal_out_write(&console->out, bytes, size);
    console->row_is_open = bytes[size - 1] != '\n';
    if (terminal_out_is_waiting(&console->out) || console->out.problem < 0)
        (void)console__call_again(console, 0);
    return has_room;
}

void console__write_editor(const char *bytes, size_t size, void *ctx) {
    console_t *console = ctx;
    (void)put(console, bytes, size);
    console->row_is_open = false; /* it knows where the cursor is */
}

/* Rows from others than the editor. */
static bool put_rows(console_t *console, const char *bytes, size_t size) {
    if (console->kind == CONSOLE_PERSON && mk_rl_hide(&console->editor))
        console->owes_editor = true;
    bool has_room = put(console, bytes, size);
    if (!console->owes_editor) return has_room;
    if (!console->row_is_open)
        console__show_prompt(console);
    else
        (void)console__call_again(console, 0); /* in case the row stays as it is */
    return has_room;
}

static void end_row(console_t *console) {
    if (console->row_is_open) (void)put(console, "\n", 1);
}

void console__show_prompt(console_t *console) {
    end_row(console);
    if (console->owes_editor)
        mk_rl_show(&console->editor);
    else
        mk_rl_prompt(&console->editor);
    console->owes_editor = false;
}

void console__clear_prompt(console_t *console) {
    if (console->kind != CONSOLE_PERSON) return;
    (void)mk_rl_hide(&console->editor);
    console->owes_editor = false;
    end_row(console);
}

/* To the debug output, in order; beyond the bound of `problems` they are lost. */
static void put_problem(console_t *console, const char *bytes, size_t size) {
    size_t taken = 0;
    if (buffer_size(&console->problems) == 0) taken = port_debug_write(bytes, size);
    if (taken == size) return;
    (void)buffer_append(&console->problems, bytes + taken, size - taken);
    (void)console__call_again(console, CONSOLE_RETRY_MS);
}

bool console__write_shell(const char *bytes, size_t size, bool is_problem, void *ctx) {
    console_t *console = ctx;
    if (console->is_ending) return true; /* nobody asked for it */
    if (is_problem && console->kind != CONSOLE_PERSON) {
        put_problem(console, bytes, size);
        return true;
    }
    if (put_rows(console, bytes, size)) return true;
    console->shell_is_paused = console__call_again(console, 0);
    return !console->shell_is_paused;
}

bool console__write_log(const char *line, size_t size, void *ctx) {
    console_t *console = ctx;
    if (!terminal_out_has_room(&console->out)) return false;
    end_row(console);
    (void)put_rows(console, line, size);
    return true;
}

void console__say(console_t *console, const char *text) {
    if (console->kind == CONSOLE_PERSON) {
        end_row(console);
        (void)put_rows(console, text, strlen(text));
    } else {
        put_problem(console, text, strlen(text));
    }
}

static void drain_problems(console_t *console) {
    size_t size = buffer_size(&console->problems);
    if (size == 0) return;
    buffer_consume(
        &console->problems,
        port_debug_write((const char *)buffer_bytes(&console->problems), size));
    if (buffer_size(&console->problems) > 0)
        (void)console__call_again(console, CONSOLE_RETRY_MS);
}

static void watch_output(console_t *console) {
    int handle = port_terminal_output(console->terminal);
    bool is_wanted = terminal_out_is_waiting(&console->out);
    if (is_wanted && !console->is_watching_output) {
        console->is_watching_output = actor_watch_fd(console->rt, handle, MK_POLL_OUT);
        if (!console->is_watching_output)
            (void)console__call_again(console, CONSOLE_RETRY_MS);
    } else if (!is_wanted && console->is_watching_output) {
        (void)actor_unwatch_fd(console->rt, handle);
        console->is_watching_output = false;
    }
}

void console__drain(console_t *console) {
    drain_problems(console);
    if (terminal_out_is_waiting(&console->out)) terminal_out_drain(&console->out);
    if (console->owes_editor && !console->is_ending) console__show_prompt(console);
    watch_output(console);
}

bool console__is_written(const console_t *console) {
    bool is_over = console->out.problem < 0 || !terminal_out_is_waiting(&console->out);
    return is_over && buffer_size(&console->problems) == 0;
}
