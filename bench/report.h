/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - compares ours with the bound, line by line, and prints. */
#ifndef MK_BENCH_REPORT_H
#define MK_BENCH_REPORT_H

#include "measure.h"

#include <stddef.h>

/* What a workload's cost is turned into, and which way is better. */
typedef enum {
    FIGURE_RATE, /* millions of operations a second; the goal is the least ratio */
    FIGURE_BYTES /* bytes per operation; the goal is the most bytes */
} figure_kind_t;

typedef struct {
    const char *name; /* of the line */
    const char *what; /* for people */
    figure_kind_t kind;
    workload_fn ours;
    workload_fn bound;
    uint64_t count;  /* operations in one measurement */
    unsigned rounds; /* measurements of each, in turn; report.c says what counts */
    double goal;     /* see kind */
    const char *why; /* this goal */
} line_t;

/* Measure and print the lines that the arguments ask for:
 *   --tsv    name, value, unit, bound, ratio, separated by tabs
 *   --quick  a thousandth of the work, once: shows that all of it works
 *   --goals  the goals and their reasons; measures nothing
 *   NAME     only these lines
 * Returns the exit code: 0, 1 when a workload failed, 2 for a usage error. A missed
 * goal is marked in the table and is no failure. */
int report_run(const line_t *lines, size_t line_count, int argc, char **argv);

#endif
