/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes that succeed and those that must not: in any pieces, cut, reset and
 * changed at every byte. */
#include "tls/setup.h"

TEST(tls_peers_agree_and_talk) {
    setup_t setup;
    pair_t pair;
    port_tls_facts_t facts;
    setup_make(&setup);
    pair_join(&pair, setup.client, HOST, setup.server);
    port_tls_facts(pair.server.tls, &facts);
    CHECK_STR(facts.version, "TLSv1.3");
    CHECK_STR(facts.suite, "TLS_AES_128_GCM_SHA256");
    CHECK(text_is(facts.server_name, HOST));
    CHECK_EQ(facts.alpn.size, 0);
    CHECK(!facts.has_peer && !facts.is_keyed && !facts.is_resumed);
    port_tls_facts(pair.client.tls, &facts);
    CHECK(facts.has_peer);
    char name[64];
    mk_writer_t out;
    writer_init(&out, name, sizeof name);
    port_tls_peer_name(pair.client.tls, &out);
    CHECK_STR(name, HOST);
    pair_say(&pair.client, &pair.server, "hello");
    pair_say(&pair.server, &pair.client, "hello yourself");
    pair_part(&pair);
    CHECK_EQ(port_tls_write(pair.client.tls, "x", 1), MK_ESTATE);
    CHECK_EQ(pair.client.result, MK_OK);
    CHECK_EQ(port_tls_handshake(pair.client.tls), MK_OK);
    pair_close(&pair);
    setup_end(&setup);
}

TEST(tls_nothing_but_the_handshake_before_it_is_done) {
    setup_t setup;
    pair_t pair;
    char byte;
    setup_make(&setup);
    pair_open(&pair, setup.client, HOST, setup.server);
    CHECK_EQ(port_tls_read(pair.client.tls, &byte, 1), MK_ESTATE);
    CHECK_EQ(port_tls_write(pair.client.tls, "x", 1), MK_ESTATE);
    CHECK_EQ(port_tls_finish(pair.client.tls), MK_ESTATE);
    CHECK(!port_tls_has_input(pair.client.tls));
    CHECK(!port_tls_has_output(pair.client.tls));
    CHECK_STR(port_tls_why(pair.client.tls), "");
    CHECK_EQ(pair.up.end, 0);
    pair_close(&pair);
    setup_end(&setup);
}

TEST(tls_byte_by_byte) {
    setup_t setup;
    pair_t pair;
    setup_make(&setup);
    pair_open(&pair, setup.client, HOST, setup.server);
    pair.up.read_max = pair.down.read_max = 1;
    pair.up.write_max = pair.down.write_max = 1;
    pair_shake(&pair);
    CHECK_EQ(pair.client.result, MK_OK);
    CHECK_EQ(pair.server.result, MK_OK);
    pair_say(&pair.client, &pair.server, "one by one");
    pair_say(&pair.server, &pair.client, "as slow as that");
    pair_close(&pair);
    setup_end(&setup);
}

/* Bytes of both directions of one handshake. Signatures differ by some bytes from one
 * to the next. */
static void measure(const setup_t *setup, size_t *up, size_t *down) {
    pair_t pair;
    pair_open(&pair, setup->client, HOST, setup->server);
    pair.up.cut_at = pair.down.cut_at =
        SIZE_MAX - 1; /* keeps the wires from wrapping */
    pair_shake(&pair);
    CHECK_EQ(pair.server.result, MK_OK);
    *up = pair.up.end;
    *down = pair.down.end;
    pair_close(&pair);
}

TEST(tls_handshake_split_at_every_offset) {
    setup_t setup;
    size_t size[2];
    setup_make(&setup);
    measure(&setup, &size[0], &size[1]);
    CHECK(size[0] > 200 && size[1] > 500);
    for (unsigned direction = 0; direction < 2; direction++)
        for (size_t at = 0; at < size[direction]; at++) {
            pair_t pair;
            pair_open(&pair, setup.client, HOST, setup.server);
            (direction == 0 ? &pair.up : &pair.down)->stop_at = at;
            pair_shake(&pair);
            CHECK_EQ(pair.client.result, MK_OK);
            CHECK_EQ(pair.server.result, MK_OK);
            pair_close(&pair);
        }
    setup_end(&setup);
}

/* The side that reads the broken wire fails with the code, says why, and stays failed.
 */
static void break_handshake(const setup_t *setup, unsigned direction, size_t at,
                            int wire_error, int want) {
    pair_t pair;
    char byte;
    pair_open(&pair, setup->client, HOST, setup->server);
    wire_t *wire = direction == 0 ? &pair.up : &pair.down;
    side_t *side = direction == 0 ? &pair.server : &pair.client;
    wire->cut_at = at;
    wire->cut_error = wire_error;
    pair_shake(&pair);
    CHECK_EQ(side->result, want);
    CHECK(port_tls_why(side->tls)[0] != '\0');
    CHECK_EQ(port_tls_handshake(side->tls), want);
    CHECK_EQ(port_tls_read(side->tls, &byte, 1), want);
    CHECK_EQ(port_tls_write(side->tls, "x", 1), want);
    CHECK_EQ(port_tls_finish(side->tls), want);
    pair_close(&pair);
}

