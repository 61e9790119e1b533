/* SPDX-License-Identifier: Apache-2.0 */
/* http_build.c - pieces appended to a bounded buffer; when one does not fit, the whole
 * is refused.
 *
 * Headers are copied as they are once they are judged, so a user's spelling stays. A
 * handler mostly answers with the same ones: to compare them with those of the last
 * message costs a fifth of judging them again. */
#include "net/http_build.h"

#include "microkernel/error.h"
#include "net/http_chars.h"
#include "net/http_headers.h"

#include <limits.h>
#include <string.h>

typedef struct {
    char *at;    /* where the next byte goes */
    size_t left; /* room behind it */
    bool is_over;
} sink_t;

static inline void put(sink_t *sink, const char *bytes, size_t size) {
    if (size > sink->left) {
        sink->is_over = true;
        return;
    }
    if (size > 0) memcpy(sink->at, bytes, size);
    sink->at += size;
    sink->left -= size;
}
#define PUT(sink, literal) put((sink), (literal), sizeof(literal) - 1)

static void put_number(sink_t *sink, uint64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + (char)(value % 10));
        value /= 10;
    } while (value > 0);
    put(sink, digits + at, sizeof digits - at);
}

const char *http_reason(int status) {
    static const struct {
        int status;
        const char *reason;
    } rows[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {203, "Non-Authoritative Information"},
        {204, "No Content"},
        {205, "Reset Content"},
        {206, "Partial Content"},
        {300, "Multiple Choices"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Imple" /* one word */ "mented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status) return rows[i].reason;
    return "";
}

/* --- the first line --- */

static bool is_target(text_t target) {
    return target.size > 0 &&
           http_chars_run(target.bytes, target.size, HTTP_TARGET) == target.size;
}

static int put_request_line(sink_t *sink, const http_message_t *message) {
    text_t method = text_of(message->method);
    if (!http_is_token(method) || method.size > HTTP_METHOD_MAX ||
        !is_target(message->target) || !http_is_value(message->host))
        return MK_EINVAL;
    put(sink, method.bytes, method.size);
    PUT(sink, " ");
    put(sink, message->target.bytes, message->target.size);
    PUT(sink, " HTTP/1.1\r\nHost: ");
    put(sink, message->host.bytes, message->host.size);
    PUT(sink, "\r\n");
    return MK_OK;
}

static int put_status_line(sink_t *sink, const http_message_t *message) {
    bool is_registered = message->reason == NULL;
    if (message->status == 200 && is_registered) { /* as most are */
        PUT(sink, "HTTP/1.1 200 OK\r\n");
        return MK_OK;
    }
    text_t reason =
        text_of(is_registered ? http_reason(message->status) : message->reason);
    if (message->status < 100 || message->status > 999 ||
        (!is_registered && !http_is_value(reason)))
        return MK_EINVAL;
    PUT(sink, "HTTP/1.1 ");
    put_number(sink, (unsigned)message->status);
    PUT(sink, " ");
    put(sink, reason.bytes, reason.size);
    PUT(sink, "\r\n");
    return MK_OK;
}

/* --- fields --- */

static bool is_ours(text_t name, bool is_request) {
    switch (name.size) {
    case 4: return is_request && text_equals_nocase(name, text_of("Host"));
    case 10: return text_equals_nocase(name, text_of("Connection"));
    case 14: return text_equals_nocase(name, text_of("Content-Length"));
    case 17: return text_equals_nocase(name, text_of("Transfer-Encoding"));
    default: return false;
    }
}

static int put_header(sink_t *sink, text_t line, bool is_request) {
    http_field_t field;
    if (http_field_split(line, &field) < 0 || is_ours(field.name, is_request))
        return MK_EINVAL;
    put(sink, line.bytes, line.size);
    PUT(sink, "\r\n");
    return MK_OK;
}

/* Each is compared to its very end: two that were good are not one that looks the same
 * on the wire. */
static bool is_remembered(const http_message_t *message) {
    const http_headers_memo_t *memo = message->memo;
    if (memo == NULL || memo->len != message->headers_len) return false;
    const char *at = memo->bytes;
    for (size_t i = 0; i < memo->len; i++) {
        const char *header = message->headers[i];
        size_t size = memo->sizes[i];
        if (header == NULL || strncmp(header, at, size) != 0 || header[size] != '\0')
            return false;
        at += size + 2;
    }
    return true;
}

/* Those that now stand before `end`, all good. */
static void remember(const http_message_t *message, const char *end, size_t size) {
    http_headers_memo_t *memo = message->memo;
    size_t len = message->headers_len;
    if (memo == NULL || len > HTTP_HEADERS_MEMO_LEN || size > sizeof memo->bytes)
        return;
    if (size > 0) memcpy(memo->bytes, end - size, size);
    for (size_t i = 0; i < len; i++)
        memo->sizes[i] = (uint16_t)strlen(message->headers[i]);
    memo->size = size;
    memo->len = len;
}

static int put_headers(sink_t *sink, const http_message_t *message, size_t *bad) {
    if (is_remembered(message)) {
        put(sink, message->memo->bytes, message->memo->size);
        return MK_OK;
    }
    const char *begin = sink->at;
    for (size_t i = 0; i < message->headers_len; i++) {
        text_t line = text_of(message->headers[i]);
        int result = put_header(sink, line, message->method != NULL);
        if (result == MK_OK) continue;
        *bad = i;
        return result;
    }
    if (!sink->is_over) remember(message, sink->at, (size_t)(sink->at - begin));
    return MK_OK;
}

/* RFC 9110, section 8.6, and RFC 9112, section 6.1: no framing where no body can be. */
static bool is_framing_good(const http_message_t *message) {
    bool is_bodiless =
        message->method == NULL && (message->status < 200 || message->status == 204);
    if (message->method != NULL && message->framing == HTTP_BODY_CLOSE) return false;
    return !is_bodiless || message->framing == HTTP_BODY_NONE;
}

/* A response without a body says so where one could be, or its reader would wait for
 * the connection to end. */
static bool has_to_say_none(const http_message_t *message) {
    return message->framing == HTTP_BODY_NONE && message->method == NULL &&
           message->status >= 200 && message->status != 204 && message->status != 304;
}

static void put_framing(sink_t *sink, const http_message_t *message) {
    if (has_to_say_none(message)) {
        PUT(sink, "Content-Length: 0\r\n");
    } else if (message->framing == HTTP_BODY_LENGTH) {
        PUT(sink, "Content-Length: ");
        put_number(sink, message->content_length);
        PUT(sink, "\r\n");
    } else if (message->framing == HTTP_BODY_CHUNKED) {
        PUT(sink, "Transfer-Encoding: chunked\r\n");
    }
    switch (message->connection) {
    case HTTP_CONNECTION_DEFAULT: break;
    case HTTP_CONNECTION_CLOSE: PUT(sink, "Connection: close\r\n"); break;
    case HTTP_CONNECTION_KEEP_ALIVE: PUT(sink, "Connection: keep-alive\r\n"); break;
    case HTTP_CONNECTION_UPGRADE: PUT(sink, "Connection: Upgrade\r\n"); break;
    }
}

int http_build(const http_message_t *message, char *bytes, size_t cap, size_t *bad) {
    bool is_request = message->method != NULL;
    sink_t sink = {bytes, cap < INT_MAX ? cap : INT_MAX, false};
    size_t nowhere;
    if (bad == NULL) bad = &nowhere;
    *bad = message->headers_len;
    int result =
        is_request ? put_request_line(&sink, message) : put_status_line(&sink, message);
    if (result < 0) return result;
    if (!is_framing_good(message)) return MK_EINVAL;
    put(&sink, message->ready.bytes, message->ready.size);
    result = put_headers(&sink, message, bad);
    if (result < 0) return result;
    put_framing(&sink, message);
    PUT(&sink, "\r\n");
    return sink.is_over ? MK_ETOOBIG : (int)(sink.at - bytes);
}
