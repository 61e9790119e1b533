/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/prng.h"
#include "microkernel/error.h"
#include "support/test.h"

#include <string.h>

TEST(buffer_begins_without_memory) {
    buffer_t buffer;
    buffer_init(&buffer, 100);
    CHECK_EQ(buffer_size(&buffer), 0);
    CHECK_EQ(buffer_room(&buffer), 100);
    CHECK(buffer_bytes(&buffer) == NULL);
    CHECK_EQ(test_live_blocks(), 0);
    buffer_consume(&buffer, 5);
    buffer_trim(&buffer);
    CHECK_EQ(buffer_append(&buffer, NULL, 0), MK_OK);
    CHECK_EQ(buffer_size(&buffer), 0);
    buffer_deinit(&buffer);
}

TEST(buffer_keeps_bytes_in_order) {
    buffer_t buffer;
    buffer_init(&buffer, 100);
    CHECK_EQ(buffer_append(&buffer, "hello ", 6), MK_OK);
    CHECK_EQ(buffer_append(&buffer, "world", 5), MK_OK);
    CHECK_EQ(buffer_size(&buffer), 11);
    CHECK_MEM(buffer_bytes(&buffer), "hello world", 11);
    buffer_consume(&buffer, 6);
    CHECK_MEM(buffer_bytes(&buffer), "world", 5);
    buffer_consume(&buffer, 99);
    CHECK_EQ(buffer_size(&buffer), 0);
    buffer_deinit(&buffer);
    CHECK_EQ(buffer_room(&buffer), 100);
}

TEST(buffer_refuses_more_than_its_ceiling) {
    buffer_t buffer;
    buffer_init(&buffer, 10);
    CHECK_EQ(buffer_append(&buffer, "0123456789", 10), MK_OK);
    CHECK_EQ(buffer_append(&buffer, "x", 1), MK_EFULL);
    buffer_consume(&buffer, 3);
    CHECK_EQ(buffer_append(&buffer, "abcd", 4), MK_EFULL);
    CHECK_MEM(buffer_bytes(&buffer), "3456789", 7);
    CHECK_EQ(buffer_append(&buffer, "abc", 3), MK_OK);
    CHECK_MEM(buffer_bytes(&buffer), "3456789abc", 10);
    CHECK(buffer.cap <= 10);
    uint8_t *room;
    CHECK_EQ(buffer_reserve(&buffer, SIZE_MAX, &room), MK_EFULL);
    buffer_deinit(&buffer);
}

TEST(buffer_commit_takes_a_part_of_the_reservation) {
    buffer_t buffer;
    buffer_init(&buffer, 1000);
    uint8_t *room;
    CHECK_EQ(buffer_reserve(&buffer, 500, &room), MK_OK);
    memset(room, 'a', 500);
    buffer_commit(&buffer, 2);
    CHECK_EQ(buffer_size(&buffer), 2);
    CHECK_EQ(buffer_reserve(&buffer, 3, &room), MK_OK);
    memcpy(room, "bcd", 3);
    buffer_commit(&buffer, 3);
    CHECK_MEM(buffer_bytes(&buffer), "aabcd", 5);
    buffer_deinit(&buffer);
}

TEST(buffer_trim_gives_memory_back) {
    buffer_t buffer;
    buffer_init(&buffer, 100000);
    uint8_t *room;
    CHECK_EQ(buffer_reserve(&buffer, 50000, &room), MK_OK);
    memset(room, 'a', 50000);
    buffer_commit(&buffer, 50000);
    buffer_consume(&buffer, 49990);
    CHECK(buffer.cap >= 50000);
    buffer_trim(&buffer);
    CHECK_EQ(buffer.cap, 10);
    CHECK_MEM(buffer_bytes(&buffer), "aaaaaaaaaa", 10);
    buffer_consume(&buffer, 10);
    buffer_trim(&buffer);
    CHECK_EQ(test_live_blocks(), 0);
}

TEST(buffer_a_long_stream_needs_little_memory) {
    buffer_t buffer;
    buffer_init(&buffer, 4096);
    uint8_t sent = 0;
    uint8_t received = 0;
    prng_t prng;
    prng_init(&prng, 1);
    for (int round = 0; round < 20000; round++) {
        uint8_t piece[40];
        size_t size = (size_t)prng_below(&prng, sizeof piece + 1);
        for (size_t i = 0; i < size; i++)
            piece[i] = (uint8_t)(sent + i);
        int result = buffer_append(&buffer, piece, size);
        CHECK(result == MK_OK || result == MK_EFULL);
        if (result == MK_OK) sent = (uint8_t)(sent + size);
        size_t taken = (size_t)prng_below(&prng, 41);
        if (taken > buffer_size(&buffer)) taken = buffer_size(&buffer);
        for (size_t i = 0; i < taken; i++)
            CHECK_EQ(buffer_bytes(&buffer)[i], (uint8_t)(received + i));
        received = (uint8_t)(received + taken);
        buffer_consume(&buffer, taken);
        CHECK(buffer.cap <= 4096);
    }
    buffer_deinit(&buffer);
}

TEST(buffer_moves_its_contents_when_there_is_no_larger_block) {
    buffer_t buffer;
    buffer_init(&buffer, 1000);
    uint8_t *room;
    CHECK_EQ(buffer_reserve(&buffer, 64, &room), MK_OK);
    memset(room, 'a', 64);
    buffer_commit(&buffer, 64);
    buffer_consume(&buffer, 20);
    mk_alloc_fail_at(1, true);
    CHECK_EQ(buffer_append(&buffer, "bb", 2), MK_OK);
    mk_alloc_fail_at(0, false);
    CHECK_EQ(buffer_size(&buffer), 46);
    CHECK_MEM(buffer_bytes(&buffer) + 43, "abb", 3);
    buffer_deinit(&buffer);
}

static void grow_and_trim(void *arg) {
    (void)arg;
    static const char text[] = "0123456789012345678901234567890123456789";
    buffer_t buffer;
    buffer_init(&buffer, 1000);
    size_t size = 0;
    for (int i = 0; i < 10; i++) {
        int result = buffer_append(&buffer, text, 40);
        CHECK(result == MK_OK || result == MK_ENOMEM);
        if (result == MK_OK) size += 40;
        CHECK_EQ(buffer_size(&buffer), size);
        for (size_t at = 0; at < size; at += 40)
            CHECK_MEM(buffer_bytes(&buffer) + at, text, 40);
    }
    buffer_consume(&buffer, 80);
    size_t left = buffer_size(&buffer);
    buffer_trim(&buffer);
    CHECK_EQ(buffer_size(&buffer), left);
    if (left > 0) CHECK_MEM(buffer_bytes(&buffer), text, 40);
    buffer_deinit(&buffer);
}

TEST(buffer_survives_each_allocation_failure) {
    test_each_alloc_failure(grow_and_trim, NULL);
}

TEST_TABLE(buffer, TEST_ROW(buffer_begins_without_memory),
           TEST_ROW(buffer_keeps_bytes_in_order),
           TEST_ROW(buffer_refuses_more_than_its_ceiling),
           TEST_ROW(buffer_commit_takes_a_part_of_the_reservation),
           TEST_ROW(buffer_trim_gives_memory_back),
           TEST_ROW(buffer_a_long_stream_needs_little_memory),
           TEST_ROW(buffer_moves_its_contents_when_there_is_no_larger_block),
           TEST_ROW(buffer_survives_each_allocation_failure))
