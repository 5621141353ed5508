/* The kernels whose shapes do not depend on the model: packing weights, tiles of products, zeros
 * and the norm of a gradient. Values of pairs and sums over the batch have files of their own. */
#include "kernels.h"

/* ---- weights for the tiles ---- */

/* The columns of a weight that take part of a panel. */
typedef struct {
    const real *weight; /* the first one's */
    long column_stride, depth_stride;
    int columns, depth;
    int width;  /* of the panel, zeros behind the columns */
    long apart; /* from one depth to the next in the panel */
} RdPacked;

/* LANES columns from column `n` on whose depths stand side by side. */
RD_INLINE void rd_pack_across(const RdPacked *p, int n, real *to) {
    const real *weight = p->weight + n * p->column_stride;
    for (int k = 0; k < p->depth; k += LANES) {
        const int deep = RD_MIN(p->depth - k, LANES), wide = RD_MIN(p->columns - n, LANES);
        vec v[LANES];
        if (deep == LANES && wide == LANES)
            RD_UNROLLED for (int i = 0; i < LANES; i++) v[i] =
                rd_load(weight + i * p->column_stride + k);
        else
            RD_UNROLLED for (int i = 0; i < LANES; i++) v[i] =
                rd_load_head(weight + i * p->column_stride + k, i < wide ? deep : 0);
        rd_transpose(v);
        if (deep == LANES)
            RD_UNROLLED for (int i = 0; i < LANES; i++, to += p->apart) rd_store(to, v[i]);
        else
            for (int i = 0; i < deep; i++, to += p->apart) rd_store(to, v[i]);
    }
}

RD_HELPER void rd_pack_full(const RdPacked *p, real *to) {
    const real *weight = p->weight;
    if (p->depth_stride == 1 && p->column_stride != 1) {
        for (int n = 0; n < p->width; n += LANES) rd_pack_across(p, n, to + n);
        return;
    }
    for (int k = 0; k < p->depth; k++, to += p->apart, weight += p->depth_stride) {
        if (p->column_stride == 1)
            for (int n = 0; n < p->width; n += LANES)
                rd_store(to + n, rd_load_head(weight + n, p->columns - n));
        else
            for (int n = 0; n < p->width; n++)
                to[n] = n < p->columns ? weight[n * p->column_stride] : 0;
    }
}

