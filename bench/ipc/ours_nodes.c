/* SPDX-License-Identifier: Apache-2.0 */
/* ours_nodes.c - what bound_link.c does, from actor to actor of two nodes: with ids,
 * mailboxes, credit and heartbeats.
 *
 *     ours_nodes unix|tcp rtt|stream SECONDS */
#include "two_processes.h"

#include "ipc/peer.h"
#include "ipc/stream_link.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"

typedef struct {
    actor_id_t other; /* the actor of the other node */
    uint64_t count;   /* messages that came */
    uint64_t number;  /* of the next that is sent */
    uint64_t sum;
    double began; /* seconds of the clock; of a stream: of the processor */
    double ends;  /* seconds of the clock; for the parent */
    result_t *result;
    bool is_stream;
} bench_t;

enum { NUMBER = 7, BURST = 128, LAST = 8, BYE = 9 };

static bool send_number(runtime_t *rt, bench_t *bench) {
    uint8_t payload[PAYLOAD] = {0};
    memcpy(payload, &bench->number, sizeof bench->number);
    if (!actor_send(rt, bench->other, NUMBER, payload, sizeof payload)) return false;
    bench->number++;
    return true;
}

/* The child: sends back, or counts. */
static bool answer(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    bench_t *bench = state;
    (void)self;
    if (msg->type == BYE) {
        runtime_stop(rt);
    } else if (msg->type == LAST) {
        bench->result->count = bench->count;
        bench->result->used_s[0] = used_s() - bench->began;
        return actor_send(rt, bench->other, LAST, NULL, 0);
    } else if (bench->is_stream) {
        uint64_t number;
        memcpy(&number, msg->payload, sizeof number);
        if (bench->count++ == 0) bench->began = used_s();
        bench->sum += number;
    } else if (!actor_send(rt, msg->source, NUMBER, msg->payload, msg->payload_size)) {
        abort();
    }
    return true;
}

/* The parent of round trips. */
static bool ask(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    bench_t *bench = state;
    (void)self, (void)msg;
    if (++bench->count % 64 == 0 && now_s() > bench->ends) {
        printf("%.1f\n", (double)bench->count / (now_s() - bench->began));
        (void)actor_send(rt, bench->other, BYE, NULL, 0);
        runtime_stop(rt);
        return true;
    }
    if (!send_number(rt, bench)) abort();
    return true;
}

/* The parent of a stream: as much as the other node takes; then a millisecond later. */
static bool pour(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    bench_t *bench = state;
    (void)self;
    if (msg->type == LAST) {
        bench->result->used_s[1] = used_s() - bench->began;
        (void)actor_send(rt, bench->other, BYE, NULL, 0);
        runtime_stop(rt);
        return true;
    }
    for (unsigned i = 0; i < BURST; i++)
        if (!send_number(rt, bench))
            return actor_set_timer(rt, 1, false) != TIMER_ID_INVALID;
    if (now_s() < bench->ends) return actor_send(rt, actor_self(rt), NUMBER, NULL, 0);
    if (actor_send(rt, bench->other, LAST, NULL, 0)) return true;
    return actor_set_timer(rt, 1, false) != TIMER_ID_INVALID;
}

static bool meet(runtime_t *rt, int fd, node_id_t other) {
    static const link_events_t none = {NULL, NULL, NULL, NULL}; /* peers sets its own */
    stream_link_spec_t spec = {.events = &none};
    peer_facts_t facts = {.node = other,
                          .identity = "bench",
                          .features = PEER_CREDIT | PEER_HEARTBEAT,
                          .heartbeat_ms = 5000,
                          .credit = MK_PEER_CREDIT};
    link_t *link;
    return stream_link_open(rt, fd, &spec, &link) == MK_OK &&
           peers_adopt(rt, link, &facts) == MK_OK;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    double seconds = real_of(argv[3]);
    side_t side = split(strcmp(argv[1], "unix") == 0);
    bool is_parent = side.child != 0;
    bench_t bench = {.result = side.result,
                     .other = actor_id_make(is_parent ? 2 : 1, 1),
                     .is_stream = strcmp(argv[2], "stream") == 0};
    actor_behavior_fn behave = !is_parent ? answer : bench.is_stream ? pour : ask;
    actor_options_t wide = {.mailbox_size = 1 << 16, .mailbox_bytes = 1 << 24};
    runtime_t *rt = runtime_init(is_parent ? 1 : 2, 16);
    if (rt == NULL) return 1;
    actor_id_t id = actor_spawn_with(rt, behave, &bench, NULL, &wide); /* number 1 */
    if (id == ACTOR_ID_INVALID || !meet(rt, side.fd, is_parent ? 2 : 1)) return 1;
    if (is_parent) {
        bench.began = bench.is_stream ? used_s() : now_s();
        bench.ends = now_s() + seconds;
        if (!actor_send(rt, id, NUMBER, NULL, 0)) return 1;
    }
    runtime_run(rt);
    runtime_destroy(rt);
    fflush(stdout);
    join(side, bench.is_stream);
}
