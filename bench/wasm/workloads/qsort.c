/* SPDX-License-Identifier: Apache-2.0 */
// Recursive quicksort of 16 K random ints, n repetitions (data-dependent branches).
#include "common.h"
#define N 12000
static int32_t v[N];
static NOINLINE void qs(int lo, int hi) {
    while (lo < hi) {
        int32_t p = v[(lo + hi) / 2];
        int i = lo, j = hi;
        while (i <= j) {
            while (v[i] < p)
                i++;
            while (v[j] > p)
                j--;
            if (i <= j) {
                int32_t t = v[i];
                v[i] = v[j];
                v[j] = t;
                i++;
                j--;
            }
        }
        if (j - lo < hi - i) {
            qs(lo, j);
            lo = i;
        } else {
            qs(i, hi);
            hi = j;
        }
    }
}
EXPORT(run) int64_t run(int32_t n) {
    uint32_t s = 5;
    int64_t h = 0;
    for (int32_t r = 0; r < n; r++) {
        for (int i = 0; i < N; i++)
            v[i] = (int32_t)xs32(&s);
        qs(0, N - 1);
        for (int i = 1; i < N; i++)
            h += v[i - 1] <= v[i];
    }
    return h;
}
