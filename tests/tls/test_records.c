/* SPDX-License-Identifier: Apache-2.0 */
/* What flows after the handshake: data, back-pressure, ends, and floods. */
#include "tls/raw.h"

#include "base/prng.h"
#include "microkernel/limits.h"

enum { RECORD = 16384, TOGETHER = 4 * RECORD, BULK = 300000 };

static uint8_t bulk[BULK], got[BULK];

static void fill_bulk(void) {
    for (size_t i = 0; i < BULK; i++)
        bulk[i] = (uint8_t)((i * 131 + i / 509) & 0xff);
}

TEST(tls_any_sizes_arrive_whole_and_in_order) {
    setup_t setup;
    pair_t pair;
    prng_t prng;
    fill_bulk();
    setup_make(&setup);
    for (uint64_t seed = 1; seed <= 10; seed++) {
        size_t written = 0, read = 0;
        prng_init(&prng, seed);
        pair_join(&pair, setup.client, HOST, setup.server);
        while (read < BULK) {
            pair.up.write_max = prng_below(&prng, 20000);
            pair.up.read_max = prng_below(&prng, 20000);
            if (written < BULK) {
                size_t size = 1 + prng_below(&prng, 2 * TOGETHER);
                if (size > BULK - written) size = BULK - written;
                int taken = port_tls_write(pair.client.tls, bulk + written, size);
                CHECK(taken == MK_EAGAIN || (taken > 0 && taken <= TOGETHER));
                if (taken > 0) written += (size_t)taken;
            } else {
                port_tls_flush(pair.client.tls);
            }
            int n = port_tls_read(pair.server.tls, got + read,
                                  1 + prng_below(&prng, BULK - read));
            CHECK(n > 0 || n == MK_EAGAIN);
            if (n > 0) read += (size_t)n;
        }
        CHECK_MEM(got, bulk, BULK);
        CHECK(!port_tls_has_output(pair.client.tls));
        pair_close(&pair);
    }
    setup_end(&setup);
}

TEST(tls_a_full_carrier_stops_the_writer) {
    setup_t setup;
    pair_t pair;
    fill_bulk();
    setup_make(&setup);
    pair_join(&pair, setup.client, HOST, setup.server);
    CHECK(port_tls_read(pair.client.tls, got, 1) == MK_EAGAIN); /* the ticket */
    pair.up.write_max = 0;
    size_t blocks = test_live_blocks();
    CHECK_EQ(port_tls_write(pair.client.tls, bulk, BULK), TOGETHER);
    CHECK(port_tls_has_output(pair.client.tls));
    CHECK_EQ(port_tls_flush(pair.client.tls), MK_EAGAIN);
    for (unsigned i = 0; i < 100; i++) /* other bytes each time: nothing is mixed up */
        CHECK_EQ(port_tls_write(pair.client.tls, got + i, 1 + i), MK_EAGAIN);
    CHECK_EQ(test_live_blocks(), blocks + 1);
    CHECK_EQ(port_tls_read(pair.client.tls, got, 1), MK_EAGAIN); /* reading goes on */
    pair.up.write_max = SIZE_MAX;
    CHECK_EQ(port_tls_flush(pair.client.tls), MK_OK);
    CHECK_EQ(test_live_blocks(), blocks);
    for (size_t at = 0; at < TOGETHER; at += RECORD)
        CHECK_EQ(port_tls_read(pair.server.tls, got + at, BULK - at), RECORD);
    CHECK_MEM(got, bulk, TOGETHER);
    pair_say(&pair.client, &pair.server, "and on");
    pair_close(&pair);
    setup_end(&setup);
}

TEST(tls_an_end_without_goodbye_is_told) {
    setup_t setup;
    pair_t pair;
    setup_make(&setup);
    for (size_t lost = 0; lost < 8; lost++) {
        pair_join(&pair, setup.client, HOST, setup.server);
        CHECK_EQ(port_tls_write(pair.client.tls, "important", 9), 9);
        pair.up.cut_at = pair.up.end - lost; /* in the record, or behind it */
        if (lost == 0) {
            CHECK_EQ(port_tls_read(pair.server.tls, got, 100), 9);
        }
        CHECK_EQ(port_tls_read(pair.server.tls, got, 100), MK_ECLOSED);
        check_says(port_tls_why(pair.server.tls), "data may be missing");
        pair_close(&pair);
    }
    setup_end(&setup);
}

TEST(tls_each_direction_ends_by_itself) {
    setup_t setup;
    pair_t pair;
    setup_make(&setup);
    pair_join(&pair, setup.client, HOST, setup.server);
    CHECK_EQ(port_tls_finish(pair.client.tls), MK_OK);
    CHECK_EQ(port_tls_finish(pair.client.tls), MK_OK);
    CHECK_EQ(port_tls_read(pair.server.tls, got, 1), MK_EEND);
    CHECK_EQ(port_tls_read(pair.server.tls, got, 1), MK_EEND);
    pair_say(&pair.server, &pair.client, "the answer still comes");
    CHECK_EQ(port_tls_write(pair.client.tls, "x", 1), MK_ESTATE);
    CHECK_EQ(port_tls_finish(pair.server.tls), MK_OK);
    CHECK_EQ(port_tls_read(pair.client.tls, got, 1), MK_EEND);
    pair_close(&pair);
    setup_end(&setup);
}

