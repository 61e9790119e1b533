/* SPDX-License-Identifier: Apache-2.0 */
/* address_order.h - in which order the addresses of a host are tried (RFC 6724, section
 * 6), by what a destination and the source that the system would use tell: rules 1, 2,
 * 5, 6, 8 and 9; the others need facts about interfaces that no port tells. Pure. */
#ifndef MK_NET_ADDRESS_ORDER_H
#define MK_NET_ADDRESS_ORDER_H

#include "port/sockets.h"

/* Sort destinations and their sources (family NONE: there is no way there), best first;
 * those of the same rank keep their order. Few: it compares each with each. */
void address_sort(port_address_t *to, port_address_t *from, size_t len);

#endif
