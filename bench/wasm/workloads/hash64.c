/* SPDX-License-Identifier: Apache-2.0 */
// i64-heavy: multiply/rotate/xor mixing over 32 KB of 8-byte words, n passes.
#include "common.h"
static uint64_t d[4096];
static uint64_t rl(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}
EXPORT(run) int64_t run(int32_t n) {
    uint64_t s = 1;
    for (int i = 0; i < 4096; i++) {
        s += 0x9E3779B97F4A7C15ull;
        uint64_t z = s;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        d[i] = z ^ (z >> 31);
    }
    uint64_t h1 = 1, h2 = 2, h3 = 3, h4 = 4;
    for (int32_t r = 0; r < n; r++)
        for (int i = 0; i < 4096; i += 4) {
            h1 = rl(h1 + d[i] * 0xC2B2AE3D27D4EB4Full, 31) * 0x9E3779B185EBCA87ull;
            h2 = rl(h2 + d[i + 1] * 0xC2B2AE3D27D4EB4Full, 31) * 0x9E3779B185EBCA87ull;
            h3 = rl(h3 + d[i + 2] * 0xC2B2AE3D27D4EB4Full, 31) * 0x9E3779B185EBCA87ull;
            h4 = rl(h4 + d[i + 3] * 0xC2B2AE3D27D4EB4Full, 31) * 0x9E3779B185EBCA87ull;
        }
    return (int64_t)(rl(h1, 1) + rl(h2, 7) + rl(h3, 12) + rl(h4, 18));
}
