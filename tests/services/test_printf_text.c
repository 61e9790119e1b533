/* SPDX-License-Identifier: Apache-2.0 */
#include "services/printf_text.h"

#include "support/test.h"

#include <string.h>

static size_t format(char *buf, size_t cap, const char *text, ...) MK_PRINTF(3, 4);

static size_t format(char *buf, size_t cap, const char *text, ...) {
    va_list args;
    va_start(args, text);
    size_t size = printf_text(buf, cap, text, args);
    va_end(args);
    return size;
}

TEST(printf_text_knows_all_of_printf) {
    char buf[64];
    CHECK_EQ(format(buf, sizeof buf, "n=%d s=%s", -5, "x"), 8);
    CHECK_STR(buf, "n=-5 s=x");
    format(buf, sizeof buf, "%.1f degrees, %5.3s|", 21.25, "abcdef");
    CHECK(strcmp(buf, "21.2 degrees,   abc|") == 0);
    format(buf, sizeof buf, "%X %i %o", 0xBEEFu, 7, 8u);
    CHECK_STR(buf, "BEEF 7 10");
    format(buf, sizeof buf, "100%%");
    CHECK_STR(buf, "100%");
}

TEST(printf_text_tells_simple_formats_from_others) {
    static const char *const simple[] = {
        "",     "plain", "%%",   "%d %u %x", "%-5d",   "%05u", "%lu %llu %zu",
        "%.3s", "%.*s",  "%-8s", "%c",       "%12.4d", "a%sb", "%s%s"};
    static const char *const others[] = {
        "%f", "%.1f", "%i",  "%p",   "%X", "%+d", "%hd", "%*d",
        "%",  "%#x",  "%jd", "%.*d", "%e", "%n",  "%lc", "ok %d, not %g"};
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++)
        if (!printf_text_is_simple(simple[i])) CHECK_STR(simple[i], "simple");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (printf_text_is_simple(others[i])) CHECK_STR(others[i], "not simple");
}

TEST(printf_text_is_cut_between_characters_whoever_made_it) {
    char buf[8];
    CHECK_EQ(format(buf, sizeof buf, "%s", "12345\xe2\x82\xac"), 5);
    CHECK_STR(buf, "12345");
    CHECK_EQ(format(buf, sizeof buf, "%i234\xe2\x82\xac", 1), 7);
    CHECK_STR(buf, "1234\xe2\x82\xac");
    CHECK_EQ(format(buf, sizeof buf, "%i2345\xe2\x82\xac", 1), 5);
    CHECK_STR(buf, "12345");
    char wide[256];
    CHECK_EQ(format(wide, sizeof wide, "%-300i|", 7), 255);
}

TEST(printf_text_drops_newlines_at_the_end) {
    char buf[16];
    CHECK_EQ(format(buf, sizeof buf, "a\nb\n\n"), 3);
    CHECK_STR(buf, "a\nb");
    CHECK_EQ(format(buf, sizeof buf, "\n"), 0);
    CHECK_STR(buf, "");
}

TEST_TABLE(printf_text, TEST_ROW(printf_text_knows_all_of_printf),
           TEST_ROW(printf_text_tells_simple_formats_from_others),
           TEST_ROW(printf_text_is_cut_between_characters_whoever_made_it),
           TEST_ROW(printf_text_drops_newlines_at_the_end))
