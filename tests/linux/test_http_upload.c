/* SPDX-License-Identifier: Apache-2.0 */
/* A gigabyte that curl uploads to a route in pieces: it comes whole, takes no memory of
 * the server, and holds nobody up. */
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "support/test.h"

#include "folder.h"
#include "peer_programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const unsigned long long small = 1ull << 20;
static const unsigned long long large = 1ull << 30;

enum { GROWTH_MAX_KB = 1024 }; /* of the server, from the small to the large one */

/* --- the server: one upload at a time --- */

static struct {
    unsigned long long received; /* bytes */
    unsigned long long pause_at; /* bytes; 0: no more pause */
    http_conn_id_t paused;       /* who waits for a neighbour; 0: nobody */
} upload;

static bool take_piece(runtime_t *rt, http_conn_id_t id, const void *data, size_t size,
                       void *ctx) {
    (void)rt;
    (void)ctx;
    const char *bytes = data;
    if (bytes[0] != 0 || memcmp(bytes, bytes + 1, size - 1) != 0) _exit(5); /* zeros */
    upload.received += size;
    if (upload.pause_at == 0 || upload.received < upload.pause_at) return true;
    upload.pause_at = 0;
    upload.paused = id;
    return false;
}

static void tell_sum(runtime_t *rt, http_conn_id_t id, void *ctx) {
    (void)ctx;
    char text[32];
    int size = snprintf(text, sizeof text, "%llu", upload.received);
    (void)http_respond(rt, id, 200, NULL, 0, text, (size_t)size);
}

/* The query says where to pause. */
static void take_body(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_body_handler_t handler = {.on_data = take_piece,
                                                .on_end = tell_sum};
    (void)rt;
    (void)ctx;
    upload.received = 0;
    upload.pause_at = strtoull(request->query, NULL, 10);
    (void)http_receive(request, &handler, NULL, 0);
}

/* The neighbour: what has come so far. An upload that pauses goes on behind its answer,
 * so that one is surely given in the midst of the upload. */
static void tell_received(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)ctx;
    char text[32];
    int size = snprintf(text, sizeof text, "%llu", upload.received);
    (void)http_answer(request, 200, NULL, 0, text, (size_t)size);
    if (upload.paused == 0) return;
    http_conn_id_t paused = upload.paused;
    upload.paused = 0;
    http_receive_more(rt, paused);
}

static void serve(int tell) {
    runtime_t *rt = runtime_init(0, 64);
    int port = http_listen(rt, NULL);
    if (port < 0 || http_route_pieces(rt, "PUT", "/upload", take_body, NULL) < 0 ||
        http_route(rt, "GET", "/received", tell_received, NULL) < 0)
        _exit(3);
    server_tell_port(tell, port, 0);
    runtime_run(rt);
    _exit(0);
}

/* --- curl --- */

/* Upload `size` bytes while another curl asks, until one of its answers came with half
 * of them there. */
static void upload_bytes(const server_t *server, const char *how,
                         unsigned long long size) {
    char command[2048];
    (void)snprintf(command, sizeof command,
                   "at=http://127.0.0.1:%d size=%llu file=%s/zeros count=0\n"
                   "%s \"$at/upload?$((size / 2))\" >$file.sum & upload=$!\n"
                   "while [ $count -lt $((size / 2)) ]; do\n"
                   "  kill -0 $upload || exit 9\n"
                   "  count=$(curl -s -m 20 $at/received) || exit 8\n"
                   "done\n"
                   "wait $upload && [ $count -lt $size ] && cat $file.sum",
                   server->port, size, folder, how);
    int status = peers_run(command);
    if (status != 0) printf("exit code %d of %s\n", status, command);
    CHECK_EQ(status, 0);
    CHECK_EQ(strtoull(peers_output, NULL, 10), size);
}

static void check_upload(const char *how) {
    peers_need("curl", "curl --version >/dev/null 2>&1");
    server_t server;
    server_open(&server, serve);
    upload_bytes(&server, how, small);
    long before = server_peak_kb(&server);
    upload_bytes(&server, how, large);
    CHECK(server_peak_kb(&server) <= before + GROWTH_MAX_KB);
    server_close(&server);
}

TEST(http_upload_in_chunks_takes_no_memory_and_holds_nobody_up) {
    check_upload("head -c $size /dev/zero | timeout 50 curl -s -T -");
}

/* The file has holes instead of bytes. */
TEST(http_upload_with_a_length_takes_no_memory_and_holds_nobody_up) {
    check_upload("truncate -s $size $file && timeout 50 curl -s -T $file");
}

TEST_TABLE(http_upload,
           TEST_ROW(http_upload_in_chunks_takes_no_memory_and_holds_nobody_up),
           TEST_ROW(http_upload_with_a_length_takes_no_memory_and_holds_nobody_up))
