/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_http_parse.c - any bytes as a message: the first byte says of which kind, the
 * second how the rest is cut. However it is cut the outcome is the same; a good head
 * holds nothing that could split it, and a head written from it is read back as it was.
 */
#include "microkernel/error.h"
#include "net/http_body.h"
#include "net/http_build.h"
#include "net/http_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

static const http_limits_t limits = {100, 400, 8};

typedef struct {
    http_parser_t parser;
    http_body_t body;
    http_step_t step;
    size_t taken;     /* by the head */
    size_t all_taken; /* with the body */
    size_t data_size;
    uint32_t data_sum;
    char *store;
    char *trailers;
} run_t;

static http_step_t parse_body(run_t *run, text_t text, size_t piece_size) {
    http_head_t head;
    http_parser_head(&run->parser, &head);
    http_step_t step = HTTP_MORE;
    if (http_body_init(&run->body, &head, 64, run->trailers, 64, 2) != HTTP_FAULT_NONE)
        return HTTP_BAD;
    do {
        text_t piece = text_part(text, run->all_taken, piece_size);
        size_t before = piece.size;
        text_t data;
        while ((step = http_body_next(&run->body, &piece, &data)) == HTTP_PART) {
            REQUIRE(data.size > 0);
            run->data_size += data.size;
            for (size_t i = 0; i < data.size; i++)
                run->data_sum = run->data_sum * 31 + (uint8_t)data.bytes[i];
        }
        run->all_taken += before - piece.size;
        if (step == HTTP_MORE) REQUIRE(piece.size == 0);
    } while (step == HTTP_MORE && run->all_taken < text.size);
    REQUIRE(run->data_size <= 64);
    return step;
}

static void parse(run_t *run, http_kind_t kind, text_t text, size_t piece_size,
                  http_host_memo_t *memo) {
    memset(run, 0, sizeof *run);
    run->store = malloc(http_store_size(&limits));
    run->trailers = malloc(HTTP_FIELDS_STORE(64));
    REQUIRE(run->store != NULL && run->trailers != NULL);
    http_parser_init(&run->parser, kind, &limits, run->store);
    run->parser.memo = memo;
    while (run->step == HTTP_MORE && run->taken < text.size) {
        text_t piece = text_part(text, run->taken, piece_size);
        size_t before = piece.size;
        run->step = http_parse(&run->parser, &piece);
        run->taken += before - piece.size;
        if (run->step == HTTP_MORE) REQUIRE(piece.size == 0);
        REQUIRE(http_parser_used(&run->parser) <= http_store_size(&limits));
    }
    run->all_taken = run->taken;
    if (run->step == HTTP_END) run->step = parse_body(run, text, piece_size);
}

static void finish(run_t *run) {
    free(run->store);
    free(run->trailers);
}

/* Headers that are remembered are written as those that are judged; what only looks
 * like them is still refused. */
static void check_memo(const http_message_t *message, const char *wanted, int size) {
    http_headers_memo_t memo;
    http_message_t other = *message;
    char bytes[1024];
    memset(&memo, 0, sizeof memo);
    other.memo = &memo;
    for (int i = 0; i < 2; i++) {
        REQUIRE(http_build(&other, bytes, sizeof bytes, NULL) == size);
        REQUIRE(memcmp(bytes, wanted, (size_t)size) == 0);
    }
    if (other.headers_len < 2) return;
    const char *headers[8];
    char joined[1024];
    int end =
        snprintf(joined, sizeof joined, "%s\r\n%s", other.headers[0], other.headers[1]);
    REQUIRE(end > 0 && (size_t)end < sizeof joined);
    memcpy(headers, other.headers, other.headers_len * sizeof headers[0]);
    headers[0] = joined;
    other.headers = headers;
    for (size_t len = other.headers_len - 1; len <= message->headers_len; len++) {
        other.headers_len = len;
        REQUIRE(http_build(&other, bytes, sizeof bytes, NULL) == MK_EINVAL);
    }
}

/* A Host that is remembered says what it said when it was judged. */
static void check_host_memo(const run_t *run, http_kind_t kind, text_t text) {
    http_host_memo_t memo;
    http_head_t head;
    memset(&memo, 0, sizeof memo);
    http_parser_head(&run->parser, &head);
    for (int i = 0; i < 2; i++) {
        run_t again;
        http_head_t other;
        parse(&again, kind, text, text.size, &memo);
        REQUIRE(again.step == run->step && again.taken == run->taken);
        http_parser_head(&again.parser, &other);
        REQUIRE(text_equals(other.authority.host, head.authority.host));
        REQUIRE(other.authority.port == head.authority.port);
        REQUIRE(other.authority.has_port == head.authority.has_port);
        REQUIRE(other.authority.is_ipv6 == head.authority.is_ipv6);
        finish(&again);
    }
}

