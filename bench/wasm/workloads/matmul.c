/* SPDX-License-Identifier: Apache-2.0 */
// f64 matrix product, 128 x 128, n repetitions.
#include "common.h"
#define D 128
static double a[D * D], b[D * D], c[D * D];
EXPORT(run) int64_t run(int32_t n) {
    for (int i = 0; i < D * D; i++) {
        a[i] = (i % 13) * 0.25;
        b[i] = (i % 7) * 0.5;
        c[i] = 0;
    }
    for (int32_t r = 0; r < n; r++)
        for (int i = 0; i < D; i++)
            for (int j = 0; j < D; j++) {
                double s = 0;
                for (int k = 0; k < D; k++)
                    s += a[i * D + k] * b[k * D + j];
                c[i * D + j] += s;
            }
    double t = 0;
    for (int i = 0; i < D * D; i++)
        t += c[i];
    return (int64_t)t;
}
