/* SPDX-License-Identifier: Apache-2.0 */
/* http_conditions.h - what the conditions of a GET or HEAD come to for what there is to
 * send (RFC 9110, sections 13 and 14). Pure. */
#ifndef MK_NET_HTTP_CONDITIONS_H
#define MK_NET_HTTP_CONDITIONS_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* What is there. */
typedef struct {
    const char *etag;   /* strong, with its quotes; holds no comma */
    uint64_t changed_s; /* seconds since 1970 of the last change; 0: not known */
    uint64_t now_s;     /* seconds since 1970 */
} http_version_t;

/* The status: 200, 304 or 412. `fields` is the list of the request. Dates that are none
 * count as not there. */
int http_conditions_judge(text_t fields, const http_version_t *version);

/* The Range that is to be respected, with If-Range in mind; empty: the whole. Only of a
 * GET. */
text_t http_conditions_range(text_t fields, const http_version_t *version);

#endif
