/* SPDX-License-Identifier: Apache-2.0 */
#include "services/name_table.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "support/test.h"

#include <string.h>

static void add(name_table_t *table, const char *key, actor_id_t id) {
    CHECK_EQ(name_table_add(table, key, strlen(key), id, NULL), MK_OK);
}

static void drop(name_table_t *table, const char *key) {
    name_entry_t *entry = name_table_find(table, key, strlen(key));
    CHECK(entry != NULL);
    name_table_detach(table, entry);
    mk_free(entry);
}

TEST(name_table_keeps_the_entries_of_an_owner_in_the_order_they_came) {
    name_table_t table;
    name_table_init(&table);
    add(&table, "z", 7);
    add(&table, "other", 8);
    add(&table, "a", 7);
    add(&table, "m", 7);
    static const char *const expected[] = {"z", "a", "m"};
    name_entry_t *entry = name_table_first_of(&table, 7);
    for (size_t i = 0; i < 3; i++) {
        CHECK(entry != NULL);
        CHECK_STR(entry->key, expected[i]);
        entry = name_table_next_of(&table, entry);
    }
    CHECK(entry == NULL);
    name_table_deinit(&table);
}

TEST(name_table_tells_owners_apart_whose_ids_are_neighbours) {
    name_table_t table;
    name_table_init(&table);
    add(&table, "low", 255);
    add(&table, "high", 256);
    add(&table, "huge", UINT64_MAX);
    CHECK_STR(name_table_first_of(&table, 256)->key, "high");
    CHECK(name_table_next_of(&table, name_table_first_of(&table, 255)) == NULL);
    CHECK_STR(name_table_first_of(&table, UINT64_MAX)->key, "huge");
    CHECK(name_table_first_of(&table, 254) == NULL);
    CHECK(name_table_first_of(&table, 257) == NULL);
    name_table_deinit(&table);
}

TEST(name_table_refuses_a_taken_key_whoever_asks) {
    name_table_t table;
    name_table_init(&table);
    add(&table, "key", 1);
    CHECK_EQ(name_table_add(&table, "key", 3, 1, NULL), MK_EEXIST);
    CHECK_EQ(name_table_add(&table, "key", 3, 2, NULL), MK_EEXIST);
    CHECK_EQ(name_table_count(&table), 1);
    drop(&table, "key");
    add(&table, "key", 2);
    CHECK_EQ(name_table_find(&table, "key", 3)->id, 2);
    name_table_deinit(&table);
}

TEST(name_table_keys_may_hold_zero_bytes) {
    name_table_t table;
    name_table_init(&table);
    CHECK_EQ(name_table_add(&table, "a\0b", 3, 1, NULL), MK_OK);
    CHECK_EQ(name_table_add(&table, "a\0c", 3, 2, NULL), MK_OK);
    CHECK(name_table_find(&table, "a", 1) == NULL);
    CHECK_EQ(name_table_find(&table, "a\0c", 3)->id, 2);
    CHECK_EQ(name_table_from(&table, "a", 1)->id, 1);
    name_table_deinit(&table);
}

static void add_with_faults(void *arg) {
    (void)arg;
    name_table_t table;
    name_table_init(&table);
    int first = name_table_add(&table, "first", 5, 1, NULL);
    int second = name_table_add(&table, "second", 6, 1, NULL);
    CHECK(first == MK_OK || first == MK_ENOMEM);
    CHECK(second == MK_OK || second == MK_ENOMEM);
    CHECK_EQ(name_table_count(&table), (first == MK_OK) + (second == MK_OK));
    CHECK_EQ(name_table_find(&table, "first", 5) != NULL, first == MK_OK);
    CHECK_EQ(name_table_find(&table, "second", 6) != NULL, second == MK_OK);
    name_table_deinit(&table);
}

TEST(name_table_is_as_it_was_when_memory_is_short) {
    test_each_alloc_failure(add_with_faults, NULL);
}

TEST_TABLE(name_table,
           TEST_ROW(name_table_keeps_the_entries_of_an_owner_in_the_order_they_came),
           TEST_ROW(name_table_tells_owners_apart_whose_ids_are_neighbours),
           TEST_ROW(name_table_refuses_a_taken_key_whoever_asks),
           TEST_ROW(name_table_keys_may_hold_zero_bytes),
           TEST_ROW(name_table_is_as_it_was_when_memory_is_short))
