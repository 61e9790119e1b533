/* SPDX-License-Identifier: Apache-2.0 */
/* shell.h - a command shell as an actor, and a console that gives it a terminal.
 *
 * The shell takes lines (MSG_SHELL_INPUT), runs the commands in them, writes what they
 * say to one output, and answers each line with MSG_SHELL_PROMPT. It does not read
 * anything itself: a console does that and sends it the lines. There may be any number
 * of shells and consoles in one process.
 *
 * Most programs want both, on the platform's terminal:
 *
 *     actor_id_t console;
 *     shell_console_options_t options = {0};
 *     if (shell_console_start(rt, &options, &console) == MK_OK) runtime_run(rt); */
#ifndef MICROKERNEL_SHELL_H
#define MICROKERNEL_SHELL_H

#include "microkernel/http.h"
#include "microkernel/message_ids.h"
#include "microkernel/mk_readline.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the shell calls itself: "mk-shell v0.3 (native)". */
#define MK_SHELL_VERSION "0.3"

/* Bytes of a line with its NUL; 256 to 65536. A longer line is refused whole. Room for
 * a payload of WORDS_PAYLOAD_HEX_MAX bytes as hex digits and the words before it. */
#ifndef MK_SHELL_LINE_MAX
#define MK_SHELL_LINE_MAX 1024
#endif

/* Bytes of the newest log lines that a shell keeps for `log`, as text and once more as
 * JSON; 512 to 2^24. About 80 lines of ordinary length: a few screens. */
#ifndef MK_SHELL_LOG_BYTES
#define MK_SHELL_LOG_BYTES 8192
#endif

/* Bytes of output that wait for a slow terminal before listings pause; 512 to 2^24.
 * Four screens of 80 columns by 25 rows. */
#ifndef MK_SHELL_OUTPUT_BYTES
#define MK_SHELL_OUTPUT_BYTES 8192
#endif

/* How a command ended; also the exit codes of mk-shell. */
typedef enum {
    SHELL_OK = 0,
    SHELL_FAILED = 1,       /* it could not be done */
    SHELL_USAGE = 2,        /* unknown command, or words it does not take */
    SHELL_NO_NAME = 3,      /* nobody has that name or id */
    SHELL_TIMEOUT = 4,      /* no reply in time */
    SHELL_REFUSED = 5,      /* the type is reserved, the mailbox is full */
    SHELL_UNREACHABLE = 6,  /* the node is not connected */
    SHELL_INTERRUPTED = 130 /* Ctrl-C (128 + SIGINT, as shells have it) */
} shell_status_t;

/* Payload of MSG_SHELL_PROMPT: the line was run, the next one may come. */
typedef struct {
    uint8_t status;     /* shell_status_t of the first command that failed, else 0 */
    uint8_t is_leaving; /* 1: `exit` was run */
    uint8_t has_code;   /* 1: `exit` was given a code; it is the status */
} shell_prompt_payload_t;

/* A MSG_SHELL_INPUT of this one byte stops the command that is running and drops the
 * rest of its line, which is answered with SHELL_INTERRUPTED. It is no line itself. */
#define SHELL_INPUT_INTERRUPT '\x03'
/* A MSG_SHELL_INPUT of this one byte: the output has room again (see shell_write_fn).
 */
#define SHELL_INPUT_CONTINUE '\x11'

/* Takes output, whole rows where that is possible. `is_problem`: it says why a command
 * failed. Takes everything in any case; false asks the shell to pause a long listing
 * until it gets SHELL_INPUT_CONTINUE. Called in the shell's turns; must not end the
 * shell or send it anything else. */
typedef bool (*shell_write_fn)(const char *bytes, size_t size, bool is_problem,
                               void *ctx);

/* A zeroed struct means the defaults. Texts are copied. */
typedef struct {
    const char *name;       /* flat name it takes; NULL: "shell" */
    shell_write_fn write;   /* NULL: the platform's standard output */
    void *write_ctx;        /* handed to it; must outlive the shell */
    actor_id_t console;     /* whose lines it takes; 0: see shell_start */
    bool is_json;           /* every command as if it had --json */
    bool stops_on_failure;  /* the rest of a line is dropped after a failed command */
    bool writes_raw;        /* the output is no terminal: what a server answers is
                               written as it came (http get) */
    bool leaves_to_console; /* `exit` tells the console and does not stop the runtime */
    const char *modules; /* folder where `load` and `reload` look for a file name that
                            is not in the working folder; NULL: nowhere */
    const mk_readline_t *editor; /* whose history `history` lists; NULL: none */
} shell_options_t;

/* A shell with the default options. Returns its id, or ACTOR_ID_INVALID. It registers
 * its name and says hello when it gets MSG_SHELL_INIT. `exit` stops the runtime. */
actor_id_t shell_actor_init(runtime_t *rt);

