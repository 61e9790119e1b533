/* SPDX-License-Identifier: Apache-2.0 */
/* http_secure.h - whom the client trusts, and TLS on its streams. */
#ifndef MK_NET_HTTP_SECURE_H
#define MK_NET_HTTP_SECURE_H

#include "base/text.h"
#include "net/stream.h"

#include <stdbool.h>

/* This build has TLS. */
bool http_secure_is_available(void);

/* Begin TLS as a client on an open stream to `host`, with what http_client_trust()
 * gave, else the roots of the system, which are read the first time. MK_OK, or an
 * error and the stream is as it was. */
int http_secure_start(runtime_t *rt, stream_t *stream, const char *host);

#endif
