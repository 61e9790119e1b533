/* SPDX-License-Identifier: Apache-2.0 */
// memory.copy / memory.fill through the bulk-memory instructions: sizes 16, 64,
// 256, 4096 bytes, n thousand of each. Built with -mbulk-memory.
#include "common.h"
static uint8_t a[8192], b[8192];
EXPORT(run) int64_t run(int32_t n) {
    static const uint16_t sz[4] = {16, 64, 256, 4096};
    volatile uint32_t k;
    for (int i = 0; i < 8192; i++) {
        a[i] = (uint8_t)(i * 7 + 1);
        b[i] = (uint8_t)(i * 13);
    }
    for (int q = 0; q < 4; q++)
        for (int32_t i = 0; i < n * 1000; i++) {
            k = sz[q];
            uint32_t l = k;
            __builtin_memcpy(b + (i & 63), a + (i & 31), l);
            a[i & 4095] ^= b[(i * 7) & 4095];
        }
    uint64_t h = 0;
    for (int i = 0; i < 8192; i++)
        h = h * 31 + b[i] + a[i];
    return (int64_t)h;
}
