/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "microkernel/error.h"
#include "support/test.h"

#define CHECK_TEXT(got, want)                                                          \
    do {                                                                               \
        text_t got_ = (got);                                                           \
        text_t want_ = text_of(want);                                                  \
        CHECK_EQ(got_.size, want_.size);                                               \
        CHECK_MEM(got_.bytes, want_.bytes, want_.size);                                \
    } while (0)

TEST(text_of_null_is_empty) {
    CHECK_EQ(text_of(NULL).size, 0);
    CHECK_EQ(text_of("").size, 0);
    CHECK_EQ(text_of("abc").size, 3);
}

TEST(text_compares_all_bytes_and_the_size) {
    CHECK(text_equals(text_of(""), text_make(NULL, 0)));
    CHECK(text_equals(text_make("a\0b", 3), text_make("a\0b", 3)));
    CHECK(!text_equals(text_make("a\0b", 3), text_make("a\0c", 3)));
    CHECK(!text_is(text_of("ab"), "abc"));
    CHECK(text_is(text_of("abc"), "abc"));
    CHECK(text_compare(text_of("ab"), text_of("abc")) < 0);
    CHECK(text_compare(text_of("b"), text_of("abc")) > 0);
    CHECK(text_compare(text_of("\x80"), text_of("a")) > 0);
    CHECK_EQ(text_compare(text_of("x"), text_of("x")), 0);
    CHECK_EQ(text_compare(text_make(NULL, 0), text_of("")), 0);
}

TEST(text_knows_its_ends) {
    CHECK(text_starts_with(text_of("/node/a"), text_of("/node/")));
    CHECK(!text_starts_with(text_of("/nod"), text_of("/node")));
    CHECK(text_starts_with(text_of(""), text_of("")));
    CHECK(text_ends_with(text_of("a.wasm"), text_of(".wasm")));
    CHECK(!text_ends_with(text_of("wasm"), text_of(".wasm")));
    CHECK(text_ends_with(text_of("a"), text_of("")));
}

TEST(text_part_stays_inside) {
    CHECK_TEXT(text_part(text_of("hello"), 1, 3), "ell");
    CHECK_TEXT(text_part(text_of("hello"), 3, 100), "lo");
    CHECK_TEXT(text_part(text_of("hello"), 5, 1), "");
    CHECK_TEXT(text_part(text_of("hello"), (size_t)-1, (size_t)-1), "");
}

TEST(text_find_gives_the_size_when_absent) {
    CHECK_EQ(text_find(text_of("a/b/c"), '/'), 1);
    CHECK_EQ(text_find(text_of("abc"), '/'), 3);
    CHECK_EQ(text_find(text_make(NULL, 0), '/'), 0);
    CHECK_EQ(text_find(text_make("a\0b", 3), '\0'), 1);
}

TEST(text_trim_takes_white_space_only) {
    CHECK_TEXT(text_trim(text_of(" \t\r\n a b \v\f")), "a b");
    CHECK_TEXT(text_trim(text_of("   ")), "");
    CHECK_EQ(text_trim(text_make("\0a\0", 3)).size, 3);
}

TEST(text_next_word_gives_all_words) {
    text_t rest = text_of("  one\ttwo  three ");
    text_t word;
    CHECK(text_next_word(&rest, TEXT_WHITE_SPACE, &word));
    CHECK_TEXT(word, "one");
    CHECK(text_next_word(&rest, TEXT_WHITE_SPACE, &word));
    CHECK_TEXT(word, "two");
    CHECK(text_next_word(&rest, TEXT_WHITE_SPACE, &word));
    CHECK_TEXT(word, "three");
    CHECK(!text_next_word(&rest, TEXT_WHITE_SPACE, &word));
    CHECK_EQ(rest.size, 0);
    CHECK_EQ(word.size, 0);
    CHECK(!text_next_word(&rest, TEXT_WHITE_SPACE, &word));
}

TEST(text_next_word_does_not_split_at_nul) {
    text_t rest = text_make("a\0b,c", 5);
    text_t word;
    CHECK(text_next_word(&rest, ",", &word));
    CHECK_EQ(word.size, 3);
}

