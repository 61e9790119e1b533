/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c - UTF-8 by the table of well-formed sequences, widths by a table of ranges.
 *
 * Decoding checks each byte against the range that table 3-7 of the Unicode Standard
 * allows at its place: only the second byte's range depends on the first, and that is
 * what shuts out overlong forms and surrogates. A state machine with a table per byte
 * would be faster on long texts; ours are names and lines.
 *
 * Widths come from utf8_width.def, made by utf8_width.py, which states the facts used.
 * The C library's wcwidth was rejected: it follows the locale and is missing on chips.
 * A range is stored as two 16-bit numbers, so the tables are split at U+10000;
 * everything from U+20000 on is regular enough for two comparisons.
 *
 * Cells follow the idea of UAX #29 with what a line editor needs of it. Invariant: the
 * cells of a text are those found by stepping from its beginning. An ASCII character
 * always begins a cell, so stepping back starts at the last one before the place. */
#include "base/utf8.h"

#include <string.h>

/* --- one character --- */

typedef struct {
    uint8_t first;      /* lowest lead byte of the row */
    uint8_t last;       /* highest lead byte */
    uint8_t size;       /* bytes of the character */
    uint8_t second_min; /* lowest second byte; the others are 80..BF */
    uint8_t second_max; /* highest second byte */
} sequence_t;

/* Table 3-7 of the Unicode Standard, without its ASCII row. */
static const sequence_t sequences[] = {
    {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF}, {0xED, 0xED, 3, 0x80, 0x9F},
    {0xEE, 0xEF, 3, 0x80, 0xBF}, {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
};

static const sequence_t *find_sequence(uint8_t lead) {
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        if (lead >= sequences[i].first && lead <= sequences[i].last)
            return &sequences[i];
    }
    return NULL;
}

static utf8_char_t fault(utf8_status_t status, size_t size) {
    return (utf8_char_t){status, UTF8_REPLACEMENT, size};
}

utf8_char_t utf8_decode(const char *bytes, size_t size) {
    if (size == 0) return fault(UTF8_INCOMPLETE, 0);
    uint8_t lead = (uint8_t)bytes[0];
    if (lead < 0x80) return (utf8_char_t){UTF8_OK, lead, 1};
    const sequence_t *row = find_sequence(lead);
    if (row == NULL) return fault(UTF8_INVALID, 1);
    uint32_t scalar = lead & (0x7Fu >> row->size);
    for (size_t i = 1; i < row->size; i++) {
        if (i == size) return fault(UTF8_INCOMPLETE, i);
        uint8_t byte = (uint8_t)bytes[i];
        uint8_t min = i == 1 ? row->second_min : 0x80;
        uint8_t max = i == 1 ? row->second_max : 0xBF;
        if (byte < min || byte > max) return fault(UTF8_INVALID, i);
        scalar = scalar << 6 | (byte & 0x3Fu);
    }
    return (utf8_char_t){UTF8_OK, scalar, row->size};
}

size_t utf8_valid_size(const char *bytes, size_t size) {
    size_t at = 0;
    while (at < size) {
        utf8_char_t c = utf8_decode(bytes + at, size - at);
        if (c.status != UTF8_OK) break;
        at += c.size;
    }
    return at;
}

/* ASCII is passed over eight bytes at a time: most text is that. */
static size_t skip_ascii(const char *bytes, size_t size, size_t at) {
    while (size - at >= 8) {
        uint64_t word;
        memcpy(&word, bytes + at, 8);
        if ((word & UINT64_C(0x8080808080808080)) != 0) break;
        at += 8;
    }
    while (at < size && (uint8_t)bytes[at] < 0x80)
        at++;
    return at;
}

bool utf8_check_add(utf8_check_t *check, const char *bytes, size_t size) {
    size_t at = 0;
    if (check->left == 255) return false;
    while (at < size) {
        if (check->left == 0) {
            at = skip_ascii(bytes, size, at);
            if (at == size) break;
            const sequence_t *row = find_sequence((uint8_t)bytes[at++]);
            *check = row == NULL ? (utf8_check_t){255, 0, 0}
                                 : (utf8_check_t){(uint8_t)(row->size - 1),
                                                  row->second_min, row->second_max};
            if (row == NULL) return false;
            continue;
        }
        uint8_t byte = (uint8_t)bytes[at++];
        bool is_good = byte >= check->min && byte <= check->max;
        *check = (utf8_check_t){is_good ? (uint8_t)(check->left - 1) : 255, 0x80, 0xBF};
        if (!is_good) return false;
    }
    return true;
}

size_t utf8_encode(uint32_t scalar, char *bytes) {
    if (scalar < 0x80) {
        bytes[0] = (char)scalar;
        return 1;
    }
    if ((scalar >= 0xD800 && scalar <= 0xDFFF) || scalar > 0x10FFFF) return 0;
    size_t size = scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        bytes[i] = (char)(uint8_t)(0x80u | (scalar & 0x3Fu));
        scalar >>= 6;
    }
    bytes[0] = (char)(uint8_t)((0xF00u >> size & 0xFFu) | scalar);
    return size;
}

/* --- width --- */

typedef struct {
    uint16_t first; /* low 16 bits of the first scalar of a range */
    uint16_t last;  /* of the last, inclusive */
} range_t;

