/* SPDX-License-Identifier: Apache-2.0 */
/* sim_net.c - port/sockets.h over a network in memory.
 *
 * Each end of a stream owns what comes in: one buffer, and marks that say up to which
 * byte it has arrived at which moment. A write puts bytes into the buffer of the peer
 * at once and, when the net has a delay, a mark; `settle` lets marks whose time has
 * come become visible and computes readiness anew. Whatever concerns time is asked for
 * with one kind of scheduled call, which settles all sockets: no event points at one.
 *
 * Used by one thread at a time, as its contract says, so nothing here is locked. */
#include "sim_net.h"

#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/check.h"
#include "base/list.h"
#include "microkernel/error.h"
#include "port/poller.h"

#include <limits.h>
#include <string.h>

enum { PATH_MAX_BYTES = 108, DATAGRAMS_MAX = 64, FIRST_FREE_PORT = 49152 };

typedef enum { END_STREAM, END_LISTENER, END_UDP, END_SPARE } end_kind_t;

/* What arrives when. */
typedef struct mark {
    struct mark *next;
    uint64_t at_ns;
    uint64_t total; /* bytes that were ever sent up to here */
} mark_t;

typedef struct datagram {
    struct datagram *next;
    uint64_t at_ns;
    port_address_t from;
    size_t size;
    uint8_t bytes[];
} datagram_t;

typedef struct end end_t;

struct end {
    list_node_t node; /* in net.ends */
    end_kind_t kind;
    int handle; /* -1: not accepted yet */
    port_address_t local;
    port_address_t remote;
    char path[PATH_MAX_BYTES]; /* "": not a unix socket */

    /* streams */
    end_t *peer;            /* NULL: gone, or not connected */
    bool is_connecting;     /* the answer comes at `answer_ns` */
    uint64_t answer_ns;     /* UINT64_MAX: never */
    int answer;             /* MK_OK or why not */
    int broken;             /* MK_E...: every call says it; MK_OK: whole */
    int error;              /* what port_socket_error says next */
    buffer_t inbox;         /* everything on its way to us or here */
    mark_t *marks;          /* of what is on its way, oldest first */
    uint64_t total;         /* bytes ever put into the inbox */
    uint64_t visible;       /* of these, arrived */
    uint64_t read;          /* of these, read */
    bool peer_has_finished; /* the end of the input is known from `end_ns` on */
    uint64_t end_ns;
    bool has_finished; /* we write no more */

    /* listeners */
    list_node_t waiting; /* end_t.in_queue: connected, not accepted */
    size_t waiting_count;
    size_t backlog;
    list_node_t in_queue; /* of a listener */

    /* udp */
    datagram_t *datagrams; /* oldest first */
};

typedef struct route {
    struct route *next;
    port_address_t to;
    sim_route_t how;
    uint64_t delay_ns;
} route_t;

typedef struct {
    uint64_t delay_ns;
    size_t read_max;
    size_t write_max;
    size_t split;
    size_t window;
    size_t descriptors;
    uint64_t reset_at; /* bytes until the reset; 0: none */
    unsigned hiccups;
    unsigned loss;
    bool has_random_parts;
    bool reset_was_hit;
} settings_t;

static const settings_t at_first = {
    .read_max = SIZE_MAX,
    .write_max = SIZE_MAX,
    .window = 65536,
    .descriptors = SIZE_MAX,
};

/* Where connections of a family come from. */
typedef struct {
    port_address_t from;
    bool is_set;
    bool is_known;
} source_of_t;

static struct {
    list_node_t ends;
    bool is_made; /* `ends` is a list */
    settings_t set;
    uint64_t random;
    route_t *routes;
    size_t connects;
    size_t writes;
    size_t descriptors;
    source_of_t sources[2]; /* of INET, INET6 */
    uint16_t last_port;
} net;

static void make_net(void) {
    if (net.is_made) return;
    net.is_made = true;
    net.set = at_first;
    net.last_port = FIRST_FREE_PORT - 1;
    list_init(&net.ends);
}

