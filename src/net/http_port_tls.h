/* SPDX-License-Identifier: Apache-2.0 */
/* http_port_tls.h - TLS of one port of the server: its certificate, how many shake
 * hands at a time, and the files that are read again. */
#ifndef MK_NET_HTTP_PORT_TLS_H
#define MK_NET_HTTP_PORT_TLS_H

#include "base/sha1.h"
#include "base/writer.h"
#include "kernel/deadline.h"
#include "microkernel/http.h"
#include "net/stream.h"
#include "port/tls.h"

/* Shared by the port and a reading of its files: lives as long as the last of both. */
typedef struct {
    port_tls_config_t *config;
    runtime_t *rt;
    deadline_t reread; /* armed while files are to be looked at */
    uint32_t reread_ms;
    uint32_t handshake_ms;
    uint32_t handshakes_max;
    size_t handshakes; /* under way; kept by http_conn.c */
    unsigned holders;
    uint16_t number;              /* of the port, for the log */
    bool is_closed;               /* the port has ended */
    bool is_reading;              /* an actor reads the files */
    uint8_t print[SHA1_SIZE];     /* of the certificate and key in use */
    const char *certificate_file; /* NULL: none; the texts stand behind this block */
    const char *key_file;         /* the same as well when only one was given */
} http_port_tls_t;

/* TLS for a port, with the words of a failure in `why`. Reads files that are not given
 * as texts. Results as http_listen_why(). */
int http_port_tls_open(runtime_t *rt, const http_listen_tls_t *options,
                       http_port_tls_t **out, mk_writer_t *why);

/* The port listens at `number`: files are looked at from now on, if that is wanted. */
void http_port_tls_start(http_port_tls_t *tls, uint16_t number);

/* The port has ended. NULL is allowed. */
void http_port_tls_close(http_port_tls_t *tls);

/* As http_listen_certificate() and http_listen_reread(). */
int http_port_tls_change(http_port_tls_t *tls, text_t certificate, text_t key,
                         mk_writer_t *why);
int http_port_tls_reread(http_port_tls_t *tls);

#endif
