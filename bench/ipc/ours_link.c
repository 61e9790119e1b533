/* SPDX-License-Identifier: Apache-2.0 */
/* ours_link.c - what bound_link.c does, over links of the library on its loop.
 *
 *     ours_link unix|tcp|tls rtt|stream SECONDS */
#include "two_processes.h"

#include "ipc/stream_link.h"
#include "kernel/deadline.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"

typedef struct {
    link_t *link;
    actor_id_t sender; /* of a stream */
    uint64_t count;    /* messages that came, or round trips */
    uint64_t number;   /* of the next that is sent */
    uint64_t sum;
    double began; /* seconds of the clock; of a stream: of the processor */
    double ends;  /* seconds of the clock; for the parent */
    result_t *result;
    bool is_echo;
    bool is_stream;
} bench_t;

enum { BURST = 1024 };

static size_t find_key(void *ctx, text_t identity, uint8_t key[PORT_TLS_PSK_MAX]) {
    (void)ctx, (void)identity;
    memset(key, 7, 32);
    return 32;
}

static port_tls_config_t *make_config(bool is_server) {
    char text[256];
    mk_writer_t why;
    port_tls_config_t *config;
    port_tls_options_t options = {
        .is_server = is_server, .find_psk = find_key, .psk_identity = text_of("bench")};
    writer_init(&why, text, sizeof text);
    if (port_tls_config_create(&config, &options, &why) == MK_OK) return config;
    fprintf(stderr, "ours_link: %s\n", text);
    exit(1);
}

static int send_number(bench_t *bench, runtime_t *rt) {
    uint8_t payload[PAYLOAD] = {0};
    memcpy(payload, &bench->number, sizeof bench->number);
    wire_message_t message = {.source = 1,
                              .dest = 2,
                              .type = 7,
                              .payload = payload,
                              .payload_size = sizeof payload};
    int result = link_send(bench->link, rt, &message, false);
    if (result == MK_OK) bench->number++;
    return result;
}

static void end(bench_t *bench, runtime_t *rt) {
    link_close(bench->link, rt, true);
    bench->link = NULL;
    runtime_stop(rt);
}

static void on_message(link_t *link, runtime_t *rt, const wire_message_t *message) {
    bench_t *bench = link->owner;
    bench->count++;
    if (bench->is_echo) {
        if (link_send(link, rt, message, false) != MK_OK) abort();
        return;
    }
    if (bench->is_stream) {
        uint64_t number;
        if (bench->began == 0) bench->began = used_s();
        memcpy(&number, message->payload, sizeof number);
        bench->sum += number ^ message->source ^ message->dest ^ message->type;
        return;
    }
    if (bench->count % 64 == 0 && now_s() > bench->ends) {
        printf("%.1f\n", (double)bench->count / (now_s() - bench->began));
        end(bench, rt);
        return;
    }
    if (send_number(bench, rt) != MK_OK) abort();
}

static void on_room(link_t *link, runtime_t *rt) {
    const bench_t *bench = link->owner;
    if (bench->sender != ACTOR_ID_INVALID)
        (void)actor_send(rt, bench->sender, 1, NULL, 0);
}

static void on_down(link_t *link, runtime_t *rt, int reason, const char *text) {
    bench_t *bench = link->owner;
    if (reason != MK_ECLOSED) {
        fprintf(stderr, "ours_link: %s\n", text);
        exit(1);
    }
    if (bench->is_stream) {
        bench->result->count = bench->count;
        bench->result->used_s[0] = used_s() - bench->began;
    }
    end(bench, rt);
}

static const link_events_t events = {
    .on_message = on_message, .on_room = on_room, .on_down = on_down};

/* Sends as long as the link takes it, and lets the loop look now and then. */
static bool run_sender(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self, (void)msg;
    bench_t *bench = state;
    for (unsigned i = 0; i < BURST; i++)
        if (send_number(bench, rt) != MK_OK) return true;
    if (now_s() > bench->ends) {
        end(bench, rt);
        return true;
    }
    return actor_send(rt, actor_self(rt), 1, NULL, 0);
}

/* A runtime ends with its last actor: one that waits for ever. */
static bool wait_for_ever(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt, (void)self, (void)msg, (void)state;
    return true;
}

/* What a link still had to say when it was closed goes out on the loop. */
static void on_last(deadline_t *deadline, runtime_t *rt) {
    (void)deadline;
    runtime_stop(rt);
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    double seconds = real_of(argv[3]);
    bool is_tls = strcmp(argv[1], "tls") == 0;
    side_t side = split(strcmp(argv[1], "unix") == 0);
    bool is_parent = side.child != 0;
    bench_t bench = {.result = side.result,
                     .is_stream = strcmp(argv[2], "stream") == 0};
    bench.is_echo = !is_parent && !bench.is_stream;
    runtime_t *rt = runtime_init(is_parent ? 1 : 2, 16);
    port_tls_config_t *config = is_tls ? make_config(!is_parent) : NULL;
    stream_link_spec_t spec = {.events = &events, .owner = &bench, .tls = config};
    if (rt == NULL || stream_link_open(rt, side.fd, &spec, &bench.link) != MK_OK)
        return 1;
    actor_id_t id = actor_spawn(
        rt, is_parent && bench.is_stream ? run_sender : wait_for_ever, &bench, NULL, 4);
    if (is_parent) {
        bench.began = bench.is_stream ? used_s() : now_s();
        bench.ends = now_s() + seconds;
        if (bench.is_stream) {
            bench.sender = id;
            if (!actor_send(rt, id, 1, NULL, 0)) return 1;
        } else if (send_number(&bench, rt) != MK_OK) {
            return 1;
        }
    }
    runtime_run(rt);
    deadline_t last;
    deadline_init(&last, on_last);
    deadline_set(rt, &last, is_parent && bench.is_stream ? 300 : 0);
    runtime_run(rt);
    if (is_parent) side.result->used_s[1] = used_s() - bench.began;
    runtime_destroy(rt);
    port_tls_config_release(config);
    fflush(stdout);
    join(side, bench.is_stream);
}
