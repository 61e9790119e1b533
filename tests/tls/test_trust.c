/* SPDX-License-Identifier: Apache-2.0 */
/* Whose certificate is accepted, and what configs are refused. */
#include "tls/setup.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

/* The client's verdict about a server with the certificate `own`, and its words. */
static int judge(port_tls_config_t *client, const char *host, const identity_t *own,
                 char words[256]) {
    pair_t pair;
    port_tls_config_t *server = make_server(own);
    pair_open(&pair, client, host, server);
    pair_shake(&pair);
    int result = pair.client.result;
    strncpy(words, port_tls_why(pair.client.tls), 255);
    words[255] = '\0';
    /* The server learns that it was refused. */
    if (result == MK_EPERM) {
        CHECK_EQ(pair.server.result, MK_EREFUSED);
        check_says(port_tls_why(pair.server.tls), "the peer refused");
    }
    pair_close(&pair);
    port_tls_config_release(server);
    return result;
}

TEST(tls_the_certificate_must_be_for_the_host) {
    static const struct {
        const char *alternatives;
        const char *host;
        int result;
        const char *words;
    } rows[] = {
        {"DNS:server.test", "server.test", MK_OK, ""},
        {"DNS:server.test", "SERVER.test", MK_OK, ""},
        {"DNS:server.test", "server.test.", MK_OK, ""},
        {"DNS:server.test", "other.test", MK_EPERM, "(it is for server.test)"},
        {"DNS:a.test,DNS:b.test", "c.test", MK_EPERM, "(it is for a.test, b.test)"},
        {"DNS:*.server.test", "a.server.test", MK_OK, ""},
        {"DNS:*.server.test", "a.b.server.test", MK_EPERM, "mismatch"},
        {"DNS:s*.server.test", "sa.server.test", MK_EPERM, "mismatch"},
        {"DNS:server.test", "127.0.0.1", MK_EPERM, "IP address mismatch"},
        {"IP:127.0.0.1", "127.0.0.1", MK_OK, ""},
        {"IP:127.0.0.1", "127.0.0.2", MK_EPERM, "IP address mismatch"},
        {"IP:::1", "::1", MK_OK, ""},
        {"IP:::1", "[0:0:0:0:0:0:0:1]", MK_OK, ""},
        {"IP:::2", "[::1]", MK_EPERM, "IP address mismatch"},
        {"DNS:127.0.0.1", "127.0.0.1", MK_EPERM, "IP address mismatch"},
        {NULL, "server.test", MK_EPERM,
         "mismatch"}, /* the common name does not count */
    };
    setup_t setup;
    char words[256];
    setup_make(&setup);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        identity_t own;
        cert_make(&own,
                  &(cert_spec_t){.name = HOST, .alternatives = rows[i].alternatives},
                  &setup.root);
        CHECK_EQ(judge(setup.client, rows[i].host, &own, words), rows[i].result);
        check_says(words, rows[i].words);
        if (rows[i].result != MK_OK && rows[i].host[0] != '[')
            check_says(words, rows[i].host);
    }
    setup_end(&setup);
}

TEST(tls_the_certificate_must_be_valid_now) {
    setup_t setup;
    identity_t own;
    char words[256];
    setup_make(&setup);
    cert_make(&own, &(cert_spec_t){.alternatives = "DNS:" HOST, .to_s = -60},
              &setup.root);
    CHECK_EQ(judge(setup.client, HOST, &own, words), MK_EPERM);
    check_says(words, "the certificate of " HOST " is not accepted: certificate has "
                      "expired");
    cert_make(&own, &(cert_spec_t){.alternatives = "DNS:" HOST, .from_s = 60},
              &setup.root);
    CHECK_EQ(judge(setup.client, HOST, &own, words), MK_EPERM);
    check_says(words, "not yet valid");
    /* The clock is the platform's. */
    sim_set_wall_ms(UINT64_C(1767225600000) + UINT64_C(120000));
    CHECK_EQ(judge(setup.client, HOST, &own, words), MK_OK);
    sim_set_wall_ms(UINT64_C(1767225600000) + UINT64_C(31) * CERT_DAY_S * 1000);
    CHECK_EQ(judge(setup.client, HOST, &own, words), MK_EPERM);
    setup_end(&setup);
}

