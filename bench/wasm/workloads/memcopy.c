/* SPDX-License-Identifier: Apache-2.0 */
// Word-at-a-time copy written as a plain loop, 32 KB blocks, n passes. The asm
// barrier keeps the compiler from turning the loop into a library call.
#include "common.h"
static uint32_t x[8192], y[8192];
EXPORT(run) int64_t run(int32_t n) {
    for (int i = 0; i < 8192; i++)
        x[i] = (uint32_t)i * 2654435761u;
    for (int32_t r = 0; r < n; r++) {
        uint32_t *s = r & 1 ? y : x, *t = r & 1 ? x : y;
        for (int i = 0; i < 8192; i++) {
            t[i] = s[i];
            __asm__ volatile("" ::: "memory");
        }
        x[r & 8191] += (uint32_t)r;
    }
    uint64_t h = 0;
    for (int i = 0; i < 8192; i++)
        h = h * 31 + x[i];
    return (int64_t)h;
}
