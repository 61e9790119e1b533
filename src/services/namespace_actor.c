/* SPDX-License-Identifier: Apache-2.0 */
/* namespace_actor.c - the registry as an actor: what other nodes and modules use.
 *
 * The actor holds nothing; the registry is the runtime's. Requests are rows of a table
 * with the least size of their payload, and every text in them is checked for its NUL
 * before it is read: they may come from another node. */
#include "base/check.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"
#include "microkernel/runtime.h"
#include "services/paths.h"
#include "services/registry.h"

#include <string.h>

enum {
    NS_MAILBOX = 64,      /* requests that may wait */
    CALL_STEPS_MAX = 1000 /* messages ns_call lets pass before it gives up */
};

typedef void (*ns_handler_fn)(runtime_t *rt, const message_t *msg, ns_reply_t *reply);

typedef struct {
    msg_type_t type;
    size_t size; /* least bytes of payload */
    ns_handler_fn handle;
} ns_request_t;

static bool is_text(const char *bytes, size_t cap) {
    return memchr(bytes, '\0', cap) != NULL;
}

static void set_result(ns_reply_t *reply, int error, actor_id_t id) {
    reply->status = paths__status(error);
    reply->actor_id = error == MK_OK ? id : ACTOR_ID_INVALID;
}

static void handle_register(runtime_t *rt, const message_t *msg, ns_reply_t *reply) {
    const ns_register_t *request = msg->payload;
    if (!is_text(request->path, sizeof request->path)) return;
    set_result(reply, names_register(rt, request->path, request->actor_id),
               request->actor_id);
}

static void handle_lookup(runtime_t *rt, const message_t *msg, ns_reply_t *reply) {
    const ns_lookup_t *request = msg->payload;
    if (!is_text(request->path, sizeof request->path)) return;
    actor_id_t id = actor_lookup(rt, request->path);
    set_result(reply, id != ACTOR_ID_INVALID ? MK_OK : MK_ENOENT, id);
}

static void handle_mount(runtime_t *rt, const message_t *msg, ns_reply_t *reply) {
    const ns_mount_t *request = msg->payload;
    if (!is_text(request->mount_point, sizeof request->mount_point)) return;
    set_result(reply, paths_mount(rt, request->mount_point, request->target),
               request->target);
}

static void handle_umount(runtime_t *rt, const message_t *msg, ns_reply_t *reply) {
    const ns_umount_t *request = msg->payload;
    if (!is_text(request->mount_point, sizeof request->mount_point)) return;
    set_result(reply, paths_unmount(rt, request->mount_point), ACTOR_ID_INVALID);
}

/* Append a line; false when it does not fit. */
static bool append_line(ns_reply_t *reply, const char *name, actor_id_t id) {
    char line[PATHS_LINE_MAX];
    size_t size = paths__line(line, name, id);
    if (sizeof reply->data - reply->data_len < size) return false;
    memcpy(reply->data + reply->data_len, line, size);
    reply->data_len += (uint32_t)size;
    return true;
}

static void handle_list(runtime_t *rt, const message_t *msg, ns_reply_t *reply) {
    const ns_list_from_t *request = msg->payload; /* `after` only when it is there */
    if (!is_text(request->prefix, sizeof request->prefix)) return;
    const char *prefix = request->prefix;
    char path[NS_PATH_MAX] = "";
    char name[MK_NAME_MAX] = "";
    bool with_paths = prefix[0] == '/' || prefix[0] == '\0';
    bool with_names = prefix[0] != '/';
    if (msg->payload_size >= sizeof *request && request->after[0] != '\0') {
        if (!is_text(request->after, sizeof request->after)) return;
        if (request->after[0] == '/') {
            memcpy(path, request->after, sizeof path);
        } else {
            if (!is_text(request->after, sizeof name)) return;
            memcpy(name, request->after, sizeof name);
            with_paths = false;
        }
    }
    reply->status = NS_OK;
    actor_id_t id;
    while (with_paths && paths_next(rt, prefix, path, &id, NULL))
        if (!append_line(reply, path, id)) return;
    while (with_names && names_next(rt, prefix, name, &id))
        if (!append_line(reply, name, id)) return;
}