#if RD_NARROW == 1
/* The upper half of a number's bits, to nearest, ties to even; NaN stays NaN. */
RD_INLINE RdNarrow rd_narrow(real x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (x != x) return (RdNarrow)(bits >> 16 | 0x40);
    return (RdNarrow)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

RD_HELPER void rd_pack_narrow(const RdPacked *p, RdNarrow *to, real *scales) {
    (void)scales;
    for (int k = 0; k < p->depth; k++, to += p->apart)
        for (int n = 0; n < p->width; n++)
            to[n] = n < p->columns
                        ? rd_narrow(p->weight[n * p->column_stride + k * p->depth_stride])
                        : 0;
}
#elif RD_NARROW
/* w ≈ q * scale, where scale = max |w| / 127 over the column and q is the nearest integer. A column
 * with infinities or NaNs has the scale NaN; one that vanishes is zero. */
RD_HELPER void rd_pack_narrow(const RdPacked *p, RdNarrow *to, real *scales) {
    for (int n = 0; n < p->width; n++) {
        const real *weight = p->weight + n * p->column_stride;
        real most = 0;
        for (int k = 0; n < p->columns && k < p->depth; k++) {
            const real size = fabsf(weight[k * p->depth_stride]);
            most = size <= most ? most : size;
            if (!(size < RD_HUGE)) most = NAN;
        }
        const bool usual = most >= 127 * FLT_MIN;
        scales[n] = usual || most != most ? most / 127 : 0;
        for (int k = 0; k < p->depth; k++)
            to[k * p->apart + n] =
                usual ? (RdNarrow)lrintf(weight[k * p->depth_stride] / scales[n]) : 0;
    }
}
#endif

RD_KERNEL void rd_pack(const RdPanel *panel, int place, int count, int blocks, const real *weight,
                       int first, int columns, long column_stride, long depth_stride, int depth) {
    const int width = blocks * LANES;
    const RdPanel to = rd_panel(panel, (long)place * blocks, (long)place * blocks);
    const RdPacked packed = {.weight = weight + (long)first * LANES * column_stride,
                             .column_stride = column_stride,
                             .depth_stride = depth_stride,
                             .columns = RD_MIN(columns - first * LANES, width),
                             .depth = depth,
                             .width = width,
                             .apart = (long)count * width};
#if RD_NARROW
    if (to.precision) {
        rd_pack_narrow(&packed, (RdNarrow *)(void *)to.numbers, to.scales);
        return;
    }
#endif
    rd_pack_full(&packed, (real *)(void *)to.numbers);
}

/* ---- products ---- */

/* A tile of few rows waits for its weights: it asks for them so many bytes ahead. */
enum { RD_FEW_ROWS = 2, RD_AHEAD = 4096, RD_LINE = 64 / sizeof(real) };

RD_INLINE void rd_fetch(const void *weights, size_t bytes) {
    RD_UNROLLED for (size_t at = 0; at < bytes; at += 64)
        __builtin_prefetch((const char *)weights + RD_AHEAD + at);
}

/* ROWS rows times ACROSS vectors: sum[r][which[v]] += left[.].row[r][k] * panel[k][v] over all
 * operands and depths, in this order whatever ROWS and ACROSS are. */
RD_INLINE void rd_multiply_full(const int ROWS, const int ACROSS, vec *sums, long stride,
                                const int *which, const RdLeft *left, int operands, RdPanel from,
                                long step) {
    vec sum[RD_TALL_ROWS][RD_ACROSS];
    const real *panel = (const real *)(const void *)from.numbers;
    RD_UNROLLED for (int r = 0; r < ROWS; r++) RD_UNROLLED for (int v = 0; v < ACROSS; v++)
        sum[r][v] = sums[r * stride + which[v]];
    for (; operands > 0; operands--, left++) {
        const real *row[RD_TALL_ROWS];
        RD_UNROLLED for (int r = 0; r < ROWS; r++) row[r] = left->row[r];
        const int each = left->ahead ? RD_LINE : left->depth;
        RD_ROLLED for (int from = 0, until; from < left->depth; from = until) {
            until = RD_MIN(from + each, left->depth);
            if (left->ahead)
                RD_UNROLLED for (int r = 0; r < ROWS; r++)
                    rd_fetch_to_read(row[r] + left->ahead + from);
            RD_ROLLED for (int k = from; k < until; k++, panel += step * LANES) {
                vec weight[RD_ACROSS];
                if (ROWS <= RD_FEW_ROWS || ROWS > RD_ROWS)
                    rd_fetch(panel, (size_t)ACROSS * sizeof(vec));
                RD_UNROLLED for (int v = 0; v < ACROSS; v++) weight[v] = rd_load(panel + v * LANES);
                RD_UNROLLED for (int r = 0; r < ROWS; r++) {
                    const vec x = rd_splat(row[r][k]);
                    RD_UNROLLED for (int v = 0; v < ACROSS; v++) sum[r][v] =
                        rd_fma(x, weight[v], sum[r][v]);
                }
            }
        }
    }
    RD_UNROLLED for (int r = 0; r < ROWS; r++) RD_UNROLLED for (int v = 0; v < ACROSS; v++)
        sums[r * stride + which[v]] = sum[r][v];
}

#if RD_NARROW
/* The same of narrow weights. Those with scales are added up for each operand, then scaled. */
RD_INLINE void rd_multiply_narrow(const int ROWS, const int ACROSS, vec *sums, long stride,
                                  const int *which, const RdLeft *left, int operands, RdPanel from,
                                  long step) {
    const bool scaled = RD_NARROW == RD_INT8;
    const RdNarrow *panel = (const RdNarrow *)(const void *)from.numbers;
    const real *scales = from.scales;
    vec sum[RD_TALL_ROWS][RD_ACROSS];
    for (; operands > 0; operands--, left++) {
        const real *row[RD_TALL_ROWS];
        RD_UNROLLED for (int r = 0; r < ROWS; r++) row[r] = left->row[r];
        RD_UNROLLED for (int r = 0; r < ROWS; r++) RD_UNROLLED for (int v = 0; v < ACROSS; v++)
            sum[r][v] = scaled ? rd_splat(0) : sums[r * stride + which[v]];
        RD_ROLLED for (int k = 0; k < left->depth; k++, panel += step * LANES) {
            vec weight[RD_ACROSS];
            if (ROWS <= RD_FEW_ROWS) rd_fetch(panel, (size_t)ACROSS * sizeof(vec_narrow));
            RD_UNROLLED for (int v = 0; v < ACROSS; v++) weight[v] = rd_widen(panel + v * LANES);
            RD_UNROLLED for (int r = 0; r < ROWS; r++) {
                const vec x = rd_splat(row[r][k]);
                RD_UNROLLED for (int v = 0; v < ACROSS; v++) sum[r][v] =
                    rd_fma(x, weight[v], sum[r][v]);
            }
        }
        RD_UNROLLED for (int r = 0; r < ROWS; r++) RD_UNROLLED for (int v = 0; v < ACROSS; v++) {
            vec *to = &sums[r * stride + which[v]];
            *to = scaled ? rd_fma(sum[r][v], rd_load(scales + v * LANES), *to) : sum[r][v];
        }
        if (scaled) scales += step * LANES;
    }
}
#endif

/* A function for tiles of ACROSS vectors and rows up to MOST; KIND is full or narrow. */
#define RD_MULTIPLY_CASE(KIND, ROWS, ACROSS, MOST)                                              \
    case ROWS:                                                                                  \
        if ((ROWS) <= (MOST))                                                                   \
            rd_multiply_##KIND(RD_MIN(ROWS, MOST), ACROSS, sums, stride, which, left, operands, \
                               panel, step);                                                    \
        break;
