/* SPDX-License-Identifier: Apache-2.0 */
/* http_route.c - a tree of segments.
 *
 * A node stands for what the patterns so far have in common. Its literal children are a
 * list: the fan-out of real tables is a handful, and a segment is compared by its bytes
 * as soon as its first one fits. A walk visits the nodes where the path can end, best
 * first; it goes on behind a node that has not got the method, because a pattern with a
 * parameter may have it. Its depth is that of the patterns, never that of the path. */
#include "net/http_route.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "net/http_headers.h"

#include <string.h>

typedef struct route route_t;

struct route {
    route_t *next; /* of the same pattern */
    http_taker_t taker;
    char *pattern;
    size_t method_size;
    char method[]; /* NUL-terminated; "*": any */
};

typedef struct node node_t;

struct node {
    node_t *next;     /* sibling literal */
    node_t *literals; /* children by name */
    node_t *param;    /* child for any one segment */
    route_t *rest;    /* routes that end in "*" here */
    route_t *routes;  /* routes that end here */
    size_t size;      /* bytes of the literal */
    char literal[];   /* decoded */
};

struct http_routes {
    node_t *root; /* what stands before the first '/' */
};

/* --- building --- */

static node_t *new_node(text_t literal) {
    node_t *node = mk_calloc(1, sizeof *node + literal.size + 1);
    if (node == NULL) return NULL;
    node->size = literal.size;
    if (literal.size > 0) memcpy(node->literal, literal.bytes, literal.size);
    return node;
}

http_routes_t *http_routes_create(void) {
    http_routes_t *routes = mk_alloc(sizeof *routes);
    if (routes == NULL) return NULL;
    routes->root = new_node(text_make("", 0));
    if (routes->root != NULL) return routes;
    mk_free(routes);
    return NULL;
}

static void free_routes(route_t *route) {
    while (route != NULL) {
        route_t *next = route->next;
        if (route->taker.free_ctx != NULL) route->taker.free_ctx(route->taker.ctx);
        mk_free(route->pattern);
        mk_free(route);
        route = next;
    }
}

/* Patterns bound the depth. */
static void free_node(node_t *node) {
    while (node != NULL) {
        node_t *next = node->next;
        free_node(node->literals);
        free_node(node->param);
        free_routes(node->routes);
        free_routes(node->rest);
        mk_free(node);
        node = next;
    }
}

void http_routes_destroy(http_routes_t *routes) {
    if (routes == NULL) return;
    free_node(routes->root);
    mk_free(routes);
}

/* Take the segment in front of `*rest`, which begins behind a '/'. False behind the
 * last one. */
static inline bool next_segment(text_t *rest, bool *is_done, text_t *segment) {
    if (*is_done) return false;
    size_t end = text_find(*rest, '/');
    *segment = text_make(rest->bytes, end);
    *is_done = end == rest->size;
    *rest = *is_done ? text_make("", 0)
                     : text_make(rest->bytes + end + 1, rest->size - end - 1);
    return true;
}

static bool is_segment_name(text_t text) {
    return text.size > 1 && http_is_token(text_part(text, 1, text.size));
}

static int judge_pattern(text_t pattern) {
    size_t params = 0;
    size_t segments = 0;
    if (pattern.size == 0 || pattern.bytes[0] != '/') return MK_EINVAL;
    text_t rest = text_part(pattern, 1, pattern.size);
    text_t segment;
    for (bool is_done = false; next_segment(&rest, &is_done, &segment); segments++) {
        if (text_is(segment, "*")) {
            params++;
            if (!is_done) return MK_EINVAL;
        } else if (segment.size > 0 && segment.bytes[0] == ':') {
            params++;
            if (!is_segment_name(segment)) return MK_EINVAL;
        } else if (text_find(segment, '?') < segment.size ||
                   text_find(segment, '#') < segment.size) {
            return MK_EINVAL;
        }
    }
    return params <= HTTP_ROUTE_PARAMS_MAX && segments <= HTTP_ROUTE_SEGMENTS_MAX
               ? MK_OK
               : MK_EINVAL;
}

