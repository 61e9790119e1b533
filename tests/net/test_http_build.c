/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/error.h"
#include "net/http_build.h"
#include "support/test.h"

#include <string.h>

static http_message_t response(int status) {
    http_message_t message;
    memset(&message, 0, sizeof message);
    message.status = status;
    return message;
}

static http_message_t request(const char *method, const char *target) {
    http_message_t message = response(0);
    message.method = method;
    message.target = text_of(target);
    message.host = text_of("h");
    return message;
}

static void check_text(const http_message_t *message, const char *want) {
    char bytes[512];
    int size = http_build(message, bytes, sizeof bytes, NULL);
    CHECK(size > 0 && (size_t)size == strlen(want));
    CHECK_MEM(bytes, want, (size_t)size);
    for (size_t cap = 0; cap < (size_t)size; cap++)
        CHECK_EQ(http_build(message, bytes, cap, NULL), MK_ETOOBIG);
    CHECK_EQ(http_build(message, bytes, (size_t)size, NULL), size);
}

TEST(http_build_writes_responses) {
    static const char *const headers[] = {"Content-Type: text/plain", "X-Empty:"};
    http_message_t message = response(200);
    message.headers = headers;
    message.headers_len = 2;
    message.framing = HTTP_BODY_LENGTH;
    message.content_length = 1234567890123u;
    check_text(&message, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Empty:\r\n"
                         "Content-Length: 1234567890123\r\n\r\n");
    message = response(404);
    message.framing = HTTP_BODY_CHUNKED;
    message.connection = HTTP_CONNECTION_CLOSE;
    check_text(&message, "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n"
                         "Connection: close\r\n\r\n");
    message = response(101);
    message.connection = HTTP_CONNECTION_UPGRADE;
    check_text(&message, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                         "\r\n");
    message = response(299);
    check_text(&message, "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n");
    message = response(304);
    check_text(&message, "HTTP/1.1 304 Not Modified\r\n\r\n");
    message = response(299);
    message.reason = "As You Like";
    message.framing = HTTP_BODY_LENGTH;
    check_text(&message, "HTTP/1.1 299 As You Like\r\nContent-Length: 0\r\n\r\n");
}

TEST(http_build_writes_requests) {
    static const char *const headers[] = {"Accept: */*"};
    http_message_t message = request("GET", "/a?b");
    message.headers = headers;
    message.headers_len = 1;
    check_text(&message, "GET /a?b HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n");
    message = request("POST", "/");
    message.framing = HTTP_BODY_LENGTH;
    message.connection = HTTP_CONNECTION_KEEP_ALIVE;
    check_text(&message, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n"
                         "Connection: keep-alive\r\n\r\n");
}

TEST(http_build_refuses_injection) {
    static const char *const bad[] = {"X: a\r\nSet-Cookie: b",
                                      "X: a\nb",
                                      "X: a\rb",
                                      "X\r\n: a",
                                      "X : a",
                                      ": a",
                                      "",
                                      "no colon",
                                      " X: a",
                                      "X: \x01",
                                      "Content-Length: 5",
                                      "content-length:5",
                                      "Transfer-Encoding: chunked",
                                      "Connection: close"};
    char bytes[256];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *headers[] = {"Good: yes", bad[i]};
        size_t at = 99;
        http_message_t message = response(200);
        message.headers = headers;
        message.headers_len = 2;
        CHECK_EQ(http_build(&message, bytes, sizeof bytes, &at), MK_EINVAL);
        CHECK_EQ(at, 1);
    }
    const char *host[] = {"Host: other"};
    http_message_t message = response(200);
    message.headers = host;
    message.headers_len = 1;
    CHECK(http_build(&message, bytes, sizeof bytes, NULL) > 0);
    message = request("GET", "/");
    message.headers = host;
    message.headers_len = 1;
    CHECK_EQ(http_build(&message, bytes, sizeof bytes, NULL), MK_EINVAL);
}

