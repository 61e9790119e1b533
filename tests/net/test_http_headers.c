/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/error.h"
#include "net/http_chars.h"
#include "net/http_headers.h"
#include "support/test.h"

#include <string.h>

#define CHECK_TEXT(got, want) CHECK(text_is((got), (want)))

/* The grammar of RFC 9110, sections 5.5 and 5.6.2, said another way. */
TEST(http_headers_table_of_characters) {
    for (int i = 0; i < 256; i++) {
        bool is_alnum =
            (i >= '0' && i <= '9') || (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z');
        bool is_token = is_alnum || (i > 0 && strchr("!#$%&'*+-.^_`|~", i) != NULL);
        bool is_value = i == '\t' || (i >= ' ' && i != 127);
        bool is_target = i > ' ' && i < 127 && strchr("#\"<>", i) == NULL;
        CHECK_EQ(http_char_is((char)i, HTTP_TOKEN), is_token);
        CHECK_EQ(http_char_is((char)i, HTTP_VALUE), is_value);
        CHECK_EQ(http_char_is((char)i, HTTP_TARGET), is_target);
    }
}

TEST(http_headers_fields_of_users_are_judged) {
    static const char *const bad[] = {
        "",        "no colon",   ": value",         "na me: value", "name : value",
        "a: b\r",  "a: b\nc:d",  "a: b\r\nEvil: x", "a\r\n: b",     "a: \x01",
        "a: \x7F", "\xC3\xA9: b"};
    http_field_t field;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(http_field_split(text_of(bad[i]), &field), MK_EINVAL);
    CHECK_EQ(http_field_split(text_make("a: b\0c", 6), &field), MK_EINVAL);
    CHECK_EQ(http_field_split(text_of("X-A:\t some: \xC3\xA9 value "), &field), MK_OK);
    CHECK_TEXT(field.name, "X-A");
    CHECK_TEXT(field.value, "some: \xC3\xA9 value");
    CHECK_EQ(http_field_split(text_of("a:"), &field), MK_OK);
    CHECK_TEXT(field.value, "");
}

static const char list_bytes[] = "Host: h\0Accept: a, b\0nonsense\0accept: c\0Empty:";
static const text_t list = {list_bytes, sizeof list_bytes};

TEST(http_headers_are_found) {
    text_t value;
    CHECK(http_headers_find(list, "HOST", &value));
    CHECK_TEXT(value, "h");
    CHECK(http_headers_find(list, "accept", &value));
    CHECK_TEXT(value, "a, b");
    CHECK(http_headers_find(list, "empty", &value));
    CHECK_EQ(value.size, 0);
    CHECK(!http_headers_find(list, "hos", &value));
    CHECK(!http_headers_find(list, "nonsense", &value));
    CHECK(!http_headers_find(text_of(""), "host", &value));
    CHECK_EQ(http_headers_count(list, "Accept"), 2);
    CHECK_EQ(http_headers_count(list, "missing"), 0);
}

TEST(http_headers_elements_are_found) {
    CHECK(http_headers_have(list, "Accept", "B"));
    CHECK(http_headers_have(list, "Accept", "c"));
    CHECK(!http_headers_have(list, "Accept", "a, b"));
    CHECK(!http_headers_have(list, "Host", "a"));
    text_t rest = text_of(",, a ,\t,b c,");
    text_t element;
    CHECK(http_list_next(&rest, &element));
    CHECK_TEXT(element, "a");
    CHECK(http_list_next(&rest, &element));
    CHECK_TEXT(element, "b c");
    CHECK(!http_list_next(&rest, &element));
}

TEST_TABLE(http_headers, TEST_ROW(http_headers_table_of_characters),
           TEST_ROW(http_headers_fields_of_users_are_judged),
           TEST_ROW(http_headers_are_found), TEST_ROW(http_headers_elements_are_found))
