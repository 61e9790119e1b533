/* SPDX-License-Identifier: Apache-2.0 */
/* writer.c - bounded text, and a small printf of our own.
 *
 * snprintf was rejected: small C libraries leave out %zu, %llu or all 64-bit numbers,
 * its result must be checked at each call to notice a cut, and it counts bytes where a
 * table on a terminal needs columns.
 *
 * Invariants: (1) size < cap, or both are 0; (2) bytes[size] is NUL when cap > 0;
 * (3) once has_overflowed is set, the text does not change until reset or rewind.
 * Everything that may be cut goes through put_cut(), everything that may not (an
 * escape, a number) through put_whole(). */
#include "base/writer.h"

#include "base/utf8.h"
#include "microkernel/error.h"

#include <limits.h>
#include <string.h>

enum {
    MAX_WIDTH = 4095, /* columns a format may ask for; more is taken as this */
    DIGITS_SIZE = 20, /* UINT64_MAX in decimal */
};

static size_t room_of(const mk_writer_t *w) {
    return w->cap > 0 ? w->cap - 1 - w->size : 0;
}

/* `size` bytes are known to fit. memmove: a text may come from the same buffer. */
static void put_fitting(mk_writer_t *w, const char *bytes, size_t size) {
    if (size == 0) return;
    memmove(w->bytes + w->size, bytes, size);
    w->size += size;
    w->bytes[w->size] = '\0';
}

static void put_whole(mk_writer_t *w, const char *bytes, size_t size) {
    if (w->has_overflowed) return;
    if (size > room_of(w)) {
        w->has_overflowed = true;
        return;
    }
    put_fitting(w, bytes, size);
}

/* The most bytes, up to `limit`, of which no character is cut: the beginning of a
 * character right before the limit is left out, bytes that begin none are not. */
static size_t cut_between_characters(const char *bytes, size_t size, size_t limit) {
    if (limit >= size) return size;
    size_t lead = limit;
    while (lead > 0 && limit - lead < UTF8_MAX_SIZE - 1 &&
           ((uint8_t)bytes[lead] & 0xC0u) == 0x80u)
        lead--;
    utf8_char_t c = utf8_decode(bytes + lead, size - lead);
    return c.status == UTF8_OK && lead + c.size > limit ? lead : limit;
}

static void put_cut(mk_writer_t *w, const char *bytes, size_t size) {
    if (w->has_overflowed) return;
    size_t fitting = cut_between_characters(bytes, size, room_of(w));
    if (fitting < size) w->has_overflowed = true;
    put_fitting(w, bytes, fitting);
}

void writer_init(mk_writer_t *w, char *bytes, size_t cap) {
    *w = (mk_writer_t){bytes, cap, 0, false};
    if (cap > 0) bytes[0] = '\0';
}

void writer_reset(mk_writer_t *w) {
    writer_init(w, w->bytes, w->cap);
}

void writer_rewind(mk_writer_t *w, size_t size) {
    MK_ASSERT(size <= w->size);
    w->size = size;
    w->has_overflowed = false;
    if (w->cap > 0) w->bytes[size] = '\0';
}

int writer_result(const mk_writer_t *w) {
    if (w->has_overflowed || w->size > INT_MAX) return MK_EFULL;
    return (int)w->size;
}

void writer_char(mk_writer_t *w, char c) {
    put_whole(w, &c, 1);
}

void writer_str(mk_writer_t *w, const char *text) {
    writer_slice(w, text_of(text));
}

void writer_bytes(mk_writer_t *w, const char *bytes, size_t size) {
    put_cut(w, bytes, size);
}

void writer_slice(mk_writer_t *w, text_t text) {
    put_cut(w, text.bytes, text.size);
}

void writer_repeat(mk_writer_t *w, char c, size_t count) {
    if (w->has_overflowed) return;
    size_t fitting = count < room_of(w) ? count : room_of(w);
    if (fitting < count) w->has_overflowed = true;
    if (fitting == 0) return;
    memset(w->bytes + w->size, (unsigned char)c, fitting);
    w->size += fitting;
    w->bytes[w->size] = '\0';
}

