/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c - UTF-8 by the table of well-formed sequences, widths by a table of ranges.
 *
 * Decoding checks each byte against the range that table 3-7 of the Unicode Standard
 * allows at its place: only the second byte's range depends on the first, and that is
 * what shuts out overlong forms and surrogates. A state machine with a table per byte
 * would be faster on long texts; ours are names and lines.
 *
 * Widths come from utf8_width.def, made by utf8_width.py, which states the facts used.
 * The C library's wcwidth was rejected: it follows the locale and is missing on chips. A
 * range is stored as two 16-bit numbers, so the tables are split at U+10000; everything
 * from U+20000 on is regular enough for two comparisons.
 *
 * Cells follow the idea of UAX #29 with what a line editor needs of it. Invariant: the
 * cells of a text are those found by stepping from its beginning. An ASCII character
 * always begins a cell, so stepping back starts at the last one before the place. */
#include "base/utf8.h"

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

/* The .def file lists all ranges; a row outside the half that is being made becomes
 * {1, 0}, an empty range. Rows of the upper half stand behind those of the lower one, so
 * each table is a sorted run with empty rows at one end, which the searches skip. */
