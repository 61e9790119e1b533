/* SPDX-License-Identifier: Apache-2.0 */
/* ours_http.c - what bound_http.c and bound_ws.c do, on the library's server: parser,
 * router, header, limits and deadlines on.
 *
 *     ours_http PORT */
#include "microkernel/http.h"
#include "microkernel/runtime.h"

#include "sockets.h"

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

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    raise_descriptors();
    runtime_t *rt = runtime_init(0, 16);
    http_listen_options_t options = {.port = (uint16_t)number_of(argv[1])};
    int port = rt != NULL ? http_listen(rt, &options) : -1;
    if (port < 0 || http_route(rt, "GET", "/", hello, NULL) < 0 ||
        http_route(rt, "GET", "/hello/:name", hello, NULL) < 0 ||
        http_route(rt, "GET", "/ws", accept_echo, NULL) < 0)
        return 1;
    tell_port(port);
    runtime_run(rt);
    return 0;
}
