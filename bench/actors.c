/* SPDX-License-Identifier: Apache-2.0 */
/* actors.c - the workloads of bound.c on the runtime, through its public interface only.
 *
 * usage: actors BENCH      prints: RESULT bench ops seconds [figures]
 *
 * Each message carries the 8 bytes that a message of the bound carries. */
#include "microkernel/actor.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now_s(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static long resident_bytes(void) {
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return 0;
    if (fscanf(file, "%ld %ld", &all, &resident) != 2) resident = 0;
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static void must(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "actors: %s failed\n", what);
    exit(1);
}

static uint64_t number_in(const message_t *msg) {
    uint64_t number;
    memcpy(&number, msg->payload, sizeof number);
    return number;
}

/* ---- ping-pong and ring ---- */

typedef struct {
    actor_id_t peer;
    uint64_t left;
} pair_t;

static bool ping(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    pair_t *pair = state;
    if (pair->left-- == 0) {
        runtime_stop(rt);
        return true;
    }
    uint64_t next = number_in(msg) + 1;
    return actor_send(rt, pair->peer, 1, &next, sizeof next);
}

static bool pong(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    pair_t *pair = state;
    uint64_t same = number_in(msg);
    return actor_send(rt, pair->peer, 2, &same, sizeof same);
}

static bool pass_on(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    pair_t *pair = state;
    uint64_t left = number_in(msg);
    if (left == 0) {
        runtime_stop(rt);
        return true;
    }
    left--;
    return actor_send(rt, pair->peer, 1, &left, sizeof left);
}

static double run_timed(runtime_t *rt) {
    double began = now_s();
    runtime_run(rt);
    return now_s() - began;
}

static int bench_pingpong(runtime_t *rt) {
    uint64_t rounds = 10000000, zero = 0;
    pair_t a = {.left = rounds}, b = {0};
    actor_id_t ia = actor_spawn(rt, ping, &a, NULL, 16);
    actor_id_t ib = actor_spawn(rt, pong, &b, NULL, 16);
    a.peer = ib;
    b.peer = ia;
    must(actor_send(rt, ia, 2, &zero, sizeof zero), "send");
    double seconds = run_timed(rt);
    printf("RESULT pingpong %llu %.6f\n", (unsigned long long)(2 * rounds), seconds);
    return 0;
}

static int bench_ring(runtime_t *rt) {
    enum { COUNT = 1000 };
    uint64_t hops = 10000000;
    static pair_t pairs[COUNT];
    static actor_id_t ids[COUNT];
    for (int i = 0; i < COUNT; i++)
        ids[i] = actor_spawn(rt, pass_on, &pairs[i], NULL, 16);
    for (int i = 0; i < COUNT; i++)
        pairs[i].peer = ids[(i + 1) % COUNT];
    must(actor_send(rt, ids[0], 1, &hops, sizeof hops), "send");
    double seconds = run_timed(rt);
    printf("RESULT ring %llu %.6f\n", (unsigned long long)hops, seconds);
    return 0;
}

/* ---- fan-in and streams ---- */

typedef struct {
    uint64_t sum;
    uint64_t count;
    uint64_t target;
} sink_t;

typedef struct {
    actor_id_t to;
    uint64_t left;
    uint32_t batch;
    uint32_t payload_size;
} source_t;

static bool take_in(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    sink_t *sink = state;
    sink->sum += number_in(msg);
    if (++sink->count == sink->target) runtime_stop(rt);
    return true;
}

static bool take_bytes(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    sink_t *sink = state;
    const unsigned char *bytes = msg->payload;
    sink->sum += (uint64_t)bytes[0] + bytes[msg->payload_size - 1];
    if (++sink->count == sink->target) runtime_stop(rt);
    return true;
}

static unsigned char payload[4096];

static bool pour(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    source_t *source = state;
    uint64_t batch = source->left < source->batch ? source->left : source->batch;
    source->left -= batch;
    uint64_t one = 1;
    const void *bytes = source->payload_size == 8 ? (const void *)&one : payload;
    while (batch-- > 0)
        must(actor_send(rt, source->to, 1, bytes, source->payload_size), "send");
    if (source->left > 0) must(actor_send(rt, actor_self(rt), 1, &one, 8), "send");
    return true;
}

static int bench_stream(runtime_t *rt, const char *name, int sources, uint64_t each,
                        uint32_t size) {
    uint64_t one = 1;
    sink_t sink = {.target = each * (uint64_t)sources};
    actor_options_t wide = {.mailbox_size = 1u << 20, .mailbox_bytes = 1u << 30};
    actor_id_t to = actor_spawn_with(rt, size == 8 ? take_in : take_bytes, &sink, NULL,
                                     &wide);
    source_t *all = calloc((size_t)sources, sizeof *all);
    must(all != NULL, "calloc");
    double began = now_s();
    for (int i = 0; i < sources; i++) {
        all[i] = (source_t){to, each, 100, size};
        actor_id_t id = actor_spawn(rt, pour, &all[i], NULL, 16);
        must(actor_send(rt, id, 1, &one, sizeof one), "send");
    }
    runtime_run(rt);
    double seconds = now_s() - began;
    must(sink.count == sink.target, "delivery of everything");
    printf("RESULT %s %llu %.6f\n", name, (unsigned long long)sink.target, seconds);
    runtime_destroy(rt);
    free(all);
    return 1;
}

