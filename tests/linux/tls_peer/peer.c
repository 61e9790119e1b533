/* SPDX-License-Identifier: Apache-2.0 */
/* peer.c - one side of a TLS connection on real sockets, for test_tls_peers.sh.
 *
 *     peer serve NAME=VALUE...   prints "port N", then serves on loopback for ever:
 *                                sends back what comes; "bye" ends a connection,
 *                                "reload" reads the certificate again, "GET " is
 *                                answered as HTTP
 *     peer say NAME=VALUE...     connects, says a line, prints what comes until the
 *                                end of a line
 *     peer block NAME=VALUE...   the same with mk_socket_tls_connect
 *
 * cert= key= ca=   files; psk=IDENTITY:KEY; alpn=A,B; ask=1: clients must show one
 * host= port= text=   whom to reach and what to say
 * Both print what was agreed upon and how it ended: "open ..." and "end ...". The exit
 * code of say is 1 when it failed. */
#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"
#include "microkernel/mk_socket.h"
#include "microkernel/runtime.h"
#include "net/address.h"
#include "net/listener.h"
#include "net/tls_stream.h"
#include "port/files.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 65536, ALPN_MAX = 4 };

typedef struct {
    stream_t stream;
    char held[4096];
    size_t size;     /* to be sent back */
    bool ends_after; /* close when that is done */
} connection_t;

static const char *const names[] = {"cert", "key",  "ca",   "psk", "alpn",
                                    "ask",  "host", "port", "text"};
enum { CERT, KEY, CA, PSK, ALPN, ASK, HOST, PORT, TEXT, NAMES };
static const char *values[NAMES];
static port_tls_config_t *config;
static bool is_server;
static int exit_code;

static text_t read_file(const char *path) {
    void *bytes = NULL;
    size_t size = 0;
    if (path && port_file_read(path, FILE_MAX, &bytes, &size) != MK_OK) {
        printf("end: cannot read %s\n", path);
        exit(1);
    }
    return text_make(bytes, size);
}

static size_t find_psk(void *ctx, text_t identity, uint8_t key[PORT_TLS_PSK_MAX]) {
    text_t given = text_of(values[PSK]);
    size_t colon = text_find(given, ':');
    size_t size = given.size - colon - 1;
    (void)ctx;
    if (!text_equals(identity, text_part(given, 0, colon)) || size > PORT_TLS_PSK_MAX)
        return 0;
    memcpy(key, given.bytes + colon + 1, size);
    return size;
}

static void make_config(void) {
    static char alpn_text[256];
    const char *alpn[ALPN_MAX];
    port_tls_options_t options = {.is_server = is_server};
    char text[256] = "";
    mk_writer_t why;
    options.roots = read_file(values[CA]);
    options.certificate = read_file(values[CERT]);
    options.key = read_file(values[KEY]);
    if (values[ASK]) options.ask = PORT_TLS_ASK_REQUIRED;
    if (values[PSK]) {
        options.find_psk = find_psk;
        options.psk_identity =
            text_part(text_of(values[PSK]), 0, strcspn(values[PSK], ":"));
    }
    snprintf(alpn_text, sizeof alpn_text, "%s", values[ALPN] ? values[ALPN] : "");
    for (char *at = strtok(alpn_text, ","); at && options.alpn_len < ALPN_MAX;
         at = strtok(NULL, ","))
        alpn[options.alpn_len++] = at;
    options.alpn = alpn;
    writer_init(&why, text, sizeof text);
    if (port_tls_config_create(&config, &options, &why) != MK_OK) {
        printf("end: %s\n", text);
        exit(1);
    }
    mk_free((void *)(uintptr_t)options.roots.bytes);
    mk_free((void *)(uintptr_t)options.certificate.bytes);
    mk_free((void *)(uintptr_t)options.key.bytes);
}

static void reload(void) {
    char text[256] = "";
    mk_writer_t why;
    text_t certificate = read_file(values[CERT]), key = read_file(values[KEY]);
    writer_init(&why, text, sizeof text);
    int result = port_tls_config_reload(config, certificate, key, &why);
    printf("reload %s %s\n", mk_error_name(result), text);
    mk_free((void *)(uintptr_t)certificate.bytes);
    mk_free((void *)(uintptr_t)key.bytes);
}

static void end(connection_t *c, runtime_t *rt, int reason, const char *text) {
    printf("end %s: %s\n", mk_error_name(reason), text);
    if (!is_server && reason != MK_EEND) exit_code = 1;
    stream_close(rt, &c->stream);
    free(c);
    if (!is_server) runtime_stop(rt);
}

static void send_rest(connection_t *c, runtime_t *rt) {
    while (c->size > 0) {
        int taken = stream_write(rt, &c->stream, c->held, c->size);
        if (taken == MK_EAGAIN) {
            stream_want(rt, &c->stream, STREAM_WRITE);
            return;
        }
        if (taken < 0) {
            end(c, rt, taken, stream_fault(&c->stream));
            return;
        }
        c->size -= (size_t)taken;
        memmove(c->held, c->held + taken, c->size);
    }
    if (c->ends_after)
        end(c, rt, MK_OK, "");
    else
        stream_want(rt, &c->stream, STREAM_READ);
}

