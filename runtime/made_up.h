/* Examples that are made up, to check gradients and to measure speed on. */
#ifndef RONDO_MADE_UP_H
#define RONDO_MADE_UP_H

#include "batch.h"

typedef struct {
    int examples;
    int shortest, longest; /* lengths of sequences; no longer than the model's max_length */
    int words;             /* of a vocabulary; no more than the model's max_vocab */
} RdMadeUp;

/* Overwrites *examples, freed with rd_examples_free, and sets the sizes of the vocabularies in
 * `vocab` ([model->column_count], zeroed). The first sequence is as short as asked for, the second
 * as long, the others are of any length between. */
void rd_make_up(const RdModel *model, RdMadeUp wanted, uint64_t seed, RdVocab *vocab,
                RdExamples *examples);

#endif
