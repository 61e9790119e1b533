/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes on one machine: a process and its child, whose actors send each other
 * messages over a unix socket as if they were neighbours. */
#define _POSIX_C_SOURCE 200809L
#include "microkernel/actor.h"
#include "microkernel/message.h"
#include "microkernel/runtime.h"
#include "microkernel/transport_unix.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARENT = 1, CHILD = 2 }; /* nodes */
enum { GREETING = 1, THANKS = 2 };

/* The first actor of a runtime has number 1, on every node. */
static actor_id_t first_of(node_id_t node) {
    return actor_id_make(node, 1);
}

static bool child_actor(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self, (void)state;
    if (msg->type == GREETING)
        return actor_send(rt, first_of(PARENT), GREETING, "hello from the child", 21);
    return false; /* thanked */
}

static bool parent_actor(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self, (void)state;
    printf("node %u: %s\n", (unsigned)actor_id_node(msg->source), (char *)msg->payload);
    actor_send(rt, msg->source, THANKS, NULL, 0);
    return false;
}

/* Run one actor; the transport becomes the runtime's. */
static int run(node_id_t node, actor_behavior_fn behavior, transport_t *transport) {
    runtime_t *rt = runtime_init(node, 4);
    if (rt == NULL || transport == NULL || !runtime_add_transport(rt, transport))
        return 1;
    actor_id_t id = actor_spawn(rt, behavior, NULL, NULL, 8);
    if (node == CHILD) actor_send(rt, id, GREETING, NULL, 0); /* begin */
    runtime_run(rt);
    runtime_destroy(rt);
    return 0;
}

int main(void) {
    char folder[] = "/tmp/transports.XXXXXX", path[64];
    if (mkdtemp(folder) == NULL) return 1;
    snprintf(path, sizeof path, "%s/socket", folder);
    transport_t *transport = transport_unix_listen(path, CHILD);
    if (transport == NULL) return 1;
    pid_t child = fork();
    if (child == 0) {
        close(transport->fd); /* the listener is the parent's */
        free(transport->impl);
        free(transport);
        _exit(run(CHILD, child_actor, transport_unix_connect(path, PARENT)));
    }
    int status = run(PARENT, parent_actor, transport);
    if (waitpid(child, &status, 0) == child && status == 0)
        puts("the child is content");
    rmdir(folder);
    return status;
}
