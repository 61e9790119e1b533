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

static const struct {
    const char *name;
    uint8_t flag;  /* OPTION_... */
    uint8_t value; /* command_value_t when the command itself reads it */
} options[] = {
    {"--json", OPTION_JSON, COMMAND_VALUES},
    {"-t", OPTION_TIMEOUT, COMMAND_VALUES},
    {"-n", OPTION_COUNT, COMMAND_VALUES},
    {"-i", OPTION_HEADERS, COMMAND_VALUES},
    {"--grant", OPTION_MODULE, COMMAND_GRANT},
    {"--memory", OPTION_MODULE, COMMAND_MEMORY},
    {"--fuel", OPTION_MODULE, COMMAND_FUEL},
    {"--children", OPTION_MODULE, COMMAND_CHILDREN},
    {"--sends", OPTION_MODULE, COMMAND_SENDS},
    {"--cert", OPTION_TLS, COMMAND_CERT},
    {"--key", OPTION_TLS, COMMAND_KEY},
    {"--client-ca", OPTION_TLS, COMMAND_CLIENT_CA},
};

enum {
    COMMAND_COUNT = sizeof table / sizeof table[0],
    ALIAS_COUNT = sizeof aliases / sizeof aliases[0],
    OPTION_KINDS = sizeof options / sizeof options[0],
    DISTANCE_SIZE = 64 /* bytes of the texts that are compared; names have at most 63 */
};

const command_t *commands_all(size_t *count) {
    *count = COMMAND_COUNT;
    return table;
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

const char *commands_option(const command_t *command, size_t index) {
    for (size_t i = 0; i < OPTION_KINDS; i++)
        if ((command->options & options[i].flag) != 0 && index-- == 0)
            return options[i].name;
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

/* The row of `options`, OPTION_KINDS when the command takes no such option. */
static size_t find_option(const command_t *command, const word_t *word) {
    text_t name = text_make(word->text, word->len);
    size_t i = 0;
    while (i < OPTION_KINDS && !(text_is(name, options[i].name) &&
                                 (command->options & options[i].flag) != 0))
        i++;
    return i;
}

/* The option at word *at, and its value, at which *at is left. */
static args_fault_t read_option(const command_t *command, const words_t *words,
                                command_args_t *args, size_t *at) {
    size_t option = find_option(command, &words->word[*at]);
    if (option == OPTION_KINDS) return ARGS_UNKNOWN_OPTION;
    if (options[option].flag == OPTION_JSON) {
        args->is_json = true;
        return ARGS_OK;
    }
    if (options[option].flag == OPTION_HEADERS) {
        args->shows_headers = true;
        return ARGS_OK;
    }
    if (*at + 1 >= words->count) return ARGS_NO_VALUE;
    const word_t *value = &words->word[++*at];
    if (options[option].value != COMMAND_VALUES) {
        args->value_at[options[option].value] = (uint8_t)*at;
        return ARGS_OK;
    }
    return options[option].flag == OPTION_TIMEOUT ? read_timeout(value, args)
                                                  : read_count(value, args);
}

args_fault_t commands_sort(const command_t *command, const words_t *words,
                           command_args_t *args, size_t *at) {
    *args = (command_args_t){
        .words = words,
        .takes_options = true,
        .timeout_ms = COMMAND_TIMEOUT_MS,
        .timeout = "5s",
    };
    for (size_t i = 1; i < words->count; i++) {
        const word_t *word = &words->word[i];
        *at = i;
        if (args->takes_options && is_option(word)) {
            if (text_is(text_make(word->text, word->len), "--")) {
                args->takes_options = false;
                continue;
            }
            args_fault_t fault = read_option(command, words, args, at);
            if (fault != ARGS_OK) return fault;
            i = *at;
            continue;
        }
        if (args->count == command->most) return ARGS_TOO_MANY;
        args->at[args->count++] = (uint8_t)i;
        if ((command->options & OPTIONS_FIRST) != 0) args->takes_options = false;
    }
    *at = words->count;
    return args->count < command->least ? ARGS_TOO_FEW : ARGS_OK;
}
