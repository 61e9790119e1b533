/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/state_name.h"

#include "base/prng.h"
#include "microkernel/error.h"
#include "support/test.h"

#include <string.h>

static char part[STATE_NAME_CAP];

/* The part of a name, which has to come back from it. */
static const char *encode(text_t name) {
    char again[MK_STATE_NAME_MAX];
    CHECK_EQ(state_name_check(name), MK_OK);
    size_t size = state_name_encode(name, part);
    CHECK(size < sizeof part);
    CHECK_EQ(strlen(part), size);
    CHECK_EQ(state_name_decode(text_make(part, size), again), name.size);
    CHECK_MEM(again, name.bytes, name.size);
    return part;
}

TEST(state_name_of_ordinary_letters_is_itself) {
    CHECK_STR(encode(text_of("counter")), "counter");
    CHECK_STR(encode(text_of("sensor-1_a.b")), "sensor-1_a.b");
}

TEST(state_name_escapes_what_a_path_or_file_system_would_take_amiss) {
    static const char *const rows[][2] = {
        {"..", "%2e%2e"},
        {".", "%2e"},
        {".hidden", "%2ehidden"},
        {"end.", "end%2e"},
        {"a/b", "a%2fb"},
        {"../../etc/passwd", "%2e.%2f..%2fetc%2fpasswd"},
        {"/node/kv", "%2fnode%2fkv"},
        {"Counter", "=counter"},
        {"COM1", "=c=o=m1"},
        {"=c", "%3dc"},
        {"%2e", "%252e"},
        {"~a", "%7ea"},
        {"@a", "%40a"},
        {"a b", "a%20b"},
        {"a\\b:c*?\"<>|", "a%5cb%3ac%2a%3f%22%3c%3e%7c"},
        {"\n", "%0a"},
        {"k\xc3\xa4se", "k%c3%a4se"},
        {"\xff", "%ff"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(encode(text_of(rows[i][0])), rows[i][1]);
}

TEST(state_name_that_gets_too_long_is_written_in_base_32) {
    char name[MK_STATE_NAME_MAX];
    memset(name, 'a', sizeof name);
    CHECK_EQ(strlen(encode(text_make(name, 127))), 127);
    memset(name, 'A', sizeof name);
    CHECK_EQ(encode(text_make(name, 102))[0], '='); /* 204 characters */
    CHECK_EQ(encode(text_make(name, 103))[0], '~');
    memset(name, '/', sizeof name);
    CHECK_EQ(encode(text_make(name, 63))[0], '%');
    CHECK_EQ(encode(text_make(name, 127))[0], '~');
    CHECK_EQ(strlen(part), STATE_NAME_CAP - 1);
    for (size_t i = 0; i < 127; i++)
        name[i] = (char)(uint8_t)(255 - i);
    for (size_t size = 60; size <= 127; size++)
        encode(text_make(name, size));
}

TEST(state_name_has_bounds) {
    char name[MK_STATE_NAME_MAX + 1];
    memset(name, 'a', sizeof name);
    CHECK_EQ(state_name_check(text_of("")), MK_EINVAL);
    CHECK_EQ(state_name_check(text_make("a\0b", 3)), MK_EINVAL);
    CHECK_EQ(state_name_check(text_make(name, 127)), MK_OK);
    CHECK_EQ(state_name_check(text_make(name, 128)), MK_ETOOBIG);
}

TEST(state_name_is_refused_when_nothing_gives_it) {
    static const char *const parts[] = {
        "",    ".",   "..",  ".a",    "a.", "A",   "%2E",    "%61",
        "%",   "%2",  "=",   "=1",    "~",  "~me", "~mfr",   "%00",
        "%zz", "a/b", "a b", "~\x7f", "%2", "=%",  "~mfrgg",
    };
    char name[MK_STATE_NAME_MAX];
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        CHECK_EQ(state_name_decode(text_of(parts[i]), name), MK_EINVAL);
    char longest[STATE_NAME_CAP + 100];
    memset(longest, 'a', sizeof longest);
    for (size_t size = 128; size < sizeof longest; size++)
        CHECK_EQ(state_name_decode(text_make(longest, size), name), MK_EINVAL);
    longest[0] = '~';
    for (size_t size = 2; size < sizeof longest; size++)
        CHECK_EQ(state_name_decode(text_make(longest, size), name), MK_EINVAL);
}

/* Names that differ have parts that differ even without regard to case. */
TEST(state_names_never_share_a_part) {
    static const char alphabet[] = {'a', 'A', '=', '%', '.', '/', '~', '2', (char)0xE4};
    enum { COUNT = 128, LONGEST = 127 };
    static char names[COUNT][MK_STATE_NAME_MAX];
    static char parts[COUNT][STATE_NAME_CAP];
    prng_t prng;
    prng_init(&prng, 7);
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = i % 2 == 0 ? 1 + i % 4 : 60 + i % 68;
        for (size_t k = 0; k < size; k++)
            names[i][k] = alphabet[prng_below(&prng, sizeof alphabet)];
        names[i][size] = '\0';
        memcpy(parts[i], encode(text_of(names[i])), sizeof part);
        for (const char *at = parts[i]; *at != '\0'; at++)
            CHECK((*at < 'A' || *at > 'Z') && *at != '/' && (unsigned char)*at < 127);
        for (size_t k = 0; k < i; k++)
            CHECK_EQ(strcmp(names[i], names[k]) == 0, strcmp(parts[i], parts[k]) == 0);
    }
}

TEST(state_name_is_plain_when_the_earlier_layout_was_safe_with_it) {
    static const char *const plain[] = {"a", "Counter", "a.b", "a..b", "x-1_2"};
    static const char *const other[] = {"",    ".",   "..", ".a",
                                        "a/b", "a b", "@a", "k\xc3\xa4"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        CHECK(state_name_is_plain(text_of(plain[i])));
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        CHECK(!state_name_is_plain(text_of(other[i])));
    char name[MK_NAME_MAX];
    memset(name, 'a', sizeof name);
    CHECK(state_name_is_plain(text_make(name, 63)));
    CHECK(!state_name_is_plain(text_make(name, 64)));
}

TEST_TABLE(state_name, TEST_ROW(state_name_of_ordinary_letters_is_itself),
           TEST_ROW(state_name_escapes_what_a_path_or_file_system_would_take_amiss),
           TEST_ROW(state_name_that_gets_too_long_is_written_in_base_32),
           TEST_ROW(state_name_has_bounds),
           TEST_ROW(state_name_is_refused_when_nothing_gives_it),
           TEST_ROW(state_names_never_share_a_part),
           TEST_ROW(state_name_is_plain_when_the_earlier_layout_was_safe_with_it))
