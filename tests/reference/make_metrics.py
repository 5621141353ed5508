#!/usr/bin/python3
"""Reference numbers for the metrics: metrics.txt, from scikit-learn (python3-sklearn).

  classes C N, then N pairs (truth, predicted); accuracy; precision, recall and F1 as a model lists
  them (of class 1 where C is 2, otherwise the macro averages), then the macro and the micro averages
  numbers ROWS COLUMNS, then the truth and what was predicted, row by row; RMSE, MAE, R²
"""

import os
import random

from sklearn import metrics

FOLDER = os.path.dirname(os.path.abspath(__file__))


def averages(truth, predicted, average):
    scores = metrics.precision_recall_fscore_support(
        truth, predicted, average=average, zero_division=0)
    return [float(score) for score in scores[:3]]


def classes_case(generator, classes, count, skill, used):
    """`used` classes occur; with probability `skill` the answer is right."""
    truth = [generator.randrange(used) for _ in range(count)]
    truth[:2] = [0, 1][:count]
    predicted = [t if generator.random() < skill else generator.randrange(used) for t in truth]
    listed = averages(truth, predicted, "binary" if classes == 2 else "macro")
    figures = [metrics.accuracy_score(truth, predicted), *listed,
               *averages(truth, predicted, "macro"), *averages(truth, predicted, "micro")]
    lines = ["classes %d %d" % (classes, count),
             "  ".join("%d %d" % pair for pair in zip(truth, predicted)),
             " ".join("%.17g" % figure for figure in figures)]
    return lines


def numbers_case(generator, rows, columns, constant=False):
    truth = [[generator.gauss(3 * c, 1 + c) for c in range(columns)] for _ in range(rows)]
    if constant:
        truth = [[2.5] * columns for _ in range(rows)]
    predicted = [[value + generator.gauss(0, 0.5) for value in row] for row in truth]
    figures = [metrics.mean_squared_error(truth, predicted, squared=False),
               metrics.mean_absolute_error(truth, predicted), metrics.r2_score(truth, predicted)]
    lines = ["numbers %d %d" % (rows, columns)]
    for table in truth, predicted:
        lines.append("  ".join(" ".join("%.17g" % value for value in row) for row in table))
    return lines + [" ".join("%.17g" % figure for figure in figures)]


def main():
    generator = random.Random(11)
    lines = []
    for classes, count, skill, used in [(2, 12, 0.6, 2), (2, 30, 0.2, 2), (3, 20, 0.5, 3),
                                        (6, 40, 0.7, 6), (6, 25, 0.4, 4)]:
        lines += classes_case(generator, classes, count, skill, used)
    for rows, columns in [(10, 1), (7, 3)]:
        lines += numbers_case(generator, rows, columns)
    lines += numbers_case(generator, 4, 2, constant=True)
    with open(os.path.join(FOLDER, "metrics.txt"), "w") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
