/* SPDX-License-Identifier: Apache-2.0 */
/* console_input.c - from bytes to the next line.
 *
 * One line is under way at a time. What a person types meanwhile waits in `typed`, as
 * it would in the system's own line discipline, and Ctrl-C in it acts at once and drops
 * what was typed before; when `typed` is full the rest stays in the system until there
 * is room. A pipe or a file is read only when its next line is wanted. */
#include "shell/console_impl.h"

#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/watch.h"

#include <string.h>

enum {
    INTERRUPT = 0x03,       /* Ctrl-C */
    PASTE_SILENCE_MS = 1000 /* without a byte: the mark at its end was lost */
};

/* --- reading --- */

/* The next bytes of options.commands; the text ends as a file does. */
static int read_commands(console_t *console, uint8_t *room, size_t cap) {
    size_t size = console->commands_size - console->commands_at;
    if (size > cap) size = cap;
    memcpy(room, console->commands + console->commands_at, size);
    console->commands_at += size;
    return size > 0 ? (int)size : MK_EEND;
}

/* Bytes taken; 0: none now. */
static size_t read_piece(console_t *console) {
    uint8_t *room;
    size_t size = buffer_room(&console->typed);
    if (size > CONSOLE_READ_BYTES) size = CONSOLE_READ_BYTES;
    if (size == 0 || buffer_reserve(&console->typed, size, &room) < 0) return 0;
    int got = console->kind == CONSOLE_COMMANDS
                  ? read_commands(console, room, size)
                  : port_terminal_read(console->terminal, room, size);
    if (got > 0) {
        buffer_commit(&console->typed, (size_t)got);
        return (size_t)got;
    }
    if (got != MK_EAGAIN) {
        console->has_input_ended = true;
        console->input_error = got == MK_EEND ? MK_OK : got;
    }
    return 0;
}

static bool wants_input(const console_t *console) {
    if (console->is_ending || console->has_input_ended) return false;
    if (console->kind == CONSOLE_PERSON) return buffer_room(&console->typed) > 0;
    return !console->is_busy && buffer_size(&console->typed) == 0;
}

static void watch_input(console_t *console) {
    int handle = port_terminal_input(console->terminal);
    bool is_wanted = wants_input(console) && !console->is_asking_input;
    if (is_wanted && !console->is_watching_input) {
        console->is_watching_input = actor_watch_fd(console->rt, handle, MK_POLL_IN);
        console->is_asking_input = !console->is_watching_input;
    } else if (!is_wanted && console->is_watching_input) {
        (void)actor_unwatch_fd(console->rt, handle);
        console->is_watching_input = false;
    }
}

/* Ctrl-C does not wait in the line. */
static void find_interrupt(console_t *console) {
    if (console->kind != CONSOLE_PERSON || !console->is_busy) return;
    const uint8_t *bytes = buffer_bytes(&console->typed);
    for (size_t i = buffer_size(&console->typed); i > 0; i--) {
        if (bytes[i - 1] != INTERRUPT) continue;
        buffer_consume(&console->typed, i);
        console__interrupt(console);
        return;
    }
}

void console__read(console_t *console) {
    if (wants_input(console)) console->is_dry = read_piece(console) == 0;
}

void console__wait_for_input(console_t *console) {
    find_interrupt(console);
    if (console->kind != CONSOLE_COMMANDS) watch_input(console);
    if (!wants_input(console)) return;
    if (console->kind == CONSOLE_COMMANDS || console->is_asking_input)
        (void)console__call_again(console, console->is_dry ? CONSOLE_RETRY_MS : 0);
}

bool console__input_is_used_up(const console_t *console) {
    return console->has_input_ended && buffer_size(&console->typed) == 0;
}

/* --- a person's lines --- */

static void set_line(console_t *console, const char *line, size_t len) {
    console->line = line;
    console->line_len = len;
}

static void refuse_typed_line(console_t *console) {
    char text[96];
    mk_writer_t w;
    writer_init(&w, text, sizeof text);
    writer_format(&w, "Line too long: at most %u bytes. Ctrl-Y brings it back.\n",
                  (unsigned)(MK_RL_MAX_LINE - 1));
    console__say(console, text);
    console__show_prompt(console);
}

/* True when the line that runs next is set. */
static bool press(console_t *console, uint8_t byte) {
    mk_readline_t *editor = &console->editor;
    switch (mk_rl_feed(editor, byte)) {
    case MK_RL_DONE:
        mk_rl_history_add(editor, editor->line);
        console_history_save(&console->history, console->rt, editor);
        set_line(console, editor->line, editor->len);
        return true;
    case MK_RL_EOF:
        (void)mk_rl_hide(editor);
        set_line(console, "exit", 4);
        return true;
    case MK_RL_TOO_LONG: refuse_typed_line(console); return false;
    default: return false;
    }
}

/* The editor has no clock. */
static void watch_paste(console_t *console) {
    if (console->paste_timer != TIMER_ID_INVALID)
        (void)actor_cancel_timer(console->rt, console->paste_timer);
    console->paste_timer = TIMER_ID_INVALID;
    if (mk_rl_in_paste(&console->editor))
        console->paste_timer = actor_set_timer(console->rt, PASTE_SILENCE_MS, false);
}

static bool next_typed_line(console_t *console) {
    bool is_done = false;
    if (buffer_size(&console->typed) == 0) return false;
    while (!is_done && buffer_size(&console->typed) > 0) {
        uint8_t byte = *buffer_bytes(&console->typed);
        buffer_consume(&console->typed, 1);
        is_done = press(console, byte);
    }
    watch_paste(console);
    return is_done;
}

/* --- other lines --- */

static void refuse_long_line(console_t *console) {
    char text[96];
    mk_writer_t w;
    writer_init(&w, text, sizeof text);
    writer_format(&w, "Line %llu is too long: at most %u bytes can be taken\n",
                  (unsigned long long)console->lines.number,
                  (unsigned)(MK_SHELL_LINE_MAX - 1));
    console__say(console, text);
    if (console->status == SHELL_OK) console->status = SHELL_USAGE;
    if (!console->keeps_going) console__end(console, SHELL_USAGE);
}

static bool next_read_line(console_t *console) {
    console_lines_t *lines = &console->lines;
    while (!console->is_ending) {
        console_lines_result_t result;
        if (buffer_size(&console->typed) > 0) {
            result = console_lines_feed(lines, (char)*buffer_bytes(&console->typed));
            buffer_consume(&console->typed, 1);
        } else if (console->has_input_ended) {
            result = console_lines_end(lines);
            if (result == CONSOLE_LINES_MORE) return false;
        } else {
            return false;
        }
        if (result == CONSOLE_LINES_TOO_LONG) refuse_long_line(console);
        if (result != CONSOLE_LINES_DONE) continue;
        set_line(console, lines->text, lines->len);
        return true;
    }
    return false;
}

bool console__next_line(console_t *console) {
    if (console->kind == CONSOLE_PERSON) return next_typed_line(console);
    return next_read_line(console);
}

/* --- Ctrl-C --- */

void console__interrupt(console_t *console) {
    if (console->is_ending) return;
    if (console->kind != CONSOLE_PERSON) {
        /* Twice: it will not be waited for. */
        if (!console->is_busy || console->is_interrupted) {
            console__end(console, SHELL_INTERRUPTED);
            return;
        }
    } else if (!console->is_busy) {
        (void)mk_rl_feed(&console->editor, INTERRUPT);
        return;
    } else {
        console__say(console, "^C\n");
    }
    console->is_interrupted = true;
    console->owes_interrupt = true;
    (void)console__call_again(console, 0);
}
