/* SPDX-License-Identifier: Apache-2.0 */
/* transport_udp.h - messages as datagrams: each arrives whole, or not, or twice, or
 * before others. A message has at most 65479 bytes of payload; send refuses more. */
#ifndef MICROKERNEL_TRANSPORT_UDP_H
#define MICROKERNEL_TRANSPORT_UDP_H

#include "microkernel/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Wait at an address of this machine, written as of transport_tcp_listen. Whoever sends
 * the first message is the peer for ever; what others send is ignored. Returns owned;
 * NULL as there. Any thread. */
transport_t *transport_udp_bind(const char *host, uint16_t port, node_id_t peer_node);

/* Talk to an address ("localhost" or numeric; names are not looked up). Connected from
 * the beginning, whether or not anybody is there. Returns owned; NULL: no address, port
 * 0, or memory is short. Any thread. */
transport_t *transport_udp_connect(const char *host, uint16_t port,
                                   node_id_t peer_node);

#ifdef __cplusplus
}
#endif

#endif
