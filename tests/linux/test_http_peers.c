/* SPDX-License-Identifier: Apache-2.0 */
/* The server against real peers: curl, h11, wsproto, node; and against thousands of
 * connections. The server is a process of its own; a peer that is not installed skips
 * its test. */
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "port/deflate.h"
#include "support/test.h"

#include "folder.h"
#include "peer_programs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the server --- */

/* How often the loop has looked at its descriptors. */
static void tell_looks(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)ctx;
    char text[32];
    int size = snprintf(text, sizeof text, "looks %llu.",
                        (unsigned long long)runtime_counters(rt).polls);
    (void)http_answer(request, 200, NULL, 0, text, (size_t)size);
}

/* Counts a body that comes in pieces, of one peer at a time. */
static unsigned long long received;

static bool count_piece(runtime_t *rt, http_conn_id_t id, const void *data, size_t size,
                        void *ctx) {
    (void)rt;
    (void)id;
    (void)data;
    (void)ctx;
    received += size;
    return true;
}

static void tell_count(runtime_t *rt, http_conn_id_t id, void *ctx) {
    (void)ctx;
    char text[32];
    int size = snprintf(text, sizeof text, "%llu", received);
    (void)http_respond(rt, id, 200, NULL, 0, text, (size_t)size);
}

static void count_body(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_body_handler_t counter = {.on_data = count_piece,
                                                .on_end = tell_count};
    (void)rt;
    (void)ctx;
    received = 0;
    (void)http_receive(request, &counter, NULL, 0);
}

/* Answers before the body comes. */
static void refuse_body(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    (void)http_answer(request, 403, NULL, 0, "no", 2);
}

static void send_events(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)ctx;
    http_conn_id_t id = http_defer(request);
    (void)http_sse_start(rt, id);
    (void)http_sse_push(rt, id, "n", "one\ntwo", 7);
    (void)http_sse_push(rt, id, NULL, "three", 5);
    http_close(rt, id);
}

static void accept_ws(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_ws_handler_t handler = {.on_message = server_echo_message};
    (void)rt;
    (void)ctx;
    (void)http_ws_accept(request, &handler, NULL);
}

