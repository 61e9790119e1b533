/* SPDX-License-Identifier: Apache-2.0 */
/* loopback.h - the serial line connected with itself, for tests of its two ends.
 *
 * What a test prints would come back as input as well, so a failed check must not meet
 * an open loop: close it before checking what was found out. */
#ifndef MK_QEMU_RISCV32_LOOPBACK_H
#define MK_QEMU_RISCV32_LOOPBACK_H

#include "virt_impl.h"

static inline void loopback_open(void) {
    virt__uart_await_room(); /* what was printed before is on its way out */
    virt__uart_set_loopback(true);
}

static inline void loopback_close(void) {
    virt__uart_await_room();
    virt__uart_set_loopback(false);
}

/* Send to ourselves. */
static inline void loopback_type(const char *bytes, size_t size) {
    loopback_open();
    size_t done = 0;
    while (done < size) {
        done += virt__uart_write((const uint8_t *)bytes + done, size - done, false);
        virt__uart_await_room();
    }
    loopback_close();
}

/* Take what was received and not read. */
static inline void loopback_drain(void) {
    uint8_t byte;
    while (virt__uart_read(&byte, 1) == 1)
        continue;
}

#endif
