/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/prng.h"
#include "base/string_map.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "support/test.h"

#include <string.h>

typedef struct {
    char bytes[16]; /* the text of one key */
} name_t;

static text_t make_key(name_t *key, uint64_t number) {
    mk_writer_t w;
    writer_init(&w, key->bytes, sizeof key->bytes);
    writer_char(&w, 'k');
    writer_unsigned(&w, number);
    return writer_text(&w);
}

static void insert_number(string_map_t *map, uint64_t number) {
    name_t key;
    CHECK_EQ(string_map_insert(map, make_key(&key, number), number * 3), MK_OK);
}

static void remove_number(string_map_t *map, uint64_t number) {
    name_t key;
    uint64_t value = 0;
    CHECK_EQ(string_map_remove(map, make_key(&key, number), &value), MK_OK);
    CHECK_EQ(value, number * 3);
}

static bool has_number(const string_map_t *map, uint64_t number) {
    name_t key;
    uint64_t value = number * 3 + 1;
    bool is_found = string_map_find(map, make_key(&key, number), &value);
    CHECK_EQ(value, number * 3 + (is_found ? 0 : 1));
    return is_found;
}

TEST(string_map_empty_owns_nothing) {
    string_map_t map;
    string_map_init(&map, 1);
    CHECK_EQ(string_map_count(&map), 0);
    CHECK(!string_map_find(&map, text_of("a"), NULL));
    CHECK_EQ(string_map_remove(&map, text_of("a"), NULL), MK_ENOENT);
    size_t cursor = 0;
    text_t key;
    uint64_t value;
    CHECK(!string_map_next(&map, &cursor, &key, &value));
    CHECK(string_map__check(&map));
    CHECK_EQ(test_live_blocks(), 0);
    string_map_deinit(&map);
}

TEST(string_map_finds_what_was_inserted) {
    string_map_t map;
    string_map_init(&map, 1);
    CHECK_EQ(string_map_insert(&map, text_of("one"), 1), MK_OK);
    CHECK_EQ(string_map_insert(&map, text_of("two"), UINT64_MAX), MK_OK);
    uint64_t value = 0;
    CHECK(string_map_find(&map, text_of("two"), &value));
    CHECK_EQ(value, UINT64_MAX);
    CHECK(string_map_find(&map, text_of("one"), NULL));
    CHECK(!string_map_find(&map, text_of("on"), &value));
    CHECK(!string_map_find(&map, text_of("onee"), &value));
    CHECK_EQ(string_map_count(&map), 2);
    string_map_deinit(&map);
    CHECK_EQ(string_map_count(&map), 0);
    CHECK(!string_map_find(&map, text_of("one"), NULL));
}

TEST(string_map_insert_keeps_the_first_value) {
    string_map_t map;
    string_map_init(&map, 1);
    CHECK_EQ(string_map_insert(&map, text_of("a"), 1), MK_OK);
    CHECK_EQ(string_map_insert(&map, text_of("a"), 2), MK_EEXIST);
    uint64_t value = 0;
    string_map_find(&map, text_of("a"), &value);
    CHECK_EQ(value, 1);
    CHECK_EQ(string_map_count(&map), 1);
    string_map_deinit(&map);
}

TEST(string_map_set_adds_or_replaces) {
    string_map_t map;
    string_map_init(&map, 1);
    CHECK_EQ(string_map_set(&map, text_of("a"), 1), 1);
    mk_alloc_fail_at(1, true); /* replacing needs no memory */
    CHECK_EQ(string_map_set(&map, text_of("a"), 2), 0);
    mk_alloc_fail_at(0, false);
    uint64_t value = 0;
    string_map_find(&map, text_of("a"), &value);
    CHECK_EQ(value, 2);
    CHECK_EQ(string_map_count(&map), 1);
    string_map_deinit(&map);
}

TEST(string_map_owns_copies_of_its_keys) {
    string_map_t map;
    string_map_init(&map, 1);
    char name[] = "volatile";
    CHECK_EQ(string_map_insert(&map, text_of(name), 1), MK_OK);
    memset(name, 'x', sizeof name - 1);
    CHECK(string_map_find(&map, text_of("volatile"), NULL));
    CHECK(!string_map_find(&map, text_of(name), NULL));
    string_map_deinit(&map);
}

