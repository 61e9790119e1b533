/* SPDX-License-Identifier: Apache-2.0 */
/* readline.c - the line editor behind microkernel/mk_readline.h.
 *
 * A byte passes three stages: the decoder (escape sequences and UTF-8 to keys), the
 * bindings (a table from key to action on line, history or search), the view (what the
 * row should look like, compared with what it does look like). They share one struct
 * and stand here in that order from bottom to top, the table near the end; that is why
 * this file is long.
 *
 * Chosen: one row that scrolls sideways. Rejected: wrapping, because no sequence tells
 * how a terminal re-wraps on resize, and erasing a wrong guess destroys other text.
 * Chosen: remember the bytes shown and write from the first difference. Rejected: a
 * dirty mark set by each action, because each forgotten mark is a wrong screen.
 *
 * Invariants (fuzz/fuzz_readline.c checks them after every byte):
 * 1. pos <= len < MK_RL_MAX_LINE, line[len] == 0, both offsets on first bytes.
 * 2. The line is made of characters that mk_rl__char() accepts.
 * 3. While is_drawn, the screen row is prompt + `shown`, shown_cols columns wide, less
 *    than `width`; the cursor is in column shown_cursor of it.
 * 4. Between paste marks nothing returns another code than MK_RL_CONTINUE. */
#include "microkernel/mk_readline.h"

#include "shell/history.h"
#include "shell/readline.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "base/writer.h"

#include <string.h>

enum {
    DEFAULT_WIDTH = 80, /* columns when nobody said */
    MIN_WIDTH = 8, /* columns; fewer cannot hold marks, cursor and a wide character */
    MAX_WIDTH = 1000,          /* columns; keeps column numbers at four digits */
    MIN_FIELD = 8,             /* columns that a prompt must leave for the line */
    HINT_CAP = 96,             /* bytes of a hint */
    MAX_SEQUENCE_NUMBER = 999, /* numbers in escape sequences stop growing here */
    MOUSE_REPORT_BYTES = 3     /* after ESC [ M (xterm ctlseqs, "X10 compatibility") */
};

/* Where the decoder is; the values of `esc`. */
enum {
    ESC_NONE = 0,
    ESC_START,        /* ESC came */
    ESC_INTERMEDIATE, /* ESC and bytes 20..2F came; ends with 30..7E (ECMA-48, 5.3) */
    ESC_CSI,          /* ESC [ came; ends with 40..7E */
    ESC_SS3,          /* ESC O came; one more */
    ESC_CONSOLE,      /* ESC [ [ came (Linux console F1 to F5); one more */
    ESC_MOUSE,        /* a mouse report; esc_skip more */
    ESC_STRING        /* ESC ] P X ^ _ came; ends with BEL or the next ESC */
};

/* Keys: a byte 0..127 is itself, with Alt 128 more. */
enum {
    KEY_ALT = 0x80,
    KEY_UP = 0x100,
    KEY_DOWN,
    KEY_RIGHT,
    KEY_LEFT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_WORD_RIGHT,
    KEY_WORD_LEFT,
    KEY_WORD_DELETE,
    KEY_PASTE_START,
    KEY_PASTE_END,
    KEY_UNKNOWN, /* a complete sequence that means nothing here */
    KEY_MORE,    /* the sequence goes on */
    KEY_AGAIN    /* it is over, and the byte is not part of it */
};

enum { ESCAPE = 0x1b, DEL = 0x7f };

#define CTRL(letter) ((letter)-64)
#define ALT(c)       (KEY_ALT | (c))

/* What the last key did, where the next one cares. */
enum { ACTION_OTHER = 0, ACTION_KILL, ACTION_TAB };

#define CLEAR_TO_END "\x1b[K"
#define CLEAR_BELOW  "\x1b[J"
#define CLEAR_SCREEN "\x1b[H\x1b[2J"
#define STYLE_HINT   "\x1b[2m"
#define STYLE_PLAIN  "\x1b[0m"
#define BELL         "\a"

/* --- output --- */

static void flush(mk_readline_t *rl) {
    if (rl->out_len > 0 && rl->write_cb != NULL) {
        rl->write_cb(rl->out, rl->out_len, rl->write_ctx);
    }
    rl->out_len = 0;
}

static void write_bytes(mk_readline_t *rl, const char *bytes, size_t size) {
    while (size > 0) {
        size_t part = sizeof rl->out - rl->out_len;
        if (part > size) part = size;
        memcpy(rl->out + rl->out_len, bytes, part);
        rl->out_len = (uint16_t)(rl->out_len + part);
        if (rl->out_len == sizeof rl->out) flush(rl);
        bytes += part;
        size -= part;
    }
}

static void write_text(mk_readline_t *rl, const char *text) {
    write_bytes(rl, text, strlen(text));
}

static void write_number(mk_readline_t *rl, size_t number) {
    char digits[24];
    mk_writer_t writer;
    writer_init(&writer, digits, sizeof digits);
    writer_unsigned(&writer, number);
    write_text(rl, digits);
}

static void ring(mk_readline_t *rl) {
    if (!rl->is_hidden) write_text(rl, BELL);
}

/* Move the cursor within the row, relatively: a program without a prompt of ours may
 * have written its own before it. */
static void move_cursor(mk_readline_t *rl, size_t from, size_t to) {
    size_t count = from < to ? to - from : from - to;
    if (count == 0) return;
    if (to < from && count <= 3) {
        write_bytes(rl, "\b\b\b", count);
    } else {
        write_text(rl, "\x1b[");
        if (count > 1) write_number(rl, count);
        write_text(rl, from < to ? "C" : "D");
    }
}

/* --- characters --- */

/* Beside what utf8_is_control() names: marks without a width that steer the direction
 * (ALM, LRM, RLM) and the byte order mark. One could not see that they are there. */
static bool is_unseen(uint32_t scalar) {
    return scalar == 0x061c || scalar == 0x200e || scalar == 0x200f || scalar == 0xfeff;
}

size_t mk_rl__char(const char *text, size_t len, size_t *cols) {
    if (len > 0 && text[0] >= ' ' && text[0] <= '~') { /* nearly always */
        if (cols != NULL) *cols = 1;
        return 1;
    }
    utf8_char_t found = utf8_decode(text, len);
    if (found.status != UTF8_OK || utf8_is_control(found.scalar) ||
        is_unseen(found.scalar)) {
        return 0;
    }
    if (cols != NULL) *cols = utf8_width(found.scalar);
    return found.size;
}

