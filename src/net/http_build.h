/* SPDX-License-Identifier: Apache-2.0 */
/* http_build.h - the head of a request or response as text.
 *
 * Pure: into the caller's memory, all of it or nothing. Refuses what would let a user's
 * text become a second field or a second message: line ends and control characters
 * anywhere, and the fields that frame a message, which are written here and only here:
 * Content-Length, Transfer-Encoding, Connection and, in a request, Host. */
#ifndef MK_NET_HTTP_BUILD_H
#define MK_NET_HTTP_BUILD_H

#include "base/text.h"
#include "net/http_parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the Connection field says. */
typedef enum {
    HTTP_CONNECTION_DEFAULT, /* no field: the version's default */
    HTTP_CONNECTION_CLOSE,
    HTTP_CONNECTION_KEEP_ALIVE, /* to a peer of HTTP/1.0 */
    HTTP_CONNECTION_UPGRADE,
} http_connection_t;

/* The last headers that were judged good, so that the next message with the same ones
 * need not judge them again. One is for requests or for responses. All zero: none. */
enum { HTTP_HEADERS_MEMO_LEN = 8, HTTP_HEADERS_MEMO_SIZE = 512 };
typedef struct {
    char bytes[HTTP_HEADERS_MEMO_SIZE];    /* in the form of the wire */
    size_t size;                           /* bytes of that */
    size_t len;                            /* headers */
    uint16_t sizes[HTTP_HEADERS_MEMO_LEN]; /* bytes of each, without its line end */
} http_headers_memo_t;

typedef struct {
    const char *method;         /* of a request; else NULL */
    text_t target;              /* of a request; 1 byte or more */
    text_t host;                /* of a request: the value of Host; may be empty */
    int status;                 /* of a response: 100..999 */
    const char *reason;         /* of a response; NULL: the registered one */
    const char *const *headers; /* `headers_len` texts "Name: value" */
    size_t headers_len;
    http_headers_memo_t *memo; /* the caller's; NULL: none */
    text_t ready;           /* fields in the form of the wire, CR LF behind each; from
                               our own hand: not checked */
    http_framing_t framing; /* HTTP_BODY_LENGTH writes content_length, also 0;
                               HTTP_BODY_NONE writes a length of 0 into a response
                               that could have a body */
    uint64_t content_length;
    http_connection_t connection;
} http_message_t;

/* Write the head with its empty line; always HTTP/1.1. The bytes written; or
 *   MK_EINVAL   something is not allowed; `*bad` is the index of the header, or
 *               headers_len for the first line
 *   MK_ETOOBIG  more than `cap` bytes
 * After an error nothing that stands in `bytes` may be used. `bad` may be NULL. */
int http_build(const http_message_t *message, char *bytes, size_t cap, size_t *bad);

/* The registered reason of a status, or "" (RFC 9110, section 15). Static storage. */
const char *http_reason(int status);

#endif
