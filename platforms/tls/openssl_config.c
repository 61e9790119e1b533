/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_config.c - whom to trust, who we are, and the rules for all connections.
 *
 * All of a config that OpenSSL needs is in one SSL_CTX, which is made anew to change
 * the certificate: a CTX that is in use cannot forget one (a new RSA certificate would
 * stand beside the old ECDSA one). Ticket keys, sessions and roots are the config's, so
 * they survive; running connections hold the CTX they began with.
 *
 * Nothing of the system's openssl.cnf can weaken the rules: they are set afterwards. */
#include "openssl_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* Forward secrecy and authenticated encryption only. AES-128 first: it is as safe as
 * the key exchange, and cheaper. Keyed configs want SHA-256 (see openssl_psk.c). */
#define SUITES_12                                                                      \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                       \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                       \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define SUITES_13_KEYED "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
#define SUITES_13       SUITES_13_KEYED ":TLS_AES_256_GCM_SHA384"
#define GROUPS          "X25519:P-256:P-384"

enum {
    SECURITY_BITS_112 = 2,   /* level: RSA and DH of 2048 bits, curves of 224 */
    CHAIN_DEPTH = 10,        /* certificates between ours and a root */
    CHAIN_CERTIFICATES = 10, /* of our own certificate */
    ROOTS_MAX = 4096         /* certificates in `roots` */
};

/* Where distributions put the roots of the system; Debian's first. */
static const char *const root_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

static int refuse(mk_writer_t *why, int code, const char *text) {
    ERR_clear_error();
    if (why) writer_str(why, text);
    return code;
}

static int complain(mk_writer_t *why, const char *thing) {
    int code = ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE ? MK_ENOMEM
                                                                        : MK_EINVAL;
    tls__complain(why, thing);
    return code;
}

/* --- PEM --- */

/* Nobody is asked for a passphrase: an encrypted key is an error. */
static int no_passphrase(char *text, int cap, int is_writing, void *ctx) {
    (void)text, (void)cap, (void)is_writing, (void)ctx;
    return -1;
}

static BIO *open_pem(text_t pem) {
    return pem.size > 0 && pem.size <= INT_MAX
               ? BIO_new_mem_buf(pem.bytes, (int)pem.size)
               : NULL;
}

/* The next one, owned, or NULL. */
static X509 *read_certificate(BIO *pem) {
    const tls_methods_t methods = tls__methods();
    X509 *one = X509_new_ex(methods.context, methods.choice);
    if (one && PEM_read_bio_X509(pem, &one, no_passphrase, NULL)) return one;
    X509_free(one);
    return NULL;
}

/* Read certificates up to the end of `pem` into a new list; NULL: an error. */
static STACK_OF(X509) * read_certificates(BIO *pem, int max) {
    STACK_OF(X509) *list = sk_X509_new_null();
    X509 *one = NULL;
    while (list && sk_X509_num(list) < max && (one = read_certificate(pem)) != NULL)
        if (sk_X509_push(list, one) <= 0) {
            X509_free(one);
            break;
        }
    bool is_at_end =
        !one && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (list && is_at_end) {
        ERR_clear_error();
        return list;
    }
    sk_X509_pop_free(list, X509_free);
    return NULL;
}

/* --- trust --- */

static int add_root(port_tls_config_t *config, X509 *root) {
    const X509_NAME *name = X509_get_subject_name(root);
    if (X509_STORE_add_cert(config->roots, root) != 1) return MK_ENOMEM;
    if (!config->root_names) return MK_OK;
    X509_NAME *copy = X509_NAME_dup(name);
    if (copy && sk_X509_NAME_push(config->root_names, copy) > 0) return MK_OK;
    X509_NAME_free(copy);
    return MK_ENOMEM;
}

static int use_given_roots(port_tls_config_t *config, text_t roots, mk_writer_t *why) {
    BIO *pem = open_pem(roots);
    STACK_OF(X509) *list = pem ? read_certificates(pem, ROOTS_MAX) : NULL;
    BIO_free(pem);
    if (!list) return complain(why, "the roots");
    int result = MK_OK, count = sk_X509_num(list);
    if (count == 0)
        result = refuse(why, MK_EINVAL, "the roots: no certificate in them");
    for (int i = 0; i < count && result == MK_OK; i++)
        if ((result = add_root(config, sk_X509_value(list, i))) != MK_OK)
            complain(why, "the roots");
    sk_X509_pop_free(list, X509_free);
    config->is_own_roots = true;
    return result;
}