/* The end behind this one, or the first; NULL: there is none. */
static end_t *next_end(const end_t *end) {
    const list_node_t *node = end != NULL ? end->node.next : net.ends.next;
    return node != &net.ends ? MK_CONTAINER_OF(node, end_t, node) : NULL;
}

static end_t *find_end(int handle) {
    make_net();
    for (end_t *end = next_end(NULL); end != NULL; end = next_end(end)) {
        if (end->handle == handle) return end;
    }
    return NULL;
}

static size_t below(size_t bound) {
    return bound < 2 ? 0 : (size_t)(sim__random_next(&net.random) % bound);
}

static bool by_chance(unsigned per_mille) {
    return per_mille != 0 && below(1000) < per_mille;
}

/* --- readiness --- */

static void let_arrive(end_t *end, uint64_t now_ns) {
    while (end->marks != NULL && end->marks->at_ns <= now_ns) {
        mark_t *mark = end->marks;
        end->visible = mark->total;
        end->marks = mark->next;
        mk_free(mark);
    }
    if (end->marks == NULL) end->visible = end->total;
}

static bool is_at_end(const end_t *end, uint64_t now_ns) {
    return end->peer_has_finished && end->end_ns <= now_ns && end->read == end->total;
}

static size_t room_of(const end_t *end) {
    size_t held = buffer_size(&end->inbox);
    return held < net.set.window ? net.set.window - held : 0;
}

static uint32_t stream_readiness(const end_t *end, uint64_t now_ns) {
    if (end->is_connecting) return 0;
    if (end->broken != MK_OK)
        return PORT_POLL_IN | PORT_POLL_OUT | PORT_POLL_HUP |
               (end->error != MK_OK ? PORT_POLL_ERR : 0u);
    bool is_over = end->peer_has_finished && end->end_ns <= now_ns;
    bool may_write = end->peer == NULL || room_of(end->peer) > 0;
    return (end->visible > end->read || is_over ? PORT_POLL_IN : 0u) |
           (may_write ? PORT_POLL_OUT : 0u) |
           (is_over && end->has_finished ? PORT_POLL_HUP : 0u);
}

static uint32_t readiness(const end_t *end, uint64_t now_ns) {
    switch (end->kind) {
    case END_STREAM: return stream_readiness(end, now_ns);
    case END_LISTENER: return list_is_empty(&end->waiting) ? 0 : PORT_POLL_IN;
    case END_UDP:
        return PORT_POLL_OUT |
               (end->datagrams != NULL && end->datagrams->at_ns <= now_ns ? PORT_POLL_IN
                                                                          : 0u);
    case END_SPARE: break;
    }
    return 0;
}

static void answer_connect(end_t *end);

static void settle(end_t *end) {
    uint64_t now_ns = sim_now_ns();
    if (end->kind == END_STREAM) let_arrive(end, now_ns);
    if (end->is_connecting && end->answer_ns <= now_ns) answer_connect(end);
    if (end->handle >= 0) sim_handle_set_ready(end->handle, readiness(end, now_ns));
}

static void settle_all(void *unused) {
    (void)unused;
    make_net();
    for (end_t *end = next_end(NULL); end != NULL; end = next_end(end))
        settle(end);
}

/* Whatever was begun will be looked at when its time comes. */
static int settle_at(uint64_t at_ns) {
    if (at_ns <= sim_now_ns()) return MK_OK;
    return sim_call_at(at_ns, settle_all, NULL);
}

/* --- making and ending --- */

static end_t *make_end(end_kind_t kind) {
    make_net();
    end_t *end = mk_calloc(1, sizeof *end);
    if (end == NULL) return NULL;
    end->kind = kind;
    end->handle = -1;
    buffer_init(&end->inbox, SIZE_MAX / 2);
    list_init(&end->waiting);
    list_init(&end->in_queue);
    list_insert_before(&net.ends, &end->node);
    return end;
}

