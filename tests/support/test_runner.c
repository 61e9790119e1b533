/* SPDX-License-Identifier: Apache-2.0 */
/* test_runner.c - runs tables of tests; the same code on a PC and on bare metal.
 *
 * A failed check leaves its test by longjmp instead of a process per test: bare metal
 * has no processes, and ctest gives each suite its own already. Printing uses fputs and
 * its own number conversion, because a small C library's printf cannot print 64 bits.
 * The state is one static struct: a test macro has no argument to carry it, and only
 * one test runs at a time. */
#include "support/test.h"

#include "base/alloc.h"

#include <limits.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FAULT_ROUNDS = 2000 }; /* no tested operation allocates that often */

typedef enum { OUTCOME_PASSED = 0, OUTCOME_FAILED, OUTCOME_SKIPPED } outcome_t;

typedef struct {
    size_t passed;  /* tests that returned and left nothing behind */
    size_t failed;  /* tests that did not */
    size_t skipped; /* tests that called test_skip() */
    size_t matched; /* tests that the names on the command line selected */
} tally_t;

typedef struct {
    jmp_buf leave;         /* the way out of the running test */
    const char *name;      /* the running test */
    size_t live_before;    /* blocks alive when it began */
    size_t fault_at;       /* allocation that is made to fail, 0 when none */
    bool fault_is_lasting; /* and all that follow it */
    bool is_quiet;         /* print nothing */
} run_state_t;

static run_state_t current;

typedef struct {
    int verbosity;    /* 0 failures only, 1 passed tests too, 2 also before each */
    bool only_list;   /* print names, run nothing */
    bool is_quiet;    /* print nothing, the exit code says it */
    char **names;     /* tests or suites to run */
    size_t names_len; /* 0: everything */
} options_t;

static void print(const char *text) {
    if (!current.is_quiet) fputs(text, stdout);
}

static void print_char(char c) {
    if (!current.is_quiet) putchar((unsigned char)c);
}

static void print_unsigned(unsigned long long value) {
    char digits[sizeof value * CHAR_BIT / 3 + 2];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    print(at);
}

static void print_int(test_int_t value) {
    if (value.is_negative) print("-");
    print_unsigned(value.magnitude);
    if (!value.is_negative && value.magnitude > 9) {
        print(" (0x");
        bool has_begun = false;
        for (int shift = (int)sizeof value.magnitude * CHAR_BIT - 4; shift >= 0;
             shift -= 4) {
            unsigned digit = (unsigned)(value.magnitude >> shift) & 15u;
            if (digit != 0) has_begun = true;
            if (has_begun) print_char("0123456789abcdef"[digit]);
        }
        print(")");
    }
}

static void print_hex_byte(unsigned char byte) {
    print_char("0123456789abcdef"[byte >> 4]);
    print_char("0123456789abcdef"[byte & 15u]);
}

/* A text in quotes, with everything that is not printable ASCII as \xNN. */
static void print_quoted(const char *text) {
    if (text == NULL) {
        print("NULL");
        return;
    }
    print_char('"');
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= 0x20 && byte < 0x7f) {
            print_char((char)byte);
        } else {
            print("\\x");
            print_hex_byte(byte);
        }
    }
    print_char('"');
}

static void begin_failure(const char *file, int line) {
    print("FAIL ");
    print(current.name);
    print("  ");
    print(file);
    print(":");
    print_unsigned((unsigned long long)line);
    print(": ");
}

static _Noreturn void end_failure(void) {
    if (current.fault_at != 0) {
        print("  [allocation ");
        print_unsigned(current.fault_at);
        print(current.fault_is_lasting ? " and all later ones fail]" : " fails]");
    }
    print_char('\n');
    longjmp(current.leave, OUTCOME_FAILED);
}

_Noreturn void test_fail_condition_(const char *file, int line, const char *text) {
    begin_failure(file, line);
    print("not true: ");
    print(text);
    end_failure();
}

void test_check_int_(const char *file, int line, const char *text, test_int_t got,
                     test_int_t want) {
    if (got.magnitude == want.magnitude &&
        (got.is_negative == want.is_negative || got.magnitude == 0))
        return;
    begin_failure(file, line);
    print(text);
    print(" is ");
    print_int(got);
    print(", expected ");
    print_int(want);
    end_failure();
}

void test_check_str_(const char *file, int line, const char *text, const char *got,
                     const char *want) {
    if (got == want) return;
    if (got != NULL && want != NULL && strcmp(got, want) == 0) return;
    begin_failure(file, line);
    print(text);
    print(" is ");
    print_quoted(got);
    print(", expected ");
    print_quoted(want);
    end_failure();
}

void test_check_mem_(const char *file, int line, const char *text, const void *got,
                     const void *want, size_t size) {
    if (size == 0) return;
    const unsigned char *a = got;
    const unsigned char *b = want;
    if (a == NULL || b == NULL) {
        if (a == b) return;
        begin_failure(file, line);
        print(text);
        print(a == NULL ? " is NULL" : " was expected to be NULL");
        end_failure();
    }
    size_t i = 0;
    while (i < size && a[i] == b[i])
        i++;
    if (i == size) return;
    begin_failure(file, line);
    print(text);
    print(" differs at byte ");
    print_unsigned(i);
    print(" of ");
    print_unsigned(size);
    print(": is 0x");
    print_hex_byte(a[i]);
    print(", expected 0x");
    print_hex_byte(b[i]);
    end_failure();
}

_Noreturn void test_skip(const char *reason) {
    print("SKIP ");
    print(current.name);
    print("  ");
    print(reason);
    print_char('\n');
    longjmp(current.leave, OUTCOME_SKIPPED);
}

