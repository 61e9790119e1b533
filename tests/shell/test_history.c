/* SPDX-License-Identifier: Apache-2.0 */
/* test_history.c - what is remembered, found, stored and read back. */
#include "support/test.h"

#include "microkernel/error.h"
#include "shell/history.h"

#include <string.h>

static mk_readline_t rl;
static char text[2048]; /* enough for what these tests store */

static void start(void) {
    mk_rl_init(&rl, NULL, NULL, NULL);
}

static void add_numbered(size_t number) {
    char line[] = "line 000";
    line[5] = (char)('0' + (int)(number / 100 % 10));
    line[6] = (char)('0' + (int)(number / 10 % 10));
    line[7] = (char)('0' + (int)(number % 10));
    mk_rl_history_add(&rl, line);
}

TEST(newest_entry_is_number_zero) {
    start();
    CHECK_EQ(mk_rl_history_count(&rl), 0);
    CHECK(mk_rl_history_get(&rl, 0) == NULL);
    mk_rl_history_add(&rl, "one");
    mk_rl_history_add(&rl, "two");
    CHECK_EQ(mk_rl_history_count(&rl), 2);
    CHECK_STR(mk_rl_history_get(&rl, 0), "two");
    CHECK_STR(mk_rl_history_get(&rl, 1), "one");
    CHECK(mk_rl_history_get(&rl, 2) == NULL);
    CHECK(mk_rl_history_get(&rl, (size_t)-1) == NULL);
}

TEST(empty_lines_and_repeats_are_not_added) {
    start();
    mk_rl_history_add(&rl, "one");
    mk_rl_history_add(&rl, "one");
    mk_rl_history_add(&rl, "");
    mk_rl_history_add(&rl, NULL);
    mk_rl_history_add(&rl, "two");
    mk_rl_history_add(&rl, "one");
    CHECK_EQ(mk_rl_history_count(&rl), 3);
    CHECK_STR(mk_rl_history_get(&rl, 0), "one");
    CHECK_STR(mk_rl_history_get(&rl, 1), "two");
}

TEST(text_that_no_line_could_be_is_not_added) {
    static const char *const bad[] = {"a\nb",     "a\x1b[2J",     "\xff", "a\xc3",
                                      "\xc2\x9b", "\xe2\x80\xae", "\x7f", "\t"};
    start();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mk_rl_history_add(&rl, bad[i]);
        CHECK_EQ(mk_rl_history_count(&rl), 0);
    }
    char line[MK_RL_MAX_LINE + 1];
    memset(line, 'a', sizeof line);
    line[MK_RL_MAX_LINE] = '\0';
    mk_rl_history_add(&rl, line);
    CHECK_EQ(mk_rl_history_count(&rl), 0);
    line[MK_RL_MAX_LINE - 1] = '\0';
    mk_rl_history_add(&rl, line);
    CHECK_EQ(mk_rl_history_count(&rl), 1);
    CHECK_STR(mk_rl_history_get(&rl, 0), line);
}

TEST(oldest_entry_goes_when_it_is_full) {
    start();
    for (size_t i = 0; i < MK_RL_MAX_HISTORY + 5; i++)
        add_numbered(i);
    CHECK_EQ(mk_rl_history_count(&rl), MK_RL_MAX_HISTORY);
    CHECK_STR(mk_rl_history_get(&rl, 0), "line 036");
    CHECK_STR(mk_rl_history_get(&rl, MK_RL_MAX_HISTORY - 1), "line 005");
}

TEST(own_entry_can_be_added_again) {
    start();
    for (size_t i = 0; i < MK_RL_MAX_HISTORY; i++)
        add_numbered(i);
    mk_rl_history_add(&rl, mk_rl_history_get(&rl, MK_RL_MAX_HISTORY - 1));
    CHECK_STR(mk_rl_history_get(&rl, 0), "line 000");
}

TEST(entries_are_found_from_new_to_old) {
    start();
    mk_rl_history_add(&rl, "send a");
    mk_rl_history_add(&rl, "list");
    mk_rl_history_add(&rl, "resend");
    size_t at = 99;
    CHECK_EQ(history_find(&rl, "send", 4, 1, &at), 1);
    CHECK_EQ(at, 2);
    CHECK_EQ(history_find(&rl, "send", 4, 2, &at), 3);
    CHECK_EQ(at, 0);
    CHECK_EQ(history_find(&rl, "send", 4, 4, &at), 0);
    CHECK_EQ(history_find(&rl, "nothing", 7, 1, &at), 0);
    CHECK_EQ(history_find(&rl, "send a and more", 15, 1, &at), 0);
    CHECK_EQ(history_find(&rl, "", 0, 0, &at), 1);
}

