/* SPDX-License-Identifier: Apache-2.0 */
/* names_and_paths.c - two ways to find an actor without its id: flat names, and paths
 * in a tree that can be listed. Both go by themselves when their actor ends. */
#include "microkernel/names.h"
#include "microkernel/namespace.h"
#include "microkernel/runtime.h"

#include <stdio.h>

enum { READ = 1, VALUE = 2 };

static bool sensor(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    if (msg->type != READ) return msg->type != MSG_SHUTDOWN;
    return actor_send(rt, msg->source, VALUE, state, sizeof(int));
}

static bool reader(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    const char *const *name = state;
    if (msg->type == VALUE) {
        printf("%s: %d\n", *name, *(const int *)msg->payload);
        return false;
    }
    int result = names_send(rt, *name, READ, NULL, 0);
    if (result != MK_OK) printf("%s: %s\n", *name, mk_error_text(result));
    return result == MK_OK;
}

static void read_once(runtime_t *rt, const char *name) {
    actor_id_t id = actor_spawn(rt, reader, &name, NULL, 4);
    actor_send(rt, id, 1, NULL, 0);
    while (actor_is_alive(rt, id))
        runtime_step(rt);
}

static void list(runtime_t *rt, const char *prefix) {
    char path[NS_PATH_MAX] = "";
    actor_id_t id;
    printf("below %s:", prefix);
    while (paths_next(rt, prefix, path, &id, NULL))
        printf(" %s", path);
    printf("\n");
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    ns_actor_init(rt); /* the tree, and an actor that serves it to others */

    int inside = 21, outside = 4;
    actor_id_t in = actor_spawn(rt, sensor, &inside, NULL, 16);
    actor_id_t out = actor_spawn(rt, sensor, &outside, NULL, 16);
    actor_register_name(rt, "thermometer", in);
    actor_register_name(rt, "/demo/house/inside", in);
    actor_register_name(rt, "/demo/house/outside", out);
    printf("the name again: %s\n",
           mk_error_text(names_register(rt, "thermometer", out)));

    char names[128];
    actor_reverse_lookup_all(rt, in, names, sizeof names);
    printf("one actor, two names: %s\n", names);
    list(rt, "/demo/");

    read_once(rt, "thermometer");
    read_once(rt, "/demo/house/outside");
    actor_stop(rt, in);
    runtime_step(rt);
    list(rt, "/demo/");
    read_once(rt, "thermometer");
    runtime_destroy(rt);
    return 0;
}
