/* What parameters start from, as torch.nn.init defines it. */
#ifndef RONDO_INITIALIZE_H
#define RONDO_INITIALIZE_H

#include "rondo.h"

/* Calls put(context, i, value) for each of the parameter's numbers, in any order.
 *
 *   RD_UNIFORM     evenly between center - spread and center + spread
 *   RD_NORMAL      normal with mean center and standard deviation spread
 *   RD_CONSTANT    center
 *   RD_ORTHOGONAL  as a matrix with dims[0] rows: the rows, or the columns where these are fewer,
 *                  are orthogonal to each other and have the length spread; all such matrices are
 *                  equally likely
 *   RD_BALANCED    one, until rd_layout_balance (layout.h) sees the data
 *
 * With `fans` spread is over the square root of their sum: fan in counts the numbers of a row, fan
 * out the rows times the numbers behind the second axis. `dims` are the parameter's, vocabulary
 * sizes filled in. The values depend on the seed and the parameter's name only. */
void rd_initialize(const RdParam *param, const int *dims, uint64_t seed,
                   void (*put)(void *context, size_t i, double value), void *context);

/* The weight of each of `classes` classes that stand `count` times in `number`: count over the
 * product of how often the class is there and how many classes are there at all, as scikit-learn's
 * class_weight="balanced"; 0 for a class that is not there. The mean over all labels is 1. */
void rd_balanced(const int *number, size_t count, int classes, double *weight);

#endif
