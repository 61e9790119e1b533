/* SPDX-License-Identifier: Apache-2.0 */
/* Items of one size, and the way of their memory back to the platform. */
#include "kernel/pool.h"

#include "base/alloc.h"
#include "microkernel/limits.h"
#include "support/test.h"

#include <string.h>

enum { MANY = MK_SLAB_BYTES >= 65536 ? 20000 : 400, ITEM = 60, ROUNDED = 64 };
static unsigned char *items[MANY];

static void take_all(pool_t *pool) {
    for (size_t i = 0; i < MANY; i++) {
        items[i] = pool_take(pool);
        CHECK(items[i] != NULL);
        memset(items[i], (int)(i % 251), ITEM);
    }
}

TEST(items_are_apart_and_aligned) {
    pool_t pool;
    pool_init(&pool, ITEM);
    take_all(&pool);
    CHECK_EQ(pool.used, MANY);
    for (size_t i = 0; i < MANY; i++) {
        CHECK_EQ((uintptr_t)items[i] % 8, 0);
        for (size_t at = 0; at < ITEM; at++)
            CHECK_EQ(items[i][at], i % 251);
    }
    for (size_t i = 0; i < MANY; i++)
        pool_give(&pool, items[i]);
    CHECK_EQ(pool.used, 0);
    pool_deinit(&pool);
}

#if !defined(MK_POOL_PASSTHROUGH)

TEST(the_item_given_last_is_taken_first) {
    pool_t pool;
    pool_init(&pool, ITEM);
    void *a = pool_take(&pool);
    void *b = pool_take(&pool);
    pool_give(&pool, a);
    pool_give(&pool, b);
    CHECK(pool_take(&pool) == b);
    CHECK(pool_take(&pool) == a);
    pool_deinit(&pool); /* items that are out go with it */
}

TEST(empty_slabs_go_back_and_no_item_is_lost) {
    pool_t pool;
    pool_init(&pool, ITEM);
    pool_trim(&pool, NULL, 0, false); /* of nothing */
    take_all(&pool);
    size_t bytes = pool.bytes;
    CHECK(bytes >= (size_t)MANY * ROUNDED);
    CHECK(!pool_wants_trim(&pool));
    /* The first tenth stays; it lies in the first slabs. */
    for (size_t i = MANY / 10; i < MANY; i++)
        pool_give(&pool, items[i]);
    CHECK(pool_wants_trim(&pool));
    pool_trim(&pool, NULL, 0, false);
    CHECK(pool.bytes < bytes / 2);
    CHECK_EQ(pool.used, MANY / 10);
    for (size_t i = 0; i < MANY / 10; i++)
        for (size_t at = 0; at < ITEM; at++)
            CHECK_EQ(items[i][at], i % 251);
    /* What is left serves on, and each item once. */
    for (size_t i = MANY / 10; i < MANY; i++) {
        items[i] = pool_take(&pool);
        memset(items[i], (int)(i % 251), ITEM);
    }
    for (size_t i = 0; i < MANY; i++)
        CHECK_EQ(items[i][ITEM - 1], i % 251);
    for (size_t i = 0; i < MANY; i++)
        pool_give(&pool, items[i]);
    pool_trim(&pool, NULL, 0, false);
    CHECK_EQ(pool.bytes, 0);
    CHECK(pool_take(&pool) != NULL);
    pool_deinit(&pool);
}

TEST(items_in_use_tell_which_slabs_are_empty) {
    pool_t pool;
    pool_init(&pool, ITEM);
    take_all(&pool);
    size_t bytes = pool.bytes;
    void *used[MANY] = {NULL};
    for (size_t i = 0; i < MANY; i++) {
        if (i % 16 == 0 && i < MANY / 2)
            used[i] = items[i];
        else
            pool_give(&pool, items[i]);
    }
    pool_trim(&pool, used, MANY, false);
    CHECK(pool.bytes < bytes * 3 / 4);
    for (size_t i = 0; i < MANY / 2; i += 16)
        CHECK_EQ(items[i][ITEM - 1], i % 251);
    /* A table that lacks one is not believed. */
    for (size_t i = 16; i < MANY / 2; i += 16)
        pool_give(&pool, items[i]);
    used[0] = NULL;
    pool_trim(&pool, used, 1, false);
    CHECK_EQ(items[0][ITEM - 1], 0);
    CHECK_EQ(pool.used, 1);
    pool_deinit(&pool);
}

