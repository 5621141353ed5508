/* A compiled model taken step by step, against the same taken as a whole. */
#ifndef RONDO_TEST_STEPS_H
#define RONDO_TEST_STEPS_H

#include "runner.h"

/* Expects of a model that has steps, from random weights, that each step puts out what the whole
 * sequence has there: indices are equal; so, to the bit, are the reals of the output `exact` (NULL:
 * none); others differ by less than 1e-6, large ones relatively: a step adds up the products with
 * its input and with its state at once, where the whole may have hoisted the former. */
void check_steps(Arena *arena, const char *name, const RdModel *model, const Data *data,
                 const char *exact);

#endif
