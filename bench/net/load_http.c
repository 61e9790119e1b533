/* SPDX-License-Identifier: Apache-2.0 */
/* load_http.c - a load for an HTTP or WebSocket server on loopback, and what it cost
 * the server.
 *
 *     load_http http PORT CONNECTIONS SECONDS SERVER-PID DEPTH
 *     load_http ws   PORT CONNECTIONS SECONDS SERVER-PID DEPTH SIZE
 *     load_http idle_http|idle_ws PORT CONNECTIONS SECONDS SERVER-PID
 *
 * A connection keeps DEPTH requests, or frames of SIZE bytes, in flight. The size of an
 * answer is learnt from the first one; then bytes are counted, which costs less than
 * the server's work. Prints one number: answers per second of the server's processor;
 * for idle_... the bytes that a connection keeps in the server's memory. */
#include "sockets.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>

enum { CONNECTIONS = 65536, EVENTS = 512, INPUT = 1 << 18 };

typedef struct {
    size_t got;  /* bytes of the batch under way */
    size_t owed; /* bytes of `batch` still to be sent, from its end */
    bool is_open;
} connection_t;

static connection_t connections[CONNECTIONS];
static char input[INPUT];
static char *batch; /* DEPTH requests */
static size_t batch_size, answer_size;
static int poller;

static const char get[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
static const char upgrade[] =
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

static void wait_ready(int fd, short events) {
    struct pollfd at = {fd, events, 0};
    if (poll(&at, 1, 5000) <= 0) die("the server is silent");
}

/* Read one whole answer; its bytes. */
static size_t read_answer(int fd) {
    size_t got = 0, want = 0;
    while (want == 0 || got < want) {
        wait_ready(fd, POLLIN);
        ssize_t count = read(fd, input + got, sizeof input - 1 - got);
        if (count <= 0) die("the server has closed");
        got += (size_t)count;
        input[got] = 0;
        const char *end = strstr(input, "\r\n\r\n");
        const char *length = strcasestr(input, "content-length:");
        if (end)
            want = (size_t)(end + 4 - input) +
                   (length ? (size_t)number_of(length + 15) : 0);
    }
    return got;
}

static int open_connection(int port, bool is_ws) {
    int fd = connect_to(port);
    if (fd >= CONNECTIONS) die("too many connections");
    const char *first = is_ws ? upgrade : get;
    if (write(fd, first, strlen(first)) != (ssize_t)strlen(first)) die("write");
    size_t size = read_answer(fd);
    if (!is_ws) answer_size = size;
    return fd;
}

static size_t put_frame(char *to, size_t size) {
    size_t head = 2;
    to[0] = (char)0x82;
    to[1] = (char)(0x80 | (size < 126 ? size : size < 65536 ? 126 : 127));
    for (int i = size < 126 ? 0 : size < 65536 ? 2 : 8; i > 0; i--)
        to[head++] = (char)(size >> (8 * (i - 1)));
    answer_size = head + size;
    memcpy(to + head, "\1\2\3\4", 4);
    memset(to + head + 4, 'x', size);
    return head + 4 + size;
}

/* Send what is owed as far as it goes. */
static void push(int fd, connection_t *c) {
    bool was_blocked = false;
    while (c->owed > 0) {
        ssize_t count = write(fd, batch + batch_size - c->owed, c->owed);
        if (count <= 0) {
            was_blocked = true;
            break;
        }
        c->owed -= (size_t)count;
    }
    struct epoll_event event = {.events = was_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.fd = fd};
    static bool is_waiting[CONNECTIONS];
    if (is_waiting[fd] == was_blocked) return;
    is_waiting[fd] = was_blocked;
    epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event);
}

/* What one connection sends at a time: `depth` requests, or frames of `size` bytes. */
static void fill_batch(bool is_ws, size_t depth, size_t size) {
    batch = malloc((size + sizeof get + 16) * depth);
    if (!batch) die("malloc");
    for (size_t i = 0; i < depth; i++) {
        if (is_ws) {
            batch_size += put_frame(batch + batch_size, size);
        } else {
            memcpy(batch + batch_size, get, sizeof get - 1);
            batch_size += sizeof get - 1;
        }
    }
}

/* Answers that have come whole on a ready connection; the next batch then goes out. */
static size_t serve(const struct epoll_event *event, size_t depth) {
    int fd = event->data.fd;
    connection_t *c = &connections[fd];
    if (event->events & EPOLLOUT) push(fd, c);
    ssize_t got = read(fd, input, sizeof input);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) die("the server has closed");
    c->got += (size_t)got;
    if (c->got < answer_size * depth) return 0;
    c->got -= answer_size * depth;
    c->owed = batch_size;
    push(fd, c);
    return depth;
}

/* Answers for each second of the server's processor, after a quarter to warm up. */
static double run_load(double seconds, long pid, size_t depth) {
    uint64_t done = 0, used = 0;
    double start = now_s(), counted = 0, now = start;
    while (counted == 0 || now < counted + seconds) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poller, events, EVENTS, 100);
        now = now_s();
        if (counted == 0 && now > start + seconds / 4) {
            counted = now;
            done = 0;
            used = processor_ns(pid);
        }
        for (int i = 0; i < ready; i++)
            done += serve(&events[i], depth);
    }
    return (double)done * 1e9 / (double)(processor_ns(pid) - used);
}

int main(int argc, char **argv) {
    if (argc < 6) return 2;
    bool is_idle = strncmp(argv[1], "idle_", 5) == 0;
    bool is_ws = strstr(argv[1], "ws") != NULL;
    int port = (int)number_of(argv[2]), count = (int)number_of(argv[3]);
    double seconds = real_of(argv[4]);
    long pid = number_of(argv[5]);
    size_t depth = argc > 6 ? (size_t)number_of(argv[6]) : 1;
    size_t size = argc > 7 ? (size_t)number_of(argv[7]) : 0;
    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    close(open_connection(port, is_ws)); /* what is made once has been made */
    uint64_t before = resident_bytes_of(pid);
    poller = epoll_create1(0);
    if (poller < 0) die("epoll_create1");
    fill_batch(is_ws, depth, size);
    for (int i = 0; i < count; i++) {
        int fd = open_connection(port, is_ws);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
        connections[fd].is_open = true;
    }
    if (is_idle) {
        printf("%.0f\n", (double)(resident_bytes_of(pid) - before) / count);
        return 0;
    }
    for (int fd = 0; fd < CONNECTIONS; fd++) {
        if (!connections[fd].is_open) continue;
        connections[fd].owed = batch_size;
        push(fd, &connections[fd]);
    }
    printf("%.0f\n", run_load(seconds, pid, depth));
    return 0;
}
