/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and the places they lead to. */
#include "kernel/id_table.h"

#include "base/alloc.h"
#include "microkernel/limits.h"
#include "support/test.h"

#include <string.h>

typedef struct {
    uint32_t id;
    uint32_t mark;
} thing_t;

enum { MANY = MK_SLAB_BYTES >= 65536 ? 5000 : 500 };
static thing_t things[MANY];

TEST(numbers_count_up_from_one) {
    id_table_t table;
    id_table_init(&table);
    CHECK(id_table_find(&table, 0) == NULL);
    CHECK(id_table_find(&table, 1) == NULL);
    for (uint32_t i = 0; i < MANY; i++)
        CHECK_EQ(id_table_add(&table, &things[i]), i + 1);
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK(id_table_find(&table, i + 1) == &things[i]);
        CHECK_EQ(things[i].id, i + 1);
    }
    CHECK(id_table_find(&table, MANY + 1) == NULL);
    CHECK(id_table_find(&table, 0) == NULL);
    CHECK(id_table_find(&table, UINT32_MAX) == NULL);
    CHECK(id_table_slots(&table) <= (size_t)4 * MANY);
    id_table_deinit(&table);
}

TEST(numbers_count_on_from_where_they_are_told_to) {
    id_table_t table;
    id_table_init(&table);
    CHECK_EQ(id_table_add(&table, &things[0]), 1);
    id_table_count_from(&table, UINT32_MAX);
    CHECK_EQ(id_table_add(&table, &things[1]), UINT32_MAX);
    uint32_t id = id_table_add(&table, &things[2]); /* neither 0 nor one in use */
    CHECK(id > 1 && id < UINT32_MAX);
    CHECK(id_table_find(&table, 1) == &things[0]);
    CHECK(id_table_find(&table, UINT32_MAX) == &things[1]);
    CHECK(id_table_find(&table, id) == &things[2]);
    id_table_deinit(&table);
}

TEST(a_number_is_not_given_twice) {
    id_table_t table;
    id_table_init(&table);
    CHECK_EQ(id_table_add(&table, &things[0]), 1); /* stays for ever */
    uint32_t last = 1;
    for (int round = 0; round < 2000; round++) {
        uint32_t id = id_table_add(&table, &things[1]);
        CHECK(id > last);
        CHECK((id & table.mask) != 1); /* the place of the first is skipped */
        id_table_remove(&table, id);
        CHECK(id_table_find(&table, id) == NULL);
        last = id;
    }
    CHECK(id_table_find(&table, 1) == &things[0]);
    CHECK_EQ(table.count, 1);
    CHECK_EQ(id_table_slots(&table), 16);
    id_table_deinit(&table);
}

TEST(numbers_wrap_without_zero_and_without_meeting_the_living) {
    id_table_t table;
    id_table_init(&table);
    CHECK_EQ(id_table_add(&table, &things[0]), 1);
    table.next = UINT32_MAX - 1;
    CHECK_EQ(id_table_add(&table, &things[1]), UINT32_MAX - 1);
    CHECK_EQ(id_table_add(&table, &things[2]), UINT32_MAX);
    CHECK_EQ(id_table_add(&table, &things[3]), 2);
    CHECK(id_table_find(&table, UINT32_MAX) == &things[2]);
    id_table_deinit(&table);
}

TEST(a_table_gives_memory_back_when_it_can) {
    id_table_t table;
    id_table_init(&table);
    for (uint32_t i = 0; i < MANY; i++)
        (void)id_table_add(&table, &things[i]);
    size_t slots = id_table_slots(&table);
    id_table_trim(&table);
    CHECK_EQ(id_table_slots(&table), slots); /* nothing to give */
    for (uint32_t i = 3; i < MANY; i++)
        id_table_remove(&table, i + 1);
    id_table_trim(&table);
    CHECK_EQ(id_table_slots(&table), 16);
    for (uint32_t i = 0; i < 3; i++)
        CHECK(id_table_find(&table, i + 1) == &things[i]);
    for (uint32_t i = 0; i < 3; i++)
        id_table_remove(&table, i + 1);
    id_table_trim(&table);
    CHECK_EQ(id_table_slots(&table), 0);
    CHECK(id_table_find(&table, 1) == NULL);
    CHECK_EQ(id_table_add(&table, &things[0]), MANY + 1); /* goes on counting */
    id_table_deinit(&table);
}

TEST(two_numbers_that_would_meet_keep_the_table_large) {
    id_table_t table;
    id_table_init(&table);
    CHECK_EQ(id_table_add(&table, &things[0]), 1);
    for (uint32_t i = 1; i < 200; i++)
        (void)id_table_add(&table, &things[i]);
    for (uint32_t i = 1; i < 200; i++)
        if (things[i].id != 65) id_table_remove(&table, things[i].id);
    id_table_trim(&table); /* 1 and 65 differ in bit 6 at the lowest */
    CHECK_EQ(id_table_slots(&table), 128);
    CHECK(id_table_find(&table, 1) == &things[0]);
    CHECK(id_table_find(&table, 65) == &things[64]);
    id_table_deinit(&table);
}

TEST(a_table_that_cannot_grow_fills_up_and_then_refuses) {
    id_table_t table;
    id_table_init(&table);
    mk_alloc_fail_at(1, true);
    CHECK_EQ(id_table_add(&table, &things[0]), 0);
    mk_alloc_fail_at(0, false);
    CHECK_EQ(id_table_add(&table, &things[0]), 1);
    mk_alloc_fail_at(1, true);
    for (uint32_t i = 1; i < 16; i++)
        CHECK(id_table_add(&table, &things[i]) != 0);
    CHECK_EQ(id_table_add(&table, &things[16]), 0);
    id_table_trim(&table); /* cannot, and breaks nothing */
    mk_alloc_fail_at(0, false);
    for (uint32_t i = 0; i < 16; i++)
        CHECK(id_table_find(&table, things[i].id) == &things[i]);
    CHECK(id_table_add(&table, &things[16]) != 0);
    id_table_deinit(&table);
}

TEST_TABLE(id_table, TEST_ROW(numbers_count_up_from_one),
           TEST_ROW(numbers_count_on_from_where_they_are_told_to),
           TEST_ROW(a_number_is_not_given_twice),
           TEST_ROW(numbers_wrap_without_zero_and_without_meeting_the_living),
           TEST_ROW(a_table_gives_memory_back_when_it_can),
           TEST_ROW(two_numbers_that_would_meet_keep_the_table_large),
           TEST_ROW(a_table_that_cannot_grow_fills_up_and_then_refuses))
