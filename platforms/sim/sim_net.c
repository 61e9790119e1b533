/* SPDX-License-Identifier: Apache-2.0 */
/* sim_net.c - the ends of the network in memory: how they come and go, and what each is
 * ready for.
 *
 * Each end of a stream owns what comes in: one buffer, and marks that say up to which
 * byte it has arrived at which moment. A write puts bytes into the buffer of the peer
 * at once and, when they need time, a mark; `sim__settle` lets marks whose time has
 * come become visible and computes readiness anew. Whatever concerns time is asked for
 * with one kind of scheduled call, which settles all sockets: no event points at one.
 * While the line to an end is cut nothing of it becomes visible. */
#include "sim_net_impl.h"

#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"
#include "port/poller.h"

#include <string.h>

enum { FIRST_FREE_PORT = 49152 };

static const sim_net_settings_t at_first = {
    .read_max = SIZE_MAX,
    .write_max = SIZE_MAX,
    .window = 65536,
    .descriptors = SIZE_MAX,
};

sim_net_t sim__net;

void sim__make_net(void) {
    if (sim__net.is_made) return;
    sim__net.is_made = true;
    sim__net.set = at_first;
    sim__net.last_port = FIRST_FREE_PORT - 1;
    list_init(&sim__net.ends);
}

end_t *sim__next_end(const end_t *end) {
    const list_node_t *node = end != NULL ? end->node.next : sim__net.ends.next;
    return node != &sim__net.ends ? MK_CONTAINER_OF(node, end_t, node) : NULL;
}

end_t *sim__find_end(int handle) {
    sim__make_net();
    for (end_t *end = sim__next_end(NULL); end != NULL; end = sim__next_end(end)) {
        if (end->handle == handle) return end;
    }
    return NULL;
}

size_t sim__below(size_t bound) {
    return bound < 2 ? 0 : (size_t)(sim__random_next(&sim__net.random) % bound);
}

bool sim__by_chance(unsigned per_mille) {
    return per_mille != 0 && sim__below(1000) < per_mille;
}

/* --- readiness --- */

/* Nothing reaches this end of a stream now. */
static bool is_silent(const end_t *end) {
    return sim__line_is_silent(end->far_host, end->host);
}

static void let_arrive(end_t *end, uint64_t now_ns) {
    while (end->marks != NULL && end->marks->at_ns <= now_ns) {
        mark_t *mark = end->marks;
        end->visible = mark->total;
        end->marks = mark->next;
        mk_free(mark);
    }
    if (end->marks != NULL) return;
    end->last_mark = NULL;
    end->visible = end->total;
}

static uint32_t stream_readiness(const end_t *end) {
    if (end->is_connecting) return 0;
    if (end->broken != MK_OK)
        return PORT_POLL_IN | PORT_POLL_OUT | PORT_POLL_HUP |
               (end->error != MK_OK ? PORT_POLL_ERR : 0u);
    bool is_over = end->has_end;
    bool may_write = end->peer != NULL ? sim__room_of(end->peer) > 0
                                       : end->vanished < sim__net.set.window;
    return (end->visible > end->read || is_over ? PORT_POLL_IN : 0u) |
           (may_write ? PORT_POLL_OUT : 0u) |
           (is_over && end->has_finished ? PORT_POLL_HUP : 0u);
}

static uint32_t readiness(const end_t *end, uint64_t now_ns) {
    switch (end->kind) {
    case END_STREAM: return stream_readiness(end);
    case END_LISTENER: return list_is_empty(&end->waiting) ? 0 : PORT_POLL_IN;
    case END_UDP:
        return PORT_POLL_OUT |
               (end->datagrams != NULL && end->datagrams->at_ns <= now_ns ? PORT_POLL_IN
                                                                          : 0u);
    case END_SPARE: break;
    }
    return 0;
}

