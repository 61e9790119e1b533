/* SPDX-License-Identifier: Apache-2.0 */
/* links_and_monitors.c - the two ways to be concerned by an end. A link joins two
 * fates: a fault of one ends the other, unless that one traps exits. A monitor only
 * tells. */
#include "microkernel/actor.h"
#include "microkernel/runtime.h"

#include <stdio.h>

enum { START = 1, FAIL = 2 };

static bool fragile(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == FAIL) actor_exit(rt, EXIT_CRASHED, "out of paper");
    return msg->type != MSG_SHUTDOWN;
}

/* Ends with the actor it is linked to, without handling a message about it. */
static bool partner(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    return msg->type != START || actor_link(rt, *(const actor_id_t *)state);
}

/* Linked as well, but it wants to hear of it and to live on. */
static bool guard(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    if (msg->type == START) {
        actor_trap_exits(rt, true);
        return actor_link(rt, *(const actor_id_t *)state);
    }
    if (msg->type != MSG_EXIT) return true;
    const down_payload_t *end = msg->payload;
    printf("guard: %s, %s\n", exit_reason_name(end->exit_reason), end->text);
    return false;
}

/* Not linked: it watches both of the others. */
static bool observer(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    const actor_id_t *watched = state;
    if (msg->type == START) {
        actor_monitor(rt, watched[0]);
        actor_monitor(rt, watched[1]);
        return actor_send(rt, watched[0], FAIL, NULL, 0);
    }
    const down_payload_t *end = msg->payload;
    printf("observer: %s ended: %s, %s\n",
           end->actor_id == watched[0] ? "fragile" : "partner",
           exit_reason_name(end->exit_reason), end->text);
    return end->actor_id != watched[1];
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    actor_id_t ids[2];
    ids[0] = actor_spawn(rt, fragile, NULL, NULL, 16);
    ids[1] = actor_spawn(rt, partner, &ids[0], NULL, 16);
    actor_id_t others[2] = {actor_spawn(rt, guard, &ids[0], NULL, 16),
                            actor_spawn(rt, observer, ids, NULL, 16)};
    actor_send(rt, ids[1], START, NULL, 0);
    actor_send(rt, others[0], START, NULL, 0);
    actor_send(rt, others[1], START, NULL, 0);
    runtime_run(rt);

    printf("ended: %u, of these by a fault: %u\n",
           (unsigned)runtime_counters(rt).exited,
           (unsigned)runtime_counters(rt).crashed);
    runtime_destroy(rt);
    return 0;
}
