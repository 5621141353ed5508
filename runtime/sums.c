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
/* Every RD_FETCH_ROWS rows of a tile, RD_FETCH lines are fetched of what is read next. */
enum { RD_FETCH = 4, RD_FETCH_ROWS = 8 };

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

/* Columns of an operand in the rows of a block. */
typedef struct {
    const real *from; /* in row 0 */
    long stride;
    const int *rows; /* -1: zeros */
    int count;
} RdSide;

static const real rd_zero_row[RD_SUM_ACROSS * LANES];

RD_INLINE const real *rd_side_row(const RdSide *side, int r) {
    return side->rows[r] < 0 ? rd_zero_row : side->from + side->rows[r] * side->stride;
}

/* What is read after the tiles at hand: lines of the rows of two sides. */
typedef struct {
    const real *rows[2 * RD_BLOCK];
    int count, turn; /* rows; those of the first side */
    int lines[2];    /* of a row of each side */
    int next, left;  /* the next row; lines of the one before it, from `at` on */
    const real *at;
} RdAhead;

/* Fetches the next of it into the second-level cache. Tiles have it in their loops: it calls
 * nothing, or all of their sums would be saved. */
RD_INLINE void rd_fetch_ahead(RdAhead *ahead) {
    if (ahead->left <= 0) {
        if (ahead->next == ahead->count) return;
        ahead->left = ahead->lines[ahead->next >= ahead->turn];
        ahead->at = ahead->rows[ahead->next++];
    }
    RD_UNROLLED for (int k = 0; k < RD_FETCH; k++)
        __builtin_prefetch(ahead->at + k * RD_LINE, 0, 2);
    ahead->at += RD_FETCH * RD_LINE;
    ahead->left -= RD_FETCH;
}

/* RD_SUM_ROWS × ACROSS vectors of a sum: out += aᵀ b over `count` rows of packed panels; b's is
 * filled first where `fresh` says what with. */
RD_INLINE void rd_outer_tile(const int ACROSS, const bool FRESH, const real *a, real *b,
                             const RdSide *fresh, int count, RdAhead *ahead, real *out, long stride,
                             int high, int wide) {
    vec sum[RD_SUM_ROWS][RD_SUM_ACROSS];
    RD_UNROLLED for (int i = 0; i < RD_SUM_ROWS; i++) {
        RD_UNROLLED for (int j = 0; j < ACROSS; j++) {
            sum[i][j] = rd_splat(0);
            __builtin_prefetch(out + RD_MIN(i, high - 1) * stride + j * LANES, 1);
        }
    }
    for (int r = 0; r < count;) {
        rd_fetch_ahead(ahead);
        const int end = RD_MIN(r + RD_FETCH_ROWS, count);
        RD_ROLLED for (; r < end; r++, a += RD_HIGH, b += ACROSS * LANES) {
            __builtin_prefetch(a + RD_PANEL);
            const real *from = FRESH ? rd_side_row(fresh, r) : b;
            vec right[RD_SUM_ACROSS];
            RD_UNROLLED for (int j = 0; j < ACROSS; j++) right[j] = rd_load(from + j * LANES);
            RD_UNROLLED for (int j = 0; FRESH && j < ACROSS; j++) rd_store(b + j * LANES, right[j]);
            RD_UNROLLED for (int i = 0; i < RD_SUM_ROWS; i++) {
                const vec left = rd_splat(a[i]);
                RD_UNROLLED for (int j = 0; j < ACROSS; j++) sum[i][j] =
                    rd_fma(left, right[j], sum[i][j]);
            }
        }
    }
    if (high == RD_SUM_ROWS && wide == ACROSS * LANES) {
        RD_UNROLLED for (int i = 0; i < RD_SUM_ROWS; i++) {
            RD_UNROLLED for (int j = 0; j < ACROSS; j++) {
                real *to = out + i * stride + j * LANES;
                rd_store(to, rd_load(to) + sum[i][j]);
            }
        }
        return;
    }
    real rest[RD_SUM_ROWS * RD_SUM_ACROSS * LANES]; /* keeps the sums above in registers */
    RD_UNROLLED for (int i = 0; i < RD_SUM_ROWS; i++) {
        RD_UNROLLED for (int j = 0; j < ACROSS; j++)
            rd_store(rest + (i * ACROSS + j) * LANES, sum[i][j]);
    }
    rd_add_block(rest, ACROSS * LANES, out, stride, high, wide);
}

