/* SPDX-License-Identifier: Apache-2.0 */
#include "base/writer.h"
#include "microkernel/error.h"
#include "support/test.h"

#include <limits.h>
#include <string.h>

typedef struct {
    char bytes[128]; /* the text; filled with '#' first */
    mk_writer_t w;   /* writes to the first `cap` of them */
} page_t;

/* A page whose writer sees only `cap` bytes; those behind it are watched. */
static mk_writer_t *open_page(page_t *page, size_t cap) {
    memset(page->bytes, '#', sizeof page->bytes);
    writer_init(&page->w, page->bytes, cap);
    return &page->w;
}

/* The promises that hold after any call. */
static void check_page(const page_t *page) {
    const mk_writer_t *w = &page->w;
    if (w->cap > 0) {
        CHECK(w->size < w->cap);
        CHECK_EQ(page->bytes[w->size], '\0');
    } else {
        CHECK_EQ(w->size, 0);
    }
    for (size_t i = w->cap; i < sizeof page->bytes; i++)
        CHECK_EQ(page->bytes[i], '#');
}

#define CHECK_FORMAT(want, ...)                                                        \
    do {                                                                               \
        page_t page_;                                                                  \
        writer_format(open_page(&page_, sizeof page_.bytes), __VA_ARGS__);             \
        check_page(&page_);                                                            \
        CHECK_STR(page_.bytes, want);                                                  \
        CHECK_EQ(writer_result(&page_.w), strlen(want));                               \
    } while (0)

/* Formats that the compiler's check would rightly warn about. */
static void format_unchecked(mk_writer_t *w, const char *format, ...) {
    va_list args;
    va_start(args, format);
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#endif
    writer_vformat(w, format, args);
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
    va_end(args);
}

TEST(writer_puts_texts_one_behind_the_other) {
    page_t page;
    mk_writer_t *w = open_page(&page, sizeof page.bytes);
    CHECK_STR(page.bytes, "");
    writer_char(w, '<');
    writer_str(w, "abc");
    writer_str(w, NULL);
    writer_bytes(w, "defgh", 3);
    writer_slice(w, text_of("/"));
    writer_repeat(w, '-', 3);
    writer_repeat(w, '-', 0);
    writer_slice(w, text_make(NULL, 0));
    CHECK_STR(page.bytes, "<abcdef/---");
    CHECK_EQ(writer_result(w), 11);
    CHECK(text_is(writer_text(w), "<abcdef/---"));
    check_page(&page);
}

TEST(writer_prints_decimal_numbers) {
    page_t page;
    mk_writer_t *w = open_page(&page, sizeof page.bytes);
    writer_unsigned(w, 0);
    writer_char(w, ' ');
    writer_unsigned(w, UINT64_MAX);
    writer_char(w, ' ');
    writer_signed(w, INT64_MIN);
    writer_char(w, ' ');
    writer_signed(w, INT64_MAX);
    writer_char(w, ' ');
    writer_signed(w, -1);
    CHECK_STR(page.bytes, "0 18446744073709551615 -9223372036854775808 "
                          "9223372036854775807 -1");
}

TEST(writer_prints_hexadecimal_numbers) {
    page_t page;
    mk_writer_t *w = open_page(&page, sizeof page.bytes);
    writer_hex(w, 0, 0);
    writer_char(w, ' ');
    writer_hex(w, 0xabc, 8);
    writer_char(w, ' ');
    writer_hex(w, 0x12345, 2);
    writer_char(w, ' ');
    writer_hex(w, UINT64_MAX, 16);
    writer_char(w, ' ');
    writer_hex(w, 1, 99);
    CHECK_STR(page.bytes, "0 00000abc 12345 ffffffffffffffff 0000000000000001");
}

TEST(writer_cuts_text_at_the_end_and_remembers) {
    page_t page;
    mk_writer_t *w = open_page(&page, 6);
    writer_str(w, "abc");
    CHECK(!writer_has_overflowed(w));
    writer_str(w, "defgh");
    CHECK_STR(page.bytes, "abcde");
    CHECK(writer_has_overflowed(w));
    CHECK_EQ(writer_result(w), MK_EFULL);
    check_page(&page);
}

