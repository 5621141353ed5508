/* Vectors of reals, as wide as the target's registers: C11 with the vector extensions that gcc and
 * clang share. All that depends on an instruction set is in this file.
 *
 * Every function does the same to each lane, so a number's value does not depend on the lane that
 * it is computed in, nor on its neighbours. Multiply-adds are written out as rd_fma and compilers
 * are told not to contract others, so it does not depend on how a loop was compiled either. */
#ifndef RONDO_SIMD_H
#define RONDO_SIMD_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "rondo.h"

/* What precision weights may have beside RD_FULL: a number, for the preprocessor. */
#ifndef RD_NARROW
#define RD_NARROW 0
#endif

#ifndef RD_VECTOR_BYTES
#if defined(__AVX512F__)
#define RD_VECTOR_BYTES 64
#elif defined(__AVX__)
#define RD_VECTOR_BYTES 32
#elif defined(__SSE2__) || defined(__ARM_NEON) || defined(__wasm_simd128__)
#define RD_VECTOR_BYTES 16
#elif defined(RD_DOUBLE)
#define RD_VECTOR_BYTES 8 /* scalar */
#else
#define RD_VECTOR_BYTES 4
#endif
#endif

#if !defined(__clang__) && defined(__AVX__)
#include <immintrin.h>
#endif

/* A tile of products has its sums in registers, at most RD_REGISTERS of them: RD_ROWS rows ×
 * RD_ACROSS vectors. Where weights are larger than the caches, tiles are taller, so that weights
 * are read less often, and RD_MANY_ROWS are done with RD_DEPTH of them. Tiles of few rows have
 * those of up to RD_WIDE times as many columns. */
enum { RD_ROWS = 6, RD_WIDE = 4, RD_DEPTH = 256 };
#if defined(__AVX512F__) || defined(__ARM_NEON)
enum { RD_ACROSS = 4, RD_REGISTERS = 28, RD_TALL_ROWS = 14, RD_MANY_ROWS = 14 * RD_TALL_ROWS };
#else
enum { RD_ACROSS = 2, RD_REGISTERS = 12, RD_TALL_ROWS = 6, RD_MANY_ROWS = 16 * RD_TALL_ROWS };
#endif

/* A value that is read only while its tile is at hand has this many rows, a power of two. */
enum { RD_BRIEF = 8 };
_Static_assert(RD_BRIEF >= (int)RD_ROWS, "a tile has no more rows than its values");

#define RD_IS_DOUBLE (sizeof(real) == 8)
#ifdef RD_DOUBLE /* is not optimized: functions that stay such make it less than half as large */
#define RD_INLINE static __attribute__((unused))
#else
#define RD_INLINE static inline __attribute__((always_inline, unused))
#endif
/* The loop behind it is not worth unrolling. */
#define RD_ROLLED _Pragma("GCC unroll 1")
/* Compiled for something else than speed: gradcheck, or to be watched by a sanitizer. */
#if defined(RD_DOUBLE) || defined(__SANITIZE_ADDRESS__)
#define RD_PLAIN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RD_PLAIN
#endif
#endif
/* The loop behind it, over what registers hold, is unrolled in full. */
#if defined(RD_PLAIN)
#define RD_UNROLLED
#elif defined(__clang__)
#define RD_UNROLLED _Pragma("clang loop unroll(full)")
#else
#define RD_UNROLLED _Pragma("GCC unroll 16")
#endif
#define RD_HELPER static __attribute__((noinline, unused))

typedef real vec __attribute__((vector_size(RD_VECTOR_BYTES), aligned(sizeof(real)), may_alias));
#define LANES ((int)(RD_VECTOR_BYTES / sizeof(real)))

/* `columns` rounded up to whole vectors: the distance of two rows of a buffer. A row of one number
 * is not padded. */
#define RD_VECTORS(columns) (((columns) + LANES - 1) / LANES)
#define RD_STRIDE(columns) ((columns) == 1 ? 1 : RD_VECTORS(columns) * LANES)

RD_INLINE vec rd_load(const real *p) { return *(const vec *)p; }
RD_INLINE void rd_store(real *p, vec v) { *(vec *)p = v; }
RD_INLINE vec rd_splat(real x) { return x - (vec){0}; }