/* A shell. It takes lines from the running program itself (source 0) and from one actor
 * of this node: `options->console`, or else the first that sends MSG_SHELL_INIT or
 * MSG_SHELL_INPUT, until that one ends. Those from others are shown like any message.
 * With MSG_SHELL_INIT or its first line it takes its name, if that is free; it lives
 * without one too.
 *
 * MSG_SHELL_PROMPT answers each line, once, and goes to that console; without one to
 * the actor named "console"; without that, "> " is written. Lines that come while a
 * command runs wait, up to 8; one more is refused and answered with SHELL_REFUSED. When
 * memory for the answer is short it comes later, and no further line is run before.
 *
 * Returns its id, or ACTOR_ID_INVALID: no actor can be spawned, memory is short, or no
 * `write` was given and the platform's terminal cannot be opened (somebody has it open:
 * another shell, a console). */
actor_id_t shell_start(runtime_t *rt, const shell_options_t *options);

/* For mk_rl_set_completion, with the runtime as `ctx`: commands, names, paths, message
 * types and log levels, from the live runtime. */
size_t shell_complete(const char *line, size_t cursor, mk_rl_choices_t *choices,
                      void *ctx);

/* For mk_rl_set_hints (`ctx` is not used): the arguments that a command wants. */
size_t shell_hint(const char *line, size_t len, char *hint, size_t cap, void *ctx);

/* The session is over: everything was written, the terminal is as it was. `status` is
 * the exit code for the process. Called once, in the console's last turn. A console
 * that is ended by others (actor_stop, runtime_destroy) gives the terminal back and
 * does not call this: a program that needs to know monitors it. */
typedef void (*shell_end_fn)(runtime_t *rt, int status, void *ctx);

/* A zeroed struct means the defaults. Texts are copied. */
typedef struct {
    const char *commands; /* run these lines and end, instead of reading */
    int input;            /* handle to read; used when has_input, else standard input */
    bool has_input;       /* `input` is not a person, whatever it is */
    bool keeps_going;     /* lines after a failed command are run too */
    bool is_json;         /* as in shell_options_t */
    const char *history_path; /* file for the lines typed by a person; NULL: none */
    const char *modules;      /* as in shell_options_t */
    const char *welcome; /* rows that a person sees behind the banner; NULL: none */
    shell_end_fn on_end; /* NULL: runtime_stop */
    void *end_ctx;       /* handed to it */
} shell_console_options_t;

/* Open the platform's terminal and start a console (flat name "console") and its shell.
 *
 * When a person is there (input and output are terminals, no `commands`, no
 * `has_input`) the console edits lines with completion and history, shows log lines
 * above the prompt, and Ctrl-C stops the command that runs. The log's debug output is
 * off meanwhile; a program for which that is not the same screen switches it on again
 * behind this call (log_set_debug_output). Otherwise the console runs line after line
 * without prompt or banner, writes what says why a command failed to the debug output
 * (standard error), and ends with the first command that fails unless `keeps_going`. A
 * line that is too long (MK_SHELL_LINE_MAX; a person's: MK_RL_MAX_LINE) is refused
 * whole. When the shell is stopped or crashes a person, and whoever `keeps_going`, gets
 * a new one.
 *
 * MSG_SHELL_INPUT with SHELL_INPUT_INTERRUPT interrupts it as Ctrl-C does (without a
 * person it then ends with SHELL_INTERRUPTED); MSG_SHUTDOWN ends the session in an
 * orderly way. Neither a slow nor a stuck terminal delays other actors.
 *
 * `options` NULL: the defaults. MK_OK and in `*console` (NULL: not wanted) the id; or,
 * with nothing started, MK_EINVAL: no runtime, the error of port_terminal_open,
 * MK_ENOMEM, MK_EFULL: no actor can be spawned. Outside behaviours and inside. */
int shell_console_start(runtime_t *rt, const shell_console_options_t *options,
                        actor_id_t *console);

/* Serve this node over HTTP on `port` of 127.0.0.1 (0: a free one): / (facts), /metrics
 * (Prometheus' text), /events (log lines as server-sent events), /ws/echo (a WebSocket
 * that echoes). The pages are routes of the runtime (http.h): a program may have its
 * own beside them. Returns the port, an error of http_listen, or MK_EEXIST: a route of
 * the program has one of these names. */
int shell_web_listen(runtime_t *rt, uint16_t port);

/* The same over TLS (http.h); `tls` NULL: in plain. `why`, `cap` bytes, unless NULL,
 * has the words when it fails. Returns as http_listen_why, or MK_EEXIST. */
int shell_web_listen_tls(runtime_t *rt, uint16_t port, const http_listen_tls_t *tls,
                         char *why, size_t cap);

#ifdef __cplusplus
}
#endif

#endif