#ifdef RD_PLAIN /* the number of rows need not be known */
#define RD_MULTIPLY_ANY(KIND, ACROSS, MOST) \
    rd_multiply_##KIND(rows, ACROSS, sums, stride, which, left, operands, panel, step);
#else
#define RD_MULTIPLY_ANY(KIND, ACROSS, MOST)      \
    switch (rows) {                              \
        RD_MULTIPLY_CASE(KIND, 1, ACROSS, MOST)  \
        RD_MULTIPLY_CASE(KIND, 2, ACROSS, MOST)  \
        RD_MULTIPLY_CASE(KIND, 3, ACROSS, MOST)  \
        RD_MULTIPLY_CASE(KIND, 4, ACROSS, MOST)  \
        RD_MULTIPLY_CASE(KIND, 5, ACROSS, MOST)  \
        RD_MULTIPLY_CASE(KIND, 6, ACROSS, MOST)  \
        RD_MULTIPLY_CASE(KIND, 7, ACROSS, MOST)  \
        RD_MULTIPLY_CASE(KIND, 8, ACROSS, MOST)  \
        RD_MULTIPLY_CASE(KIND, 9, ACROSS, MOST)  \
        RD_MULTIPLY_CASE(KIND, 10, ACROSS, MOST) \
        RD_MULTIPLY_CASE(KIND, 11, ACROSS, MOST) \
        RD_MULTIPLY_CASE(KIND, 12, ACROSS, MOST) \
        RD_MULTIPLY_CASE(KIND, 13, ACROSS, MOST) \
        RD_MULTIPLY_CASE(KIND, 14, ACROSS, MOST) \
    }
#endif
#define RD_MULTIPLY_ROWS(KIND, ACROSS, MOST)                                               \
    RD_HELPER void rd_multiply_##KIND##_##ACROSS(int rows, vec *sums, long stride,         \
                                                 const int *which, const RdLeft *left,     \
                                                 int operands, RdPanel panel, long step) { \
        RD_MULTIPLY_ANY(KIND, ACROSS, MOST)                                                \
    }

typedef void RdMultiply(int rows, vec *sums, long stride, const int *which, const RdLeft *left,
                        int operands, RdPanel panel, long step);

#if defined(__AVX512F__) || defined(__ARM_NEON)
#define RD_MULTIPLY_ALL(KIND)                                                   \
    RD_MULTIPLY_ROWS(KIND, 1, RD_TALL_ROWS)                                     \
    RD_MULTIPLY_ROWS(KIND, 2, RD_TALL_ROWS)                                     \
    RD_MULTIPLY_ROWS(KIND, 3, RD_REGISTERS / 3)                                 \
    RD_MULTIPLY_ROWS(KIND, 4, RD_REGISTERS / 4)                                 \
    static RdMultiply *const rd_multiply_##KIND##_across[RD_ACROSS] = {         \
        rd_multiply_##KIND##_1, rd_multiply_##KIND##_2, rd_multiply_##KIND##_3, \
        rd_multiply_##KIND##_4};
#else
#define RD_MULTIPLY_ALL(KIND)                                                                  \
    RD_MULTIPLY_ROWS(KIND, 1, RD_TALL_ROWS)                                                    \
    RD_MULTIPLY_ROWS(KIND, 2, RD_TALL_ROWS)                                                    \
    static RdMultiply *const rd_multiply_##KIND##_across[RD_ACROSS] = {rd_multiply_##KIND##_1, \
                                                                       rd_multiply_##KIND##_2};
#endif

RD_MULTIPLY_ALL(full)
#if RD_NARROW
RD_MULTIPLY_ALL(narrow)
#endif

