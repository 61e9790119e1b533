/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h - TLS 1.2 and 1.3 as a state machine: bytes in, bytes out, no sockets.
 *
 * A config says whom to trust and who we are, and is shared by many connections. A
 * connection reads and writes its records through two functions of the caller, the
 * carrier, and never waits: what cannot go on answers MK_EAGAIN and is called again
 * when the carrier has more bytes (always), or takes some again (port_tls_has_output).
 *
 * Only suites with authenticated encryption and forward secrecy are offered; the peer
 * cannot renegotiate; handshakes and what comes after them are bounded in bytes and in
 * messages. Certificates are judged by port/clock.h.
 *
 * A config and its connections belong to one thread at a time. Errors of a connection
 * are for ever: MK_EPERM (the certificate or the key of the peer is not accepted),
 * MK_EREFUSED (the peer sent an alert), MK_ECLOSED (the carrier ended without the
 * goodbye of TLS: what was read may be cut short), MK_EBADMSG (what came is not TLS, or
 * a bound was passed), MK_ENOMEM, MK_ESTATE, and whatever the carrier answered;
 * port_tls_why says it in words. */
#ifndef MK_PORT_TLS_H
#define MK_PORT_TLS_H

#include "base/text.h"
#include "base/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PORT_TLS_PSK_MIN = 16,      /* bytes of a pre-shared key: 128 bits */
    PORT_TLS_PSK_MAX = 64,      /* and the most */
    PORT_TLS_IDENTITY_MAX = 128 /* bytes of the name of such a key */
};

typedef struct port_tls_config port_tls_config_t; /* what connections share */
typedef struct port_tls port_tls_t;               /* one connection */

/* Whether a server wants to see a certificate of its clients. One that is shown must be
 * good in any case. */
typedef enum {
    PORT_TLS_ASK_NOT,
    PORT_TLS_ASK_OPTIONAL, /* a client may have none */
    PORT_TLS_ASK_REQUIRED
} port_tls_ask_t;

/* The pre-shared key of this name, 16..64 bytes, into `key`. Returns its size; 0:
 * there is none. A client is asked about its own identity, a server about the client's,
 * which is any bytes. */
typedef size_t (*port_tls_psk_fn)(void *ctx, text_t identity,
                                  uint8_t key[PORT_TLS_PSK_MAX]);

/* All zero is a client that trusts the roots of the system. */
typedef struct {
    bool is_server;
    text_t roots; /* PEM: who may vouch for the peer. Empty: the system's roots for
                     a client, nobody for a server */
    text_t certificate;      /* PEM: our certificate, then its chain. Empty: none */
    text_t key;              /* PEM: its key, without a passphrase */
    port_tls_ask_t ask;      /* servers only; the roots must be given then */
    const char *const *alpn; /* protocols we speak, best first */
    size_t alpn_len;
    port_tls_psk_fn find_psk; /* not NULL: pre-shared keys instead of certificates */
    void *psk_ctx;
    text_t psk_identity; /* clients: the name of our key. It travels in clear */
} port_tls_options_t;

/* False: this build has no TLS, and port_tls_config_create answers MK_ENOTSUP. */
bool port_tls_is_available(void);

/* Write which library it is, its version, and whose ciphers it uses when they are not
 * its own ("OpenSSL 3.0.17 1 Jul 2025, AES-GCM of libipsec-mb"), for people; "none"
 * when there is no TLS. May be called by any thread; the first call loads the ciphers.
 */
void port_tls_write_library(mk_writer_t *out);

/* Make a config; the options and what they point at are copied, except `psk_ctx`.
 * Reads files when the roots of the system are wanted: call it at start or from
 * runtime_offload. A client checks the name of the peer, resumes sessions, and shows
 * its certificate to servers that ask; a server gives out tickets under keys that it
 * changes every few hours. With pre-shared keys it is TLS 1.3, with a fresh key
 * exchange, and nothing else.
 * MK_OK and the config, which its creator holds; MK_EINVAL (options, PEM, or a key that
 * does not fit its certificate), MK_ENOTSUP, MK_EIO (the system's roots), MK_ENOMEM,
 * with words in `why` (NULL is allowed). */
int port_tls_config_create(port_tls_config_t **out, const port_tls_options_t *options,
                           mk_writer_t *why);

/* Let go of a config: it ends with the last connection that uses it. NULL is allowed.
 */
void port_tls_config_release(port_tls_config_t *config);

/* Use another certificate and key in handshakes that begin from now on; connections and
 * tickets go on. Result as above; after an error the old ones stay. */
