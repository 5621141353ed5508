/* The rules that a graph keeps between any two passes. */
#ifndef RONDO_VERIFY_H
#define RONDO_VERIFY_H

#include "graph/graph.h"

/* Whether `graph` is well formed: operands exist and precede their users (but for the first of a
 * DELAY), types are those of the shape rules, attributes are in range, recurrences step along one
 * axis in one direction, outputs fit. Otherwise *problem says what is wrong and where; the text
 * lives in the graph's arena. Never crashes, whatever the arrays of the graph hold. */
bool graph_verify(const Graph *graph, const char **problem);

/* The same for one node of a graph whose sizes, inputs and parameters are valid. */
bool graph_verify_node(const Graph *graph, int node, const char **problem);

#endif
