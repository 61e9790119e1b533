/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_body.h"
#include "support/test.h"

#include <string.h>

typedef struct {
    http_body_t body;
    http_step_t step;
    size_t taken;
    size_t size;
    char data[64];
} run_t;

static void read_body(run_t *run, http_head_t head, uint64_t max, const char *bytes,
                      size_t step_size) {
    static char store[HTTP_FIELDS_STORE(32)];
    text_t text = text_of(bytes);
    memset(run, 0, sizeof *run);
    run->step = HTTP_MORE;
    if (http_body_init(&run->body, &head, max, store, 32, 1) != HTTP_FAULT_NONE)
        run->step = HTTP_BAD;
    do {
        text_t piece = text_part(text, run->taken, step_size);
        size_t before = piece.size;
        text_t data;
        while ((run->step = http_body_next(&run->body, &piece, &data)) == HTTP_PART) {
            memcpy(run->data + run->size, data.bytes, data.size);
            run->size += data.size;
        }
        run->taken += before - piece.size;
    } while (run->step == HTTP_MORE && run->taken < text.size);
}

static http_head_t head_of(http_framing_t framing, uint64_t length) {
    http_head_t head;
    memset(&head, 0, sizeof head);
    head.framing = framing;
    head.content_length = length;
    return head;
}

TEST(http_body_ends_where_its_framing_says) {
    static const struct {
        http_framing_t framing;
        uint64_t length;
        const char *text;
        size_t taken;
        const char *data;
        http_step_t step;
        http_step_t at_close;
    } rows[] = {
        {HTTP_BODY_NONE, 0, "GET", 0, "", HTTP_END, HTTP_END},
        {HTTP_BODY_LENGTH, 5, "helloGET", 5, "hello", HTTP_END, HTTP_END},
        {HTTP_BODY_LENGTH, 5, "hell", 4, "hell", HTTP_MORE, HTTP_BAD},
        {HTTP_BODY_CHUNKED, 0, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nGET", 20, "hello",
         HTTP_END, HTTP_BAD},
        {HTTP_BODY_CHUNKED, 0, "2\r\nhe\r\n", 7, "he", HTTP_MORE, HTTP_BAD},
        {HTTP_BODY_CHUNKED, 0, "2\r\nhe", 5, "he", HTTP_MORE, HTTP_BAD},
        {HTTP_BODY_CLOSE, 0, "hello", 5, "hello", HTTP_MORE, HTTP_END},
        {HTTP_BODY_CLOSE, 0, "", 0, "", HTTP_MORE, HTTP_END},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t size = 1; size < 30; size++) {
            run_t run;
            read_body(&run, head_of(rows[i].framing, rows[i].length), 60, rows[i].text,
                      size);
            CHECK_EQ(run.step, rows[i].step);
            CHECK_EQ(run.taken, rows[i].taken);
            CHECK_STR(run.data, rows[i].data);
            if (run.step == HTTP_MORE)
                CHECK_EQ(http_body_close(&run.body), rows[i].at_close);
        }
    }
}

/* The ceiling is exact for every way the bytes are cut. */
TEST(http_body_has_a_ceiling) {
    static const struct {
        http_framing_t framing;
        const char *text;
        size_t taken;
    } rows[] = {{HTTP_BODY_CHUNKED, "5\r\nhello\r\n0\r\n\r\n", 7},
                {HTTP_BODY_CHUNKED, "4\r\nhell\r\n1\r\no\r\n0\r\n\r\n", 12},
                {HTTP_BODY_CLOSE, "hello", 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t size = 1; size < 30; size++) {
            run_t run;
            read_body(&run, head_of(rows[i].framing, 0), 4, rows[i].text, size);
            CHECK_EQ(run.step, HTTP_BAD);
            CHECK_EQ(run.body.fault, HTTP_FAULT_BODY_LONG);
            CHECK_STR(run.data, "hell");
            CHECK_EQ(run.taken, rows[i].taken);
            CHECK_EQ(http_body_close(&run.body), HTTP_BAD);
            read_body(&run, head_of(rows[i].framing, 0), 5, rows[i].text, size);
            CHECK_STR(run.data, "hello");
            CHECK(run.step != HTTP_BAD);
        }
    }
}

TEST(http_body_of_known_length_is_refused_at_once) {
    http_body_t body;
    http_head_t head = head_of(HTTP_BODY_LENGTH, 10000000000u);
    text_t input = text_of("x");
    text_t data;
    CHECK_EQ(http_body_init(&body, &head, 1048576, NULL, 2, 0), HTTP_FAULT_BODY_LONG);
    CHECK_EQ(http_fault_status(HTTP_FAULT_BODY_LONG), 413);
    CHECK_EQ(http_body_next(&body, &input, &data), HTTP_BAD);
    head.content_length = 1048576;
    CHECK_EQ(http_body_init(&body, &head, 1048576, NULL, 2, 0), HTTP_FAULT_NONE);
}

TEST_TABLE(http_body, TEST_ROW(http_body_ends_where_its_framing_says),
           TEST_ROW(http_body_has_a_ceiling),
           TEST_ROW(http_body_of_known_length_is_refused_at_once))
