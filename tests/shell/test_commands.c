/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/error.h"
#include "shell/commands.h"
#include "shell/words.h"

#include <string.h>

/* The words of a line, sorted for its command. */
static struct {
    char text[256];
    words_t words;
    command_args_t args;
    size_t at;
} sorted;

static args_fault_t sort(const char *line) {
    words_error_t error;
    CHECK_EQ(words_split(&sorted.words, line, strlen(line), 0, sorted.text,
                         sizeof sorted.text, &error),
             MK_OK);
    const command_t *command =
        commands_find(text_make(sorted.words.word[0].text, sorted.words.word[0].len));
    CHECK(command != NULL);
    return commands_sort(command, &sorted.words, &sorted.args, &sorted.at);
}

static bool arg_is(size_t index, const char *text) {
    return index < sorted.args.count && text_is(args_text(&sorted.args, index), text);
}

TEST(commands_are_complete) {
    size_t count;
    size_t completions;
    const command_t *all = commands_all(&count);
    const completion_command_t *kinds = commands_completion(&completions);
    CHECK(count >= 17);
    CHECK_EQ(completions, count);
    for (size_t i = 0; i < count; i++) {
        CHECK(commands_find(text_of(all[i].name)) == &all[i]);
        CHECK_STR(kinds[i].name, all[i].name);
        CHECK(all[i].run != NULL);
        CHECK(all[i].help[0] != '\0');
        CHECK(all[i].least <= all[i].most);
        size_t details = strlen(all[i].details);
        CHECK(details == 0 || all[i].details[details - 1] == '\n');
    }
}

TEST(commands_have_aliases) {
    CHECK(commands_find(text_of("?")) == commands_find(text_of("help")));
    CHECK(commands_find(text_of("top")) == commands_find(text_of("info")));
    CHECK(commands_find(text_of("quit")) == commands_find(text_of("exit")));
    CHECK(commands_find(text_of("")) == NULL);
    CHECK(commands_find(text_of("LIST")) == NULL);
    CHECK_STR(commands_alias(commands_find(text_of("info"))), "top");
    CHECK(commands_alias(commands_find(text_of("list"))) == NULL);
}

TEST(distance_counts_slips_of_the_fingers) {
    static const struct {
        const char *a;
        const char *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},         {"list", "list", 0},  {"list", "lst", 1},
        {"lst", "list", 1},  {"list", "lisst", 1}, {"list", "lsit", 1},
        {"list", "mist", 1}, {"list", "tsil", 3},  {"", "abc", 3},
        {"abc", "", 3},      {"ca", "abc", 3},     {"exit", "quit", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        text_t a = text_of(cases[i].a);
        text_t b = text_of(cases[i].b);
        CHECK_EQ(commands_distance(a, b, 10), cases[i].distance);
        CHECK_EQ(commands_distance(b, a, 10), cases[i].distance);
        if (cases[i].distance > 0)
            CHECK_EQ(commands_distance(a, b, cases[i].distance - 1), cases[i].distance);
    }
}

TEST(distance_does_not_compare_long_texts) {
    char text[66];
    memset(text, 'x', sizeof text);
    CHECK_EQ(commands_distance(text_make(text, 64), text_make(text, 64), 3), 0);
    CHECK_EQ(commands_distance(text_make(text, 65), text_make(text, 65), 3), 4);
    CHECK_EQ(commands_distance(text_of(""), text_make(text, 65), 3), 4);
}

TEST(commands_suggest_what_is_near) {
    CHECK_STR(commands_suggest(text_of("lsit")), "list");
    CHECK_STR(commands_suggest(text_of("hlep")), "help");
    CHECK_STR(commands_suggest(text_of("regster")), "register");
    CHECK_STR(commands_suggest(text_of("regi")), "register");
    CHECK_STR(commands_suggest(text_of("qiut")), "quit");
    CHECK_STR(commands_suggest(text_of("tre")), "tree");
    CHECK(commands_suggest(text_of("frobnicate")) == NULL);
    CHECK(commands_suggest(text_of("x")) == NULL);
    CHECK(commands_suggest(text_of("")) == NULL);
}

