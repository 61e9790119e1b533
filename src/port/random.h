/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - unpredictable bytes (on the sim platform: from its seed). Any thread. */
#ifndef MK_PORT_RANDOM_H
#define MK_PORT_RANDOM_H

#include <stddef.h>

/* Fill `bytes`. MK_OK, or MK_EIO when the platform has no source (then the bytes are
 * zero). */
int port_random_fill(void *bytes, size_t size);

#endif