/* The digits of `value`, right-aligned in `digits`; returns how many. */
static size_t format_digits(uint64_t value, unsigned base, char *digits) {
    size_t count = 0;
    do {
        count++;
        digits[DIGITS_SIZE - count] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    return count;
}

static uint64_t magnitude_of(int64_t value) {
    return value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
}

/* What one conversion of a format asks for; all zero is a plain number. */
typedef struct {
    bool is_left;    /* fill behind */
    bool is_zero;    /* fill with zeros, between sign and digits */
    size_t width;    /* columns at least */
    bool has_limit;  /* a precision was given */
    size_t limit;    /* most bytes of a string */
    unsigned longs;  /* number of l: 0, 1, 2 */
    bool is_size;    /* z */
    char conversion; /* the letter */
} spec_t;

/* Sign, zeros and digits are one piece: a cut number would be another number. */
static void put_number(mk_writer_t *w, uint64_t magnitude, bool is_negative,
                       unsigned base, const spec_t *spec) {
    char digits[DIGITS_SIZE];
    size_t count = format_digits(magnitude, base, digits);
    size_t used = count + (is_negative ? 1 : 0);
    size_t fill = spec->width > used ? spec->width - used : 0;
    size_t zeros = spec->is_zero && !spec->is_left ? fill : 0;
    size_t blanks = fill - zeros;
    if (!spec->is_left) writer_repeat(w, ' ', blanks);
    if (used + zeros > room_of(w)) w->has_overflowed = true;
    if (is_negative) writer_char(w, '-');
    writer_repeat(w, '0', zeros);
    put_whole(w, digits + DIGITS_SIZE - count, count);
    if (spec->is_left) writer_repeat(w, ' ', blanks);
}

void writer_unsigned(mk_writer_t *w, uint64_t value) {
    put_number(w, value, false, 10, &(spec_t){0});
}

void writer_signed(mk_writer_t *w, int64_t value) {
    put_number(w, magnitude_of(value), value < 0, 10, &(spec_t){0});
}

void writer_hex(mk_writer_t *w, uint64_t value, unsigned min_digits) {
    if (min_digits > 16) min_digits = 16;
    put_number(w, value, false, 16, &(spec_t){.is_zero = true, .width = min_digits});
}

static size_t fill_of(text_t text, size_t columns) {
    size_t width = utf8_text_width(text.bytes, text.size);
    return columns > width ? columns - width : 0;
}

void writer_left(mk_writer_t *w, text_t text, size_t columns) {
    size_t fill = fill_of(text, columns);
    writer_slice(w, text);
    writer_repeat(w, ' ', fill);
}

void writer_right(mk_writer_t *w, text_t text, size_t columns) {
    writer_repeat(w, ' ', fill_of(text, columns));
    writer_slice(w, text);
}

/* --- escapes --- */

void writer_escaped(mk_writer_t *w, text_t text) {
    for (size_t at = 0; at < text.size && !w->has_overflowed;) {
        utf8_char_t c = utf8_decode(text.bytes + at, text.size - at);
        if (c.status == UTF8_OK && !utf8_is_control(c.scalar)) {
            put_whole(w, text.bytes + at, c.size);
        } else {
            char escape[4 * UTF8_MAX_SIZE];
            for (size_t i = 0; i < c.size; i++) {
                uint8_t byte = (uint8_t)text.bytes[at + i];
                escape[4 * i] = '\\';
                escape[4 * i + 1] = 'x';
                escape[4 * i + 2] = "0123456789abcdef"[byte >> 4];
                escape[4 * i + 3] = "0123456789abcdef"[byte & 15u];
            }
            put_whole(w, escape, 4 * c.size);
        }
        at += c.size;
    }
}

/* The letter behind the backslash of JSON's short escapes; NUL: there is none. */
static char json_short_escape(uint32_t scalar) {
    switch (scalar) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return '\0';
    }
}

static void put_json_unit(mk_writer_t *w, uint32_t unit) {
    char escape[6] = {'\\', 'u'};
    for (size_t i = 0; i < 4; i++)
        escape[2 + i] = "0123456789abcdef"[unit >> (12 - 4 * i) & 15u];
    put_whole(w, escape, sizeof escape);
}

void writer_json(mk_writer_t *w, text_t text) {
    writer_char(w, '"');
    for (size_t at = 0; at < text.size && !w->has_overflowed;) {
        utf8_char_t c = utf8_decode(text.bytes + at, text.size - at);
        char letter = json_short_escape(c.scalar);
        if (letter != '\0') {
            char escape[2] = {'\\', letter};
            put_whole(w, escape, sizeof escape);
        } else if (c.status != UTF8_OK || utf8_is_control(c.scalar)) {
            put_json_unit(w, c.scalar); /* every control is below U+10000 */
        } else {
            put_whole(w, text.bytes + at, c.size);
        }
        at += c.size;
    }
    writer_char(w, '"');
}

/* --- formats --- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static const char *read_digits(const char *at, size_t *number) {
    for (*number = 0; is_digit(*at); at++) {
        *number = *number * 10 + (size_t)(*at - '0');
        if (*number > MAX_WIDTH) *number = MAX_WIDTH;
    }
    return at;
}

/* Takes `.*`'s argument; a va_list in a struct may be handed on by pointer everywhere.
 */
