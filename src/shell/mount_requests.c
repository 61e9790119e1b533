/* SPDX-License-Identifier: Apache-2.0 */
/* mount_requests.c - who asked for which mount, until its end is known.
 *
 * The node layer tells the actor that began a mount by the target's text, so that is
 * what a request is found by; two mounts of one target do not exist at a time. */
#include "shell/mount_requests.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/list.h"
#include "base/text.h"
#include "base/writer.h"
#include "ipc/mount_target.h"
#include "kernel/part.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "microkernel/mount.h"
#include "microkernel/wasm_actor.h"

#include <string.h>

typedef struct {
    list_node_t node;
    actor_id_t asker;
    actor_id_t server; /* who was asked, and is told */
    char target[MK_TARGET_MAX];
} request_t;

typedef struct {
    part_t part;
    list_node_t waiting; /* request_t */
} requests_t;

static void drop(request_t *request) {
    list_remove(&request->node);
    mk_free(request);
}

/* What a server that ended had begun goes on, and nobody is told. */
static void forget_server(part_t *part, runtime_t *rt, actor_id_t id) {
    requests_t *requests = MK_CONTAINER_OF(part, requests_t, part);
    (void)rt;
    for (list_node_t *at = requests->waiting.next, *next; at != &requests->waiting;
         at = next) {
        next = at->next;
        request_t *request = MK_CONTAINER_OF(at, request_t, node);
        if (request->server == id) drop(request);
    }
}

static void destroy(part_t *part, runtime_t *rt) {
    requests_t *requests = MK_CONTAINER_OF(part, requests_t, part);
    (void)rt;
    while (!list_is_empty(&requests->waiting))
        drop(MK_CONTAINER_OF(requests->waiting.next, request_t, node));
    mk_free(requests);
}

static const part_ops_t requests_ops = {NULL, forget_server, destroy};

static requests_t *find_requests(runtime_t *rt) {
    part_t *part = part_find(rt, &requests_ops);
    return part != NULL ? MK_CONTAINER_OF(part, requests_t, part) : NULL;
}

static requests_t *get_requests(runtime_t *rt) {
    requests_t *requests = find_requests(rt);
    if (requests != NULL) return requests;
    requests = mk_calloc(1, sizeof *requests);
    if (requests == NULL) return NULL;
    list_init(&requests->waiting);
    part_attach(rt, &requests->part, &requests_ops);
    return requests;
}

static void answer(runtime_t *rt, actor_id_t asker, bool is_mounted, const char *text) {
    uint8_t bytes[1 + MK_NODE_TEXT_MAX];
    bytes_writer_t writer;
    bytes_writer_init(&writer, bytes, sizeof bytes);
    bytes_write_u8(&writer, is_mounted ? 0 : 1);
    bytes_write(&writer, text, strlen(text));
    (void)actor_send(rt, asker, MSG_MOUNT_RESPONSE, bytes, writer.size);
}

static bool may_ask(runtime_t *rt, actor_id_t asker) {
    wasm_actor_facts_t facts;
    return !wasm_actor_facts(rt, asker, &facts) ||
           (facts.grants & WASM_GRANT_NETWORK) != 0;
}

/* The target of a request; NULL, or why there is none. */
static const char *read_target(const message_t *msg, char target[MK_TARGET_MAX]) {
    bytes_reader_t reader;
    bytes_reader_init(&reader, msg->payload, msg->payload_size);
    size_t size = bytes_read_u8(&reader);
    const char *host = (const char *)bytes_read(&reader, size);
    unsigned port = bytes_read_u16_le(&reader);
    if (!bytes_is_complete(&reader) || size == 0 || memchr(host, '\0', size) != NULL)
        return "a mount request is: length, host, port";
    bool is_bare_v6 = memchr(host, ':', size) != NULL && host[0] != '[';
    mk_writer_t writer;
    writer_init(&writer, target, MK_TARGET_MAX);
    if (is_bare_v6) writer_char(&writer, '[');
    writer_bytes(&writer, host, size);
    if (is_bare_v6) writer_char(&writer, ']');
    writer_char(&writer, ':');
    writer_unsigned(&writer, port != 0 ? port : MK_MOUNT_PORT);
    mount_target_t to;
    if (writer_has_overflowed(&writer) ||
        mount_target_parse(writer_text(&writer), MK_MOUNT_PORT, &to) < 0)
        return "that is no host";
    memcpy(target, to.text, sizeof to.text); /* as it will be told */
    return NULL;
}

static const char *begin(runtime_t *rt, const message_t *msg) {
    if (actor_id_node(msg->source) != runtime_get_node_id(rt))
        return "it comes from another node";
    if (!may_ask(rt, msg->source)) return "it has no right to use the network";
    requests_t *requests = get_requests(rt);
    request_t *request = requests != NULL ? mk_calloc(1, sizeof *request) : NULL;
    if (request == NULL) return mk_error_text(MK_ENOMEM);
    list_insert_before(&requests->waiting, &request->node);
    request->asker = msg->source;
    request->server = actor_self(rt);
    part_claim(rt, request->server);
    const char *why = read_target(msg, request->target);
    int result = why == NULL ? nodes_mount(rt, request->target, NULL) : MK_EINVAL;
    if (result == MK_OK) return NULL;
    drop(request);
    if (result == MK_EEXIST) return "that is mounted, or being mounted";
    return why != NULL ? why : mk_error_text(result);
}

static request_t *find_request(runtime_t *rt, const char *target) {
    requests_t *requests = find_requests(rt);
    if (requests == NULL) return NULL;
    for (list_node_t *at = requests->waiting.next; at != &requests->waiting;
         at = at->next) {
        request_t *request = MK_CONTAINER_OF(at, request_t, node);
        if (request->server == actor_self(rt) && strcmp(request->target, target) == 0)
            return request;
    }
    return NULL;
}

bool mount_requests_serve(runtime_t *rt, const message_t *msg) {
    if (msg->type == MSG_MOUNT_REQUEST) {
        const char *why = begin(rt, msg);
        if (why != NULL) answer(rt, msg->source, false, why);
        return true;
    }
    if (msg->type != MSG_MOUNT_DONE || msg->payload_size < sizeof(mount_done_payload_t))
        return false;
    const mount_done_payload_t *done = msg->payload;
    request_t *request = find_request(rt, done->target);
    if (request == NULL) return false;
    bool is_mounted = done->status == MK_OK;
    answer(rt, request->asker, is_mounted, is_mounted ? done->identity : done->text);
    drop(request);
    return true;
}
