/* SPDX-License-Identifier: Apache-2.0 */
// Shared header for the benchmark workloads. Every workload is one freestanding
// C file that exports `int64_t run(int32_t n)`; the same file is compiled to
// wasm32 and to native code, so results (checksums) must agree bit for bit.
#ifndef BW_COMMON_H
#define BW_COMMON_H
#include <stddef.h>
#include <stdint.h>
#if defined(__wasm__)
#define EXPORT(name) __attribute__((export_name(#name), used, noinline))
#else
#define EXPORT(name) __attribute__((used, noinline, visibility("default")))
#endif
#define NOINLINE __attribute__((noinline))
static inline uint32_t xs32(uint32_t *s) {
    uint32_t x = *s;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *s = x;
}
#endif
