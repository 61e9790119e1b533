/* SPDX-License-Identifier: Apache-2.0 */
/* The routing table: which pattern takes a path, and who allows what. */
#include "net/http_route.h"

#include "microkernel/error.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

static void handle(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)request;
    (void)ctx;
}

static int add(http_routes_t *routes, const char *method, const char *pattern) {
    http_taker_t taker = {.fn = handle};
    return http_routes_add(routes, method, pattern, &taker);
}

/* The pattern and values that take a path, "pattern|value|value"; or why none does. */
static const char *find(const http_routes_t *routes, const char *method,
                        const char *path) {
    static char text[256];
    http_match_t match;
    switch (http_routes_find(routes, text_of(method), text_of(path), &match)) {
    case HTTP_ROUTE_NO_PATH: return "no path";
    case HTTP_ROUTE_NO_METHOD: return "no method";
    case HTTP_ROUTE_FOUND: break;
    }
    size_t size = (size_t)snprintf(text, sizeof text, "%s", match.pattern);
    for (size_t i = 0; i < match.values_len; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "|%.*s",
                                 (int)match.values[i].size, match.values[i].bytes);
    return text;
}

TEST(http_route_takes_the_most_exact_pattern) {
    http_routes_t *routes = http_routes_create();
    CHECK(routes != NULL);
    const char *const patterns[] = {"/",     "/a",      "/a/",        "/a/:x",
                                    "/a/b",  "/a/:x/c", "/a/b/:y/:z", "/files/*",
                                    "/:any", "/a/*"};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        CHECK_EQ(add(routes, "GET", patterns[i]), MK_OK);
    static const char *const rows[][2] = {
        {"/", "/"},
        {"/a", "/a"},
        {"/a/", "/a/"},
        {"/a/b", "/a/b"},
        {"/a/q", "/a/:x|q"},
        {"/a/b/c", "/a/:x/c|b"},
        {"/a/b/c/d", "/a/b/:y/:z|c|d"},
        {"/a/q/w/e", "/a/*|q/w/e"},
        {"/files/", "/files/*|"},
        {"/files/x/y.z", "/files/*|x/y.z"},
        {"/files", "/:any|files"},
        {"/%61", "/a"},
        {"/a%2Fb", "/:any|a%2Fb"},
        {"/q/", "no path"},
        {"//", "no path"},
        {"", "no path"},
        {"*", "no path"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(find(routes, "GET", rows[i][0]), rows[i][1]);
    http_routes_destroy(routes);
}

TEST(http_route_looks_at_the_method) {
    http_routes_t *routes = http_routes_create();
    CHECK(routes != NULL);
    CHECK_EQ(add(routes, "GET", "/a"), MK_OK);
    CHECK_EQ(add(routes, "POST", "/:x"), MK_OK);
    CHECK_EQ(add(routes, "*", "/any"), MK_OK);
    CHECK_EQ(add(routes, "GET", "/any"), MK_OK);
    CHECK_STR(find(routes, "GET", "/a"), "/a");
    CHECK_STR(find(routes, "HEAD", "/a"), "/a");
    CHECK_STR(find(routes, "POST", "/a"), "/:x|a"); /* the exact one has no POST */
    CHECK_STR(find(routes, "PUT", "/a"), "no method");
    CHECK_STR(find(routes, "PUT", "/any"), "/any");
    CHECK_STR(find(NULL, "GET", "/a"), "no path");
    char allow[64];
    http_routes_allow(routes, text_of("/a"), allow, sizeof allow);
    CHECK_STR(allow, "GET, HEAD, POST, OPTIONS");
    http_routes_allow(routes, text_of("/a"), allow, 10);
    CHECK_STR(allow, "GET, HEAD");
    CHECK(http_routes_know(routes, text_of("POST")));
    CHECK(!http_routes_know(routes, text_of("PUT")));
    http_routes_destroy(routes);
}

TEST(http_route_refuses_bad_patterns) {
    static const char *const bad[] = {
        "",      "a",    "/:",
        "/:a b", "/*/a", "/a?b",
        "/a#b",  ":a",   "/:1/:2/:3/:4/:5/:6/:7/:8/:9/:a/:b/:c/:d/:e/:f/:g/:h"};
    http_routes_t *routes = http_routes_create();
    CHECK(routes != NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(add(routes, "GET", bad[i]), MK_EINVAL);
    CHECK_EQ(add(routes, "", "/"), MK_EINVAL);
    CHECK_EQ(add(routes, "G T", "/"), MK_EINVAL);
    http_taker_t nobody = {.fn = NULL};
    CHECK_EQ(http_routes_add(routes, "GET", "/", &nobody), MK_EINVAL);
    CHECK_EQ(add(routes, "GET", "/:x"), MK_OK);
    CHECK_EQ(add(routes, "GET", "/:y"), MK_EEXIST);
    http_routes_destroy(routes);
}

TEST(http_route_knows_parameters_by_name) {
    http_routes_t *routes = http_routes_create();
    CHECK(routes != NULL);
    CHECK_EQ(add(routes, "GET", "/:one/x/:two/*"), MK_OK);
    http_match_t match;
    CHECK_EQ(http_routes_find(routes, text_of("GET"), text_of("/a/x/b/c/d"), &match),
             HTTP_ROUTE_FOUND);
    size_t index;
    CHECK(http_match_index(&match, "one", &index) && index == 0);
    CHECK(http_match_index(&match, "two", &index) && index == 1);
    CHECK(http_match_index(&match, "*", &index) && index == 2);
    CHECK(!http_match_index(&match, "three", &index));
    CHECK(!http_match_index(&match, "x", &index));
    http_routes_destroy(routes);
}

static void add_without_memory(void *arg) {
    (void)arg;
    http_routes_t *routes = http_routes_create();
    if (routes == NULL) return;
    int first = add(routes, "GET", "/a/:b/*");
    int second = add(routes, "PUT", "/a/:b");
    CHECK(first == MK_OK || first == MK_ENOMEM);
    CHECK_STR(find(routes, "PUT", "/a/x"), second == MK_OK ? "/a/:b|x" : "no path");
    http_routes_destroy(routes);
}

TEST(http_route_survives_any_allocation_that_fails) {
    test_each_alloc_failure(add_without_memory, NULL);
}

TEST_TABLE(http_route, TEST_ROW(http_route_takes_the_most_exact_pattern),
           TEST_ROW(http_route_looks_at_the_method),
           TEST_ROW(http_route_refuses_bad_patterns),
           TEST_ROW(http_route_knows_parameters_by_name),
           TEST_ROW(http_route_survives_any_allocation_that_fails))
