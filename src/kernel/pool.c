/* SPDX-License-Identifier: Apache-2.0 */
/* Free items form a list through their first word; slabs are cut into items only as far
 * as items were ever needed, so an untouched page stays untouched.
 *
 * To return memory pool_trim finds the slab of each item by binary search over the
 * slabs' addresses, and drops the slabs that are free altogether. A header per slab
 * found by masking the address was rejected: it forces slabs to be aligned to their
 * size, which wastes up to half of a small heap. The items in use, where somebody has a
 * table of them, are looked for by address alone; the free ones have to be touched, and
 * a walk over a million of them in the order in which they came back is a million cache
 * misses.
 *
 * With MK_POOL_PASSTHROUGH every item is a heap block of its own, so that the
 * sanitizers see each use after the end.
 *
 * Invariants: (1) used + length(free) + never-taken items = total. (2) fresh lies in
 * the newest slab. */
#include "kernel/pool.h"

#include "base/alloc.h"
#include "microkernel/limits.h"
#include "port/memory.h"

#include <stdlib.h>

struct pool_slab {
    pool_slab_t *next;   /* older slab */
    size_t size;         /* bytes, this header included */
    size_t items;        /* how many fit */
    size_t free_in_trim; /* scratch of pool_trim: free items that were met */
    bool is_idle;        /* scratch of pool_trim: all of its items are free */
};

enum { SLAB_HEADER = 64 }; /* bytes: items have cache lines of their own */
_Static_assert(sizeof(pool_slab_t) <= SLAB_HEADER, "items start behind the header");

void pool_init(pool_t *pool, size_t item_size) {
    MK_ASSERT(item_size >= sizeof(pool_item_t) && item_size <= UINT32_MAX - 7);
    *pool = (pool_t){.item_size = (uint32_t)((item_size + 7) & ~(size_t)7)};
}

static unsigned char *items_of(pool_slab_t *slab) {
    return (unsigned char *)slab + SLAB_HEADER;
}

static void free_slab(pool_slab_t *slab) {
    port_memory_unmap(slab, slab->size);
    mk_alloc_leave();
}

void pool_deinit(pool_t *pool) {
    while (pool->slabs != NULL) {
        pool_slab_t *slab = pool->slabs;
        pool->slabs = slab->next;
        free_slab(slab);
    }
    *pool = (pool_t){.item_size = pool->item_size};
}

#if !defined(MK_POOL_PASSTHROUGH)

/* A pool doubles, within MK_SLAB_BYTES and MK_SLAB_BYTES_MAX. */
static size_t next_slab_size(const pool_t *pool) {
    size_t size = MK_SLAB_BYTES;
    while (size < MK_SLAB_BYTES_MAX && size < pool->bytes)
        size *= 2;
    return size;
}

static bool add_slab(pool_t *pool) {
    size_t size = next_slab_size(pool);
    if (!mk_alloc_enter()) return false;
    pool_slab_t *slab = port_memory_map(size);
    if (slab == NULL) {
        mk_alloc_leave();
        return false;
    }
    slab->next = pool->slabs;
    slab->size = size;
    slab->items = (size - SLAB_HEADER) / pool->item_size;
    MK_ASSERT(slab->items > 0);
    pool->slabs = slab;
    pool->fresh = items_of(slab);
    pool->fresh_end = pool->fresh + slab->items * pool->item_size;
    pool->total += slab->items;
    pool->bytes += size;
    return true;
}

MK_NOINLINE void *pool__take_fresh(pool_t *pool) {
    if (pool->fresh == pool->fresh_end && !add_slab(pool)) return NULL;
    pool->trim_at = pool->total / 4;
    void *item = pool->fresh;
    pool->fresh += pool->item_size;
    pool->used++;
    return item;
}

void pool__give_back(pool_t *pool, void *item) {
    pool_give(pool, item);
}

#else

void *pool__take_fresh(pool_t *pool) {
    void *item = mk_alloc(pool->item_size);
    if (item != NULL) pool->used++;
    return item;
}

void pool__give_back(pool_t *pool, void *item) {
    pool->used--;
    mk_free(item);
}

#endif

bool pool_wants_trim(const pool_t *pool) {
    return pool->bytes > MK_SLAB_BYTES && pool->used <= pool->trim_at;
}

static int by_address(const void *left, const void *right) {
    uintptr_t a = (uintptr_t) * (pool_slab_t *const *)left;
    uintptr_t b = (uintptr_t) * (pool_slab_t *const *)right;
    return (a > b) - (a < b);
}

