/* SPDX-License-Identifier: Apache-2.0 */
// Byte sieve of Eratosthenes up to 60000, n passes.
#include "common.h"
#define M 60000
static uint8_t f[M];
EXPORT(run) int64_t run(int32_t n) {
    int64_t c = 0;
    for (int32_t r = 0; r < n; r++) {
        for (int i = 0; i < M; i++) {
            f[i] = 1;
            __asm__ volatile("" ::: "memory");
        }
        for (int i = 2; i * i < M; i++)
            if (f[i])
                for (int j = i * i; j < M; j += i)
                    f[j] = 0;
        for (int i = 2; i < M; i++)
            c += f[i];
    }
    return c;
}
