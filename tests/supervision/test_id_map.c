/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "supervision/id_map.h"

static char things[4096]; /* only their addresses matter */

TEST(an_empty_map_finds_nothing) {
    id_map_t map;
    id_map_init(&map);
    CHECK(id_map_find(&map, 0) == NULL);
    CHECK(id_map_find(&map, 7) == NULL);
    CHECK(id_map_remove(&map, 7) == NULL);
    id_map_deinit(&map);
}

TEST(id_zero_is_never_found) {
    id_map_t map;
    id_map_init(&map);
    CHECK(id_map_add(&map, 1, &things[1]));
    CHECK(id_map_find(&map, 0) == NULL);
    CHECK(id_map_remove(&map, 0) == NULL);
    id_map_deinit(&map);
}

TEST(reserved_room_needs_no_memory) {
    id_map_t map;
    id_map_init(&map);
    CHECK(id_map_reserve(&map, 1000));
    mk_alloc_fail_at(1, true);
    bool all_fit = true;
    for (uint64_t id = 1; id <= 1000; id++)
        all_fit = all_fit && id_map_add(&map, id, &things[id]);
    mk_alloc_fail_at(0, false);
    CHECK(all_fit);
    CHECK_EQ(map.len, 1000);
    id_map_deinit(&map);
}

TEST(a_failed_add_changes_nothing) {
    id_map_t map;
    id_map_init(&map);
    uint64_t id = 1;
    for (; id <= 6; id++)
        CHECK(id_map_add(&map, id, &things[id]));
    mk_alloc_fail_at(1, true);
    bool was_added = id_map_add(&map, 7, &things[7]);
    mk_alloc_fail_at(0, false);
    CHECK(!was_added);
    CHECK(id_map_find(&map, 7) == NULL);
    for (id = 1; id <= 6; id++)
        CHECK(id_map_find(&map, id) == &things[id]);
    id_map_deinit(&map);
}

TEST(memory_follows_the_number_of_entries) {
    id_map_t map;
    id_map_init(&map);
    for (uint64_t id = 1; id <= 4000; id++)
        CHECK(id_map_add(&map, id << 32 | id, &things[id]));
    size_t cap = map.cap;
    CHECK(cap <= 8192);
    for (uint64_t id = 1; id <= 3990; id++) {
        CHECK(id_map_remove(&map, id << 32 | id) == &things[id]);
        id_map_shrink(&map, map.len);
    }
    CHECK(map.cap <= 128);
    for (uint64_t id = 3991; id <= 4000; id++)
        CHECK(id_map_find(&map, id << 32 | id) == &things[id]);
    id_map_deinit(&map);
}

/* Random traffic against an array. Few ids, so that probes meet and gaps close. */
TEST(any_traffic_agrees_with_an_array) {
    enum { IDS = 300 };
    static void *want[IDS];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        prng_t prng;
        prng_init(&prng, seed);
        id_map_t map;
        id_map_init(&map);
        size_t len = 0;
        for (int i = 0; i < IDS; i++)
            want[i] = NULL;
        for (int step = 0; step < 5000; step++) {
            size_t i = (size_t)prng_below(&prng, IDS);
            uint64_t id = seed << 40 | (i + 1);
            CHECK(id_map_find(&map, id) == want[i]);
            if (want[i] == NULL) {
                want[i] = &things[prng_below(&prng, sizeof things)];
                CHECK(id_map_add(&map, id, want[i]));
                len++;
            } else {
                CHECK(id_map_remove(&map, id) == want[i]);
                want[i] = NULL;
                len--;
                if (prng_chance(&prng, 1, 4)) id_map_shrink(&map, len);
            }
            CHECK_EQ(map.len, len);
        }
        for (size_t i = 0; i < IDS; i++)
            CHECK(id_map_find(&map, seed << 40 | (i + 1)) == want[i]);
        id_map_deinit(&map);
    }
}

TEST_TABLE(id_map, TEST_ROW(an_empty_map_finds_nothing),
           TEST_ROW(id_zero_is_never_found), TEST_ROW(reserved_room_needs_no_memory),
           TEST_ROW(a_failed_add_changes_nothing),
           TEST_ROW(memory_follows_the_number_of_entries),
           TEST_ROW(any_traffic_agrees_with_an_array))
