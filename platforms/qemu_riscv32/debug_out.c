/* SPDX-License-Identifier: Apache-2.0 */
/* debug_out.c - the serial line, which is all that most machines have; but when it is a
 * pipe (option `output`) QEMU's standard error, so that answers stay apart from log
 * lines.
 *
 * That is semihosting: the machine stands still while QEMU writes.
 *
 * Source: Semihosting for AArch32 and AArch64 (ARM), 6.11 (SYS_OPEN), 6.18 (SYS_WRITE).
 */
#include "virt_impl.h"

#include "port/debug_out.h"

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, MODE_APPEND = 8 };

/* The host's standard error, which is called ":tt" opened for appending; -1: none. */
static int open_host(void) {
    static const char name[] = ":tt";
    struct {
        const char *name;
        uint32_t mode;
        uint32_t size;
    } block = {name, MODE_APPEND, sizeof name - 1};
    return virt__ask_host(SYS_OPEN, &block);
}

/* The host waits itself; what it did not write it never will. */
static size_t write_host(int handle, const char *bytes, size_t size) {
    struct {
        int handle;
        const char *bytes;
        size_t size;
    } block = {handle, bytes, size};
    (void)virt__ask_host(SYS_WRITE, &block);
    return size;
}

size_t port_debug_write(const char *bytes, size_t size) {
    static bool is_known;
    static int handle;
    if (!is_known) {
        is_known = true;
        handle = virt__output_is_tty() ? -1 : open_host();
    }
    if (handle >= 0) return write_host(handle, bytes, size);
    return virt__uart_write((const uint8_t *)bytes, size, virt__output_is_tty());
}

size_t port_print(int handle, const char *bytes, size_t size) {
    (void)handle;
    return port_debug_write(bytes, size);
}
