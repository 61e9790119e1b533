/* SPDX-License-Identifier: Apache-2.0 */
/* id_map.h - 64-bit ids to pointers, in O(1).
 *
 * Finds a child by the id of its actor or of its timer among any number of them. */
#ifndef MK_SUPERVISION_ID_MAP_H
#define MK_SUPERVISION_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct id_map_slot id_map_slot_t;

typedef struct {
    id_map_slot_t *slots; /* open addressing; NULL while cap is 0 */
    size_t cap;           /* a power of two, or 0 */
    size_t len;           /* entries */
} id_map_t;

/* Prepare in the caller's memory; takes no heap. */
void id_map_init(id_map_t *map);

/* Give the memory back; the values are not touched. */
void id_map_deinit(id_map_t *map);

/* Make room for `count` entries, so that adding up to that many cannot fail. False:
 * memory is short, nothing is changed. */
bool id_map_reserve(id_map_t *map, size_t count);

/* Add an entry. `id` is not 0 and not in the map, `value` is not NULL. False: memory is
 * short, nothing is changed. */
bool id_map_add(id_map_t *map, uint64_t id, void *value);

/* The value of `id`, or NULL (also for 0). */
void *id_map_find(const id_map_t *map, uint64_t id);

/* Take an entry out. Returns its value, or NULL when there was none. Keeps the room. */
void *id_map_remove(id_map_t *map, uint64_t id);

/* Return room that is not needed for `count` entries, if it is worth it; never fails.
 */
void id_map_shrink(id_map_t *map, size_t count);

#endif
