/* SPDX-License-Identifier: Apache-2.0 */
/* bound_tls.c - TLS over epoll with OpenSSL and nothing else: the yardstick of the
 * lines tls_... of ./dev bench net.
 *
 *     bound_tls PORT CERTIFICATE KEY [release]
 *
 * One byte 'g' is answered with 13 bytes, 'b' with 64 MiB. "release" gives the buffers
 * of a connection back while it is idle (SSL_MODE_RELEASE_BUFFERS). Tickets without
 * memory, no limits, no deadlines, no application. */
#include "bound.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

enum { BIG = 64 << 20, RECORD = 16384 };

typedef struct {
    SSL *ssl;
    size_t left; /* of a big answer */
} connection_t;

static connection_t connections[BOUND_CONNECTIONS]; /* by descriptor */
static const char small[] = "Hello, World!";
static char big[RECORD];
static SSL_CTX *ctx;

static void drop(int fd) {
    SSL_free(connections[fd].ssl);
    connections[fd] = (connection_t){NULL, 0};
    close(fd);
}

static void wait_for(int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(bound_poller, EPOLL_CTL_MOD, fd, &event) != 0) die("epoll_ctl");
}

static void pump(int fd) {
    connection_t *c = &connections[fd];
    while (c->left > 0) {
        int size = c->left < RECORD ? (int)c->left : RECORD;
        int taken = SSL_write(c->ssl, big, size);
        if (taken <= 0) {
            if (SSL_get_error(c->ssl, taken) == SSL_ERROR_WANT_WRITE)
                wait_for(fd, EPOLLIN | EPOLLOUT);
            else
                drop(fd);
            return;
        }
        c->left -= (size_t)taken;
    }
    wait_for(fd, EPOLLIN);
}

static void serve(int fd, uint32_t events) {
    connection_t *c = &connections[fd];
    char bytes[4096];
    if (!c->ssl) return;
    if (events & EPOLLOUT) {
        pump(fd);
        return;
    }
    int got = SSL_read(c->ssl, bytes, sizeof bytes);
    if (got <= 0) {
        int error = SSL_get_error(c->ssl, got);
        ERR_clear_error();
        if (error != SSL_ERROR_WANT_READ) drop(fd);
    } else if (bytes[0] == 'b') {
        c->left = BIG;
        pump(fd);
    } else {
        SSL_write(c->ssl, small, sizeof small - 1);
    }
}

static void on_peer(int fd) {
    SSL *ssl = SSL_new(ctx);
    if (!ssl || SSL_set_fd(ssl, fd) != 1) die("SSL_new");
    SSL_set_accept_state(ssl);
    connections[fd] = (connection_t){ssl, 0};
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || SSL_CTX_use_certificate_chain_file(ctx, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, argv[3], SSL_FILETYPE_PEM) != 1)
        die("certificate");
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (argc > 4) SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    serve_bound((int)number_of(argv[1]), on_peer, serve);
}
