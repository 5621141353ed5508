/* From the tree to the graph: layers and cells are instantiated, shapes inferred, parameters named.
 */
#ifndef RONDO_ELABORATE_H
#define RONDO_ELABORATE_H

#include "front/ast.h"
#include "graph/graph.h"

/* The graph of the one model in `file`. `library` holds the layers and cells that are not defined
 * in the file itself. All errors go to `diag`; with any, the result is NULL or incomplete and must
 * not be compiled. `source` of the graph is file->source->path. */
Graph *elaborate(Arena *arena, Intern *names, const File *file, const File *const *library,
                 int library_count, Diag *diag);

/* The library's source files, embedded in the compiler. */
extern const Source library_sources[];
extern const int library_count;

#endif
