/* SPDX-License-Identifier: Apache-2.0 */
/* load_tls.c - a load for a TLS server on loopback, and what it cost the server.
 *
 *     load_tls KIND PORT CONNECTIONS SECONDS SERVER-PID
 *
 *   handshake  connect, shake hands, one small answer, close
 *   resume     the same with the session of an earlier connection
 *   rtt        small answers one after the other
 *   bulk       64 MiB answers one after the other
 *   idle       one small answer, then nothing
 *
 * Prints one number: operations (bulk: MB) per second of the server's processor, since
 * the client's half of a handshake costs more than the server's and would be the limit;
 * for idle the bytes that a connection keeps in the server's memory. */
#include "sockets.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>

enum { CONNECTIONS = 65536, EVENTS = 256, SESSIONS = 4096, SMALL = 13, BIG = 64 << 20 };

typedef struct {
    SSL *ssl;
    bool is_asked; /* the handshake is done */
    size_t left;   /* of the answer */
} connection_t;

static connection_t connections[CONNECTIONS]; /* by descriptor */
static SSL_SESSION *sessions[SESSIONS];
static size_t session_count;
static SSL_CTX *ctx;
static int poller, port;
static const char *kind;
static bool ends_each; /* a connection per answer */
static uint64_t done, resumed, failed, bytes_read;

static bool is_kind(const char *name) {
    return strcmp(kind, name) == 0;
}

static int keep(SSL *ssl, SSL_SESSION *session) {
    (void)ssl;
    if (session_count == SESSIONS || !is_kind("resume")) return 0;
    sessions[session_count++] = session;
    return 1;
}

static void wait_for(int fd, int op, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(poller, op, fd, &event) != 0) die("epoll_ctl");
}

static void begin(void) {
    int fd = connect_to(port);
    SSL *ssl = SSL_new(ctx);
    if (fd >= CONNECTIONS || !ssl || SSL_set_fd(ssl, fd) != 1) die("SSL_new");
    if (session_count > 0) {
        SSL_SESSION *session = sessions[--session_count];
        SSL_set_session(ssl, session);
        SSL_SESSION_free(session);
    }
    SSL_set_connect_state(ssl);
    connections[fd] = (connection_t){.ssl = ssl};
    wait_for(fd, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void end(int fd) {
    SSL_set_shutdown(connections[fd].ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(connections[fd].ssl);
    connections[fd] = (connection_t){.ssl = NULL};
    close(fd);
}

static void ask(connection_t *c) {
    bool is_big = is_kind("bulk");
    if (SSL_write(c->ssl, is_big ? "b" : "g", 1) != 1) failed++;
    c->left = is_big ? BIG : SMALL;
}

static void begin_again(int fd) {
    end(fd);
    begin();
}

/* False: not yet, or never. */
static bool shake(int fd, connection_t *c) {
    int result = SSL_do_handshake(c->ssl);
    if (result == 1) {
        wait_for(fd, EPOLL_CTL_MOD, EPOLLIN);
        resumed += SSL_session_reused(c->ssl) == 1;
        c->is_asked = true;
        ask(c);
        return true;
    }
    int error = SSL_get_error(c->ssl, result);
    if (error == SSL_ERROR_WANT_READ) {
        wait_for(fd, EPOLL_CTL_MOD, EPOLLIN);
    } else if (error != SSL_ERROR_WANT_WRITE) {
        failed++;
        begin_again(fd);
    }
    return false;
}

static void work(int fd) {
    static char bytes[65536];
    connection_t *c = &connections[fd];
    ERR_clear_error();
    if (!c->ssl || (!c->is_asked && !shake(fd, c))) return;
    for (;;) {
        int got = SSL_read(c->ssl, bytes, sizeof bytes);
        if (got <= 0) {
            if (SSL_get_error(c->ssl, got) == SSL_ERROR_WANT_READ) return;
            failed++;
            begin_again(fd);
            return;
        }
        bytes_read += (uint64_t)got;
        if ((size_t)got > c->left) die("more than was asked for");
        c->left -= (size_t)got;
        if (c->left > 0) continue;
        done++;
        if (ends_each) {
            begin_again(fd);
            return;
        }
        if (is_kind("idle")) return;
        ask(c);
    }
}

static void run_until(double end_s, uint64_t goal) {
    struct epoll_event events[EVENTS];
    while (now_s() < end_s && done < goal) {
        int count = epoll_wait(poller, events, EVENTS, 10);
        for (int i = 0; i < count; i++)
            work(events[i].data.fd);
    }
}

/* One after the other, as they gather in the life of a server: what many handshakes at
 * a time take is given back to the C library and not to the system. */
static void add_idle(int count) {
    for (int i = 0; i < count; i++) {
        uint64_t goal = done + 1;
        begin();
        run_until(now_s() + 10, goal);
        if (done != goal || failed > 0) die("idle: no answer");
    }
}

static double idle_bytes(long pid, int count) {
    add_idle(100); /* what the first ones cost is not theirs alone */
    uint64_t before = resident_bytes_of(pid);
    add_idle(count);
    return (double)(resident_bytes_of(pid) - before) / count;
}

int main(int argc, char **argv) {
    if (argc < 6) return 2;
    kind = argv[1];
    port = (int)number_of(argv[2]);
    int count = (int)number_of(argv[3]);
    double seconds = real_of(argv[4]);
    long pid = number_of(argv[5]);
    ends_each = is_kind("handshake") || is_kind("resume");
    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx || SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(ctx, "X25519:P-256") != 1)
        die("SSL_CTX_new");
    SSL_CTX_set_session_cache_mode(ctx,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (is_kind("idle")) {
        printf("%.0f\n", idle_bytes(pid, count));
        return 0;
    }
    for (int i = 0; i < count; i++)
        begin();
    run_until(now_s() + seconds / 4, UINT64_MAX);
    done = resumed = bytes_read = 0;
    uint64_t before_ns = processor_ns(pid);
    run_until(now_s() + seconds, UINT64_MAX);
    double used_s = (double)(processor_ns(pid) - before_ns) * 1e-9;
    if (failed > 0 || used_s <= 0 || bytes_read == 0) die("the load has failed");
    if (is_kind("resume") && resumed * 10 < done * 9) die("sessions are not resumed");
    printf("%.1f\n",
           (is_kind("bulk") ? (double)bytes_read * 1e-6 : (double)done) / used_s);
    return 0;
}
