/* SPDX-License-Identifier: Apache-2.0 */
/* http_secure.h - whom the client trusts, and TLS on its streams. */
#ifndef MK_NET_HTTP_SECURE_H
#define MK_NET_HTTP_SECURE_H

#include "base/list.h"
#include "base/text.h"
#include "net/stream.h"

#include <stdbool.h>

/* This build has TLS. */
bool http_secure_is_available(void);

/* Someone who waits for the roots of the system. Zeroed or used before. */
typedef struct http_secure_wait http_secure_wait_t;
struct http_secure_wait {
    list_node_t in_waits; /* list_init() before the first use */
    /* They were read, or could not be; told once, on the loop. */
    void (*on_ready)(http_secure_wait_t *wait, runtime_t *rt, int result);
};

/* Begin TLS as a client on an open stream to `host`, with what http_client_trust()
 * gave, else the roots of the system, which a worker thread reads the first time.
 * MK_OK; MK_EAGAIN: they are being read, call again when `wait` is told MK_OK
 * (list_remove its node to give up); or an error. But for MK_OK the stream is as it
 * was. */
int http_secure_start(runtime_t *rt, stream_t *stream, const char *host,
                      http_secure_wait_t *wait);

#endif
