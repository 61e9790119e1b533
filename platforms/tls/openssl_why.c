/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_why.c - what went wrong, as a code and in words that a person can act upon.
 *
 * OpenSSL lists the causes of a failure, the first one first, per thread; each call of
 * ours begins with an empty list and leaves one. */
#include "openssl_impl.h"

#include "microkernel/error.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

static const char *reason_text(unsigned long error) {
    const char *text = ERR_reason_error_string(error);
    return text ? text : "unknown reason";
}

void tls__complain(mk_writer_t *why, const char *thing) {
    unsigned long error = ERR_get_error();
    ERR_clear_error();
    if (!why) return;
    writer_str(why, thing);
    writer_str(why, ": ");
    writer_str(why, error ? reason_text(error) : "unknown reason");
}

/* The DNS names and addresses that a certificate is for; a few of them. */
static void write_names(X509 *certificate, mk_writer_t *why) {
    enum { SHOWN = 4 };
    GENERAL_NAMES *names =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0, shown = 0;
    for (int i = 0; i < count && shown < SHOWN; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) continue;
        writer_str(why, shown++ > 0 ? ", " : " (it is for ");
        writer_escaped(why, text_make((const char *)ASN1_STRING_get0_data(name->d.ia5),
                                      (size_t)ASN1_STRING_length(name->d.ia5)));
    }
    if (shown > 0) writer_char(why, ')');
    GENERAL_NAMES_free(names);
}

static void judge_certificate(const port_tls_t *tls, mk_writer_t *why) {
    long result = SSL_get_verify_result(tls->ssl);
    if (tls->config->find_psk) {
        writer_str(why, "the server does not know the pre-shared key '");
        writer_escaped(why, text_of(tls->config->identity));
        writer_str(why, "'");
        return;
    }
    writer_str(why, "the certificate of ");
    if (tls->host)
        writer_escaped(why, text_of(tls->host));
    else
        writer_str(why, "the client");
    writer_str(why, " is not accepted: ");
    writer_str(why, X509_verify_cert_error_string(result));
    if (tls->rejected && (result == X509_V_ERR_HOSTNAME_MISMATCH ||
                          result == X509_V_ERR_IP_ADDRESS_MISMATCH))
        write_names(tls->rejected, why);
}

static void judge_alert(const port_tls_t *tls, int alert, mk_writer_t *why) {
    writer_str(why, "the peer refused: ");
    writer_str(why, SSL_alert_desc_string_long(alert));
    if (tls->config->find_psk && tls->state == TLS_HANDSHAKE)
        writer_str(why, " (is the pre-shared key the same on both sides?)");
}

static int judge_cut(const port_tls_t *tls, mk_writer_t *why) {
    writer_str(why, tls->state == TLS_HANDSHAKE
                        ? "the connection ended in the middle of the handshake"
                        : "the connection ended without the goodbye of TLS: data may "
                          "be missing");
    return MK_ECLOSED;
}

static const struct {
    int reason;
    int code;
    const char *text;
} rows[] = {
    {SSL_R_BINDER_DOES_NOT_VERIFY, MK_EPERM, "the pre-shared keys differ"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, MK_EPERM,
     "the client showed no certificate"},
    {SSL_R_HTTP_REQUEST, MK_EBADMSG, "the peer speaks HTTP, not TLS"},
    {SSL_R_WRONG_VERSION_NUMBER, MK_EBADMSG,
     "what came is not TLS, or of a version that is not spoken here"},
    {SSL_R_NO_APPLICATION_PROTOCOL, MK_EBADMSG,
     "no protocol in common (ALPN) with the client"},
    {ERR_R_MALLOC_FAILURE, MK_ENOMEM, "out of memory"},
};

int tls__judge(const port_tls_t *tls, mk_writer_t *why) {
    unsigned long error = ERR_get_error();
    int reason = ERR_GET_REASON(error);
    ERR_clear_error();
    if (tls->is_flooded) {
        writer_str(why, tls->state == TLS_HANDSHAKE
                            ? "the handshake is longer than allowed"
                            : "the peer sends too much that is not data");
        return MK_EBADMSG;
    }
    if (tls->carrier_error) {
        writer_str(why, mk_error_text(tls->carrier_error));
        return tls->carrier_error;
    }
    if (tls->is_key_unknown) {
        writer_str(why, "no pre-shared key of that identity is known here");
        return MK_EPERM;
    }
    if (tls->is_distrusted) {
        judge_certificate(tls, why);
        return MK_EPERM;
    }
    if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
        if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return judge_cut(tls, why);
        if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255) {
            judge_alert(tls, reason - SSL_AD_REASON_OFFSET, why);
            return MK_EREFUSED;
        }
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].reason != reason) continue;
        writer_str(why, rows[i].text);
        return rows[i].code;
    }
    if (error == 0 && tls->is_ended) return judge_cut(tls, why);
    writer_str(why, error ? reason_text(error) : "unknown reason");
    return MK_EBADMSG;
}