/* Like mk_rl__char(), but what may not stand in a line is one byte shown as '?': a
 * program may have written into the struct. */
static size_t char_at(const char *text, size_t len, size_t at, size_t *cols) {
    size_t size = mk_rl__char(text + at, len - at, cols);
    if (size > 0) return size;
    *cols = 1;
    return 1;
}

static bool is_first_byte(const char *text, size_t len, size_t at) {
    return at >= len || ((unsigned char)text[at] & 0xc0) != 0x80;
}

static size_t columns(const char *text, size_t from, size_t to) {
    size_t sum = 0;
    while (from < to) {
        size_t cols;
        from += char_at(text, to, from, &cols);
        sum += cols;
    }
    return sum;
}

static bool is_word_byte(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           ((unsigned char)c & 0x80) != 0;
}

static size_t word_end(const mk_readline_t *rl) {
    size_t at = rl->pos;
    while (at < rl->len && !is_word_byte(rl->line[at]))
        at++;
    while (at < rl->len && is_word_byte(rl->line[at]))
        at++;
    return at;
}

static size_t word_start(const mk_readline_t *rl) {
    size_t at = rl->pos;
    while (at > 0 && !is_word_byte(rl->line[at - 1]))
        at--;
    while (at > 0 && is_word_byte(rl->line[at - 1]))
        at--;
    return at;
}

/* --- the view: what the row should look like --- */

typedef struct {
    const char *prompt;      /* what stands before the row; need not end in NUL */
    size_t prompt_len;       /* bytes in it */
    size_t prompt_cols;      /* columns it takes */
    char row[MK_RL_MAX_ROW]; /* text behind the prompt, all of it showable */
    size_t len;              /* bytes in `row` */
    size_t hint_at;          /* where the hint begins in it; `len` if there is none */
    size_t cols;             /* columns of prompt and row */
    size_t cursor;           /* column of the cursor */
    char label[MK_RL_MAX_QUERY + 40]; /* the prompt while searching */
} view_t;

/* The text that is shown: the line, or while searching the entry that was found. */
typedef struct {
    const char *text;
    size_t len; /* bytes in it */
    size_t pos; /* cursor in it */
} shown_text_t;

static shown_text_t text_to_show(const mk_readline_t *rl) {
    shown_text_t shown = {rl->line, rl->len, rl->pos};
    const char *entry =
        rl->match > 0 ? mk_rl_history_get(rl, (size_t)rl->match - 1) : NULL;
    if (!rl->is_searching || entry == NULL) return shown;
    shown.text = entry;
    shown.len = strlen(entry);
    shown.pos = rl->match_at;
    return shown;
}

/* Bytes that the sequence at text[at] takes, 0 when there is none: colours and the like
 * (CSI), titles (OSC). */
static size_t sequence_size(const char *text, size_t len, size_t at) {
    if (text[at] != ESCAPE || len - at < 2) return 0;
    size_t end = at + 2;
    if (text[at + 1] == '[') {
        while (end < len && (text[end] < '@' || text[end] > '~'))
            end++;
    } else if (text[at + 1] == ']') {
        while (end < len && text[end] != '\a' && text[end] != ESCAPE)
            end++;
        if (end < len && text[end] == ESCAPE) end++;
    } else {
        return 2;
    }
    return end < len ? end + 1 - at : len - at;
}

static size_t prompt_columns(const char *prompt, size_t len) {
    size_t sum = 0;
    for (size_t at = 0; at < len;) {
        size_t size = sequence_size(prompt, len, at);
        size_t cols = 0;
        if (size == 0) size = mk_rl__char(prompt + at, len - at, &cols);
        if (size == 0) size = 1; /* another control byte takes no column */
        at += size;
        sum += cols;
    }
    return sum;
}

/* Bytes of the prompt before its last row. */
static size_t prompt_head(const mk_readline_t *rl) {
    size_t len = rl->prompt_len;
    while (len > 0 && rl->prompt[len - 1] != '\n')
        len--;
    return len;
}

static bool leaves_field(const mk_readline_t *rl, size_t prompt_cols) {
    return prompt_cols + MIN_FIELD < rl->width;
}

static void append(char *buf, size_t *len, const char *text, size_t size) {
    memcpy(buf + *len, text, size);
    *len += size;
}

/* The label of a search: in full, or short with as much of the query's end as fits. */
static void build_label(const mk_readline_t *rl, view_t *view) {
    const char *open =
        rl->search_failed ? "(failed reverse-i-search)`" : "(reverse-i-search)`";
    const char *close = "': ";
    size_t from = 0;
    size_t query_cols = columns(rl->query, 0, rl->query_len);
    if (!leaves_field(rl, strlen(open) + query_cols + strlen(close))) {
        open = rl->search_failed ? "!" : "?";
        close = ": ";
        while (from < rl->query_len && !leaves_field(rl, query_cols + 3)) {
            from = utf8_next_cell(rl->query, rl->query_len, from);
            query_cols = columns(rl->query, from, rl->query_len);
        }
    }
    view->prompt = view->label;
    view->prompt_len = 0;
    append(view->label, &view->prompt_len, open, strlen(open));
    append(view->label, &view->prompt_len, rl->query + from, rl->query_len - from);
    append(view->label, &view->prompt_len, close, strlen(close));
    view->prompt_cols = strlen(open) + query_cols + strlen(close);
}

static void build_prompt(const mk_readline_t *rl, view_t *view) {
    if (rl->is_searching) {
        build_label(rl, view);
    } else {
        size_t head = prompt_head(rl);
        view->prompt = rl->prompt + head;
        view->prompt_len = rl->prompt_len - head;
        view->prompt_cols = prompt_columns(view->prompt, view->prompt_len);
    }
    if (!leaves_field(rl, view->prompt_cols)) {
        view->prompt_len = 0;
        view->prompt_cols = 0;
    }
}

/* True if the cursor and the character under it stay clear of the marks when `field`
 * columns show the text from `start` on. */
static bool start_is_good(const shown_text_t *shown, size_t start, size_t field) {
    if (start > shown->pos || !is_first_byte(shown->text, shown->len, start)) {
        return false;
    }
    size_t mark = start > 0 ? 1 : 0;
    if (start > 0 && shown->pos == start) return false; /* keep one character before */
    size_t cursor = mark + columns(shown->text, start, shown->pos);
    if (mark + columns(shown->text, start, shown->len) <= field) return true;
    size_t behind = utf8_next_cell(shown->text, shown->len, shown->pos);
    return shown->pos < shown->len &&
           cursor + columns(shown->text, shown->pos, behind) < field;
}

