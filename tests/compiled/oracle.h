/* The interpreter's answer for a whole batch, to hold compiled programs against. */
#ifndef RONDO_TEST_ORACLE_H
#define RONDO_TEST_ORACLE_H

#include "graph/eval.h"
#include "runner.h"

/* What `graph`, which has its gradients, computes for all examples one by one: losses and outputs
 * as Runner orders them, and the gradient of the mean loss. `params` are the parameters' values.
 * Masks are those that the compiled program draws for `key`, or 1 unless `training`. */
Results oracle(Arena *arena, const Graph *graph, const Data *data, const Tensor *params,
               bool training, uint64_t key);

/* Random data for a model of words and classes: examples of these lengths. */
Data random_data(Arena *arena, const Graph *graph, int count, const int *length, uint64_t seed);

/* Gives every MASK of the graph a stream of its own. */
void separate_masks(Graph *graph);

#endif
