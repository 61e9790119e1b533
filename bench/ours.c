/* SPDX-License-Identifier: Apache-2.0 */
#include "ours.h"

#include "measure.h"
#include "microkernel/actor.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"

#include <stdlib.h>
#include <string.h>

enum {
    MSG_GO = 1,
    RING_ACTORS = 1000,
    FANIN_SOURCES = 1000,
    SEND_BATCH = 100,   /* messages a source sends in a turn */
    SPAWN_BATCH = 1000, /* actors spawned in a turn */
    PAYLOAD_MAX = 1024
};

static runtime_t *start(void) {
    runtime_t *rt = runtime_init(1, 2000000);
    must(rt != NULL, "runtime_init");
    return rt;
}

static void send_number(runtime_t *rt, actor_id_t to, uint64_t number) {
    must(actor_send(rt, to, MSG_GO, &number, sizeof number), "actor_send");
}

static uint64_t number_in(const message_t *msg) {
    uint64_t number;
    memcpy(&number, msg->payload, sizeof number);
    return number;
}

static double run_timed(runtime_t *rt) {
    double before = cpu_seconds();
    runtime_run(rt);
    return cpu_seconds() - before;
}

/* ---- ping-pong and ring ---- */

typedef struct {
    actor_id_t peer;
    uint64_t left; /* messages to send */
} pair_t;

static bool ping(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    pair_t *pair = state;
    if (pair->left == 0) {
        runtime_stop(rt);
        return true;
    }
    pair->left--;
    uint64_t next = number_in(msg) + 1;
    return actor_send(rt, pair->peer, MSG_GO, &next, sizeof next);
}

static bool pong(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    pair_t *pair = state;
    uint64_t same = number_in(msg);
    return actor_send(rt, pair->peer, MSG_GO, &same, sizeof same);
}

double ours_pingpong(uint64_t count) {
    runtime_t *rt = start();
    pair_t a = {.left = count / 2};
    pair_t b = {0};
    actor_id_t ping_id = actor_spawn(rt, ping, &a, NULL, 16);
    actor_id_t pong_id = actor_spawn(rt, pong, &b, NULL, 16);
    a.peer = pong_id;
    b.peer = ping_id;
    send_number(rt, ping_id, 0);
    double seconds = run_timed(rt);
    must(a.left == 0, "ping-pong");
    runtime_destroy(rt);
    return seconds;
}

static bool pass_on(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    pair_t *pair = state;
    uint64_t left = number_in(msg);
    pair->left++;
    if (left == 0) {
        runtime_stop(rt);
        return true;
    }
    left--;
    return actor_send(rt, pair->peer, MSG_GO, &left, sizeof left);
}

double ours_ring(uint64_t count) {
    runtime_t *rt = start();
    static pair_t pairs[RING_ACTORS];
    actor_id_t ids[RING_ACTORS];
    for (int i = 0; i < RING_ACTORS; i++)
        ids[i] = actor_spawn(rt, pass_on, &pairs[i], NULL, 16);
    for (int i = 0; i < RING_ACTORS; i++)
        pairs[i].peer = ids[(i + 1) % RING_ACTORS];
    send_number(rt, ids[0], count);
    double seconds = run_timed(rt);
    must(pairs[count % RING_ACTORS].left == count / RING_ACTORS + 1, "ring");
    runtime_destroy(rt);
    return seconds;
}

/* ---- streams ---- */

/* Apart from the sum, so that no compiler adds both in one vector register. */
static uint64_t arrived, awaited;

typedef struct {
    uint64_t sum;
} sink_t;

typedef struct {
    actor_id_t to;
    uint64_t left;     /* messages to send */
    const void *bytes; /* payload */
    size_t size;       /* of it */
} source_t;

static const uint64_t one = 1;
static unsigned char payload[PAYLOAD_MAX];

static bool take_number(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    sink_t *sink = state;
    sink->sum += number_in(msg);
    if (++arrived == awaited) runtime_stop(rt);
    return true;
}

static bool take_bytes(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    sink_t *sink = state;
    const unsigned char *bytes = msg->payload;
    sink->sum += (uint64_t)bytes[0] + bytes[msg->payload_size - 1];
    if (++arrived == awaited) runtime_stop(rt);
    return true;
}

static bool pour(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    source_t *source = state;
    uint64_t batch = source->left < SEND_BATCH ? source->left : SEND_BATCH;
    actor_id_t to = source->to;
    const void *bytes = source->bytes;
    size_t size = source->size;
    uint64_t sent = 0;
    while (sent < batch && actor_send(rt, to, MSG_GO, bytes, size))
        sent++;
    source->left -= sent; /* a full receiver gets the rest later */
    if (source->left > 0) send_number(rt, actor_self(rt), 0);
    return true;
}

