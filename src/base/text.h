/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - slices of text: compare, trim, take apart, read numbers.
 *
 * A slice borrows the bytes of somebody else and is passed by value. It need not end in
 * NUL and may hold any bytes. Nothing here allocates. "White space" is the six ASCII
 * characters of C's isspace(), whatever the locale. */
#ifndef MK_BASE_TEXT_H
#define MK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *bytes; /* may be NULL when size is 0 */
    size_t size;       /* bytes, not characters */
} text_t;

/* The six characters, for text_next_word(). */
#define TEXT_WHITE_SPACE " \t\n\v\f\r"

static inline text_t text_make(const char *bytes, size_t size) {
    return (text_t){bytes, size};
}

/* A slice of a NUL-terminated text; NULL gives the empty slice. Inline, as what follows
 * is, because the length of a literal is then known when the program is built. */
static inline text_t text_of(const char *text) {
    return text != NULL ? text_make(text, strlen(text)) : text_make("", 0);
}

static inline bool text_equals(text_t a, text_t b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

/* As text_equals(a, text_of(b)). */
static inline bool text_is(text_t a, const char *b) {
    return text_equals(a, text_of(b));
}

/* As text_equals(), but the ASCII letters match in either case, whatever the locale. */
bool text_equals_nocase(text_t a, text_t b);

/* The order of the bytes, a shorter text before its continuations: < 0, 0, > 0. */
int text_compare(text_t a, text_t b);

/* The empty prefix and suffix fit every text. */
bool text_starts_with(text_t text, text_t prefix);
bool text_ends_with(text_t text, text_t suffix);

/* `text` from byte `from` on, at most `size` bytes; both are cut to what is there. */
static inline text_t text_part(text_t text, size_t from, size_t size) {
    if (from >= text.size) return text_make("", 0);
    size_t left = text.size - from;
    return text_make(text.bytes + from, size < left ? size : left);
}

/* Where the first byte `wanted` stands; text.size when it does not occur. */
static inline size_t text_find(text_t text, char wanted) {
    if (text.size == 0) return 0;
    const char *found =
        (const char *)memchr(text.bytes, (unsigned char)wanted, text.size);
    return found != NULL ? (size_t)(found - text.bytes) : text.size;
}

/* `text` without white space at its ends. */
text_t text_trim(text_t text);

/* Take the next word off the front of `*rest`: bytes up to one of `separators`, after
 * skipping any number of them. False when only separators were left; `*rest` is then
 * empty. */
bool text_next_word(text_t *rest, const char *separators, text_t *word);

/* Read a whole slice as a number without sign. `base` is 10; 16, where "0x" may lead;
 * or 0: hexadecimal after "0x", else decimal, so that "010" is ten and never eight.
 * MK_OK; MK_EINVAL: empty, or a byte that is no digit; MK_EOVERFLOW: a number, but not
 * in min..max. `*value` is written on MK_OK only. */
int text_parse_unsigned(text_t text, unsigned base, uint64_t min, uint64_t max,
                        uint64_t *value);

/* The same with an optional '-' or '+' in front (also of "0x"). */
int text_parse_signed(text_t text, unsigned base, int64_t min, int64_t max,
                      int64_t *value);

/* Read a span of time: a decimal number and, without a space, its unit: ms, s, m, h or
 * d. A number without a unit is refused, also 0, as is a fraction. Result as above. */
int text_parse_duration(text_t text, uint64_t min_ms, uint64_t max_ms,
                        uint64_t *duration_ms);

/* Whether `name` may become a name that people see and type: valid UTF-8, at least one
 * byte, no control character (utf8_is_control) and no blank at either end.
 * MK_OK; MK_ETOOBIG: more than `max_size` bytes; MK_EINVAL: anything else, and
 * `*bad_at`, unless NULL, is the offset of the first byte refused. */
int text_check_name(text_t name, size_t max_size, size_t *bad_at);

#endif
