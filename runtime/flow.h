/* How the gradient flows back through time: ‖∂L/∂h_t‖ of each state h of a recurrence at each step
 * t, L being the loss of one target; the mean over an epoch's sequences that have the step. Written
 * as CSV, a line for each epoch, state and step, or drawn as SVG, the first and the last epoch. */
#ifndef RONDO_FLOW_H
#define RONDO_FLOW_H

#include <stdio.h>

#include "batch.h"
#include "status.h"

/* Starts as {0}; then nothing is recorded. */
typedef struct {
    const RdModel *model;
    const char *path;
    FILE *file;
    bool svg;
    int steps;            /* most of a sequence */
    double *sum;          /* [flow_count][steps] of the epoch under way … */
    double *first, *last; /* … and the means of complete ones */
    long *count;          /* [flow_count][steps] */
    int epochs;
} RdFlowRecord;

/* Opens the file, .csv or .svg, for a model that has flows. What is allocated is so here. */
bool rd_flow_open(RdFlowRecord *record, const RdModel *model, const RdExamples *examples,
                  const char *path, RdError *error);

/* Adds the batch that the model was trained on, of this weight; ends an epoch (from 1). */
void rd_flow_add(RdFlowRecord *record, const RdRun *run, double weight);
void rd_flow_epoch(RdFlowRecord *record, int epoch);

/* Draws what is to be drawn and closes the file; false when it could not be written. */
bool rd_flow_close(RdFlowRecord *record, RdError *error);

#endif
