/* SPDX-License-Identifier: Apache-2.0 */
/* chunked.c - a state for each kind of byte; data is never touched, only measured.
 *
 * Extensions mean nothing to us. They may take no more than MK_HTTP_CHUNK_EXT_MAX bytes
 * over the bytes of data so far: signed chunks of a long upload get through, a peer
 * that sends a kilobyte of extension for each byte of data does not. */
#include "net/chunked.h"

#include "base/check.h"
#include "microkernel/limits.h"
#include "net/http_chars.h"

#include <string.h>

enum {
    AT_SIZE,     /* first digit */
    IN_SIZE,     /* further digits */
    BEFORE_EXT,  /* blanks before ';' */
    IN_EXT,      /* up to CR */
    AT_SIZE_LF,  /* CR of the size line came */
    IN_DATA,     /* `left` bytes */
    AT_DATA_CR,  /* behind them */
    AT_DATA_LF,  /* */
    IN_TRAILERS, /* http_fields has it */
    IS_DONE,
    IS_BAD,
};

void chunked_init(chunked_t *chunked, char *store, size_t size_max,
                  uint16_t count_max) {
    memset(chunked, 0, sizeof *chunked);
    http_fields_init(&chunked->trailers, store, 0, size_max, count_max);
}

static http_step_t refuse(chunked_t *chunked, http_fault_t fault) {
    chunked->fault = (uint8_t)fault;
    chunked->state = IS_BAD;
    return HTTP_BAD;
}

/* 0..15, or 16 for a character that is no digit. */
static unsigned value_of(char c) {
    if (c >= '0' && c <= '9') return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f') return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return (unsigned)(c - 'A') + 10;
    return 16;
}

static http_fault_t take_digit(chunked_t *chunked, unsigned digit) {
    if (chunked->left > UINT64_MAX >> 4) return HTTP_FAULT_CHUNK_SIZE;
    chunked->left = chunked->left << 4 | digit;
    chunked->state = IN_SIZE;
    return HTTP_FAULT_NONE;
}

/* What follows the digits; `c` is none. */
static http_fault_t leave_size(chunked_t *chunked, char c) {
    if (c == '\r')
        chunked->state = AT_SIZE_LF;
    else if (c == ';')
        chunked->state = IN_EXT;
    else if (c == ' ' || c == '\t')
        chunked->state = BEFORE_EXT;
    else
        return c == '\n' ? HTTP_FAULT_LINE_END : HTTP_FAULT_CHUNK_SIZE;
    return HTTP_FAULT_NONE;
}

static http_fault_t take_ext(chunked_t *chunked, char c) {
    if (c == '\r') {
        chunked->state = AT_SIZE_LF;
        return HTTP_FAULT_NONE;
    }
    if (c == '\n') return HTTP_FAULT_LINE_END;
    if (!http_char_is(c, HTTP_VALUE) || chunked->excess >= MK_HTTP_CHUNK_EXT_MAX)
        return HTTP_FAULT_CHUNK_EXT;
    chunked->excess++;
    return HTTP_FAULT_NONE;
}

static void begin_data(chunked_t *chunked) {
    if (chunked->left == 0) {
        chunked->state = IN_TRAILERS;
        return;
    }
    uint64_t spared = chunked->left < chunked->excess ? chunked->left : chunked->excess;
    chunked->excess -= (uint32_t)spared;
    chunked->state = IN_DATA;
}

/* One byte of what surrounds the data. */
static http_fault_t take(chunked_t *chunked, char c) {
    unsigned digit = value_of(c);
    switch (chunked->state) {
    case AT_SIZE:
        if (digit > 15) return c == '\n' ? HTTP_FAULT_LINE_END : HTTP_FAULT_CHUNK_SIZE;
        return take_digit(chunked, digit);
    case IN_SIZE:
        return digit > 15 ? leave_size(chunked, c) : take_digit(chunked, digit);
    case BEFORE_EXT:
        if (c == '\r' || digit <= 15) return HTTP_FAULT_CHUNK_SIZE;
        if (chunked->excess++ >= MK_HTTP_CHUNK_EXT_MAX) return HTTP_FAULT_CHUNK_EXT;
        return leave_size(chunked, c);
    case IN_EXT: return take_ext(chunked, c);
    case AT_SIZE_LF:
        if (c != '\n') return HTTP_FAULT_LINE_END;
        begin_data(chunked);
        return HTTP_FAULT_NONE;
    case AT_DATA_CR:
        if (c != '\r') return HTTP_FAULT_CHUNK_END;
        chunked->state = AT_DATA_LF;
        return HTTP_FAULT_NONE;
    default: /* AT_DATA_LF */
        if (c != '\n') return HTTP_FAULT_CHUNK_END;
        chunked->state = AT_SIZE;
        return HTTP_FAULT_NONE;
    }
}

/* Fields that decide about the message, its target or its end come too late in a
 * trailer; believing them there is how two readers come to disagree. */
static bool is_forbidden(text_t name) {
    static const char *const names[] = {"Content-Length", "Transfer-Encoding",
                                        "Host",           "Connection",
                                        "Expect",         "Trailer"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (text_equals_nocase(name, text_of(names[i]))) return true;
    return false;
}

static http_step_t take_trailers(chunked_t *chunked, text_t *input) {
    for (;;) {
        http_step_t step = http_fields_next(&chunked->trailers, input);
        if (step == HTTP_MORE) return step;
        if (step == HTTP_BAD)
            return refuse(chunked, (http_fault_t)chunked->trailers.fault);
        if (step == HTTP_END) {
            chunked->state = IS_DONE;
            return step;
        }
        if (is_forbidden(http_fields_name(&chunked->trailers)))
            return refuse(chunked, HTTP_FAULT_TRAILER);
    }
}

http_step_t chunked_next(chunked_t *chunked, text_t *input, text_t *data) {
    while (input->size > 0 && chunked->state < IN_TRAILERS) {
        if (chunked->state == IN_DATA) {
            size_t size =
                input->size < chunked->left ? input->size : (size_t)chunked->left;
            *data = text_part(*input, 0, size);
            *input = text_part(*input, size, SIZE_MAX);
            chunked->left -= size;
            if (chunked->left == 0) chunked->state = AT_DATA_CR;
            return HTTP_PART;
        }
        http_fault_t fault = take(chunked, input->bytes[0]);
        if (fault != HTTP_FAULT_NONE) return refuse(chunked, fault);
        *input = text_part(*input, 1, SIZE_MAX);
    }
    if (chunked->state == IN_TRAILERS) return take_trailers(chunked, input);
    if (chunked->state == IS_DONE) return HTTP_END;
    return chunked->state == IS_BAD ? HTTP_BAD : HTTP_MORE;
}

text_t chunked_trailers(const chunked_t *chunked) {
    MK_ASSERT(chunked->state == IS_DONE);
    return http_fields_list(&chunked->trailers);
}

size_t chunked_write_head(uint64_t size, char bytes[CHUNKED_HEAD_MAX]) {
    size_t digits = 1;
    while (digits < 16 && size >> (4 * digits) != 0)
        digits++;
    for (size_t i = 0; i < digits; i++)
        bytes[i] = "0123456789abcdef"[size >> (4 * (digits - 1 - i)) & 15u];
    bytes[digits] = '\r';
    bytes[digits + 1] = '\n';
    return digits + 2;
}
