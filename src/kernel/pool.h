/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - items of one size, taken and given in a few instructions.
 *
 * Items come from slabs, slabs from the platform. A given item is the next one taken,
 * so it is warm. Memory of slabs whose items are all back is returned by pool_trim. Not
 * thread safe. */
#ifndef MK_KERNEL_POOL_H
#define MK_KERNEL_POOL_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a free item holds. */
typedef struct pool_item {
    struct pool_item *next;
} pool_item_t;

typedef struct pool_slab pool_slab_t;

typedef struct {
    pool_item_t *free;    /* given items, last given first */
    unsigned char *fresh; /* first never-taken byte of the newest slab */
    unsigned char *fresh_end;
    size_t used;        /* items out */
    size_t trim_at;     /* `used` at or below which pool_trim is worth its walk */
    size_t total;       /* items of all slabs, taken or not */
    size_t bytes;       /* of all slabs */
    pool_slab_t *slabs; /* newest first */
    uint32_t item_size; /* bytes, a multiple of 8 */
} pool_t;

/* Prepare for items of `item_size` bytes (rounded up to a multiple of 8); takes no
 * memory yet. */
void pool_init(pool_t *pool, size_t item_size);

/* Give all slabs back. Items still out become invalid. */
void pool_deinit(pool_t *pool);

/* The slow half of pool_take. */
void *pool__take_fresh(pool_t *pool);

/* An item with undefined content; NULL when memory is short. */
static inline void *pool_take(pool_t *pool) {
#if !defined(MK_POOL_PASSTHROUGH)
    pool_item_t *item = pool->free;
    if (MK_LIKELY(item != NULL)) {
        pool->free = item->next;
        pool->used++;
        return item;
    }
#endif
    return pool__take_fresh(pool);
}

/* True when the next pool_take asks nobody for memory. */
static inline bool pool_is_ready(const pool_t *pool) {
    return pool->free != NULL || pool->fresh != pool->fresh_end;
}

/* The sanitizers' half of pool_give. */
void pool__give_back(pool_t *pool, void *item);

/* Give an item of this pool back. */
static inline void pool_give(pool_t *pool, void *item) {
#if !defined(MK_POOL_PASSTHROUGH)
    pool_item_t *given = item;
    given->next = pool->free;
    pool->free = given;
    pool->used--;
#else
    pool__give_back(pool, item);
#endif
}

/* True when at least three quarters of more than one slab lie idle, so that pool_trim
 * is worth its walk; after a pool_trim, when seven eighths of the rest have been given
 * too (after one that found little, when half of the slabs must be empty), or the pool
 * was full again meanwhile. */
bool pool_wants_trim(const pool_t *pool);

/* Return slabs without a single item in use to the platform. `items` are addresses in
 * the items in use, with NULLs between them; `are_all` says that each item in use is
 * met, however often, otherwise they are counted. When they are not all, or `items` is
 * NULL, the free items are walked over, which costs a cache miss each, as it does to
 * take those of the returned slabs off the list. O(n log s) for n items and s slabs;
 * nothing when none is in use. When the little memory this needs is short nothing is
 * returned. */
void pool_trim(pool_t *pool, void *const *items, size_t item_count, bool are_all);

#endif
