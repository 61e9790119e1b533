/* SPDX-License-Identifier: Apache-2.0 */
/* test.h - how every unit test is written.
 *
 *     TEST(mailbox_refuses_when_full) { CHECK_EQ(push(...), MK_EFULL); }
 *     TEST_TABLE(mailbox, TEST_ROW(mailbox_refuses_when_full))
 *
 * A file is one suite with one table. On a system with processes it becomes one program
 * (the table brings `main`); a bare-metal image compiles all suites with TEST_NO_MAIN
 * and hands their tables to test_main() together. A failed check ends its test, not the
 * program. After a test that passed, every block of mk_alloc() taken in it must have
 * been given back. */
#ifndef MK_TESTS_SUPPORT_TEST_H
#define MK_TESTS_SUPPORT_TEST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *name;  /* the fact that the test states */
    void (*run)(void); /* returns, or leaves through a failed check or test_skip() */
} test_row_t;

typedef struct {
    const char *suite;      /* the file's stem without test_ */
    const test_row_t *rows; /* in the order they run */
    size_t len;             /* rows; 0 counts as a failure */
} test_table_t;

/* Define a test; its name is the fact that it states. */
#define TEST(name) static void test_case_##name(void)

/* A row of TEST_TABLE. */
#define TEST_ROW(name)                                                                 \
    { #name, test_case_##name }

/* The suite's table, as `test_table_<suite>`, and the program around it unless
 * TEST_NO_MAIN is defined. */
#define TEST_TABLE(suite, ...)                                                         \
    static const test_row_t test_rows_##suite[] = {__VA_ARGS__};                       \
    extern const test_table_t test_table_##suite;                                      \
    const test_table_t test_table_##suite = {#suite, test_rows_##suite,                \
                                             sizeof test_rows_##suite /                \
                                                 sizeof test_rows_##suite[0]};         \
    TEST_MAIN_(suite)

#ifdef TEST_NO_MAIN
#define TEST_MAIN_(suite)                                                              \
    extern const test_table_t test_table_##suite /* for the semicolon-free use */;
#else
#define TEST_MAIN_(suite)                                                              \
    int main(int argc, char **argv) {                                                  \
        static const test_table_t *const tables[] = {&test_table_##suite};             \
        return test_main(tables, 1, argc, argv);                                       \
    }
#endif

/* Run the tests of `count` tables. Arguments: `-v` prints a line per passed test, `-vv`
 * also one before each test (to see which one crashed), `-q` prints nothing, `--list`
 * prints the names and runs nothing; anything else names a test or a suite to run
 * instead of all. Prints a line per failed test and, at the end, "suite: N passed, N
 * failed" (", N skipped" when there are any), per suite and for several suites also as
 * "all: ...". Returns the exit code: 0 all passed, 1 something failed or no test
 * exists, 2 a name matched no test. */
int test_main(const test_table_t *const *tables, size_t count, int argc, char **argv);

/* End the running test, counted as skipped, and say why. */
_Noreturn void test_skip(const char *reason);

/* Blocks of mk_alloc() that the running test holds at this moment. */
size_t test_live_blocks(void);

/* Call `run(arg)` with its k-th allocation failing, for k = 1, 2, ... until a call gets
 * through without meeting the fault; first with that one allocation failing, then with
 * all from the k-th on. `run` does the whole operation, accepts success or a clean
 * error, checks what must hold, and gives back all it took; a block left over fails the
 * test, as does an operation that still meets faults after 2000 rounds. */
void test_each_alloc_failure(void (*run)(void *arg), void *arg);

/* The condition holds. */
#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) test_fail_condition_(__FILE__, __LINE__, #condition);        \
    } while (0)

/* Two integers of any type are the same number (-1 is not UINT64_MAX). */
#define CHECK_EQ(got, want)                                                            \
    test_check_int_(__FILE__, __LINE__, #got, TEST_INT_(got), TEST_INT_(want))

/* Two NUL-terminated texts are equal; NULL equals only NULL. */
#define CHECK_STR(got, want) test_check_str_(__FILE__, __LINE__, #got, (got), (want))

/* `size` bytes are equal; the first difference is shown. */
#define CHECK_MEM(got, want, size)                                                     \
    test_check_mem_(__FILE__, __LINE__, #got, (got), (want), (size))

/* --- what the macros expand to --- */

typedef struct {
    bool is_negative;             /* the number is -magnitude */
    unsigned long long magnitude; /* its distance from 0 */
} test_int_t;

static inline test_int_t test_from_signed_(long long value) {
    return (test_int_t){value < 0, value < 0 ? 0ull - (unsigned long long)value
                                             : (unsigned long long)value};
}
static inline test_int_t test_from_unsigned_(unsigned long long value) {
    return (test_int_t){false, value};
}
#define TEST_INT_(x)                                                                   \
    _Generic((x), signed char                                                          \
             : test_from_signed_, short                                                \
             : test_from_signed_, int                                                  \
             : test_from_signed_, long                                                 \
             : test_from_signed_, long long                                            \
             : test_from_signed_, char                                                 \
             : test_from_signed_, default                                              \
             : test_from_unsigned_)(x)

_Noreturn void test_fail_condition_(const char *file, int line, const char *text);
void test_check_int_(const char *file, int line, const char *text, test_int_t got,
                     test_int_t want);
void test_check_str_(const char *file, int line, const char *text, const char *got,
                     const char *want);
void test_check_mem_(const char *file, int line, const char *text, const void *got,
                     const void *want, size_t size);

#endif
