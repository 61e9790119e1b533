/* SPDX-License-Identifier: Apache-2.0 */
/* http_ask.c - copies in few blocks: the URL, the headers with their texts, the head.
 */
#include "net/http_ask.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "net/http_headers.h"

#include <string.h>

static char *copy_text(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = mk_alloc(size);
    if (copy != NULL) memcpy(copy, text, size);
    return copy;
}

static int refuse_url(mk_writer_t *why, text_t url, const url_error_t *error) {
    bool may_have_password =
        text_find(url, '@') < url.size; /* and this may be logged */
    if (may_have_password) {
        writer_str(why, "url: ");
    } else {
        writer_str(why, "url '");
        writer_escaped(why, text_part(url, 0, 60));
        writer_str(why, url.size > 60 ? "...': " : "': ");
    }
    writer_str(why, error->why);
    writer_format(why, " (at byte %u)", (unsigned)error->at);
    return MK_EINVAL;
}

static int set_url(http_ask_t *ask, const char *text, bool schemes_ws,
                   mk_writer_t *why) {
    url_error_t error = {"it is missing", 0};
    url_t url;
    text_t whole = text_of(text);
    if (text == NULL || url_parse(whole, &url, &error) < 0)
        return refuse_url(why, whole, &error);
    if ((url.scheme == URL_WS || url.scheme == URL_WSS) && !schemes_ws) {
        error = (url_error_t){"the scheme has to be http or https", 0};
        return refuse_url(why, whole, &error);
    }
    if (url.path.size + url.query.size + 2 > MK_HTTP_TARGET_MAX) {
        error = (url_error_t){"the path is too long", MK_HTTP_TARGET_MAX};
        return refuse_url(why, whole, &error);
    }
    char *copy = copy_text(text);
    if (copy == NULL) return MK_ENOMEM;
    mk_free(ask->url_text);
    ask->url_text = copy;
    (void)url_parse(text_of(copy), &ask->url, NULL);
    text_t host = ask->url.authority.host;
    memcpy(ask->host, host.bytes, host.size); /* url.h bounds it */
    ask->host[host.size] = '\0';
    return MK_OK;
}

static int copy_headers(http_ask_t *ask, const http_wish_t *wish) {
    if (wish->headers_len == 0) return MK_OK;
    size_t size = wish->headers_len * sizeof(char *);
    for (size_t i = 0; i < wish->headers_len; i++)
        size += strlen(wish->headers[i]) + 1;
    ask->headers = mk_alloc(size);
    if (ask->headers == NULL) return MK_ENOMEM;
    char *to = (char *)(ask->headers + wish->headers_len);
    for (size_t i = 0; i < wish->headers_len; i++) {
        size_t text_size = strlen(wish->headers[i]) + 1;
        memcpy(to, wish->headers[i], text_size);
        ask->headers[i] = to;
        to += text_size;
    }
    ask->headers_len = wish->headers_len;
    return MK_OK;
}

static int set_method(http_ask_t *ask, const char *method, mk_writer_t *why) {
    text_t text = text_of(method != NULL ? method : "GET");
    if (!http_is_token(text) || text.size > HTTP_METHOD_MAX ||
        text_is(text, "CONNECT")) {
        writer_str(why, "method '");
        writer_escaped(why, text_part(text, 0, 40));
        writer_str(why, "' is not allowed");
        return MK_EINVAL;
    }
    memcpy(ask->method, text.bytes, text.size);
    ask->method[text.size] = '\0';
    return MK_OK;
}

int http_ask_init(http_ask_t *ask, const http_wish_t *wish, bool schemes_ws,
                  mk_writer_t *why) {
    memset(ask, 0, sizeof *ask);
    int result = set_method(ask, wish->method, why);
    if (result == MK_OK) result = set_url(ask, wish->url, schemes_ws, why);
    if (result == MK_OK) result = copy_headers(ask, wish);
    if (result == MK_OK && wish->unix_path != NULL) {
        ask->unix_path = copy_text(wish->unix_path);
        if (ask->unix_path == NULL) result = MK_ENOMEM;
    }
    if (result != MK_OK) http_ask_deinit(ask);
    return result;
}

void http_ask_deinit(http_ask_t *ask) {
    mk_free(ask->url_text);
    mk_free(ask->unix_path);
    mk_free(ask->headers);
    mk_free(ask->head);
    memset(ask, 0, sizeof *ask);
}

int http_ask_copy(http_ask_t *copy, const http_ask_t *ask) {
    char text[128];
    mk_writer_t why;
    http_wish_t wish = {ask->method, ask->url_text, ask->unix_path, ask->headers,
                        ask->headers_len};
    writer_init(&why, text, sizeof text);
    return http_ask_init(copy, &wish, true, &why);
}