TEST(string_map_keys_are_any_bytes) {
    string_map_t map;
    string_map_init(&map, 1);
    CHECK_EQ(string_map_insert(&map, text_make(NULL, 0), 1), MK_OK);
    CHECK_EQ(string_map_insert(&map, text_make("\0", 1), 2), MK_OK);
    CHECK_EQ(string_map_insert(&map, text_make("\0\0", 2), 3), MK_OK);
    CHECK_EQ(string_map_insert(&map, text_make("\0\xFF", 2), 4), MK_OK);
    CHECK_EQ(string_map_insert(&map, text_of(""), 5), MK_EEXIST);
    uint64_t value = 0;
    CHECK(string_map_find(&map, text_make("\0\0", 2), &value));
    CHECK_EQ(value, 3);
    CHECK_EQ(string_map_remove(&map, text_of(""), &value), MK_OK);
    CHECK_EQ(value, 1);
    CHECK_EQ(string_map_count(&map), 3);
    string_map_deinit(&map);
}

TEST(string_map_grows_and_gives_memory_back) {
    enum { COUNT = 3000 };
    string_map_t map;
    string_map_init(&map, 2);
    for (uint64_t i = 0; i < COUNT; i++)
        insert_number(&map, i);
    CHECK_EQ(map.cap, 4096);
    CHECK(string_map__check(&map));
    for (uint64_t i = 0; i < COUNT; i++)
        CHECK(has_number(&map, i));
    for (uint64_t i = 0; i < COUNT - 4; i++)
        remove_number(&map, i);
    CHECK_EQ(map.cap, 32);
    CHECK(string_map__check(&map));
    for (uint64_t i = 0; i < COUNT; i++)
        CHECK_EQ(has_number(&map, i), i >= COUNT - 4);
    for (uint64_t i = COUNT - 4; i < COUNT; i++)
        remove_number(&map, i);
    CHECK_EQ(test_live_blocks(), 0);
    string_map_deinit(&map);
}

TEST(string_map_does_not_rebuild_around_one_size) {
    string_map_t map;
    string_map_init(&map, 2);
    for (uint64_t i = 0; i < 49; i++)
        insert_number(&map, i);
    size_t cap = map.cap;
    for (uint64_t i = 49; i < 149; i++) {
        insert_number(&map, i);
        remove_number(&map, i);
        remove_number(&map, i - 1);
        insert_number(&map, i - 1);
        CHECK_EQ(map.cap, cap);
        remove_number(&map, i - 1);
        insert_number(&map, i);
    }
    string_map_deinit(&map);
}

/* Thousands of random steps on few keys, each checked against a plain array, with the
 * invariants walked after each: this is where deletion goes wrong if it does. */
static void random_walk(uint64_t seed, unsigned keys, int steps) {
    enum { MAX_KEYS = 128 };
    bool is_there[MAX_KEYS] = {false};
    size_t count = 0;
    prng_t prng;
    prng_init(&prng, seed);
    string_map_t map;
    string_map_init(&map, prng_next(&prng));
    for (int step = 0; step < steps; step++) {
        uint64_t number = prng_below(&prng, keys);
        CHECK_EQ(has_number(&map, number), is_there[number]);
        if (is_there[number]) {
            remove_number(&map, number);
            count--;
        } else {
            insert_number(&map, number);
            count++;
        }
        is_there[number] = !is_there[number];
        CHECK_EQ(string_map_count(&map), count);
        CHECK(string_map__check(&map));
    }
    for (unsigned i = 0; i < keys; i++)
        CHECK_EQ(has_number(&map, i), is_there[i]);
    string_map_deinit(&map);
}

TEST(string_map_agrees_with_a_plain_array) {
    for (uint64_t seed = 0; seed < 40; seed++)
        random_walk(seed, 4 + (unsigned)seed * 3, 500);
}

static uint64_t visit_hash(const string_map_t *map) {
    size_t cursor = 0;
    text_t key;
    uint64_t value;
    uint64_t hash = 0;
    while (string_map_next(map, &cursor, &key, &value))
        hash = (hash ^ value) * 0x100000001b3u +
               siphash(siphash_key(0), key.bytes, key.size);
    return hash;
}

TEST(string_map_visits_every_entry_once) {
    for (uint64_t seed = 0; seed < 50; seed++) {
        bool is_seen[48] = {false};
        string_map_t map;
        string_map_init(&map, seed);
        for (uint64_t i = 0; i < 48; i++) /* as full as a table of 64 gets */
            insert_number(&map, i);
        size_t cursor = 0;
        text_t key;
        uint64_t value;
        size_t count = 0;
        while (string_map_next(&map, &cursor, &key, &value)) {
            name_t name;
            CHECK(value % 3 == 0 && value / 3 < 48 && !is_seen[value / 3]);
            CHECK(text_equals(key, make_key(&name, value / 3)));
            is_seen[value / 3] = true;
            count++;
        }
        CHECK_EQ(count, 48);
        CHECK(!string_map_next(&map, &cursor, &key, &value));
        string_map_deinit(&map);
    }
}

