/* SPDX-License-Identifier: Apache-2.0 */
/* shell_line.c - runs lines: command after command, each to its end.
 *
 * What runs, in shell_t:
 *
 *   is_busy  call  job    meaning                      left by
 *   -        -     -      nothing                      start_line
 *   yes      -     -      between two commands         run_command, end_line
 *   yes      yes   -      waits for a reply            shell__finish_command
 *   yes      -     yes    in the middle of a listing   step_job
 *
 * shell__go_on() does whatever is possible and returns when somebody else has to do
 * something first: the target of a call, or the output. A listing gives way after each
 * piece by a message to itself. */
#include "shell/shell_impl.h"

#include "base/check.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/message_ids.h"
#include "microkernel/names.h"

#include <string.h>

/* --- one command --- */

static int fail_words(shell_t *shell, const words_error_t *error) {
    printer_t *p = &shell->printer;
    shell__problem(shell);
    printer_text(p, "Syntax error at column ");
    printer_unsigned(p, error->at + 1);
    printer_text(p, ": ");
    printer_text(p, words_fault_text(error->fault));
    return shell__problem_end(shell, SHELL_USAGE);
}

/* What is said in front of the word that is wrong; NULL: the usage is all. */
static const char *const fault_texts[] = {
    [ARGS_OK] = NULL,
    [ARGS_TOO_FEW] = NULL,
    [ARGS_TOO_MANY] = "Too many words: ",
    [ARGS_UNKNOWN_OPTION] = "Unknown option: ",
    [ARGS_NO_VALUE] = "Nothing behind ",
    [ARGS_BAD_TIME] = "Invalid time: ",
    [ARGS_BAD_COUNT] = "Invalid number: ",
};

static int fail_args(shell_t *shell, const command_t *command, args_fault_t fault,
                     size_t at) {
    printer_t *p = &shell->printer;
    shell__problem(shell);
    if (fault_texts[fault] != NULL) {
        const word_t *word = &shell->words.word[at];
        printer_text(p, fault_texts[fault]);
        printer_shown(p, word->text, word->len);
        if (fault == ARGS_BAD_TIME)
            printer_text(p, " (1ms to 1h, such as 250ms or 2s)");
        if (fault == ARGS_BAD_COUNT) printer_text(p, " (1 to 4294967295)");
        printer_text(p, ". ");
    }
    shell__say_usage(shell, command);
    return shell__problem_end(shell, SHELL_USAGE);
}

/* The command in shell->words. A status, or SHELL__PENDING. */
static int run_command(shell_t *shell) {
    const word_t *name = &shell->words.word[0];
    const command_t *command = commands_find(text_make(name->text, name->len));
    shell->is_json = shell->options.is_json;
    if (command == NULL)
        return shell__fail_unknown_command(shell, text_make(name->text, name->len));
    command_args_t args;
    size_t at;
    args_fault_t fault = commands_sort(command, &shell->words, &args, &at);
    shell->is_json = shell->is_json || args.is_json;
    if (fault != ARGS_OK) return fail_args(shell, command, fault, at);
    return command->run(shell, &args);
}

/* A command of the line has ended: does the line go on? */
static void note_status(shell_t *shell, int status) {
    MK_ASSERT(status >= 0);
    if (status != SHELL_OK && shell->status == SHELL_OK) shell->status = status;
    if (shell->is_leaving || (status != SHELL_OK && shell->options.stops_on_failure))
        shell->line_at = shell->line_len + 1;
}

void shell__finish_command(shell_t *shell, int status) {
    note_status(shell, status);
}

/* --- listings --- */

int shell__start_job(shell_t *shell, int (*step)(shell_t *, void *),
                     void (*end)(void *), void *state) {
    MK_ASSERT(shell->job.step == NULL);
    shell->job = (shell_job_t){step, end, state};
    return SHELL__PENDING;
}

static void end_job(shell_t *shell) {
    shell_job_t job = shell->job;
    shell->job = (shell_job_t){.step = NULL};
    if (job.end != NULL) job.end(job.state);
}

/* Come back after others had their turn. False: there is no memory for that. */
static bool wake_later(shell_t *shell) {
    static const char byte = SHELL_INPUT_CONTINUE;
    if (!shell->is_waking)
        shell->is_waking = actor__notify(shell->rt, shell->self, shell->self,
                                         MSG_SHELL_INPUT, &byte, sizeof byte);
    return shell->is_waking;
}

/* One piece of the listing. True when the line can go on at once. */
static bool step_job(shell_t *shell) {
    int status = shell->job.step(shell, shell->job.state);
    if (status == SHELL__PENDING) return !wake_later(shell);
    end_job(shell);
    note_status(shell, status);
    return true;
}

/* --- lines --- */

/* Take the line of a message; false after having said why not. */
static bool start_line(shell_t *shell, const message_t *msg) {
    size_t size = msg->payload_size;
    const char *bytes = msg->payload;
    shell->status = SHELL_OK;
    shell->is_leaving = false;
    shell->has_code = false;
    shell->is_json = shell->options.is_json;
    if (size > 0 && bytes[size - 1] == '\0') size--;
    if (size >= MK_SHELL_LINE_MAX) {
        printer_t *p = &shell->printer;
        shell__problem(shell);
        printer_text(p, "Line too long: ");
        printer_unsigned(p, size);
        printer_text(p, " bytes, at most ");
        printer_unsigned(p, MK_SHELL_LINE_MAX - 1);
        printer_text(p, " can be taken");
        shell->status = shell__problem_end(shell, SHELL_USAGE);
        return false;
    }
    if (size > 0) memcpy(shell->line, bytes, size);
    shell->line[size] = '\0';
    shell->line_len = size;
    shell->line_at = 0;
    shell->is_busy = true;
    return true;
}

