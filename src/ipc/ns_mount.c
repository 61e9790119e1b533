/* SPDX-License-Identifier: Apache-2.0 */
/* ns_mount.c - the names of old: a listener that is an actor, and a mount that waits.
 *
 * Both are actors of a few lines on top of mount.h. The listener's stands for the
 * listening of its runtime: its end stops it. */
#include "base/writer.h"
#include "ipc/registry_sync.h"
#include "kernel/inside.h"
#include "microkernel/log.h"
#include "microkernel/message.h"
#include "microkernel/mount.h"
#include "microkernel/names.h"
#include "microkernel/runtime.h"
#include "microkernel/transport.h"

#include <string.h>

enum { LISTEN_MAILBOX = 16, WAIT_MAILBOX = 4, MSG_BEGIN = 1 };

/* --- listening --- */

static bool stand_by(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt, (void)self, (void)state;
    return msg->type != MSG_SHUTDOWN;
}

static void stop_listening(void *rt) {
    nodes_stop_listening(rt);
}

actor_id_t ns_mount_listen(runtime_t *rt, uint16_t port) {
    nodes_listen_options_t options = {.port = port, .any_port = port == 0};
    int result = nodes_listen(rt, &options);
    if (result < 0) {
        actor_log(rt, LOG_ERROR, "cannot listen for nodes on port %u: %s",
                  (unsigned)port, mk_error_text(result));
        return ACTOR_ID_INVALID;
    }
    actor_id_t id = actor_spawn(rt, stand_by, rt, stop_listening, LISTEN_MAILBOX);
    if (id == ACTOR_ID_INVALID)
        nodes_stop_listening(rt);
    else
        (void)names_register(rt, "/sys/mount-listen", id);
    return id;
}

/* --- names --- */

void ns_sync_to_transport(runtime_t *rt, struct transport *tp) {
    if (rt != NULL && tp != NULL) (void)registry_sync_again(rt, tp->peer_node);
}

/* --- mounting --- */

typedef struct {
    const char *target;
    mount_done_payload_t done;
    bool is_done;
} wait_t;

static void finish(runtime_t *rt, wait_t *wait) {
    wait->is_done = true;
    runtime_stop(rt);
}

static bool await_mount(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    wait_t *wait = state;
    (void)self;
    if (msg->type == MSG_BEGIN) {
        wait->done.status = nodes_mount(rt, wait->target, NULL);
        if (wait->done.status == MK_OK) return true;
        strncpy(wait->done.text, mk_error_text(wait->done.status),
                sizeof wait->done.text - 1);
    } else if (msg->type == MSG_MOUNT_DONE && msg->payload_size == sizeof wait->done) {
        memcpy(&wait->done, msg->payload, sizeof wait->done);
    } else {
        return true;
    }
    finish(rt, wait);
    return false;
}

/* Its end, whoever ends it, ends the waiting. */
static bool run_until_done(runtime_t *rt, actor_id_t id, const wait_t *wait) {
    while (!wait->is_done && actor_is_alive(rt, id))
        runtime_run(rt);
    return wait->is_done;
}

int ns_mount_connect(runtime_t *rt, const char *host, uint16_t port,
                     mount_result_t *result) {
    char target[MK_TARGET_MAX];
    mk_writer_t writer;
    if (rt == NULL || host == NULL || actor_self(rt) != ACTOR_ID_INVALID) return -1;
    bool is_v6 = strchr(host, ':') != NULL && host[0] != '[';
    writer_init(&writer, target, sizeof target);
    writer_format(&writer, is_v6 ? "[%s]:%u" : "%s:%u", host, (unsigned)port);
    wait_t wait = {.target = target, .done = {.status = MK_EINTERNAL}};
    actor_id_t id = actor_spawn(rt, await_mount, &wait, NULL, WAIT_MAILBOX);
    if (id == ACTOR_ID_INVALID) return -1;
    bool is_told =
        actor_send(rt, id, MSG_BEGIN, NULL, 0) && run_until_done(rt, id, &wait);
    if (!is_told) actor_stop(rt, id);
    if (!is_told || wait.done.status != MK_OK) {
        actor_log(rt, LOG_ERROR, "cannot mount %s: %s", target, wait.done.text);
        return -1;
    }
    if (result != NULL) {
        memcpy(result->identity, wait.done.identity, sizeof result->identity);
        result->node_id = wait.done.node;
    }
    return MK_OK;
}
