/* SPDX-License-Identifier: Apache-2.0 */
/* shell_impl.h - what one shell remembers, and what its commands share. For src/shell
 * only. */
#ifndef MK_SHELL_SHELL_IMPL_H
#define MK_SHELL_SHELL_IMPL_H

#include "base/text.h"
#include "base/utf8.h"
#include "microkernel/actor.h"
#include "microkernel/http.h"
#include "microkernel/limits.h"
#include "microkernel/mount.h"
#include "microkernel/runtime.h"
#include "microkernel/shell.h"
#include "shell/commands.h"
#include "shell/log_tail.h"
#include "shell/printer.h"
#include "shell/terminal_out.h"
#include "shell/words.h"

/* What a command returns that goes on after its function has returned. */
enum { SHELL__PENDING = -1 };

enum {
    SHELL_MAILBOX = 32,      /* messages that may wait for the shell */
    SHELL_WAITING_LINES = 8, /* lines that wait for a running command */
    SHELL_SHOWN_MAX = 4096   /* bytes of a message's payload that are shown */
};

/* A listing that is told in pieces, so that other actors get their turn and a slow
 * terminal is waited for. `step` prints a few rows and returns SHELL__PENDING or the
 * status; `end` frees the state, also of a listing that was interrupted. */
typedef struct {
    int (*step)(shell_t *shell, void *state); /* NULL: none is running */
    void (*end)(void *state);
    void *state;
} shell_job_t;

/* The reply that is waited for. */
typedef struct {
    bool is_pending;
    bool is_caps;         /* of `caps`: only the text is shown */
    actor_id_t target;    /* who has to answer */
    timer_id_t timer;     /* the time-out */
    monitor_id_t monitor; /* tells when the target ends; 0: it could not be had */
    char timeout[COMMAND_TIMEOUT_TEXT]; /* for people */
} shell_call_t;

/* The answer of a server that is being shown. */
typedef struct {
    http_conn_id_t id;  /* 0: none */
    int status;         /* once has_begun */
    bool has_begun;     /* the head was shown */
    bool shows_headers; /* -i */
    bool owes_more;     /* the next piece was not asked for yet */
    bool ends_row;      /* the last character shown was a line end */
    uint8_t cut_size;   /* bytes of a character that is not complete */
    char cut[UTF8_MAX_SIZE];
} shell_http_t;

/* What a worker thread reads for a command: the first member of its block. */
typedef struct shell_reading shell_reading_t;
struct shell_reading {
    /* It was read: the status of the command. */
    int (*finish)(shell_t *shell, shell_reading_t *reading);
    void (*end)(void *reading); /* free it */
};

struct shell {
    runtime_t *rt;
    actor_id_t self;
    shell_options_t options; /* `name` points to the field below; `modules` is owned */
    char name[MK_NAME_MAX];
    bool has_begun; /* it has tried to take its name */

    printer_t printer;
    terminal_out_t own_out;    /* in use when options.write was NULL */
    port_terminal_t *terminal; /* owned; of own_out */
    timer_id_t retry_timer;    /* tries again what could not be done; 0: none */

    actor_id_t console; /* whose lines are taken; 0: nobody's yet */

    char line[MK_SHELL_LINE_MAX]; /* being run */
    size_t line_len;
    size_t line_at;                        /* where its next command begins */
    bool is_busy;                          /* a line is being run */
    bool is_waking;                        /* its own "go on" is in the mailbox */
    bool owes_prompt;                      /* there was no memory to send it */
    int status;                            /* of the line's first failed command */
    words_t words;                         /* the command being run */
    char word_text[MK_SHELL_LINE_MAX + 1]; /* their bytes */
    uint8_t payload[MK_SHELL_LINE_MAX];    /* that it sends */
    bool is_json;                          /* it says what it says in JSON */
    bool is_leaving;                       /* `exit` was run */
    bool has_code;                         /* and given a code, which is `status` */
    shell_job_t job;
    shell_call_t call;
    shell_http_t http;
    char mounting[MK_TARGET_MAX]; /* what `mount` waits for; "": nothing */
    uint32_t reading; /* ticket of the files that a command waits for; 0: none */
    message_t *waiting[SHELL_WAITING_LINES]; /* taken; oldest first */
    size_t waiting_count;
    uint64_t not_shown; /* messages that could only be counted */

    log_tail_t log_text; /* the newest log lines */
    log_tail_t log_json; /* the same */
    int log_sinks[2];    /* that fill them; 0 and below: none */
    char log_bytes[2][MK_SHELL_LOG_BYTES];
};

/* --- shell_actor.c --- */

/* The actor's behaviour; for actor__state_of(). */
bool shell__behave(runtime_t *rt, actor_t *self, message_t *msg, void *state);

/* The output is gone: whoever owned it ends. Does nothing for ids that are no shell. */
void shell__drop_output(runtime_t *rt, actor_id_t id);

/* Have a look at what is due in a moment: the terminal, the prompt. */
void shell__retry_soon(shell_t *shell);

/* --- shell_line.c --- */

/* A line from somebody whose lines are taken; it is run now, or waits. */
void shell__take_line(shell_t *shell, message_t *msg);

