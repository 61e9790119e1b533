/* SPDX-License-Identifier: Apache-2.0 */
/* test_words.c - command lines and what becomes of them.
 *
 * split() gives the commands of a line as one text: words in [brackets], commands
 * separated by '/', a fault as "name@offset". */
#include "support/test.h"

#include "microkernel/error.h"
#include "shell/words.h"

#include <string.h>

static words_t words;
static words_error_t error;
static char buf[600];

static const char *fault_name(words_fault_t fault) {
    static const char *const names[] = {
        "ok",           "open_quote",   "open_escape",   "bad_escape", "no_room",
        "not_a_number", "out_of_range", "bad_hex_digit", "odd_hex",    "too_long"};
    return names[fault];
}

static void add_number(char *text, size_t number) {
    char digits[8];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number > 0);
    strcat(text, digits + at);
}

static const char *split(const char *line) {
    static char text[1200];
    text[0] = '\0';
    size_t at = 0;
    do {
        if (at > 0) strcat(text, "/");
        int rc = words_split(&words, line, strlen(line), at, buf, sizeof buf, &error);
        if (rc < 0) {
            strcat(text, fault_name(error.fault));
            strcat(text, "@");
            add_number(text, error.at);
            return text;
        }
        for (size_t i = 0; i < words.count; i++) {
            strcat(text, "[");
            strncat(text, words.word[i].text, words.word[i].len);
            strcat(text, "]");
        }
        at = words.next;
    } while (words.is_separated);
    return text;
}

typedef struct {
    const char *line;
    const char *result;
} row_t;

