/* SPDX-License-Identifier: Apache-2.0 */
/* http_fields.h - a section of fields, from its first byte to the empty line (RFC 9112,
 * section 5). Headers and trailers are such sections.
 *
 * Pure and incremental: bytes may come in any pieces, the outcome is the same. The
 * fields are copied to the caller's store in the form of http_headers.h. */
#ifndef MK_NET_HTTP_FIELDS_H
#define MK_NET_HTTP_FIELDS_H

#include "base/text.h"
#include "net/http_fault.h"

#include <stddef.h>
#include <stdint.h>

/* What a step of one of the HTTP machines came to. */
typedef enum {
    HTTP_MORE, /* all input is taken; more is needed */
    HTTP_PART, /* a piece: a field, or bytes of a body */
    HTTP_END,  /* it is complete; the input behind it is left */
    HTTP_BAD,  /* refused, for ever; the input from the bad byte on is left */
} http_step_t;

/* Bytes of store that a section of at most `size_max` wire bytes can need: one more
 * while the blank behind a colon has not come. */
#define HTTP_FIELDS_STORE(size_max) ((size_max) + 2)

typedef struct {
    char *store;        /* the caller's */
    size_t size;        /* bytes of it used */
    size_t begin;       /* offset where the section begins; before it is the caller's */
    size_t line;        /* offset of the field being read, or of the last one */
    size_t name_size;   /* bytes of its name, once its colon came */
    size_t left;        /* wire bytes that may still come */
    uint16_t count;     /* fields complete */
    uint16_t count_max; /* most of them */
    uint8_t state;      /* see http_fields.c */
    uint8_t fault;      /* http_fault_t; why HTTP_BAD */
} http_fields_t;

/* Begin a section. It is stored from `used` on in `store`, which has room for
 * HTTP_FIELDS_STORE(size_max) bytes more. */
static inline void http_fields_init(http_fields_t *fields, char *store, size_t used,
                                    size_t size_max, uint16_t count_max) {
    *fields = (http_fields_t){.store = store,
                              .size = used,
                              .begin = used,
                              .line = used,
                              .left = size_max,
                              .count_max = count_max};
}

/* Take bytes off the front of `*input`. HTTP_PART: a field is complete. */
http_step_t http_fields_next(http_fields_t *fields, text_t *input);

/* The last complete field. Valid behind HTTP_PART. */
static inline text_t http_fields_name(const http_fields_t *fields) {
    return text_make(fields->store + fields->line, fields->name_size);
}
static inline text_t http_fields_value(const http_fields_t *fields) {
    size_t begin = fields->line + fields->name_size + 2;
    return text_make(fields->store + begin, fields->size - 1 - begin);
}

/* All fields as a list. Valid behind HTTP_PART and HTTP_END. */
static inline text_t http_fields_list(const http_fields_t *fields) {
    return text_make(fields->store + fields->begin, fields->size - fields->begin);
}

#endif
