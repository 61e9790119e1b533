/* SPDX-License-Identifier: Apache-2.0 */
/* ours_http.c - what bound_http.c and bound_ws.c do, on the library's server: parser,
 * router, header, limits and deadlines on.
 *
 *     ours_http PORT [troubled]
 *
 * Troubled it asks two servers meanwhile, over and over: one does not let it in, for
 * the other's address it waits for name servers that are silent. */
#include "microkernel/actor.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "net/dns.h"

#include "sockets.h"
#include <string.h>

static void hello(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const char *const headers[] = {"Content-Type: text/plain"};
    (void)rt;
    (void)ctx;
    (void)http_answer(request, 200, headers, 1, "Hello, World!", 13);
}

static void echo(runtime_t *rt, http_conn_id_t id, bool is_binary, const void *data,
                 size_t size, void *ctx) {
    (void)ctx;
    (void)http_ws_send(rt, id, is_binary, data, size);
}

static void accept_echo(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_ws_handler_t handler = {.on_message = echo};
    (void)rt;
    (void)ctx;
    (void)http_ws_accept(request, &handler, NULL);
}

/* A port that takes no connection: its queue is full for good. */
static int open_hole(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = loopback(0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
        listen(fd, 0) != 0)
        die("hole");
    at = loopback(port_of(fd));
    for (int i = 0; i < 4; i++) {
        int guest = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (guest < 0) die("hole");
        (void)connect(guest, (const struct sockaddr *)&at, sizeof at);
    }
    return ntohs(at.sin_port);
}

/* A port where name servers would be, and nobody reads. */
static int open_silence(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = loopback(0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0)
        die("silence");
    return port_of(fd);
}

static char urls[2][64];

/* Each failure is the next try. */
static bool ask_in_vain(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    static http_conn_id_t ids[2];
    (void)self, (void)state;
    const http_error_payload_t *error = msg->payload;
    for (int i = 0; i < 2; i++) {
        if (msg->type == MSG_HTTP_ERROR && error->conn_id != ids[i]) continue;
        http_fetch_options_t options = {.url = urls[i], .connect_ms = 100};
        if (http_fetch(rt, &options, &ids[i], NULL, 0) != MK_OK) return false;
    }
    return true;
}

static bool make_trouble(runtime_t *rt) {
    char servers[32];
    snprintf(servers, sizeof servers, "127.0.0.1:%d", open_silence());
    port_resolver_options_t options = {
        .servers = servers, .timeout_ms = 50, .tries = 1};
    snprintf(urls[0], sizeof urls[0], "http://127.0.0.1:%d/", open_hole());
    snprintf(urls[1], sizeof urls[1], "http://silent.test/");
    actor_id_t id = actor_spawn(rt, ask_in_vain, NULL, NULL, 8);
    return dns_configure(rt, &options) == MK_OK && id != ACTOR_ID_INVALID &&
           actor_send(rt, id, 1, NULL, 0);
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    bool is_troubled = argc > 2 && strcmp(argv[2], "troubled") == 0;
    raise_descriptors();
    runtime_t *rt = runtime_init(0, 16);
    http_listen_options_t options = {.port = (uint16_t)number_of(argv[1])};
    int port = rt != NULL ? http_listen(rt, &options) : -1;
    if (port < 0 || http_route(rt, "GET", "/", hello, NULL) < 0 ||
        http_route(rt, "GET", "/hello/:name", hello, NULL) < 0 ||
        http_route(rt, "GET", "/ws", accept_echo, NULL) < 0)
        return 1;
    if (is_troubled && !make_trouble(rt)) return 1;
    tell_port(port);
    runtime_run(rt);
    return 0;
}
