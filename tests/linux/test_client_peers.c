/* SPDX-License-Identifier: Apache-2.0 */
/* The client against servers that others wrote (peers.py): what we send is judged by
 * them, what they send is read by us. Skipped where they are not installed. */
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "port/deflate.h"
#include "support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START = 1, GUARD_MS = 30000, BIG = 300000 };

typedef struct {
    pid_t pid;
    int input; /* closing it ends the server */
    int port;
} server_t;

/* A script below tests/linux, with its argument. */
static void start_script(server_t *server, const char *interpreter, const char *name,
                         const char *what) {
    char script[512];
    int to[2];
    int from[2];
    char line[16] = "";
    const char *source = getenv("MK_SOURCE_DIR");
    snprintf(script, sizeof script, "%s/tests/linux/%s", source != NULL ? source : ".",
             name);
    CHECK(pipe(to) == 0 && pipe(from) == 0);
    server->pid = fork();
    CHECK(server->pid >= 0);
    if (server->pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[1]);
        close(from[0]);
        (void)setenv("NODE_PATH", "/usr/share/nodejs", 1);
        execl(interpreter, interpreter, script, what, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    server->input = to[1];
    size_t size = 0;
    ssize_t got;
    while (size < sizeof line - 1 &&
           (got = read(from[0], line + size, sizeof line - 1 - size)) > 0) {
        size += (size_t)got;
        if (memchr(line, '\n', size) != NULL) break;
    }
    close(from[0]);
    server->port = (int)strtol(line, NULL, 10);
}

static void start_server(server_t *server, const char *what) {
    start_script(server, "/usr/bin/python3", "peers.py", what);
}

static void end_server(server_t *server) {
    close(server->input);
    (void)waitpid(server->pid, NULL, 0);
}

/* --- HTTP --- */

typedef struct {
    const char *method;
    const char *target;
    size_t body_size;
    bool gives_pieces;
    unsigned redirects_max;
    const char *answer; /* NULL: none, to HEAD */
} question_t;

static const question_t questions[] = {
    {"GET", "/", 0, false, 0, "GET / 0 1"},
    {"GET", "/chunked?a=b", 0, false, 0, "GET /chunked?a=b 0 2"},
    {"HEAD", "/", 0, false, 0, NULL},
    {"GET", "/chunked", 0, false, 0, "GET /chunked 0 4"},
    {"POST", "/", 5, false, 0, "POST / 5 5"},
    {"POST", "/", 0, false, 0, "POST / 0 6"},
    {"PUT", "/", BIG, false, 0, "PUT / 300000 7"},
    {"GET", "/moved", 0, false, 3, "GET /chunked 0 9"},
    {"PUT", "/", BIG, true, 0, "PUT / 300000 1"}, /* a connection of its own */
    {"GET", "/closes", 0, false, 0, "GET /closes 0 2"},
    {"GET", "/", 0, false, 0, "GET / 0 1*"}, /* the other connection, or a new one */
};

typedef struct {
    int port;
    size_t at; /* question */
    size_t given;
    bool is_late;
    char problem[300]; /* "" as long as all is well */
} asker_t;

static char body[BIG];

static void ask_next(runtime_t *rt, asker_t *asker) {
    const question_t *question = &questions[asker->at];
    char url[100];
    http_conn_id_t id;
    const char *headers[] = {"X-Test: \xC3\xA9t\xC3\xA9, \"quoted\"", "Accept: */*"};
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", asker->port, question->target);
    http_fetch_options_t options = {.method = question->method,
                                    .url = url,
                                    .headers = headers,
                                    .n_headers = 2,
                                    .body = body,
                                    .body_size = question->body_size,
                                    .gives_pieces = question->gives_pieces,
                                    .redirects_max = question->redirects_max};
    asker->given = 0;
    if (http_fetch(rt, &options, &id, asker->problem, sizeof asker->problem) != MK_OK)
        runtime_stop(rt);
}

static void give_pieces(runtime_t *rt, asker_t *asker, http_conn_id_t id) {
    while (asker->given < BIG) {
        size_t size = BIG - asker->given < 7000 ? BIG - asker->given : 7000;
        if (http_fetch_write(rt, id, body + asker->given, size) != MK_OK) return;
        asker->given += size;
    }
    (void)http_fetch_end(rt, id);
}

static void judge(asker_t *asker, const http_response_payload_t *answer) {
    const char *want = questions[asker->at].answer;
    if (want == NULL) want = "";
    size_t size = strlen(want);
    bool is_open = size > 0 && want[size - 1] == '*'; /* more may follow */
    if (is_open) size--;
    if (answer->status_code == 200 &&
        (is_open ? answer->body_size >= size : answer->body_size == size) &&
        memcmp(http_response_body(answer), want, size) == 0)
        return;
    snprintf(asker->problem, sizeof asker->problem, "question %d: %d '%.*s' for '%s'",
             (int)asker->at, answer->status_code,
             (int)(answer->body_size < 100 ? answer->body_size : 100),
             (const char *)http_response_body(answer), want);
}

static bool behave_http(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    asker_t *asker = state;
    (void)self;
    switch (msg->type) {
    case START:
        actor_set_timer(rt, GUARD_MS, false);
        ask_next(rt, asker);
        break;
    case MSG_TIMER:
        asker->is_late = true;
        runtime_stop(rt);
        break;
    case MSG_HTTP_ROOM:
        give_pieces(rt, asker, ((const ws_status_payload_t *)msg->payload)->conn_id);
        break;
    case MSG_HTTP_ERROR:
        snprintf(asker->problem, sizeof asker->problem, "question %d: %s",
                 (int)asker->at,
                 ((const http_failure_payload_t *)msg->payload)->detail);
        runtime_stop(rt);
        break;
    case MSG_HTTP_RESPONSE:
        judge(asker, msg->payload);
        if (asker->problem[0] != '\0' ||
            ++asker->at == sizeof questions / sizeof questions[0])
            runtime_stop(rt);
        else
            ask_next(rt, asker);
        break;
    default: break;
    }
    return true;
}

static void run(actor_behavior_fn behave, void *state) {
    runtime_t *rt = runtime_init(1, 16);
    CHECK(rt != NULL);
    actor_id_t id = actor_spawn(rt, behave, state, NULL, 16);
    CHECK(actor_send(rt, id, START, NULL, 0));
    runtime_run(rt);
    runtime_destroy(rt);
}

TEST(client_peers_h11_takes_what_we_send) {
    server_t server;
    start_server(&server, "http");
    if (server.port == 0) {
        end_server(&server);
        test_skip("python3-h11 is not installed");
    }
    memset(body, 'b', sizeof body);
    asker_t asker = {.port = server.port};
    run(behave_http, &asker);
    end_server(&server);
    CHECK_STR(asker.problem, "");
    CHECK(!asker.is_late);
    CHECK_EQ(asker.at, sizeof questions / sizeof questions[0]);
}

/* --- WebSocket --- */

static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, 300000};

