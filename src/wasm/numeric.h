/* SPDX-License-Identifier: Apache-2.0 */
/* numeric.h - arithmetic where C and WebAssembly differ: shifts and rotations by any
 * count, signed shifts, counting bits of zero, IEEE minimum and rounding, conversions
 * with a range. Nothing depends on the C library's rounding functions or on how a
 * machine converts what does not fit. Square root is IEEE's, exact everywhere. */
#ifndef MK_WASM_NUMERIC_H
#define MK_WASM_NUMERIC_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t num_bits32(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static inline float num_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
static inline uint64_t num_bits64(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static inline double num_double(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* --- integers --------------------------------------------------------------------- */

static inline uint32_t num_rotl32(uint32_t x, uint32_t n) {
    return x << (n & 31) | x >> (-n & 31);
}
static inline uint64_t num_rotl64(uint64_t x, uint64_t n) {
    return x << (n & 63) | x >> (-n & 63);
}
static inline uint32_t num_clz32(uint32_t x) {
    return x != 0 ? (uint32_t)__builtin_clz(x) : 32;
}
static inline uint32_t num_ctz32(uint32_t x) {
    return x != 0 ? (uint32_t)__builtin_ctz(x) : 32;
}
static inline uint64_t num_clz64(uint64_t x) {
    return x != 0 ? (uint64_t)__builtin_clzll(x) : 64;
}
static inline uint64_t num_ctz64(uint64_t x) {
    return x != 0 ? (uint64_t)__builtin_ctzll(x) : 64;
}
static inline uint32_t num_popcnt32(uint32_t x) {
    return (uint32_t)__builtin_popcount(x);
}
static inline uint64_t num_popcnt64(uint64_t x) {
    return (uint64_t)__builtin_popcountll(x);
}

/* --- floating point --------------------------------------------------------------- */

/* One definition for both widths: F the type, B its bits, S the suffix, M the bits of
 * the fraction, BIAS of the exponent, EMAX the largest exponent field, I a signed
 * integer that holds every F below 2^M. */
#define NUM_FLOATS(F, B, S, FROM, M, BIAS, EMAX, I)                                    \
    static inline F num_quiet##S(B bits) {                                             \
        return FROM(bits | (B)1 << ((M)-1));                                           \
    }                                                                                  \
    static inline bool num_is_nan##S(B bits) {                                         \
        return (bits << 1) > (B)((B)(EMAX) << ((M) + 1));                              \
    }                                                                                  \
    static inline F num_trunc##S(F x) {                                                \
        B bits = num_bits##S(x);                                                       \
        unsigned field = (unsigned)(bits >> (M)) & (EMAX);                             \
        if (num_is_nan##S(bits)) return num_quiet##S(bits);                            \
        if (field >= (BIAS) + (M)) return x;                                           \
        if (field < (BIAS)) return FROM(bits & (B)1 << (sizeof(B) * 8 - 1));           \
        return FROM(bits & ~(((B)1 << ((M) - (field - (BIAS)))) - 1));                 \
    }                                                                                  \
    static inline F num_floor##S(F x) {                                                \
        F t = num_trunc##S(x);                                                         \
        return t > x ? t - 1 : t;                                                      \
    }                                                                                  \
    static inline F num_ceil##S(F x) {                                                 \
        F t = num_trunc##S(x);                                                         \
        return t < x ? t + 1 : t;                                                      \
    }                                                                                  \
    static inline F num_nearest##S(F x) {                                              \
        F t = num_trunc##S(x);                                                         \
        F away = x - t; /* exact; 0 for what has no fraction */                        \
        F distance = away < 0 ? -away : away;                                          \
        if (!(distance > 0)) return t;                                                 \
        if (distance > (F)0.5 || (!(distance < (F)0.5) && ((I)t & 1) != 0))            \
            return away < 0 ? t - 1 : t + 1;                                           \
        return t;                                                                      \
    }                                                                                  \
    static inline F num_min##S(F a, F b) {                                             \
        B x = num_bits##S(a), y = num_bits##S(b);                                      \
        if (num_is_nan##S(x)) return num_quiet##S(x);                                  \
        if (num_is_nan##S(y)) return num_quiet##S(y);                                  \
        if (a < b) return a;                                                           \
        return b < a ? b : FROM(x | y); /* -0 is less than 0 */                        \
    }                                                                                  \
    static inline F num_max##S(F a, F b) {                                             \
        B x = num_bits##S(a), y = num_bits##S(b);                                      \
        if (num_is_nan##S(x)) return num_quiet##S(x);                                  \
        if (num_is_nan##S(y)) return num_quiet##S(y);                                  \
        if (a > b) return a;                                                           \
        return b > a ? b : FROM(x & y);                                                \
    }

NUM_FLOATS(float, uint32_t, 32, num_float, 23, 127u, 255u, int32_t)
NUM_FLOATS(double, uint64_t, 64, num_double, 52, 1023u, 2047u, int64_t)

/* --- conversions ------------------------------------------------------------------ */

/* PowerPC widens a float by loading it, which leaves a signalling NaN as it is. */
static inline double num_promote(uint32_t bits) {
    double x = (double)num_float(bits);
    return num_is_nan32(bits) ? num_quiet64(num_bits64(x)) : x;
}

/* (low, high) is the open interval of what fits after truncation. All bounds are exact
 * in the type of the operand, where one of them is included because the next number
 * below would not fit. */
#define NUM_FITS_I32_F32(x) ((x) >= -2147483648.0f && (x) < 2147483648.0f)
#define NUM_FITS_U32_F32(x) ((x) > -1.0f && (x) < 4294967296.0f)
#define NUM_FITS_I32_F64(x) ((x) > -2147483649.0 && (x) < 2147483648.0)
#define NUM_FITS_U32_F64(x) ((x) > -1.0 && (x) < 4294967296.0)
#define NUM_FITS_I64_F32(x)                                                            \
    ((x) >= -9223372036854775808.0f && (x) < 9223372036854775808.0f)
#define NUM_FITS_U64_F32(x) ((x) > -1.0f && (x) < 18446744073709551616.0f)
#define NUM_FITS_I64_F64(x)                                                            \
    ((x) >= -9223372036854775808.0 && (x) < 9223372036854775808.0)
#define NUM_FITS_U64_F64(x) ((x) > -1.0 && (x) < 18446744073709551616.0)

#endif
