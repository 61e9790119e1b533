/* SPDX-License-Identifier: Apache-2.0 */
/* http_fields.c - a state for each place between two kinds of bytes; inside a kind a
 * run is scanned and copied at once.
 *
 * Most bytes of a message are values, so those are judged eight at a time: a word with
 * a byte below 0x20 or equal to 0x7F goes the slow way, byte by byte, which also serves
 * the tab. The tests on words hold in either byte order, because they only ask whether
 * there is such a byte.
 *
 * What is stored never gets ahead of the wire by more than one byte (": " for ":"; the
 * NUL takes the place of CR LF), so the count of wire bytes bounds the store. */
#include "net/http_fields.h"

#include "net/http_chars.h"

#include <string.h>

enum {
    AT_BEGIN,     /* first byte of a line */
    IN_NAME,      /* up to the colon */
    BEFORE_VALUE, /* blanks behind the colon */
    IN_VALUE,     /* up to CR */
    AT_VALUE_LF,  /* CR came */
    AT_LAST_LF,   /* CR came in an empty line */
    IS_DONE,
    IS_BAD,
};

#define EACH(byte) (UINT64_MAX / 255 * (byte)) /* a word of eight such bytes */

void http_fields_init(http_fields_t *fields, char *store, size_t used, size_t size_max,
                      uint16_t count_max) {
    *fields = (http_fields_t){store,    used, used,      used,     0,
                              size_max, 0,    count_max, AT_BEGIN, HTTP_FAULT_NONE};
}

/* The bits 0x80 of a result are set in some byte exactly if some byte of `word` is
 * below 0x20 or 0x7F. */
static inline uint64_t controls_in(uint64_t word) {
    uint64_t del = word ^ EACH(0x7Fu);
    return ((word - EACH(0x20u)) & ~word) | ((del - EACH(0x01u)) & ~del);
}

/* Copy the value characters at the front; how many. */
static size_t copy_value(char *to, const char *from, size_t size) {
    size_t n = 0;
    while (size - n >= 16) {
        uint64_t words[2];
        memcpy(words, from + n, 16);
        uint64_t found = controls_in(words[0]) | controls_in(words[1]);
        if ((found & EACH(0x80u)) != 0) break;
        memcpy(to + n, words, 16);
        n += 16;
    }
    if (size - n >= 8) {
        uint64_t word;
        memcpy(&word, from + n, 8);
        if ((controls_in(word) & EACH(0x80u)) == 0) {
            memcpy(to + n, &word, 8);
            n += 8;
        }
    }
    while (n < size && http_char_is(from[n], HTTP_VALUE)) {
        to[n] = from[n];
        n++;
    }
    return n;
}

static size_t copy_name(char *to, const char *from, size_t size) {
    size_t n = 0;
    for (; size - n >= 4; n += 4) { /* four tests, one branch */
        unsigned all = http_char_classes[(uint8_t)from[n]] &
                       http_char_classes[(uint8_t)from[n + 1]] &
                       http_char_classes[(uint8_t)from[n + 2]] &
                       http_char_classes[(uint8_t)from[n + 3]];
        if ((all & HTTP_TOKEN) == 0) break;
        memcpy(to + n, from + n, 4);
    }
    while (n < size && http_char_is(from[n], HTTP_TOKEN)) {
        to[n] = from[n];
        n++;
    }
    return n;
}

static void trim_value(http_fields_t *fields) {
    size_t begin = fields->line + fields->name_size + 2;
    while (fields->size > begin && (fields->store[fields->size - 1] == ' ' ||
                                    fields->store[fields->size - 1] == '\t'))
        fields->size--;
}

static http_fault_t fault_at_begin(char c) {
    if (c == ' ' || c == '\t') return HTTP_FAULT_FOLDED;
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
            if (**at == ' ' || **at == '\t') {
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

http_step_t http_fields_next(http_fields_t *fields, text_t *input) {
    if (fields->state >= IS_DONE) return fields->state == IS_DONE ? HTTP_END : HTTP_BAD;
    size_t size = input->size < fields->left ? input->size : fields->left;
    const char *at = input->bytes;
    http_step_t step = size == 0 ? HTTP_MORE : walk(fields, &at, at + size);
    size_t taken = size == 0 ? 0 : (size_t)(at - input->bytes);
    *input = text_part(*input, taken, SIZE_MAX);
    fields->left -= taken;
    if (step == HTTP_MORE && fields->left == 0) {
        fields->fault = HTTP_FAULT_FIELDS_LONG;
        step = HTTP_BAD;
    }
    if (step == HTTP_BAD) fields->state = IS_BAD;
    return step;
}

text_t http_fields_name(const http_fields_t *fields) {
    return text_make(fields->store + fields->line, fields->name_size);
}

text_t http_fields_value(const http_fields_t *fields) {
    size_t begin = fields->line + fields->name_size + 2;
    return text_make(fields->store + begin, fields->size - 1 - begin);
}

text_t http_fields_list(const http_fields_t *fields) {
    return text_make(fields->store + fields->begin, fields->size - fields->begin);
}
