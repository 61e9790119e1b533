/* SPDX-License-Identifier: Apache-2.0 */
/* sim_impl.h - what the files of the simulated platform share.
 *
 * There is one world per process because a test is one program with one story; that is
 * also why its state may be static, unlike anywhere in src/. Every module keeps its own
 * part of it, behind the one lock declared here. */
#ifndef MK_PLATFORM_SIM_IMPL_H
#define MK_PLATFORM_SIM_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- sim_thread_posix.c, or bare/sim_thread_none.c where nothing is concurrent --- */

/* The lock around all state of the world. Not recursive; held for moments only, and
 * never while a callback runs. Functions whose name ends in _locked want it held. */
void sim__lock(void);
void sim__unlock(void);

/* True while a thread of port_thread_start may still do something by itself: its
 * function has not returned, and it does not sleep in port_lock_wait. */
bool sim__threads_busy_locked(void);

/* Really sleep until sim__rouse_locked, or, `briefly`, for a millisecond at most. Lets
 * go of the lock meanwhile. */
void sim__sleep_locked(bool briefly);

/* Wake all sleepers of sim__sleep_locked. */
void sim__rouse_locked(void);

/* Threads off; none may be running. */
void sim__threads_reset(void);

/* --- sim_world.c --- */

/* Count a fallible port call; true: this one has to fail. Takes the lock. */
bool sim__port_fails(void);

/* Next number of the stream `state`, any of 2^64. */
uint64_t sim__random_next(uint64_t *state);

/* A number that only the arguments decide. */
uint64_t sim__mix(uint64_t a, uint64_t b, uint64_t c);

/* --- sim_clock.c --- */

uint64_t sim__now_locked(void);

/* When the next scheduled event comes; UINT64_MAX: never. */
uint64_t sim__next_event_locked(void);

/* Move to `target_ns` (or stay, when that is past), letting all events up to then
 * happen in order. Lets go of the lock while one does. */
void sim__advance_to_locked(uint64_t target_ns);

/* Schedule a readiness; as sim_handle_set_ready_at. Takes no lock. */
int sim__schedule_ready_locked(int handle, uint32_t events, uint64_t at_ns);

/* Forget the scheduled readiness of a handle. */
void sim__unschedule_locked(int handle);

void sim__clock_reset(uint64_t seed);

/* --- sim_handle.c --- */

/* Handles 0, 1 and SIM_RESIZE_HANDLE are the terminal's: always open. */
enum { SIM_RESIZE_HANDLE = 2, SIM_FIRST_HANDLE = 3 };

typedef struct {
    uint32_t ready; /* PORT_POLL_... bits that hold */
    bool is_open;   /* false: a free number */
    bool is_plain;  /* cannot be waited for */
} sim_handle_t;

/* The open handle with this number, or NULL. */
sim_handle_t *sim__handle_find_locked(int handle);

/* Change what holds; unknown handles are ignored. */
void sim__handle_set_ready_locked(int handle, uint32_t events);

void sim__handles_reset(void);

/* --- sim_poller.c --- */

/* Make all pollers forget `handle`, or every handle (-1). */
void sim__pollers_forget_locked(int handle);

void sim__pollers_reset(uint64_t seed);

/* --- the rest --- */

void sim__random_reset(uint64_t seed);
void sim__facts_reset(void);
void sim__debug_reset(void);
void sim__files_reset(uint64_t seed);
void sim__terminal_reset(void);
void sim__net_reset(uint64_t seed); /* before the handles */
void sim__dns_reset(void);

#endif