TEST(text_reads_unsigned_numbers) {
    static const struct {
        const char *text;
        unsigned base;
        uint64_t value;
    } good[] = {
        {"0", 10, 0},
        {"007", 10, 7},
        {"010", 0, 10}, /* no octal */
        {"0x10", 0, 16},
        {"0XfF", 0, 255},
        {"ff", 16, 255},
        {"0xff", 16, 255},
        {"0", 0, 0},
        {"0", 16, 0},
        {"18446744073709551615", 10, UINT64_MAX},
        {"0xffffffffffffffff", 0, UINT64_MAX},
        {"000000000000000000000000000001", 10, 1},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t value = 99;
        CHECK_EQ(text_parse_unsigned(text_of(good[i].text), good[i].base, 0, UINT64_MAX,
                                     &value),
                 MK_OK);
        CHECK_EQ(value, good[i].value);
    }
}

TEST(text_refuses_what_is_no_unsigned_number) {
    static const struct {
        const char *text;
        unsigned base;
    } bad[] = {
        {"", 10},   {"", 0},    {"-1", 10},  {"+1", 10},  {" 1", 10}, {"1 ", 10},
        {"0x", 0},  {"0x", 16}, {"x10", 0},  {"0x1g", 0}, {"1a", 10}, {"0x10", 10},
        {"1.5", 0}, {"1_0", 0}, {"0x-1", 0}, {"٣", 10},   {"1", 8},   {"1", 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t value = 99;
        CHECK_EQ(text_parse_unsigned(text_of(bad[i].text), bad[i].base, 0, UINT64_MAX,
                                     &value),
                 MK_EINVAL);
        CHECK_EQ(value, 99);
    }
}

TEST(text_numbers_out_of_range_are_told_apart) {
    uint64_t value = 99;
    CHECK_EQ(text_parse_unsigned(text_of("256"), 10, 0, 255, &value), MK_EOVERFLOW);
    CHECK_EQ(text_parse_unsigned(text_of("0"), 10, 1, 255, &value), MK_EOVERFLOW);
    CHECK_EQ(
        text_parse_unsigned(text_of("18446744073709551616"), 10, 0, UINT64_MAX, &value),
        MK_EOVERFLOW);
    CHECK_EQ(
        text_parse_unsigned(text_of("0x10000000000000000"), 0, 0, UINT64_MAX, &value),
        MK_EOVERFLOW);
    /* Once past 64 bits, later digits must not bring it back. */
    CHECK_EQ(text_parse_unsigned(text_of("99999999999999999999999999999990"), 10, 0,
                                 UINT64_MAX, &value),
             MK_EOVERFLOW);
    CHECK_EQ(text_parse_unsigned(text_of("99999999999999999999999x"), 10, 0, UINT64_MAX,
                                 &value),
             MK_EINVAL);
    CHECK_EQ(value, 99);
}

TEST(text_reads_signed_numbers) {
    int64_t value = 0;
    CHECK_EQ(text_parse_signed(text_of("-0x10"), 0, -100, 100, &value), MK_OK);
    CHECK_EQ(value, -16);
    CHECK_EQ(text_parse_signed(text_of("+7"), 10, -100, 100, &value), MK_OK);
    CHECK_EQ(value, 7);
    CHECK_EQ(text_parse_signed(text_of("-0"), 10, 0, 0, &value), MK_OK);
    CHECK_EQ(value, 0);
    CHECK_EQ(text_parse_signed(text_of("-9223372036854775808"), 10, INT64_MIN,
                               INT64_MAX, &value),
             MK_OK);
    CHECK_EQ(value, INT64_MIN);
    CHECK_EQ(text_parse_signed(text_of("9223372036854775807"), 10, INT64_MIN, INT64_MAX,
                               &value),
             MK_OK);
    CHECK_EQ(value, INT64_MAX);
}

TEST(text_refuses_signed_numbers_out_of_range) {
    int64_t value = 99;
    CHECK_EQ(text_parse_signed(text_of("-9223372036854775809"), 10, INT64_MIN,
                               INT64_MAX, &value),
             MK_EOVERFLOW);
    CHECK_EQ(text_parse_signed(text_of("9223372036854775808"), 10, INT64_MIN, INT64_MAX,
                               &value),
             MK_EOVERFLOW);
    CHECK_EQ(text_parse_signed(text_of("-101"), 10, -100, 100, &value), MK_EOVERFLOW);
    CHECK_EQ(text_parse_signed(text_of("-"), 10, -100, 100, &value), MK_EINVAL);
    CHECK_EQ(text_parse_signed(text_of("--1"), 10, -100, 100, &value), MK_EINVAL);
    CHECK_EQ(text_parse_signed(text_of(""), 10, -100, 100, &value), MK_EINVAL);
    CHECK_EQ(value, 99);
}

TEST(text_reads_durations) {
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"250ms", 250},  {"5s", 5000},     {"2m", 120000},
        {"1h", 3600000}, {"1d", 86400000}, {"0ms", 0},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t ms = 99;
        CHECK_EQ(text_parse_duration(text_of(good[i].text), 0, UINT64_MAX, &ms), MK_OK);
        CHECK_EQ(ms, good[i].ms);
    }
}

