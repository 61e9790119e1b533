/* SPDX-License-Identifier: Apache-2.0 */
/* ws_client.c - opening a WebSocket: an HTTP request that asks to go on as one, and the
 * judgement of the answer. From the 101 on it is ws.c's.
 *
 * One that reconnects keeps its request: when the WebSocket is lost, its handle, and so
 * its id, comes back here and waits for the next try. The block lives as long as the
 * handle is here, or any WebSocket that came of it, since their options stand in it. */
#include "base/alloc.h"
#include "base/backoff.h"
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
    http_task_t task;    /* its handle has id 0: it is with a WebSocket, or closed */
    deadline_t deadline; /* of the next try */
    unsigned holders;    /* whoever has the handle, and WebSockets of ours */
    bool reconnects;
    backoff_t backoff;
    prng_t chance;
    ws_options_t options;   /* of a WebSocket that is opened again */
    const char **protocols; /* offered; owned, with their texts behind; NULL: none */
    size_t protocols_len;
    ws_deflate_wish_t wish;
    ws_deflate_t deflate; /* what is agreed upon */
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

static void free_client(ws_client_t *client) {
    if (--client->holders == 0) http_task_free(&opening_kind, &client->task);
}

static void close_client(runtime_t *rt, http_handle_t *handle) {
    ws_client_t *client = (ws_client_t *)http_task_of_handle(handle);
    http_conn_id_t id;
    message_destroy(http_task_end(rt, &client->task, &id));
    deadline_clear(rt, &client->deadline);
    free_client(client);
}

static const http_handle_ops_t opening_ops = {close_client};

/* The connection is lost, or could not be had: the next try. */
static void wait_for_next(runtime_t *rt, ws_client_t *client) {
    uint64_t delay =
        backoff_down(&client->backoff, runtime_now_ms(rt), &client->chance);
    http_call_cancel(rt, &client->task.call);
    deadline_set(rt, &client->deadline,
                 delay < UINT32_MAX ? (uint32_t)delay : UINT32_MAX);
}

static void on_fail(http_call_t *call, runtime_t *rt, const http_failure_t *failure) {
    ws_client_t *client = (ws_client_t *)http_task_of(call);
    if (client->reconnects && failure->kind != HTTP_FAILED_ANSWER) {
        wait_for_next(rt, client);
        return;
    }
    http_conn_id_t id;
    message_t *outcome = http_task_end(rt, &client->task, &id);
    deadline_clear(rt, &client->deadline);
    free_client(client);
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
    ws_client_t *client = (ws_client_t *)http_task_of(call);
    const char *why = "";
    int protocol;
    int result =
        ws_judge_response(head, client->key, client->protocols, client->protocols_len,
                          &client->wish, &protocol, &client->deflate, &why);
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
    ws_client_t *client = (ws_client_t *)http_task_of(call);
    ws_deflate_t deflate = client->deflate;
    const ws_options_t *options = &client_options;
    http_handle_move(rt, &client->task.handle, &channel->handle, &opening_ops);
    if (client->reconnects) {
        backoff_up(&client->backoff, runtime_now_ms(rt));
        options = &client->options; /* what we held is the WebSocket's now */
    } else {
        free_client(client);
    }
    ws_start(rt, channel, options, deflate, NULL, NULL, early, early_size);
}

/* Any other head fails in on_head, so no body comes. */
static void on_data(http_call_t *call, runtime_t *rt, text_t data) {
    (void)call;
    (void)rt;
    (void)data;
}

static void on_end(http_call_t *call, runtime_t *rt) {
    fail(rt, (ws_client_t *)http_task_of(call), MK_EREFUSED,
         "the server did not upgrade");
}

static const http_call_events_t opening_events = {.on_head = on_head,
                                                  .on_data = on_data,
                                                  .on_end = on_end,
                                                  .on_fail = on_fail,
                                                  .on_upgrade = on_upgrade};

/* --- reconnecting --- */

static ws_client_t *client_of(const ws_t *ws) {
    return MK_CONTAINER_OF((ws_options_t *)(uintptr_t)ws->options, ws_client_t,
                           options);
}

static void release_lasting(ws_t *ws) {
    ws_client_t *client = client_of(ws);
    mk_free(ws);
    free_client(client);
}

/* The server will be back: it goes away, has met a condition, restarts, is busy. */
static bool is_passing(uint16_t code) {
    return code == WS_CLOSE_LOST || code == WS_CLOSE_GOING ||
           (code >= 1011 && code <= 1013);
}

static bool revive(runtime_t *rt, ws_t *ws, uint16_t code) {
    ws_client_t *client = client_of(ws);
    if (!is_passing(code)) return false;
    http_handle_move(rt, &ws->channel.handle, &client->task.handle, &opening_ops);
    client->holders++;
    wait_for_next(rt, client);
    return true;
}

static int build_head(ws_client_t *client, mk_writer_t *why);

static int open_again(runtime_t *rt, ws_client_t *client) {
    char text[128];
    mk_writer_t why;
    writer_init(&why, text, sizeof text);
    int result = build_head(client, &why); /* with another key */
    if (result != MK_OK) return result;
    http_ask_fill(&client->task.ask, &client->task.call);
    client->task.call.needs_new = true;
    return http_call_start(rt, &client->task.call);
}

static void on_due(deadline_t *deadline, runtime_t *rt) {
    ws_client_t *client = MK_CONTAINER_OF(deadline, ws_client_t, deadline);
    if (open_again(rt, client) != MK_OK) wait_for_next(rt, client);
}

static void prepare_reconnect(ws_client_t *client) {
    uint64_t seed = 0;
    (void)port_random_fill(&seed, sizeof seed);
    prng_init(&client->chance, seed);
    backoff_init(&client->backoff, MK_RECONNECT_MS, MK_RECONNECT_MAX_MS,
                 MK_RECONNECT_STABLE_MS);
    client->options = client_options;
    client->options.release = release_lasting;
    client->options.revive = revive;
}

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
    char extensions[WS_DEFLATE_LINE_MAX + 32];
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
    writer_init(&w, extensions, sizeof extensions);
    writer_str(&w, "Sec-WebSocket-Extensions: ");
    ws_deflate_offer(&client->wish, &w);
    const char *more[5] = {"Upgrade: websocket", "Sec-WebSocket-Version: 13", key};
    size_t len = 3;
    if (client->protocols_len > 0) more[len++] = protocols;
    if (client->wish.is_wanted) more[len++] = extensions;
    return http_ask_build(&client->task.ask, more, len, HTTP_BODY_NONE, 0,
                          HTTP_CONNECTION_UPGRADE, why);
}

static int fill(runtime_t *rt, http_task_t *task, const void *wanted,
                mk_writer_t *why) {
    (void)rt;
    ws_client_t *client = (ws_client_t *)task;
    const http_ws_options_t *options = wanted;
    client->holders = 1;
    client->reconnects = options->reconnects;
    deadline_init(&client->deadline, on_due);
    if (client->reconnects) prepare_reconnect(client);
    http_wish_t wish = {.url = options->url,
                        .unix_path = options->unix_path,
                        .headers = options->headers,
                        .headers_len = options->n_headers};
    client->wish = ws_deflate_wish(options->deflate, options->window_bits);
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
