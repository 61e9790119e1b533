/* SPDX-License-Identifier: Apache-2.0 */
/* two_processes.h - what ours and bounds of bench/ipc share: two connected processes, a
 * core for each, and the frame they exchange. Nothing of the library. */
#ifndef MK_BENCH_IPC_TWO_PROCESSES_H
#define MK_BENCH_IPC_TWO_PROCESSES_H

#include "../net/sockets.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { HEADER = 28, PAYLOAD = 64, FRAME = HEADER + PAYLOAD };

typedef struct {
    uint64_t count;   /* messages that the child received */
    double used_s[2]; /* processor seconds of child and parent while it streamed */
} result_t;

typedef struct {
    int fd;           /* the own end, blocking */
    pid_t child;      /* 0: this is the child */
    result_t *result; /* shared by both */
} side_t;

/* Processor seconds that this process has used. */
static inline double used_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline void pin_to(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)core, &cores);
    (void)sched_setaffinity(0, sizeof cores, &cores); /* not everywhere allowed */
}

static inline void connect_pair(bool is_unix, int ends[2]) {
    if (is_unix) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            die("socketpair");
        return;
    }
    struct sockaddr_in at = loopback(0);
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || ends[0] < 0 ||
        bind(listener, (const struct sockaddr *)&at, sizeof at) != 0 ||
        listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0 ||
        connect(ends[0], (const struct sockaddr *)&at, sizeof at) != 0 ||
        (ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
        die("connect");
    close(listener);
    set_no_delay(ends[0]);
    set_no_delay(ends[1]);
}

/* Connect two sockets and fork: each side has one of them and, where there are two, a
 * core of its own. */
static inline side_t split(bool is_unix) {
    int ends[2];
    connect_pair(is_unix, ends);
    side_t side = {.result = mmap(NULL, sizeof(result_t), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    if (side.result == MAP_FAILED) die("mmap");
    side.child = fork();
    if (side.child < 0) die("fork");
    side.fd = ends[side.child == 0];
    close(ends[side.child != 0]);
    pin_to(side.child == 0 ? (int)sysconf(_SC_NPROCESSORS_ONLN) - 1 : 0);
    return side;
}

/* The parent waits for its child; the end of both. Of a stream the parent prints
 * messages per second of the busier side's processor: on two cores that is the rate,
 * and it does not depend on who else uses them. */
_Noreturn static inline void join(side_t side, bool is_stream) {
    int status = 0;
    if (side.child == 0) exit(0);
    if (waitpid(side.child, &status, 0) != side.child || status != 0) {
        fprintf(stderr, "the other process failed\n");
        exit(1);
    }
    const result_t *result = side.result;
    if (is_stream)
        printf("%.1f\n", (double)result->count / (result->used_s[0] > result->used_s[1]
                                                      ? result->used_s[0]
                                                      : result->used_s[1]));
    exit(0);
}

#endif
