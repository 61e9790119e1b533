/* SPDX-License-Identifier: Apache-2.0 */
/* debug_out.h - where log lines go when nobody else takes them: standard error, a UART.
 *
 * On the sim platform the bytes are kept for the test to read. */
#ifndef MK_PORT_DEBUG_OUT_H
#define MK_PORT_DEBUG_OUT_H

#include <stddef.h>

/* Write as many of the bytes as can be taken without waiting. Returns how many of them
 * are done with, 0..size: offer the rest again later. Where there is no such output, or
 * it is broken (no reader, a full disk), all are: they are lost, and waiting would not
 * help. Never blocks, and leaves the mode of a descriptor that is shared with other
 * programs as it is. The loop's thread. */
size_t port_debug_write(const char *bytes, size_t size);

/* The same for a handle of the platform, -1 for its standard output: what guests print.
 * On the sim platform the bytes are kept with those of the debug output. */
size_t port_print(int handle, const char *bytes, size_t size);

#endif
