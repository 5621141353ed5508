/* What a model puts out for many examples, in the order of the data. */
#ifndef RONDO_COLLECT_H
#define RONDO_COLLECT_H

#include "batch.h"
#include "session.h"

typedef struct {
    const RdModel *model;
    const RdExamples *examples;
    int *columns;   /* [output_count] numbers a row */
    double **value; /* [output_count] row-major: rows are examples or steps; NULL: not wanted */
} RdCollected;

/* Runs the session over all batches of the plan (sorted here) and keeps the outputs for which
 * wanted[output] is set. Overwrites *collected; freed with rd_collected_free. */
void rd_collect(RdCollected *collected, RdSession *session, RdPlan *plan, const bool *wanted);
void rd_collected_free(RdCollected *collected);

/* A row of an output: of the example, or of step `step` of it. */
const double *rd_collected_row(const RdCollected *collected, int output, int example, int step);

#endif
