/* The outcome of an evaluation, for people and for programs. */
#ifndef RONDO_REPORT_H
#define RONDO_REPORT_H

#include <stdio.h>

#include "evaluate.h"

/* `vocab` is [column_count]: that of a column whose values were learned is used.
 *
 * Loss, and for numbers RMSE, MAE and R²; else accuracy and F1, then precision, recall and F1 of
 * each class and the confusion matrix when the answer is a class; of tags those that occur. Last,
 * where weights were rounded, what that has changed. */
void rd_report_text(FILE *out, const RdModel *model, const RdVocab *vocab,
                    const RdEvaluation *evaluation, int examples);

/* The same as one JSON object on one line. */
void rd_report_json(FILE *out, const RdModel *model, const RdVocab *vocab,
                    const RdEvaluation *evaluation, int examples);

/* Places that a text takes on the screen: its characters, where each takes one. */
int rd_text_width(const char *text);

/* How JSON is printed: on one line, with all digits of a real number. */
enum { RD_JSON_DOUBLE = 17, RD_JSON_FLOAT = 9 };

#endif
