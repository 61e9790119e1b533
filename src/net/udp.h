/* SPDX-License-Identifier: Apache-2.0 */
/* udp.h - datagrams on the loop. They may be lost, doubled or reordered, as UDP is. */
#ifndef MK_NET_UDP_H
#define MK_NET_UDP_H

#include "kernel/source.h"
#include "port/sockets.h"

enum { UDP_PAYLOAD_MAX = 65507 }; /* bytes; over IPv4 (RFC 768, 791) */

typedef struct udp udp_t;

typedef struct {
    /* At least one datagram waits; take it with udp_receive. Comes again while one is
     * left. */
    void (*on_readable)(udp_t *udp, runtime_t *rt);
} udp_events_t;

struct udp {
    source_t source;
    const udp_events_t *events; /* NULL: closed */
};

/* Open at an address; port 0: any free one. `events` is borrowed until udp_close. MK_OK
 * or an error of port_udp_open; then nothing is kept. */
int udp_open(runtime_t *rt, udp_t *udp, const port_address_t *at,
             const udp_events_t *events);

/* Where it is (the port it got). MK_OK or an error. */
int udp_local(const udp_t *udp, port_address_t *address);

/* As port_udp_send and port_udp_receive. MK_EAGAIN from sending: it is lost, as on the
 * way. */
int udp_send(udp_t *udp, const port_address_t *to, const void *bytes, size_t size);
int udp_receive(udp_t *udp, port_address_t *from, void *bytes, size_t size);

/* Also one that is closed or all zero. */
void udp_close(runtime_t *rt, udp_t *udp);

#endif
