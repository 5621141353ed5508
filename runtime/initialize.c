#include "initialize.h"

#include <math.h>
#include <stdlib.h>

#include "alloc.h"
#include "random.h"

/* FNV-1a: names a parameter's stream of random numbers. */
static uint64_t name_hash(const char *name) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return hash;
}

static double spread_of(const RdParam *param, const int *dims, size_t size) {
    double in = 0, out = 0;
    if (param->fans) {
        in = (double)size / dims[0];
        out = (double)size / dims[1];
    }
    double fans = (param->fans & RD_FAN_IN ? in : 0) + (param->fans & RD_FAN_OUT ? out : 0);
    return param->fans ? param->spread / sqrt(fans) : param->spread;
}

/* ---- orthogonal ---- */

static double dot(const double *a, const double *b, size_t length) {
    double sum = 0;
    for (size_t i = 0; i < length; i++) sum += a[i] * b[i];
    return sum;
}

/* Makes vector number k orthogonal to those before it, and one long. Twice is enough: Kahan and
 * Parlett, in Parlett, The Symmetric Eigenvalue Problem, 1980, section 6.9. */
static void orthonormalize(double *vectors, size_t k, size_t length) {
    double *own = vectors + k * length;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t j = 0; j < k; j++) {
            const double *other = vectors + j * length;
            double along = dot(own, other, length);
            for (size_t i = 0; i < length; i++) own[i] -= along * other[i];
        }
        double scale = 1 / sqrt(dot(own, own, length));
        for (size_t i = 0; i < length; i++) own[i] *= scale;
    }
}

/* Random normal vectors made orthogonal one after the other: the Q of a QR whose R has a positive
 * diagonal, as torch.nn.init.orthogonal_ has it. */
static void orthogonal(size_t rows, size_t columns, double spread, RdRandom *random,
                       void (*put)(void *, size_t, double), void *context) {
    size_t count = rows < columns ? rows : columns, length = rows < columns ? columns : rows;
    double *vectors = rd_zeros(count * length, sizeof *vectors);
    for (size_t i = 0; i < count * length; i++) vectors[i] = rd_random_normal(random);
    for (size_t k = 0; k < count; k++) orthonormalize(vectors, k, length);
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < length; i++)
            put(context, rows < columns ? k * columns + i : i * columns + k,
                spread * vectors[k * length + i]);
    free(vectors);
}

/* ---- all ---- */

static double start_value(const RdParam *param, double spread, RdRandom *random) {
    switch (param->init) {
        case RD_UNIFORM:
            return param->center + (2 * rd_random_unit(random) - 1) * spread;
        case RD_NORMAL:
            return param->center + rd_random_normal(random) * spread;
        case RD_BALANCED:
            return 1;
        default:
            return param->center;
    }
}

void rd_initialize(const RdParam *param, const int *dims, uint64_t seed,
                   void (*put)(void *context, size_t i, double value), void *context) {
    RdRandom random = rd_random(seed, name_hash(param->name));
    size_t size = 1;
    for (int d = 0; d < param->rank; d++) size *= (size_t)dims[d];
    double spread = spread_of(param, dims, size);
    if (param->init == RD_ORTHOGONAL) {
        orthogonal((size_t)dims[0], size / (size_t)dims[0], spread, &random, put, context);
        return;
    }
    for (size_t i = 0; i < size; i++) put(context, i, start_value(param, spread, &random));
}

/* ---- weights of classes ---- */

void rd_balanced(const int *number, size_t count, int classes, double *weight) {
    int present = 0;
    for (int c = 0; c < classes; c++) weight[c] = 0;
    for (size_t i = 0; i < count; i++) weight[number[i]]++;
    for (int c = 0; c < classes; c++) present += weight[c] > 0;
    for (int c = 0; c < classes; c++)
        if (weight[c] > 0) weight[c] = (double)count / (present * weight[c]);
}
