/* SPDX-License-Identifier: Apache-2.0 */
/* measure.h - one measurement: a workload in a fresh process on one core.
 *
 * Time is processor time, so that neighbours on a busy machine and the sleep of a loop
 * without work do not count. What neighbours do to the caches still shows; whoever
 * compares takes the best of several measurements, alternating between the rivals. */
#ifndef MK_BENCH_MEASURE_H
#define MK_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A workload does `count` operations and returns what they cost: processor seconds or
 * bytes. It ends the process (see give_up) when an operation failed. */
typedef double (*workload_fn)(uint64_t count);

/* Run in a fresh process pinned to one core, the same for all. False: it failed; a line
 * on stderr says how. */
bool measure_fresh(workload_fn workload, uint64_t count, double *result);

/* Processor seconds this process has used. */
double cpu_seconds(void);

/* Bytes of this process in memory. */
double resident_bytes(void);

/* End the process with a line on stderr: `what` failed. */
_Noreturn void give_up(const char *what);

/* Go on only if `is_true`. */
static inline void must(bool is_true, const char *what) {
    if (!is_true) give_up(what);
}

#endif
