/* SPDX-License-Identifier: Apache-2.0 */
#include "services/crash_line.h"

#include "base/crc32.h"
#include "microkernel/error.h"
#include "support/test.h"

#include <string.h>

static crash_record_t record_of(const char *names, const char *text) {
    crash_record_t record = {.number = 12,
                             .start = 3,
                             .time_ms = 1767225600000u,
                             .id = 4294967303u,
                             .parent = 4294967298u,
                             .reason = EXIT_CRASHED,
                             .last_type = 0xFF000001u,
                             .handled = 17};
    memcpy(record.names, names, strlen(names));
    memcpy(record.text, text, strlen(text));
    return record;
}

static char line[CRASH_LINE_MAX + 1];

static size_t write_line(const crash_record_t *record) {
    size_t size = crash_line_write(record, line);
    CHECK(size <= CRASH_LINE_MAX);
    line[size] = '\0';
    return size;
}

TEST(crash_line_is_as_documented) {
    crash_record_t record = record_of("web, /svc/web", "division by zero");
    size_t size = write_line(&record);
    CHECK_STR(line, "crash1 207c8364 12 3 1767225600000 4294967303 4294967298 2 "
                    "4278190081 17 =web,\\x20/svc/web =division\\x20by\\x20zero\n");
    CHECK_EQ(size, strlen(line));
}

static void check_same(const crash_record_t *a, const crash_record_t *b) {
    CHECK_EQ(a->number, b->number);
    CHECK_EQ(a->start, b->start);
    CHECK_EQ(a->time_ms, b->time_ms);
    CHECK_EQ(a->id, b->id);
    CHECK_EQ(a->parent, b->parent);
    CHECK_EQ(a->reason, b->reason);
    CHECK_EQ(a->last_type, b->last_type);
    CHECK_EQ(a->handled, b->handled);
    CHECK_STR(a->names, b->names);
    CHECK_STR(a->text, b->text);
}

TEST(crash_line_gives_back_what_was_written) {
    static const char *const texts[] = {
        "",      "plain", "a b\\c\n\t=", "\xff\x01", "gr\xc3\xbc\xc3\x9f",
        "\\x41", " ",     "\xe2\x80\xae"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        crash_record_t record = record_of("n", texts[i]);
        size_t size = write_line(&record);
        CHECK(memchr(line, '\n', size) == line + size - 1);
        crash_record_t read;
        CHECK_EQ(crash_line_read(line, size - 1, &read), MK_OK);
        check_same(&record, &read);
        CHECK(read.is_earlier);
    }
}

TEST(crash_line_of_the_largest_record_fits) {
    crash_record_t record;
    memset(&record, 0xff, sizeof record);
    record.is_earlier = true;
    record.names[sizeof record.names - 1] = '\0';
    record.text[sizeof record.text - 1] = '\0';
    size_t size = write_line(&record);
    crash_record_t read;
    CHECK_EQ(crash_line_read(line, size - 1, &read), MK_OK);
    check_same(&record, &read);
}

TEST(crash_line_refuses_every_beginning_of_a_line) {
    crash_record_t record = record_of("web", "text");
    crash_record_t read;
    size_t size = write_line(&record) - 1;
    for (size_t cut = 0; cut < size; cut++) {
        char part[CRASH_LINE_MAX];
        memcpy(part, line, cut);
        CHECK_EQ(crash_line_read(part, cut, &read), MK_EBADMSG);
    }
    CHECK_EQ(crash_line_read(line, size, &read), MK_OK);
    CHECK_EQ(crash_line_read(line, size + 1, &read), MK_EBADMSG); /* the newline */
}

TEST(crash_line_refuses_every_changed_byte) {
    crash_record_t record = record_of("web", "text");
    crash_record_t read;
    size_t size = write_line(&record) - 1;
    for (size_t at = 0; at < size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            line[at] = (char)(line[at] ^ (1 << bit));
            CHECK_EQ(crash_line_read(line, size, &read), MK_EBADMSG);
            line[at] = (char)(line[at] ^ (1 << bit));
        }
    }
}

/* A line with the right checksum that is wrong all the same: another version's, or made
 * by hand. */
static int read_body(const char *body) {
    char text[4 * CRASH_LINE_MAX];
    size_t size = strlen(body);
    uint32_t crc = crc32_add(0, body, size);
    memcpy(text, "crash1 ", 7);
    for (int i = 0; i < 8; i++)
        text[7 + i] = "0123456789abcdef"[crc >> (28 - 4 * i) & 15u];
    text[15] = ' ';
    memcpy(text + 16, body, size);
    crash_record_t read;
    return crash_line_read(text, 16 + size, &read);
}

TEST(crash_line_refuses_wrong_fields_under_a_right_checksum) {
    CHECK_EQ(read_body("1 1 1 1 1 1 1 1 =n =t"), MK_OK);
    CHECK_EQ(read_body("18446744073709551615 4294967295 1 1 1 255 4294967295 1 = ="),
             MK_OK);
    static const char *const bad[] = {"",
                                      "1 1 1 1 1 1 1 1 =n",
                                      "1 1 1 1 1 1 1 1 =n =t ",
                                      "1 1 1 1 1 1 1 1 =n =t =u",
                                      "1 1 1 1 1 1 1 =n =t",
                                      "x 1 1 1 1 1 1 1 =n =t",
                                      "-1 1 1 1 1 1 1 1 =n =t",
                                      " 1 1 1 1 1 1 1 1 =n =t",
                                      "18446744073709551616 1 1 1 1 1 1 1 =n =t",
                                      "99999999999999999999999 1 1 1 1 1 1 1 =n =t",
                                      "1 4294967296 1 1 1 1 1 1 =n =t",
                                      "1 1 1 1 1 256 1 1 =n =t",
                                      "1 1 1 1 1 1 4294967296 1 =n =t",
                                      "1 1 1 1 1 1 1 1 n =t",
                                      "1 1 1 1 1 1 1 1 =n t",
                                      "1 1 1 1 1 1 1 1 =n =\\",
                                      "1 1 1 1 1 1 1 1 =n =\\y00",
                                      "1 1 1 1 1 1 1 1 =n =\\x0",
                                      "1 1 1 1 1 1 1 1 =n =\\x00",
                                      "1 1 1 1 1 1 1 1 =n =\\xGG"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (read_body(bad[i]) != MK_EBADMSG) CHECK_STR(bad[i], "refused");
    char long_names[MK_CRASH_NAMES_MAX + 64] = "1 1 1 1 1 1 1 1 =";
    memset(long_names + 17, 'n', MK_CRASH_NAMES_MAX);
    memcpy(long_names + 17 + MK_CRASH_NAMES_MAX, " =t", 4);
    CHECK_EQ(read_body(long_names), MK_EBADMSG);
    memcpy(long_names + 17 + MK_CRASH_NAMES_MAX - 1, " =t", 4);
    CHECK_EQ(read_body(long_names), MK_OK);
}

TEST_TABLE(crash_line, TEST_ROW(crash_line_is_as_documented),
           TEST_ROW(crash_line_gives_back_what_was_written),
           TEST_ROW(crash_line_of_the_largest_record_fits),
           TEST_ROW(crash_line_refuses_every_beginning_of_a_line),
           TEST_ROW(crash_line_refuses_every_changed_byte),
           TEST_ROW(crash_line_refuses_wrong_fields_under_a_right_checksum))
