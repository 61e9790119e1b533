/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - slices and the numbers in them.
 *
 * Numbers are read by hand instead of by strtoull: it needs a NUL behind the digits,
 * accepts blanks and signs where we do not, reads "010" as eight, and reports through
 * errno. One reader of digits serves all callers; it saturates, and the range check of
 * the caller makes a result too large for 64 bits the same error as one out of range.
 */
#include "base/text.h"

#include "base/utf8.h"
#include "microkernel/error.h"

#include <string.h>

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equals_nocase(text_t a, text_t b) {
    if (a.size != b.size) return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.bytes[i]) != lower(b.bytes[i])) return false;
    return true;
}

int text_compare(text_t a, text_t b) {
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.bytes, b.bytes, common) : 0;
    if (order != 0) return order;
    return (a.size > b.size) - (a.size < b.size);
}

bool text_starts_with(text_t text, text_t prefix) {
    return prefix.size <= text.size &&
           text_equals(text_part(text, 0, prefix.size), prefix);
}

bool text_ends_with(text_t text, text_t suffix) {
    return suffix.size <= text.size &&
           text_equals(text_part(text, text.size - suffix.size, suffix.size), suffix);
}

/* strchr() would also find the NUL that ends the set. */
static bool is_one_of(char c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

text_t text_trim(text_t text) {
    while (text.size > 0 && is_one_of(text.bytes[0], TEXT_WHITE_SPACE))
        text = text_part(text, 1, text.size);
    while (text.size > 0 && is_one_of(text.bytes[text.size - 1], TEXT_WHITE_SPACE))
        text.size--;
    return text;
}

bool text_next_word(text_t *rest, const char *separators, text_t *word) {
    size_t begin = 0;
    while (begin < rest->size && is_one_of(rest->bytes[begin], separators))
        begin++;
    size_t end = begin;
    while (end < rest->size && !is_one_of(rest->bytes[end], separators))
        end++;
    *word = text_part(*rest, begin, end - begin);
    *rest = text_part(*rest, end, rest->size);
    return word->size > 0;
}

/* The value of a digit in any base up to 16; 16 or more: none. */
static unsigned digit_value(char c) {
    if (c >= '0' && c <= '9') return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f') return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return (unsigned)(c - 'A') + 10;
    return 16;
}

/* Reads all of `text`; `*is_huge` when the number needs more than 64 bits. */
static int read_digits(text_t text, unsigned base, uint64_t *value, bool *is_huge) {
    bool has_prefix = base != 10 && text.size >= 2 && text.bytes[0] == '0' &&
                      (text.bytes[1] == 'x' || text.bytes[1] == 'X');
    if (has_prefix) text = text_part(text, 2, text.size);
    if (base == 0) base = has_prefix ? 16 : 10;
    if (text.size == 0 || (base != 10 && base != 16)) return MK_EINVAL;
    uint64_t sum = 0;
    *is_huge = false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = digit_value(text.bytes[i]);
        if (digit >= base) return MK_EINVAL;
        if (sum > (UINT64_MAX - digit) / base) *is_huge = true;
        sum = *is_huge ? UINT64_MAX : sum * base + digit;
    }
    *value = sum;
    return MK_OK;
}

int text_parse_unsigned(text_t text, unsigned base, uint64_t min, uint64_t max,
                        uint64_t *value) {
    uint64_t sum;
    bool is_huge;
    int result = read_digits(text, base, &sum, &is_huge);
    if (result < 0) return result;
    if (is_huge || sum < min || sum > max) return MK_EOVERFLOW;
    *value = sum;
    return MK_OK;
}

int text_parse_signed(text_t text, unsigned base, int64_t min, int64_t max,
                      int64_t *value) {
    bool is_negative = text.size > 0 && text.bytes[0] == '-';
    bool has_sign = is_negative || (text.size > 0 && text.bytes[0] == '+');
    if (has_sign) text = text_part(text, 1, text.size);
    uint64_t sum;
    bool is_huge;
    int result = read_digits(text, base, &sum, &is_huge);
    if (result < 0) return result;
    uint64_t most = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);
    if (is_huge || sum > most) return MK_EOVERFLOW;
    /* -(sum - 1) - 1 reaches INT64_MIN without leaving the range of int64_t. */
    int64_t number = is_negative && sum > 0 ? -(int64_t)(sum - 1) - 1 : (int64_t)sum;
    if (number < min || number > max) return MK_EOVERFLOW;
    *value = number;
    return MK_OK;
}

int text_parse_duration(text_t text, uint64_t min_ms, uint64_t max_ms,
                        uint64_t *duration_ms) {
    static const struct {
        const char *name; /* as people write it */
        uint32_t ms;      /* milliseconds in one */
    } units[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
    };
    size_t digits = 0;
    while (digits < text.size && digit_value(text.bytes[digits]) < 10)
        digits++;
    text_t unit = text_part(text, digits, text.size);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!text_is(unit, units[i].name)) continue;
        uint64_t count;
        int result = text_parse_unsigned(text_part(text, 0, digits), 10, 0,
                                         UINT64_MAX / units[i].ms, &count);
        if (result < 0) return result;
        uint64_t total = count * units[i].ms;
        if (total < min_ms || total > max_ms) return MK_EOVERFLOW;
        *duration_ms = total;
        return MK_OK;
    }
    return MK_EINVAL;
}

int text_check_name(text_t name, size_t max_size, size_t *bad_at) {
    size_t nowhere;
    if (bad_at == NULL) bad_at = &nowhere;
    *bad_at = 0;
    if (name.size > max_size) return MK_ETOOBIG;
    if (name.size == 0 || name.bytes[0] == ' ') return MK_EINVAL;
    for (size_t at = 0; at < name.size;) {
        utf8_char_t c = utf8_decode(name.bytes + at, name.size - at);
        *bad_at = at;
        if (c.status != UTF8_OK || utf8_is_control(c.scalar)) return MK_EINVAL;
        at += c.size;
    }
    *bad_at = name.size - 1;
    if (name.bytes[name.size - 1] == ' ') return MK_EINVAL;
    *bad_at = name.size;
    return MK_OK;
}