static void drop_input(end_t *end) {
    while (end->marks != NULL) {
        mark_t *mark = end->marks;
        end->marks = mark->next;
        mk_free(mark);
    }
    while (end->datagrams != NULL) {
        datagram_t *datagram = end->datagrams;
        end->datagrams = datagram->next;
        mk_free(datagram);
    }
    buffer_deinit(&end->inbox);
    buffer_init(&end->inbox, SIZE_MAX / 2);
    end->read = end->visible = end->total;
}

static void free_end(end_t *end) {
    drop_input(end);
    while (!list_is_empty(&end->waiting))
        list_remove(end->waiting.next);
    list_remove(&end->node);
    list_remove(&end->in_queue);
    if (end->peer != NULL) end->peer->peer = NULL;
    if (end->handle >= 0) {
        sim_handle_destroy(end->handle);
        net.descriptors--;
    }
    mk_free(end);
}

/* Give it a handle; MK_ENOMEM when there is none. */
static int open_end(end_t *end) {
    if (net.descriptors >= net.set.descriptors) return MK_ENOMEM;
    int handle = sim_handle_create();
    if (handle < 0) return handle;
    end->handle = handle;
    net.descriptors++;
    settle(end);
    return handle;
}

/* A new end with a handle; an error when the world says no. */
static int make_open(end_kind_t kind, end_t **out) {
    if (sim__port_fails()) return MK_ENOMEM;
    end_t *end = make_end(kind);
    if (end == NULL) return MK_ENOMEM;
    int handle = open_end(end);
    if (handle < 0) {
        free_end(end);
        return handle;
    }
    *out = end;
    return handle;
}

static void break_end(end_t *end, int code) {
    if (end->broken != MK_OK) return;
    end->broken = code;
    end->error = code;
    drop_input(end);
    settle(end);
}

/* Both ends see a reset. */
static void break_stream(end_t *end) {
    if (end->peer != NULL) break_end(end->peer, MK_ECLOSED);
    break_end(end, MK_ECLOSED);
}

/* The peer hears that nothing more comes. */
static void tell_end(end_t *end) {
    if (end->has_finished) return;
    end->has_finished = true;
    if (end->peer == NULL) return;
    end->peer->peer_has_finished = true;
    end->peer->end_ns = sim_now_ns() + net.set.delay_ns;
    if (settle_at(end->peer->end_ns) != MK_OK) end->peer->end_ns = sim_now_ns();
    settle(end->peer);
}

static void close_end(end_t *end, bool is_reset) {
    while (!list_is_empty(&end->waiting)) {
        end_t *other = MK_CONTAINER_OF(end->waiting.next, end_t, in_queue);
        list_remove(&other->in_queue);
        close_end(other, true);
    }
    if (end->kind == END_STREAM && end->peer != NULL && end->broken == MK_OK) {
        if (is_reset || end->read < end->total)
            break_end(end->peer, MK_ECLOSED);
        else
            tell_end(end);
    }
    free_end(end);
}

void port_socket_close(int handle) {
    end_t *end = handle >= 0 ? find_end(handle) : NULL;
    if (end != NULL) close_end(end, false);
}

void port_socket_abort(int handle) {
    end_t *end = handle >= 0 ? find_end(handle) : NULL;
    if (end != NULL) close_end(end, true);
}

void port_socket_close_listener(int handle) {
    port_socket_close(handle);
}

/* --- connecting --- */

static bool is_any(const port_address_t *address) {
    static const uint8_t zero[16];
    return memcmp(address->bytes, zero, sizeof zero) == 0;
}

/* Whether somebody bound to `at` is reached at `to`. */
static bool is_reached(const port_address_t *at, const port_address_t *to) {
    if (at->port != to->port) return false;
    if (is_any(at)) return at->family == PORT_FAMILY_INET6 || at->family == to->family;
    return at->family == to->family && memcmp(at->bytes, to->bytes, 16) == 0;
}

static end_t *find_bound(end_kind_t kind, const port_address_t *to, const char *path) {
    for (end_t *end = next_end(NULL); end != NULL; end = next_end(end)) {
        if (end->kind != kind) continue;
        if (path[0] != '\0' ? strcmp(end->path, path) == 0
                            : end->path[0] == '\0' && is_reached(&end->local, to))
            return end;
    }
    return NULL;
}

