/* SPDX-License-Identifier: Apache-2.0 */
/* client_world.h - an actor that asks, in the simulated world, and a server that plays
 * from a script: its nth request gets the nth answer. */
#ifndef MK_TESTS_CLIENT_WORLD_H
#define MK_TESTS_CLIENT_WORLD_H

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "net/address.h"
#include "net/http_client.h"
#include "port/sockets.h"
#include "sim.h"
#include "support/test.h"

#include <string.h>

enum { SEEN_MAX = 40, SERVED_MAX = 100 };

typedef struct client_world client_world_t;

/* What the actor was told. */
typedef struct {
    msg_type_t type;
    size_t size;
    union { /* aligned for every payload */
        http_conn_id_t id;
        http_response_payload_t response;
        http_error_payload_t error;
        http_failure_payload_t failure;
        http_data_payload_t data;
        sse_status_payload_t status;
        sse_event_payload_t event;
        ws_message_payload_t ws;
        ws_status_payload_t ws_status;
        unsigned char bytes[4096];
    } is;
} seen_t;

/* A connection at the server. */
typedef struct {
    int handle;
    char text[4096]; /* what came since the last answer, NUL-terminated */
    size_t size;
    size_t answered; /* requests */
    bool has_ended;  /* the client has closed */
} served_t;

typedef struct {
    const char *text;  /* the answer; NULL: silence */
    bool closes;       /* and the connection is closed in good order */
    bool closes_first; /* it is closed instead of an answer */
    bool resets;       /* and then reset */
} answer_t;

struct client_world {
    runtime_t *rt;
    actor_id_t actor;
    void (*ask)(client_world_t *world); /* run inside the actor */
    http_conn_id_t id;                  /* for `ask` to set and use */
    int result;                         /* the same */
    const char *url;                    /* for `ask` to read */
    char why[256];
    seen_t seen[SEEN_MAX];
    size_t seen_len;
    int listener;
    const answer_t *answers;
    size_t answers_len;
    size_t requests; /* answered from the script */
    served_t served[SERVED_MAX];
    size_t served_len;
    char last[4096]; /* the last request */
    bool is_deaf;    /* the server accepts nothing */
};

enum { MSG_ASK = 1, SERVER_PORT = 8000 };

static bool asker(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    client_world_t *world = state;
    (void)rt;
    (void)self;
    if (msg->type == MSG_ASK) {
        if (world->ask == NULL) return false;
        world->ask(world);
        return true;
    }
    CHECK(world->seen_len < SEEN_MAX);
    seen_t *seen = &world->seen[world->seen_len++];
    seen->type = msg->type;
    seen->size = msg->payload_size;
    memset(&seen->is, 0, sizeof seen->is);
    size_t size =
        msg->payload_size < sizeof seen->is ? msg->payload_size : sizeof seen->is;
    if (size > 0) memcpy(seen->is.bytes, msg->payload, size);
    return true;
}

static inline bool world_begin(client_world_t *world, const answer_t *answers,
                               size_t answers_len) {
    sim_reset(1);
    memset(world, 0, sizeof *world);
    world->answers = answers;
    world->answers_len = answers_len;
    port_address_t at = address_loopback(SERVER_PORT);
    world->listener = port_socket_listen(&at, 100);
    world->rt = runtime_init(0, 64);
    if (world->rt == NULL || world->listener < 0) return false;
    world->actor = actor_spawn(world->rt, asker, world, NULL, 8);
    return world->actor != ACTOR_ID_INVALID;
}

static inline void world_end(client_world_t *world) {
    runtime_destroy(world->rt);
    port_socket_close(world->listener);
    for (size_t i = 0; i < world->served_len; i++)
        if (world->served[i].handle >= 0) port_socket_close(world->served[i].handle);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

/* --- the server --- */

/* All of a request is there. Bodies of the tests end in "!" or in the last chunk. */
static inline bool is_whole(const char *text) {
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) return false;
    if (strstr(text, "chunked\r\n") != NULL)
        return strstr(end, "\r\n0\r\n\r\n") != NULL;
    bool has_body = strstr(text, "Content-Length: ") != NULL &&
                    strstr(text, "Content-Length: 0") == NULL;
    return !has_body || strchr(end, '!') != NULL;
}

static inline void close_served(served_t *served) {
    port_socket_close(served->handle);
    served->handle = -1;
}

static inline void write_all(served_t *served, const char *text) {
    size_t size = strlen(text);
    size_t done = 0;
    for (int turns = 0; done < size && turns < 10000; turns++) {
        port_slice_t slice = {text + done, size - done};
        int result = port_socket_write(served->handle, &slice, 1);
        if (result > 0) done += (size_t)result;
        if (result == MK_EAGAIN) sim_advance(1);
        if (result < 0 && result != MK_EAGAIN) return;
    }
}

static inline void answer_one(client_world_t *world, served_t *served) {
    memcpy(world->last, served->text, sizeof world->last);
    served->size = 0;
    served->text[0] = '\0';
    served->answered++;
    if (world->requests >= world->answers_len) return;
    const answer_t *answer = &world->answers[world->requests++];
    if (answer->text != NULL && !answer->closes_first) write_all(served, answer->text);
    if (answer->resets) {
        port_socket_abort(served->handle);
        served->handle = -1;
    } else if (answer->closes || answer->closes_first) {
        close_served(served);
    }
}

static inline void serve_one(client_world_t *world, served_t *served) {
    for (int turns = 0; turns < 5000 && served->handle >= 0 && !served->has_ended;
         turns++) {
        size_t room = sizeof served->text - 1 - served->size;
        CHECK(room > 0);
        int result =
            port_socket_read(served->handle, served->text + served->size, room);
        if (result == MK_EAGAIN) return;
        if (result <= 0) {
            served->has_ended = true;
            close_served(served);
            return;
        }
        served->size += (size_t)result;
        served->text[served->size] = '\0';
        if (is_whole(served->text)) answer_one(world, served);
    }
}

static inline void serve(client_world_t *world) {
    int handle;
    while (!world->is_deaf &&
           (handle = port_socket_accept(world->listener, NULL)) >= 0) {
        CHECK(world->served_len < SERVED_MAX);
        served_t *served = &world->served[world->served_len++];
        memset(served, 0, sizeof *served);
        served->handle = handle;
    }
    for (size_t i = 0; i < world->served_len; i++)
        if (world->served[i].handle >= 0) serve_one(world, &world->served[i]);
}

/* --- time --- */

/* Let everything happen that can happen now. */
static inline void world_run(client_world_t *world) {
    for (int i = 0; i < 12; i++) {
        for (int k = 0; k < 6; k++)
            runtime_step(world->rt);
        serve(world);
    }
}

static inline void world_pass(client_world_t *world, uint64_t ms) {
    while (ms > 0) {
        uint64_t part = ms < 250 ? ms : 250;
        sim_advance(part * 1000000u);
        world_run(world);
        ms -= part;
    }
}

/* Run `ask` inside the actor. */
static inline void world_ask(client_world_t *world,
                             void (*ask)(client_world_t *world)) {
    world->ask = ask;
    (void)actor_send(world->rt, world->actor, MSG_ASK, NULL, 0);
    world_run(world);
}

/* Until the actor was told `count` messages; false: not within `ms`. */
static inline bool world_wait(client_world_t *world, size_t count, uint64_t ms) {
    for (uint64_t at = 0; at < ms && world->seen_len < count; at += 10)
        world_pass(world, 10);
    return world->seen_len >= count;
}

#define URL "http://127.0.0.1:8000"

#endif