TEST(rows_are_escaped) {
    static const char line[] = "a\\b\nc\x01\x7f\xc3\xa4";
    static const char row[] = "a\\\\b\\nc\\x01\\x7f\xc3\xa4\n";
    char buf[32];
    size_t size = history_write_row(line, sizeof line - 1, buf, sizeof buf);
    CHECK_EQ(size, sizeof row - 1);
    CHECK_MEM(buf, row, size);
    for (size_t cap = 0; cap < size; cap++) {
        CHECK_EQ(history_write_row(line, sizeof line - 1, buf, cap), 0);
    }
    CHECK_EQ(history_write_row(line, sizeof line - 1, buf, size), size);
}

TEST(history_survives_being_stored) {
    start();
    for (size_t i = 0; i < MK_RL_MAX_HISTORY + 3; i++)
        add_numbered(i);
    mk_rl_history_add(&rl, "echo \"a\\nb\" \xe6\x97\xa5");
    int size = history_write(&rl, text, sizeof text);
    CHECK(size > 0);
    CHECK_MEM(text, "line 004\nline 005\n", 18);
    CHECK_EQ(history_write(&rl, text, (size_t)size - 1), MK_ETOOBIG);
    CHECK_EQ(history_write(&rl, text, (size_t)size), size);
    start();
    CHECK_EQ(history_read(&rl, text, (size_t)size), 0);
    CHECK_EQ(mk_rl_history_count(&rl), MK_RL_MAX_HISTORY);
    CHECK_STR(mk_rl_history_get(&rl, 0), "echo \"a\\nb\" \xe6\x97\xa5");
    CHECK_STR(mk_rl_history_get(&rl, MK_RL_MAX_HISTORY - 1), "line 004");
}

TEST(longest_entry_fits_the_stated_row) {
    char line[MK_RL_MAX_LINE - 1];
    char row[HISTORY_ROW_MAX];
    memset(line, 0x01, sizeof line);
    CHECK_EQ(history_write_row(line, sizeof line, row, sizeof row), HISTORY_ROW_MAX);
    memset(line, '\\', sizeof line);
    size_t size = history_write_row(line, sizeof line, row, sizeof row);
    start();
    CHECK_EQ(history_read(&rl, row, size), 0);
    CHECK_EQ(strlen(mk_rl_history_get(&rl, 0)), sizeof line);
}

TEST(bad_rows_are_counted_and_the_others_kept) {
    static const char stored[] = "good\n\n\nbad\\q\nbad\\\nbad\\x1\nbad\\xg1\nctl\\n\n"
                                 "fine \\\\ \\x41\nraw\x01\ncut of";
    start();
    CHECK_EQ(history_read(&rl, stored, sizeof stored - 1), 7);
    CHECK_EQ(mk_rl_history_count(&rl), 2);
    CHECK_STR(mk_rl_history_get(&rl, 1), "good");
    CHECK_STR(mk_rl_history_get(&rl, 0), "fine \\ A");
    memset(text, 'a', MK_RL_MAX_LINE);
    text[MK_RL_MAX_LINE] = '\n';
    CHECK_EQ(history_read(&rl, text, MK_RL_MAX_LINE + 1), 1);
    CHECK_EQ(history_read(&rl, "", 0), 0);
}

TEST_TABLE(history, TEST_ROW(newest_entry_is_number_zero),
           TEST_ROW(empty_lines_and_repeats_are_not_added),
           TEST_ROW(text_that_no_line_could_be_is_not_added),
           TEST_ROW(oldest_entry_goes_when_it_is_full),
           TEST_ROW(own_entry_can_be_added_again),
           TEST_ROW(entries_are_found_from_new_to_old), TEST_ROW(rows_are_escaped),
           TEST_ROW(history_survives_being_stored),
           TEST_ROW(longest_entry_fits_the_stated_row),
           TEST_ROW(bad_rows_are_counted_and_the_others_kept))