/* --- the head --- */

static int refuse_header(mk_writer_t *why, const char *header) {
    http_field_t field;
    bool is_field = http_field_split(text_of(header), &field) == MK_OK;
    writer_str(why, "header '");
    writer_escaped(why, text_part(text_of(header), 0, 60));
    writer_str(why, is_field ? "' is written by the client itself"
                             : "' is not 'Name: value' in one line without control "
                               "characters");
    return MK_EINVAL;
}

static size_t size_of(const char *const *texts, size_t len) {
    size_t size = 0;
    for (size_t i = 0; i < len; i++)
        size += strlen(texts[i]) + 2;
    return size;
}

static int build(http_ask_t *ask, http_message_t *message, char *head, size_t cap,
                 mk_writer_t *why) {
    size_t bad = 0;
    int size = http_build(message, head, cap, &bad);
    if (size >= 0) {
        mk_free(ask->head);
        ask->head = head;
        ask->head_size = (size_t)size;
        return MK_OK;
    }
    mk_free(head);
    if (size == MK_EINVAL && bad < message->headers_len)
        return refuse_header(why, message->headers[bad]);
    writer_str(why, "the request is not allowed");
    return size;
}

int http_ask_build(http_ask_t *ask, const char *const *more, size_t more_len,
                   http_framing_t framing, uint64_t length,
                   http_connection_t connection, mk_writer_t *why) {
    enum { FIXED = 256 }; /* the words of the first line and of framing */
    size_t count = ask->headers_len + more_len;
    size_t target_cap = ask->url.path.size + ask->url.query.size + 3;
    size_t cap = FIXED + target_cap + URL_HOST_MAX +
                 size_of(ask->headers, ask->headers_len) + size_of(more, more_len);
    char host[URL_HOST_MAX + 16];
    const char **headers = mk_alloc(count * sizeof(char *) + target_cap);
    char *head = mk_alloc(cap);
    int result = MK_ENOMEM;
    if (headers != NULL && head != NULL) {
        char *target = (char *)(headers + count);
        for (size_t i = 0; i < count; i++)
            headers[i] =
                i < ask->headers_len ? ask->headers[i] : more[i - ask->headers_len];
        int target_size = url_write_target(&ask->url, target, target_cap);
        int host_size = url_write_host(&ask->url, host, sizeof host);
        http_message_t message = {.method = ask->method,
                                  .target = text_make(target, (size_t)target_size),
                                  .host = text_make(host, (size_t)host_size),
                                  .headers = headers,
                                  .headers_len = count,
                                  .framing = framing,
                                  .content_length = length,
                                  .connection = connection};
        result = build(ask, &message, head, cap, why);
    } else {
        mk_free(head);
    }
    mk_free(headers);
    return result;
}

/* --- going elsewhere --- */

int http_ask_redirect(http_ask_t *ask, int status, text_t location,
                      http_redirect_t *redirect, mk_writer_t *why) {
    size_t cap = strlen(ask->url_text) + location.size + 16;
    char *url = mk_alloc(cap);
    if (url == NULL) return MK_ENOMEM;
    const char *words = "";
    int result = http_redirect(&ask->url, text_of(ask->method), status, location, url,
                               cap, redirect, &words);
    if (result < 0) {
        writer_format(why, "redirect %d to '", status);
        writer_escaped(why, text_part(location, 0, 60));
        writer_format(why, "': %s", words);
    } else {
        result = set_url(ask, url, false, why);
    }
    mk_free(url);
    if (result != MK_OK) return result;
    size_t kept = 0;
    for (size_t i = 0; i < ask->headers_len; i++)
        if (http_redirect_keeps(redirect, ask->headers[i]))
            ask->headers[kept++] = ask->headers[i];
    ask->headers_len = kept;
    if (redirect->becomes_get) memcpy(ask->method, "GET", 4);
    return MK_OK;
}

static bool is_idempotent(text_t method) {
    static const char *const methods[] = {"GET",   "HEAD", "OPTIONS",
                                          "TRACE", "PUT",  "DELETE"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (text_is(method, methods[i])) return true;
    return false;
}

void http_ask_fill(const http_ask_t *ask, http_call_t *call) {
    call->host = ask->host;
    call->unix_path = ask->unix_path;
    call->port = ask->url.authority.port;
    call->is_secure = url_is_secure(&ask->url);
    call->head = text_make(ask->head, ask->head_size);
    call->is_head = text_is(text_of(ask->method), "HEAD");
    call->may_retry = is_idempotent(text_of(ask->method));
}