/* The moment has come at which the connecting end learns how it went. */
static void answer_connect(end_t *end) {
    int answer = end->answer;
    end_t *listener = NULL;
    if (answer == MK_OK) {
        listener = find_bound(END_LISTENER, &end->remote, end->path);
        if (listener == NULL) answer = end->path[0] != '\0' ? MK_ENOENT : MK_EREFUSED;
    }
    if (listener != NULL && listener->waiting_count >= listener->backlog) {
        end->answer_ns = UINT64_MAX; /* its queue is full: the SYN is lost */
        return;
    }
    end_t *other = listener != NULL ? make_end(END_STREAM) : NULL;
    if (listener != NULL && other == NULL) answer = MK_ENOMEM;
    end->is_connecting = false;
    if (answer != MK_OK) {
        break_end(end, answer);
        return;
    }
    other->local = end->remote;
    other->remote = end->local;
    memcpy(other->path, end->path, sizeof other->path);
    other->peer = end;
    end->peer = other;
    list_insert_before(&listener->waiting, &other->in_queue);
    listener->waiting_count++;
    settle(listener);
}

static const route_t *find_route(const port_address_t *to) {
    const route_t *found = NULL;
    for (const route_t *route = net.routes; route != NULL; route = route->next) {
        if (route->to.family != to->family ||
            memcmp(route->to.bytes, to->bytes, 16) != 0)
            continue;
        if (route->to.port == to->port) return route;
        if (route->to.port == 0 && found == NULL) found = route;
    }
    return found;
}

static uint16_t next_port(void) {
    net.last_port =
        net.last_port == UINT16_MAX ? FIRST_FREE_PORT : (uint16_t)(net.last_port + 1);
    return net.last_port;
}

static int begin_connect(end_t *end, int handle, sim_route_t how, uint64_t delay_ns) {
    static const int answers[] = {MK_OK, MK_EREFUSED, MK_EAGAIN, MK_EUNREACH};
    net.connects++;
    end->answer = answers[how];
    end->is_connecting = true;
    end->answer_ns =
        how == SIM_ROUTE_HOLE ? UINT64_MAX : sim_now_ns() + net.set.delay_ns + delay_ns;
    if (how != SIM_ROUTE_HOLE && settle_at(end->answer_ns) != MK_OK) {
        free_end(end);
        return MK_ENOMEM;
    }
    settle(end);
    return handle;
}

int port_socket_connect(const port_address_t *to) {
    end_t *end;
    if (to->family == PORT_FAMILY_NONE || to->port == 0) return MK_EINVAL;
    int handle = make_open(END_STREAM, &end);
    if (handle < 0) return handle;
    end->remote = *to;
    end->local = *to;
    end->local.port = next_port();
    const route_t *route = find_route(to);
    return begin_connect(end, handle, route != NULL ? route->how : SIM_ROUTE_OPEN,
                         route != NULL ? route->delay_ns : 0);
}

static bool is_path(const char *path) {
    return path[0] != '\0' && strlen(path) < PATH_MAX_BYTES;
}

int port_socket_connect_unix(const char *path) {
    end_t *end;
    if (!is_path(path)) return MK_EINVAL;
    int handle = make_open(END_STREAM, &end);
    if (handle < 0) return handle;
    memcpy(end->path, path, strlen(path) + 1);
    return begin_connect(end, handle, SIM_ROUTE_OPEN, 0);
}

void port_socket_set_no_delay(int handle) {
    (void)handle; /* nothing is ever held back here */
}

int port_socket_connected(int handle) {
    const end_t *end = find_end(handle);
    if (end == NULL || end->kind != END_STREAM) return MK_EINVAL;
    if (end->is_connecting) return MK_EAGAIN;
    return end->broken;
}

/* --- listening --- */

