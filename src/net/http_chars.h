/* SPDX-License-Identifier: Apache-2.0 */
/* http_chars.h - which characters may stand where in a message (RFC 9110, section 5).
 */
#ifndef MK_NET_HTTP_CHARS_H
#define MK_NET_HTTP_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    HTTP_TOKEN = 1u << 0,  /* methods, field names */
    HTTP_VALUE = 1u << 1,  /* field values: visible, blank, tab, bytes from 128 on */
    HTTP_TARGET = 1u << 2, /* visible ASCII but for '#', '"', '<', '>': what browsers
                              send raw in a query is let through */
};

extern const uint8_t http_char_classes[256];

static inline bool http_char_is(char c, unsigned classes) {
    return (http_char_classes[(uint8_t)c] & classes) != 0;
}

/* How many characters of a class stand at the front. */
static inline size_t http_chars_run(const char *from, size_t size, unsigned classes) {
    size_t n = 0;
    for (; size - n >= 4; n += 4) { /* four tests, one branch */
        unsigned all = http_char_classes[(uint8_t)from[n]] &
                       http_char_classes[(uint8_t)from[n + 1]] &
                       http_char_classes[(uint8_t)from[n + 2]] &
                       http_char_classes[(uint8_t)from[n + 3]];
        if ((all & classes) == 0) break;
    }
    while (n < size && http_char_is(from[n], classes))
        n++;
    return n;
}

/* The same, and they are copied. */
static inline size_t http_chars_copy(char *to, const char *from, size_t size,
                                     unsigned classes) {
    size_t n = 0;
    for (; size - n >= 4; n += 4) {
        unsigned all = http_char_classes[(uint8_t)from[n]] &
                       http_char_classes[(uint8_t)from[n + 1]] &
                       http_char_classes[(uint8_t)from[n + 2]] &
                       http_char_classes[(uint8_t)from[n + 3]];
        if ((all & classes) == 0) break;
        memcpy(to + n, from + n, 4);
    }
    while (n < size && http_char_is(from[n], classes)) {
        to[n] = from[n];
        n++;
    }
    return n;
}

#endif
