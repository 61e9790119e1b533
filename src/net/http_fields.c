/* SPDX-License-Identifier: Apache-2.0 */
/* http_fields.c - a state for each place between two kinds of bytes; inside a kind a
 * run is scanned and copied at once.
 *
 * Eight bytes are judged and copied at a time; a word in which one is not as they
 * mostly are tells where that is, and the table says whether it may stand there. Most
 * fields, and the empty line, are whole in the input and are taken without walking
 * through the states; the states tell the same of every other one.
 *
 * What is stored never gets ahead of the wire by more than one byte (": " for ":"; the
 * NUL takes the place of CR LF), so the count of wire bytes bounds the store, also of
 * a word of input that is copied whole. */
#include "net/http_fields.h"

#include "base/check.h"
#include "net/http_chars.h"

#include <string.h>

enum {
    AT_BEGIN,     /* first byte of a line; 0, as http_fields_init leaves it */
    IN_NAME,      /* up to the colon */
    BEFORE_VALUE, /* blanks behind the colon */
    IN_VALUE,     /* up to CR */
    AT_VALUE_LF,  /* CR came */
    AT_LAST_LF,   /* CR came in an empty line */
    IS_DONE,
    IS_BAD,
};

#define EACH(byte) (UINT64_MAX / 255 * (byte)) /* a word of eight such bytes */

