/* From graphs and from source text to loop programs and C, through the compiler's own passes. */
#ifndef RONDO_TEST_PROGRAMS_H
#define RONDO_TEST_PROGRAMS_H

#include "pipeline.h"

typedef struct {
    Graph *graph; /* simplified */
    Program *infer, *train;
    const char *c;    /* NULL after an error */
    const char *said; /* all diagnostics */
} Programs;

/* The passes behind elaboration, in the order of the pipeline. */
Programs programs_of_graph(Graph *graph);

/* The whole pipeline. */
Programs programs_of_text(Arena *arena, const char *path, const char *text);

/* The graph as elaboration leaves it. */
Graph *graph_of_text(Arena *arena, const char *text);

#endif
