/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"
#include "microkernel/error.h"
#include "support/test.h"

TEST(hex_encodes_lower_case) {
    char text[9] = "########";
    CHECK_EQ(hex_encode("\x00\x9f\xAB\xff", 4, text, sizeof text), 8);
    CHECK_STR(text, "009fabff");
    CHECK_EQ(hex_encode(NULL, 0, text, 1), 0);
    CHECK_STR(text, "");
}

TEST(hex_encode_needs_room_for_the_nul) {
    char text[4] = "###";
    CHECK_EQ(hex_encode("\x01\x02", 2, text, 4), MK_ETOOBIG);
    CHECK_STR(text, "###");
    CHECK_EQ(hex_encode("", 0, text, 0), MK_ETOOBIG);
    CHECK_EQ(hex_encode("", SIZE_MAX, text, 4), MK_ETOOBIG);
}

TEST(hex_every_byte_survives_the_round_trip) {
    uint8_t bytes[256];
    uint8_t again[256];
    char text[513];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    CHECK_EQ(hex_encode(bytes, sizeof bytes, text, sizeof text), 512);
    CHECK_EQ(hex_decode(text_of(text), again, sizeof again, NULL), 256);
    CHECK_MEM(again, bytes, sizeof bytes);
}

TEST(hex_decodes_both_cases) {
    uint8_t bytes[3];
    CHECK_EQ(hex_decode(text_of("aBcDeF"), bytes, 3, NULL), 3);
    CHECK_MEM(bytes, "\xab\xcd\xef", 3);
    CHECK_EQ(hex_decode(text_of(""), bytes, 0, NULL), 0);
}

TEST(hex_decode_says_which_digit_is_bad) {
    static const struct {
        const char *text;
        int result;
        size_t bad_at;
    } bad[] = {
        {"0g", MK_EINVAL, 1},       {" 00", MK_EINVAL, 0},
        {"00 ", MK_EINVAL, 2},      {"0x00", MK_EINVAL, 1},
        {"001", MK_EBADMSG, 3},     {"1", MK_EBADMSG, 1},
        {"00112", MK_EBADMSG, 5},   {"00112233", MK_ETOOBIG, 6},
        {"0011223g", MK_EINVAL, 7}, {"00\xC3\xA9", MK_EINVAL, 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t bytes[3] = {1, 2, 3};
        size_t bad_at = 99;
        CHECK_EQ(hex_decode(text_of(bad[i].text), bytes, 3, &bad_at), bad[i].result);
        CHECK_EQ(bad_at, bad[i].bad_at);
        CHECK_MEM(bytes, "\1\2\3", 3);
    }
}

TEST_TABLE(hex, TEST_ROW(hex_encodes_lower_case),
           TEST_ROW(hex_encode_needs_room_for_the_nul),
           TEST_ROW(hex_every_byte_survives_the_round_trip),
           TEST_ROW(hex_decodes_both_cases),
           TEST_ROW(hex_decode_says_which_digit_is_bad))
