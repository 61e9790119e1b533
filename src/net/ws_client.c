/* SPDX-License-Identifier: Apache-2.0 */
/* ws_client.c - opening a WebSocket: an HTTP request that asks to go on as one, and the
 * judgement of the answer. From the 101 on it is ws.c's. */
#include "base/alloc.h"
#include "base/check.h"
#include "kernel/inside.h"
#include "microkernel/http.h"
#include "net/http_headers.h"
#include "net/http_task.h"
#include "net/http_tell.h"
#include "net/ws.h"
#include "net/ws_handshake.h"
#include "port/random.h"

#include <string.h>

typedef struct {
    http_task_t task;
    const char **protocols; /* offered; owned, with their texts behind; NULL: none */
    size_t protocols_len;
    char key[WS_KEY_CAP];
} ws_client_t;

static void release(ws_t *ws) {
    mk_free(ws);
}

static const ws_options_t client_options = {.release = release,
                                            .is_server = false,
                                            .message_max = MK_WS_MESSAGE_MAX,
                                            .ping_ms = MK_WS_PING_MS,
                                            .pong_ms = MK_WS_PONG_MS,
                                            .close_ms = MK_WS_CLOSE_MS};

static void clean_client(http_task_t *task) {
    mk_free(((ws_client_t *)task)->protocols);
}

static const http_task_kind_t opening_kind;

static void close_client(runtime_t *rt, http_handle_t *handle) {
    http_task_t *task = http_task_of_handle(handle);
    http_conn_id_t id;
    message_destroy(http_task_end(rt, task, &id));
    http_task_free(&opening_kind, task);
}

static const http_handle_ops_t opening_ops = {close_client};

static ws_client_t *client_of(http_call_t *call) {
    return (ws_client_t *)http_task_of(call);
}

static void on_fail(http_call_t *call, runtime_t *rt, const http_failure_t *failure) {
    http_conn_id_t id;
    message_t *outcome = http_task_end(rt, http_task_of(call), &id);
    http_task_free(&opening_kind, http_task_of(call));
    http_tell_failure(rt, outcome, MSG_WS_ERROR, id, failure, NULL);
}

static void fail(runtime_t *rt, ws_client_t *client, int reason, const char *text) {
    http_failure_t failure = {
        reason == MK_ENOMEM ? HTTP_FAILED_LOCAL : HTTP_FAILED_ANSWER, reason, text};
    on_fail(&client->task.call, rt, &failure);
}

/* With subprotocols the owner sees the head, which names the one chosen. */
static bool tell_head(runtime_t *rt, const ws_client_t *client,
                      const http_head_t *head) {
    http_response_payload_t payload = {client->task.handle.id, head->status,
                                       head->fields.size, 0};
    size_t size = sizeof payload + head->fields.size;
    uint8_t *bytes = mk_alloc(size);
    if (bytes == NULL) return false;
    memcpy(bytes, &payload, sizeof payload);
    if (head->fields.size > 0)
        memcpy(bytes + sizeof payload, head->fields.bytes, head->fields.size);
    bool is_told = actor__notify(rt, ACTOR_ID_INVALID, client->task.handle.owner,
                                 MSG_HTTP_HEAD, bytes, size);
    mk_free(bytes);
    return is_told;
}

static void on_head(http_call_t *call, runtime_t *rt, const http_head_t *head) {
    ws_client_t *client = client_of(call);
    const char *why = "";
    int protocol;
    int result = ws_judge_response(head, client->key, client->protocols,
                                   client->protocols_len, false, &protocol, &why);
    if (result != MK_OK) {
        char text[128];
        mk_writer_t w;
        writer_init(&w, text, sizeof text);
        writer_format(&w, "%s (status %d)", why, head->status);
        fail(rt, client, result, text);
    } else if (client->protocols_len > 0 && !tell_head(rt, client, head)) {
        fail(rt, client, MK_ENOMEM, mk_error_text(MK_ENOMEM));
    }
}

static void on_upgrade(http_call_t *call, runtime_t *rt, channel_t *channel,
                       uint8_t *early, size_t early_size) {
    ws_client_t *client = client_of(call);
    http_handle_move(rt, &client->task.handle, &channel->handle, &opening_ops);
    http_task_free(&opening_kind, &client->task);
    ws_start(rt, channel, &client_options, NULL, NULL, early, early_size);
}

/* Any other head fails in on_head, so no body comes. */
static void on_data(http_call_t *call, runtime_t *rt, text_t data) {
    (void)call;
    (void)rt;
    (void)data;
}

static void on_end(http_call_t *call, runtime_t *rt) {
    fail(rt, client_of(call), MK_EREFUSED, "the server did not upgrade");
}

static const http_call_events_t opening_events = {.on_head = on_head,
                                                  .on_data = on_data,
                                                  .on_end = on_end,
                                                  .on_fail = on_fail,
                                                  .on_upgrade = on_upgrade};

