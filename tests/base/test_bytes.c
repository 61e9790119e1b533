/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "support/test.h"

#include <string.h>

static const uint8_t fields[] = {
    0x01,                                           /* u8 */
    0x01, 0x02, 0x02, 0x01,                         /* u16 be, le */
    0x01, 0x02, 0x03, 0x04, 0x04, 0x03, 0x02, 0x01, /* u32 be, le */
    0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, /* u64 be */
    0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x81, /* u64 le */
    'e',  'n',  'd',                                /* bytes */
};

TEST(bytes_reads_both_orders) {
    bytes_reader_t r;
    bytes_reader_init(&r, fields, sizeof fields);
    CHECK_EQ(bytes_read_u8(&r), 1);
    CHECK_EQ(bytes_read_u16_be(&r), 0x0102);
    CHECK_EQ(bytes_read_u16_le(&r), 0x0102);
    CHECK_EQ(bytes_read_u32_be(&r), 0x01020304u);
    CHECK_EQ(bytes_read_u32_le(&r), 0x01020304u);
    CHECK_EQ(bytes_read_u64_be(&r), 0x8102030405060708u);
    CHECK_EQ(bytes_read_u64_le(&r), 0x8102030405060708u);
    CHECK_EQ(bytes_left(&r), 3);
    CHECK(!bytes_is_complete(&r));
    CHECK_MEM(bytes_read(&r, 3), "end", 3);
    CHECK(bytes_is_complete(&r));
}

TEST(bytes_writes_what_is_read) {
    uint8_t buffer[sizeof fields];
    bytes_writer_t w;
    bytes_writer_init(&w, buffer, sizeof buffer);
    bytes_write_u8(&w, 1);
    bytes_write_u16_be(&w, 0x0102);
    bytes_write_u16_le(&w, 0x0102);
    bytes_write_u32_be(&w, 0x01020304u);
    bytes_write_u32_le(&w, 0x01020304u);
    bytes_write_u64_be(&w, 0x8102030405060708u);
    bytes_write_u64_le(&w, 0x8102030405060708u);
    bytes_write(&w, "end", 3);
    CHECK(!w.has_failed);
    CHECK_EQ(w.size, sizeof fields);
    CHECK_MEM(buffer, fields, sizeof fields);
}

TEST(bytes_reader_gives_zeros_after_the_end) {
    bytes_reader_t r;
    bytes_reader_init(&r, fields, 3);
    CHECK_EQ(bytes_read_u32_be(&r), 0);
    CHECK(r.has_failed);
    CHECK_EQ(bytes_read_u8(&r),
             0); /* there was one, but a field before it is missing */
    CHECK(bytes_read(&r, 1) == NULL);
    CHECK(bytes_read(&r, 0) == NULL);
    CHECK_EQ(bytes_left(&r), 0);
    CHECK(!bytes_is_complete(&r));
}

TEST(bytes_reader_is_not_fooled_by_huge_sizes) {
    bytes_reader_t r;
    bytes_reader_init(&r, fields, sizeof fields);
    bytes_read_u8(&r);
    CHECK(bytes_read(&r, SIZE_MAX) == NULL);
    CHECK(r.has_failed);
}

TEST(bytes_reader_takes_an_empty_buffer) {
    bytes_reader_t r;
    bytes_reader_init(&r, NULL, 0);
    CHECK(bytes_is_complete(&r));
    CHECK(bytes_read(&r, 0) == NULL);
    CHECK(!r.has_failed);
    CHECK_EQ(bytes_read_u64_le(&r), 0);
    CHECK(r.has_failed);
}

TEST(bytes_writer_writes_no_part_of_a_field) {
    uint8_t buffer[8];
    memset(buffer, '#', sizeof buffer);
    bytes_writer_t w;
    bytes_writer_init(&w, buffer, 5);
    bytes_write_u32_be(&w, 0x01020304u);
    bytes_write_u16_le(&w, 0xFFFF);
    CHECK(w.has_failed);
    bytes_write_u8(&w, 0xFF); /* would fit, but a field before it is missing */
    bytes_write(&w, "x", 1);
    CHECK_EQ(w.size, 4);
    CHECK_MEM(buffer, "\1\2\3\4####", 8);
}

TEST(bytes_writer_takes_no_bytes_and_huge_sizes) {
    uint8_t buffer[2];
    bytes_writer_t w;
    bytes_writer_init(&w, buffer, sizeof buffer);
    bytes_write(&w, NULL, 0);
    CHECK(!w.has_failed);
    bytes_write_u8(&w, 1);
    bytes_write(&w, buffer, SIZE_MAX);
    CHECK(w.has_failed);
    CHECK_EQ(w.size, 1);
    bytes_writer_init(&w, NULL, 0);
    bytes_write_u8(&w, 1);
    CHECK(w.has_failed);
}

TEST_TABLE(bytes, TEST_ROW(bytes_reads_both_orders),
           TEST_ROW(bytes_writes_what_is_read),
           TEST_ROW(bytes_reader_gives_zeros_after_the_end),
           TEST_ROW(bytes_reader_is_not_fooled_by_huge_sizes),
           TEST_ROW(bytes_reader_takes_an_empty_buffer),
           TEST_ROW(bytes_writer_writes_no_part_of_a_field),
           TEST_ROW(bytes_writer_takes_no_bytes_and_huge_sizes))
