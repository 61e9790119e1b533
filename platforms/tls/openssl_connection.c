/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_connection.c - one connection: OpenSSL between the caller and the carrier.
 *
 * OpenSSL reads and writes records through a BIO of ours whose functions are the
 * carrier's: no descriptor, no signal, no copy (see decision 0019). Input goes straight
 * into OpenSSL's buffer. Output goes straight to the carrier, a large write as several
 * records at once, which is a quarter of the system calls and packets; what that does
 * not take is kept here and OpenSSL is told that all is done. So OpenSSL never stands
 * in the middle of a record, a caller never has to repeat the same bytes, and an alert
 * is never lost. Nothing new is written while something waits (invariant 1), so one
 * write and the answers to what the peer sends are all that can wait;
 * MK_TLS_WAITING_BYTES bounds the latter.
 *
 * An idle connection holds no buffer: OpenSSL gives its own back when they are empty
 * (SSL_MODE_RELEASE_BUFFERS), and so do we.
 *
 * States, in port_tls.state: HANDSHAKE -> OPEN in port_tls_handshake, any -> FAILED in
 * fail(). */
#include "openssl_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "port/clock.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum {
    WHY_SIZE = 256,  /* bytes of the words about a failure */
    HOST_SIZE = 253, /* bytes of a name (RFC 1035, section 2.3.4, as text) */
    RECORD_SIZE = SSL3_RT_MAX_PLAIN_LENGTH,
    RECORD_EXTRA = SSL3_RT_MAX_ENCRYPTED_OVERHEAD + SSL3_RT_HEADER_LENGTH,
    /* Bytes that one write takes: four records, or what may wait for the carrier beside
     * a flight of the handshake. */
    GATHERED_MAX =
        MK_TLS_WAITING_BYTES / 2 >= 4 * RECORD_SIZE ? 4 * RECORD_SIZE : RECORD_SIZE
};

/* --- the carrier --- */

static int read_carrier(BIO *bio, char *bytes, int cap) {
    port_tls_t *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (cap <= 0 || tls->carrier_error || tls->is_flooded) return -1;
    if (tls->is_ended) return 0;
    int got = tls->carrier->read(tls->carrier_ctx, bytes, (size_t)cap);
    tls->is_dry = got == MK_EAGAIN;
    if (tls->is_dry) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (got == MK_EEND) {
        tls->is_ended = true;
        return 0;
    }
    if (got < 0) {
        tls->carrier_error = got;
        return -1;
    }
    if (tls->state == TLS_HANDSHAKE) {
        if (tls->handshake_bytes == 0)
            tls->has_met_text = (bytes[0] | 0x20) >= 'a' && (bytes[0] | 0x20) <= 'z';
        tls->handshake_bytes += (uint32_t)got;
        tls->is_flooded = tls->handshake_bytes > MK_TLS_HANDSHAKE_BYTES;
    }
    return got;
}

/* Keep bytes until the carrier takes them. */
static bool keep_waiting(port_tls_t *tls, const void *bytes, size_t size) {
    size_t left = tls->waiting_end - tls->waiting_at;
    if (left + size > MK_TLS_WAITING_BYTES) {
        tls->is_flooded = true;
        return false;
    }
    if (tls->waiting_end + size > tls->waiting_cap) {
        uint8_t *grown = mk_alloc(left + size);
        if (!grown) return false;
        if (left > 0) memcpy(grown, tls->waiting + tls->waiting_at, left);
        mk_free(tls->waiting);
        tls->waiting = grown;
        tls->waiting_at = 0;
        tls->waiting_end = left;
        tls->waiting_cap = left + size;
    }
    memcpy(tls->waiting + tls->waiting_end, bytes, size);
    tls->waiting_end += size;
    return true;
}

static int write_carrier(BIO *bio, const char *bytes, int size) {
    port_tls_t *tls = BIO_get_data(bio);
    size_t taken = 0;
    BIO_clear_retry_flags(bio);
    if (size <= 0 || tls->carrier_error) return -1;
    if (!port_tls_has_output(tls) && !tls->is_gathering) {
        int got = tls->carrier->write(tls->carrier_ctx, bytes, (size_t)size);
        if (got < 0 && got != MK_EAGAIN) {
            tls->carrier_error = got;
            return -1;
        }
        taken = got > 0 ? (size_t)got : 0;
    }
    size_t left = (size_t)size - taken;
    if (left > 0 && !keep_waiting(tls, bytes + taken, left)) {
        if (!tls->is_flooded) tls->carrier_error = MK_ENOMEM;
        return -1;
    }
    return size;
}