/* --- beginning --- */

/* A token each, none twice (RFC 6455, section 4.1). */
static int copy_protocols(ws_client_t *client, const http_ws_options_t *options,
                          mk_writer_t *why) {
    size_t len = options->n_protocols;
    size_t size = len * sizeof(char *);
    if (len > WS_PROTOCOLS_MAX) {
        writer_format(why, "more than %d subprotocols", (int)WS_PROTOCOLS_MAX);
        return MK_EINVAL;
    }
    for (size_t i = 0; i < len; i++) {
        bool is_twice = false;
        for (size_t k = 0; k < i; k++)
            is_twice |= strcmp(options->protocols[i], options->protocols[k]) == 0;
        if (is_twice || !http_is_token(text_of(options->protocols[i]))) {
            writer_str(why, "subprotocol '");
            writer_escaped(why, text_part(text_of(options->protocols[i]), 0, 60));
            writer_str(why, is_twice ? "' stands there twice" : "' is not allowed");
            return MK_EINVAL;
        }
        size += strlen(options->protocols[i]) + 1;
    }
    if (len == 0) return MK_OK;
    client->protocols = mk_alloc(size);
    if (client->protocols == NULL) return MK_ENOMEM;
    char *to = (char *)(client->protocols + len);
    for (size_t i = 0; i < len; i++) {
        size_t text_size = strlen(options->protocols[i]) + 1;
        memcpy(to, options->protocols[i], text_size);
        client->protocols[i] = to;
        to += text_size;
    }
    client->protocols_len = len;
    return MK_OK;
}

/* The handshake's own header fields and the whole head. */
static int build_head(ws_client_t *client, mk_writer_t *why) {
    enum { LINE_MAX = 64 + WS_PROTOCOLS_MAX * 66 };
    uint8_t nonce[WS_NONCE_SIZE];
    char key[WS_KEY_CAP + 32];
    char protocols[LINE_MAX];
    mk_writer_t w;
    if (port_random_fill(nonce, sizeof nonce) != MK_OK) {
        writer_str(why, "no random bytes for a key");
        return MK_EIO;
    }
    ws_write_key(nonce, client->key);
    writer_init(&w, key, sizeof key);
    writer_format(&w, "Sec-WebSocket-Key: %s", client->key);
    writer_init(&w, protocols, sizeof protocols);
    writer_str(&w, "Sec-WebSocket-Protocol: ");
    for (size_t i = 0; i < client->protocols_len; i++)
        writer_format(&w, "%s%s", i > 0 ? ", " : "", client->protocols[i]);
    if (writer_has_overflowed(&w)) {
        writer_str(why, "the names of the subprotocols are too long");
        return MK_EINVAL;
    }
    const char *more[] = {"Upgrade: websocket", "Sec-WebSocket-Version: 13", key,
                          protocols};
    return http_ask_build(&client->task.ask, more, client->protocols_len > 0 ? 4 : 3,
                          HTTP_BODY_NONE, 0, HTTP_CONNECTION_UPGRADE, why);
}

static int fill(runtime_t *rt, http_task_t *task, const void *wanted,
                mk_writer_t *why) {
    (void)rt;
    ws_client_t *client = (ws_client_t *)task;
    const http_ws_options_t *options = wanted;
    http_wish_t wish = {.url = options->url,
                        .unix_path = options->unix_path,
                        .headers = options->headers,
                        .headers_len = options->n_headers};
    int result = http_ask_init(&client->task.ask, &wish, true, why);
    if (result == MK_OK) result = copy_protocols(client, options, why);
    if (result == MK_OK) result = build_head(client, why);
    if (result != MK_OK) return result;
    http_call_t *call = &client->task.call;
    http_ask_fill(&client->task.ask, call);
    call->may_upgrade = true;
    call->needs_new = true;
    call->body_max = UINT64_MAX;
    call->connect_ms =
        options->connect_ms > 0 ? options->connect_ms : MK_CONNECT_TIMEOUT_MS;
    call->header_ms =
        options->header_ms > 0 ? options->header_ms : MK_HTTP_CLIENT_HEAD_MS;
    call->idle_ms = MK_HTTP_CLIENT_IDLE_MS;
    return MK_OK;
}

static const http_task_kind_t opening_kind = {.events = &opening_events,
                                              .handle_ops = &opening_ops,
                                              .size = sizeof(ws_client_t),
                                              .refused = "websocket refused",
                                              .fill = fill,
                                              .clean = clean_client};

int http_ws_connect(runtime_t *rt, const http_ws_options_t *options, http_conn_id_t *id,
                    char *why, size_t cap) {
    return http_task_start(rt, &opening_kind, options, id, why, cap);
}

http_conn_id_t actor_ws_connect(runtime_t *rt, const char *url) {
    http_ws_options_t options = {.url = url};
    return http_task_start_or_log(rt, &opening_kind, &options);
}
