/* SPDX-License-Identifier: Apache-2.0 */
/* printer.h - what commands say, streamed in rows through a small buffer.
 *
 * Text or JSON; whichever it is, nothing from outside reaches the output unescaped:
 * printer_shown() and the JSON functions take any bytes. Memory is fixed, the amount of
 * output is not. */
#ifndef MK_SHELL_PRINTER_H
#define MK_SHELL_PRINTER_H

#include "base/text.h"
#include "microkernel/shell.h"
#include "microkernel/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PRINTER_CAP = 512,      /* bytes collected before they are written */
    PRINTER_DEPTH = 64,     /* JSON arrays and objects inside each other */
    PRINTER_ID_COLUMNS = 17 /* of an id: 0x and 15 digits; printer_id_columns() */
};

typedef struct {
    shell_write_fn write; /* where it goes; NULL: nowhere */
    void *write_ctx;
    bool is_problem;              /* what is collected says why a command failed */
    bool is_paused;               /* the sink asked to pause; cleared by the owner */
    bool in_string;               /* inside a JSON string: all bytes are escaped */
    uint8_t depth;                /* open JSON arrays and objects */
    bool has_item[PRINTER_DEPTH]; /* per level: a comma is due before the next item */
    size_t column;                /* of the present row; counts terminal columns */
    size_t size;                  /* bytes collected */
    char bytes[PRINTER_CAP];
} printer_t;

void printer_init(printer_t *p, shell_write_fn write, void *write_ctx);

/* Hand on all that was collected. */
void printer_flush(printer_t *p);

/* What follows is (or is no longer) about a problem. Hands on what was collected. */
void printer_set_problem(printer_t *p, bool is_problem);

/* Bytes as they are; inside printer_string_begin/_end as part of the string. */
void printer_bytes(printer_t *p, const char *bytes, size_t size);
void printer_text(printer_t *p, const char *text);
void printer_char(printer_t *p, char c);

/* Numbers: decimal; hexadecimal with "0x" and at least `min_digits`. */
void printer_unsigned(printer_t *p, uint64_t value);
void printer_hex(printer_t *p, uint64_t value, unsigned min_digits);

/* An id as all listings show it, 0x and at least 15 digits; the columns that takes. */
void printer_id(printer_t *p, actor_id_t id);
size_t printer_id_columns(actor_id_t id);

/* Any bytes, safe to look at: control characters and what is no UTF-8 as \xNN. */
void printer_shown(printer_t *p, const char *bytes, size_t size);

/* The same in double quotes, where \n, \r, \t, \" and \\ are shown in their short form.
 */
void printer_quoted(printer_t *p, const char *bytes, size_t size);

/* Blanks up to `column`, at least one unless the row is empty. */
void printer_to(printer_t *p, size_t column);

/* printer_text() and blanks up to `columns` behind its beginning, then one more. */
void printer_cell(printer_t *p, const char *text, size_t columns);

/* --- JSON: commas come by themselves; `key` is NULL inside arrays and at the top ---
 */

/* '{' or '[', and the way out of it. Deeper than PRINTER_DEPTH is our own mistake. */
void printer_open(printer_t *p, const char *key, char bracket);
void printer_close(printer_t *p, char bracket);

/* True in the middle of a JSON value: anything else printed now would damage it. */
bool printer_is_inside(const printer_t *p);

/* Leave what was begun as it is, and begin a new row. */
void printer_abandon(printer_t *p);

/* A value is complete; the next one begins a new row. At depth 0 only. */
void printer_json_end(printer_t *p);

void printer_json_text(printer_t *p, const char *key, const char *bytes, size_t size);
void printer_json_str(printer_t *p, const char *key, const char *text);
void printer_json_unsigned(printer_t *p, const char *key, uint64_t value);
void printer_json_bool(printer_t *p, const char *key, bool value);
void printer_json_null(printer_t *p, const char *key);

/* Ids are strings of decimal digits: they can be too large for a JSON number. */
void printer_json_id(printer_t *p, const char *key, actor_id_t id);

/* A value that is JSON already. */
void printer_json_raw(printer_t *p, const char *key, const char *json, size_t size);

/* A string made of several pieces: between these, everything printed is part of it. */
void printer_string_begin(printer_t *p, const char *key);
void printer_string_end(printer_t *p);

#endif
