/* SPDX-License-Identifier: Apache-2.0 */
/* Each input is decoded whole, byte by byte, and in pieces of several sizes; the
 * outcome is written down as a text, with the pieces of a message joined. */
#include "base/writer.h"
#include "microkernel/error.h"
#include "net/ws_frame.h"
#include "support/test.h"

#include <string.h>

enum { MESSAGE_MAX = 300 };

static void note(mk_writer_t *out, ws_step_t step, const ws_event_t *event,
                 size_t *size) {
    text_t text = text_make((const char *)event->bytes, event->size);
    switch (step) {
    case WS_DATA:
        if (event->is_first) {
            writer_str(out, event->is_binary ? "binary" : "text");
            writer_str(out, event->is_compressed ? " packed(" : "(");
            *size = 0;
        }
        *size += event->size;
        if (event->size < 50) writer_escaped(out, text);
        if (event->is_last) writer_format(out, ":%u)", (unsigned)*size);
        break;
    case WS_PING: writer_format(out, "ping(%.*s)", (int)text.size, text.bytes); break;
    case WS_PONG: writer_format(out, "pong(%.*s)", (int)text.size, text.bytes); break;
    case WS_CLOSE:
        writer_format(out, "close(%u,%.*s)", event->code, (int)text.size, text.bytes);
        break;
    case WS_BAD: writer_format(out, "bad %u", event->code); break;
    case WS_MORE: break;
    }
}

static void decode(const void *input, size_t size, bool is_server, size_t piece,
                   char *text, size_t cap) {
    static uint8_t bytes[2048];
    mk_writer_t out;
    ws_decoder_t decoder;
    ws_event_t event;
    size_t message = 0;
    memcpy(bytes, input, size);
    writer_init(&out, text, cap);
    ws_decoder_init(&decoder, is_server, false, MESSAGE_MAX);
    ws_step_t step = WS_MORE;
    for (size_t at = 0; at < size && step != WS_BAD; at += piece) {
        uint8_t *part = bytes + at;
        size_t left = size - at < piece ? size - at : piece;
        while ((step = ws_decode(&decoder, &part, &left, &event)) != WS_MORE) {
            note(&out, step, &event, &message);
            if (step == WS_BAD) break;
        }
        CHECK(step == WS_BAD || left == 0);
    }
}

static void check(const void *input, size_t size, bool is_server, const char *want) {
    char text[256];
    static const size_t pieces[] = {2048, 1, 2, 3, 5, 7, 64};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        decode(input, size, is_server, pieces[i], text, sizeof text);
        /* What precedes a refusal depends on the pieces; the refusal does not. */
        if (strncmp(want, "bad", 3) == 0 && strstr(text, "bad") != NULL)
            CHECK_STR(strstr(text, "bad"), want);
        else
            CHECK_STR(text, want);
    }
}
#define CLIENT(bytes, want) check(bytes, sizeof(bytes) - 1, false, want)
#define SERVER(bytes, want) check(bytes, sizeof(bytes) - 1, true, want)

