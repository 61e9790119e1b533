/* SPDX-License-Identifier: Apache-2.0 */
#include "services/log_line.h"

#include "base/utf8.h"
#include "microkernel/error.h"
#include "support/test.h"

#include <string.h>

static char line[LOG_LINE_MAX + 1];
static unsigned char bytes[MK_LOG_FIELDS_BYTES];

static log_record_t record_of(const char *text) {
    log_record_t record = {.uptime_ms = 12045,
                           .wall_ms = 1767225612045u,
                           .source = 4294967303u,
                           .level = LOG_INFO,
                           .name = "",
                           .text = text,
                           .text_size = strlen(text),
                           .fields = bytes};
    return record;
}

static const char *write_line(const log_record_t *record, log_format_t format) {
    size_t size = log_line_write(record, format, line);
    CHECK(size < sizeof line);
    line[size] = '\0';
    return line;
}

TEST(log_line_of_text_is_as_programs_know_it) {
    log_record_t record = record_of("hello");
    CHECK_STR(write_line(&record, LOG_LINE_TEXT),
              "[12.045] [INFO] actor=4294967303: hello\n");
    record.level = LOG_ERROR;
    record.uptime_ms = 7;
    record.source = 0;
    CHECK_STR(write_line(&record, LOG_LINE_TEXT), "[0.007] [ERROR] actor=0: hello\n");
}

TEST(log_line_of_json_has_strings_for_ids) {
    log_record_t record = record_of("say \"hi\"");
    CHECK_STR(write_line(&record, LOG_LINE_JSON),
              "{\"time_ms\":1767225612045,\"uptime_ms\":12045,\"level\":\"info\","
              "\"actor\":\"4294967303\",\"text\":\"say \\\"hi\\\"\"}\n");
    record.name = "web";
    record.name_size = 3;
    record.level = LOG_WARN;
    record.text_size = 3;
    CHECK_STR(write_line(&record, LOG_LINE_JSON),
              "{\"time_ms\":1767225612045,\"uptime_ms\":12045,\"level\":\"warn\","
              "\"actor\":\"4294967303\",\"name\":\"web\",\"text\":\"say\"}\n");
}

static log_record_t record_with(const char *text, const log_field_t *fields,
                                size_t len) {
    log_record_t record = record_of(text);
    CHECK_EQ(log_fields_check(fields, len), MK_OK);
    record.fields_size =
        log_fields_encode(fields, len, bytes, sizeof bytes, &record.fields_left_out);
    return record;
}

TEST(log_line_shows_fields_of_every_kind) {
    const log_field_t fields[] = {
        log_text("path", "/a b"),      log_text("word", "plain"),
        log_signed("low", -7),         log_unsigned("big", UINT64_MAX),
        log_bool("ok", true),          log_bool("no", false),
        log_actor("who", 4294967301u), log_text("empty", "")};
    log_record_t record = record_with("x", fields, 8);
    CHECK_STR(write_line(&record, LOG_LINE_TEXT),
              "[12.045] [INFO] actor=4294967303: x path=\"/a b\" word=plain low=-7 "
              "big=18446744073709551615 ok=true no=false who=4294967301 empty=\"\"\n");
    write_line(&record, LOG_LINE_JSON);
    CHECK_STR(strstr(line, ",\"fields\":"),
              ",\"fields\":{\"path\":\"/a b\",\"word\":\"plain\",\"low\":-7,"
              "\"big\":18446744073709551615,\"ok\":true,\"no\":false,"
              "\"who\":\"4294967301\",\"empty\":\"\"}}\n");
}

TEST(log_line_values_that_could_be_misread_stand_in_quotes) {
    static const char *const odd[] = {"a b", "a=b", "a\"b", "a\\b", ""};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        const log_field_t field = log_text("k", odd[i]);
        log_record_t record = record_with("", &field, 1);
        write_line(&record, LOG_LINE_TEXT);
        CHECK(strstr(line, " k=\"") != NULL);
    }
}