TEST(http_build_refuses_bad_first_lines) {
    static const char *const methods[] = {"", "GE T", "GET\r\n", "G:T",
                                          "A23456789012345678901234567890123"};
    static const char *const targets[] = {"", "/a b", "/\r\n", "/#", "/\xC3\xA9"};
    char bytes[256];
    size_t at = 99;
    http_message_t message;
    for (size_t i = 0; i < 5; i++) {
        message = request(methods[i], "/");
        CHECK_EQ(http_build(&message, bytes, sizeof bytes, &at), MK_EINVAL);
        CHECK_EQ(at, 0);
        message = request("GET", targets[i]);
        CHECK_EQ(http_build(&message, bytes, sizeof bytes, &at), MK_EINVAL);
    }
    message = request("GET", "/");
    message.host = text_of("h\r\nX: y");
    CHECK_EQ(http_build(&message, bytes, sizeof bytes, NULL), MK_EINVAL);
    message = request("GET", "/");
    message.framing = HTTP_BODY_CLOSE;
    CHECK_EQ(http_build(&message, bytes, sizeof bytes, NULL), MK_EINVAL);
    static const int statuses[] = {-1, 0, 99, 1000};
    for (size_t i = 0; i < 4; i++) {
        message = response(statuses[i]);
        CHECK_EQ(http_build(&message, bytes, sizeof bytes, NULL), MK_EINVAL);
    }
    message = response(200);
    message.reason = "OK\r\nX: y";
    CHECK_EQ(http_build(&message, bytes, sizeof bytes, NULL), MK_EINVAL);
    message = response(204);
    message.framing = HTTP_BODY_LENGTH;
    CHECK_EQ(http_build(&message, bytes, sizeof bytes, NULL), MK_EINVAL);
    message = response(101);
    message.framing = HTTP_BODY_CHUNKED;
    CHECK_EQ(http_build(&message, bytes, sizeof bytes, NULL), MK_EINVAL);
}

/* An answer that remembers its headers in an empty memo. */
static http_message_t remembering(http_headers_memo_t *memo,
                                  const char *const *headers) {
    http_message_t message = response(200);
    memset(memo, 0, sizeof *memo);
    message.memo = memo;
    message.headers = headers;
    return message;
}

TEST(http_build_remembers_headers_and_judges_others) {
    static const char *const one[] = {"A: b", "C: d"};
    static const char *const same_on_the_wire[] = {"A: b\r\nC: d", ""};
    static const char *const begins_alike[] = {"A: b", "C: d\r\nE: f"};
    static const char *const shorter[] = {"A: b", "C: "};
    static const char *const absent[] = {"A: b", NULL};
    static const char wanted[] = "HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n"
                                 "Content-Length: 0\r\n\r\n";
    http_headers_memo_t memo;
    char bytes[512];
    http_message_t message = remembering(&memo, one);
    message.headers_len = 2;
    check_text(&message, wanted); /* at first cut short, which nobody remembers */
    CHECK_EQ(memo.len, 2);
    size_t bad;
    const char *const *const refused[] = {same_on_the_wire, begins_alike, absent};
    for (size_t i = 0; i < 3; i++) {
        message.headers = refused[i];
        CHECK_EQ(http_build(&message, bytes, sizeof bytes, &bad), MK_EINVAL);
        CHECK_EQ(bad, i == 0 ? 0 : 1);
    }
    message.headers = same_on_the_wire;
    message.headers_len = 1;
    CHECK_EQ(http_build(&message, bytes, sizeof bytes, &bad), MK_EINVAL);
    message.headers = one;
    check_text(&message, "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n");
    message.headers = shorter;
    message.headers_len = 2;
    check_text(&message, "HTTP/1.1 200 OK\r\nA: b\r\nC: \r\n"
                         "Content-Length: 0\r\n\r\n");
    message.headers = one;
    check_text(&message, wanted);
}

/* More, or longer ones, than are remembered. */
TEST(http_build_takes_more_headers_than_it_remembers) {
    static char large[HTTP_HEADERS_MEMO_SIZE + 2];
    const char *headers[HTTP_HEADERS_MEMO_LEN + 1];
    for (size_t i = 0; i <= HTTP_HEADERS_MEMO_LEN; i++)
        headers[i] = "A: b";
    http_headers_memo_t memo;
    char bytes[2048];
    http_message_t message = remembering(&memo, headers);
    for (size_t len = HTTP_HEADERS_MEMO_LEN; len <= HTTP_HEADERS_MEMO_LEN + 1; len++) {
        message.headers_len = len;
        for (int again = 0; again < 2; again++)
            CHECK_EQ(http_build(&message, bytes, sizeof bytes, NULL),
                     17 + 6 * (int)len + 21);
    }
    message.headers_len = 1;
    headers[0] = large;
    for (size_t size = HTTP_HEADERS_MEMO_SIZE - 3; size < sizeof large; size++) {
        memset(large, 'b', size);
        memcpy(large, "A: ", 3);
        large[size] = '\0';
        for (int again = 0; again < 2; again++)
            CHECK_EQ(http_build(&message, bytes, sizeof bytes, NULL),
                     17 + (int)size + 2 + 21);
    }
    CHECK_EQ(memo.size, HTTP_HEADERS_MEMO_SIZE);
}

TEST_TABLE(http_build, TEST_ROW(http_build_writes_responses),
           TEST_ROW(http_build_remembers_headers_and_judges_others),
           TEST_ROW(http_build_takes_more_headers_than_it_remembers),
           TEST_ROW(http_build_writes_requests), TEST_ROW(http_build_refuses_injection),
           TEST_ROW(http_build_refuses_bad_first_lines))
