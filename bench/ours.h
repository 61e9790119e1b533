/* SPDX-License-Identifier: Apache-2.0 */
/* ours.h - the workloads, on the runtime through its public interface only.
 *
 * Each function is a workload of measure.h. Messages carry 8 bytes unless the name says
 * otherwise. */
#ifndef MK_BENCH_OURS_H
#define MK_BENCH_OURS_H

#include <stdint.h>

/* Processor seconds for `count` messages: */
double ours_pingpong(uint64_t count);  /* one, to and fro between two actors */
double ours_ring(uint64_t count);      /* one, around 1 000 actors */
double ours_fanin(uint64_t count);     /* from 1 000 actors to one, by 100 a turn */
double ours_stream(uint64_t count);    /* from one actor to one, by 100 a turn */
double ours_payload64(uint64_t count); /* the same, each with a copy of 64 bytes */
double ours_payload1k(uint64_t count); /* the same, each with a copy of 1 KiB */

/* Processor seconds for `count` actors, spawned by one actor 1 000 a turn; each gets a
 * message and ends. */
double ours_spawn(uint64_t count);

/* Processor seconds for `count` timers of 1 to 1 000 ms, armed in one turn by one
 * actor, which then gets a message from each. */
double ours_timers(uint64_t count);

/* Bytes of memory that `count` actors without state take while they wait. */
double ours_idle_bytes(uint64_t count);

/* Bytes of memory still taken after `count` actors that lived at once got a message
 * each and ended. */
double ours_left_bytes(uint64_t count);

#endif
