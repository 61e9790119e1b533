/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_psk.c - pre-shared keys that came from elsewhere (RFC 8446, section 4.2.11).
 *
 * OpenSSL takes such a key as a session that was never begun. Its hash is SHA-256, as
 * for every key whose hash nobody told, so the config offers only suites with that. A
 * peer that answers with a certificate instead is refused (see openssl_config.c): both
 * sides must prove the key. */
#include "openssl_impl.h"

#include <openssl/crypto.h>
#include <string.h>

static const unsigned char aes_128_gcm_sha256[] = {0x13, 0x01}; /* RFC 8446, B.4 */

/* The key of `identity` as a session, owned; NULL: none, or memory is short. */
static SSL_SESSION *find_session(SSL *ssl, text_t identity) {
    port_tls_t *tls = tls__of(ssl);
    uint8_t key[PORT_TLS_PSK_MAX];
    size_t size = tls->config->find_psk(tls->config->psk_ctx, identity, key);
    if (size < PORT_TLS_PSK_MIN || size > sizeof key) {
        tls->is_key_unknown = true;
        return NULL;
    }
    SSL_SESSION *session = SSL_SESSION_new();
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, aes_128_gcm_sha256);
    if (session && (!cipher || SSL_SESSION_set1_master_key(session, key, size) != 1 ||
                    SSL_SESSION_set_cipher(session, cipher) != 1 ||
                    SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) != 1)) {
        SSL_SESSION_free(session);
        session = NULL;
    }
    OPENSSL_cleanse(key, sizeof key);
    return session;
}

/* Client: which key to offer. `digest` is that of the suite which the server has
 * chosen, when it has. */
static int offer_key(SSL *ssl, const EVP_MD *digest, const unsigned char **identity,
                     size_t *size, SSL_SESSION **session) {
    const char *name = tls__of(ssl)->config->identity;
    *session = NULL;
    if (digest && !EVP_MD_is_a(digest, "SHA256")) return 1;
    *session = find_session(ssl, text_of(name));
    if (!*session) return 0;
    *identity = (const unsigned char *)name;
    *size = strlen(name);
    return 1;
}

/* Server: the key that a client names. Without one the handshake ends, since there is
 * no certificate to go on with. */
static int look_up_key(SSL *ssl, const unsigned char *identity, size_t size,
                       SSL_SESSION **session) {
    *session = size <= PORT_TLS_IDENTITY_MAX
                   ? find_session(ssl, text_make((const char *)identity, size))
                   : NULL;
    return 1;
}

void tls__use_psk(SSL_CTX *ctx, bool is_server) {
    if (is_server)
        SSL_CTX_set_psk_find_session_callback(ctx, look_up_key);
    else
        SSL_CTX_set_psk_use_session_callback(ctx, offer_key);
}