/* What was sent to this stream and has had its time comes in. */
static void settle_stream(end_t *end, uint64_t now_ns) {
    if (is_silent(end)) return;
    let_arrive(end, now_ns);
    /* Never before what was sent: its moment is earlier than theirs when there was no
     * memory to schedule it. */
    if (end->peer_has_finished && end->end_ns <= now_ns && end->marks == NULL)
        end->has_end = true;
    bool is_answered =
        end->vanished > 0 && !sim__line_is_silent(end->host, end->far_host);
    if ((end->is_reset && end->reset_ns <= now_ns) || is_answered)
        sim__break_end(end, MK_ECLOSED);
}

void sim__settle(end_t *end) {
    uint64_t now_ns = sim_now_ns();
    if (end->is_connecting && end->answer_ns <= now_ns) sim__answer_connect(end);
    if (end->kind == END_STREAM && end->broken == MK_OK) settle_stream(end, now_ns);
    if (end->handle >= 0) sim_handle_set_ready(end->handle, readiness(end, now_ns));
}

void sim__settle_all(void *unused) {
    (void)unused;
    sim__make_net();
    for (end_t *end = sim__next_end(NULL); end != NULL; end = sim__next_end(end))
        sim__settle(end);
}

int sim__settle_at(uint64_t at_ns) {
    if (at_ns <= sim_now_ns()) return MK_OK;
    return sim_call_at(at_ns, sim__settle_all, NULL);
}

/* --- making and ending --- */

end_t *sim__make_end(end_kind_t kind) {
    sim__make_net();
    end_t *end = mk_calloc(1, sizeof *end);
    if (end == NULL) return NULL;
    end->kind = kind;
    end->host = sim_host_entered();
    end->handle = -1;
    buffer_init(&end->inbox, SIZE_MAX / 2);
    list_init(&end->waiting);
    list_init(&end->in_queue);
    list_insert_before(&sim__net.ends, &end->node);
    return end;
}

static void drop_input(end_t *end) {
    while (end->marks != NULL) {
        mark_t *mark = end->marks;
        end->marks = mark->next;
        mk_free(mark);
    }
    end->last_mark = NULL;
    while (end->datagrams != NULL) {
        datagram_t *datagram = end->datagrams;
        end->datagrams = datagram->next;
        mk_free(datagram);
    }
    buffer_deinit(&end->inbox);
    buffer_init(&end->inbox, SIZE_MAX / 2);
    end->read = end->visible = end->total;
}

void sim__free_end(end_t *end) {
    drop_input(end);
    while (!list_is_empty(&end->waiting))
        list_remove(end->waiting.next);
    list_remove(&end->node);
    list_remove(&end->in_queue);
    if (end->peer != NULL) end->peer->peer = NULL;
    if (end->handle >= 0) {
        sim_handle_destroy(end->handle);
        sim__net.descriptors--;
    }
    mk_free(end);
}

int sim__open_end(end_t *end) {
    if (sim__net.descriptors >= sim__net.set.descriptors) return MK_ENOMEM;
    int handle = sim_handle_create();
    if (handle < 0) return handle;
    end->handle = handle;
    sim__net.descriptors++;
    sim__settle(end);
    return handle;
}

int sim__make_open(end_kind_t kind, end_t **out) {
    if (sim__port_fails()) return MK_ENOMEM;
    end_t *end = sim__make_end(kind);
    if (end == NULL) return MK_ENOMEM;
    int handle = sim__open_end(end);
    if (handle < 0) {
        sim__free_end(end);
        return handle;
    }
    *out = end;
    return handle;
}

void sim__break_end(end_t *end, int code) {
    if (end->broken != MK_OK) return;
    end->broken = code;
    end->error = code;
    drop_input(end);
    sim__settle(end);
}

void sim__break_stream(end_t *end) {
    if (end->peer != NULL) sim__break_end(end->peer, MK_ECLOSED);
    sim__break_end(end, MK_ECLOSED);
}

/* When something without bytes arrives at this end: not before what is on its way. */
static uint64_t arrival_at(const end_t *end, uint64_t delay_ns) {
    uint64_t at_ns = sim__line_arrival(end->far_host, end->host, 0) + delay_ns;
    const mark_t *last = end->last_mark;
    return last != NULL && last->at_ns > at_ns ? last->at_ns : at_ns;
}

