/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_make.c - a certificate that vouches for itself, for servers that have none:
 * examples, machines of the same house, a first look with a browser. */
#include "openssl_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/clock.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400 };

/* The one alternative name; NULL when `host` is neither a name nor an address. */
static GENERAL_NAME *make_name(const char *host) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    ERR_clear_error();
    if (name && address) {
        GENERAL_NAME_set0_value(name, GEN_IPADD, address);
        return name;
    }
    ASN1_OCTET_STRING_free(address);
    ASN1_IA5STRING *text = tls__is_host_name(host) ? ASN1_IA5STRING_new() : NULL;
    if (name && text && ASN1_STRING_set(text, host, -1) == 1) {
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
        return name;
    }
    ASN1_IA5STRING_free(text);
    GENERAL_NAME_free(name);
    return NULL;
}

static bool add_name(X509 *certificate, const char *host) {
    GENERAL_NAME *name = make_name(host);
    GENERAL_NAMES *names = name ? GENERAL_NAMES_new() : NULL;
    if (!names || sk_GENERAL_NAME_push(names, name) <= 0) {
        GENERAL_NAME_free(name);
        GENERAL_NAMES_free(names);
        return false;
    }
    bool is_added = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0,
                                      X509V3_ADD_APPEND) == 1;
    GENERAL_NAMES_free(names);
    return is_added;
}

static bool add_use(X509 *certificate, int nid, const char *value) {
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool fill(X509 *certificate, const char *host, unsigned days, EVP_PKEY *key) {
    static const unsigned char own_name[] = "microkernel";
    X509_NAME *subject = X509_get_subject_name(certificate);
    time_t now_s = (time_t)(port_clock_wall_ms() / 1000);
    uint64_t serial = 0;
    if (RAND_bytes((unsigned char *)&serial, sizeof serial) != 1) return false;
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) ==
               1 &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), now_s - DAY_S) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate),
                         now_s + (time_t)days * DAY_S) != NULL &&
           X509_set_pubkey(certificate, key) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, own_name, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           add_use(certificate, NID_key_usage, "critical,digitalSignature") &&
           add_use(certificate, NID_ext_key_usage, "serverAuth") &&
           add_name(certificate, host) && X509_sign(certificate, key, EVP_sha256()) > 0;
}

static int write_out(X509 *certificate, EVP_PKEY *key, char *pem, size_t cap) {
    char *bytes = NULL;
    int result = MK_ENOMEM;
    BIO *out = BIO_new(BIO_s_mem());
    if (out && PEM_write_bio_X509(out, certificate) == 1 &&
        PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1) {
        size_t size = (size_t)BIO_get_mem_data(out, &bytes);
        result = size < cap ? (int)size : MK_ETOOBIG;
        if (result >= 0) memcpy(pem, bytes, size);
        if (result >= 0) pem[size] = '\0';
        OPENSSL_cleanse(bytes, size);
    }
    BIO_free(out);
    return result;
}

int port_tls_make_certificate(const char *host, unsigned days, char *pem, size_t cap) {
    ERR_clear_error();
    GENERAL_NAME *name = make_name(host);
    if (!name) return MK_EINVAL;
    GENERAL_NAME_free(name);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key ? X509_new() : NULL;
    int result = MK_ENOMEM;
    if (certificate && fill(certificate, host, days, key))
        result = write_out(certificate, key, pem, cap);
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return result;
}
