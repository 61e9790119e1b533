/* SPDX-License-Identifier: Apache-2.0 */
/* main_mover.c - tests/wasm/snapshot/mover.c on this machine; its files are the host's,
 * by semihosting.
 *
 * Source: Semihosting for AArch32 and AArch64 (ARM), 6.11 (SYS_OPEN), 6.2 (SYS_CLOSE),
 * 6.14 (SYS_READ), 6.18 (SYS_WRITE). */
#include "../virt_impl.h"
#include "arguments.h"
#include "wasm/snapshot/mover.h"

#include <string.h>

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE = 0x05, SYS_READ = 0x06 };
enum { MODE_READ = 1, MODE_WRITE = 5 }; /* "rb", "wb" */

static int open_file(const char *path, uint32_t mode) {
    struct {
        const char *path;
        uint32_t mode;
        uint32_t size;
    } block = {path, mode, strlen(path)};
    return virt__ask_host(SYS_OPEN, &block);
}

/* How many bytes were not read or written: the host says that. */
static uint32_t transfer(int operation, int handle, const void *bytes, size_t size) {
    struct {
        int handle;
        const void *bytes;
        size_t size;
    } block = {handle, bytes, size};
    uint32_t left = (uint32_t)virt__ask_host(operation, &block);
    return left < size ? left : size;
}

static bool close_file(int handle) {
    return virt__ask_host(SYS_CLOSE, &handle) == 0;
}

size_t mover_read(const char *path, uint8_t *bytes, size_t cap) {
    int handle = open_file(path, MODE_READ);
    if (handle < 0) return 0;
    size_t size = cap - transfer(SYS_READ, handle, bytes, cap);
    (void)close_file(handle);
    return size;
}

bool mover_write(const char *path, const uint8_t *bytes, size_t size) {
    int handle = open_file(path, MODE_WRITE);
    if (handle < 0) return false;
    uint32_t left = transfer(SYS_WRITE, handle, bytes, size);
    return close_file(handle) && left == 0;
}

int main(void) {
    char *argv[ARGUMENTS_MAX + 1];
    int argc = arguments_read("mover", argv);
    return mover_run(argc, argv);
}
