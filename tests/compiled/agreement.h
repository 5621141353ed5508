/* A compiled model, in double precision, against the interpreter on the graph that it came from. */
#ifndef RONDO_TEST_AGREEMENT_H
#define RONDO_TEST_AGREEMENT_H

#include "graph/graph.h"
#include "rondo.h"

/* Compares outputs, losses and the gradients of all parameters on several ragged batches, for the
 * inference and the training program, and expects them to agree. `graph` is as it came from the
 * front end (or the generator); it is differentiated here. Values follow from the seed. */
void check_agreement(const char *name, Graph *graph, const RdModel *model, int seed);

/* What the C compiler is asked for: vectors of 8, 16, 32 or 64 bytes, with the instructions for
 * them where this machine has them. */
enum { WIDTHS = 4 };
const char *flags_of_width(int width);

#endif
