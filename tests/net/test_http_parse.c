/* SPDX-License-Identifier: Apache-2.0 */
/* Each input is parsed whole, byte by byte, and in two pieces cut at every offset; all
 * of them have to come to the same. */
#include "microkernel/limits.h"
#include "net/http_headers.h"
#include "net/http_parse.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#define CHECK_TEXT(got, want) CHECK(text_is((got), (want)))

enum { STORE = 2048, TARGET_MAX = 64, SIZE_MAX_WIRE = 512, COUNT_MAX = 8 };
static const http_limits_t limits = {TARGET_MAX, SIZE_MAX_WIRE, COUNT_MAX};

typedef struct {
    http_parser_t parser;
    http_step_t step;
    size_t taken;
    char store[STORE];
} run_t;

/* Parse in pieces: [0, cut) and the rest, or single bytes when `cut` is SIZE_MAX. */
static void parse(run_t *run, http_kind_t kind, text_t text, size_t cut) {
    memset(run->store, '#', STORE);
    http_parser_init(&run->parser, kind, &limits, run->store);
    run->step = HTTP_MORE;
    run->taken = 0;
    while (run->step == HTTP_MORE && run->taken < text.size) {
        size_t size = cut == SIZE_MAX                       ? 1
                      : run->taken < cut && cut < text.size ? cut - run->taken
                                                            : text.size - run->taken;
        text_t piece = text_part(text, run->taken, size);
        size_t before = piece.size;
        run->step = http_parse(&run->parser, &piece);
        run->taken += before - piece.size;
        CHECK(run->step != HTTP_MORE || piece.size == 0);
        CHECK(http_parser_used(&run->parser) <= http_store_size(&limits));
    }
}

static run_t whole; /* too large for the stack of a chip */

static const run_t *parse_all_ways(http_kind_t kind, text_t text) {
    static run_t other;
    parse(&whole, kind, text, text.size);
    for (size_t cut = 0; cut <= text.size; cut++) {
        parse(&other, kind, text, cut == 0 ? SIZE_MAX : cut);
        CHECK_EQ(other.step, whole.step);
        CHECK_EQ(other.taken, whole.taken);
        CHECK_EQ(other.parser.fault, whole.parser.fault);
        if (whole.step != HTTP_END) continue;
        CHECK_EQ(http_parser_used(&other.parser), http_parser_used(&whole.parser));
        CHECK_MEM(other.store, whole.store, http_parser_used(&whole.parser));
    }
    return &whole;
}

static http_head_t good(http_kind_t kind, const char *text) {
    http_head_t head;
    const run_t *run = parse_all_ways(kind, text_of(text));
    CHECK_STR(http_fault_text(http_parser_fault(&run->parser)), "no fault");
    CHECK_EQ(run->step, HTTP_END);
    CHECK_EQ(run->taken, strlen(text));
    http_parser_head(&run->parser, &head);
    return head;
}

TEST(http_parse_a_request) {
    http_head_t head = good(HTTP_REQUEST, "GET /a/b?x=1&y HTTP/1.1\r\n"
                                          "Host:example.com:8080\r\n"
                                          "Accept: \t text/html ;q=1 \t\r\n"
                                          "Empty:\r\n"
                                          "X-Utf8: \xC3\xA9\ttab\r\n\r\n");
    CHECK_STR(head.method.bytes, "GET");
    CHECK_STR(head.target.bytes, "/a/b?x=1&y");
    CHECK_TEXT(head.path, "/a/b");
    CHECK_TEXT(head.query, "x=1&y");
    CHECK_EQ(head.target_form, HTTP_TARGET_ORIGIN);
    CHECK_TEXT(head.authority.host, "example.com");
    CHECK_EQ(head.authority.port, 8080);
    static const char list[] = "Host: example.com:8080\0Accept: text/html ;q=1\0"
                               "Empty: \0X-Utf8: \xC3\xA9\ttab";
    CHECK_EQ(head.fields.size, sizeof list);
    CHECK_MEM(head.fields.bytes, list, sizeof list);
    CHECK_EQ(head.fields_count, 4);
    CHECK_EQ(head.framing, HTTP_BODY_NONE);
    CHECK(head.keeps_alive && !head.expects_continue && !head.wants_upgrade);
    CHECK(!head.has_length);
    CHECK_EQ(head.minor, 1);
}

