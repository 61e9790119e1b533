/* SPDX-License-Identifier: Apache-2.0 */
/* udp_link.h - a link over datagrams, one frame in each: may lose, double and reorder.
 *
 * What comes from anywhere but the peer, and what is not exactly one frame, is ignored
 * and counted. There is no end: a peer that went away is silence, which only a
 * heartbeat notices. */
#ifndef MK_IPC_UDP_LINK_H
#define MK_IPC_UDP_LINK_H

#include "ipc/link.h"
#include "microkernel/wire.h"
#include "net/udp.h"

/* Bytes of payload of one message. */
enum { UDP_LINK_PAYLOAD_MAX = UDP_PAYLOAD_MAX - WIRE_HEADER_SIZE };

typedef struct {
    const link_events_t *events; /* borrowed until the link is closed or has others */
    void *owner;                 /* link.owner */
    port_address_t at;           /* our side; port 0: any free one */
    port_address_t peer; /* family NONE: whoever first sends a frame is the peer, for
                            ever; until then sends are refused with MK_EFULL */
} udp_link_spec_t;

typedef struct {
    uint64_t strangers; /* datagrams of others than the peer */
    uint64_t malformed; /* datagrams of the peer that are no frame, or more */
    uint64_t lost;      /* our own that the system did not take */
} udp_link_counts_t;

/* Make a link. MK_OK, or an error of udp_open, or MK_ENOMEM; then nothing is kept. */
int udp_link_open(runtime_t *rt, const udp_link_spec_t *spec, link_t **out);

/* Where it is (the port it got). MK_OK or an error. */
int udp_link_local(const link_t *link, port_address_t *address);

udp_link_counts_t udp_link_counts(const link_t *link);

#endif
