/* SPDX-License-Identifier: Apache-2.0 */
/* load_ping.c - what a neighbour feels: one request after the other to the server of
 * ours_http.c, beside a crowd or alone.
 *
 *     load_ping crowd|alone PORT SECONDS
 *
 * The crowd: HALVES connections that stop within a head, READERS that ask for much and
 * read nothing, and one WebSocket that sends a burst of small frames and pings every
 * BURST_MS. Prints the time within which 99 of 100 round trips end, in microseconds. */
#include "sockets.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

enum { HALVES = 1000, READERS = 50, BURST = 65536, BURST_MS = 10, PINGS_MAX = 1 << 20 };

static const char get[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
static const char half[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: ";
static const char upgrade[] =
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

static void put(int fd, const char *bytes, size_t size) {
    if (write(fd, bytes, size) != (ssize_t)size) die("write");
}

/* Ask until the server takes no more. */
static void fill(int fd) {
    for (ssize_t count = 1; count > 0;)
        count = write(fd, get, sizeof get - 1);
}

/* Throw away what came. False: nothing ever will. */
static bool drain(int fd) {
    char bytes[65536];
    ssize_t count = 1;
    while (count > 0)
        count = read(fd, bytes, sizeof bytes);
    return count < 0 && errno == EAGAIN;
}

/* Text frames of 4 bytes and pings, in turns. */
static size_t fill_burst(char *burst) {
    static const char pair[] = "\x81\x84\0\0\0\0beat\x89\x80\0\0\0\0";
    size_t size = 0;
    for (; size + sizeof pair <= BURST; size += sizeof pair - 1)
        memcpy(burst + size, pair, sizeof pair - 1);
    return size;
}

/* Ends with the process that measures. */
_Noreturn static void run_crowd(int port, int ready) {
    static char burst[BURST];
    size_t size = fill_burst(burst), at = 0;
    for (int i = 0; i < HALVES; i++)
        put(connect_to(port), half, sizeof half - 1);
    for (int i = 0; i < READERS; i++)
        fill(connect_to(port));
    int fd = connect_to(port);
    put(fd, upgrade, sizeof upgrade - 1);
    if (write(ready, "", 1) != 1) die("pipe");
    while (drain(fd)) {
        ssize_t count = write(fd, burst + at, size - at);
        if (count > 0) at = (at + (size_t)count) % size;
        if (at == 0) (void)poll(NULL, 0, BURST_MS);
    }
    _exit(1);
}

static pid_t start_crowd(int port) {
    int ready[2];
    char byte;
    if (pipe(ready) != 0) die("pipe");
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
        close(ready[0]);
        run_crowd(port, ready[1]);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1) die("the crowd does not come");
    close(ready[0]);
    return pid;
}

static double ping_us(int fd) {
    char bytes[4096];
    struct pollfd at = {fd, POLLIN, 0};
    double start = now_s();
    put(fd, get, sizeof get - 1);
    if (poll(&at, 1, 5000) <= 0) die("the server is silent");
    if (read(fd, bytes, sizeof bytes) <= 0) die("the server has closed");
    return (now_s() - start) * 1e6;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    static double pings[PINGS_MAX];
    if (argc != 4) return 2;
    int port = (int)number_of(argv[2]);
    double seconds = real_of(argv[3]);
    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    pid_t crowd = strcmp(argv[1], "crowd") == 0 ? start_crowd(port) : 0;
    int fd = connect_to(port);
    size_t count = 0;
    double end = now_s() + seconds;
    while (count < PINGS_MAX && (count < 100 || now_s() < end))
        pings[count++] = ping_us(fd);
    if (crowd > 0) kill(crowd, SIGKILL);
    qsort(pings, count, sizeof pings[0], compare);
    printf("%.1f\n", pings[count * 99 / 100]);
    return 0;
}
