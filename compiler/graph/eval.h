/* The slow interpreter: the definition of what a graph means, in double precision, for ONE example.
 * Written from the definitions of the ops, element by element; it shares nothing with lowering and
 * emission, so that it can judge them. */
#ifndef RONDO_EVAL_H
#define RONDO_EVAL_H

#include "graph/graph.h"

/* A value: real numbers in `at`, or indices in `index`; the other is NULL. Rows first. */
typedef struct {
    int rank;
    int dim[MAX_RANK];
    double *at;
    int *index;
} Tensor;

/* The value of the element `at` of a MASK node: 0, or 1 / (1 - zero). */
typedef double EvalMask(void *user, int stream, double zero, const int *at);

typedef struct {
    const int *sizes; /* by sym: this example's lengths, the vocabularies' sizes; all >= 1; of a
                         nested length the largest */
    const int *const *inner; /* by sym: of a nested length, that at each outer step; or NULL */
    const Tensor *inputs;    /* by input */
    const Tensor *params;    /* by parameter */
    bool training;           /* otherwise every MASK is 1 */
    EvalMask *mask;          /* NULL: every MASK is 1 in training too */
    void *mask_user;
    double seed; /* the value of SEED */
} EvalInput;

/* The number of elements. */
long tensor_size(const Tensor *tensor);

/* A tensor of zeros for values of `type` under these sizes. */
Tensor tensor_new(Arena *arena, const Type *type, const int *sizes);

/* Computes every node of a verified graph: results[i] becomes the value of node i, allocated in
 * `arena`. An index outside of its range is a bug of the caller and ends the program. */
void graph_eval(Arena *arena, const Graph *graph, const EvalInput *in, Tensor *results);

#endif
