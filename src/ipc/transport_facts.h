/* SPDX-License-Identifier: Apache-2.0 */
/* transport_facts.h - what our own transports tell beyond the five functions, and what
 * their constructors share. */
#ifndef MK_IPC_TRANSPORT_FACTS_H
#define MK_IPC_TRANSPORT_FACTS_H

#include "microkernel/transport.h"
#include "port/sockets.h"

typedef struct {
    size_t waiting;    /* bytes of messages taken that the socket has not taken yet;
                          send and recv try again */
    bool is_connected; /* as the last call found it, without looking */
    bool is_listening; /* another peer may come after this one */
    bool is_lossy;     /* datagrams */
    size_t payload_max;
} transport_facts_t;

/* False: it is none of ours. */
bool transport_facts(const transport_t *transport, transport_facts_t *out);

/* The two kinds' halves of it. */
bool transport_stream_facts(const transport_t *transport, transport_facts_t *out);
bool transport_udp_facts(const transport_t *transport, transport_facts_t *out);

/* End the connection of a listening transport of ours, as if its peer had gone. */
void transport_disconnect(transport_t *transport);

/* A host as the constructors take it: NULL, "" and "localhost" are 127.0.0.1, else a
 * numeric address. MK_OK or MK_EINVAL. */
int transport_address(const char *host, uint16_t port, port_address_t *address);

/* A transport with an `impl` of `impl_size` zero bytes and no functions; NULL when
 * memory is short. */
transport_t *transport_make(node_id_t peer_node, size_t impl_size);

#endif