static double stream(uint64_t count, unsigned source_count, const void *bytes,
                     size_t size) {
    runtime_t *rt = start();
    source_t *sources = calloc(source_count, sizeof *sources);
    must(sources != NULL, "calloc");
    sink_t sink = {0};
    awaited = count;
    actor_options_t wide = {.mailbox_size = 1u << 17, .mailbox_bytes = 1u << 31};
    double before = cpu_seconds();
    actor_id_t to = actor_spawn_with(rt, bytes == &one ? take_number : take_bytes,
                                     &sink, NULL, &wide);
    for (unsigned i = 0; i < source_count; i++) {
        sources[i] = (source_t){to, count / source_count, bytes, size};
        send_number(rt, actor_spawn(rt, pour, &sources[i], NULL, 16), 0);
    }
    runtime_run(rt);
    double seconds = cpu_seconds() - before;
    must(arrived == count && sink.sum == count * (bytes == &one ? 1 : 2), "stream");
    runtime_destroy(rt);
    free(sources);
    return seconds;
}

double ours_fanin(uint64_t count) {
    return stream(count, FANIN_SOURCES, &one, sizeof one);
}

double ours_stream(uint64_t count) {
    return stream(count, 1, &one, sizeof one);
}

double ours_payload64(uint64_t count) {
    memset(payload, 1, sizeof payload);
    return stream(count, 1, payload, 64);
}

double ours_payload1k(uint64_t count) {
    memset(payload, 1, sizeof payload);
    return stream(count, 1, payload, 1024);
}

/* ---- spawn, one message, stop ---- */

static uint64_t ended;

static bool end_at_once(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)msg;
    (void)state;
    ended++;
    return false;
}

static bool spawn_some(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    uint64_t *left = state;
    uint64_t batch = *left < SPAWN_BATCH ? *left : SPAWN_BATCH;
    *left -= batch;
    while (batch-- > 0)
        send_number(rt, actor_spawn(rt, end_at_once, NULL, NULL, 16), 0);
    if (*left == 0) return false;
    send_number(rt, actor_self(rt), 0);
    return true;
}

double ours_spawn(uint64_t count) {
    runtime_t *rt = start();
    uint64_t left = count;
    ended = 0;
    send_number(rt, actor_spawn(rt, spawn_some, &left, NULL, 16), 0);
    double seconds = run_timed(rt);
    must(ended == count, "spawn");
    runtime_destroy(rt);
    return seconds;
}

/* ---- timers ---- */

typedef struct {
    uint64_t count; /* timers to arm */
    uint64_t fired;
} timers_t;

static bool arm_and_wait(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    timers_t *timers = state;
    if (msg->type == MSG_TIMER) {
        if (++timers->fired == timers->count) runtime_stop(rt);
        return true;
    }
    uint64_t random = UINT64_C(88172645463325252);
    for (uint64_t i = 0; i < timers->count; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        must(actor_set_timer(rt, 1 + random % 1000, false) != TIMER_ID_INVALID,
             "actor_set_timer");
    }
    return true;
}

double ours_timers(uint64_t count) {
    runtime_t *rt = start();
    timers_t timers = {.count = count};
    actor_options_t wide = {.mailbox_size = 1u << 20, .mailbox_bytes = 1u << 30};
    actor_id_t id = actor_spawn_with(rt, arm_and_wait, &timers, NULL, &wide);
    send_number(rt, id, 0);
    double seconds = run_timed(rt);
    must(timers.fired == count, "timers");
    runtime_destroy(rt);
    return seconds;
}

/* ---- memory ---- */

double ours_idle_bytes(uint64_t count) {
    runtime_t *rt = start();
    double before = resident_bytes();
    for (uint64_t i = 0; i < count; i++)
        must(actor_spawn(rt, end_at_once, NULL, NULL, 16) != ACTOR_ID_INVALID,
             "actor_spawn");
    double after = resident_bytes();
    runtime_destroy(rt);
    return after - before;
}

double ours_left_bytes(uint64_t count) {
    runtime_t *rt = start();
    ended = 0;
    double before = resident_bytes();
    for (uint64_t i = 0; i < count; i++)
        send_number(rt, actor_spawn(rt, end_at_once, NULL, NULL, 16), 0);
    runtime_run(rt);
    double after = resident_bytes();
    must(ended == count, "ending");
    runtime_destroy(rt);
    return after > before ? after - before : 0;
}
