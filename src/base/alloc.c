/* SPDX-License-Identifier: Apache-2.0 */
/* The counters are process wide because the heap is. They are relaxed atomics: each is
 * a tally of its own and orders nothing else. A cap on bytes was left out: sizes would
 * have to be stored beside every block, and a chip's heap is capped by its linker
 * script already. */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

static _Atomic size_t live_count;     /* blocks out */
static _Atomic size_t countdown;      /* allocations until the fault; 0 = no fault */
static _Atomic bool fault_is_lasting; /* go on failing after the first */
static _Atomic bool fault_was_hit;

static bool must_fail(void) {
    size_t left = atomic_load_explicit(&countdown, memory_order_relaxed);
    if (left == 0) return false;
    if (left > 1) {
        atomic_store_explicit(&countdown, left - 1, memory_order_relaxed);
        return false;
    }
    atomic_store_explicit(&fault_was_hit, true, memory_order_relaxed);
    if (!atomic_load_explicit(&fault_is_lasting, memory_order_relaxed))
        atomic_store_explicit(&countdown, 0, memory_order_relaxed);
    return true;
}

static void *count_in(void *block) {
    if (block != NULL) atomic_fetch_add_explicit(&live_count, 1, memory_order_relaxed);
    return block;
}

void *mk_alloc(size_t size) {
    if (must_fail()) return NULL;
    return count_in(malloc(size != 0 ? size : 1));
}

void *mk_calloc(size_t count, size_t size) {
    if (must_fail()) return NULL;
    if (count == 0 || size == 0) count = size = 1;
    return count_in(calloc(count, size));
}

void *mk_realloc(void *block, size_t size) {
    if (must_fail()) return NULL;
    void *moved = realloc(block, size != 0 ? size : 1);
    if (block == NULL) count_in(moved);
    return moved;
}

void mk_free(void *block) {
    if (block == NULL) return;
    atomic_fetch_sub_explicit(&live_count, 1, memory_order_relaxed);
    free(block);
}

bool mk_alloc_enter(void) {
    if (must_fail()) return false;
    atomic_fetch_add_explicit(&live_count, 1, memory_order_relaxed);
    return true;
}

void mk_alloc_leave(void) {
    atomic_fetch_sub_explicit(&live_count, 1, memory_order_relaxed);
}

size_t mk_alloc_live(void) {
    return atomic_load_explicit(&live_count, memory_order_relaxed);
}

void mk_alloc_fail_at(size_t nth, bool for_ever) {
    atomic_store_explicit(&fault_is_lasting, for_ever, memory_order_relaxed);
    atomic_store_explicit(&fault_was_hit, false, memory_order_relaxed);
    atomic_store_explicit(&countdown, nth, memory_order_relaxed);
}

bool mk_alloc_fail_hit(void) {
    return atomic_load_explicit(&fault_was_hit, memory_order_relaxed);
}