static int bind_end(end_kind_t kind, const port_address_t *at, const char *path,
                    end_t **out) {
    make_net();
    port_address_t local = *at;
    if (local.port == 0 && path[0] == '\0') local.port = next_port();
    if (find_bound(kind, &local, path) != NULL) return MK_EEXIST;
    int handle = make_open(kind, out);
    if (handle < 0) return handle;
    (*out)->local = local;
    memcpy((*out)->path, path, strlen(path) + 1);
    return handle;
}

int port_socket_listen(const port_address_t *at, unsigned backlog) {
    end_t *end;
    if (at->family == PORT_FAMILY_NONE) return MK_EINVAL;
    int handle = bind_end(END_LISTENER, at, "", &end);
    if (handle >= 0) end->backlog = backlog;
    return handle;
}

int port_socket_listen_unix(const char *path, unsigned mode, unsigned backlog) {
    static const port_address_t nowhere;
    end_t *end;
    (void)mode;
    if (!is_path(path)) return MK_EINVAL;
    int handle = bind_end(END_LISTENER, &nowhere, path, &end);
    if (handle >= 0) end->backlog = backlog;
    return handle;
}

int port_socket_accept(int listener, port_address_t *peer) {
    end_t *end = find_end(listener);
    if (end == NULL || end->kind != END_LISTENER) return MK_EINVAL;
    if (list_is_empty(&end->waiting) || by_chance(net.set.hiccups)) return MK_EAGAIN;
    if (sim__port_fails()) return MK_ENOMEM;
    end_t *other = MK_CONTAINER_OF(end->waiting.next, end_t, in_queue);
    int handle = open_end(other);
    if (handle < 0) return handle;
    list_remove(&other->in_queue);
    end->waiting_count--;
    settle(end);
    if (peer != NULL) *peer = other->remote;
    return handle;
}

int port_socket_spare(void) {
    end_t *end;
    return make_open(END_SPARE, &end);
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
    end_t *end = find_end(handle);
    *code = MK_EINVAL;
    if (end == NULL || end->kind != END_STREAM) return NULL;
    *code = MK_EAGAIN;
    if (end->is_connecting) return NULL;
    if (end->broken == MK_OK && sim__port_fails()) break_stream(end);
    *code = end->broken;
    if (end->broken != MK_OK) {
        end->error = MK_OK;
        settle(end);
        return NULL;
    }
    *code = MK_EAGAIN;
    return by_chance(net.set.hiccups) ? NULL : end;
}

static size_t choose_part(size_t size, size_t max) {
    if (size > max) size = max;
    return net.set.has_random_parts && size > 1 ? 1 + below(size) : size;
}

int port_socket_read(int handle, void *bytes, size_t size) {
    int code;
    end_t *end = find_moving(handle, &code);
    if (end == NULL) return code;
    if (size == 0) return MK_EINVAL;
    if (is_at_end(end, sim_now_ns())) return MK_EEND;
    uint64_t there = end->visible - end->read;
    if (there == 0) return MK_EAGAIN;
    if (size > INT_MAX) size = INT_MAX;
    if (size > there) size = (size_t)there;
    if (end->read < net.set.split && size > net.set.split - end->read)
        size = (size_t)(net.set.split - end->read);
    size = choose_part(size, net.set.read_max);
    memcpy(bytes, buffer_bytes(&end->inbox), size);
    buffer_consume(&end->inbox, size);
    end->read += size;
    settle(end);
    if (end->peer != NULL) settle(end->peer);
    return (int)size;
}

/* Bytes that may go before the planned reset; false: it happens now. */
static bool meet_reset(end_t *end, size_t *size) {
    if (net.set.reset_at == 0) return false;
    if (net.set.reset_at > *size) {
        net.set.reset_at -= *size;
        return false;
    }
    *size = (size_t)net.set.reset_at - 1;
    net.set.reset_at = *size == 0 ? 0 : 1;
    if (*size > 0) return false;
    net.set.reset_was_hit = true;
    break_stream(end);
    return true;
}

