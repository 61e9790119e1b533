/* SPDX-License-Identifier: Apache-2.0 */
/* hex.c - two passes: the first judges the whole text, the second cannot fail. One pass
 * would leave half a result behind when a bad digit comes late. */
#include "base/hex.h"

#include "microkernel/error.h"

#include <limits.h>

/* 0..15, or -1 for a character that is no digit. */
static int value_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

int hex_encode(const void *bytes, size_t size, char *text, size_t cap) {
    const uint8_t *from = bytes;
    if (size > (INT_MAX - 1) / 2 || cap < 2 * size + 1) return MK_ETOOBIG;
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = "0123456789abcdef"[from[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[from[i] & 15u];
    }
    text[2 * size] = '\0';
    return (int)(2 * size);
}

static int judge(text_t text, size_t cap, size_t *bad_at) {
    for (*bad_at = 0; *bad_at < text.size; ++*bad_at)
        if (value_of(text.bytes[*bad_at]) < 0) return MK_EINVAL;
    if (text.size % 2 != 0) return MK_EBADMSG;
    if (cap > INT_MAX) cap = INT_MAX; /* the result is an int */
    if (text.size / 2 > cap) {
        *bad_at = 2 * cap;
        return MK_ETOOBIG;
    }
    return MK_OK;
}

int hex_decode(text_t text, uint8_t *bytes, size_t cap, size_t *bad_at) {
    size_t nowhere;
    int result = judge(text, cap, bad_at != NULL ? bad_at : &nowhere);
    if (result < 0) return result;
    for (size_t i = 0; i < text.size / 2; i++) {
        int high = value_of(text.bytes[2 * i]);
        int low = value_of(text.bytes[2 * i + 1]);
        bytes[i] = (uint8_t)(high * 16 + low);
    }
    return (int)(text.size / 2);
}