/* ---- spawn, one message, stop ---- */

static uint64_t ended;

static bool once(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
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
    uint64_t zero = 0;
    uint64_t batch = *left < 1000 ? *left : 1000;
    *left -= batch;
    while (batch-- > 0) {
        actor_id_t id = actor_spawn(rt, once, NULL, NULL, 2);
        must(actor_send(rt, id, 1, &zero, sizeof zero), "send");
    }
    if (*left == 0) return false;
    return actor_send(rt, actor_self(rt), 1, &zero, sizeof zero);
}

static int bench_spawn(runtime_t *rt) {
    uint64_t count = 1000000, left = count, zero = 0;
    actor_id_t id = actor_spawn(rt, spawn_some, &left, NULL, 16);
    must(actor_send(rt, id, 1, &zero, sizeof zero), "send");
    double seconds = run_timed(rt);
    must(ended == count, "end of everything");
    printf("RESULT spawn %llu %.6f\n", (unsigned long long)count, seconds);
    return 0;
}

/* ---- timers ---- */

typedef struct {
    uint64_t count;
    uint64_t fired;
    double armed_s;
} timers_t;

static bool arm_and_wait(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    timers_t *timers = state;
    if (msg->type == MSG_TIMER) {
        if (++timers->fired == timers->count) runtime_stop(rt);
        return true;
    }
    uint64_t x = 88172645463325252ull;
    double began = now_s();
    for (uint64_t i = 0; i < timers->count; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        must(actor_set_timer(rt, 1 + x % 1000, false) != TIMER_ID_INVALID, "set_timer");
    }
    timers->armed_s = now_s() - began;
    return true;
}

static double cpu_s(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Processor time: the loop sleeps while no timer is due. */
static int bench_timers(runtime_t *rt) {
    timers_t timers = {.count = 1000000};
    uint64_t zero = 0;
    actor_options_t wide = {.mailbox_size = 1u << 20, .mailbox_bytes = 1u << 30};
    actor_id_t id = actor_spawn_with(rt, arm_and_wait, &timers, NULL, &wide);
    must(actor_send(rt, id, 1, &zero, sizeof zero), "send");
    double began = cpu_s();
    runtime_run(rt);
    double seconds = cpu_s() - began;
    must(timers.fired == timers.count, "firing of everything");
    printf("RESULT timers %llu %.6f arm_ns=%.1f\n", (unsigned long long)timers.count,
           seconds, timers.armed_s * 1e9 / (double)timers.count);
    return 0;
}

/* ---- memory ---- */

static int bench_memory(runtime_t *rt) {
    size_t count = 1000000;
    long before = resident_bytes();
    for (size_t i = 0; i < count; i++)
        must(actor_spawn(rt, once, NULL, NULL, 16) != ACTOR_ID_INVALID, "spawn");
    long after = resident_bytes();
    printf("RESULT mem %zu %.1f bytes_per_actor\n", count,
           (double)(after - before) / (double)count);
    return 0;
}

int main(int argc, char **argv) {
    const char *bench = argc > 1 ? argv[1] : "pingpong";
    memset(payload, 7, sizeof payload);
    runtime_t *rt = runtime_init(1, 2000000);
    must(rt != NULL, "runtime_init");
    int is_destroyed = -1;
    if (strcmp(bench, "pingpong") == 0) is_destroyed = bench_pingpong(rt);
    if (strcmp(bench, "ring") == 0) is_destroyed = bench_ring(rt);
    if (strcmp(bench, "fanin") == 0)
        is_destroyed = bench_stream(rt, bench, 1000, 10000, 8);
    if (strcmp(bench, "stream") == 0)
        is_destroyed = bench_stream(rt, bench, 1, 20000000, 8);
    if (strcmp(bench, "payload64") == 0)
        is_destroyed = bench_stream(rt, bench, 1, 10000000, 64);
    if (strcmp(bench, "payload1k") == 0)
        is_destroyed = bench_stream(rt, bench, 1, 10000000, 1024);
    if (strcmp(bench, "spawn") == 0) is_destroyed = bench_spawn(rt);
    if (strcmp(bench, "timers") == 0) is_destroyed = bench_timers(rt);
    if (strcmp(bench, "mem") == 0) is_destroyed = bench_memory(rt);
    if (is_destroyed < 0) {
        fprintf(stderr, "actors: no bench '%s'\n", bench);
        runtime_destroy(rt);
        return 2;
    }
    if (!is_destroyed) runtime_destroy(rt);
    return 0;
}