typedef struct {
    va_list list; /* the arguments not taken yet */
} args_t;

/* Reads what stands behind a '%'. The end of it, or NULL when it is not of our subset;
 * then no argument that belongs to it was taken. */
static const char *read_spec(const char *at, args_t *args, spec_t *spec) {
    bool wants_limit_arg = false;
    *spec = (spec_t){0};
    for (; *at == '-' || *at == '0'; at++) {
        if (*at == '-') spec->is_left = true;
        if (*at == '0') spec->is_zero = true;
    }
    at = read_digits(at, &spec->width);
    if (*at == '.') {
        spec->has_limit = true;
        wants_limit_arg = at[1] == '*';
        at = wants_limit_arg ? at + 2 : read_digits(at + 1, &spec->limit);
    }
    for (; *at == 'l' && spec->longs < 2; at++)
        spec->longs++;
    if (*at == 'z' && spec->longs == 0) {
        spec->is_size = true;
        at++;
    }
    spec->conversion = *at;
    bool has_length = spec->longs > 0 || spec->is_size;
    switch (*at) {
    case 'd':
    case 'u':
    case 'x':
        if (spec->has_limit) return NULL;
        break;
    case 's':
        if (has_length) return NULL;
        break;
    case 'c':
        if (has_length || spec->has_limit) return NULL;
        break;
    default: return NULL;
    }
    if (wants_limit_arg) {
        int limit = va_arg(args->list, int);
        spec->has_limit = limit >= 0;
        spec->limit = limit >= 0 ? (size_t)limit : 0;
    }
    return at + 1;
}

static uint64_t take_unsigned(const spec_t *spec, args_t *args) {
    if (spec->is_size) return va_arg(args->list, size_t);
    if (spec->longs == 2) return va_arg(args->list, unsigned long long);
    if (spec->longs == 1) return va_arg(args->list, unsigned long);
    return va_arg(args->list, unsigned);
}

static int64_t take_signed(const spec_t *spec, args_t *args) {
    if (spec->is_size) return va_arg(args->list, ptrdiff_t);
    if (spec->longs == 2) return va_arg(args->list, long long);
    if (spec->longs == 1) return va_arg(args->list, long);
    return va_arg(args->list, int);
}

/* With a limit the argument need not end in NUL. */
static text_t take_text(const spec_t *spec, args_t *args) {
    const char *bytes = va_arg(args->list, const char *);
    if (bytes == NULL) return text_of("(null)");
    if (!spec->has_limit) return text_of(bytes);
    const char *end = spec->limit > 0 ? memchr(bytes, '\0', spec->limit) : bytes;
    if (end != NULL) return text_make(bytes, (size_t)(end - bytes));
    return text_make(bytes, spec->limit);
}

static void put_aligned(mk_writer_t *w, text_t text, const spec_t *spec) {
    if (spec->is_left) {
        writer_left(w, text, spec->width);
    } else {
        writer_right(w, text, spec->width);
    }
}

static void put_argument(mk_writer_t *w, const spec_t *spec, args_t *args) {
    switch (spec->conversion) {
    case 'd': {
        int64_t value = take_signed(spec, args);
        put_number(w, magnitude_of(value), value < 0, 10, spec);
        break;
    }
    case 'u': put_number(w, take_unsigned(spec, args), false, 10, spec); break;
    case 'x': put_number(w, take_unsigned(spec, args), false, 16, spec); break;
    case 's': put_aligned(w, take_text(spec, args), spec); break;
    default: { /* 'c' */
        char c = (char)va_arg(args->list, int);
        put_aligned(w, text_make(&c, 1), spec);
        break;
    }
    }
}

void writer_vformat(mk_writer_t *w, const char *format, va_list list) {
    args_t args;
    va_copy(args.list, list);
    while (*format != '\0') {
        size_t plain = strcspn(format, "%");
        writer_bytes(w, format, plain);
        format += plain;
        if (format[0] == '\0') break;
        if (format[1] == '%') {
            writer_char(w, '%');
            format += 2;
            continue;
        }
        spec_t spec;
        const char *next = read_spec(format + 1, &args, &spec);
        if (next == NULL) {
            writer_str(w, format);
            break;
        }
        put_argument(w, &spec, &args);
        format = next;
    }
    va_end(args.list);
}

void writer_format(mk_writer_t *w, const char *format, ...) {
    va_list args;
    va_start(args, format);
    writer_vformat(w, format, args);
    va_end(args);
}
