/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_peer.c - any messages into a node, from a stranger that shakes hands or from a
 * peer: nothing is believed, everything is counted, nothing is left over.
 *
 * The first byte chooses how it begins. Then each message takes a byte of kind (which
 * source, destination and type), a byte of size, and that many bytes of payload; kind
 * 0xFF lets time pass. */
#include "base/alloc.h"
#include "ipc/hello.h"
#include "ipc/peer.h"
#include "ipc/shake.h"
#include "microkernel/message.h"
#include "microkernel/nodes.h"
#include "sim/sim.h"
#include "support/link_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

enum { ROOM = 1 << 16, STEPS = 8, NS_PER_MS = 1000000 };

static link_pair_t pair;
static runtime_t *rt;
static actor_id_t reader;
static uint64_t mails;   /* that the reader got */
static unsigned dones;   /* of the shake */
static hello_t last;     /* the node's last hello */
static bool is_told_end; /* the stranger knows that it is over */

static bool read_mail(runtime_t *runtime, actor_t *self, message_t *msg, void *state) {
    (void)runtime, (void)self, (void)state;
    if (msg->type == MSG_NODE_UP || msg->type == MSG_NODE_DOWN) {
        REQUIRE(msg->payload_size == sizeof(node_event_payload_t));
        return true;
    }
    if (msg->source == ACTOR_ID_INVALID && msg->type == 1) {
        REQUIRE(nodes_subscribe(runtime) == MK_OK);
        return true;
    }
    /* Only the peer's own actors can write, and nothing that a runtime makes. */
    REQUIRE(msg->source == ACTOR_ID_INVALID || actor_id_node(msg->source) == 77);
    REQUIRE(!peer_is_control(msg->type));
    mails++;
    return true;
}

/* --- the stranger's end --- */

static void keep(link_t *link, runtime_t *runtime, const wire_message_t *message) {
    (void)link, (void)runtime;
    if (message->type == MSG_NODE_HELLO)
        REQUIRE(hello_read(message->payload, message->payload_size, &last) == HELLO_OK);
}

static void ignore_room(link_t *link, runtime_t *runtime) {
    (void)link, (void)runtime;
}

static void note_end(link_t *link, runtime_t *runtime, int reason, const char *text) {
    (void)link, (void)runtime, (void)reason;
    REQUIRE(text != NULL);
    is_told_end = true;
}

static const link_events_t stranger = {
    .on_message = keep, .on_room = ignore_room, .on_down = note_end};

static void on_done(void *owner, runtime_t *runtime, const shake_result_t *result) {
    (void)owner, (void)runtime;
    REQUIRE(result->status == MK_OK || result->text[0] != '\0');
    REQUIRE(result->status != MK_OK || peers_find(rt, result->node) != NULL);
    dones++;
}

static void settle(void) {
    for (int i = 0; i < STEPS; i++)
        runtime_step(rt);
}

/* --- the script --- */

static const msg_type_t types[] = {
    5,
    MSG_NODE_HELLO,
    MSG_NODE_GOODBYE,
    MSG_NODE_PING,
    MSG_NODE_PONG,
    MSG_NODE_CREDIT,
    MSG_NAME_REGISTER,
    MSG_SHUTDOWN,
};

static actor_id_t source_of(uint8_t kind) {
    const actor_id_t sources[] = {0, actor_id_make(77, 1), actor_id_make(1, 1),
                                  actor_id_make(3, 1)};
    return sources[kind >> 3 & 3];
}

static actor_id_t dest_of(uint8_t kind) {
    const actor_id_t dests[] = {0, reader, actor_id_make(1, 999), actor_id_make(3, 1)};
    return dests[kind >> 5 & 3];
}

/* Without this no fuzzer would ever guess a nonce. */
static void say_fitting_hello(bool is_answer) {
    uint8_t bytes[HELLO_SIZE];
    hello_t hello = {.node = 77,
                     .identity = "stranger",
                     .version = 1,
                     .boot = 5,
                     .features = PEER_CREDIT | PEER_HEARTBEAT,
                     .heartbeat_ms = 100,
                     .credit = 1000};
    memset(hello.nonce, 7, sizeof hello.nonce);
    if (is_answer) memcpy(hello.echo, last.nonce, sizeof hello.echo);
    hello_write(&hello, bytes);
    wire_message_t message = {0, 0, MSG_NODE_HELLO, bytes, sizeof bytes};
    (void)link_send(&pair.a.link, rt, &message, true);
}

static void play(const uint8_t *data, size_t size) {
    while (size >= 2) {
        uint8_t kind = data[0];
        size_t payload = data[1] < size - 2 ? data[1] : size - 2;
        wire_message_t message = {source_of(kind), dest_of(kind), types[kind & 7],
                                  data + 2, payload};
        if (kind == 0xFF)
            sim_advance((uint64_t)data[1] * 10 * NS_PER_MS);
        else if (kind == 0xFE)
            say_fitting_hello(data[1] & 1);
        else if (kind == 0xFD)
            (void)actor_send(rt, actor_id_make(77, 3), 5, data + 2, payload);
        else
            (void)link_send(&pair.a.link, rt, &message, true);
        bool takes_bytes = kind < 0xFD;
        data += 2 + (takes_bytes ? payload : 0);
        size -= 2 + (takes_bytes ? payload : 0);
        settle();
    }
}

static void begin(uint8_t choice) {
    link_pair_open(&pair, rt, rt, ROOM);
    pair.a.link.events = &stranger;
    if (choice & 1) {
        peer_facts_t facts = {.node = 77,
                              .identity = "stranger",
                              .features = PEER_CREDIT | PEER_HEARTBEAT,
                              .heartbeat_ms = choice & 2 ? 100 : 0,
                              .credit = 1000,
                              .granted = 1000};
        REQUIRE(peers_adopt(rt, &pair.b.link, &facts) == MK_OK);
        dones = 1;
        return;
    }
    shake_t *shake;
    shake_spec_t spec = {(choice & 2) != 0, 1000, on_done, NULL};
    REQUIRE(shake_start(rt, &pair.b.link, &spec, &shake) == MK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    sim_reset(1);
    size_t before = mk_alloc_live();
    mails = 0;
    dones = 0;
    is_told_end = false;
    memset(&last, 0, sizeof last);
    rt = runtime_init(1, 16);
    REQUIRE(rt != NULL);
    REQUIRE(node_set_identity(rt, "node") == MK_OK);
    reader = actor_spawn(rt, read_mail, NULL, NULL, 64);
    REQUIRE(actor_send(rt, reader, 1, NULL, 0));
    settle();
    begin(data[0]);
    settle();
    play(data + 1, size - 1);
    for (int i = 0; i < 20; i++) {
        sim_advance(UINT64_C(100) * NS_PER_MS);
        settle();
    }
    REQUIRE(dones == 1);
    const peer_t *peer = peers_find(rt, 77);
    if (peer != NULL) REQUIRE(peer_counters(peer)->received >= mails);
    /* A link that ended is ended at both ends. */
    REQUIRE((peer == NULL) == is_told_end);
    link_close(&pair.a.link, rt, true);
    runtime_destroy(rt);
    link_pair_close(&pair);
    REQUIRE(mk_alloc_live() == before);
    return 0;
}
