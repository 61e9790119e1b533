/* SPDX-License-Identifier: Apache-2.0 */
/* The cases that another HTTP parser keeps in its source, Debian's http-parser, read by
 * ours: each comes to what is written there, or stands in `ours` with our refusal and
 * why we mean it. The source is fetched by peers/http_parser_cases.sh when the test
 * runs, and without it the test is skipped.
 *
 * Most of those requests are HTTP/1.1 without Host. That has to be refused; then they
 * are read once more with one. */
#include "microkernel/error.h"
#include "net/http_body.h"
#include "net/http_headers.h"
#include "support/test.h"

#include "peer_programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- where we differ --- */

/* What we refuse, as `fault`; or, without one, what comes out otherwise. */
static const struct {
    const char *name; /* of the case; for those without one its text */
    http_fault_t fault;
    const char *difference;
    const char *why;
} ours[] = {
    /* clang-format off */
    {"curl get", HTTP_FAULT_HOST, "", "names are letters, digits, '-', '_' and '.' (url.h)"},
    {"firefox get", HTTP_FAULT_HOST, "", "as above"},
    {"fragment in url", HTTP_FAULT_TARGET, "", "a target has no fragment: RFC 9112, 3.2"},
    {"post identity body world", HTTP_FAULT_TARGET, "", "as above"},
    {"with quotes", HTTP_FAULT_TARGET, "", "no character of a URL: RFC 3986, appendix A"},
    {"utf-8 path request", HTTP_FAULT_TARGET, "", "as above"},
    {"request with no http version", HTTP_FAULT_LINE, "", "HTTP/0.9 has no end but that of the connection"},
    {"m-search request", HTTP_FAULT_TARGET, "", "'*' is for OPTIONS: RFC 9112, 3.2.4"},
    {"host:port and basic_auth", HTTP_FAULT_TARGET, "", "user information is an error: RFC 9110, 4.2.4"},
    {"line folding in header value", HTTP_FAULT_FOLDED, "", "a server refuses it: RFC 9112, 5.2"},
    {"line folding in header value (2)", HTTP_FAULT_LINE_END, "", "lines end in CR LF"},
    {"multiple connection header values with folding", HTTP_FAULT_FOLDED, "", "as above"},
    {"multiple connection header values with folding and lws (2)", HTTP_FAULT_FOLDED, "", "as above"},
    {"POST / HTTP/1.1\r\nContent-Length:  42\r\n \r\n", HTTP_FAULT_FOLDED, "", "as above"},
    {"connect with body request", HTTP_FAULT_NONE, "size of the body", "its length counts: RFC 9112, 6.3"},
    {"source request (2)", HTTP_FAULT_VERSION, "", "ICE/1.0 is another protocol"},
    {"post - multi coding transfer-encoding chunked body", HTTP_FAULT_CODING_OTHER, "", "only chunked is understood"},
    {"post - multi line coding transfer-encoding chunked body", HTTP_FAULT_CODING_OTHER, "", "as above"},
    {"chunked with content-length set, allow_chunked_length flag is set", HTTP_FAULT_LENGTH_CODING, "",
     "two lengths are two readings: RFC 9112, 6.1"},
    {"200 trailing space on chunked body", HTTP_FAULT_CHUNK_SIZE, "", "a size is digits: RFC 9112, 7.1"},
    {"no carriage ret", HTTP_FAULT_LINE_END, "", "lines end in CR LF"},
    {"proxy connection", HTTP_FAULT_NONE, "whether it keeps alive", "Proxy-Connection says nothing: RFC 9112, C.2.2"},
    {"http version 0.9", HTTP_FAULT_VERSION_OTHER, "", "HTTP/0.9 has no status line"},
    {"field space", HTTP_FAULT_NAME, "", "no blank before the colon: RFC 9112, 5.1"},
    {"HTTP 101 response with Upgrade and Content-Length header", HTTP_FAULT_NONE, "size of the body",
     "1xx have no body: RFC 9112, 6.3"},
    {"HTTP 101 response with Upgrade and Transfer-Encoding header", HTTP_FAULT_NONE, "size of the body", "as above"},
    {"HTTP 200 response with `chunked` being *not last* Transfer-Encoding", HTTP_FAULT_CODING, "",
     "nobody here could decode it"},
    {"HTTP 200 response with `chunked` and duplicate Transfer-Encoding", HTTP_FAULT_CODING, "", "as above"},
    /* clang-format on */
};
enum { OURS_LEN = sizeof ours / sizeof ours[0] };