/* a * b + c with one rounding where the machine has it. */
#if defined(__clang__)
RD_INLINE vec rd_fma(vec a, vec b, vec c) {
#pragma STDC FP_CONTRACT ON
    return a * b + c;
}
#elif defined(__AVX512F__) && RD_VECTOR_BYTES == 64
RD_INLINE vec rd_fma(vec a, vec b, vec c) {
    return RD_IS_DOUBLE ? (vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c)
                        : (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
#elif defined(__FMA__) && RD_VECTOR_BYTES == 32
RD_INLINE vec rd_fma(vec a, vec b, vec c) {
    return RD_IS_DOUBLE ? (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c)
                        : (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
#else
RD_INLINE vec rd_fma(vec a, vec b, vec c) { return a * b + c; }
#endif

#if RD_NARROW /* weights of fewer bits become reals as they are read: see RdPrecision */
#if RD_NARROW == 1
typedef uint16_t RdNarrow;
#else
typedef int8_t RdNarrow;
#endif
typedef RdNarrow vec_narrow __attribute__((vector_size(RD_VECTOR_BYTES / 4 * sizeof(RdNarrow)),
                                           aligned(sizeof(RdNarrow)), may_alias));
typedef uint32_t vec_bits __attribute__((vector_size(RD_VECTOR_BYTES)));
typedef int32_t vec_whole __attribute__((vector_size(RD_VECTOR_BYTES)));

RD_INLINE vec rd_widen(const RdNarrow *p) {
    const vec_narrow v = *(const vec_narrow *)p;
#if RD_NARROW == 1
    return (vec)(__builtin_convertvector(v, vec_bits) << 16);
#elif !defined(__clang__) && defined(__AVX512F__) && \
    RD_VECTOR_BYTES == 64 /* gcc 12 takes lane by lane */
    return __builtin_convertvector((vec_whole)_mm512_cvtepi8_epi32((__m128i)v), vec);
#else
    return __builtin_convertvector(__builtin_convertvector(v, vec_whole), vec);
#endif
}
#endif

/* Comparisons give all ones or all zeros in a lane; vec_mask is the type that holds them. */
typedef __typeof__((vec){0} < (vec){0}) vec_mask;

RD_INLINE vec rd_choose(vec_mask mask, vec yes, vec no) {
    return (vec)((mask & (vec_mask)yes) | (~mask & (vec_mask)no));
}
RD_INLINE vec rd_max(vec a, vec b) { return rd_choose(a > b, a, b); }
RD_INLINE vec rd_min(vec a, vec b) { return rd_choose(a < b, a, b); }
RD_INLINE vec rd_less(vec a, vec b) { return rd_choose(a < b, rd_splat(1), rd_splat(0)); }
RD_INLINE vec rd_equal(vec a, vec b) { return rd_choose(a == b, rd_splat(1), rd_splat(0)); }
RD_INLINE vec rd_select(vec a, vec b, vec c) { return rd_choose(a != rd_splat(0), b, c); }
RD_INLINE vec rd_abs(vec a) { return rd_choose(a < rd_splat(0), -a, a); }
RD_INLINE vec rd_sign(vec a) { return rd_less(rd_splat(0), a) - rd_less(a, rd_splat(0)); }

/* first, first + 1, … : the number of each lane's column. */
RD_INLINE vec rd_iota(int first) {
    vec v;
    RD_UNROLLED for (int i = 0; i < LANES; i++) v[i] = (real)(first + i);
    return v;
}

/* The first `count` lanes of v, `rest` in the others. */
RD_INLINE vec rd_head(vec v, int count, vec rest) {
    return count >= LANES ? v : rd_choose(rd_iota(0) < rd_splat((real)count), v, rest);
}

/* The first `count` numbers at p (all when count >= LANES), zeros behind them. */
RD_INLINE vec rd_load_head(const real *p, int count) {
    vec v = rd_splat(0);
    if (count >= LANES) return rd_load(p);
    if (count > 0) memcpy(&v, p, (size_t)count * sizeof(real));
    return v;
}

#if defined(__has_builtin) && RD_VECTOR_BYTES == 64 && !defined(RD_DOUBLE)
#if __has_builtin(__builtin_shufflevector)
#define RD_LOW(l, by) ((l) & (by) ? 16 + (l) - (by) : (l))
#define RD_UPPER(l, by) ((l) & (by) ? 16 + (l) : (l) + (by))
#define RD_LANES(LANE, by)                                                                     \
    LANE(0, by), LANE(1, by), LANE(2, by), LANE(3, by), LANE(4, by), LANE(5, by), LANE(6, by), \
        LANE(7, by), LANE(8, by), LANE(9, by), LANE(10, by), LANE(11, by), LANE(12, by),       \
        LANE(13, by), LANE(14, by), LANE(15, by)
/* Blocks of `by` lanes change places with those of the vector `by` further on. */
#define RD_SWAP(v, by)                                                         \
    RD_UNROLLED for (int i = 0; i < LANES; i++) if (!(i & (by))) {             \
        const vec a = (v)[i], b = (v)[i + (by)];                               \
        (v)[i] = __builtin_shufflevector(a, b, RD_LANES(RD_LOW, by));          \
        (v)[i + (by)] = __builtin_shufflevector(a, b, RD_LANES(RD_UPPER, by)); \
    }
#endif
#endif

/* Lane i of v[k] becomes what lane k of v[i] was; LANES vectors. */
RD_INLINE void rd_transpose(vec *v) {
#ifdef RD_SWAP
    RD_SWAP(v, 1)
    RD_SWAP(v, 2)
    RD_SWAP(v, 4)
    RD_SWAP(v, 8)
#else
    RD_UNROLLED for (int i = 0; i < LANES; i++) for (int k = 0; k < i; k++) {
        const real other = v[i][k];
        v[i][k] = v[k][i];
        v[k][i] = other;
    }
#endif
}

/* Stores the first `count` lanes (all when count >= LANES). */
RD_INLINE void rd_store_head(real *p, vec v, int count) {
    if (count >= LANES) {
        rd_store(p, v);
        return;
    }
    for (int i = 0; i < count; i++) p[i] = v[i];
}

/* `count` (all when count >= LANES) index values as reals; zero behind them. */
RD_INLINE vec rd_indices(const int *p, int count) {
    vec v = rd_splat(0);
    for (int i = 0; i < LANES && i < count; i++) v[i] = (real)p[i];
    return v;
}

/* The elements of a table that `count` index values name; zero behind them. */
RD_INLINE vec rd_gather(const real *table, const int *p, int count) {
    vec v = rd_splat(0);
    for (int i = 0; i < LANES && i < count; i++) v[i] = table[p[i]];
    return v;
}

/* Stores `count` reals that are index values. */
RD_INLINE void rd_store_indices(int *p, vec v, int count) {
    for (int i = 0; i < LANES && i < count; i++) p[i] = (int)v[i];
}

/* Over all lanes, always in the same order. */
RD_INLINE real rd_sum(vec v) {
    real sum = 0;
    RD_UNROLLED for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
}
RD_INLINE real rd_highest(vec v) {
    real highest = v[0];
    RD_UNROLLED for (int i = 1; i < LANES; i++) highest = v[i] > highest ? v[i] : highest;
    return highest;
}

/* The index of the largest of n numbers, the first of equals. */
RD_INLINE int rd_argmax(const real *x, int n) {
    int best = 0, i = 1;
    if (n >= 2 * LANES) { /* the best of each lane, then of all */
        vec high = rd_load(x), where = rd_iota(0), here = where;
        for (i = LANES; i + LANES <= n; i += LANES) {
            const vec v = rd_load(x + i);
            here += rd_splat((real)LANES);
            where = rd_choose(v > high, here, where);
            high = rd_max(v, high);
        }
        RD_UNROLLED for (int k = 1; k < LANES;
                         k++) if (high[k] > high[best] ||
                                  (high[k] == high[best] && where[k] < where[best])) best = k;
        best = (int)where[best];
    }
    for (; i < n; i++) best = x[i] > x[best] ? i : best;
    return best;
}

RD_INLINE vec rd_sqrt(vec a) {
    RD_UNROLLED for (int i = 0; i < LANES; i++) a[i] =
        RD_IS_DOUBLE ? (real)sqrt(a[i]) : (real)sqrtf((float)a[i]);
    return a;
}
RD_INLINE vec rd_log(vec a) {
    RD_UNROLLED for (int i = 0; i < LANES; i++) a[i] =
        RD_IS_DOUBLE ? (real)log(a[i]) : (real)logf((float)a[i]);
    return a;
}

/* e^x, relative error below 2e-7: x = n log 2 + r, e^r by a polynomial of degree 6, 2^n by the
 * exponent's bits. Below -87 it is e^-87; NaN stays NaN. (Coefficients: Cephes, expf.c.) */
RD_INLINE vec rd_exp(vec x) {
    if (RD_IS_DOUBLE) {
        for (int i = 0; i < LANES; i++) x[i] = (real)exp(x[i]);
        return x;
    }
    const vec high = rd_splat((real)88.0f), low = rd_splat((real)-87.0f);
    const vec magic = rd_splat((real)12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer */
    x = rd_choose(x > high, high, x);
    x = rd_choose(x < low, low, x);
    vec shifted = rd_fma(x, rd_splat((real)1.44269504088896341f), magic);
    vec n = shifted - magic;
    vec r = rd_fma(n, rd_splat((real)-0.693359375f), x);
    r = rd_fma(n, rd_splat((real)2.12194440e-4f), r);
    vec p = rd_splat((real)1.9875691500e-4f);
    p = rd_fma(p, r, rd_splat((real)1.3981999507e-3f));
    p = rd_fma(p, r, rd_splat((real)8.3334519073e-3f));
    p = rd_fma(p, r, rd_splat((real)4.1665795894e-2f));
    p = rd_fma(p, r, rd_splat((real)1.6666665459e-1f));
    p = rd_fma(p, r, rd_splat((real)5.0000001201e-1f));
    p = rd_fma(p * r, r, r) + rd_splat((real)1);
    vec_mask bits = ((vec_mask)shifted + 127) << 23;
    return p * (vec)bits;
}

/* sin(x + quarters * π/2), absolute error below 2e-7 for |x| up to 10000: x = n π/2 + r with |r| up
 * to π/4, a polynomial of r, and what n says. (π/2 in three parts and coefficients: Cephes,
 * sinf.c.) */
RD_INLINE vec rd_wave(vec x, int quarters) {
    if (RD_IS_DOUBLE) {
        for (int i = 0; i < LANES; i++) x[i] = (real)(quarters ? cos(x[i]) : sin(x[i]));
        return x;
    }
    const vec magic = rd_splat((real)12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer */
    const vec shifted = rd_fma(x, rd_splat((real)0.636619772367581343f), magic);
    const vec n = shifted - magic;
    vec r = rd_fma(n, rd_splat((real)-1.5703125f), x);
    r = rd_fma(n, rd_splat((real)-4.837512969970703125e-4f), r);
    r = rd_fma(n, rd_splat((real)-7.54978995489188216e-8f), r);
    const vec square = r * r;
    vec s = rd_splat((real)-1.9515295891e-4f);
    s = rd_fma(s, square, rd_splat((real)8.3321608736e-3f));
    s = rd_fma(s, square, rd_splat((real)-1.6666654611e-1f));
    s = rd_fma(s * square, r, r);
    vec c = rd_splat((real)2.443315711809948e-5f);
    c = rd_fma(c, square, rd_splat((real)-1.388731625493765e-3f));
    c = rd_fma(c, square, rd_splat((real)4.166664568298827e-2f));
    c = rd_fma(c * square, square, rd_splat(1) - rd_splat((real)0.5f) * square);
    const vec_mask quarter = (vec_mask)shifted + quarters;
    const vec_mask odd = (quarter & 1) != 0, minus = (quarter & 2) != 0;
    const vec wave = rd_choose(odd, c, s);
    return rd_choose(minus, -wave, wave);
}
RD_INLINE vec rd_sin(vec x) { return rd_wave(x, 0); }
RD_INLINE vec rd_cos(vec x) { return rd_wave(x, 1); }

RD_INLINE vec rd_sigmoid(vec x) { return rd_splat(1) / (rd_splat(1) + rd_exp(-x)); }

/* Absolute error below 1e-7. */
RD_INLINE vec rd_tanh(vec x) {
    if (RD_IS_DOUBLE) {
        for (int i = 0; i < LANES; i++) x[i] = (real)tanh(x[i]);
        return x;
    }
    return rd_splat(1) - rd_splat(2) / (rd_exp(x + x) + rd_splat(1));
}

/* A random 32-bit number for (key, stream, row, column): a hash, so that every element has its own
 * whatever is computed before it. (The mixing is lowbias32 by C. Wellons.) */
RD_INLINE uint32_t rd_hash(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    x ^= x >> 16;
    return x;
}

/* Dropout's mask for the columns from `column` on, `apart` from each other: 0 with probability
 * `drop`, else 1/(1-drop). */
RD_INLINE vec rd_mask(uint64_t key, int stream, long row, uint32_t column, uint32_t apart,
                      double drop) {
    uint32_t seed =
        rd_hash((uint32_t)key ^ rd_hash((uint32_t)(key >> 32) ^ rd_hash((uint32_t)stream)));
    uint32_t base = rd_hash(seed ^ rd_hash((uint32_t)row));
    uint32_t limit = (uint32_t)(drop * 4294967296.0);
    real keep = (real)(1 / (1 - drop));
    vec v;
    RD_UNROLLED for (int i = 0; i < LANES; i++) v[i] =
        rd_hash(base + column + (uint32_t)i * apart) < limit ? 0 : keep;
    return v;
}

#endif