static void write_file(const char *name, const char *text, int times) {
    char path[PATH_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    for (int i = 0; file != NULL && i < times; i++)
        (void)fputs(text, file);
    if (file == NULL || fclose(file) != 0) _exit(2);
}

static rlim_t descriptors; /* of the next server; 0: as many as we have */

static void serve(int tell) {
    struct rlimit limit = {descriptors, descriptors};
    if (descriptors != 0 && setrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(4);
    runtime_t *rt = runtime_init(0, 64);
    http_listen_options_t options = {.body_max = 8u << 20, .header_ms = 60000};
    write_file("ten", "0123456789", 1);
    write_file("big", "0123456789", 100000);
    int ports[2] = {http_listen(rt, &options)};
    options.ws_deflate = HTTP_WS_DEFLATE_WINDOW; /* WebSockets keep their windows */
    ports[1] = http_listen(rt, &options);
    if (ports[0] < 0 || ports[1] < 0 ||
        http_route(rt, "GET", "/", server_hello, NULL) < 0 ||
        http_route(rt, "GET", "/looks", tell_looks, NULL) < 0 ||
        http_route(rt, "POST", "/echo", server_echo_body, NULL) < 0 ||
        http_route(rt, "PUT", "/echo", server_echo_body, NULL) < 0 ||
        http_route(rt, "GET", "/pieces", server_answer_in_pieces, NULL) < 0 ||
        http_route_pieces(rt, "PUT", "/count", count_body, NULL) < 0 ||
        http_route_pieces(rt, "PUT", "/refuse", refuse_body, NULL) < 0 ||
        http_route(rt, "GET", "/events", send_events, NULL) < 0 ||
        http_route(rt, "GET", "/ws", accept_ws, NULL) < 0 ||
        http_route_files(rt, "/files/*", folder) < 0)
        _exit(3);
    server_tell_port(tell, ports[0], ports[1]);
    runtime_run(rt);
    _exit(0);
}

/* --- programs as peers --- */

TEST(http_peers_curl_gets_what_it_asks_for) {
    static const struct {
        const char *arguments; /* %1: the address; %2: a folder with the file "ten" */
        const char *output;
    } rows[] = {
        {"-s %1/", "hello"},
        {"-s -o /dev/null -w '%{http_code} %{http_version}' %1/", "200 1.1"},
        {"-s0 -o /dev/null -w '%{http_code}' %1/", "200"},
        {"-s -I -o /dev/null -w '%{http_code} %header{content-length}' %1/", "200 5"},
        {"-s -d abc %1/echo", "abc"},
        {"-s -T %2/ten %1/echo", "0123456789"},
        {"-s -H 'Transfer-Encoding: chunked' -d abc %1/echo", "abc"},
        {"-s -H 'Expect: 100-continue' -d abc %1/echo", "abc"},
        {"-s -H 'Expect: 100-continue' -d abc -o /dev/null -w '%{http_code}' %1/none",
         "404"},
        {"-s -T %2/big %1/count", "1000000"},
        {"-s -H 'Expect: 100-continue' -T %2/big %1/count", "1000000"},
        {"-s -H 'Transfer-Encoding: chunked' -T %2/big %1/count", "1000000"},
        {"-s -H 'Expect: 100-continue' -T %2/big -w ' %{size_upload} %{http_code}' "
         "%1/refuse",
         "no 0 403"},
        {"-s %1/pieces", "one two three "},
        {"-s -r 2-4 %1/files/ten", "234"},
        {"-s -r -3 %1/files/ten", "789"},
        {"-s -r 7- -o /dev/null -w '%{http_code}' %1/files/ten", "206"},
        {"-s -r 10- -o /dev/null -w '%{http_code}' %1/files/ten", "416"},
        {"-s -o /dev/null -w '%{size_download}' %1/files/big", "1000000"},
        {"-s --path-as-is -o /dev/null -w '%{http_code}' %1/files/../../etc/passwd",
         "404"},
        {"-s -X DELETE -o /dev/null -w '%{http_code} %header{allow}' %1/",
         "405 GET, HEAD, OPTIONS"},
        {"-s -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects}' %1/ %1/pieces "
         "%1/files/ten",
         "100"}, /* one connection for three requests */
        {"-sN %1/events", "event: n\ndata: one\ndata: two\n\ndata: three\n\n"},
        {"-s --limit-rate 20M -o /dev/null -w '%{size_download}' %1/files/big",
         "1000000"},
    };
    peers_need("curl", "curl --version >/dev/null 2>&1");
    server_t server;
    server_open(&server, serve);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char command[2048] = "timeout 20 curl ";
        size_t size = strlen(command);
        for (const char *at = rows[i].arguments; *at != '\0'; at++) {
            size_t left = sizeof command - size;
            if (at[0] == '%' && at[1] == '1')
                size += (size_t)snprintf(command + size, left, "http://127.0.0.1:%d",
                                         server.port);
            else if (at[0] == '%' && at[1] == '2')
                size += (size_t)snprintf(command + size, left, "%s", folder);
            else
                size += (size_t)snprintf(command + size, left, "%c", *at);
            if (at[0] == '%' && (at[1] == '1' || at[1] == '2')) at++;
        }
        int status = peers_run(command);
        if (status != 0 || strcmp(peers_output, rows[i].output) != 0)
            printf("%s: exit code %d\n", command, status);
        CHECK_STR(peers_output, rows[i].output);
        CHECK_EQ(status, 0);
    }
    server_close(&server);
}

static void run_script(const char *interpreter, const char *script) {
    server_t server;
    char command[2048];
    server_open(&server, serve);
    (void)snprintf(command, sizeof command, "timeout 60 %s %s/%s %d %d %s 2>&1",
                   interpreter, peers_folder(), script, server.port, server.other_port,
                   port_deflate_is_available() ? "" : "plain");
    int status = peers_run(command);
    if (status != 0) printf("%s\n", peers_output);
    CHECK_EQ(status, 0);
    server_close(&server);
}

TEST(http_peers_h11_finds_every_answer_good) {
    peers_need("python3-h11", "/usr/bin/python3 -c 'import h11' 2>/dev/null");
    run_script("/usr/bin/python3", "h11_client.py");
}

TEST(http_peers_wsproto_finds_every_frame_good) {
    peers_need("python3-wsproto", "/usr/bin/python3 -c 'import wsproto' 2>/dev/null");
    run_script("/usr/bin/python3", "wsproto_client.py");
}

TEST(http_peers_node_fetches_and_talks) {
    peers_need(
        "node with ws and undici",
        "NODE_PATH=/usr/share/nodejs node -e \"require('ws'); require('undici')\" "
        "2>/dev/null");
    run_script("env NODE_PATH=/usr/share/nodejs node", "node_client.js");
}

/* --- many connections --- */

static int connect_to(int port) {
    struct sockaddr_in at;
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_port = htons((uint16_t)port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void say(int fd, const char *text) {
    CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Read until `text` has come; all of it, until the next call. NULL: the server closed
 * before. */
static const char *hear(int fd, const char *text) {
    static char answer[2048];
    size_t got = 0;
    do {
        struct pollfd ready = {fd, POLLIN, 0};
        CHECK_EQ(poll(&ready, 1, 20000), 1);
        ssize_t count = read(fd, answer + got, sizeof answer - 1 - got);
        if (count <= 0) return NULL;
        got += (size_t)count;
        answer[got] = '\0';
    } while (strstr(answer, text) == NULL);
    return answer;
}

static void ask(int fd) {
    say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(hear(fd, "\r\n\r\nhello") != NULL);
}

enum { MANY = 10000 };

TEST(http_peers_10000_idle_connections_are_kept) {
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < MANY + 64) test_skip("10 000 descriptors are not permitted");
    limit.rlim_cur = limit.rlim_max;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0); /* the server inherits it */
    server_t server;
    server_open(&server, serve);
    static int fds[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = connect_to(server.port);
        ask(fds[i]);
    }
    for (int i = 0; i < MANY; i += 97) /* all of them are still served */
        ask(fds[i]);
    int fd = connect_to(server.port);
    ask(fd);
    close(fd);
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
    fd = connect_to(server.port);
    ask(fd);
    close(fd);
    server_close(&server);
}

/* --- more peers than descriptors --- */

enum { TIGHT = 80, STORM = 100 };

/* Asks on a connection that has sent the first byte of a request, and leaves it so:
 * what idles would have to make room. */
static unsigned long long ask_looks(int fd) {
    say(fd, "ET /looks HTTP/1.1\r\nHost: h\r\n\r\nG");
    const char *answer = hear(fd, ".");
    answer = answer != NULL ? strstr(answer, "looks ") : NULL;
    CHECK(answer != NULL);
    unsigned long long looks = strtoull(answer + strlen("looks "), NULL, 10);
    CHECK(looks > 0);
    return looks;
}

/* Wait until one more of them is closed by the server, which is so done on our side,
 * too. */
static void await_end(int *fds, size_t count) {
    struct pollfd ready[STORM];
    for (size_t i = 0; i < count; i++)
        ready[i] = (struct pollfd){fds[i], POLLIN, 0};
    CHECK(poll(ready, count, 20000) > 0);
    for (size_t i = 0; i < count; i++) {
        char byte;
        if (ready[i].revents == 0) continue;
        CHECK(read(fds[i], &byte, 1) <= 0);
        close(fds[i]);
        fds[i] = -1; /* poll passes it over */
        return;
    }
}

TEST(http_peers_out_of_descriptors_those_that_are_there_are_served_without_spinning) {
    server_t server;
    int fds[STORM];
    descriptors = TIGHT;
    server_open(&server, serve);
    descriptors = 0;
    int served = connect_to(server.port);
    say(served, "G");
    (void)ask_looks(served);
    for (int i = 0; i < STORM; i++)
        fds[i] = connect_to(server.port);
    await_end(fds, STORM);
    unsigned long long looks = ask_looks(served);
    for (int i = 0; i < 3; i++)
        await_end(fds, STORM);
    CHECK(ask_looks(served) - looks < 100); /* a loop that spins has thousands */
    /* Half of them make room for the others. */
    for (int i = 0; i < STORM / 2; i++)
        if (fds[i] >= 0) close(fds[i]);
    int answered = 0;
    for (int i = STORM / 2; i < STORM; i++) {
        static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        size_t size = sizeof request - 1;
        if (fds[i] < 0 || send(fds[i], request, size, MSG_NOSIGNAL) < 0 ||
            hear(fds[i], "hello") == NULL)
            continue;
        answered++;
    }
    CHECK(answered >= STORM / 2 - 8); /* but those that were turned away */
    (void)ask_looks(served);
    for (int i = STORM / 2; i < STORM; i++)
        if (fds[i] >= 0) close(fds[i]);
    close(served);
    server_close(&server);
}

TEST(http_peers_a_storm_of_connects_half_of_them_reset_is_served) {
    server_t server;
    int fds[STORM];
    server_open(&server, serve);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < STORM; i++) {
            fds[i] = connect_to(server.port);
            say(fds[i], "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
            if (i % 2 == 0) continue;
            struct linger reset = {1, 0};
            CHECK_EQ(setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset),
                     0);
            close(fds[i]);
        }
        for (int i = 0; i < STORM; i += 2) {
            CHECK(hear(fds[i], "hello") != NULL);
            close(fds[i]);
        }
    }
    server_close(&server);
}

TEST_TABLE(
    http_peers, TEST_ROW(http_peers_curl_gets_what_it_asks_for),
    TEST_ROW(http_peers_h11_finds_every_answer_good),
    TEST_ROW(http_peers_wsproto_finds_every_frame_good),
    TEST_ROW(http_peers_node_fetches_and_talks),
    TEST_ROW(
        http_peers_out_of_descriptors_those_that_are_there_are_served_without_spinning),
    TEST_ROW(http_peers_a_storm_of_connects_half_of_them_reset_is_served),
    TEST_ROW(http_peers_10000_idle_connections_are_kept))
