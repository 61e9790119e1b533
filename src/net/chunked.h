/* SPDX-License-Identifier: Apache-2.0 */
/* chunked.h - the chunked transfer coding, both ways (RFC 9112, section 7.1).
 *
 * Pure and incremental. Strict: a size is hexadecimal digits and nothing else, each
 * line ends in CR LF, a trailer names nothing that decides about the message. */
#ifndef MK_NET_CHUNKED_H
#define MK_NET_CHUNKED_H

#include "base/text.h"
#include "net/http_fields.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t left;          /* bytes of data that the chunk still has */
    uint32_t excess;        /* bytes of extensions beyond bytes of data */
    uint8_t state;          /* see chunked.c */
    uint8_t fault;          /* http_fault_t; why HTTP_BAD */
    http_fields_t trailers; /* the section at the end */
} chunked_t;

/* Begin a body. Its trailers go to `store`, which has HTTP_FIELDS_STORE(size_max) bytes
 * and is borrowed until they are no longer needed; `size_max` 2 and `count_max` 0
 * refuse any. */
void chunked_init(chunked_t *chunked, char *store, size_t size_max, uint16_t count_max);

/* Take bytes off the front of `*input`. HTTP_PART: `*data`, a part of the input,
 * belongs to the body (1 byte or more). HTTP_END: the body and its trailers are
 * complete. */
http_step_t chunked_next(chunked_t *chunked, text_t *input, text_t *data);

/* The trailers as a list (http_headers.h), behind HTTP_END. */
text_t chunked_trailers(const chunked_t *chunked);

enum {
    CHUNKED_HEAD_MAX = 18, /* bytes before a chunk: 16 digits, CR, LF */
    CHUNKED_TAIL_SIZE = 2, /* bytes behind it: CR LF */
    CHUNKED_LAST_SIZE = 3, /* "0" CR LF, then trailers, then CR LF */
};

/* Write what stands before a chunk of `size` bytes, > 0; how many bytes that is. Behind
 * the data comes CR LF; behind the last chunk, "0" CR LF CR LF. */
size_t chunked_write_head(uint64_t size, char bytes[CHUNKED_HEAD_MAX]);

#endif
