/* Recurrences: the nontrivial strongly connected components of a graph. */
#ifndef RONDO_CYCLES_H
#define RONDO_CYCLES_H

#include "graph/graph.h"

/* For each node the number of the recurrence that it lies on, or 0: the components are numbered
 * from 1 in the order of their first nodes. Operands that are no nodes are ignored, so that broken
 * graphs can be looked at too. */
int *graph_cycles(Arena *arena, const Graph *graph);

/* For each node of a recurrence the axis along which it steps, -1 for all others: what a recurrence
 * computes at one step depends on that step alone, but for its DELAYs. Expects existing operands
 * that precede their users. *bad becomes the first node that breaks this (a DELAY along another
 * axis, a sum over the steps, …), or -1. */
int *graph_step_axes(Arena *arena, const Graph *graph, const int *cycles, int *bad);

#endif
