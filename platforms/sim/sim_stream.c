/* SPDX-License-Identifier: Apache-2.0 */
/* sim_stream.c - port/sockets.h for streams: connecting, listening, reading, writing.
 */
#include "sim_net_impl.h"

#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"

#include <limits.h>
#include <string.h>

/* --- connecting --- */

/* Between these two no handshake passes. */
static bool is_cut_off(const end_t *end) {
    return sim__line_is_silent(end->host, end->far_host) ||
           sim__line_is_silent(end->far_host, end->host);
}

void sim__answer_connect(end_t *end) {
    int answer = end->answer;
    end_t *listener = NULL;
    if (is_cut_off(end)) return; /* repeated until the line is whole again */
    if (answer == MK_OK) {
        listener = sim__find_bound(END_LISTENER, &end->remote, end->path);
        if (listener == NULL) answer = end->path[0] != '\0' ? MK_ENOENT : MK_EREFUSED;
    }
    if (listener != NULL && listener->waiting_count >= listener->backlog) {
        end->answer_ns = UINT64_MAX; /* its queue is full: the SYN is lost */
        return;
    }
    end_t *other = listener != NULL ? sim__make_end(END_STREAM) : NULL;
    if (listener != NULL && other == NULL) answer = MK_ENOMEM;
    end->is_connecting = false;
    if (answer != MK_OK) {
        sim__break_end(end, answer);
        return;
    }
    other->host = listener->host;
    other->far_host = end->host;
    other->local = end->remote;
    other->remote = end->local;
    memcpy(other->path, end->path, sizeof other->path);
    other->peer = end;
    end->peer = other;
    list_insert_before(&listener->waiting, &other->in_queue);
    listener->waiting_count++;
    sim__settle(listener);
}

static const route_t *find_route(const port_address_t *to) {
    const route_t *found = NULL;
    for (const route_t *route = sim__net.routes; route != NULL; route = route->next) {
        if (route->to.family != to->family ||
            memcmp(route->to.bytes, to->bytes, 16) != 0)
            continue;
        if (route->to.port == to->port) return route;
        if (route->to.port == 0 && found == NULL) found = route;
    }
    return found;
}

static int begin_connect(end_t *end, int handle, sim_route_t how, uint64_t delay_ns) {
    static const int answers[] = {MK_OK, MK_EREFUSED, MK_EAGAIN, MK_EUNREACH};
    sim__net.connects++;
    end->answer = answers[how];
    end->is_connecting = true;
    /* There and back: the second way begins where the first one ends. */
    uint64_t line_ns = sim__line_arrival(end->host, end->far_host, 0) - sim_now_ns() +
                       sim__line_arrival(end->far_host, end->host, 0);
    end->answer_ns =
        how == SIM_ROUTE_HOLE ? UINT64_MAX : line_ns + sim__net.set.delay_ns + delay_ns;
    if (how != SIM_ROUTE_HOLE && sim__settle_at(end->answer_ns) != MK_OK) {
        sim__free_end(end);
        return MK_ENOMEM;
    }
    sim__settle(end);
    return handle;
}

int port_socket_connect(const port_address_t *to) {
    end_t *end;
    if (to->family == PORT_FAMILY_NONE || to->port == 0) return MK_EINVAL;
    int handle = sim__make_open(END_STREAM, &end);
    if (handle < 0) return handle;
    end->remote = *to;
    if (!sim__host_address(end->host, &end->local)) end->local = *to;
    end->local.port = sim__next_port();
    end->far_host = sim__host_of(to);
    const route_t *route = find_route(to);
    return begin_connect(end, handle, route != NULL ? route->how : SIM_ROUTE_OPEN,
                         route != NULL ? route->delay_ns : 0);
}

static bool is_path(const char *path) {
    return path[0] != '\0' && strlen(path) < SIM_PATH_MAX;
}

int port_socket_connect_unix(const char *path) {
    end_t *end;
    if (!is_path(path)) return MK_EINVAL;
    int handle = sim__make_open(END_STREAM, &end);
    if (handle < 0) return handle;
    memcpy(end->path, path, strlen(path) + 1);
    end->far_host = end->host;
    return begin_connect(end, handle, SIM_ROUTE_OPEN, 0);
}

void port_socket_set_no_delay(int handle) {
    (void)handle; /* nothing is ever held back here */
}

