/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_words.c - any bytes as a command line: the words lie where they say, each of
 * them comes back when it is quoted and split again, faults name a place in the line,
 * and completion agrees with the splitter. */
#include "shell/completion.h"
#include "shell/words.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static void check_words(const words_t *words, size_t len, const char *buf, size_t cap) {
    size_t behind = 0;
    REQUIRE(words->count <= WORDS_MAX && words->count <= words->total);
    REQUIRE(words->end <= words->next && words->next <= len);
    for (size_t i = 0; i < words->count; i++) {
        const word_t *word = &words->word[i];
        REQUIRE(word->start >= behind && word->start < word->end);
        REQUIRE(word->end <= words->end);
        REQUIRE(!is_blank(words->line[word->start]));
        REQUIRE(word->text >= buf && word->text + word->len < buf + cap);
        REQUIRE(word->text[word->len] == '\0');
        REQUIRE(word->len <= word->end - word->start);
        behind = word->end + 1;
    }
}

/* A word spelled by words_quote() is that word. */
static void check_quoting(const word_t *word) {
    size_t cap = 4 * word->len + 2;
    char *line = malloc(cap);
    char *buf = malloc(cap + 1);
    REQUIRE(line != NULL && buf != NULL);
    size_t size = words_quote(word->text, word->len, line, cap);
    words_t again;
    words_error_t error;
    REQUIRE(size > 0);
    REQUIRE(words_split(&again, line, size, 0, buf, cap + 1, &error) == 0);
    REQUIRE(again.total == 1 && again.word[0].len == word->len);
    REQUIRE(memcmp(again.word[0].text, word->text, word->len) == 0);
    free(line);
    free(buf);
}

static void check_numbers(const words_t *words, size_t len) {
    words_error_t error;
    for (size_t i = 0; i <= words->count && i < WORDS_MAX; i++) {
        uint64_t value = 0;
        uint8_t bytes[64];
        int rc = words_number(words, i, UINT32_MAX, &value, &error);
        REQUIRE(rc < 0 ? error.fault != WORDS_OK && error.at <= len
                       : value <= UINT32_MAX);
        int size = words_payload(words, i, bytes, sizeof bytes, &error);
        REQUIRE(size <= (int)sizeof bytes);
        if (size < 0) REQUIRE(error.fault != WORDS_OK && error.at < len);
        const char *rest;
        size_t rest_len = words_rest(words, i, &rest);
        REQUIRE(rest + rest_len == words->line + words->end);
    }
}

static bool take(const char *text, size_t len, bool is_whole, void *ctx) {
    (void)is_whole;
    (void)ctx;
    char buf[64];
    words_t words;
    words_error_t error;
    REQUIRE(words_split(&words, text, len, 0, buf, sizeof buf, &error) == 0);
    REQUIRE(words.total == 1 && words.end == len && !words.has_comment);
    return true;
}

static void offer_names(completion_t *completion, completion_kind_t kind,
                        const char *prefix, size_t prefix_len, void *ctx) {
    (void)kind;
    (void)ctx;
    (void)completion_offer(completion, prefix, prefix_len < 8 ? prefix_len : 8, true);
    (void)completion_offer(completion, "my name", 7, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const completion_source_t source = {offer_names, NULL};
    const char *line = (const char *)bytes;
    char *buf = malloc(size + 1);
    REQUIRE(buf != NULL);
    size_t at = 0;
    words_t words;
    do {
        words_error_t error = {WORDS_OK, 0};
        size_t cap = size - at + 1;
        int rc = words_split(&words, line, size, at, buf, cap, &error);
        REQUIRE(rc <= 0 && (rc == 0) == (error.fault == WORDS_OK));
        if (rc < 0) {
            REQUIRE(error.fault != WORDS_NO_ROOM); /* the stated size is enough */
            REQUIRE(error.at >= at && error.at < size);
            break;
        }
        check_words(&words, size, buf, cap);
        for (size_t i = 0; i < words.count; i++)
            check_quoting(&words.word[i]);
        check_numbers(&words, size);
        REQUIRE(!words.is_separated || words.next > at);
        at = words.next;
    } while (words.is_separated);
    free(buf);
    size_t cursor = size < 200 ? size : 200;
    REQUIRE(completion_run(&source, line, cursor, take, NULL) <= cursor);
    return 0;
}