static long control_carrier(BIO *bio, int command, long number, void *pointer) {
    const port_tls_t *tls = BIO_get_data(bio);
    (void)number, (void)pointer;
    switch (command) {
    case BIO_CTRL_EOF: return tls->is_ended;
    case BIO_CTRL_FLUSH: return 1;
    default: return 0;
    }
}

BIO_METHOD *tls__carrier_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "carrier");
    if (!method) return NULL;
    if (BIO_meth_set_read(method, read_carrier) == 1 &&
        BIO_meth_set_write(method, write_carrier) == 1 &&
        BIO_meth_set_ctrl(method, control_carrier) == 1)
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* What comes after the handshake without being data costs us more than the peer. Told
 * that the peer has ended, OpenSSL throws away the rest of what it has read. */
static void on_message(int is_written, int version, int type, const void *bytes,
                       size_t size, SSL *ssl, void *ctx) {
    port_tls_t *tls = tls__of(ssl);
    (void)version, (void)bytes, (void)size, (void)ctx;
    if (is_written || type != SSL3_RT_HANDSHAKE || tls->state != TLS_OPEN) return;
    if (++tls->idle_messages <= MK_TLS_IDLE_MESSAGES) return;
    tls->is_flooded = true;
    SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
}

void tls__watch_messages(SSL_CTX *ctx) {
    SSL_CTX_set_msg_callback(ctx, on_message);
}

/* --- failing --- */

static int fail(port_tls_t *tls) {
    char text[WHY_SIZE];
    mk_writer_t why;
    writer_init(&why, text, sizeof text);
    tls->failure = tls__judge(tls, &why);
    tls->why = mk_alloc(why.size + 1);
    if (tls->why) memcpy(tls->why, text, why.size + 1);
    tls->state = TLS_FAILED;
    return tls->failure;
}

/* The result of a call of OpenSSL that did not succeed. */
static int settle(port_tls_t *tls, int result) {
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ: return tls->is_flooded ? fail(tls) : MK_EAGAIN;
    case SSL_ERROR_ZERO_RETURN: return tls->is_flooded ? fail(tls) : MK_EEND;
    default: return fail(tls);
    }
}

/* --- beginning and end --- */

