/* SPDX-License-Identifier: Apache-2.0 */
/* writer.h - text into a buffer of fixed size.
 *
 * A writer never writes behind the caller's buffer. What does not fit is cut off, and
 * from then on nothing more is taken: the text is a true beginning of what was meant,
 * cut between characters and never inside one or inside an escape, and the writer
 * remembers
 * (`writer_has_overflowed`). The text ends in NUL at all times. Nothing allocates,
 * nothing uses printf: the output is the same with every C library.
 *
 * Columns are those of a terminal (utf8_width), not bytes. */
#ifndef MK_BASE_WRITER_H
#define MK_BASE_WRITER_H

#include "base/check.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *bytes;         /* the caller's buffer; a NUL stands at `size` */
    size_t cap;          /* its bytes, the NUL included */
    size_t size;         /* bytes of text, < cap (both may be 0) */
    bool has_overflowed; /* something did not fit; nothing more is taken */
} mk_writer_t;

/* Begin an empty text in `bytes`, which is borrowed until the writer is no longer used.
 * `cap` 0 is allowed: then everything overflows and not even a NUL is written. */
void writer_init(mk_writer_t *w, char *bytes, size_t cap);

/* Begin again in the same buffer. */
void writer_reset(mk_writer_t *w);

/* Go back to the first `size` bytes (a `size` remembered before) and forget an overflow
 * that happened since; for output that has to be whole or absent. */
void writer_rewind(mk_writer_t *w, size_t size);

/* Bytes of the text; MK_EFULL when it was cut. */
int writer_result(const mk_writer_t *w);

static inline bool writer_has_overflowed(const mk_writer_t *w) {
    return w->has_overflowed;
}

/* The text so far; valid until the next call. */
static inline text_t writer_text(const mk_writer_t *w) {
    return text_make(w->bytes, w->size);
}

/* Bytes as they are. A NULL text counts as empty. */
void writer_char(mk_writer_t *w, char c);
void writer_str(mk_writer_t *w, const char *text);
void writer_bytes(mk_writer_t *w, const char *bytes, size_t size);
void writer_slice(mk_writer_t *w, text_t text);
void writer_repeat(mk_writer_t *w, char c, size_t count);

/* Decimal numbers. */
void writer_unsigned(mk_writer_t *w, uint64_t value);
void writer_signed(mk_writer_t *w, int64_t value);

/* Lower-case hexadecimal without "0x", at least `min_digits` (0..16). */
void writer_hex(mk_writer_t *w, uint64_t value, unsigned min_digits);

/* Text in a column: filled with blanks behind it (left) or before it (right) up to
 * `columns`; a wider text is written whole. */
void writer_left(mk_writer_t *w, text_t text, size_t columns);
void writer_right(mk_writer_t *w, text_t text, size_t columns);

/* Text for people: each byte of a control character (utf8_is_control) and each byte
 * that is not UTF-8 becomes \xNN. A backslash stays as it is. */
void writer_escaped(mk_writer_t *w, text_t text);

/* A JSON string in its quotes. Control characters (utf8_is_control) are escaped, each
 * fault of UTF-8 becomes \ufffd, all other characters stay as they are. */
void writer_json(mk_writer_t *w, text_t text);

/* A format with this part of printf's language:
 *
 *     %[-][0][width][.precision][l|ll|z](d|u|x)    %[-][width][.precision](s|c)    %%
 *
 * `-` fills on the right, `0` fills numbers with zeros; width and precision are digits,
 * the precision also `*` (an int; negative: none) and only for s, where it is the most
 * bytes read; a NUL ends the text before. A width counts columns and is at most 4095.
 * NULL for %s is "(null)". At anything else the rest of the format is written as it
 * stands, because the arguments can no longer be told apart. */
void writer_format(mk_writer_t *w, const char *format, ...) MK_PRINTF(2, 3);
void writer_vformat(mk_writer_t *w, const char *format, va_list args) MK_PRINTF(2, 0);

#endif
