/* SPDX-License-Identifier: Apache-2.0 */
/* Resumption, tickets and their keys, and a certificate that changes. */
#include "tls/setup.h"

#include "microkernel/limits.h"

enum { NS_PER_S = 1000000000 };

/* Join, let the ticket arrive, part. True: the server's session was resumed. */
static bool visit(port_tls_config_t *client, const char *host,
                  port_tls_config_t *server) {
    pair_t pair;
    port_tls_facts_t at_client, at_server;
    pair_join(&pair, client, host, server);
    port_tls_facts(pair.client.tls, &at_client);
    port_tls_facts(pair.server.tls, &at_server);
    CHECK_EQ(at_client.is_resumed, at_server.is_resumed);
    pair_say(&pair.server, &pair.client, "a ticket comes before this");
    pair_part(&pair);
    pair_close(&pair);
    return at_server.is_resumed;
}

TEST(tls_sessions_are_resumed) {
    setup_t setup;
    setup_make(&setup);
    CHECK(!visit(setup.client, HOST, setup.server));
    CHECK(visit(setup.client, HOST, setup.server));
    CHECK(visit(setup.client, HOST, setup.server));
    CHECK(!visit(setup.client, "127.0.0.1", setup.server)); /* another host */
    CHECK(visit(setup.client, "127.0.0.1", setup.server));
    CHECK(visit(setup.client, HOST, setup.server));
    port_tls_config_t *other = make_client(&setup.root);
    CHECK(!visit(other, HOST, setup.server)); /* kept by the config */
    port_tls_config_release(other);
    other = make_server(&setup.own);
    CHECK(!visit(setup.client, HOST, other)); /* another server's key: falls back */
    port_tls_config_release(other);
    setup_end(&setup);
}

/* A ticket is used once: two connections at a time need two. */
TEST(tls_a_ticket_is_used_once) {
    setup_t setup;
    pair_t pair;
    port_tls_t *second;
    port_tls_facts_t facts;
    side_t side = {NULL, NULL, NULL, 0};
    setup_make(&setup);
    CHECK(!visit(setup.client, HOST, setup.server));
    CHECK_EQ(port_tls_open(&second, setup.client, HOST, &wire_carrier, &side), MK_OK);
    pair_join(&pair, setup.client, HOST, setup.server);
    port_tls_facts(pair.server.tls, &facts);
    CHECK(!facts.is_resumed);
    pair_close(&pair);
    port_tls_close(second);
    setup_end(&setup);
}

TEST(tls_cut_connections_leave_no_session) {
    setup_t setup;
    pair_t pair;
    setup_make(&setup);
    pair_join(&pair, setup.client, HOST, setup.server);
    pair_say(&pair.server, &pair.client, "x");
    pair_close(&pair); /* without a goodbye */
    CHECK(!visit(setup.client, HOST, setup.server));
    setup_end(&setup);
}

TEST(tls_ticket_keys_change) {
    setup_t setup;
    setup_make(&setup);
    CHECK(!visit(setup.client, HOST, setup.server));
    sim_advance((uint64_t)MK_TLS_TICKET_S * NS_PER_S);
    CHECK(visit(setup.client, HOST, setup.server)); /* by the key before */
    sim_advance((uint64_t)MK_TLS_TICKET_S * NS_PER_S);
    CHECK(visit(setup.client, HOST, setup.server));
    sim_advance(2 * (uint64_t)MK_TLS_TICKET_S * NS_PER_S);
    CHECK(!visit(setup.client, HOST, setup.server)); /* both keys are gone */
    CHECK(visit(setup.client, HOST, setup.server));
    setup_end(&setup);
}

TEST(tls_only_the_newest_sessions_are_kept) {
    setup_t setup;
    char host[32];
    setup_named(&setup, "DNS:*.server.test");
    for (unsigned i = 0; i <= MK_TLS_SESSIONS; i++) {
        mk_writer_t out;
        writer_init(&out, host, sizeof host);
        writer_format(&out, "h%u.server.test", i);
        CHECK(!visit(setup.client, host, setup.server));
    }
    CHECK(visit(setup.client, "h1.server.test", setup.server));
    CHECK(!visit(setup.client, "h0.server.test", setup.server));
    setup_end(&setup);
}

/* Whom the server says it is, seen by a client that keeps no session. */
static void check_name(const setup_t *setup, const char *want) {
    pair_t pair;
    char name[64];
    mk_writer_t out;
    port_tls_config_t *client = make_client(&setup->root);
    pair_join(&pair, client, HOST, setup->server);
    writer_init(&out, name, sizeof name);
    port_tls_peer_name(pair.client.tls, &out);
    CHECK_STR(name, want);
    pair_close(&pair);
    port_tls_config_release(client);
}

TEST(tls_the_certificate_changes_while_connections_live) {
    setup_t setup;
    pair_t pair;
    identity_t fresh, rsa, bad;
    char text[256];
    mk_writer_t why;
    setup_make(&setup);
    CHECK(!visit(setup.client, HOST, setup.server));
    pair_join(&pair, setup.client, HOST, setup.server);
    pair_say(&pair.client, &pair.server, "before");
    cert_make(&fresh, &(cert_spec_t){.alternatives = "DNS:fresh.test,DNS:" HOST},
              &setup.root);
    check_name(&setup, HOST);
    CHECK_EQ(
        port_tls_config_reload(setup.server, cert_text(&fresh), cert_key(&fresh), NULL),
        MK_OK);
    pair_say(&pair.client, &pair.server, "after");
    pair_say(&pair.server, &pair.client, "after");
    check_name(&setup, "fresh.test");
    /* Another kind of key: the old certificate is forgotten. */
    cert_make(&rsa,
              &(cert_spec_t){.alternatives = "DNS:rsa.test,DNS:" HOST, .is_rsa = true},
              &setup.root);
    CHECK_EQ(
        port_tls_config_reload(setup.server, cert_text(&rsa), cert_key(&rsa), NULL),
        MK_OK);
    check_name(&setup, "rsa.test");
    /* What cannot be used changes nothing. */
    bad = fresh;
    memcpy(bad.key, setup.own.key, sizeof bad.key);
    writer_init(&why, text, sizeof text);
    CHECK_EQ(
        port_tls_config_reload(setup.server, cert_text(&bad), cert_key(&bad), &why),
        MK_EINVAL);
    CHECK_STR(text, "the key does not belong to the certificate");
    CHECK_EQ(port_tls_config_reload(setup.server, text_of(""), text_of(""), NULL),
             MK_EINVAL);
    check_name(&setup, "rsa.test");
    pair_say(&pair.client, &pair.server, "still there");
    pair_part(&pair);
    pair_close(&pair);
    /* Tickets go on: their keys are the config's. */
    CHECK(visit(setup.client, HOST, setup.server));
    setup_end(&setup);
}

TEST(tls_connections_hold_their_config) {
    setup_t setup;
    pair_t pair;
    setup_make(&setup);
    pair_join(&pair, setup.client, HOST, setup.server);
    setup_end(&setup);
    pair_say(&pair.client, &pair.server, "still there");
    pair_say(&pair.server, &pair.client, "me too");
    pair_close(&pair);
}

TEST_TABLE(sessions, TEST_ROW(tls_sessions_are_resumed),
           TEST_ROW(tls_a_ticket_is_used_once),
           TEST_ROW(tls_cut_connections_leave_no_session),
           TEST_ROW(tls_ticket_keys_change),
           TEST_ROW(tls_only_the_newest_sessions_are_kept),
           TEST_ROW(tls_the_certificate_changes_while_connections_live),
           TEST_ROW(tls_connections_hold_their_config))
