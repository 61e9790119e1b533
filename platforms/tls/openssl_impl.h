/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_impl.h - what the files of the OpenSSL engine share. */
#ifndef MK_PLATFORM_OPENSSL_IMPL_H
#define MK_PLATFORM_OPENSSL_IMPL_H

#include "port/tls.h"

#include <openssl/ssl.h>

/* --- openssl_tickets.c: the keys of the tickets that a server gives out --- */

enum { TICKET_NAME_SIZE = 16, TICKET_KEY_SIZE = 32 };

typedef struct {
    uint8_t name[TICKET_NAME_SIZE]; /* in clear in the ticket: which key it is */
    uint8_t cipher_key[TICKET_KEY_SIZE];
    uint8_t mac_key[TICKET_KEY_SIZE];
    uint64_t born_ns; /* monotonic */
    bool is_set;
} ticket_key_t;

typedef struct {
    ticket_key_t current; /* new tickets */
    ticket_key_t before;  /* tickets of the time before are read */
} ticket_keys_t;

/* Seal and open tickets of `ctx` with the keys of the config that a connection has. */
void tls__use_tickets(SSL_CTX *ctx);

/* --- openssl_sessions.c: what a client may resume --- */

typedef struct {
    char *host; /* owned; NULL: the slot is free */
    SSL_SESSION *session;
} kept_session_t;

typedef struct {
    kept_session_t *slots; /* MK_TLS_SESSIONS, or NULL while none was kept */
    size_t next;           /* slot that is written next: the oldest */
} kept_sessions_t;

/* Keep a session for `host`; takes it when the answer is true. */
bool tls__keep_session(kept_sessions_t *kept, const char *host, SSL_SESSION *session);

/* The newest session for `host`, returned owned, or NULL. One that may be used once
 * only (TLS 1.3: RFC 8446, C.4) is not kept any longer. */
SSL_SESSION *tls__find_session(kept_sessions_t *kept, const char *host);

void tls__drop_sessions(kept_sessions_t *kept);

/* --- openssl_wide.c, or openssl_wide_none.c: which ciphers --- */

typedef struct {
    OSSL_LIB_CTX *context; /* NULL: the process's own */
    const char *choice;    /* a property query; NULL: any */
    const char *ciphers;   /* whose they are, in words; NULL: OpenSSL's own */
} tls_methods_t;

/* Where OpenSSL finds ciphers, keys and all else for a config; from any thread. */
tls_methods_t tls__methods(void);

/* --- openssl_config.c --- */

struct port_tls_config {
    SSL_CTX *ctx;       /* for new connections; those that run hold their own */
    size_t holders;     /* the creator and the connections */
    BIO_METHOD *method; /* of carriers */
    bool is_server;
    port_tls_ask_t ask;
    X509_STORE *roots;                /* NULL: nobody is trusted */
    bool is_own_roots;                /* the roots were given, not the system's */
    STACK_OF(X509_NAME) * root_names; /* told to clients; NULL: none */
    uint8_t *alpn; /* as on the wire: length, name, ...; NULL: none */
    size_t alpn_size;
    port_tls_psk_fn find_psk; /* NULL: certificates */
    void *psk_ctx;
    char *identity; /* ends in NUL; NULL: none */
    ticket_keys_t tickets;
    kept_sessions_t sessions;
};

/* --- openssl_psk.c: pre-shared keys --- */

void tls__use_psk(SSL_CTX *ctx, bool is_server);

/* --- openssl_connection.c --- */

typedef enum {
    TLS_HANDSHAKE, /* at first */
    TLS_OPEN,      /* port_tls_handshake said MK_OK */
    TLS_FAILED     /* for ever: `failure` and `why` say how */
} tls_state_t;

struct port_tls {
    SSL *ssl;
    port_tls_config_t *config; /* held */
    const port_tls_carrier_t *carrier;
    void *carrier_ctx;
    char *host;         /* owned; NULL: none */
    uint8_t *waiting;   /* owned: records that the carrier did not take; NULL: none */
    size_t waiting_at;  /* of which so many are gone */
    size_t waiting_end; /* bytes in use */
    size_t waiting_cap;
    X509 *rejected;           /* owned: a certificate that was not accepted, or NULL */
    char *why;                /* owned, or NULL: see failure */
    int failure;              /* MK_E..., 0: none */
    int carrier_error;        /* of the carrier, which is of no use any more; 0: none */
    uint32_t handshake_bytes; /* that came before the handshake was done */
    uint16_t idle_messages;   /* handshake messages since, without data between */
    uint8_t state;            /* tls_state_t; only openssl_connection.c writes it */
    bool is_dry;       /* the carrier had nothing; at most a part of a record is here */
    bool is_ended;     /* the carrier said MK_EEND */
    bool is_finished;  /* we said goodbye */
    bool is_gathering; /* records wait until several can go together */
    bool is_flooded;   /* a bound was passed */
    bool has_met_text; /* the first byte that came is a letter */
    bool is_distrusted;  /* the certificate of the peer was not accepted */
    bool is_key_unknown; /* a client named a key that we have not got */
};

/* Of a connection's SSL object: by its carrier. (Application data of an SSL is a table
 * of its own, 110 bytes.) */
static inline port_tls_t *tls__of(const SSL *ssl) {
    return BIO_get_data(SSL_get_rbio(ssl));
}

/* The functions that a carrier's BIO has; NULL when memory is short. */
BIO_METHOD *tls__carrier_method(void);

/* A DNS name as it travels: letters, digits, '-', '_' and dots; at most 253 bytes. */
bool tls__is_host_name(const char *host);

/* Count what the peer sends besides data. */
void tls__watch_messages(SSL_CTX *ctx);

/* --- openssl_why.c: errors in words --- */

/* What OpenSSL complained about first, as "thing: words"; empties its list. */
void tls__complain(mk_writer_t *why, const char *thing);

/* The code for a call of OpenSSL that failed, and words; empties its list. */
int tls__judge(const port_tls_t *tls, mk_writer_t *why);

#endif
