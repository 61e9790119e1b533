/* SPDX-License-Identifier: Apache-2.0 */
/* sim.h - the platform of the tests: one world per process, and its controls.
 *
 * Time stands still until somebody waits or advances it; what is ready, what fails and
 * in which order equals come is decided by the test and the seed. The same seed and the
 * same calls give the same run. The world allocates through base/alloc.h: what a test
 * creates it destroys, or it ends with sim_reset, which gives everything back.
 *
 * Controls are used by the test's thread; those marked "any thread" also by others. */
#ifndef MK_PLATFORM_SIM_H
#define MK_PLATFORM_SIM_H

#include "port/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- world --- */

/* A new world: time 0, no handles, no sockets, no names, no files, no scheduled events,
 * no terminal bytes, no faults, threads off, and every setting below as it is at first.
 * Pollers that are still open know no handle any more. No thread may be running. */
void sim_reset(uint64_t seed);

/* The seed of this world. */
uint64_t sim_seed(void);

/* --- time --- */

/* Virtual nanoseconds since sim_reset; what port_clock_monotonic_ns tells. Any thread.
 */
uint64_t sim_now_ns(void);

/* Let time pass; events that come due happen in order, each at its own moment. */
void sim_advance(uint64_t ns);

/* What port_clock_wall_ms tells now; it goes on with virtual time. At first
 * 1767225600000, the beginning of 2026. */
void sim_set_wall_ms(uint64_t wall_ms);

/* Call `fn(arg)` when time reaches `at_ns` (at once on the next wait or advance, when
 * that is past), on the thread that waits or advances. Calls of one moment come in an
 * order that the seed chooses. MK_OK or MK_ENOMEM. */
int sim_call_at(uint64_t at_ns, void (*fn)(void *arg), void *arg);

/* When the next scheduled event comes; UINT64_MAX when there is none. */
uint64_t sim_next_event_ns(void);

/* True when a wait without end met a world in which nothing could ever happen: no event
 * is scheduled and no thread is at work. Stays true until sim_reset. */
bool sim_is_stuck(void);

/* Called in every such moment, from within the wait, with no argument kept after
 * sim_reset: the place to end a run that would wait for ever. Without it the wait
 * returns 0, and the 1000th such wait in a row ends the program with a message. */
void sim_on_stuck(void (*fn)(void *arg), void *arg);

/* Several loops on one thread: called by each wait that would let time pass, with the
 * moment up to which; time stands still, and the wait comes back with nothing. `fn`
 * ends the loop (runtime_stop). NULL, as at first: waits let time pass. */
void sim_on_wait(void (*fn)(void *arg, uint64_t deadline_ns), void *arg);

/* --- handles --- */

/* A handle for the poller: not ready at first. The lowest free number >= 3, as a system
 * would do, or MK_ENOMEM. */
int sim_handle_create(void);

/* As sim_handle_create, but it cannot be waited for (a plain file). */
int sim_handle_create_plain(void);

/* Close a handle; pollers forget it, scheduled readiness is dropped. Unknown handles
 * are ignored. */
void sim_handle_destroy(int handle);

/* The bits (PORT_POLL_...) that hold from now on, replacing those before. Unknown
 * handles are ignored. Any thread. */
void sim_handle_set_ready(int handle, uint32_t events);

/* The same when time reaches `at_ns`. MK_OK, MK_EINVAL (unknown handle), MK_ENOMEM. */
int sim_handle_set_ready_at(int handle, uint32_t events, uint64_t at_ns);

/* The bits that hold now; 0 for unknown handles. */
uint32_t sim_handle_ready(int handle);

/* How many pollers wait for this handle, and the bits they asked for together. */
size_t sim_handle_watchers(int handle, uint32_t *interest_out);

/* Handles that exist. */
size_t sim_handle_count(void);

/* --- faults --- */

/* Make the `nth` fallible port call from now on fail (1 = the next), and with
 * `for_ever` all that follow it; 0 switches faults off. These calls count:
 * port_poller_open (NULL) and _add (MK_ENOMEM), port_thread_start (MK_ENOMEM),
 * port_lock_create (NULL), port_random_fill (MK_EIO), all of files.h (MK_EIO),
 * port_terminal_open, _set_raw, _read and _write (MK_EIO), and those that sim_net.h
 * lists. Memory fails through
 * mk_alloc_fail_at. */
void sim_fail_port_at(size_t nth, bool for_ever);

/* True when the fault of the last sim_fail_port_at was reached. */
bool sim_fail_port_hit(void);

/* --- threads --- */

/* False, as at first: port_thread_start answers MK_ENOTSUP and all runs in one order.
 * True: real threads where this build has them. While a thread is at work (not asleep
 * in port_lock_wait), a wait without end and without events really waits for a wake; a
 * wait with something to come gives the thread a moment before it moves the clock.
 * Returns whether the wish holds. */
bool sim_set_threads(bool real);

/* --- facts --- */

/* What port_identity_given_name and _given_id tell; "" at first. Cut to 63 bytes. */
void sim_set_identity(const char *name, const char *id);

/* What port_identity_seed tells, at most 32 bytes; "sim" at first. */
void sim_set_identity_seed(const void *bytes, size_t size);

/* What port_memory_facts tells; all unknown at first. */
void sim_set_memory_facts(const port_memory_facts_t *facts);

/* --- debug output --- */

enum { SIM_DEBUG_SIZE = 4096 }; /* bytes kept; when more come, the older half goes */

/* What port_debug_write got, with a NUL after it; borrowed until the next write. Never
 * NULL. */
const char *sim_debug_shown(size_t *size_out);

/* Forget it. */
void sim_debug_clear(void);

/* Bytes taken from now on before port_debug_write answers 0; SIZE_MAX, as at first: no
 * end. */
void sim_debug_set_room(size_t room_bytes);

#include "sim_files.h"
#include "sim_line.h"
#include "sim_net.h"
#include "sim_terminal.h"

#endif
