/* SPDX-License-Identifier: Apache-2.0 */
/* transport_udp.c - transports over datagrams, one frame in each. */
#include "microkernel/transport_udp.h"
#include "base/alloc.h"
#include "ipc/frame.h"
#include "ipc/transport_facts.h"
#include "ipc/udp_link.h"
#include "net/address.h"

enum { RECEIVE_TRIES = 32 }; /* datagrams of no use before recv answers NULL */

typedef struct {
    port_address_t peer; /* family NONE: whoever sends first */
    uint8_t datagram[UDP_PAYLOAD_MAX];
} udp_transport_t;

static udp_transport_t *of(const transport_t *transport) {
    return transport->impl;
}

static bool send_message(transport_t *transport, const message_t *msg) {
    udp_transport_t *self = of(transport);
    if (msg == NULL || self->peer.family == PORT_FAMILY_NONE) return false;
    wire_message_t message = {.source = msg->source,
                              .dest = msg->dest,
                              .type = msg->type,
                              .payload = msg->payload,
                              .payload_size =
                                  msg->payload != NULL ? msg->payload_size : 0};
    if (message.payload_size > UDP_LINK_PAYLOAD_MAX) return false;
    frame_put(self->datagram, &message);
    return port_udp_send(transport->fd, &self->peer, self->datagram,
                         WIRE_HEADER_SIZE + message.payload_size) == MK_OK;
}

static message_t *receive(transport_t *transport) {
    udp_transport_t *self = of(transport);
    for (unsigned i = 0; i < RECEIVE_TRIES; i++) {
        port_address_t from;
        int got = port_udp_receive(transport->fd, &from, self->datagram,
                                   sizeof self->datagram);
        if (got == MK_EAGAIN) return NULL;
        if (got < 0) continue; /* what became of an earlier datagram */
        size_t size = (size_t)got;
        bool is_known = self->peer.family != PORT_FAMILY_NONE;
        wire_message_t message;
        if ((is_known && !address_equals(&from, &self->peer)) ||
            size < WIRE_HEADER_SIZE || size > sizeof self->datagram ||
            frame_get_header(self->datagram, UDP_LINK_PAYLOAD_MAX, &message) != MK_OK ||
            message.payload_size != size - WIRE_HEADER_SIZE)
            continue;
        self->peer = from;
        return message_create(message.source, message.dest, message.type,
                              message.payload, message.payload_size);
    }
    return NULL;
}

static bool is_connected(transport_t *transport) {
    return of(transport)->peer.family != PORT_FAMILY_NONE;
}

static void destroy(transport_t *transport) {
    if (transport == NULL) return;
    port_socket_close(transport->fd);
    mk_free(transport->impl);
    mk_free(transport);
}

bool transport_udp_facts(const transport_t *transport, transport_facts_t *out) {
    if (transport->destroy != destroy) return false;
    *out = (transport_facts_t){.is_connected =
                                   of(transport)->peer.family != PORT_FAMILY_NONE,
                               .is_lossy = true,
                               .payload_max = UDP_LINK_PAYLOAD_MAX};
    return true;
}

static transport_t *make(const port_address_t *at, const port_address_t *peer,
                         node_id_t peer_node) {
    int handle = port_udp_open(at);
    if (handle < 0) return NULL;
    transport_t *transport = transport_make(peer_node, sizeof(udp_transport_t));
    if (transport == NULL) {
        port_socket_close(handle);
        return NULL;
    }
    transport->fd = handle;
    transport->send = send_message;
    transport->recv = receive;
    transport->is_connected = is_connected;
    transport->destroy = destroy;
    if (peer != NULL) of(transport)->peer = *peer;
    return transport;
}

transport_t *transport_udp_bind(const char *host, uint16_t port, node_id_t peer_node) {
    port_address_t at;
    if (transport_address(host, port, &at) != MK_OK) return NULL;
    return make(&at, NULL, peer_node);
}

transport_t *transport_udp_connect(const char *host, uint16_t port,
                                   node_id_t peer_node) {
    port_address_t to, any;
    if (port == 0 || transport_address(host, port, &to) != MK_OK) return NULL;
    any = (port_address_t){.family = to.family};
    return make(&any, &to, peer_node);
}