void sim__tell_reset(end_t *end) {
    end_t *peer = end->peer;
    sim__break_end(end, MK_ECLOSED);
    if (peer == NULL || peer->is_reset) return;
    peer->is_reset = true;
    peer->reset_ns = arrival_at(peer, 0);
    if (sim__settle_at(peer->reset_ns) != MK_OK) peer->reset_ns = sim_now_ns();
    sim__settle(peer);
}

void sim__tell_end(end_t *end) {
    if (end->has_finished) return;
    end->has_finished = true;
    if (end->peer == NULL) return;
    end->peer->peer_has_finished = true;
    end->peer->end_ns = arrival_at(end->peer, sim__net.set.delay_ns);
    if (sim__settle_at(end->peer->end_ns) != MK_OK) end->peer->end_ns = sim_now_ns();
    sim__settle(end->peer);
}

static void close_end(end_t *end, bool is_reset) {
    while (!list_is_empty(&end->waiting)) {
        end_t *other = MK_CONTAINER_OF(end->waiting.next, end_t, in_queue);
        list_remove(&other->in_queue);
        close_end(other, true);
    }
    if (end->kind == END_STREAM && end->peer != NULL && end->broken == MK_OK) {
        if (is_reset || end->read < end->total)
            sim__tell_reset(end);
        else
            sim__tell_end(end);
    }
    sim__free_end(end);
}

void port_socket_close(int handle) {
    end_t *end = handle >= 0 ? sim__find_end(handle) : NULL;
    if (end != NULL) close_end(end, false);
}

void port_socket_abort(int handle) {
    end_t *end = handle >= 0 ? sim__find_end(handle) : NULL;
    if (end != NULL) close_end(end, true);
}

void port_socket_close_listener(int handle) {
    port_socket_close(handle);
}

/* --- addresses --- */

bool sim__is_any(const port_address_t *address) {
    static const uint8_t zero[16];
    return memcmp(address->bytes, zero, sizeof zero) == 0;
}

/* Whether somebody bound to `at` is reached at `to`. */
static bool is_reached(const port_address_t *at, const port_address_t *to) {
    if (at->port != to->port) return false;
    if (sim__is_any(at))
        return at->family == PORT_FAMILY_INET6 || at->family == to->family;
    return at->family == to->family && memcmp(at->bytes, to->bytes, 16) == 0;
}

end_t *sim__find_bound(end_kind_t kind, const port_address_t *to, const char *path) {
    for (end_t *end = sim__next_end(NULL); end != NULL; end = sim__next_end(end)) {
        if (end->kind != kind) continue;
        if (path[0] != '\0' ? strcmp(end->path, path) == 0
                            : end->path[0] == '\0' && is_reached(&end->local, to))
            return end;
    }
    return NULL;
}

uint16_t sim__next_port(void) {
    sim__net.last_port = sim__net.last_port == UINT16_MAX
                             ? FIRST_FREE_PORT
                             : (uint16_t)(sim__net.last_port + 1);
    return sim__net.last_port;
}

int sim__bind_end(end_kind_t kind, const port_address_t *at, const char *path,
                  end_t **out) {
    sim__make_net();
    port_address_t local = *at;
    if (local.port == 0 && path[0] == '\0') local.port = sim__next_port();
    if (sim__find_bound(kind, &local, path) != NULL) return MK_EEXIST;
    int handle = sim__make_open(kind, out);
    if (handle < 0) return handle;
    (*out)->local = local;
    memcpy((*out)->path, path, strlen(path) + 1);
    return handle;
}

/* --- a new net --- */

void sim__net_reset(uint64_t seed) {
    sim__make_net();
    while (!list_is_empty(&sim__net.ends))
        sim__free_end(MK_CONTAINER_OF(sim__net.ends.next, end_t, node));
    while (sim__net.routes != NULL) {
        route_t *route = sim__net.routes;
        sim__net.routes = route->next;
        mk_free(route);
    }
    sim__lines_reset(seed);
    sim__net.set = at_first;
    sim__net.random = sim__mix(seed, 4, 0);
    sim__net.connects = 0;
    memset(sim__net.sources, 0, sizeof sim__net.sources);
    sim__net.writes = 0;
    sim__net.last_port = FIRST_FREE_PORT - 1;
}
