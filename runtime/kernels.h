/* What every generated program computes besides its own equations: packing weights, the sums over
 * the batch that are the gradients of parameters, and the norm. Included by the generated C,
 * so that it is compiled for the same vectors and kind of real. */
#ifndef RONDO_KERNELS_H
#define RONDO_KERNELS_H

#include "simd.h"

#define RD_MIN(a, b) ((a) < (b) ? (a) : (b))
#define RD_MAX(a, b) ((a) > (b) ? (a) : (b))
#define RD_HUGE (RD_IS_DOUBLE ? (real)1e300 : (real)3e38)

/* ---- where things are ---- */

RD_INLINE const real *rd_param(const RdRun *run, int param) { return run->param[param]; }
RD_INLINE real *rd_gradient(const RdRun *run, int param) { return run->gradient[param]; }

/* The number of elements of a parameter. */
RD_INLINE size_t rd_size(const RdParam *param, const RdSizes *sizes) {
    size_t size = 1;
    for (int i = 0; i < param->rank; i++) {
        int dim = param->dims[i];
        size *= (size_t)(dim < 0 ? sizes->vocab[-1 - dim] : dim);
    }
    return size;
}

/* Adds room for `count` elements to `size`; returns where it starts, a multiple of 64 bytes. Rows
 * that are far apart by a multiple of 4096 bytes compete for the same places of the first-level
 * cache, and a store delays loads from there. So that those of one step do not, each room of many
 * rows begins some lines later than that behind the one before it. */
RD_INLINE size_t rd_reserve(size_t *size, size_t count, size_t each) {
    enum { APART = 4096, LATER = 17 * 64 };
    const size_t at = *size, bytes = (count * each + 63) / 64 * 64;
    *size += bytes;
    if (bytes >= APART) *size += (APART + LATER - bytes % APART) % APART;
    return at;
}

/* Adds what a kernel costs that does so much for each of `rows` rows. */
RD_INLINE void rd_add_cost(RdCost *cost, int rows, double products, double others, double bytes,
                           double weights) {
    cost->products += rows * products;
    cost->others += rows * others;
    cost->bytes += rows * bytes;
    cost->weights += rows * weights;
}

/* Row `row` of a buffer, or another place when there is no such row. */
RD_INLINE const real *rd_row(const real *rows, long row, long stride, const real *otherwise) {
    return row < 0 ? otherwise : rows + row * stride;
}

/* Which of the RD_BRIEF rows of a value is row `at`. */
RD_INLINE long rd_brief(long at) { return at & (RD_BRIEF - 1); }

/* Asks for the line of memory of a number that will be needed. */
RD_INLINE void rd_fetch_to_read(const real *p) { __builtin_prefetch(p, 0); }
RD_INLINE void rd_fetch_to_write(const real *p) { __builtin_prefetch(p, 1); }

/* The length of an owner's sequence. */
RD_INLINE int rd_length(const RdPacking *p, long example) { return p->length[p->place[example]]; }

/* The steps of sequence b, or of one made from it that is `add` longer, but never shorter than 1.
 */
RD_INLINE int rd_steps(const RdPacking *p, long b, int add) {
    return RD_MAX(p->length[b] + add, 1);
}

/* Which sequence of the packing a row belongs to. */
RD_INLINE long rd_sequence(const RdPacking *p, long row) { return row - p->start[p->step[row]]; }

/* The row of the same sequence `by` steps later, -1 where one of rd_steps(add) has no such step. */
RD_INLINE long rd_shifted(const RdPacking *p, long row, int by, int add) {
    const long b = rd_sequence(p, row);
    const int t = p->step[row] + by;
    return t < 0 || t >= rd_steps(p, b, add) ? -1 : p->start[t] + b;
}

/* Whether a sequence of rd_steps(add) has the step of this row, and whether it is the last. */
RD_INLINE bool rd_within(const RdPacking *p, long row, int add) {
    return p->step[row] < rd_steps(p, rd_sequence(p, row), add);
}
RD_INLINE bool rd_ends(const RdPacking *p, long row, int add) {
    return p->step[row] + 1 == rd_steps(p, rd_sequence(p, row), add);
}

/* The rows of the first and of the last step of an owner's sequence of rd_steps(add). */
RD_INLINE long rd_first(const RdPacking *p, long example) { return p->place[example]; }
RD_INLINE long rd_last(const RdPacking *p, long example, int add) {
    return p->start[rd_steps(p, p->place[example], add) - 1] + p->place[example];
}

/* The row of a pair for row `first` of its first sequence and a step of the other. Seen from row
 * `at` of a pair: the one a step of the first sequence earlier, or later, with the same step of the
 * other; and the one `by` steps of the other later. All are -1 where there is no such row. */
