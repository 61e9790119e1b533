/* SPDX-License-Identifier: Apache-2.0 */
/* Each stream is parsed in pieces of every size; the outcome is written down. */
#include "base/writer.h"
#include "microkernel/error.h"
#include "net/sse_parse.h"
#include "support/test.h"

#include <string.h>

enum { CAP = 64 };

static sse_parser_t parser;
static char store[CAP];

static void parse(text_t text, size_t piece_size, mk_writer_t *out) {
    sse_step_t step = SSE_MORE;
    for (size_t at = 0; at < text.size && step != SSE_BAD; at += piece_size) {
        text_t piece = text_part(text, at, piece_size);
        sse_event_t event;
        while ((step = sse_parse(&parser, &piece, &event)) == SSE_EVENT) {
            writer_slice(out, event.type);
            writer_char(out, '[');
            writer_escaped(out, event.data);
            writer_char(out, ']');
            writer_slice(out, event.id);
            writer_char(out, ';');
        }
        if (step == SSE_BAD) writer_str(out, "bad");
    }
}

static void check_bytes(const char *bytes, size_t size, const char *want) {
    for (size_t piece = 1; piece <= size; piece++) {
        char text[256];
        mk_writer_t out;
        writer_init(&out, text, sizeof text);
        sse_parser_init(&parser, store, CAP);
        parse(text_make(bytes, size), piece, &out);
        CHECK_STR(text, want);
    }
}
#define STREAM(bytes, want) check_bytes(bytes, sizeof(bytes) - 1, want)

/* The examples of section 9.2.6. */
TEST(sse_parse_examples_of_the_standard) {
    STREAM("data: YHOO\ndata: +2\ndata: 10\n\n", "message[YHOO\\x0a+2\\x0a10];");
    STREAM(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
           "data:  third event\n\n",
           "message[first event]1;message[second event];message[ third event];");
    STREAM("data\n\ndata\ndata\n\ndata:", "message[];message[\\x0a];");
    STREAM("data:test\n\ndata: test\n\n", "message[test];message[test];");
    STREAM("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n",
           "add[73857293];remove[2153];");
}

TEST(sse_parse_line_ends) {
    STREAM("data: a\r\ndata: b\r\n\r\n", "message[a\\x0ab];");
    STREAM("data: a\rdata: b\r\r", "message[a\\x0ab];");
    STREAM("data: a\n\r\ndata: b\r\n\n", "message[a];message[b];");
    STREAM("data: a\n\rdata: b\r\n\r", "message[a];message[b];");
}

TEST(sse_parse_byte_order_mark) {
    STREAM("\xEF\xBB\xBF"
           "data: a\n\n",
           "message[a];");
    STREAM("\xEF\xBB\xBF\xEF\xBB\xBF"
           "data: a\n\ndata: b\n\n",
           "message[b];");
    STREAM("\xEF\xBB"
           "data: a\n\ndata: b\n\n",
           "message[b];");
    STREAM("\xEF\n\ndata: b\n\n", "message[b];");
    STREAM("data: a\n\xEF\xBB\xBF"
           "data: b\n\n",
           "message[a];");
    STREAM("\n\n\ndata: a\n\n", "message[a];");
}

TEST(sse_parse_fields) {
    STREAM("event: x\n\ndata: a\n\n", "message[a];");
    STREAM("Data: a\ndatas: a\ndat: a\n data: a\nx\n\n", "");
    STREAM("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid: 3\n\ndata: c\n\n",
           "message[a]1;message[b]1;message[c]3;");
    STREAM("data: a:b: c\n:x\ndata\n\n", "message[a:b: c\\x0a];");
    STREAM("data: \0\n\n", "message[\\x00];");
    STREAM("event: one\nevent: two\ndata: a\n\n", "two[a];");
}