/* Split off the line's next command and run it. False when there is none. */
static bool next_command(shell_t *shell) {
    if (shell->line_at > shell->line_len) return false;
    words_error_t error;
    int result =
        words_split(&shell->words, shell->line, shell->line_len, shell->line_at,
                    shell->word_text, sizeof shell->word_text, &error);
    shell->line_at = shell->line_len + 1;
    if (result < 0) {
        shell->is_json = shell->options.is_json;
        note_status(shell, fail_words(shell, &error));
        return true;
    }
    if (shell->words.is_separated) shell->line_at = shell->words.next;
    if (shell->words.count == 0) return true;
    int status = run_command(shell);
    if (status != SHELL__PENDING) note_status(shell, status);
    return true;
}

static actor_id_t find_console(const shell_t *shell) {
    if (actor_is_alive(shell->rt, shell->console)) return shell->console;
    actor_id_t console = actor_lookup(shell->rt, "console");
    return console != shell->self ? console : ACTOR_ID_INVALID;
}

/* False when there is no memory for it. */
static bool post_prompt(shell_t *shell, const shell_prompt_payload_t *prompt) {
    actor_id_t console = find_console(shell);
    if (console == ACTOR_ID_INVALID) {
        if (!prompt->is_leaving) printer_text(&shell->printer, "> ");
        return true;
    }
    printer_flush(&shell->printer);
    return actor__notify(shell->rt, shell->self, console, MSG_SHELL_PROMPT, prompt,
                         sizeof *prompt);
}

void shell__send_prompt(shell_t *shell) {
    shell_prompt_payload_t prompt = {(uint8_t)shell->status, shell->is_leaving,
                                     shell->has_code};
    shell->owes_prompt = !post_prompt(shell, &prompt);
    if (shell->owes_prompt) shell__retry_soon(shell);
}

static void end_line(shell_t *shell) {
    shell->is_busy = false;
    if (shell->is_leaving && !shell->options.leaves_to_console) runtime_stop(shell->rt);
    shell__send_prompt(shell);
}

static void start_next_line(shell_t *shell) {
    message_t *msg = shell->waiting[0];
    shell->waiting_count--;
    memmove(shell->waiting, shell->waiting + 1,
            shell->waiting_count * sizeof shell->waiting[0]);
    if (!start_line(shell, msg)) end_line(shell);
    message_destroy(msg);
}

/* For what somebody else has to tell: a reply, a file, a server, a node. */
static bool is_waiting(const shell_t *shell) {
    return shell->call.is_pending || shell->reading != 0 || shell->http.id != 0 ||
           shell->mounting[0] != '\0';
}

/* A prompt that is still owed says how the last line ended: no new one before that. */
void shell__go_on(shell_t *shell) {
    shell__http_go_on(shell);
    while (!is_waiting(shell) && !shell->printer.is_paused && !shell->owes_prompt) {
        if (shell->job.step != NULL) {
            if (!step_job(shell)) return;
        } else if (shell->is_busy) {
            if (!next_command(shell)) end_line(shell);
        } else if (shell->waiting_count > 0) {
            start_next_line(shell);
        } else {
            return;
        }
    }
}

/* A line too many is refused, and answered as any line is. */
static void refuse_line(shell_t *shell) {
    printer_t *p = &shell->printer;
    bool was_json = shell->is_json;
    if (!printer_is_inside(p)) {
        shell->is_json = shell->options.is_json;
        shell__problem(shell);
        printer_text(p, "Refused: ");
        printer_unsigned(p, SHELL_WAITING_LINES);
        printer_text(p, " lines are waiting already");
        (void)shell__problem_end(shell, SHELL_REFUSED);
        shell->is_json = was_json;
    }
    (void)post_prompt(shell, &(shell_prompt_payload_t){.status = SHELL_REFUSED});
}

void shell__take_line(shell_t *shell, message_t *msg) {
    if (shell->waiting_count < SHELL_WAITING_LINES && message_take(shell->rt, msg))
        shell->waiting[shell->waiting_count++] = msg;
    else
        refuse_line(shell);
}

void shell__interrupt(shell_t *shell) {
    if (!shell->is_busy) return;
    shell__call_drop(shell);
    shell__http_drop(shell);
    shell__mount_drop(shell);
    shell->reading = 0;
    end_job(shell);
    printer_abandon(&shell->printer);
    shell->line_at = shell->line_len + 1;
    shell->status = SHELL_OK;
    note_status(shell,
                shell__fail(shell, SHELL_INTERRUPTED, "Interrupted", text_of(""), ""));
}

void shell__drop_lines(shell_t *shell) {
    end_job(shell);
    while (shell->waiting_count > 0)
        message_destroy(shell->waiting[--shell->waiting_count]);
}
