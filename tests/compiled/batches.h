/* What a model puts out for an example must not depend on the batch that it is in. */
#ifndef RONDO_TEST_BATCHES_H
#define RONDO_TEST_BATCHES_H

#include "runner.h"

/* The options that programs are built with. */
#define PROGRAM_FLAGS "-O3 -march=native"

/* Expects the same bits for each example from random weights: in batches of 1, 7 and 32 and in one,
 * on 1 and 2 threads; and, all in one batch, the same gradients on 1, 2 and 3 threads. */
void check_batches(Arena *arena, const char *name, const RdModel *model, const Data *data);

/* Sentences of up to `longest` words for any model over one `text` and one `label`. */
Data sentences(Arena *arena, const RdModel *model, int count, int longest, uint64_t seed);

#endif
