/* SPDX-License-Identifier: Apache-2.0 */
/* history.h - past lines: search, and the text form in which they are stored. Pure; the
 * entries themselves live in mk_readline_t (mk_rl_history_add, _get, _count).
 *
 * Text form: one entry per row, oldest first, each row ended by '\n'. In a row "\\" is
 * a backslash, "\n" a line feed and "\xNN" another control byte; all else is itself. An
 * empty row means nothing. */
#ifndef MK_SHELL_HISTORY_H
#define MK_SHELL_HISTORY_H

#include "microkernel/mk_readline.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    /* Bytes that one entry can take in text form with its '\n': each byte escaped. */
    HISTORY_ROW_MAX = 4 * (MK_RL_MAX_LINE - 1) + 1
};

/* True if the editor could have given out this text: 1 to MK_RL_MAX_LINE - 1 bytes of
 * UTF-8 without control characters or others that do not show. */
bool history_accepts(const char *text, size_t len);

/* The newest entry, not newer than the `first`-th (1: the newest), that contains
 * text[0..len); an empty text is contained everywhere. Its number, and in *at the
 * offset of the first place; 0 when there is none. */
size_t history_find(const mk_readline_t *rl, const char *text, size_t len, size_t first,
                    size_t *at);

/* Write one line in text form with its '\n' (for a store that appends). Bytes written,
 * 0 when they exceed `cap`; HISTORY_ROW_MAX is enough for any entry. No NUL. */
size_t history_write_row(const char *text, size_t len, char *buf, size_t cap);

/* Write the whole history. Bytes written; MK_ETOOBIG when they exceed `cap`, with
 * nothing to be relied on in `buf`. No NUL. */
int history_write(const mk_readline_t *rl, char *buf, size_t cap);

/* Add the rows of a text form to the history, as mk_rl_history_add() does. The number
 * of rows that could not be taken (bad escape, or no text for history_accepts()); the
 * others are in. A last row without '\n' was cut off while it was written and counts as
 * one that could not be taken. */
size_t history_read(mk_readline_t *rl, const char *text, size_t len);

#endif