RD_INLINE long rd_pair(const RdPacking *pair, long first, int step) {
    return first < 0 ? -1 : pair->start[first] + step;
}
RD_INLINE long rd_pair_before(const RdPacking *pair, const RdPacking *first, long at) {
    return rd_pair(pair, first->previous[pair->example[at]], pair->step[at]);
}
RD_INLINE long rd_pair_after(const RdPacking *pair, const RdPacking *first, long at) {
    return rd_pair(pair, first->next[pair->example[at]], pair->step[at]);
}
RD_INLINE long rd_pair_shifted(const RdPacking *pair, long at, int by) {
    const int step = pair->step[at] + by;
    return step < 0 || step >= pair->length[pair->example[at]] ? -1 : at + by;
}

/* The row of a pair for row `at` of its other sequence and the first or last step of the first. */
RD_INLINE long rd_pair_first(const RdPacking *pair, const RdPacking *first, const RdPacking *other,
                             long at) {
    return rd_pair(pair, rd_first(first, other->example[at]), other->step[at]);
}
RD_INLINE long rd_pair_last(const RdPacking *pair, const RdPacking *first, const RdPacking *other,
                            long at) {
    return rd_pair(pair, rd_last(first, other->example[at], 0), other->step[at]);
}

/* One step of a reduction over an example's steps into `to`, `count` columns of it (a vector, or
 * one number); the first step starts it. The argmax keeps the row number, and the highest value so
 * far `apart` further on. */
RD_INLINE vec rd_load_count(const real *p, int count) {
    return count == 1 ? rd_splat(*p) : rd_load(p);
}

RD_INLINE void rd_fold_sum(real *to, vec x, bool first, int count) {
    if (!first) x = rd_load_count(to, count) + x;
    rd_store_head(to, x, count);
}
RD_INLINE void rd_fold_max(real *to, vec x, bool first, int count) {
    if (!first) x = rd_max(rd_load_count(to, count), x);
    rd_store_head(to, x, count);
}
RD_INLINE void rd_fold_argmax(real *to, vec x, bool first, int count, int apart, long row) {
    vec best = rd_load_count(to + apart, count), where = rd_load_count(to, count);
    vec_mask better = (vec_mask)(x > best) | (vec_mask)(rd_splat((real)first) > rd_splat(0));
    rd_store_head(to, rd_choose(better, rd_splat((real)row), where), count);
    rd_store_head(to + apart, rd_choose(better, x, best), count);
}

/* The sum over the steps of the first sequence of a pair, for row `at` of the other. */
RD_INLINE vec rd_sum_across(const RdPacking *pair, const RdPacking *first, const RdPacking *other,
                            long at, const real *from, long stride, int count) {
    const int example = other->example[at], b = first->place[example];
    vec sum = rd_splat(0);
    for (int t = 0; t < first->length[b]; t++) {
        const long row = pair->start[first->start[t] + b] + other->step[at];
        sum += rd_load_count(from + row * stride, count);
    }
    return sum;
}

/* Whether products that do not depend on a loop's state are computed in it: where a step has at
 * least so many rows. Otherwise they are there when it begins. */
RD_INLINE bool rd_takes_in(const RdPacking *p, int rows) { return p->rows >= rows * p->steps; }

/* ---- sharing rows among threads ---- */

/* The part `part` of `parts` of `count` rows in any order. */
RD_INLINE void rd_share(int count, int part, int parts, int *first, int *last) {
    *first = (int)((long)count * part / parts);
    *last = (int)((long)count * (part + 1) / parts);
}

/* The examples of part `part`, so that the parts have about equally many steps. */
RD_INLINE void rd_share_steps(const RdPacking *p, int part, int parts, int *first, int *last) {
    long rows = 0, from = (long)p->rows * part / parts, to = (long)p->rows * (part + 1) / parts;
    *first = *last = parts > 1 ? p->examples : 0;
    if (parts == 1) {
        *last = p->examples;
        return;
    }
    for (int b = p->examples - 1; b >= 0; b--) { /* short ones last: count from the end */
        long before = (long)p->rows - rows;
        if (before > to) *last = b;
        if (before > from) *first = b;
        rows += p->length[b];
    }
    if (part + 1 == parts) *last = p->examples;
    if (part == 0) *first = 0;
}

/* The most parts that there can be. */
RD_INLINE int rd_most_parts(const RdSizes *sizes) {
    return RD_MAX(1, RD_MIN(sizes->threads, sizes->examples));
}

/* How many parts each of `kernels` independent kernels is split in. */
RD_INLINE int rd_parts(const RdRun *run, int kernels) {
    int threads = rd_pool_threads(run->pool), parts = (threads + kernels - 1) / kernels;
    int most = RD_MIN(run->batch->examples, rd_most_parts(&run->sizes));
    return parts < most ? parts : most;
}