/* RFC 6455, section 5.7. */
TEST(ws_frame_decodes_the_examples_of_the_rfc) {
    CLIENT("\x81\x05Hello", "text(Hello:5)");
    SERVER("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "text(Hello:5)");
    CLIENT("\x01\x03Hel\x80\x02lo", "text(Hello:5)");
    CLIENT("\x89\x05Hello", "ping(Hello)");
    SERVER("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "pong(Hello)");
}

TEST(ws_frame_messages_of_every_shape) {
    CLIENT("\x82\x00", "binary(:0)");
    CLIENT("\x81\x00\x81\x01x", "text(:0)text(x:1)");
    CLIENT("\x01\x00\x00\x00\x00\x01x\x80\x00", "text(x:1)");
    CLIENT("\x01\x00\x80\x00", "text(:0)");
    CLIENT("\x01\x01x\x89\x01p\x80\x01y\x8a\x00", "text(xping(p)y:2)pong()");
    CLIENT("\x81\x7e\x00\x05Hello", "text(Hello:5)");
    CLIENT("\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x05Hello", "text(Hello:5)");
    CLIENT("\x02\x02\xff\xfe\x80\x01\xfd", "binary(\\xff\\xfe\\xfd:3)");
    CLIENT("\x88\x00", "close(1005,)");
    CLIENT("\x88\x05\x03\xe8"
           "bye"
           "\x81\x01x\xff\xff",
           "close(1000,bye)");
}

TEST(ws_frame_refusals) {
    SERVER("\x81\x05Hello", "bad 1002"); /* no mask */
    CLIENT("\x81\x85\x37\xfa\x21\x3d", "bad 1002");
    CLIENT("\xc1\x00", "bad 1002"); /* RSV1, 2, 3 */
    CLIENT("\xa1\x00", "bad 1002");
    CLIENT("\x91\x00", "bad 1002");
    CLIENT("\x83\x00", "bad 1002"); /* reserved opcodes */
    CLIENT("\x87\x00", "bad 1002");
    CLIENT("\x8b\x00", "bad 1002");
    CLIENT("\x8f\x00", "bad 1002");
    CLIENT("\x09\x00", "bad 1002"); /* a ping in fragments, or of 126 bytes */
    CLIENT("\x89\x7e\x00\x7e", "bad 1002");
    CLIENT("\x80\x00", "bad 1002");
    CLIENT("\x00\x00", "bad 1002");
    CLIENT("\x01\x00\x81\x00", "bad 1002");
    CLIENT("\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "bad 1002");
    CLIENT("\x81\x7f\x40\x00\x00\x00\x00\x00\x00\x00", "bad 1009");
    CLIENT("\x81\x7e\x01\x2d", "bad 1009");          /* 301 bytes */
    CLIENT("\x02\x01x\x00\x7e\x01\x2c", "bad 1009"); /* 1 and 300 */
    CLIENT("\x88\x01\x03", "bad 1002");
    CLIENT("\x88\x02\x03\xed",
           "bad 1002"); /* 1005, 1006, 1015, 999, 1016, 2999, 5000 */
    CLIENT("\x88\x02\x03\xee", "bad 1002");
    CLIENT("\x88\x02\x03\xf7", "bad 1002");
    CLIENT("\x88\x02\x03\xe7", "bad 1002");
    CLIENT("\x88\x02\x03\xf8", "bad 1002");
    CLIENT("\x88\x02\x0b\xb7", "bad 1002");
    CLIENT("\x88\x02\x13\x88", "bad 1002");
    CLIENT("\x88\x03\x03\xe8\xff", "bad 1007");
}

TEST(ws_frame_text_is_utf8_across_fragments) {
    CLIENT("\x01\x01\xe2\x00\x01\x82\x80\x01\xac", "text(\\xe2\\x82\\xac:3)");
    CLIENT("\x81\x01\xff", "bad 1007");
    CLIENT("\x81\x02\xe2\x82", "bad 1007"); /* cut at the end */
    CLIENT("\x01\x02\xe2\x82\x80\x00", "bad 1007");
    CLIENT("\x81\x7e\x01\x2c\xed\xa0", "bad 1007"); /* before the frame is there */
    CLIENT("\x01\x01\xf4\x89\x00\x00\x01\x90", "bad 1007");
    CLIENT("\x82\x01\xff\x81\x01x", "binary(\\xff:1)text(x:1)");
}

TEST(ws_frame_message_limit_is_exact) {
    uint8_t bytes[4 + 300] = {0x82, 126, 1, 44};
    check(bytes, 4, false, "");
    char text[2048];
    decode(bytes, sizeof bytes, false, sizeof bytes, text, sizeof text);
    CHECK_STR(text, "binary(:300)");
}

TEST(ws_frame_compressed_messages_when_agreed) {
    uint8_t bytes[] = {0x41, 1, 0xFF, 0x80, 1, 0xFE};
    ws_decoder_t decoder;
    ws_event_t event;
    uint8_t *at = bytes;
    size_t size = sizeof bytes;
    ws_decoder_init(&decoder, false, true, 10);
    CHECK_EQ(ws_decode(&decoder, &at, &size, &event), WS_DATA);
    CHECK(event.is_compressed && event.is_first && !event.is_last);
    CHECK_EQ(ws_decode(&decoder, &at, &size, &event), WS_DATA);
    CHECK(event.is_compressed && event.is_last);
    static uint8_t bad[] = {0xC9, 0}; /* a control frame never is */
    at = bad;
    size = sizeof bad;
    CHECK_EQ(ws_decode(&decoder, &at, &size, &event), WS_BAD);
    CHECK(event.why != NULL);
    size = 0;
    CHECK_EQ(ws_decode(&decoder, &at, &size, &event), WS_BAD); /* for ever */
}

TEST(ws_frame_mask_is_its_own_inverse_in_parts) {
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    uint8_t bytes[100];
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)i;
        ws_mask(bytes, cut, mask, 0);
        ws_mask(bytes + cut, sizeof bytes - cut, mask, cut);
        for (size_t i = 0; i < sizeof bytes; i++)
            CHECK_EQ(bytes[i], (uint8_t)(i ^ mask[i % 4]));
    }
}

TEST(ws_frame_heads_are_the_shortest) {
    static const struct {
        uint64_t size;
        size_t head;
    } rows[] = {{0, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}, {UINT32_MAX, 10}};
    static const uint8_t mask[4] = {1, 2, 3, 4};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t head[WS_HEAD_MAX];
        size_t size =
            ws_write_head(head, WS_OP_BINARY, false, false, rows[i].size, NULL);
        CHECK_EQ(size, rows[i].head);
        CHECK_EQ(head[0], 2);
        ws_decoder_t decoder;
        ws_event_t event;
        ws_decoder_init(&decoder, true, false, UINT32_MAX);
        size = ws_write_head(head, WS_OP_TEXT, true, false, rows[i].size, mask);
        CHECK_EQ(size, rows[i].head + 4);
        CHECK_MEM(head + size - 4, mask, 4);
        uint8_t *at = head;
        ws_step_t step = ws_decode(&decoder, &at, &size, &event);
        CHECK_EQ(step, rows[i].size == 0 ? WS_DATA : WS_MORE);
        CHECK_EQ(decoder.left, rows[i].size);
    }
}

