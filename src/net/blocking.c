/* SPDX-License-Identifier: Apache-2.0 */
#include "net/blocking.h"

#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "net/connector.h"

#include <stddef.h>

typedef struct {
    connector_t *connector;
    int result;
} wait_t;

static void on_done(void *owner, runtime_t *rt, int handle, const char *text) {
    wait_t *wait = owner;
    (void)text;
    wait->connector = NULL;
    wait->result = handle;
    runtime_stop(rt);
}

/* A runtime goes on only while it has an actor. */
static bool stay(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)msg;
    (void)state;
    return true;
}

int blocking_connect(const char *host, uint16_t port) {
    wait_t wait = {.result = MK_ENOMEM};
    runtime_t *rt = runtime_init(1, 1);
    if (rt == NULL) return MK_ENOMEM;
    connector_spec_t spec = {
        .host = host, .port = port, .on_done = on_done, .owner = &wait};
    if (actor_spawn(rt, stay, NULL, NULL, 1) != ACTOR_ID_INVALID)
        wait.result = connector_start(rt, &spec, &wait.connector);
    if (wait.connector != NULL) runtime_run(rt);
    connector_cancel(rt, wait.connector);
    runtime_destroy(rt);
    return wait.result;
}
