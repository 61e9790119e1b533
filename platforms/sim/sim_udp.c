/* SPDX-License-Identifier: Apache-2.0 */
/* sim_udp.c - port/sockets.h for datagrams: each arrives by itself, or is lost. */
#include "sim_net_impl.h"

#include "sim.h"

#include "base/alloc.h"
#include "microkernel/error.h"

#include <string.h>

enum { DATAGRAMS_MAX = 64, DATAGRAM_BYTES_MAX = 65507 };

int port_udp_open(const port_address_t *at) {
    end_t *end;
    if (at->family == PORT_FAMILY_NONE) return MK_EINVAL;
    return sim__bind_end(END_UDP, at, "", &end);
}

static size_t count_waiting(const end_t *end) {
    size_t count = 0;
    for (const datagram_t *at = end->datagrams; at != NULL; at = at->next)
        count++;
    return count;
}

/* Behind those that arrive no later. */
static void queue(end_t *end, datagram_t *datagram) {
    datagram_t **at = &end->datagrams;
    while (*at != NULL && (*at)->at_ns <= datagram->at_ns)
        at = &(*at)->next;
    datagram->next = *at;
    *at = datagram;
}

int port_udp_send(int handle, const port_address_t *to, const void *bytes,
                  size_t size) {
    const end_t *end = sim__find_end(handle);
    if (end == NULL || end->kind != END_UDP) return MK_EINVAL;
    if (size > DATAGRAM_BYTES_MAX) return MK_ETOOBIG;
    end_t *other = sim__find_bound(END_UDP, to, "");
    if (other == NULL || sim__by_chance(sim__net.set.loss) ||
        sim__line_is_silent(end->host, other->host))
        return MK_OK; /* lost */
    datagram_t *datagram =
        count_waiting(other) < DATAGRAMS_MAX ? mk_alloc(sizeof *datagram + size) : NULL;
    if (datagram == NULL) return MK_OK; /* lost as well */
    datagram->at_ns =
        sim__line_arrival(end->host, other->host, size) + sim__net.set.delay_ns;
    datagram->from = end->local;
    if (sim__is_any(&end->local)) memcpy(datagram->from.bytes, to->bytes, 16);
    if (sim__is_any(&end->local)) datagram->from.family = to->family;
    datagram->size = size;
    if (size > 0) memcpy(datagram->bytes, bytes, size);
    if (sim__settle_at(datagram->at_ns) != MK_OK) datagram->at_ns = sim_now_ns();
    queue(other, datagram);
    sim__settle(other);
    return MK_OK;
}

int port_udp_receive(int handle, port_address_t *from, void *bytes, size_t size) {
    end_t *end = sim__find_end(handle);
    if (end == NULL || end->kind != END_UDP) return MK_EINVAL;
    datagram_t *datagram = end->datagrams;
    if (datagram == NULL || datagram->at_ns > sim_now_ns()) return MK_EAGAIN;
    end->datagrams = datagram->next;
    int got = (int)datagram->size;
    if (size > datagram->size) size = datagram->size;
    if (size > 0) memcpy(bytes, datagram->bytes, size);
    if (from != NULL) *from = datagram->from;
    mk_free(datagram);
    sim__settle(end);
    return got;
}
