/* SPDX-License-Identifier: Apache-2.0 */
/* commands.c - the table of commands.def and the questions it answers.
 *
 * The table is the only place that knows a command; a linear search is enough for
 * so few rows. Options are recognised here rather than in each command, so that they
 * mean the same everywhere. */
#include "shell/commands.h"

#include "microkernel/error.h"
#include "shell/shell_impl.h"

#include <string.h>

#define KINDS(...)                                                                     \
    { __VA_ARGS__ }

static const command_t table[] = {
#define SHELL_COMMAND(name_, arguments_, options_, least_, most_, kinds_, run_,        \
                      details_, help_)                                                 \
    {#name_, arguments_, details_, help_, run_, options_, least_, most_, kinds_},
#define SHELL_ALIAS(alias_, name_)
#include "shell/commands.def"
#undef SHELL_COMMAND
#undef SHELL_ALIAS
};

static const completion_command_t completions[] = {
#define SHELL_COMMAND(name_, arguments_, options_, least_, most_, kinds_, run_,        \
                      details_, help_)                                                 \
    {#name_, kinds_},
#define SHELL_ALIAS(alias_, name_)
#include "shell/commands.def"
#undef SHELL_COMMAND
#undef SHELL_ALIAS
};

static const struct {
    const char *alias;
    const char *name;
} aliases[] = {
#define SHELL_COMMAND(name_, arguments_, options_, least_, most_, kinds_, run_,        \
                      details_, help_)
#define SHELL_ALIAS(alias_, name_) {alias_, name_},
#include "shell/commands.def"
#undef SHELL_COMMAND
#undef SHELL_ALIAS
};

enum {
    COMMAND_COUNT = sizeof table / sizeof table[0],
    ALIAS_COUNT = sizeof aliases / sizeof aliases[0],
    DISTANCE_SIZE = 64 /* bytes of the texts that are compared; names have at most 63 */
};

const command_t *commands_all(size_t *count) {
    *count = COMMAND_COUNT;
    return table;
}

const completion_command_t *commands_completion(size_t *count) {
    *count = COMMAND_COUNT;
    return completions;
}

static const command_t *find_name(text_t name) {
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (text_is(name, table[i].name)) return &table[i];
    return NULL;
}

const command_t *commands_find(text_t name) {
    for (size_t i = 0; i < ALIAS_COUNT; i++)
        if (text_is(name, aliases[i].alias)) return find_name(text_of(aliases[i].name));
    return find_name(name);
}

const char *commands_alias(const command_t *command) {
    for (size_t i = 0; i < ALIAS_COUNT; i++)
        if (strcmp(aliases[i].name, command->name) == 0) return aliases[i].alias;
    return NULL;
}

/* --- near misses --- */