static const ns_request_t requests[] = {
    {MSG_NS_REGISTER, sizeof(ns_register_t), handle_register},
    {MSG_NS_LOOKUP, sizeof(ns_lookup_t), handle_lookup},
    {MSG_NS_LIST, sizeof(ns_list_req_t), handle_list},
    {MSG_NS_MOUNT, sizeof(ns_mount_t), handle_mount},
    {MSG_NS_UMOUNT, sizeof(ns_umount_t), handle_umount},
};

static const ns_request_t *find_request(msg_type_t type) {
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        if (requests[i].type == type) return &requests[i];
    return NULL;
}

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_SHUTDOWN) return false;
    const ns_request_t *request = find_request(msg->type);
    if (request == NULL) return true;
    ns_reply_t reply;
    memset(&reply, 0, sizeof reply);
    reply.status = NS_EINVAL;
    if (msg->payload_size >= request->size) request->handle(rt, msg, &reply);
    if (msg->source != ACTOR_ID_INVALID)
        actor_send(rt, msg->source, MSG_NS_REPLY, &reply, sizeof reply);
    return true;
}

/* Register the three names; MK_OK or the first error. */
static int take_names(runtime_t *rt, actor_id_t id) {
    char path[NS_PATH_MAX] = "/node/";
    size_t size = strlen(path);
    memcpy(path + size, node_identity(rt), strlen(node_identity(rt)) + 1);
    int result = names_register_own(rt, "ns", id);
    if (result == MK_OK) result = names_register(rt, "/sys/ns", id);
    if (result == MK_OK) result = names_register(rt, path, id);
    return result;
}

static actor_id_t find_actor(runtime_t *rt) {
    registry_t *registry = registry__find(rt);
    if (registry == NULL || !actor_is_alive(rt, registry->ns_actor))
        return ACTOR_ID_INVALID;
    return registry->ns_actor;
}

actor_id_t ns_actor_init(runtime_t *rt) {
    bool was_open = false;
    if (rt == NULL) return ACTOR_ID_INVALID;
    if (find_actor(rt) != ACTOR_ID_INVALID) return find_actor(rt);
    if (paths__open(rt, &was_open) < 0) return ACTOR_ID_INVALID;
    actor_options_t options = {.mailbox_size = NS_MAILBOX,
                               .priority = ACTOR_PRIORITY_SYSTEM};
    actor_id_t id = actor_spawn_with(rt, behave, NULL, NULL, &options);
    if (id != ACTOR_ID_INVALID && take_names(rt, id) == MK_OK) {
        registry__find(rt)->ns_actor = id;
        return id;
    }
    if (id != ACTOR_ID_INVALID) {
        if (actor_lookup(rt, "ns") == id) names_unregister(rt, "ns");
        ns_deregister_actor_paths(rt, id);
        actor_stop(rt, id);
    }
    if (!was_open) paths__close(rt);
    return ACTOR_ID_INVALID;
}

/* --- asking from outside the loop --- */

typedef struct {
    ns_reply_t *reply; /* the caller's */
    bool is_answered;
} ns_wait_t;

static bool await_reply(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    ns_wait_t *wait = state;
    if (msg->type != MSG_NS_REPLY || msg->payload_size < sizeof *wait->reply)
        return true;
    memcpy(wait->reply, msg->payload, sizeof *wait->reply);
    wait->is_answered = true;
    return false;
}

int ns_call(runtime_t *rt, msg_type_t type, const void *payload, size_t payload_size,
            ns_reply_t *reply) {
    if (rt == NULL || reply == NULL || find_request(type) == NULL) return -1;
    actor_id_t server = find_actor(rt);
    if (server == ACTOR_ID_INVALID || actor_self(rt) != ACTOR_ID_INVALID) return -1;
    ns_wait_t wait = {reply, false};
    actor_options_t options = {.mailbox_size = 2, .priority = ACTOR_PRIORITY_SYSTEM};
    actor_id_t waiter = actor_spawn_with(rt, await_reply, &wait, NULL, &options);
    if (waiter == ACTOR_ID_INVALID) return -1;
    if (actor__send_from(rt, waiter, server, type, payload, payload_size))
        for (int i = 0; i < CALL_STEPS_MAX && !wait.is_answered; i++)
            runtime_step(rt);
    /* Without an answer the waiter still points at `wait`; stopped, it never looks. */
    if (!wait.is_answered) actor_stop(rt, waiter);
    return wait.is_answered ? 0 : -1;
}
