/* SPDX-License-Identifier: Apache-2.0 */
/* net_stage.h - a loop that is seen to go on, and talkers at the ends of streams.
 *
 * The stage has an actor whose timer ticks every millisecond: what a test does beside
 * it must not keep it from ticking, which is counted and never timed. Works on the
 * simulated and on the real platform. */
#ifndef MK_TESTS_NET_STAGE_H
#define MK_TESTS_NET_STAGE_H

#include "support/test.h"

#include "base/alloc.h"
#include "base/check.h"
#include "kernel/deadline.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "net/address.h"
#include "net/connector.h"
#include "net/listener.h"
#include "net/stream.h"

#include <string.h>

/* --- the loop --- */

typedef struct {
    runtime_t *rt;
    unsigned ticks;   /* of the actor, in all */
    deadline_t check; /* every millisecond; needs no memory */
    unsigned left;    /* of them in this run */
    bool (*is_done)(void *arg);
    void *arg;
} stage_t;

static inline bool stage_tick(runtime_t *rt, actor_t *self, message_t *msg,
                              void *state) {
    stage_t *stage = state;
    (void)self;
    if (msg->type == MSG_TIMER)
        stage->ticks++;
    else
        (void)actor_set_timer(rt, 1, true);
    return true;
}

static inline void stage_check(deadline_t *deadline, runtime_t *rt) {
    stage_t *stage = MK_CONTAINER_OF(deadline, stage_t, check);
    bool is_over =
        stage->left == 0 || (stage->is_done != NULL && stage->is_done(stage->arg));
    if (is_over) {
        runtime_stop(rt);
        return;
    }
    stage->left--;
    deadline_set(rt, deadline, 1);
}

static inline bool stage_open(stage_t *stage) {
    memset(stage, 0, sizeof *stage);
    stage->rt = runtime_init(1, 64);
    if (stage->rt == NULL) return false;
    deadline_init(&stage->check, stage_check);
    actor_id_t id = actor_spawn(stage->rt, stage_tick, stage, NULL, 4);
    if (id != ACTOR_ID_INVALID && actor_send(stage->rt, id, 1, NULL, 0)) return true;
    runtime_destroy(stage->rt);
    stage->rt = NULL;
    return false;
}

static inline void stage_close(stage_t *stage) {
    if (stage->rt != NULL) runtime_destroy(stage->rt);
    stage->rt = NULL;
}

/* Run until `is_done(arg)`, which is asked every millisecond, or `ms` have passed.
 * Whether it is done. */
static inline bool stage_run(stage_t *stage, bool (*is_done)(void *arg), void *arg,
                             unsigned ms) {
    stage->is_done = is_done;
    stage->arg = arg;
    stage->left = ms;
    deadline_set(stage->rt, &stage->check, 0);
    runtime_run(stage->rt);
    return is_done == NULL || is_done(arg);
}

/* --- talkers --- */

enum { TALKER_ROOM = 512 };

/* Writes `say` and then finishes, if it shall; reads all into a sum, or echoes it,
 * until the peer has finished; then it is over. */
typedef struct {
    stream_t stream;
    const uint8_t *say;
    size_t say_size;
    size_t said;
    bool is_echo;              /* says what it hears, and finishes when the peer has */
    bool keeps_quiet;          /* neither finishes nor closes by itself */
    uint8_t held[TALKER_ROOM]; /* heard and not said yet */
    size_t held_size;
    uint64_t heard;    /* bytes */
    uint32_t sum;      /* of them, see talker_sum */
    bool is_open;      /* stream_open worked and nothing ended it */
    bool has_ended;    /* heard to the end */
    bool has_finished; /* said all */
    int fault;         /* MK_OK: none */
    char fault_text[64];
    unsigned outcomes; /* ends told: 1 in the end */
} talker_t;

static inline uint32_t talker_sum(uint32_t sum, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        sum = sum * 31u + bytes[i];
    return sum;
}

static inline void talker_end(talker_t *talker, runtime_t *rt, int fault) {
    talker->outcomes++;
    talker->fault = fault;
    strncpy(talker->fault_text, stream_fault(&talker->stream),
            sizeof talker->fault_text - 1);
    talker->is_open = false;
    stream_close(rt, &talker->stream);
}

/* Over when both directions are. False: it has ended. */
static inline bool talker_check(talker_t *talker, runtime_t *rt) {
    if (talker->keeps_quiet || !talker->has_ended || !talker->has_finished) return true;
    talker_end(talker, rt, MK_OK);
    return false;
}

/* False: it has ended. */
static inline bool talker_write(talker_t *talker, runtime_t *rt) {
    const uint8_t *bytes = talker->is_echo ? talker->held : talker->say + talker->said;
    size_t left = talker->is_echo ? talker->held_size : talker->say_size - talker->said;
    unsigned wanted = STREAM_READ;
    while (left > 0) {
        int put = stream_write(rt, &talker->stream, bytes, left);
        if (put == MK_EAGAIN) break;
        if (put < 0) {
            talker_end(talker, rt, put);
            return false;
        }
        bytes += put;
        left -= (size_t)put;
    }
    if (talker->is_echo) {
        memmove(talker->held, bytes, left);
        talker->held_size = left;
    } else {
        talker->said = talker->say_size - left;
    }
    if (left > 0) wanted = talker->is_echo ? STREAM_WRITE : STREAM_READ | STREAM_WRITE;
    bool is_all = left == 0 && (!talker->is_echo || talker->has_ended);
    if (is_all && !talker->has_finished && !talker->keeps_quiet) {
        talker->has_finished = true;
        int result = stream_finish(rt, &talker->stream);
        if (result != MK_OK) {
            talker_end(talker, rt, result);
            return false;
        }
    }
    int result = stream_want(rt, &talker->stream, wanted);
    if (result != MK_OK) {
        talker_end(talker, rt, result);
        return false;
    }
    return talker_check(talker, rt);
}

