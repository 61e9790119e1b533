/* SPDX-License-Identifier: Apache-2.0 */
/* cores.c - what several cores bring: rings against a bare one, two runtimes against
 * one. */
#include "bound.h"
#include "ours.h"
#include "report.h"

/* The goals stand here and nowhere else. */
static const line_t lines[] = {
    {"ipc_ring_rtt", "to an actor on another core and back", FIGURE_RATE, ours_ring_rtt,
     bound_ring_rtt, 20000, 9, 0.50,
     "at most twice a bare ring that sleeps and wakes alike"},
    {"ipc_ring_stream", "one actor to one on another core", FIGURE_RATE,
     ours_ring_stream, bound_ring_stream, 2000000, 9, 0.60,
     "0.6 of the bare ring, or 20 M/s"},
    {"ipc_link_stream", "the same between the ends of a link", FIGURE_RATE,
     ours_link_stream, bound_ring_stream, 2000000, 9, 0.60, "as ipc_ring_stream"},
    {"cores_pairs", "500 pairs on two runtimes, beside one", FIGURE_RATE, two_pairs,
     one_pairs, 2000000, 9, 1.80, "two cores are worth nearly two"},
    {"cores_fanin", "1 000 actors to one on each of two runtimes, beside one",
     FIGURE_RATE, two_fanin, one_fanin, 2000000, 9, 1.80, "as cores_pairs"},
};

int main(int argc, char **argv) {
    return report_run(lines, sizeof lines / sizeof lines[0], argc, argv);
}
