/* The kernels whose shapes do not depend on the model: packing weights, tiles of products, sums
 * over the batch, zeros and the norm of a gradient. */
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
            for (int i = 0; i < LANES; i++) v[i] = rd_load(weight + i * p->column_stride + k);
        else
            for (int i = 0; i < LANES; i++)
                v[i] = rd_load_head(weight + i * p->column_stride + k, i < wide ? deep : 0);
        rd_transpose(v);
        if (deep == LANES)
            for (int i = 0; i < LANES; i++, to += p->apart) rd_store(to, v[i]);
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
enum { RD_FEW_ROWS = 2, RD_AHEAD = 4096 };

RD_INLINE void rd_fetch(const void *weights, size_t bytes) {
    for (size_t at = 0; at < bytes; at += 64)
        __builtin_prefetch((const char *)weights + RD_AHEAD + at);
}

/* ROWS rows times ACROSS vectors: sum[r][which[v]] += left[.].row[r][k] * panel[k][v] over all
 * operands and depths, in this order whatever ROWS and ACROSS are. */
RD_INLINE void rd_multiply_full(const int ROWS, const int ACROSS, vec *sums, long stride,
                                const int *which, const RdLeft *left, int operands, RdPanel from,
                                long step) {
    vec sum[RD_ROWS][RD_ACROSS];
    const real *panel = (const real *)(const void *)from.numbers;
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < ACROSS; v++) sum[r][v] = sums[r * stride + which[v]];
    for (; operands > 0; operands--, left++) {
        const real *row[RD_ROWS];
        for (int r = 0; r < ROWS; r++) row[r] = left->row[r];
        RD_ROLLED for (int k = 0; k < left->depth; k++, panel += step * LANES) {
            vec weight[RD_ACROSS];
            if (ROWS <= RD_FEW_ROWS) rd_fetch(panel, (size_t)ACROSS * sizeof(vec));
            for (int v = 0; v < ACROSS; v++) weight[v] = rd_load(panel + v * LANES);
            for (int r = 0; r < ROWS; r++) {
                const vec x = rd_splat(row[r][k]);
                for (int v = 0; v < ACROSS; v++) sum[r][v] = rd_fma(x, weight[v], sum[r][v]);
            }
        }
    }
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < ACROSS; v++) sums[r * stride + which[v]] = sum[r][v];
}

#if RD_NARROW
/* The same of narrow weights. Those with scales are added up for each operand, then scaled. */
RD_INLINE void rd_multiply_narrow(const int ROWS, const int ACROSS, vec *sums, long stride,
                                  const int *which, const RdLeft *left, int operands, RdPanel from,
                                  long step) {
    const bool scaled = RD_NARROW == RD_INT8;
    const RdNarrow *panel = (const RdNarrow *)(const void *)from.numbers;
    const real *scales = from.scales;
    vec sum[RD_ROWS][RD_ACROSS];
    for (; operands > 0; operands--, left++) {
        const real *row[RD_ROWS];
        for (int r = 0; r < ROWS; r++) row[r] = left->row[r];
        for (int r = 0; r < ROWS; r++)
            for (int v = 0; v < ACROSS; v++)
                sum[r][v] = scaled ? rd_splat(0) : sums[r * stride + which[v]];
        RD_ROLLED for (int k = 0; k < left->depth; k++, panel += step * LANES) {
            vec weight[RD_ACROSS];
            if (ROWS <= RD_FEW_ROWS) rd_fetch(panel, (size_t)ACROSS * sizeof(vec_narrow));
            for (int v = 0; v < ACROSS; v++) weight[v] = rd_widen(panel + v * LANES);
            for (int r = 0; r < ROWS; r++) {
                const vec x = rd_splat(row[r][k]);
                for (int v = 0; v < ACROSS; v++) sum[r][v] = rd_fma(x, weight[v], sum[r][v]);
            }
        }
        for (int r = 0; r < ROWS; r++)
            for (int v = 0; v < ACROSS; v++) {
                vec *to = &sums[r * stride + which[v]];
                *to = scaled ? rd_fma(sum[r][v], rd_load(scales + v * LANES), *to) : sum[r][v];
            }
        if (scaled) scales += step * LANES;
    }
}
#endif

