/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/transport_facts.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "net/address.h"

bool transport_facts(const transport_t *transport, transport_facts_t *out) {
    return transport_stream_facts(transport, out) ||
           transport_udp_facts(transport, out);
}

int transport_address(const char *host, uint16_t port, port_address_t *address) {
    text_t text = text_of(host);
    if (text.size == 0 || text_equals_nocase(text, text_of("localhost"))) {
        *address = address_loopback(port);
        return MK_OK;
    }
    return address_parse(text, port, address);
}

transport_t *transport_make(node_id_t peer_node, size_t impl_size) {
    transport_t *transport = mk_calloc(1, sizeof *transport);
    void *impl = mk_calloc(1, impl_size);
    if (transport == NULL || impl == NULL) {
        mk_free(transport);
        mk_free(impl);
        return NULL;
    }
    transport->peer_node = peer_node;
    transport->fd = -1;
    transport->impl = impl;
    return transport;
}
