/* SPDX-License-Identifier: Apache-2.0 */
/* Growing keeps every object findable: two numbers that differ in their low n bits
 * differ in their low n + 1 bits. Shrinking may not be possible, so it is tried, on
 * trim only. */
#include "kernel/id_table.h"

#include "base/alloc.h"
#include "base/check.h"

#include <string.h>

enum { FIRST_SLOTS = 16 };

static uint32_t number_of(const void *object) {
    uint32_t id;
    memcpy(&id, object, sizeof id);
    return id;
}

/* Move everything into an array of `slots` places. False: no memory, or two numbers
 * would meet (only when shrinking). */
static bool resize(id_table_t *table, size_t slots) {
    void **moved = mk_calloc(slots, sizeof *moved);
    if (moved == NULL) return false;
    uint32_t mask = (uint32_t)(slots - 1);
    for (size_t i = 0; i < id_table_slots(table); i++) {
        void *object = table->slots[i];
        if (object == NULL) continue;
        void **place = &moved[number_of(object) & mask];
        if (*place != NULL) {
            mk_free(moved);
            return false;
        }
        *place = object;
    }
    mk_free(table->slots);
    table->slots = moved;
    table->mask = mask;
    return true;
}

uint32_t id_table_add(id_table_t *table, void *object) {
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

void id_table_remove(id_table_t *table, uint32_t id) {
    MK_ASSERT(id_table_find(table, id) != NULL);
    table->slots[id & table->mask] = NULL;
    table->count--;
}

size_t id_table_slots(const id_table_t *table) {
    return table->slots == NULL ? 0 : (size_t)table->mask + 1;
}

void id_table_trim(id_table_t *table) {
    size_t slots = id_table_slots(table);
    if (table->count == 0) {
        mk_free(table->slots);
        table->slots = NULL;
        return;
    }
    while (slots > FIRST_SLOTS && table->count < slots / 8 && resize(table, slots / 2))
        slots /= 2;
}

void id_table_deinit(id_table_t *table) {
    mk_free(table->slots);
    *table = (id_table_t){0};
}
