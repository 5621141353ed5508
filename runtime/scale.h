/* Numbers are brought to mean 0 and standard deviation 1 over the training data, each of a column's
 * for itself, unless the model asks for them as they are. Standard deviation is that of the data
 * themselves (divided by n, as scikit-learn's StandardScaler has it); where it is 0 the numbers are
 * only moved. */
#ifndef RONDO_SCALE_H
#define RONDO_SCALE_H

#include "data.h"
#include "vocab.h"

/* Learns mean and deviation of a RD_NUMBERS column from the data; of those that stay as they are
 * nothing. Overwrites *vocab; freed with rd_vocab_free. */
void rd_scale_build(const RdModel *model, const RdData *data, int column, RdVocab *vocab);

/* Number k of a row in the model's units, from the data's, and the other way. */
double rd_scale(const RdVocab *vocab, int k, double value);
double rd_unscale(const RdVocab *vocab, int k, double value);

#endif
