/* SPDX-License-Identifier: Apache-2.0 */
/* Growing keeps every object findable: two numbers that differ in their low n bits
 * differ in their low n + 1 bits. Shrinking may not be possible, so it is tried, on
 * trim only. */
#include "kernel/id_table.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/limits.h"
#include "port/memory.h"

#include <string.h>

enum { FIRST_SLOTS = 16 };

/* The place of an empty table, of which nobody takes possession. */
static void *nothing[1];

void id_table_init(id_table_t *table) {
    *table = (id_table_t){.slots = nothing};
}

static uint32_t number_of(const void *object) {
    uint32_t id;
    memcpy(&id, object, sizeof id);
    return id;
}

/* A large array is mapped, so that it lies in large pages: looking up is one access
 * anywhere in it. */
static bool is_mapped(size_t slots) {
    return slots >= MK_SLAB_BYTES_MAX / sizeof(void *);
}

static void **new_slots(size_t slots) {
    if (!is_mapped(slots)) return mk_calloc(slots, sizeof(void *));
    void **array = port_memory_map(slots * sizeof *array);
    if (array != NULL) memset(array, 0, slots * sizeof *array);
    return array;
}

static void free_slots(const id_table_t *table) {
    size_t slots = id_table_slots(table);
    if (slots == 0) return;
    if (is_mapped(slots))
        port_memory_unmap(table->slots, slots * sizeof(void *));
    else
        mk_free(table->slots);
}

/* Move everything into an array of `slots` places. False: no memory, or two numbers
 * would meet (only when shrinking). */
static bool resize(id_table_t *table, size_t slots) {
    void **moved = new_slots(slots);
    if (moved == NULL) return false;
    uint32_t mask = (uint32_t)(slots - 1);
    for (size_t i = 0; i < id_table_slots(table); i++) {
        void *object = table->slots[i];
        if (object == NULL) continue;
        void **place = &moved[number_of(object) & mask];
        if (*place != NULL) {
            free_slots(&(id_table_t){.slots = moved, .mask = mask});
            return false;
        }
        *place = object;
    }
    free_slots(table);
    table->slots = moved;
    table->mask = mask;
    table->trim_at = slots / 8;
    return true;
}

uint32_t id_table__add_slowly(id_table_t *table, void *object) {
    size_t slots = id_table_slots(table);
    if (slots == 0 || table->count >= slots / 2) {
        size_t wanted = slots == 0 ? FIRST_SLOTS : slots * 2;
        /* While a slot is free a full-ish table still works without more memory. */
        if (!resize(table, wanted) && table->count >= slots) return 0;
    }
    uint32_t id = table->next;
    while (id == 0 || table->slots[id & table->mask] != NULL)
        id++;
    table->slots[id & table->mask] = object;
    table->next = id + 1;
    table->count++;
    memcpy(object, &id, sizeof id);
    return id;
}

size_t id_table_slots(const id_table_t *table) {
    return table->slots == nothing ? 0 : (size_t)table->mask + 1;
}

void id_table_trim(id_table_t *table) {
    if (table->count == 0) {
        free_slots(table);
        table->slots = nothing;
        table->mask = 0;
        return;
    }
    while (table->count <= table->trim_at && id_table_slots(table) > FIRST_SLOTS)
        if (!resize(table, id_table_slots(table) / 2))
            table->trim_at = table->count / 2;
}

void id_table_deinit(id_table_t *table) {
    free_slots(table);
    id_table_init(table);
}