TEST(writer_takes_nothing_after_an_overflow) {
    page_t page;
    mk_writer_t *w = open_page(&page, 6);
    writer_str(w, "abc");
    writer_unsigned(w, 123456);
    CHECK_STR(page.bytes, "abc");
    writer_char(w, 'x');
    writer_str(w, "y");
    writer_unsigned(w, 1);
    writer_repeat(w, '-', 1);
    writer_escaped(w, text_of("z"));
    writer_left(w, text_of("z"), 2);
    writer_right(w, text_of("z"), 2);
    writer_format(w, "%d", 1);
    CHECK_STR(page.bytes, "abc");
    check_page(&page);
}

TEST(writer_fills_the_buffer_to_the_last_byte) {
    page_t page;
    mk_writer_t *w = open_page(&page, 6);
    writer_str(w, "abcde");
    CHECK_EQ(writer_result(w), 5);
    writer_str(w, "");
    CHECK_EQ(writer_result(w), 5);
    writer_char(w, 'f');
    CHECK_EQ(writer_result(w), MK_EFULL);
    check_page(&page);
}

TEST(writer_works_without_room) {
    page_t page;
    for (size_t cap = 0; cap <= 1; cap++) {
        mk_writer_t *w = open_page(&page, cap);
        CHECK_EQ(writer_result(w), 0);
        writer_str(w, "");
        CHECK_EQ(writer_result(w), 0);
        writer_str(w, "a");
        CHECK_EQ(writer_result(w), MK_EFULL);
        check_page(&page);
    }
    mk_writer_t w;
    writer_init(&w, NULL, 0);
    writer_format(&w, "%5d%s", 1, "x");
    writer_json(&w, text_of("x"));
    writer_reset(&w);
    writer_rewind(&w, 0);
    CHECK_EQ(writer_result(&w), 0);
}

