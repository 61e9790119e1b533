/* SPDX-License-Identifier: Apache-2.0 */
/* console_impl.h - what one console remembers. For console*.c only. */
#ifndef MK_SHELL_CONSOLE_IMPL_H
#define MK_SHELL_CONSOLE_IMPL_H

#include "base/buffer.h"
#include "microkernel/actor.h"
#include "microkernel/mk_readline.h"
#include "microkernel/runtime.h"
#include "microkernel/shell.h"
#include "microkernel/timer.h"
#include "port/terminal.h"
#include "shell/console_history.h"
#include "shell/console_lines.h"
#include "shell/terminal_out.h"

enum {
    CONSOLE_MAILBOX = 32,     /* messages that may wait for the console */
    CONSOLE_READ_BYTES = 512, /* taken from the input in one turn */
    CONSOLE_TYPED_BYTES =
        4096,             /* of input that wait for their turn; more stays outside */
    CONSOLE_RETRY_MS = 20 /* until the next look at what cannot be waited for */
};

/* Where the lines come from. */
typedef enum {
    CONSOLE_PERSON,  /* a terminal, through the editor */
    CONSOLE_STREAM,  /* a pipe or a file */
    CONSOLE_COMMANDS /* options.commands */
} console_kind_t;

typedef struct {
    runtime_t *rt;
    actor_id_t self;
    console_kind_t kind;
    bool has_begun; /* the first message was handled */

    /* --- what was asked for --- */
    bool keeps_going;
    bool is_json;
    shell_end_fn on_end;
    void *end_ctx;
    char *commands;       /* owned; of CONSOLE_COMMANDS */
    size_t commands_at;   /* bytes of it that were taken */
    size_t commands_size; /* without its NUL */
    char *welcome;        /* owned; NULL: none, or shown already */
    char *modules;        /* owned; NULL: none */

    /* --- input --- */
    port_terminal_t *terminal; /* owned; NULL once it was given back */
    buffer_t typed;            /* read, and not looked at */
    bool has_input_ended;      /* nothing will come behind `typed` */
    int input_error;           /* why, or MK_OK */
    bool is_watching_input;
    bool is_asking_input; /* it cannot be waited for: a plain file */
    bool is_dry;          /* the last look found nothing */

    /* --- lines --- */
    mk_readline_t editor;  /* of a person */
    console_lines_t lines; /* of the others */
    console_history_t history;

    /* --- the shell --- */
    actor_id_t shell;
    monitor_id_t shell_monitor;
    bool has_answered; /* this shell has answered a line */
    const char *line;  /* the one that runs: in the editor, `lines`, or static */
    size_t line_len;
    bool is_busy;         /* `line` was not answered yet */
    bool is_sent;         /* and the shell has it */
    bool is_interrupted;  /* Ctrl-C came since */
    bool owes_interrupt;  /* and the shell was not told yet */
    bool shell_is_paused; /* it waits for SHELL_INPUT_CONTINUE */
    int status;           /* of the session, so far */

    /* --- output --- */
    terminal_out_t out;
    bool is_watching_output;
    bool row_is_open;  /* the cursor stands behind a part of a row */
    bool owes_editor;  /* the line being edited was taken off the screen */
    buffer_t problems; /* for the debug output, which did not take them yet */
    int log_sink;      /* lines above the prompt; 0: none */

    /* --- time --- */
    timer_id_t tick;        /* to look again at what cannot be waited for; 0: none */
    uint64_t tick_ms;       /* when: the time given to it */
    timer_id_t paste_timer; /* ends a paste that does not end by itself */
    timer_id_t grace_timer; /* ends an end that takes too long */

    /* --- the end --- */
    bool is_ending;     /* no more lines */
    bool is_hasty;      /* what the terminal does not take is given up */
    bool is_grace_over; /* nothing more is waited for */
    size_t grace_size;  /* bytes of output that waited when the time began */
} console_t;

/* --- console.c --- */

/* Come back to console__go_on() in `after_ms`. Also in the turns of other actors.
 * False: there is no memory for that. */
bool console__call_again(console_t *console, uint64_t after_ms);

/* No more lines: say good-bye to the terminal, and leave when all is written. The first
 * call decides the status. */
void console__end(console_t *console, int status);

/* --- console_out.c --- */

/* What the shell says (shell_write_fn), what is logged (log_sink_fn), what the editor
 * draws (mk_rl_write_fn). */
bool console__write_shell(const char *bytes, size_t size, bool is_problem, void *ctx);
bool console__write_log(const char *line, size_t size, void *ctx);
void console__write_editor(const char *bytes, size_t size, void *ctx);

/* Whole rows from the console itself: to the person, or as a problem. */
void console__say(console_t *console, const char *text);

/* Put the line being edited back where the cursor is, or a new prompt. */
void console__show_prompt(console_t *console);

/* Take it off the screen for good. */
void console__clear_prompt(console_t *console);

/* Write what waits, and wait for the output while something still does. In the
 * console's turns. */
void console__drain(console_t *console);

/* True when nothing waits to be written. */
bool console__is_written(const console_t *console);

/* --- console_input.c --- */

/* Take some of what has been typed, if it is wanted now. */
void console__read(console_t *console);

/* The last step of a turn: act on Ctrl-C, and wait for more if it is wanted. */
void console__wait_for_input(console_t *console);

/* The next line, when it is complete: to console->line. */
bool console__next_line(console_t *console);

/* Ctrl-C, or the message that stands for it. */
void console__interrupt(console_t *console);

/* True when all input was used. */
bool console__input_is_used_up(const console_t *console);

#endif
