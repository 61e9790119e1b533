/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"
#include "support/test.h"

#include <string.h>

static bool is_scalar(uint32_t value) {
    return value <= 0x10FFFF && !(value >= 0xD800 && value <= 0xDFFF);
}

TEST(utf8_every_scalar_survives_the_round_trip) {
    for (uint32_t scalar = 0; scalar <= 0x10FFFF; scalar++) {
        char bytes[UTF8_MAX_SIZE];
        size_t size = utf8_encode(scalar, bytes);
        CHECK_EQ(size > 0, is_scalar(scalar));
        if (size == 0) continue;
        utf8_char_t c = utf8_decode(bytes, size);
        CHECK_EQ(c.status, UTF8_OK);
        CHECK_EQ(c.scalar, scalar);
        CHECK_EQ(c.size, size);
        for (size_t cut = 0; cut < size; cut++) {
            c = utf8_decode(bytes, cut);
            CHECK_EQ(c.status, UTF8_INCOMPLETE);
            CHECK_EQ(c.size, cut);
        }
    }
}

/* All pairs of bytes, with third bytes from the edges of what is allowed: what decodes
 * must encode to the very same bytes, so nothing overlong can pass. */
TEST(utf8_decodes_only_what_encoding_makes) {
    static const uint8_t thirds[] = {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
    for (unsigned pair = 0; pair < 65536; pair++) {
        for (size_t i = 0; i < sizeof thirds; i++) {
            uint8_t raw[4] = {(uint8_t)(pair >> 8), (uint8_t)pair, thirds[i], 0x80};
            char bytes[4];
            memcpy(bytes, raw, sizeof bytes);
            utf8_char_t c = utf8_decode(bytes, sizeof bytes);
            CHECK(c.size >= 1);
            if (c.status != UTF8_OK) {
                CHECK_EQ(c.status, UTF8_INVALID);
                CHECK_EQ(c.scalar, UTF8_REPLACEMENT);
                CHECK(c.size <= 3);
                continue;
            }
            char again[UTF8_MAX_SIZE];
            CHECK_EQ(utf8_encode(c.scalar, again), c.size);
            CHECK_MEM(again, bytes, c.size);
        }
    }
}

TEST(utf8_a_fault_is_the_longest_beginning) {
    static const struct {
        const char *bytes;
        size_t size;
    } faults[] = {
        {"\x80", 1},
        {"\xC0\x80", 1},
        {"\xC1\xBF", 1},
        {"\xE0\x80\x80", 1},
        {"\xED\xA0\x80", 1},
        {"\xF0\x80\x80\x80", 1},
        {"\xF4\x90\x80", 1},
        {"\xF5\x80\x80", 1},
        {"\xFF", 1},
        {"\xE2\x82"
         "A",
         2},
        {"\xF0\x9F\x98"
         "A",
         3},
        {"\xC3"
         "A",
         1},
        {"\xF1\x80\xE1\x80", 2},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        utf8_char_t c = utf8_decode(faults[i].bytes, strlen(faults[i].bytes));
        CHECK_EQ(c.status, UTF8_INVALID);
        CHECK_EQ(c.size, faults[i].size);
    }
}

TEST(utf8_refuses_to_encode_what_is_no_scalar) {
    char bytes[UTF8_MAX_SIZE];
    CHECK_EQ(utf8_encode(0xD800, bytes), 0);
    CHECK_EQ(utf8_encode(0xDFFF, bytes), 0);
    CHECK_EQ(utf8_encode(0x110000, bytes), 0);
    CHECK_EQ(utf8_encode(UINT32_MAX, bytes), 0);
}

TEST(utf8_valid_size_ends_before_the_first_fault) {
    CHECK_EQ(utf8_valid_size("aé数😀", 10), 10);
    CHECK_EQ(utf8_valid_size("a\xC3\xA9\xFFz", 5), 3);
    CHECK_EQ(utf8_valid_size("ab\xE2\x82", 4), 2);
    CHECK_EQ(utf8_valid_size(NULL, 0), 0);
    CHECK_EQ(utf8_valid_size("a\0b", 3), 3);
}

TEST(utf8_controls_are_known) {
    CHECK(utf8_is_control(0));
    CHECK(utf8_is_control(0x1B));
    CHECK(!utf8_is_control(' '));
    CHECK(!utf8_is_control('~'));
    CHECK(utf8_is_control(0x7F));
    CHECK(utf8_is_control(0x9B));
    CHECK(!utf8_is_control(0xA0));
    CHECK(utf8_is_control(0x202E));
    CHECK(utf8_is_control(0x2028));
    CHECK(utf8_is_control(0x2066));
    CHECK(!utf8_is_control(0x200D));
    CHECK(!utf8_is_control(0x1F600));
}

TEST(utf8_widths_follow_unicode) {
    static const struct {
        uint32_t scalar;
        unsigned width;
    } widths[] = {
        {0, 0},       {'\n', 0},    {' ', 1},     {'~', 1},     {0x7F, 0},
        {0x9F, 0},    {0xA0, 1},    {0xAD, 1},    {0xE9, 1},    {0x2FF, 1},
        {0x300, 0},   {0x36F, 0},   {0x370, 1},   {0x600, 1},   {0x61C, 0},
        {0x10FF, 1},  {0x1100, 2},  {0x115F, 2},  {0x1160, 0},  {0x11FF, 0},
        {0x200B, 0},  {0x200D, 0},  {0x2028, 0},  {0x20AC, 1},  {0x20E3, 0},
        {0x231A, 2},  {0x231C, 1},  {0x2E80, 2},  {0x303F, 1},  {0x3042, 2},
        {0x302A, 0},  {0x4DC0, 1},  {0x4E00, 2},  {0x9FFF, 2},  {0xAC00, 2},
        {0xD7A3, 2},  {0xD7B0, 0},  {0xE000, 1},  {0xF900, 2},  {0xFE0F, 0},
        {0xFEFF, 0},  {0xFF21, 2},  {0xFF61, 1},  {0xFFFD, 1},  {0x10000, 1},
        {0x101FD, 0}, {0x17000, 2}, {0x1F1E6, 1}, {0x1F3FB, 2}, {0x1F600, 2},
        {0x1F700, 1}, {0x1FAF6, 2}, {0x20000, 2}, {0x2FFFD, 2}, {0x3FFFD, 2},
        {0x3FFFE, 1}, {0xE0001, 0}, {0xE01EF, 0}, {0xE01F0, 1}, {0x10FFFD, 1},
    };
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
        CHECK_EQ(utf8_width(widths[i].scalar), widths[i].width);
}

/* Counted once from the Unicode data by the generator's own rule; a table with a range
 * lost or doubled changes a sum. */
TEST(utf8_widths_have_the_right_totals) {
    size_t totals[3] = {0, 0, 0};
    for (uint32_t scalar = 0; scalar <= 0x10FFFF; scalar++)
        totals[utf8_width(scalar)]++;
    CHECK_EQ(totals[0], 7385);
    CHECK_EQ(totals[2], 191877);
}

TEST(utf8_text_width_adds_up) {
    CHECK_EQ(utf8_text_width("abc", 3), 3);
    CHECK_EQ(utf8_text_width("数字", 6), 4);
    CHECK_EQ(utf8_text_width("e\xCC\x81", 3), 1);
    CHECK_EQ(utf8_text_width("a\xFF\xFEz", 4), 4);
    CHECK_EQ(utf8_text_width(NULL, 0), 0);
}

static const char *const texts_with_cells[][6] = {
    {"a", "b", "c"},
    {"e\xCC\x81\xCC\xA3", "x"},                            /* e with two marks */
    {"\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", "!"},             /* thumbs up, skin tone */
    {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80", "z"}, /* woman ZWJ rocket */
    {"\xE2\x9D\xA4\xEF\xB8\x8F", "\xE6\x95\xB0"},          /* heart VS16, ideograph */
    {"\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA", "\xF0\x9F\x87\xAB\xF0\x9F\x87\xB7",
     "\xF0\x9F\x87\xAE"},                          /* DE FR I */
    {"\xFF", "\xFE", "a\xCC\x81", "\xE2\x82"},     /* faults */
    {"\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "x"}, /* Hangul by letters */
    {"\n", "\xCC\x81", "a"},                       /* a mark without a base */
    {"\xE0\xA4\x95\xE0\xA5\x8D\xE2\x80\x8D", "\xE0\xA4\xB7"}, /* ka virama ZWJ, ssa */
};

TEST(utf8_cells_step_both_ways) {
    size_t len = sizeof texts_with_cells / sizeof texts_with_cells[0];
    for (size_t i = 0; i < len; i++) {
        char text[64] = "";
        size_t ends[6];
        size_t cells = 0, size = 0;
        for (; cells < 6 && texts_with_cells[i][cells] != NULL; cells++) {
            size_t cell_size = strlen(texts_with_cells[i][cells]);
            CHECK(size + cell_size < sizeof text);
            memcpy(text + size, texts_with_cells[i][cells], cell_size);
            size += cell_size;
            ends[cells] = size;
        }
        size_t at = 0;
        for (size_t j = 0; j < cells; j++) {
            size_t next = utf8_next_cell(text, size, at);
            CHECK_EQ(next, ends[j]);
            CHECK_EQ(utf8_previous_cell(text, size, next), at);
            CHECK_EQ(utf8_previous_cell(text, size, at + 1), at);
            at = next;
        }
        CHECK_EQ(at, size);
    }
}

TEST(utf8_cells_stop_at_both_ends) {
    CHECK_EQ(utf8_next_cell("abc", 3, 3), 3);
    CHECK_EQ(utf8_next_cell("abc", 3, 99), 3);
    CHECK_EQ(utf8_previous_cell("abc", 3, 0), 0);
    CHECK_EQ(utf8_previous_cell("abc", 3, 99), 2);
    CHECK_EQ(utf8_next_cell(NULL, 0, 0), 0);
    CHECK_EQ(utf8_previous_cell(NULL, 0, 0), 0);
}

/* Against the checker of whole texts, cut at every offset. */
TEST(utf8_check_takes_pieces) {
    static const char *const texts[] = {
        "",
        "plain ASCII, longer than a word",
        "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 12345678 \xF4\x8F\xBF\xBF",
        "12345678\xC0\xAF",
        "\xED\xA0\x80",
        "\xF4\x90\x80\x80",
        "\xE2\x82",
        "abc\xE2\x28\xA1",
        "\x80",
        "\xF8\x88\x80\x80\x80",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t size = strlen(texts[i]);
        bool is_valid = utf8_valid_size(texts[i], size) == size;
        for (size_t cut = 0; cut <= size; cut++) {
            utf8_check_t check = {0, 0, 0};
            bool is_first_good = utf8_check_add(&check, texts[i], cut);
            bool is_good = utf8_check_add(&check, texts[i] + cut, size - cut);
            CHECK_EQ(is_first_good && is_good && utf8_check_is_whole(&check), is_valid);
        }
    }
    utf8_check_t check = {0, 0, 0};
    CHECK(!utf8_check_add(&check, "\xFF", 1));
    CHECK(!utf8_check_add(&check, "good", 4)); /* for ever */
    check = (utf8_check_t){0, 0, 0};
    CHECK(utf8_check_add(&check, "\xF4", 1));
    CHECK(!utf8_check_add(&check, "\x90", 1)); /* at the first bad byte */
}

TEST_TABLE(utf8, TEST_ROW(utf8_check_takes_pieces),
           TEST_ROW(utf8_every_scalar_survives_the_round_trip),
           TEST_ROW(utf8_decodes_only_what_encoding_makes),
           TEST_ROW(utf8_a_fault_is_the_longest_beginning),
           TEST_ROW(utf8_refuses_to_encode_what_is_no_scalar),
           TEST_ROW(utf8_valid_size_ends_before_the_first_fault),
           TEST_ROW(utf8_controls_are_known), TEST_ROW(utf8_widths_follow_unicode),
           TEST_ROW(utf8_widths_have_the_right_totals),
           TEST_ROW(utf8_text_width_adds_up), TEST_ROW(utf8_cells_step_both_ways),
           TEST_ROW(utf8_cells_stop_at_both_ends))
