/* SPDX-License-Identifier: Apache-2.0 */
#include "peer_programs.h"

#include "support/test.h"

#include "folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

char peers_output[1 << 16];

void server_open(server_t *server, void (*serve)(int tell)) {
    int told[2];
    folder_begin();
    CHECK_EQ(pipe(told), 0);
    server->pid = fork();
    CHECK(server->pid >= 0);
    if (server->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* also when the test is killed */
        serve(told[1]);
        _exit(3);
    }
    close(told[1]);
    int ports[2];
    CHECK_EQ(read(told[0], ports, sizeof ports), (ssize_t)sizeof ports);
    server->port = ports[0];
    server->other_port = ports[1];
    close(told[0]);
}

void server_tell_port(int tell, int port, int other_port) {
    int ports[2] = {port, other_port};
    if (port <= 0 || write(tell, ports, sizeof ports) != sizeof ports) _exit(3);
    close(tell);
}

void server_close(server_t *server) {
    int status;
    CHECK_EQ(waitpid(server->pid, &status, WNOHANG), 0); /* it has not crashed */
    CHECK_EQ(kill(server->pid, SIGTERM), 0);
    CHECK_EQ(waitpid(server->pid, &status, 0), server->pid);
    folder_end();
}

long server_peak_kb(const server_t *server) {
    char command[128];
    (void)snprintf(command, sizeof command,
                   "sed -n 's/^VmHWM: *\\([0-9]*\\) kB/\\1/p' /proc/%ld/status",
                   (long)server->pid);
    CHECK_EQ(peers_run(command), 0);
    return strtol(peers_output, NULL, 10);
}

void server_hello(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt, (void)ctx;
    (void)http_answer(request, 200, NULL, 0, "hello", 5);
}

void server_echo_body(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt, (void)ctx;
    (void)http_answer(request, 200, NULL, 0, request->body, request->body_size);
}

void server_answer_in_pieces(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)ctx;
    http_conn_id_t id = http_defer(request);
    (void)http_respond_begin(rt, id, 200, NULL, 0);
    (void)http_respond_piece(rt, id, "one ", 4);
    (void)http_respond_piece(rt, id, "two ", 4);
    (void)http_respond_piece(rt, id, "three ", 6);
    (void)http_respond_end(rt, id);
}

void server_echo_message(runtime_t *rt, http_conn_id_t id, bool is_binary,
                         const void *data, size_t size, void *ctx) {
    (void)ctx;
    (void)http_ws_send(rt, id, is_binary, data, size);
}

int peers_run(const char *command) {
    FILE *pipe_in = popen(command, "r");
    CHECK(pipe_in != NULL);
    size_t size = fread(peers_output, 1, sizeof peers_output - 1, pipe_in);
    peers_output[size] = '\0';
    int status = pclose(pipe_in);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void peers_need(const char *what, const char *command) {
    if (peers_run(command) == 0) return;
    (void)snprintf(peers_output, sizeof peers_output, "%s is not installed", what);
    test_skip(peers_output);
}

const char *peers_folder(void) {
    static char path[1024];
    (void)snprintf(path, sizeof path, "%s", __FILE__);
    char *slash = strrchr(path, '/');
    (void)snprintf(slash, sizeof path - (size_t)(slash - path), "/peers");
    return path;
}
