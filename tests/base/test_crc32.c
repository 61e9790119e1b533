/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32.h"
#include "support/test.h"

TEST(crc32_agrees_with_other_implementations) {
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    CHECK_EQ(crc32_add(0, "123456789", 9),
             0xCBF43926u); /* the catalogue's check value */
    CHECK_EQ(crc32_add(0, "a", 1), 0xE8B7BE43u);
    CHECK_EQ(crc32_add(0, all, sizeof all), 0x29058C73u);
    CHECK_EQ(crc32_add(0, NULL, 0), 0);
}

TEST(crc32_may_be_computed_in_pieces) {
    for (size_t cut = 0; cut <= 9; cut++)
        CHECK_EQ(crc32_add(crc32_add(0, "123456789", cut), &"123456789"[cut], 9 - cut),
                 0xCBF43926u);
}

TEST(crc32_notices_every_flipped_bit) {
    uint8_t bytes[32] = {1, 2, 3};
    uint32_t crc = crc32_add(0, bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(crc32_add(0, bytes, sizeof bytes) != crc);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

TEST(crc32_notices_zeros_added) {
    static const uint8_t zeros[4];
    CHECK(crc32_add(0, zeros, 3) != crc32_add(0, zeros, 4));
    CHECK(crc32_add(0, zeros, 1) != 0);
}

TEST_TABLE(crc32, TEST_ROW(crc32_agrees_with_other_implementations),
           TEST_ROW(crc32_may_be_computed_in_pieces),
           TEST_ROW(crc32_notices_every_flipped_bit),
           TEST_ROW(crc32_notices_zeros_added))
