/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"
#include "support/test.h"

typedef struct {
    size_t size;    /* the text is the bytes 0, 1, ... size-1 */
    uint64_t zero;  /* its hash with a key of sixteen zeros */
    uint64_t count; /* its hash with the key 00 01 ... 0f */
} vector_t;

/* From an implementation in Python that also gives the SipHash-2-4 result printed in
 * the paper; the column of zeros is what CPython 3.11's own hash() says. */
static const vector_t vectors[] = {
    {0, 0xd1fba762150c532c, 0xabac0158050fc4dc},
    {1, 0x68a914128e01e473, 0xc9f49bf37d57ca93},
    {7, 0x2f098ab0c751325a, 0xd3927d989bb11140},
    {8, 0xead411e67ebe2eea, 0x369095118d299a8e},
    {9, 0x75927f9d95124362, 0x25a48eb36c063de4},
    {15, 0xf30eb725bb91c9ea, 0xd320d86d2a519956},
    {16, 0x8972188433a5c5b7, 0xcc4fdd1a7d908b66},
    {63, 0x385d3e39e5f37359, 0x9d199062b7bbb3a8},
};

TEST(siphash_agrees_with_other_implementations) {
    static const siphash_key_t zero = {0, 0};
    static const siphash_key_t count = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        CHECK_EQ(siphash(zero, bytes, vectors[i].size), vectors[i].zero);
        CHECK_EQ(siphash(count, bytes, vectors[i].size), vectors[i].count);
    }
}

TEST(siphash_does_not_care_about_alignment) {
    static const uint8_t bytes[] = "xabcdefghijklmnop";
    uint64_t moved = siphash(siphash_key(1), bytes + 1, 16);
    CHECK_EQ(siphash(siphash_key(1), "abcdefghijklmnop", 16), moved);
}

TEST(siphash_takes_an_empty_text) {
    CHECK_EQ(siphash(siphash_key(7), NULL, 0), siphash(siphash_key(7), "", 0));
}

TEST(siphash_keys_depend_on_the_whole_seed) {
    uint64_t hash = siphash(siphash_key(0), "name", 4);
    for (unsigned bit = 0; bit < 64; bit++)
        CHECK(siphash(siphash_key((uint64_t)1 << bit), "name", 4) != hash);
}

TEST_TABLE(siphash, TEST_ROW(siphash_agrees_with_other_implementations),
           TEST_ROW(siphash_does_not_care_about_alignment),
           TEST_ROW(siphash_takes_an_empty_text),
           TEST_ROW(siphash_keys_depend_on_the_whole_seed))
