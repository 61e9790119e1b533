/* SPDX-License-Identifier: Apache-2.0 */
// call_indirect heavy: a table of 8 small functions picked by a PRNG. n in thousands.
#include "common.h"
typedef uint32_t (*fn)(uint32_t, uint32_t);
static NOINLINE uint32_t f0(uint32_t a, uint32_t b) {
    return a + b;
}
static NOINLINE uint32_t f1(uint32_t a, uint32_t b) {
    return a ^ b;
}
static NOINLINE uint32_t f2(uint32_t a, uint32_t b) {
    return a - b * 3;
}
static NOINLINE uint32_t f3(uint32_t a, uint32_t b) {
    return (a << 3) | (b & 7);
}
static NOINLINE uint32_t f4(uint32_t a, uint32_t b) {
    return a > b ? a - b : b - a;
}
static NOINLINE uint32_t f5(uint32_t a, uint32_t b) {
    return a * 31 + b;
}
static NOINLINE uint32_t f6(uint32_t a, uint32_t b) {
    return (a >> 5) ^ (b << 2);
}
static NOINLINE uint32_t f7(uint32_t a, uint32_t b) {
    return ~a + b;
}
static fn volatile tab[8] = {f0, f1, f2, f3, f4, f5, f6, f7};
EXPORT(run) int64_t run(int32_t n) {
    uint32_t s = 7, a = 1;
    for (int32_t i = 0; i < n * 1000; i++) {
        uint32_t r = xs32(&s);
        a = tab[r & 7](a, r);
    }
    return a;
}
