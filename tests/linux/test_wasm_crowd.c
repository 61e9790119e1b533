/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand WASM actors suspended in mk_recv on a real node: all answer, and each
 * costs little. */
#include "support/test.h"

#include "microkernel/actor.h"
#include "microkernel/runtime.h"
#include "microkernel/wasm_actor.h"
#include "wasm_modules/modules.h"

#include <stdio.h>
#include <string.h>

enum { CROWD = 10000, MSG_BEGIN = 1, MSG_ASK = 2, MSG_REPLY = 201 };

static struct {
    actor_id_t ids[CROWD];
    size_t replies;
    bool is_correct;
} crowd;

/* Asks them one after the other: the next when one has answered. */
static bool ask_all(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_REPLY) {
        crowd.is_correct = crowd.is_correct && msg->payload_size == 4 &&
                           memcmp(msg->payload, "well", 4) == 0 &&
                           msg->source == crowd.ids[crowd.replies];
        crowd.replies++;
    }
    if (crowd.replies < CROWD)
        return actor_send(rt, crowd.ids[crowd.replies], MSG_ASK, "well", 4);
    for (size_t i = 0; i < CROWD; i++)
        actor_stop(rt, crowd.ids[i]);
    return false;
}

TEST(ten_thousand_suspended_actors_all_answer) {
    runtime_t *rt = runtime_init(1, 20000);
    crowd.is_correct = true;
    for (size_t i = 0; i < CROWD; i++) {
        crowd.ids[i] = actor_spawn_wasm(rt, receiver_module, sizeof receiver_module, 4,
                                        WASM_DEFAULT_STACK_SIZE, 0, FIBER_STACK_SMALL);
        CHECK(actor_send(rt, crowd.ids[i], MSG_BEGIN, NULL, 0));
    }
    runtime_run(rt);
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, crowd.ids[0], &facts));
    CHECK(facts.is_waiting);
    CHECK_EQ(facts.module_users, CROWD);
    CHECK(facts.memory_bytes < 2048);
    printf("wasm_crowd: %lu bytes of heap for the instance of each suspended actor\n",
           (unsigned long)facts.memory_bytes);
    actor_id_t asker = actor_spawn(rt, ask_all, NULL, NULL, 16);
    CHECK(actor_send(rt, asker, MSG_BEGIN, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(crowd.replies, CROWD);
    CHECK(crowd.is_correct);
    CHECK_EQ(runtime_counters(rt).actors, 0);
    runtime_destroy(rt);
}

TEST_TABLE(wasm_crowd, TEST_ROW(ten_thousand_suspended_actors_all_answer))