#define RD_OUTER_TILE(NAME, ACROSS, FRESH)                                                      \
    RD_HELPER void NAME(const real *a, real *b, const RdSide *fresh, int count, RdAhead *ahead, \
                        real *out, long stride, int high, int wide) {                           \
        rd_outer_tile(ACROSS, FRESH, a, b, fresh, count, ahead, out, stride, high, wide);       \
    }
#define RD_OUTER_ACROSS(ACROSS)                     \
    RD_OUTER_TILE(rd_outer_##ACROSS, ACROSS, false) \
    RD_OUTER_TILE(rd_outer_fresh_##ACROSS, ACROSS, true)

RD_OUTER_ACROSS(1)
RD_OUTER_ACROSS(2)
#if defined(__AVX512F__) || defined(__ARM_NEON)
RD_OUTER_ACROSS(3)
#endif

/* By the number of vectors, and whether the panel is fresh. */
typedef void RdOuterTile(const real *a, real *b, const RdSide *fresh, int count, RdAhead *ahead,
                         real *out, long stride, int high, int wide);
static RdOuterTile *const rd_outer_tile_of[RD_SUM_ACROSS][2] = {
    {rd_outer_1, rd_outer_fresh_1},
    {rd_outer_2, rd_outer_fresh_2},
#if defined(__AVX512F__) || defined(__ARM_NEON)
    {rd_outer_3, rd_outer_fresh_3},
#endif
};

/* The panels of the right operands that the sums of a part have in common. */
typedef struct {
    const RdSum *of[RD_RIGHTS];
    int first[RD_RIGHTS]; /* the column of b that the panel starts at */
    real *at[RD_RIGHTS];
    int count, used; /* panels; columns taken */
    _Alignas(64) real values[RD_BLOCK * RD_RIGHT];
} RdRights;

/* Copies `columns` columns into panels. What the last one has no columns for is multiplied as it
 * is, but never stored. */
RD_HELPER void rd_outer_left(const RdSide *side, int columns, real *to) {
    for (int k = 0; k < side->count; k++, to += RD_HIGH) {
        real *row = to;
        int m = 0;
        if (side->rows[k] < 0) {
            for (; m < columns; m += RD_SUM_ROWS, row += RD_PANEL)
                memset(row, 0, RD_HIGH * sizeof(real));
            continue;
        }
        const real *from = rd_side_row(side, k);
        for (; m + RD_HIGH <= columns; m += RD_SUM_ROWS, row += RD_PANEL)
            memcpy(row, from + m, RD_HIGH * sizeof(real));
        for (; m < columns; m += RD_SUM_ROWS, row += RD_PANEL)
            memcpy(row, from + m, (size_t)(columns - m) * sizeof(real));
    }
}

RD_INLINE bool rd_same_right(const RdSum *s, const RdSum *other) {
    return s->b == other->b && s->b_rows == other->b_rows && s->n == other->n && s->p == other->p &&
           s->b_by == other->b_by && s->b_add == other->b_add;
}

RD_INLINE int rd_right_at(const RdRights *rights, const RdSum *s, int n) {
    int i = 0;
    while (i < rights->count && !(rd_same_right(rights->of[i], s) && rights->first[i] == n)) i++;
    return i;
}

/* The panels of `columns` columns of b from n on, one behind the other; *fresh if they are yet to
 * be filled. */
RD_HELPER real *rd_right_panels(RdRights *rights, const RdSum *s, int n, int columns, bool *fresh) {
    int i = rd_right_at(rights, s, n);
    *fresh = i == rights->count;
    if (!*fresh) return rights->at[i];
    columns = RD_VECTORS(columns) * LANES;
    if (i == RD_RIGHTS || rights->used + columns > RD_RIGHT) i = rights->used = 0;
    rights->of[i] = s;
    rights->first[i] = n;
    rights->at[i] = rights->values + (long)rights->used * RD_BLOCK;
    rights->used += columns;
    rights->count = i + 1;
    return rights->at[i];
}

/* The sums of a's columns on the way: the gradient of a bias beside that of its weight. */
RD_HELPER void rd_outer_also(const RdSum *s, const RdSide *left, int m0, int m1) {
    for (int m = m0; m < m1; m += LANES) {
        vec sum = rd_splat(0);
        for (int k = 0; k < left->count; k++)
            if (left->rows[k] >= 0) sum += rd_load(rd_side_row(left, k) + m - m0);
        for (int i = 0; i < 2 && s->also[i]; i++)
            rd_store_head(s->also[i] + m, rd_load(s->also[i] + m) + sum, m1 - m);
    }
}

RD_INLINE bool rd_same_left(const RdSum *s, const RdSum *other) {
    return s->a == other->a && s->a_rows == other->a_rows && s->m == other->m && s->p == other->p &&
           s->add == other->add && s->a_by == other->a_by && s->a_add == other->a_add;
}

/* A part of the work of some sums: columns [from, to) of what is added to; of outer sums, of their
 * left operands, when all of them stand in a row, each at a multiple of RD_SUM_ROWS. Work is split
 * over its output, never over the rows that it sums. */
typedef struct {
    const RdSum *sums;
    int count, from, to;
} RdPart;

/* A block of rows, from r on, of columns [m0, m1) of the left operand of a sum. */
typedef struct {
    const RdSum *sum;
    int index, line, r; /* of the sum, its line, the row */
    int before;         /* columns of left operands before this sum's */
    int m0, m1;
    bool first; /* of its block */
    bool new_left;
    long panel; /* where the left operand's panels begin */
    RdSide left, right;
    int rows[2][RD_BLOCK];
} RdUnit;

RD_INLINE int rd_left_panels(int columns) { return (columns + RD_SUM_ROWS - 1) / RD_SUM_ROWS; }

RD_HELPER void rd_unit_sides(RdUnit *u) {
    const RdSum *s = u->sum;
    const int count = RD_MIN(RD_BLOCK, s->rows - u->r);
    u->left = (RdSide){s->a + u->line * s->a_line + u->m0, s->a_stride, u->rows[0], count};
    u->right = (RdSide){s->b + u->line * s->b_line, s->b_stride, u->rows[1], count};
    for (int left = 0; left < 2; left++)
        for (int k = 0; k < count; k++) u->rows[!left][k] = rd_summed(s, left, u->r + k);
}

/* Goes on to the next unit of a part, to the first one from index -1; false behind the last. */
RD_HELPER bool rd_next_unit(const RdPart *part, RdUnit *u) {
    const RdSum *sums = part->sums;
    u->first = u->index < 0;
    do {
        const int next = u->index + 1;
        const bool end = next == part->count;
        if (u->index >= 0 && (end || !rd_same_left(&sums[u->index], &sums[next]))) {
            u->before += rd_left_panels(sums[u->index].m) * RD_SUM_ROWS;
            u->panel += (long)rd_left_panels(RD_MAX(u->m1 - u->m0, 0)) * RD_PANEL;
        }
        u->index = next;
        if (end || u->before >= part->to) {
            u->index = u->before = 0;
            u->panel = 0;
            u->first = true;
            u->r += RD_BLOCK;
            if (u->r >= sums->rows) {
                u->r = 0;
                if (++u->line >= sums->lines) return false;
            }
        }
        u->sum = &sums[u->index];
        u->new_left = u->index == 0 || !rd_same_left(u->sum, u->sum - 1);
        u->m0 = RD_MAX(part->from - u->before, 0);
        u->m1 = RD_MIN(part->to - u->before, u->sum->m);
    } while (u->m0 >= u->m1);
    rd_unit_sides(u);
    return true;
}

/* Is the unit's right operand in panels that a unit of the same block left? */
RD_INLINE bool rd_right_known(const RdUnit *u, const RdUnit *before, const RdRights *rights) {
    return !u->first &&
           (rd_same_right(u->sum, before->sum) || rd_right_at(rights, u->sum, 0) < rights->count);
}

RD_INLINE int rd_lines(int columns) { return (columns + RD_LINE - 1) / RD_LINE; }

/* What `next` will read when `u` is done. */
RD_HELPER void rd_look_ahead(const RdUnit *u, const RdUnit *next, const RdRights *rights,
                             RdAhead *ahead) {
    ahead->lines[0] = rd_lines(next->m1 - next->m0);
    ahead->lines[1] = rd_lines(next->sum->n);
    for (int k = 0; next->new_left && k < next->left.count; k++)
        ahead->rows[ahead->count++] = rd_side_row(&next->left, k);
    ahead->turn = ahead->count;
    if (rd_right_known(next, u, rights)) return;
    for (int k = 0; k < next->right.count; k++)
        ahead->rows[ahead->count++] = rd_side_row(&next->right, k);
}

/* The tiles of columns [n, end) of the right operand. */
RD_HELPER void rd_outer_tiles(const RdUnit *u, const real *a, RdRights *rights, int n, int end,
                              RdAhead *ahead) {
    const RdSum *s = u->sum;
    const int vectors = RD_VECTORS(end - n);
    RdSide right = u->right;
    right.from += n;
    bool fresh;
    real *b = rd_right_panels(rights, s, n, end - n, &fresh);
    for (int v = 0, across; v < vectors; v += across) {
        across = rd_tile(vectors - v, RD_SUM_ACROSS);
        const int wide = RD_MIN(end - n - v * LANES, across * LANES);
        real *out = s->out + u->m0 * s->out_stride + n + v * LANES;
        for (int m = u->m0; m < u->m1; m += RD_SUM_ROWS, out += RD_SUM_ROWS * s->out_stride)
            rd_outer_tile_of[across - 1][fresh && m == u->m0](
                a + (m - u->m0) / RD_SUM_ROWS * RD_PANEL, b, &right, right.count, ahead, out,
                s->out_stride, RD_MIN(u->m1 - m, RD_SUM_ROWS), wide);
        right.from += across * LANES;
        b += across * LANES * RD_BLOCK;
    }
}

RD_HELPER void rd_outer_unit(const RdUnit *u, real *a, RdRights *rights, RdAhead *ahead) {
    const RdSum *s = u->sum;
    if (u->new_left) rd_outer_left(&u->left, u->m1 - u->m0, a);
    if (s->also[0]) rd_outer_also(s, &u->left, u->m0, u->m1);
    for (int n = 0; n < s->n; n += RD_RIGHT)
        rd_outer_tiles(u, a, rights, n, RD_MIN(s->n, n + RD_RIGHT), ahead);
}

/* `then` is the part that probably follows, NULL if there is none. */
RD_HELPER void rd_outer_part(const RdPart *part, const RdPart *then) {
    _Alignas(64) real a[RD_LEFT / RD_SUM_ROWS * RD_PANEL];
    RdRights rights;
    RdAhead ahead;
    RdUnit units[2] = {{.index = -1}}, *u = &units[0], *next = &units[1];
    for (bool more = rd_next_unit(part, u); more;) {
        if (u->first) rights.count = rights.used = 0;
        *next = *u;
        more = rd_next_unit(part, next);
        if (!more) *next = (RdUnit){.index = -1};
        ahead.count = ahead.next = ahead.left = 0;
        if (more || (then && rd_next_unit(then, next))) rd_look_ahead(u, next, &rights, &ahead);
        rd_outer_unit(u, a + u->panel, &rights, &ahead);
        RdUnit *done = u;
        u = next;
        next = done;
    }
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
        before += rd_left_panels(sums[i].m) * RD_SUM_ROWS;
    }
}

enum { RD_COLUMNS = 64 };

/* RD_COLUMNS columns of line m, in registers. */
RD_HELPER void rd_columns_block(const RdSum *s, int m, int n) {
    enum { VECTORS = RD_COLUMNS / (RD_VECTOR_BYTES / sizeof(real)) };
    vec sum[VECTORS];
    real *to = s->out + m * s->out_stride + n;
    RD_UNROLLED for (int v = 0; v < VECTORS; v++) sum[v] = rd_load(to + v * LANES);
    for (int r = 0; r < s->rows; r++) {
        const int row = rd_summed(s, true, r);
        if (row < 0) continue;
        const real *from = s->a + row * s->a_stride + m * s->a_line + n;
        RD_UNROLLED for (int v = 0; v < VECTORS; v++) sum[v] += rd_load(from + v * LANES);
    }
    RD_UNROLLED for (int v = 0; v < VECTORS; v++) rd_store(to + v * LANES, sum[v]);
}

RD_HELPER void rd_columns_part(const RdSum *s, int n0, int n1) {
    if (n1 - n0 == RD_COLUMNS) {
        for (int m = 0; m < s->m; m++) rd_columns_block(s, m, n0);
        return;
    }
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
            columns += rd_left_panels(sums[i].m) * RD_SUM_ROWS;
    return columns;
}

/* Where a part that begins at column `from` ends: it has `most` columns, or fewer to end where a
 * left operand does. */
RD_HELPER int rd_part_end(const RdSum *sums, int count, int from, int most) {
    int end = from, to = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && rd_same_left(&sums[i], &sums[i - 1])) continue;
        const int start = to, columns = rd_left_panels(sums[i].m) * RD_SUM_ROWS;
        to += columns;
        if (to <= from) continue;
        if (to - from > most) {
            const int parts = (columns + most - 1) / most;
            const int each = rd_left_panels((columns + parts - 1) / parts) * RD_SUM_ROWS;
            return end > from ? end : RD_MIN(to, start + ((from - start) / each + 1) * each);
        }
        end = to;
    }
    return end;
}