static node_t *get_literal(node_t *node, text_t segment) {
    for (node_t *child = node->literals; child != NULL; child = child->next)
        if (text_equals(text_make(child->literal, child->size), segment)) return child;
    node_t *child = new_node(segment);
    if (child == NULL) return NULL;
    child->next = node->literals;
    node->literals = child;
    return child;
}

/* The list where the routes of a pattern belong; nodes on the way are made, and stay
 * when memory then runs short: they are empty and fit nothing. */
static route_t **get_place(http_routes_t *routes, text_t pattern) {
    node_t *node = routes->root;
    text_t rest = text_part(pattern, 1, pattern.size);
    text_t segment;
    for (bool is_done = false; next_segment(&rest, &is_done, &segment);) {
        if (text_is(segment, "*")) return &node->rest;
        if (segment.size > 0 && segment.bytes[0] == ':') {
            if (node->param == NULL) node->param = new_node(text_make("", 0));
            node = node->param;
        } else {
            node = get_literal(node, segment);
        }
        if (node == NULL) return NULL;
    }
    return &node->routes;
}

static inline route_t *find_method(route_t *route, text_t method) {
    while (route != NULL &&
           !text_equals(method, text_make(route->method, route->method_size)))
        route = route->next;
    return route;
}

int http_routes_add(http_routes_t *routes, const char *method, const char *pattern,
                    const http_taker_t *taker) {
    text_t method_text = text_of(method);
    text_t pattern_text = text_of(pattern);
    if (taker->fn == NULL || !http_is_token(method_text) ||
        judge_pattern(pattern_text) < 0)
        return MK_EINVAL;
    route_t **place = get_place(routes, pattern_text);
    if (place == NULL) return MK_ENOMEM;
    if (find_method(*place, method_text) != NULL) return MK_EEXIST;
    route_t *route = mk_alloc(sizeof *route + method_text.size + 1);
    char *copy = mk_alloc(pattern_text.size + 1);
    if (route == NULL || copy == NULL) {
        mk_free(route);
        mk_free(copy);
        return MK_ENOMEM;
    }
    memcpy(copy, pattern, pattern_text.size + 1);
    route->next = *place;
    route->taker = *taker;
    route->pattern = copy;
    route->method_size = method_text.size;
    memcpy(route->method, method, method_text.size + 1);
    *place = route;
    return MK_OK;
}

/* --- finding --- */

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* A segment of a path, decoded, is this literal. */
static bool is_literal(const node_t *node, text_t segment) {
    size_t at = 0;
    if (segment.size < node->size) return false;
    for (size_t i = 0; i < segment.size; i++) {
        char c = segment.bytes[i];
        if (at == node->size) return false;
        if (c == '%') {
            if (segment.size - i < 3) return false;
            int high = digit_of(segment.bytes[i + 1]);
            int low = digit_of(segment.bytes[i + 2]);
            if (high < 0 || low < 0) return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c != node->literal[at++]) return false;
    }
    return at == node->size;
}

/* A walk over the places where a path fits, best first. */
typedef struct {
    text_t *values; /* HTTP_ROUTE_PARAMS_MAX, of the parameters on the way here */
    size_t values_len;
    /* True ends the walk. */
    bool (*visit)(void *ctx, route_t *routes, size_t values_len);
    void *ctx;
} walk_t;

static bool visit(walk_t *walk, route_t *routes) {
    return routes != NULL && walk->visit(walk->ctx, routes, walk->values_len);
}

static bool walk_node(walk_t *walk, const node_t *node, text_t rest);

/* What stands behind the segment that led to the node: nothing, or more segments. */
static bool walk_on(walk_t *walk, const node_t *node, text_t behind, bool is_done) {
    return is_done ? visit(walk, node->routes) : walk_node(walk, node, behind);
}

