/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_caps.c - caps: what this node, or another one, is and can do. */
#include "shell/shell_impl.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "microkernel/caps.h"
#include "microkernel/error.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"

#include <string.h>

/* True and false are themselves, digits are a number; anything else is text. */
static void json_cap(printer_t *p, const char *key, text_t value) {
    uint64_t number;
    bool is_number = text_parse_unsigned(value, 10, 0, UINT32_MAX, &number) == MK_OK;
    bool is_plain = value.size == 1 || (value.size > 0 && value.bytes[0] != '0');
    if (text_is(value, "true") || text_is(value, "false"))
        printer_json_bool(p, key, value.size == 4);
    else if (is_number && is_plain)
        printer_json_unsigned(p, key, number);
    else
        printer_json_text(p, key, value.bytes, value.size);
}

void shell__show_caps(shell_t *shell, text_t rest) {
    printer_t *p = &shell->printer;
    text_t row;
    if (shell->is_json) printer_open(p, NULL, '{');
    while (text_next_word(&rest, "\n", &row)) {
        if (!shell->is_json) {
            printer_shown(p, row.bytes, row.size);
            printer_char(p, '\n');
            continue;
        }
        char key[MK_CAPS_KEY_MAX];
        size_t equals = text_find(row, '=');
        if (equals == row.size || equals >= sizeof key) continue;
        memcpy(key, row.bytes, equals);
        key[equals] = '\0';
        json_cap(p, key, text_part(row, equals + 1, row.size));
    }
    if (!shell->is_json) return;
    printer_close(p, '}');
    printer_json_end(p);
}

static int show_own_caps(shell_t *shell) {
    size_t size = caps_text(shell->rt, NULL, 0);
    char *text = mk_alloc(size + 1);
    if (text == NULL) return shell__fail_error(shell, "caps", MK_ENOMEM);
    (void)caps_text(shell->rt, text, size + 1);
    shell__show_caps(shell, text_make(text, size));
    mk_free(text);
    return SHELL_OK;
}

/* The actor that answers for a node, if `word` is the identity of one; else 0. */
static actor_id_t caps_of_node(runtime_t *rt, text_t word) {
    char path[NS_PATH_MAX];
    mk_writer_t writer;
    writer_init(&writer, path, sizeof path);
    writer_str(&writer, "/node/");
    writer_slice(&writer, word);
    writer_str(&writer, "/caps");
    bool is_one = !writer_has_overflowed(&writer) &&
                  text_find(word, '/') == word.size &&
                  memchr(word.bytes, '\0', word.size) == NULL;
    return is_one ? actor_lookup(rt, path) : ACTOR_ID_INVALID;
}

int command_caps(shell_t *shell, const command_args_t *args) {
    if (args->count == 0) return show_own_caps(shell);
    actor_id_t target = caps_of_node(shell->rt, args_text(args, 0));
    int status = SHELL_OK;
    if (target == ACTOR_ID_INVALID)
        status = shell__find_target(shell, args_text(args, 0), &target);
    return status == SHELL_OK ? shell__ask_caps(shell, args, target) : status;
}