/* Do what can be done now: the next command, rows of a listing, the next line. */
void shell__go_on(shell_t *shell);

/* Ctrl-C: end the command that runs, and drop the rest of its line. */
void shell__interrupt(shell_t *shell);

/* Say that the last line was run. Also after the try failed before (owes_prompt). */
void shell__send_prompt(shell_t *shell);

/* Free what waits and what runs. */
void shell__drop_lines(shell_t *shell);

/* The command that returned SHELL__PENDING has ended. */
void shell__finish_command(shell_t *shell, int status);

/* Run `step` from now on until it is done. Takes `state`. Returns what a command has to
 * return. */
int shell__start_job(shell_t *shell, int (*step)(shell_t *, void *),
                     void (*end)(void *), void *state);

/* --- shell_say.c --- */

/* Between these two the printer says what went wrong; `_end` ends the row and returns
 * `status`. With --json it becomes {"error":"...","status":N}. */
void shell__problem(shell_t *shell);
int shell__problem_end(shell_t *shell, int status);

/* The same in one: `before`, the word in quotes unless it is empty, `after`. */
int shell__fail(shell_t *shell, int status, const char *before, text_t word,
                const char *after);

/* MK_E... of something that was tried: "<what>: <reason>". */
int shell__fail_error(shell_t *shell, const char *what, int error);

/* "Unknown command: lst (did you mean 'list'?)", and SHELL_USAGE. */
int shell__fail_unknown_command(shell_t *shell, text_t word);

/* "Usage: call [-t TIME] ...", as part of a row. */
void shell__say_usage(shell_t *shell, const command_t *command);

/* Names and paths of an actor as one text "a, b, /c" in `buf`, or in an owned block
 * when it does not fit; NULL when memory is short. */
char *shell__names_of(runtime_t *rt, actor_id_t id, char *buf, size_t cap);
void shell__names_free(char *names, const char *buf);

/* The names of shell__names_of as a JSON array. */
void shell__json_names(printer_t *p, const char *key, const char *names);

/* How people call a node: its identity, or its number when it has none or is not
 * connected. */
void shell__print_node(shell_t *shell, node_id_t node);

/* Facts of an actor's id in JSON: "id", and for those of other nodes "node_id" and, as
 * far as known, "node". */
void shell__json_whose(shell_t *shell, actor_id_t id);

/* "idle", "ready", ... */
const char *shell__status_name(actor_status_t status);

/* --- shell_target.c --- */

/* The actor that `word` names: name, path, id, or number on this node. SHELL_OK, or a
 * status after having said why. Local actors are alive. */
int shell__find_target(shell_t *shell, text_t word, actor_id_t *id);

/* A name as a C string: argument `index`; NULL after having said that it has a NUL. */
const char *shell__name_arg(shell_t *shell, const command_args_t *args, size_t index);

/* --- cmd_messages.c --- */

/* A message that is no command: the reply, or to be shown. */
void shell__take_message(shell_t *shell, message_t *msg);

/* Say how many messages were not shown, once that is possible. */
void shell__tell_not_shown(shell_t *shell);

/* The end of a call by other means; each does nothing when it is about another one. */
void shell__call_timed_out(shell_t *shell, timer_id_t timer);
void shell__call_target_ended(shell_t *shell, const down_payload_t *down);
void shell__call_drop(shell_t *shell);

/* Ask an actor for capabilities, as a call. Returns what a command has to. */
int shell__ask_caps(shell_t *shell, const command_args_t *args, actor_id_t target);

/* --- cmd_caps.c --- */

/* Rows "key=value", as they are or as a JSON object. */
void shell__show_caps(shell_t *shell, text_t rest);

/* --- cmd_wasm.c --- */

/* Rows of `info` about a WASM actor; nothing for others. */
void shell__print_module(shell_t *shell, actor_id_t id);
void shell__json_module(shell_t *shell, actor_id_t id);

/* --- cmd_listen.c --- */

/* http listen, http reread */
int shell__listen(shell_t *shell, const command_args_t *args);
int shell__reread(shell_t *shell, const command_args_t *args);

/* --- cmd_nodes.c --- */

/* MSG_MOUNT_DONE: true, whether it was waited for or not. */
bool shell__take_mount(shell_t *shell, const message_t *msg);

/* Take back a mount that is waited for. */
void shell__mount_drop(shell_t *shell);

/* --- cmd_http.c --- */

/* A message about the answer that is shown; false: it is about something else. */
bool shell__take_http(shell_t *shell, const message_t *msg);

/* Ask for the next piece when the output takes it. */
void shell__http_go_on(shell_t *shell);

/* Give it up. */
void shell__http_drop(shell_t *shell);

/* --- the commands; see commands.def --- */
#define SHELL_COMMAND(name_, arguments_, options_, least_, most_, kinds_, run_,        \
                      details_, help_)                                                 \
    int run_(shell_t *shell, const command_args_t *args);
#define SHELL_ALIAS(alias_, name_)
#include "shell/commands.def"
#undef SHELL_COMMAND
#undef SHELL_ALIAS

#endif
