/* How answers are printed: predict and explain. */
#ifndef RONDO_ANSWERS_H
#define RONDO_ANSWERS_H

#include <stdio.h>

#include "collect.h"
#include "data.h"
#include "evaluate.h"
#include "vocab.h"

typedef struct {
    const RdModel *model;
    const RdVocab *vocab; /* [column_count] */
    RdAnswer answer;
    bool json;
    bool explain;         /* the weight of each word too; see rd_can_explain */
    int produced;         /* the text that is the answer itself, found or given; -1: none */
    const double *score;  /* of each text that was found; NULL: they were given */
    bool terminal, color; /* bars of blocks instead of '#', in colour */
} RdAnswerStyle;

/* Which outputs the printing needs: writes wanted[output_count]. */
void rd_answers_wanted(const RdAnswerStyle *style, bool *wanted);

/* Whether there is more to say: weights of steps (weights.h), or how probable each tag is. */
bool rd_can_explain(const RdAnswerStyle *style);

/* Prints the answer for example i of the data, which were read with their texts:
 *
 *   answer TAB probability TAB text
 *
 * (numbers have no probability) or, where the model has no answer, NAME=NUMBER… for each output,
 * then the text; to explain, the weights follow (weights.h). Of a text that is produced:
 *
 *   text TAB inputs
 *
 * Of tags there is a line for each word, WORD TAB TAG, and an empty line; to explain, with a bar.
 * As JSON, one object on a line. */
void rd_print_answer(FILE *out, const RdAnswerStyle *style, const RdData *data,
                     const RdCollected *collected, int i);

/* Prints a text that was decoded for example i:
 *
 *   decoded TAB text
 *
 * or as JSON with the keys text and score. */
void rd_print_decoded(FILE *out, const RdAnswerStyle *style, const RdData *data, int i,
                      const char *decoded, double score);

#endif