static int send_part(end_t *to, const void *bytes, size_t size) {
    mark_t *mark = NULL;
    if (net.set.delay_ns != 0 && (mark = mk_alloc(sizeof *mark)) == NULL)
        return MK_ENOMEM;
    int result = buffer_append(&to->inbox, bytes, size);
    if (result != MK_OK) {
        mk_free(mark);
        return MK_ENOMEM;
    }
    to->total += size;
    if (mark != NULL) {
        mark_t **last = &to->marks;
        while (*last != NULL)
            last = &(*last)->next;
        *mark = (mark_t){NULL, sim_now_ns() + net.set.delay_ns, to->total};
        *last = mark;
        if (settle_at(mark->at_ns) != MK_OK) mark->at_ns = sim_now_ns();
    }
    settle(to);
    return MK_OK;
}

int port_socket_write(int handle, const port_slice_t *slices, size_t count) {
    int code;
    end_t *end = find_moving(handle, &code);
    if (end == NULL) return code;
    if (end->has_finished) return MK_ECLOSED;
    if (end->peer == NULL) {
        break_end(end,
                  MK_ECLOSED); /* the peer is gone and says so; the next one hears it */
        return slices[0].size > 0 ? (int)choose_part(slices[0].size, INT_MAX) : 1;
    }
    size_t total = 0;
    for (size_t i = 0; i < count && i < PORT_SLICES_MAX; i++)
        total += slices[i].size;
    size_t room = room_of(end->peer);
    if (room == 0) return MK_EAGAIN;
    size_t want = choose_part(total < room ? total : room, net.set.write_max);
    if (meet_reset(end, &want)) return MK_ECLOSED;
    size_t sent = 0;
    for (size_t i = 0; sent < want; i++) {
        size_t size = slices[i].size < want - sent ? slices[i].size : want - sent;
        if (send_part(end->peer, slices[i].bytes, size) != MK_OK) break;
        sent += size;
    }
    settle(end);
    if (sent > 0) net.writes++;
    return sent > 0 ? (int)sent : MK_ENOMEM;
}

int port_socket_finish(int handle) {
    end_t *end = find_end(handle);
    if (end == NULL || end->kind != END_STREAM) return MK_EINVAL;
    if (end->broken != MK_OK) return end->broken;
    tell_end(end);
    settle(end);
    return MK_OK;
}

int port_socket_error(int handle) {
    end_t *end = find_end(handle);
    if (end == NULL) return MK_EINVAL;
    int code = end->error;
    end->error = MK_OK;
    settle(end);
    return code;
}

int port_socket_source(const port_address_t *to, port_address_t *from) {
    const source_of_t *source = &net.sources[to->family == PORT_FAMILY_INET6];
    if (to->family == PORT_FAMILY_NONE) return MK_EINVAL;
    *from = source->is_set ? source->from : *to;
    return source->is_set && !source->is_known ? MK_EUNREACH : MK_OK;
}

void sim_net_set_source(const port_address_t *from, bool is_known) {
    net.sources[from->family == PORT_FAMILY_INET6] =
        (source_of_t){.from = *from, .is_set = true, .is_known = is_known};
}

int port_socket_local(int handle, port_address_t *address) {
    const end_t *end = find_end(handle);
    if (end == NULL) return MK_EINVAL;
    *address = end->local;
    return MK_OK;
}

int port_socket_peer(int handle, port_address_t *address) {
    const end_t *end = find_end(handle);
    if (end == NULL || end->kind != END_STREAM) return MK_EINVAL;
    if (end->is_connecting || end->broken != MK_OK) return MK_ECLOSED;
    *address = end->remote;
    return MK_OK;
}

/* --- datagrams --- */

int port_udp_open(const port_address_t *at) {
    end_t *end;
    if (at->family == PORT_FAMILY_NONE) return MK_EINVAL;
    return bind_end(END_UDP, at, "", &end);
}

