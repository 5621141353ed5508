#include "metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool rd_confusion_init(RdConfusion *confusion, int classes) {
    confusion->classes = classes;
    confusion->count = calloc((size_t)classes * (size_t)classes + 1, sizeof *confusion->count);
    return confusion->count != NULL;
}

void rd_confusion_free(RdConfusion *confusion) {
    free(confusion->count);
    *confusion = (RdConfusion){0};
}

static size_t cells(const RdConfusion *confusion) {
    return (size_t)confusion->classes * (size_t)confusion->classes;
}

long rd_confusion_cell(const RdConfusion *confusion, int truth, int predicted) {
    return confusion->count[(size_t)truth * (size_t)confusion->classes + (size_t)predicted];
}

void rd_confusion_clear(RdConfusion *confusion) {
    memset(confusion->count, 0, cells(confusion) * sizeof *confusion->count);
}

void rd_confusion_add(RdConfusion *confusion, int truth, int predicted) {
    confusion->count[(size_t)truth * (size_t)confusion->classes + (size_t)predicted]++;
}

long rd_confusion_total(const RdConfusion *confusion) {
    long total = 0;
    for (size_t i = 0; i < cells(confusion); i++) total += confusion->count[i];
    return total;
}

long rd_confusion_support(const RdConfusion *confusion, int truth) {
    long sum = 0;
    for (int i = 0; i < confusion->classes; i++) sum += rd_confusion_cell(confusion, truth, i);
    return sum;
}

static long times_predicted(const RdConfusion *confusion, int class_number) {
    long sum = 0;
    for (int i = 0; i < confusion->classes; i++)
        sum += rd_confusion_cell(confusion, i, class_number);
    return sum;
}

static double quotient(double above, double below) { return below == 0 ? 0 : above / below; }

double rd_accuracy(const RdConfusion *confusion) {
    long right = 0;
    for (int i = 0; i < confusion->classes; i++) right += rd_confusion_cell(confusion, i, i);
    return quotient((double)right, (double)rd_confusion_total(confusion));
}

double rd_precision(const RdConfusion *confusion, int class_number) {
    return quotient((double)rd_confusion_cell(confusion, class_number, class_number),
                    (double)times_predicted(confusion, class_number));
}

double rd_recall(const RdConfusion *confusion, int class_number) {
    return quotient((double)rd_confusion_cell(confusion, class_number, class_number),
                    (double)rd_confusion_support(confusion, class_number));
}

/* tp + fp is how often the class was predicted, tp + fn how often it was true. */
static long occurrences(const RdConfusion *confusion, int class_number) {
    return times_predicted(confusion, class_number) + rd_confusion_support(confusion, class_number);
}

bool rd_confusion_occurs(const RdConfusion *confusion, int class_number) {
    return occurrences(confusion, class_number) > 0;
}

double rd_class_f1(const RdConfusion *confusion, int class_number) {
    return quotient(2.0 * (double)rd_confusion_cell(confusion, class_number, class_number),
                    (double)occurrences(confusion, class_number));
}

double rd_macro(const RdConfusion *confusion, RdClassMetric *metric) {
    double sum = 0;
    int present = 0;
    for (int i = 0; i < confusion->classes; i++) {
        if (occurrences(confusion, i) == 0) continue;
        sum += metric(confusion, i);
        present++;
    }
    return quotient(sum, present);
}

double rd_binary_or_macro(const RdConfusion *confusion, RdClassMetric *metric) {
    return confusion->classes == 2 ? metric(confusion, 1) : rd_macro(confusion, metric);
}

/* ---- numbers ---- */

bool rd_numbers_init(RdNumbers *numbers, size_t rows, int columns) {
    *numbers = (RdNumbers){.rows = rows, .columns = columns};
    size_t count = rows * (size_t)columns + 1;
    numbers->truth = calloc(count, sizeof(double));
    numbers->predicted = calloc(count, sizeof(double));
    return numbers->truth && numbers->predicted;
}

void rd_numbers_free(RdNumbers *numbers) {
    free(numbers->truth);
    free(numbers->predicted);
    *numbers = (RdNumbers){0};
}

/* The sums over the rows of one column: of |y - p|^power, and of (y - mean y)². */
static double sum_of_errors(const RdNumbers *n, int column, int power) {
    double sum = 0;
    for (size_t i = (size_t)column; i < n->rows * (size_t)n->columns; i += (size_t)n->columns) {
        double error = fabs(n->truth[i] - n->predicted[i]);
        sum += power == 1 ? error : error * error;
    }
    return sum;
}

static double sum_of_deviations(const RdNumbers *n, int column) {
    double mean = 0, sum = 0;
    size_t first = (size_t)column, step = (size_t)n->columns, end = n->rows * step;
    for (size_t i = first; i < end; i += step) mean += n->truth[i] / (double)n->rows;
    for (size_t i = first; i < end; i += step) sum += (n->truth[i] - mean) * (n->truth[i] - mean);
    return sum;
}

double rd_rmse(const RdNumbers *numbers) {
    double sum = 0;
    for (int c = 0; c < numbers->columns; c++)
        sum += sqrt(quotient(sum_of_errors(numbers, c, 2), (double)numbers->rows));
    return quotient(sum, numbers->columns);
}

double rd_mae(const RdNumbers *numbers) {
    double sum = 0;
    for (int c = 0; c < numbers->columns; c++)
        sum += quotient(sum_of_errors(numbers, c, 1), (double)numbers->rows);
    return quotient(sum, numbers->columns);
}

double rd_r2(const RdNumbers *numbers) {
    double sum = 0;
    if (!numbers->rows) return 0;
    for (int c = 0; c < numbers->columns; c++) {
        double errors = sum_of_errors(numbers, c, 2), all = sum_of_deviations(numbers, c);
        sum += all == 0 ? (errors == 0 ? 1 : 0) : 1 - errors / all;
    }
    return quotient(sum, numbers->columns);
}

double rd_exact_match(const RdNumbers *numbers) {
    size_t right = 0, columns = (size_t)numbers->columns;
    for (size_t i = 0; i < numbers->rows; i++) {
        bool same = true;
        for (size_t c = 0; c < columns; c++)
            same &=
                fabs(numbers->truth[i * columns + c] - numbers->predicted[i * columns + c]) < 0.5;
        right += same;
    }
    return numbers->rows ? (double)right / (double)numbers->rows : 0;
}