/* --- the cases --- */

enum { FIELDS_MAX = 16, CASE_SIZE_MAX = 16384 };

typedef struct {
    http_kind_t kind;
    text_t name;
    text_t raw;
    bool is_good;
    bool has_parts; /* what follows is known */
    text_t method;
    text_t target;
    text_t path;
    text_t query;
    text_t host;
    long port;
    long version; /* 11 is HTTP/1.1 */
    long status;
    text_t reason;
    bool keeps_alive;
    size_t body_size;
    text_t body;    /* may be left out when it is long */
    text_t upgrade; /* what follows the message, of another protocol */
    size_t fields_len;
    http_field_t fields[FIELDS_MAX];
} case_t;

static text_t next_text(text_t *rest) {
    char *end;
    unsigned long size = strtoul(rest->bytes, &end, 10);
    size_t digits = (size_t)(end - rest->bytes);
    CHECK(digits > 0 && *end == ':' && digits + 1 + size < rest->size);
    text_t text = text_make(end + 1, size);
    CHECK_EQ(end[1 + size], ',');
    *rest = text_part(*rest, digits + 1 + size + 1, SIZE_MAX);
    return text;
}

static long next_number(text_t *rest) {
    text_t text = next_text(rest);
    CHECK(text.size > 0);
    return strtol(text.bytes, NULL, 10);
}

/* Blanks around a value are no part of it (RFC 9110, section 5.5). */
static text_t trim(text_t text) {
    while (text.size > 0 && strchr(" \t", text.bytes[text.size - 1]) != NULL)
        text.size--;
    return text;
}

/* In the order that peers/http_parser_cases.c writes. */
static bool next_case(text_t *rest, case_t *one) {
    if (rest->size == 0) return false;
    memset(one, 0, sizeof *one);
    one->kind = text_is(next_text(rest), "request") ? HTTP_REQUEST : HTTP_RESPONSE;
    one->name = next_text(rest);
    one->raw = next_text(rest);
    one->is_good = next_number(rest) != 0;
    one->has_parts = next_number(rest) != 0;
    if (!one->has_parts) return true;
    one->method = next_text(rest);
    one->target = next_text(rest);
    one->path = next_text(rest);
    one->query = next_text(rest);
    one->host = next_text(rest);
    one->port = next_number(rest);
    one->version = next_number(rest);
    one->status = next_number(rest);
    one->reason = next_text(rest);
    one->keeps_alive = next_number(rest) != 0;
    one->body_size = (size_t)next_number(rest);
    one->body = next_text(rest);
    one->upgrade = next_text(rest);
    one->fields_len = (size_t)next_number(rest);
    CHECK(one->fields_len <= FIELDS_MAX);
    for (size_t i = 0; i < one->fields_len; i++) {
        one->fields[i].name = next_text(rest);
        one->fields[i].value = trim(next_text(rest));
    }
    return true;
}

/* --- our reading of one --- */

enum { TARGET_MAX = 2048, FIELDS_SIZE_MAX = 8192, FIELDS_COUNT_MAX = 64 };
static const http_limits_t limits = {TARGET_MAX, FIELDS_SIZE_MAX, FIELDS_COUNT_MAX};

typedef struct {
    http_step_t step;   /* of the last machine that was asked */
    http_fault_t fault; /* of HTTP_BAD; none also when the input ends too early */
    bool has_head;
    http_head_t head;
    size_t body_size;
    text_t trailers;
    size_t taken;
    char body[CASE_SIZE_MAX];
    char store[TARGET_MAX + FIELDS_SIZE_MAX + 64];
    char trailer_store[HTTP_FIELDS_STORE(FIELDS_SIZE_MAX)];
} reading_t;

static void read_body(reading_t *reading, text_t raw, size_t piece_size) {
    http_body_t body;
    text_t data;
    reading->fault =
        http_body_init(&body, &reading->head, CASE_SIZE_MAX, reading->trailer_store,
                       FIELDS_SIZE_MAX, FIELDS_COUNT_MAX);
    do {
        text_t piece = text_part(raw, reading->taken, piece_size);
        size_t before = piece.size;
        while ((reading->step = http_body_next(&body, &piece, &data)) == HTTP_PART) {
            memcpy(reading->body + reading->body_size, data.bytes, data.size);
            reading->body_size += data.size;
        }
        reading->taken += before - piece.size;
    } while (reading->step == HTTP_MORE && reading->taken < raw.size);
    reading->fault = (http_fault_t)body.fault;
    if (reading->step == HTTP_MORE) reading->step = http_body_close(&body);
    if (reading->step == HTTP_END && reading->head.framing == HTTP_BODY_CHUNKED)
        reading->trailers = chunked_trailers(&body.chunked);
}