TEST(tls_somebody_trusted_must_vouch) {
    setup_t setup;
    identity_t own, other_root, between;
    char words[256];
    setup_make(&setup);
    cert_spec_t spec = {.alternatives = "DNS:" HOST};
    cert_make(&own, &spec, NULL);
    CHECK_EQ(judge(setup.client, HOST, &own, words), MK_EPERM);
    check_says(words, "self-signed certificate");
    cert_make(&other_root, &(cert_spec_t){.name = "other", .is_authority = true}, NULL);
    cert_make(&own, &spec, &other_root);
    CHECK_EQ(judge(setup.client, HOST, &own, words), MK_EPERM);
    check_says(words, "unable to get local issuer");
    /* The same name is not the same key. */
    cert_make(&other_root, &(cert_spec_t){.name = "root", .is_authority = true}, NULL);
    cert_make(&own, &spec, &other_root);
    CHECK_EQ(judge(setup.client, HOST, &own, words), MK_EPERM);
    /* A server is no authority, whoever vouches for it. */
    cert_make(&own, &spec, &setup.own);
    identity_t chained = own;
    strcat(chained.certificate, setup.own.certificate);
    CHECK_EQ(judge(setup.client, HOST, &chained, words), MK_EPERM);
    /* A chain is sent whole. */
    cert_make(&between, &(cert_spec_t){.name = "between", .is_authority = true},
              &setup.root);
    cert_make(&own, &spec, &between);
    CHECK_EQ(judge(setup.client, HOST, &own, words), MK_EPERM);
    strcat(own.certificate, between.certificate);
    CHECK_EQ(judge(setup.client, HOST, &own, words), MK_OK);
    setup_end(&setup);
}

TEST(tls_who_is_trusted_by_name_needs_nobody_above) {
    setup_t setup;
    identity_t own;
    char words[256];
    setup_make(&setup);
    cert_make(&own, &(cert_spec_t){.alternatives = "DNS:" HOST}, &setup.root);
    port_tls_config_t *client = make_client(&own);
    CHECK_EQ(judge(client, HOST, &own, words), MK_OK);
    CHECK_EQ(judge(client, "other.test", &own, words), MK_EPERM);
    port_tls_config_release(client);
    setup_end(&setup);
}

static void shake_with_asking(const setup_t *setup, port_tls_ask_t ask,
                              const identity_t *shown, int want, const char *words) {
    pair_t pair;
    char byte, name[64] = "";
    mk_writer_t out;
    port_tls_options_t as_client = {.roots = cert_text(&setup->root)};
    if (shown) {
        as_client.certificate = cert_text(shown);
        as_client.key = cert_key(shown);
    }
    port_tls_config_t *client = make_config(&as_client);
    port_tls_config_t *server =
        make_config(&(port_tls_options_t){.is_server = true,
                                          .roots = cert_text(&setup->root),
                                          .certificate = cert_text(&setup->own),
                                          .key = cert_key(&setup->own),
                                          .ask = ask});
    pair_open(&pair, client, HOST, server);
    pair_shake(&pair);
    CHECK_EQ(pair.server.result, want);
    check_says(port_tls_why(pair.server.tls), words);
    if (want != MK_OK) { /* in TLS 1.3 the client learns it when it reads */
        CHECK_EQ(port_tls_read(pair.client.tls, &byte, 1), MK_EREFUSED);
    } else {
        port_tls_facts_t facts;
        port_tls_facts(pair.server.tls, &facts);
        CHECK_EQ(facts.has_peer, shown != NULL);
        writer_init(&out, name, sizeof name);
        port_tls_peer_name(pair.server.tls, &out);
        CHECK_STR(name, shown ? "somebody" : "");
    }
    pair_close(&pair);
    port_tls_config_release(client);
    port_tls_config_release(server);
}

TEST(tls_servers_may_ask_for_certificates) {
    setup_t setup;
    identity_t good, bad;
    setup_make(&setup);
    cert_make(&good, &(cert_spec_t){.name = "somebody"}, &setup.root);
    cert_make(&bad, &(cert_spec_t){.name = "somebody"}, NULL);
    shake_with_asking(&setup, PORT_TLS_ASK_REQUIRED, &good, MK_OK, "");
    shake_with_asking(&setup, PORT_TLS_ASK_REQUIRED, NULL, MK_EPERM,
                      "the client showed no certificate");
    shake_with_asking(&setup, PORT_TLS_ASK_REQUIRED, &bad, MK_EPERM,
                      "the certificate of the client is not accepted");
    shake_with_asking(&setup, PORT_TLS_ASK_OPTIONAL, &good, MK_OK, "");
    shake_with_asking(&setup, PORT_TLS_ASK_OPTIONAL, NULL, MK_OK, "");
    shake_with_asking(&setup, PORT_TLS_ASK_OPTIONAL, &bad, MK_EPERM, "self-signed");
    setup_end(&setup);
}

static void refuse_options(const port_tls_options_t *options, const char *words) {
    char text[256];
    mk_writer_t why;
    port_tls_config_t *config = (port_tls_config_t *)&why;
    writer_init(&why, text, sizeof text);
    CHECK_EQ(port_tls_config_create(&config, options, &why), MK_EINVAL);
    CHECK(config == NULL);
    check_says(text, words);
    CHECK_EQ(port_tls_config_create(&config, options, NULL), MK_EINVAL);
}

