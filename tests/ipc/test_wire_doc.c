/* SPDX-License-Identifier: Apache-2.0 */
/* docs/WIRE.md says what the code does: its examples are read and written again, its
 * tables have the offsets, sizes, names and numbers of the code. */
#include "support/test.h"

#include "base/text.h"
#include "ipc/frame_reader.h"
#include "ipc/page.h"
#include "microkernel/message_ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MAX = 4096 };

/* Go behind the next line that is `mark`. */
static bool find_block(const char *mark) {
    while (next_line())
        if (strcmp(line, mark) == 0) return true;
    return false;
}

/* The hexadecimal lines until the end of the block. */
static size_t read_hex(uint8_t *bytes) {
    size_t size = 0;
    while (next_line() && strcmp(line, "```") != 0) {
        const char *at = line;
        char *end;
        for (;;) {
            unsigned long value = strtoul(at, &end, 16);
            if (end == at) break;
            CHECK(value <= 0xff && size < FRAME_MAX);
            bytes[size++] = (uint8_t)value;
            at = end;
        }
        CHECK_EQ(strspn(at, " "), strlen(at));
    }
    return size;
}

/* The cells of a row of a table; false: the line is none with that many numbers. */
static bool read_row(uint64_t *numbers, size_t count, char name[64]) {
    text_t rest = text_of(line), cell;
    if (line[0] != '|') return false;
    for (size_t i = 0; i < count; i++)
        if (!text_next_word(&rest, "| ", &cell) ||
            text_parse_unsigned(cell, 0, 0, UINT32_MAX, &numbers[i]) != MK_OK)
            return false;
    if (!text_next_word(&rest, "| ", &cell) || cell.size >= 64) return false;
    memcpy(name, cell.bytes, cell.size);
    name[cell.size] = '\0';
    return true;
}

static uint64_t word(const char *name) {
    const char *at = strstr(line, name);
    CHECK(at != NULL);
    return strtoull(at + strlen(name), NULL, 0);
}

TEST(each_example_is_read_and_written_again) {
    uint8_t bytes[FRAME_MAX], again[FRAME_MAX];
    size_t count = 0;
    page_open("WIRE.md");
    while (find_block("```wire")) {
        CHECK(next_line());
        wire_message_t want = {.source = word("source="),
                               .dest = word("dest="),
                               .type = (msg_type_t)word("type="),
                               .payload_size = (size_t)word("payload=")};
        size_t size = read_hex(bytes);
        frame_reader_t reader;
        frame_reader_init(&reader, MK_WIRE_PAYLOAD_MAX);
        const uint8_t *from = bytes;
        size_t left = size;
        wire_message_t message;
        CHECK_EQ(frame_reader_next(&reader, &from, &left, &message), MK_OK);
        CHECK_EQ(left, 0);
        CHECK_EQ(message.source, want.source);
        CHECK_EQ(message.dest, want.dest);
        CHECK_EQ(message.type, want.type);
        CHECK_EQ(message.payload_size, want.payload_size);
        frame_put(again, &message);
        CHECK_MEM(again, bytes, size);
        frame_reader_deinit(&reader);
        count++;
    }
    CHECK(count >= 2);
}

TEST(what_it_calls_refused_is_refused_in_these_words) {
    uint8_t bytes[FRAME_MAX];
    char why[sizeof line];
    size_t count = 0;
    page_open("WIRE.md");
    while (find_block("```refused")) {
        CHECK(next_line());
        memcpy(why, line, sizeof why);
        size_t size = read_hex(bytes);
        frame_reader_t reader;
        frame_reader_init(&reader, MK_WIRE_PAYLOAD_MAX);
        const uint8_t *from = bytes;
        wire_message_t message;
        int result = frame_reader_next(&reader, &from, &size, &message);
        CHECK(result == MK_EBADMSG || result == MK_ETOOBIG);
        CHECK_STR(frame_reader_why(&reader), why);
        frame_reader_deinit(&reader);
        count++;
    }
    CHECK_EQ(count, 2);
}

/* Fields stand where the table says: the bytes there are all that the field changes. */
TEST(the_table_of_the_header_is_true) {
    static const struct {
        const char *name;
        wire_message_t message;
    } fields[] = {{"source", {.source = UINT64_MAX}},
                  {"dest", {.dest = UINT64_MAX}},
                  {"type", {.type = UINT32_MAX}},
                  {"payload", {.payload_size = UINT32_MAX}}};
    size_t rows = 0;
    page_open("WIRE.md");
    while (next_line()) {
        uint64_t numbers[2];
        char name[64];
        if (!read_row(numbers, 2, name)) continue;
        size_t offset = (size_t)numbers[0], size = (size_t)numbers[1];
        uint8_t want[WIRE_HEADER_SIZE] = {0}, got[WIRE_HEADER_SIZE];
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            if (strcmp(name, fields[i].name) != 0) continue;
            CHECK(offset + size <= WIRE_HEADER_SIZE);
            memset(want + offset, 0xff, size);
            frame_put_header(got, &fields[i].message);
            CHECK_MEM(got, want, sizeof want);
            rows++;
        }
        if (strcmp(name, "reserved") == 0) {
            wire_message_t message;
            for (size_t i = 0; i < size; i++) {
                memset(want, 0, sizeof want);
                want[offset + i] = 1;
                CHECK_EQ(frame_get_header(want, 100, &message), MK_EBADMSG);
            }
            rows++;
        }
    }
    CHECK_EQ(rows, 5);
}

#define MK_MESSAGE(name, number, payload, way, text) {#name, number},
static const struct {
    const char *name;
    uint32_t number;
} messages[] = {
#include "microkernel/message_ids.def"
};

TEST(the_numbers_of_control_messages_are_true) {
    size_t rows = 0;
    page_open("WIRE.md");
    while (next_line()) {
        uint64_t number;
        char name[64];
        if (strncmp(line, "| 0x", 4) != 0 || !read_row(&number, 1, name)) continue;
        size_t i = 0;
        while (i < sizeof messages / sizeof messages[0] &&
               strcmp(messages[i].name, name) != 0)
            i++;
        CHECK(i < sizeof messages / sizeof messages[0]);
        CHECK_EQ(number, messages[i].number);
        rows++;
    }
    CHECK(rows >= 15);
}

TEST_TABLE(wire_doc, TEST_ROW(each_example_is_read_and_written_again),
           TEST_ROW(what_it_calls_refused_is_refused_in_these_words),
           TEST_ROW(the_table_of_the_header_is_true),
           TEST_ROW(the_numbers_of_control_messages_are_true))