static bool load_roots(port_tls_config_t *config, const char *file) {
    const tls_methods_t methods = tls__methods();
    return X509_STORE_load_file_ex(config->roots, file, methods.context,
                                   methods.choice) == 1;
}

/* As one file: OpenSSL would look for single ones in a folder during handshakes. */
static int use_system_roots(port_tls_config_t *config, mk_writer_t *why) {
    const char *given = getenv(X509_get_default_cert_file_env());
    if (given && load_roots(config, given)) return MK_OK;
    for (size_t i = 0; !given && i < sizeof root_files / sizeof root_files[0]; i++)
        if (load_roots(config, root_files[i])) {
            ERR_clear_error();
            return MK_OK;
        }
    return refuse(why, MK_EIO,
                  "the roots of the system cannot be read (package ca-certificates, or "
                  "SSL_CERT_FILE)");
}

static int use_roots(port_tls_config_t *config, const port_tls_options_t *options,
                     mk_writer_t *why) {
    bool is_given = options->roots.size > 0;
    if (config->find_psk || (config->is_server && config->ask == PORT_TLS_ASK_NOT))
        return MK_OK;
    if (config->is_server && !is_given)
        return refuse(why, MK_EINVAL,
                      "whom to trust about the certificates of clients is not given");
    config->roots = X509_STORE_new();
    if (config->is_server) config->root_names = sk_X509_NAME_new_null();
    if (!config->roots || (config->is_server && !config->root_names))
        return refuse(why, MK_ENOMEM, "out of memory");
    return is_given ? use_given_roots(config, options->roots, why)
                    : use_system_roots(config, why);
}

/* --- identity --- */

static int use_certificate(SSL_CTX *ctx, text_t certificate, text_t key,
                           mk_writer_t *why) {
    STACK_OF(X509) *chain = NULL;
    X509 *own = NULL;
    EVP_PKEY *secret = NULL;
    int result = MK_OK;
    const tls_methods_t methods = tls__methods();
    BIO *pem = open_pem(certificate), *key_pem = open_pem(key);
    if (!pem || !key_pem) {
        result = refuse(why, MK_EINVAL, "a certificate and its key belong together");
        goto done;
    }
    chain = read_certificates(pem, CHAIN_CERTIFICATES + 1);
    own = chain ? sk_X509_shift(chain) : NULL;
    if (!own) {
        result = chain ? refuse(why, MK_EINVAL, "the certificate: there is none")
                       : complain(why, "the certificate");
        goto done;
    }
    secret = PEM_read_bio_PrivateKey_ex(key_pem, NULL, no_passphrase, NULL,
                                        methods.context, methods.choice);
    if (!secret) {
        result = refuse(why, MK_EINVAL,
                        "the key is not PEM, of no known kind, or has a passphrase");
        goto done;
    }
    if (X509_check_private_key(own, secret) != 1)
        result = refuse(why, MK_EINVAL, "the key does not belong to the certificate");
    else if (SSL_CTX_use_cert_and_key(ctx, own, secret, chain, 1) != 1)
        result = complain(why, "the certificate");
done:
    EVP_PKEY_free(secret);
    X509_free(own);
    sk_X509_pop_free(chain, X509_free);
    BIO_free(key_pem);
    BIO_free(pem);
    return result;
}

/* --- ALPN --- */

static int copy_alpn(port_tls_config_t *config, const port_tls_options_t *options) {
    size_t size = 0;
    for (size_t i = 0; i < options->alpn_len; i++) {
        size_t length = strlen(options->alpn[i]);
        if (length == 0 || length > 255) return MK_EINVAL; /* RFC 7301, section 3.1 */
        size += 1 + length;
    }
    if (size == 0) return MK_OK;
    if (size > UINT16_MAX) return MK_EINVAL;
    uint8_t *at = config->alpn = mk_alloc(size);
    if (!at) return MK_ENOMEM;
    config->alpn_size = size;
    for (size_t i = 0; i < options->alpn_len; i++) {
        size_t length = strlen(options->alpn[i]);
        *at++ = (uint8_t)length;
        memcpy(at, options->alpn[i], length);
        at += length;
    }
    return MK_OK;
}

