/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand random worlds, and the proof that a fault in one would be seen.
 *
 * As a program: `test_world tell SEED` prints the world of a seed step by step,
 * `test_world hunt FIRST COUNT` looks through more seeds than the tests do. */
#if !defined(TEST_NO_MAIN)
#define TEST_NO_MAIN /* the table's main knows no `tell` */
#define WORLD_IS_PROGRAM
#endif

#include "scenario/world.h"

#include "microkernel/limits.h"
#include "support/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A chip is slow, and so is a build that watches for data races, of which a world of
 * one thread has none. */
enum { IS_LARGE = MK_SLAB_BYTES >= 65536 };
#if defined(__SANITIZE_THREAD__)
enum { SEEDS = 100 };
#else
enum { SEEDS = IS_LARGE ? 1000 : 25 };
#endif

static void run_seed(uint64_t seed, world_report_t *sum) {
    world_report_t report = world_run(seed, OBSERVER_HONEST, false);
    if (report.failure != NULL) {
        printf("seed %lu: %s\n  step by step: ./dev replay %lu\n", (unsigned long)seed,
               report.failure, (unsigned long)seed);
        CHECK_STR(report.failure, NULL);
    }
    sum->delivered += report.delivered;
    sum->spawned += report.spawned;
    sum->crashed += report.crashed;
    sum->restarts += report.restarts;
    sum->give_ups += report.give_ups;
    sum->faults += report.faults;
}

TEST(the_invariants_hold_in_every_world) {
    world_report_t sum = {0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run_seed(seed, &sum);
    /* The worlds are not empty. */
    CHECK(sum.delivered > (uint64_t)SEEDS * 50);
    CHECK(sum.spawned > (uint64_t)SEEDS * 5);
    CHECK(sum.crashed > SEEDS / 2);
    CHECK(sum.restarts > SEEDS / 2);
    CHECK(sum.give_ups > SEEDS / 50);
    CHECK(sum.faults > SEEDS);
}

TEST(the_same_seed_is_the_same_world_and_another_is_another) {
    enum { WORLDS = IS_LARGE ? 40 : 6 };
    uint64_t hashes[WORLDS];
    for (uint64_t seed = 0; seed < WORLDS; seed++)
        hashes[seed] = world_run(seed, OBSERVER_HONEST, false).order_hash;
    for (uint64_t seed = WORLDS; seed > 0; seed--)
        CHECK_EQ(world_run(seed - 1, OBSERVER_HONEST, false).order_hash,
                 hashes[seed - 1]);
    for (size_t a = 0; a < WORLDS; a++)
        for (size_t b = 0; b < a; b++)
            CHECK(hashes[a] != hashes[b]);
}

/* What each broken observer has to stumble over. */
static const char *const broken[OBSERVER_COUNT] = {
    [OBSERVER_SEES_NOTICES_TWICE] = "W1", [OBSERVER_MISSES_NOTICES] = "W1",
    [OBSERVER_FORGETS_UNLINK] = "W1 W2",  [OBSERVER_HALVES_THE_LIMIT] = "W3",
    [OBSERVER_SEES_IDS_TWICE] = "W4",     [OBSERVER_SWAPS_LETTERS] = "W5",
    [OBSERVER_INVENTS_A_SEND] = "W6",     [OBSERVER_MISSES_TIMERS] = "W7",
    [OBSERVER_MISSES_CHILDREN] = "W8",    [OBSERVER_KEEPS_A_BLOCK] = "W9",
};

TEST(a_broken_observer_is_found_out) {
    for (int observer = OBSERVER_HONEST + 1; observer < OBSERVER_COUNT; observer++) {
        const char *failure = NULL;
        for (uint64_t seed = 1; seed <= 200 && failure == NULL; seed++)
            failure = world_run(seed, (world_observer_t)observer, false).failure;
        if (failure == NULL) printf("observer %d finds nothing\n", observer);
        CHECK(failure != NULL);
        const char code[] = {failure[0], failure[1], '\0'};
        CHECK(strstr(broken[observer], code) != NULL);
    }
}

TEST_TABLE(world, TEST_ROW(the_invariants_hold_in_every_world),
           TEST_ROW(the_same_seed_is_the_same_world_and_another_is_another),
           TEST_ROW(a_broken_observer_is_found_out))

#if defined(WORLD_IS_PROGRAM)

static int hunt(uint64_t first, uint64_t count) {
    uint64_t found = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        world_report_t report = world_run(seed, OBSERVER_HONEST, false);
        if (report.failure == NULL) continue;
        printf("seed %" PRIu64 ": %s\n", seed, report.failure);
        found++;
    }
    printf("%" PRIu64 " worlds, %" PRIu64 " failures\n", count, found);
    return found != 0 ? 1 : 0;
}

static int tell_world(uint64_t seed) {
    world_report_t report = world_run(seed, OBSERVER_HONEST, true);
    printf("seed %" PRIu64 ": %" PRIu64 " messages, %" PRIu64 " actors, %" PRIu64
           " crashes, %u restarts, order hash %016" PRIx64 "\n%s%s\n",
           seed, report.delivered, report.spawned, report.crashed, report.restarts,
           report.order_hash, report.failure != NULL ? "FAILED: " : "",
           report.failure != NULL ? report.failure : "all invariants hold");
    return report.failure != NULL ? 1 : 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "tell") == 0)
        return tell_world(strtoull(argv[2], NULL, 10));
    if (argc == 4 && strcmp(argv[1], "hunt") == 0)
        return hunt(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    static const test_table_t *const tables[] = {&test_table_world};
    return test_main(tables, 1, argc, argv);
}

#endif
