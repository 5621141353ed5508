/* The compiler as a list of passes. */
#ifndef RONDO_PIPELINE_H
#define RONDO_PIPELINE_H

#include "base/diag.h"
#include "front/ast.h"
#include "graph/rewrite.h"
#include "loop/program.h"

typedef enum {
    STAGE_AST,
    STAGE_GRAPH,
    STAGE_GRADIENT,
    STAGE_STEP,
    STAGE_PACKED,
    STAGE_LOOPS,
    STAGE_PRODUCTS,
    STAGE_C
} StageName;

/* What the passes made of one file, as far as they came: after an error the rest is NULL. */
typedef struct {
    Arena *arena;
    Diag *diag;
    File *file;
    Graph *graph;       /* the model for one example */
    Graph *gradient;    /* the same with its adjoint */
    StepPrograms steps; /* none, and a reason, unless the model is causal */
    Program *infer, *train;
    Program *begin, *step; /* NULL without steps, or with nothing to begin with */
    const char *c;
    double milliseconds; /* that the passes took */
} Compilation;

/* Reads the text of a file into the arena; false with an error number in errno. */
bool read_source(Arena *arena, const char *path, Source *source);

/* Runs the passes up to `last`, verifying the graph after each. With `log`, each pass that takes
 * part is named there with the time it took. */
Compilation *compile(Arena *arena, const Source *source, StageName last, FILE *log);

/* The same for a program that can tell the norm of each state's gradient at each step. */
Compilation *compile_with_flow(Arena *arena, const Source *source, StageName last, FILE *log);

/* The text of a stage, for `rondo emit`. */
const char *stage_text(const Compilation *compilation, StageName stage);

#endif
