/* SPDX-License-Identifier: Apache-2.0 */
/* Connections are sealed by our AES-GCM: its blocks are there while they are. */
#include "tls/openssl_impl.h"
#include "tls/raw.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static int blocks; /* of openssl_wide_gcm.c, given and not taken back */

static bool is_ours(const char *file) {
    const char *base = file ? strrchr(file, '/') : NULL;
    return strcmp(base ? base + 1 : file ? file : "", "openssl_wide_gcm.c") == 0;
}

static void *give(size_t size, const char *file, int line) {
    (void)line;
    void *block = size > 0 ? malloc(size) : NULL;
    if (block && is_ours(file)) blocks++;
    return block;
}

static void *resize(void *block, size_t size, const char *file, int line) {
    (void)file, (void)line;
    return realloc(block, size);
}

static void take(void *block, const char *file, int line) {
    (void)line;
    if (block && is_ours(file)) blocks--;
    free(block);
}

static uint8_t bulk[16384];

/* Before OpenSSL is used for the first time. */
static void begin(setup_t *setup) {
    static bool is_counting;
    if (!is_counting) is_counting = CRYPTO_set_mem_functions(give, resize, take) == 1;
    CHECK(is_counting);
    if (!tls__methods().context)
        test_skip("TLS has OpenSSL's own AES here: this build is without libipsec-mb, "
                  "or the processor without VAES and AVX-512");
    setup_make(setup);
    CHECK_EQ(blocks, 0);
}

TEST(wide_connections_use_ours_in_version_13) {
    setup_t setup;
    pair_t pair;
    port_tls_facts_t facts;
    char library[128];
    mk_writer_t writer;
    begin(&setup);
    writer_init(&writer, library, sizeof library);
    port_tls_write_library(&writer);
    CHECK(strstr(library, "OpenSSL 3.0") == library);
    CHECK(strstr(library, ", AES-GCM of libipsec-mb") != NULL);
    pair_join(&pair, setup.client, HOST, setup.server);
    port_tls_facts(pair.client.tls, &facts);
    CHECK_STR(facts.suite, "TLS_AES_128_GCM_SHA256");
    CHECK_EQ(blocks, 4); /* two sides, two directions */
    pair_say(&pair.client, &pair.server, "hello");
    pair_say(&pair.server, &pair.client, "hello");
    CHECK_EQ(blocks, 4);
    CHECK_EQ(port_tls_write(pair.client.tls, bulk, sizeof bulk), sizeof bulk);
    CHECK_EQ(port_tls_read(pair.server.tls, bulk, sizeof bulk), sizeof bulk);
    CHECK_EQ(blocks, 6); /* keys for large records are kept, until a small one comes */
    pair_say(&pair.client, &pair.server, "hello");
    CHECK_EQ(blocks, 4);
    pair_part(&pair);
    pair_close(&pair);
    CHECK_EQ(blocks, 0);
    setup_end(&setup);
}

/* Speak with OpenSSL's own at the other end. */
static void speak_with_theirs(int version, const char *suites, const char *suites_13) {
    setup_t setup;
    pair_t pair;
    raw_t raw;
    uint8_t got[100];
    begin(&setup);
    pair_open(&pair, setup.client, HOST, setup.server);
    raw_init(&raw, NULL, version, version);
    CHECK_EQ(SSL_CTX_set_cipher_list(raw.ctx, suites), 1);
    CHECK_EQ(SSL_CTX_set_ciphersuites(raw.ctx, suites_13), 1);
    raw_open(&raw, &pair);
    raw_shake(&raw, &pair.server);
    CHECK_EQ(pair.server.result, MK_OK);
    CHECK_EQ(blocks, 2);
    raw_write(&raw, "hello", 5);
    CHECK_EQ(port_tls_read(pair.server.tls, got, sizeof got), 5);
    CHECK_MEM(got, "hello", 5);
    for (size_t size = 1; size <= sizeof bulk; size = size * 5 + 1) {
        size_t read = 0, n;
        memset(bulk, (int)size, size);
        CHECK_EQ(port_tls_write(pair.server.tls, bulk, size), size);
        while (read < size && (n = raw_read(&raw, got, sizeof got)) > 0) {
            CHECK_MEM(got, bulk, n);
            read += n;
        }
        CHECK_EQ(read, size);
    }
    raw_deinit(&raw);
    pair_close(&pair);
    CHECK_EQ(blocks, 0);
    setup_end(&setup);
}

TEST(wide_connections_speak_version_12_with_others) {
    speak_with_theirs(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256",
                      "TLS_AES_128_GCM_SHA256");
    speak_with_theirs(TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384",
                      "TLS_AES_128_GCM_SHA256");
}

TEST(wide_connections_speak_version_13_with_others) {
    speak_with_theirs(TLS1_3_VERSION, "DEFAULT", "TLS_AES_128_GCM_SHA256");
    speak_with_theirs(TLS1_3_VERSION, "DEFAULT", "TLS_AES_256_GCM_SHA384");
}

TEST_TABLE(wide_connections, TEST_ROW(wide_connections_use_ours_in_version_13),
           TEST_ROW(wide_connections_speak_version_12_with_others),
           TEST_ROW(wide_connections_speak_version_13_with_others))
