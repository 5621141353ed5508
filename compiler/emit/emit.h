/* From loop programs to C. */
#ifndef RONDO_EMIT_H
#define RONDO_EMIT_H

#include "loop/program.h"

/* The whole C file for a model: its inference and its training program. The same input gives the
 * same text, to the byte. */
const char *emit_c(const Program *infer, const Program *train);

#endif
