/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_tickets.c - the keys of session tickets, and their rotation.
 *
 * A ticket is a session sealed with a key that only this server has (RFC 5077, section
 * 4): nothing is stored. OpenSSL would keep one key for as long as the program runs,
 * and whoever gets it later could read all that was recorded. A key seals for
 * MK_TLS_TICKET_S, opens for as long again, which is how long a ticket lives, and is
 * then wiped; in TLS 1.3 a key exchange protects the data in any case. */
#include "openssl_impl.h"

#include "microkernel/limits.h"
#include "port/clock.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#define TICKET_NS ((uint64_t)MK_TLS_TICKET_S * UINT64_C(1000000000))

static bool make_key(ticket_key_t *key, uint64_t now_ns) {
    key->born_ns = now_ns;
    key->is_set = RAND_bytes(key->name, (int)sizeof key->name) == 1 &&
                  RAND_priv_bytes(key->cipher_key, (int)sizeof key->cipher_key) == 1 &&
                  RAND_priv_bytes(key->mac_key, (int)sizeof key->mac_key) == 1;
    return key->is_set;
}

/* Make the keys those of now; false when a new one is needed and cannot be had. */
static bool rotate(ticket_keys_t *keys) {
    uint64_t now_ns = port_clock_monotonic_ns();
    if (keys->current.is_set && now_ns - keys->current.born_ns < TICKET_NS) return true;
    keys->before = keys->current;
    if (now_ns - keys->before.born_ns >= 2 * TICKET_NS)
        OPENSSL_cleanse(&keys->before, sizeof keys->before);
    return make_key(&keys->current, now_ns);
}

static bool use_key(const ticket_key_t *key, const uint8_t *iv, EVP_CIPHER_CTX *cipher,
                    EVP_MAC_CTX *mac, int is_sealing) {
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(
            OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->mac_key, sizeof key->mac_key),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher_key, iv,
                             is_sealing) == 1 &&
           EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* As SSL_CTX_set_tlsext_ticket_key_evp_cb wants it: 1 use this key, 2 and give out a
 * new ticket, 0 unknown (then a whole handshake follows), -1 failed. */
static int choose_key(SSL *ssl, unsigned char *name, unsigned char *iv,
                      EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_sealing) {
    ticket_keys_t *keys = &tls__of(ssl)->config->tickets;
    if (!rotate(keys)) return is_sealing ? -1 : 0;
    if (is_sealing) {
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
        memcpy(name, keys->current.name, TICKET_NAME_SIZE);
        return use_key(&keys->current, iv, cipher, mac, 1) ? 1 : -1;
    }
    /* In TLS 1.3 a ticket is used once (RFC 8446, C.4): a new one each time. */
    int known = SSL_version(ssl) >= TLS1_3_VERSION ? 2 : 1;
    if (memcmp(name, keys->current.name, TICKET_NAME_SIZE) == 0)
        return use_key(&keys->current, iv, cipher, mac, 0) ? known : -1;
    if (keys->before.is_set && memcmp(name, keys->before.name, TICKET_NAME_SIZE) == 0)
        return use_key(&keys->before, iv, cipher, mac, 0) ? 2 : -1;
    return 0;
}

void tls__use_tickets(SSL_CTX *ctx) {
    SSL_CTX_set_timeout(ctx, MK_TLS_TICKET_S);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, choose_key);
}
