#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "metrics.h"

/* The expected figures are those of sklearn.metrics (accuracy_score, precision_score, recall_score,
 * f1_score), worked out by hand from the definitions that the header states. */

typedef struct {
    int truth, predicted;
} Pair;

static RdConfusion confusion_of(int classes, const Pair *pairs, int count) {
    RdConfusion confusion;
    cr_assert(rd_confusion_init(&confusion, classes));
    for (int i = 0; i < count; i++)
        rd_confusion_add(&confusion, pairs[i].truth, pairs[i].predicted);
    return confusion;
}

#define CONFUSION(classes, ...)                        \
    confusion_of(classes, (const Pair[]){__VA_ARGS__}, \
                 (int)(sizeof((const Pair[]){__VA_ARGS__}) / sizeof(Pair)))

static void expect(double got, double wanted) {
    cr_expect(fabs(got - wanted) < 1e-12, "got %.15g instead of %.15g", got, wanted);
}

Test(metrics, binary) {
    /* y_true = [0, 0, 0, 1, 1, 1, 1, 1], y_pred = [0, 1, 0, 1, 1, 0, 1, 1] */
    RdConfusion c = CONFUSION(2, {0, 0}, {0, 1}, {0, 0}, {1, 1}, {1, 1}, {1, 0}, {1, 1}, {1, 1});
    expect(rd_accuracy(&c), 6.0 / 8);
    expect(rd_precision(&c, 1), 4.0 / 5);
    expect(rd_recall(&c, 1), 4.0 / 5);
    expect(rd_binary_or_macro(&c, rd_class_f1), 8.0 / 10);
    expect(rd_class_f1(&c, 0), 4.0 / 6);
    expect(rd_macro(&c, rd_class_f1), (0.8 + 4.0 / 6) / 2);
    cr_expect_eq(rd_confusion_total(&c), 8);
    cr_expect_eq(rd_confusion_support(&c, 1), 5);
    rd_confusion_free(&c);
}

Test(metrics, three_classes) {
    /* y_true = [0, 1, 2, 0, 1, 2], y_pred = [0, 2, 1, 0, 0, 1]: macro F1 0.26666… in the manual */
    RdConfusion c = CONFUSION(3, {0, 0}, {1, 2}, {2, 1}, {0, 0}, {1, 0}, {2, 1});
    expect(rd_accuracy(&c), 2.0 / 6);
    expect(rd_binary_or_macro(&c, rd_class_f1), 0.8 / 3);
    expect(rd_precision(&c, 0), 2.0 / 3);
    expect(rd_recall(&c, 0), 1);
    rd_confusion_free(&c);
}

Test(metrics, macro_leaves_out_classes_that_never_occur) {
    RdConfusion c = CONFUSION(4, {0, 0}, {1, 1}, {1, 0});
    expect(rd_binary_or_macro(&c, rd_class_f1), (2.0 / 3 + 2.0 / 3) / 2);
    rd_confusion_free(&c);
}

Test(metrics, nothing_below_the_line_is_zero) {
    RdConfusion c = CONFUSION(2, {0, 0}, {1, 0});
    expect(rd_precision(&c, 1), 0);
    expect(rd_binary_or_macro(&c, rd_class_f1), 0);
    rd_confusion_clear(&c);
    expect(rd_accuracy(&c), 0);
    expect(rd_recall(&c, 0), 0);
    expect(rd_macro(&c, rd_class_f1), 0);
    rd_confusion_free(&c);
}

Test(metrics, exact_match) {
    RdNumbers n;
    cr_assert(rd_numbers_init(&n, 4, 2));
    const double truth[] = {0, 3, 1, 1, 5, 6, 2, 2}, predicted[] = {0, 3, 1, 2, 5.4, 5.6, 3, 2};
    memcpy(n.truth, truth, sizeof truth);
    memcpy(n.predicted, predicted, sizeof predicted);
    cr_expect_float_eq(rd_exact_match(&n), 0.5, 1e-12);
    n.rows = 0;
    cr_expect_float_eq(rd_exact_match(&n), 0, 1e-12);
    rd_numbers_free(&n);
}

/* ---- against scikit-learn: tests/reference/make_metrics.py ---- */

static double next_real(FILE *file) {
    double value;
    cr_assert_eq(fscanf(file, "%lf", &value), 1);
    return value;
}

static void check_classes(FILE *file) {
    int classes, count;
    RdConfusion c;
    cr_assert_eq(fscanf(file, "%d %d", &classes, &count), 2);
    cr_assert(rd_confusion_init(&c, classes));
    for (int i = 0; i < count; i++) {
        Pair pair;
        cr_assert_eq(fscanf(file, "%d %d", &pair.truth, &pair.predicted), 2);
        rd_confusion_add(&c, pair.truth, pair.predicted);
    }
    RdClassMetric *const metrics[] = {rd_precision, rd_recall, rd_class_f1};
    expect(rd_accuracy(&c), next_real(file));
    for (int i = 0; i < 3; i++) expect(rd_binary_or_macro(&c, metrics[i]), next_real(file));
    for (int i = 0; i < 3; i++) expect(rd_macro(&c, metrics[i]), next_real(file));
    for (int i = 0; i < 3; i++) expect(rd_accuracy(&c), next_real(file)); /* micro */
    rd_confusion_free(&c);
}

static void check_numbers(FILE *file) {
    int rows, columns;
    RdNumbers n;
    cr_assert_eq(fscanf(file, "%d %d", &rows, &columns), 2);
    cr_assert(rd_numbers_init(&n, (size_t)rows, columns));
    for (int i = 0; i < rows * columns; i++) n.truth[i] = next_real(file);
    for (int i = 0; i < rows * columns; i++) n.predicted[i] = next_real(file);
    expect(rd_rmse(&n), next_real(file));
    expect(rd_mae(&n), next_real(file));
    expect(rd_r2(&n), next_real(file));
    rd_numbers_free(&n);
}

Test(metrics, as_scikit_learn_has_them) {
    FILE *file = fopen(RONDO_SOURCE "/tests/reference/metrics.txt", "r");
    char kind[16];
    int cases = 0;
    cr_assert(file);
    for (; fscanf(file, "%15s", kind) == 1; cases++)
        (strcmp(kind, "classes") == 0 ? check_classes : check_numbers)(file);
    cr_expect_eq(cases, 8);
    fclose(file);
}
