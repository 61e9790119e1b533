/* SPDX-License-Identifier: Apache-2.0 */
/* transport_tcp.h - messages over tcp, as docs/WIRE.md has them; TCP_NODELAY is set.
 *
 * Nothing is encrypted and nobody proves anything: for machines that trust their
 * network. Others mount each other (mount.h). */
#ifndef MICROKERNEL_TRANSPORT_TCP_H
#define MICROKERNEL_TRANSPORT_TCP_H

#include "microkernel/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Listen at an address of this machine (borrowed): "127.0.0.1", "::1", "[::1]",
 * "0.0.0.0", "localhost" (which is 127.0.0.1); NULL or "": 127.0.0.1. Names are not
 * looked up. Port 0: any free one. Peers as of transport_unix_listen. Returns owned;
 * NULL: no such address here, the port is in use, or memory is short. Any thread. */
transport_t *transport_tcp_listen(const char *host, uint16_t port, node_id_t peer_node);

/* Connect to a host by address or name (borrowed). BLOCKS for MK_CONNECT_TIMEOUT_MS at
 * most: for code outside the loop. Returns owned; NULL: it cannot be reached, port 0,
 * or memory is short. Any thread. */
transport_t *transport_tcp_connect(const char *host, uint16_t port,
                                   node_id_t peer_node);

/* The same object around a connected stream socket, blocking or not. Takes `fd`;
 * returns owned, or NULL when `fd` is negative or memory is short: then `fd` stays the
 * caller's. Any thread. */
transport_t *transport_tcp_from_fd(int fd, node_id_t peer_node);

#ifdef __cplusplus
}
#endif

#endif
