/* SPDX-License-Identifier: Apache-2.0 */
/* keygen.c - see keygen.h. The file is made by this process or not at all (O_EXCL), so
 * the key is never in a file that others hold open, and no key is ever lost. */
#include "keygen.h"

#include "base/hex.h"
#include "microkernel/error.h"
#include "microkernel/mount.h"
#include "microkernel/shell.h"
#include "port/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_SIZE = 2 * MK_KEY_SIZE + 1 }; /* digits and a line end */

static int fail(const char *path, const char *why) {
    fprintf(stderr, "mk-shell: keygen: %s: %s\n", path, why);
    return SHELL_FAILED;
}

/* All of it, on the disk. */
static bool write_line(int fd, const char *line) {
    size_t done = 0;
    while (done < LINE_SIZE) {
        ssize_t put = write(fd, line + done, LINE_SIZE - done);
        if (put < 0 && errno != EINTR) return false;
        if (put > 0) done += (size_t)put;
    }
    return fchmod(fd, S_IRUSR | S_IWUSR) == 0 && fsync(fd) == 0;
}

int keygen(int argc, char **argv) {
    uint8_t key[MK_KEY_SIZE];
    char line[LINE_SIZE + 1];
    if (argc != 2 || argv[1][0] == '-' || argv[1][0] == '\0') {
        fputs("Usage: mk-shell keygen FILE\n"
              "Writes a new cluster key to FILE (mode 0600), which must not exist.\n"
              "Give every node a copy: mk-shell --key FILE\n",
              stderr);
        return SHELL_USAGE;
    }
    const char *path = argv[1];
    if (port_random_fill(key, sizeof key) != MK_OK)
        return fail(path, "no source of chance");
    (void)hex_encode(key, sizeof key, line, sizeof line);
    line[LINE_SIZE - 1] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 && errno == EEXIST)
        return fail(path, "is there already; a key is never overwritten");
    if (fd < 0) return fail(path, strerror(errno));
    bool is_written = write_line(fd, line);
    int problem = errno;
    if (close(fd) != 0 && is_written) {
        is_written = false;
        problem = errno;
    }
    if (is_written) return SHELL_OK;
    (void)unlink(path); /* half a key is none */
    return fail(path, strerror(problem));
}