TEST(text_refuses_bad_durations) {
    static const char *const bad[] = {"",    "5",    "s", "5 s", "1.5s",
                                      "-1s", "5sec", "0", "5S",  "0x5s"};
    uint64_t ms = 99;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(text_parse_duration(text_of(bad[i]), 0, UINT64_MAX, &ms), MK_EINVAL);
    CHECK_EQ(text_parse_duration(text_of("0ms"), 1, 1000, &ms), MK_EOVERFLOW);
    CHECK_EQ(text_parse_duration(text_of("2s"), 1, 1000, &ms), MK_EOVERFLOW);
    CHECK_EQ(text_parse_duration(text_of("18446744073709551615s"), 0, UINT64_MAX, &ms),
             MK_EOVERFLOW);
    CHECK_EQ(ms, 99);
}

TEST(text_accepts_printable_names) {
    CHECK_EQ(text_check_name(text_of("/node/a_1-b"), 63, NULL), MK_OK);
    CHECK_EQ(text_check_name(text_of("zähler 数"), 63, NULL), MK_OK);
    CHECK_EQ(text_check_name(text_of("abc"), 3, NULL), MK_OK);
}

TEST(text_refuses_bad_names_and_says_where) {
    static const struct {
        const char *name;
        size_t bad_at;
    } bad[] = {
        {"", 0},          {" a", 0},
        {"a ", 1},        {"a\nb", 1},
        {"ab\x1b[2J", 2}, {"abc\x7f", 3},
        {"a\xff", 1},     {"a\xc3", 1},
        {"a\xc2\x9b", 1}, {"ab\xe2\x80\xae", 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t bad_at = 99;
        CHECK_EQ(text_check_name(text_of(bad[i].name), 63, &bad_at), MK_EINVAL);
        CHECK_EQ(bad_at, bad[i].bad_at);
    }
    CHECK_EQ(text_check_name(text_make("a\0b", 3), 63, NULL), MK_EINVAL);
    CHECK_EQ(text_check_name(text_of("abcd"), 3, NULL), MK_ETOOBIG);
}

TEST_TABLE(text, TEST_ROW(text_of_null_is_empty),
           TEST_ROW(text_compares_all_bytes_and_the_size),
           TEST_ROW(text_knows_its_ends), TEST_ROW(text_part_stays_inside),
           TEST_ROW(text_find_gives_the_size_when_absent),
           TEST_ROW(text_trim_takes_white_space_only),
           TEST_ROW(text_next_word_gives_all_words),
           TEST_ROW(text_next_word_does_not_split_at_nul),
           TEST_ROW(text_reads_unsigned_numbers),
           TEST_ROW(text_refuses_what_is_no_unsigned_number),
           TEST_ROW(text_numbers_out_of_range_are_told_apart),
           TEST_ROW(text_reads_signed_numbers),
           TEST_ROW(text_refuses_signed_numbers_out_of_range),
           TEST_ROW(text_reads_durations), TEST_ROW(text_refuses_bad_durations),
           TEST_ROW(text_accepts_printable_names),
           TEST_ROW(text_refuses_bad_names_and_says_where))