/* KIND is full or narrow. */
#define RD_MULTIPLY_ROWS(KIND, ACROSS)                                                           \
    RD_HELPER void rd_multiply_##KIND##_##ACROSS(int rows, vec *sums, long stride,               \
                                                 const int *which, const RdLeft *left,           \
                                                 int operands, RdPanel panel, long step) {       \
        switch (rows) {                                                                          \
            case 1:                                                                              \
                rd_multiply_##KIND(1, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                           \
            case 2:                                                                              \
                rd_multiply_##KIND(2, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                           \
            case 3:                                                                              \
                rd_multiply_##KIND(3, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                           \
            case 4:                                                                              \
                rd_multiply_##KIND(4, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                           \
            case 5:                                                                              \
                rd_multiply_##KIND(5, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                           \
            default:                                                                             \
                rd_multiply_##KIND(6, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                           \
        }                                                                                        \
    }

typedef void RdMultiply(int rows, vec *sums, long stride, const int *which, const RdLeft *left,
                        int operands, RdPanel panel, long step);

#if defined(__AVX512F__) || defined(__ARM_NEON)
#define RD_MULTIPLY_ALL(KIND)                                                   \
    RD_MULTIPLY_ROWS(KIND, 1)                                                   \
    RD_MULTIPLY_ROWS(KIND, 2)                                                   \
    RD_MULTIPLY_ROWS(KIND, 3)                                                   \
    RD_MULTIPLY_ROWS(KIND, 4)                                                   \
    static RdMultiply *const rd_multiply_##KIND##_across[RD_ACROSS] = {         \
        rd_multiply_##KIND##_1, rd_multiply_##KIND##_2, rd_multiply_##KIND##_3, \
        rd_multiply_##KIND##_4};
#else
#define RD_MULTIPLY_ALL(KIND)                                                                  \
    RD_MULTIPLY_ROWS(KIND, 1)                                                                  \
    RD_MULTIPLY_ROWS(KIND, 2)                                                                  \
    static RdMultiply *const rd_multiply_##KIND##_across[RD_ACROSS] = {rd_multiply_##KIND##_1, \
                                                                       rd_multiply_##KIND##_2};
#endif

RD_MULTIPLY_ALL(full)
#if RD_NARROW
RD_MULTIPLY_ALL(narrow)
#endif

