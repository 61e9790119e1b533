/* SPDX-License-Identifier: Apache-2.0 */
/* http_pool.c - a chained table of origins that doubles with their count; when memory
 * for that is short the chains get longer. */
#include "net/http_pool.h"

#include "base/alloc.h"
#include "base/check.h"

#include <string.h>

enum { FIRST_CHAINS = 8 };

void http_pool_init(http_pool_t *pool) {
    memset(pool, 0, sizeof *pool);
    list_init(&pool->resting);
}

void http_pool_deinit(http_pool_t *pool) {
    MK_ASSERT(pool->origins == 0 && pool->resting_count == 0);
    mk_free(pool->chains);
    pool->chains = NULL;
    pool->size = 0;
}

/* FNV-1a; keys are names of hosts, chosen by the program. */
static uint32_t hash_of(text_t key) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < key.size; i++)
        hash = (hash ^ (uint8_t)key.bytes[i]) * 16777619u;
    return hash;
}

static void grow(http_pool_t *pool) {
    size_t size = pool->size == 0 ? FIRST_CHAINS : pool->size * 2;
    http_origin_t **chains = mk_calloc(size, sizeof(http_origin_t *));
    if (chains == NULL) return;
    for (size_t i = 0; i < pool->size; i++) {
        while (pool->chains[i] != NULL) {
            http_origin_t *origin = pool->chains[i];
            pool->chains[i] = origin->next;
            origin->next = chains[origin->hash & (size - 1)];
            chains[origin->hash & (size - 1)] = origin;
        }
    }
    mk_free(pool->chains);
    pool->chains = chains;
    pool->size = size;
}

http_origin_t *http_pool_get(http_pool_t *pool, text_t key) {
    uint32_t hash = hash_of(key);
    http_origin_t *origin =
        pool->size > 0 ? pool->chains[hash & (pool->size - 1)] : NULL;
    while (origin != NULL &&
           !text_equals(text_make(origin->key, origin->key_size), key))
        origin = origin->next;
    if (origin != NULL) return origin;
    if (pool->origins >= pool->size) grow(pool);
    if (pool->size == 0) return NULL;
    origin = mk_alloc(sizeof *origin + key.size);
    if (origin == NULL) return NULL;
    list_init(&origin->resting);
    list_init(&origin->waiting);
    origin->connections = 0;
    origin->hash = hash;
    origin->key_size = key.size;
    memcpy(origin->key, key.bytes, key.size);
    http_origin_t **chain = &pool->chains[hash & (pool->size - 1)];
    origin->next = *chain;
    *chain = origin;
    pool->origins++;
    return origin;
}

void http_pool_settle(http_pool_t *pool, http_origin_t *origin) {
    if (origin->connections > 0 || !list_is_empty(&origin->waiting)) return;
    MK_ASSERT(list_is_empty(&origin->resting));
    http_origin_t **link = &pool->chains[origin->hash & (pool->size - 1)];
    while (*link != origin)
        link = &(*link)->next;
    *link = origin->next;
    pool->origins--;
    mk_free(origin);
}

void http_pool_rest(http_pool_t *pool, http_rest_t *rest, uint64_t now_ms) {
    rest->since_ms = now_ms;
    list_insert_before(rest->origin->resting.next, &rest->in_origin);
    list_insert_before(&pool->resting, &rest->in_age);
    pool->resting_count++;
}

void http_pool_wake(http_pool_t *pool, http_rest_t *rest) {
    list_remove(&rest->in_origin);
    list_remove(&rest->in_age);
    pool->resting_count--;
}

http_rest_t *http_pool_newest(const http_origin_t *origin) {
    return list_is_empty(&origin->resting)
               ? NULL
               : MK_CONTAINER_OF(origin->resting.next, http_rest_t, in_origin);
}

http_rest_t *http_pool_oldest(const http_pool_t *pool) {
    return list_is_empty(&pool->resting)
               ? NULL
               : MK_CONTAINER_OF(pool->resting.next, http_rest_t, in_age);
}
