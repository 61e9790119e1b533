/* SPDX-License-Identifier: Apache-2.0 */
/* bound.h - the bare ring: two threads, nothing between them but memory, and an eventfd
 * for who sleeps. */
#ifndef MK_BENCH_CORES_BOUND_H
#define MK_BENCH_CORES_BOUND_H

#include <stdint.h>

double bound_ring_rtt(uint64_t count);
double bound_ring_stream(uint64_t count);

#endif