/* The head from the head: framing fields are left to the builder. */
static void check_round_trip(const run_t *run, http_kind_t kind) {
    const char *headers[8];
    http_message_t message;
    http_head_t head;
    http_parser_head(&run->parser, &head);
    memset(&message, 0, sizeof message);
    text_t host;
    bool has_host = http_headers_find(head.fields, "Host", &host);
    if (kind == HTTP_REQUEST) {
        if (!has_host) return; /* a request of HTTP/1.0 */
        message.method = head.method.bytes;
        message.target = head.target;
        message.host = host;
    } else {
        message.status = head.status;
        message.reason = head.reason.bytes;
    }
    message.framing = head.framing;
    message.content_length = head.content_length;
    message.headers = headers;
    http_field_t field;
    size_t at = 0;
    size_t begin = 0;
    size_t seen = 0;
    while (begin = at, http_headers_next(head.fields, &at, &field)) {
        seen++;
        REQUIRE(http_is_token(field.name) && http_is_value(field.value));
        static const char *const ours[] = {"Content-Length", "Transfer-Encoding",
                                           "Connection", "Expect"};
        bool is_ours =
            kind == HTTP_REQUEST && text_equals_nocase(field.name, text_of("Host"));
        for (size_t i = 0; i < 4; i++)
            is_ours |= text_equals_nocase(field.name, text_of(ours[i]));
        if (!is_ours) headers[message.headers_len++] = head.fields.bytes + begin;
    }
    REQUIRE(seen == head.fields_count && at == head.fields.size);
    char bytes[1024];
    int size = http_build(&message, bytes, sizeof bytes, NULL);
    REQUIRE(size > 0);
    check_memo(&message, bytes, size);
    static const http_limits_t wide = {100, 1000, 16};
    char *store = malloc(http_store_size(&wide));
    REQUIRE(store != NULL);
    http_parser_t again;
    http_parser_init(&again, kind, &wide, store);
    text_t input = text_make(bytes, (size_t)size);
    REQUIRE(http_parse(&again, &input) == HTTP_END && input.size == 0);
    http_head_t other;
    http_parser_head(&again, &other);
    REQUIRE(other.framing == head.framing && other.status == head.status);
    REQUIRE(text_equals(other.target, head.target));
    REQUIRE(text_equals(other.path, head.path) && text_equals(other.query, head.query));
    REQUIRE(head.framing != HTTP_BODY_LENGTH ||
            other.content_length == head.content_length);
    for (size_t i = 0; i < message.headers_len; i++) {
        REQUIRE(http_field_split(text_of(headers[i]), &field) == MK_OK);
        char name[512];
        memcpy(name, field.name.bytes, field.name.size);
        name[field.name.size] = '\0';
        REQUIRE(http_headers_count(other.fields, name) ==
                http_headers_count(head.fields, name));
    }
    free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 2) return 0;
    http_kind_t kind = (http_kind_t)(bytes[0] % 4);
    text_t text = text_make((const char *)bytes + 2, size - 2);
    run_t whole;
    parse(&whole, kind, text, text.size, NULL);
    size_t cuts[] = {1, bytes[1] % 64 + 1u};
    for (size_t i = 0; i < 2; i++) {
        run_t other;
        parse(&other, kind, text, cuts[i], NULL);
        REQUIRE(other.step == whole.step && other.taken == whole.taken);
        REQUIRE(other.all_taken == whole.all_taken);
        REQUIRE(other.parser.fault == whole.parser.fault);
        REQUIRE(other.body.fault == whole.body.fault);
        REQUIRE(other.data_size == whole.data_size && other.data_sum == whole.data_sum);
        finish(&other);
    }
    http_fault_t fault = http_parser_fault(&whole.parser);
    if (fault != HTTP_FAULT_NONE) REQUIRE(whole.step == HTTP_BAD);
    if (fault == HTTP_FAULT_NONE && (whole.step == HTTP_END || whole.data_size > 0)) {
        check_round_trip(&whole, kind);
        check_host_memo(&whole, kind, text);
    }
    finish(&whole);
    return 0;
}