/* How many rows the next tile takes when `left` are left: no tile is needlessly small. */
RD_INLINE int rd_tile(int left, int most) {
    if (left <= most) return left;
    return left < 2 * most ? (left + 1) / 2 : most;
}

/* ---- functions of kernels.c ---- */

/* They are a part of the generated C, unless RD_KERNELS_APART is defined: then they are compiled
 * beside it, at the same time. */
#ifdef RD_KERNELS_APART
#define RD_KERNEL
#else
#define RD_KERNEL RD_HELPER
#endif

/* Weights as tiles read them: for each tile of columns vectors one behind the other, of numbers of
 * the kind that `precision` says; and of RD_INT8 a vector of scales for each column of vectors. A
 * tile may go through several panels side by side, so many vectors and scales apart. */
typedef struct {
    char *numbers;
    real *scales;
    RdPrecision precision;
    int wide; /* 0 and 1: one */
    long apart, scales_apart;
} RdPanel;

RD_INLINE size_t rd_weight_bytes(RdPrecision precision) {
    return precision == RD_BF16 ? 2 : precision == RD_INT8 ? 1 : sizeof(real);
}

/* The panel behind so many vectors and scales. */
RD_INLINE RdPanel rd_panel(const RdPanel *panel, long vectors, long scales) {
    RdPanel behind = *panel;
    behind.numbers += vectors * LANES * (long)rd_weight_bytes(panel->precision);
    behind.scales = panel->precision == RD_INT8 ? panel->scales + scales * LANES : NULL;
    return behind;
}

/* How many of `panels` a tile goes through before the equations behind them: where it has few rows,
 * several, so that these do not wait for each other. */
RD_INLINE int rd_wide(int rows, int panels) {
    return RD_MAX(1, rd_tile(panels, RD_MIN(RD_WIDE, RD_ROWS / rows)));
}

/* The panel of the `blocks` vectors of columns from v on, and those beside it; for each vector of
 * columns it has `depth` vectors and `products` of scales. */
RD_INLINE RdPanel rd_panels(const RdPanel *panel, int v, int blocks, int wide, long depth,
                            int products) {
    RdPanel first = rd_panel(panel, v * depth, (long)v * products);
    first.wide = wide;
    first.apart = blocks * depth;
    first.scales_apart = (long)blocks * products;
    return first;
}

/* Adds to `size` what the weights of a stage take, `depth` vectors of numbers and `products` of
 * scales for each vector of its columns; with panels, panels[number] gets its place in `memory`. */
RD_INLINE void rd_place_panel(RdPanel *panels, int number, char *memory, size_t *size,
                              RdPrecision precision, int columns, long depth, int products) {
    const size_t width = (size_t)RD_VECTORS(columns) * LANES;
    const size_t scale_count = precision == RD_INT8 ? width * (size_t)products : 0;
    const size_t numbers = rd_reserve(size, width * (size_t)depth, rd_weight_bytes(precision));
    const size_t scales = rd_reserve(size, scale_count, sizeof(real));
    if (panels)
        panels[number] = (RdPanel){.numbers = memory + numbers,
                                   .scales = (real *)(void *)(memory + scales),
                                   .precision = precision};
}

/* Copies `blocks` vectors of a weight's columns, from vector `first` on, into a panel, in which the
 * vectors of `count` weights stand side by side for each depth; these take place number `place`.
 * Element (column n, depth k) of the weight is weight[n * column_stride + k * depth_stride];
 * columns beyond `columns` are zero. */
RD_KERNEL void rd_pack(const RdPanel *panel, int place, int count, int blocks, const real *weight,
                       int first, int columns, long column_stride, long depth_stride, int depth);

/* The left operand of a product: the first number of each of a tile's rows, `depth` numbers long;
 * and how much further on those of the next tile are, if they are likely to be in memory alone and
 * should be fetched meanwhile, or 0. */
typedef struct {
    const real *row[RD_TALL_ROWS];
    int depth;
    long ahead;
} RdLeft;

/* Adds products to the sums of a tile. Sum number s has `blocks` vectors, which stand at
 * sums[r][s * blocks]; the products go to the `count` sums in `which`. A panel has, for each depth,
 * the weights of those sums side by side; it moves on to what is behind them. The sums of row r and
 * panel w of those at once stand at sums[w * rows + r]. */
RD_KERNEL void rd_multiply(vec *sums, long stride, const int *which, int count, int blocks,
                           int rows, const RdLeft *left, int operands, RdPanel *panel);

/* The same of one panel, and of rows that are mostly zeros. */
RD_KERNEL void rd_multiply_sparse(vec *sums, long stride, const int *which, int count, int blocks,
                                  int rows, const RdLeft *left, int operands, RdPanel *panel);

