/* SPDX-License-Identifier: Apache-2.0 */
/* listener.c - see the header.
 *
 * While it rests or is paused the socket stays in the poller without interest: peers
 * queue in the system, and nothing spins. A rest ends by its deadline alone; looking
 * again when some stream closes would find the same when the next peer comes. */
#include "net/listener.h"

#include "base/check.h"
#include "microkernel/error.h"

#include <stddef.h>
#include <string.h>

static void update(runtime_t *rt, listener_t *listener) {
    bool is_idle = listener->is_paused || deadline_is_set(&listener->rest);
    uint32_t interest = is_idle ? 0 : MK_POLL_IN;
    if (listener->source.interest != interest)
        (void)source_change(rt, &listener->source, interest);
}

/* Accepting failed. May close the listener. */
static void meet_trouble(runtime_t *rt, listener_t *listener, int error) {
    if (error == MK_ENOMEM &&
        port_socket_shed(listener->source.handle, &listener->spare))
        listener->shed++;
    deadline_set(rt, &listener->rest, listener->rest_ms);
    unsigned next_ms = listener->rest_ms * 2u;
    listener->rest_ms =
        (uint16_t)(next_ms < MK_ACCEPT_REST_MAX_MS ? next_ms : MK_ACCEPT_REST_MAX_MS);
    update(rt, listener);
    if (listener->is_troubled) return;
    listener->is_troubled = true;
    if (listener->events->on_trouble != NULL)
        listener->events->on_trouble(listener, rt, error);
}

static void on_ready(source_t *source, runtime_t *rt, uint32_t events) {
    listener_t *listener = MK_CONTAINER_OF(source, listener_t, source);
    (void)events;
    for (int i = 0; i < MK_ACCEPT_BATCH; i++) {
        port_address_t peer;
        memset(&peer, 0, sizeof peer);
        int handle = port_socket_accept(source->handle, &peer);
        if (handle == MK_EAGAIN) return;
        if (handle < 0) {
            meet_trouble(rt, listener, handle);
            return;
        }
        listener->is_troubled = false;
        listener->rest_ms = MK_ACCEPT_REST_MS;
        listener->events->on_peer(listener, rt, handle, &peer);
        if (!source_is_served(rt, source) || listener->is_paused) return;
    }
}

static void on_due(deadline_t *deadline, runtime_t *rt) {
    listener_t *listener = MK_CONTAINER_OF(deadline, listener_t, rest);
    if (listener->spare < 0) listener->spare = port_socket_spare();
    update(rt, listener);
}

static int begin(runtime_t *rt, listener_t *listener, int handle,
                 const listener_events_t *events) {
    memset(listener, 0, sizeof *listener);
    if (handle < 0) return handle;
    listener->source.handle = handle;
    listener->source.interest = MK_POLL_IN;
    listener->source.on_ready = on_ready;
    listener->events = events;
    listener->rest_ms = MK_ACCEPT_REST_MS;
    deadline_init(&listener->rest, on_due);
    if (source_open(rt, &listener->source) != MK_OK) {
        port_socket_close_listener(handle);
        return MK_ENOMEM;
    }
    listener->spare = port_socket_spare();
    listener->is_open = true;
    return MK_OK;
}

int listener_open(runtime_t *rt, listener_t *listener, const port_address_t *at,
                  const listener_events_t *events) {
    return begin(rt, listener, port_socket_listen(at, MK_LISTEN_BACKLOG), events);
}

int listener_open_unix(runtime_t *rt, listener_t *listener, const char *path,
                       unsigned mode, const listener_events_t *events) {
    return begin(rt, listener, port_socket_listen_unix(path, mode, MK_LISTEN_BACKLOG),
                 events);
}

uint16_t listener_port(const listener_t *listener) {
    port_address_t address;
    if (!listener->is_open ||
        port_socket_local(listener->source.handle, &address) != MK_OK)
        return 0;
    return address.port;
}

void listener_pause(runtime_t *rt, listener_t *listener, bool is_paused) {
    if (!listener->is_open) return;
    listener->is_paused = is_paused;
    update(rt, listener);
}

void listener_close(runtime_t *rt, listener_t *listener) {
    if (!listener->is_open) return;
    listener->is_open = false;
    deadline_clear(rt, &listener->rest);
    source_close(rt, &listener->source);
    port_socket_close_listener(listener->source.handle);
    port_socket_close(listener->spare);
}