static inline void talker_readable(stream_t *stream, runtime_t *rt) {
    talker_t *talker = MK_CONTAINER_OF(stream, talker_t, stream);
    uint8_t bytes[TALKER_ROOM];
    size_t room =
        talker->is_echo ? sizeof talker->held - talker->held_size : sizeof bytes;
    if (room == 0) return;
    int got = stream_read(rt, stream, bytes, room);
    if (got == MK_EAGAIN) return;
    if (got == MK_EEND) {
        talker->has_ended = true;
    } else if (got < 0) {
        talker_end(talker, rt, got);
        return;
    } else {
        talker->heard += (uint64_t)got;
        talker->sum = talker_sum(talker->sum, bytes, (size_t)got);
        if (talker->is_echo) {
            memcpy(talker->held + talker->held_size, bytes, (size_t)got);
            talker->held_size += (size_t)got;
        }
    }
    if (talker->is_echo)
        (void)talker_write(talker, rt);
    else
        (void)talker_check(talker, rt);
}

static inline void talker_writable(stream_t *stream, runtime_t *rt) {
    (void)talker_write(MK_CONTAINER_OF(stream, talker_t, stream), rt);
}

static inline void talker_closed(stream_t *stream, runtime_t *rt, int reason,
                                 const char *text) {
    talker_t *talker = MK_CONTAINER_OF(stream, talker_t, stream);
    CHECK(talker->is_open);
    CHECK(reason < 0);
    CHECK_STR(text, stream_fault(stream));
    talker_end(talker, rt, reason);
}

static const stream_events_t talker_events = {.on_readable = talker_readable,
                                              .on_writable = talker_writable,
                                              .on_closed = talker_closed};

/* Begin to talk over `handle`, which is taken. */
static inline void talker_start(talker_t *talker, runtime_t *rt, int handle) {
    int result = stream_open(rt, &talker->stream, handle, &talker_events);
    if (result != MK_OK) {
        talker->outcomes++;
        talker->fault = result;
        return;
    }
    talker->is_open = true;
    if (talker->say_size > 0 || talker->keeps_quiet) (void)talker_write(talker, rt);
}

/* --- a pair of them, connected through a listener and a connector --- */

typedef struct {
    stage_t stage;
    listener_t listener;
    listener_events_t listener_events;
    connector_t *connector;
    talker_t client;
    talker_t server;
    bool is_connected;  /* on_done said so */
    unsigned answers;   /* of the connector */
    int connect_result; /* of the connector; a handle became MK_OK */
    char connect_text[400];
    bool has_server; /* a peer came */
    int trouble;     /* of the listener */
} pair_t;

static inline void pair_peer(listener_t *listener, runtime_t *rt, int handle,
                             const port_address_t *peer) {
    pair_t *pair = MK_CONTAINER_OF(listener, pair_t, listener);
    (void)peer;
    if (pair->has_server) {
        port_socket_close(handle);
        return;
    }
    pair->has_server = true;
    talker_start(&pair->server, rt, handle);
}

static inline void pair_trouble(listener_t *listener, runtime_t *rt, int error) {
    (void)rt;
    MK_CONTAINER_OF(listener, pair_t, listener)->trouble = error;
}

static const listener_events_t pair_events = {.on_peer = pair_peer,
                                              .on_trouble = pair_trouble};

static inline void pair_connected(void *owner, runtime_t *rt, int handle,
                                  const char *text) {
    pair_t *pair = owner;
    pair->answers++;
    pair->connector = NULL;
    pair->connect_result = handle < 0 ? handle : MK_OK;
    strncpy(pair->connect_text, text, sizeof pair->connect_text - 1);
    if (handle < 0) return;
    pair->is_connected = true;
    talker_start(&pair->client, rt, handle);
}

/* Both ends have had their outcome, or will never come to be. */
static inline bool pair_is_over(void *arg) {
    const pair_t *pair = arg;
    if (pair->answers == 0) return false;
    if (pair->connect_result != MK_OK) return true;
    return pair->client.outcomes > 0 &&
           (!pair->has_server || pair->server.outcomes > 0);
}

/* Whether everything could be begun: the server listens, the client connects. */
static inline bool pair_start(pair_t *pair, const char *host, uint16_t port,
                              const port_address_t *at) {
    if (!stage_open(&pair->stage)) return false;
    if (listener_open(pair->stage.rt, &pair->listener, at, &pair_events) != MK_OK)
        return false;
    connector_spec_t spec = {.host = host,
                             .port = port != 0 ? port : listener_port(&pair->listener),
                             .on_done = pair_connected,
                             .owner = pair};
    return connector_start(pair->stage.rt, &spec, &pair->connector) == MK_OK;
}

static inline void pair_stop(pair_t *pair) {
    if (pair->stage.rt == NULL) return;
    connector_cancel(pair->stage.rt, pair->connector);
    listener_close(pair->stage.rt, &pair->listener);
    stream_abort(pair->stage.rt, &pair->client.stream);
    stream_abort(pair->stage.rt, &pair->server.stream);
    stage_close(&pair->stage);
}

#endif