TEST(writer_never_cuts_inside_a_character) {
    page_t page;
    for (size_t cap = 1; cap < 12; cap++) {
        mk_writer_t *w = open_page(&page, cap);
        writer_str(w, "a\xC3\xA9\xE6\x95\xB0\xF0\x9F\x98\x80"); /* 1, 2, 3, 4 bytes */
        static const size_t sizes[] = {0, 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
        CHECK_EQ(w->size, sizes[cap]);
        CHECK_EQ(writer_has_overflowed(w), cap < 11);
        check_page(&page);
    }
}

TEST(writer_cuts_bytes_that_are_no_characters_anywhere) {
    page_t page;
    mk_writer_t *w = open_page(&page, 5);
    writer_str(w, "\x80\x80\x80\x80\x80\x80");
    CHECK_EQ(w->size, 4);
    check_page(&page);
}

TEST(writer_never_cuts_inside_a_number_or_escape) {
    page_t page;
    mk_writer_t *w = open_page(&page, 5);
    writer_str(w, "ab");
    writer_signed(w, -12);
    CHECK_STR(page.bytes, "ab");
    w = open_page(&page, 5);
    writer_escaped(w, text_of("a\n"));
    CHECK_STR(page.bytes, "a");
    w = open_page(&page, 7);
    writer_json(w, text_of("a\x01"));
    CHECK_STR(page.bytes, "\"a");
    CHECK_EQ(writer_result(w), MK_EFULL);
    w = open_page(&page, 5);
    writer_format(w, "%06d", -1);
    CHECK_STR(page.bytes, "");
    CHECK_EQ(writer_result(w), MK_EFULL);
}

TEST(writer_rewind_forgets_what_was_cut) {
    page_t page;
    mk_writer_t *w = open_page(&page, 6);
    writer_str(w, "abc");
    size_t size = w->size;
    writer_str(w, "defg");
    CHECK(writer_has_overflowed(w));
    writer_rewind(w, size);
    CHECK_STR(page.bytes, "abc");
    CHECK_EQ(writer_result(w), 3);
    writer_str(w, "d");
    CHECK_STR(page.bytes, "abcd");
    writer_reset(w);
    CHECK_STR(page.bytes, "");
    check_page(&page);
}

TEST(writer_may_copy_from_its_own_buffer) {
    page_t page;
    mk_writer_t *w = open_page(&page, sizeof page.bytes);
    writer_str(w, "abc");
    writer_slice(w, writer_text(w));
    CHECK_STR(page.bytes, "abcabc");
}

TEST(writer_columns_count_width_not_bytes) {
    page_t page;
    mk_writer_t *w = open_page(&page, sizeof page.bytes);
    writer_left(w, text_of("ab"), 4);
    writer_char(w, '|');
    writer_right(w, text_of("ab"), 4);
    writer_char(w, '|');
    writer_left(w, text_of("数"), 4);
    writer_char(w, '|');
    writer_right(w, text_of("e\xCC\x81"), 4);
    writer_char(w, '|');
    writer_left(w, text_of("abcdef"), 4);
    writer_char(w, '|');
    writer_right(w, text_of("abcdef"), 4);
    CHECK_STR(page.bytes, "ab  |  ab|数  |   e\xCC\x81|abcdef|abcdef");
}

TEST(writer_escapes_what_could_steer_a_terminal) {
    page_t page;
    mk_writer_t *w = open_page(&page, sizeof page.bytes);
    writer_escaped(w, text_make("a\0\x1b[2J\n\x7f", 8));
    CHECK_STR(page.bytes, "a\\x00\\x1b[2J\\x0a\\x7f");
    writer_reset(w);
    writer_escaped(w, text_of("\xC2\x9B"
                              "1m \xE2\x80\xAE"));
    CHECK_STR(page.bytes, "\\xc2\\x9b1m \\xe2\\x80\\xae");
    check_page(&page);
}

TEST(writer_escapes_what_is_not_utf8) {
    page_t page;
    mk_writer_t *w = open_page(&page, sizeof page.bytes);
    writer_escaped(w, text_of("é\xFF\xC0\x80 \xE2\x82 \xED\xA0\x80 数\\ \"\xF0\x9F"));
    CHECK_STR(page.bytes, "é\\xff\\xc0\\x80 \\xe2\\x82 \\xed\\xa0\\x80 数\\ "
                          "\"\\xf0\\x9f");
}

TEST(writer_json_escapes_what_json_demands) {
    page_t page;
    mk_writer_t *w = open_page(&page, sizeof page.bytes);
    writer_json(w, text_make("\"\\/\b\f\n\r\t\0\x1f\x7f", 11));
    CHECK_STR(page.bytes, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f\"");
    writer_reset(w);
    writer_json(w, text_of("é数😀 \xE2\x80\xA8\xC2\x85"));
    CHECK_STR(page.bytes, "\"é数😀 \\u2028\\u0085\"");
    writer_reset(w);
    writer_json(w, text_of("a\xFF\xE2\x82z\xC3"));
    CHECK_STR(page.bytes, "\"a\\ufffd\\ufffdz\\ufffd\"");
    writer_reset(w);
    writer_json(w, text_make(NULL, 0));
    CHECK_STR(page.bytes, "\"\"");
    check_page(&page);
}

TEST(writer_format_prints_all_integers) {
    CHECK_FORMAT("-5 5 ff", "%d %u %x", -5, 5u, 255u);
    CHECK_FORMAT("-5 5 ff", "%ld %lu %lx", -5l, 5ul, 255ul);
    CHECK_FORMAT("-9223372036854775808 18446744073709551615", "%lld %llu", LLONG_MIN,
                 ULLONG_MAX);
    CHECK_FORMAT("ffffffffffffffff", "%llx", ULLONG_MAX);
    CHECK_FORMAT("7 1f", "%zu %zx", (size_t)7, (size_t)31);
    CHECK_FORMAT("2147483647 -2147483648 4294967295", "%d %d %u", INT_MAX, INT_MIN,
                 UINT_MAX);
}

TEST(writer_format_aligns_numbers) {
    CHECK_FORMAT("[   42][42   ][00042][-0042]", "[%5d][%-5d][%05d][%05d]", 42, 42, 42,
                 -42);
    CHECK_FORMAT("[123456][-1 ][ -1]", "[%3d][%-3d][%3d]", 123456, -1, -1);
    CHECK_FORMAT("[0000ff][ff  ]", "[%06x][%-4x]", 255u, 255u);
    CHECK_FORMAT("[   18446744073709551615]", "[%23llu]", ULLONG_MAX);
}

TEST(writer_format_prints_texts) {
    CHECK_FORMAT("a b%c", "%s %c%%c", "a", 'b');
    CHECK_FORMAT("[  ab][ab  ][ab]", "[%4s][%-4s][%1s]", "ab", "ab", "ab");
    CHECK_FORMAT("[数  ][  数]", "[%-4s][%4s]", "数", "数");
    CHECK_FORMAT("[abc][][abcdef]", "[%.*s][%.*s][%.*s]", 3, "abcdef", 0, "abcdef", -1,
                 "abcdef");
    CHECK_FORMAT("[ab][  ab]", "[%.2s][%4.2s]", "abcdef", "abcdef");
    CHECK_FORMAT("[  x][x  ]", "[%3c][%-3c]", 'x', 'x');
    CHECK_FORMAT("", "%s", "");
}

TEST(writer_format_survives_null) {
    page_t page;
    format_unchecked(open_page(&page, sizeof page.bytes), "<%s> <%.*s>", (char *)NULL,
                     3, (char *)NULL);
    CHECK_STR(page.bytes, "<(null)> <(null)>");
}

TEST(writer_format_reads_no_byte_behind_a_precision) {
    static const char three[3] = {'a', 'b', 'c'};
    CHECK_FORMAT("abc", "%.*s", 3, three);
    CHECK_FORMAT("ab", "%.2s", three);
}

TEST(writer_format_writes_the_unknown_as_it_is) {
    static const struct {
        const char *format;
        const char *want;
    } formats[] = {
        {"%f %s", "%f %s"},         {"a%", "a%"},   {"%-", "%-"},   {"%5", "%5"},
        {"%lls", "%lls"},           {"%hd", "%hd"}, {"%zs", "%zs"}, {"%llld", "%llld"},
        {"%.3d", "%.3d"},           {"%+d", "%+d"}, {"%*d", "%*d"}, {"%p|%n", "%p|%n"},
        {"100% sure", "100% sure"},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        page_t page;
        format_unchecked(open_page(&page, sizeof page.bytes), formats[i].format);
        CHECK_STR(page.bytes, formats[i].want);
        check_page(&page);
    }
    page_t page;
    format_unchecked(open_page(&page, sizeof page.bytes), "%d%% %q %d", 1);
    CHECK_STR(page.bytes, "1% %q %d");
}

TEST(writer_format_bounds_the_width) {
    page_t page;
    mk_writer_t *w = open_page(&page, 10);
    format_unchecked(w, "%99999999999999999999d", 1);
    CHECK_STR(page.bytes, "         ");
    CHECK_EQ(writer_result(w), MK_EFULL);
    check_page(&page);
    static char large[5000];
    mk_writer_t wide;
    writer_init(&wide, large, sizeof large);
    format_unchecked(&wide, "%-99999999999999999999d|", 1);
    CHECK_EQ(writer_result(&wide), 4096);
}

TEST(writer_keeps_its_promises_at_every_size) {
    for (size_t cap = 0; cap < 80; cap++) {
        page_t page;
        mk_writer_t *w = open_page(&page, cap);
        writer_format(w, "%-6s|%04d|%.*s|%c", "数é", -7, 2, "xyz", 'c');
        check_page(&page);
        writer_json(w, text_of("a\"\xFF\n"));
        check_page(&page);
        writer_escaped(w, text_of("\x1b数"));
        check_page(&page);
        writer_right(w, text_of("😀"), 9);
        writer_hex(w, 0xabcdef, 8);
        check_page(&page);
    }
}

TEST_TABLE(writer, TEST_ROW(writer_puts_texts_one_behind_the_other),
           TEST_ROW(writer_prints_decimal_numbers),
           TEST_ROW(writer_prints_hexadecimal_numbers),
           TEST_ROW(writer_cuts_text_at_the_end_and_remembers),
           TEST_ROW(writer_takes_nothing_after_an_overflow),
           TEST_ROW(writer_fills_the_buffer_to_the_last_byte),
           TEST_ROW(writer_works_without_room),
           TEST_ROW(writer_never_cuts_inside_a_character),
           TEST_ROW(writer_cuts_bytes_that_are_no_characters_anywhere),
           TEST_ROW(writer_never_cuts_inside_a_number_or_escape),
           TEST_ROW(writer_rewind_forgets_what_was_cut),
           TEST_ROW(writer_may_copy_from_its_own_buffer),
           TEST_ROW(writer_columns_count_width_not_bytes),
           TEST_ROW(writer_escapes_what_could_steer_a_terminal),
           TEST_ROW(writer_escapes_what_is_not_utf8),
           TEST_ROW(writer_json_escapes_what_json_demands),
           TEST_ROW(writer_format_prints_all_integers),
           TEST_ROW(writer_format_aligns_numbers), TEST_ROW(writer_format_prints_texts),
           TEST_ROW(writer_format_survives_null),
           TEST_ROW(writer_format_reads_no_byte_behind_a_precision),
           TEST_ROW(writer_format_writes_the_unknown_as_it_is),
           TEST_ROW(writer_format_bounds_the_width),
           TEST_ROW(writer_keeps_its_promises_at_every_size))
