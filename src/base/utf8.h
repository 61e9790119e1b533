/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - UTF-8: decode, check, encode, and how wide it is on a terminal.
 *
 * Strict as the Unicode Standard demands (section 3.9, table 3-7): no overlong forms,
 * no surrogates, nothing above U+10FFFF. Nothing allocates. */
#ifndef MK_BASE_UTF8_H
#define MK_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    UTF8_MAX_SIZE = 4,         /* bytes of the longest character */
    UTF8_REPLACEMENT = 0xFFFD, /* what is shown for what is not UTF-8 */
};

typedef enum {
    UTF8_OK,         /* a character */
    UTF8_INVALID,    /* bytes that begin none, whatever follows */
    UTF8_INCOMPLETE, /* a good beginning that ends with the bytes given, or no byte */
} utf8_status_t;

typedef struct {
    utf8_status_t status; /* what was found */
    uint32_t scalar;      /* the character; UTF8_REPLACEMENT unless UTF8_OK */
    size_t size;          /* bytes it took: 1..4, or 1..3 that are one fault; 0 of 0 */
} utf8_char_t;

/* The character at the front of `bytes`. A fault takes the longest beginning of a
 * character that is there, at least one byte, so that each is shown as one replacement
 * ("maximal subpart", section 3.9). */
utf8_char_t utf8_decode(const char *bytes, size_t size);

/* Bytes at the front that are valid; `size` when all are. */
size_t utf8_valid_size(const char *bytes, size_t size);

/* A check of text that comes in pieces; all zero is its beginning. */
typedef struct {
    uint8_t left; /* bytes that the character begun still needs; 255 after a fault */
    uint8_t min;  /* lowest next byte, while left > 0 */
    uint8_t max;  /* highest */
} utf8_check_t;

/* Add a piece. False at the first byte that no character has there, and from then on.
 */
bool utf8_check_add(utf8_check_t *check, const char *bytes, size_t size);

/* The pieces so far do not end inside a character. */
static inline bool utf8_check_is_whole(const utf8_check_t *check) {
    return check->left == 0;
}

/* Write a scalar to `bytes`, which has room for UTF8_MAX_SIZE. The bytes written, or 0
 * when `scalar` is a surrogate or above U+10FFFF. */
size_t utf8_encode(uint32_t scalar, char *bytes);

/* Characters that steer a terminal or hide what a line says, and so must not reach one
 * from outside: C0, DEL, C1, the line and paragraph separators, and the embeddings,
 * overrides and isolates that reorder text (U+202A..202E, U+2066..2069). */
bool utf8_is_control(uint32_t scalar);

/* Columns that a character takes: 0 for controls, combining marks, joiners, variation
 * selectors; 2 for East Asian wide characters and emoji; else 1 (Unicode 14.0). */
unsigned utf8_width(uint32_t scalar);

/* Columns of a text: the sum over its characters, one for each fault. That is what
 * terminals do which know nothing of emoji sequences; the others draw those narrower.
 */
size_t utf8_text_width(const char *bytes, size_t size);

/* A cell is what the cursor steps over: a character with the marks, joined emoji and
 * modifiers that follow it, a pair of regional indicators (a flag), or a fault.
 * The offset behind the cell that begins at `at`; `size` at the end. */
size_t utf8_next_cell(const char *bytes, size_t size, size_t at);

/* The offset of the cell that ends at, or contains what stands before, `at`; 0 at the
 * beginning. */
size_t utf8_previous_cell(const char *bytes, size_t size, size_t at);

#endif
