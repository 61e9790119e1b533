/* SPDX-License-Identifier: Apache-2.0 */
/* Pre-shared keys: both sides must have the same, and nothing else will do. */
#include "tls/setup.h"

#define KEY_NAME "cluster"

typedef struct {
    const char *identity; /* the only one that is known */
    const char *key;
} keyring_t;

static size_t find_key(void *ctx, text_t identity, uint8_t key[PORT_TLS_PSK_MAX]) {
    const keyring_t *ring = ctx;
    if (!text_is(identity, ring->identity)) return 0;
    memcpy(key, ring->key, strlen(ring->key));
    return strlen(ring->key);
}

static port_tls_config_t *make_keyed(keyring_t *ring, const char *identity) {
    return make_config(&(port_tls_options_t){.is_server = !identity,
                                             .find_psk = find_key,
                                             .psk_ctx = ring,
                                             .psk_identity = text_of(identity)});
}

static const char *const key_a = "0123456789abcdef0123456789abcdef";
static const char *const key_b = "0123456789abcdef0123456789abcdeX";

/* Shake hands; what each side says about it. */
static void shake_keyed(port_tls_config_t *client, const char *host,
                        port_tls_config_t *server, int client_result,
                        const char *client_words, int server_result,
                        const char *server_words) {
    pair_t pair;
    pair_open(&pair, client, host, server);
    pair_shake(&pair);
    CHECK_EQ(pair.client.result, client_result);
    check_says(port_tls_why(pair.client.tls), client_words);
    CHECK_EQ(pair.server.result, server_result);
    check_says(port_tls_why(pair.server.tls), server_words);
    pair_close(&pair);
    port_tls_config_release(client);
    port_tls_config_release(server);
}

TEST(tls_psk_both_sides_have_it) {
    keyring_t ring = {KEY_NAME, key_a};
    pair_t pair;
    port_tls_facts_t facts;
    sim_reset(1);
    port_tls_config_t *client = make_keyed(&ring, KEY_NAME);
    port_tls_config_t *server = make_keyed(&ring, NULL);
    pair_join(&pair, client, NULL, server);
    port_tls_facts(pair.server.tls, &facts);
    CHECK(facts.is_keyed && !facts.is_resumed && !facts.has_peer);
    CHECK_STR(facts.version, "TLSv1.3");
    CHECK_STR(facts.suite, "TLS_AES_128_GCM_SHA256");
    pair_say(&pair.client, &pair.server, "hello");
    pair_say(&pair.server, &pair.client, "hello");
    CHECK_EQ(port_tls_config_reload(server, text_of("x"), text_of("y"), NULL),
             MK_EINVAL);
    pair_part(&pair);
    pair_close(&pair);
    pair_join(&pair, client, HOST, server); /* and again: a host does no harm */
    port_tls_facts(pair.server.tls, &facts);
    CHECK(facts.is_keyed && !facts.is_resumed);
    pair_close(&pair);
    port_tls_config_release(client);
    port_tls_config_release(server);
}

TEST(tls_psk_wrong_key) {
    keyring_t here = {KEY_NAME, key_a}, there = {KEY_NAME, key_b};
    sim_reset(1);
    shake_keyed(make_keyed(&here, KEY_NAME), NULL, make_keyed(&there, NULL),
                MK_EREFUSED, "is the pre-shared key the same on both sides?", MK_EPERM,
                "the pre-shared keys differ");
}

TEST(tls_psk_unknown_identity) {
    keyring_t here = {"mine", key_a}, there = {KEY_NAME, key_a};
    sim_reset(1);
    shake_keyed(make_keyed(&here, "mine"), NULL, make_keyed(&there, NULL), MK_EREFUSED,
                "is the pre-shared key the same on both sides?", MK_EPERM,
                "no pre-shared key of that identity");
}

TEST(tls_psk_the_client_has_none) {
    keyring_t here = {"other", key_a}, there = {KEY_NAME, key_a};
    sim_reset(1);
    shake_keyed(make_keyed(&here, KEY_NAME), NULL, make_keyed(&there, NULL), MK_EPERM,
                "no pre-shared key of that identity", MK_EBADMSG, "");
}

TEST(tls_psk_short_keys_are_none) {
    keyring_t ring = {KEY_NAME, "0123456789abcde"};
    sim_reset(1);
    shake_keyed(make_keyed(&ring, KEY_NAME), NULL, make_keyed(&ring, NULL), MK_EPERM,
                "no pre-shared key", MK_EBADMSG, "");
}

TEST(tls_psk_a_certificate_is_no_answer) {
    keyring_t ring = {KEY_NAME, key_a};
    setup_t setup;
    setup_make(&setup);
    shake_keyed(make_keyed(&ring, KEY_NAME), HOST, make_server(&setup.own), MK_EPERM,
                "the server does not know the pre-shared key 'cluster'", MK_EREFUSED,
                "the peer refused");
    setup_end(&setup);
}

TEST(tls_psk_a_client_without_one_is_refused) {
    keyring_t ring = {KEY_NAME, key_a};
    setup_t setup;
    setup_make(&setup);
    shake_keyed(make_client(&setup.root), HOST, make_keyed(&ring, NULL), MK_EREFUSED,
                "the peer refused", MK_EBADMSG, "");
    setup_end(&setup);
}

/* A recorded handshake is of no use: the server's part of the key is new each time. */
TEST(tls_psk_replay_is_refused) {
    static uint8_t recorded[65536];
    keyring_t ring = {KEY_NAME, key_a};
    pair_t pair;
    sim_reset(1);
    port_tls_config_t *client = make_keyed(&ring, KEY_NAME);
    port_tls_config_t *server = make_keyed(&ring, NULL);
    pair_open(&pair, client, NULL, server);
    pair.up.cut_at = SIZE_MAX - 1; /* keeps all of it */
    pair_shake(&pair);
    pair_say(&pair.client, &pair.server, "open the door");
    size_t size = pair.up.end;
    CHECK(size < sizeof recorded);
    memcpy(recorded, pair.up.bytes, size);
    pair_close(&pair);
    pair_open(&pair, client, NULL, server);
    memcpy(pair.up.bytes, recorded, size);
    pair.up.end = size;
    CHECK_EQ(port_tls_handshake(pair.server.tls), MK_EBADMSG);
    CHECK(port_tls_why(pair.server.tls)[0] != '\0');
    pair_close(&pair);
    port_tls_config_release(client);
    port_tls_config_release(server);
}

TEST_TABLE(psk, TEST_ROW(tls_psk_both_sides_have_it), TEST_ROW(tls_psk_wrong_key),
           TEST_ROW(tls_psk_unknown_identity), TEST_ROW(tls_psk_the_client_has_none),
           TEST_ROW(tls_psk_short_keys_are_none),
           TEST_ROW(tls_psk_a_certificate_is_no_answer),
           TEST_ROW(tls_psk_a_client_without_one_is_refused),
           TEST_ROW(tls_psk_replay_is_refused))
