/* SPDX-License-Identifier: Apache-2.0 */
/* peer_programs.h - a server of ours in a process of its own, and programs of others
 * that talk to it. */
#ifndef MK_TESTS_LINUX_PEER_PROGRAMS_H
#define MK_TESTS_LINUX_PEER_PROGRAMS_H

#include "microkernel/http.h"

#include <sys/types.h>

typedef struct {
    pid_t pid;
    int port;
    int other_port; /* 0: it has none */
} server_t;

/* Run `serve` in a new process, with a folder (folder.h) of its own; it listens, calls
 * server_tell_port, and does not return. */
void server_open(server_t *server, void (*serve)(int tell));
void server_tell_port(int tell, int port, int other_port);

/* End it; fails when it had ended by itself. */
void server_close(server_t *server);

/* Kilobytes of memory that it had at its peak. */
long server_peak_kb(const server_t *server);

/* What such servers answer with: "hello"; the body that came; "one two three " in
 * pieces; a message of a WebSocket, as it came. */
void server_hello(runtime_t *rt, const http_request_t *request, void *ctx);
void server_echo_body(runtime_t *rt, const http_request_t *request, void *ctx);
void server_answer_in_pieces(runtime_t *rt, const http_request_t *request, void *ctx);
void server_echo_message(runtime_t *rt, http_conn_id_t id, bool is_binary,
                         const void *data, size_t size, void *ctx);

/* Run a command of the shell; its exit code, and what it wrote to stdout. */
extern char peers_output[1 << 16];
int peers_run(const char *command);

/* Skip the test, with the name of what is missing, unless the command succeeds. */
void peers_need(const char *what, const char *command);

/* The folder of the scripts; static storage. */
const char *peers_folder(void);

#endif
