/* SPDX-License-Identifier: Apache-2.0 */
/* The server under load and under attack: slowhttptest, h2load; and what a request
 * costs in system calls. Skipped where the programs are missing. */
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "support/test.h"

#include "folder.h"
#include "peer_programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTIONS = 100, BIG = 8 << 20 };

/* How many connections there are, this one included. */
static void count(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)ctx;
    char text[32];
    int size =
        snprintf(text, sizeof text, "%u", (unsigned)http_counters(rt).connections);
    (void)http_answer(request, 200, NULL, 0, text, (size_t)size);
}

static void write_big_file(void) {
    char path[PATH_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/big", folder);
    FILE *file = fopen(path, "w");
    if (file == NULL || ftruncate(fileno(file), BIG) != 0 || fclose(file) != 0)
        _exit(2);
}

/* With deadlines that an attack of seconds meets. */
static void serve(int tell) {
    runtime_t *rt = runtime_init(0, 1024);
    http_listen_options_t options = {
        .header_ms = 2000, .body_ms = 1500, .write_ms = 2000};
    write_big_file();
    int port = http_listen(rt, &options);
    if (port < 0 || http_route(rt, "GET", "/", server_hello, NULL) < 0 ||
        http_route(rt, "POST", "/", server_hello, NULL) < 0 ||
        http_route(rt, "GET", "/connections", count, NULL) < 0 ||
        http_route_files(rt, "/files/*", folder) < 0)
        _exit(3);
    server_tell_port(tell, port, 0);
    runtime_run(rt);
    _exit(0);
}

/* Let slowhttptest attack; meanwhile others are served, and the server lets go of all
 * attackers although they hold on: in the end no more are left than who asks and a
 * probe of slowhttptest. */
static void attack(const char *how, const char *path) {
    peers_need("slowhttptest", "command -v slowhttptest >/dev/null");
    peers_need("curl", "command -v curl >/dev/null");
    server_t server;
    char command[2048];
    server_open(&server, serve);
    (void)snprintf(command, sizeof command,
                   "curl -s http://127.0.0.1:%d/files/big | wc -c", server.port);
    CHECK_EQ(peers_run(command), 0);
    CHECK_EQ(strtol(peers_output, NULL, 10), BIG);
    long before = server_peak_kb(&server);
    (void)snprintf(command, sizeof command,
                   "exec 2>/dev/null\n"
                   "at=http://127.0.0.1:%d report=%s/report came='' left=''\n"
                   "timeout 60 slowhttptest %s -c %d -r %d -i 1 -l 50 -p 20 -u $at%s "
                   ">$report 2>&1 & attack=$!\n"
                   "while [ -z \"$left\" ] && kill -0 $attack 2>/dev/null; do\n"
                   "  count=$(curl -s -m 20 $at/connections) || exit 9\n"
                   "  if [ $count -gt %d ]; then came=1; fi\n"
                   "  if [ -n \"$came\" ] && [ $count -le 3 ]; then left=1; fi\n"
                   "done\n"
                   "kill $attack 2>/dev/null; wait $attack\n"
                   "grep -v '^$' $report; echo \"came: $came left: $left\"\n"
                   "grep -q 'No open connections left' $report || [ -n \"$left\" ]",
                   server.port, folder, how, (int)CONNECTIONS, (int)CONNECTIONS, path,
                   (int)CONNECTIONS / 2);
    int status = peers_run(command);
    if (status != 0) printf("%s\n", peers_output);
    CHECK_EQ(status, 0);
    CHECK(strstr(peers_output, "came: 1") != NULL);
    /* Twice the mark and one piece of a file for each, and what the heap keeps. */
    long each_kb = (2 * MK_HTTP_OUTPUT_MARK + 65536) / 1024;
    CHECK(server_peak_kb(&server) <= before + CONNECTIONS * each_kb + 2048);
    server_close(&server);
}

TEST(http_load_slow_headers_hold_nobody_up) {
    attack("-H", "/");
}

TEST(http_load_slow_bodies_hold_nobody_up) {
    attack("-B -s 100000", "/");
}

TEST(http_load_slow_readers_hold_nobody_up) {
    attack("-X -w 10 -y 20 -n 1 -z 5", "/files/big");
}

TEST(http_load_h2load_gets_every_answer) {
    peers_need("h2load", "command -v h2load >/dev/null");
    server_t server;
    char command[256];
    server_open(&server, serve);
    (void)snprintf(command, sizeof command,
                   "timeout 100 h2load --h1 -n 20000 -c 50 http://127.0.0.1:%d/ 2>&1",
                   server.port);
    CHECK_EQ(peers_run(command), 0);
    if (strstr(peers_output, "status codes: 20000 2xx") == NULL)
        printf("%s\n", peers_output);
    CHECK(strstr(peers_output, "status codes: 20000 2xx") != NULL);
    CHECK(strstr(peers_output, "20000 succeeded, 0 failed, 0 errored") != NULL);
    server_close(&server);
}

/* One request in flight: waiting, reading, writing, and nothing else. */
TEST(http_load_a_request_costs_three_system_calls) {
    enum { REQUESTS = 2000, ONCE = 60 }; /* to accept, and to end */
    peers_need("strace", "command -v strace >/dev/null");
    peers_need("h2load", "command -v h2load >/dev/null");
    server_t server;
    char command[2048];
    server_open(&server, serve);
    (void)snprintf(
        command, sizeof command,
        "timeout 100 strace -qq -c -o %s/calls -p %ld 2>/dev/null & tracer=$!\n"
        "while grep -q 'TracerPid:.0$' /proc/%ld/status; do\n"
        "  kill -0 $tracer || exit 77\n"
        "done\n"
        "h2load --h1 -n %d -c 1 http://127.0.0.1:%d/ | grep -q '%d succeeded' || exit 9\n"
        "kill -INT $(sed -n 's/TracerPid:.//p' /proc/%ld/status)\n"
        "wait $tracer; awk '$NF == \"total\" { print $4 }' %s/calls",
        folder, (long)server.pid, (long)server.pid, (int)REQUESTS, server.port,
        (int)REQUESTS, (long)server.pid, folder);
    int status = peers_run(command);
    if (status == 77) {
        server_close(&server);
        test_skip("this system lets nobody be traced");
    }
    CHECK_EQ(status, 0);
    long calls = strtol(peers_output, NULL, 10);
    CHECK(calls >= 3 * REQUESTS);
    CHECK(calls <= 3 * REQUESTS + ONCE);
    server_close(&server);
}

TEST_TABLE(http_load, TEST_ROW(http_load_slow_headers_hold_nobody_up),
           TEST_ROW(http_load_slow_bodies_hold_nobody_up),
           TEST_ROW(http_load_slow_readers_hold_nobody_up),
           TEST_ROW(http_load_h2load_gets_every_answer),
           TEST_ROW(http_load_a_request_costs_three_system_calls))
