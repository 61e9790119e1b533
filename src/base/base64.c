/* SPDX-License-Identifier: Apache-2.0 */
/* base64.c - as hex.c: the first pass judges the whole text, the second cannot fail. */
#include "base/base64.h"

#include "microkernel/error.h"

#include <limits.h>

static const char digits[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0..63, or -1 for a character that is no digit. */
static int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_encode(const void *bytes, size_t size, char *text, size_t cap) {
    const uint8_t *from = bytes;
    if (size > (INT_MAX - 4) / 4 * 3 || cap < BASE64_SIZE(size) + 1) return MK_ETOOBIG;
    char *to = text;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)from[i] << 16;
        if (i + 1 < size) group |= (uint32_t)from[i + 1] << 8;
        if (i + 2 < size) group |= from[i + 2];
        *to++ = digits[group >> 18];
        *to++ = digits[group >> 12 & 63];
        *to++ = i + 1 < size ? digits[group >> 6 & 63] : '=';
        *to++ = i + 2 < size ? digits[group & 63] : '=';
    }
    *to = '\0';
    return (int)(to - text);
}

/* How many '=' end the text: 0, 1 or 2. */
static size_t padding_of(text_t text) {
    if (text.size < 4 || text.bytes[text.size - 1] != '=') return 0;
    return text.bytes[text.size - 2] == '=' ? 2 : 1;
}

static int judge(text_t text, size_t cap, size_t *bad_at) {
    size_t padding = text.size % 4 == 0 ? padding_of(text) : 0;
    size_t digits_len = text.size - padding;
    for (*bad_at = 0; *bad_at < digits_len; ++*bad_at)
        if (value_of(text.bytes[*bad_at]) < 0) return MK_EINVAL;
    if (text.size % 4 != 0) return MK_EBADMSG;
    int spare = padding == 2 ? 15 : padding == 1 ? 3 : 0; /* bits of no byte */
    if (padding > 0 && (value_of(text.bytes[digits_len - 1]) & spare) != 0) {
        *bad_at = digits_len - 1;
        return MK_EINVAL;
    }
    if (cap > INT_MAX) cap = INT_MAX; /* the result is an int */
    if (text.size / 4 * 3 - padding > cap) {
        *bad_at = cap / 3 * 4;
        return MK_ETOOBIG;
    }
    return MK_OK;
}

int base64_decode(text_t text, uint8_t *bytes, size_t cap, size_t *bad_at) {
    size_t nowhere;
    int result = judge(text, cap, bad_at != NULL ? bad_at : &nowhere);
    if (result < 0) return result;
    size_t size = text.size / 4 * 3 - padding_of(text);
    uint32_t group = 0;
    for (size_t i = 0, at = 0; at < size; i++) {
        int value = value_of(text.bytes[i]);
        group = group << 6 | (value < 0 ? 0u : (uint32_t)value);
        if (i % 4 == 0) continue;
        bytes[at++] = (uint8_t)(group >> (6 - 2 * (i % 4)) & 0xFFu);
    }
    return (int)size;
}
