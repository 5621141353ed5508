/* Compares gradients with finite differences, in the interpreter. */
#ifndef RONDO_GRADIENT_CHECK_H
#define RONDO_GRADIENT_CHECK_H

#include "graph/eval.h"

/* The largest relative difference between the gradient outputs of `graph`, which has a loss and is
 * differentiated here, and central differences. Of each parameter at most `samples` elements are
 * tried. *worst names the parameter. */
double gradient_error(Graph *graph, const EvalInput *in, int samples, const char **worst);

/* The node of the graph's loss, or -1. */
int loss_of(const Graph *graph);

/* The sum of the loss' elements. */
double loss_value(const Graph *graph, const EvalInput *in);

#endif