TEST(sort_tells_options_from_arguments) {
    CHECK_EQ(sort("call -t 250ms --json echo 200 hello"), ARGS_OK);
    CHECK(sorted.args.is_json);
    CHECK_EQ(sorted.args.timeout_ms, 250);
    CHECK_STR(sorted.args.timeout, "250ms");
    CHECK_EQ(sorted.args.count, 3);
    CHECK(arg_is(0, "echo") && arg_is(1, "200") && arg_is(2, "hello"));

    CHECK_EQ(sort("call echo 200"), ARGS_OK);
    CHECK(!sorted.args.is_json);
    CHECK_EQ(sorted.args.timeout_ms, 5000);
    CHECK_STR(sorted.args.timeout, "5s");

    CHECK_EQ(sort("log -n 20 --json"), ARGS_OK);
    CHECK(sorted.args.has_limit);
    CHECK_EQ(sorted.args.limit, 20);

    CHECK_EQ(sort("info echo --json"), ARGS_OK);
    CHECK(sorted.args.is_json && arg_is(0, "echo"));
}

TEST(sort_leaves_payloads_alone) {
    CHECK_EQ(sort("send echo 200 --json -t"), ARGS_OK);
    CHECK(!sorted.args.is_json);
    CHECK(arg_is(2, "--json") && arg_is(3, "-t"));
}

TEST(sort_ends_options_on_request) {
    CHECK_EQ(sort("info -- --json"), ARGS_OK);
    CHECK(!sorted.args.is_json && arg_is(0, "--json"));
    CHECK_EQ(sort("info '--json'"), ARGS_OK);
    CHECK(!sorted.args.is_json && arg_is(0, "--json"));
    CHECK_EQ(sort("info -"), ARGS_OK);
    CHECK(arg_is(0, "-"));
}

TEST(sort_says_what_is_wrong_and_where) {
    static const struct {
        const char *line;
        args_fault_t fault;
        size_t at;
    } cases[] = {
        {"send echo", ARGS_TOO_FEW, 2},
        {"stop", ARGS_TOO_FEW, 1},
        {"list all", ARGS_TOO_MANY, 1},
        {"list --json all", ARGS_TOO_MANY, 2},
        {"list -x", ARGS_UNKNOWN_OPTION, 1},
        {"list -n 5", ARGS_UNKNOWN_OPTION, 1},
        {"exit --json", ARGS_UNKNOWN_OPTION, 1},
        {"call -t", ARGS_NO_VALUE, 1},
        {"log -n", ARGS_NO_VALUE, 1},
        {"call -t 5 echo 1", ARGS_BAD_TIME, 2},
        {"call -t 0ms echo 1", ARGS_BAD_TIME, 2},
        {"call -t 61m echo 1", ARGS_BAD_TIME, 2},
        {"call -t 00000000000000005s echo 1", ARGS_BAD_TIME, 2},
        {"log -n 0", ARGS_BAD_COUNT, 2},
        {"log -n 4294967296", ARGS_BAD_COUNT, 2},
        {"log -n many", ARGS_BAD_COUNT, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(sort(cases[i].line), cases[i].fault);
        CHECK_EQ(sorted.at, cases[i].at);
    }
}

TEST(sort_takes_as_many_words_as_there_can_be) {
    CHECK_EQ(sort("send a 1 b c d e f g h i j k l m n o p q r s"), ARGS_OK);
    CHECK_EQ(sorted.args.count, WORDS_MAX - 1);
}

TEST_TABLE(commands, TEST_ROW(commands_are_complete), TEST_ROW(commands_have_aliases),
           TEST_ROW(distance_counts_slips_of_the_fingers),
           TEST_ROW(distance_does_not_compare_long_texts),
           TEST_ROW(commands_suggest_what_is_near),
           TEST_ROW(sort_tells_options_from_arguments),
           TEST_ROW(sort_leaves_payloads_alone), TEST_ROW(sort_ends_options_on_request),
           TEST_ROW(sort_says_what_is_wrong_and_where),
           TEST_ROW(sort_takes_as_many_words_as_there_can_be))
