/* SPDX-License-Identifier: Apache-2.0 */
/* id_map.c - linear probing with removal by shifting back.
 *
 * Ids count up, so they are spread by a multiplication (2^64 divided by the golden
 * ratio) whose upper bits choose the slot. Removal moves the entries behind the gap
 * instead of leaving a mark: a supervisor that restarts its children for years keeps
 * short probes. Invariant: a slot with id 0 is free, and every entry is reached from
 * its home slot without crossing a free one; at most three quarters of the slots are
 * used. */
#include "supervision/id_map.h"

#include "base/alloc.h"
#include "base/check.h"

struct id_map_slot {
    uint64_t id; /* 0: free */
    void *value; /* of the entry */
};

enum { FIRST_CAP = 8 }; /* slots; most supervisors have few children */

void id_map_init(id_map_t *map) {
    *map = (id_map_t){NULL, 0, 0};
}

void id_map_deinit(id_map_t *map) {
    mk_free(map->slots);
    id_map_init(map);
}

static size_t home_of(uint64_t id, size_t cap) {
    uint64_t spread = id * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(spread >> 32) & (cap - 1);
}

/* The slot of `id`, or the free one where it belongs. There is a free one. */
static size_t slot_of(const id_map_t *map, uint64_t id) {
    size_t at = home_of(id, map->cap);
    while (map->slots[at].id != 0 && map->slots[at].id != id)
        at = (at + 1) & (map->cap - 1);
    return at;
}

/* Slots that hold `count` entries; 0: not to be had. */
static size_t cap_for(size_t count) {
    size_t cap = FIRST_CAP;
    while (cap - cap / 4 < count) {
        if (cap > SIZE_MAX / 2 / sizeof(id_map_slot_t)) return 0;
        cap *= 2;
    }
    return cap;
}

static bool move_to(id_map_t *map, size_t cap) {
    id_map_t bigger = {mk_calloc(cap, sizeof(id_map_slot_t)), cap, map->len};
    if (bigger.slots == NULL) return false;
    for (size_t i = 0; i < map->cap; i++)
        if (map->slots[i].id != 0)
            bigger.slots[slot_of(&bigger, map->slots[i].id)] = map->slots[i];
    mk_free(map->slots);
    *map = bigger;
    return true;
}

bool id_map_reserve(id_map_t *map, size_t count) {
    if (map->cap > 0 && count <= map->cap - map->cap / 4) return true;
    size_t cap = cap_for(count);
    return cap > 0 && move_to(map, cap);
}

bool id_map_add(id_map_t *map, uint64_t id, void *value) {
    MK_ASSERT(id != 0 && value != NULL);
    if (!id_map_reserve(map, map->len + 1)) return false;
    size_t at = slot_of(map, id);
    MK_ASSERT(map->slots[at].id == 0);
    map->slots[at] = (id_map_slot_t){id, value};
    map->len++;
    return true;
}

void *id_map_find(const id_map_t *map, uint64_t id) {
    if (map->cap == 0 || id == 0) return NULL;
    return map->slots[slot_of(map, id)].value;
}

/* Close the gap at `gap`: move up each following entry that may stand there. */
static void shift_back(id_map_t *map, size_t gap) {
    size_t mask = map->cap - 1;
    for (size_t at = (gap + 1) & mask; map->slots[at].id != 0; at = (at + 1) & mask) {
        size_t home = home_of(map->slots[at].id, map->cap);
        if (((at - home) & mask) < ((at - gap) & mask)) continue;
        map->slots[gap] = map->slots[at];
        gap = at;
    }
    map->slots[gap] = (id_map_slot_t){0, NULL};
}

void *id_map_remove(id_map_t *map, uint64_t id) {
    void *value = id_map_find(map, id);
    if (value == NULL) return NULL;
    shift_back(map, slot_of(map, id));
    map->len--;
    return value;
}

void id_map_shrink(id_map_t *map, size_t count) {
    if (count < map->len) count = map->len;
    if (map->cap <= FIRST_CAP || map->cap / 8 < count) return;
    size_t cap = cap_for(count * 2);
    if (cap < map->cap) (void)move_to(map, cap);
}