static void on_readable(stream_t *stream, runtime_t *rt) {
    static const char page[] = "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
    connection_t *c = MK_CONTAINER_OF(stream, connection_t, stream);
    int got = stream_read(rt, stream, c->held, sizeof c->held);
    if (got == MK_EAGAIN) return;
    if (got < 0) {
        end(c, rt, got, got == MK_EEND ? "" : stream_fault(stream));
        return;
    }
    text_t text = text_make(c->held, (size_t)got);
    if (!is_server) {
        printf("got %.*s", got, c->held);
        if (text_find(text, '\n') < text.size) end(c, rt, MK_EEND, "");
        return;
    }
    c->size = (size_t)got;
    c->ends_after = text_starts_with(text, text_of("bye"));
    if (text_starts_with(text, text_of("reload"))) reload();
    if (text_starts_with(text, text_of("GET "))) {
        c->size = sizeof page - 1;
        memcpy(c->held, page, c->size);
        c->ends_after = true;
    }
    send_rest(c, rt);
}

static void on_writable(stream_t *stream, runtime_t *rt) {
    send_rest(MK_CONTAINER_OF(stream, connection_t, stream), rt);
}

static void on_closed(stream_t *stream, runtime_t *rt, int reason, const char *text) {
    end(MK_CONTAINER_OF(stream, connection_t, stream), rt, reason, text);
}

static void on_open(stream_t *stream, runtime_t *rt) {
    connection_t *c = MK_CONTAINER_OF(stream, connection_t, stream);
    port_tls_facts_t facts;
    char name[128] = "";
    mk_writer_t out;
    writer_init(&out, name, sizeof name);
    tls_stream_peer_name(stream, &out);
    tls_stream_facts(stream, &facts);
    printf("open %s %s alpn=%.*s resumed=%d keyed=%d sni=%.*s peer=%s\n", facts.version,
           facts.suite, (int)facts.alpn.size, facts.alpn.size ? facts.alpn.bytes : "",
           facts.is_resumed, facts.is_keyed, (int)facts.server_name.size,
           facts.server_name.size ? facts.server_name.bytes : "", name);
    if (is_server) return;
    c->size = (size_t)snprintf(c->held, sizeof c->held, "%s\n", values[TEXT]);
    send_rest(c, rt);
}

static const stream_events_t events = {on_readable, on_writable, on_closed, on_open};

static void begin(runtime_t *rt, int handle, const char *host) {
    connection_t *c = calloc(1, sizeof *c);
    if (!c || stream_open(rt, &c->stream, handle, &events) != MK_OK) abort();
    int result = tls_stream_start(rt, &c->stream, config, host);
    if (result != MK_OK) end(c, rt, result, mk_error_text(result));
}

static void on_peer(listener_t *listener, runtime_t *rt, int handle,
                    const port_address_t *peer) {
    (void)listener, (void)peer;
    begin(rt, handle, NULL);
}

/* A runtime ends with its last actor: one that waits for ever. */
static bool wait_for_ever(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt, (void)self, (void)msg, (void)state;
    return true;
}

static int say_blocking(void) {
    char why[256], answer[256];
    mk_socket_t *socket = mk_socket_tls_connect_why(
        values[HOST], (uint16_t)strtol(values[PORT], NULL, 10), why, sizeof why);
    if (!socket) {
        printf("end: %s\n", why);
        return 1;
    }
    struct pollfd look = {.fd = socket->get_fd(socket), .events = POLLIN};
    int size = snprintf(answer, sizeof answer, "%s\n", values[TEXT]);
    if (socket->write(socket, (const uint8_t *)answer, (size_t)size) != size) return 1;
    ssize_t got;
    do
        got = socket->read(socket, (uint8_t *)answer, sizeof answer);
    while (got < 0 && poll(&look, 1, 10000) == 1);
    printf("got %.*s", (int)got, answer);
    socket->close(socket);
    return 0;
}

int main(int argc, char **argv) {
    static const listener_events_t listener_events = {on_peer, NULL};
    static listener_t listener;
    setvbuf(stdout, NULL, _IOLBF, 0);
    is_server = argc > 1 && strcmp(argv[1], "serve") == 0;
    for (int i = 2; i < argc; i++)
        for (size_t k = 0; k < NAMES; k++) {
            size_t size = strlen(names[k]);
            if (strncmp(argv[i], names[k], size) == 0 && argv[i][size] == '=')
                values[k] = argv[i] + size + 1;
        }
    if (argc > 1 && strcmp(argv[1], "block") == 0) return say_blocking();
    make_config();
    runtime_t *rt = runtime_init(1, 16);
    if (!rt || actor_spawn(rt, wait_for_ever, NULL, NULL, 0) == ACTOR_ID_INVALID)
        return 1;
    port_address_t at =
        address_loopback((uint16_t)strtol(values[PORT] ? values[PORT] : "0", NULL, 10));
    if (is_server) {
        if (listener_open(rt, &listener, &at, &listener_events) != MK_OK) return 1;
        printf("port %d\n", listener_port(&listener));
    } else {
        int handle = port_socket_connect(&at);
        if (handle < 0) return 1;
        begin(rt, handle, values[HOST]);
    }
    runtime_run(rt);
    listener_close(rt, &listener);
    runtime_destroy(rt);
    port_tls_config_release(config);
    return exit_code;
}
