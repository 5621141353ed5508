/* What the parts of step.c share: a value of each step, [T, …], and one of each step and all steps,
 * [T, …, T, …], whose second axis along the sequence is called the past's: of a causal model
 * nothing behind the step itself is of account there. */
#ifndef RONDO_STEP_H
#define RONDO_STEP_H

#include "graph/graph.h"

/* The axes of a type that are the sequence: the step's own, and the past's; -1 where there is none.
 */
int own_axis(const Type *type, int sequence);
int past_axis(const Type *type, int sequence);

/* The label of the step's own axis in a product, 0 for none. */
char own_label(const Graph *graph, const Node *node, int sequence);

/* Whether operand k of a node is read at all steps so far, not at the step itself. */
bool reads_past(const Graph *graph, const Node *node, int k, int sequence);

/* past.c. Whether a node sums over, or takes the largest of, what is behind each step as well, in
 * other ways than adding zeros. `known` is from known_future. */
typedef struct {
    bool known;
    double value;
} Future;
bool needs_future(const Graph *graph, int node, const Future *known, int sequence);

/* Of each value of each step and all steps: whether it has one value for all steps behind the own,
 * and which. */
Future *known_future(const Graph *graph, int sequence);

#endif
