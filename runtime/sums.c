/* The gradients of the parameters: sums over the rows of a batch. Each number is added up by one
 * thread, in the order of the rows, so threads change no bit. */
#ifndef RONDO_SUMS_C
#define RONDO_SUMS_C

#include "kernels.h"

/* A tile has the sums of RD_SUM_ROWS columns of a with RD_SUM_ACROSS vectors of b. */
#if defined(__AVX512F__) || defined(__ARM_NEON)
enum { RD_SUM_ROWS = 8, RD_SUM_ACROSS = 3 };
#else
enum { RD_SUM_ROWS = 6, RD_SUM_ACROSS = 2 };
#endif
/* A block of RD_BLOCK rows of b, RD_SUM_ACROSS vectors wide, stays in the first-level cache; the
 * panels of all operands of a part in the second. A panel of a has RD_SUM_ROWS columns in RD_HIGH
 * places, so that one vector moves them; panels are an odd number of lines apart, so that the same
 * row of several does not compete for one place in the cache. */
enum { RD_BLOCK = 128, RD_HIGH = 8, RD_PANEL = RD_BLOCK * RD_HIGH + 16 };
enum { RD_LEFT = 66 * RD_SUM_ROWS, RD_RIGHT = 1024, RD_RIGHTS = 16 };

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
    vec sum[RD_SUM_ROWS][RD_SUM_ACROSS];
    for (int i = 0; i < RD_SUM_ROWS; i++)
        for (int j = 0; j < ACROSS; j++) sum[i][j] = rd_splat(0);
    RD_ROLLED for (int r = 0; r < count; r++, a += RD_HIGH, b += ACROSS * LANES) {
        __builtin_prefetch(a + RD_PANEL);
        vec right[RD_SUM_ACROSS];
        for (int j = 0; j < ACROSS; j++) right[j] = rd_load(b + j * LANES);
        for (int i = 0; i < RD_SUM_ROWS; i++) {
            const vec left = rd_splat(a[i]);
            for (int j = 0; j < ACROSS; j++) sum[i][j] = rd_fma(left, right[j], sum[i][j]);
        }
    }
    if (high == RD_SUM_ROWS && wide == ACROSS * LANES) {
        for (int i = 0; i < RD_SUM_ROWS; i++)
            for (int j = 0; j < ACROSS; j++) {
                real *to = out + i * stride + j * LANES;
                rd_store(to, rd_load(to) + sum[i][j]);
            }
        return;
    }
    real rest[RD_SUM_ROWS * RD_SUM_ACROSS * LANES]; /* keeps the sums above in registers */
    for (int i = 0; i < RD_SUM_ROWS; i++)
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
            for (int m = m0; m < m1; m += RD_SUM_ROWS, row += RD_PANEL)
                memset(row, 0, RD_HIGH * sizeof(real));
            continue;
        }
        const real *from = s->a + rows[k] * s->a_stride;
        for (int m = m0; m < m1; m += RD_SUM_ROWS, row += RD_PANEL)
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
        across = rd_tile(vectors - v, RD_SUM_ACROSS);
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
        across = rd_tile(vectors - v, RD_SUM_ACROSS);
        const int wide = RD_MIN(n1 - n0 - v * LANES, across * LANES);
        real *out = s->out + n0 + v * LANES;
        for (int m = m0; m < m1; m += RD_SUM_ROWS) {
            const real *left = a + (m - m0) / RD_SUM_ROWS * RD_PANEL;
            const int high = RD_MIN(m1 - m, RD_SUM_ROWS);
            real *to = out + m * s->out_stride;
            switch (across) {
                case 1:
                    rd_outer_1(left, b, count, to, s->out_stride, high, wide);
                    break;
#if defined(__AVX512F__) || defined(__ARM_NEON)
                case 3:
                    rd_outer_3(left, b, count, to, s->out_stride, high, wide);
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
 * to) when all of them stand in a row, each operand's at a multiple of RD_SUM_ROWS. */
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
                a += (long)(m1 - m0 + RD_SUM_ROWS - 1) / RD_SUM_ROWS * RD_PANEL;
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
        if (last) before += (s->m + RD_SUM_ROWS - 1) / RD_SUM_ROWS * RD_SUM_ROWS;
    }
}

RD_HELPER void rd_outer_part(const RdSum *sums, int count, int from, int to) {
    _Alignas(64) real a[RD_LEFT / RD_SUM_ROWS * RD_PANEL];
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
        before += (sums[i].m + RD_SUM_ROWS - 1) / RD_SUM_ROWS * RD_SUM_ROWS;
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
            columns += (sums[i].m + RD_SUM_ROWS - 1) / RD_SUM_ROWS * RD_SUM_ROWS;
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
        const int share = (columns / RD_SUM_ROWS + threads - 1) / threads * RD_SUM_ROWS;
        const int most = outer ? RD_MAX(RD_SUM_ROWS, RD_MIN(RD_LEFT, share)) : RD_COLUMNS;
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

#endif
