/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "shell/printer.h"

#include <string.h>

static struct {
    char text[8192];
    size_t size;
    size_t writes;
    size_t half_rows; /* writes that did not end a row */
    size_t problems;  /* writes about a problem */
    bool is_full;
} sink;

static bool take(const char *bytes, size_t size, bool is_problem, void *ctx) {
    CHECK(ctx == &sink);
    CHECK(size > 0 && sink.size + size < sizeof sink.text);
    memcpy(sink.text + sink.size, bytes, size);
    sink.size += size;
    sink.text[sink.size] = '\0';
    sink.writes++;
    if (bytes[size - 1] != '\n') sink.half_rows++;
    if (is_problem) sink.problems++;
    return !sink.is_full;
}

static printer_t *open_printer(void) {
    static printer_t printer;
    memset(&sink, 0, sizeof sink);
    printer_init(&printer, take, &sink);
    return &printer;
}

static const char *printed(printer_t *p) {
    printer_flush(p);
    return sink.text;
}

TEST(printer_hands_on_whole_rows) {
    printer_t *p = open_printer();
    for (int i = 0; i < 100; i++)
        printer_text(p, "a row of some length\n");
    CHECK_EQ(sink.half_rows, 0);
    CHECK(sink.writes > 1);
    CHECK_EQ(strlen(printed(p)), 100 * strlen("a row of some length\n"));
}

TEST(printer_hands_on_rows_longer_than_its_memory) {
    printer_t *p = open_printer();
    for (int i = 0; i < 3 * PRINTER_CAP; i++)
        printer_char(p, 'x');
    printer_char(p, '\n');
    CHECK_EQ(strlen(printed(p)), 3 * PRINTER_CAP + 1);
}

TEST(printer_without_a_sink_forgets) {
    printer_t printer;
    printer_init(&printer, NULL, NULL);
    for (int i = 0; i < 2 * PRINTER_CAP; i++)
        printer_char(&printer, 'x');
    printer_flush(&printer);
    CHECK_EQ(printer.size, 0);
    CHECK(!printer.is_paused);
}

TEST(printer_notes_a_full_sink) {
    printer_t *p = open_printer();
    sink.is_full = true;
    printer_text(p, "text");
    CHECK(!p->is_paused);
    printer_flush(p);
    CHECK(p->is_paused);
    CHECK_STR(sink.text, "text");
}

TEST(printer_keeps_problems_apart) {
    printer_t *p = open_printer();
    printer_text(p, "fine\n");
    printer_set_problem(p, true);
    CHECK_EQ(sink.writes, 1);
    printer_text(p, "bad\n");
    printer_set_problem(p, true);
    printer_set_problem(p, false);
    CHECK_EQ(sink.problems, 1);
    printer_text(p, "fine again\n");
    CHECK_STR(printed(p), "fine\nbad\nfine again\n");
    CHECK_EQ(sink.problems, 1);
    CHECK_EQ(sink.writes, 3);
}

TEST(printer_columns_count_what_a_terminal_shows) {
    printer_t *p = open_printer();
    printer_text(p, "\xC3\xA4\xE6\xBC\xA2"); /* one column, two columns */
    printer_to(p, 6);
    printer_text(p, "x\n");
    printer_cell(p, "ab", 4);
    printer_cell(p, "too wide", 4);
    printer_text(p, "end\n");
    printer_to(p, 2);
    printer_text(p, "y\n");
    CHECK_STR(printed(p), "\xC3\xA4\xE6\xBC\xA2   x\nab   too wide end\n  y\n");
}

TEST(printer_numbers) {
    printer_t *p = open_printer();
    printer_unsigned(p, 0);
    printer_char(p, ' ');
    printer_unsigned(p, UINT64_MAX);
    printer_char(p, ' ');
    printer_hex(p, 0xab, 4);
    printer_char(p, ' ');
    printer_id(p, actor_id_make(1, 10));
    printer_char(p, ' ');
    printer_id(p, UINT64_MAX);
    CHECK_STR(printed(p), "0 18446744073709551615 0x00ab 0x00000010000000a "
                          "0xffffffffffffffff");
    CHECK_EQ(printer_id_columns(actor_id_make(1, 10)), 17);
    CHECK_EQ(printer_id_columns(UINT64_MAX), 18);
}

