/* SPDX-License-Identifier: Apache-2.0 */
/* storage_support.h - an actor that does what a test wants, and keeps its replies. */
#ifndef MK_TESTS_STORAGE_SUPPORT_H
#define MK_TESTS_STORAGE_SUPPORT_H

#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/runtime.h"
#include "microkernel/state_persist.h"
#include "sim.h"
#include "support/test.h"

#include <string.h>

enum { MSG_TEST_DO = 1, MSG_TEST_END = 2, REPLIES_MAX = 128, REPLY_TEXT_MAX = 64 };

/* Something to do inside the behaviour. */
typedef void (*deed_fn)(runtime_t *rt, void *arg);
typedef struct {
    deed_fn fn;
    void *arg;
} deed_t;

typedef struct {
    state_reply_payload_t head;
    char text[REPLY_TEXT_MAX]; /* what followed, cut, with a NUL */
} reply_t;

/* Replies to all actors, in the order they came. */
static reply_t replies[REPLIES_MAX];
static size_t reply_count;

static inline void keep_reply(const message_t *msg) {
    reply_t *reply = &replies[reply_count++ % REPLIES_MAX];
    memset(reply, 0, sizeof *reply);
    CHECK(msg->payload_size >= sizeof reply->head);
    memcpy(&reply->head, msg->payload, sizeof reply->head);
    size_t size = reply->head.size;
    CHECK_EQ(msg->payload_size, sizeof reply->head + size);
    if (size >= REPLY_TEXT_MAX) size = REPLY_TEXT_MAX - 1;
    if (size > 0) memcpy(reply->text, state_reply_bytes(msg), size);
}

static inline bool do_deeds(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_TEST_DO) {
        deed_t deed;
        memcpy(&deed, msg->payload, sizeof deed);
        deed.fn(rt, deed.arg);
    }
    if (msg->type == MSG_STATE_REPLY) keep_reply(msg);
    return msg->type != MSG_TEST_END;
}

/* An actor with a name; NULL: without. */
static inline actor_id_t spawn_doer(runtime_t *rt, const char *name) {
    actor_id_t id = actor_spawn(rt, do_deeds, NULL, NULL, 64);
    if (id != ACTOR_ID_INVALID && name != NULL)
        CHECK(actor_register_name(rt, name, id));
    return id;
}

/* Have it do something, with its next message. */
static inline void tell_deed(runtime_t *rt, actor_id_t id, deed_fn fn, void *arg) {
    deed_t deed = {fn, arg};
    CHECK(actor_send(rt, id, MSG_TEST_DO, &deed, sizeof deed));
}

/* The same, and wait until all is done. */
static inline void do_inside(runtime_t *rt, actor_id_t id, deed_fn fn, void *arg) {
    tell_deed(rt, id, fn, arg);
    runtime_run(rt);
}

/* A new world with a runtime that keeps state in "state". */
static inline runtime_t *open_state(unsigned flags) {
    sim_reset(1);
    reply_count = 0;
    runtime_t *rt = runtime_init(1, 64);
    CHECK(rt != NULL);
    CHECK_EQ(state_persist_open(rt, "state", flags), MK_OK);
    return rt;
}

static inline void close_state(runtime_t *rt) {
    runtime_destroy(rt);
    sim_reset(1);
}

/* The same disk, at the next start. */
static inline runtime_t *restart(runtime_t *rt) {
    runtime_destroy(rt);
    reply_count = 0;
    rt = runtime_init(1, 64);
    CHECK(rt != NULL);
    CHECK_EQ(state_persist_open(rt, "state", 0), MK_OK);
    return rt;
}

#endif
