/* Products with values of pairs: a row for each step t of one sequence of an example, which has for
 * each line h a number for each step s of another (or the same) one. All sums are in the order of
 * the steps or of the columns, so tiles, batches and threads change no bit. */
#ifndef RONDO_PAIRS_C
#define RONDO_PAIRS_C

#include "kernels.h"

/* A panel has PAIRS_DEPTH depths of PAIRS_WIDE vectors. */
enum { PAIRS_DEPTH = 128, PAIRS_WIDE = 4 };

typedef struct {
    int t_count, s_count; /* the steps of an example's sequences */
    long t, s;            /* which sequences of their packings these are */
    real *wide;           /* the example's first row of pairs */
} RdPairsOf;

RD_INLINE RdPairsOf rd_pairs_of(const RdPairs *pairs, int example) {
    RdPairsOf of = {.t = pairs->first->place[example], .s = pairs->second->place[example]};
    of.t_count = pairs->first->length[of.t];
    of.s_count = pairs->second->length[of.s];
    const long before = pairs->local ? 0 : pairs->first->before[of.t];
    of.wide = pairs->rows.at + before * pairs->rows.stride;
    return of;
}

/* Line `line` of step `step` of a sequence. */
RD_INLINE real *rd_pairs_row(const RdRows *rows, const RdPacking *p, long sequence, int step,
                             int line) {
    return rows->at + (p->start[step] + sequence) * rows->stride + line * rows->line;
}

/* Columns [column, column + wide) of `count` steps from `step` on, one depth behind the other; what
 * is behind the last column is zero. */
RD_HELPER void rd_pairs_panel(const RdRows *rows, const RdPacking *p, long sequence, int line,
                              int step, int count, int column, int wide, int vectors, real *panel) {
    for (int k = 0; k < count; k++, panel += vectors * LANES) {
        const real *from = rd_pairs_row(rows, p, sequence, step + k, line) + column;
        int v = 0;
        for (; (v + 1) * LANES <= wide; v++) rd_store(panel + v * LANES, rd_load(from + v * LANES));
        if (v < vectors)
            rd_store(panel + v * LANES,
                     rd_head(rd_load(from + v * LANES), wide - v * LANES, rd_splat(0)));
    }
}

/* The same with steps for columns and columns for depths. */
RD_HELPER void rd_pairs_turned(const RdRows *rows, const RdPacking *p, long sequence, int line,
                               int step, int count, int column, int depth, int vectors,
                               real *panel) {
    const int wide = vectors * LANES;
    for (int n = 0; n < wide; n += LANES) {
        const real *from[LANES];
        const int steps = RD_MIN(count - n, LANES);
        for (int i = 0; i < steps; i++)
            from[i] = rd_pairs_row(rows, p, sequence, step + n + i, line) + column;
        for (int k = 0; k < depth; k += LANES) {
            const int deep = RD_MIN(depth - k, LANES);
            vec v[LANES];
            RD_UNROLLED for (int i = 0; i < LANES; i++) v[i] =
                i < steps ? rd_load_head(from[i] + k, deep) : rd_splat(0);
            rd_transpose(v);
            for (int i = 0; i < deep; i++) rd_store(panel + (k + i) * wide + n, v[i]);
        }
    }
}

/* A tile of products: rows of `left` with a panel of `vectors`, added to what `out` holds unless
 * these are the first. */
RD_INLINE void rd_pairs_tile(const RdLeft *left, int rows, const real *panel, int vectors,
                             real *const *out, int wide, bool first) {
    static const int which[] = {0};
    RdPanel weights = {.numbers = (char *)(uintptr_t)panel};
    vec sums[RD_ROWS][PAIRS_WIDE];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            sums[r][v] = first ? rd_splat(0) : rd_load(out[r] + v * LANES);
    rd_multiply(sums[0], PAIRS_WIDE, which, 1, vectors, rows, left, 1, &weights);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            rd_store_head(out[r] + v * LANES, sums[r][v], wide - v * LANES);
}

/* thd,shd->ths of one example and line. */
RD_HELPER void rd_pairs_scores_of(const RdPairs *pairs, const RdPairsOf *of, int h, const RdRows *q,
                                  const RdRows *k, int depth) {
    _Alignas(64) real panel[PAIRS_DEPTH * PAIRS_WIDE * LANES];
    for (int s = 0; s < of->s_count; s += PAIRS_WIDE * LANES)
        for (int d = 0; d < depth; d += PAIRS_DEPTH) {
            const int count = RD_MIN(of->s_count - s, PAIRS_WIDE * LANES);
            const int vectors = RD_VECTORS(count);
            RdLeft left = {.depth = RD_MIN(depth - d, PAIRS_DEPTH)};
            rd_pairs_turned(k, pairs->second, of->s, h, s, count, d, left.depth, vectors, panel);
            for (int t = 0, rows; t < of->t_count; t += rows) {
                real *out[RD_ROWS];
                rows = rd_tile(of->t_count - t, RD_ROWS);
                for (int r = 0; r < rows; r++) {
                    left.row[r] = rd_pairs_row(q, pairs->first, of->t, t + r, h) + d;
                    out[r] = of->wide + (t + r) * pairs->rows.stride + h * pairs->rows.line + s;
                }
                rd_pairs_tile(&left, rows, panel, vectors, out, vectors * LANES, !d);
            }
        }
}

