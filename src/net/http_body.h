/* SPDX-License-Identifier: Apache-2.0 */
/* http_body.h - the body behind a head, however it is framed, with a ceiling. */
#ifndef MK_NET_HTTP_BODY_H
#define MK_NET_HTTP_BODY_H

#include "net/chunked.h"
#include "net/http_parse.h"

#include <stdint.h>

typedef struct {
    http_framing_t framing;
    uint64_t left;     /* of HTTP_BODY_LENGTH: bytes to come */
    uint64_t room;     /* bytes of data that may still come */
    uint8_t fault;     /* http_fault_t; why HTTP_BAD */
    chunked_t chunked; /* of HTTP_BODY_CHUNKED */
} http_body_t;

/* Begin the body that `head` announces, of at most `size_max` bytes of data. Trailers
 * as in chunked_init(). HTTP_FAULT_NONE, or at once HTTP_FAULT_BODY_LONG when a
 * Content-Length says that it is longer: the answer to a client that waits for 100. */
http_fault_t http_body_init(http_body_t *body, const http_head_t *head,
                            uint64_t size_max, char *trailer_store,
                            size_t trailer_size_max, uint16_t trailer_count_max);

/* Take bytes off the front of `*input`. HTTP_PART: `*data`, a part of the input, 1 byte
 * or more. HTTP_END: complete; call before there is any input, too: a body may be
 * empty.
 */
http_step_t http_body_next(http_body_t *body, text_t *input, text_t *data);

/* The sender closed its side before HTTP_END came. HTTP_END: that was the end of the
 * body; HTTP_BAD: it is cut off. */
http_step_t http_body_close(const http_body_t *body);

#endif
