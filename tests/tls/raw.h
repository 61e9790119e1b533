/* SPDX-License-Identifier: Apache-2.0 */
/* raw.h - a peer that does what ours never would: OpenSSL itself at one end of a pair.
 */
#ifndef MK_TESTS_TLS_RAW_H
#define MK_TESTS_TLS_RAW_H

#include "tls/setup.h"

#include <openssl/ssl.h>

typedef struct {
    SSL_CTX *ctx;
    SSL *ssl;
    wire_t *in;
    wire_t *out;
} raw_t;

/* OpenSSL as the client (or the server, with this identity), speaking these versions;
 * its own checks are off. */
void raw_init(raw_t *raw, const identity_t *own, int least_version, int most_version);

/* A new connection in the place of one side of `pair`, whose other side is ours. */
void raw_open(raw_t *raw, pair_t *pair);

/* Move what the raw side has written onto the wire, and what came into it. */
void raw_pump(raw_t *raw);

/* Shake hands with our side until it has a result or nothing moves. */
void raw_shake(raw_t *raw, side_t *ours);

/* Bytes that the raw side reads now; 0: none. */
size_t raw_read(raw_t *raw, void *bytes, size_t cap);

/* Write all of it. */
void raw_write(raw_t *raw, const void *bytes, size_t size);

void raw_close(raw_t *raw);
void raw_deinit(raw_t *raw);

#endif