/* Each table takes its kind of rows from the list and lets the others vanish. */
#define NO_ROW(first, last)
#define ROW(first, last) {first, last},

static const range_t zero_in_plane_0[] = {
#define ZERO0 ROW
#define ZERO1 NO_ROW
#define WIDE0 NO_ROW
#define WIDE1 NO_ROW
#include "base/utf8_width.def"
#undef ZERO0
};

static const range_t zero_in_plane_1[] = {
#define ZERO0 NO_ROW
#undef ZERO1
#define ZERO1 ROW
#include "base/utf8_width.def"
#undef ZERO1
};

static const range_t wide_in_plane_0[] = {
#define ZERO1 NO_ROW
#undef WIDE0
#define WIDE0 ROW
#include "base/utf8_width.def"
#undef WIDE0
};

static const range_t wide_in_plane_1[] = {
#define WIDE0 NO_ROW
#undef WIDE1
#define WIDE1 ROW
#include "base/utf8_width.def"
};

static bool is_in(uint16_t value, const range_t *ranges, size_t len) {
    size_t low = 0;
    while (low < len) { /* the range, if any, is in low..len-1 */
        size_t middle = low + (len - low) / 2;
        if (value > ranges[middle].last) {
            low = middle + 1;
        } else if (value < ranges[middle].first) {
            len = middle;
        } else {
            return true;
        }
    }
    return false;
}

#define IS_IN(scalar, table)                                                           \
    is_in((uint16_t)((scalar)&0xFFFFu), table, sizeof(table) / sizeof(table)[0])

unsigned utf8_width(uint32_t scalar) {
    if (scalar < 0x300)
        return scalar < 0x20 || (scalar >= 0x7F && scalar < 0xA0) ? 0 : 1;
    if (scalar < 0x10000) {
        if (scalar == 0x2028 || scalar == 0x2029) return 0;
        if (IS_IN(scalar, zero_in_plane_0)) return 0;
        return IS_IN(scalar, wide_in_plane_0) ? 2 : 1;
    }
    if (scalar < 0x20000) {
        if (IS_IN(scalar, zero_in_plane_1)) return 0;
        return IS_IN(scalar, wide_in_plane_1) ? 2 : 1;
    }
    if (scalar >= 0x20000 && scalar <= 0x3FFFD) return 2; /* ideographs */
    if (scalar >= 0xE0001 && scalar <= 0xE01EF) return 0; /* tags, selectors */
    return 1;
}

bool utf8_is_control(uint32_t scalar) {
    return scalar < 0x20 || (scalar >= 0x7F && scalar < 0xA0) ||
           (scalar >= 0x2028 && scalar <= 0x202E) ||
           (scalar >= 0x2066 && scalar <= 0x2069);
}

size_t utf8_text_width(const char *bytes, size_t size) {
    size_t width = 0;
    for (size_t at = 0; at < size;) {
        utf8_char_t c = utf8_decode(bytes + at, size - at);
        width += c.status == UTF8_OK ? utf8_width(c.scalar) : 1;
        at += c.size;
    }
    return width;
}

/* --- cells --- */

static bool is_regional_indicator(uint32_t scalar) {
    return scalar >= 0x1F1E6 && scalar <= 0x1F1FF;
}

static bool is_emoji_modifier(uint32_t scalar) {
    return scalar >= 0x1F3FB && scalar <= 0x1F3FF;
}

/* Symbols that a zero-width joiner ties to the one before it: the blocks of arrows,
 * technical signs, shapes, dingbats and emoji. Letters, which Indic scripts write
 * behind a joiner, stay cells of their own. */
static bool is_joinable_symbol(uint32_t scalar) {
    return (scalar >= 0x2190 && scalar <= 0x2BFF) ||
           (scalar >= 0x1F000 && scalar <= 0x1FAFF);
}

enum { ZERO_WIDTH_JOINER = 0x200D };

/* Whether `next` belongs to the cell whose characters so far end in `last`. `count` is
 * how many there are; a flag is complete with two. */
static bool continues_cell(uint32_t last, uint32_t next, size_t count) {
    if (utf8_is_control(last) || utf8_is_control(next)) return false;
    if (utf8_width(next) == 0 || is_emoji_modifier(next)) return true;
    if (last == ZERO_WIDTH_JOINER) return is_joinable_symbol(next);
    return count == 1 && is_regional_indicator(last) && is_regional_indicator(next);
}

size_t utf8_next_cell(const char *bytes, size_t size, size_t at) {
    if (at >= size) return size;
    utf8_char_t c = utf8_decode(bytes + at, size - at);
    at += c.size;
    uint32_t last = c.scalar;
    for (size_t count = 1; at < size && c.status == UTF8_OK; count++) {
        c = utf8_decode(bytes + at, size - at);
        if (c.status != UTF8_OK || !continues_cell(last, c.scalar, count)) break;
        at += c.size;
        last = c.scalar;
    }
    return at;
}

size_t utf8_previous_cell(const char *bytes, size_t size, size_t at) {
    if (at > size) at = size;
    if (at == 0) return 0;
    size_t begin = at - 1;
    while (begin > 0 && (uint8_t)bytes[begin] >= 0x80)
        begin--;
    for (;;) {
        size_t next = utf8_next_cell(bytes, size, begin);
        if (next >= at) return begin;
        begin = next;
    }
}