/* Choose the first byte to show: all if it fits, else the old one while it is good,
 * else one that puts the cursor in the middle. */
static size_t choose_start(const shown_text_t *shown, size_t old, size_t field) {
    if (columns(shown->text, 0, shown->len) <= field) return 0;
    if (start_is_good(shown, old, field)) return old;
    size_t start = shown->pos;
    size_t cols = 0;
    while (start > 0) {
        size_t before = utf8_previous_cell(shown->text, shown->len, start);
        cols += columns(shown->text, before, start);
        if (cols > field / 2) break;
        start = before;
    }
    return start;
}

static void add_hint(mk_readline_t *rl, view_t *view) {
    char hint[HINT_CAP];
    size_t len = rl->hint(rl->line, rl->len, hint, sizeof hint, rl->hint_ctx);
    if (len > sizeof hint) len = sizeof hint;
    for (size_t at = 0; at < len;) {
        size_t cols;
        size_t size = mk_rl__char(hint + at, len - at, &cols);
        if (size == 0 || view->cols + cols >= rl->width) return;
        append(view->row, &view->len, hint + at, size);
        view->cols += cols;
        at += size;
    }
}

static void build_view(mk_readline_t *rl, bool is_final, view_t *view) {
    shown_text_t shown = text_to_show(rl);
    build_prompt(rl, view);
    size_t field = rl->width - 1u - view->prompt_cols;
    size_t start = choose_start(&shown, rl->view_start, field);
    rl->view_start = (uint16_t)start;

    size_t mark = start > 0 ? 1 : 0;
    bool is_cut = mark + columns(shown.text, start, shown.len) > field;
    size_t room = is_cut ? field - 1 : field;
    size_t cols = mark;
    view->len = 0;
    view->cursor = 0;
    if (start > 0) append(view->row, &view->len, "<", 1);
    for (size_t at = start; at < shown.len;) {
        size_t char_cols;
        size_t size = char_at(shown.text, shown.len, at, &char_cols);
        if (at == shown.pos) view->cursor = cols;
        if (cols + char_cols > room) break;
        bool is_text = mk_rl__char(shown.text + at, shown.len - at, NULL) > 0;
        append(view->row, &view->len, is_text ? shown.text + at : "?", size);
        cols += char_cols;
        at += size;
    }
    if (shown.pos == shown.len) view->cursor = cols;
    if (is_cut) {
        append(view->row, &view->len, ">", 1);
        cols++;
    }
    view->cols = view->prompt_cols + cols;
    view->cursor += view->prompt_cols;
    view->hint_at = view->len;
    if (!is_final && !is_cut && !rl->is_searching && rl->hint != NULL &&
        shown.pos == shown.len) {
        add_hint(rl, view);
    }
}

/* Bytes at the beginning of the row that are on the screen already. */
static size_t unchanged(const mk_readline_t *rl, const view_t *view) {
    size_t max = view->hint_at < rl->shown_hint_at ? view->hint_at : rl->shown_hint_at;
    size_t same = 0;
    while (same < max && rl->shown[same] == view->row[same])
        same++;
    if (same == view->hint_at && same == rl->shown_hint_at &&
        view->len == rl->shown_len && memcmp(view->row, rl->shown, view->len) == 0) {
        return view->len;
    }
    /* Begin with a whole character; a mark belongs to the one before it. */
    size_t before = utf8_previous_cell(view->row, view->len, same);
    bool splits_cell = utf8_next_cell(view->row, view->len, before) > same ||
                       utf8_next_cell(rl->shown, rl->shown_len, before) > same;
    return splits_cell ? before : same;
}

/* Write the rows of the prompt above its last one. */
static void write_head(mk_readline_t *rl) {
    size_t head = prompt_head(rl);
    for (size_t at = 0; at < head; at++) {
        bool is_bare_newline =
            rl->prompt[at] == '\n' && (at == 0 || rl->prompt[at - 1] != '\r');
        if (is_bare_newline) write_text(rl, "\r");
        write_bytes(rl, rl->prompt + at, 1);
    }
    rl->owes_head = false;
}

static bool begins_with_mark(const char *text, size_t len) {
    size_t cols = 1;
    if (len > 0) (void)char_at(text, len, 0, &cols);
    return cols == 0;
}

/* Make the screen show the present state. `is_final`: for the last time, no hint. */
static void draw(mk_readline_t *rl, bool is_final) {
    if (rl->is_hidden || rl->write_cb == NULL) return;
    if (!rl->is_drawn && rl->owes_head) write_head(rl);
    view_t view;
    build_view(rl, is_final, &view);
    /* A combining mark in front sits on what stands before the row: clear that, too. */
    if (rl->is_drawn && (begins_with_mark(view.row, view.len) ||
                         begins_with_mark(rl->shown, rl->shown_len))) {
        write_text(rl, "\r" CLEAR_TO_END);
        rl->is_drawn = false;
    }
    bool is_update = rl->is_drawn && !rl->is_stale;
    size_t keep = is_update ? unchanged(rl, &view) : 0;
    size_t at = rl->shown_cursor;
    if (!is_update) {
        if (rl->is_drawn) write_text(rl, "\r");
        write_bytes(rl, view.prompt, view.prompt_len);
        at = view.prompt_cols;
    }
    if (!is_update || keep < view.len || keep < rl->shown_len) {
        move_cursor(rl, at, view.prompt_cols + columns(view.row, 0, keep));
        size_t text_end = keep > view.hint_at ? keep : view.hint_at;
        write_bytes(rl, view.row + keep, text_end - keep);
        if (text_end < view.len) {
            write_text(rl, STYLE_HINT);
            write_bytes(rl, view.row + text_end, view.len - text_end);
            write_text(rl, STYLE_PLAIN);
        }
        bool leaves_rest = is_update ? rl->shown_cols > view.cols : rl->is_drawn;
        if (leaves_rest) write_text(rl, CLEAR_TO_END);
        at = view.cols;
    }
    move_cursor(rl, at, view.cursor);

    memcpy(rl->shown, view.row, view.len);
    rl->shown_len = (uint16_t)view.len;
    rl->shown_hint_at = (uint16_t)view.hint_at;
    rl->shown_cols = (uint16_t)view.cols;
    rl->shown_cursor = (uint16_t)view.cursor;
    rl->is_drawn = true;
    rl->is_stale = false;
}

