/* SPDX-License-Identifier: Apache-2.0 */
/* printer.c - see printer.h.
 *
 * Chosen: a stream over one small buffer, because a node may have a million actors and
 * a chip has a few kilobytes; no listing is ever held as a whole. What is handed on
 * ends with a row where that is possible, so that log lines of other actors do not get
 * into the middle of one.
 *
 * Invariants: (1) size < PRINTER_CAP between calls. (2) `column` is right as long as
 * characters are not cut apart between calls. (3) has_item is meaningful for levels
 * 0..depth. */
#include "shell/printer.h"

#include "base/check.h"
#include "base/utf8.h"
#include "base/writer.h"

#include <string.h>

void printer_init(printer_t *p, shell_write_fn write, void *write_ctx) {
    *p = (printer_t){.write = write, .write_ctx = write_ctx};
}

static void hand_on(printer_t *p, size_t size) {
    if (size == 0) return;
    if (p->write != NULL && !p->write(p->bytes, size, p->is_problem, p->write_ctx))
        p->is_paused = true;
    memmove(p->bytes, p->bytes + size, p->size - size);
    p->size -= size;
}

void printer_flush(printer_t *p) {
    hand_on(p, p->size);
}

void printer_set_problem(printer_t *p, bool is_problem) {
    if (p->is_problem == is_problem) return;
    printer_flush(p);
    p->is_problem = is_problem;
}

/* The buffer is full: all whole rows, or everything when there is none. */
static void make_room(printer_t *p) {
    size_t end = p->size;
    while (end > 0 && p->bytes[end - 1] != '\n')
        end--;
    hand_on(p, end > 0 ? end : p->size);
}

static void put(printer_t *p, const char *bytes, size_t size) {
    while (size > 0) {
        size_t room = PRINTER_CAP - p->size;
        size_t part = size < room ? size : room;
        memcpy(p->bytes + p->size, bytes, part);
        p->size += part;
        bytes += part;
        size -= part;
        if (p->size == PRINTER_CAP) make_room(p);
    }
}

static void count_columns(printer_t *p, const char *bytes, size_t size) {
    size_t row = size;
    while (row > 0 && bytes[row - 1] != '\n')
        row--;
    if (row > 0) p->column = 0;
    p->column += utf8_text_width(bytes + row, size - row);
}

/* One character or fault at a time, as it has to stand inside a JSON string. */
static void put_json(printer_t *p, const char *bytes, size_t size) {
    while (size > 0) {
        utf8_char_t c = utf8_decode(bytes, size);
        char piece[32];
        mk_writer_t w;
        writer_init(&w, piece, sizeof piece);
        if (c.status == UTF8_OK) {
            writer_json(&w, text_make(bytes, c.size));
            put(p, piece + 1, w.size - 2);
        } else {
            writer_escaped(&w, text_make(bytes, c.size));
            for (size_t i = 0; i < w.size; i++) {
                if (piece[i] == '\\') put(p, "\\", 1);
                put(p, piece + i, 1);
            }
        }
        bytes += c.size;
        size -= c.size;
    }
}

void printer_bytes(printer_t *p, const char *bytes, size_t size) {
    if (size == 0) return;
    count_columns(p, bytes, size);
    if (p->in_string)
        put_json(p, bytes, size);
    else
        put(p, bytes, size);
}

void printer_text(printer_t *p, const char *text) {
    printer_bytes(p, text, strlen(text));
}

void printer_char(printer_t *p, char c) {
    printer_bytes(p, &c, 1);
}

void printer_unsigned(printer_t *p, uint64_t value) {
    char digits[24];
    mk_writer_t w;
    writer_init(&w, digits, sizeof digits);
    writer_unsigned(&w, value);
    printer_bytes(p, digits, w.size);
}

void printer_hex(printer_t *p, uint64_t value, unsigned min_digits) {
    char digits[24];
    mk_writer_t w;
    writer_init(&w, digits, sizeof digits);
    writer_str(&w, "0x");
    writer_hex(&w, value, min_digits);
    printer_bytes(p, digits, w.size);
}

void printer_id(printer_t *p, actor_id_t id) {
    printer_hex(p, id, PRINTER_ID_COLUMNS - 2);
}

