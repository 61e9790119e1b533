/* SPDX-License-Identifier: Apache-2.0 */
/* test_completion.c - what may come next in a line.
 *
 * run() completes at the '|' of a line and gives "start: choice choice..."; a choice
 * that is not whole ends in '+'. */
#include "support/test.h"

#include "shell/completion.h"

#include <string.h>

static char seen_prefix[64]; /* what the names callback was given last */
static size_t offers;        /* words it got rid of in the last run */

static void offer_names(completion_t *completion, completion_kind_t kind,
                        const char *prefix, size_t prefix_len, void *ctx) {
    static const struct {
        const char *word;
        completion_kind_t kind;
        bool is_whole;
    } names[] = {
        {"echo", COMPLETE_TARGET, true},     {"my echo", COMPLETE_TARGET, true},
        {"my other", COMPLETE_TARGET, true}, {"we\"ird", COMPLETE_TARGET, true},
        {"/demo/echo", COMPLETE_PATH, true}, {"/demo/", COMPLETE_PATH, false},
        {"MSG_TIMER", COMPLETE_TYPE, true},  {"MSG_LOG", COMPLETE_TYPE, true},
        {"n2", COMPLETE_NODE, true},         {"n2", COMPLETE_NODE_OR_TARGET, true},
    };
    (void)ctx;
    CHECK(prefix_len < sizeof seen_prefix);
    memcpy(seen_prefix, prefix, prefix_len);
    seen_prefix[prefix_len] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].kind != kind) continue;
        offers++;
        if (!completion_offer(completion, names[i].word, strlen(names[i].word),
                              names[i].is_whole)) {
            return;
        }
    }
}

typedef struct {
    char text[300];
    size_t limit; /* choices wanted */
} result_t;

static bool take(const char *text, size_t len, bool is_whole, void *ctx) {
    result_t *result = ctx;
    strcat(result->text, " ");
    strncat(result->text, text, len);
    if (!is_whole) strcat(result->text, "+");
    return --result->limit > 0;
}

static const completion_source_t source = {offer_names, NULL};

static const char *run_limited(const char *line, size_t limit) {
    static result_t result;
    result.limit = limit;
    strcpy(result.text, "??:");
    offers = 0;
    size_t cursor = strcspn(line, "|");
    size_t start = completion_run(&source, line, cursor, take, &result);
    result.text[0] = (char)('0' + (int)(start / 10));
    result.text[1] = (char)('0' + (int)(start % 10));
    return result.text;
}

static const char *run(const char *line) {
    return run_limited(line, 100);
}

typedef struct {
    const char *line;
    const char *result;
} row_t;

static void check_rows(const row_t *rows, size_t len) {
    for (size_t i = 0; i < len; i++)
        CHECK_STR(run(rows[i].line), rows[i].result);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

TEST(first_word_is_a_command) {
    static const row_t rows[] = {
        {"|",
         "00: help list info self whoami send call stop load reload register lookup "
         "ls tree crash log caps mount unmount nodes http history exit"},
        {"l|", "00: list load lookup ls log"},
        {"  sen|", "02: send"},
        {"lx|", "00:"},
        {"li|st", "00: list"},
        {"list|", "00: list"},
        {"\"li|", "00: list"},
        {"'li'|", "00: list"},
        {"list; l|", "06: list load lookup ls log"},
        {"list\nsen|", "05: send"},
        {"to|", "00: top"},
        {"?|", "00: ?"},
        {"help q|", "05: quit"},
    };
    CHECK_ROWS(rows);
}

TEST(arguments_are_what_the_command_says) {
    static const row_t rows[] = {
        {"help s|", "05: self send stop"},
        {"list |", "05:"},
        {"ls |", "03: /demo/echo /demo/+"},
        {"ls /demo/e|", "03: /demo/echo"},
        {"ls / |", "05:"},
        {"send e|", "05: echo"},
        {"top e|", "04: echo"},
        {"crash |", "06: clear"},
        {"http |", "05: get listen reread"},
        {"send echo M|", "10: MSG_TIMER MSG_LOG"},
        {"send echo 1 M|", "12:"},
        {"a;send echo MSG_T|", "12: MSG_TIMER"},
        {"nosuch |", "07:"},
        {"nosuch e|", "07:"},
        {"\"send\" e|", "07: echo"},
        {"caps n|", "05: n2"},
        {"unmount n|", "08: n2"},
        {"caps a e|", "07:"},
        {"send a b c d e f g h i j k l m n o p q r s t |", "45:"},
    };
    CHECK_ROWS(rows);
}

TEST(options_are_offered_where_they_count) {
    static const row_t rows[] = {
        {"list |", "05:"},
        {"list -|", "05: --json"},
        {"top --j|", "04: --json"},
        {"call -|", "05: --json -t"},
        {"crash -|", "06: --json -n"},
        {"exit -|", "05:"},
        {"call --json -t 5s e|", "18: echo"},
        {"call -t |", "08:"},
        {"call -t 5|", "08:"},
        {"call -t 5s echo M|", "16: MSG_TIMER MSG_LOG"},
        {"call -t soon e|", "13:"},
        {"call -x e|", "08:"},
        {"call -- -|", "08:"},
        {"call '-|", "05:"},
        {"call '-'|", "05:"},
        {"call echo -|", "10:"},
        {"info echo -|", "10: --json"},
    };
    CHECK_ROWS(rows);
}

TEST(words_are_quoted_where_needed) {
    static const row_t rows[] = {
        {"lookup |", "07: echo \"my echo\" \"my other\" \"we\\\"ird\""},
        {"lookup m|", "07: \"my echo\" \"my other\""},
        {"lookup \"my e|", "07: \"my echo\""},
        {"lookup 'my e|", "07: \"my echo\""},
        {"lookup my\\ e|", "07: \"my echo\""},
        {"lookup we\\\"|", "07: \"we\\\"ird\""},
    };
    CHECK_ROWS(rows);
    (void)run("lookup 'my e|");
    CHECK_STR(seen_prefix, "my e");
}

TEST(nothing_is_offered_where_nothing_can_follow) {
    static const row_t rows[] = {
        {"# l|", "03:"},
        {"list # l|", "08:"},
        {"lookup e\\|", "09:"},
        {"lookup \"e\\q|", "11:"},
    };
    CHECK_ROWS(rows);
    completion_source_t no_names = source;
    no_names.names = NULL;
    result_t result = {"", 9};
    CHECK_EQ(completion_run(&no_names, "lookup e", 8, take, &result), 7);
    CHECK_STR(result.text, "");
}

TEST(receiver_can_say_stop) {
    CHECK_STR(run_limited("l|", 1), "00: list");
    CHECK_STR(run_limited("lookup |", 1), "07: echo");
    CHECK_EQ(offers, 1);
}

TEST(word_that_no_line_could_hold_is_left_out) {
    char line[600];
    memset(line, 'a', sizeof line);
    memcpy(line, "lookup ", 7);
    result_t result = {"", 9};
    CHECK_EQ(completion_run(&source, line, sizeof line, take, &result), sizeof line);
    CHECK_STR(result.text, "");
}

TEST_TABLE(completion, TEST_ROW(first_word_is_a_command),
           TEST_ROW(arguments_are_what_the_command_says),
           TEST_ROW(options_are_offered_where_they_count),
           TEST_ROW(words_are_quoted_where_needed),
           TEST_ROW(nothing_is_offered_where_nothing_can_follow),
           TEST_ROW(receiver_can_say_stop),
           TEST_ROW(word_that_no_line_could_hold_is_left_out))
