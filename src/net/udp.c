/* SPDX-License-Identifier: Apache-2.0 */
#include "net/udp.h"

#include "base/check.h"
#include "microkernel/error.h"

#include <stddef.h>

static void on_ready(source_t *source, runtime_t *rt, uint32_t events) {
    (void)events; /* an error that waits is read like a datagram */
    udp_t *udp = MK_CONTAINER_OF(source, udp_t, source);
    udp->events->on_readable(udp, rt);
}

int udp_open(runtime_t *rt, udp_t *udp, const port_address_t *at,
             const udp_events_t *events) {
    udp->events = NULL;
    int handle = port_udp_open(at);
    if (handle < 0) return handle;
    udp->source =
        (source_t){.handle = handle, .interest = MK_POLL_IN, .on_ready = on_ready};
    if (source_open(rt, &udp->source) != MK_OK) {
        port_socket_close(handle);
        return MK_ENOMEM;
    }
    udp->events = events;
    return MK_OK;
}

int udp_local(const udp_t *udp, port_address_t *address) {
    if (udp->events == NULL) return MK_ESTATE;
    return port_socket_local(udp->source.handle, address);
}

int udp_send(udp_t *udp, const port_address_t *to, const void *bytes, size_t size) {
    if (udp->events == NULL) return MK_ESTATE;
    return port_udp_send(udp->source.handle, to, bytes, size);
}

int udp_receive(udp_t *udp, port_address_t *from, void *bytes, size_t size) {
    if (udp->events == NULL) return MK_ESTATE;
    return port_udp_receive(udp->source.handle, from, bytes, size);
}

void udp_close(runtime_t *rt, udp_t *udp) {
    if (udp->events == NULL) return;
    udp->events = NULL;
    source_close(rt, &udp->source);
    port_socket_close(udp->source.handle);
}
