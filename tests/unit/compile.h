/* Source text to graph, for tests. */
#ifndef RONDO_TEST_COMPILE_H
#define RONDO_TEST_COMPILE_H

#include "front/elaborate.h"

/* The graph of the model in `text` and all that was said about it ("" when nothing was). The graph
 * is NULL after an error; one that graph_verify refuses fails the test. */
typedef struct {
    Graph *graph;
    const char *said;
} Compiled;

Compiled compile(Arena *arena, const char *path, const char *text);

/* The whole file; NULL when it cannot be read. *length may be NULL. */
char *read_file(Arena *arena, const char *path, size_t *length);

#endif