TEST(tls_handshake_cut_or_reset_at_every_offset) {
    setup_t setup;
    size_t size[2];
    setup_make(&setup);
    measure(&setup, &size[0], &size[1]);
    /* What the client still gets after it is done is a ticket. */
    size[1] -= 400;
    for (unsigned direction = 0; direction < 2; direction++)
        for (size_t at = 0; at + 8 < size[direction]; at += at < 16 ? 1 : 7) {
            break_handshake(&setup, direction, at, MK_EEND, MK_ECLOSED);
            break_handshake(&setup, direction, at, MK_ETIMEOUT, MK_ETIMEOUT);
        }
    setup_end(&setup);
}

TEST(tls_handshake_changed_at_every_byte_never_succeeds_on_both_sides) {
    setup_t setup;
    size_t size[2];
    setup_make(&setup);
    measure(&setup, &size[0], &size[1]);
    size[1] -= 400;
    for (unsigned direction = 0; direction < 2; direction++)
        for (size_t at = 0; at + 8 < size[direction]; at += 3) {
            pair_t pair;
            pair_open(&pair, setup.client, HOST, setup.server);
            (direction == 0 ? &pair.up : &pair.down)->flip_at = at;
            pair_shake(&pair);
            /* The version of a record is not looked at (RFC 8446, 5.1). */
            bool is_whole = pair.client.result == MK_OK && pair.server.result == MK_OK;
            CHECK(!is_whole || (at >= 1 && at <= 2));
            pair_close(&pair);
        }
    setup_end(&setup);
}

TEST(tls_what_is_not_tls_is_refused) {
    static const struct {
        const char *bytes;
        const char *words;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP"},
        {"SSH-2.0-OpenSSH_9.2\r\n", "not TLS"},
        {"\x16\x03\x01\xff\xff\x01\x02\x03\x04\x05\x06", ""},
        {"\x80\x09\x01\x03\x01\x15\x20\x20\x20\x20\x20", ""},
    };
    setup_t setup;
    setup_make(&setup);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pair_t pair;
        pair_open(&pair, setup.client, HOST, setup.server);
        memcpy(pair.up.bytes, rows[i].bytes, strlen(rows[i].bytes));
        pair.up.end = strlen(rows[i].bytes);
        CHECK_EQ(port_tls_handshake(pair.server.tls), MK_EBADMSG);
        check_says(port_tls_why(pair.server.tls), rows[i].words);
        pair_close(&pair);
    }
    setup_end(&setup);
}

TEST(tls_the_carrier_may_break_while_writing) {
    setup_t setup;
    pair_t pair;
    setup_make(&setup);
    pair_open(&pair, setup.client, HOST, setup.server);
    pair.up.write_error = MK_ECLOSED;
    pair_shake(&pair);
    CHECK_EQ(pair.client.result, MK_ECLOSED);
    CHECK_STR(port_tls_why(pair.client.tls), "closed by the other side");
    pair_close(&pair);
    pair_join(&pair, setup.client, HOST, setup.server);
    pair.up.write_error = MK_EIO;
    CHECK_EQ(port_tls_write(pair.client.tls, "x", 1), MK_EIO);
    CHECK_EQ(port_tls_write(pair.client.tls, "x", 1), MK_EIO);
    pair_close(&pair);
    setup_end(&setup);
}

TEST(tls_alpn_is_the_servers_choice) {
    static const char *const client_protocols[] = {"http/1.1", "h2"};
    static const char *const server_protocols[] = {"mk/1", "h2", "http/1.1"};
    setup_t setup;
    pair_t pair;
    port_tls_facts_t facts;
    setup_make(&setup);
    port_tls_config_t *client = make_config(&(port_tls_options_t){
        .roots = cert_text(&setup.root), .alpn = client_protocols, .alpn_len = 2});
    port_tls_config_t *server =
        make_config(&(port_tls_options_t){.is_server = true,
                                          .certificate = cert_text(&setup.own),
                                          .key = cert_key(&setup.own),
                                          .alpn = server_protocols,
                                          .alpn_len = 3});
    pair_join(&pair, client, HOST, server);
    port_tls_facts(pair.client.tls, &facts);
    CHECK(text_is(facts.alpn, "h2"));
    port_tls_facts(pair.server.tls, &facts);
    CHECK(text_is(facts.alpn, "h2"));
    pair_close(&pair);
    pair_join(&pair, client, HOST, setup.server); /* a server without any */
    port_tls_facts(pair.client.tls, &facts);
    CHECK_EQ(facts.alpn.size, 0);
    pair_close(&pair);
    pair_join(&pair, setup.client, HOST, server); /* a client without any */
    port_tls_facts(pair.server.tls, &facts);
    CHECK_EQ(facts.alpn.size, 0);
    pair_close(&pair);
    port_tls_config_release(client);
    port_tls_config_release(server);
    setup_end(&setup);
}

