/* SPDX-License-Identifier: Apache-2.0 */
/* http_redirect.c - the rules as tables: statuses, and fields that stay behind. */
#include "net/http_redirect.h"

#include "microkernel/error.h"
#include "net/http_headers.h"

bool http_status_redirects(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 ||
           status == 308;
}

/* 303 says "GET that"; after 301 and 302 a POST, and only a POST, became a GET in every
 * browser ever since. */
static bool becomes_get(text_t method, int status) {
    if (status == 303) return !text_is(method, "GET") && !text_is(method, "HEAD");
    return (status == 301 || status == 302) && text_is(method, "POST");
}

int http_redirect(const url_t *from, text_t method, int status, text_t location,
                  char *url, size_t cap, http_redirect_t *redirect, const char **why) {
    url_error_t error = {"", 0};
    int size = url_resolve(from, location, url, cap, &error);
    if (size == MK_EINVAL) *why = error.why;
    if (size == MK_ETOOBIG) *why = "the location is too long";
    if (size < 0) return size;
    url_t to;
    if (url_parse(text_make(url, (size_t)size), &to, &error) < 0) {
        *why = error.why;
        return MK_EINVAL;
    }
    if (to.scheme != URL_HTTP && to.scheme != URL_HTTPS) {
        *why = "the location is of another protocol";
        return MK_EPERM;
    }
    if (from->scheme == URL_HTTPS && to.scheme == URL_HTTP) {
        *why = "the location leads from https to http";
        return MK_EPERM;
    }
    redirect->becomes_get = becomes_get(method, status);
    redirect->leaves_origin = to.scheme != from->scheme ||
                              !url_authority_equals(&to.authority, &from->authority);
    return size;
}

typedef struct {
    const char *name;
    bool is_credential; /* stays behind when the origin is left */
    bool is_of_body;    /* stays behind with the body */
} row_t;

bool http_redirect_keeps(const http_redirect_t *redirect, const char *header) {
    static const row_t rows[] = {
        {"Authorization", true, false},
        {"Cookie", true, false},
        {"Proxy-Authorization", true, false},
        {"Content-Type", false, true},
        {"Content-Encoding", false, true},
        {"Content-Language", false, true},
        {"Content-Location", false, true},
        {"Content-Disposition", false, true},
        {"Digest", false, true},
        {"Content-Digest", false, true},
        {"Repr-Digest", false, true},
        {"Last-Modified", false, true},
    };
    http_field_t field;
    if (http_field_split(text_of(header), &field) < 0) return false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!text_equals_nocase(field.name, text_of(rows[i].name))) continue;
        return !(rows[i].is_credential && redirect->leaves_origin) &&
               !(rows[i].is_of_body && redirect->becomes_get);
    }
    return true;
}
