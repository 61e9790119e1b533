/* SPDX-License-Identifier: Apache-2.0 */
// SHA-256 over n megabytes (a 64 KB buffer hashed 16 times per megabyte).
#include "common.h"
static uint32_t H[8], K[64];
static uint8_t buf[65536];
static uint32_t ror(uint32_t x, int k) {
    return (x >> k) | (x << (32 - k));
}
static void block(const uint8_t *p) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
               (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (ror(a, 7) ^ ror(a, 18) ^ (a >> 3)) + w[i - 7] +
               (ror(b, 17) ^ ror(b, 19) ^ (b >> 10));
    }
    uint32_t a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6],
             h = H[7];
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = h + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g)) +
                      K[i] + w[i];
        uint32_t t2 =
            (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    H[0] += a;
    H[1] += b;
    H[2] += c;
    H[3] += d;
    H[4] += e;
    H[5] += f;
    H[6] += g;
    H[7] += h;
}
// K and H are the fractional parts of cube/square roots of primes; computed with
// integer arithmetic so that no table has to be carried.
static uint32_t root_frac(uint32_t p, int cube) {
    // 32 fractional bits of p^(1/3) or p^(1/2), by bitwise search on 36-bit values
    uint64_t r = 0;
    for (int bit = 36; bit >= 0; bit--) {
        uint64_t t = r | (1ull << bit);
        // compare t^k with p << (32k) using 128-bit pieces (hi, lo)
        uint64_t a = t >> 32, b = t & 0xffffffffu;
        uint64_t lo = b * b, mid = 2 * a * b + (lo >> 32); // t^2 = hi:lo
        lo = (lo & 0xffffffffu) | (mid << 32);
        uint64_t hi = a * a + (mid >> 32);
        if (cube) { // t^3 >> 32
            uint64_t l2 = lo >> 32, l1 = lo & 0xffffffffu;
            uint64_t x0 = l1 * b, x1 = l2 * b + (x0 >> 32), y1 = l1 * a;
            uint64_t m = (x1 & 0xffffffffu) + (y1 & 0xffffffffu);
            uint64_t up = (x1 >> 32) + (y1 >> 32) + (m >> 32) + l2 * a + hi * b;
            uint64_t frac = (x0 & 0xffffffffu) | (m & 0xffffffffu);
            uint64_t top = (up >> 32) + hi * a;
            if (top < p || (top == p && (uint32_t)up == 0 && frac == 0)) r = t;
        } else {
            if (hi < p || (hi == p && lo == 0)) r = t;
        }
    }
    return (uint32_t)r;
}
static void init(void) {
    int n = 0;
    for (uint32_t p = 2; n < 64; p++) {
        int prime = 1;
        for (uint32_t d = 2; d * d <= p; d++)
            if (p % d == 0) prime = 0;
        if (!prime) continue;
        K[n] = root_frac(p, 1);
        if (n < 8) H[n] = root_frac(p, 0);
        n++;
    }
}
EXPORT(run) int64_t run(int32_t n) {
    init();
    for (uint32_t i = 0; i < sizeof buf; i++)
        buf[i] = (uint8_t)(i * 7 + (i >> 8));
    for (int32_t k = 0; k < n * 16; k++)
        for (uint32_t i = 0; i < sizeof buf; i += 64)
            block(buf + i);
    return (int64_t)H[0] << 32 | H[7];
}
EXPORT(selftest)
int64_t selftest(void) // K[0], H[0], K[63]
{
    init();
    return (int64_t)(K[0] == 0x428a2f98u && K[63] == 0xc67178f2u &&
                     H[0] == 0x6a09e667u && H[7] == 0x5be0cd19u);
}