/* Sets *part to part number `item` of the sums' work; false behind the last one. */
RD_HELPER bool rd_sums_part(const RdSum *sums, int count, int threads, int item, RdPart *part) {
    int parts = 0;
    for (int i = 0, taken; i < count; i += taken) {
        const bool outer = rd_outer(&sums[i]);
        taken = outer ? rd_group(sums, count, i) : 1;
        const int columns = outer ? rd_group_columns(sums + i, taken) : sums[i].n;
        const int share = (columns / RD_SUM_ROWS + threads - 1) / threads * RD_SUM_ROWS;
        const int most = outer ? RD_MAX(RD_SUM_ROWS, RD_MIN(RD_LEFT, share)) : RD_COLUMNS;
        for (int from = 0, to; from < columns; from = to) {
            to = outer ? rd_part_end(sums + i, taken, from, most) : RD_MIN(columns, from + most);
            *part = (RdPart){&sums[i], taken, from, to};
            if (parts++ == item) return true;
        }
    }
    return false;
}

typedef struct {
    const RdSum *sums;
    int count, threads;
} RdSums;

RD_HELPER void rd_sum_part(void *context, int item) {
    const RdSums *all = context;
    RdPart part, then;
    rd_sums_part(all->sums, all->count, all->threads, item, &part);
    const bool more = rd_sums_part(all->sums, all->count, all->threads, item + all->threads, &then);
    switch (part.sums->kind) {
        case RD_SUM_OUTER:
            rd_outer_part(&part, more && then.sums->kind == RD_SUM_OUTER ? &then : NULL);
            break;
        case RD_SUM_SPARSE:
            rd_sparse_part(part.sums, part.count, part.from, part.to);
            break;
        case RD_SUM_COLUMNS:
            rd_columns_part(part.sums, part.from, part.to);
            break;
        case RD_SUM_SCATTER:
            rd_scatter_part(part.sums, part.from, part.to);
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
    RdPart part;
    int parts = 0;
    while (rd_sums_part(sums, count, all.threads, parts, &part)) parts++;
    for (int i = 0; i < count; i++)
        if (sums[i].kind == RD_SUM_SCATTER) rd_fill_patches(&sums[i]);
    rd_parallel(pool, parts, rd_sum_part, &all);
}

#endif
