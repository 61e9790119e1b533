/* SPDX-License-Identifier: Apache-2.0 */
/* threads.h - two threads on two cores, and what their work cost. */
#ifndef MK_BENCH_CORES_THREADS_H
#define MK_BENCH_CORES_THREADS_H

#include <stddef.h>

/* Put the calling thread on a core of its own, number `index` of those there are. */
void pin_to_core(size_t index);

/* Seconds on the clock of the wall, and processor seconds of the calling thread. */
double wall_seconds(void);
double thread_seconds(void);

/* Of the seconds of two threads those of the one that had more to do: on a machine that
 * is busy with other things too, what the wall would show without them. */
static inline double larger(const double spent[2]) {
    return spent[1] > spent[0] ? spent[1] : spent[0];
}

/* Run both functions, each on its own thread and core; returns when both have. */
void run_two(void (*first)(void *arg), void (*second)(void *arg), void *arg);

#endif
