/* SPDX-License-Identifier: Apache-2.0 */
/* Each input is decoded whole, byte by byte, and in two pieces cut at every offset. */
#include "microkernel/limits.h"
#include "net/chunked.h"
#include "net/http_headers.h"
#include "support/test.h"

#include <string.h>

enum { TRAILER_MAX = 64 };

typedef struct {
    chunked_t chunked;
    http_step_t step;
    size_t taken;
    size_t size; /* of the data */
    char data[256];
    char store[HTTP_FIELDS_STORE(TRAILER_MAX)];
} run_t;

static void decode(run_t *run, text_t text, size_t cut) {
    chunked_init(&run->chunked, run->store, TRAILER_MAX, 2);
    run->step = HTTP_MORE;
    run->taken = 0;
    run->size = 0;
    while (run->step == HTTP_MORE && run->taken < text.size) {
        size_t size = cut == 0           ? 1
                      : run->taken < cut ? cut - run->taken
                                         : text.size - run->taken;
        text_t piece = text_part(text, run->taken, size);
        size_t before = piece.size;
        text_t data;
        while ((run->step = chunked_next(&run->chunked, &piece, &data)) == HTTP_PART) {
            CHECK(data.size > 0 && run->size + data.size <= sizeof run->data);
            memcpy(run->data + run->size, data.bytes, data.size);
            run->size += data.size;
        }
        run->taken += before - piece.size;
    }
}

static const run_t *decode_all_ways(const char *bytes) {
    static run_t whole;
    static run_t other;
    text_t text = text_of(bytes);
    decode(&whole, text, text.size);
    for (size_t cut = 0; cut < text.size; cut++) {
        decode(&other, text, cut);
        CHECK_EQ(other.step, whole.step);
        CHECK_EQ(other.taken, whole.taken);
        CHECK_EQ(other.chunked.fault, whole.chunked.fault);
        CHECK_EQ(other.size, whole.size);
        CHECK_MEM(other.data, whole.data, whole.size);
    }
    return &whole;
}

TEST(chunked_decodes) {
    static const char text[] = "5\r\nhello\r\n00a;x=\"y\" ;z\r\n, world\r\n!\r\n"
                               "1 \t;e\r\n.\r\n0\r\n\r\nGET";
    const run_t *run = decode_all_ways(text);
    CHECK_EQ(run->step, HTTP_END);
    CHECK_EQ(run->size, 16);
    CHECK_MEM(run->data, "hello, world\r\n!.", 16);
    CHECK_STR(text + run->taken, "GET");
    CHECK_EQ(chunked_trailers(&run->chunked).size, 0);
}

TEST(chunked_has_trailers) {
    const run_t *run = decode_all_ways("0;last\r\nX-Sum: 12\r\nY:\r\n\r\n");
    text_t value;
    CHECK_EQ(run->step, HTTP_END);
    text_t list = chunked_trailers(&run->chunked);
    CHECK(http_headers_find(list, "x-sum", &value));
    CHECK(text_is(value, "12"));
    CHECK_EQ(http_headers_count(list, "Y"), 1);
}