RD_KERNEL void rd_multiply(vec *sums, long stride, const int *which, int count, int blocks,
                           int rows, const RdLeft *left, int operands, RdPanel *panel) {
    const int vectors = count * blocks;
    RdMultiply *const *multiply = rd_multiply_full_across;
#if RD_NARROW
    if (panel->precision) multiply = rd_multiply_narrow_across;
#endif
    for (int first = 0, across; first < vectors; first += across) {
        int place[RD_ACROSS];
        across = rd_tile(vectors - first, RD_ACROSS);
        for (int v = 0; v < across; v++)
            place[v] = which[(first + v) / blocks] * blocks + (first + v) % blocks;
        multiply[across - 1](rows, sums, stride, place, left, operands,
                             rd_panel(panel, first, first), vectors);
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
        for (int i = 0; i < LANES; i++) any |= used[i] != 0;
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

/* ---- sums over the rows of a batch ---- */

/* A block of RD_BLOCK rows of b, RD_ACROSS vectors wide, stays in the first-level cache; the panels
 * of all operands of a part in the second. Panels of a are RD_ROWS columns in RD_HIGH places, so
 * that one vector moves them. */
enum { RD_BLOCK = 96, RD_HIGH = 8, RD_LEFT = 88 * RD_ROWS, RD_RIGHT = 1024, RD_RIGHTS = 16 };

/* The row of an operand of a sum for its row r, -1 when that is left out. */
RD_INLINE int rd_summed(const RdSum *s, bool left, int r) {
    const int *map = left ? s->a_rows : s->b_rows;
    if (s->p && left && !rd_within(s->p, r, s->add)) return -1;
    if (!s->p || map) return map ? map[r] : r;
    return (int)rd_shifted(s->p, r, left ? s->a_by : s->b_by, left ? s->a_add : s->b_add);
}

/* out[i][j] += from[i][j] for `high` rows of `wide` numbers. */
RD_HELPER void rd_add_block(const real *from, int from_stride, real *out, long stride, int high,
                            int wide) {
    for (int i = 0; i < high; i++, from += from_stride, out += stride)
        for (int j = 0; j < wide; j++) out[j] += from[j];
}

/* ROWS × ACROSS vectors of a sum: out += aᵀ b over `count` rows of packed panels. */
RD_INLINE void rd_outer_tile(const int ACROSS, const real *a, const real *b, int count, real *out,
                             long stride, int high, int wide) {
    vec sum[RD_ROWS][RD_ACROSS];
    for (int i = 0; i < RD_ROWS; i++)
        for (int j = 0; j < ACROSS; j++) sum[i][j] = rd_splat(0);
    RD_ROLLED for (int r = 0; r < count; r++, a += RD_HIGH, b += ACROSS * LANES) {
        __builtin_prefetch(a + RD_BLOCK * RD_HIGH);
        vec right[RD_ACROSS];
        for (int j = 0; j < ACROSS; j++) right[j] = rd_load(b + j * LANES);
        for (int i = 0; i < RD_ROWS; i++) {
            const vec left = rd_splat(a[i]);
            for (int j = 0; j < ACROSS; j++) sum[i][j] = rd_fma(left, right[j], sum[i][j]);
        }
    }
    if (high == RD_ROWS && wide == ACROSS * LANES) {
        for (int i = 0; i < RD_ROWS; i++)
            for (int j = 0; j < ACROSS; j++) {
                real *to = out + i * stride + j * LANES;
                rd_store(to, rd_load(to) + sum[i][j]);
            }
        return;
    }
    real rest[RD_ROWS * RD_ACROSS * LANES]; /* keeps the sums above in registers */
    for (int i = 0; i < RD_ROWS; i++)
        for (int j = 0; j < ACROSS; j++) rd_store(rest + (i * ACROSS + j) * LANES, sum[i][j]);
    rd_add_block(rest, ACROSS * LANES, out, stride, high, wide);
}

#define RD_OUTER_ACROSS(ACROSS)                                                          \
    RD_HELPER void rd_outer_##ACROSS(const real *a, const real *b, int count, real *out, \
                                     long stride, int high, int wide) {                  \
        rd_outer_tile(ACROSS, a, b, count, out, stride, high, wide);                     \
    }

RD_OUTER_ACROSS(1)
RD_OUTER_ACROSS(2)
#if defined(__AVX512F__) || defined(__ARM_NEON)
RD_OUTER_ACROSS(3)
RD_OUTER_ACROSS(4)
#endif

/* The panels of the right operands that the sums of a part have in common. */
typedef struct {
    const RdSum *of[RD_RIGHTS];
    int first[RD_RIGHTS]; /* the column of b that the panel starts at */
    real *at[RD_RIGHTS];
    int count, used; /* panels; columns taken */
    _Alignas(64) real values[RD_BLOCK * RD_RIGHT];
} RdRights;

/* The rows of an operand for rows [first, first + count) of a sum, in `rows` or elsewhere. */
RD_INLINE const int *rd_block_rows(const RdSum *s, bool left, int first, int count, int *rows) {
    const int *map = left ? s->a_rows : s->b_rows;
    if (map && !s->p) return map + first;
    for (int k = 0; k < count; k++) rows[k] = rd_summed(s, left, first + k);
    return rows;
}

/* Copies columns m0 to m1 of rows of a into panels; a row -1 is zeros. The last panel may hold what
 * stands behind m1: it is multiplied, but never stored. */
RD_HELPER void rd_outer_left(const RdSum *s, const int *rows, int count, int m0, int m1, real *to) {
    for (int k = 0; k < count; k++, to += RD_HIGH) {
        real *row = to;
        if (rows[k] < 0) {
            for (int m = m0; m < m1; m += RD_ROWS, row += RD_BLOCK * RD_HIGH)
                memset(row, 0, RD_HIGH * sizeof(real));
            continue;
        }
        const real *from = s->a + rows[k] * s->a_stride;
        for (int m = m0; m < m1; m += RD_ROWS, row += RD_BLOCK * RD_HIGH)
            memcpy(row, from + m, RD_HIGH * sizeof(real));
    }
}

/* Copies vectors [first, first + across) of rows of b into a panel; a row -1 is zeros. Rows are
 * read to the end of a vector: what stands there is multiplied, but never stored. */
RD_HELPER void rd_outer_right(const RdSum *s, const int *rows, int count, int first, int across,
                              real *to) {
    for (int k = 0; k < count; k++, to += across * LANES) {
        const real *from = s->b + rows[k] * s->b_stride + first * LANES;
        for (int v = 0; v < across; v++)
            rd_store(to + v * LANES, rows[k] < 0 ? rd_splat(0) : rd_load(from + v * LANES));
    }
}

RD_INLINE bool rd_same_right(const RdSum *s, const RdSum *other) {
    return s->b == other->b && s->b_rows == other->b_rows && s->n == other->n && s->p == other->p &&
           s->b_by == other->b_by && s->b_add == other->b_add;
}

/* The panels of columns [n0, n1) of b, one behind the other; packed unless they are there. */
RD_HELPER const real *rd_right_panels(RdRights *rights, const RdSum *s, int r, int count, int n0,
                                      int n1) {
    const int vectors = RD_VECTORS(n1 - n0);
    int place[RD_BLOCK];
    for (int i = 0; i < rights->count; i++)
        if (rd_same_right(rights->of[i], s) && rights->first[i] == n0) return rights->at[i];
    if (rights->count == RD_RIGHTS || rights->used + vectors * LANES > RD_RIGHT)
        rights->count = rights->used = 0;
    real *at = rights->values + (long)rights->used * RD_BLOCK, *to = at;
    const int *rows = rd_block_rows(s, false, r, count, place);
    for (int v = 0, across; v < vectors; v += across, to += across * LANES * RD_BLOCK) {
        across = rd_tile(vectors - v, RD_ACROSS);
        rd_outer_right(s, rows, count, n0 / LANES + v, across, to);
    }
    rights->of[rights->count] = s;
    rights->first[rights->count] = n0;
    rights->at[rights->count++] = at;
    rights->used += vectors * LANES;
    return at;
}

/* The sums of a's columns on the way: the gradient of a bias beside that of its weight. */
RD_HELPER void rd_outer_also(const RdSum *s, const int *rows, int count, int m0, int m1) {
    for (int m = m0; m < m1; m += LANES) {
        vec sum = rd_splat(0);
        for (int k = 0; k < count; k++)
            if (rows[k] >= 0) sum += rd_load(s->a + rows[k] * s->a_stride + m);
        for (int i = 0; i < 2 && s->also[i]; i++)
            rd_store_head(s->also[i] + m, rd_load(s->also[i] + m) + sum, m1 - m);
    }
}

/* The tiles of rows [m0, m1) of one sum, from the panels of both sides. */
RD_HELPER void rd_outer_tiles(const RdSum *s, const real *a, const real *b, int count, int m0,
                              int m1, int n0, int n1) {
    const int vectors = RD_VECTORS(n1 - n0);
    for (int v = 0, across; v < vectors; v += across, b += across * LANES * RD_BLOCK) {
        across = rd_tile(vectors - v, RD_ACROSS);
        const int wide = RD_MIN(n1 - n0 - v * LANES, across * LANES);
        real *out = s->out + n0 + v * LANES;
        for (int m = m0; m < m1; m += RD_ROWS) {
            const real *left = a + (m - m0) / RD_ROWS * RD_BLOCK * RD_HIGH;
            const int high = RD_MIN(m1 - m, RD_ROWS);
            real *to = out + m * s->out_stride;
            switch (across) {
                case 1:
                    rd_outer_1(left, b, count, to, s->out_stride, high, wide);
                    break;
#if defined(__AVX512F__) || defined(__ARM_NEON)
                case 3:
                    rd_outer_3(left, b, count, to, s->out_stride, high, wide);
                    break;
                case 4:
                    rd_outer_4(left, b, count, to, s->out_stride, high, wide);
                    break;
#endif
                default:
                    rd_outer_2(left, b, count, to, s->out_stride, high, wide);
                    break;
            }
        }
    }
}

RD_INLINE bool rd_same_left(const RdSum *s, const RdSum *other) {
    return s->a == other->a && s->a_rows == other->a_rows && s->m == other->m && s->p == other->p &&
           s->add == other->add && s->a_by == other->a_by && s->a_add == other->a_add;
}

/* Rows [r, r + count) of the sums: those columns of a group's left operands that are numbers [from,
 * to) when all of them stand in a row, each operand's at a multiple of RD_ROWS. */
RD_HELPER void rd_outer_block(const RdSum *sums, int sum_count, int from, int to, int r, int count,
                              real *a, RdRights *rights) {
    int place[RD_BLOCK], before = 0;
    const real *left = a;
    rights->count = rights->used = 0;
    for (int i = 0; i < sum_count && before < to; i++) {
        const RdSum *s = &sums[i];
        const int m0 = RD_MAX(from - before, 0), m1 = RD_MIN(to - before, s->m);
        const bool last = i + 1 == sum_count || !rd_same_left(s, s + 1);
        if (m0 < m1) {
            if (i == 0 || !rd_same_left(s, s - 1)) {
                const int *rows = rd_block_rows(s, true, r, count, place);
                left = a;
                rd_outer_left(s, rows, count, m0, m1, a);
                a += (long)(m1 - m0 + RD_ROWS - 1) / RD_ROWS * RD_BLOCK * RD_HIGH;
            }
            if (s->also[0]) {
                const int *rows = rd_block_rows(s, true, r, count, place);
                rd_outer_also(s, rows, count, m0, m1);
            }
            for (int n = 0; n < s->n; n += RD_RIGHT) {
                const int end = RD_MIN(s->n, n + RD_RIGHT);
                const real *b = rd_right_panels(rights, s, r, count, n, end);
                rd_outer_tiles(s, left, b, count, m0, m1, n, end);
            }
        }
        if (last) before += (s->m + RD_ROWS - 1) / RD_ROWS * RD_ROWS;
    }
}

RD_HELPER void rd_outer_part(const RdSum *sums, int count, int from, int to) {
    _Alignas(64) real a[RD_BLOCK * RD_LEFT / RD_ROWS * RD_HIGH];
    RdRights rights;
    RdSum line = *sums; /* sums of several lines are no group's */
    for (int l = 0; l < RD_MAX(sums->lines, 1); l++, line.a += line.a_line, line.b += line.b_line)
        for (int r = 0; r < sums->rows; r += RD_BLOCK)
            rd_outer_block(sums->lines > 1 ? &line : sums, count, from, to, r,
                           RD_MIN(RD_BLOCK, sums->rows - r), a, &rights);
}

/* Columns [m0, m1) of the left operand that some sums have in common. */
RD_HELPER void rd_sparse_sums(const RdSum *sums, int count, int m0, int m1) {
    for (int r = 0; r < sums->rows; r++) {
        const int row = rd_summed(sums, true, r);
        if (row < 0) continue;
        const real *a = sums->a + row * sums->a_stride;
        for (int m = rd_next_used(a, m0, m1); m < m1; m = rd_next_used(a, m + 1, m1))
            for (int i = 0; i < count; i++) {
                const RdSum *s = &sums[i];
                const int other = rd_summed(s, false, r);
                for (int k = 0; k < 2 && s->also[k]; k++) s->also[k][m] += a[m];
                if (other < 0) continue;
                const real *b = s->b + other * s->b_stride;
                real *out = s->out + m * s->out_stride;
                for (int n = 0; n < s->n; n += LANES) {
                    const vec sum = rd_fma(rd_splat(a[m]), rd_load(b + n), rd_load(out + n));
                    rd_store_head(out + n, sum, s->n - n);
                }
            }
    }
}

RD_HELPER void rd_sparse_part(const RdSum *sums, int count, int from, int to) {
    int before = 0;
    for (int i = 0, end; i < count && before < to; i = end) {
        for (end = i + 1; end < count && rd_same_left(&sums[i], &sums[end]); end++) continue;
        const int m0 = RD_MAX(from - before, 0), m1 = RD_MIN(to - before, sums[i].m);
        if (m0 < m1) rd_sparse_sums(&sums[i], end - i, m0, m1);
        before += (sums[i].m + RD_ROWS - 1) / RD_ROWS * RD_ROWS;
    }
}

RD_HELPER void rd_columns_part(const RdSum *s, int n0, int n1) {
    for (int r = 0; r < s->rows; r++) {
        const int row = rd_summed(s, true, r);
        if (row < 0) continue;
        const real *from = s->a + row * s->a_stride;
        real *to = s->out;
        for (int m = 0; m < s->m; m++, from += s->a_line, to += s->out_stride)
            for (int n = n0; n < n1; n++) to[n] += from[n];
    }
}

RD_HELPER void rd_scatter_part(const RdSum *s, int n0, int n1) {
    for (int r = 0; r < s->rows; r++) {
        const int row = rd_summed(s, true, r), at = rd_summed(s, false, r);
        if (row < 0) continue;
        const real *from = s->a + row * s->a_stride;
        real *to = s->out + s->index[at] * s->out_stride;
        for (int n = n0; n < n1; n++) to[n] += from[n];
    }
}

/* A piece of the sums' work: columns [from, to) of what is added to, or of the left operands of the
 * outer sums that begin at `first`. Work is split over its output, never over the rows that it
 * sums. */
typedef struct {
    int first, count, from, to;
} RdPiece;

RD_INLINE bool rd_outer(const RdSum *s) {
    return s->kind == RD_SUM_OUTER || s->kind == RD_SUM_SPARSE;
}

/* The outer sums of one kind, of one number of rows, of one line each, from `first` on. */
RD_INLINE int rd_group(const RdSum *sums, int count, int first) {
    int end = first + 1;
    while (end < count && sums[end].kind == sums[first].kind &&
           sums[end].rows == sums[first].rows && sums[first].lines <= 1 && sums[end].lines <= 1)
        end++;
    return end - first;
}

/* The columns of a group's left operands. */
RD_INLINE int rd_group_columns(const RdSum *sums, int count) {
    int columns = 0;
    for (int i = 0; i < count; i++)
        if (i == 0 || !rd_same_left(&sums[i], &sums[i - 1]))
            columns += (sums[i].m + RD_ROWS - 1) / RD_ROWS * RD_ROWS;
    return columns;
}

enum { RD_COLUMNS = 64 };

/* The pieces in their order; returns how many there are, and sets *piece to number `item`. */
RD_HELPER int rd_pieces(const RdSum *sums, int count, int threads, int item, RdPiece *piece) {
    int pieces = 0;
    for (int i = 0, taken; i < count; i += taken) {
        const bool outer = rd_outer(&sums[i]);
        taken = outer ? rd_group(sums, count, i) : 1;
        const int columns = outer ? rd_group_columns(sums + i, taken) : sums[i].n;
        const int share = (columns / RD_ROWS + threads - 1) / threads * RD_ROWS;
        const int most = outer ? RD_MAX(RD_ROWS, RD_MIN(RD_LEFT, share)) : RD_COLUMNS;
        const int here = (columns + most - 1) / most, part = item - pieces;
        if (part >= 0 && part < here)
            *piece = (RdPiece){i, taken, part * most, RD_MIN(columns, (part + 1) * most)};
        pieces += here;
    }
    return pieces;
}

typedef struct {
    const RdSum *sums;
    int count, threads;
} RdSums;

RD_HELPER void rd_sum_piece(void *context, int item) {
    const RdSums *all = context;
    RdPiece piece;
    rd_pieces(all->sums, all->count, all->threads, item, &piece);
    const RdSum *s = all->sums + piece.first;
    switch (s->kind) {
        case RD_SUM_OUTER:
            rd_outer_part(s, piece.count, piece.from, piece.to);
            break;
        case RD_SUM_SPARSE:
            rd_sparse_part(s, piece.count, piece.from, piece.to);
            break;
        case RD_SUM_COLUMNS:
            rd_columns_part(s, piece.from, piece.to);
            break;
        case RD_SUM_SCATTER:
            rd_scatter_part(s, piece.from, piece.to);
            break;
    }
}

/* What a sum adds to is filled from now on. */
RD_HELPER void rd_fill_patches(const RdSum *s) {
    const size_t start = (size_t)(s->out - (const real *)s->run->gradients);
    unsigned char *patches = s->run->patches;
    for (int r = 0; r < s->rows; r++) {
        const int at = rd_summed(s, false, r);
        if (at < 0) continue;
        const size_t first = start + (size_t)s->index[at] * (size_t)s->out_stride;
        for (size_t i = first / RD_PATCH; i <= (first + (size_t)s->n - 1) / RD_PATCH; i++)
            patches[i] |= RD_PATCH_FILLED | RD_PATCH_USED;
    }
}

RD_KERNEL void rd_sum_all(RdPool *pool, const RdSum *sums, int count) {
    RdSums all = {sums, count, rd_pool_threads(pool)};
    RdPiece none;
    for (int i = 0; i < count; i++)
        if (sums[i].kind == RD_SUM_SCATTER) rd_fill_patches(&sums[i]);
    rd_parallel(pool, rd_pieces(sums, count, all.threads, -1, &none), rd_sum_piece, &all);
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
    for (int i = 0; i < CHAINS; i++) sum[i] = rd_splat((real)i);
    RD_ROLLED for (int t = 0; t < TIMES; t++) {
        for (int i = 0; i < CHAINS; i++) sum[i] = rd_fma(sum[i], a, b);
    }
    real total = 0;
    for (int i = 0; i < CHAINS; i++) total += rd_sum(sum[i]);
    return total < 0 ? 0 : 2.0 * CHAINS * TIMES * LANES; /* so that the total is computed */
}

RD_KERNEL double rd_read(const void *bytes, size_t size) {
    enum { CHAINS = 8 };
    const real *values = bytes;
    vec sum[CHAINS];
    for (int i = 0; i < CHAINS; i++) sum[i] = rd_splat(0);
    for (size_t at = 0; at + CHAINS * LANES <= size / sizeof(real); at += CHAINS * LANES) {
        rd_fetch(values + at, CHAINS * sizeof(vec));
        for (int i = 0; i < CHAINS; i++)
            sum[i] = rd_max(sum[i], rd_load(values + at + (size_t)i * LANES));
    }
    for (int i = 1; i < CHAINS; i++) sum[0] = rd_max(sum[0], sum[i]);
    return rd_sum(sum[0]);
}

#include "pairs.c" /* NOLINT(bugprone-suspicious-include) */
