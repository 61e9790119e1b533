/* SPDX-License-Identifier: Apache-2.0 */
/* sim_line.h - controls of several machines in one world: hosts, and the lines between
 * them.
 *
 * A host is a number. Sockets and pollers belong to the host that was entered when they
 * were made; a world that knows nothing of hosts is host 0, whose lines are perfect.
 * Lines have two directions with settings of their own, beside those of sim_net.h.
 *
 * A line that is cut is silent: nothing passes and nobody is told. What a stream had
 * sent or sends meanwhile waits, up to its window, and arrives when the line is whole
 * again, as TCP repeats it; ends and resets do, too. Datagrams are lost. */
#ifndef MK_PLATFORM_SIM_LINE_H
#define MK_PLATFORM_SIM_LINE_H

#include "port/sockets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hosts are 0..SIM_HOSTS-1. */
enum { SIM_HOSTS = 8 };

/* Whose code runs from now on; 0 at first. */
void sim_host_enter(unsigned host);
unsigned sim_host_entered(void);

/* This address (whatever its port) is the host's: it connects from there, and who
 * connects to it uses the line to this host, listener or not. At first nobody's. */
void sim_host_set_address(unsigned host, const port_address_t *address);

/* A loop of this host has something to do: a descriptor that it waits for is ready, or
 * it was woken. */
bool sim_host_is_ready(unsigned host);

/* The host's programs are killed: its streams are reset, as a system does that goes on
 * living, and what they had not sent is lost. Its handles stay until they are closed.
 */
void sim_host_kill(unsigned host);

/* The host loses its power: its streams are gone without a word, what was on its way
 * from it is lost, and its lines are silent until the power is back; then who still
 * sends to it is told of a reset. */
void sim_host_set_power(unsigned host, bool is_on);

typedef struct {
    uint64_t delay_ns;    /* under way */
    uint64_t jitter_ns;   /* and up to that much longer, as the seed chooses; streams
                             overtake each other, the bytes of one do not */
    uint64_t bytes_per_s; /* 0: no bound */
} sim_line_t;

/* How bytes travel from one host to another from now on. */
void sim_line_set(unsigned from, unsigned to, sim_line_t line);

/* Cut or mend one direction. */
void sim_line_cut(unsigned from, unsigned to, bool is_cut);

/* Reset all streams between two hosts, from the middle of the network. Returns how many
 * there were. */
size_t sim_line_reset(unsigned a, unsigned b);

#endif
