/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.c - asking servers: a page, a page that moved, a body in pieces, and a
 * server that is not there. The server is in the same program, on a port of its own. */
#include "microkernel/http.h"
#include "microkernel/runtime.h"

#include <stdio.h>

enum { START = 1 };

static char url[64];

static void hello(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    http_answer(request, 200, NULL, 0, "hello, world\n", 13);
}

static void moved(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    const char *headers[] = {"Location: /hello"};
    http_answer(request, 302, headers, 1, NULL, 0);
}

/* Each question is asked when the one before is answered. */
static void ask(runtime_t *rt, int question) {
    http_conn_id_t id;
    char text[80];
    http_fetch_options_t options = {.url = text, .redirects_max = 5};
    snprintf(text, sizeof text, "%s%s", url, question == 0 ? "/hello" : "/moved");
    if (question == 2) options.takes_pieces = true;
    if (question == 3) options.url = "http://127.0.0.1:1/"; /* nobody is there */
    if (question == 0)
        actor_http_get(rt, text); /* the short form */
    else
        http_fetch(rt, &options, &id, NULL, 0);
}

static bool asker(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    int *question = state;
    const http_response_payload_t *answer = msg->payload;
    const http_data_payload_t *piece = msg->payload;
    switch (msg->type) {
    case START: ask(rt, *question); return true;
    case MSG_HTTP_RESPONSE:
        printf("%d: %.*s", answer->status_code, (int)answer->body_size,
               (const char *)http_response_body(answer));
        break;
    case MSG_HTTP_HEAD: printf("%d, in pieces: ", answer->status_code); return true;
    case MSG_HTTP_DATA:
        printf("%.*s", (int)piece->data_size, (const char *)http_data_bytes(piece));
        http_fetch_more(rt, piece->conn_id);
        return true;
    case MSG_HTTP_END: break;
    case MSG_HTTP_ERROR:
        printf("error: %s\n", ((const http_error_payload_t *)msg->payload)->message);
        runtime_stop(rt); /* that was the last question; a listener goes on else */
        return false;
    default: return true;
    }
    ask(rt, ++*question);
    return true;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    http_listen_options_t options = {0}; /* a free port of 127.0.0.1 */
    int port = http_listen(rt, &options);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    http_route(rt, "GET", "/hello", hello, NULL);
    http_route(rt, "GET", "/moved", moved, NULL);
    static int question;
    actor_id_t id = actor_spawn(rt, asker, &question, NULL, 16);
    actor_send(rt, id, START, NULL, 0);
    runtime_run(rt);
    runtime_destroy(rt);
    return port > 0 ? 0 : 1;
}
