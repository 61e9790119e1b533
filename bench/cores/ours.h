/* SPDX-License-Identifier: Apache-2.0 */
/* ours.h - the workloads on two runtimes of a group, and on one. */
#ifndef MK_BENCH_CORES_OURS_H
#define MK_BENCH_CORES_OURS_H

#include <stdint.h>

/* Two actors on two runtimes: messages to and fro (seconds on the wall), and a stream
 * with a window of acknowledgements; a stream between the ends of a link, without
 * actors. Processor seconds of the thread that used most. */
double ours_ring_rtt(uint64_t count);
double ours_ring_stream(uint64_t count);
double ours_link_stream(uint64_t count);

/* Likewise: `count` messages on one runtime, and
 * on two. */
double one_pairs(uint64_t count);
double two_pairs(uint64_t count);
double one_fanin(uint64_t count);
double two_fanin(uint64_t count);

#endif
