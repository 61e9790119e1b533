/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_readline.c - any bytes into the line editor, and after each one:
 *
 *   the line is what the header promises, and so is the return code;
 *   the output is text and the editor's own sequences, nothing else;
 *   the row on the screen, which grew out of many small changes, is the row that
 * drawing the same state anew gives, and the last column is free.
 *
 * Input: width, prompt, flags (one byte each), then bytes to feed. A byte FE is
 * followed by the number of something the program around the editor does. */
#include "microkernel/mk_readline.h"

#include "base/utf8.h"
#include "shell/history.h"
#include "shell/readline.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLS = 1100, CELL = 12, OP = 0xfe };

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

/* One row of a terminal: the editor never needs another one. */
typedef struct {
    char cell[MAX_COLS][CELL]; /* "" blank, "\1" right half of a wide character */
    size_t width;              /* columns */
    size_t col;                /* of the cursor */
    char pending[16];          /* an incomplete sequence or character */
    size_t pending_len;        /* bytes in it */
} row_t;

static void clear_from(row_t *row, size_t col) {
    if (col < row->width) memset(row->cell[col], 0, (row->width + 2 - col) * CELL);
}

static void put_char(row_t *row, const char *text, size_t size, size_t cols) {
    if (cols == 0) {
        size_t at = row->col > 0 ? row->col - 1 : 0;
        if (at > 0 && row->cell[at][0] == '\1') at--;
        if (row->cell[at][0] == '\0') row->cell[at][0] = ' ';
        if (strlen(row->cell[at]) + size < CELL) strncat(row->cell[at], text, size);
        return;
    }
    REQUIRE(row->col + cols < row->width); /* the last column stays free */
    if (row->cell[row->col][0] == '\1') row->cell[row->col - 1][0] = '\0';
    if (row->cell[row->col + cols][0] == '\1') row->cell[row->col + cols][0] = '\0';
    memset(row->cell[row->col], 0, CELL * cols);
    memcpy(row->cell[row->col], text, size);
    if (cols == 2) row->cell[row->col + 1][0] = '\1';
    row->col += cols;
}

static void do_sequence(row_t *row) {
    const char *c = row->pending + 2;
    size_t n = 0;
    while (*c >= '0' && *c <= '9')
        n = n * 10 + (size_t)(*c++ - '0');
    REQUIRE(c == row->pending + row->pending_len - 1);
    bool has_number = row->pending_len > 3;
    switch (*c) {
    case 'J':
        REQUIRE(!has_number || n == 2);
        clear_from(row, n == 2 ? 0 : row->col);
        break;
    case 'K':
        REQUIRE(!has_number);
        clear_from(row, row->col);
        break;
    case 'C':
        row->col += has_number ? n : 1;
        REQUIRE(row->col < row->width);
        break;
    case 'D':
        REQUIRE((has_number ? n : 1) <= row->col);
        row->col -= has_number ? n : 1;
        break;
    case 'H':
        REQUIRE(!has_number);
        row->col = 0;
        break;
    case 'm': REQUIRE(n == 0 || n == 2); break;
    default: REQUIRE(*c == 'm'); /* no other sequence is the editor's */
    }
}

static void on_write(const char *buf, size_t len, void *ctx) {
    row_t *row = ctx;
    REQUIRE(len > 0 && len <= MK_RL_OUTPUT);
    for (size_t i = 0; i < len; i++) {
        char c = buf[i];
        if (row->pending_len > 0 || c == '\x1b' || ((unsigned char)c & 0x80) != 0) {
            REQUIRE(row->pending_len < sizeof row->pending - 1);
            row->pending[row->pending_len++] = c;
            row->pending[row->pending_len] = '\0';
            size_t cols;
            if (row->pending[0] != '\x1b') {
                size_t size = mk_rl__char(row->pending, row->pending_len, &cols);
                if (size == 0) continue;
                put_char(row, row->pending, size, cols);
            } else {
                if (row->pending_len == 2) REQUIRE(c == '[');
                if (row->pending_len <= 2 || c < '@') continue;
                do_sequence(row);
            }
            row->pending_len = 0;
            continue;
        }
        switch (c) {
        case '\r': row->col = 0; break;
        case '\n': clear_from(row, 0); break;
        case '\a': break;
        case '\b':
            REQUIRE(row->col > 0);
            row->col--;
            break;
        default: REQUIRE(c >= ' ' && c < 0x7f); put_char(row, &c, 1, 1);
        }
    }
}

static size_t offer(const char *line, size_t cursor, mk_rl_choices_t *out, void *ctx) {
    static const char *const choices[] = {"list",    "look",      "/a/b",
                                          "/a/c",    "\xc3\xa4x", "\xe6\x97\xa5",
                                          "\x1b[2J", "bad\xff"};
    (void)ctx;
    size_t start = cursor;
    while (start > 0 && line[start - 1] != ' ')
        start--;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        size_t len = strlen(choices[i]);
        if (len >= cursor - start &&
            memcmp(choices[i], line + start, cursor - start) == 0) {
            if (!mk_rl_choice_add(out, choices[i], len, i % 2 == 0)) break;
        }
    }
    return start;
}

