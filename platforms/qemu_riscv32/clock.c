/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - the CLINT's counter, and the real-time clock, which QEMU sets to the time
 * of the host. */
#include "virt_impl.h"

#include "port/clock.h"

#define RTC_TIME_LOW  (VIRT_RTC + 0x00u) /* reading it holds the upper half still */
#define RTC_TIME_HIGH (VIRT_RTC + 0x04u)

#define NS_PER_MS UINT64_C(1000000)

uint64_t port_clock_monotonic_ns(void) {
    return virt__now_ns();
}

uint64_t port_clock_wall_ms(void) {
    uint64_t low = virt__read32(RTC_TIME_LOW);
    uint64_t high = virt__read32(RTC_TIME_HIGH);
    return (high << 32 | low) / NS_PER_MS;
}
