/* SPDX-License-Identifier: Apache-2.0 */
/* address.h - internet addresses as text. Pure. */
#ifndef MK_NET_ADDRESS_H
#define MK_NET_ADDRESS_H

#include "base/text.h"
#include "port/sockets.h"

enum { ADDRESS_TEXT_MAX = 64 }; /* bytes of the longest text with its NUL */

/* Read "127.0.0.1", "::1", "[::1]" or "fe80::1%2" (RFC 4291, numeric scope). IPv4 is
 * four decimal numbers without leading zeros, as inet_pton has it. MK_OK or MK_EINVAL
 * (it is a name, or nothing). */
int address_parse(text_t text, uint16_t port, port_address_t *address);

/* "127.0.0.1:80" or "[::1]:80" (RFC 5952); without the port: "127.0.0.1", "::1". "?"
 * for family NONE. Cut to `cap`, always ends in NUL. Returns `text`. */
const char *address_format(const port_address_t *address, char *text, size_t cap);
const char *address_format_host(const port_address_t *address, char *text, size_t cap);

/* 127.0.0.1, ::1, and everywhere (both families). */
port_address_t address_loopback(uint16_t port);
port_address_t address_loopback6(uint16_t port);
port_address_t address_any(uint16_t port);

/* Whether nobody outside this machine can be there. */
bool address_is_loopback(const port_address_t *address);

/* Same family, bytes, port and scope. */
bool address_equals(const port_address_t *a, const port_address_t *b);

#endif
