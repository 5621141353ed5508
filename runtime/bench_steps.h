/* The speed of generating, beside what memory allows. */
#ifndef RONDO_BENCH_STEPS_H
#define RONDO_BENCH_STEPS_H

#include "rondo.h"
#include "status.h"

/* How fast one text is written, greedily, token by token: the fastest of `repeat` texts. */
typedef struct {
    double tokens;  /* a second */
    double weights; /* bytes of weights, which each token reads */
} RdStepSpeed;

/* Measures a model that generates, with the weights in `stretch`, on texts of `length` tokens.
 * `sizes` has the vocabularies. */
bool rd_measure_steps(const RdModel *model, RdSizes sizes, RdPool *pool, void *stretch, int length,
                      int repeat, RdStepSpeed *speed, RdError *error);

#endif
