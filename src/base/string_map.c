/* SPDX-License-Identifier: Apache-2.0 */
/* string_map.c - open addressing, kept in the order of the hashes.
 *
 * An entry's home is given by the highest bits of its hash; it stands there or, when
 * that is taken, further on (linear probing, around the end). Within a run of taken
 * slots the entries are sorted by hash, then by key (Amble and Knuth, "Ordered hash
 * tables", 1974; with the high bits as home it is also Robin Hood hashing). That has
 * three fruits: a search stops at the first entry that sorts behind the wanted one, the
 * visiting order is independent of the table's size and history, and removing means
 * moving the followers back until one is at home: no tombstones, nothing to clean up
 * later. Chains were rejected for their second allocation per entry.
 *
 * Flooding is bounded in two ways: the hash is keyed (see siphash.h for why not
 * FNV-1a), so nobody outside can choose names that collide, and the load is at most
 * 3/4, where a search visits 2.5 slots on average when it finds and 8.5 when it does
 * not.
 *
 * Sizes: the capacity doubles when an insert would exceed 3/4 and is halved when a
 * removal leaves less than 1/8, so that a map that swings around one size does not
 * rebuild each time. Shrinking that finds no memory is left for the next removal.
 *
 * Invariants: (1) count <= cap * 3/4; (2) every slot from an entry's home to its place
 * is taken; (3) from the first slot that holds no wrapped entry on, around, the entries
 * are sorted by (hash, key). */
#include "base/string_map.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"

#include <string.h>

enum { MIN_CAP = 8 }; /* slots of the smallest table; a power of two */

struct string_map_slot {
    char *key;         /* owned, `key_size` bytes; NULL: the slot is free */
    uint32_t key_size; /* bytes */
    uint32_t hash;     /* the upper half of the key's SipHash */
    uint64_t value;    /* the caller's */
};

/* Where an entry wants to stand: the highest bits of its hash. cap is 2^1 .. 2^32. */
static size_t home_of(const string_map_t *map, uint32_t hash) {
    return (size_t)((uint64_t)hash * map->cap >> 32);
}

static size_t next_slot(const string_map_t *map, size_t at) {
    return (at + 1) & (map->cap - 1);
}

/* Slots between the home of the entry at `at` and `at`. */
static size_t distance_of(const string_map_t *map, size_t at) {
    return (at - home_of(map, map->slots[at].hash)) & (map->cap - 1);
}

static uint32_t hash_of(const string_map_t *map, text_t key) {
    return (uint32_t)(siphash(map->key, key.bytes, key.size) >> 32);
}

static text_t key_of(const string_map_slot_t *slot) {
    return text_make(slot->key, slot->key_size);
}

/* The order of two entries with the same home. */
static int compare(uint32_t hash, text_t key, const string_map_slot_t *slot) {
    if (hash != slot->hash) return hash < slot->hash ? -1 : 1;
    return text_compare(key, key_of(slot));
}

/* Where `key` stands, or with false the slot where it belongs. The map has a free slot
 * (invariant 1), so the walk ends. */
static bool find_slot(const string_map_t *map, uint32_t hash, text_t key, size_t *at) {
    size_t distance = 0;
    for (*at = home_of(map, hash);; *at = next_slot(map, *at), distance++) {
        const string_map_slot_t *slot = &map->slots[*at];
        if (slot->key == NULL) return false;
        size_t its_distance = distance_of(map, *at);
        if (its_distance < distance) return false; /* its home is behind ours */
        if (its_distance > distance) continue;     /* its home is before ours */
        int order = compare(hash, key, slot);
        if (order <= 0) return order == 0;
    }
}

/* Put an entry where it belongs and move those behind it on. */
static void place(string_map_t *map, size_t at, string_map_slot_t entry) {
    while (entry.key != NULL) {
        string_map_slot_t moved = map->slots[at];
        map->slots[at] = entry;
        entry = moved;
        at = next_slot(map, at);
    }
}

static int resize(string_map_t *map, size_t cap) {
    if (cap > SIZE_MAX / sizeof *map->slots) return MK_ENOMEM;
    if (cap - 1 > UINT32_MAX) return MK_ENOMEM; /* home_of() has 32 bits to give */
    string_map_t larger = *map;
    larger.slots = mk_calloc(cap, sizeof *map->slots);
    if (larger.slots == NULL) return MK_ENOMEM;
    larger.cap = cap;
    for (size_t i = 0; i < map->cap; i++) {
        size_t at;
        const string_map_slot_t *entry = &map->slots[i];
        if (entry->key == NULL) continue;
        find_slot(&larger, entry->hash, key_of(entry), &at);
        place(&larger, at, *entry);
    }
    mk_free(map->slots);
    *map = larger;
    return MK_OK;
}