static void read_raw(reading_t *reading, http_kind_t kind, text_t raw,
                     size_t piece_size) {
    http_parser_t parser;
    memset(reading, 0, sizeof *reading);
    CHECK(http_store_size(&limits) <= sizeof reading->store);
    http_parser_init(&parser, kind, &limits, reading->store);
    while (reading->step == HTTP_MORE && reading->taken < raw.size) {
        text_t piece = text_part(raw, reading->taken, piece_size);
        size_t before = piece.size;
        reading->step = http_parse(&parser, &piece);
        reading->taken += before - piece.size;
    }
    reading->fault = http_parser_fault(&parser);
    if (reading->step != HTTP_END) return;
    reading->has_head = true;
    http_parser_head(&parser, &reading->head);
    read_body(reading, raw, piece_size);
}

/* --- one beside the other --- */

/* The fields of the head, then the trailers; the first `skipped` are ours. */
static bool has_fields(const reading_t *reading, const case_t *one, size_t skipped) {
    text_t lists[2] = {reading->head.fields, reading->trailers};
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        http_field_t field;
        for (size_t at = 0; http_headers_next(lists[i], &at, &field); count++) {
            if (count < skipped) continue;
            const http_field_t *wanted = &one->fields[count - skipped];
            if (count - skipped >= one->fields_len ||
                !text_equals(field.name, wanted->name) ||
                !text_equals(field.value, wanted->value))
                return false;
        }
    }
    return count == skipped + one->fields_len;
}

/* What is different in a request line; NULL: nothing. */
static const char *differs_in_request(const http_head_t *head, const case_t *one) {
    if (!text_equals(head->method, one->method)) return "method";
    if (!text_equals(head->target, one->target)) return "target";
    if (one->host.size > 0 && !text_equals(head->authority.host, one->host))
        return "host";
    if (head->target_form == HTTP_TARGET_AUTHORITY) return NULL; /* all of it */
    text_t path = head->path;
    if (head->target_form == HTTP_TARGET_ABSOLUTE && one->path.size == 0) {
        if (!text_is(path, "/")) return "path";
    } else if (!text_equals(path, one->path)) {
        return "path";
    }
    if (!text_equals(head->query, one->query)) return "query";
    if (one->port != 0 && head->authority.port != one->port) return "port";
    return NULL;
}

static const char *differs(const reading_t *reading, const case_t *one, text_t raw,
                           size_t skipped) {
    const http_head_t *head = &reading->head;
    const char *what = NULL;
    if (reading->fault != HTTP_FAULT_NONE) return http_fault_text(reading->fault);
    if (!one->has_parts) return NULL; /* it may also end too early */
    if (reading->step != HTTP_END) return "it is not complete";
    if (one->kind == HTTP_REQUEST) what = differs_in_request(head, one);
    if (what != NULL) return what;
    if (one->version != 10 + head->minor) return "version";
    if (one->kind == HTTP_RESPONSE && one->status != head->status) return "status";
    if (one->kind == HTTP_RESPONSE && !text_equals(one->reason, head->reason))
        return "reason";
    if (one->keeps_alive != head->keeps_alive) return "whether it keeps alive";
    if (!has_fields(reading, one, skipped)) return "fields";
    if (one->body_size != reading->body_size) return "size of the body";
    if (one->body.size > 0 && memcmp(one->body.bytes, reading->body, one->body.size))
        return "body";
    text_t rest = text_part(raw, reading->taken, SIZE_MAX);
    if (!text_equals(rest, one->upgrade) && !text_is(rest, "\r\n")) return "the rest";
    return NULL;
}