static size_t hint(const char *line, size_t len, char *buf, size_t cap, void *ctx) {
    static const char *const hints[] = {"", " <word>", " \xe6\x97\xa5\xe6\x97\xa5",
                                        "\xcc\x81", "a\nb"};
    (void)ctx;
    const char *text = hints[(len + (unsigned char)line[0]) % 5];
    size_t size = strlen(text);
    REQUIRE(size <= cap);
    memcpy(buf, text, size);
    return size;
}

static void check_line(const mk_readline_t *rl) {
    REQUIRE(rl->len < MK_RL_MAX_LINE && rl->pos <= rl->len);
    REQUIRE(rl->line[rl->len] == '\0' && strlen(rl->line) == rl->len);
    REQUIRE(utf8_valid_size(rl->line, rl->len) == rl->len);
    REQUIRE(rl->len == 0 || history_accepts(rl->line, rl->len));
    REQUIRE(rl->pos == 0 ||
            history_accepts(rl->line, rl->pos)); /* between characters */
    REQUIRE(rl->killed_len == 0 || history_accepts(rl->killed, rl->killed_len));
    REQUIRE(rl->hist_browse <= rl->hist_count && rl->hist_count <= MK_RL_MAX_HISTORY);
    REQUIRE(rl->out_len == 0);
}

static void check_row(const mk_readline_t *rl, const row_t *row) {
    static mk_readline_t copy;
    static row_t anew;
    if (!rl->is_drawn || rl->is_pasting) return; /* nothing is promised then */
    REQUIRE(row->pending_len == 0);
    copy = *rl;
    copy.is_drawn = false;
    copy.owes_head = false;
    copy.write_ctx = &anew;
    anew.width = row->width;
    anew.col = 0;
    clear_from(&anew, 0);
    mk_rl_show(&copy);
    REQUIRE(anew.col == row->col);
    for (size_t col = 0; col < row->width; col++) {
        const char *was = row->cell[col][0] == '\0' ? " " : row->cell[col];
        const char *is = anew.cell[col][0] == '\0' ? " " : anew.cell[col];
        REQUIRE(strcmp(was, is) == 0);
    }
}

/* What a program does beside feeding bytes. */
static void operate(mk_readline_t *rl, row_t *row, uint8_t op, uint8_t argument) {
    switch (op % 8) {
    case 0:
        row->width = MAX_COLS - 2; /* at this moment neither the old nor the new one */
        mk_rl_set_width(rl, argument);
        row->width = rl->width;
        break;
    case 1: (void)mk_rl_hide(rl); break;
    case 2: mk_rl_show(rl); break;
    case 3: mk_rl_prompt(rl); break;
    case 4:
        mk_rl_history_add(rl, rl->line);
        if (rl->is_searching && rl->match == 0) mk_rl_show(rl); /* the entry is gone */
        break;
    case 5: mk_rl_paste_end(rl); break;
    case 6: mk_rl_set_hints(rl, argument % 2 == 0 ? hint : NULL, NULL); break;
    default: mk_rl_set_completion(rl, argument % 2 == 0 ? offer : NULL, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const char *const prompts[] = {"> ",
                                          NULL,
                                          "",
                                          "\x1b[2mn\x1b[0m> ",
                                          "top\n\xe6\x97\xa5> ",
                                          "a long prompt here> "};
    static mk_readline_t rl;
    static row_t row;
    if (size < 3) return 0;
    mk_rl_init(&rl, prompts[bytes[1] % 6], on_write, &row);
    memset(&row, 0, sizeof row);
    mk_rl_set_width(&rl, bytes[0]);
    row.width = rl.width;
    if ((bytes[2] & 1) != 0) mk_rl_set_hints(&rl, hint, NULL);
    if ((bytes[2] & 2) != 0) mk_rl_set_completion(&rl, offer, NULL);
    if ((bytes[2] & 4) == 0) mk_rl_prompt(&rl);
    for (size_t i = 3; i < size; i++) {
        if (bytes[i] == OP && i + 2 < size) {
            operate(&rl, &row, bytes[i + 1], bytes[i + 2]);
            i += 2;
        } else {
            bool was_pasting = mk_rl_in_paste(&rl);
            int rc = mk_rl_feed(&rl, bytes[i]);
            REQUIRE(rc >= MK_RL_EOF && rc <= MK_RL_SUSPEND);
            if (was_pasting) REQUIRE(rc == MK_RL_CONTINUE);
            if (rc == MK_RL_DONE) mk_rl_history_add(&rl, rl.line);
            if (rc == MK_RL_EOF || rc == MK_RL_INTERRUPT || rc == MK_RL_TOO_LONG)
                REQUIRE(rl.len == 0);
        }
        check_line(&rl);
        check_row(&rl, &row);
    }
    return 0;
}
