/* Reads what graph_print prints. */
#ifndef RONDO_READ_H
#define RONDO_READ_H

#include "base/intern.h"
#include "graph/graph.h"

/* The graph that `source` describes in the notation of graph/print.h, verified. A node's operands
 * must stand above it, but for the first of a DELAY. Blocks of recurrences are skipped over: they
 * follow from the nodes. The names and places behind # are taken over, other comments ignored.
 * NULL, with one error in `diag`, when the text is no valid graph; no text crashes it. */
Graph *graph_read(Arena *arena, Intern *names, const Source *source, Diag *diag);

#endif