static void check_rows(const row_t *rows, size_t len) {
    for (size_t i = 0; i < len; i++)
        CHECK_STR(split(rows[i].line), rows[i].result);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void split_one(const char *line) {
    CHECK_EQ(words_split(&words, line, strlen(line), 0, buf, sizeof buf, &error),
             MK_OK);
}

TEST(blanks_separate_words) {
    static const row_t rows[] = {
        {"", ""},           {" \t ", ""},
        {"list", "[list]"}, {"  send\techo  1 ", "[send][echo][1]"},
        {"a\r\n", "[a]/"},  {"\xc3\xa4 \xff", "[\xc3\xa4][\xff]"},
    };
    CHECK_ROWS(rows);
}

TEST(quotes_hold_words_together) {
    static const row_t rows[] = {
        {"\"a b\" c", "[a b][c]"},
        {"'a b' c", "[a b][c]"},
        {"\"\" ''", "[][]"},
        {"a\"b c\"d'e f'", "[ab cde f]"},
        {"\"it's\" 'say \"x\"'", "[it's][say \"x\"]"},
        {"'a\\nb'", "[a\\nb]"},
        {"\"a;b#c\" 'd;e'", "[a;b#c][d;e]"},
    };
    CHECK_ROWS(rows);
}

TEST(escapes_are_undone) {
    static const row_t rows[] = {
        {"\"a\\nb\\tc\"", "[a\nb\tc]"},
        {"\"\\\"\\\\\"", "[\"\\]"},
        {"\"\\x41\\x7a\\xC3\\xa4\"", "[Az\xc3\xa4]"},
        {"a\\ b", "[a b]"},
        {"\\\"a\\;\\#\\'\\\\", "[\"a;#'\\]"},
        {"\\n", "[n]"},
    };
    CHECK_ROWS(rows);
    split_one("\"a\\x00b\"");
    CHECK_EQ(words.word[0].len, 3);
    CHECK_MEM(words.word[0].text, "a\0b", 4);
}

TEST(semicolon_separates_commands) {
    static const row_t rows[] = {
        {"a;b", "[a]/[b]"},  {"a b ; c\nd", "[a][b]/[c]/[d]"},
        {";;", "//"},        {"a;", "[a]/"},
        {"a # b; c", "[a]"}, {"a # b\nc", "[a]/[c]"},
        {"#", ""},           {"a#b #c", "[a#b]"},
        {"a;#b", "[a]/"},
    };
    CHECK_ROWS(rows);
}

TEST(faults_say_where) {
    static const row_t rows[] = {
        {"a \"bc", "open_quote@2"},       {"a 'bc", "open_quote@2"},
        {"a b\"c d", "open_quote@3"},     {"say it's", "open_quote@6"},
        {"a; b 'c", "[a]/open_quote@5"},  {"\"ab\\", "open_quote@0"},
        {"\"ab\\x4", "open_quote@0"},     {"ab\\", "open_escape@2"},
        {"a \"b\\q\"", "bad_escape@4"},   {"\"\\x4g\"", "bad_hex_digit@4"},
        {"\"\\xg4\"", "bad_hex_digit@3"},
    };
    CHECK_ROWS(rows);
}

TEST(every_fault_has_a_text_of_its_own) {
    for (int i = WORDS_OK; i <= WORDS_TOO_LONG; i++) {
        const char *text = words_fault_text((words_fault_t)i);
        CHECK(strlen(text) >= 2);
        CHECK(strcmp(text, "unknown fault") != 0);
        for (int k = 0; k < i; k++) {
            CHECK(strcmp(text, words_fault_text((words_fault_t)k)) != 0);
        }
    }
}

TEST(word_knows_its_place) {
    split_one("  send \"a b\"c ; x");
    CHECK_EQ(words.count, 2);
    CHECK_EQ(words.word[0].start, 2);
    CHECK_EQ(words.word[0].end, 6);
    CHECK_EQ(words.word[1].start, 7);
    CHECK_EQ(words.word[1].end, 13);
    CHECK_EQ(words.end, 13);
    CHECK_EQ(words.next, 15);
    CHECK(!words.word[0].is_quoted);
    CHECK(!words.word[1].is_quoted);
    split_one("\"a b\" # c");
    CHECK(words.word[0].is_quoted);
    CHECK(words.has_comment);
    CHECK(!words.is_separated);
    CHECK_EQ(words.end, 5);
}

TEST(unfinished_word_is_kept) {
    static const char line[] = "send \"my na";
    CHECK_EQ(words_split(&words, line, strlen(line), 0, buf, sizeof buf, &error),
             MK_EBADMSG);
    CHECK_EQ(words.count, 2);
    CHECK_STR(words.word[1].text, "my na");
    CHECK_EQ(words.word[1].start, 5);
    CHECK_EQ(words.word[1].end, strlen(line));
}

TEST(words_beyond_the_limit_are_counted) {
    split_one("send e 1 a b c d e f g h i j k l m n o p q");
    CHECK_EQ(words.count, WORDS_MAX);
    CHECK_EQ(words.total, 20);
    const char *rest;
    CHECK_EQ(words_rest(&words, 3, &rest), strlen("a b c d e f g h i j k l m n o p q"));
    CHECK_STR(rest, "a b c d e f g h i j k l m n o p q");
    static const char many[] = "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 seven eight";
    CHECK_EQ(words_split(&words, many, strlen(many), 0, buf, 32, &error), MK_OK);
    CHECK_STR(split("1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 'x"), "open_quote@34");
}

TEST(buffer_of_the_stated_size_is_enough) {
    static const char line[] = "a b c '' \"\" d e";
    for (size_t cap = 0; cap <= sizeof line; cap++) {
        int rc = words_split(&words, line, strlen(line), 0, buf, cap, &error);
        if (cap >= strlen(line) + 1) CHECK_EQ(rc, MK_OK);
        if (cap < 12) { /* five letters and seven NULs */
            CHECK_EQ(rc, MK_ETOOBIG);
            CHECK_EQ(error.fault, WORDS_NO_ROOM);
        }
    }
    for (size_t cap = 0; cap < 4; cap++) {
        CHECK_EQ(words_split(&words, "abc", 3, 0, buf, cap, &error), MK_ETOOBIG);
    }
    CHECK_EQ(words_split(&words, "abc", 3, 0, buf, 4, &error), MK_OK);
}

TEST(rest_is_as_it_was_written) {
    const char *rest;
    split_one("send echo 1  {\"a\": 'x  y'} z  ; next");
    size_t len = words_rest(&words, 3, &rest);
    CHECK_EQ(len, strlen("{\"a\": 'x  y'} z"));
    CHECK_MEM(rest, "{\"a\": 'x  y'} z", len);
    CHECK_EQ(words_rest(&words, 9, &rest), 0);
    split_one("send");
    CHECK_EQ(words_rest(&words, 1, &rest), 0);
}

static int number(const char *line, uint64_t max, uint64_t *value) {
    split_one(line);
    *value = 4711;
    return words_number(&words, 1, max, value, &error);
}

TEST(numbers_are_decimal_or_hex) {
    uint64_t value;
    CHECK_EQ(number("t 0", UINT32_MAX, &value), MK_OK);
    CHECK_EQ(value, 0);
    CHECK_EQ(number("t 4278190145", UINT32_MAX, &value), MK_OK);
    CHECK_EQ(value, 4278190145u);
    CHECK_EQ(number("t 0xFF000041", UINT32_MAX, &value), MK_OK);
    CHECK_EQ(value, 4278190145u);
    CHECK_EQ(number("t 010", UINT32_MAX, &value), MK_OK);
    CHECK_EQ(value, 10);
    CHECK_EQ(number("t 18446744073709551615", UINT64_MAX, &value), MK_OK);
    CHECK_EQ(value, UINT64_MAX);
    CHECK_EQ(number("t \"7\"", 7, &value), MK_OK);
    CHECK_EQ(value, 7);
}

TEST(bad_numbers_are_told_apart) {
    static const char *const no_numbers[] = {
        "t x", "t 0x", "t 12a", "t -1", "t +1", "t \"\"", "t 1.5", "t 0xg", "t \"1 \""};
    uint64_t value;
    for (size_t i = 0; i < sizeof no_numbers / sizeof no_numbers[0]; i++) {
        CHECK_EQ(number(no_numbers[i], UINT64_MAX, &value), MK_EINVAL);
        CHECK_EQ(error.fault, WORDS_NOT_A_NUMBER);
        CHECK_EQ(error.at, 2);
    }
    CHECK_EQ(number("t 256", 255, &value), MK_EOVERFLOW);
    CHECK_EQ(number("t 18446744073709551616", UINT64_MAX, &value), MK_EOVERFLOW);
    CHECK_EQ(error.fault, WORDS_OUT_OF_RANGE);
    CHECK_EQ(number("t", 255, &value), MK_EINVAL);
    CHECK_EQ(error.at, 1);
}

static uint8_t bytes[300];

static int payload(const char *line) {
    split_one(line);
    memset(bytes, 0x55, sizeof bytes);
    return words_payload(&words, 1, bytes, sizeof bytes, &error);
}

TEST(payload_is_the_rest_of_the_line) {
    CHECK_EQ(payload("t"), 0);
    CHECK_EQ(payload("t hello world "), 11);
    CHECK_MEM(bytes, "hello world", 11);
    CHECK_EQ(payload("t {\"a\": \"b\"}"), 10);
    CHECK_MEM(bytes, "{\"a\": \"b\"}", 10);
    CHECK_EQ(payload("t \"a\\tb\""), 3);
    CHECK_MEM(bytes, "a\tb", 3);
    CHECK_EQ(payload("t \"a b\" c"), 7);
    CHECK_MEM(bytes, "\"a b\" c", 7);
    CHECK_EQ(payload("t \"x:00\""), 4);
    CHECK_EQ(payload("t ''"), 0);
    split_one("t hello");
    CHECK_EQ(words_payload(&words, 1, bytes, 4, &error), MK_ETOOBIG);
    CHECK_EQ(error.fault, WORDS_TOO_LONG);
    CHECK_EQ(error.at, 2);
    CHECK_EQ(words_payload(&words, 1, bytes, 5, &error), 5);
}

TEST(hex_payload_is_bytes) {
    CHECK_EQ(payload("t x:0000ff00AbcD"), 6);
    CHECK_MEM(bytes, "\x00\x00\xff\x00\xab\xcd", 6);
    CHECK_EQ(payload("t x:00 ff  01"), 3);
    CHECK_MEM(bytes, "\x00\xff\x01", 3);
    CHECK_EQ(payload("t x:"), 0);
    CHECK_EQ(payload("t x"), 1);
}

TEST(bad_hex_digit_is_named) {
    CHECK_EQ(payload("t x:00fg"), MK_EBADMSG);
    CHECK_EQ(error.fault, WORDS_BAD_HEX_DIGIT);
    CHECK_EQ(error.at, 7);
    CHECK_EQ(payload("t x:0x00"), MK_EBADMSG);
    CHECK_EQ(error.at, 5);
    CHECK_EQ(payload("t x:00f"), MK_EBADMSG);
    CHECK_EQ(error.fault, WORDS_ODD_HEX);
    CHECK_EQ(error.at, 6);
    CHECK_EQ(payload("t x:0 0"), MK_EBADMSG);
    CHECK_EQ(error.fault, WORDS_ODD_HEX);
    CHECK_EQ(error.at, 4);
}

TEST(hex_payload_has_a_limit) {
    char line[4 + 2 * (WORDS_PAYLOAD_HEX_MAX + 1) + 1];
    memset(line, 'a', sizeof line);
    memcpy(line, "t x:", 4);
    line[sizeof line - 3] = '\0';
    CHECK_EQ(payload(line), WORDS_PAYLOAD_HEX_MAX);
    line[sizeof line - 3] = 'a';
    line[sizeof line - 1] = '\0';
    CHECK_EQ(payload(line), MK_ETOOBIG);
    CHECK_EQ(error.fault, WORDS_TOO_LONG);
}

TEST(quoted_text_comes_back) {
    static const char *const texts[] = {"",     "plain",    "two words", "it's",
                                        "a\"b", "a\\b",     "#x",        "x;y",
                                        "\n\t", "\x01\x7f", "\xc3\xa4"};
    char line[64];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t size = words_quote(texts[i], strlen(texts[i]), line, sizeof line);
        CHECK(size > 0);
        CHECK_EQ(words_split(&words, line, size, 0, buf, sizeof buf, &error), MK_OK);
        CHECK_EQ(words.count, 1);
        CHECK_STR(words.word[0].text, texts[i]);
        CHECK_EQ(words_quote(texts[i], strlen(texts[i]), line, size - 1), 0);
    }
    CHECK_EQ(words_quote("plain", 5, line, sizeof line), 5);
    CHECK_MEM(line, "plain", 5);
}

TEST_TABLE(words, TEST_ROW(blanks_separate_words), TEST_ROW(quotes_hold_words_together),
           TEST_ROW(escapes_are_undone), TEST_ROW(semicolon_separates_commands),
           TEST_ROW(faults_say_where), TEST_ROW(every_fault_has_a_text_of_its_own),
           TEST_ROW(word_knows_its_place), TEST_ROW(unfinished_word_is_kept),
           TEST_ROW(words_beyond_the_limit_are_counted),
           TEST_ROW(buffer_of_the_stated_size_is_enough),
           TEST_ROW(rest_is_as_it_was_written), TEST_ROW(numbers_are_decimal_or_hex),
           TEST_ROW(bad_numbers_are_told_apart),
           TEST_ROW(payload_is_the_rest_of_the_line), TEST_ROW(hex_payload_is_bytes),
           TEST_ROW(bad_hex_digit_is_named), TEST_ROW(hex_payload_has_a_limit),
           TEST_ROW(quoted_text_comes_back))
