/* SPDX-License-Identifier: Apache-2.0 */
#include "services/log_ring.h"

#include "support/test.h"

#include <string.h>

static bool put(log_ring_t *ring, const char *text) {
    log_piece_t pieces[] = {{text, 1}, {text + 1, strlen(text) - 1}};
    return log_ring_put(ring, pieces, 2);
}

TEST(log_ring_gives_records_back_in_order_also_over_its_end) {
    unsigned char memory[37];
    char out[37];
    log_ring_t ring;
    log_ring_init(&ring, memory, sizeof memory);
    char text[] = "a-record";
    CHECK(put(&ring, "first"));
    for (int i = 0; i < 200; i++) {
        text[0] = (char)('a' + i % 26);
        CHECK(put(&ring, text));
        size_t size = log_ring_take(&ring, out, sizeof out);
        if (i == 0) {
            CHECK_EQ(size, 5);
            CHECK_MEM(out, "first", 5);
        } else {
            CHECK_EQ(size, 8);
            CHECK_EQ(out[0], 'a' + (i - 1) % 26);
            CHECK_MEM(out + 1, "-record", 7);
        }
    }
    CHECK_EQ(log_ring_take(&ring, out, sizeof out), 8);
    CHECK_EQ(log_ring_take(&ring, out, sizeof out), 0);
    CHECK_EQ(ring.used, 0);
}

TEST(log_ring_refuses_what_does_not_fit_and_keeps_the_rest) {
    unsigned char memory[20];
    char out[20];
    log_ring_t ring;
    log_ring_init(&ring, memory, sizeof memory);
    CHECK(put(&ring, "0123456789")); /* 4 + 10 */
    CHECK(!put(&ring, "012"));       /* 4 + 3 > 6 */
    CHECK(put(&ring, "01"));         /* 4 + 2: full to the byte */
    CHECK(!put(&ring, "0"));
    CHECK_EQ(log_ring_take(&ring, out, sizeof out), 10);
    CHECK_EQ(log_ring_take(&ring, out, sizeof out), 2);
    CHECK(!put(&ring, "01234567890123456")); /* never: 4 + 17 */
    CHECK(put(&ring, "0123456789012345"));
}

TEST_TABLE(log_ring, TEST_ROW(log_ring_gives_records_back_in_order_also_over_its_end),
           TEST_ROW(log_ring_refuses_what_does_not_fit_and_keeps_the_rest))
