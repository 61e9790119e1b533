/* SPDX-License-Identifier: Apache-2.0 */
/* mount_requests.c - who asked for which mount, until its end is known.
 *
 * The node layer tells the actor that began a mount by the target's text, so that is
 * what a request is found by; two mounts of one target do not exist at a time.
 *
 * What became of a mount is told in any case: the request holds the message, which
 * passes the limits of the asker's mailbox. A refusal that comes at once respects them,
 * as otherwise who asks and does not read could take all memory; one that does not get
 * there is a dead letter and a line in the log. */
#include "shell/mount_requests.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/list.h"
#include "base/text.h"
#include "base/writer.h"
#include "ipc/mount_target.h"
#include "kernel/inside.h"
#include "kernel/part.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/message_ids.h"
#include "microkernel/mount.h"
#include "microkernel/wasm_actor.h"

#include <string.h>

typedef struct {
    list_node_t node;
    message_t *answer; /* MSG_MOUNT_RESPONSE to who asked, made beforehand; owned */
    actor_id_t server; /* who was asked, and is told */
    char target[MK_TARGET_MAX];
} request_t;

typedef struct {
    part_t part;
    list_node_t waiting; /* request_t */
} requests_t;

static void drop(request_t *request) {
    list_remove(&request->node);
    message_destroy(request->answer);
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

/* --- answers --- */

enum { ANSWER_MAX = 1 + MK_NODE_TEXT_MAX };

/* Returns the size. */
static size_t write_answer(uint8_t bytes[ANSWER_MAX], bool is_mounted,
                           const char *text) {
    bytes_writer_t writer;
    bytes_writer_init(&writer, bytes, ANSWER_MAX);
    bytes_write_u8(&writer, is_mounted ? 0 : 1);
    bytes_write(&writer, text, strlen(text));
    return writer.size;
}

/* Ends the request. */
static void answer(runtime_t *rt, request_t *request, bool is_mounted,
                   const char *text) {
    message_t *msg = request->answer;
    request->answer = NULL;
    msg->payload_size = write_answer(msg->payload, is_mounted, text);
    if (!actor__notify_with(rt, msg)) runtime__count_dead_letters(rt, 1);
    drop(request);
}

static void refuse(runtime_t *rt, actor_id_t asker, const char *why) {
    uint8_t bytes[ANSWER_MAX];
    size_t size = write_answer(bytes, false, why);
    if (actor_send(rt, asker, MSG_MOUNT_RESPONSE, bytes, size)) return;
    /* The kernel has counted a send to nobody and to other nodes. */
    if (actor_is_alive(rt, asker)) runtime__count_dead_letters(rt, 1);
    log_field_t fields[] = {log_actor("asker", asker), log_text("why", why)};
    (void)log_event(rt, LOG_WARN, "the answer to a mount request is lost", fields, 2);
}

/* --- requests --- */

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

static request_t *make_request(runtime_t *rt, actor_id_t asker) {
    static const uint8_t nothing[ANSWER_MAX];
    request_t *request = mk_calloc(1, sizeof *request);
    if (request == NULL) return NULL;
    list_init(&request->node);
    request->server = actor_self(rt);
    request->answer = message_create(request->server, asker, MSG_MOUNT_RESPONSE,
                                     nothing, sizeof nothing);
    if (request->answer != NULL) return request;
    drop(request);
    return NULL;
}

/* NULL, or why there will be no mount. */
static const char *begin(runtime_t *rt, const message_t *msg) {
    if (actor_id_node(msg->source) != runtime_get_node_id(rt))
        return "it comes from another node";
    if (!may_ask(rt, msg->source)) return "it has no right to use the network";
    requests_t *requests = get_requests(rt);
    request_t *request = requests != NULL ? make_request(rt, msg->source) : NULL;
    if (request == NULL) return mk_error_text(MK_ENOMEM);
    list_insert_before(&requests->waiting, &request->node);
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
        if (why != NULL) refuse(rt, msg->source, why);
        return true;
    }
    if (msg->type != MSG_MOUNT_DONE || msg->payload_size < sizeof(mount_done_payload_t))
        return false;
    const mount_done_payload_t *done = msg->payload;
    request_t *request = find_request(rt, done->target);
    if (request == NULL) return false;
    bool is_mounted = done->status == MK_OK;
    answer(rt, request, is_mounted, is_mounted ? done->identity : done->text);
    return true;
}
