/* SPDX-License-Identifier: Apache-2.0 */
/* shell_say.c - sentences that several commands say.
 *
 * What went wrong is told in one place so that it always names the word that was wrong,
 * goes to the right stream, and is JSON where JSON was asked for. */
#include "shell/shell_impl.h"

#include "base/alloc.h"
#include "ipc/peer.h"
#include "microkernel/error.h"
#include "microkernel/names.h"
#include "microkernel/node.h"

#include <string.h>

void shell__problem(shell_t *shell) {
    printer_t *p = &shell->printer;
    printer_set_problem(p, true);
    if (!shell->is_json) return;
    printer_open(p, NULL, '{');
    printer_string_begin(p, "error");
}

int shell__problem_end(shell_t *shell, int status) {
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_string_end(p);
        printer_json_unsigned(p, "status", (uint64_t)status);
        printer_close(p, '}');
        printer_json_end(p);
    } else {
        printer_char(p, '\n');
    }
    printer_set_problem(p, false);
    return status;
}

int shell__fail(shell_t *shell, int status, const char *before, text_t word,
                const char *after) {
    shell__problem(shell);
    printer_text(&shell->printer, before);
    if (word.size > 0) {
        printer_char(&shell->printer, '\'');
        printer_shown(&shell->printer, word.bytes, word.size);
        printer_char(&shell->printer, '\'');
    }
    printer_text(&shell->printer, after);
    return shell__problem_end(shell, status);
}

int shell__fail_error(shell_t *shell, const char *what, int error) {
    shell__problem(shell);
    printer_text(&shell->printer, what);
    printer_text(&shell->printer, ": ");
    printer_text(&shell->printer, mk_error_text(error));
    return shell__problem_end(shell, SHELL_FAILED);
}

int shell__fail_unknown_command(shell_t *shell, text_t word) {
    printer_t *p = &shell->printer;
    const char *near = commands_suggest(word);
    shell__problem(shell);
    printer_text(p, "Unknown command: ");
    printer_shown(p, word.bytes, word.size);
    printer_text(p, near != NULL ? " (did you mean '" : " (type 'help')");
    if (near != NULL) printer_text(p, near);
    if (near != NULL) printer_text(p, "'?)");
    return shell__problem_end(shell, SHELL_USAGE);
}

void shell__say_usage(shell_t *shell, const command_t *command) {
    printer_t *p = &shell->printer;
    printer_text(p, "Usage: ");
    printer_text(p, command->name);
    if ((command->options & OPTION_TIMEOUT) != 0) printer_text(p, " [-t TIME]");
    if ((command->options & OPTION_COUNT) != 0) printer_text(p, " [-n N]");
    if ((command->options & OPTION_HEADERS) != 0) printer_text(p, " [-i]");
    if ((command->options & OPTION_MODULE) != 0)
        printer_text(p, " [--grant NAMES] [--memory PAGES] [--fuel N] [--children N]"
                        " [--sends N]");
    if ((command->options & OPTION_TLS) != 0)
        printer_text(p, " [--cert FILE] [--key FILE] [--client-ca FILE]");
    if ((command->options & OPTION_JSON) != 0) printer_text(p, " [--json]");
    if (command->arguments[0] == '\0') return;
    printer_char(p, ' ');
    printer_text(p, command->arguments);
}

char *shell__names_of(runtime_t *rt, actor_id_t id, char *buf, size_t cap) {
    size_t size = names_reverse_size(rt, id);
    char *names = size < cap ? buf : mk_alloc(size + 1);
    if (names == NULL) return NULL;
    names[0] = '\0';
    (void)actor_reverse_lookup_all(rt, id, names, size < cap ? cap : size + 1);
    return names;
}

void shell__names_free(char *names, const char *buf) {
    if (names != buf) mk_free(names);
}

void shell__json_names(printer_t *p, const char *key, const char *names) {
    printer_open(p, key, '[');
    while (*names != '\0') {
        const char *end = strstr(names, ", ");
        size_t size = end != NULL ? (size_t)(end - names) : strlen(names);
        printer_json_text(p, NULL, names, size);
        names += end != NULL ? size + 2 : size;
    }
    printer_close(p, ']');
}

/* The identity of a connected node, or NULL. */
static const char *identity_of(runtime_t *rt, node_id_t node) {
    if (node == runtime_get_node_id(rt)) return node_identity(rt);
    const peer_t *peer = peers_find(rt, node);
    const char *identity = peer != NULL ? peer_facts(peer)->identity : "";
    return identity[0] != '\0' ? identity : NULL;
}

void shell__print_node(shell_t *shell, node_id_t node) {
    printer_t *p = &shell->printer;
    const char *identity = identity_of(shell->rt, node);
    if (identity != NULL) {
        printer_shown(p, identity, strlen(identity));
        return;
    }
    printer_unsigned(p, node);
}

void shell__json_whose(shell_t *shell, actor_id_t id) {
    printer_t *p = &shell->printer;
    printer_json_id(p, "id", id);
    node_id_t node = actor_id_node(id);
    if (node == runtime_get_node_id(shell->rt)) return;
    const char *identity = identity_of(shell->rt, node);
    printer_json_unsigned(p, "node_id", node);
    if (identity != NULL) printer_json_str(p, "node", identity);
}

const char *shell__status_name(actor_status_t status) {
    switch (status) {
    case ACTOR_IDLE: return "idle";
    case ACTOR_READY: return "ready";
    case ACTOR_RUNNING: return "running";
    case ACTOR_STOPPED: return "stopped";
    case ACTOR_WAITING: return "waiting";
    }
    return "unknown";
}