/* ths,shd->thd of one example and line. */
RD_HELPER void rd_pairs_first_of(const RdPairs *pairs, const RdPairsOf *of, int h, const RdRows *x,
                                 const RdRows *y, int width) {
    _Alignas(64) real panel[PAIRS_DEPTH * PAIRS_WIDE * LANES];
    for (int d = 0; d < width; d += PAIRS_WIDE * LANES)
        for (int s = 0; s < of->s_count; s += PAIRS_DEPTH) {
            const int wide = RD_MIN(width - d, PAIRS_WIDE * LANES), vectors = RD_VECTORS(wide);
            RdLeft left = {.depth = RD_MIN(of->s_count - s, PAIRS_DEPTH)};
            rd_pairs_panel(x, pairs->second, of->s, h, s, left.depth, d, wide, vectors, panel);
            for (int t = 0, rows; t < of->t_count; t += rows) {
                real *out[RD_ROWS];
                rows = rd_tile(of->t_count - t, RD_ROWS);
                for (int r = 0; r < rows; r++) {
                    left.row[r] =
                        of->wide + (t + r) * pairs->rows.stride + h * pairs->rows.line + s;
                    out[r] = rd_pairs_row(y, pairs->first, of->t, t + r, h) + d;
                }
                rd_pairs_tile(&left, rows, panel, vectors, out, wide, !s);
            }
        }
}

/* RD_ROWS columns of `count` rows of pairs, as rows, with a panel. */
RD_INLINE void rd_pairs_columns(const int ACROSS, const real *left, long stride, int count,
                                const real *panel, vec sum[RD_ROWS][PAIRS_WIDE]) {
    vec own[RD_ROWS][PAIRS_WIDE];
    RD_UNROLLED for (int r = 0; r < RD_ROWS; r++) RD_UNROLLED for (int v = 0; v < ACROSS; v++)
        own[r][v] = sum[r][v];
    RD_ROLLED for (int k = 0; k < count; k++, left += stride, panel += ACROSS * LANES) {
        vec right[PAIRS_WIDE];
        RD_UNROLLED for (int v = 0; v < ACROSS; v++) right[v] = rd_load(panel + v * LANES);
        RD_UNROLLED for (int r = 0; r < RD_ROWS; r++) {
            const vec x = rd_splat(left[r]);
            RD_UNROLLED for (int v = 0; v < ACROSS; v++) own[r][v] = rd_fma(x, right[v], own[r][v]);
        }
    }
    RD_UNROLLED for (int r = 0; r < RD_ROWS; r++) RD_UNROLLED for (int v = 0; v < ACROSS; v++)
        sum[r][v] = own[r][v];
}

/* ths,thd->shd of one example and line. */
RD_HELPER void rd_pairs_second_of(const RdPairs *pairs, const RdPairsOf *of, int h, const RdRows *x,
                                  const RdRows *y, int width) {
    _Alignas(64) real panel[PAIRS_DEPTH * PAIRS_WIDE * LANES];
    enum { WIDE = (int)RD_ACROSS < (int)PAIRS_WIDE ? (int)RD_ACROSS : (int)PAIRS_WIDE };
    for (int d = 0; d < width; d += WIDE * LANES)
        for (int t = 0; t < of->t_count; t += PAIRS_DEPTH) {
            const int wide = RD_MIN(width - d, WIDE * LANES), vectors = RD_VECTORS(wide);
            const int count = RD_MIN(of->t_count - t, PAIRS_DEPTH);
            rd_pairs_panel(x, pairs->first, of->t, h, t, count, d, wide, vectors, panel);
            for (int s = 0; s < of->s_count; s += RD_ROWS) {
                const real *left = of->wide + t * pairs->rows.stride + h * pairs->rows.line + s;
                const int rows = RD_MIN(of->s_count - s, RD_ROWS);
                real *out[RD_ROWS];
                vec sum[RD_ROWS][PAIRS_WIDE];
                RD_UNROLLED for (int r = 0; r < RD_ROWS; r++) {
                    const int step = RD_MIN(s + r, of->s_count - 1);
                    out[r] = rd_pairs_row(y, pairs->second, of->s, step, h) + d;
                    for (int v = 0; v < vectors; v++)
                        sum[r][v] = t ? rd_load(out[r] + v * LANES) : rd_splat(0);
                }
                switch (vectors) {
                    case 1:
                        rd_pairs_columns(1, left, pairs->rows.stride, count, panel, sum);
                        break;
                    case 2:
                        rd_pairs_columns(2, left, pairs->rows.stride, count, panel, sum);
                        break;
                    case 3:
                        rd_pairs_columns(3, left, pairs->rows.stride, count, panel, sum);
                        break;
                    default:
                        rd_pairs_columns(WIDE, left, pairs->rows.stride, count, panel, sum);
                        break;
                }
                for (int r = 0; r < rows; r++)
                    for (int v = 0; v < vectors; v++)
                        rd_store_head(out[r] + v * LANES, sum[r][v], wide - v * LANES);
            }
        }
}

RD_KERNEL void rd_pairs_scores(const RdPairs *pairs, const RdRows *q, const RdRows *k, int depth,
                               int example) {
    const RdPairsOf of = rd_pairs_of(pairs, example);
    for (int h = 0; h < pairs->lines; h++) rd_pairs_scores_of(pairs, &of, h, q, k, depth);
}

RD_KERNEL void rd_pairs_to_first(const RdPairs *pairs, const RdRows *x, const RdRows *y, int width,
                                 int example) {
    const RdPairsOf of = rd_pairs_of(pairs, example);
    for (int h = 0; h < pairs->lines; h++) rd_pairs_first_of(pairs, &of, h, x, y, width);
}

RD_KERNEL void rd_pairs_to_second(const RdPairs *pairs, const RdRows *x, const RdRows *y, int width,
                                  int example) {
    const RdPairsOf of = rd_pairs_of(pairs, example);
    for (int h = 0; h < pairs->lines; h++) rd_pairs_second_of(pairs, &of, h, x, y, width);
}

#endif
