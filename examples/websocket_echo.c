/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_echo.c - an actor that echoes what comes over a WebSocket, and another one
 * that talks to it. Both sides use the same calls and get the same messages; the server
 * accepts, the client connects. */
#include "microkernel/actor.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"

#include <stdio.h>
#include <string.h>

static bool echo(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_HTTP_REQUEST) {
        const http_request_payload_t *request = msg->payload;
        actor_ws_accept(rt, request->conn_id); /* refuses what asks for no upgrade */
    } else if (msg->type == MSG_WS_MESSAGE) {
        const ws_message_payload_t *message = msg->payload;
        const void *data = ws_message_data(message);
        if (message->is_binary)
            actor_ws_send_binary(rt, message->conn_id, data, message->data_size);
        else
            actor_ws_send_text(rt, message->conn_id, data, message->data_size);
    } else if (msg->type == MSG_WS_CLOSED) {
        const ws_status_payload_t *status = msg->payload;
        printf("server: closed with %d\n", status->close_code);
    }
    return true;
}

static bool talk(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    int *port = state;
    char url[64];
    switch (msg->type) {
    case MSG_WS_OPEN: {
        const ws_status_payload_t *status = msg->payload;
        static const char text[] = "grüß dich";
        actor_ws_send_text(rt, status->conn_id, text, strlen(text));
        break;
    }
    case MSG_WS_MESSAGE: {
        const ws_message_payload_t *message = msg->payload;
        printf("client: \"%.*s\"\n", (int)message->data_size,
               (const char *)ws_message_data(message));
        actor_ws_close(rt, message->conn_id, 1000, "that was all");
        break;
    }
    case MSG_WS_CLOSED: {
        const ws_status_payload_t *status = msg->payload;
        printf("client: closed with %d\n", status->close_code);
        runtime_stop(rt);
        return false;
    }
    case MSG_WS_ERROR: {
        const http_error_payload_t *error = msg->payload;
        printf("client: %s\n", error->message);
        runtime_stop(rt);
        return false;
    }
    default:
        snprintf(url, sizeof url, "ws://127.0.0.1:%d/", *port);
        actor_ws_connect(rt, url);
    }
    return true;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    http_listen_options_t options = {.owner = actor_spawn(rt, echo, NULL, NULL, 16)};
    int port = http_listen(rt, &options);
    actor_send(rt, actor_spawn(rt, talk, &port, NULL, 16), 1, NULL, 0);
    runtime_run(rt);
    runtime_destroy(rt);
    return 0;
}
