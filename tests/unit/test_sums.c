/* The sums over a batch (runtime/sums.c) beside the same written out. All numbers are small and
 * whole, so that sums are exact in any order. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "kernels.h"
#include "threads.h"

enum { ROWS = 300, MAX_SUMS = 4 };

/* A matrix of ROWS rows, each padded to whole vectors. */
static real *matrix(int columns) {
    static unsigned state = 1;
    const size_t count = (size_t)ROWS * (size_t)RD_STRIDE(columns);
    real *values = malloc(count * sizeof(real));
    cr_assert(values);
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (real)(int)(state >> 16) / 16384 - 2;
        values[i] = (real)(int)values[i];
    }
    return values;
}

/* Row r + 1, as of a sequence that goes the other way; none for every seventh. */
static const int *later(void) {
    static int rows[ROWS];
    for (int r = 0; r < ROWS; r++) rows[r] = r % 7 == 6 || r + 1 == ROWS ? -1 : r + 1;
    return rows;
}

static RdSum outer(real *a, int m, real *b, int n, const int *b_rows) {
    return (RdSum){.kind = RD_SUM_OUTER,
                   .m = m,
                   .n = n,
                   .rows = ROWS,
                   .out_stride = n,
                   .a = a,
                   .b = b,
                   .a_stride = RD_STRIDE(m),
                   .b_stride = RD_STRIDE(n),
                   .b_rows = b_rows};
}

static void add_plainly(const RdSum *s, real *out) {
    for (int r = 0; r < s->rows; r++) {
        const int other = s->b_rows ? s->b_rows[r] : r;
        if (other < 0) continue;
        for (int i = 0; i < s->m; i++)
            for (int j = 0; j < s->n; j++)
                out[i * s->out_stride + j] +=
                    s->a[r * s->a_stride + i] * s->b[other * s->b_stride + j];
    }
}

/* Adds all sums on so many threads to ones, and expects what the same written out gives. */
static void expect_sums(RdSum *sums, int count, int threads) {
    real *expected[MAX_SUMS], *first[MAX_SUMS];
    for (int i = 0; i < count; i++) {
        const size_t size = (size_t)sums[i].m * (size_t)sums[i].n;
        expected[i] = malloc(size * sizeof(real));
        sums[i].out = malloc(size * sizeof(real));
        first[i] = sums[i].also[0] = calloc((size_t)RD_STRIDE(sums[i].m), sizeof(real));
        cr_assert(expected[i] && sums[i].out && first[i]);
        for (size_t k = 0; k < size; k++) sums[i].out[k] = expected[i][k] = 1;
        add_plainly(&sums[i], expected[i]);
    }
    RdPool *pool = rd_pool_new(threads);
    rd_sum_all(pool, sums, count);
    rd_pool_free(pool);
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < sums[i].m * sums[i].n; k++)
            cr_assert_eq(sums[i].out[k], expected[i][k],
                         "sum %d of %d threads, row %d, column %d: %g, not %g", i, threads,
                         k / sums[i].n, k % sums[i].n, (double)sums[i].out[k],
                         (double)expected[i][k]);
        for (int m = 0; m < sums[i].m; m++) {
            real sum = 0;
            for (int r = 0; r < ROWS; r++) sum += sums[i].a[r * sums[i].a_stride + m];
            cr_assert_eq(first[i][m], sum, "the sum of column %d of sum %d", m, i);
        }
        free(expected[i]);
        free(sums[i].out);
        free(first[i]);
    }
}

/* Left operands of several parts, one that shares a part, right operands that are shared, that are
 * wider than the panels, and whose rows are moved. */
Test(sums, outer_sums_of_any_shape) {
    real *wide = matrix(1301), *narrow = matrix(37), *x = matrix(100), *h = matrix(61),
         *y = matrix(1100);
    for (int threads = 1; threads <= 3; threads++) {
        RdSum sums[] = {outer(narrow, 37, x, 100, NULL), outer(wide, 1301, x, 100, NULL),
                        outer(wide, 1301, h, 61, later()), outer(narrow, 37, y, 1100, NULL)};
        expect_sums(sums, 4, threads);
    }
    free(wide), free(narrow), free(x), free(h), free(y);
}

Test(sums, no_rows_add_nothing) {
    real *a = matrix(16), *b = matrix(16), out[256];
    for (int i = 0; i < 256; i++) out[i] = 3;
    RdSum sum = outer(a, 16, b, 16, NULL);
    sum.rows = 0;
    sum.out = out;
    rd_sum_all(NULL, &sum, 1);
    for (int i = 0; i < 256; i++) cr_assert_eq(out[i], 3);
    free(a), free(b);
}

/* 150 columns: blocks of 64 in registers, and the rest. */
Test(sums, columns) {
    real *a = matrix(150), out[150], expected[150];
    for (int n = 0; n < 150; n++) out[n] = expected[n] = (real)n;
    for (int r = 0; r < ROWS; r++)
        for (int n = 0; n < 150; n++) expected[n] += a[r * RD_STRIDE(150) + n];
    const RdSum sum = {.kind = RD_SUM_COLUMNS,
                       .out = out,
                       .out_stride = 150,
                       .m = 1,
                       .n = 150,
                       .rows = ROWS,
                       .a = a,
                       .a_stride = RD_STRIDE(150)};
    rd_sum_all(NULL, &sum, 1);
    for (int n = 0; n < 150; n++) cr_assert_eq(out[n], expected[n], "column %d", n);
    free(a);
}
