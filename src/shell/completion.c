/* SPDX-License-Identifier: Apache-2.0 */
/* completion.c - finds the word before the cursor and what kind of word it has to be.
 *
 * The line is split by the same code that will run it, so completion and execution
 * agree about quotes and ';'. Choices stream through, none is stored: a node may have a
 * hundred thousand names, and this also runs on a chip. The price is that they come in
 * the order of their source. */
#include "shell/completion.h"

#include "microkernel/mk_readline.h"
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

/* What the word number `index` of this command has to be. */
static completion_kind_t kind_of(const completion_source_t *source,
                                 const words_t *words, size_t index) {
    if (index == 0) return COMPLETE_COMMAND;
    if (index > COMPLETION_ARGS_MAX) return COMPLETE_NOTHING;
    const word_t *name = &words->word[0];
    for (size_t i = 0; i < source->commands_len; i++) {
        const completion_command_t *command = &source->commands[i];
        if (strlen(command->name) == name->len &&
            memcmp(command->name, name->text, name->len) == 0) {
            return (completion_kind_t)command->args[index - 1];
        }
    }
    return COMPLETE_NOTHING;
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

    completion_kind_t kind = kind_of(source, &words, index);
    if (kind == COMPLETE_COMMAND) {
        for (size_t i = 0; i < source->commands_len; i++) {
            const char *name = source->commands[i].name;
            completion_offer(&completion, name, strlen(name), true);
        }
    } else if (kind != COMPLETE_NOTHING && source->names != NULL) {
        source->names(&completion, kind, completion.prefix, completion.prefix_len,
                      source->names_ctx);
    }
    return start;
}
