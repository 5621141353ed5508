/* What is learned from the training data about the columns of a model before training begins. */
#ifndef RONDO_LEARN_H
#define RONDO_LEARN_H

#include "data.h"
#include "vocab.h"

/* Vocabularies and scales: vocab is [column_count], {0}. False as rd_vocab_learn. */
bool rd_learn_columns(const RdModel *model, const RdData *data, RdVocab *vocab, RdError *error);

/* Reads data with their targets, and learns from them. When tokens are learned too, reads them once
 * more with what was learned: the standard input cannot be. *data is as after rd_data_read. */
bool rd_read_and_learn(const char *path, const RdModel *model, RdReadOptions options, RdData *data,
                       RdVocab *vocab, RdError *error);

#endif
