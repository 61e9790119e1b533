/* SPDX-License-Identifier: Apache-2.0 */
/* http_pool.h - which connections a client has to which origin, which of them rest, and
 * who waits for one.
 *
 * Bookkeeping only: no sockets, no clock of its own. An origin is remembered as long as
 * it has connections or somebody waits. */
#ifndef MK_NET_HTTP_POOL_H
#define MK_NET_HTTP_POOL_H

#include "base/list.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_origin http_origin_t;

struct http_origin {
    http_origin_t *next; /* in its chain */
    uint32_t hash;       /* of the key */
    list_node_t resting; /* http_rest_t.in_origin; the last one used first */
    list_node_t waiting; /* of whoever waits for a connection; the caller's nodes */
    size_t connections;  /* all of them, resting or not */
    size_t key_size;
    char key[]; /* what makes two connections the same */
};

/* Embedded in a connection. */
typedef struct {
    list_node_t in_origin; /* alone: it does not rest */
    list_node_t in_age;    /* in http_pool_t.resting */
    uint64_t since_ms;     /* it rests */
    http_origin_t *origin;
} http_rest_t;

typedef struct {
    http_origin_t **chains; /* `size` of them, a power of two, or NULL */
    size_t size;
    size_t origins;
    list_node_t resting; /* http_rest_t.in_age; the longest first */
    size_t resting_count;
} http_pool_t;

void http_pool_init(http_pool_t *pool);

/* Origins must be gone. */
void http_pool_deinit(http_pool_t *pool);

/* The origin of a key, made if need be; NULL when memory is short. */
http_origin_t *http_pool_get(http_pool_t *pool, text_t key);

/* Forget an origin that has neither connections nor anybody waiting; else nothing. */
void http_pool_settle(http_pool_t *pool, http_origin_t *origin);

/* A connection, whose `origin` is set, rests from now on; and no more. */
void http_pool_rest(http_pool_t *pool, http_rest_t *rest, uint64_t now_ms);
void http_pool_wake(http_pool_t *pool, http_rest_t *rest);

static inline bool http_pool_rests(const http_rest_t *rest) {
    return !list_is_empty(&rest->in_origin);
}

/* The connection of this origin that was used last, or that of all which rests longest;
 * NULL when none does. It still rests. */
http_rest_t *http_pool_newest(const http_origin_t *origin);
http_rest_t *http_pool_oldest(const http_pool_t *pool);

#endif