/* Leave the row as it is now, with `last_text` at the cursor, and go to a new one. */
static void end_row(mk_readline_t *rl, const char *last_text) {
    if (rl->is_hidden) return;
    draw(rl, true);
    size_t room = rl->width - 1u - rl->shown_cursor;
    size_t cols = strlen(last_text);
    if (cols > room) move_cursor(rl, cols - room, 0); /* over the end of the line */
    write_text(rl, last_text);
    write_text(rl, "\r\n");
    rl->is_drawn = false;
    rl->owes_head = true;
}

/* --- changing the line --- */

static void clear_line(mk_readline_t *rl) {
    rl->line[0] = '\0';
    rl->len = 0;
    rl->pos = 0;
    rl->hist_browse = 0;
    rl->view_start = 0;
    rl->paste_at = 0;
    rl->has_overflow = false;
    rl->is_searching = false;
    rl->search_is_left = false;
    rl->is_done = false;
}

static void set_line(mk_readline_t *rl, const char *text, size_t len, size_t pos) {
    memmove(rl->line, text, len);
    rl->line[len] = '\0';
    rl->len = len;
    rl->pos = pos;
    rl->view_start = 0;
    rl->has_overflow = false;
}

/* Insert at the cursor; false when there is no room. */
static bool insert(mk_readline_t *rl, const char *text, size_t size) {
    if (size > MK_RL_MAX_LINE - 1 - rl->len) return false;
    memmove(rl->line + rl->pos + size, rl->line + rl->pos, rl->len - rl->pos + 1);
    memcpy(rl->line + rl->pos, text, size);
    rl->len += size;
    rl->pos += size;
    return true;
}

/* Remove line[from..to) and put the cursor there. */
static void erase(mk_readline_t *rl, size_t from, size_t to) {
    memmove(rl->line + from, rl->line + to, rl->len - to + 1);
    rl->len -= to - from;
    rl->pos = from;
    if (from < to) rl->has_overflow = false;
}

/* Remove line[from..to), one end of which is the cursor, and keep it for Ctrl-Y. Kills
 * in a row add up in the order in which they stood in the line. */
static void kill_range(mk_readline_t *rl, size_t from, size_t to) {
    size_t size = to - from;
    bool is_before = to == rl->pos;
    if (size == 0) return;
    rl->this_action = ACTION_KILL;
    if (rl->last_action != ACTION_KILL) rl->killed_len = 0;
    if (rl->killed_len + size > sizeof rl->killed) rl->killed_len = 0;
    size_t at = is_before ? 0 : rl->killed_len;
    memmove(rl->killed + at + size, rl->killed + at, rl->killed_len - at);
    memcpy(rl->killed + at, rl->line + from, size);
    rl->killed_len = (uint16_t)(rl->killed_len + size);
    erase(rl, from, to);
}

/* --- searching backwards --- */

/* Find the query in the n-th newest entry or an older one; keep what was found before
 * when there is none. Entries equal to `not_this` are the same answer again. */
static void search_from(mk_readline_t *rl, size_t n, const char *not_this) {
    for (;; n++) {
        size_t at;
        n = history_find(rl, rl->query, rl->query_len, n, &at);
        rl->search_failed = n == 0;
        if (n == 0) return;
        if (not_this == NULL || strcmp(mk_rl_history_get(rl, n - 1), not_this) != 0) {
            rl->match = (uint16_t)n;
            rl->match_at = (uint16_t)at;
            return;
        }
    }
}

static void search_start(mk_readline_t *rl) {
    rl->is_searching = true;
    rl->search_failed = false;
    rl->query_len = 0;
    rl->match = 0;
    rl->view_start = 0;
}

static void search_older(mk_readline_t *rl) {
    if (rl->query_len == 0) return;
    const char *entry = rl->match > 0 ? mk_rl_history_get(rl, rl->match - 1u) : NULL;
    search_from(rl, rl->match + 1u, entry);
    if (rl->search_failed) ring(rl);
}

static void search_add(mk_readline_t *rl, const char *text, size_t size) {
    if (size > sizeof rl->query - rl->query_len) {
        ring(rl);
        return;
    }
    memcpy(rl->query + rl->query_len, text, size);
    rl->query_len = (uint8_t)(rl->query_len + size);
    search_from(rl, rl->match > 0 ? rl->match : 1, NULL);
    if (rl->search_failed) ring(rl);
}

static void search_shorten(mk_readline_t *rl) {
    rl->query_len =
        (uint8_t)utf8_previous_cell(rl->query, rl->query_len, rl->query_len);
    rl->match = 0;
    rl->search_failed = false;
    if (rl->query_len > 0) search_from(rl, 1, NULL);
}

static void save_line(mk_readline_t *rl) {
    memcpy(rl->saved, rl->line, rl->len + 1);
    rl->saved_len = rl->len;
}

/* Back to the line as it was. */
static void search_abort(mk_readline_t *rl) {
    rl->is_searching = false;
    rl->view_start = 0;
    rl->is_stale = true;
}

/* The entry found becomes the line, as if Up had led to it. */
static void search_accept(mk_readline_t *rl) {
    rl->is_searching = true; /* also after Esc: text_to_show() gives the entry */
    shown_text_t found = text_to_show(rl);
    if (rl->match > 0) {
        if (rl->hist_browse == 0) save_line(rl);
        set_line(rl, found.text, found.len, found.pos);
        rl->hist_browse = rl->match;
    }
    search_abort(rl);
}

/* A key while searching; true if that was all. */
static bool search_key(mk_readline_t *rl, unsigned key) {
    rl->is_stale = true;
    switch (key) {
    case CTRL('R'): search_older(rl); return true;
    case CTRL('G'): search_abort(rl); return true;
    case CTRL('H'):
    case DEL: search_shorten(rl); return true;
    case CTRL('C'): search_abort(rl); return false;
    case KEY_UNKNOWN: return true;
    default: search_accept(rl); return false;
    }
}

/* --- completion --- */

struct mk_rl_choices {
    mk_readline_t *list_on;     /* NULL: gather facts; else write the list there */
    size_t count;               /* choices seen */
    size_t widest;              /* columns of the widest one */
    bool is_whole;              /* what the first one said */
    char first[MK_RL_MAX_LINE]; /* the first choice */
    size_t first_len;           /* bytes in it */
    size_t common_len;          /* bytes at its beginning that all share */
    size_t per_row;             /* listing: choices in a row */
};

static void list_choice(mk_rl_choices_t *choices, const char *text, size_t len) {
    mk_readline_t *rl = choices->list_on;
    bool is_last = choices->count % choices->per_row == 0;
    write_bytes(rl, text, len);
    if (is_last) {
        write_text(rl, "\r\n");
        return;
    }
    for (size_t i = columns(text, 0, len); i < choices->widest + 2; i++) {
        write_text(rl, " ");
    }
}

