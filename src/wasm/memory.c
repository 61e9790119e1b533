/* SPDX-License-Identifier: Apache-2.0 */
/* Linear memories and tables. A memory's pages are only a promise: bytes are committed
 * in growing steps as they are first touched, so that a page of which a module uses two
 * hundred bytes costs a few hundred. */
#include "wasm/instance_impl.h"

#include "base/alloc.h"

#include <string.h>

enum {
    FIRST_STEP = 256,         /* bytes committed at least */
    FRESH_FROM = 1024 * 1024, /* larger memories are allocated anew, see below */
};

/* How much to commit so that `wanted` bytes are: half as much again, rounded, but never
 * more than the guest has. */
static uint64_t step_for(const wasm_memory_t *memory, uint64_t wanted) {
    uint64_t size = (uint64_t)memory->committed + memory->committed / 2;
    if (size < wanted) size = wanted;
    size = (size + FIRST_STEP - 1) / FIRST_STEP * FIRST_STEP;
    uint64_t all = (uint64_t)memory->pages * PAGE_BYTES;
    return size < all ? size : all;
}

static bool commit(wasm_memory_t *memory, uint64_t size) {
    if (size > SIZE_MAX) return false;
    uint8_t *bytes;
    if (size < FRESH_FROM) {
        bytes = mk_realloc(memory->bytes, (size_t)size);
        if (bytes == NULL) return false;
        memset(bytes + memory->committed, 0, (size_t)size - memory->committed);
    } else {
        /* The platform gives large zeroed blocks without touching them. */
        bytes = mk_calloc(1, (size_t)size);
        if (bytes == NULL) return false;
        if (memory->committed > 0) memcpy(bytes, memory->bytes, memory->committed);
        mk_free(memory->bytes);
    }
    memory->bytes = bytes;
    memory->committed = (size_t)size;
    return true;
}

wasm_trap_t wasm__memory_touch(wasm_memory_t *memory, uint32_t address, uint64_t size) {
    uint64_t end = address + size;
    if (!wasm__memory_has(memory, address, size)) return WASM_TRAP_MEMORY_BOUNDS;
    if (size == 0 || end <= memory->committed) return WASM_TRAP_NONE;
    if (commit(memory, step_for(memory, end)) || commit(memory, end))
        return WASM_TRAP_NONE;
    return WASM_TRAP_OUT_OF_MEMORY;
}

uint32_t wasm__memory_grow(wasm_memory_t *memory, uint32_t pages) {
    uint32_t before = memory->pages;
    if (pages > memory->max_pages - before) return UINT32_MAX;
    memory->pages += pages;
    return before;
}

uint32_t wasm__table_grow(wasm_table_t *table, uint32_t count, uint32_t value) {
    uint32_t before = table->size;
    if (count > table->max_entries - before) return UINT32_MAX;
    uint32_t wanted = before + count;
    if (wanted > table->cap) {
        uint32_t *entries = mk_realloc(table->entries, wanted * sizeof *entries);
        if (entries == NULL) return UINT32_MAX;
        table->entries = entries;
        table->cap = wanted;
    }
    for (uint32_t i = before; i < wanted; i++)
        table->entries[i] = value;
    table->size = wanted;
    return before;
}
