/* SPDX-License-Identifier: Apache-2.0 */
/* files_none.c - no files here: the machine has no disk that would outlive it, and
 * writing through semihosting into the host's folders would not be one. */
#include "microkernel/error.h"
#include "port/files.h"

int port_file_read(const char *path, size_t max_size, void **bytes_out,
                   size_t *size_out) {
    (void)path;
    (void)max_size;
    (void)bytes_out;
    (void)size_out;
    return MK_ENOTSUP;
}

int port_file_read_part(const char *path, uint64_t offset, void *bytes, size_t size,
                        port_file_facts_t *facts) {
    (void)path;
    (void)offset;
    (void)bytes;
    (void)size;
    (void)facts;
    return MK_ENOTSUP;
}

int port_file_append(const char *path, const void *bytes, size_t size) {
    (void)path;
    (void)bytes;
    (void)size;
    return MK_ENOTSUP;
}

int port_file_replace(const char *path, const void *bytes, size_t size) {
    (void)path;
    (void)bytes;
    (void)size;
    return MK_ENOTSUP;
}

int port_file_remove(const char *path) {
    (void)path;
    return MK_ENOTSUP;
}

int port_dir_list(const char *path, bool (*visit)(const char *name, void *ctx),
                  void *ctx) {
    (void)path;
    (void)visit;
    (void)ctx;
    return MK_ENOTSUP;
}

int port_dir_create(const char *path) {
    (void)path;
    return MK_ENOTSUP;
}