/* Eight bytes, the first one in the lowest bits. */
static inline uint64_t word_at(const char *from) {
    const uint8_t *at = (const uint8_t *)from;
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 |
           (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 |
           (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

/* Which byte of a word has the first of the bits 0x80 that are `found`; not 0. */
static inline size_t first_of(uint64_t found) {
#if defined(__GNUC__)
    return (size_t)__builtin_ctzll(found) / 8;
#else
    size_t n = 0;
    for (; (found & 0x80u) == 0; found >>= 8)
        n++;
    return n;
#endif
}

/* The bit 0x80 of each byte of the results says what is so of that byte of `word`; the
 * sums stay within a byte because the addends do.
 *
 * A control character: below 0x20, or 0x7F. */
static inline uint64_t controls_in(uint64_t word) {
    uint64_t low = word & EACH(0x7Fu);
    uint64_t is_good = ((low + EACH(0x60u)) & ~(low + EACH(0x01u))) | word;
    return ~is_good & EACH(0x80u);
}

/* No letter and no '-'. */
static inline uint64_t unusual_in(uint64_t word) {
    uint64_t low = word & EACH(0x7Fu);
    uint64_t letter = low | EACH(0x20u);
    uint64_t is_letter = (letter + EACH(0x80u - 'a')) & ~(letter + EACH(0x7Fu - 'z'));
    uint64_t is_other = (low ^ EACH((unsigned)'-')) + EACH(0x7Fu);
    return ~((is_letter | ~is_other) & ~word) & EACH(0x80u);
}

/* The last bytes of the input, less than a word: apart, because words mostly end it. */
static MK_NOINLINE size_t copy_last(char *to, const char *from, size_t size, size_t n,
                                    unsigned classes) {
    return n + http_chars_copy(to + n, from + n, size - n, classes);
}

/* Copy the value characters at the front; how many. Up to `size` bytes are written. */
static inline size_t copy_value(char *to, const char *from, size_t size) {
    size_t n = 0;
    while (size - n >= 8) {
        uint64_t found = controls_in(word_at(from + n));
        memcpy(to + n, from + n, 8);
        if (found == 0) {
            n += 8;
            continue;
        }
        n += first_of(found);
        if (from[n] != '\t') return n;
        n++;
    }
    return copy_last(to, from, size, n, HTTP_VALUE);
}

/* The same for a name. */
static inline size_t copy_name(char *to, const char *from, size_t size) {
    size_t n = 0;
    while (size - n >= 8) {
        uint64_t found = unusual_in(word_at(from + n));
        memcpy(to + n, from + n, 8);
        if (found == 0) {
            n += 8;
            continue;
        }
        n += first_of(found);
        if (!http_char_is(from[n], HTTP_TOKEN)) return n;
        n++;
    }
    return copy_last(to, from, size, n, HTTP_TOKEN);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* A whole field at once, when all of it is there and it looks as they mostly do: one
 * blank behind the colon, none at the end. The bytes taken; 0: none are, and what was
 * written behind the fields means nothing. */
static size_t take_whole(http_fields_t *fields, const char *from, size_t left) {
    enum { LEAST = 5 }; /* ": ", one byte of value and the line's end */
    char *to = fields->store + fields->size;
    size_t name = copy_name(to, from, left);
    if (name == 0 || left - name < LEAST || memcmp(from + name, ": ", 2) != 0) return 0;
    size_t begin = name + 2;
    memcpy(to + name, ": ", 2);
    size_t end = begin + copy_value(to + begin, from + begin, left - begin);
    if (end == begin || left - end < 2 || memcmp(from + end, "\r\n", 2) != 0 ||
        is_blank(from[begin]) || is_blank(from[end - 1]))
        return 0;
    to[end] = '\0';
    fields->line = fields->size;
    fields->name_size = name;
    fields->size += end + 1;
    fields->count++;
    return end + 2;
}

static void trim_value(http_fields_t *fields) {
    size_t begin = fields->line + fields->name_size + 2;
    while (fields->size > begin && is_blank(fields->store[fields->size - 1]))
        fields->size--;
}

static http_fault_t fault_at_begin(char c) {
    if (is_blank(c)) return HTTP_FAULT_FOLDED;
    return c == '\n' ? HTTP_FAULT_LINE_END : HTTP_FAULT_NAME;
}

/* Walk from `*at` to `end`, at most to the end of a field. */
static http_step_t walk(http_fields_t *fields, const char **at, const char *end) {
    for (;;) {
        if (*at == end) return HTTP_MORE;
        size_t n;
        switch (fields->state) {
        case AT_BEGIN:
            fields->fault = HTTP_FAULT_NONE;
            if (**at == '\r') {
                fields->state = AT_LAST_LF;
                ++*at;
                break;
            }
            if (!http_char_is(**at, HTTP_TOKEN))
                fields->fault = (uint8_t)fault_at_begin(**at);
            else if (fields->count == fields->count_max)
                fields->fault = HTTP_FAULT_FIELDS_MANY;
            if (fields->fault != HTTP_FAULT_NONE) return HTTP_BAD;
            fields->line = fields->size;
            fields->state = IN_NAME;
            /* fall through */
        case IN_NAME:
            n = copy_name(fields->store + fields->size, *at, (size_t)(end - *at));
            fields->size += n;
            *at += n;
            if (*at == end) return HTTP_MORE;
            if (**at != ':') {
                fields->fault = HTTP_FAULT_NAME;
                return HTTP_BAD;
            }
            ++*at;
            fields->name_size = fields->size - fields->line;
            fields->store[fields->size++] = ':';
            fields->store[fields->size++] = ' ';
            fields->state = BEFORE_VALUE;
            break;
        case BEFORE_VALUE:
            if (is_blank(**at)) {
                ++*at;
                break;
            }
            fields->state = IN_VALUE;
            /* fall through */
        case IN_VALUE:
            n = copy_value(fields->store + fields->size, *at, (size_t)(end - *at));
            fields->size += n;
            *at += n;
            if (*at == end) return HTTP_MORE;
            if (**at != '\r') {
                fields->fault = **at == '\n' ? HTTP_FAULT_LINE_END : HTTP_FAULT_VALUE;
                return HTTP_BAD;
            }
            ++*at;
            trim_value(fields);
            fields->state = AT_VALUE_LF;
            break;
        case AT_VALUE_LF:
        case AT_LAST_LF:
            if (**at != '\n') {
                fields->fault = HTTP_FAULT_LINE_END;
                return HTTP_BAD;
            }
            ++*at;
            if (fields->state == AT_LAST_LF) {
                fields->state = IS_DONE;
                return HTTP_END;
            }
            fields->store[fields->size++] = '\0';
            fields->count++;
            fields->state = AT_BEGIN;
            return HTTP_PART;
        case IS_DONE: return HTTP_END;
        default: return HTTP_BAD;
        }
    }
}

static void take(http_fields_t *fields, text_t *input, size_t size) {
    input->bytes += size;
    input->size -= size;
    fields->left -= size;
}

/* State by state, whatever there is. */
static MK_NOINLINE http_step_t take_some(http_fields_t *fields, text_t *input) {
    if (fields->state >= IS_DONE) return fields->state == IS_DONE ? HTTP_END : HTTP_BAD;
    size_t size = input->size < fields->left ? input->size : fields->left;
    const char *at = input->bytes;
    http_step_t step = size > 0 ? walk(fields, &at, at + size) : HTTP_MORE;
    if (size > 0) take(fields, input, (size_t)(at - input->bytes));
    if (step == HTTP_MORE && fields->left == 0) {
        fields->fault = HTTP_FAULT_FIELDS_LONG;
        step = HTTP_BAD;
    }
    if (step == HTTP_BAD) fields->state = IS_BAD;
    return step;
}

/* A field, if possible at once. */
static MK_NOINLINE http_step_t take_field(http_fields_t *fields, text_t *input,
                                          size_t size) {
    size_t taken = 0;
    if (fields->count < fields->count_max)
        taken = take_whole(fields, input->bytes, size);
    if (taken == 0) return take_some(fields, input);
    take(fields, input, taken);
    return HTTP_PART;
}

http_step_t http_fields_next(http_fields_t *fields, text_t *input) {
    size_t size = input->size < fields->left ? input->size : fields->left;
    if (fields->state != AT_BEGIN || size < 2) return take_some(fields, input);
    if (memcmp(input->bytes, "\r\n", 2) != 0) return take_field(fields, input, size);
    fields->state = IS_DONE;
    take(fields, input, 2);
    return HTTP_END;
}
