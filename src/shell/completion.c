/* SPDX-License-Identifier: Apache-2.0 */
/* completion.c - finds the word before the cursor and what kind of word it has to be.
 *
 * The line is split, and the words before the cursor are sorted into options and
 * arguments, by the same code that will run it, so completion and execution agree about
 * quotes, ';' and options. Choices stream through, none is stored: a node may have a
 * hundred thousand names, and this also runs on a chip. The price is that they come in
 * the order of their source. */
#include "shell/completion.h"

#include "microkernel/mk_readline.h"
#include "shell/commands.h"
#include "shell/words.h"

#include <string.h>

struct completion {
    const char *prefix; /* the word before the cursor, unquoted */
    size_t prefix_len;  /* bytes in it */
    completion_emit_fn emit;
    void *emit_ctx;  /* handed to it */
    bool wants_more; /* the receiver has not said stop */
};

bool completion_offer(completion_t *completion, const char *text, size_t len,
                      bool is_whole) {
    if (!completion->wants_more) return false;
    if (len < completion->prefix_len ||
        memcmp(text, completion->prefix, completion->prefix_len) != 0) {
        return true;
    }
    char spelled[MK_RL_MAX_LINE];
    size_t size = words_quote(text, len, spelled, sizeof spelled);
    if (size == 0) return true; /* no line could hold it */
    completion->wants_more =
        completion->emit(spelled, size, is_whole, completion->emit_ctx);
    return completion->wants_more;
}

/* Split line[0..cursor) up to its last command. False when nothing can follow there. */
static bool split_last(words_t *words, const char *line, size_t cursor, char *buf,
                       size_t cap) {
    size_t at = 0;
    for (;;) {
        words_error_t error;
        int rc = words_split(words, line, cursor, at, buf, cap, &error);
        if (rc < 0) return error.fault == WORDS_OPEN_QUOTE && words->count > 0;
        if (!words->is_separated) break;
        at = words->next;
    }
    return !words->has_comment;
}

static void offer_text(completion_t *completion, const char *text) {
    (void)completion_offer(completion, text, strlen(text), true);
}

static void offer_commands(completion_t *completion) {
    size_t count;
    const command_t *commands = commands_all(&count);
    for (size_t i = 0; i < count; i++)
        offer_text(completion, commands[i].name);
    if (completion->prefix_len == 0) return;
    for (size_t i = 0; i < count; i++) {
        const char *alias = commands_alias(&commands[i]);
        if (alias != NULL) offer_text(completion, alias);
    }
}

static void offer_options(completion_t *completion, const command_t *command) {
    const char *name;
    for (size_t i = 0; (name = commands_option(command, i)) != NULL; i++)
        offer_text(completion, name);
}

static void offer_kind(completion_t *completion, const completion_source_t *source,
                       completion_kind_t kind) {
    switch (kind) {
    case COMPLETE_NOTHING: break;
    case COMPLETE_COMMAND: offer_commands(completion); break;
    case COMPLETE_CLEAR: offer_text(completion, "clear"); break;
    case COMPLETE_HTTP:
        offer_text(completion, "get");
        offer_text(completion, "listen");
        offer_text(completion, "reread");
        break;
    default:
        if (source->names != NULL)
            source->names(completion, kind, completion->prefix, completion->prefix_len,
                          source->names_ctx);
    }
}

/* Word `index`, which is not the command. */
static void offer_argument(completion_t *completion, const completion_source_t *source,
                           words_t *words, size_t index, bool has_dash) {
    const command_t *command =
        commands_find(text_make(words->word[0].text, words->word[0].len));
    if (command == NULL || words->total != words->count) return;
    command_args_t args;
    size_t at;
    words->count = index; /* those before it */
    args_fault_t fault = commands_sort(command, words, &args, &at);
    if (fault != ARGS_OK && fault != ARGS_TOO_FEW) return;
    if (has_dash && args.takes_options)
        offer_options(completion, command);
    else if (args.count < COMPLETION_ARGS_MAX)
        offer_kind(completion, source, (completion_kind_t)command->kinds[args.count]);
}

size_t completion_run(const completion_source_t *source, const char *line,
                      size_t cursor, completion_emit_fn emit, void *emit_ctx) {
    words_t words;
    char buf[MK_RL_MAX_LINE + 1];
    if (!split_last(&words, line, cursor, buf, sizeof buf)) return cursor;

    completion_t completion = {
        .prefix = "", .emit = emit, .emit_ctx = emit_ctx, .wants_more = true};
    size_t index = words.count;
    size_t start = cursor;
    if (words.count > 0 && words.word[words.count - 1].end == cursor) {
        const word_t *word = &words.word[--index];
        completion.prefix = word->text;
        completion.prefix_len = word->len;
        start = word->start;
    }

    bool has_dash = start < cursor && line[start] == '-';
    if (index == 0)
        offer_commands(&completion);
    else
        offer_argument(&completion, source, &words, index, has_dash);
    return start;
}