/* Ours that comes first and that the client has; an alert when there is none. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                           const unsigned char *offered, unsigned int offered_size,
                           void *ctx) {
    const port_tls_config_t *config = ctx;
    unsigned char *chosen;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_size, config->alpn,
                              (unsigned int)config->alpn_size, offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* --- the rules --- */

static int keep_session(SSL *ssl, SSL_SESSION *session) {
    port_tls_t *tls = tls__of(ssl);
    return tls->host && tls__keep_session(&tls->config->sessions, tls->host, session);
}

/* OpenSSL's verdict, and the certificate for the words about it. Where a key was agreed
 * upon none is good. */
static int verify(X509_STORE_CTX *store, void *ctx) {
    const port_tls_config_t *config = ctx;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    port_tls_t *tls = tls__of(ssl);
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    tls->is_distrusted = true;
    if (config->find_psk) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }
    if (X509_verify_cert(store) == 1) {
        tls->is_distrusted = false;
        return 1;
    }
    if (certificate && !tls->rejected && X509_up_ref(certificate) == 1)
        tls->rejected = certificate;
    return 0;
}

static int verify_mode(const port_tls_config_t *config) {
    if (!config->is_server) return SSL_VERIFY_PEER;
    switch (config->ask) {
    case PORT_TLS_ASK_OPTIONAL: return SSL_VERIFY_PEER;
    case PORT_TLS_ASK_REQUIRED:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case PORT_TLS_ASK_NOT: break;
    }
    return SSL_VERIFY_NONE;
}

static bool set_trust(SSL_CTX *ctx, port_tls_config_t *config) {
    static const unsigned char context[] = "microkernel"; /* sessions are ours alone */
    X509_VERIFY_PARAM *rules = SSL_CTX_get0_param(ctx);
    SSL_CTX_set_verify(ctx, verify_mode(config), NULL);
    SSL_CTX_set_verify_depth(ctx, CHAIN_DEPTH);
    SSL_CTX_set_max_cert_list(ctx, (long)MK_TLS_CHAIN_BYTES);
    /* Names stand in the alternative names, nowhere else (RFC 9525, section 2). */
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    /* A certificate that the user trusts needs nobody above it. */
    if (config->is_own_roots)
        X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    if (config->roots) SSL_CTX_set1_cert_store(ctx, config->roots);
    SSL_CTX_set_cert_verify_callback(ctx, verify, config);
    if (config->root_names) {
        STACK_OF(X509_NAME) *names = SSL_dup_CA_list(config->root_names);
        if (!names) return false;
        SSL_CTX_set_client_CA_list(ctx, names);
    }
    return !config->is_server || config->find_psk ||
           SSL_CTX_set_session_id_context(ctx, context, sizeof context - 1) == 1;
}

static bool set_protocol(SSL_CTX *ctx, const port_tls_config_t *config) {
    SSL_CTX_set_security_level(ctx, SECURITY_BITS_112);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF |
                                   SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION |
                                   SSL_OP_LEGACY_SERVER_CONNECT);
    return SSL_CTX_set_min_proto_version(ctx, config->find_psk ? TLS1_3_VERSION
                                                               : TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, 0) == 1 &&
           SSL_CTX_set_cipher_list(ctx, SUITES_12) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, config->find_psk ? SUITES_13_KEYED
                                                          : SUITES_13) == 1 &&
           SSL_CTX_set1_groups_list(ctx, GROUPS) == 1;
}

static bool set_sessions(SSL_CTX *ctx, port_tls_config_t *config) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (config->find_psk) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        tls__use_psk(ctx, config->is_server);
        return SSL_CTX_set_num_tickets(ctx, 0) == 1;
    }
    if (config->is_server) {
        tls__use_tickets(ctx);
        return SSL_CTX_set_num_tickets(ctx, 1) == 1;
    }
    SSL_CTX_set_session_cache_mode(ctx,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    return true;
}

static bool set_alpn(SSL_CTX *ctx, port_tls_config_t *config) {
    if (!config->alpn) return true;
    if (config->is_server) {
        SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, config);
        return true;
    }
    return SSL_CTX_set_alpn_protos(ctx, config->alpn,
                                   (unsigned int)config->alpn_size) == 0;
}

