/* SPDX-License-Identifier: Apache-2.0 */
/* certs.c - X.509 with the library that is tested against it. */
#include "tls/certs.h"

#include "port/clock.h"
#include "support/test.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

static void add_extension(X509 *certificate, int nid, const char *value) {
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    CHECK(extension != NULL);
    CHECK_EQ(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void fill(X509 *certificate, const cert_spec_t *spec, EVP_PKEY *key) {
    int64_t now_s = (int64_t)(port_clock_wall_ms() / 1000);
    uint64_t serial = 0;
    CHECK_EQ(RAND_bytes((unsigned char *)&serial, sizeof serial), 1);
    CHECK_EQ(X509_set_version(certificate, X509_VERSION_3), 1);
    CHECK_EQ(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial), 1);
    CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate),
                        now_s + (spec->from_s ? spec->from_s : -CERT_DAY_S)) != NULL);
    CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate),
                        now_s + (spec->to_s ? spec->to_s : 30 * CERT_DAY_S)) != NULL);
    CHECK_EQ(X509_set_pubkey(certificate, key), 1);
    if (spec->name) {
        X509_NAME *name = X509_get_subject_name(certificate);
        CHECK_EQ(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                            (const unsigned char *)spec->name, -1, -1,
                                            0),
                 1);
    }
    if (spec->is_authority)
        add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (spec->alternatives)
        add_extension(certificate, NID_subject_alt_name, spec->alternatives);
}

static void copy_out(BIO *pem, char *text, size_t cap) {
    char *bytes;
    long size = BIO_get_mem_data(pem, &bytes);
    CHECK(size > 0 && (size_t)size < cap);
    memcpy(text, bytes, (size_t)size);
    text[size] = '\0';
    BIO_free(pem);
}

static void sign(X509 *certificate, EVP_PKEY *own, const identity_t *signer) {
    if (!signer) {
        CHECK_EQ(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)),
                 1);
        CHECK(X509_sign(certificate, own, EVP_sha256()) > 0);
        return;
    }
    BIO *pem = BIO_new_mem_buf(signer->certificate, -1);
    X509 *issuer = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    BIO *key_pem = BIO_new_mem_buf(signer->key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_pem, NULL, NULL, NULL);
    CHECK(issuer != NULL && key != NULL);
    CHECK_EQ(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)), 1);
    CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    EVP_PKEY_free(key);
    BIO_free(key_pem);
    X509_free(issuer);
    BIO_free(pem);
}

void cert_make(identity_t *out, const cert_spec_t *spec, const identity_t *signer) {
    EVP_PKEY *key = spec->is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    CHECK(key != NULL && certificate != NULL);
    fill(certificate, spec, key);
    sign(certificate, key, signer);
    BIO *pem = BIO_new(BIO_s_mem());
    CHECK_EQ(PEM_write_bio_X509(pem, certificate), 1);
    copy_out(pem, out->certificate, sizeof out->certificate);
    pem = BIO_new(BIO_s_mem());
    CHECK_EQ(PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL), 1);
    copy_out(pem, out->key, sizeof out->key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}
