/* SPDX-License-Identifier: Apache-2.0 */
/* string_map.h - a table from names to 64-bit values.
 *
 * Keys are any bytes, the empty key included, and are copied; the map owns the copies.
 * Find, insert and remove take constant time on average, whoever chooses the keys, as
 * long as the seed is not known outside. Memory grows with the entries and shrinks with
 * them; an empty map owns none. */
#ifndef MK_BASE_STRING_MAP_H
#define MK_BASE_STRING_MAP_H

#include "base/siphash.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct string_map_slot string_map_slot_t;

typedef struct {
    string_map_slot_t *slots; /* `cap` of them; NULL when cap is 0 */
    size_t cap;               /* 0 or a power of two */
    size_t count;             /* entries, at most 3/4 of cap */
    siphash_key_t key;        /* of the hash */
} string_map_t;

/* An empty map; allocates nothing. The seed comes from the platform's random numbers,
 * in a simulation from its own seed. */
void string_map_init(string_map_t *map, uint64_t seed);

/* Give back everything; the map is then as after init. */
void string_map_deinit(string_map_t *map);

static inline size_t string_map_count(const string_map_t *map) {
    return map->count;
}

/* Whether `key` is there; `*value` (unless NULL) is written when it is. */
bool string_map_find(const string_map_t *map, text_t key, uint64_t *value);

/* Add an entry. MK_OK; MK_EEXIST: the key is there already, its value stays; MK_ENOMEM;
 * MK_ETOOBIG: a key of 4 GiB or more. After an error the map is as it was. */
int string_map_insert(string_map_t *map, text_t key, uint64_t value);

/* Add an entry or give an existing one a new value. 1 added, 0 replaced; errors as
 * above. Replacing needs no memory. */
int string_map_set(string_map_t *map, text_t key, uint64_t value);

/* Take an entry out; `*value` (unless NULL) is what it had. MK_OK or MK_ENOENT. Cannot
 * run out of memory. `key` may be the slice that string_map_next() gave. */
int string_map_remove(string_map_t *map, text_t key, uint64_t *value);

/* Visit all entries: begin with `*cursor` = 0 and call until false. The order is that
 * of the keys' hashes: it depends on the seed and on the keys that are there, not on
 * how or when they came. `*key` borrows from the map. An insert or remove ends the
 * visit: begin again at 0. (string_map_set() on an existing key does not.) */
bool string_map_next(const string_map_t *map, size_t *cursor, text_t *key,
                     uint64_t *value);

/* True when the map's invariants hold; walks all of it. For tests and debug builds. */
bool string_map__check(const string_map_t *map);

#endif
