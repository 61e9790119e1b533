/* SPDX-License-Identifier: Apache-2.0 */
/* bound.h - what this machine could do: the workloads of ours.h written by hand.
 *
 * Behaviours behind function pointers, a queue through the messages, a queue through
 * the actors, free lists. No ids, limits, senders, counters, timers' owners,
 * supervision or loop: nothing that a runtime needs and a benchmark does not. Each
 * function is a workload of measure.h and costs what its namesake in ours.h costs
 * there. */
#ifndef MK_BENCH_BOUND_H
#define MK_BENCH_BOUND_H

#include <stdint.h>

double bound_pingpong(uint64_t count);
double bound_ring(uint64_t count);
double bound_fanin(uint64_t count);
double bound_stream(uint64_t count);
double bound_payload64(uint64_t count);
double bound_payload1k(uint64_t count);
double bound_spawn(uint64_t count);
double bound_timers(uint64_t count);
double bound_idle_bytes(uint64_t count);
double bound_left_bytes(uint64_t count);

#endif
