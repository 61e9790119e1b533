/* SPDX-License-Identifier: Apache-2.0 */
/* sim_net.h - controls of the simulated network.
 *
 * One network per world: every address exists, and who listens at one is found there. A
 * test plays the other side with the calls of port/sockets.h itself, without a runtime,
 * or lets a second runtime do it. Handles are those of sim.h: sim_handle_count counts
 * sockets too.
 *
 * Harsher than a real one on purpose: a reset also throws away what its receiver has
 * not read yet. Nothing here fails; sim_fail_port_at counts these calls as fallible:
 * _connect, _connect_unix, _listen, _listen_unix, _spare, port_udp_open, _accept and
 * port_resolver_open (no memory), port_socket_read and _write (the stream is reset). */
#ifndef MK_PLATFORM_SIM_NET_H
#define MK_PLATFORM_SIM_NET_H

#include "port/sockets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- how bytes travel; these hold for all sockets from now on --- */

/* Nanoseconds that bytes, ends and connects are under way; 0 at first. */
void sim_net_set_delay(uint64_t ns);

/* The most that one read, and one write, moves: 1 is byte by byte; SIZE_MAX at first.
 */
void sim_net_set_read_max(size_t bytes);
void sim_net_set_write_max(size_t bytes);

/* Every read and write moves a part that the seed chooses, up to its most. */
void sim_net_set_random_parts(bool is_random);

/* The first `offset` bytes that each stream reads come by themselves, no read crosses
 * that place; 0, as at first: no such place. */
void sim_net_set_split(size_t offset);

/* Bytes that one end holds before its peer must wait; 65536 at first. */
void sim_net_set_window(size_t bytes);

/* Of 1000 reads, writes and accepts as many say MK_EAGAIN although something is there,
 * as the seed chooses. 0 at first. */
void sim_net_set_hiccups(unsigned per_mille);

/* Of 1000 datagrams as many are lost. 0 at first. */
void sim_net_set_loss(unsigned per_mille);

/* --- what breaks --- */

/* Reset the stream that carries the `nth` byte from now on, counted over all streams,
 * after the bytes before it were sent; 0 takes it back. */
void sim_net_reset_at(uint64_t nth);

/* True when that has happened. */
bool sim_net_reset_hit(void);

/* Reset a stream from the middle of the network: both ends. */
void sim_net_reset(int handle);

/* Sockets and spares that may be open; then MK_ENOMEM. SIZE_MAX at first. */
void sim_net_set_descriptors(size_t max);

typedef enum {
    SIM_ROUTE_OPEN,     /* as at first: connects, or is refused when nobody listens */
    SIM_ROUTE_REFUSE,   /* refused */
    SIM_ROUTE_HOLE,     /* nothing ever comes back */
    SIM_ROUTE_UNREACHED /* no way there */
} sim_route_t;

/* How connecting to an address goes (port 0: any port of it), and how long it takes
 * beyond the delay of the net. MK_OK or MK_ENOMEM. */
int sim_net_set_route(const port_address_t *to, sim_route_t route, uint64_t delay_ns);

/* Where connections of its family come from (port_socket_source); nothing is connected
 * otherwise for it. `is_known` false: there is no way for this family. At first they
 * come from where they go. */
void sim_net_set_source(const port_address_t *from, bool is_known);

/* Connects that were begun, and writes that took something, since sim_reset. */
size_t sim_net_connects(void);
size_t sim_net_writes(void);

/* --- names --- */

/* What the resolver says about a name and family (PORT_FAMILY_...), `delay_ns` after it
 * is asked: `count` addresses, or `code` (MK_ENOENT, MK_EREFUSED, ...) when it is not
 * MK_OK; MK_EAGAIN: silence, so that the resolver gives up after its time. Replaces
 * what was said before; names are compared whole. Unknown ones are MK_ENOENT at once.
 * MK_OK or MK_ENOMEM. */
int sim_dns_set(const char *name, uint8_t family, int code,
                const port_address_t *addresses, size_t count, uint32_t ttl_s,
                uint64_t delay_ns);

/* Questions that were asked since sim_reset. */
size_t sim_dns_questions(void);

#endif