int port_tls_config_reload(port_tls_config_t *config, text_t certificate, text_t key,
                           mk_writer_t *why);

/* Make a certificate that vouches for itself: for `host`, a name or an address, from a
 * day ago on and for `days` days. Writes PEM, NUL-terminated: the certificate, then its
 * key (P-256, without a passphrase). The bytes; MK_EINVAL: no proper name; MK_ETOOBIG:
 * `cap` is too small (2048 are enough); MK_ENOTSUP; MK_ENOMEM. */
int port_tls_make_certificate(const char *host, unsigned days, char *pem, size_t cap);

/* Where the records go. Neither function waits or closes the connection. */
typedef struct {
    /* Bytes that have come: how many were written to `bytes`, 1..cap; MK_EAGAIN: none
     * now; MK_EEND: none ever; other errors. */
    int (*read)(void *ctx, void *bytes, size_t cap);
    /* How many of the bytes were taken, 1..size; MK_EAGAIN: none now; other errors. */
    int (*write)(void *ctx, const void *bytes, size_t size);
} port_tls_carrier_t;

/* Begin a connection over `carrier` (the functions must stay; `ctx` is theirs). Sends
 * nothing yet. `host` is whom a client wants to reach and what the certificate must be
 * for: a name or an address ("[::1]", too); NULL for a server, and allowed with
 * pre-shared keys. Holds the config. MK_OK and the owned connection, MK_EINVAL (no
 * proper name), MK_ENOMEM. */
int port_tls_open(port_tls_t **out, port_tls_config_t *config, const char *host,
                  const port_tls_carrier_t *carrier, void *ctx);

/* Forget a connection; takes `tls`, NULL is allowed. Sends nothing: see
 * port_tls_finish. */
void port_tls_close(port_tls_t *tls);

/* Go on with the handshake. MK_OK: it is done (also when called again); MK_EAGAIN; an
 * error, and an alert for the peer may wait to be flushed. */
int port_tls_handshake(port_tls_t *tls);

/* Read what the peer wrote: how many bytes, 1..cap; MK_EAGAIN; MK_EEND: the peer said
 * goodbye and will write no more. MK_ESTATE before the handshake is done. */
int port_tls_read(port_tls_t *tls, void *bytes, size_t cap);

/* True when port_tls_read may have something although the carrier has not. */
bool port_tls_has_input(const port_tls_t *tls);

/* Write: how many bytes were taken, 1..size, at most 64 KiB (four records, handed to
 * the carrier together); MK_EAGAIN: an earlier record still waits for the carrier. What
 * was taken is sent, in the order of the calls, as far as the carrier takes it; the
 * rest is this connection's to keep until it is flushed. MK_ESTATE before the handshake
 * and after port_tls_finish. */
int port_tls_write(port_tls_t *tls, const void *bytes, size_t size);

/* Say goodbye: nothing will be written any more; reading goes on. MK_OK, MK_EAGAIN:
 * said, but flush it; or an error. */
int port_tls_finish(port_tls_t *tls);

/* True when records wait until the carrier takes more. */
bool port_tls_has_output(const port_tls_t *tls);

/* Give waiting records to the carrier, also after an error. MK_OK: none is left;
 * MK_EAGAIN; an error of the carrier. */
int port_tls_flush(port_tls_t *tls);

/* Why the connection failed, "" as long as it did not: words for people, with the host
 * and what was wrong with its certificate. Lives as long as the connection. */
const char *port_tls_why(const port_tls_t *tls);

/* True: what a client sent first is a letter, so it speaks something in plain text and
 * gets no alert. */
bool port_tls_met_text(const port_tls_t *tls);

/* What was agreed upon; the texts live as long as the connection. */
typedef struct {
    const char *version; /* "TLSv1.3" */
    const char *suite;   /* "TLS_AES_128_GCM_SHA256" */
    text_t alpn;         /* the protocol; empty: none was agreed upon */
    text_t server_name;  /* that the client asked for; empty: none */
    bool is_resumed;     /* a session went on */
    bool is_keyed;       /* by a pre-shared key */
    bool has_peer;       /* the peer showed a certificate, and it is good */
} port_tls_facts_t;

/* After the handshake. */
void port_tls_facts(const port_tls_t *tls, port_tls_facts_t *out);

/* Write whom the certificate of the peer is for: its first DNS name, else its common
 * name; nothing when there is none. */
void port_tls_peer_name(const port_tls_t *tls, mk_writer_t *out);

#endif
