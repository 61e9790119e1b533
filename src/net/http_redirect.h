/* SPDX-License-Identifier: Apache-2.0 */
/* http_redirect.h - which request follows an answer that points elsewhere (RFC 9110,
 * section 15.4; the rules for methods are those of browsers, which servers expect).
 *
 * Pure. A request that goes to another origin - scheme, host or port - carries no
 * credentials, and none go from https to http at all: that is refused. */
#ifndef MK_NET_HTTP_REDIRECT_H
#define MK_NET_HTTP_REDIRECT_H

#include "base/text.h"
#include "base/url.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    bool becomes_get;   /* the next request is a GET without body */
    bool leaves_origin; /* it goes to another origin: no credentials */
} http_redirect_t;

/* A status that asks a client to look elsewhere by itself: 301, 302, 303, 307, 308. */
bool http_status_redirects(int status);

/* What follows `status` with the field `location` as answer to `method` at `from`. The
 * whole new URL is written to `url` with a NUL. Its bytes; or MK_EINVAL: the location
 * is no URL, MK_EPERM: it leads from https to http or to another protocol, MK_ETOOBIG:
 * more than `cap` bytes. `*why` is a few words about the error; static storage. */
int http_redirect(const url_t *from, text_t method, int status, text_t location,
                  char *url, size_t cap, http_redirect_t *redirect, const char **why);

/* A header, "Name: value", that goes along with the next request. */
bool http_redirect_keeps(const http_redirect_t *redirect, const char *header);

#endif