bool mk_rl_choice_add(mk_rl_choices_t *choices, const char *text, size_t len,
                      bool is_whole) {
    if (choices == NULL) return false;
    if (text == NULL || !history_accepts(text, len)) return true;
    bool is_first = choices->first_len == len && memcmp(choices->first, text, len) == 0;
    if (choices->count == 1 && is_first) return true;
    choices->count++;
    if (choices->list_on != NULL) {
        if (choices->count > MK_RL_MAX_LISTED) return false;
        list_choice(choices, text, len);
        return true;
    }
    size_t cols = columns(text, 0, len);
    if (cols > choices->widest) choices->widest = cols;
    if (choices->count == 1) {
        memcpy(choices->first, text, len);
        choices->first_len = len;
        choices->common_len = len;
        choices->is_whole = is_whole;
        return true;
    }
    size_t same = 0;
    size_t max = len < choices->common_len ? len : choices->common_len;
    while (same < max && text[same] == choices->first[same])
        same++;
    choices->common_len = same;
    return true;
}

static void list_choices(mk_readline_t *rl, mk_rl_choices_t *choices) {
    size_t total = choices->count;
    end_row(rl, "");
    choices->list_on = rl;
    choices->count = 0;
    choices->per_row = (rl->width - 1u) / (choices->widest + 2);
    if (choices->per_row == 0) choices->per_row = 1;
    (void)rl->completion(rl->line, rl->pos, choices, rl->completion_ctx);
    size_t listed =
        choices->count < MK_RL_MAX_LISTED ? choices->count : MK_RL_MAX_LISTED;
    if (listed % choices->per_row != 0) write_text(rl, "\r\n");
    if (total > listed) {
        write_text(rl, "and ");
        write_number(rl, total - listed);
        write_text(rl, " more\r\n");
    }
}

/* Put what all choices share in the place of line[start..pos). True if that changed the
 * line. */
static bool take_common(mk_readline_t *rl, mk_rl_choices_t *choices, size_t start) {
    size_t old = rl->pos - start;
    size_t size = choices->common_len;
    bool is_only = choices->count == 1;
    while (size > 0 && !is_first_byte(choices->first, choices->first_len, size))
        size--;
    bool adds_blank = is_only && choices->is_whole && rl->line[rl->pos] != ' ';
    bool is_same = size == old && memcmp(choices->first, rl->line + start, size) == 0;
    if ((is_same || (size < old && !is_only)) && !adds_blank) return false;
    if (rl->len - old + size + (adds_blank ? 1 : 0) > MK_RL_MAX_LINE - 1) return false;
    if (!is_same) {
        erase(rl, start, rl->pos);
        (void)insert(rl, choices->first, size);
    }
    if (adds_blank) (void)insert(rl, " ", 1);
    return true;
}

/* --- what keys do: each returns a code of mk_rl_feed() --- */

static int move_to(mk_readline_t *rl, size_t pos) {
    rl->pos = pos;
    return MK_RL_CONTINUE;
}

static int key_home(mk_readline_t *rl) {
    return move_to(rl, 0);
}

static int key_end(mk_readline_t *rl) {
    return move_to(rl, rl->len);
}

static int key_left(mk_readline_t *rl) {
    return move_to(rl, utf8_previous_cell(rl->line, rl->len, rl->pos));
}

static int key_right(mk_readline_t *rl) {
    return move_to(rl, utf8_next_cell(rl->line, rl->len, rl->pos));
}

static int key_word_left(mk_readline_t *rl) {
    return move_to(rl, word_start(rl));
}

static int key_word_right(mk_readline_t *rl) {
    return move_to(rl, word_end(rl));
}

static int key_backspace(mk_readline_t *rl) {
    erase(rl, utf8_previous_cell(rl->line, rl->len, rl->pos), rl->pos);
    return MK_RL_CONTINUE;
}

static int key_delete(mk_readline_t *rl) {
    erase(rl, rl->pos, utf8_next_cell(rl->line, rl->len, rl->pos));
    return MK_RL_CONTINUE;
}

static int key_delete_or_eof(mk_readline_t *rl) {
    if (rl->len > 0) return key_delete(rl);
    end_row(rl, "");
    rl->is_done = true;
    return MK_RL_EOF;
}

static int key_kill_before(mk_readline_t *rl) {
    kill_range(rl, 0, rl->pos);
    return MK_RL_CONTINUE;
}

static int key_kill_behind(mk_readline_t *rl) {
    kill_range(rl, rl->pos, rl->len);
    return MK_RL_CONTINUE;
}

static int key_kill_to_blank(mk_readline_t *rl) {
    size_t at = rl->pos;
    while (at > 0 && rl->line[at - 1] == ' ')
        at--;
    while (at > 0 && rl->line[at - 1] != ' ')
        at--;
    kill_range(rl, at, rl->pos);
    return MK_RL_CONTINUE;
}

static int key_kill_word_before(mk_readline_t *rl) {
    kill_range(rl, word_start(rl), rl->pos);
    return MK_RL_CONTINUE;
}

static int key_kill_word_behind(mk_readline_t *rl) {
    kill_range(rl, rl->pos, word_end(rl));
    return MK_RL_CONTINUE;
}

static int key_yank(mk_readline_t *rl) {
    if (rl->killed_len == 0 || !insert(rl, rl->killed, rl->killed_len)) ring(rl);
    return MK_RL_CONTINUE;
}

/* Swap the characters on both sides of the cursor, at the end the last two. */
static int key_swap(mk_readline_t *rl) {
    size_t middle = rl->pos;
    if (middle == rl->len) middle = utf8_previous_cell(rl->line, rl->len, middle);
    if (middle == 0) {
        ring(rl);
        return MK_RL_CONTINUE;
    }
    size_t start = utf8_previous_cell(rl->line, rl->len, middle);
    size_t end = utf8_next_cell(rl->line, rl->len, middle);
    char first[MK_RL_MAX_LINE];
    memcpy(first, rl->line + start, middle - start);
    memmove(rl->line + start, rl->line + middle, end - middle);
    memcpy(rl->line + start + (end - middle), first, middle - start);
    return move_to(rl, end);
}

static int key_clear_screen(mk_readline_t *rl) {
    if (!rl->is_hidden) write_text(rl, CLEAR_SCREEN);
    rl->is_drawn = false;
    rl->owes_head = true;
    return MK_RL_CONTINUE;
}