TEST(tls_changed_records_are_refused) {
    setup_t setup;
    pair_t pair;
    setup_make(&setup);
    for (size_t at = 0; at < 31; at++) {
        pair_join(&pair, setup.client, HOST, setup.server);
        pair.up.at = pair.up.end = 0;
        pair.up.flip_at = at;
        CHECK_EQ(port_tls_write(pair.client.tls, "important", 9), 9);
        CHECK_EQ(pair.up.end, 31);
        int result = port_tls_read(pair.server.tls, got, 100);
        /* A length that was made longer waits for more. */
        CHECK(result == MK_EBADMSG || (result == MK_EAGAIN && at >= 3 && at <= 4));
        pair_close(&pair);
    }
    setup_end(&setup);
}

TEST(tls_longer_records_than_allowed_are_refused) {
    setup_t setup;
    pair_t pair;
    setup_make(&setup);
    pair_join(&pair, setup.client, HOST, setup.server);
    static const uint8_t head[] = {0x17, 3, 3, 0x48, 0};
    memcpy(pair.up.bytes, head, sizeof head);
    pair.up.at = 0;
    pair.up.end = 0x4800;
    CHECK_EQ(port_tls_read(pair.server.tls, got, 100), MK_EBADMSG);
    pair_close(&pair);
    setup_end(&setup);
}

TEST(tls_version_12_works) {
    setup_t setup;
    pair_t pair;
    raw_t raw;
    port_tls_facts_t facts;
    setup_make(&setup);
    pair_open(&pair, setup.client, HOST, setup.server);
    raw_init(&raw, NULL, TLS1_2_VERSION, TLS1_2_VERSION);
    raw_open(&raw, &pair);
    raw_shake(&raw, &pair.server);
    CHECK_EQ(pair.server.result, MK_OK);
    port_tls_facts(pair.server.tls, &facts);
    CHECK_STR(facts.version, "TLSv1.2");
    CHECK_STR(facts.suite, "ECDHE-ECDSA-AES128-GCM-SHA256");
    raw_write(&raw, "hello", 5);
    CHECK_EQ(port_tls_read(pair.server.tls, got, 100), 5);
    CHECK_EQ(port_tls_write(pair.server.tls, "hello", 5), 5);
    CHECK_EQ(raw_read(&raw, got, 100), 5);
    raw_deinit(&raw);
    pair_close(&pair);
    setup_end(&setup);
}

TEST(tls_version_12_sessions_are_resumed_by_the_client) {
    setup_t setup;
    raw_t raw;
    setup_make(&setup);
    raw_init(&raw, &setup.own, TLS1_2_VERSION, TLS1_2_VERSION);
    for (unsigned i = 0; i < 4; i++) {
        pair_t pair;
        port_tls_facts_t facts;
        pair_open(&pair, setup.client, HOST, setup.server);
        raw_open(&raw, &pair);
        raw_shake(&raw, &pair.client);
        CHECK_EQ(pair.client.result, MK_OK);
        port_tls_facts(pair.client.tls, &facts);
        CHECK_EQ(facts.is_resumed, i > 0);
        CHECK_EQ(port_tls_finish(pair.client.tls), MK_OK);
        raw_close(&raw);
        pair_close(&pair);
    }
    raw_deinit(&raw);
    setup_end(&setup);
}

TEST(tls_old_versions_and_suites_are_refused) {
    static const struct {
        int version;
        const char *suites; /* NULL: all */
    } rows[] = {
        {TLS1_VERSION, "ALL:@SECLEVEL=0"},
        {TLS1_1_VERSION, "ALL:@SECLEVEL=0"},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA"},
        {TLS1_2_VERSION, "AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256"},
    };
    setup_t setup;
    setup_make(&setup);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pair_t pair;
        raw_t raw;
        pair_open(&pair, setup.client, HOST, setup.server);
        raw_init(&raw, NULL, rows[i].version, rows[i].version);
        CHECK_EQ(SSL_CTX_set_cipher_list(raw.ctx, rows[i].suites), 1);
        raw_open(&raw, &pair);
        raw_shake(&raw, &pair.server);
        CHECK_EQ(pair.server.result, MK_EBADMSG);
        CHECK(port_tls_why(pair.server.tls)[0] != '\0');
        raw_deinit(&raw);
        pair_close(&pair);
    }
    setup_end(&setup);
}

