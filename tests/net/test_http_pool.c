/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"
#include "net/http_pool.h"
#include "support/test.h"

#include <string.h>

typedef struct {
    http_rest_t rest;
} connection_t;

static void open_connection(http_pool_t *pool, connection_t *connection,
                            const char *key) {
    list_init(&connection->rest.in_origin);
    list_init(&connection->rest.in_age);
    connection->rest.origin = http_pool_get(pool, text_of(key));
    CHECK(connection->rest.origin != NULL);
    connection->rest.origin->connections++;
}

static void close_connection(http_pool_t *pool, connection_t *connection) {
    if (http_pool_rests(&connection->rest)) http_pool_wake(pool, &connection->rest);
    connection->rest.origin->connections--;
    http_pool_settle(pool, connection->rest.origin);
}

TEST(http_pool_gives_the_one_used_last_and_ends_the_oldest) {
    http_pool_t pool;
    connection_t c[4];
    http_pool_init(&pool);
    for (size_t i = 0; i < 4; i++)
        open_connection(&pool, &c[i], i % 2 == 0 ? "http a:80" : "http b:80");
    CHECK_EQ(pool.origins, 2);
    CHECK(http_pool_newest(c[0].rest.origin) == NULL);
    CHECK(http_pool_oldest(&pool) == NULL);
    for (size_t i = 0; i < 4; i++)
        http_pool_rest(&pool, &c[i].rest, i);
    CHECK_EQ(pool.resting_count, 4);
    CHECK(http_pool_newest(c[0].rest.origin) == &c[2].rest);
    CHECK(http_pool_newest(c[1].rest.origin) == &c[3].rest);
    CHECK(http_pool_oldest(&pool) == &c[0].rest);
    http_pool_wake(&pool, &c[0].rest);
    CHECK(!http_pool_rests(&c[0].rest) && http_pool_rests(&c[1].rest));
    CHECK(http_pool_oldest(&pool) == &c[1].rest);
    http_pool_rest(&pool, &c[0].rest, 9);
    CHECK(http_pool_newest(c[0].rest.origin) == &c[0].rest);
    for (size_t i = 0; i < 4; i++)
        close_connection(&pool, &c[i]);
    CHECK_EQ(pool.origins, 0);
    http_pool_deinit(&pool);
}

TEST(http_pool_keeps_an_origin_that_is_waited_for) {
    http_pool_t pool;
    connection_t c;
    list_node_t waiter;
    http_pool_init(&pool);
    open_connection(&pool, &c, "k");
    list_insert_before(&c.rest.origin->waiting, &waiter);
    close_connection(&pool, &c);
    CHECK_EQ(pool.origins, 1);
    http_origin_t *origin = http_pool_get(&pool, text_of("k"));
    CHECK(origin == c.rest.origin);
    list_remove(&waiter);
    http_pool_settle(&pool, origin);
    CHECK_EQ(pool.origins, 0);
    http_pool_deinit(&pool);
}

/* Many origins, and memory for the table that fails now and then. */
static void use_many(void *arg) {
    enum { MANY = 40 };
    static connection_t c[MANY];
    http_pool_t pool;
    size_t opened = 0;
    (void)arg;
    http_pool_init(&pool);
    for (; opened < MANY; opened++) {
        char key[] = {'k', (char)('0' + opened)};
        list_init(&c[opened].rest.in_origin);
        c[opened].rest.origin = http_pool_get(&pool, text_make(key, sizeof key));
        if (c[opened].rest.origin == NULL) break;
        c[opened].rest.origin->connections++;
    }
    CHECK_EQ(pool.origins, opened);
    for (size_t i = 0; i < opened; i++) {
        char key[] = {'k', (char)('0' + i)};
        CHECK(http_pool_get(&pool, text_make(key, sizeof key)) == c[i].rest.origin);
    }
    for (size_t i = 0; i < opened; i++)
        close_connection(&pool, &c[i]);
    CHECK_EQ(pool.origins, 0);
    http_pool_deinit(&pool);
}

TEST(http_pool_finds_every_origin_also_when_memory_is_short) {
    use_many(NULL);
    test_each_alloc_failure(use_many, NULL);
}

TEST_TABLE(http_pool, TEST_ROW(http_pool_gives_the_one_used_last_and_ends_the_oldest),
           TEST_ROW(http_pool_keeps_an_origin_that_is_waited_for),
           TEST_ROW(http_pool_finds_every_origin_also_when_memory_is_short))
