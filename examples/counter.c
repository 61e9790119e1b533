/* SPDX-License-Identifier: Apache-2.0 */
/* counter.c - an actor that counts the ticks of a periodic timer and says how far it
 * got. A tick is a message like any other: no callback, no lock, no second thread. */
#include "microkernel/actor.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"

#include <stdio.h>

enum { GET = 1, VALUE = 2, TICK_MS = 5, LAST_TICK = 5 };

typedef struct {
    actor_id_t reader; /* who asked */
    timer_id_t timer;
    unsigned ticks;
} counter_t;

static bool say(runtime_t *rt, const counter_t *c) {
    return actor_send(rt, c->reader, VALUE, &c->ticks, sizeof c->ticks);
}

static bool counter(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    counter_t *c = state;
    switch (msg->type) {
    case GET:
        c->reader = msg->source;
        c->timer = actor_set_timer(rt, TICK_MS, true);
        return say(rt, c);
    case MSG_TIMER:
        /* timer_payload_t.expirations > 1 would say that the machine was too busy. */
        printf("tick %u\n", ++c->ticks);
        if (c->ticks < LAST_TICK) return true;
        actor_cancel_timer(rt, c->timer); /* its end would do that too */
        say(rt, c);
        return false;
    default: return true;
    }
}

static bool reader(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    const actor_id_t *counter_id = state;
    if (msg->type != VALUE || msg->payload_size != sizeof(unsigned))
        return actor_send(rt, *counter_id, GET, NULL, 0);
    unsigned value = *(const unsigned *)msg->payload;
    printf("the counter says %u\n", value);
    return value < LAST_TICK;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    counter_t state = {0};
    actor_id_t counter_id = actor_spawn(rt, counter, &state, NULL, 16);
    actor_id_t reader_id = actor_spawn(rt, reader, &counter_id, NULL, 16);
    actor_send(rt, reader_id, 1, NULL, 0);
    runtime_run(rt); /* returns when no actor is left */
    runtime_destroy(rt);
    return 0;
}
