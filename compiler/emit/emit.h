/* From loop programs to C. */
#ifndef RONDO_EMIT_H
#define RONDO_EMIT_H

#include "loop/program.h"

/* The programs of a model. */
typedef struct {
    const Program *infer, *train;
    const Program *begin, *step; /* NULL when it takes no single steps, or needs no beginning */
    int sequence;                /* of the steps: its sym */
} Emitted;

/* The whole C file for a model. The same input gives the same text, to the byte. */
const char *emit_c(const Emitted *programs);

/* A table of the program's kernels, as text: what each does for a row. Weights are as --weights
 * says: 0 in full, 1 bf16, 2 int8. */
const char *print_costs(const Program *program, int precision);

#endif