TEST(string_map_order_is_independent_of_history) {
    for (uint64_t seed = 0; seed < 50; seed++) {
        string_map_t up;
        string_map_t down;
        string_map_init(&up, seed);
        string_map_init(&down, seed);
        for (uint64_t i = 0; i < 40; i++)
            insert_number(&up, i);
        for (uint64_t i = 400; i-- > 0;)
            insert_number(&down, i);
        for (uint64_t i = 40; i < 400; i++)
            remove_number(&down, i);
        CHECK(visit_hash(&up) == visit_hash(&down));
        string_map_deinit(&down);
        string_map_deinit(&up);
    }
}

TEST(string_map_order_depends_on_the_seed) {
    uint64_t hashes[2];
    for (uint64_t seed = 0; seed < 2; seed++) {
        string_map_t map;
        string_map_init(&map, seed);
        for (uint64_t i = 0; i < 40; i++)
            insert_number(&map, i);
        hashes[seed] = visit_hash(&map);
        string_map_deinit(&map);
    }
    CHECK(hashes[0] != hashes[1]);
}

TEST(string_map_removes_by_the_key_it_gave) {
    string_map_t map;
    string_map_init(&map, 1);
    for (uint64_t i = 0; i < 20; i++)
        insert_number(&map, i);
    for (size_t left = 20; left > 0; left--) {
        size_t cursor = 0;
        text_t key;
        uint64_t value;
        CHECK(string_map_next(&map, &cursor, &key, &value));
        CHECK_EQ(string_map_remove(&map, key, NULL), MK_OK);
        CHECK_EQ(string_map_count(&map), left - 1);
    }
    string_map_deinit(&map);
}

/* With the key of the hash known, names can be chosen that all want the same place. The
 * map must then be slow, not wrong. */
TEST(string_map_survives_names_that_collide) {
    string_map_t map;
    string_map_init(&map, 77);
    siphash_key_t hash_key = siphash_key(77);
    size_t chosen = 0;
    uint64_t numbers[30];
    for (uint64_t i = 0; chosen < 30; i++) {
        name_t key;
        text_t name = make_key(&key, i);
        if (siphash(hash_key, name.bytes, name.size) >> 57 != 127)
            continue; /* the end */
        numbers[chosen++] = i;
        insert_number(&map, i);
        CHECK(string_map__check(&map));
    }
    for (size_t i = 0; i < 30; i += 2)
        remove_number(&map, numbers[i]);
    CHECK(string_map__check(&map));
    for (size_t i = 0; i < 30; i++)
        CHECK_EQ(has_number(&map, numbers[i]), i % 2 == 1);
    string_map_deinit(&map);
}

static void fill_and_empty(void *arg) {
    (void)arg;
    string_map_t map;
    string_map_init(&map, 5);
    bool is_there[30];
    size_t count = 0;
    for (uint64_t i = 0; i < 30; i++) {
        name_t key;
        int result = string_map_insert(&map, make_key(&key, i), i * 3);
        CHECK(result == MK_OK || result == MK_ENOMEM);
        is_there[i] = result == MK_OK;
        if (is_there[i]) count++;
        CHECK_EQ(string_map_count(&map), count);
        CHECK(string_map__check(&map));
    }
    for (uint64_t i = 0; i < 30; i++) {
        CHECK_EQ(has_number(&map, i), is_there[i]);
        if (is_there[i]) remove_number(&map, i);
        CHECK(string_map__check(&map));
    }
    CHECK_EQ(string_map_count(&map), 0);
    string_map_deinit(&map);
}

TEST(string_map_survives_each_allocation_failure) {
    test_each_alloc_failure(fill_and_empty, NULL);
}

TEST_TABLE(string_map, TEST_ROW(string_map_empty_owns_nothing),
           TEST_ROW(string_map_finds_what_was_inserted),
           TEST_ROW(string_map_insert_keeps_the_first_value),
           TEST_ROW(string_map_set_adds_or_replaces),
           TEST_ROW(string_map_owns_copies_of_its_keys),
           TEST_ROW(string_map_keys_are_any_bytes),
           TEST_ROW(string_map_grows_and_gives_memory_back),
           TEST_ROW(string_map_does_not_rebuild_around_one_size),
           TEST_ROW(string_map_agrees_with_a_plain_array),
           TEST_ROW(string_map_visits_every_entry_once),
           TEST_ROW(string_map_order_is_independent_of_history),
           TEST_ROW(string_map_order_depends_on_the_seed),
           TEST_ROW(string_map_removes_by_the_key_it_gave),
           TEST_ROW(string_map_survives_names_that_collide),
           TEST_ROW(string_map_survives_each_allocation_failure))
