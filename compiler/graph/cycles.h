/* Recurrences: the nontrivial strongly connected components of a graph. */
#ifndef RONDO_CYCLES_H
#define RONDO_CYCLES_H

#include "graph/graph.h"

/* For each node the number of the recurrence that it lies on, or 0: the components are numbered
 * from 1 in the order of their first nodes. Operands that are no nodes are ignored, so that broken
 * graphs can be looked at too. */
int *graph_cycles(Arena *arena, const Graph *graph);

#endif