typedef enum { RD_SUM_OUTER, RD_SUM_SPARSE, RD_SUM_COLUMNS, RD_SUM_SCATTER } RdSumKind;

/* Adds to `out`, a block of a gradient whose rows are `out_stride` apart:
 *   OUTER    out[m][n] += sum over l, r of a[a_row(r)][l][m] * b[b_row(r)][l][n]
 *   SPARSE   the same of an a that is mostly zeros
 *   COLUMNS  out[m][n] += sum over r of a[a_row(r)][m][n]
 *   SCATTER  out[index[b_row(r)]][n] += a[a_row(r)][n]
 * The lines l (m of COLUMNS) of a row are a_line, b_line apart; no `lines` are one. A row map of
 * NULL is the identity; rows that it maps to -1 are left out. With a packing `p` only the rows of
 * sequences of rd_steps(add) are summed, and without a map the row of an operand is the one `by`
 * steps later in sequences of rd_steps(its add). Outer sums of the same left operand, and of the
 * same rows, share their work when they stand side by side. */
typedef struct {
    RdSumKind kind;
    real *out;
    long out_stride;
    int m, n;
    int rows;
    const real *a, *b;
    long a_stride, b_stride;
    int lines, a_line, b_line;
    const int *a_rows, *b_rows, *index;
    const RdPacking *p;
    int add, a_by, a_add, b_by, b_add;
    real *also[2];    /* OUTER, SPARSE: NULL, or where the sum of the rows of a is added too, [m] */
    const RdRun *run; /* SCATTER: whose patches are filled */
} RdSum;

/* Adds the sums, which write to different blocks. */
RD_KERNEL void rd_sum_all(RdPool *pool, const RdSum *sums, int count);

/* ---- values of pairs (pairs.c) ---- */

/* A value with a row a step, and lines in each row that are `line` apart. */
typedef struct {
    real *at;
    long stride, line;
} RdRows;

/* A value with a number for each pair of steps of two sequences of an example: a row for each step
 * of the first, example by example, and in it `lines` lines with a column for each step of the
 * second. */
typedef struct {
    const RdPacking *first, *second;
    int lines;
    bool local; /* the rows are those of one example at a time */
    RdRows rows;
} RdPairs;

/* From one of its rows to the next; no power of two, so that a column's numbers do not all compete
 * for one place in the cache. */
RD_INLINE long rd_wide_stride(int lines, long line) { return lines * line + 16; }

/* The number of a row where rows lie example by example. */
RD_INLINE long rd_by_example(const RdPacking *p, long row) {
    return p->before[rd_sequence(p, row)] + p->step[row];
}

/* For one example, h being the lines:
 *   scores     pairs[t][h][s] = sum over d of q[t][h][d] * k[s][h][d]
 *   to_first   y[t][h][d] = sum over s of pairs[t][h][s] * x[s][h][d]
 *   to_second  y[s][h][d] = sum over t of pairs[t][h][s] * x[t][h][d] */
RD_KERNEL void rd_pairs_scores(const RdPairs *pairs, const RdRows *q, const RdRows *k, int depth,
                               int example);
RD_KERNEL void rd_pairs_to_first(const RdPairs *pairs, const RdRows *x, const RdRows *y, int width,
                                 int example);
RD_KERNEL void rd_pairs_to_second(const RdPairs *pairs, const RdRows *x, const RdRows *y, int width,
                                  int example);

/* Arrays that run over all parameters are done in chunks, however many threads there are. */
enum { RD_CHUNK = 16384 };
RD_INLINE int rd_chunks(size_t count) { return (int)((count + RD_CHUNK - 1) / RD_CHUNK); }
RD_INLINE size_t rd_chunk_end(size_t count, int chunk) {
    size_t end = ((size_t)chunk + 1) * RD_CHUNK;
    return end < count ? end : count;
}

/* Makes all gradients zero; then only patches that are filled at every step count as filled. */
RD_KERNEL void rd_zero_gradients(const RdRun *run);
RD_KERNEL void rd_scale_gradients(const RdRun *run, double scale);

/* 1 / the sum of the weights of `count` targets; 0 when none has any. */
RD_KERNEL double rd_weight_scale(const void *weight, int count);

/* The sum of squares, added up chunk by chunk in one order whatever the threads. */
RD_KERNEL double rd_square_sum(RdPool *pool, const void *values, size_t count,
                               const unsigned char *patches);

/* Multiplies and adds in registers; returns how many operations that were. What a machine can do at
 * most, when it is timed. */
RD_KERNEL double rd_peak(void);

/* Reads memory as fast as it can, `size` bytes in whole vectors. */
RD_KERNEL double rd_read(const void *bytes, size_t size);

#ifndef RD_KERNELS_APART
#include "kernels.c" /* NOLINT(bugprone-suspicious-include) */
#endif

#endif
