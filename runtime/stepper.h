/* A model that takes its sequence step by step: the states of a batch of examples, and memory for
 * the two programs that set them and move them on (RdSteps). Everything is allocated by
 * rd_stepper_open. */
#ifndef RONDO_STEPPER_H
#define RONDO_STEPPER_H

#include "layout.h"
#include "rondo.h"
#include "status.h"

typedef struct {
    const RdModel *model;
    RdRun begin, step; /* after each step, step.output has row b for example b */
    RdBatch batch;     /* of the step */
    int taken;         /* steps since the beginning */
    /* What the next step reads: values of the sequence's columns, one (or one row) an example. */
    int *index[RD_MAX_COLUMNS];
    void *real[RD_MAX_COLUMNS];
    /* private: */
    RdLayout layout;
    void **state, **next; /* [state_count] each state, and room for what it becomes */
    int most;             /* steps; 0: any number, no state grows */
    int *packing;         /* of the steps so far */
} RdStepper;

/* For batches up to `sizes` and at most so many steps (which matters to states that grow), with the
 * weights in `stretch` (layout.h), which must outlive the stepper, as must the pool. The model has
 * steps. False when there is not enough memory. Overwrites *stepper; freed with rd_stepper_close,
 * also after a failure. */
bool rd_stepper_open(RdStepper *stepper, const RdModel *model, RdSizes sizes, int most,
                     RdPool *pool, void *stretch, RdError *error);
void rd_stepper_close(RdStepper *stepper);

/* The states before the first step, for the examples of this batch, which must stay until the last
 * step: columns that do not belong to the sequence are read from it. NULL: so many examples as the
 * sizes say, all of whose columns belong to the sequence. */
void rd_stepper_begin(RdStepper *stepper, const RdBatch *batch);

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
