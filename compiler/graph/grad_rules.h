/* The gradient rules of the op table: what flows from a node's adjoint to those of its operands. */
#ifndef RONDO_GRAD_RULES_H
#define RONDO_GRAD_RULES_H

#include "graph/graph.h"

/* One run of graph_differentiate, as far as the rules need it. */
typedef struct {
    Graph *graph;
    int *adjoint; /* for each node of the original graph the sum of what has reached it, or -1 */
    int *opened;  /* for each DELAY the DELAY of its adjoint, or -1 */
    bool *wanted; /* the loss depends on the node, and the node on a parameter */
} Grad;

/* Adds `contribution` to the adjoint of `node`'s operand number `operand`. */
void grad_to(Grad *grad, int node, int operand, int contribution);

/* A rule sends the adjoint `dy` of `node` on to the node's operands. */
typedef void GradRule(Grad *grad, int node, int dy);

/* By op; NULL where nothing flows through. */
extern GradRule *const grad_rules[OP_COUNT];

#endif