typedef struct {
    int port;
    http_ws_deflate_t deflate;
    size_t at;
    http_conn_id_t id;
    unsigned close_code;
    bool has_protocol;
    bool is_late;
    char problem[300];
} talker_t;

static void say_next(runtime_t *rt, talker_t *talker) {
    bool is_ok;
    if (talker->at < sizeof sizes / sizeof sizes[0])
        is_ok = talker->at % 2 == 0
                    ? actor_ws_send_text(rt, talker->id, body, sizes[talker->at])
                    : actor_ws_send_binary(rt, talker->id, body, sizes[talker->at]);
    else
        is_ok = actor_ws_send_text(rt, talker->id, "close", 5);
    if (is_ok) return;
    snprintf(talker->problem, sizeof talker->problem, "message %d was not sent",
             (int)talker->at);
    runtime_stop(rt);
}

static void hear(runtime_t *rt, talker_t *talker, const ws_message_payload_t *message) {
    bool is_same = message->data_size == sizes[talker->at] &&
                   message->is_binary == (talker->at % 2 != 0) &&
                   memcmp(ws_message_data(message), body, message->data_size) == 0;
    if (!is_same) {
        snprintf(talker->problem, sizeof talker->problem,
                 "message %d came back changed", (int)talker->at);
        runtime_stop(rt);
        return;
    }
    talker->at++;
    say_next(rt, talker);
}

