/* SPDX-License-Identifier: Apache-2.0 */
/* completion.h - what may come next in a command line. Pure: the live names come
 * through a callback, the choices go out through another one. */
#ifndef MK_SHELL_COMPLETION_H
#define MK_SHELL_COMPLETION_H

#include <stdbool.h>
#include <stddef.h>

enum { COMPLETION_ARGS_MAX = 4 }; /* arguments per command that can be completed */

/* What kind of word an argument is. */
typedef enum {
    COMPLETE_NOTHING = 0,     /* free text, numbers */
    COMPLETE_COMMAND,         /* a command of commands.def */
    COMPLETE_CLEAR,           /* the word clear */
    COMPLETE_HTTP,            /* the words get and listen */
    COMPLETE_PATH,            /* a path of the tree, or a prefix of one */
    COMPLETE_TARGET,          /* whatever a message can be sent to */
    COMPLETE_TYPE,            /* a message type by name */
    COMPLETE_LEVEL_OR_TARGET, /* a log level, or whose level it is */
    COMPLETE_OWN_LEVEL,       /* a log level, or inherit */
    COMPLETE_NODE,            /* a connected node */
    COMPLETE_NODE_OR_TARGET   /* or whatever a message can be sent to */
} completion_kind_t;

/* One run; lives during completion_run(). */
typedef struct completion completion_t;

/* Offer the live words of a kind with completion_offer(). Only those that begin with
 * prefix[0..prefix_len) can count; offering others is allowed, and in what order they
 * come is up to the callback. Never called with NOTHING, COMMAND, CLEAR or HTTP. */
typedef void (*completion_names_fn)(completion_t *completion, completion_kind_t kind,
                                    const char *prefix, size_t prefix_len, void *ctx);

/* Takes one choice, spelled as it has to stand in the line. `is_whole`: the word is
 * complete, a blank may follow. False: no more are wanted. */
typedef bool (*completion_emit_fn)(const char *text, size_t len, bool is_whole,
                                   void *ctx);

typedef struct {
    completion_names_fn names; /* NULL: no live words are completed */
    void *names_ctx;           /* handed to it */
} completion_source_t;

/* Emit what may stand at line[cursor], given the bytes before it, and return where the
 * word that it replaces begins (`cursor` for a new word). In a comment, behind an
 * unknown command or inside a faulty word that is nothing. Aliases and options come
 * only when the word has begun, so that they do not stand among the usual choices. */
size_t completion_run(const completion_source_t *source, const char *line,
                      size_t cursor, completion_emit_fn emit, void *emit_ctx);

/* Called by the names callback: one live word, unquoted. Quotes are added where the
 * line needs them. False: no more are wanted. */
bool completion_offer(completion_t *completion, const char *text, size_t len,
                      bool is_whole);

#endif
