/* SPDX-License-Identifier: Apache-2.0 */
// Recursive calls and i32 arithmetic. n is the Fibonacci index.
#include "common.h"
static NOINLINE int32_t fib(int32_t n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
EXPORT(run) int64_t run(int32_t n) {
    return fib(n);
}
