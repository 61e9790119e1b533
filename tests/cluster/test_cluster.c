/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand random clusters, and the proof that a fault in one would be seen.
 *
 * As a program: `test_cluster tell SEED` prints the cluster of a seed step by step,
 * `test_cluster hunt FIRST COUNT` looks through more seeds than the tests do. */
#define TEST_NO_MAIN /* the table's main knows no `tell` */

#include "cluster/cluster.h"
#include "support/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A build that watches for data races is slow, and a world of one thread has none. */
#if defined(__SANITIZE_THREAD__)
enum { SEEDS = 50 };
#else
enum { SEEDS = 1000 };
#endif

static void run_seed(uint64_t seed, cluster_report_t *sum) {
    cluster_report_t report = cluster_run(seed, OBSERVER_HONEST, false);
    if (report.failure != NULL) {
        printf("seed %lu: %s\n  step by step: ./dev replay cluster %lu\n",
               (unsigned long)seed, report.failure, (unsigned long)seed);
        CHECK_STR(report.failure, NULL);
    }
    sum->letters += report.letters;
    sum->lives += report.lives;
    sum->faults += report.faults;
    sum->shortages += report.shortages;
    sum->ups += report.ups;
    sum->downs += report.downs;
    sum->lost += report.lost;
    sum->unmounts += report.unmounts;
    sum->is_keyed |= report.is_keyed;
    if (report.converged_ms > sum->converged_ms)
        sum->converged_ms = report.converged_ms;
}

TEST(the_invariants_hold_in_every_cluster) {
    cluster_report_t sum = {0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run_seed(seed, &sum);
    /* The clusters are not empty. */
    CHECK(sum.letters > (uint64_t)SEEDS * 50);
    CHECK(sum.lives > SEEDS * 4);
    CHECK(sum.faults > SEEDS * 5);
    CHECK(sum.shortages > SEEDS * 5);
    CHECK(sum.ups > SEEDS * 10);
    CHECK(sum.downs > SEEDS * 2);
    CHECK(sum.lost > SEEDS / 2);
    CHECK(sum.unmounts > SEEDS / 2);
}

TEST(the_same_seed_is_the_same_cluster_and_another_is_another) {
    enum { CLUSTERS = 20 };
    uint64_t hashes[CLUSTERS];
    for (uint64_t seed = 0; seed < CLUSTERS; seed++)
        hashes[seed] = cluster_run(seed, OBSERVER_HONEST, false).order_hash;
    for (uint64_t seed = CLUSTERS; seed > 0; seed--)
        CHECK_EQ(cluster_run(seed - 1, OBSERVER_HONEST, false).order_hash,
                 hashes[seed - 1]);
    for (size_t a = 0; a < CLUSTERS; a++)
        for (size_t b = 0; b < a; b++)
            CHECK(hashes[a] != hashes[b]);
}

/* What each broken observer has to stumble over. */
static const char *const broken[OBSERVER_COUNT] = {
    [OBSERVER_SEES_LETTERS_TWICE] = "C1", [OBSERVER_SWAPS_LETTERS] = "C1",
    [OBSERVER_MISSES_LETTERS] = "C2 C6",  [OBSERVER_SEES_DOWNS_TWICE] = "C3",
    [OBSERVER_MISSES_DOWNS] = "C3",       [OBSERVER_MISSES_NEWS] = "C4 C5",
    [OBSERVER_INVENTS_A_NAME] = "C5",     [OBSERVER_KEEPS_A_BLOCK] = "C7",
};

TEST(a_broken_observer_of_a_cluster_is_found_out) {
    for (int observer = OBSERVER_HONEST + 1; observer < OBSERVER_COUNT; observer++) {
        const char *failure = NULL;
        for (uint64_t seed = 1; seed <= 50 && failure == NULL; seed++)
            failure = cluster_run(seed, (cluster_observer_t)observer, false).failure;
        if (failure == NULL) printf("observer %d finds nothing\n", observer);
        CHECK(failure != NULL);
        const char code[] = {failure[0], failure[1], '\0'};
        CHECK(strstr(broken[observer], code) != NULL);
    }
}

TEST_TABLE(cluster, TEST_ROW(the_invariants_hold_in_every_cluster),
           TEST_ROW(the_same_seed_is_the_same_cluster_and_another_is_another),
           TEST_ROW(a_broken_observer_of_a_cluster_is_found_out))

static int hunt(uint64_t first, uint64_t count) {
    uint64_t found = 0, slowest_ms = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        cluster_report_t report = cluster_run(seed, OBSERVER_HONEST, false);
        if (report.converged_ms > slowest_ms) slowest_ms = report.converged_ms;
        if (report.failure == NULL) continue;
        printf("seed %" PRIu64 ": %s\n", seed, report.failure);
        (void)fflush(stdout);
        found++;
    }
    printf("%" PRIu64 " clusters, %" PRIu64 " failures; whole after %" PRIu64
           " ms at most\n",
           count, found, slowest_ms);
    return found != 0 ? 1 : 0;
}

static int tell_cluster(uint64_t seed) {
    cluster_report_t report = cluster_run(seed, OBSERVER_HONEST, true);
    printf("seed %" PRIu64
           ": %u nodes%s, %u lives, %u faults, memory short %u times, %" PRIu64
           " letters between nodes, %u lost and counted, whole after %" PRIu64
           " ms, order hash %016" PRIx64 "\n%s%s\n",
           seed, report.nodes, report.is_keyed ? " with a key" : "", report.lives,
           report.faults, report.shortages, report.letters, report.lost,
           report.converged_ms, report.order_hash,
           report.failure != NULL ? "FAILED: " : "",
           report.failure != NULL ? report.failure : "all invariants hold");
    return report.failure != NULL ? 1 : 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "tell") == 0)
        return tell_cluster(strtoull(argv[2], NULL, 10));
    if (argc == 4 && strcmp(argv[1], "hunt") == 0)
        return hunt(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    static const test_table_t *const tables[] = {&test_table_cluster};
    return test_main(tables, 1, argc, argv);
}