size_t printer_id_columns(actor_id_t id) {
    return id >> 60 != 0 ? PRINTER_ID_COLUMNS + 1 : PRINTER_ID_COLUMNS;
}

void printer_shown(printer_t *p, const char *bytes, size_t size) {
    while (size > 0) {
        utf8_char_t c = utf8_decode(bytes, size);
        if (c.status == UTF8_OK && !utf8_is_control(c.scalar)) {
            printer_bytes(p, bytes, c.size);
        } else {
            char piece[32];
            mk_writer_t w;
            writer_init(&w, piece, sizeof piece);
            writer_escaped(&w, text_make(bytes, c.size));
            printer_bytes(p, piece, w.size);
        }
        bytes += c.size;
        size -= c.size;
    }
}

void printer_quoted(printer_t *p, const char *bytes, size_t size) {
    static const char special[] = "\n\r\t\"\\";
    static const char names[] = "nrt\"\\";
    printer_char(p, '"');
    size_t plain = 0; /* first byte not printed yet */
    for (size_t i = 0; i < size; i++) {
        const char *found = bytes[i] != '\0' ? strchr(special, bytes[i]) : NULL;
        if (found == NULL) continue;
        printer_shown(p, bytes + plain, i - plain);
        printer_char(p, '\\');
        printer_char(p, names[found - special]);
        plain = i + 1;
    }
    printer_shown(p, bytes + plain, size - plain);
    printer_char(p, '"');
}

void printer_to(printer_t *p, size_t column) {
    if (p->column > 0) printer_char(p, ' ');
    while (p->column < column)
        printer_char(p, ' ');
}

void printer_cell(printer_t *p, const char *text, size_t columns) {
    size_t from = p->column;
    printer_text(p, text);
    printer_to(p, from + columns + 1);
}

/* --- JSON --- */

static void begin_value(printer_t *p, const char *key) {
    if (p->has_item[p->depth]) put(p, ",", 1);
    p->has_item[p->depth] = true;
    if (key == NULL) return;
    put(p, "\"", 1);
    put_json(p, key, strlen(key));
    put(p, "\":", 2);
}

void printer_open(printer_t *p, const char *key, char bracket) {
    MK_ASSERT(p->depth + 1 < PRINTER_DEPTH);
    begin_value(p, key);
    put(p, &bracket, 1);
    p->has_item[++p->depth] = false;
}

void printer_close(printer_t *p, char bracket) {
    MK_ASSERT(p->depth > 0);
    p->depth--;
    put(p, &bracket, 1);
}

bool printer_is_inside(const printer_t *p) {
    return p->depth > 0;
}

void printer_abandon(printer_t *p) {
    if (p->depth > 0 || p->column > 0) put(p, "\n", 1);
    p->in_string = false;
    p->depth = 0;
    p->has_item[0] = false;
    p->column = 0;
}

void printer_json_end(printer_t *p) {
    MK_ASSERT(p->depth == 0);
    p->has_item[0] = false;
    put(p, "\n", 1);
    p->column = 0;
}

void printer_json_text(printer_t *p, const char *key, const char *bytes, size_t size) {
    begin_value(p, key);
    put(p, "\"", 1);
    put_json(p, bytes, size);
    put(p, "\"", 1);
}

void printer_json_str(printer_t *p, const char *key, const char *text) {
    printer_json_text(p, key, text, strlen(text));
}

void printer_json_unsigned(printer_t *p, const char *key, uint64_t value) {
    begin_value(p, key);
    printer_unsigned(p, value);
}

void printer_json_bool(printer_t *p, const char *key, bool value) {
    begin_value(p, key);
    printer_text(p, value ? "true" : "false");
}

void printer_json_null(printer_t *p, const char *key) {
    begin_value(p, key);
    printer_text(p, "null");
}

void printer_json_id(printer_t *p, const char *key, actor_id_t id) {
    begin_value(p, key);
    put(p, "\"", 1);
    printer_unsigned(p, id);
    put(p, "\"", 1);
}

void printer_json_raw(printer_t *p, const char *key, const char *json, size_t size) {
    begin_value(p, key);
    put(p, json, size);
}

void printer_string_begin(printer_t *p, const char *key) {
    begin_value(p, key);
    put(p, "\"", 1);
    p->in_string = true;
}

void printer_string_end(printer_t *p) {
    p->in_string = false;
    put(p, "\"", 1);
}
