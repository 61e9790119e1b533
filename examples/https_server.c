/* SPDX-License-Identifier: Apache-2.0 */
/* https_server.c - a server over TLS: with the certificate and key in a file that is
 * named on the command line, and read again when it changes; else with one that is made
 * here, and a client that trusts it, asks in https and is told what a client without
 * TLS is told. */
#include "microkernel/actor.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"

#include <stdio.h>
#include <string.h>

static void hello(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    const char *text = http_is_secure(request) ? "hello in private\n" : "hello all\n";
    http_answer(request, 200, NULL, 0, text, strlen(text));
}

static bool client(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    static const char *const schemes[] = {"https", "http"};
    static unsigned asked;
    if (msg->type == MSG_HTTP_RESPONSE) {
        const http_response_payload_t *response = msg->payload;
        printf("%d %.*s", response->status_code, (int)response->body_size,
               (const char *)http_response_body(response));
    } else if (msg->type == MSG_HTTP_ERROR) {
        printf("failed: %s\n", ((const http_failure_payload_t *)msg->payload)->detail);
    }
    if (asked == 2) {
        runtime_stop(rt);
        return false;
    }
    char url[64];
    snprintf(url, sizeof url, "%s://localhost:%d/", schemes[asked++], *(int *)state);
    actor_http_get(rt, url);
    return true;
}

int main(int argc, char **argv) {
    runtime_t *rt = runtime_init(1, 16);
    char pem[2048], why[256];
    http_listen_tls_t tls = {.reread_ms = 10000};
    if (argc > 1) {
        tls.certificate_file = tls.key_file = argv[1];
    } else {
        int size = http_make_certificate("localhost", 30, pem, sizeof pem);
        if (size < 0) return 1;
        tls.certificate = tls.key = pem;
        tls.certificate_size = tls.key_size = (size_t)size;
    }
    http_listen_options_t options = {.port = argc > 1 ? 8443 : 0, .tls = &tls};
    http_route(rt, "GET", "/", hello, NULL);
    int port = http_listen_why(rt, &options, why, sizeof why);
    if (port < 0) {
        fprintf(stderr, "cannot listen: %s\n", why);
        return 1;
    }
    if (argc > 1) {
        printf("https://localhost:%d/\n", port);
        fflush(stdout);
    } else {
        http_trust_t trust = {.roots = pem, .roots_size = tls.certificate_size};
        http_client_trust(rt, &trust, why, sizeof why);
        actor_send(rt, actor_spawn(rt, client, &port, NULL, 16), 1, NULL, 0);
    }
    runtime_run(rt);
    runtime_destroy(rt);
    return 0;
}
