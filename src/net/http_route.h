/* SPDX-License-Identifier: Apache-2.0 */
/* http_route.h - which handler takes a request: by method and by pattern of the path.
 *
 * Pure. A pattern is "/" and segments: a literal, ":name" for one segment that is not
 * empty, or, last, "*" for all that is left. The segments of all patterns form a tree,
 * so a path is compared with what can still fit, and not with every pattern. Segments
 * of the path are compared decoded, so "/%61" is "/a"; an encoded '/' separates
 * nothing. */
#ifndef MK_NET_HTTP_ROUTE_H
#define MK_NET_HTTP_ROUTE_H

#include "base/text.h"
#include "microkernel/http.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    HTTP_ROUTE_PARAMS_MAX = 16,  /* parameters of a pattern, "*" included */
    HTTP_ROUTE_SEGMENTS_MAX = 32 /* segments of a pattern: bounds the walk */
};

typedef struct http_routes http_routes_t;

/* Who takes the requests of a route. */
typedef struct {
    http_handler_fn fn; /* not NULL */
    void *ctx;
    void (*free_ctx)(void *ctx); /* at the end; NULL: nothing to do */
    bool takes_pieces;           /* called with the head alone */
} http_taker_t;

/* What a request meets. */
typedef struct {
    http_handler_fn fn;
    void *ctx;
    bool takes_pieces;
    const char *pattern;                  /* of the route; borrowed from the table */
    text_t values[HTTP_ROUTE_PARAMS_MAX]; /* of its parameters, in order, encoded */
    size_t values_len;
} http_match_t;

typedef enum {
    HTTP_ROUTE_FOUND,
    HTTP_ROUTE_NO_PATH,   /* no pattern fits: 404 */
    HTTP_ROUTE_NO_METHOD, /* some fit, none with this method: 405 */
} http_routing_t;

/* An empty table, returned owned; NULL when memory is short. */
http_routes_t *http_routes_create(void);

/* Takes the table; for each route `free_ctx` is called. NULL is allowed. */
void http_routes_destroy(http_routes_t *routes);

/* Add a route; all is copied. MK_OK, or the errors of http_route(); then the taker's
 * `ctx` is still the caller's. */
int http_routes_add(http_routes_t *routes, const char *method, const char *pattern,
                    const http_taker_t *taker);

/* Find who handles a request; `routes` NULL is an empty table. `*match` means something
 * on HTTP_ROUTE_FOUND; its values borrow from `path`. HEAD finds GET when it has no
 * handler of its own, "*" of a pattern takes what its other methods do not. */
http_routing_t http_routes_find(const http_routes_t *routes, text_t method, text_t path,
                                http_match_t *match);

/* Write the methods that fit a path, "GET, HEAD, OPTIONS"; cut to `cap`. */
void http_routes_allow(const http_routes_t *routes, text_t path, char *text,
                       size_t cap);

/* Some route has this method, whatever its pattern: 405 and not 501 answers it. */
bool http_routes_know(const http_routes_t *routes, text_t method);

/* Which of the values a parameter is; false when the pattern has no such name. */
bool http_match_index(const http_match_t *match, const char *name, size_t *index);

#endif
