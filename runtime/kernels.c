/* The kernels whose shapes do not depend on the model: packing weights, tiles of products, sums
 * over the batch, the optimizer. */
#include "kernels.h"

/* ---- weights for the tiles ---- */

RD_KERNEL void rd_pack(real *panel, int place, int count, int blocks, const real *weight, int first,
                       int columns, long column_stride, long depth_stride, int depth) {
    const int width = blocks * LANES, here = RD_MIN(columns - first * LANES, width);
    real *to = panel + (long)place * width;
    weight += (long)first * LANES * column_stride;
    for (int k = 0; k < depth; k++, to += (long)count * width, weight += depth_stride) {
        if (column_stride == 1)
            for (int n = 0; n < here; n++) to[n] = weight[n];
        else
            for (int n = 0; n < here; n++) to[n] = weight[n * column_stride];
        for (int n = here; n < width; n++) to[n] = 0;
    }
}

/* ---- products ---- */

/* ROWS rows times ACROSS vectors: sum[r][which[v]] += left[.].row[r][k] * panel[k][v] over all
 * operands and depths, in this order whatever ROWS and ACROSS are. */
RD_INLINE void rd_multiply_tile(const int ROWS, const int ACROSS, vec *sums, long stride,
                                const int *which, const RdLeft *left, int operands,
                                const real *panel, long step) {
    vec sum[RD_ROWS][RD_ACROSS];
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < ACROSS; v++) sum[r][v] = sums[r * stride + which[v]];
    for (; operands > 0; operands--, left++) {
        const real *row[RD_ROWS];
        for (int r = 0; r < ROWS; r++) row[r] = left->row[r];
        RD_ROLLED for (int k = 0; k < left->depth; k++, panel += step) {
            vec weight[RD_ACROSS];
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

#define RD_MULTIPLY_ROWS(ACROSS)                                                               \
    RD_HELPER void rd_multiply_##ACROSS(int rows, vec *sums, long stride, const int *which,    \
                                        const RdLeft *left, int operands, const real *panel,   \
                                        long step) {                                           \
        switch (rows) {                                                                        \
            case 1:                                                                            \
                rd_multiply_tile(1, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                         \
            case 2:                                                                            \
                rd_multiply_tile(2, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                         \
            case 3:                                                                            \
                rd_multiply_tile(3, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                         \
            case 4:                                                                            \
                rd_multiply_tile(4, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                         \
            case 5:                                                                            \
                rd_multiply_tile(5, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                         \
            default:                                                                           \
                rd_multiply_tile(6, ACROSS, sums, stride, which, left, operands, panel, step); \
                break;                                                                         \
        }                                                                                      \
    }

RD_MULTIPLY_ROWS(1)
RD_MULTIPLY_ROWS(2)
#if defined(__AVX512F__) || defined(__ARM_NEON)
RD_MULTIPLY_ROWS(3)
RD_MULTIPLY_ROWS(4)
#endif

RD_KERNEL void rd_multiply(vec *sums, long stride, const int *which, int count, int blocks,
                           int rows, const RdLeft *left, int operands, const real *panel) {
    const int vectors = count * blocks;
    for (int first = 0, across; first < vectors; first += across) {
        int place[RD_ACROSS];
        across = rd_tile(vectors - first, RD_ACROSS);
        for (int v = 0; v < across; v++)
            place[v] = which[(first + v) / blocks] * blocks + (first + v) % blocks;
        const real *from = panel + first * LANES;
        const long step = (long)vectors * LANES;
        switch (across) {
            case 1:
                rd_multiply_1(rows, sums, stride, place, left, operands, from, step);
                break;
#if defined(__AVX512F__) || defined(__ARM_NEON)
            case 3:
                rd_multiply_3(rows, sums, stride, place, left, operands, from, step);
                break;
            case 4:
                rd_multiply_4(rows, sums, stride, place, left, operands, from, step);
                break;
#endif
            default:
                rd_multiply_2(rows, sums, stride, place, left, operands, from, step);
                break;
        }
    }
}

/* ---- sums over the rows of a batch ---- */

/* A block of RD_BLOCK rows of b, RD_ACROSS vectors wide, stays in the first-level cache. Panels of
 * a are RD_ROWS columns in RD_HIGH places, so that one vector moves them. */
enum { RD_BLOCK = 96, RD_WIDE = 512, RD_PART = 11 * RD_ROWS, RD_HIGH = 8 };

/* The next rows of a sum, at most RD_BLOCK: their places in a and b. Returns how many. */
RD_INLINE int rd_next_rows(const RdSum *s, int *r, int *a_row, int *b_row) {
    int count = 0;
    for (; *r < s->rows && count < RD_BLOCK; ++*r) {
        int ra = s->a_rows ? s->a_rows[*r] : *r, rb = s->b_rows ? s->b_rows[*r] : *r;
        if (ra < 0 || rb < 0) continue;
        a_row[count] = ra;
        b_row[count++] = rb;
    }
    return count;
}

/* out[0:6][0:4 vectors] += a^T b over `count` rows of packed panels. */
RD_INLINE void rd_outer_tile(const real *a, const real *b, int count, real *out, long stride,
                             int high, int wide) {
    vec sum[RD_ROWS][RD_ACROSS];
    for (int i = 0; i < RD_ROWS; i++)
        for (int j = 0; j < RD_ACROSS; j++) sum[i][j] = rd_splat(0);
    RD_ROLLED for (int r = 0; r < count; r++, a += RD_HIGH, b += RD_ACROSS * LANES) {
        vec right[RD_ACROSS];
        for (int j = 0; j < RD_ACROSS; j++) right[j] = rd_load(b + j * LANES);
        for (int i = 0; i < RD_ROWS; i++) {
            const vec left = rd_splat(a[i]);
            for (int j = 0; j < RD_ACROSS; j++) sum[i][j] = rd_fma(left, right[j], sum[i][j]);
        }
    }
    if (high == RD_ROWS && wide == RD_ACROSS * LANES) {
        for (int i = 0; i < RD_ROWS; i++)
            for (int j = 0; j < RD_ACROSS; j++) {
                real *to = out + i * stride + j * LANES;
                rd_store(to, rd_load(to) + sum[i][j]);
            }
        return;
    }
    for (int i = 0; i < high; i++)
        for (int j = 0; j * LANES < wide; j++) {
            real *to = out + i * stride + j * LANES;
            rd_store_head(to, rd_load(to) + sum[i][j], wide - j * LANES);
        }
}

/* Copies columns m0 to m1 of `count` rows of a into panels. The last may hold what stands behind
 * m1: it is multiplied, but never stored. */
RD_HELPER void rd_outer_left(const RdSum *s, const int *rows, int count, int m0, int m1, real *to) {
    for (int k = 0; k < count; k++, to += RD_HIGH) {
        const real *from = s->a + rows[k] * s->a_stride;
        real *row = to;
        for (int m = m0; m < m1; m += RD_ROWS, row += RD_BLOCK * RD_HIGH)
            memcpy(row, from + m, RD_HIGH * sizeof(real));
    }
}

/* Copies columns n0 to n1 of `count` rows of b into panels of RD_ACROSS vectors. Rows are read to
 * the end of a vector: what stands there is multiplied, but never stored. */
RD_HELPER void rd_outer_right(const RdSum *s, const int *rows, int count, int n0, int n1,
                              real *to) {
    const int across = RD_ACROSS * LANES;
    for (int k = 0; k < count; k++) {
        const real *from = s->b + rows[k] * s->b_stride + n0;
        real *row = to + k * across;
        for (int n = n0; n < n1; n += across, from += across, row += RD_BLOCK * across)
            for (int v = 0; v < RD_ACROSS && n + v * LANES < n1; v++)
                rd_store(row + v * LANES, rd_load(from + v * LANES));
    }
}

/* The sums of a's columns on the way: the gradient of a bias beside that of its weight. */
RD_HELPER void rd_outer_also(const RdSum *s, const int *rows, int count, int m0, int m1) {
    for (int m = m0; m < m1; m += LANES) {
        vec sum = rd_splat(0);
        for (int k = 0; k < count; k++) sum += rd_load(s->a + rows[k] * s->a_stride + m);
        for (int i = 0; i < 2 && s->also[i]; i++)
            rd_store_head(s->also[i] + m, rd_load(s->also[i] + m) + sum, m1 - m);
    }
}

/* Rows m0 to m1 of the result (at most RD_PART), columns n0 to n1 (at most RD_WIDE). */
RD_HELPER void rd_outer_line(const RdSum *s, int m0, int m1, int n0, int n1) {
    const int across = RD_ACROSS * LANES;
    _Alignas(64) real a[RD_BLOCK * RD_PART / RD_ROWS * RD_HIGH], b[RD_BLOCK * RD_WIDE];
    int a_row[RD_BLOCK], b_row[RD_BLOCK];
    memset(b, 0, sizeof(real) * (size_t)(RD_BLOCK * ((n1 - n0 + across - 1) / across) * across));
    for (int r = 0; r < s->rows;) {
        int count = rd_next_rows(s, &r, a_row, b_row);
        rd_outer_left(s, a_row, count, m0, m1, a);
        rd_outer_right(s, b_row, count, n0, n1, b);
        if (s->also[0] && n0 == 0) rd_outer_also(s, a_row, count, m0, m1);
        for (int n = n0; n < n1; n += across)
            for (int m = m0; m < m1; m += RD_ROWS)
                rd_outer_tile(a + (m - m0) / RD_ROWS * RD_BLOCK * RD_HIGH, b + (n - n0) * RD_BLOCK,
                              count, s->out + m * s->out_stride + n, s->out_stride,
                              RD_MIN(m1 - m, RD_ROWS), RD_MIN(n1 - n, across));
    }
}

/* Line by line of the operands' rows. */
RD_HELPER void rd_outer_part(const RdSum *s, int m0, int m1, int n0, int n1) {
    RdSum line = *s;
    for (int l = 0; l < RD_MAX(s->lines, 1); l++, line.a += s->a_line, line.b += s->b_line)
        rd_outer_line(&line, m0, m1, n0, n1);
}

RD_HELPER void rd_columns_part(const RdSum *s, int n0, int n1) {
    for (int r = 0; r < s->rows; r++) {
        int row = s->a_rows ? s->a_rows[r] : r;
        if (row < 0) continue;
        const real *from = s->a + row * s->a_stride;
        real *to = s->out;
        for (int m = 0; m < s->m; m++, from += s->a_line, to += s->out_stride)
            for (int n = n0; n < n1; n++) to[n] += from[n];
    }
}

RD_HELPER void rd_scatter_part(const RdSum *s, int n0, int n1) {
    for (int r = 0; r < s->rows; r++) {
        int row = s->a_rows ? s->a_rows[r] : r;
        if (row < 0) continue;
        const real *from = s->a + row * s->a_stride;
        real *to = s->out + s->index[s->b_rows ? s->b_rows[r] : r] * s->out_stride;
        for (int n = n0; n < n1; n++) to[n] += from[n];
    }
}

/* Parts that a sum is split in: over its output, never over the rows that it sums. */
RD_INLINE int rd_sum_high(const RdSum *s) {
    return s->kind == RD_SUM_OUTER ? (s->m + RD_PART - 1) / RD_PART : 1;
}
RD_INLINE int rd_sum_across(const RdSum *s) {
    int most = s->kind == RD_SUM_OUTER ? RD_WIDE : 64;
    return (s->n + most - 1) / most;
}

typedef struct {
    const RdSum *sums;
    int count;
} RdSums;

RD_HELPER void rd_sum_part(void *context, int item) {
    const RdSums *all = context;
    const RdSum *s = all->sums;
    for (; item >= rd_sum_high(s) * rd_sum_across(s); s++)
        item -= rd_sum_high(s) * rd_sum_across(s);
    int most = s->kind == RD_SUM_OUTER ? RD_WIDE : 64;
    int m0 = item / rd_sum_across(s) * RD_PART, n0 = item % rd_sum_across(s) * most;
    int m1 = RD_MIN(m0 + RD_PART, s->m), n1 = RD_MIN(n0 + most, s->n);
    switch (s->kind) {
        case RD_SUM_OUTER:
            rd_outer_part(s, m0, m1, n0, n1);
            break;
        case RD_SUM_COLUMNS:
            rd_columns_part(s, n0, n1);
            break;
        case RD_SUM_SCATTER:
            rd_scatter_part(s, n0, n1);
            break;
    }
}

RD_KERNEL void rd_sum_all(RdPool *pool, const RdSum *sums, int count) {
    RdSums all = {sums, count};
    int items = 0;
    for (int i = 0; i < count; i++) items += rd_sum_high(&sums[i]) * rd_sum_across(&sums[i]);
    rd_parallel(pool, items, rd_sum_part, &all);
}

/* ---- over all parameters ---- */

enum { RD_CHUNK = 16384 };

typedef struct {
    real *values;
    size_t count;
    double *sums, scale;
    const RdUpdate *update;
} RdChunks;

RD_INLINE int rd_chunks(size_t count) { return (int)((count + RD_CHUNK - 1) / RD_CHUNK); }

RD_INLINE size_t rd_chunk_end(size_t count, int chunk) {
    size_t end = ((size_t)chunk + 1) * RD_CHUNK;
    return end < count ? end : count;
}

RD_HELPER void rd_zero_chunk(void *context, int chunk) {
    const RdChunks *c = context;
    size_t first = (size_t)chunk * RD_CHUNK;
    memset(c->values + first, 0, (rd_chunk_end(c->count, chunk) - first) * sizeof(real));
}

RD_KERNEL void rd_zero(RdPool *pool, real *values, size_t count) {
    RdChunks chunks = {.values = values, .count = count};
    rd_parallel(pool, rd_chunks(count), rd_zero_chunk, &chunks);
}

RD_HELPER void rd_scale_values_chunk(void *context, int chunk) {
    const RdChunks *c = context;
    size_t i = (size_t)chunk * RD_CHUNK, end = rd_chunk_end(c->count, chunk);
    for (; i < end; i++) c->values[i] *= (real)c->scale;
}

RD_KERNEL void rd_scale_values(RdPool *pool, real *values, size_t count, double scale) {
    RdChunks chunks = {.values = values, .count = count, .scale = scale};
    rd_parallel(pool, rd_chunks(count), rd_scale_values_chunk, &chunks);
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

RD_KERNEL double rd_square_sum(RdPool *pool, const void *values, size_t count) {
    double sums[RD_MAX_PARTIALS], total = 0;
    RdChunks chunks = {.values = (real *)(uintptr_t)values, .count = count, .sums = sums};
    int all = rd_chunks(count), each = (all + RD_MAX_PARTIALS - 1) / RD_MAX_PARTIALS;
    int items = each ? (all + each - 1) / each : 0;
    rd_parallel(pool, items, rd_square_chunk, &chunks);
    for (int i = 0; i < items; i++) total += sums[i];
    return total;
}

/* Adam (Kingma and Ba 2015) as torch.optim.Adam computes it:
 * m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g², p -= rate/(1 - b1^t) · m / (sqrt(v/(1 - b2^t)) +
 * eps). Elements that never had a gradient are left as they are, which is what the formula gives.
 */
RD_HELPER void rd_adam_chunk(void *context, int chunk) {
    const RdUpdate *u = ((const RdChunks *)context)->update;
    const RdTraining *t = &u->training;
    double correction1 = 1 - pow(t->beta1, (double)u->step);
    double correction2 = sqrt(1 - pow(t->beta2, (double)u->step));
    vec b1 = rd_splat((real)t->beta1), b2 = rd_splat((real)t->beta2),
        scale = rd_splat((real)u->scale);
    vec c1 = rd_splat((real)(1 - t->beta1)), c2 = rd_splat((real)(1 - t->beta2));
    vec rate = rd_splat((real)(t->rate / correction1)), eps = rd_splat((real)t->epsilon);
    vec root = rd_splat((real)(1 / correction2)), decay = rd_splat((real)t->weight_decay);
    size_t i = (size_t)chunk * RD_CHUNK, end = rd_chunk_end(u->count, chunk);
    for (; i < end; i += (size_t)LANES) { /* the arrays are padded to whole vectors */
        real *param = (real *)u->param + i, *m = (real *)u->moment1 + i,
             *v = (real *)u->moment2 + i;
        vec p = rd_load(param);
        vec g = rd_fma(decay, p, rd_load((const real *)u->gradient + i) * scale);
        vec first = rd_fma(b1, rd_load(m), c1 * g);
        vec second = rd_fma(b2, rd_load(v), c2 * g * g);
        rd_store(m, first);
        rd_store(v, second);
        rd_store(param, p - rate * first / rd_fma(rd_sqrt(second), root, eps));
    }
}

/* SGD as torch.optim.SGD computes it: v = momentum v + g, p -= rate v. */
RD_HELPER void rd_sgd_chunk(void *context, int chunk) {
    const RdUpdate *u = ((const RdChunks *)context)->update;
    vec momentum = rd_splat((real)u->training.momentum), rate = rd_splat((real)u->training.rate);
    vec decay = rd_splat((real)u->training.weight_decay), scale = rd_splat((real)u->scale);
    size_t i = (size_t)chunk * RD_CHUNK, end = rd_chunk_end(u->count, chunk);
    for (; i < end; i += (size_t)LANES) {
        real *param = (real *)u->param + i, *v = (real *)u->moment1 + i;
        vec p = rd_load(param);
        vec g = rd_fma(decay, p, rd_load((const real *)u->gradient + i) * scale);
        vec velocity = rd_fma(momentum, rd_load(v), g);
        rd_store(v, velocity);
        rd_store(param, p - rate * velocity);
    }
}

RD_KERNEL void rd_update(const RdUpdate *update) {
    RdChunks chunks = {.update = update};
    rd_parallel(update->pool, rd_chunks(update->count),
                update->training.optimizer == RD_ADAM ? rd_adam_chunk : rd_sgd_chunk, &chunks);
}
