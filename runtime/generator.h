/* Texts from a trained model: what the verbs generate and predict do with one that generates. */
#ifndef RONDO_GENERATOR_H
#define RONDO_GENERATOR_H

#include "cli.h"
#include "search.h"
#include "trained.h"

/* Whether a model generates texts at all, and whether it reads other columns to do so. */
bool rd_generates(const RdModel *model);
bool rd_generates_from_inputs(const RdModel *model);

/* What was generated or decoded: texts, their tokens and their scores, in the order of the data. */
typedef struct {
    int count;
    char **text; /* [count] */
    int **token; /* [count][tokens[i]], the mark not among them */
    int *tokens; /* [count] */
    double *score;
} RdMadeTexts;

/* Room for so many texts; freed with rd_generated_free. */
RdMadeTexts rd_made_texts(int count);

/* A text for each record of the data. False when there is not enough memory, or when the prompt
 * cannot be read. Overwrites *texts; freed with rd_generated_free, also after a failure. */
bool rd_generate(RdTrained *trained, const RdOptions *options, const RdData *data,
                 RdMadeTexts *texts, RdError *error);

/* Makes the texts the data of the column that was generated, as if they had been read with it. */
void rd_generated_as_data(const RdMadeTexts *texts, const RdTrained *trained, RdData *data);

void rd_generated_free(RdMadeTexts *texts);

/* One text of a model without inputs; without a beam and without JSON it is written to standard
 * output as it comes. */
bool rd_generate_alone(RdTrained *trained, const RdOptions *options, RdError *error);

/* A line with a text, or with a JSON object of it and its score. */
void rd_print_generated(const char *text, double score, bool json);

#endif
