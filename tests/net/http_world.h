/* SPDX-License-Identifier: Apache-2.0 */
/* http_world.h - a server in the simulated world and a peer that talks bytes to it. */
#ifndef MK_TESTS_HTTP_WORLD_H
#define MK_TESTS_HTTP_WORLD_H

#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "net/address.h"
#include "port/sockets.h"
#include "sim.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    runtime_t *rt;
    uint16_t port;
} http_world_t;

/* A connection of the peer, with all it has read. */
typedef struct {
    http_world_t *world;
    int handle;
    char text[262144]; /* what came, NUL-terminated */
    size_t size;
    bool keeps_nothing; /* what came is counted as read and forgotten */
    bool has_ended;     /* the server has closed */
    bool was_reset;     /* and not in good order */
} peer_t;

/* Of the next world. */
static uint64_t world_seed = 1;

static inline void world_open(http_world_t *world,
                              const http_listen_options_t *options) {
    sim_reset(world_seed);
    world->rt = runtime_init(0, 64);
    CHECK(world->rt != NULL);
    int port = http_listen(world->rt, options);
    CHECK(port > 0);
    world->port = (uint16_t)port;
}

static inline void world_close(http_world_t *world) {
    runtime_destroy(world->rt);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

/* Let everything happen that can happen now. */
static inline void world_run(http_world_t *world) {
    for (int i = 0; i < 40; i++)
        runtime_step(world->rt);
}

static inline void world_pass(http_world_t *world, uint64_t ms) {
    while (ms > 0) {
        uint64_t part = ms < 250 ? ms : 250;
        sim_advance(part * 1000000u);
        world_run(world);
        ms -= part;
    }
}

static inline void peer_open(peer_t *peer, http_world_t *world) {
    memset(peer, 0, sizeof *peer);
    peer->world = world;
    port_address_t at = address_loopback(world->port);
    peer->handle = port_socket_connect(&at);
    CHECK(peer->handle >= 0);
    world_run(world);
    CHECK_EQ(port_socket_connected(peer->handle), 0);
    world_run(world);
}

/* Take what came. */
static inline void peer_read(peer_t *peer) {
    while (!peer->has_ended) {
        size_t room = sizeof peer->text - 1 - peer->size;
        CHECK(room > 0);
        int count = port_socket_read(peer->handle, peer->text + peer->size, room);
        if (count == MK_EAGAIN) break;
        if (count < 0) {
            peer->has_ended = true;
            peer->was_reset = count != MK_EEND;
            break;
        }
        if (!peer->keeps_nothing) peer->size += (size_t)count;
        peer->text[peer->size] = '\0';
        world_run(peer->world);
    }
}

static inline void peer_send(peer_t *peer, const void *bytes, size_t size) {
    const char *at = bytes;
    while (size > 0) {
        port_slice_t slice = {at, size};
        int count = port_socket_write(peer->handle, &slice, 1);
        if (count > 0) {
            at += count;
            size -= (size_t)count;
        } else if (count != MK_EAGAIN) {
            break; /* the server has closed already */
        }
        world_run(peer->world);
        peer_read(peer);
    }
}

static inline void peer_close(peer_t *peer) {
    port_socket_close(peer->handle);
    peer->handle = -1;
    world_run(peer->world);
}

/* The same with a peer of its own, which is too large for a stack; peer_end frees it.
 */
static inline peer_t *peer_new(http_world_t *world) {
    peer_t *peer = malloc(sizeof *peer);
    CHECK(peer != NULL);
    peer_open(peer, world);
    return peer;
}

static inline void peer_end(peer_t *peer) {
    peer_close(peer);
    free(peer);
}

static inline void peer_say(peer_t *peer, const char *text) {
    peer_send(peer, text, strlen(text));
}

/* How often `what` occurs in what the peer read. */
static inline int peer_count(const peer_t *peer, const char *what) {
    int count = 0;
    for (const char *at = peer->text; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

#endif
