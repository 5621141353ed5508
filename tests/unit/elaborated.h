/* Source text to graph, with what is said about it: what all tests of the compiler share. */
#ifndef RONDO_TEST_ELABORATED_H
#define RONDO_TEST_ELABORATED_H

#include "front/elaborate.h"

/* All diagnostics as they are printed, without colour. */
const char *diag_text(Arena *arena, const Diag *diag);

/* The graph of the model in `text`, as elaboration leaves it; NULL after an error. *said is what
 * was said, "" when nothing was. */
Graph *elaborate_text(Arena *arena, const char *path, const char *text, const char **said);

#endif
