/* SPDX-License-Identifier: Apache-2.0 */
/* timer.c - the CLINT: a 64-bit counter and one comparator.
 *
 * The counter starts at 0 when the machine does, so nanoseconds since boot are exact
 * and cannot overflow (2^64 ns are 584 years). Apart from clock.c, because the images
 * of the common tests have these interrupts but the simulated platform's clock. */
#include "virt_impl.h"

#define MTIMECMP_LOW  (VIRT_CLINT + 0x4000u)
#define MTIMECMP_HIGH (VIRT_CLINT + 0x4004u)
#define MTIME_LOW     (VIRT_CLINT + 0xbff8u)
#define MTIME_HIGH    (VIRT_CLINT + 0xbffcu)

enum { NS_PER_TICK = 100 }; /* 10 MHz */

/* Two halves cannot be read at once: read again when the upper one has moved. */
static uint64_t read_ticks(void) {
    uint32_t high;
    uint32_t low;
    do {
        high = virt__read32(MTIME_HIGH);
        low = virt__read32(MTIME_LOW);
    } while (high != virt__read32(MTIME_HIGH));
    return (uint64_t)high << 32 | low;
}

uint64_t virt__now_ns(void) {
    return read_ticks() * NS_PER_TICK;
}

void virt__timer_set(uint64_t deadline_ns) {
    uint64_t ticks = UINT64_MAX;
    if (deadline_ns != UINT64_MAX) {
        /* Rounded up: waking early would only mean going round again. */
        ticks = deadline_ns / NS_PER_TICK;
        if (ticks * NS_PER_TICK < deadline_ns) ticks++;
    }
    /* In between, the comparator must not stand in the past by accident. */
    virt__write32(MTIMECMP_HIGH, UINT32_MAX);
    virt__write32(MTIMECMP_LOW, (uint32_t)ticks);
    virt__write32(MTIMECMP_HIGH, (uint32_t)(ticks >> 32));
}

/* The interrupt is pending for as long as the comparator is in the past. */
void virt__timer_handle(void) {
    virt__timer_set(UINT64_MAX);
}