RD_KERNEL void rd_multiply(vec *sums, long stride, const int *which, int count, int blocks,
                           int rows, const RdLeft *left, int operands, RdPanel *panel) {
    const int vectors = count * blocks, most = RD_MIN(RD_ACROSS, RD_REGISTERS / rows);
    RdMultiply *const *multiply = rd_multiply_full_across;
#if RD_NARROW
    if (panel->precision) multiply = rd_multiply_narrow_across;
#endif
    for (int first = 0, across, sum = 0, block = 0; first < vectors; first += across) {
        int place[RD_ACROSS];
        across = rd_tile(vectors - first, most);
        for (int v = 0; v < across; v++) {
            place[v] = which[sum] * blocks + block++;
            if (block == blocks) block = 0, sum++;
        }
        const RdPanel from = rd_panel(panel, first, first);
        for (int w = 0; w < RD_MAX(1, panel->wide); w++)
            multiply[across - 1](rows, sums + w * rows * stride, stride, place, left, operands,
                                 rd_panel(&from, w * panel->apart, w * panel->scales_apart),
                                 vectors);
    }
    for (int i = 0; i < operands; i++)
        *panel = rd_panel(panel, (long)vectors * left[i].depth, vectors);
}

/* ---- where most is zero ---- */

/* The first number that is not zero from `k` on, or `count`. */
RD_INLINE int rd_next_used(const real *row, int k, int count) {
    for (; k < count && k % LANES; k++)
        if (row[k] != 0) return k;
    for (; k + LANES <= count; k += LANES) {
        const vec_mask used = rd_load(row + k) != rd_splat(0);
        bool any = false;
        RD_UNROLLED for (int i = 0; i < LANES; i++) any |= used[i] != 0;
        if (any) break;
    }
    while (k < count && row[k] == 0) k++;
    return k;
}

RD_KERNEL void rd_multiply_sparse(vec *sums, long stride, const int *which, int count, int blocks,
                                  int rows, const RdLeft *left, int operands, RdPanel *panel) {
    const int vectors = count * blocks;
    if (panel->precision) {
        rd_multiply(sums, stride, which, count, blocks, rows, left, operands, panel);
        return;
    }
    for (; operands > 0; operands--, left++) {
        const real *weights = (const real *)(const void *)panel->numbers;
        for (int r = 0; r < rows; r++) {
            const real *row = left->row[r];
            int k = rd_next_used(row, 0, left->depth);
            for (; k < left->depth; k = rd_next_used(row, k + 1, left->depth)) {
                const real *weight = weights + (long)k * vectors * LANES;
                for (int i = 0; i < count; i++)
                    for (int u = 0; u < blocks; u++, weight += LANES) {
                        vec *sum = &sums[r * stride + which[i] * blocks + u];
                        *sum = rd_fma(rd_splat(row[k]), rd_load(weight), *sum);
                    }
            }
        }
        *panel = rd_panel(panel, (long)vectors * left->depth, vectors);
    }
}

/* ---- over all parameters ---- */

typedef struct {
    real *values;
    size_t count;
    unsigned char *patches; /* NULL: all are filled */
    double *sums, scale;
} RdChunks;

RD_INLINE RdChunks rd_gradient_chunks(const RdRun *run) {
    return (RdChunks){.values = run->gradients, .count = run->trained, .patches = run->patches};
}

RD_INLINE bool rd_filled(const RdChunks *c, size_t i) {
    return !c->patches || c->patches[i / RD_PATCH] & RD_PATCH_FILLED;
}

/* The end of the patch that i is in. */
RD_INLINE size_t rd_patch_end(const RdChunks *c, size_t i) {
    size_t end = (i / RD_PATCH + 1) * RD_PATCH;
    return RD_MIN(end, c->count);
}

RD_HELPER void rd_zero_chunk(void *context, int chunk) {
    const RdChunks *c = context;
    size_t end = rd_chunk_end(c->count, chunk);
    for (size_t i = (size_t)chunk * RD_CHUNK, next; i < end; i = next) {
        unsigned char *patch = c->patches + i / RD_PATCH;
        next = rd_patch_end(c, i);
        if (!(*patch & RD_PATCH_FILLED)) continue;
        memset(c->values + i, 0, (next - i) * sizeof(real));
        if (!(*patch & RD_PATCH_WHOLE)) *patch &= (unsigned char)~RD_PATCH_FILLED;
    }
}

RD_KERNEL void rd_zero_gradients(const RdRun *run) {
    RdChunks chunks = rd_gradient_chunks(run);
    rd_parallel(run->pool, rd_chunks(run->trained), rd_zero_chunk, &chunks);
}