TEST(log_line_is_one_line_whatever_the_text_is) {
    static const char nasty[] = "a\nb\x1b[31m\xff\xc2\x85 \xe2\x80\xae end";
    const log_field_t field = log_text("k", nasty);
    log_record_t record = record_with(nasty, &field, 1);
    for (int format = LOG_LINE_TEXT; format <= LOG_LINE_JSON; format++) {
        size_t size = log_line_write(&record, (log_format_t)format, line);
        for (size_t i = 0; i + 1 < size; i++) {
            unsigned char c = (unsigned char)line[i];
            CHECK(c >= 0x20 && c < 0x7f);
        }
        CHECK_EQ(line[size - 1], '\n');
    }
    record.fields_size = 0;
    CHECK_STR(write_line(&record, LOG_LINE_TEXT),
              "[12.045] [INFO] actor=4294967303: a\\x0ab\\x1b[31m\\xff\\xc2\\x85 "
              "\\xe2\\x80\\xae end\n");
}

TEST(log_line_of_the_worst_text_and_fields_still_fits) {
    char text[MK_LOG_TEXT_MAX];
    memset(text, 1, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    char value[MK_LOG_FIELDS_BYTES - 4];
    memset(value, 1, sizeof value - 1);
    value[sizeof value - 1] = '\0';
    const log_field_t longest = log_text("k", value);
    log_record_t record = record_with(text, &longest, 1);
    CHECK_EQ(record.fields_left_out, 0);
    char name[MK_PATH_MAX];
    memset(name, '"', sizeof name);
    record.name = name;
    record.name_size = sizeof name - 1;
    record.source = record.wall_ms = record.uptime_ms = UINT64_MAX;
    size_t size = log_line_write(&record, LOG_LINE_JSON, line);
    CHECK(size <= LOG_LINE_MAX);
    CHECK_EQ(line[size - 1], '\n');
    CHECK_EQ(line[size - 2], '}');

    log_field_t many[40];
    for (size_t i = 0; i < 40; i++)
        many[i] = log_actor("k", UINT64_MAX);
    record.fields_size =
        log_fields_encode(many, 40, bytes, sizeof bytes, &record.fields_left_out);
    CHECK_EQ(record.fields_left_out, 40 - sizeof bytes / 11);
    size = log_line_write(&record, LOG_LINE_JSON, line);
    CHECK_EQ(line[size - 1], '\n');
    CHECK_EQ(line[size - 2], '}');
}

/* A reader of JSON: each function returns where its value ends, or NULL. */
static const char *skip_value(const char *at);

static const char *skip_string(const char *at) {
    if (*at++ != '"') return NULL;
    while (*at != '"') {
        utf8_char_t c = utf8_decode(at, strlen(at));
        if (c.status != UTF8_OK || c.scalar < 0x20) return NULL;
        if (c.scalar != '\\') {
            at += c.size;
        } else if (at[1] == 'u') {
            if (strspn(at + 2, "0123456789abcdefABCDEF") < 4) return NULL;
            at += 6;
        } else {
            if (at[1] == '\0' || strchr("\"\\/bfnrt", at[1]) == NULL) return NULL;
            at += 2;
        }
    }
    return at + 1;
}

static const char *skip_object(const char *at) {
    if (*at++ != '{') return NULL;
    for (;;) {
        at = skip_string(at);
        if (at == NULL || *at++ != ':') return NULL;
        at = skip_value(at);
        if (at == NULL) return NULL;
        if (*at == '}') return at + 1;
        if (*at++ != ',') return NULL;
    }
}

static const char *skip_value(const char *at) {
    if (*at == '"') return skip_string(at);
    if (*at == '{') return skip_object(at);
    if (strncmp(at, "true", 4) == 0) return at + 4;
    if (strncmp(at, "false", 5) == 0) return at + 5;
    if (*at == '-') at++;
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || (digits > 1 && *at == '0')) return NULL;
    return at + digits;
}

