/* SPDX-License-Identifier: Apache-2.0 */
/* connector.h - from a host's name to a connected socket, without waiting.
 *
 * Looks up both families at once, waits MK_CONNECT_RESOLUTION_MS for IPv6 when IPv4 is
 * first, and races the addresses: the next one starts MK_CONNECT_ATTEMPT_MS after the
 * one before, or at once when that failed. The first to connect wins, the others are
 * given up (RFC 8305). */
#ifndef MK_NET_CONNECTOR_H
#define MK_NET_CONNECTOR_H

#include "microkernel/runtime.h"
#include "port/sockets.h"

typedef struct connector connector_t;

typedef struct {
    const char *host;      /* name or numeric address, "::1" or "[::1]"; borrowed */
    const char *unix_path; /* instead of host, unless NULL; borrowed */
    uint16_t port;
    uint32_t timeout_ms; /* for all of it; 0: MK_CONNECT_TIMEOUT_MS */
    /* How it went, exactly once unless it is cancelled; called on the loop, never from
     * within connector_start. `handle` >= 0: connected, taken by the callee
     * (stream_open). Else an error: MK_ENOENT (no such host), MK_EREFUSED,
     * MK_ETIMEOUT, ... and `text` says what failed, with host and reason ("cannot
     * connect to example.test:80: refused"); borrowed. The connector is gone when this
     * is called. */
    void (*on_done)(void *owner, runtime_t *rt, int handle, const char *text);
    void *owner; /* for on_done */
} connector_spec_t;

/* Begin. MK_OK and the connector in `*out`, or MK_ENOMEM, MK_EINVAL (empty or too long
 * a host, port 0). */
int connector_start(runtime_t *rt, const connector_spec_t *spec, connector_t **out);

/* Give up, in any state; on_done will not be called. NULL is allowed. Takes it. */
void connector_cancel(runtime_t *rt, connector_t *connector);

#endif