/* The slab that holds `address`: the last one that begins at or below it. */
static pool_slab_t *slab_of(pool_slab_t *const *sorted, size_t count,
                            const void *address) {
    size_t low = 0;
    size_t high = count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)sorted[middle] <= (uintptr_t)address)
            low = middle;
        else
            high = middle;
    }
    return sorted[low];
}

/* What pool_trim knows while it runs. */
typedef struct {
    pool_slab_t **sorted; /* all slabs, by address */
    size_t count;
} survey_t;

static bool begin_survey(const pool_t *pool, survey_t *survey) {
    size_t count = 0;
    for (pool_slab_t *slab = pool->slabs; slab != NULL; slab = slab->next)
        count++;
    survey->count = 0;
    survey->sorted = mk_alloc(count * sizeof(pool_slab_t *));
    if (survey->sorted == NULL) return false;
    for (pool_slab_t *slab = pool->slabs; slab != NULL; slab = slab->next)
        survey->sorted[survey->count++] = slab;
    qsort(survey->sorted, count, sizeof(pool_slab_t *), by_address);
    return true;
}

/* Find the idle slabs from the items in use. False: `items` are not all of them. */
static bool look_at_used(const pool_t *pool, const survey_t *survey, void *const *items,
                         size_t item_count, bool are_all) {
    size_t found = 0;
    for (size_t i = 0; i < survey->count; i++)
        survey->sorted[i]->is_idle = true;
    for (size_t i = 0; i < item_count; i++) {
        if (items[i] == NULL) continue;
        slab_of(survey->sorted, survey->count, items[i])->is_idle = false;
        found++;
    }
    return are_all || found == pool->used;
}

/* The same from the free items. */
static void look_at_free(const pool_t *pool, const survey_t *survey) {
    for (size_t i = 0; i < survey->count; i++)
        survey->sorted[i]->free_in_trim = 0;
    if (pool->fresh != pool->fresh_end)
        slab_of(survey->sorted, survey->count, pool->fresh)->free_in_trim +=
            (size_t)(pool->fresh_end - pool->fresh) / pool->item_size;
    for (pool_item_t *item = pool->free; item != NULL; item = item->next)
        slab_of(survey->sorted, survey->count, item)->free_in_trim++;
    for (size_t i = 0; i < survey->count; i++)
        survey->sorted[i]->is_idle =
            survey->sorted[i]->free_in_trim == survey->sorted[i]->items;
}

static bool has_idle(const pool_t *pool) {
    const pool_slab_t *slab = pool->slabs;
    while (slab != NULL && !slab->is_idle)
        slab = slab->next;
    return slab != NULL;
}

static void drop_idle_slabs(pool_t *pool, const survey_t *survey) {
    pool_item_t **link = &pool->free;
    while (*link != NULL) {
        if (slab_of(survey->sorted, survey->count, *link)->is_idle)
            *link = (*link)->next;
        else
            link = &(*link)->next;
    }
    pool_slab_t **slab_link = &pool->slabs;
    while (*slab_link != NULL) {
        pool_slab_t *slab = *slab_link;
        if (!slab->is_idle) {
            slab_link = &slab->next;
            continue;
        }
        *slab_link = slab->next;
        pool->total -= slab->items;
        pool->bytes -= slab->size;
        if (pool->fresh_end == items_of(slab) + slab->items * pool->item_size)
            pool->fresh = pool->fresh_end = NULL;
        free_slab(slab);
    }
}

void pool_trim(pool_t *pool, void *const *items, size_t item_count, bool are_all) {
    if (pool->used == 0) {
        pool_deinit(pool);
        return;
    }
    survey_t survey;
    size_t free_before = pool->total - pool->used;
    pool->trim_at = pool->used / 8;
    if (!begin_survey(pool, &survey)) return;
    if (items == NULL || !look_at_used(pool, &survey, items, item_count, are_all))
        look_at_free(pool, &survey);
    if (has_idle(pool)) drop_idle_slabs(pool, &survey);
    /* Scattered items may keep every slab. Then the next walk waits until at least half
     * of the slabs must be idle, so that none is in vain. */
    if (pool->total - pool->used > free_before / 2 && pool->trim_at > survey.count / 2)
        pool->trim_at = survey.count / 2;
    mk_free(survey.sorted);
}
