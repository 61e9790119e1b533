/* SPDX-License-Identifier: Apache-2.0 */
/* history.c - the ring of past lines and its text form.
 *
 * The ring is an array of whole lines, not a byte arena: 32 lines of 256 bytes are what
 * the published struct promises, and looking at an entry needs no unpacking. A row of
 * the text form never contains a raw control byte, so a store may keep rows in a log,
 * append to it, and cut it at any '\n'.
 *
 * Invariant: every entry satisfies history_accepts(). */
#include "shell/history.h"

#include "base/hex.h"
#include "base/text.h"
#include "microkernel/error.h"
#include "shell/readline.h"

#include <string.h>

bool history_accepts(const char *text, size_t len) {
    if (len == 0 || len >= MK_RL_MAX_LINE) return false;
    for (size_t at = 0; at < len;) {
        size_t size = mk_rl__char(text + at, len - at, NULL);
        if (size == 0) return false;
        at += size;
    }
    return true;
}

void mk_rl_history_add(mk_readline_t *rl, const char *line) {
    if (rl == NULL || line == NULL) return;
    size_t len = 0;
    while (len < MK_RL_MAX_LINE && line[len] != '\0')
        len++;
    if (!history_accepts(line, len)) return;
    const char *newest = mk_rl_history_get(rl, 0);
    if (newest != NULL && strcmp(newest, line) == 0) return;
    memmove(rl->history[rl->hist_next], line, len + 1);
    rl->hist_next = (rl->hist_next + 1) % MK_RL_MAX_HISTORY;
    if (rl->hist_count < MK_RL_MAX_HISTORY) rl->hist_count++;
    /* Whoever looks at the n-th newest entry now looks at the one behind it. */
    if (rl->hist_browse > 0 && rl->hist_browse < rl->hist_count) rl->hist_browse++;
    if (rl->match > 0) {
        rl->match = rl->match < rl->hist_count ? (uint16_t)(rl->match + 1) : 0;
    }
}

const char *mk_rl_history_get(const mk_readline_t *rl, size_t idx) {
    if (rl == NULL || idx >= rl->hist_count) return NULL;
    size_t slot = rl->hist_next + MK_RL_MAX_HISTORY - 1 - idx;
    return rl->history[slot % MK_RL_MAX_HISTORY];
}

size_t mk_rl_history_count(const mk_readline_t *rl) {
    return rl != NULL ? rl->hist_count : 0;
}

/* Offset of part[0..part_len) in `whole`; false when it is not there. */
static bool find_part(const char *whole, const char *part, size_t part_len,
                      size_t *at) {
    size_t len = strlen(whole);
    for (size_t i = 0; i + part_len <= len; i++) {
        if (memcmp(whole + i, part, part_len) == 0) {
            *at = i;
            return true;
        }
    }
    return false;
}

size_t history_find(const mk_readline_t *rl, const char *text, size_t len, size_t first,
                    size_t *at) {
    for (size_t n = first > 0 ? first : 1; n <= rl->hist_count; n++) {
        if (find_part(mk_rl_history_get(rl, n - 1), text, len, at)) return n;
    }
    return 0;
}

size_t history_write_row(const char *text, size_t len, char *buf, size_t cap) {
    size_t size = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned byte = (unsigned char)text[i];
        char piece[5] = {'\\', text[i]};
        size_t piece_size = 2;
        if (byte == '\n') {
            piece[1] = 'n';
        } else if (byte < ' ' || byte == 0x7f) {
            piece[1] = 'x';
            (void)hex_encode(text + i, 1, piece + 2, 3);
            piece_size = 4;
        } else if (byte != '\\') {
            piece[0] = text[i];
            piece_size = 1;
        }
        if (size + piece_size > cap) return 0;
        memcpy(buf + size, piece, piece_size);
        size += piece_size;
    }
    if (size >= cap) return 0;
    buf[size++] = '\n';
    return size;
}

int history_write(const mk_readline_t *rl, char *buf, size_t cap) {
    size_t size = 0;
    for (size_t n = rl->hist_count; n > 0; n--) {
        const char *line = mk_rl_history_get(rl, n - 1);
        size_t row_size = history_write_row(line, strlen(line), buf + size, cap - size);
        if (row_size == 0) return MK_ETOOBIG;
        size += row_size;
    }
    return (int)size;
}

/* Undo the escapes of one row into line[0..MK_RL_MAX_LINE) with a NUL. False when it is
 * malformed or too long. */
static bool read_row(const char *row, size_t len, char *line, size_t *line_len) {
    size_t size = 0;
    for (size_t i = 0; i < len; i++) {
        char c = row[i];
        if (c == '\\') {
            if (++i == len) return false;
            c = row[i];
            if (c == 'n') {
                c = '\n';
            } else if (c == 'x') {
                uint8_t byte;
                text_t digits = text_part(text_make(row, len), i + 1, 2);
                if (hex_decode(digits, &byte, 1, NULL) != 1) return false;
                c = (char)byte;
                i += 2;
            } else if (c != '\\') {
                return false;
            }
        }
        if (size == MK_RL_MAX_LINE - 1) return false;
        line[size++] = c;
    }
    line[size] = '\0';
    *line_len = size;
    return true;
}

size_t history_read(mk_readline_t *rl, const char *text, size_t len) {
    size_t refused = 0;
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        if (end == NULL) return refused + 1;
        size_t row_len = (size_t)(end - text);
        char line[MK_RL_MAX_LINE];
        size_t line_len;
        if (read_row(text, row_len, line, &line_len) &&
            history_accepts(line, line_len)) {
            mk_rl_history_add(rl, line);
        } else if (row_len > 0) {
            refused++;
        }
        text += row_len + 1;
        len -= row_len + 1;
    }
    return refused;
}
