/* SPDX-License-Identifier: Apache-2.0 */
/* sim_net_controls.c - what a test says to the network (sim_net.h). */
#include "sim_net.h"

#include "sim_net_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"

static sim_net_settings_t *settings(void) {
    sim__make_net();
    return &sim__net.set;
}

void sim_net_set_delay(uint64_t ns) {
    settings()->delay_ns = ns;
}

void sim_net_set_read_max(size_t bytes) {
    settings()->read_max = bytes;
}

void sim_net_set_write_max(size_t bytes) {
    settings()->write_max = bytes;
}

void sim_net_set_random_parts(bool is_random) {
    settings()->has_random_parts = is_random;
}

void sim_net_set_split(size_t offset) {
    settings()->split = offset;
}

void sim_net_set_window(size_t bytes) {
    settings()->window = bytes;
    sim__settle_all(NULL);
}

void sim_net_set_hiccups(unsigned per_mille) {
    settings()->hiccups = per_mille;
}

void sim_net_set_loss(unsigned per_mille) {
    settings()->loss = per_mille;
}

void sim_net_reset_at(uint64_t nth) {
    sim_net_settings_t *set = settings();
    set->reset_at = nth;
    set->reset_was_hit = false;
}

bool sim_net_reset_hit(void) {
    return sim__net.set.reset_was_hit;
}

void sim_net_reset(int handle) {
    end_t *end = sim__find_end(handle);
    if (end != NULL && end->kind == END_STREAM) sim__break_stream(end);
}

void sim_net_set_descriptors(size_t max) {
    settings()->descriptors = max;
}

int sim_net_set_route(const port_address_t *to, sim_route_t how, uint64_t delay_ns) {
    sim__make_net();
    route_t *route = mk_alloc(sizeof *route);
    if (route == NULL) return MK_ENOMEM;
    *route =
        (route_t){sim__net.routes, *to, how, delay_ns}; /* the newest is found first */
    sim__net.routes = route;
    return MK_OK;
}

void sim_net_set_source(const port_address_t *from, bool is_known) {
    sim__net.sources[from->family == PORT_FAMILY_INET6] =
        (source_of_t){.from = *from, .is_set = true, .is_known = is_known};
}

size_t sim_net_connects(void) {
    return sim__net.connects;
}

size_t sim_net_writes(void) {
    return sim__net.writes;
}