int port_udp_send(int handle, const port_address_t *to, const void *bytes,
                  size_t size) {
    const end_t *end = find_end(handle);
    if (end == NULL || end->kind != END_UDP) return MK_EINVAL;
    if (size > 65507) return MK_ETOOBIG;
    end_t *other = find_bound(END_UDP, to, "");
    if (other == NULL || by_chance(net.set.loss)) return MK_OK; /* lost */
    size_t queued = 0;
    datagram_t **last = &other->datagrams;
    while (*last != NULL) {
        last = &(*last)->next;
        queued++;
    }
    datagram_t *datagram =
        queued < DATAGRAMS_MAX ? mk_alloc(sizeof *datagram + size) : NULL;
    if (datagram == NULL) return MK_OK; /* lost as well */
    datagram->next = NULL;
    datagram->at_ns = sim_now_ns() + net.set.delay_ns;
    datagram->from = end->local;
    if (is_any(&end->local)) memcpy(datagram->from.bytes, to->bytes, 16);
    if (is_any(&end->local)) datagram->from.family = to->family;
    datagram->size = size;
    if (size > 0) memcpy(datagram->bytes, bytes, size);
    if (settle_at(datagram->at_ns) != MK_OK) datagram->at_ns = sim_now_ns();
    *last = datagram;
    settle(other);
    return MK_OK;
}

int port_udp_receive(int handle, port_address_t *from, void *bytes, size_t size) {
    end_t *end = find_end(handle);
    if (end == NULL || end->kind != END_UDP) return MK_EINVAL;
    datagram_t *datagram = end->datagrams;
    if (datagram == NULL || datagram->at_ns > sim_now_ns()) return MK_EAGAIN;
    end->datagrams = datagram->next;
    int got = (int)datagram->size;
    if (size > datagram->size) size = datagram->size;
    if (size > 0) memcpy(bytes, datagram->bytes, size);
    if (from != NULL) *from = datagram->from;
    mk_free(datagram);
    settle(end);
    return got;
}

/* --- controls --- */

void sim_net_set_delay(uint64_t ns) {
    make_net();
    net.set.delay_ns = ns;
}

void sim_net_set_read_max(size_t bytes) {
    make_net();
    net.set.read_max = bytes;
}

void sim_net_set_write_max(size_t bytes) {
    make_net();
    net.set.write_max = bytes;
}

void sim_net_set_random_parts(bool is_random) {
    make_net();
    net.set.has_random_parts = is_random;
}

void sim_net_set_split(size_t offset) {
    make_net();
    net.set.split = offset;
}

void sim_net_set_window(size_t bytes) {
    make_net();
    net.set.window = bytes;
    settle_all(NULL);
}

void sim_net_set_hiccups(unsigned per_mille) {
    make_net();
    net.set.hiccups = per_mille;
}

void sim_net_set_loss(unsigned per_mille) {
    make_net();
    net.set.loss = per_mille;
}

void sim_net_reset_at(uint64_t nth) {
    make_net();
    net.set.reset_at = nth;
    net.set.reset_was_hit = false;
}

bool sim_net_reset_hit(void) {
    return net.set.reset_was_hit;
}

void sim_net_reset(int handle) {
    end_t *end = find_end(handle);
    if (end != NULL && end->kind == END_STREAM) break_stream(end);
}

void sim_net_set_descriptors(size_t max) {
    make_net();
    net.set.descriptors = max;
}

int sim_net_set_route(const port_address_t *to, sim_route_t how, uint64_t delay_ns) {
    make_net();
    route_t *route = mk_alloc(sizeof *route);
    if (route == NULL) return MK_ENOMEM;
    *route = (route_t){net.routes, *to, how, delay_ns}; /* the newest is found first */
    net.routes = route;
    return MK_OK;
}

size_t sim_net_connects(void) {
    return net.connects;
}

size_t sim_net_writes(void) {
    return net.writes;
}

void sim__net_reset(uint64_t seed) {
    make_net();
    while (!list_is_empty(&net.ends))
        free_end(MK_CONTAINER_OF(net.ends.next, end_t, node));
    while (net.routes != NULL) {
        route_t *route = net.routes;
        net.routes = route->next;
        mk_free(route);
    }
    net.set = at_first;
    net.random = sim__mix(seed, 4, 0);
    net.connects = 0;
    memset(net.sources, 0, sizeof net.sources);
    net.writes = 0;
    net.last_port = FIRST_FREE_PORT - 1;
}
