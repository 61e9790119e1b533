/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h - where a node's stable name comes from. */
#ifndef MK_PORT_IDENTITY_H
#define MK_PORT_IDENTITY_H

#include <stddef.h>

/* The name a person gave this node (MK_NODE_NAME), or "" when nobody did. The text
 * lives as long as the program. */
const char *port_identity_given_name(void);

/* The id a person gave this node (MK_NODE_ID), or "". */
const char *port_identity_given_id(void);

/* Bytes that are this machine's alone and stay over restarts: host name, MAC address.
 * Returns how many were written, at most `cap`; 0 when there are none. */
size_t port_identity_seed(void *bytes, size_t cap);

/* Short lower-case name of the platform: "linux", "sim", "qemu-riscv32", "esp32". */
const char *port_identity_platform(void);

#endif
