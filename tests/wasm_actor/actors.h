/* SPDX-License-Identifier: Apache-2.0 */
/* actors.h - a node with one native actor, the probe, that sends for the tests and
 * keeps what it is sent. */
#ifndef MK_TESTS_WASM_ACTOR_ACTORS_H
#define MK_TESTS_WASM_ACTOR_ACTORS_H

#include "kernel/inside.h"
#include "microkernel/crash.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/runtime.h"
#include "microkernel/wasm_actor.h"
#include "sim.h"
#include "support/test.h"
#include "wasm_modules/modules.h"

#include <string.h>

enum { MAIL_KEPT = 64, MAIL_TEXT = 128, SOME_STEPS = 400 };

typedef struct {
    msg_type_t type;
    actor_id_t source;
    size_t size;
    uint8_t bytes[MAIL_TEXT]; /* the first of them, then zeros */
} kept_mail_t;

static struct {
    actor_id_t id;
    kept_mail_t mail[MAIL_KEPT]; /* the first ones */
    size_t count;
} probe;

static inline bool keep_mail(runtime_t *rt, actor_t *self, message_t *msg,
                             void *state) {
    (void)rt;
    (void)self;
    (void)state;
    if (probe.count < MAIL_KEPT) {
        kept_mail_t *kept = &probe.mail[probe.count];
        *kept = (kept_mail_t){
            .type = msg->type, .source = msg->source, .size = msg->payload_size};
        size_t size = msg->payload_size < MAIL_TEXT ? msg->payload_size : MAIL_TEXT;
        if (size > 0) memcpy(kept->bytes, msg->payload, size);
    }
    probe.count++;
    return true;
}

/* A fresh world with a node and the probe in it. */
static inline runtime_t *open_node(void) {
    sim_reset(1);
    memset(&probe, 0, sizeof probe);
    runtime_t *rt = runtime_init(1, 1 << 20);
    CHECK(rt != NULL);
    probe.id = actor_spawn(rt, keep_mail, NULL, NULL, 64);
    CHECK_EQ(crash_enable(rt), MK_OK);
    return rt;
}

static inline void close_node(runtime_t *rt) {
    runtime_destroy(rt);
    sim_reset(1);
}

/* An actor with all rights. */
#define SPAWN(rt, name)                                                                \
    actor_spawn_wasm(rt, name##_module, sizeof name##_module, 16,                      \
                     WASM_DEFAULT_STACK_SIZE, WASM_DEFAULT_HEAP_SIZE,                  \
                     FIBER_STACK_SMALL)

/* Send as the probe. */
static inline void ask_bytes(runtime_t *rt, actor_id_t dest, msg_type_t type,
                             const void *payload, size_t size) {
    CHECK(actor__send_from(rt, probe.id, dest, type, payload, size));
}

static inline void ask(runtime_t *rt, actor_id_t dest, msg_type_t type,
                       const char *text) {
    ask_bytes(rt, dest, type, text, text != NULL ? strlen(text) : 0);
}

/* For actors that never rest. */
static inline void run_some(runtime_t *rt) {
    for (int i = 0; i < SOME_STEPS; i++)
        runtime_step(rt);
}

static inline uint64_t number_at(const uint8_t *bytes, size_t size) {
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

/* The newest end that was recorded; its text is "" when there is none. */
static inline crash_record_t last_crash(runtime_t *rt) {
    crash_record_t records[MK_CRASH_RECORDS];
    size_t count = crash_list(rt, records, MK_CRASH_RECORDS);
    crash_record_t none = {.number = 0};
    return count > 0 ? records[count - 1] : none;
}

/* The one message that the probe got is this one. */
static inline void check_reply(msg_type_t type, const char *text) {
    CHECK_EQ(probe.count, 1);
    CHECK_EQ(probe.mail[0].type, type);
    CHECK_EQ(probe.mail[0].size, strlen(text));
    CHECK_MEM(probe.mail[0].bytes, text, strlen(text));
}

#endif