static bool walk_node(walk_t *walk, const node_t *node, text_t rest) {
    text_t behind = rest;
    text_t segment;
    bool is_done = false;
    (void)next_segment(&behind, &is_done, &segment);
    for (const node_t *child = node->literals; child != NULL; child = child->next)
        if (is_literal(child, segment) && walk_on(walk, child, behind, is_done))
            return true;
    if (node->param != NULL && segment.size > 0) {
        walk->values[walk->values_len++] = segment;
        if (walk_on(walk, node->param, behind, is_done)) return true;
        walk->values_len--;
    }
    if (node->rest == NULL) return false;
    walk->values[walk->values_len++] = rest;
    if (visit(walk, node->rest)) return true;
    walk->values_len--;
    return false;
}

static void walk_path(const http_routes_t *routes, text_t path, walk_t *walk) {
    if (routes == NULL || path.size == 0 || path.bytes[0] != '/') return;
    (void)walk_node(walk, routes->root, text_make(path.bytes + 1, path.size - 1));
}

typedef struct {
    text_t method;
    http_match_t *match;
    http_routing_t routing;
} search_t;

static bool try_routes(void *ctx, route_t *routes, size_t values_len) {
    search_t *search = ctx;
    route_t *route = find_method(routes, search->method);
    if (route == NULL && text_is(search->method, "HEAD"))
        route = find_method(routes, text_of("GET"));
    if (route == NULL) route = find_method(routes, text_of("*"));
    if (route == NULL) {
        search->routing = HTTP_ROUTE_NO_METHOD;
        return false;
    }
    search->routing = HTTP_ROUTE_FOUND;
    search->match->fn = route->taker.fn;
    search->match->ctx = route->taker.ctx;
    search->match->takes_pieces = route->taker.takes_pieces;
    search->match->pattern = route->pattern;
    search->match->values_len = values_len;
    return true;
}

http_routing_t http_routes_find(const http_routes_t *routes, text_t method, text_t path,
                                http_match_t *match) {
    search_t search = {method, match, HTTP_ROUTE_NO_PATH};
    walk_t walk = {match->values, 0, try_routes, &search};
    walk_path(routes, path, &walk);
    return search.routing;
}

/* --- which methods there are --- */

/* `name` is not in the list "A, B" yet. */
static bool is_new(text_t list, const char *name) {
    text_t element;
    while (http_list_next(&list, &element))
        if (text_is(element, name)) return false;
    return true;
}

static void add_method(mk_writer_t *w, const char *name) {
    if (!is_new(writer_text(w), name)) return;
    size_t before = writer_text(w).size;
    if (before > 0) writer_str(w, ", ");
    writer_str(w, name);
    if (writer_has_overflowed(w)) writer_rewind(w, before);
}

static bool add_methods(void *ctx, route_t *routes, size_t values_len) {
    (void)values_len;
    for (route_t *route = routes; route != NULL; route = route->next) {
        if (strcmp(route->method, "*") == 0) continue;
        add_method(ctx, route->method);
        if (strcmp(route->method, "GET") == 0) add_method(ctx, "HEAD");
    }
    return false;
}

void http_routes_allow(const http_routes_t *routes, text_t path, char *text,
                       size_t cap) {
    mk_writer_t w;
    writer_init(&w, text, cap);
    text_t values[HTTP_ROUTE_PARAMS_MAX];
    walk_t walk = {values, 0, add_methods, &w};
    walk_path(routes, path, &walk);
    add_method(&w, "OPTIONS");
}

static bool knows(const node_t *node, text_t method) {
    for (; node != NULL; node = node->next)
        if (find_method(node->routes, method) != NULL ||
            find_method(node->rest, method) != NULL || knows(node->literals, method) ||
            knows(node->param, method))
            return true;
    return false;
}

bool http_routes_know(const http_routes_t *routes, text_t method) {
    return routes != NULL && knows(routes->root, method);
}

bool http_match_index(const http_match_t *match, const char *name, size_t *index) {
    text_t rest = text_part(text_of(match->pattern), 1, SIZE_MAX);
    text_t segment;
    *index = 0;
    for (bool is_done = false; next_segment(&rest, &is_done, &segment);) {
        bool is_rest = text_is(segment, "*");
        if (!is_rest && (segment.size == 0 || segment.bytes[0] != ':')) continue;
        if (text_is(is_rest ? segment : text_part(segment, 1, segment.size), name))
            return true;
        ++*index;
    }
    return false;
}