size_t test_live_blocks(void) {
    return mk_alloc_live() - current.live_before;
}

static void clear_fault(void) {
    mk_alloc_fail_at(0, false);
    current.fault_at = 0;
}

static void fail_rounds(void (*run)(void *arg), void *arg, bool for_ever) {
    current.fault_is_lasting = for_ever;
    for (size_t nth = 1;; nth++) {
        size_t live_before = mk_alloc_live();
        current.fault_at = nth;
        mk_alloc_fail_at(nth, for_ever);
        run(arg);
        bool was_hit = mk_alloc_fail_hit();
        mk_alloc_fail_at(0, false);
        size_t live_after = mk_alloc_live();
        if (live_after != live_before) {
            begin_failure(__FILE__, __LINE__);
            print("the operation began with ");
            print_unsigned(live_before);
            print(" live blocks and left ");
            print_unsigned(live_after);
            end_failure();
        }
        if (!was_hit) break;
        if (nth == MAX_FAULT_ROUNDS)
            test_fail_condition_(__FILE__, __LINE__, "the operation ends allocating");
    }
    clear_fault();
}

void test_each_alloc_failure(void (*run)(void *arg), void *arg) {
    fail_rounds(run, arg, false);
    fail_rounds(run, arg, true);
}

/* Blocks left by a test that failed are not counted against it: it was cut short. */
static bool left_nothing_behind(void) {
    size_t live = mk_alloc_live();
    if (live == current.live_before) return true;
    print("FAIL ");
    print(current.name);
    print("  live blocks before: ");
    print_unsigned(current.live_before);
    print(", after: ");
    print_unsigned(live);
    print_char('\n');
    return false;
}

static void run_row(const test_row_t *row, const options_t *options, tally_t *tally) {
    current.name = row->name;
    current.live_before = mk_alloc_live();
    if (options->verbosity > 1) {
        print("run ");
        print(row->name);
        print_char('\n');
        fflush(stdout);
    }
    switch (setjmp(current.leave)) {
    case OUTCOME_PASSED:
        row->run();
        clear_fault();
        if (!left_nothing_behind()) {
            tally->failed++;
            break;
        }
        tally->passed++;
        if (options->verbosity > 0) {
            print("ok ");
            print(row->name);
            print_char('\n');
        }
        break;
    case OUTCOME_SKIPPED:
        clear_fault();
        tally->skipped++;
        break;
    default:
        clear_fault();
        tally->failed++;
        break;
    }
    fflush(stdout);
}

static bool is_selected(const options_t *options, const char *suite, const char *name) {
    if (options->names_len == 0) return true;
    for (size_t i = 0; i < options->names_len; i++) {
        if (strcmp(options->names[i], suite) == 0) return true;
        if (strcmp(options->names[i], name) == 0) return true;
    }
    return false;
}

static void print_tally(const char *suite, const tally_t *tally) {
    print(suite);
    print(": ");
    print_unsigned(tally->passed);
    print(" passed, ");
    print_unsigned(tally->failed);
    print(" failed");
    if (tally->skipped > 0) {
        print(", ");
        print_unsigned(tally->skipped);
        print(" skipped");
    }
    print_char('\n');
    fflush(stdout);
}

static void run_table(const test_table_t *table, const options_t *options,
                      tally_t *total) {
    tally_t tally = {0, 0, 0, 0};
    for (size_t i = 0; i < table->len; i++) {
        if (!is_selected(options, table->suite, table->rows[i].name)) continue;
        tally.matched++;
        if (options->only_list) {
            print(table->rows[i].name);
            print_char('\n');
        } else {
            run_row(&table->rows[i], options, &tally);
        }
    }
    if (tally.matched > 0 && !options->only_list) print_tally(table->suite, &tally);
    total->passed += tally.passed;
    total->failed += tally.failed;
    total->skipped += tally.skipped;
    total->matched += tally.matched;
}

/* The flags; the names are gathered at the front of `argv`, behind the program's. */
static options_t read_options(int argc, char **argv) {
    options_t options = {0, false, false, argc > 0 ? argv + 1 : NULL, 0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-v") == 0) {
            options.verbosity = 1;
        } else if (strcmp(argv[i], "-vv") == 0) {
            options.verbosity = 2;
        } else if (strcmp(argv[i], "-q") == 0) {
            options.is_quiet = true;
        } else if (strcmp(argv[i], "--list") == 0) {
            options.only_list = true;
        } else {
            options.names[options.names_len++] = argv[i];
        }
    }
    return options;
}

static int run_tables(const test_table_t *const *tables, size_t count,
                      const options_t *options) {
    tally_t total = {0, 0, 0, 0};
    for (size_t i = 0; i < count; i++)
        run_table(tables[i], options, &total);
    if (total.matched == 0 && options->names_len > 0) {
        print("no test or suite has that name: ");
        print(options->names[0]);
        print_char('\n');
        return 2;
    }
    if (total.matched == 0) {
        print("no tests\n");
        return 1;
    }
    if (count > 1 && !options->only_list) print_tally("all", &total);
    return total.failed > 0 ? 1 : 0;
}

/* The state is put back at the end so that a test can run tables of its own: that is
 * how the runner itself is tested. */
int test_main(const test_table_t *const *tables, size_t count, int argc, char **argv) {
    options_t options = read_options(argc, argv);
    run_state_t outer = current;
    current.is_quiet = options.is_quiet;
    int code = run_tables(tables, count, &options);
    current = outer;
    return code;
}