/* A CTX with all the rules of the config and this certificate (empty: none). */
static int make_ctx(port_tls_config_t *config, text_t certificate, text_t key,
                    SSL_CTX **out, mk_writer_t *why) {
    int result = MK_OK;
    const tls_methods_t methods = tls__methods();
    SSL_CTX *ctx =
        SSL_CTX_new_ex(methods.context, methods.choice,
                       config->is_server ? TLS_server_method() : TLS_client_method());
    if (!ctx) return refuse(why, MK_ENOMEM, "out of memory");
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1);
    tls__watch_messages(ctx);
    if (!set_protocol(ctx, config) || !set_trust(ctx, config) ||
        !set_sessions(ctx, config) || !set_alpn(ctx, config))
        result = complain(why, "OpenSSL");
    else if (certificate.size > 0 || key.size > 0)
        result = use_certificate(ctx, certificate, key, why);
    else if (config->is_server && !config->find_psk)
        result = refuse(why, MK_EINVAL, "a server needs a certificate");
    if (result != MK_OK) {
        SSL_CTX_free(ctx);
        return result;
    }
    *out = ctx;
    return MK_OK;
}

/* --- the contract --- */

bool port_tls_is_available(void) {
    return true;
}

void port_tls_write_library(mk_writer_t *out) {
    const tls_methods_t methods = tls__methods();
    writer_str(out, OpenSSL_version(OPENSSL_VERSION));
    if (methods.ciphers) writer_format(out, ", %s", methods.ciphers);
}

static int copy_identity(port_tls_config_t *config, text_t identity, mk_writer_t *why) {
    if (identity.size == 0 || identity.size > PORT_TLS_IDENTITY_MAX ||
        memchr(identity.bytes, '\0', identity.size))
        return refuse(why, MK_EINVAL,
                      "a pre-shared key needs a name of 1 to 128 bytes");
    config->identity = mk_alloc(identity.size + 1);
    if (!config->identity) return refuse(why, MK_ENOMEM, "out of memory");
    memcpy(config->identity, identity.bytes, identity.size);
    config->identity[identity.size] = '\0';
    return MK_OK;
}

/* The fields that make_ctx goes by. */
static int fill(port_tls_config_t *config, const port_tls_options_t *options,
                mk_writer_t *why) {
    config->is_server = options->is_server;
    config->ask = options->ask;
    config->find_psk = options->find_psk;
    config->psk_ctx = options->psk_ctx;
    config->method = tls__carrier_method();
    if (!config->method) return refuse(why, MK_ENOMEM, "out of memory");
    if (options->find_psk && (options->certificate.size > 0 || options->key.size > 0 ||
                              options->ask != PORT_TLS_ASK_NOT))
        return refuse(why, MK_EINVAL, "pre-shared keys or certificates, not both");
    int result = copy_alpn(config, options);
    if (result != MK_OK) return refuse(why, result, "the list of protocols (ALPN)");
    if (config->find_psk && !config->is_server) {
        result = copy_identity(config, options->psk_identity, why);
        if (result != MK_OK) return result;
    }
    return use_roots(config, options, why);
}

int port_tls_config_create(port_tls_config_t **out, const port_tls_options_t *options,
                           mk_writer_t *why) {
    *out = NULL;
    ERR_clear_error();
    port_tls_config_t *config = mk_calloc(1, sizeof *config);
    if (!config) return refuse(why, MK_ENOMEM, "out of memory");
    config->holders = 1;
    int result = fill(config, options, why);
    if (result == MK_OK)
        result =
            make_ctx(config, options->certificate, options->key, &config->ctx, why);
    if (result != MK_OK) {
        port_tls_config_release(config);
        return result;
    }
    *out = config;
    return MK_OK;
}

void port_tls_config_release(port_tls_config_t *config) {
    if (!config || --config->holders > 0) return;
    tls__drop_sessions(&config->sessions);
    SSL_CTX_free(config->ctx);
    X509_STORE_free(config->roots);
    sk_X509_NAME_pop_free(config->root_names, X509_NAME_free);
    BIO_meth_free(config->method);
    OPENSSL_cleanse(&config->tickets, sizeof config->tickets);
    mk_free(config->identity);
    mk_free(config->alpn);
    mk_free(config);
}

int port_tls_config_reload(port_tls_config_t *config, text_t certificate, text_t key,
                           mk_writer_t *why) {
    SSL_CTX *fresh;
    ERR_clear_error();
    if (config->find_psk)
        return refuse(why, MK_EINVAL, "pre-shared keys or certificates, not both");
    int result = make_ctx(config, certificate, key, &fresh, why);
    if (result != MK_OK) return result;
    SSL_CTX_free(config->ctx);
    config->ctx = fresh;
    return MK_OK;
}