/* Show the n-th newest entry, or the own line for 0. */
static int browse(mk_readline_t *rl, size_t n) {
    if (n > rl->hist_count) {
        ring(rl);
        return MK_RL_CONTINUE;
    }
    if (rl->hist_browse == 0) save_line(rl);
    const char *entry = n > 0 ? mk_rl_history_get(rl, n - 1) : rl->saved;
    size_t len = n > 0 ? strlen(entry) : rl->saved_len;
    set_line(rl, entry, len, len);
    rl->hist_browse = n;
    return MK_RL_CONTINUE;
}

static int key_older(mk_readline_t *rl) {
    return browse(rl, rl->hist_browse + 1);
}

static int key_newer(mk_readline_t *rl) {
    if (rl->hist_browse > 0) return browse(rl, rl->hist_browse - 1);
    ring(rl);
    return MK_RL_CONTINUE;
}

static int key_search(mk_readline_t *rl) {
    search_start(rl);
    rl->is_stale = true;
    return MK_RL_CONTINUE;
}

static int key_complete(mk_readline_t *rl) {
    if (rl->completion == NULL) return MK_RL_CONTINUE;
    if (rl->has_overflow) { /* replacing text would make a cut line look whole */
        ring(rl);
        return MK_RL_CONTINUE;
    }
    mk_rl_choices_t choices;
    memset(&choices, 0, sizeof choices);
    size_t start = rl->completion(rl->line, rl->pos, &choices, rl->completion_ctx);
    if (start > rl->pos || !is_first_byte(rl->line, rl->len, start)) start = rl->pos;
    rl->this_action = ACTION_TAB;
    if (choices.count > 0 && take_common(rl, &choices, start)) return MK_RL_CONTINUE;
    if (choices.count > 1 && rl->last_action == ACTION_TAB && !rl->is_hidden) {
        list_choices(rl, &choices);
    } else {
        ring(rl);
    }
    return MK_RL_CONTINUE;
}

static int key_interrupt(mk_readline_t *rl) {
    rl->pos = rl->len;
    end_row(rl, "^C");
    clear_line(rl);
    draw(rl, false);
    return MK_RL_INTERRUPT;
}

static int key_suspend(mk_readline_t *rl) {
    (void)rl;
    return MK_RL_SUSPEND;
}

static int key_enter(mk_readline_t *rl) {
    bool is_too_long = rl->has_overflow;
    end_row(rl, "");
    if (is_too_long) {
        memcpy(rl->killed, rl->line, rl->len);
        rl->killed_len = (uint16_t)rl->len;
        clear_line(rl);
    }
    rl->hist_browse = 0;
    rl->is_done = true;
    return is_too_long ? MK_RL_TOO_LONG : MK_RL_DONE;
}

static int key_paste_start(mk_readline_t *rl) {
    rl->is_pasting = true;
    rl->paste_is_refused = false;
    rl->paste_owes_blank = false;
    rl->paste_at = (uint16_t)rl->pos;
    return MK_RL_CONTINUE;
}

/* --- from key to action --- */

typedef struct {
    uint16_t key;                  /* a byte with or without KEY_ALT, or a KEY_ value */
    int (*act)(mk_readline_t *rl); /* what it does */
} binding_t;

static const binding_t bindings[] = {
    {CTRL('A'), key_home},
    {KEY_HOME, key_home},
    {CTRL('E'), key_end},
    {KEY_END, key_end},
    {CTRL('B'), key_left},
    {KEY_LEFT, key_left},
    {CTRL('F'), key_right},
    {KEY_RIGHT, key_right},
    {ALT('b'), key_word_left},
    {KEY_WORD_LEFT, key_word_left},
    {ALT('f'), key_word_right},
    {KEY_WORD_RIGHT, key_word_right},
    {CTRL('H'), key_backspace},
    {DEL, key_backspace},
    {KEY_DELETE, key_delete},
    {CTRL('D'), key_delete_or_eof},
    {CTRL('U'), key_kill_before},
    {CTRL('K'), key_kill_behind},
    {CTRL('W'), key_kill_to_blank},
    {ALT(DEL), key_kill_word_before},
    {ALT('d'), key_kill_word_behind},
    {ALT(CTRL('H')), key_kill_word_before},
    {KEY_WORD_DELETE, key_kill_word_behind},
    {CTRL('Y'), key_yank},
    {CTRL('T'), key_swap},
    {CTRL('L'), key_clear_screen},
    {CTRL('R'), key_search},
    {CTRL('P'), key_older},
    {KEY_UP, key_older},
    {CTRL('N'), key_newer},
    {KEY_DOWN, key_newer},
    {CTRL('I'), key_complete},
    {CTRL('C'), key_interrupt},
    {CTRL('Z'), key_suspend},
    {CTRL('J'), key_enter},
    {CTRL('M'), key_enter},
    {KEY_PASTE_START, key_paste_start},
};

static const binding_t *find_binding(unsigned key) {
    for (size_t i = 0; i < sizeof bindings / sizeof bindings[0]; i++) {
        if (bindings[i].key == key) return &bindings[i];
    }
    return NULL;
}

/* Text inside a paste. What does not fit takes the whole paste out again. */
static void paste_text(mk_readline_t *rl, const char *text, size_t size) {
    if (rl->paste_is_refused) return;
    bool fits = !rl->has_overflow && (!rl->paste_owes_blank || insert(rl, " ", 1));
    rl->paste_owes_blank = false;
    if (fits && insert(rl, text, size)) return;
    erase(rl, rl->paste_at, rl->pos);
    rl->paste_is_refused = true;
    ring(rl);
}

static void paste_key(mk_readline_t *rl, unsigned key) {
    if (key == KEY_PASTE_END) {
        rl->is_pasting = false;
    } else if (key == CTRL('J') || key == CTRL('M')) {
        rl->paste_owes_blank = true;
    } else if (key == '\t') {
        paste_text(rl, " ", 1);
    }
}

/* One character, or the escaped form of a bad byte, from the keyboard. */
static void type_text(mk_readline_t *rl, const char *text, size_t size) {
    rl->wants_draw = true;
    if (rl->is_pasting) {
        paste_text(rl, text, size);
        return;
    }
    rl->last_action = ACTION_OTHER;
    if (rl->is_searching) {
        rl->is_stale = true;
        search_add(rl, text, size);
    } else if (rl->has_overflow || !insert(rl, text, size)) {
        rl->has_overflow = true;
        ring(rl);
    }
}