int port_socket_connected(int handle) {
    const end_t *end = sim__find_end(handle);
    if (end == NULL || end->kind != END_STREAM) return MK_EINVAL;
    if (end->is_connecting) return MK_EAGAIN;
    return end->broken;
}

/* --- listening --- */

int port_socket_listen(const port_address_t *at, unsigned backlog) {
    end_t *end;
    if (at->family == PORT_FAMILY_NONE) return MK_EINVAL;
    int handle = sim__bind_end(END_LISTENER, at, "", &end);
    if (handle >= 0) end->backlog = backlog;
    return handle;
}

int port_socket_listen_unix(const char *path, unsigned mode, unsigned backlog) {
    static const port_address_t nowhere;
    end_t *end;
    (void)mode;
    if (!is_path(path)) return MK_EINVAL;
    int handle = sim__bind_end(END_LISTENER, &nowhere, path, &end);
    if (handle >= 0) end->backlog = backlog;
    return handle;
}

int port_socket_accept(int listener, port_address_t *peer) {
    end_t *end = sim__find_end(listener);
    if (end == NULL || end->kind != END_LISTENER) return MK_EINVAL;
    if (list_is_empty(&end->waiting) || sim__by_chance(sim__net.set.hiccups))
        return MK_EAGAIN;
    if (sim__port_fails()) return MK_ENOMEM;
    end_t *other = MK_CONTAINER_OF(end->waiting.next, end_t, in_queue);
    int handle = sim__open_end(other);
    if (handle < 0) return handle;
    list_remove(&other->in_queue);
    end->waiting_count--;
    sim__settle(end);
    if (peer != NULL) *peer = other->remote;
    return handle;
}

int port_socket_spare(void) {
    end_t *end;
    return sim__make_open(END_SPARE, &end);
}

bool port_socket_shed(int listener, int *spare) {
    if (*spare < 0) return false;
    port_socket_close(*spare);
    int handle = port_socket_accept(listener, NULL);
    port_socket_close(handle);
    *spare = port_socket_spare();
    if (*spare < 0) *spare = -1;
    return handle >= 0;
}

/* --- reading and writing --- */

/* The stream of a handle, if it can move bytes now; else `*code` says why not. */
static end_t *find_moving(int handle, int *code) {
    end_t *end = sim__find_end(handle);
    *code = MK_EINVAL;
    if (end == NULL || end->kind != END_STREAM) return NULL;
    *code = MK_EAGAIN;
    if (end->is_connecting) return NULL;
    if (end->broken == MK_OK && sim__port_fails()) sim__break_stream(end);
    *code = end->broken;
    if (end->broken != MK_OK) {
        end->error = MK_OK;
        sim__settle(end);
        return NULL;
    }
    *code = MK_EAGAIN;
    return sim__by_chance(sim__net.set.hiccups) ? NULL : end;
}

static size_t choose_part(size_t size, size_t max) {
    if (size > max) size = max;
    return sim__net.set.has_random_parts && size > 1 ? 1 + sim__below(size) : size;
}

int port_socket_read(int handle, void *bytes, size_t size) {
    int code;
    end_t *end = find_moving(handle, &code);
    if (end == NULL) return code;
    if (size == 0) return MK_EINVAL;
    if (end->has_end && end->read == end->total) return MK_EEND;
    uint64_t there = end->visible - end->read;
    if (there == 0) return MK_EAGAIN;
    if (size > INT_MAX) size = INT_MAX;
    if (size > there) size = (size_t)there;
    if (end->read < sim__net.set.split && size > sim__net.set.split - end->read)
        size = (size_t)(sim__net.set.split - end->read);
    size = choose_part(size, sim__net.set.read_max);
    memcpy(bytes, buffer_bytes(&end->inbox), size);
    buffer_consume(&end->inbox, size);
    end->read += size;
    sim__settle(end);
    if (end->peer != NULL) sim__settle(end->peer);
    return (int)size;
}

/* Bytes that may go before the planned reset; false: it happens now. */
static bool meet_reset(end_t *end, size_t *size) {
    if (sim__net.set.reset_at == 0) return false;
    if (sim__net.set.reset_at > *size) {
        sim__net.set.reset_at -= *size;
        return false;
    }
    *size = (size_t)sim__net.set.reset_at - 1;
    sim__net.set.reset_at = *size == 0 ? 0 : 1;
    if (*size > 0) return false;
    sim__net.set.reset_was_hit = true;
    sim__break_stream(end);
    return true;
}

