/* SPDX-License-Identifier: Apache-2.0 */
/* shell_complete.c - completion and hints for the line editor, from the live runtime.
 *
 * Words stream from where they live to the editor; nothing is collected. A path is
 * completed up to its next '/', so that a tree of thousands is walked like folders. */
#include "shell/commands.h"
#include "shell/completion.h"

#include "ipc/peer.h"
#include "microkernel/log.h"
#include "microkernel/message_ids.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"
#include "microkernel/shell.h"

#include <string.h>

enum { ENTRIES_LOOKED_AT = 4096 }; /* names and paths per key; a person waits */

static void offer_text(completion_t *completion, const char *text) {
    (void)completion_offer(completion, text, strlen(text), true);
}

static void offer_names(completion_t *completion, runtime_t *rt, const char *prefix) {
    char name[MK_NAME_MAX] = "";
    for (size_t i = 0; i < ENTRIES_LOOKED_AT && names_next(rt, prefix, name, NULL); i++)
        if (!completion_offer(completion, name, strlen(name), true)) return;
}

/* Everything below one folder is one choice, and is skipped. */
static void offer_paths(completion_t *completion, runtime_t *rt, const char *prefix) {
    char path[NS_PATH_MAX] = "";
    size_t prefix_len = strlen(prefix);
    for (size_t i = 0;
         i < ENTRIES_LOOKED_AT && paths_next(rt, prefix, path, NULL, NULL); i++) {
        const char *slash = strchr(path + (prefix_len > 0 ? prefix_len : 1), '/');
        size_t size = slash != NULL ? (size_t)(slash - path) + 1 : strlen(path);
        if (!completion_offer(completion, path, size, slash == NULL)) return;
        if (slash == NULL) continue;
        /* The greatest path of the folder: no path has this byte in it. */
        memset(path + size, 0xff, sizeof path - 1 - size);
        path[sizeof path - 1] = '\0';
    }
}

static void offer_targets(completion_t *completion, runtime_t *rt, const char *prefix) {
    bool is_path = prefix[0] == '/';
    if (!is_path) offer_names(completion, rt, prefix);
    if (is_path || prefix[0] == '\0') offer_paths(completion, rt, prefix);
}

/* MSG_ may be left out, so the names are offered in the way the word begins. */
static void offer_types(completion_t *completion, const char *prefix) {
    static const char *const names[] = {
#define MK_MESSAGE(name_, number_, payload_, direction_, meaning_) #name_,
#include "microkernel/message_ids.def"
#undef MK_MESSAGE
    };
    bool is_long = strncmp(prefix, "MSG_", 4) == 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        msg_type_t type;
        if (!mk_message_number(names[i], strlen(names[i]), &type)) continue;
        if (!mk_message_is_reserved(type))
            offer_text(completion, names[i] + (is_long ? 0 : 4));
    }
}

static void offer_nodes(completion_t *completion, runtime_t *rt) {
    for (const peer_t *peer = peers_next(rt, NULL); peer != NULL;
         peer = peers_next(rt, peer))
        if (peer_facts(peer)->identity[0] != '\0')
            offer_text(completion, peer_facts(peer)->identity);
}

static void offer_levels(completion_t *completion) {
    for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
        offer_text(completion, log_level_name(level));
}

static void offer_words(completion_t *completion, completion_kind_t kind,
                        const char *prefix, size_t prefix_len, void *ctx) {
    runtime_t *rt = ctx;
    char start[NS_PATH_MAX];
    if (prefix_len >= sizeof start || memchr(prefix, '\0', prefix_len) != NULL) return;
    if (prefix_len > 0) memcpy(start, prefix, prefix_len);
    start[prefix_len] = '\0';
    switch (kind) {
    case COMPLETE_PATH: offer_paths(completion, rt, start); break;
    case COMPLETE_TARGET: offer_targets(completion, rt, start); break;
    case COMPLETE_TYPE: offer_types(completion, start); break;
    case COMPLETE_LEVEL_OR_TARGET:
        offer_levels(completion);
        offer_targets(completion, rt, start);
        break;
    case COMPLETE_OWN_LEVEL:
        offer_levels(completion);
        offer_text(completion, "inherit");
        break;
    case COMPLETE_NODE: offer_nodes(completion, rt); break;
    case COMPLETE_NODE_OR_TARGET:
        offer_nodes(completion, rt);
        offer_targets(completion, rt, start);
        break;
    default: break;
    }
}

static bool add_choice(const char *text, size_t len, bool is_whole, void *ctx) {
    return mk_rl_choice_add(ctx, text, len, is_whole);
}

size_t shell_complete(const char *line, size_t cursor, mk_rl_choices_t *choices,
                      void *ctx) {
    completion_source_t source = {.names = offer_words, .names_ctx = ctx};
    return completion_run(&source, line, cursor, add_choice, choices);
}

/* --- hints --- */

/* `arguments` without its first `count` ones; what stands in brackets is one. */
static text_t skip_arguments(const char *arguments, size_t count) {
    text_t rest = text_of(arguments);
    for (; count > 0 && rest.size > 0; count--) {
        size_t size = text_find(rest, rest.bytes[0] == '[' ? ']' : '>');
        rest = text_trim(text_part(rest, size + 1, rest.size));
    }
    return rest;
}

size_t shell_hint(const char *line, size_t len, char *hint, size_t cap, void *ctx) {
    (void)ctx;
    words_t words;
    words_error_t error;
    char buf[MK_RL_MAX_LINE + 1];
    size_t at = 0;
    for (;;) {
        if (words_split(&words, line, len, at, buf, sizeof buf, &error) < 0) return 0;
        if (!words.is_separated) break;
        at = words.next;
    }
    if (words.count == 0 || words.has_comment) return 0;
    const command_t *command =
        commands_find(text_make(words.word[0].text, words.word[0].len));
    if (command == NULL) return 0;
    bool has_blank = words.end < len;
    if (!has_blank && words.count > 1) return 0; /* in the middle of an argument */
    command_args_t args;
    args_fault_t fault = commands_sort(command, &words, &args, &at);
    if (fault != ARGS_OK && fault != ARGS_TOO_FEW) return 0;
    text_t rest = skip_arguments(command->arguments, args.count);
    size_t blank = has_blank ? 0 : 1;
    if (rest.size == 0 || rest.size + blank > cap) return 0;
    if (blank > 0) hint[0] = ' ';
    memcpy(hint + blank, rest.bytes, rest.size);
    return rest.size + blank;
}
