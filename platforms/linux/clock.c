/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - CLOCK_MONOTONIC, not CLOCK_BOOTTIME: time in which the machine sleeps does
 * not let timers run out all at once when it wakes. */
#include "linux_impl.h"

#include "port/clock.h"

#include <time.h>

static struct timespec read_clock(clockid_t clock) {
    struct timespec now = {0, 0};
    clock_gettime(clock, &now); /* fails only for unknown clocks */
    return now;
}

uint64_t port_clock_monotonic_ns(void) {
    struct timespec now = read_clock(CLOCK_MONOTONIC);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t port_clock_wall_ms(void) {
    struct timespec now = read_clock(CLOCK_REALTIME);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}