void string_map_init(string_map_t *map, uint64_t seed) {
    *map = (string_map_t){NULL, 0, 0, siphash_key(seed)};
}

void string_map_deinit(string_map_t *map) {
    for (size_t i = 0; i < map->cap; i++)
        mk_free(map->slots[i].key);
    mk_free(map->slots);
    map->slots = NULL;
    map->cap = 0;
    map->count = 0;
}

/* The entry of `key`, NULL when there is none. */
static string_map_slot_t *find_entry(const string_map_t *map, text_t key) {
    size_t at;
    if (map->count == 0) return NULL;
    if (!find_slot(map, hash_of(map, key), key, &at)) return NULL;
    return &map->slots[at];
}

bool string_map_find(const string_map_t *map, text_t key, uint64_t *value) {
    const string_map_slot_t *slot = find_entry(map, key);
    if (slot == NULL) return false;
    if (value != NULL) *value = slot->value;
    return true;
}

int string_map_insert(string_map_t *map, text_t key, uint64_t value) {
    if (key.size > UINT32_MAX) return MK_ETOOBIG;
    if (find_entry(map, key) != NULL) return MK_EEXIST;
    char *copy = mk_alloc(key.size);
    if (copy == NULL) return MK_ENOMEM;
    if (key.size > 0) memcpy(copy, key.bytes, key.size);
    if (map->count + 1 > map->cap / 4 * 3) {
        int result = resize(map, map->cap > 0 ? map->cap * 2 : MIN_CAP);
        if (result < 0) {
            mk_free(copy);
            return result;
        }
    }
    size_t at;
    uint32_t hash = hash_of(map, key);
    find_slot(map, hash, key, &at);
    place(map, at, (string_map_slot_t){copy, (uint32_t)key.size, hash, value});
    map->count++;
    return MK_OK;
}

int string_map_set(string_map_t *map, text_t key, uint64_t value) {
    string_map_slot_t *slot = find_entry(map, key);
    if (slot != NULL) {
        slot->value = value;
        return 0;
    }
    int result = string_map_insert(map, key, value);
    return result < 0 ? result : 1;
}

static void shrink(string_map_t *map) {
    if (map->count == 0) {
        mk_free(map->slots);
        map->slots = NULL;
        map->cap = 0;
    } else if (map->cap > MIN_CAP && map->count < map->cap / 8) {
        (void)resize(map, map->cap / 2); /* without memory it stays large */
    }
}

int string_map_remove(string_map_t *map, text_t key, uint64_t *value) {
    string_map_slot_t *slot = find_entry(map, key);
    if (slot == NULL) return MK_ENOENT;
    if (value != NULL) *value = slot->value;
    mk_free(slot->key); /* `key` may have been this very copy: not used below */
    size_t hole = (size_t)(slot - map->slots);
    for (size_t at = next_slot(map, hole);; at = next_slot(map, at)) {
        if (map->slots[at].key == NULL || distance_of(map, at) == 0) break;
        map->slots[hole] = map->slots[at];
        hole = at;
    }
    map->slots[hole] = (string_map_slot_t){NULL, 0, 0, 0};
    map->count--;
    shrink(map);
    return MK_OK;
}

/* Entries that went around the end of the table stand at its front, but sort last. */
static size_t first_slot(const string_map_t *map) {
    size_t at = 0;
    while (map->slots[at].key != NULL && distance_of(map, at) > at)
        at++;
    return at;
}

bool string_map_next(const string_map_t *map, size_t *cursor, text_t *key,
                     uint64_t *value) {
    if (map->count == 0) return false;
    size_t first = first_slot(map);
    while (*cursor < map->cap) {
        const string_map_slot_t *slot =
            &map->slots[(first + (*cursor)++) & (map->cap - 1)];
        if (slot->key == NULL) continue;
        *key = key_of(slot);
        *value = slot->value;
        return true;
    }
    return false;
}

bool string_map__check(const string_map_t *map) {
    if (map->cap == 0) return map->slots == NULL && map->count == 0;
    if ((map->cap & (map->cap - 1)) != 0 || map->count > map->cap / 4 * 3) return false;
    size_t count = 0;
    const string_map_slot_t *before = NULL;
    size_t first = first_slot(map);
    for (size_t i = 0; i < map->cap; i++) {
        size_t at = (first + i) & (map->cap - 1);
        const string_map_slot_t *slot = &map->slots[at];
        if (slot->key == NULL) continue;
        count++;
        if (slot->hash != hash_of(map, key_of(slot))) return false;
        if (before != NULL && compare(before->hash, key_of(before), slot) >= 0)
            return false;
        for (size_t back = 1; back <= distance_of(map, at); back++)
            if (map->slots[(at - back) & (map->cap - 1)].key == NULL) return false;
        before = slot;
    }
    return count == map->count;
}
