/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_log.c - log: the newest lines, and what is logged. */
#include "shell/shell_impl.h"

#include "microkernel/error.h"
#include "microkernel/log.h"

#include <string.h>

/* The lines that were asked for. */
static text_t newest(const log_tail_t *tail, const command_args_t *args) {
    size_t count = args->has_limit && args->limit < tail->count ? (size_t)args->limit
                                                                : tail->count;
    size_t from = log_tail_last(tail, count);
    return text_make(tail->bytes + from, tail->size - from);
}

static void json_lines(printer_t *p, text_t lines) {
    text_t line;
    printer_open(p, NULL, '[');
    while (text_next_word(&lines, "\n", &line))
        printer_json_raw(p, NULL, line.bytes, line.size);
    printer_close(p, ']');
    printer_json_end(p);
}

static int show_lines(shell_t *shell, const command_args_t *args) {
    if (!log_is_enabled(shell->rt)) {
        return shell__fail(shell, SHELL_FAILED, "Logging is off", text_of(""), "");
    }
    log_flush(shell->rt);
    if (shell->is_json) {
        json_lines(&shell->printer, newest(&shell->log_json, args));
        return SHELL_OK;
    }
    text_t lines = newest(&shell->log_text, args);
    printer_bytes(&shell->printer, lines.bytes, lines.size);
    if (lines.size == 0) printer_text(&shell->printer, "(no log lines yet)\n");
    return SHELL_OK;
}

static int fail_level(shell_t *shell, text_t word, bool is_actor) {
    return shell__fail(shell, SHELL_USAGE, "Unknown level: ", word,
                       is_actor ? " (debug, info, warn, error or inherit)"
                                : " (debug, info, warn or error)");
}

/* Words are NUL-terminated; one with a NUL inside is no level. */
static bool find_level(text_t word, int *level) {
    return strlen(word.bytes) == word.size && log_level_find(word.bytes, level);
}

/* "Log level: info", "Log level of 0x000010000000002: debug (its own)". */
static int show_level(shell_t *shell, actor_id_t id, int level, bool is_own) {
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        if (id != ACTOR_ID_INVALID) printer_json_id(p, "id", id);
        printer_json_str(p, "level", log_level_name(level));
        if (id != ACTOR_ID_INVALID) printer_json_bool(p, "is_own", is_own);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, "Log level");
    if (id != ACTOR_ID_INVALID) {
        printer_text(p, " of ");
        printer_id(p, id);
    }
    printer_text(p, ": ");
    printer_text(p, log_level_name(level));
    if (id != ACTOR_ID_INVALID) printer_text(p, is_own ? " (its own)" : " (inherited)");
    printer_char(p, '\n');
    return SHELL_OK;
}

static int set_general_level(shell_t *shell, text_t word) {
    int level;
    if (!find_level(word, &level)) return fail_level(shell, word, false);
    runtime_set_log_level(shell->rt, level);
    return show_level(shell, ACTOR_ID_INVALID, log_get_level(shell->rt), false);
}

static int set_actor_level(shell_t *shell, text_t target, text_t word) {
    actor_id_t id;
    int level = LOG_INHERIT;
    int status = shell__find_target(shell, target, &id);
    if (status != SHELL_OK) return status;
    if (!text_is(word, "inherit") && !find_level(word, &level))
        return fail_level(shell, word, true);
    int result = log_set_actor_level(shell->rt, id, level);
    if (result == MK_EDEAD)
        return shell__fail(shell, SHELL_UNREACHABLE, "log: ", target,
                           " is an actor of another node");
    if (result < 0) return shell__fail_error(shell, "log", result);
    return show_level(shell, id, log_get_actor_level(shell->rt, id),
                      level != LOG_INHERIT);
}

int command_log(shell_t *shell, const command_args_t *args) {
    if (args->count == 0) return show_lines(shell, args);
    if (args->count == 1) return set_general_level(shell, args_text(args, 0));
    return set_actor_level(shell, args_text(args, 0), args_text(args, 1));
}
