/* SPDX-License-Identifier: Apache-2.0 */
/* sockets.h - what bounds and load programs of bench/net share: sockets on loopback and
 * what a process has used. Nothing of the library. */
#ifndef MK_BENCH_NET_SOCKETS_H
#define MK_BENCH_NET_SOCKETS_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

_Noreturn static inline void die(const char *what) {
    perror(what);
    exit(1);
}

/* The number that begins a text (of the command line, of a header). */
static inline double real_of(const char *text) {
    char *end;
    double number = strtod(text, &end);
    if (end == text) {
        fprintf(stderr, "no number: %s\n", text);
        exit(2);
    }
    return number;
}

static inline long number_of(const char *text) {
    return (long)real_of(text);
}

static inline double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds of the processor that this process has used. */
static inline double processor_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* As many descriptors as the system allows. */
static inline void raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");
}

static inline struct sockaddr_in loopback(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

static inline void set_no_delay(int fd) {
    int on = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) die("no delay");
}

static inline int listen_at(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in at = loopback(port);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4096) != 0)
        die("listen");
    return fd;
}

/* The port of a listening socket. */
static inline int port_of(int fd) {
    struct sockaddr_storage name = {0};
    struct sockaddr_in at;
    socklen_t size = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &size) != 0) die("getsockname");
    memcpy(&at, &name, sizeof at);
    return ntohs(at.sin_port);
}

/* Tell whoever started this server where it listens. */
static inline void tell_port(int port) {
    printf("%d\n", port);
    if (fflush(stdout) != 0) die("stdout");
}

/* Connect (waiting, so that a load begins from a settled state), then never wait. */
static inline int connect_to(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = loopback(port);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    set_no_delay(fd);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) die("fcntl");
    return fd;
}

/* Processor nanoseconds that another process has used. */
static inline uint64_t processor_ns(long pid) {
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%ld/schedstat", pid);
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%llu", &ns) != 1) die(path);
    fclose(file);
    return ns;
}

/* Bytes of another process in memory. */
static inline uint64_t resident_bytes_of(long pid) {
    char path[64];
    unsigned long long all = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", pid);
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%llu %llu", &all, &resident) != 2) die(path);
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

#endif
