/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - time, as the platform tells it. Any thread; never blocks, never fails. */
#ifndef MK_PORT_CLOCK_H
#define MK_PORT_CLOCK_H

#include <stdint.h>

/* Nanoseconds since a fixed point (boot, or start of the program); never goes back. */
uint64_t port_clock_monotonic_ns(void);

/* Milliseconds since 1970-01-01 UTC; where nobody knows, milliseconds since start. */
uint64_t port_clock_wall_ms(void);

#endif