TEST(log_line_of_json_is_json_whatever_the_bytes_are) {
    uint32_t random = 1;
    for (int round = 0; round < 2000; round++) {
        char texts[3][48];
        for (size_t i = 0; i < 3; i++) {
            size_t size = 0;
            do {
                random = random * 1664525u + 1013904223u;
                texts[i][size] = (char)(random >> 24);
                if ((random >> 16 & 3u) == 0)
                    texts[i][size] = "\"\\\n{"[random >> 18 & 3u];
            } while (texts[i][size] != '\0' && ++size < sizeof texts[i] - 1);
            texts[i][size] = '\0';
        }
        const log_field_t fields[] = {log_text("a", texts[1]), log_text("b", texts[2]),
                                      log_signed("c", -(int64_t)random),
                                      log_bool("d", round % 2 == 0)};
        log_record_t record = record_with(texts[0], fields, (size_t)round % 5);
        record.name = texts[2];
        record.name_size = strlen(texts[2]);
        write_line(&record, LOG_LINE_JSON);
        const char *end = skip_object(line);
        if (end == NULL || strcmp(end, "\n") != 0) CHECK_STR(line, "JSON");
    }
}

TEST(log_line_tells_how_many_fields_did_not_fit) {
    char value[300];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    const log_field_t fields[] = {log_text("long", value), log_signed("n", 1),
                                  log_text("also", value)};
    log_record_t record = record_with("x", fields, 3);
    CHECK_STR(write_line(&record, LOG_LINE_TEXT),
              "[12.045] [INFO] actor=4294967303: x n=1 fields_left_out=2\n");
    write_line(&record, LOG_LINE_JSON);
    CHECK(strstr(line, ",\"fields\":{\"n\":1},\"fields_left_out\":2}\n") != NULL);
}

TEST(log_line_keys_are_checked) {
    const log_field_t bad[] = {log_bool("", true),
                               log_bool("a b", true),
                               log_bool("a=b", true),
                               log_bool("a\"", true),
                               log_bool("\xc3\xa4", true),
                               log_bool("abcdefghijabcdefghijabcdefghijab", true),
                               log_bool(NULL, true),
                               log_text("t", NULL),
                               {"k", (log_field_kind_t)5, NULL, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(log_fields_check(&bad[i], 1), MK_EINVAL);
    const log_field_t good = log_bool("Http.req-time_ms2", true);
    CHECK_EQ(log_fields_check(&good, 1), MK_OK);
    CHECK_EQ(log_fields_check(NULL, 0), MK_OK);
    CHECK_EQ(log_fields_check(NULL, 1), MK_EINVAL);
}

TEST(log_levels_have_names) {
    int level = -1;
    CHECK_STR(log_level_name(LOG_DEBUG), "debug");
    CHECK_STR(log_level_name(LOG_ERROR), "error");
    CHECK_STR(log_level_name(4), "log?");
    CHECK_STR(log_level_name(-1), "log?");
    CHECK(log_level_find("WARN", &level));
    CHECK_EQ(level, LOG_WARN);
    CHECK(log_level_find("Warning", &level));
    CHECK(log_level_find("debug", &level));
    CHECK_EQ(level, LOG_DEBUG);
    CHECK(!log_level_find("debu", &level));
    CHECK(!log_level_find("debugg", &level));
    CHECK(!log_level_find("", &level));
    CHECK(!log_level_find(NULL, &level));
    CHECK_EQ(level, LOG_DEBUG);
}

TEST_TABLE(log_line, TEST_ROW(log_line_of_text_is_as_programs_know_it),
           TEST_ROW(log_line_of_json_has_strings_for_ids),
           TEST_ROW(log_line_shows_fields_of_every_kind),
           TEST_ROW(log_line_values_that_could_be_misread_stand_in_quotes),
           TEST_ROW(log_line_is_one_line_whatever_the_text_is),
           TEST_ROW(log_line_of_the_worst_text_and_fields_still_fits),
           TEST_ROW(log_line_of_json_is_json_whatever_the_bytes_are),
           TEST_ROW(log_line_tells_how_many_fields_did_not_fit),
           TEST_ROW(log_line_keys_are_checked), TEST_ROW(log_levels_have_names))
