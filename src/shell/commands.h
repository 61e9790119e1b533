/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - which commands there are, and what their words mean. Pure. */
#ifndef MK_SHELL_COMMANDS_H
#define MK_SHELL_COMMANDS_H

#include "base/text.h"
#include "shell/completion.h"
#include "shell/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a command may be given beside its arguments. */
enum {
    OPTION_JSON = 1u << 0,    /* --json */
    OPTION_TIMEOUT = 1u << 1, /* -t TIME */
    OPTION_COUNT = 1u << 2,   /* -n NUMBER */
    OPTIONS_FIRST = 1u << 3,  /* options end at the first argument */
    OPTION_MODULE = 1u << 4,  /* --grant NAMES, --memory PAGES, --fuel N, ... */
    OPTION_HEADERS = 1u << 5, /* -i */
    OPTION_TLS = 1u << 6      /* --cert FILE, --key FILE, --client-ca FILE */
};

enum {
    COMMAND_REST = 255,        /* the last argument goes on to the end of the line */
    COMMAND_TIMEOUT_MS = 5000, /* of call, unless -t says otherwise */
    COMMAND_TIMEOUT_TEXT = 16, /* bytes of what -t said, with the NUL */
    COMMAND_TIMEOUT_MAX_MS = 3600000 /* of -t */
};

typedef struct shell shell_t;

/* Options whose value the command itself reads. */
typedef enum {
    COMMAND_GRANT,
    COMMAND_MEMORY,
    COMMAND_FUEL,
    COMMAND_CHILDREN,
    COMMAND_SENDS,
    COMMAND_CERT,
    COMMAND_KEY,
    COMMAND_CLIENT_CA,
    COMMAND_VALUES
} command_value_t;

/* The words of one command, sorted. */
typedef struct {
    const words_t *words;               /* all of them; word 0 is the command */
    size_t count;                       /* arguments */
    uint8_t at[WORDS_MAX];              /* their words */
    bool takes_options;                 /* one more word could be an option */
    uint8_t value_at[COMMAND_VALUES];   /* words of option values; 0: not given */
    bool is_json;                       /* --json */
    bool shows_headers;                 /* -i */
    bool has_limit;                     /* -n was given */
    uint64_t limit;                     /* its number */
    uint64_t timeout_ms;                /* of -t, or COMMAND_TIMEOUT_MS */
    char timeout[COMMAND_TIMEOUT_TEXT]; /* as it was given: "5s" */
} command_args_t;

/* Returns a shell_status_t, or SHELL__PENDING (shell_impl.h). */
typedef int (*command_fn)(shell_t *shell, const command_args_t *args);

typedef struct {
    const char *name;
    const char *arguments; /* for people */
    const char *details;   /* whole rows, or "" */
    const char *help;      /* a few words */
    command_fn run;
    uint8_t options; /* OPTION_... */
    uint8_t least;   /* arguments */
    uint8_t most;
    uint8_t kinds[COMPLETION_ARGS_MAX]; /* completion_kind_t of the arguments */
} command_t;

/* The commands in the order of help; how many. */
const command_t *commands_all(size_t *count);

/* The command of this name or alias; NULL when there is none. */
const command_t *commands_find(text_t name);

/* The other name of a command; NULL when it has none. */
const char *commands_alias(const command_t *command);

/* The name that was probably meant; NULL when nothing is near. */
const char *commands_suggest(text_t name);

/* Option `index` of a command, such as "--json"; NULL behind the last one. */
const char *commands_option(const command_t *command, size_t index);

/* Steps from `a` to `b`: a character inserted, removed, replaced, or two neighbours
 * swapped; bytes count as characters. More than `most` is told as most + 1. Texts of
 * more than 64 bytes are not compared: most + 1. */
size_t commands_distance(text_t a, text_t b, size_t most);

/* Steps that still count as a slip in a word of that many bytes. */
size_t commands_tolerance(size_t size);

/* What is wrong with the words of a command. */
typedef enum {
    ARGS_OK = 0,
    ARGS_TOO_FEW,
    ARGS_TOO_MANY,       /* from word `at` on */
    ARGS_UNKNOWN_OPTION, /* word `at` */
    ARGS_NO_VALUE,       /* option `at` ends the line */
    ARGS_BAD_TIME,       /* word `at`, behind -t */
    ARGS_BAD_COUNT       /* word `at`, behind -n */
} args_fault_t;

/* Sort the words of `words` for `command`. `at` is written unless ARGS_OK. After
 * ARGS_TOO_FEW `args` tells about those that there are. */
args_fault_t commands_sort(const command_t *command, const words_t *words,
                           command_args_t *args, size_t *at);

/* Argument `index`, which must be there. */
static inline text_t args_text(const command_args_t *args, size_t index) {
    const word_t *word = &args->words->word[args->at[index]];
    return text_make(word->text, word->len);
}

/* The value of an option; empty when it was not given. */
static inline text_t args_option(const command_args_t *args, command_value_t option) {
    if (args->value_at[option] == 0) return text_make("", 0);
    const word_t *word = &args->words->word[args->value_at[option]];
    return text_make(word->text, word->len);
}

#endif
