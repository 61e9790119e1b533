/* SPDX-License-Identifier: Apache-2.0 */
/* http_ask.h - a request as a user gives it: judged, copied, and made into bytes; and
 * made anew when the answer points elsewhere. Fetches, event streams and WebSockets
 * share it. No I/O. */
#ifndef MK_NET_HTTP_ASK_H
#define MK_NET_HTTP_ASK_H

#include "base/url.h"
#include "base/writer.h"
#include "net/http_build.h"
#include "net/http_client.h"
#include "net/http_redirect.h"

typedef struct {
    char *url_text;       /* owned; `url` borrows from it */
    url_t url;            /* */
    char *unix_path;      /* owned; NULL: none */
    const char **headers; /* owned, with the texts behind them; NULL: none */
    size_t headers_len;
    char *head; /* owned: the last head that was built */
    size_t head_size;
    char method[HTTP_METHOD_MAX + 1];
    char host[URL_HOST_MAX + 1]; /* NUL-terminated, without brackets */
} http_ask_t;

/* What a user gives; all of it is copied. */
typedef struct {
    const char *method; /* NULL: GET */
    const char *url;
    const char *unix_path; /* NULL: none */
    const char *const *headers;
    size_t headers_len;
} http_wish_t;

/* Judge and copy. `schemes_ws`: ws and wss are allowed beside http and https. MK_OK;
 * MK_EINVAL and words in `why`; MK_ENOMEM. After an error there is nothing to free. */
int http_ask_init(http_ask_t *ask, const http_wish_t *wish, bool schemes_ws,
                  mk_writer_t *why);
void http_ask_deinit(http_ask_t *ask);

/* The same request again, without a head. MK_OK or MK_ENOMEM; then there is nothing to
 * free. */
int http_ask_copy(http_ask_t *copy, const http_ask_t *ask);

/* Build the head: the user's headers and `more_len` of ours. Errors as above; the
 * header that is not allowed is named. */
int http_ask_build(http_ask_t *ask, const char *const *more, size_t more_len,
                   http_framing_t framing, uint64_t length,
                   http_connection_t connection, mk_writer_t *why);

/* Become the request that follows `status` with this location. `*redirect` tells
 * whether the body stays behind. MK_OK, or an error and words in `why`; the ask is then
 * as before. The head is built again by the caller. */
int http_ask_redirect(http_ask_t *ask, int status, text_t location,
                      http_redirect_t *redirect, mk_writer_t *why);

/* Point the call at this request. */
void http_ask_fill(const http_ask_t *ask, http_call_t *call);

#endif
