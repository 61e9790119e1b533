/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    bool is_tsv;
    bool is_quick;
    bool wants_goals;
} options_t;

typedef struct {
    double ours;
    double bound;
} figures_t;

enum { ROUNDS_MAX = 64, QUIET_PART = 8 };

static const char *unit_of(const line_t *line) {
    return line->kind == FIGURE_RATE ? "M/s" : "B";
}

static double figure_of(const line_t *line, uint64_t count, double cost) {
    if (line->kind == FIGURE_BYTES) return cost / (double)count;
    return cost > 0 ? (double)count / cost / 1e6 : 0;
}

static int by_sum(const void *a, const void *b) {
    const figures_t *one = a, *other = b;
    double left = one->ours + one->bound, right = other->ours + other->bound;
    return (left > right) - (left < right);
}

static int by_ratio(const void *a, const void *b) {
    const figures_t *one = a, *other = b;
    double left = one->ours * other->bound, right = other->ours * one->bound;
    return (left > right) - (left < right);
}

/* Ours and the bound in turn, so that a bad moment of the machine meets both. Of the
 * eighth of the rounds that cost both together least - those in which the machine had
 * nothing else to do - the one with the median ratio counts. */
static bool measure_line(const line_t *line, bool is_quick, figures_t *figures) {
    figures_t costs[ROUNDS_MAX];
    uint64_t count = is_quick ? line->count / 1000 : line->count;
    unsigned rounds = is_quick ? 1 : line->rounds;
    must(rounds <= ROUNDS_MAX, "keeping so many rounds");
    for (unsigned i = 0; i < rounds; i++)
        if (!measure_fresh(line->ours, count, &costs[i].ours) ||
            !measure_fresh(line->bound, count, &costs[i].bound))
            return false;
    unsigned quiet = (rounds + QUIET_PART - 1) / QUIET_PART;
    qsort(costs, rounds, sizeof costs[0], by_sum);
    qsort(costs, quiet, sizeof costs[0], by_ratio);
    figures->ours = figure_of(line, count, costs[quiet / 2].ours);
    figures->bound = figure_of(line, count, costs[quiet / 2].bound);
    return true;
}

static void print_line(const line_t *line, const options_t *options,
                       const figures_t *figures) {
    double ratio = figures->bound != 0 ? figures->ours / figures->bound : 0;
    if (options->is_tsv) {
        printf("%s\t%.3f\t%s\t%.3f\t%.3f\n", line->name, figures->ours, unit_of(line),
               figures->bound, ratio);
        return;
    }
    bool is_rate = line->kind == FIGURE_RATE;
    bool is_met = is_rate ? ratio >= line->goal : figures->ours <= line->goal;
    char goal[32];
    snprintf(goal, sizeof goal, is_rate ? ">= %.2f" : "<= %.0f B", line->goal);
    const char *mark = options->is_quick || is_met ? "" : "  MISSED";
    printf("%-11s %-38s %8.2f %-3s %8.2f %6.2f  %s%s\n", line->name, line->what,
           figures->ours, unit_of(line), figures->bound, ratio, goal, mark);
}

static void print_head(const options_t *options) {
    if (!options->is_tsv)
        printf("%-11s %-38s %8s %-3s %8s %6s  %s\n", "line", "work", "value", "",
               "bound", "ratio", "goal");
}

static void print_goals(const line_t *lines, size_t line_count) {
    for (size_t i = 0; i < line_count; i++)
        printf("%-11s %s %.2f%s: %s\n", lines[i].name,
               lines[i].kind == FIGURE_RATE ? "ratio at least" : "at most",
               lines[i].goal, lines[i].kind == FIGURE_RATE ? "" : " bytes",
               lines[i].why);
}

static bool is_named(const line_t *line, int argc, char **argv) {
    bool is_any_named = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') continue;
        is_any_named = true;
        if (strcmp(argv[i], line->name) == 0) return true;
    }
    return !is_any_named;
}

static bool is_known(const line_t *lines, size_t line_count, const char *name) {
    for (size_t i = 0; i < line_count; i++)
        if (strcmp(lines[i].name, name) == 0) return true;
    return false;
}

static bool read_options(const line_t *lines, size_t line_count, int argc, char **argv,
                         options_t *options) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--tsv") == 0) {
            options->is_tsv = true;
        } else if (strcmp(argv[i], "--quick") == 0) {
            options->is_quick = true;
        } else if (strcmp(argv[i], "--goals") == 0) {
            options->wants_goals = true;
        } else if (!is_known(lines, line_count, argv[i])) {
            fprintf(stderr, "bench: no line '%s'. There are:", argv[i]);
            for (size_t k = 0; k < line_count; k++)
                fprintf(stderr, " %s", lines[k].name);
            fprintf(stderr, "\nusage: %s [--tsv] [--quick] [--goals] [NAME...]\n",
                    argv[0]);
            return false;
        }
    }
    return true;
}

int report_run(const line_t *lines, size_t line_count, int argc, char **argv) {
    options_t options = {0};
    if (!read_options(lines, line_count, argc, argv, &options)) return 2;
    if (options.wants_goals) {
        print_goals(lines, line_count);
        return 0;
    }
    print_head(&options);
    unsigned passed = 0, failed = 0;
    for (size_t i = 0; i < line_count; i++) {
        if (!is_named(&lines[i], argc, argv)) continue;
        figures_t figures = {0};
        if (measure_line(&lines[i], options.is_quick, &figures)) {
            print_line(&lines[i], &options, &figures);
            passed++;
        } else {
            fprintf(stderr, "bench: %s failed\n", lines[i].name);
            failed++;
        }
        fflush(stdout);
    }
    /* A quick run is a test: that the workloads still do their work. */
    if (options.is_quick)
        printf("bench/actors: %u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
