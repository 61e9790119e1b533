/* SPDX-License-Identifier: Apache-2.0 */
// f64 Mandelbrot set, n x n pixels, at most 200 iterations a pixel.
#include "common.h"
EXPORT(run) int64_t run(int32_t n) {
    int64_t total = 0;
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            double cr = 3.0 * x / n - 2.25, ci = 2.5 * y / n - 1.25, zr = 0, zi = 0;
            int k = 0;
            while (k < 200 && zr * zr + zi * zi < 4.0) {
                double t = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = t;
                k++;
            }
            total += k;
        }
    return total;
}
