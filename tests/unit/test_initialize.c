#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "initialize.h"

/* Starting values against the definitions of torch.nn.init. */

enum { MOST = 1 << 16 };

static double values[MOST];
static size_t stored;

static void store(void *context, size_t i, double value) {
    (void)context;
    cr_assert_lt(i, MOST);
    values[i] = value;
    stored++;
}

/* Fills `values`; the number of them. */
static size_t start(RdParam param, uint64_t seed) {
    size_t size = 1;
    param.name = "p";
    for (int d = 0; d < param.rank; d++) size *= (size_t)param.dims[d];
    stored = 0;
    rd_initialize(&param, param.dims, seed, store, NULL);
    cr_assert_eq(stored, size);
    return size;
}

static double mean_of(size_t count, int power, double center) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += pow(values[i] - center, power);
    return sum / (double)count;
}

/* All within five standard errors of what they should be: of 40,000 numbers 2.5 % of a deviation.
 */
static void expect_uniform(RdParam param, double center, double limit) {
    size_t count = start(param, 1);
    double deviation = limit / sqrt(3), error = 5 / sqrt((double)count), lowest = INFINITY,
           highest = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        lowest = fmin(lowest, values[i]);
        highest = fmax(highest, values[i]);
    }
    cr_expect_float_eq(mean_of(count, 1, center) / deviation, 0, error);
    cr_expect_float_eq(sqrt(mean_of(count, 2, center)) / deviation, 1, error);
    cr_expect(lowest >= center - limit && highest <= center + limit);
    cr_expect(highest - lowest > 1.99 * limit);
}

static void expect_normal(RdParam param, double center, double deviation) {
    size_t count = start(param, 1);
    double error = 5 / sqrt((double)count);
    cr_expect_float_eq(mean_of(count, 1, center) / deviation, 0, error);
    cr_expect_float_eq(sqrt(mean_of(count, 2, center)) / deviation, 1, error);
    cr_expect_float_eq(mean_of(count, 4, center) / pow(deviation, 4), 3, 10 * error);
}

Test(initialize, uniform_and_normal) {
    const RdParam shape = {.rank = 2, .dims = {400, 100}};
    RdParam param = shape;
    param.init = RD_UNIFORM;
    param.center = 0.5;
    param.spread = 0.2;
    expect_uniform(param, 0.5, 0.2);
    param.init = RD_NORMAL;
    expect_normal(param, 0.5, 0.2);
}

/* A convolution's weight [out, in, width]: fan in is in * width, fan out is out * width. */
Test(initialize, fans) {
    RdParam param = {.rank = 3, .dims = {50, 40, 20}, .init = RD_UNIFORM, .spread = 2};
    param.fans = RD_FAN_IN;
    expect_uniform(param, 0, 2 / sqrt(40 * 20));
    param.fans = RD_FAN_OUT;
    expect_uniform(param, 0, 2 / sqrt(50 * 20));
    param.fans = RD_FAN_IN | RD_FAN_OUT;
    expect_uniform(param, 0, 2 / sqrt((40 + 50) * 20));
    param.init = RD_NORMAL;
    expect_normal(param, 0, 2 / sqrt((40 + 50) * 20));
}

Test(initialize, constant) {
    size_t count = start((RdParam){.rank = 1, .dims = {5}, .init = RD_CONSTANT, .center = -2}, 1);
    for (size_t i = 0; i < count; i++) cr_expect_eq(values[i], -2);
    start((RdParam){.rank = 0, .init = RD_CONSTANT, .center = 3}, 1);
    cr_expect_eq(values[0], 3);
}

/* scikit-learn 1.2: compute_class_weight("balanced", classes=[0, 2, 3], y=these). */
Test(initialize, balanced) {
    const int labels[] = {0, 0, 0, 0, 2, 2, 3, 0, 0, 2};
    const double wanted[] = {10 / (3 * 6.), 0, 10 / (3 * 3.), 10 / (3 * 1.)};
    double weight[4], sum = 0;
    rd_balanced(labels, 10, 4, weight);
    for (int c = 0; c < 4; c++) cr_expect_float_eq(weight[c], wanted[c], 1e-15);
    for (int i = 0; i < 10; i++) sum += weight[labels[i]];
    cr_expect_float_eq(sum, 10, 1e-14);
    rd_balanced(labels, 0, 4, weight);
    for (int c = 0; c < 4; c++) cr_expect_eq(weight[c], 0);
}

/* The product of lines a and b of the matrix; a line's numbers are `step` apart. */
static double product(const double *a, const double *b, size_t count, size_t step) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += a[i * step] * b[i * step];
    return sum;
}

static void expect_orthogonal(int rows, int columns, double gain) {
    bool wide = rows < columns;
    size_t lines = (size_t)(wide ? rows : columns), count = (size_t)(wide ? columns : rows);
    size_t apart = wide ? (size_t)columns : 1, step = wide ? 1 : (size_t)columns;
    start((RdParam){.rank = 2, .dims = {rows, columns}, .init = RD_ORTHOGONAL, .spread = gain}, 3);
    for (size_t a = 0; a < lines; a++)
        for (size_t b = 0; b < lines; b++)
            cr_expect_float_eq(product(values + a * apart, values + b * apart, count, step),
                               a == b ? gain * gain : 0, 1e-13);
}

Test(initialize, orthogonal) {
    expect_orthogonal(30, 30, 1);
    expect_orthogonal(20, 50, 2);
    expect_orthogonal(50, 20, 1);
    expect_orthogonal(1, 7, 1);
    size_t count =
        start((RdParam){.rank = 3, .dims = {10, 8, 5}, .init = RD_ORTHOGONAL, .spread = 1}, 1);
    cr_expect_float_eq(mean_of(count, 2, 0) * (double)count, 10, 1e-12); /* ten rows of length 1 */
}

/* Any rotation is as likely as another: the numbers of many small ones are centered, and each sign
 * pattern of a 2 x 2 matrix's first row comes equally often. */
Test(initialize, orthogonal_matrices_are_evenly_spread) {
    enum { TRIES = 8000 };
    double sum = 0;
    int signs[4] = {0}, reflections = 0;
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        start((RdParam){.rank = 2, .dims = {2, 2}, .init = RD_ORTHOGONAL, .spread = 1}, seed);
        sum += values[0] * values[0];
        signs[(values[0] > 0) + 2 * (values[1] > 0)]++;
        reflections += values[0] * values[3] - values[1] * values[2] < 0;
    }
    cr_expect_float_eq(sum / TRIES, 0.5, 0.02);
    for (int i = 0; i < 4; i++) cr_expect(signs[i] > 1800 && signs[i] < 2200);
    cr_expect(reflections > 3750 && reflections < 4250);
}
