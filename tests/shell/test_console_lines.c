/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/console_lines.h"

#include "support/test.h"

#include <string.h>

/* What came of a text: lines in brackets, "!" for one that was refused. */
static const char *cut(const char *bytes, size_t size) {
    static console_lines_t lines;
    static char out[256];
    size_t at = 0;
    console_lines_init(&lines);
    for (size_t i = 0; i <= size; i++) {
        console_lines_result_t result =
            i < size ? console_lines_feed(&lines, bytes[i]) : console_lines_end(&lines);
        if (result == CONSOLE_LINES_TOO_LONG) out[at++] = '!';
        if (result != CONSOLE_LINES_DONE) continue;
        CHECK_EQ(lines.text[lines.len], 0);
        out[at++] = '[';
        memcpy(out + at, lines.text, lines.len);
        at += lines.len;
        out[at++] = ']';
    }
    out[at] = '\0';
    return out;
}

static const char *cut_text(const char *text) {
    return cut(text, strlen(text));
}

TEST(lines_end_at_newlines_and_at_the_end) {
    CHECK_STR(cut_text(""), "");
    CHECK_STR(cut_text("a"), "[a]");
    CHECK_STR(cut_text("a\n"), "[a]");
    CHECK_STR(cut_text("a\nb"), "[a][b]");
    CHECK_STR(cut_text("\n\na\n"), "[][][a]");
    CHECK_STR(cut_text("a\r\nb"), "[a\r][b]");
}

TEST(any_byte_but_newline_is_kept) {
    CHECK_STR(cut_text("\x01\xff;#\n"), "[\x01\xff;#]");
    CHECK_MEM(cut("a\0b\n", 4), "[a\0b]", 5);
}

TEST(a_line_of_the_most_bytes_fits_and_one_more_does_not) {
    console_lines_t lines;
    for (size_t extra = 0; extra <= 1; extra++) {
        console_lines_init(&lines);
        for (size_t i = 0; i < MK_SHELL_LINE_MAX - 1 + extra; i++)
            CHECK_EQ(console_lines_feed(&lines, 'x'), CONSOLE_LINES_MORE);
        console_lines_result_t result = console_lines_feed(&lines, '\n');
        CHECK_EQ(result, extra == 0 ? CONSOLE_LINES_DONE : CONSOLE_LINES_TOO_LONG);
        CHECK_EQ(lines.len, extra == 0 ? (size_t)MK_SHELL_LINE_MAX - 1 : 0);
        CHECK_EQ(console_lines_end(&lines), CONSOLE_LINES_MORE);
    }
}

TEST(a_long_line_is_refused_whole_and_the_next_one_is_read) {
    char text[MK_SHELL_LINE_MAX + 16];
    memset(text, 'x', sizeof text);
    memcpy(text + sizeof text - 5, "\nself", 5);
    CHECK_STR(cut(text, sizeof text), "![self]");
    memset(text, 'x', sizeof text);
    CHECK_STR(cut(text, sizeof text), "!");
}

TEST(lines_are_counted) {
    console_lines_t lines;
    console_lines_init(&lines);
    (void)console_lines_feed(&lines, '\n');
    CHECK_EQ(lines.number, 1);
    (void)console_lines_feed(&lines, 'a');
    (void)console_lines_feed(&lines, '\n');
    CHECK_EQ(lines.number, 2);
}

TEST_TABLE(console_lines, TEST_ROW(lines_end_at_newlines_and_at_the_end),
           TEST_ROW(any_byte_but_newline_is_kept),
           TEST_ROW(a_line_of_the_most_bytes_fits_and_one_more_does_not),
           TEST_ROW(a_long_line_is_refused_whole_and_the_next_one_is_read),
           TEST_ROW(lines_are_counted))