TEST(printer_shows_any_bytes_safely) {
    printer_t *p = open_printer();
    printer_shown(p, "a\x1b[2Jb\0c\xff\xC3\xA4\x7f", 12);
    printer_char(p, '\n');
    printer_quoted(p, "say \"hi\"\n\t\\\r\x01", 13);
    CHECK_STR(printed(p), "a\\x1b[2Jb\\x00c\\xff\xC3\xA4\\x7f\n"
                          "\"say \\\"hi\\\"\\n\\t\\\\\\r\\x01\"");
}

TEST(printer_json_puts_commas_where_they_belong) {
    printer_t *p = open_printer();
    printer_open(p, NULL, '{');
    printer_json_unsigned(p, "a", 1);
    printer_open(p, "list", '[');
    printer_json_str(p, NULL, "x");
    printer_json_null(p, NULL);
    printer_open(p, NULL, '{');
    printer_close(p, '}');
    printer_open(p, NULL, '[');
    printer_close(p, ']');
    printer_close(p, ']');
    printer_json_bool(p, "yes", true);
    printer_json_bool(p, "no", false);
    printer_json_id(p, "id", actor_id_make(1, 2));
    printer_json_raw(p, "raw", "[1]", 3);
    CHECK(printer_is_inside(p));
    printer_close(p, '}');
    CHECK(!printer_is_inside(p));
    printer_json_end(p);
    printer_json_unsigned(p, NULL, 7);
    printer_json_end(p);
    CHECK_STR(printed(p),
              "{\"a\":1,\"list\":[\"x\",null,{},[]],\"yes\":true,\"no\":false,"
              "\"id\":\"4294967298\",\"raw\":[1]}\n7\n");
}

TEST(printer_json_strings_hold_any_bytes) {
    printer_t *p = open_printer();
    printer_open(p, NULL, '{');
    printer_json_text(p, "k\"ey", "q\" b\\ n\n z\0 e\x1b \xff \xC3\xA4", 19);
    printer_string_begin(p, "made");
    printer_text(p, "of \"two\" ");
    printer_unsigned(p, 2);
    printer_text(p, " parts\n");
    printer_string_end(p);
    printer_close(p, '}');
    printer_json_end(p);
    CHECK_STR(printed(p),
              "{\"k\\\"ey\":\"q\\\" b\\\\ n\\n z\\u0000 e\\u001b \\\\xff \xC3\xA4\","
              "\"made\":\"of \\\"two\\\" 2 parts\\n\"}\n");
}

TEST(printer_abandon_begins_a_new_row) {
    printer_t *p = open_printer();
    printer_open(p, NULL, '[');
    printer_open(p, NULL, '{');
    printer_string_begin(p, "half");
    printer_text(p, "a");
    printer_abandon(p);
    CHECK(!printer_is_inside(p));
    printer_open(p, NULL, '{');
    printer_close(p, '}');
    printer_json_end(p);
    printer_abandon(p);
    printer_text(p, "half a row");
    printer_abandon(p);
    printer_text(p, "\"plain\"\n");
    CHECK_STR(printed(p), "[{\"half\":\"a\n{}\nhalf a row\n\"plain\"\n");
}

TEST_TABLE(printer, TEST_ROW(printer_hands_on_whole_rows),
           TEST_ROW(printer_hands_on_rows_longer_than_its_memory),
           TEST_ROW(printer_without_a_sink_forgets),
           TEST_ROW(printer_notes_a_full_sink), TEST_ROW(printer_keeps_problems_apart),
           TEST_ROW(printer_columns_count_what_a_terminal_shows),
           TEST_ROW(printer_numbers), TEST_ROW(printer_shows_any_bytes_safely),
           TEST_ROW(printer_json_puts_commas_where_they_belong),
           TEST_ROW(printer_json_strings_hold_any_bytes),
           TEST_ROW(printer_abandon_begins_a_new_row))
