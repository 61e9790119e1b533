/* SPDX-License-Identifier: Apache-2.0 */
/* transport_unix.h - messages over a unix stream socket, as docs/WIRE.md has them. */
#ifndef MICROKERNEL_TRANSPORT_UNIX_H
#define MICROKERNEL_TRANSPORT_UNIX_H

#include "microkernel/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Listen at a path of at most 107 bytes (borrowed) for `peer_node`; only this user may
 * connect. One peer at a time: it is accepted by the first send, recv or is_connected
 * after it came; when it has gone, the next one. A socket file that nobody listens at
 * is replaced; destroy removes it. Returns owned; NULL: the path is too long or in use,
 * or memory is short. Any thread. */
transport_t *transport_unix_listen(const char *path, node_id_t peer_node);

/* Connect to a path at once. Returns owned; NULL: nobody listens there, its queue is
 * full, or memory is short. Any thread. */
transport_t *transport_unix_connect(const char *path, node_id_t peer_node);

#ifdef __cplusplus
}
#endif

#endif
