/* SPDX-License-Identifier: Apache-2.0 */
/* sim_line.c - hosts, and what passes between them when.
 *
 * A line keeps the moment until which it is busy, so that what is sent at the same time
 * over a slow one comes one after the other; what comes within one millisecond comes at
 * its end, so that a slow line does not make a world of moments. Mending settles all
 * sockets: whatever waited has its moment behind it and arrives at once. */
#include "sim_line.h"

#include "sim.h"
#include "sim_impl.h"
#include "sim_net_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"

#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
#define TICK_NS  UINT64_C(1000000)

typedef struct {
    sim_line_t how;
    uint64_t busy_until_ns;
    bool is_cut;
} line_t;

static struct {
    line_t lines[SIM_HOSTS][SIM_HOSTS]; /* [from][to] */
    port_address_t addresses[SIM_HOSTS];
    bool is_off[SIM_HOSTS];
    unsigned entered;
    uint64_t random;
} hosts;

void sim_host_enter(unsigned host) {
    MK_ASSERT(host < SIM_HOSTS);
    hosts.entered = host;
}

unsigned sim_host_entered(void) {
    return hosts.entered;
}

void sim_host_set_address(unsigned host, const port_address_t *address) {
    MK_ASSERT(host < SIM_HOSTS);
    hosts.addresses[host] = *address;
    hosts.addresses[host].port = 0;
}

bool sim__host_address(unsigned host, port_address_t *out) {
    *out = hosts.addresses[host];
    return out->family != PORT_FAMILY_NONE;
}

unsigned sim__host_of(const port_address_t *address) {
    for (unsigned host = 0; host < SIM_HOSTS; host++) {
        const port_address_t *own = &hosts.addresses[host];
        if (own->family != PORT_FAMILY_NONE && own->family == address->family &&
            memcmp(own->bytes, address->bytes, sizeof own->bytes) == 0)
            return host;
    }
    return 0;
}

/* --- what passes --- */

uint64_t sim__line_arrival(unsigned from, unsigned to, size_t size) {
    line_t *line = &hosts.lines[from][to];
    uint64_t at_ns = sim_now_ns();
    if (line->how.bytes_per_s != 0) {
        if (line->busy_until_ns > at_ns) at_ns = line->busy_until_ns;
        at_ns += size * NS_PER_S / line->how.bytes_per_s;
        line->busy_until_ns = at_ns;
        at_ns = (at_ns + TICK_NS - 1) / TICK_NS * TICK_NS;
    }
    if (line->how.jitter_ns != 0)
        at_ns += sim__random_next(&hosts.random) % line->how.jitter_ns;
    return at_ns + line->how.delay_ns;
}

bool sim__line_is_silent(unsigned from, unsigned to) {
    return hosts.lines[from][to].is_cut || hosts.is_off[from] || hosts.is_off[to];
}

/* --- controls --- */

void sim_line_set(unsigned from, unsigned to, sim_line_t line) {
    MK_ASSERT(from < SIM_HOSTS && to < SIM_HOSTS);
    hosts.lines[from][to].how = line;
}

void sim_line_cut(unsigned from, unsigned to, bool is_cut) {
    MK_ASSERT(from < SIM_HOSTS && to < SIM_HOSTS);
    hosts.lines[from][to].is_cut = is_cut;
    sim__settle_all(NULL);
}

size_t sim_line_reset(unsigned a, unsigned b) {
    size_t count = 0;
    sim__make_net();
    for (end_t *end = sim__next_end(NULL); end != NULL; end = sim__next_end(end)) {
        if (end->kind != END_STREAM || end->peer == NULL || end->broken != MK_OK)
            continue;
        if (end->host != a || end->far_host != b) continue;
        sim__break_stream(end);
        count++;
    }
    return count;
}

void sim_host_kill(unsigned host) {
    sim__make_net();
    for (end_t *end = sim__next_end(NULL); end != NULL; end = sim__next_end(end))
        if (end->kind == END_STREAM && end->host == host) sim__tell_reset(end);
}

/* The other end hears nothing, and what had not arrived never does. */
static void sever(end_t *end) {
    end_t *peer = end->peer;
    sim__break_end(end, MK_ECLOSED);
    if (peer == NULL) return;
    end->peer = NULL;
    peer->peer = NULL;
    while (peer->marks != NULL) {
        mark_t *mark = peer->marks;
        peer->marks = mark->next;
        mk_free(mark);
    }
    peer->last_mark = NULL;
    peer->total = peer->visible;
    peer->peer_has_finished = false;
    peer->is_reset = false;
    sim__settle(peer);
}

void sim_host_set_power(unsigned host, bool is_on) {
    MK_ASSERT(host < SIM_HOSTS);
    sim__make_net();
    hosts.is_off[host] = !is_on;
    for (end_t *end = sim__next_end(NULL); end != NULL && !is_on;
         end = sim__next_end(end))
        if (end->kind == END_STREAM && end->host == host) sever(end);
    sim__settle_all(NULL);
}

void sim__lines_reset(uint64_t seed) {
    memset(&hosts, 0, sizeof hosts);
    hosts.random = sim__mix(seed, 5, 0);
}
