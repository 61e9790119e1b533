/* SPDX-License-Identifier: Apache-2.0 */
/* mount_stage.h - nodes of ipc_stage.h that mount each other over the simulated net. */
#ifndef MK_TESTS_IPC_MOUNT_STAGE_H
#define MK_TESTS_IPC_MOUNT_STAGE_H

#include "ipc/ipc_stage.h"

#include "microkernel/mount.h"
#include "net/address.h"
#include "port/tls.h"

enum { MOUNT_MS = 5000 }; /* for a mount to succeed or fail, reconnecting included */

/* Asks for one mount and keeps the answer. */
typedef struct {
    const char *target;
    nodes_mount_options_t options;
    int begun; /* what nodes_mount said */
    unsigned dones;
    mount_done_payload_t done;
} asker_t;

static inline bool ask_and_keep(runtime_t *rt, actor_t *self, message_t *msg,
                                void *state) {
    asker_t *asker = state;
    (void)self;
    if (msg->type == MSG_MOUNT_DONE) {
        CHECK_EQ(msg->payload_size, sizeof asker->done);
        memcpy(&asker->done, msg->payload, sizeof asker->done);
        asker->dones++;
    } else {
        asker->begun = nodes_mount(rt, asker->target, &asker->options);
    }
    return true;
}

/* Ask, and let it begin. */
static inline void ask(asker_t *asker, size_t at, const char *target) {
    asker->target = target;
    actor_id_t id = actor_spawn(nodes.rt[at], ask_and_keep, asker, NULL, 4);
    CHECK(id != ACTOR_ID_INVALID);
    tell(nodes.rt[at], id, 1);
    settle_nodes();
}

/* Ask, and wait for the answer; its status. */
static inline int ask_for(asker_t *asker, size_t at, const char *target) {
    *asker = (asker_t){.dones = 0};
    ask(asker, at, target);
    CHECK_EQ(asker->begun, MK_OK);
    for (int i = 0; i < 2 * MK_MOUNT_HELLO_MS && asker->dones == 0; i++)
        pass_nodes_ms(1);
    CHECK_EQ(asker->dones, 1);
    settle_nodes();
    return asker->done.status;
}

/* `text` says `words`; it is shown when not. */
static inline void check_text(const char *text, const char *words) {
    if (strstr(text, words) == NULL) CHECK_STR(text, words);
}

static inline bool is_up(size_t at, size_t other) {
    return peers_find(nodes.rt[at], (node_id_t)(other + 1)) != NULL;
}

/* Until both know each other, or `ms` have passed. */
static inline bool come_up(size_t a, size_t b, unsigned ms) {
    for (unsigned i = 0; i < ms && !(is_up(a, b) && is_up(b, a)); i++)
        pass_nodes_ms(1);
    return is_up(a, b) && is_up(b, a);
}

/* Node `at` listens at the loopback address. */
static inline void listen_at(size_t at, uint16_t port) {
    nodes_listen_options_t options = {.port = port};
    CHECK_EQ(nodes_listen(nodes.rt[at], &options), port);
}

static inline void use_key(size_t at, uint8_t byte) {
    uint8_t key[MK_KEY_SIZE];
    if (!port_tls_is_available()) {
        close_nodes();
        test_skip("built without TLS");
    }
    memset(key, byte, sizeof key);
    CHECK_EQ(nodes_use_key(nodes.rt[at], key), MK_OK);
}

/* A message goes each way. */
static inline void check_talk(size_t a, size_t b) {
    role_t one = {.act = NULL}, two = {.act = NULL};
    actor_id_t id_one = cast(nodes.rt[a], &one), id_two = cast(nodes.rt[b], &two);
    CHECK(actor_send(nodes.rt[a], id_two, 77, "to you", 6));
    CHECK(actor_send(nodes.rt[b], id_one, 78, "to me", 5));
    pass_nodes_ms(50);
    CHECK_EQ(one.count, 1);
    CHECK_EQ(two.count, 1);
    actor_stop(nodes.rt[a], id_one);
    actor_stop(nodes.rt[b], id_two);
    settle_nodes();
}

#endif