/* The request with a Host, in `with_host`. */
static text_t add_host(const case_t *one, char with_host[CASE_SIZE_MAX]) {
    text_t host = one->host.size > 0 ? one->host : text_of("h");
    if (text_is(one->method, "CONNECT")) host = one->target;
    char port[16] = "";
    if (one->port != 0) (void)snprintf(port, sizeof port, ":%ld", one->port);
    size_t begin = 0;
    while (begin < one->raw.size && one->raw.bytes[begin] == '\r')
        begin += 2;
    size_t line = begin + text_find(text_part(one->raw, begin, SIZE_MAX), '\n') + 1;
    int size = snprintf(with_host, CASE_SIZE_MAX, "%.*sHost: %.*s%s\r\n%.*s", (int)line,
                        one->raw.bytes, (int)host.size, host.bytes, port,
                        (int)(one->raw.size - line), one->raw.bytes + line);
    CHECK(size > 0 && size < CASE_SIZE_MAX);
    return text_make(with_host, (size_t)size);
}

static bool is_seen[OURS_LEN];

static size_t find_ours(const case_t *one) {
    for (size_t i = 0; i < OURS_LEN; i++) {
        if (!text_is(one->name, ours[i].name)) continue;
        is_seen[i] = true;
        return i;
    }
    return OURS_LEN;
}

/* What is wrong with our reading of a case in pieces of a size; NULL: nothing. */
static const char *judge(const case_t *one, size_t piece_size) {
    static reading_t reading;
    static char with_host[CASE_SIZE_MAX];
    size_t row = find_ours(one);
    text_t raw = one->raw;
    size_t skipped = 0;
    read_raw(&reading, one->kind, raw, piece_size);
    if (reading.fault == HTTP_FAULT_HOST_MISSING) {
        raw = add_host(one, with_host);
        skipped = 1;
        read_raw(&reading, one->kind, raw, piece_size);
    }
    if (row < OURS_LEN && ours[row].fault != HTTP_FAULT_NONE)
        return ours[row].fault == reading.fault ? NULL : "not refused as in our table";
    if (!one->is_good) return reading.step == HTTP_BAD ? NULL : "it is not refused";
    const char *what = differs(&reading, one, raw, skipped);
    if (row == OURS_LEN) return what;
    bool is_ours = what != NULL && strcmp(what, ours[row].difference) == 0;
    return is_ours ? NULL : "not different as in our table";
}

static void show(text_t text) {
    for (size_t i = 0; i < text.size && i < 200; i++) {
        if (text.bytes[i] == '\r')
            printf("\\r");
        else if (text.bytes[i] == '\n')
            printf("\\n");
        else
            printf("%c", text.bytes[i]);
    }
}

/* A file below build/, so that a second run needs no network. */
static text_t read_cases(void) {
    static char cases[1 << 20];
    char command[2048];
    char path[1024];
    const char *root = getenv("MK_SOURCE_DIR");
    if (root == NULL) test_skip("MK_SOURCE_DIR does not name the tree");
    (void)snprintf(command, sizeof command,
                   "timeout 50 bash %s/http_parser_cases.sh %s/build/debian_sources",
                   peers_folder(), root);
    if (peers_run(command) != 0) {
        peers_output[strcspn(peers_output, "\n")] = '\0';
        test_skip(peers_output[0] != '\0' ? peers_output
                                          : "Debian's source takes too long to come");
    }
    (void)snprintf(path, sizeof path, "%s/build/debian_sources/http_parser.cases",
                   root);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    size_t size = fread(cases, 1, sizeof cases - 1, file);
    (void)fclose(file);
    CHECK(size > 0 && size < sizeof cases - 1);
    return text_make(cases, size);
}

TEST(http_source_cases_of_http_parser_are_read_or_refused_on_purpose) {
    static const size_t pieces[] = {SIZE_MAX, 1, 7};
    static case_t one;
    text_t rest = read_cases();
    size_t requests = 0;
    size_t responses = 0;
    size_t bad = 0;
    while (next_case(&rest, &one)) {
        requests += one.kind == HTTP_REQUEST ? 1 : 0;
        responses += one.kind == HTTP_RESPONSE ? 1 : 0;
        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
            const char *what = judge(&one, pieces[i]);
            if (what == NULL) continue;
            bad++;
            printf("%s \"", one.kind == HTTP_REQUEST ? "request" : "response");
            show(one.name);
            printf("\", in pieces of %zu: %s\n", pieces[i], what);
            break;
        }
    }
    for (size_t i = 0; i < OURS_LEN; i++) /* another version of the source */
        if (!is_seen[i]) printf("no such case: \"%s\"\n", ours[i].name);
    CHECK_EQ(bad, 0);
    CHECK(requests >= 50 && responses >= 30); /* they were found at all */
}

TEST_TABLE(http_source_cases,
           TEST_ROW(http_source_cases_of_http_parser_are_read_or_refused_on_purpose))