bool tls__is_host_name(const char *text) {
    text_t host = text_of(text);
    if (host.size == 0 || host.size > HOST_SIZE) return false;
    for (size_t i = 0; i < host.size; i++) {
        char c = host.bytes[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return host.bytes[0] != '.';
}

/* Take an address as it is written in full, and nothing else: OpenSSL stops reading
 * behind the fourth number. */
static bool expect_address(port_tls_t *tls) {
    X509_VERIFY_PARAM *rules = SSL_get0_param(tls->ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, tls->host) != 1) return false;
    if (strchr(tls->host, ':')) return true;
    char *text = X509_VERIFY_PARAM_get1_ip_asc(rules);
    bool is_same = text && strcmp(text, tls->host) == 0;
    OPENSSL_free(text);
    if (!is_same) X509_VERIFY_PARAM_set1_ip(rules, NULL, 0);
    return is_same;
}

/* The certificate must be for this host, which the server is told unless it is an
 * address (RFC 6066, section 3). */
static int expect_host(port_tls_t *tls) {
    X509_VERIFY_PARAM *rules = SSL_get0_param(tls->ssl);
    if (expect_address(tls)) return MK_OK;
    ERR_clear_error();
    if (!tls__is_host_name(tls->host)) return MK_EINVAL;
    if (X509_VERIFY_PARAM_set1_host(rules, tls->host, 0) != 1 ||
        SSL_set_tlsext_host_name(tls->ssl, tls->host) != 1)
        return MK_ENOMEM;
    return MK_OK;
}

static int copy_host(port_tls_t *tls, const char *host) {
    size_t size = strlen(host);
    if (size > 2 && host[0] == '[' && host[size - 1] == ']') { /* as in a URL */
        if (!memchr(host, ':', size)) return MK_EINVAL;
        host++;
        size -= 2;
    }
    if (size > 1 && host[size - 1] == '.') size--; /* the root, which is never named */
    if (size == 0 || size > HOST_SIZE) return MK_EINVAL;
    tls->host = mk_alloc(size + 1);
    if (!tls->host) return MK_ENOMEM;
    memcpy(tls->host, host, size);
    tls->host[size] = '\0';
    return MK_OK;
}

static int begin_client(port_tls_t *tls, const char *host) {
    SSL_set_connect_state(tls->ssl);
    if (!host) return tls->config->find_psk ? MK_OK : MK_EINVAL;
    int result = copy_host(tls, host);
    if (result == MK_OK) result = expect_host(tls);
    if (result != MK_OK) return result;
    SSL_SESSION *session = tls__find_session(&tls->config->sessions, tls->host);
    if (session) SSL_set_session(tls->ssl, session);
    SSL_SESSION_free(session);
    return MK_OK;
}

static int begin(port_tls_t *tls, const char *host) {
    tls->ssl = SSL_new(tls->config->ctx);
    BIO *bio = tls->ssl ? BIO_new(tls->config->method) : NULL;
    if (!bio) return MK_ENOMEM;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    X509_VERIFY_PARAM_set_time(SSL_get0_param(tls->ssl),
                               (time_t)(port_clock_wall_ms() / 1000));
    if (!tls->config->is_server) return begin_client(tls, host);
    SSL_set_accept_state(tls->ssl);
    return MK_OK;
}

int port_tls_open(port_tls_t **out, port_tls_config_t *config, const char *host,
                  const port_tls_carrier_t *carrier, void *ctx) {
    *out = NULL;
    ERR_clear_error();
    port_tls_t *tls = mk_calloc(1, sizeof *tls);
    if (!tls) return MK_ENOMEM;
    tls->config = config;
    config->holders++;
    tls->carrier = carrier;
    tls->carrier_ctx = ctx;
    int result = begin(tls, host);
    ERR_clear_error();
    if (result != MK_OK) {
        port_tls_close(tls);
        return result;
    }
    *out = tls;
    return MK_OK;
}

void port_tls_close(port_tls_t *tls) {
    if (!tls) return;
    SSL_free(tls->ssl);
    X509_free(tls->rejected);
    port_tls_config_release(tls->config);
    mk_free(tls->waiting);
    mk_free(tls->why);
    mk_free(tls->host);
    mk_free(tls);
}

/* --- going on --- */

bool port_tls_has_output(const port_tls_t *tls) {
    return tls->waiting_end > tls->waiting_at;
}

int port_tls_flush(port_tls_t *tls) {
    while (port_tls_has_output(tls)) {
        if (tls->carrier_error) return tls->carrier_error;
        int taken =
            tls->carrier->write(tls->carrier_ctx, tls->waiting + tls->waiting_at,
                                tls->waiting_end - tls->waiting_at);
        if (taken == MK_EAGAIN) return MK_EAGAIN;
        if (taken < 0) {
            tls->carrier_error = taken;
            return tls->state == TLS_FAILED ? taken : fail(tls);
        }
        tls->waiting_at += (size_t)taken;
    }
    mk_free(tls->waiting);
    tls->waiting = NULL;
    tls->waiting_at = tls->waiting_end = tls->waiting_cap = 0;
    return MK_OK;
}

/* MK_OK: nothing waits, and a call of OpenSSL may write. */
static int make_way(port_tls_t *tls) {
    ERR_clear_error();
    return port_tls_has_output(tls) ? port_tls_flush(tls) : MK_OK;
}

int port_tls_handshake(port_tls_t *tls) {
    if (tls->state == TLS_FAILED) return tls->failure;
    if (tls->state == TLS_OPEN) return MK_OK;
    int result = make_way(tls);
    if (result != MK_OK && result != MK_EAGAIN) return result;
    result = SSL_do_handshake(tls->ssl);
    if (result != 1) return settle(tls, result);
    tls->state = TLS_OPEN;
    return MK_OK;
}

int port_tls_read(port_tls_t *tls, void *bytes, size_t cap) {
    size_t got = 0;
    if (tls->state != TLS_OPEN)
        return tls->state == TLS_FAILED ? tls->failure : MK_ESTATE;
    if (port_tls_has_output(tls)) {
        int result = port_tls_flush(tls);
        if (result != MK_OK && result != MK_EAGAIN) return result;
    }
    ERR_clear_error();
    int result = SSL_read_ex(tls->ssl, bytes, cap < INT_MAX ? cap : INT_MAX, &got);
    if (result != 1) return settle(tls, result);
    tls->idle_messages = 0;
    return (int)got;
}

bool port_tls_has_input(const port_tls_t *tls) {
    return tls->state == TLS_OPEN && !tls->is_dry && SSL_has_pending(tls->ssl) == 1;
}

/* Several records are handed to the carrier together, when there is memory for it: a
 * large write is few system calls then. */
static void begin_gathering(port_tls_t *tls) {
    const size_t cap = GATHERED_MAX + GATHERED_MAX / RECORD_SIZE * RECORD_EXTRA;
    if (tls->waiting != NULL) return;
    tls->waiting = mk_alloc(cap);
    if (tls->waiting == NULL) return;
    tls->waiting_cap = cap;
    tls->is_gathering = true;
}

int port_tls_write(port_tls_t *tls, const void *bytes, size_t size) {
    size_t total = 0;
    if (tls->state != TLS_OPEN || tls->is_finished)
        return tls->state == TLS_FAILED ? tls->failure : MK_ESTATE;
    int result = make_way(tls);
    if (result != MK_OK) return result;
    if (size > RECORD_SIZE) begin_gathering(tls);
    const size_t most = tls->is_gathering ? (size_t)GATHERED_MAX : (size_t)RECORD_SIZE;
    if (size > most) size = most;
    do {
        size_t taken = 0, left = size - total;
        result = SSL_write_ex(tls->ssl, (const uint8_t *)bytes + total,
                              left < RECORD_SIZE ? left : RECORD_SIZE, &taken);
        total += taken;
    } while (result == 1 && total < size);
    if (tls->is_gathering) {
        tls->is_gathering = false;
        int flushed = port_tls_flush(tls);
        if (flushed != MK_OK && flushed != MK_EAGAIN) return flushed;
    }
    return total > 0 ? (int)total : settle(tls, result);
}

int port_tls_finish(port_tls_t *tls) {
    if (tls->state != TLS_OPEN)
        return tls->state == TLS_FAILED ? tls->failure : MK_ESTATE;
    if (!tls->is_finished) {
        ERR_clear_error();
        tls->is_finished = true;
        int result = SSL_shutdown(tls->ssl);
        if (result < 0) return settle(tls, result);
    }
    return port_tls_flush(tls);
}

/* --- facts --- */

bool port_tls_met_text(const port_tls_t *tls) {
    return tls->has_met_text;
}

const char *port_tls_why(const port_tls_t *tls) {
    if (tls->why) return tls->why;
    return tls->failure ? mk_error_text(tls->failure) : "";
}

void port_tls_facts(const port_tls_t *tls, port_tls_facts_t *out) {
    const unsigned char *alpn;
    unsigned int alpn_size;
    SSL_get0_alpn_selected(tls->ssl, &alpn, &alpn_size);
    bool is_keyed = tls->config->find_psk != NULL;
    *out = (port_tls_facts_t){
        .version = SSL_get_version(tls->ssl),
        .suite = SSL_get_cipher_name(tls->ssl),
        .alpn = text_make((const char *)alpn, alpn_size),
        .server_name = text_of(SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name)),
        .is_resumed = SSL_session_reused(tls->ssl) == 1 && !is_keyed,
        .is_keyed = is_keyed,
        .has_peer = SSL_get0_peer_certificate(tls->ssl) != NULL,
    };
}

static void write_string(const ASN1_STRING *string, mk_writer_t *out) {
    writer_escaped(out, text_make((const char *)ASN1_STRING_get0_data(string),
                                  (size_t)ASN1_STRING_length(string)));
}

static bool write_dns_name(X509 *certificate, mk_writer_t *out) {
    GENERAL_NAMES *names =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0;
    bool is_found = false;
    for (int i = 0; i < count && !is_found; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        is_found = name->type == GEN_DNS;
        if (is_found) write_string(name->d.ia5, out);
    }
    GENERAL_NAMES_free(names);
    return is_found;
}

void port_tls_peer_name(const port_tls_t *tls, mk_writer_t *out) {
    X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    if (!certificate || write_dns_name(certificate, out)) return;
    X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return;
    write_string(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), out);
}
