/* SPDX-License-Identifier: Apache-2.0 */
/* actors.c - how near the runtime comes to a hand-written bound. */
#include "bound.h"
#include "ours.h"
#include "report.h"

/* The goals stand here and nowhere else. */
static const line_t lines[] = {
    {"pingpong", "one message to and fro", FIGURE_RATE, ours_pingpong, bound_pingpong,
     1000000, 41, 0.40, "twice the best other runtime on this work (Pony, 0.21)"},
    {"ring", "one message around 1 000 actors", FIGURE_RATE, ours_ring, bound_ring,
     1000000, 41, 0.33, "three times the best other runtime (skynet, 0.11)"},
    {"fanin", "1 000 actors to one", FIGURE_RATE, ours_fanin, bound_fanin, 2000000, 41,
     0.65, "ids, limits, sender and counters may cost half of the bound's time more"},
    {"stream", "one actor to one", FIGURE_RATE, ours_stream, bound_stream, 1000000, 41,
     0.65, "as fanin"},
    {"payload64", "the same, 64 bytes each", FIGURE_RATE, ours_payload64,
     bound_payload64, 1000000, 41, 0.65, "as fanin"},
    {"payload1k", "the same, 1 KiB each", FIGURE_RATE, ours_payload1k, bound_payload1k,
     500000, 41, 0.65, "as fanin"},
    {"spawn", "spawn, one message, stop", FIGURE_RATE, ours_spawn, bound_spawn, 500000,
     21, 0.30, "an actor with id, limits and a clean end in 3 times the bound's time"},
    {"timers", "timers of 1..1 000 ms, armed and fired", FIGURE_RATE, ours_timers,
     bound_timers, 1000000, 33, 0.80,
     "against a bare wheel: owner, id and mailbox must hide behind its cache misses"},
    {"idle_bytes", "an idle actor, all in", FIGURE_BYTES, ours_idle_bytes,
     bound_idle_bytes, 1000000, 3, 128, "two cache lines; the best other takes 554"},
    {"left_bytes", "left of an actor that ended", FIGURE_BYTES, ours_left_bytes,
     bound_left_bytes, 1000000, 3, 4, "memory is given back: 3 % of what it took"},
};

int main(int argc, char **argv) {
    return report_run(lines, sizeof lines / sizeof lines[0], argc, argv);
}
