/* SPDX-License-Identifier: Apache-2.0 */
/* two_cores.c - two runtimes on two threads, and actors that talk across.
 *
 * Each member of the group is a node of its own. `setup` runs on the member's thread
 * and starts its actors; from then on a send to an actor of the other member is a send
 * like any other, by id or, as here, by name. */
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/runtime_group.h"

#include <stdio.h>
#include <string.h>

enum { SUM_UP = 1, SUM = 2, HIGHEST = 1000000 };

typedef struct {
    long first;
    long last;
} range_t;

/* On the second core: adds the numbers of a range. */
static bool add(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    range_t range;
    memcpy(&range, msg->payload, sizeof range);
    long long sum = 0;
    for (long i = range.first; i <= range.last; i++)
        sum += i;
    return actor_send(rt, msg->source, SUM, &sum, sizeof sum);
}

/* On the first: has half of the work done by each, and stops the group. */
typedef struct {
    runtime_group_t **group;
    int answers;
    long long total;
} asker_t;

static bool ask(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    asker_t *asker = state;
    if (msg->type != SUM) {
        range_t lower = {1, HIGHEST / 2}, upper = {HIGHEST / 2 + 1, HIGHEST};
        return actor_send_named(rt, "adder-0", SUM_UP, &lower, sizeof lower) &&
               actor_send_named(rt, "adder-1", SUM_UP, &upper, sizeof upper);
    }
    long long sum;
    memcpy(&sum, msg->payload, sizeof sum);
    asker->total += sum;
    if (++asker->answers == 2) {
        printf("1 + 2 + ... + %d = %lld\n", HIGHEST, asker->total);
        runtime_group_stop(*asker->group);
    }
    return true;
}

static int setup(runtime_t *rt, size_t index, void *ctx) {
    char name[16];
    (void)snprintf(name, sizeof name, "adder-%zu", index);
    actor_id_t adder = actor_spawn(rt, add, NULL, NULL, 16);
    if (!actor_register_name(rt, name, adder)) return MK_ENOMEM;
    if (index != 0) return MK_OK;
    actor_id_t asker = actor_spawn(rt, ask, ctx, NULL, 16);
    return actor_send(rt, asker, SUM_UP, NULL, 0) ? MK_OK : MK_ENOMEM;
}

int main(void) {
    runtime_group_t *group;
    asker_t asker = {.group = &group};
    runtime_group_options_t options = {.ctx = &asker, .name = "adders"};
    if (runtime_group_start(2, setup, &options, &group) < 0) return 1;
    runtime_group_join(group);
    runtime_group_destroy(group);
    return 0;
}
