/* Reverse-mode differentiation on the graph. */
#ifndef RONDO_GRAD_H
#define RONDO_GRAD_H

#include "graph/graph.h"

/* Appends the adjoint of the graph: what the gradient of `loss` (a node of shape [] or one value a
 * step) needs, and one ROLE_GRADIENT output for each parameter, in their order; zeros where the
 * loss does not depend on one. The gradient is that of the sum of the loss' elements, times SEED.
 *
 * Requires a verified graph without gradients; keeps all its nodes and outputs as they are. The
 * adjoint of a recurrence is a recurrence in the other direction. Each node that completes the
 * adjoint of a named value v is called d_v. */
void graph_differentiate(Graph *graph, int loss);

/* The same, and a ROLE_FLOW output for each named state of a scan: the norm of its gradient at each
 * step, [T]. */
void graph_differentiate_with_flow(Graph *graph, int loss);

/* [nodes] Whether a gradient would flow from the node to some parameter. Allocated in its arena. */
bool *graph_active(const Graph *graph);

#endif