RD_HELPER void rd_scale_chunk(void *context, int chunk) {
    const RdChunks *c = context;
    size_t end = rd_chunk_end(c->count, chunk);
    for (size_t i = (size_t)chunk * RD_CHUNK, next; i < end; i = next) {
        next = rd_patch_end(c, i);
        if (!rd_filled(c, i)) continue;
        for (size_t k = i; k < next; k++) c->values[k] *= (real)c->scale;
    }
}

RD_KERNEL void rd_scale_gradients(const RdRun *run, double scale) {
    RdChunks chunks = rd_gradient_chunks(run);
    chunks.scale = scale;
    rd_parallel(run->pool, rd_chunks(run->trained), rd_scale_chunk, &chunks);
}

RD_KERNEL double rd_weight_scale(const void *weight, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += (double)((const real *)weight)[i];
    return sum == 0 ? 0 : 1 / sum;
}

enum { RD_MAX_PARTIALS = 4096 };

RD_HELPER void rd_square_chunk(void *context, int item) {
    const RdChunks *c = context;
    int chunks = rd_chunks(c->count), each = (chunks + RD_MAX_PARTIALS - 1) / RD_MAX_PARTIALS;
    double total = 0;
    for (int chunk = item * each; chunk < (item + 1) * each && chunk < chunks; chunk++) {
        size_t i = (size_t)chunk * RD_CHUNK, end = rd_chunk_end(c->count, chunk);
        vec a = rd_splat(0), b = rd_splat(0);
        for (; i + 2 * (size_t)LANES <= end; i += 2 * (size_t)LANES) {
            if (!rd_filled(c, i)) continue;
            vec x = rd_load(c->values + i), y = rd_load(c->values + i + LANES);
            a = rd_fma(x, x, a);
            b = rd_fma(y, y, b);
        }
        double sum = (double)rd_sum(a) + (double)rd_sum(b);
        for (; i < end; i++) sum += (double)c->values[i] * (double)c->values[i];
        total += sum;
    }
    c->sums[item] = total;
}

RD_KERNEL double rd_square_sum(RdPool *pool, const void *values, size_t count,
                               const unsigned char *patches) {
    double sums[RD_MAX_PARTIALS], total = 0;
    RdChunks chunks = {.values = (real *)(uintptr_t)values,
                       .count = count,
                       .patches = (unsigned char *)(uintptr_t)patches,
                       .sums = sums};
    int all = rd_chunks(count), each = (all + RD_MAX_PARTIALS - 1) / RD_MAX_PARTIALS;
    int items = each ? (all + each - 1) / each : 0;
    rd_parallel(pool, items, rd_square_chunk, &chunks);
    for (int i = 0; i < items; i++) total += sums[i];
    return total;
}

/* ---- the machine ---- */

RD_KERNEL double rd_peak(void) {
    enum { CHAINS = 12, TIMES = 1 << 20 };
    vec sum[CHAINS], a = rd_splat((real)0.5), b = rd_splat(1);
    RD_UNROLLED for (int i = 0; i < CHAINS; i++) sum[i] = rd_splat((real)i);
    RD_ROLLED for (int t = 0; t < TIMES; t++) {
        RD_UNROLLED for (int i = 0; i < CHAINS; i++) sum[i] = rd_fma(sum[i], a, b);
    }
    real total = 0;
    RD_UNROLLED for (int i = 0; i < CHAINS; i++) total += rd_sum(sum[i]);
    return total < 0 ? 0 : 2.0 * CHAINS * TIMES * LANES; /* so that the total is computed */
}

RD_KERNEL double rd_read(const void *bytes, size_t size) {
    enum { CHAINS = 8 };
    const real *values = bytes;
    vec sum[CHAINS];
    RD_UNROLLED for (int i = 0; i < CHAINS; i++) sum[i] = rd_splat(0);
    for (size_t at = 0; at + CHAINS * LANES <= size / sizeof(real); at += CHAINS * LANES) {
        rd_fetch(values + at, CHAINS * sizeof(vec));
        RD_UNROLLED for (int i = 0; i < CHAINS; i++) sum[i] =
            rd_max(sum[i], rd_load(values + at + (size_t)i * LANES));
    }
    RD_UNROLLED for (int i = 1; i < CHAINS; i++) sum[0] = rd_max(sum[0], sum[i]);
    return rd_sum(sum[0]);
}

#include "pairs.c" /* NOLINT(bugprone-suspicious-include) */
#include "sums.c"  /* NOLINT(bugprone-suspicious-include) */
