/* A model that takes its sequence step by step: the states of a batch of examples, and memory for
 * the two programs that set them and move them on (RdSteps). Everything is allocated by
 * rd_stepper_open. */
#ifndef RONDO_STEPPER_H
#define RONDO_STEPPER_H

#include "layout.h"
#include "rondo.h"
#include "status.h"

/* What all steppers of a model share: its weights, laid out for both programs. It is only read once
 * it is open: steppers of several threads may have the same. */
typedef struct {
    const RdModel *model;
    int vocab[RD_MAX_COLUMNS];
    void **param;
    void *packed[2]; /* of begin, of step */
} RdStepWeights;

typedef struct {
    const RdModel *model;
    RdRun begin, step; /* after each step, step.output has row b for example b */
    RdBatch once;      /* of begin, */
    RdBatch batch;     /* of the step: each of those examples */
    int copies;        /* so many times, one behind the other */
    int taken;         /* steps since the beginning */
    /* What the next step reads: values of the sequence's columns, one (or one row) an example. */
    int *index[RD_MAX_COLUMNS];
    void *real[RD_MAX_COLUMNS];
    /* private: */
    void **state, **next;  /* [state_count] each state, and room for what it becomes */
    int most;              /* steps; 0: any number, no state grows */
    int *packing;          /* of the steps so far */
    RdStepWeights weights; /* its own, and */
    void *memory;          /* its own; NULL when it was placed */
} RdStepper;

/* The parameters stand in `stretch` (layout.h), which must outlive the weights. */
void rd_step_weights_open(RdStepWeights *weights, const RdModel *model, const int *vocab,
                          RdPool *pool, void *stretch);
void rd_step_weights_close(RdStepWeights *weights);

/* A stepper in memory of the caller's: how many bytes it takes, and its beginning in so many, which
 * begin at a multiple of 64 and may have been used before. Sizes and steps as for rd_stepper_open,
 * without copies.
 * It allocates nothing and needs no closing; it uses the weights and the memory as long as it is
 * used itself. */
size_t rd_stepper_bytes(const RdStepWeights *weights, RdSizes sizes, int most);
void rd_stepper_place(RdStepper *stepper, const RdStepWeights *weights, RdSizes sizes, int most,
                      RdPool *pool, void *memory);

/* For batches up to `sizes` and at most so many steps (which matters to states that grow), in which
 * `copies` examples behind each other differ in nothing but the sequence; with the weights in
 * `stretch` (layout.h), which must outlive the stepper, as must the pool. The model has steps.
 * False when there is not enough memory. Overwrites *stepper; freed with rd_stepper_close, also
 * after a failure. */
bool rd_stepper_open(RdStepper *stepper, const RdModel *model, RdSizes sizes, int copies, int most,
                     RdPool *pool, void *stretch, RdError *error);
void rd_stepper_close(RdStepper *stepper);

/* The column whose values the steps of a model read, and in *index the model's column that has
 * them: itself, or what stands before each word. False when another column is needed as well. */
bool rd_step_column(const RdModel *model, int *column, int *index);

/* The states before the first step, for the examples of this batch, which must stay until the last
 * step: columns that do not belong to the sequence are read from it. `once` is the batch with each
 * example once instead of its copies (of a plan of rd_examples_repeat's operand, where `batch` is
 * of one of its result): what they have in common is computed once. Without copies it is the batch
 * itself. NULL for both: so many examples as the sizes say, all of whose columns belong to the
 * sequence. */
void rd_stepper_begin(RdStepper *stepper, const RdBatch *batch, const RdBatch *once);

/* One step: reads `index` and `real`. False, and nothing is done, when the model cannot count so
 * many steps. */
bool rd_stepper_step(RdStepper *stepper);

/* Example b goes on from where example from[b] is. The two must agree in the columns that do not
 * belong to the sequence. */
void rd_stepper_reorder(RdStepper *stepper, const int *from);

/* What is generated, after a step: how many values a row has, and those of an example. */
int rd_stepper_values(const RdStepper *stepper);
void rd_stepper_logits(const RdStepper *stepper, int example, double *logits);

#endif