static size_t least_of(size_t a, size_t b, size_t c) {
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* The table of optimal string alignment, of which three rows are needed at a time. */
size_t commands_distance(text_t a, text_t b, size_t most) {
    if (a.size > DISTANCE_SIZE || b.size > DISTANCE_SIZE) return most + 1;
    size_t rows[3][DISTANCE_SIZE + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *now = rows[2];
    for (size_t j = 0; j <= b.size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            bool is_same = a.bytes[i - 1] == b.bytes[j - 1];
            now[j] =
                least_of(last[j] + 1, now[j - 1] + 1, last[j - 1] + (is_same ? 0 : 1));
            if (i > 1 && j > 1 && a.bytes[i - 1] == b.bytes[j - 2] &&
                a.bytes[i - 2] == b.bytes[j - 1] && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[b.size] <= most ? last[b.size] : most + 1;
}

size_t commands_tolerance(size_t size) {
    if (size < 2) return 0;
    return size < 5 ? 1 : 2;
}

typedef struct {
    text_t typed;
    const char *best; /* NULL: none */
    size_t distance;  /* of it */
} search_t;

static void consider(search_t *search, const char *name) {
    text_t known = text_of(name);
    size_t distance = commands_distance(search->typed, known, search->distance);
    bool is_start = search->typed.size >= 2 && text_starts_with(known, search->typed);
    if (is_start && search->best == NULL) distance = search->distance - 1;
    if (distance >= search->distance) return;
    search->best = name;
    search->distance = distance;
}

const char *commands_suggest(text_t name) {
    search_t search = {name, NULL, commands_tolerance(name.size) + 1};
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        consider(&search, table[i].name);
    for (size_t i = 0; i < ALIAS_COUNT; i++)
        consider(&search, aliases[i].alias);
    return search.best;
}

/* --- arguments --- */

static bool is_option(const word_t *word) {
    return !word->is_quoted && word->len >= 2 && word->text[0] == '-';
}

static args_fault_t read_timeout(const word_t *word, command_args_t *args) {
    if (word->len >= COMMAND_TIMEOUT_TEXT ||
        text_parse_duration(text_make(word->text, word->len), 1, COMMAND_TIMEOUT_MAX_MS,
                            &args->timeout_ms) < 0)
        return ARGS_BAD_TIME;
    memcpy(args->timeout, word->text, word->len + 1);
    return ARGS_OK;
}

static args_fault_t read_count(const word_t *word, command_args_t *args) {
    if (text_parse_unsigned(text_make(word->text, word->len), 10, 1, UINT32_MAX,
                            &args->limit) < 0)
        return ARGS_BAD_COUNT;
    args->has_limit = true;
    return ARGS_OK;
}

/* The number of an option whose value is a word for the command; COMMAND_VALUES: none.
 */
static command_value_t find_value(const command_t *command, text_t name) {
    static const char *const names[] = {"--grant", "--memory", "--fuel"};
    unsigned at = 0;
    if ((command->options & OPTION_MODULE) == 0) return COMMAND_VALUES;
    while (at < COMMAND_VALUES && !text_is(name, names[at]))
        at++;
    return (command_value_t)at;
}

/* The option at word *at, and its value, at which *at is left. */
static args_fault_t read_option(const command_t *command, const words_t *words,
                                command_args_t *args, size_t *at) {
    text_t name = text_make(words->word[*at].text, words->word[*at].len);
    if ((command->options & OPTION_JSON) != 0 && text_is(name, "--json")) {
        args->is_json = true;
        return ARGS_OK;
    }
    bool is_time = (command->options & OPTION_TIMEOUT) != 0 && text_is(name, "-t");
    bool is_count = (command->options & OPTION_COUNT) != 0 && text_is(name, "-n");
    command_value_t own = find_value(command, name);
    if (!is_time && !is_count && own == COMMAND_VALUES) return ARGS_UNKNOWN_OPTION;
    if (*at + 1 >= words->count) return ARGS_NO_VALUE;
    const word_t *value = &words->word[++*at];
    if (own != COMMAND_VALUES) {
        args->value_at[own] = (uint8_t)*at;
        return ARGS_OK;
    }
    return is_time ? read_timeout(value, args) : read_count(value, args);
}

args_fault_t commands_sort(const command_t *command, const words_t *words,
                           command_args_t *args, size_t *at) {
    *args = (command_args_t){
        .words = words, .timeout_ms = COMMAND_TIMEOUT_MS, .timeout = "5s"};
    bool takes_options = true;
    for (size_t i = 1; i < words->count; i++) {
        const word_t *word = &words->word[i];
        *at = i;
        if (takes_options && is_option(word)) {
            if (text_is(text_make(word->text, word->len), "--")) {
                takes_options = false;
                continue;
            }
            args_fault_t fault = read_option(command, words, args, at);
            if (fault != ARGS_OK) return fault;
            i = *at;
            continue;
        }
        if (args->count == command->most) return ARGS_TOO_MANY;
        args->at[args->count++] = (uint8_t)i;
        if ((command->options & OPTIONS_FIRST) != 0) takes_options = false;
    }
    *at = words->count;
    return args->count < command->least ? ARGS_TOO_FEW : ARGS_OK;
}
