/* SPDX-License-Identifier: Apache-2.0 */
/* http_tell.c - one block that fits every outcome; the smaller ones use its front. */
#include "net/http_tell.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "kernel/inside.h"

#include <string.h>

message_t *http_tell_reserve(actor_id_t owner) {
    static const http_failure_payload_t nothing;
    return message_create(ACTOR_ID_INVALID, owner, MSG_HTTP_ERROR, &nothing,
                          sizeof nothing);
}

static void copy(char *to, size_t cap, const char *text) {
    mk_writer_t w;
    writer_init(&w, to, cap);
    writer_str(&w, text);
}

void http_tell_failure(runtime_t *rt, message_t *msg, msg_type_t type,
                       http_conn_id_t id, const http_failure_t *failure,
                       const char *words) {
    http_failure_payload_t payload;
    memset(&payload, 0, sizeof payload);
    if (words == NULL) words = http_failure_text(failure->kind);
    if (words == NULL) words = failure->text;
    payload.error.conn_id = id;
    payload.error.error_code = -1;
    copy(payload.error.message, sizeof payload.error.message, words);
    payload.reason = failure->reason;
    payload.has_no_connection = failure->kind == HTTP_FAILED_CONNECT;
    copy(payload.detail, sizeof payload.detail, failure->text);
    memcpy(msg->payload, &payload, sizeof payload);
    msg->type = type;
    (void)actor__notify_with(rt, msg);
}

void http_tell_no_response(runtime_t *rt, message_t *msg, http_conn_id_t id,
                           const http_failure_t *failure) {
    http_response_payload_t payload = {id, 0, 0, 0};
    size_t room = msg->payload_size - sizeof payload;
    text_t words = text_of(failure->text);
    payload.body_size = words.size < room ? words.size : room;
    memcpy(msg->payload, &payload, sizeof payload);
    memcpy((char *)msg->payload + sizeof payload, words.bytes, payload.body_size);
    msg->payload_size = sizeof payload + payload.body_size;
    msg->type = MSG_HTTP_RESPONSE;
    (void)actor__notify_with(rt, msg);
}

void http_tell_status(runtime_t *rt, message_t *msg, msg_type_t type, http_conn_id_t id,
                      int status) {
    sse_status_payload_t payload = {id, status};
    memcpy(msg->payload, &payload, sizeof payload);
    msg->payload_size = sizeof payload;
    msg->type = type;
    (void)actor__notify_with(rt, msg);
}

void http_tell_response(runtime_t *rt, message_t *msg, void *payload, size_t size) {
    msg->payload = payload;
    msg->payload_size = size;
    msg->free_payload = mk_free;
    msg->type = MSG_HTTP_RESPONSE;
    (void)actor__notify_with(rt, msg);
}
