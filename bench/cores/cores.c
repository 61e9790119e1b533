/* SPDX-License-Identifier: Apache-2.0 */
/* cores.c - WORKLOAD SECONDS: does the work of about so many seconds and prints how
 * many operations a second that were; --quick does a little of everything, as a test.
 * What is compared with what stands in bench/ipc/run.sh. */
#include "bound.h"
#include "measure.h"
#include "ours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    workload_fn run;
    double rate; /* operations in a second of a slow machine */
} workload_t;

static const workload_t workloads[] = {
    {"ring_rtt", ours_ring_rtt, 2e4},        {"bare_rtt", bound_ring_rtt, 2e4},
    {"ring_stream", ours_ring_stream, 5e6},  {"link_stream", ours_link_stream, 1e7},
    {"bare_stream", bound_ring_stream, 2e7}, {"one_pairs", one_pairs, 1e7},
    {"two_pairs", two_pairs, 1e7},           {"one_fanin", one_fanin, 1e7},
    {"two_fanin", two_fanin, 1e7},
};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

static uint64_t count_for(const workload_t *workload, double seconds) {
    uint64_t count = (uint64_t)(workload->rate * seconds) / 2000 * 2000;
    return count > 0 ? count : 2000;
}

static int try_all(void) {
    unsigned passed = 0, failed = 0;
    for (size_t i = 0; i < WORKLOADS; i++) {
        double cost;
        bool works =
            measure_fresh(workloads[i].run, count_for(&workloads[i], 0.001), &cost);
        if (!works) fprintf(stderr, "bench: %s failed\n", workloads[i].name);
        works ? passed++ : failed++;
    }
    printf("bench/cores: %u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--quick") == 0) return try_all();
    double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
    for (size_t i = 0; i < WORKLOADS && seconds > 0; i++) {
        if (strcmp(argv[1], workloads[i].name) != 0) continue;
        uint64_t count = count_for(&workloads[i], seconds);
        printf("%.0f\n", (double)count / workloads[i].run(count));
        return 0;
    }
    fprintf(stderr, "usage: %s WORKLOAD SECONDS\nworkloads:", argv[0]);
    for (size_t i = 0; i < WORKLOADS; i++)
        fprintf(stderr, " %s", workloads[i].name);
    fputs("\n", stderr);
    return 2;
}