static int press(mk_readline_t *rl, unsigned key) {
    if (key >= 0x20 && key < DEL) {
        char c = (char)key;
        type_text(rl, &c, 1);
        return MK_RL_CONTINUE;
    }
    rl->wants_draw = true;
    if (rl->is_pasting) {
        paste_key(rl, key);
        return MK_RL_CONTINUE;
    }
    const binding_t *binding = find_binding(key);
    if (binding == NULL && key != CTRL('G')) key = KEY_UNKNOWN;
    if (rl->search_is_left) {
        rl->search_is_left = false;
        if (binding != NULL) search_accept(rl);
    } else if (rl->is_searching && search_key(rl, key)) {
        return MK_RL_CONTINUE;
    }
    if (binding == NULL) return MK_RL_CONTINUE;
    rl->this_action = ACTION_OTHER;
    int rc = binding->act(rl);
    rl->last_action = rl->this_action;
    return rc;
}

/* --- from bytes to keys --- */

/* The key of a complete CSI sequence. */
static unsigned csi_key(const mk_readline_t *rl, uint8_t final) {
    static const struct {
        uint8_t final;
        uint16_t number;  /* only with '~' */
        uint16_t key;     /* without a modifier */
        uint16_t by_word; /* with Ctrl or Alt */
    } keys[] = {
        {'A', 0, KEY_UP, KEY_UP},
        {'B', 0, KEY_DOWN, KEY_DOWN},
        {'C', 0, KEY_RIGHT, KEY_WORD_RIGHT},
        {'D', 0, KEY_LEFT, KEY_WORD_LEFT},
        {'H', 0, KEY_HOME, KEY_HOME},
        {'F', 0, KEY_END, KEY_END},
        {'~', 1, KEY_HOME, KEY_HOME},
        {'~', 7, KEY_HOME, KEY_HOME},
        {'~', 4, KEY_END, KEY_END},
        {'~', 8, KEY_END, KEY_END},
        {'~', 3, KEY_DELETE, KEY_WORD_DELETE},
        {'~', 200, KEY_PASTE_START, KEY_UNKNOWN},
        {'~', 201, KEY_PASTE_END, KEY_UNKNOWN},
    };
    /* Modifiers are 1 + (1 Shift | 2 Alt | 4 Ctrl), after ';' or, in older terminals,
     * alone before the letter. */
    unsigned modifier = rl->esc_mod;
    if (final != '~' && rl->esc_params == 1) modifier = (unsigned)rl->esc_num;
    bool is_by_word = rl->esc_is_alt || (modifier > 1 && ((modifier - 1) & 6) != 0);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i].final != final) continue;
        if (final == '~' && keys[i].number != rl->esc_num) continue;
        return is_by_word ? keys[i].by_word : keys[i].key;
    }
    return KEY_UNKNOWN;
}

/* A byte of the numbers in a CSI sequence. */
static void csi_number(mk_readline_t *rl, uint8_t ch) {
    enum { UNUSABLE = 3 };
    if (ch == ';') {
        if (rl->esc_params == 0) rl->esc_params = 1;
        if (++rl->esc_params < UNUSABLE) return;
    }
    if (ch < '0' || ch > '9') { /* '?', '>', intermediates, a third one: not ours */
        rl->esc_params = UNUSABLE;
        rl->esc_num = -1;
        return;
    }
    if (rl->esc_params == 0) rl->esc_params = 1;
    unsigned digit = ch - (unsigned)'0';
    if (rl->esc_params == 1 && rl->esc_num < MAX_SEQUENCE_NUMBER) {
        rl->esc_num = rl->esc_num * 10 + (int)digit;
    } else if (rl->esc_params == 2 && rl->esc_mod < MAX_SEQUENCE_NUMBER) {
        rl->esc_mod = (uint16_t)(rl->esc_mod * 10u + digit);
    }
}

static unsigned escape_ends(mk_readline_t *rl, unsigned key) {
    rl->esc = ESC_NONE;
    return key;
}

static unsigned escape_goes_on(mk_readline_t *rl, int state) {
    rl->esc = state;
    return KEY_MORE;
}

/* The byte after ESC. */
static unsigned escape_second(mk_readline_t *rl, uint8_t ch) {
    if (rl->search_is_left && ch != '[' && ch != 'O') {
        rl->search_is_left = false; /* that ESC was the Esc key */
        return escape_ends(rl, KEY_AGAIN);
    }
    if (ch == '[') return escape_goes_on(rl, ESC_CSI);
    if (ch == 'O') return escape_goes_on(rl, ESC_SS3);
    if (ch == DEL || ch == CTRL('H')) return escape_ends(rl, (unsigned)ALT(ch));
    if (ch < 0x20 || ch >= 0x80) return escape_ends(rl, KEY_AGAIN);
    if (ch < 0x30) return escape_goes_on(rl, ESC_INTERMEDIATE);
    if (strchr("]PX^_", (char)ch) != NULL) return escape_goes_on(rl, ESC_STRING);
    return escape_ends(rl, (unsigned)ALT(ch));
}

static unsigned csi_byte(mk_readline_t *rl, uint8_t ch) {
    if (ch < '@') {
        csi_number(rl, ch);
        return KEY_MORE;
    }
    bool is_bare = rl->esc_params == 0;
    if (ch == '[' && is_bare) return escape_goes_on(rl, ESC_CONSOLE);
    if (ch == 'M' && is_bare) {
        rl->esc_skip = MOUSE_REPORT_BYTES;
        return escape_goes_on(rl, ESC_MOUSE);
    }
    return escape_ends(rl, rl->esc_num < 0 ? KEY_UNKNOWN : csi_key(rl, ch));
}

/* One byte of an escape sequence that has begun: a key, KEY_MORE or KEY_AGAIN. A
 * control byte inside a sequence ends it and counts by itself: a broken sequence must
 * not eat Enter or Ctrl-C. */
static unsigned escape_byte(mk_readline_t *rl, uint8_t ch) {
    if (rl->esc == ESC_START) return escape_second(rl, ch);
    if (ch < 0x20) {
        rl->search_is_left = false;
        return escape_ends(rl, KEY_AGAIN); /* BEL behind a string does nothing */
    }
    switch (rl->esc) {
    case ESC_STRING: return KEY_MORE;
    case ESC_MOUSE: return --rl->esc_skip > 0 ? KEY_MORE : escape_ends(rl, KEY_UNKNOWN);
    default: break;
    }
    if (ch >= 0x7f) { /* belongs to no sequence */
        rl->search_is_left = false;
        return escape_ends(rl, KEY_AGAIN);
    }
    switch (rl->esc) {
    case ESC_CSI: return csi_byte(rl, ch);
    case ESC_INTERMEDIATE: return ch < 0x30 ? KEY_MORE : escape_ends(rl, KEY_UNKNOWN);
    case ESC_SS3: /* modifiers come as in CSI */
        if (ch >= '@') return escape_ends(rl, csi_key(rl, ch));
        csi_number(rl, ch);
        return KEY_MORE;
    default: return escape_ends(rl, KEY_UNKNOWN);
    }
}

