/* SPDX-License-Identifier: Apache-2.0 */
/* debug_out.c - the UART: there is no other line. */
#include "virt_impl.h"

#include "port/debug_out.h"

size_t port_debug_write(const char *bytes, size_t size) {
    return virt__uart_write((const uint8_t *)bytes, size, virt__output_is_tty());
}

size_t port_print(int handle, const char *bytes, size_t size) {
    (void)handle;
    return port_debug_write(bytes, size);
}