static size_t no_psk(void *ctx, text_t identity, uint8_t key[PORT_TLS_PSK_MAX]) {
    (void)ctx, (void)identity, (void)key;
    return 0;
}

static void encrypt_key(identity_t *out, const identity_t *plain) {
    BIO *pem = BIO_new_mem_buf(plain->key, -1), *coded = BIO_new(BIO_s_mem());
    EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
    char passphrase[] = "secret", *bytes;
    *out = *plain;
    CHECK_EQ(PEM_write_bio_PKCS8PrivateKey(coded, key, EVP_aes_128_cbc(), passphrase, 6,
                                           NULL, NULL),
             1);
    long size = BIO_get_mem_data(coded, &bytes);
    CHECK(size > 0 && (size_t)size < sizeof out->key);
    memcpy(out->key, bytes, (size_t)size);
    out->key[size] = '\0';
    EVP_PKEY_free(key);
    BIO_free(coded);
    BIO_free(pem);
}

TEST(tls_bad_options_are_refused_in_words) {
    static const char *const empty_protocol[] = {"http/1.1", ""};
    setup_t setup;
    identity_t other, locked, cut;
    setup_make(&setup);
    text_t certificate = cert_text(&setup.own), key = cert_key(&setup.own);
    cert_make(&other, &(cert_spec_t){.name = "other"}, NULL);
    encrypt_key(&locked, &setup.own);
    cut = setup.own;
    cut.certificate[strlen(cut.certificate) / 2] = '\0';
    const struct {
        port_tls_options_t options;
        const char *words;
    } rows[] = {
        {{.is_server = true}, "a server needs a certificate"},
        {{.is_server = true, .certificate = certificate}, "belong together"},
        {{.is_server = true, .certificate = certificate, .key = cert_key(&other)},
         "the key does not belong to the certificate"},
        {{.is_server = true, .certificate = certificate, .key = text_of("not PEM")},
         "the key is not PEM"},
        {{.is_server = true, .certificate = certificate, .key = cert_key(&locked)},
         "or has a passphrase"},
        {{.is_server = true, .certificate = text_of("not PEM"), .key = key},
         "the certificate: "},
        {{.is_server = true, .certificate = cert_text(&cut), .key = key},
         "the certificate: "},
        {{.is_server = true,
          .certificate = certificate,
          .key = key,
          .ask = PORT_TLS_ASK_OPTIONAL},
         "whom to trust"},
        {{.roots = text_of("nothing here")}, "the roots: no certificate in them"},
        {{.roots = cert_text(&cut)}, "the roots: "},
        {{.roots = certificate, .alpn = empty_protocol, .alpn_len = 2}, "ALPN"},
        {{.is_server = true,
          .certificate = certificate,
          .key = key,
          .find_psk = no_psk},
         "not both"},
        {{.find_psk = no_psk}, "needs a name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refuse_options(&rows[i].options, rows[i].words);
    setup_end(&setup);
}

TEST(tls_hosts_must_be_names_or_addresses) {
    static const char *const bad[] = {"",    ".",      "..",       "a b",      ".a",
                                      "[a]", "a/b",    "a:1",      "\xc3\xa4", "a\n",
                                      "a@b", "*.test", "1.2.3.4 ", "1.2.3.4/8"};
    setup_t setup;
    port_tls_t *tls;
    side_t side = {NULL, NULL, NULL, 0};
    char longest[260];
    setup_make(&setup);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(port_tls_open(&tls, setup.client, bad[i], &wire_carrier, &side),
                 MK_EINVAL);
    CHECK_EQ(port_tls_open(&tls, setup.client, NULL, &wire_carrier, &side), MK_EINVAL);
    memset(longest, 'a', sizeof longest);
    longest[254] = '\0';
    CHECK_EQ(port_tls_open(&tls, setup.client, longest, &wire_carrier, &side),
             MK_EINVAL);
    longest[253] = '\0';
    CHECK_EQ(port_tls_open(&tls, setup.client, longest, &wire_carrier, &side), MK_OK);
    port_tls_close(tls);
    setup_end(&setup);
}

TEST_TABLE(trust, TEST_ROW(tls_the_certificate_must_be_for_the_host),
           TEST_ROW(tls_the_certificate_must_be_valid_now),
           TEST_ROW(tls_somebody_trusted_must_vouch),
           TEST_ROW(tls_who_is_trusted_by_name_needs_nobody_above),
           TEST_ROW(tls_servers_may_ask_for_certificates),
           TEST_ROW(tls_bad_options_are_refused_in_words),
           TEST_ROW(tls_hosts_must_be_names_or_addresses))
