#include "metrics.h"

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

static long cell(const RdConfusion *confusion, int truth, int predicted) {
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
    for (int i = 0; i < confusion->classes; i++) sum += cell(confusion, truth, i);
    return sum;
}

static long times_predicted(const RdConfusion *confusion, int class_number) {
    long sum = 0;
    for (int i = 0; i < confusion->classes; i++) sum += cell(confusion, i, class_number);
    return sum;
}

static double quotient(double above, double below) { return below == 0 ? 0 : above / below; }

double rd_accuracy(const RdConfusion *confusion) {
    long right = 0;
    for (int i = 0; i < confusion->classes; i++) right += cell(confusion, i, i);
    return quotient((double)right, (double)rd_confusion_total(confusion));
}

double rd_precision(const RdConfusion *confusion, int class_number) {
    return quotient((double)cell(confusion, class_number, class_number),
                    (double)times_predicted(confusion, class_number));
}

double rd_recall(const RdConfusion *confusion, int class_number) {
    return quotient((double)cell(confusion, class_number, class_number),
                    (double)rd_confusion_support(confusion, class_number));
}

/* tp + fp is how often the class was predicted, tp + fn how often it was true. */
static long occurrences(const RdConfusion *confusion, int class_number) {
    return times_predicted(confusion, class_number) + rd_confusion_support(confusion, class_number);
}

double rd_class_f1(const RdConfusion *confusion, int class_number) {
    return quotient(2.0 * (double)cell(confusion, class_number, class_number),
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
