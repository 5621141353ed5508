/* What explain shows of attention: the weight of each step of a text, and how the steps of one
 * sequence weigh those of another (or of the same one), an output with a row a pair. */
#ifndef RONDO_WEIGHTS_H
#define RONDO_WEIGHTS_H

#include <jansson.h>

#include "answers.h"

/* Whether the model puts out any. */
bool rd_has_weights(const RdAnswerStyle *style);

/* Sets wanted[output] of those outputs. */
void rd_weights_wanted(const RdAnswerStyle *style, bool *wanted);

/* Prints those of example i: a line with a bar for each step and an empty line; then for each
 * output over pairs, and each of its columns, a table whose rows are the steps that look and whose
 * columns are those looked at, and an empty line. */
void rd_print_weights(FILE *out, const RdAnswerStyle *style, const RdData *data,
                      const RdCollected *collected, int i);

/* Adds the same to an object: `weights`, a list of {word or frame, weight}, and `alignments`, a
 * list of {output, rows, columns, weights}, where weights[row][column] is a number, or a list of
 * them where the output has several. */
void rd_weights_json(json_t *object, const RdAnswerStyle *style, const RdData *data,
                     const RdCollected *collected, int i);

/* Prints a bar, as long as `part` of the longest. */
void rd_print_bar(FILE *out, const RdAnswerStyle *style, double part);

/* Prints a text on one line: tabs and the like become spaces. */
void rd_print_text(FILE *out, const char *text);

#endif