/* Bytes into the buffer of the end that they go to, visible from `at_ns` on. */
static int send_part(end_t *to, const void *bytes, size_t size, uint64_t at_ns) {
    mark_t *mark = NULL, *last = to->last_mark;
    if (last != NULL && last->at_ns > at_ns) at_ns = last->at_ns; /* order is kept */
    bool is_late = at_ns > sim_now_ns() || sim__line_is_silent(to->far_host, to->host);
    bool is_with_last = last != NULL && last->at_ns == at_ns;
    if (is_late && !is_with_last && (mark = mk_alloc(sizeof *mark)) == NULL)
        return MK_ENOMEM;
    int result = buffer_append(&to->inbox, bytes, size);
    if (result != MK_OK) {
        mk_free(mark);
        return MK_ENOMEM;
    }
    to->total += size;
    if (is_with_last) last->total = to->total;
    if (mark != NULL) {
        *mark = (mark_t){NULL, at_ns, to->total};
        if (last != NULL) last->next = mark;
        if (last == NULL) to->marks = mark;
        to->last_mark = mark;
        if (sim__settle_at(mark->at_ns) != MK_OK) mark->at_ns = sim_now_ns();
    }
    sim__settle(to);
    return MK_OK;
}

/* The peer is gone. Its host says so, and the next call hears it; while nothing passes
 * the bytes wait for an answer that will be a reset. */
static int write_to_nobody(end_t *end, const port_slice_t *slices) {
    size_t size =
        slices[0].size > 0 ? choose_part(slices[0].size, sim__net.set.write_max) : 1;
    if (!is_cut_off(end)) {
        sim__break_end(end, MK_ECLOSED);
        return (int)size;
    }
    if (end->vanished >= sim__net.set.window) return MK_EAGAIN;
    end->vanished += size;
    sim__settle(end);
    return (int)size;
}

int port_socket_write(int handle, const port_slice_t *slices, size_t count) {
    int code;
    end_t *end = find_moving(handle, &code);
    if (end == NULL) return code;
    if (end->has_finished) return MK_ECLOSED;
    if (end->peer == NULL) return write_to_nobody(end, slices);
    size_t total = 0;
    for (size_t i = 0; i < count && i < PORT_SLICES_MAX; i++)
        total += slices[i].size;
    size_t room = sim__room_of(end->peer);
    if (room == 0) return MK_EAGAIN;
    size_t want = choose_part(total < room ? total : room, sim__net.set.write_max);
    if (meet_reset(end, &want)) return MK_ECLOSED;
    size_t sent = 0;
    uint64_t at_ns = sim__line_arrival(end->host, end->far_host, want);
    for (size_t i = 0; sent < want; i++) {
        size_t size = slices[i].size < want - sent ? slices[i].size : want - sent;
        if (send_part(end->peer, slices[i].bytes, size,
                      at_ns + sim__net.set.delay_ns) != MK_OK)
            break;
        sent += size;
    }
    sim__settle(end);
    if (sent > 0) sim__net.writes++;
    return sent > 0 ? (int)sent : MK_ENOMEM;
}

int port_socket_finish(int handle) {
    end_t *end = sim__find_end(handle);
    if (end == NULL || end->kind != END_STREAM) return MK_EINVAL;
    if (end->broken != MK_OK) return end->broken;
    sim__tell_end(end);
    sim__settle(end);
    return MK_OK;
}

int port_socket_error(int handle) {
    end_t *end = sim__find_end(handle);
    if (end == NULL) return MK_EINVAL;
    int code = end->error;
    end->error = MK_OK;
    sim__settle(end);
    return code;
}

int port_socket_source(const port_address_t *to, port_address_t *from) {
    const source_of_t *source = &sim__net.sources[to->family == PORT_FAMILY_INET6];
    if (to->family == PORT_FAMILY_NONE) return MK_EINVAL;
    *from = source->is_set ? source->from : *to;
    return source->is_set && !source->is_known ? MK_EUNREACH : MK_OK;
}

int port_socket_local(int handle, port_address_t *address) {
    const end_t *end = sim__find_end(handle);
    if (end == NULL) return MK_EINVAL;
    *address = end->local;
    return MK_OK;
}

int port_socket_peer(int handle, port_address_t *address) {
    const end_t *end = sim__find_end(handle);
    if (end == NULL || end->kind != END_STREAM) return MK_EINVAL;
    if (end->is_connecting || end->broken != MK_OK) return MK_ECLOSED;
    *address = end->remote;
    return MK_OK;
}
