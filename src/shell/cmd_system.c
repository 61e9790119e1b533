/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_system.c - help, whoami, history, exit: the shell itself and where it runs. */
#include "shell/shell_impl.h"

#include "microkernel/error.h"
#include "microkernel/node.h"

#include <string.h>

/* --- help --- */

static size_t call_columns(const command_t *command) {
    size_t arguments = strlen(command->arguments);
    return strlen(command->name) + (arguments > 0 ? arguments + 1 : 0);
}

/* "leave; also: quit" */
static void print_help(printer_t *p, const command_t *command) {
    const char *alias = commands_alias(command);
    printer_text(p, command->help);
    if (alias != NULL) printer_text(p, "; also: ");
    if (alias != NULL) printer_text(p, alias);
    printer_char(p, '\n');
}

static void print_commands(printer_t *p, const command_t *commands, size_t count) {
    size_t widest = 0;
    for (size_t i = 0; i < count; i++)
        if (call_columns(&commands[i]) > widest) widest = call_columns(&commands[i]);
    printer_text(p, "Commands:\n");
    for (size_t i = 0; i < count; i++) {
        printer_text(p, "  ");
        printer_text(p, commands[i].name);
        if (commands[i].arguments[0] != '\0') printer_char(p, ' ');
        printer_text(p, commands[i].arguments);
        printer_to(p, widest + 4);
        print_help(p, &commands[i]);
    }
    printer_text(
        p, "'help COMMAND' tells more. Several commands in one line are separated "
           "by ';'.\n");
}

static void json_command(printer_t *p, const command_t *command) {
    printer_open(p, NULL, '{');
    printer_json_str(p, "name", command->name);
    printer_json_str(p, "arguments", command->arguments);
    printer_json_str(p, "help", command->help);
    printer_json_str(p, "details", command->details);
    if (commands_alias(command) != NULL)
        printer_json_str(p, "alias", commands_alias(command));
    else
        printer_json_null(p, "alias");
    printer_json_bool(p, "json", (command->options & OPTION_JSON) != 0);
    printer_json_bool(p, "timeout", (command->options & OPTION_TIMEOUT) != 0);
    printer_json_bool(p, "count", (command->options & OPTION_COUNT) != 0);
    printer_json_bool(p, "headers", (command->options & OPTION_HEADERS) != 0);
    printer_close(p, '}');
}

static void help_all(shell_t *shell) {
    printer_t *p = &shell->printer;
    size_t count;
    const command_t *commands = commands_all(&count);
    if (!shell->is_json) {
        print_commands(p, commands, count);
        return;
    }
    printer_open(p, NULL, '[');
    for (size_t i = 0; i < count; i++)
        json_command(p, &commands[i]);
    printer_close(p, ']');
    printer_json_end(p);
}

int command_help(shell_t *shell, const command_args_t *args) {
    printer_t *p = &shell->printer;
    if (args->count == 0) {
        help_all(shell);
        return SHELL_OK;
    }
    const command_t *command = commands_find(args_text(args, 0));
    if (command == NULL) return shell__fail_unknown_command(shell, args_text(args, 0));
    if (shell->is_json) {
        json_command(p, command);
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, command->name);
    printer_text(p, " - ");
    print_help(p, command);
    shell__say_usage(shell, command);
    printer_char(p, '\n');
    printer_text(p, command->details);
    return SHELL_OK;
}

/* --- whoami --- */

int command_whoami(shell_t *shell, const command_args_t *args) {
    (void)args;
    printer_t *p = &shell->printer;
    const char *node = node_identity(shell->rt);
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_str(p, "node", node);
        printer_json_unsigned(p, "node_id", runtime_get_node_id(shell->rt));
        printer_json_id(p, "id", shell->self);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_shown(p, node, strlen(node));
    printer_text(p, " (actor ");
    printer_unsigned(p, shell->self);
    printer_text(p, ")\n");
    return SHELL_OK;
}

/* --- history --- */

int command_history(shell_t *shell, const command_args_t *args) {
    printer_t *p = &shell->printer;
    const mk_readline_t *editor = shell->options.editor;
    size_t count = editor != NULL ? mk_rl_history_count(editor) : 0;
    size_t left = args->has_limit && args->limit < count ? (size_t)args->limit : count;
    if (shell->is_json) printer_open(p, NULL, '[');
    for (; left > 0; left--) {
        const char *line = mk_rl_history_get(editor, left - 1);
        if (shell->is_json) {
            printer_json_str(p, NULL, line);
            continue;
        }
        printer_text(p, "  ");
        printer_unsigned(p, count - left + 1);
        printer_to(p, 6);
        printer_shown(p, line, strlen(line));
        printer_char(p, '\n');
    }
    if (!shell->is_json) return SHELL_OK;
    printer_close(p, ']');
    printer_json_end(p);
    return SHELL_OK;
}

/* --- exit --- */

int command_exit(shell_t *shell, const command_args_t *args) {
    uint64_t code = 0;
    if (args->count > 0 &&
        text_parse_unsigned(args_text(args, 0), 10, 0, UINT8_MAX, &code) < 0)
        return shell__fail(shell, SHELL_USAGE, "Invalid code: ", args_text(args, 0),
                           " (0 to 255)");
    if (args->count > 0) {
        shell->has_code = true;
        shell->status = (int)code;
    }
    shell->is_leaving = true;
    if (!shell->is_json) printer_text(&shell->printer, "Goodbye.\n");
    return SHELL_OK;
}
