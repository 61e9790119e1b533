/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of OpenSSL itself fails once: a clean error, or it goes on. */
#include "tls/setup.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

enum { STEP = 11 }; /* each so manyth: one in eleven of some thousands */

static size_t countdown; /* allocations until one fails; 0: none does */
static size_t count;

static bool fails(void) {
    count++;
    return countdown > 0 && --countdown == 0;
}

static void *give(size_t size, const char *file, int line) {
    (void)file, (void)line;
    return size == 0 || fails() ? NULL : malloc(size);
}

static void *resize(void *block, size_t size, const char *file, int line) {
    (void)file, (void)line;
    return fails() ? NULL : realloc(block, size);
}

static void take(void *block, const char *file, int line) {
    (void)file, (void)line;
    free(block);
}

static void visit(const setup_t *setup) {
    pair_t pair;
    port_tls_config_t *client = NULL;
    pair_init(&pair);
    int result = port_tls_config_create(
        &client, &(port_tls_options_t){.roots = cert_text(&setup->root)}, NULL);
    if (result == MK_OK)
        result =
            port_tls_open(&pair.client.tls, client, HOST, &wire_carrier, &pair.client);
    if (result == MK_OK)
        result = port_tls_open(&pair.server.tls, setup->server, NULL, &wire_carrier,
                               &pair.server);
    if (result == MK_OK) {
        char byte;
        pair_shake(&pair);
        if (pair.client.result == MK_OK && pair.server.result == MK_OK) {
            (void)port_tls_write(pair.client.tls, "x", 1);
            (void)port_tls_read(pair.server.tls, &byte, 1);
            (void)port_tls_finish(pair.server.tls);
            (void)port_tls_read(pair.client.tls, &byte, 1);
        } else {
            side_t *failed =
                pair.client.result != MK_OK && pair.client.result != MK_EAGAIN
                    ? &pair.client
                    : &pair.server;
            CHECK(failed->result != MK_OK);
            CHECK(failed->result == MK_EAGAIN || port_tls_why(failed->tls)[0] != '\0');
        }
    }
    pair_close(&pair);
    port_tls_config_release(client);
}

TEST(tls_openssl_may_run_out_of_memory_anywhere) {
    setup_t setup;
    if (CRYPTO_set_mem_functions(give, resize, take) != 1)
        test_skip("OpenSSL has allocated already");
    setup_make(&setup);
    visit(&setup);
    count = 0;
    visit(&setup);
    size_t all = count;
    CHECK(all > 500);
    for (size_t at = 1; at <= all; at += STEP) {
        countdown = at;
        visit(&setup);
        countdown = 0;
    }
    visit(&setup);
    setup_end(&setup);
}

TEST_TABLE(memory, TEST_ROW(tls_openssl_may_run_out_of_memory_anywhere))