TEST(http_parse_leaves_what_is_behind) {
    static const char text[] = "\r\nPOST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
                               "\r\nhelloGET / HTTP/1.1\r\n";
    const run_t *run = parse_all_ways(HTTP_REQUEST, text_of(text));
    http_head_t head;
    CHECK_EQ(run->step, HTTP_END);
    CHECK(strncmp(text + run->taken, "hello", 5) == 0);
    http_parser_head(&run->parser, &head);
    CHECK_EQ(head.framing, HTTP_BODY_LENGTH);
    CHECK_EQ(head.content_length, 5);
}

TEST(http_parse_forms_of_targets) {
    http_head_t head =
        good(HTTP_REQUEST, "GET http://H:80?q HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_EQ(head.target_form, HTTP_TARGET_ABSOLUTE);
    CHECK_TEXT(head.path, "/");
    CHECK_TEXT(head.query, "q");
    CHECK_TEXT(head.authority.host, "H");
    head = good(HTTP_REQUEST, "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n");
    CHECK_EQ(head.target_form, HTTP_TARGET_ASTERISK);
    head = good(HTTP_REQUEST, "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n");
    CHECK_EQ(head.target_form, HTTP_TARGET_AUTHORITY);
    CHECK_TEXT(head.authority.host, "::1");
    CHECK_EQ(head.authority.port, 443);
    head = good(HTTP_REQUEST, "GET /{a}|[b]^?`\\ HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_TEXT(head.query, "`\\");
}

TEST(http_parse_versions_and_keep_alive) {
    static const struct {
        const char *text;
        int minor;
        bool keeps_alive;
    } rows[] = {
        {"GET / HTTP/1.0\r\n\r\n", 0, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 0, true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", 0, false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: x , CLOSE\r\n\r\n", 1, false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", 1, true},
        {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 2, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_head_t head = good(HTTP_REQUEST, rows[i].text);
        CHECK_EQ(head.minor, rows[i].minor);
        CHECK_EQ(head.keeps_alive, rows[i].keeps_alive);
    }
}

TEST(http_parse_expect_and_upgrade) {
    http_head_t head = good(HTTP_REQUEST, "PUT / HTTP/1.1\r\nHost: h\r\n"
                                          "Expect: 100-Continue\r\n"
                                          "Transfer-Encoding: Chunked\r\n\r\n");
    CHECK(head.expects_continue);
    CHECK_EQ(head.framing, HTTP_BODY_CHUNKED);
    head = good(HTTP_REQUEST, "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                              "Connection: keep-alive, Upgrade\r\n\r\n");
    CHECK(!head.expects_continue); /* there is no body to wait for */
    CHECK(head.wants_upgrade);
}

#define GET  "GET / HTTP/1.1\r\nHost: h\r\n"
#define HOST "\r\nHost: h\r\n\r\n"

TEST(http_parse_refusals) {
    static const struct {
        const char *text;
        int fault;
    } rows[] = {
        {"GET /\r\n", HTTP_FAULT_LINE}, /* HTTP/0.9 */
        {"GET / HTTP/2.0" HOST, HTTP_FAULT_VERSION_OTHER},
        {"GET / HTTP/0.9" HOST, HTTP_FAULT_VERSION_OTHER},
        {"GET / HTTP/1.10" HOST, HTTP_FAULT_VERSION},
        {"GET / HTTP/11" HOST, HTTP_FAULT_VERSION},
        {"GET / http/1.1" HOST, HTTP_FAULT_VERSION},
        {"GET / HTTP/1.1 " HOST, HTTP_FAULT_VERSION},
        {"GET / HTTP/1.x" HOST, HTTP_FAULT_VERSION},
        {"GET  / HTTP/1.1" HOST, HTTP_FAULT_TARGET},
        {"GET /  HTTP/1.1" HOST, HTTP_FAULT_VERSION},
        {" GET / HTTP/1.1" HOST, HTTP_FAULT_LINE},
        {"GET\t/ HTTP/1.1" HOST, HTTP_FAULT_LINE},
        {"G@T / HTTP/1.1" HOST, HTTP_FAULT_LINE},
        {"GET", HTTP_FAULT_NONE},
        {"\n", HTTP_FAULT_LINE_END},
        {"\r\n\r\nGET", HTTP_FAULT_LINE},
        {"\rGET", HTTP_FAULT_LINE_END},
        {"GET / HTTP/1.1\nHost: h\r\n\r\n", HTTP_FAULT_LINE_END},
        {"GET / HTTP/1.1\rHost: h\r\n\r\n", HTTP_FAULT_LINE_END},
        {"GET /\xC3\xA9 HTTP/1.1" HOST, HTTP_FAULT_TARGET},
        {"GET /#a HTTP/1.1" HOST, HTTP_FAULT_TARGET},
        {"GET a/b HTTP/1.1" HOST, HTTP_FAULT_TARGET},
        {"GET * HTTP/1.1" HOST, HTTP_FAULT_TARGET},
        {"GET ftp://h/ HTTP/1.1" HOST, HTTP_FAULT_TARGET},
        {"GET ws://h/ HTTP/1.1" HOST, HTTP_FAULT_TARGET},
        {"GET http://u@h/ HTTP/1.1" HOST, HTTP_FAULT_TARGET},
        {"CONNECT / HTTP/1.1" HOST, HTTP_FAULT_TARGET},
        {"CONNECT h HTTP/1.1" HOST, HTTP_FAULT_TARGET},
        {"GET http://other/ HTTP/1.1" HOST, HTTP_FAULT_HOST_OTHER},
        {"GET http://h:81/ HTTP/1.1" HOST, HTTP_FAULT_HOST_OTHER},
        {GET "\tfolded\r\n\r\n", HTTP_FAULT_FOLDED},
        {GET " folded: x\r\n\r\n", HTTP_FAULT_FOLDED},
        {GET "a : b\r\n\r\n", HTTP_FAULT_NAME},
        {GET ": b\r\n\r\n", HTTP_FAULT_NAME},
        {GET "no colon\r\n\r\n", HTTP_FAULT_NAME},
        {GET "no-colon\r\n\r\n", HTTP_FAULT_NAME},
        {GET "a\xC3: b\r\n\r\n", HTTP_FAULT_NAME},
        {GET "a: b\n\r\n", HTTP_FAULT_LINE_END},
        {GET "a: b\rc\r\n\r\n", HTTP_FAULT_LINE_END},
        {GET "a: b\r\n\n", HTTP_FAULT_LINE_END},
        {GET "a: b\r\n\rx", HTTP_FAULT_LINE_END},
        {GET "a: 12345678\x01\r\n\r\n", HTTP_FAULT_VALUE},
        {GET "a: 12345678\x7F\r\n\r\n", HTTP_FAULT_VALUE},
        {GET "\r\n", HTTP_FAULT_NONE},
        {"GET / HTTP/1.1\r\n\r\n", HTTP_FAULT_HOST_MISSING},
        {"GET http://h/ HTTP/1.1\r\n\r\n", HTTP_FAULT_HOST_MISSING},
        {GET "Host: h\r\n\r\n", HTTP_FAULT_HOST_TWICE},
        {"GET / HTTP/1.0\r\nhost: h\r\nHOST: h\r\n\r\n", HTTP_FAULT_HOST_TWICE},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", HTTP_FAULT_HOST},
        {"GET / HTTP/1.1\r\nHost: h,h\r\n\r\n", HTTP_FAULT_HOST},
        {"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", HTTP_FAULT_HOST},
        {GET "Content-Length: +5\r\n\r\n", HTTP_FAULT_LENGTH},
        {GET "Content-Length: 5_0\r\n\r\n", HTTP_FAULT_LENGTH},
        {GET "Content-Length: 5,5\r\n\r\n", HTTP_FAULT_LENGTH},
        {GET "Content-Length: 5 5\r\n\r\n", HTTP_FAULT_LENGTH},
        {GET "Content-Length: 0x5\r\n\r\n", HTTP_FAULT_LENGTH},
        {GET "Content-Length: -1\r\n\r\n", HTTP_FAULT_LENGTH},
        {GET "Content-Length:\r\n\r\n", HTTP_FAULT_LENGTH},
        {GET "Content-Length: 18446744073709551621\r\n\r\n", HTTP_FAULT_LENGTH},
        {GET "Content-Length: 5\r\ncontent-length: 6\r\n\r\n", HTTP_FAULT_LENGTH_TWICE},
        {GET "Content-Length: 5\r\ncontent-length: 5\r\n\r\n", HTTP_FAULT_LENGTH_TWICE},
        {GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
         HTTP_FAULT_LENGTH_CODING},
        {GET "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
         HTTP_FAULT_LENGTH_CODING},
        {GET "Transfer-Encoding: xchunked\r\n\r\n", HTTP_FAULT_CODING_OTHER},
        {GET "Transfer-Encoding: gzip, chunked\r\n\r\n", HTTP_FAULT_CODING_OTHER},
        {GET "Transfer-Encoding: gzip\r\n\r\n", HTTP_FAULT_CODING_OTHER},
        {GET "Transfer-Encoding: chunked, identity\r\n\r\n", HTTP_FAULT_CODING},
        {GET "Transfer-Encoding: chunked, chunked\r\n\r\n", HTTP_FAULT_CODING},
        {GET "Transfer-Encoding: chunked;q=1\r\n\r\n", HTTP_FAULT_CODING},
        {GET "Transfer-Encoding: \"chunked\"\r\n\r\n", HTTP_FAULT_CODING},
        {GET "Transfer-Encoding:\r\n\r\n", HTTP_FAULT_CODING},
        {GET "Transfer-Encoding: \x0B"
             "chunked\r\n\r\n",
         HTTP_FAULT_VALUE},
        {GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
         HTTP_FAULT_CODING},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_FAULT_CODING},
        {GET "Expect: 200-ok\r\n\r\n", HTTP_FAULT_EXPECT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const run_t *run = parse_all_ways(HTTP_REQUEST, text_of(rows[i].text));
        CHECK_STR(http_fault_text(http_parser_fault(&run->parser)),
                  http_fault_text((http_fault_t)rows[i].fault));
        CHECK((run->step == HTTP_BAD) == (rows[i].fault != HTTP_FAULT_NONE));
        text_t more = text_of("GET / HTTP/1.1\r\n");
        if (run->step == HTTP_BAD) /* for ever */
            CHECK_EQ(http_parse(&whole.parser, &more), HTTP_BAD);
    }
}

/* The status that a server answers with. */
TEST(http_parse_faults_have_a_status) {
    CHECK_EQ(http_fault_status(HTTP_FAULT_TARGET_LONG), 414);
    CHECK_EQ(http_fault_status(HTTP_FAULT_FIELDS_LONG), 431);
    CHECK_EQ(http_fault_status(HTTP_FAULT_FIELDS_MANY), 431);
    CHECK_EQ(http_fault_status(HTTP_FAULT_VERSION_OTHER), 505);
    CHECK_EQ(http_fault_status(HTTP_FAULT_CODING_OTHER), 501);
    CHECK_EQ(http_fault_status(HTTP_FAULT_METHOD_LONG), 501);
    CHECK_EQ(http_fault_status(HTTP_FAULT_EXPECT), 417);
    for (int i = 1; i < HTTP_FAULTS_LEN; i++) {
        int status = http_fault_status((http_fault_t)i);
        CHECK(status >= 400 && status <= 505);
    }
}

TEST(http_parse_refuses_a_nul_anywhere) {
    static const char text[] = GET "Accept: text\r\n\r\n";
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char bytes[sizeof text];
        memcpy(bytes, text, sizeof text);
        bytes[i] = '\0';
        const run_t *run =
            parse_all_ways(HTTP_REQUEST, text_make(bytes, sizeof text - 1));
        CHECK_EQ(run->step, HTTP_BAD);
        CHECK_EQ(http_fault_status(http_parser_fault(&run->parser)), 400);
    }
}

/* `before`, `size` times 'a', `behind`. */
static text_t stretched(const char *before, size_t size, const char *behind) {
    static char bytes[STORE];
    size_t at = strlen(before);
    memcpy(bytes, before, at);
    memset(bytes + at, 'a', size);
    memcpy(bytes + at + size, behind, strlen(behind));
    return text_make(bytes, at + size + strlen(behind));
}

TEST(http_parse_limits_hold_to_the_byte) {
    const run_t *run = parse_all_ways(
        HTTP_REQUEST, stretched("GET /", TARGET_MAX - 1, " HTTP/1.1" HOST));
    CHECK_EQ(run->step, HTTP_END);
    run =
        parse_all_ways(HTTP_REQUEST, stretched("GET /", TARGET_MAX, " HTTP/1.1" HOST));
    CHECK_EQ(run->parser.fault, HTTP_FAULT_TARGET_LONG);
    CHECK_EQ(run->taken, 4 + TARGET_MAX);
    run = parse_all_ways(HTTP_REQUEST,
                         stretched("", HTTP_METHOD_MAX, " / HTTP/1.1" HOST));
    CHECK_EQ(run->step, HTTP_END);
    run = parse_all_ways(HTTP_REQUEST,
                         stretched("", HTTP_METHOD_MAX + 1, " / HTTP/1.1" HOST));
    CHECK_EQ(run->parser.fault, HTTP_FAULT_METHOD_LONG);
    /* Fields: "Host: h" CR LF, "X:" a CR LF, CR LF. */
    size_t rest = SIZE_MAX_WIRE - 9 - 4 - 2;
    run = parse_all_ways(HTTP_REQUEST, stretched(GET "X:", rest, "\r\n\r\n"));
    CHECK_EQ(run->step, HTTP_END);
    run = parse_all_ways(HTTP_REQUEST, stretched(GET "X:", rest + 1, "\r\n\r\n"));
    CHECK_EQ(run->parser.fault, HTTP_FAULT_FIELDS_LONG);
    /* Blanks that are not stored count too, and a name without an end. */
    char blanks[STORE];
    memset(blanks, ' ', sizeof blanks);
    memcpy(blanks, GET "X:", sizeof(GET "X:") - 1);
    run = parse_all_ways(HTTP_REQUEST, text_make(blanks, 1000));
    CHECK_EQ(run->parser.fault, HTTP_FAULT_FIELDS_LONG);
    run = parse_all_ways(HTTP_REQUEST, stretched(GET, 1000, ""));
    CHECK_EQ(run->parser.fault, HTTP_FAULT_FIELDS_LONG);
}

TEST(http_parse_counts_fields) {
    char text[256] = GET;
    for (unsigned i = 1; i < COUNT_MAX; i++)
        strcat(text, "a: b\r\n");
    size_t size = strlen(text);
    memcpy(text + size, "\r\n", 3);
    CHECK_EQ(good(HTTP_REQUEST, text).fields_count, COUNT_MAX);
    memcpy(text + size, "a: b\r\n\r\n", 9);
    const run_t *run = parse_all_ways(HTTP_REQUEST, text_of(text));
    CHECK_EQ(run->parser.fault, HTTP_FAULT_FIELDS_MANY);
}

TEST(http_parse_responses_and_their_bodies) {
#define OK      "HTTP/1.1 200 OK\r\n"
#define LENGTH  "Content-Length: 7\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
    static const struct {
        const char *text;
        int kind;
        int status;
        int framing;
        bool keeps_alive;
    } rows[] = {
        {OK LENGTH, HTTP_RESPONSE, 200, HTTP_BODY_LENGTH, true},
        {OK CHUNKED, HTTP_RESPONSE, 200, HTTP_BODY_CHUNKED, true},
        {OK "\r\n", HTTP_RESPONSE, 200, HTTP_BODY_CLOSE, false},
        {OK "Content-Length: 0\r\n\r\n", HTTP_RESPONSE, 200, HTTP_BODY_NONE, true},
        {OK LENGTH, HTTP_RESPONSE_TO_HEAD, 200, HTTP_BODY_NONE, true},
        {OK CHUNKED, HTTP_RESPONSE_TO_HEAD, 200, HTTP_BODY_NONE, true},
        {OK "\r\n", HTTP_RESPONSE_TO_CONNECT, 200, HTTP_BODY_NONE, true},
        {"HTTP/1.1 404 Not Found\r\n" LENGTH, HTTP_RESPONSE_TO_CONNECT, 404,
         HTTP_BODY_LENGTH, true},
        {"HTTP/1.1 204 No Content\r\n" LENGTH, HTTP_RESPONSE, 204, HTTP_BODY_NONE,
         true},
        {"HTTP/1.1 304 Not Modified\r\n" LENGTH, HTTP_RESPONSE, 304, HTTP_BODY_NONE,
         true},
        {"HTTP/1.1 100 Continue\r\n\r\n", HTTP_RESPONSE, 100, HTTP_BODY_NONE, true},
        {"HTTP/1.1 101 \r\nConnection: upgrade\r\n\r\n", HTTP_RESPONSE, 101,
         HTTP_BODY_NONE, true},
        {"HTTP/1.0 200 OK\r\n" LENGTH, HTTP_RESPONSE, 200, HTTP_BODY_LENGTH, false},
        {"HTTP/1.1 999\r\nConnection: close\r\n" LENGTH, HTTP_RESPONSE, 999,
         HTTP_BODY_LENGTH, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_head_t head = good((http_kind_t)rows[i].kind, rows[i].text);
        CHECK_EQ(head.status, rows[i].status);
        CHECK_EQ(head.framing, rows[i].framing);
        CHECK_EQ(head.keeps_alive, rows[i].keeps_alive);
    }
    http_head_t head = good(HTTP_RESPONSE, "HTTP/1.1 404 Not \xC3\xA9\r\n" LENGTH);
    CHECK_STR(head.reason.bytes, "Not \xC3\xA9");
    CHECK(head.has_length);
    CHECK_EQ(head.content_length, 7);
}

TEST(http_parse_response_refusals) {
    static const struct {
        const char *text;
        int fault;
    } rows[] = {
        {"HTTP/2 200 OK\r\n\r\n", HTTP_FAULT_VERSION},
        {"HTTP/2.0 200 OK\r\n\r\n", HTTP_FAULT_VERSION_OTHER},
        {"ICY 200 OK\r\n\r\n", HTTP_FAULT_VERSION},
        {"\r\nHTTP/1.1 200 OK\r\n\r\n", HTTP_FAULT_VERSION},
        {"HTTP/1.1  200 OK\r\n\r\n", HTTP_FAULT_STATUS},
        {"HTTP/1.1 20 OK\r\n\r\n", HTTP_FAULT_STATUS},
        {"HTTP/1.1 2000 OK\r\n\r\n", HTTP_FAULT_STATUS},
        {"HTTP/1.1 099 OK\r\n\r\n", HTTP_FAULT_STATUS},
        {"HTTP/1.1 200 OK\n\r\n", HTTP_FAULT_LINE_END},
        {"HTTP/1.1 200\n\r\n", HTTP_FAULT_LINE_END},
        {"HTTP/1.1 200 O\x01K\r\n\r\n", HTTP_FAULT_LINE},
        {"HTTP/1.1 200 OK\r\n folded\r\n\r\n", HTTP_FAULT_FOLDED},
        {OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", HTTP_FAULT_LENGTH_TWICE},
        {OK "Content-Length: 5\r\n" CHUNKED, HTTP_FAULT_LENGTH_CODING},
        {"HTTP/1.0 200 OK\r\n" CHUNKED, HTTP_FAULT_CODING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const run_t *run = parse_all_ways(HTTP_RESPONSE, text_of(rows[i].text));
        CHECK_STR(http_fault_text(http_parser_fault(&run->parser)),
                  http_fault_text((http_fault_t)rows[i].fault));
        CHECK_EQ(run->step, HTTP_BAD);
    }
}

/* What is unfinished survives a change of its store at every place. */
TEST(http_parse_store_may_move) {
    static const char text[] = GET "Accept: text/html\r\n\r\n";
    for (size_t cut = 0; cut <= sizeof text - 1; cut++) {
        static char first[STORE];
        static char second[STORE];
        http_parser_t parser;
        http_head_t head;
        http_parser_init(&parser, HTTP_REQUEST, &limits, first);
        CHECK(http_parser_is_idle(&parser));
        text_t input = text_make(text, cut);
        (void)http_parse(&parser, &input);
        CHECK_EQ(http_parser_is_idle(&parser), cut == 0);
        http_parser_move(&parser, second);
        memset(first, '!', sizeof first);
        input = text_make(text + cut, sizeof text - 1 - cut);
        CHECK_EQ(http_parse(&parser, &input), HTTP_END);
        http_parser_head(&parser, &head);
        CHECK_TEXT(head.method, "GET");
        CHECK_TEXT(head.authority.host, "h");
        CHECK(http_headers_have(head.fields, "accept", "text/html"));
    }
}

TEST(http_parse_remembers_a_host_as_it_was_judged) {
    static char long_host[80];
    memset(long_host, 'a', 70); /* longer than what is remembered */
    memcpy(long_host + 60, ".b", 2);
    const char *const hosts[] = {"",  "a:80",     "a:80",    "a",    "[::1]:9",
                                 "",  "[::1]:9",  long_host, "a:80", long_host,
                                 "a", "10.0.0.1", "a"};
    static const char *const targets[] = {"/", "/longer", "*"};
    http_host_memo_t memo;
    memset(&memo, 0, sizeof memo);
    for (size_t i = 0; i < 3 * sizeof hosts / sizeof hosts[0]; i++) {
        char text[256];
        const char *target = targets[i % 3];
        int size = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n",
                            *target == '*' ? "OPTIONS" : "GET", target, hosts[i / 3]);
        http_head_t judged = good(HTTP_REQUEST, text), remembered;
        static char store[STORE];
        http_parser_t parser;
        http_parser_init(&parser, HTTP_REQUEST, &limits, store);
        parser.memo = &memo;
        text_t input = text_make(text, (size_t)size);
        CHECK_EQ(http_parse(&parser, &input), HTTP_END);
        http_parser_head(&parser, &remembered);
        CHECK(text_equals(remembered.authority.host, judged.authority.host));
        CHECK_EQ(remembered.authority.port, judged.authority.port);
        CHECK_EQ(remembered.authority.has_port, judged.authority.has_port);
        CHECK_EQ(remembered.authority.is_ipv6, judged.authority.is_ipv6);
    }
}

TEST(http_parse_default_limits_are_configured) {
    http_limits_t some = http_limits_default();
    CHECK_EQ(some.target_max, MK_HTTP_TARGET_MAX);
    CHECK_EQ(some.fields_size_max, MK_HTTP_FIELDS_SIZE_MAX);
    CHECK_EQ(some.fields_max, MK_HTTP_FIELDS_MAX);
}

TEST_TABLE(http_parse, TEST_ROW(http_parse_a_request),
           TEST_ROW(http_parse_leaves_what_is_behind),
           TEST_ROW(http_parse_forms_of_targets),
           TEST_ROW(http_parse_versions_and_keep_alive),
           TEST_ROW(http_parse_expect_and_upgrade), TEST_ROW(http_parse_refusals),
           TEST_ROW(http_parse_faults_have_a_status),
           TEST_ROW(http_parse_refuses_a_nul_anywhere),
           TEST_ROW(http_parse_limits_hold_to_the_byte),
           TEST_ROW(http_parse_counts_fields),
           TEST_ROW(http_parse_responses_and_their_bodies),
           TEST_ROW(http_parse_response_refusals), TEST_ROW(http_parse_store_may_move),
           TEST_ROW(http_parse_remembers_a_host_as_it_was_judged),
           TEST_ROW(http_parse_default_limits_are_configured))
