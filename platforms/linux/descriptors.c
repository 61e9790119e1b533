/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.c - reading and writing descriptors that other programs use too.
 *
 * O_NONBLOCK belongs to the open file, not to the descriptor: set on a standard stream
 * it breaks the shell that started us, and whoever shares the pipe. So a tty or a pipe
 * is opened a second time through /proc, which gives an open file of our own. The
 * master side of a pseudo-terminal must not be: opening it makes another terminal.
 *
 * SIGPIPE is held back around the write and taken off the queue again, instead of being
 * ignored for the whole process, which is not the library's to decide. */
#include "linux_impl.h"

#include "microkernel/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool is_terminal_master(int fd) {
    int number;
    return ioctl(fd, TIOCGPTN, &number) == 0;
}

int linux__reopen_nonblocking(int fd, int flags) {
    struct stat facts;
    if (fstat(fd, &facts) != 0) return -1;
    bool is_tty = S_ISCHR(facts.st_mode) && isatty(fd) && !is_terminal_master(fd);
    if (!is_tty && !S_ISFIFO(facts.st_mode)) return -1;
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Writes with SIGPIPE blocked; one that was waiting before stays waiting. */
static ssize_t write_quietly(int fd, const void *bytes, size_t size) {
    sigset_t pipe_signal;
    sigset_t before;
    sigset_t pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigemptyset(&pending);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t put = write(fd, bytes, size);
    int problem = errno;
    if (put < 0 && problem == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
        static const struct timespec at_once = {0, 0};
        while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR)
            continue;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = problem;
    return put;
}

int linux__write(int fd, const void *bytes, size_t size) {
    if (size > INT_MAX) size = INT_MAX;
    for (;;) {
        ssize_t put = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0 && errno == ENOTSOCK) put = write_quietly(fd, bytes, size);
        if (put >= 0) return (int)put;
        if (errno != EINTR) return linux__error_of(errno);
    }
}
