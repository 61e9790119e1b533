/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "microkernel/error.h"
#include "support/test.h"

/* RFC 4648, section 10. */
static const struct {
    const char *bytes;
    const char *text;
} vectors[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}};

TEST(base64_does_the_vectors_of_the_rfc) {
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char text[16];
        uint8_t bytes[8];
        int size = (int)i;
        CHECK_EQ(base64_encode(vectors[i].bytes, i, text, sizeof text), BASE64_SIZE(i));
        CHECK_STR(text, vectors[i].text);
        CHECK_EQ(base64_decode(text_of(text), bytes, sizeof bytes, NULL), size);
        CHECK_MEM(bytes, vectors[i].bytes, i);
    }
}

TEST(base64_every_byte_survives_the_round_trip) {
    uint8_t bytes[256];
    uint8_t again[256];
    char text[BASE64_SIZE(256) + 1];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        int len = base64_encode(bytes, size, text, BASE64_SIZE(size) + 1);
        CHECK_EQ(len, BASE64_SIZE(size));
        CHECK_EQ(base64_decode(text_make(text, (size_t)len), again, size, NULL), size);
        CHECK_MEM(again, bytes, size);
    }
}

TEST(base64_encode_needs_room_for_the_nul) {
    char text[5] = "####";
    CHECK_EQ(base64_encode("abc", 3, text, 4), MK_ETOOBIG);
    CHECK_STR(text, "####");
    CHECK_EQ(base64_encode("abc", 3, text, 5), 4);
    CHECK_EQ(base64_encode("", SIZE_MAX, text, 5), MK_ETOOBIG);
}

TEST(base64_decode_says_what_is_bad) {
    static const struct {
        const char *text;
        int result;
        size_t bad_at;
    } bad[] = {
        {"Zg", MK_EBADMSG, 2},  {"Zg=", MK_EINVAL, 2},    {"Zg==Zg==", MK_EINVAL, 2},
        {"Z===", MK_EINVAL, 1}, {"====", MK_EINVAL, 0},   {"Zh==", MK_EINVAL, 1},
        {"Zm9=", MK_EINVAL, 2}, {"Zm 9", MK_EINVAL, 2},   {"Zm9v\n", MK_EINVAL, 4},
        {"Zm-_", MK_EINVAL, 2}, {"Zm9vZ", MK_EBADMSG, 5}, {"Zm9vZm9v", MK_ETOOBIG, 4},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t bytes[3] = {1, 2, 3};
        size_t bad_at = 99;
        CHECK_EQ(base64_decode(text_of(bad[i].text), bytes, 3, &bad_at), bad[i].result);
        CHECK_EQ(bad_at, bad[i].bad_at);
        CHECK_MEM(bytes, "\1\2\3", 3);
    }
}

TEST_TABLE(base64, TEST_ROW(base64_does_the_vectors_of_the_rfc),
           TEST_ROW(base64_every_byte_survives_the_round_trip),
           TEST_ROW(base64_encode_needs_room_for_the_nul),
           TEST_ROW(base64_decode_says_what_is_bad))
