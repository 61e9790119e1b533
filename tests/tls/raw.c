/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/raw.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static void use(SSL_CTX *ctx, const identity_t *own) {
    BIO *pem = BIO_new_mem_buf(own->certificate, -1);
    BIO *key_pem = BIO_new_mem_buf(own->key, -1);
    X509 *certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_pem, NULL, NULL, NULL);
    CHECK_EQ(SSL_CTX_use_certificate(ctx, certificate), 1);
    CHECK_EQ(SSL_CTX_use_PrivateKey(ctx, key), 1);
    EVP_PKEY_free(key);
    X509_free(certificate);
    BIO_free(key_pem);
    BIO_free(pem);
}

void raw_init(raw_t *raw, const identity_t *own, int least_version, int most_version) {
    memset(raw, 0, sizeof *raw);
    raw->ctx = SSL_CTX_new(own ? TLS_server_method() : TLS_client_method());
    CHECK(raw->ctx != NULL);
    SSL_CTX_set_security_level(raw->ctx, 0);
    CHECK_EQ(SSL_CTX_set_min_proto_version(raw->ctx, least_version), 1);
    CHECK_EQ(SSL_CTX_set_max_proto_version(raw->ctx, most_version), 1);
    SSL_CTX_set_verify(raw->ctx, SSL_VERIFY_NONE, NULL);
    if (own) use(raw->ctx, own);
}

void raw_open(raw_t *raw, pair_t *pair) {
    bool is_server = SSL_CTX_get0_certificate(raw->ctx) != NULL;
    raw->in = is_server ? &pair->up : &pair->down;
    raw->out = is_server ? &pair->down : &pair->up;
    raw->ssl = SSL_new(raw->ctx);
    CHECK(raw->ssl != NULL);
    SSL_set_bio(raw->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (is_server)
        SSL_set_accept_state(raw->ssl);
    else
        SSL_set_connect_state(raw->ssl);
}

void raw_pump(raw_t *raw) {
    BIO *out = SSL_get_wbio(raw->ssl);
    size_t size = BIO_ctrl_pending(out);
    if (raw->out->at == raw->out->end) raw->out->at = raw->out->end = 0;
    CHECK(raw->out->end + size <= WIRE_CAP);
    if (size > 0) {
        CHECK_EQ(BIO_read(out, raw->out->bytes + raw->out->end, (int)size), size);
        raw->out->end += size;
    }
    size = raw->in->end - raw->in->at;
    if (size > 0) {
        CHECK_EQ(
            BIO_write(SSL_get_rbio(raw->ssl), raw->in->bytes + raw->in->at, (int)size),
            size);
        raw->in->at = raw->in->end;
    }
}

void raw_shake(raw_t *raw, side_t *ours) {
    for (unsigned i = 0; i < 10; i++) {
        ERR_clear_error();
        (void)SSL_do_handshake(raw->ssl);
        raw_pump(raw);
        if (ours->result == MK_EAGAIN) ours->result = port_tls_handshake(ours->tls);
        raw_pump(raw);
    }
}

size_t raw_read(raw_t *raw, void *bytes, size_t cap) {
    size_t got = 0;
    raw_pump(raw);
    ERR_clear_error();
    if (SSL_read_ex(raw->ssl, bytes, cap, &got) != 1) return 0;
    return got;
}

void raw_write(raw_t *raw, const void *bytes, size_t size) {
    size_t taken = 0;
    ERR_clear_error();
    CHECK_EQ(SSL_write_ex(raw->ssl, bytes, size, &taken), 1);
    CHECK_EQ(taken, size);
    raw_pump(raw);
}

void raw_close(raw_t *raw) {
    SSL_free(raw->ssl);
    raw->ssl = NULL;
    ERR_clear_error();
}

void raw_deinit(raw_t *raw) {
    raw_close(raw);
    SSL_CTX_free(raw->ctx);
}
