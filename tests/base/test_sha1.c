/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"
#include "base/sha1.h"
#include "support/test.h"

#include <string.h>

static void check_digest(const uint8_t digest[SHA1_SIZE], const char *want) {
    char text[2 * SHA1_SIZE + 1];
    hex_encode(digest, SHA1_SIZE, text, sizeof text);
    CHECK_STR(text, want);
}

/* The examples of FIPS 180 and RFC 3174, and the empty text. */
TEST(sha1_agrees_with_the_published_examples) {
    static const struct {
        const char *text;
        const char *digest;
    } examples[] = {
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {"The quick brown fox jumps over the lazy dog",
         "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        uint8_t digest[SHA1_SIZE];
        sha1_of(examples[i].text, strlen(examples[i].text), digest);
        check_digest(digest, examples[i].digest);
    }
}

TEST(sha1_hashes_a_million_bytes_in_odd_pieces) {
    static const char piece[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    sha1_t sha1;
    sha1_init(&sha1);
    size_t left = 1000000;
    for (size_t size = 1; left > 0; size = size % 101 + 1) {
        if (size > left) size = left;
        sha1_add(&sha1, piece, size);
        left -= size;
    }
    uint8_t digest[SHA1_SIZE];
    sha1_finish(&sha1, digest);
    check_digest(digest, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

/* Digests of 55, 56, 63, 64 and 65 zero bytes: where the padding begins a new block. */
TEST(sha1_pads_at_the_edges_of_a_block) {
    static const uint8_t zeros[65];
    static const struct {
        size_t size;
        const char *digest;
    } edges[] = {
        {55, "8e8832c642a6a38c74c17fc92ccedc266c108e6c"},
        {56, "9438e360f578e12c0e0e8ed28e2c125c1cefee16"},
        {63, "0b8bf9fc37ad802cefa6733ec62b09d5f43a1b75"},
        {64, "c8d7d0ef0eedfa82d2ea1aa592845b9a6d4b02b7"},
        {65, "f0fa45906bd0f4c3668fcd0d8f68d4b298b30e5b"},
    };
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        uint8_t digest[SHA1_SIZE];
        sha1_of(zeros, edges[i].size, digest);
        check_digest(digest, edges[i].digest);
    }
}

TEST_TABLE(sha1, TEST_ROW(sha1_agrees_with_the_published_examples),
           TEST_ROW(sha1_hashes_a_million_bytes_in_odd_pieces),
           TEST_ROW(sha1_pads_at_the_edges_of_a_block))