TEST(tls_peers_cannot_renegotiate) {
    setup_t setup;
    pair_t pair;
    raw_t raw;
    setup_make(&setup);
    pair_open(&pair, setup.client, HOST, setup.server);
    raw_init(&raw, NULL, TLS1_2_VERSION, TLS1_2_VERSION);
    raw_open(&raw, &pair);
    raw_shake(&raw, &pair.server);
    CHECK_EQ(pair.server.result, MK_OK);
    pair.down.write_max = 0; /* the answers pile up */
    int result = MK_EAGAIN;
    unsigned count = 0;
    for (; result == MK_EAGAIN && count < 10000; count++) {
        size_t before = pair.up.end;
        CHECK_EQ(SSL_renegotiate(raw.ssl), 1);
        (void)SSL_do_handshake(raw.ssl);
        raw_pump(&raw);
        if (pair.up.end == before && pair.up.at == pair.up.end) break;
        result = port_tls_read(pair.server.tls, got, 100);
    }
    CHECK(count < 100); /* it is refused, or the flood is cut off */
    raw_deinit(&raw);
    pair_close(&pair);
    setup_end(&setup);
}

/* The raw client asks for `count` new keys; the last result of our reading. */
static int update_keys(raw_t *raw, pair_t *pair, unsigned count, int kind) {
    for (unsigned i = 0; i < count; i++) {
        CHECK_EQ(SSL_key_update(raw->ssl, kind), 1);
        CHECK_EQ(SSL_do_handshake(raw->ssl), 1);
    }
    raw_pump(raw);
    return port_tls_read(pair->server.tls, got, 100);
}

TEST(tls_floods_of_key_updates_are_cut_off) {
    setup_t setup;
    setup_make(&setup);
    for (unsigned way = 0; way < 2; way++) {
        pair_t pair;
        raw_t raw;
        pair_open(&pair, setup.client, HOST, setup.server);
        raw_init(&raw, NULL, TLS1_3_VERSION, TLS1_3_VERSION);
        raw_open(&raw, &pair);
        raw_shake(&raw, &pair.server);
        CHECK_EQ(pair.server.result, MK_OK);
        /* As many as are allowed, with data between: for ever. */
        for (unsigned i = 0; i < 3; i++) {
            CHECK_EQ(update_keys(&raw, &pair, MK_TLS_IDLE_MESSAGES,
                                 SSL_KEY_UPDATE_REQUESTED),
                     MK_EAGAIN);
            raw_write(&raw, "data", 4);
            CHECK_EQ(port_tls_read(pair.server.tls, got, 100), 4);
            CHECK_EQ(port_tls_write(pair.server.tls, "data", 4), 4);
            CHECK_EQ(raw_read(&raw, got, 100), 4);
        }
        /* One more, in one piece or bit by bit; the rest is not even looked at. */
        if (way == 0) {
            CHECK_EQ(update_keys(&raw, &pair, 3000, SSL_KEY_UPDATE_REQUESTED),
                     MK_EBADMSG);
        } else {
            CHECK_EQ(update_keys(&raw, &pair, MK_TLS_IDLE_MESSAGES,
                                 SSL_KEY_UPDATE_NOT_REQUESTED),
                     MK_EAGAIN);
            CHECK_EQ(update_keys(&raw, &pair, 1, SSL_KEY_UPDATE_NOT_REQUESTED),
                     MK_EBADMSG);
        }
        check_says(port_tls_why(pair.server.tls), "too much that is not data");
        CHECK_EQ(port_tls_read(pair.server.tls, got, 100), MK_EBADMSG);
        raw_deinit(&raw);
        pair_close(&pair);
    }
    setup_end(&setup);
}

TEST(tls_floods_of_tickets_are_cut_off) {
    setup_t setup;
    pair_t pair;
    raw_t raw;
    setup_make(&setup);
    raw_init(&raw, &setup.own, TLS1_3_VERSION, TLS1_3_VERSION);
    pair_open(&pair, setup.client, HOST, setup.server);
    raw_open(&raw, &pair);
    raw_shake(&raw, &pair.client);
    CHECK_EQ(pair.client.result, MK_OK);
    for (unsigned i = 0; i < 200; i++) {
        CHECK_EQ(SSL_new_session_ticket(raw.ssl), 1);
        CHECK_EQ(SSL_do_handshake(raw.ssl), 1);
    }
    raw_pump(&raw);
    CHECK_EQ(port_tls_read(pair.client.tls, got, 100), MK_EBADMSG);
    check_says(port_tls_why(pair.client.tls), "too much that is not data");
    raw_deinit(&raw);
    pair_close(&pair);
    setup_end(&setup);
}

TEST_TABLE(records, TEST_ROW(tls_any_sizes_arrive_whole_and_in_order),
           TEST_ROW(tls_a_full_carrier_stops_the_writer),
           TEST_ROW(tls_an_end_without_goodbye_is_told),
           TEST_ROW(tls_each_direction_ends_by_itself),
           TEST_ROW(tls_changed_records_are_refused),
           TEST_ROW(tls_longer_records_than_allowed_are_refused),
           TEST_ROW(tls_version_12_works),
           TEST_ROW(tls_version_12_sessions_are_resumed_by_the_client),
           TEST_ROW(tls_old_versions_and_suites_are_refused),
           TEST_ROW(tls_peers_cannot_renegotiate),
           TEST_ROW(tls_floods_of_key_updates_are_cut_off),
           TEST_ROW(tls_floods_of_tickets_are_cut_off))
