/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdio.h>
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

static const char *unit_of(const line_t *line) {
    return line->kind == FIGURE_RATE ? "M/s" : "B";
}

static double figure_of(const line_t *line, uint64_t count, double cost) {
    if (line->kind == FIGURE_BYTES) return cost / (double)count;
    return cost > 0 ? (double)count / cost / 1e6 : 0;
}

static bool is_better(const line_t *line, double figure, double than) {
    return line->kind == FIGURE_RATE ? figure > than : figure < than;
}

/* Ours and the bound in turn, so that a bad second of the machine meets both. */
static bool measure_line(const line_t *line, bool is_quick, figures_t *best) {
    uint64_t count = is_quick ? line->count / 1000 : line->count;
    unsigned rounds = is_quick ? 1 : line->rounds;
    for (unsigned round = 0; round < rounds; round++) {
        double ours, bound;
        if (!measure_fresh(line->ours, count, &ours) ||
            !measure_fresh(line->bound, count, &bound))
            return false;
        ours = figure_of(line, count, ours);
        bound = figure_of(line, count, bound);
        if (round == 0 || is_better(line, ours, best->ours)) best->ours = ours;
        if (round == 0 || is_better(line, bound, best->bound)) best->bound = bound;
    }
    return true;
}

static void print_line(const line_t *line, const options_t *options,
                       const figures_t *best) {
    double ratio = best->bound != 0 ? best->ours / best->bound : 0;
    if (options->is_tsv) {
        printf("%s\t%.3f\t%s\t%.3f\t%.3f\n", line->name, best->ours, unit_of(line),
               best->bound, ratio);
        return;
    }
    bool is_rate = line->kind == FIGURE_RATE;
    bool is_met = is_rate ? ratio >= line->goal : best->ours <= line->goal;
    char goal[32];
    snprintf(goal, sizeof goal, is_rate ? ">= %.2f" : "<= %.0f B", line->goal);
    const char *mark = options->is_quick || is_met ? "" : "  MISSED";
    printf("%-11s %-38s %8.2f %-3s %8.2f %6.2f  %s%s\n", line->name, line->what,
           best->ours, unit_of(line), best->bound, ratio, goal, mark);
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
    int failed = 0;
    for (size_t i = 0; i < line_count; i++) {
        if (!is_named(&lines[i], argc, argv)) continue;
        figures_t best = {0};
        if (measure_line(&lines[i], options.is_quick, &best)) {
            print_line(&lines[i], &options, &best);
        } else {
            fprintf(stderr, "bench: %s failed\n", lines[i].name);
            failed = 1;
        }
        fflush(stdout);
    }
    return failed;
}