static bool behave_ws(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    static const char *const protocols[] = {"other", "echo"};
    talker_t *talker = state;
    (void)self;
    char url[100];
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/", talker->port);
    http_ws_options_t options = {.url = url,
                                 .protocols = protocols,
                                 .n_protocols = 2,
                                 .deflate = talker->deflate};
    switch (msg->type) {
    case START:
        actor_set_timer(rt, GUARD_MS, false);
        if (http_ws_connect(rt, &options, &talker->id, talker->problem,
                            sizeof talker->problem) != MK_OK)
            runtime_stop(rt);
        break;
    case MSG_TIMER:
        talker->is_late = true;
        runtime_stop(rt);
        break;
    case MSG_HTTP_HEAD: {
        const http_response_payload_t *head = msg->payload;
        const char *at = http_response_headers(head);
        for (const char *end = at + head->headers_size; at < end; at += strlen(at) + 1)
            talker->has_protocol |= strcmp(at, "Sec-WebSocket-Protocol: echo") == 0;
        break;
    }
    case MSG_WS_OPEN: say_next(rt, talker); break;
    case MSG_WS_MESSAGE: hear(rt, talker, msg->payload); break;
    case MSG_WS_CLOSED:
        talker->close_code = ((const ws_status_payload_t *)msg->payload)->close_code;
        runtime_stop(rt);
        break;
    case MSG_WS_ERROR:
        snprintf(talker->problem, sizeof talker->problem, "%s",
                 ((const http_failure_payload_t *)msg->payload)->detail);
        runtime_stop(rt);
        break;
    default: break;
    }
    return true;
}

TEST(client_peers_websockets_talks_with_us) {
    server_t server;
    start_server(&server, "ws");
    if (server.port == 0) {
        end_server(&server);
        test_skip("python3-websockets is not installed");
    }
    memset(body, 'b', sizeof body);
    talker_t talker = {.port = server.port};
    run(behave_ws, &talker);
    end_server(&server);
    CHECK_STR(talker.problem, "");
    CHECK(!talker.is_late);
    CHECK(talker.has_protocol);
    CHECK_EQ(talker.at, sizeof sizes / sizeof sizes[0]);
    CHECK_EQ(talker.close_code, 4001);
}

TEST(client_peers_node_talks_with_us) {
    static const struct {
        const char *way;
        http_ws_deflate_t deflate;
    } rows[] = {{"plain", HTTP_WS_DEFLATE_EACH},   {"each", HTTP_WS_DEFLATE_EACH},
                {"window", HTTP_WS_DEFLATE_EACH},  {"window", HTTP_WS_DEFLATE_WINDOW},
                {"small", HTTP_WS_DEFLATE_WINDOW}, {"plain", HTTP_WS_DEFLATE_NOT}};
    memset(body, 'b', sizeof body);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        server_t server;
        if (!port_deflate_is_available() && strcmp(rows[i].way, "plain") != 0) continue;
        start_script(&server, "/usr/bin/node", "peers/node_ws_server.js", rows[i].way);
        if (server.port == 0) {
            end_server(&server);
            test_skip("node with ws is not installed");
        }
        talker_t talker = {.port = server.port, .deflate = rows[i].deflate};
        run(behave_ws, &talker);
        end_server(&server);
        CHECK_STR(talker.problem, "");
        CHECK(!talker.is_late);
        CHECK(talker.has_protocol);
        CHECK_EQ(talker.at, sizeof sizes / sizeof sizes[0]);
        CHECK_EQ(talker.close_code, 4001);
    }
}

TEST_TABLE(client_peers, TEST_ROW(client_peers_h11_takes_what_we_send),
           TEST_ROW(client_peers_websockets_talks_with_us),
           TEST_ROW(client_peers_node_talks_with_us))
