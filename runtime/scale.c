#include "scale.h"

#include <math.h>

#include "alloc.h"

/* How many rows of numbers a column has. */
static size_t rows_of(const RdModel *model, const RdData *data, int column) {
    size_t rows = 0;
    if (!model->columns[column].per_step) return (size_t)data->count;
    for (int i = 0; i < data->count; i++) rows += (size_t)data->frames[i];
    return rows;
}

void rd_scale_build(const RdModel *model, const RdData *data, int column, RdVocab *vocab) {
    int numbers = model->columns[column].numbers;
    size_t rows = rows_of(model, data, column), width = (size_t)numbers;
    const double *real = data->real[column];
    *vocab = (RdVocab){0};
    if (model->columns[column].as_is || rows == 0) return;
    vocab->numbers = numbers;
    vocab->mean = rd_zeros(width, sizeof *vocab->mean);
    vocab->deviation = rd_zeros(width, sizeof *vocab->deviation);
    for (size_t k = 0; k < width; k++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < rows; i++) sum += real[i * width + k] / (double)rows;
        for (size_t i = 0; i < rows; i++) squares += pow(real[i * width + k] - sum, 2);
        double deviation = sqrt(squares / (double)rows);
        vocab->mean[k] = sum;
        vocab->deviation[k] = deviation > 0 && isfinite(deviation) ? deviation : 1;
    }
}

double rd_scale(const RdVocab *vocab, int k, double value) {
    return k < vocab->numbers ? (value - vocab->mean[k]) / vocab->deviation[k] : value;
}

double rd_unscale(const RdVocab *vocab, int k, double value) {
    return k < vocab->numbers ? value * vocab->deviation[k] + vocab->mean[k] : value;
}