static void escape_start(mk_readline_t *rl) {
    rl->esc = ESC_START;
    rl->esc_num = 0;
    rl->esc_mod = 0;
    rl->esc_params = 0;
    rl->esc_is_alt = false;
    rl->search_is_left = rl->is_searching;
    if (rl->is_searching) {
        search_abort(rl);
        rl->wants_draw = true;
    }
}

/* Enter the bytes held back, which are no character, as \xNN each. */
static void type_bad_bytes(mk_readline_t *rl) {
    size_t count = rl->utf8_len;
    rl->utf8_len = 0;
    for (size_t i = 0; i < count; i++) {
        char piece[5] = "\\x";
        (void)hex_encode(&rl->utf8[i], 1, piece + 2, 3);
        type_text(rl, piece, 4);
    }
}

/* A byte 80..FF: part of a character. */
static void utf8_byte(mk_readline_t *rl, uint8_t ch) {
    if (rl->utf8_len > 0 && (ch & 0xc0) != 0x80) type_bad_bytes(rl);
    rl->utf8[rl->utf8_len++] = ch;
    const char *bytes = (const char *)rl->utf8;
    size_t size = mk_rl__char(bytes, rl->utf8_len, NULL);
    if (size > 0) {
        rl->utf8_len = 0;
        type_text(rl, bytes, size);
    } else if (utf8_decode(bytes, rl->utf8_len).status != UTF8_INCOMPLETE) {
        type_bad_bytes(rl);
    }
}

static int feed_byte(mk_readline_t *rl, uint8_t ch) {
    if (rl->last_cr && ch == '\n') return MK_RL_CONTINUE;
    if (rl->is_done) clear_line(rl);
    if (rl->esc != ESC_NONE && ch != ESCAPE) {
        unsigned key = escape_byte(rl, ch);
        if (key == KEY_MORE) return MK_RL_CONTINUE;
        if (key != KEY_AGAIN) return press(rl, key);
    } else if (rl->esc == ESC_START && !rl->search_is_left) {
        rl->esc_is_alt = true; /* ESC ESC: some terminals' Alt */
        return MK_RL_CONTINUE;
    }
    if (ch >= 0x80) {
        utf8_byte(rl, ch);
        return MK_RL_CONTINUE;
    }
    type_bad_bytes(rl);
    if (ch != ESCAPE) return press(rl, ch);
    escape_start(rl);
    return MK_RL_CONTINUE;
}

/* --- the interface --- */

void mk_rl_init(mk_readline_t *rl, const char *prompt, mk_rl_write_fn write_cb,
                void *ctx) {
    if (rl == NULL) return;
    memset(rl, 0, sizeof *rl);
    rl->prompt = prompt != NULL ? prompt : "> ";
    rl->prompt_len = strlen(rl->prompt);
    rl->write_cb = write_cb;
    rl->write_ctx = ctx;
    rl->width = DEFAULT_WIDTH;
    rl->owes_head = true;
}

int mk_rl_feed(mk_readline_t *rl, uint8_t ch) {
    if (rl == NULL) return MK_RL_EOF;
    rl->wants_draw = false;
    int rc = feed_byte(rl, ch);
    bool is_edited_on = rc == MK_RL_CONTINUE || rc == MK_RL_SUSPEND;
    if (is_edited_on && rl->wants_draw && !rl->is_pasting) draw(rl, false);
    rl->last_cr = ch == '\r' && (rc == MK_RL_DONE || rc == MK_RL_TOO_LONG);
    flush(rl);
    return rc;
}

void mk_rl_prompt(mk_readline_t *rl) {
    if (rl == NULL) return;
    clear_line(rl);
    rl->utf8_len = 0;
    rl->is_hidden = false;
    rl->owes_head = true;
    if (rl->is_drawn) write_text(rl, "\r" CLEAR_TO_END);
    rl->is_drawn = false;
    draw(rl, false);
    flush(rl);
}

void mk_rl_set_width(mk_readline_t *rl, size_t columns_now) {
    if (rl == NULL) return;
    if (columns_now == 0) columns_now = DEFAULT_WIDTH;
    if (columns_now < MIN_WIDTH) columns_now = MIN_WIDTH;
    if (columns_now > MAX_WIDTH) columns_now = MAX_WIDTH;
    rl->width = (uint16_t)columns_now;
    if (!rl->is_drawn) return;
    write_text(rl, "\r" CLEAR_BELOW);
    rl->is_drawn = false;
    draw(rl, false);
    flush(rl);
}

bool mk_rl_hide(mk_readline_t *rl) {
    if (rl == NULL) return false;
    bool was_drawn = rl->is_drawn;
    if (was_drawn) write_text(rl, "\r" CLEAR_TO_END);
    rl->is_drawn = false;
    rl->is_hidden = true;
    flush(rl);
    return was_drawn;
}

void mk_rl_show(mk_readline_t *rl) {
    if (rl == NULL) return;
    if (rl->is_done) clear_line(rl);
    rl->is_hidden = false;
    draw(rl, false);
    flush(rl);
}

void mk_rl_set_completion(mk_readline_t *rl, mk_rl_completion_fn completion,
                          void *ctx) {
    if (rl == NULL) return;
    rl->completion = completion;
    rl->completion_ctx = ctx;
}

void mk_rl_set_hints(mk_readline_t *rl, mk_rl_hint_fn hint, void *ctx) {
    if (rl == NULL) return;
    rl->hint = hint;
    rl->hint_ctx = ctx;
    if (!rl->is_drawn) return;
    draw(rl, false);
    flush(rl);
}

bool mk_rl_in_paste(const mk_readline_t *rl) {
    return rl != NULL && rl->is_pasting;
}

void mk_rl_paste_end(mk_readline_t *rl) {
    if (!mk_rl_in_paste(rl)) return;
    type_bad_bytes(rl);
    rl->esc = ESC_NONE;
    rl->is_pasting = false;
    draw(rl, false);
    flush(rl);
}
