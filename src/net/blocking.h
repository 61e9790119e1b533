/* SPDX-License-Identifier: Apache-2.0 */
/* blocking.h - connecting while the caller waits, for mk_socket.h. */
#ifndef MK_NET_BLOCKING_H
#define MK_NET_BLOCKING_H

#include <stdint.h>

/* A connected socket's handle, owned, or an error as of connector.h. Blocks for
 * MK_CONNECT_TIMEOUT_MS at most. `host` is borrowed; NULL is MK_EINVAL. */
int blocking_connect(const char *host, uint16_t port);

#endif
