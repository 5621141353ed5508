/* How good predictions are. The definitions are scikit-learn's (sklearn.metrics, "Model evaluation:
 * classification metrics"), so the figures can be compared with those of any other system:
 *
 * - precision of a class: tp / (tp + fp), of those predicted as the class the right ones;
 * - recall of a class: tp / (tp + fn), of those in the class the ones found;
 * - F1 of a class: 2 tp / (2 tp + fp + fn), the harmonic mean of the two.
 *
 * A quotient with nothing below the line is 0. With two classes the metrics `precision`, `recall`
 * and `f1` are those of the second one (average="binary", pos_label=1); with more the mean over all
 * classes that occur among the targets or the predictions (average="macro"). The micro averages of
 * all three are the accuracy, because every target has one answer. */
#ifndef RONDO_METRICS_H
#define RONDO_METRICS_H

#include <stdbool.h>
#include <stddef.h>

/* How often each class was predicted for each true class. */
typedef struct {
    int classes;
    long *count; /* [true class][predicted class] */
} RdConfusion;

/* False without memory. */
bool rd_confusion_init(RdConfusion *confusion, int classes);
void rd_confusion_free(RdConfusion *confusion);
void rd_confusion_clear(RdConfusion *confusion);
void rd_confusion_add(RdConfusion *confusion, int truth, int predicted);

long rd_confusion_cell(const RdConfusion *confusion, int truth, int predicted);
bool rd_confusion_occurs(const RdConfusion *confusion, int class_number); /* true or predicted */
long rd_confusion_total(const RdConfusion *confusion);
long rd_confusion_support(const RdConfusion *confusion, int truth); /* targets of that class */

double rd_accuracy(const RdConfusion *confusion);
double rd_precision(const RdConfusion *confusion, int class_number);
double rd_recall(const RdConfusion *confusion, int class_number);
double rd_class_f1(const RdConfusion *confusion, int class_number);

/* One of the three above, as the function of a class. */
typedef double RdClassMetric(const RdConfusion *confusion, int class_number);

/* The mean over the classes that occur, and the metric as a model lists it: see above. */
double rd_macro(const RdConfusion *confusion, RdClassMetric *metric);
double rd_binary_or_macro(const RdConfusion *confusion, RdClassMetric *metric);

/* ---- numbers ---- */

/* Rows of true numbers and what was predicted for them, rows of `columns` one after another. */
typedef struct {
    size_t rows;
    int columns;
    double *truth, *predicted;
} RdNumbers;

/* False without memory. */
bool rd_numbers_init(RdNumbers *numbers, size_t rows, int columns);
void rd_numbers_free(RdNumbers *numbers);

/* The means over the columns of: the root of the mean squared error (root_mean_squared_error), the
 * mean absolute error (mean_absolute_error), and the part of the variance that is explained,
 * 1 - sum (y - p)² / sum (y - mean y)² (r2_score; of a column without variance 1 when it is met
 * exactly, else 0). Without rows 0. */
double rd_rmse(const RdNumbers *numbers);
double rd_mae(const RdNumbers *numbers);
double rd_r2(const RdNumbers *numbers);

/* The part of the rows that are right: none of whose numbers is off by 0.5 or more. Without rows 0.
 */
double rd_exact_match(const RdNumbers *numbers);

#endif