TEST(chunked_refusals) {
    static const struct {
        const char *text;
        int fault;
    } rows[] = {
        {"0x5\r\nhello\r\n", HTTP_FAULT_CHUNK_SIZE},
        {"-5\r\nhello\r\n", HTTP_FAULT_CHUNK_SIZE},
        {"+5\r\nhello\r\n", HTTP_FAULT_CHUNK_SIZE},
        {"\r\nhello", HTTP_FAULT_CHUNK_SIZE},
        {" 5\r\nhello", HTTP_FAULT_CHUNK_SIZE},
        {"5 \r\nhello", HTTP_FAULT_CHUNK_SIZE},
        {"17 F\r\nhello", HTTP_FAULT_CHUNK_SIZE},
        {"g\r\n", HTTP_FAULT_CHUNK_SIZE},
        {";ext\r\n", HTTP_FAULT_CHUNK_SIZE},
        {"10000000000000000\r\n", HTTP_FAULT_CHUNK_SIZE},
        {"5\nhello\r\n", HTTP_FAULT_LINE_END},
        {"5\rhello", HTTP_FAULT_LINE_END},
        {"5;x\nhello\r\n", HTTP_FAULT_LINE_END},
        {"5;x\rhello\r\n", HTTP_FAULT_LINE_END},
        {"5;x\x01\r\nhello\r\n", HTTP_FAULT_CHUNK_EXT},
        {"5\r\nhello5\r\n", HTTP_FAULT_CHUNK_END},
        {"5\r\nhello\n5\r\n", HTTP_FAULT_CHUNK_END},
        {"5\r\nhello\r5\r\n", HTTP_FAULT_CHUNK_END},
        {"5\r\nhello\r\n\r\n", HTTP_FAULT_CHUNK_SIZE},
        {"0\r\nbad\r\n\r\n", HTTP_FAULT_NAME},
        {"0\r\n folded\r\n\r\n", HTTP_FAULT_FOLDED},
        {"0\r\na: b\nc: d\r\n\r\n", HTTP_FAULT_LINE_END},
        {"0\r\na:\r\na:\r\na:\r\n\r\n", HTTP_FAULT_FIELDS_MANY},
        {"0\r\na: 0123456789012345678901234567890123456789012345678901234567890\r\n",
         HTTP_FAULT_FIELDS_LONG},
        {"0\r\ncontent-length: 5\r\n\r\n", HTTP_FAULT_TRAILER},
        {"0\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_FAULT_TRAILER},
        {"0\r\nHost: h\r\n\r\n", HTTP_FAULT_TRAILER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const run_t *run = decode_all_ways(rows[i].text);
        CHECK_STR(http_fault_text((http_fault_t)run->chunked.fault),
                  http_fault_text((http_fault_t)rows[i].fault));
        CHECK_EQ(run->step, HTTP_BAD);
    }
}

/* A size of 16 digits is counted, not stored: data of any length passes through. */
TEST(chunked_largest_chunk) {
    chunked_t chunked;
    char store[HTTP_FIELDS_STORE(2)];
    text_t data;
    chunked_init(&chunked, store, 2, 0);
    text_t input = text_of("fFfFfFfFfFfFfFfF\r\nxyz");
    CHECK_EQ(chunked_next(&chunked, &input, &data), HTTP_PART);
    CHECK_EQ(data.size, 3);
    CHECK_EQ(chunked.left, UINT64_MAX - 3);
}

TEST(chunked_extensions_may_not_outgrow_the_data) {
    chunked_t chunked;
    char store[HTTP_FIELDS_STORE(2)];
    size_t chunks = 0;
    chunked_init(&chunked, store, 2, 0);
    http_step_t step = HTTP_MORE;
    for (; step == HTTP_MORE && chunks < 10000; chunks++) {
        text_t input = text_of("1;0123456\r\nx\r\n"); /* six more than data */
        text_t data;
        while ((step = chunked_next(&chunked, &input, &data)) == HTTP_PART) {
        }
    }
    CHECK_EQ(step, HTTP_BAD);
    CHECK_EQ(chunked.fault, HTTP_FAULT_CHUNK_EXT);
    CHECK_EQ(chunks, (MK_HTTP_CHUNK_EXT_MAX - 7) / 6 + 2);
    chunked_init(&chunked, store, 2, 0);
    for (chunks = 0; chunks < 10000; chunks++) {
        text_t input = text_of("7;0123456\r\n1234567\r\n");
        text_t data;
        while ((step = chunked_next(&chunked, &input, &data)) == HTTP_PART) {
        }
        CHECK_EQ(step, HTTP_MORE);
    }
}

TEST(chunked_refuses_trailers_where_none_may_be) {
    chunked_t chunked;
    char store[HTTP_FIELDS_STORE(2)];
    text_t data;
    chunked_init(&chunked, store, 2, 0);
    text_t input = text_of("0\r\n\r\n");
    CHECK_EQ(chunked_next(&chunked, &input, &data), HTTP_END);
    chunked_init(&chunked, store, 2, 0);
    input = text_of("0\r\na:\r\n\r\n");
    CHECK_EQ(chunked_next(&chunked, &input, &data), HTTP_BAD);
    CHECK_EQ(chunked.fault, HTTP_FAULT_FIELDS_MANY);
}

TEST(chunked_heads_are_written) {
    static const struct {
        uint64_t size;
        const char *text;
    } rows[] = {{1, "1\r\n"},
                {15, "f\r\n"},
                {16, "10\r\n"},
                {0xABCDE, "abcde\r\n"},
                {UINT64_MAX, "ffffffffffffffff\r\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[CHUNKED_HEAD_MAX];
        size_t size = chunked_write_head(rows[i].size, bytes);
        CHECK_EQ(size, strlen(rows[i].text));
        CHECK_MEM(bytes, rows[i].text, size);
    }
}

TEST_TABLE(chunked, TEST_ROW(chunked_decodes), TEST_ROW(chunked_has_trailers),
           TEST_ROW(chunked_refusals), TEST_ROW(chunked_largest_chunk),
           TEST_ROW(chunked_extensions_may_not_outgrow_the_data),
           TEST_ROW(chunked_refuses_trailers_where_none_may_be),
           TEST_ROW(chunked_heads_are_written))
