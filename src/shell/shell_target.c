/* SPDX-License-Identifier: Apache-2.0 */
/* shell_target.c - whom a word means.
 *
 * Names come before numbers, as they always have; a bare number below 2^32 is the SEQ
 * that `list` shows, because nobody types the node's half of an id by hand. */
#include "shell/shell_impl.h"

#include "microkernel/error.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"

#include <string.h>

enum { SUGGESTION_NAMES = 1000 }; /* names that are looked at for a near miss */

/* The name nearest to what was typed, in `best`; false when none is near. */
static bool suggest_name(runtime_t *rt, text_t typed, char best[MK_NAME_MAX]) {
    char name[MK_NAME_MAX] = "";
    size_t least = commands_tolerance(typed.size) + 1;
    bool is_found = false;
    for (size_t i = 0; i < SUGGESTION_NAMES && names_next(rt, NULL, name, NULL); i++) {
        size_t distance = commands_distance(typed, text_of(name), least);
        if (distance >= least) continue;
        least = distance;
        is_found = true;
        memcpy(best, name, MK_NAME_MAX);
    }
    return is_found;
}

static int fail_unknown(shell_t *shell, text_t word, const char *why) {
    printer_t *p = &shell->printer;
    char near[MK_NAME_MAX];
    shell__problem(shell);
    printer_text(p, "Unknown target: ");
    printer_shown(p, word.bytes, word.size);
    if (why != NULL) {
        printer_text(p, why);
    } else if (suggest_name(shell->rt, word, near)) {
        printer_text(p, " (did you mean '");
        printer_shown(p, near, strlen(near));
        printer_text(p, "'?)");
    }
    return shell__problem_end(shell, SHELL_NO_NAME);
}

static int fail_dead(shell_t *shell, text_t word) {
    shell__problem(shell);
    printer_text(&shell->printer, "No such actor: ");
    printer_shown(&shell->printer, word.bytes, word.size);
    return shell__problem_end(shell, SHELL_NO_NAME);
}

static actor_id_t look_up(runtime_t *rt, text_t word) {
    char name[NS_PATH_MAX];
    if (word.size == 0 || word.size >= sizeof name) return ACTOR_ID_INVALID;
    if (memchr(word.bytes, '\0', word.size) != NULL) return ACTOR_ID_INVALID;
    memcpy(name, word.bytes, word.size);
    name[word.size] = '\0';
    return actor_lookup(rt, name);
}

int shell__find_target(shell_t *shell, text_t word, actor_id_t *id) {
    runtime_t *rt = shell->rt;
    *id = look_up(rt, word);
    if (*id != ACTOR_ID_INVALID) return SHELL_OK;

    uint64_t number;
    int result = text_parse_unsigned(word, 0, 0, UINT64_MAX, &number);
    if (result == MK_EOVERFLOW) return fail_unknown(shell, word, " (ids have 64 bits)");
    bool looks_hex = word.size > 2 && word.bytes[0] == '0' &&
                     (word.bytes[1] == 'x' || word.bytes[1] == 'X');
    if (result < 0) {
        return fail_unknown(
            shell, word,
            looks_hex ? " (no such name; an id is decimal, or 0x and hex digits)"
                      : NULL);
    }
    node_id_t here = runtime_get_node_id(rt);
    if (number >> 32 == 0) number = actor_id_make(here, (uint32_t)number);
    if (actor_id_node(number) == here && !actor_is_alive(rt, number))
        return fail_dead(shell, word);
    *id = number;
    return SHELL_OK;
}

const char *shell__name_arg(shell_t *shell, const command_args_t *args, size_t index) {
    text_t name = args_text(args, index);
    if (memchr(name.bytes, '\0', name.size) == NULL) return name.bytes;
    shell__fail(shell, SHELL_USAGE, "", name, " has a zero byte, which no name has");
    return NULL;
}
