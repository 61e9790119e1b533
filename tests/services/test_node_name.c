/* SPDX-License-Identifier: Apache-2.0 */
#include "services/node_name.h"

#include "microkernel/error.h"
#include "support/test.h"

#include <string.h>

static int make(const char *given, const char *platform, const char *seed,
                char name[MK_NODE_NAME_MAX]) {
    node_facts_t facts = {given, platform, seed, strlen(seed)};
    return node_name_make(&facts, name);
}

TEST(node_name_is_the_given_one_when_it_is_good) {
    char name[MK_NODE_NAME_MAX];
    CHECK_EQ(make("kitchen-1", "linux", "host", name), MK_OK);
    CHECK_STR(name, "kitchen-1");
    CHECK_EQ(make("K\xc3\xbc"
                  "che",
                  "linux", "host", name),
             MK_OK);
    CHECK_STR(name, "K\xc3\xbc"
                    "che");
}

/* SHA-1("abc") = a9993e364706816aba3e25717850c26c9cd0d89d (FIPS 180 example). */
TEST(node_name_ends_in_the_last_two_bytes_of_the_seeds_digest) {
    char name[MK_NODE_NAME_MAX];
    CHECK_EQ(make("", "linux", "abc", name), MK_OK);
    CHECK_STR(name, "linux-d89d");
    CHECK_EQ(make("", "qemu-riscv32", "", name), MK_OK); /* SHA-1("") = da39...0709 */
    CHECK_STR(name, "qemu-riscv32-0709");
}

TEST(node_name_given_too_long_is_cut_at_a_character_and_said_so) {
    char name[MK_NODE_NAME_MAX];
    CHECK_EQ(make("0123456789012345678901234567890", "p", "s", name), MK_OK);
    CHECK_STR(name, "0123456789012345678901234567890");
    CHECK_EQ(make("01234567890123456789012345678901", "p", "s", name), MK_ETOOBIG);
    CHECK_STR(name, "0123456789012345678901234567890");
    CHECK_EQ(make("012345678901234567890123456789\xc3\xbc", "p", "s", name),
             MK_ETOOBIG);
    CHECK_STR(name, "012345678901234567890123456789");
}

TEST(node_name_given_that_would_break_paths_or_lists_is_not_used) {
    static const char *const bad[] = {"a/b",  "a b",   "a=b",      "a,b", "a\n",
                                      "\x7f", "a\xff", "\xc2\x80", ".",   ".."};
    char name[MK_NODE_NAME_MAX];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQ(make(bad[i], "linux", "abc", name), MK_EINVAL);
        CHECK_STR(name, "linux-d89d");
        CHECK_EQ(node_name_check(bad[i]), MK_EINVAL);
    }
    CHECK_EQ(node_name_check(""), MK_EINVAL);
    CHECK_EQ(node_name_check(NULL), MK_EINVAL);
    CHECK_EQ(node_name_check("fine"), MK_OK);
    CHECK_EQ(node_name_check("..."), MK_OK);
    CHECK_EQ(node_name_check(".a"), MK_OK);
}

TEST(node_name_of_a_platform_with_a_long_name_still_fits) {
    char name[MK_NODE_NAME_MAX];
    CHECK_EQ(make("", "a-platform-with-a-very-long-name", "abc", name), MK_OK);
    CHECK_STR(name, "a-platform-with-a-very-lon-d89d");
}

TEST(node_id_is_the_given_one_from_1_to_the_largest) {
    node_id_t id = 0;
    CHECK_EQ(node_id_make("7", "name", &id), MK_OK);
    CHECK_EQ(id, 7);
    CHECK_EQ(node_id_make("4294967295", "name", &id), MK_OK);
    CHECK_EQ(id, 4294967295u);
}

/* SHA-1("abc") begins with a9993e36. */
TEST(node_id_follows_from_the_name_when_none_is_given_or_it_is_bad) {
    node_id_t id = 0;
    CHECK_EQ(node_id_make("", "abc", &id), MK_OK);
    CHECK_EQ(id, 0xa9993e36u);
    static const char *const not_numbers[] = {"x", "-1", "1x", " 1", "1 ", "0x"};
    for (size_t i = 0; i < sizeof not_numbers / sizeof not_numbers[0]; i++) {
        id = 0;
        CHECK_EQ(node_id_make(not_numbers[i], "abc", &id), MK_EINVAL);
        CHECK_EQ(id, 0xa9993e36u);
    }
    static const char *const outside[] = {"0", "4294967296", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        id = 0;
        CHECK_EQ(node_id_make(outside[i], "abc", &id), MK_EOVERFLOW);
        CHECK_EQ(id, 0xa9993e36u);
    }
}

TEST_TABLE(node_name, TEST_ROW(node_name_is_the_given_one_when_it_is_good),
           TEST_ROW(node_name_ends_in_the_last_two_bytes_of_the_seeds_digest),
           TEST_ROW(node_name_given_too_long_is_cut_at_a_character_and_said_so),
           TEST_ROW(node_name_given_that_would_break_paths_or_lists_is_not_used),
           TEST_ROW(node_name_of_a_platform_with_a_long_name_still_fits),
           TEST_ROW(node_id_is_the_given_one_from_1_to_the_largest),
           TEST_ROW(node_id_follows_from_the_name_when_none_is_given_or_it_is_bad))
