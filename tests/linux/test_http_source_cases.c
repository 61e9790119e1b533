/* SPDX-License-Identifier: Apache-2.0 */
/* The cases that other programs keep in their sources, http-parser and curl of Debian,
 * read by our parser: each comes to what is written there, or stands in
 * http_source_cases.def with our refusal and why we mean it. The sources are fetched by
 * peers/debian_source.sh when the test runs, and without them it is skipped.
 *
 * Most requests of http-parser are HTTP/1.1 without Host. That has to be refused; then
 * they are read once more with one. */
#include "microkernel/error.h"
#include "net/http_body.h"
#include "net/http_headers.h"
#include "support/test.h"

#include "peer_programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- where we differ --- */

static const struct {
    const char *name;
    http_fault_t fault;
    const char *difference; /* without a fault */
    const char *why;
} ours[] = {
#define ROW(name, fault, difference, why) {name, fault, difference, why},
#include "http_source_cases.def"
#undef ROW
};
enum { OURS_LEN = sizeof ours / sizeof ours[0] };

/* --- the cases --- */

enum { FIELDS_MAX = 1024, CASE_SIZE_MAX = 1 << 18 };

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
    long keeps_alive; /* 1 or 0; -1: not told */
    long body_size;   /* -1: neither body nor what follows is told */
    text_t body;      /* may be left out when it is long */
    text_t upgrade;   /* what follows the message, of another protocol */
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
    one->keeps_alive = next_number(rest);
    one->body_size = next_number(rest);
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

enum { TARGET_MAX = 2048, FIELDS_SIZE_MAX = 65536, FIELDS_COUNT_MAX = 1024 };
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
        http_body_init(&body, &reading->head, UINT64_MAX, reading->trailer_store,
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
    CHECK(raw.size <= sizeof reading->body);
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
    if (!reading->has_head) return "it is not complete";
    if (one->kind == HTTP_REQUEST) what = differs_in_request(head, one);
    if (what != NULL) return what;
    if (one->version != 10 + head->minor) return "version";
    if (one->kind == HTTP_RESPONSE && one->status != head->status) return "status";
    if (one->kind == HTTP_RESPONSE && !text_equals(one->reason, head->reason))
        return "reason";
    if (one->keeps_alive >= 0 && (one->keeps_alive != 0) != head->keeps_alive)
        return "whether it keeps alive";
    if (!has_fields(reading, one, skipped)) return "fields";
    if (one->body_size < 0) return NULL;
    if (reading->step != HTTP_END) return "it is not complete";
    if ((size_t)one->body_size != reading->body_size) return "size of the body";
    if (memcmp(one->body.bytes, reading->body, one->body.size) != 0) return "body";
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

static size_t find_ours(const case_t *one) {
    for (size_t i = 0; i < OURS_LEN; i++) {
        if (text_is(one->name, ours[i].name)) return i;
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

/* What a script makes below build/, so that a second run needs no network. */
static text_t read_cases(const char *script, const char *name) {
    static char cases[2 << 20];
    char command[2048];
    char path[1024];
    const char *root = getenv("MK_SOURCE_DIR");
    if (root == NULL) test_skip("MK_SOURCE_DIR does not name the tree");
    (void)snprintf(command, sizeof command,
                   "timeout 25 bash %s/%s %s/build/debian_sources", peers_folder(),
                   script, root);
    if (peers_run(command) != 0) {
        peers_output[strcspn(peers_output, "\n")] = '\0';
        test_skip(peers_output[0] != '\0' ? peers_output
                                          : "Debian's source takes too long to come");
    }
    (void)snprintf(path, sizeof path, "%s/build/debian_sources/%s", root, name);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    size_t size = fread(cases, 1, sizeof cases - 1, file);
    (void)fclose(file);
    CHECK(size > 0 && size < sizeof cases - 1);
    cases[size] = '\0';
    return text_make(cases, size);
}

/* Whether all is as it should be with one case, in pieces of several sizes. */
static bool is_as_told(const case_t *one) {
    static const size_t pieces[] = {SIZE_MAX, 1, 7};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        const char *what = judge(one, pieces[i]);
        if (what == NULL) continue;
        printf("%s \"", one->kind == HTTP_REQUEST ? "request" : "response");
        show(one->name);
        printf("\", in pieces of %zu: %s\n", pieces[i], what);
        return false;
    }
    return true;
}

/* At least so many have to be found at all. */
static void check_cases(text_t cases, size_t requests_min, size_t responses_min) {
    static case_t one;
    size_t requests = 0;
    size_t responses = 0;
    size_t bad = 0;
    while (next_case(&cases, &one)) {
        requests += one.kind == HTTP_REQUEST ? 1 : 0;
        responses += one.kind == HTTP_RESPONSE ? 1 : 0;
        bad += is_as_told(&one) ? 0 : 1;
    }
    printf("%zu requests, %zu responses\n", requests, responses);
    CHECK_EQ(bad, 0);
    CHECK(requests >= requests_min && responses >= responses_min);
}

TEST(http_source_cases_of_http_parser_are_read_or_refused_on_purpose) {
    check_cases(read_cases("http_parser_cases.sh", "http_parser.cases"), 50, 30);
}

TEST(http_source_cases_of_curl_are_read_or_refused_on_purpose) {
    check_cases(read_cases("curl_cases.sh", "curl.cases"), 0, 1000);
}

TEST_TABLE(http_source_cases,
           TEST_ROW(http_source_cases_of_http_parser_are_read_or_refused_on_purpose),
           TEST_ROW(http_source_cases_of_curl_are_read_or_refused_on_purpose))
