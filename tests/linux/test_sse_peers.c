/* SPDX-License-Identifier: Apache-2.0 */
/* Event streams with real peers: npm's EventSource against our server, our client
 * against a server of node. Skipped where node, or what npm installs, is missing. */
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "support/test.h"

#include "peer_programs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- our server --- */

/* The first stream names an event, the second says with what the client came back, and
 * then there is no more. */
static void stream(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_sse_event_t first = {"tick", "one\ntwo", 7, "1", 30};
    static int streams;
    size_t size;
    char text[64];
    (void)ctx;
    const char *last = http_header(request, "Last-Event-ID", &size);
    if (++streams > 2) {
        (void)http_answer(request, 204, NULL, 0, NULL, 0);
        return;
    }
    http_conn_id_t id = http_defer(request);
    if (streams == 1) {
        (void)http_sse_start(rt, id);
        (void)http_sse_send(rt, id, &first);
        http_close(rt, id);
        return;
    }
    int length = snprintf(text, sizeof text, "after %.*s", last != NULL ? (int)size : 1,
                          last != NULL ? last : "-");
    (void)http_sse_start(rt, id);
    (void)http_sse_push(rt, id, NULL, text, (size_t)length);
    (void)http_sse_push(rt, id, NULL, "", 0);
    http_close(rt, id);
}

static void move(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const char *const headers[] = {"Location: /stream"};
    (void)rt;
    (void)ctx;
    (void)http_answer(request, 307, headers, 1, "elsewhere", 9);
}

static void serve(int tell) {
    runtime_t *rt = runtime_init(0, 16);
    int port = http_listen(rt, NULL);
    if (port < 0 || http_route(rt, "GET", "/stream", stream, NULL) < 0 ||
        http_route(rt, "GET", "/moved", move, NULL) < 0)
        _exit(3);
    server_tell_port(tell, port, 0);
    runtime_run(rt);
    _exit(0);
}

/* Where ./dev has npm install what peers/package.json names. */
static const char *npm_modules(void) {
    static char path[600];
    const char *source = getenv("MK_SOURCE_DIR");
    (void)snprintf(path, sizeof path, "%s/build/npm_peers/node_modules",
                   source != NULL ? source : ".");
    return path;
}

TEST(sse_peers_an_eventsource_follows_comes_back_and_ends) {
    char command[2048];
    (void)snprintf(command, sizeof command,
                   "NODE_PATH=%s node -e \"require('eventsource')\" 2>/dev/null",
                   npm_modules());
    peers_need("npm's eventsource", command);
    server_t server;
    server_open(&server, serve);
    (void)snprintf(command, sizeof command,
                   "NODE_PATH=%s timeout 60 node %s/sse_client.js %d 2>&1",
                   npm_modules(), peers_folder(), server.port);
    int status = peers_run(command);
    if (status != 0) printf("%s\n", peers_output);
    CHECK_EQ(status, 0);
    server_close(&server);
}

/* --- our client --- */

enum { START = 1, GUARD_MS = 30000 };

typedef struct {
    int port;
    char told[512]; /* what came, one after the other */
    size_t size;
} listener_t;

static void note(listener_t *listener, const char *what, const char *data) {
    listener->size +=
        (size_t)snprintf(listener->told + listener->size,
                         sizeof listener->told - listener->size, "%s[%s] ", what, data);
}

static bool listen_to(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    listener_t *listener = state;
    const sse_event_payload_t *event = msg->payload;
    char text[100];
    (void)self;
    switch (msg->type) {
    case START: {
        http_conn_id_t id;
        char why[200];
        (void)snprintf(text, sizeof text, "http://127.0.0.1:%d/moved", listener->port);
        http_sse_options_t options = {.url = text, .reconnects = true};
        actor_set_timer(rt, GUARD_MS, false);
        if (http_sse_connect(rt, &options, &id, why, sizeof why) == MK_OK) return true;
        note(listener, "refused", why);
        break;
    }
    case MSG_SSE_OPEN: note(listener, "open", ""); return true;
    case MSG_SSE_EVENT:
        note(listener, sse_event_name(event), sse_event_data(event));
        return true;
    case MSG_SSE_CLOSED:
        (void)snprintf(text, sizeof text, "%d",
                       ((const sse_status_payload_t *)msg->payload)->status_code);
        note(listener, "closed", text);
        break;
    case MSG_HTTP_ERROR:
        note(listener, "error", ((const http_failure_payload_t *)msg->payload)->detail);
        break;
    case MSG_TIMER: note(listener, "late", ""); break;
    default: return true;
    }
    runtime_stop(rt);
    return false;
}

TEST(sse_peers_our_client_follows_comes_back_and_ends) {
    char command[1200];
    int to[2];
    peers_need("node", "node --version");
    CHECK_EQ(pipe(to), 0); /* its input: the server ends with it */
    CHECK_EQ(fcntl(to[1], F_SETFD, FD_CLOEXEC), 0);
    (void)snprintf(command, sizeof command,
                   "exec timeout 60 node %s/sse_server.js <&%d", peers_folder(), to[0]);
    FILE *server = popen(command, "r");
    CHECK(server != NULL);
    close(to[0]);
    char line[16] = "";
    CHECK(fgets(line, sizeof line, server) != NULL);
    listener_t listener = {.port = (int)strtol(line, NULL, 10)};
    runtime_t *rt = runtime_init(0, 16);
    actor_id_t actor = actor_spawn(rt, listen_to, &listener, NULL, 16);
    CHECK(actor_send(rt, actor, START, NULL, 0));
    runtime_run(rt);
    runtime_destroy(rt);
    close(to[1]);
    CHECK_EQ(pclose(server), 0);
    CHECK_STR(listener.told, "open[] tick[one\ntwo] open[] "
                             "message[after gr\xC3\xBC\xC3\x9F] closed[204] ");
}

TEST_TABLE(sse_peers, TEST_ROW(sse_peers_an_eventsource_follows_comes_back_and_ends),
           TEST_ROW(sse_peers_our_client_follows_comes_back_and_ends))