TEST(ws_frame_close_payloads) {
    uint8_t payload[WS_CONTROL_MAX];
    char reason[WS_REASON_MAX + 1];
    memset(reason, 'r', sizeof reason);
    CHECK_EQ(ws_write_close(payload, WS_CLOSE_NONE, text_of("")), 0);
    CHECK_EQ(ws_write_close(payload, 1000, text_of("bye")), 5);
    CHECK_MEM(payload,
              "\x03\xe8"
              "bye",
              5);
    CHECK_EQ(ws_write_close(payload, 4999, text_make(reason, WS_REASON_MAX)), 125);
    CHECK_EQ(ws_write_close(payload, 1000, text_make(reason, WS_REASON_MAX + 1)),
             MK_ETOOBIG);
    CHECK_EQ(ws_write_close(payload, WS_CLOSE_NONE, text_of("x")), MK_EINVAL);
    CHECK_EQ(ws_write_close(payload, 1006, text_of("")), MK_EINVAL);
    CHECK_EQ(ws_write_close(payload, 1000, text_of("\xFF")), MK_EINVAL);
}

TEST_TABLE(ws_frame, TEST_ROW(ws_frame_decodes_the_examples_of_the_rfc),
           TEST_ROW(ws_frame_messages_of_every_shape), TEST_ROW(ws_frame_refusals),
           TEST_ROW(ws_frame_text_is_utf8_across_fragments),
           TEST_ROW(ws_frame_message_limit_is_exact),
           TEST_ROW(ws_frame_compressed_messages_when_agreed),
           TEST_ROW(ws_frame_mask_is_its_own_inverse_in_parts),
           TEST_ROW(ws_frame_heads_are_the_shortest), TEST_ROW(ws_frame_close_payloads))
