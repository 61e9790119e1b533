/* SPDX-License-Identifier: Apache-2.0 */
/* debug_out.c - standard error, without ever waiting for its reader.
 *
 * A tty or a pipe is written through an open file of our own (descriptors.c). It is
 * made at the first write, made again when standard error has become something else,
 * and lives as long as the process. Where the system gives none, as for the terminal of
 * another user, the write is kept so small that it cannot block while poll(2) promises
 * room: a pipe then has PIPE_BUF bytes, a tty more than TTY_PIECE.
 *
 * Its state is static because standard error is the process's. */
#include "linux_impl.h"

#include "microkernel/error.h"
#include "port/debug_out.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TTY_PIECE = 256, /* a tty with room has a buffer of at least twice this */
    ROOM_OR_BROKEN = POLLOUT | POLLERR | POLLHUP /* a write does not wait */
};

static struct {
    int fd;       /* our own way to standard error */
    bool is_open; /* `fd` is one */
    dev_t device; /* what standard error was then */
    ino_t inode;
} own;

static bool is_same(const struct stat *facts) {
    return own.is_open && own.device == facts->st_dev && own.inode == facts->st_ino;
}

/* Our own descriptor for what standard error is now, or -1. */
static int own_descriptor(const struct stat *facts) {
    if (is_same(facts)) return own.fd;
    if (own.is_open) close(own.fd);
    own.fd = linux__reopen_nonblocking(STDERR_FILENO, O_WRONLY);
    own.is_open = own.fd >= 0;
    own.device = facts->st_dev;
    own.inode = facts->st_ino;
    return own.fd;
}

/* What a broken output will never take counts as taken: nobody needs to wait for it. */
static size_t write_all(int fd, const char *bytes, size_t size, size_t piece_max) {
    size_t done = 0;
    while (done < size) {
        if (piece_max != 0) {
            struct pollfd room = {fd, POLLOUT, 0};
            if (poll(&room, 1, 0) != 1 || (room.revents & ROOM_OR_BROKEN) == 0) break;
        }
        size_t piece = size - done;
        if (piece_max != 0 && piece > piece_max) piece = piece_max;
        int put = linux__write(fd, bytes + done, piece);
        if (put < 0 && put != MK_EAGAIN) return size;
        if (put <= 0) break;
        done += (size_t)put;
    }
    return done;
}

size_t port_debug_write(const char *bytes, size_t size) {
    struct stat facts;
    if (fstat(STDERR_FILENO, &facts) != 0) return size;
    bool is_fifo = S_ISFIFO(facts.st_mode);
    if (is_fifo || (S_ISCHR(facts.st_mode) && isatty(STDERR_FILENO))) {
        int fd = own_descriptor(&facts);
        if (fd >= 0) return write_all(fd, bytes, size, 0);
        return write_all(STDERR_FILENO, bytes, size, is_fifo ? PIPE_BUF : TTY_PIECE);
    }
    return write_all(STDERR_FILENO, bytes, size, 0);
}

/* What is shared with others is written in pieces that have room. */
size_t port_print(int handle, const char *bytes, size_t size) {
    struct stat facts;
    int fd = handle >= 0 ? handle : STDOUT_FILENO;
    if (fstat(fd, &facts) != 0) return 0;
    if (S_ISREG(facts.st_mode)) return write_all(fd, bytes, size, 0);
    return write_all(fd, bytes, size, S_ISCHR(facts.st_mode) ? TTY_PIECE : PIPE_BUF);
}
