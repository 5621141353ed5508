/* The speed of generating, beside what memory allows. */
#ifndef RONDO_BENCH_STEPS_H
#define RONDO_BENCH_STEPS_H

#include "batch.h"
#include "status.h"

/* How fast one text is written, greedily, token by token: the fastest of `repeat` texts. */
typedef struct {
    double tokens;  /* a second */
    double weights; /* bytes of weights, which each token reads */
    double memory;  /* what memory allows: bytes a second, read from 256 MB on the same threads */
    double same;    /* the same of as many bytes as there are weights, over and over */
} RdStepSpeed;

/* Measures a model that generates, with the weights in `stretch`, on texts of `length` tokens for
 * the examples, one of which is made a text for; those of a model without inputs are not looked at.
 * The vocabularies are set. */
bool rd_measure_steps(const RdModel *model, const RdExamples *examples, const RdVocab *vocab,
                      RdPool *pool, void *stretch, int length, int repeat, RdStepSpeed *speed,
                      RdError *error);

#endif
