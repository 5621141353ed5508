/* Texts that a model generates or decodes beside those of the data: what eval tells of a model with
 * the metrics bleu, wer or cer. */
#ifndef RONDO_COMPARE_H
#define RONDO_COMPARE_H

#include "data.h"
#include "generator.h"

enum { RD_COMPARISONS = 3 };

typedef struct {
    int count;                        /* of the metrics that the model asks for */
    const char *name[RD_COMPARISONS]; /* as the language has them, in the model's order */
    double value[RD_COMPARISONS];
} RdComparison;

/* Whether the model asks for any. */
bool rd_compares(const RdModel *model);

/* Makes a text for each record and compares it with the record's own, which is put together
 * from its words as one that is made is (rd_token_text): so both are in lower case where words are.
 * Before the session of `trained` is opened. */
bool rd_compare_texts(RdTrained *trained, const RdOptions *options, const RdData *data,
                      RdComparison *comparison, RdError *error);

#endif
