/* SPDX-License-Identifier: Apache-2.0 */
/* sim_net_impl.h - what the files of the simulated network share: ends of streams,
 * listeners and datagram sockets (sim_net.c), what streams and datagrams do with them
 * (sim_stream.c, sim_udp.c), and the hosts and lines between (sim_line.c).
 *
 * Used by one thread at a time, as port/sockets.h says, so nothing here is locked. */
#ifndef MK_PLATFORM_SIM_NET_IMPL_H
#define MK_PLATFORM_SIM_NET_IMPL_H

#include "sim_line.h"
#include "sim_net.h"

#include "base/buffer.h"
#include "base/list.h"

enum { SIM_PATH_MAX = 108 };

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
    int handle;        /* -1: not accepted yet */
    unsigned host;     /* where it is */
    unsigned far_host; /* of a stream: where the other end is, or was */
    port_address_t local;
    port_address_t remote;
    char path[SIM_PATH_MAX]; /* "": not a unix socket */

    /* streams */
    end_t *peer;            /* NULL: gone, or not connected */
    bool is_connecting;     /* the answer comes at `answer_ns` */
    uint64_t answer_ns;     /* UINT64_MAX: never */
    int answer;             /* MK_OK or why not */
    int broken;             /* MK_E...: every call says it; MK_OK: whole */
    int error;              /* what port_socket_error says next */
    buffer_t inbox;         /* everything on its way to us or here */
    mark_t *marks;          /* of what is on its way, oldest first */
    mark_t *last_mark;      /* of these; NULL: there is none */
    uint64_t total;         /* bytes ever put into the inbox */
    uint64_t visible;       /* of these, arrived */
    uint64_t read;          /* of these, read */
    bool peer_has_finished; /* the end of the input is known from `end_ns` on */
    uint64_t end_ns;
    bool has_end;      /* it is known */
    bool has_finished; /* we write no more */
    bool is_reset;     /* a reset is on its way; here from `reset_ns` on */
    uint64_t reset_ns;
    size_t vanished; /* bytes written to nobody while the line was cut */

    /* listeners */
    list_node_t waiting; /* end_t.in_queue: connected, not accepted */
    size_t waiting_count;
    size_t backlog;
    list_node_t in_queue; /* of a listener */

    /* udp */
    datagram_t *datagrams; /* the one that arrives first is first */
};

typedef struct sim_route {
    struct sim_route *next;
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
} sim_net_settings_t;

/* Where connections of a family come from. */
typedef struct {
    port_address_t from;
    bool is_set;
    bool is_known;
} source_of_t;

typedef struct {
    list_node_t ends;
    bool is_made; /* `ends` is a list */
    sim_net_settings_t set;
    uint64_t random;
    route_t *routes;
    size_t connects;
    size_t writes;
    size_t descriptors;
    source_of_t sources[2]; /* of INET, INET6 */
    uint16_t last_port;
} sim_net_t;

/* --- sim_net.c --- */

extern sim_net_t sim__net;

/* The net is there before anything is asked of it. */
void sim__make_net(void);

/* The end behind this one, or the first (NULL); NULL: there is none. */
end_t *sim__next_end(const end_t *end);
end_t *sim__find_end(int handle);

size_t sim__below(size_t bound);
bool sim__by_chance(unsigned per_mille);

/* Let what has arrived be seen, and say what the handle is ready for. */
void sim__settle(end_t *end);
void sim__settle_all(void *unused);

/* Whatever was begun will be looked at when its time comes. */
int sim__settle_at(uint64_t at_ns);

/* A new end with a handle; an error when the world says no. */
end_t *sim__make_end(end_kind_t kind);
int sim__open_end(end_t *end);
int sim__make_open(end_kind_t kind, end_t **out);
int sim__bind_end(end_kind_t kind, const port_address_t *at, const char *path,
                  end_t **out);
end_t *sim__find_bound(end_kind_t kind, const port_address_t *to, const char *path);
bool sim__is_any(const port_address_t *address);
uint16_t sim__next_port(void);

void sim__free_end(end_t *end);
void sim__break_end(end_t *end, int code);

/* Both ends see a reset now. */
void sim__break_stream(end_t *end);

/* The end says that it is broken, its peer hears of the reset when that arrives. */
void sim__tell_reset(end_t *end);

/* The peer hears that nothing more comes. */
void sim__tell_end(end_t *end);

/* --- sim_stream.c --- */

/* The moment has come at which the connecting end learns how it went. */
void sim__answer_connect(end_t *end);

static inline size_t sim__room_of(const end_t *end) {
    size_t held = buffer_size(&end->inbox);
    return held < sim__net.set.window ? sim__net.set.window - held : 0;
}

/* --- sim_line.c --- */

/* When what host `from` sends now arrives at `to`, beyond the delay of the net; draws
 * the line's jitter and takes its time for `size` bytes. */
uint64_t sim__line_arrival(unsigned from, unsigned to, size_t size);

/* Nothing passes from `from` to `to` now. */
bool sim__line_is_silent(unsigned from, unsigned to);

/* The host that an address belongs to; 0: nobody has claimed it. */
unsigned sim__host_of(const port_address_t *address);

/* The address of a host, with port 0; false: it has none of its own. */
bool sim__host_address(unsigned host, port_address_t *out);

void sim__lines_reset(uint64_t seed);

#endif