TEST(addresses_within_items_tell_too_when_they_are_all) {
    pool_t pool;
    pool_init(&pool, ITEM);
    take_all(&pool);
    size_t bytes = pool.bytes;
    void *used[3] = {items[0] + ITEM - 1, NULL, items[0]};
    for (size_t i = 1; i < MANY; i++)
        pool_give(&pool, items[i]);
    pool_trim(&pool, used, 3, true);
    CHECK(pool.bytes < bytes / 2);
    CHECK_EQ(items[0][ITEM - 1], 0);
    CHECK_EQ(pool.used, 1);
    pool_deinit(&pool);
}

TEST(a_trim_in_vain_is_not_repeated_until_none_can_be) {
    pool_t pool;
    pool_init(&pool, ITEM);
    take_all(&pool);
    for (size_t i = 0; i < MANY; i++)
        if (i % 8 != 0) pool_give(&pool, items[i]); /* one item keeps each slab */
    CHECK(pool_wants_trim(&pool));
    size_t bytes = pool.bytes;
    pool_trim(&pool, NULL, 0, false);
    CHECK_EQ(pool.bytes, bytes);
    CHECK(!pool_wants_trim(&pool));
    for (size_t i = 0; i < MANY; i += 8)
        if (i % 16 != 8) pool_give(&pool, items[i]);
    CHECK(!pool_wants_trim(&pool)); /* each slab may still hold one */
    for (size_t i = 24; i < MANY; i += 16)
        pool_give(&pool, items[i]);
    CHECK(pool_wants_trim(&pool));
    pool_trim(&pool, NULL, 0, false);
    CHECK(pool.bytes < bytes / 2);
    CHECK_EQ(pool.used, 1);
    /* Full once more, it is a new chance. */
    for (size_t i = 0; i < MANY; i++)
        if (i != 8) items[i] = pool_take(&pool);
    for (size_t i = 0; i < MANY; i++)
        if (i % 8 != 0) pool_give(&pool, items[i]);
    CHECK(pool_wants_trim(&pool));
    pool_deinit(&pool);
}

TEST(without_memory_there_are_no_items_and_no_trim) {
    pool_t pool;
    pool_init(&pool, ITEM);
    mk_alloc_fail_at(1, true);
    CHECK(pool_take(&pool) == NULL);
    CHECK_EQ(pool.used, 0);
    mk_alloc_fail_at(0, false);
    take_all(&pool);
    for (size_t i = 1; i < MANY; i++)
        pool_give(&pool, items[i]);
    size_t bytes = pool.bytes;
    mk_alloc_fail_at(1, true);
    pool_trim(&pool, NULL, 0, false);
    CHECK_EQ(pool.bytes, bytes);
    CHECK(pool_take(&pool) != NULL);
    mk_alloc_fail_at(0, false);
    pool_deinit(&pool);
}

TEST_TABLE(pool, TEST_ROW(items_are_apart_and_aligned),
           TEST_ROW(the_item_given_last_is_taken_first),
           TEST_ROW(empty_slabs_go_back_and_no_item_is_lost),
           TEST_ROW(items_in_use_tell_which_slabs_are_empty),
           TEST_ROW(addresses_within_items_tell_too_when_they_are_all),
           TEST_ROW(a_trim_in_vain_is_not_repeated_until_none_can_be),
           TEST_ROW(without_memory_there_are_no_items_and_no_trim))

#else

TEST(every_item_is_a_block_of_the_heap) {
    pool_t pool;
    pool_init(&pool, ITEM);
    size_t before = test_live_blocks();
    void *item = pool_take(&pool);
    CHECK_EQ(test_live_blocks(), before + 1);
    pool_give(&pool, item);
    CHECK_EQ(test_live_blocks(), before);
    CHECK(!pool_wants_trim(&pool));
    pool_deinit(&pool);
}

TEST_TABLE(pool, TEST_ROW(items_are_apart_and_aligned),
           TEST_ROW(every_item_is_a_block_of_the_heap))

#endif