TEST(sse_parse_retry_is_digits) {
    static const struct {
        const char *text;
        uint32_t retry_ms;
    } rows[] = {{"retry: 3000\n", 3000},
                {"retry:1\n", 1},
                {"retry: 1s\n", 7},
                {"retry: -1\n", 7},
                {"retry\n", 7},
                {"retry: +5\n", 7},
                {"retry:  5\n", 7},
                {"retry: 3000", 7},
                {"retry: 99999999999999999999999\n", UINT32_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sse_event_t event;
        text_t input = text_of(rows[i].text);
        sse_parser_init(&parser, store, CAP);
        parser.retry_ms = 7;
        CHECK_EQ(sse_parse(&parser, &input, &event), SSE_MORE);
        CHECK_EQ(parser.retry_ms, rows[i].retry_ms);
    }
}

TEST(sse_parse_bounds) {
    char text[300];
    char want[CAP + 16];
    memset(text, 'x', sizeof text);
    memcpy(text, "data:", 5);
    memcpy(text + 5 + CAP - 1, "\n\n", 2);
    memset(want, 'x', sizeof want);
    memcpy(want, "message[", 8);
    memcpy(want + 8 + CAP - 1, "];", 3);
    check_bytes(text, 5 + CAP + 1, want);
    memcpy(text + 5 + CAP - 1, "x\n\n", 3);
    check_bytes(text, 5 + CAP + 2, "bad");
    STREAM("data: 0123456789012345678901234567890\n"
           "data: 0123456789012345678901234567890\ndata\n\n",
           "bad");
    STREAM("event: 01234567890123456789012345678901234567890123456789012345678901234\n",
           "bad");
    memset(text, 'x', sizeof text); /* what is not kept has no bound */
    text[0] = ':';
    memcpy(text + 280, "\ndata:a\n\n", 9);
    check_bytes(text, 289, "message[a];");
}

TEST(sse_parse_reconnects_with_the_last_id) {
    char text[64];
    mk_writer_t out;
    writer_init(&out, text, sizeof text);
    sse_parser_init(&parser, store, CAP);
    parse(text_of("retry: 5\nid: 1\ndata: a\n\nid: 2\nevent: x\ndata: lost\r"), 5,
          &out);
    CHECK(text_is(sse_parser_last_id(&parser), "1"));
    sse_parser_reconnect(&parser);
    CHECK(text_is(sse_parser_last_id(&parser), "1"));
    CHECK_EQ(parser.retry_ms, 5);
    parse(text_of("\xEF\xBB\xBF\ndata: b\n\n"), 4, &out);
    CHECK_STR(text, "message[a]1;message[b]1;");
}

TEST(sse_write_event_is_read_back) {
    static const struct {
        sse_event_t event;
        const char *text;
    } rows[] = {
        {{{"", 0}, {"a", 1}, {"", 0}, 0}, "data: a\n\n"},
        {{{"", 0}, {"", 0}, {"", 0}, 0}, "data: \n\n"},
        {{{"tick", 4}, {"a\r\n b\rc\n\nd\n", 11}, {"7", 1}, 0},
         "event: tick\nid: 7\ndata: a\ndata:  b\ndata: c\ndata: \ndata: d\ndata: \n\n"},
        {{{"", 0}, {"a", 1}, {"x y", 3}, UINT32_MAX},
         "id: x y\nretry: 4294967295\ndata: a\n\n"},
        {{{"", 0}, {NULL, 0}, {"8", 1}, 1}, "id: 8\nretry: 1\n\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[128];
        int size = sse_write_event(&rows[i].event, bytes, sizeof bytes);
        CHECK_EQ(size, strlen(rows[i].text));
        CHECK_EQ(size, sse_event_size(&rows[i].event));
        CHECK_MEM(bytes, rows[i].text, (size_t)size);
        CHECK_EQ(sse_write_event(&rows[i].event, bytes, (size_t)size - 1), MK_ETOOBIG);
    }
    STREAM("event: tick\nid: 7\ndata: a\ndata:  b\n\n", "tick[a\\x0a b]7;");
    STREAM("id: 8\nretry: 1\n\ndata: a\n\n", "message[a]8;");
}

TEST(sse_write_event_refuses_injection) {
    static const char *const bad[] = {"a\ndata: x", "a\r", "\n"};
    char bytes[64];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sse_event_t event = {text_of(bad[i]), text_of("d"), text_of(""), 0};
        CHECK_EQ(sse_write_event(&event, bytes, sizeof bytes), MK_EINVAL);
        event = (sse_event_t){text_of(""), text_of("d"), text_of(bad[i]), 0};
        CHECK_EQ(sse_write_event(&event, bytes, sizeof bytes), MK_EINVAL);
    }
    sse_event_t event = {text_of(""), text_of("d"), text_make("a\0b", 3), 0};
    CHECK_EQ(sse_write_event(&event, bytes, sizeof bytes), MK_EINVAL);
}

TEST_TABLE(sse_parse, TEST_ROW(sse_parse_examples_of_the_standard),
           TEST_ROW(sse_parse_line_ends), TEST_ROW(sse_parse_byte_order_mark),
           TEST_ROW(sse_parse_fields), TEST_ROW(sse_parse_retry_is_digits),
           TEST_ROW(sse_parse_bounds), TEST_ROW(sse_parse_reconnects_with_the_last_id),
           TEST_ROW(sse_write_event_is_read_back),
           TEST_ROW(sse_write_event_refuses_injection))
