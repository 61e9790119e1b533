/* SPDX-License-Identifier: Apache-2.0 */
/* http_server.c - handlers of C beside an actor that answers in its own time, and a
 * client that asks both. A handler runs on the loop and must not wait; an actor gets
 * the request as a message and answers whenever it likes. */
#include "microkernel/actor.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"

#include <stdio.h>
#include <string.h>

static void hello(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    static const char *const headers[] = {"Content-Type: text/plain; charset=utf-8"};
    char text[128];
    int size = snprintf(text, sizeof text, "hello, %.99s", http_param(request, "name"));
    http_answer(request, 200, headers, 1, text, (size_t)size);
}

/* Gets what no route takes. */
static bool answer(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type != MSG_HTTP_REQUEST) return true;
    const http_request_payload_t *request = msg->payload;
    char text[128];
    int size = snprintf(text, sizeof text, "an actor got %s %.60s and %d bytes",
                        http_request_method(request), http_request_path(request),
                        (int)request->body_size);
    actor_http_respond(rt, request->conn_id, 200, NULL, 0, text, (size_t)size);
    return true;
}

typedef struct {
    int port;
    int step;
} client_t;

static void ask(runtime_t *rt, int port, const char *method, const char *path) {
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
    bool has_body = strcmp(method, "POST") == 0;
    actor_http_fetch(rt, method, url, NULL, 0, has_body ? "abc" : NULL,
                     has_body ? 3 : 0);
}

static bool client(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    client_t *c = state;
    if (msg->type == MSG_HTTP_RESPONSE) {
        const http_response_payload_t *response = msg->payload;
        printf("%d %.*s\n", response->status_code, (int)response->body_size,
               (const char *)http_response_body(response));
    } else if (msg->type == MSG_HTTP_ERROR) {
        const http_error_payload_t *error = msg->payload;
        printf("failed: %s\n", error->message);
    }
    switch (c->step++) {
    case 0: ask(rt, c->port, "GET", "/hello/world"); break;
    case 1: ask(rt, c->port, "GET", "/hello/J%C3%BCrgen"); break;
    case 2: ask(rt, c->port, "POST", "/elsewhere?x=1"); break;
    default: runtime_stop(rt); return false;
    }
    return true;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    http_listen_options_t options = {.owner = actor_spawn(rt, answer, NULL, NULL, 16)};
    http_route(rt, "GET", "/hello/:name", hello, NULL);
    client_t state = {.port = http_listen(rt, &options)}; /* a free port of 127.0.0.1 */
    actor_send(rt, actor_spawn(rt, client, &state, NULL, 16), 1, NULL, 0);
    runtime_run(rt);
    runtime_destroy(rt);
    return 0;
}
