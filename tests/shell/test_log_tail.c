/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "shell/log_tail.h"

#include <string.h>

static void add(log_tail_t *tail, const char *line) {
    log_tail_add(tail, line, strlen(line));
}

/* What the newest `count` lines are. */
static const char *last(const log_tail_t *tail, size_t count) {
    static char text[128];
    size_t from = log_tail_last(tail, count);
    CHECK(from <= tail->size && tail->size - from < sizeof text);
    memcpy(text, tail->bytes + from, tail->size - from);
    text[tail->size - from] = '\0';
    return text;
}

TEST(log_tail_is_empty_at_first) {
    char bytes[32];
    log_tail_t tail;
    log_tail_init(&tail, bytes, sizeof bytes);
    CHECK_EQ(tail.count, 0);
    CHECK_EQ(log_tail_last(&tail, 0), 0);
    CHECK_EQ(log_tail_last(&tail, 5), 0);
}

TEST(log_tail_gives_the_newest_lines_in_order) {
    char bytes[32];
    log_tail_t tail;
    log_tail_init(&tail, bytes, sizeof bytes);
    add(&tail, "one\n");
    add(&tail, "two\n");
    add(&tail, "three\n");
    CHECK_EQ(tail.count, 3);
    CHECK_STR(last(&tail, 99), "one\ntwo\nthree\n");
    CHECK_STR(last(&tail, 3), "one\ntwo\nthree\n");
    CHECK_STR(last(&tail, 1), "three\n");
    CHECK_STR(last(&tail, 0), "");
}

TEST(log_tail_drops_whole_oldest_lines) {
    char bytes[16];
    log_tail_t tail;
    log_tail_init(&tail, bytes, sizeof bytes);
    add(&tail, "aaaa\n");
    add(&tail, "bbbb\n");
    add(&tail, "cccc\n");
    CHECK_EQ(tail.size, 15);
    add(&tail, "d\n");
    CHECK_STR(last(&tail, 9), "bbbb\ncccc\nd\n");
    CHECK_EQ(tail.count, 3);
    add(&tail, "eeeeeeeeeeeeee\n");
    CHECK_STR(last(&tail, 9), "eeeeeeeeeeeeee\n");
    CHECK_EQ(tail.count, 1);
}

TEST(log_tail_passes_over_what_is_no_line) {
    char bytes[8];
    log_tail_t tail;
    log_tail_init(&tail, bytes, sizeof bytes);
    add(&tail, "ok\n");
    add(&tail, "");
    add(&tail, "no end");
    add(&tail, "far too long\n");
    CHECK_EQ(tail.count, 1);
    CHECK_STR(last(&tail, 9), "ok\n");
    add(&tail, "exactly\n");
    CHECK_STR(last(&tail, 9), "exactly\n");
}

TEST(log_tail_holds_a_true_end_of_any_sequence) {
    char bytes[64];
    char all[4096];
    size_t all_size = 0;
    log_tail_t tail;
    log_tail_init(&tail, bytes, sizeof bytes);
    for (unsigned i = 0; i < 200; i++) {
        char line[16];
        size_t size = 1 + i * 7 % 13;
        memset(line, 'a' + (int)(i % 26), size);
        line[size] = '\n';
        line[size + 1] = '\0';
        memcpy(all + all_size, line, size + 1);
        all_size += size + 1;
        add(&tail, line);
        size_t rows = 0;
        for (size_t at = 0; at < tail.size; at++)
            rows += bytes[at] == '\n';
        CHECK_EQ(rows, tail.count);
        CHECK(tail.size <= sizeof bytes);
        CHECK_MEM(bytes, all + all_size - tail.size, tail.size);
        CHECK(tail.size == all_size || tail.size > sizeof bytes / 2);
    }
}

TEST_TABLE(log_tail, TEST_ROW(log_tail_is_empty_at_first),
           TEST_ROW(log_tail_gives_the_newest_lines_in_order),
           TEST_ROW(log_tail_drops_whole_oldest_lines),
           TEST_ROW(log_tail_passes_over_what_is_no_line),
           TEST_ROW(log_tail_holds_a_true_end_of_any_sequence))