TEST(tls_no_common_protocol_is_told_to_both) {
    static const char *const client_protocols[] = {"http/1.1"};
    static const char *const server_protocols[] = {"mk/1"};
    setup_t setup;
    pair_t pair;
    setup_make(&setup);
    port_tls_config_t *client = make_config(&(port_tls_options_t){
        .roots = cert_text(&setup.root), .alpn = client_protocols, .alpn_len = 1});
    port_tls_config_t *server =
        make_config(&(port_tls_options_t){.is_server = true,
                                          .certificate = cert_text(&setup.own),
                                          .key = cert_key(&setup.own),
                                          .alpn = server_protocols,
                                          .alpn_len = 1});
    pair_open(&pair, client, HOST, server);
    pair_shake(&pair);
    CHECK_EQ(pair.server.result, MK_EBADMSG);
    check_says(port_tls_why(pair.server.tls), "no protocol in common");
    CHECK_EQ(pair.client.result, MK_EREFUSED);
    check_says(port_tls_why(pair.client.tls), "no application protocol");
    pair_close(&pair);
    port_tls_config_release(client);
    port_tls_config_release(server);
    setup_end(&setup);
}

TEST(tls_an_endless_handshake_is_cut_off) {
    setup_t setup;
    pair_t pair;
    setup_make(&setup);
    pair_open(&pair, setup.client, HOST, setup.server);
    CHECK_EQ(port_tls_handshake(pair.client.tls), MK_EAGAIN);
    /* Change-cipher-spec records are skipped before the handshake is done (RFC 8446,
     * appendix D.4), so a peer could go on for ever. */
    static const uint8_t record[] = {0x14, 3, 3, 0, 1, 1};
    size_t count = 0;
    int result = MK_EAGAIN;
    for (; result == MK_EAGAIN && count < 100000; count++) {
        memcpy(pair.down.bytes, record, sizeof record);
        pair.down.at = 0;
        pair.down.end = sizeof record;
        result = port_tls_handshake(pair.client.tls);
    }
    CHECK_EQ(result, MK_EBADMSG);
    CHECK(count * sizeof record <= 128u * 1024u + 1024u);
    pair_close(&pair);
    setup_end(&setup);
}

static void open_pair_or_not(void *arg) {
    setup_t *setup = arg;
    pair_t pair;
    pair_init(&pair);
    port_tls_config_t *config = NULL;
    int result = port_tls_config_create(
        &config, &(port_tls_options_t){.roots = cert_text(&setup->root)}, NULL);
    CHECK(result == MK_OK || result == MK_ENOMEM);
    if (result == MK_OK) {
        result =
            port_tls_open(&pair.client.tls, config, HOST, &wire_carrier, &pair.client);
        CHECK(result == MK_OK || result == MK_ENOMEM);
    }
    if (result == MK_OK) {
        result = port_tls_open(&pair.server.tls, setup->server, NULL, &wire_carrier,
                               &pair.server);
        CHECK(result == MK_OK || result == MK_ENOMEM);
    }
    if (result == MK_OK) {
        char byte;
        pair.down.write_max =
            100; /* makes the server keep some, then all of the rest */
        CHECK_EQ(port_tls_handshake(pair.client.tls), MK_EAGAIN);
        pair.server.result = port_tls_handshake(pair.server.tls);
        CHECK(pair.server.result == MK_EAGAIN || pair.server.result == MK_ENOMEM);
        CHECK(port_tls_why(pair.server.tls) != NULL);
        pair_shake(&pair);
        if (pair.server.result == MK_OK && pair.client.result == MK_OK)
            CHECK_EQ(port_tls_read(pair.client.tls, &byte, 1), MK_EAGAIN);
    }
    pair_close(&pair);
    port_tls_config_release(config);
}

TEST(tls_every_allocation_may_fail) {
    setup_t setup;
    setup_make(&setup);
    test_each_alloc_failure(open_pair_or_not, &setup);
    setup_end(&setup);
}

TEST_TABLE(handshake, TEST_ROW(tls_peers_agree_and_talk),
           TEST_ROW(tls_nothing_but_the_handshake_before_it_is_done),
           TEST_ROW(tls_byte_by_byte), TEST_ROW(tls_handshake_split_at_every_offset),
           TEST_ROW(tls_handshake_cut_or_reset_at_every_offset),
           TEST_ROW(tls_handshake_changed_at_every_byte_never_succeeds_on_both_sides),
           TEST_ROW(tls_what_is_not_tls_is_refused),
           TEST_ROW(tls_the_carrier_may_break_while_writing),
           TEST_ROW(tls_alpn_is_the_servers_choice),
           TEST_ROW(tls_no_common_protocol_is_told_to_both),
           TEST_ROW(tls_an_endless_handshake_is_cut_off),
           TEST_ROW(tls_every_allocation_may_fail))
