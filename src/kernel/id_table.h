/* SPDX-License-Identifier: Apache-2.0 */
/* id_table.h - 32-bit numbers that are not used again for long, and what they stand
 * for.
 *
 * Numbers count up from 1, or from where they are told to. The table is an array of a
 * power of two, indexed by the low bits; a number whose place is taken is skipped, and
 * the table doubles when it is more than half full, so looking up is one index and one
 * compare. A number comes back only after 2^32 others. The objects begin with their
 * number. */
#ifndef MK_KERNEL_ID_TABLE_H
#define MK_KERNEL_ID_TABLE_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    void **slots;   /* each NULL or an object whose first member is its uint32_t number;
                       at least one, so that looking up needs not ask */
    uint32_t mask;  /* slots - 1 */
    uint32_t next;  /* number to try first */
    size_t count;   /* numbers in use */
    size_t trim_at; /* `count` at or below which making it smaller is worth a try */
} id_table_t;

/* An empty table; takes no memory yet. */
void id_table_init(id_table_t *table);

/* The object in the place of a number, whose number may be another; or NULL. */
static inline void *id_table_at(const id_table_t *table, uint32_t id) {
    return table->slots[id & table->mask];
}

/* The object of a number, or NULL. */
static inline void *id_table_find(const id_table_t *table, uint32_t id) {
    void *object = id_table_at(table, id);
    return object != NULL && *(const uint32_t *)object == id ? object : NULL;
}

/* The slow half of id_table_add. */
uint32_t id_table__add_slowly(id_table_t *table, void *object);

/* Give `object` a number, stored in its first member and returned; 0 when memory is
 * short. */
static inline uint32_t id_table_add(id_table_t *table, void *object) {
    uint32_t id = table->next;
    void **place = &table->slots[id & table->mask];
    if (MK_UNLIKELY(*place != NULL || id == 0 ||
                    table->count >= ((size_t)table->mask + 1) / 2))
        return id_table__add_slowly(table, object);
    *place = object;
    *(uint32_t *)object = id;
    table->next = id + 1;
    table->count++;
    return id;
}

/* The next number to be given is `number` (not 0), or the first free one behind it. */
static inline void id_table_count_from(id_table_t *table, uint32_t number) {
    table->next = number;
}

/* An object that is in the table lies at another address now. */
static inline void id_table_move(id_table_t *table, void *object) {
    table->slots[*(const uint32_t *)object & table->mask] = object;
}

/* Free the number of an object that is in the table. */
static inline void id_table_remove(id_table_t *table, uint32_t id) {
    MK_ASSERT(id_table_find(table, id) != NULL);
    table->slots[id & table->mask] = NULL;
    table->count--;
}

/* Slots to walk over (0 when empty); each is NULL or an object. Order: by slot. */
size_t id_table_slots(const id_table_t *table);

/* Give memory back if the table is nearly empty and the numbers in use allow it; cheap
 * when they do not. */
void id_table_trim(id_table_t *table);

/* Free the array; the objects stay. The table is empty again. */
void id_table_deinit(id_table_t *table);

#endif
