/* SPDX-License-Identifier: Apache-2.0 */
/* listener.h - accepts connections at one address or path.
 *
 * Takes at most MK_ACCEPT_BATCH connections in one look of the loop, so that a storm
 * does not starve those that are there. Out of descriptors or memory it rests for
 * MK_ACCEPT_REST_MS, doubling up to MK_ACCEPT_REST_MAX_MS, instead of spinning, and
 * sheds one waiting connection per rest, so that peers see an end instead of silence.
 */
#ifndef MK_NET_LISTENER_H
#define MK_NET_LISTENER_H

#include "kernel/deadline.h"
#include "kernel/source.h"
#include "port/sockets.h"

typedef struct listener listener_t;

typedef struct {
    /* A peer has connected. Takes `handle` (stream_open, or port_socket_close). Called
     * on the loop; may close the listener. `peer`: family NONE for unix. */
    void (*on_peer)(listener_t *listener, runtime_t *rt, int handle,
                    const port_address_t *peer);
    /* Accepting fails (MK_ENOMEM: no descriptor or memory; or another error) and rests;
     * told once, until it works again. NULL: not interested. */
    void (*on_trouble)(listener_t *listener, runtime_t *rt, int error);
} listener_events_t;

struct listener {
    source_t source;
    deadline_t rest; /* armed while it rests */
    const listener_events_t *events;
    int spare;        /* handle given up to shed a connection; -1: none */
    uint16_t rest_ms; /* of the next rest */
    bool is_open;
    bool is_paused;   /* by listener_pause */
    bool is_troubled; /* on_trouble was told */
    uint32_t shed;    /* connections closed because nothing was left for them */
};

/* Listen at an address (net/address.h; address_loopback() is the default of servers).
 * `events` is borrowed until the listener is closed. MK_OK or an error of
 * port_socket_listen; then nothing is kept. */
int listener_open(runtime_t *rt, listener_t *listener, const port_address_t *at,
                  const listener_events_t *events);

/* Listen at a path, with the permission bits `mode`. As above; a dead socket file there
 * is replaced. The file goes with the listener. */
int listener_open_unix(runtime_t *rt, listener_t *listener, const char *path,
                       unsigned mode, const listener_events_t *events);

/* The port it got. 0 for unix, or when closed. */
uint16_t listener_port(const listener_t *listener);

/* Accept nobody (peers queue), or again. */
void listener_pause(runtime_t *rt, listener_t *listener, bool is_paused);

/* Stop; also one that is closed or all zero. */
void listener_close(runtime_t *rt, listener_t *listener);

#endif
