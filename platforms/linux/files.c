/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - files whose state after a power cut is known.
 *
 * Replacing writes a file beside the old one and renames it; the name in a folder is as
 * perishable as the content of a file, so the folder is synchronised as well whenever a
 * name was made, changed or taken away. The new file's name is random and it is created
 * exclusively: a name that could be foreseen might be a link that somebody put there. A
 * crash in the middle leaves that file (".mk-<16 digits>.tmp") behind; nothing ever
 * reads it. Overwriting in place was no choice, since no system writes a whole file in
 * one step. */
#include "linux_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/files.h"
#include "port/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FIRST_READ_SIZE = 4096, /* when a file does not tell its size, as those of /proc */
    TEMPORARY_TRIES = 8     /* names tried; two random ones do not meet by chance */
};

static int open_file(const char *path, int flags) {
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, S_IRUSR | S_IWUSR);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* Returns the bytes read, 0 at the end, or -1 and errno. */
static ssize_t read_some(int fd, void *bytes, size_t size) {
    ssize_t got;
    do {
        got = read(fd, bytes, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

static int write_all(int fd, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    while (size > 0) {
        ssize_t put = write(fd, at, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return linux__error_of(errno);
        at += put;
        size -= (size_t)put;
    }
    return MK_OK;
}

/* Some file systems cannot synchronise what they keep safe by other means; they say
 * EINVAL. */
static int sync_with(int (*sync_fd)(int fd), int fd) {
    int result;
    do {
        result = sync_fd(fd);
    } while (result < 0 && errno == EINTR);
    return result == 0 || errno == EINVAL ? MK_OK : linux__error_of(errno);
}

/* Bytes of `path` up to and with its last '/'; 0 when it has none. */
static size_t folder_size(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

/* Make the names in the folder of `path` durable. */
static int sync_folder_of(const char *path) {
    size_t size = folder_size(path);
    char *folder = mk_alloc(size + 2);
    if (folder == NULL) return MK_ENOMEM;
    memcpy(folder, path, size);
    memcpy(folder + size, size > 0 ? "" : ".", size > 0 ? 1 : 2);
    int fd = open_file(folder, O_RDONLY | O_DIRECTORY);
    int result = fd >= 0 ? sync_with(fsync, fd) : linux__error_of(errno);
    if (fd >= 0) close(fd);
    mk_free(folder);
    return result;
}

/* --- reading --- */

static size_t first_cap(int fd, size_t max_size) {
    struct stat facts;
    size_t cap = FIRST_READ_SIZE;
    if (fstat(fd, &facts) == 0 && facts.st_size > 0)
        cap = (uint64_t)facts.st_size < max_size ? (size_t)facts.st_size : max_size;
    return cap < SIZE_MAX ? cap + 1 : cap; /* one more shows that the end was reached */
}

/* Reads to the end, into a block that grows. */
static int read_open(int fd, size_t max_size, void **bytes_out, size_t *size_out) {
    size_t cap = first_cap(fd, max_size);
    size_t size = 0;
    unsigned char *bytes = mk_alloc(cap);
    int result = bytes != NULL ? MK_OK : MK_ENOMEM;
    while (result == MK_OK) {
        ssize_t got = read_some(fd, bytes + size, cap - size);
        if (got == 0) break;
        if (got < 0) {
            result = linux__error_of(errno);
        } else if ((size += (size_t)got) > max_size) {
            result = MK_ETOOBIG;
        } else if (size == cap) {
            size_t more = cap <= SIZE_MAX / 2 ? cap * 2 : SIZE_MAX;
            unsigned char *grown = more > cap ? mk_realloc(bytes, more) : NULL;
            if (grown == NULL) {
                result = MK_ENOMEM;
            } else {
                bytes = grown;
                cap = more;
            }
        }
    }
    if (result < 0) {
        mk_free(bytes);
        return result;
    }
    *bytes_out = bytes;
    *size_out = size;
    return MK_OK;
}

int port_file_read(const char *path, size_t max_size, void **bytes_out,
                   size_t *size_out) {
    if (path[0] == '\0') return MK_EINVAL;
    int fd = open_file(path, O_RDONLY);
    if (fd < 0) return linux__error_of(errno);
    int result = read_open(fd, max_size, bytes_out, size_out);
    close(fd);
    return result;
}

/* --- a part of it --- */

static int read_part_open(int fd, uint64_t offset, void *bytes, size_t size,
                          port_file_facts_t *facts) {
    struct stat found;
    if (fstat(fd, &found) != 0) return linux__error_of(errno);
    if (!S_ISREG(found.st_mode)) return MK_EPERM;
    facts->size = (uint64_t)found.st_size;
    facts->changed_s = (uint64_t)found.st_mtim.tv_sec;
    facts->is_private = (found.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    facts->version = ((uint64_t)found.st_mtim.tv_sec << 30) ^
                     (uint64_t)found.st_mtim.tv_nsec ^ ((uint64_t)found.st_ino << 40);
    size_t done = 0;
    while (done < size) {
        ssize_t got =
            pread(fd, (char *)bytes + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return linux__error_of(errno);
        if (got == 0) break;
        done += (size_t)got;
    }
    return (int)done;
}

int port_file_read_part(const char *path, uint64_t offset, void *bytes, size_t size,
                        port_file_facts_t *facts) {
    if (path[0] == '\0' || offset > (uint64_t)INT64_MAX - size || size > INT_MAX)
        return MK_EINVAL;
    int fd = open_file(path, O_RDONLY | O_NONBLOCK); /* a pipe must not hang it */
    if (fd < 0) return linux__error_of(errno);
    int result = read_part_open(fd, offset, bytes, size, facts);
    close(fd);
    return result;
}

/* --- appending --- */

/* Opening for writing must not hang on a pipe without a reader; what is opened has to
 * be a plain file. `*is_new` tells that a name was made. */
static int open_for_append(const char *path, bool *is_new) {
    const int flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY;
    *is_new = false;
    int fd = open_file(path, flags);
    if (fd < 0 && errno == ENOENT) {
        fd = open_file(path, flags | O_CREAT);
        *is_new = true;
    }
    return fd;
}

static int append_open(int fd, const void *bytes, size_t size) {
    struct stat facts;
    if (fstat(fd, &facts) != 0) return linux__error_of(errno);
    if (!S_ISREG(facts.st_mode)) return MK_EPERM;
    int result = write_all(fd, bytes, size);
    int synced = sync_with(fdatasync, fd);
    return result < 0 ? result : synced;
}

int port_file_append(const char *path, const void *bytes, size_t size) {
    if (path[0] == '\0') return MK_EINVAL;
    bool is_new;
    int fd = open_for_append(path, &is_new);
    if (fd < 0) return linux__error_of(errno);
    int result = append_open(fd, bytes, size);
    close(fd);
    if (result < 0 || !is_new) return result;
    return sync_folder_of(path);
}

/* --- replacing --- */

/* Writes a new random name in the folder of `path` into `name`, which has room. */
static int make_name(const char *path, char *name, size_t cap) {
    unsigned char random[8];
    int result = port_random_fill(random, sizeof random);
    if (result < 0) return result;
    size_t size = folder_size(path);
    memcpy(name, path, size);
    size += (size_t)snprintf(name + size, cap - size, ".mk-");
    for (size_t i = 0; i < sizeof random; i++)
        size += (size_t)snprintf(name + size, cap - size, "%02x", random[i]);
    snprintf(name + size, cap - size, ".tmp");
    return MK_OK;
}

/* Opens a file that was not there, with its name in `name`. Returns the descriptor or a
 * code. */
static int create_beside(const char *path, char *name, size_t cap) {
    for (int tries = 0; tries < TEMPORARY_TRIES; tries++) {
        int result = make_name(path, name, cap);
        if (result < 0) return result;
        int fd = open_file(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
        if (fd >= 0) return fd;
        if (errno != EEXIST) return linux__error_of(errno);
    }
    return MK_EIO;
}

static int replace_through(const char *path, char *name, size_t cap, const void *bytes,
                           size_t size) {
    int fd = create_beside(path, name, cap);
    if (fd < 0) return fd;
    int result = write_all(fd, bytes, size);
    if (result == MK_OK) result = sync_with(fsync, fd);
    if (close(fd) != 0 && errno != EINTR && result == MK_OK)
        result = linux__error_of(errno);
    if (result == MK_OK && rename(name, path) != 0) result = linux__error_of(errno);
    if (result < 0) {
        unlink(name);
        return result;
    }
    return sync_folder_of(path);
}

int port_file_replace(const char *path, const void *bytes, size_t size) {
    if (path[0] == '\0') return MK_EINVAL;
    size_t cap = folder_size(path) + sizeof ".mk-0123456789abcdef.tmp";
    char *name = mk_alloc(cap);
    if (name == NULL) return MK_ENOMEM;
    int result = replace_through(path, name, cap, bytes, size);
    mk_free(name);
    return result;
}

/* --- names --- */

int port_file_remove(const char *path) {
    if (path[0] == '\0') return MK_EINVAL;
    if (unlink(path) == 0) return sync_folder_of(path);
    return errno == ENOENT || errno == ENOTDIR ? MK_OK : linux__error_of(errno);
}

/* Makes one folder whose parent is there. */
static int make_folder(const char *path) {
    if (mkdir(path, S_IRWXU) == 0) return sync_folder_of(path);
    int problem = errno;
    struct stat facts;
    if (stat(path, &facts) != 0) return linux__error_of(problem);
    return S_ISDIR(facts.st_mode) ? MK_OK : MK_EEXIST;
}

int port_dir_create(const char *path) {
    size_t size = strlen(path);
    if (size == 0) return MK_EINVAL;
    char *part = mk_alloc(size + 1);
    if (part == NULL) return MK_ENOMEM;
    int result = MK_OK;
    for (size_t i = 1; i <= size && result == MK_OK; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        if (path[i - 1] == '/') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        result = make_folder(part);
    }
    mk_free(part);
    return result;
}

static bool is_plain_file(int folder, const struct dirent *entry) {
    if (entry->d_type != DT_UNKNOWN) return entry->d_type == DT_REG;
    struct stat facts;
    return fstatat(folder, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(facts.st_mode);
}

int port_dir_list(const char *path, bool (*visit)(const char *name, void *ctx),
                  void *ctx) {
    if (path[0] == '\0') return MK_EINVAL;
    struct stat facts;
    if (stat(path, &facts) == 0 && !S_ISDIR(facts.st_mode)) return MK_EPERM;
    DIR *folder = opendir(path);
    if (folder == NULL) return linux__error_of(errno);
    int result = MK_OK;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            if (errno != 0) result = linux__error_of(errno);
            break;
        }
        if (is_plain_file(dirfd(folder), entry) && !visit(entry->d_name, ctx)) break;
    }
    closedir(folder);
    return result;
}
