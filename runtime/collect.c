#include "collect.h"

#include <stdlib.h>

#include "alloc.h"
#include "evaluate.h"

static double *row_of(const RdCollected *collected, int output, int example, int step) {
    bool per_step = collected->model->outputs[output].per_step;
    size_t row = per_step ? collected->examples->first[example] + (size_t)step : (size_t)example;
    return collected->value[output] + row * (size_t)collected->columns[output];
}

const double *rd_collected_row(const RdCollected *collected, int output, int example, int step) {
    return row_of(collected, output, example, step);
}

/* Copies a row out of the session's memory. */
static void copy_row(const RdCollected *collected, const RdSession *session, int output, int from,
                     double *to) {
    int columns = collected->columns[output];
    for (int i = 0; i < columns; i++)
        to[i] = collected->model->outputs[output].index
                    ? ((const int *)session->run.output[output])[from * columns + i]
                    : rd_output_real(session, output, columns, from, i);
}

/* Copies an output's rows of one batch. */
static void copy_output(const RdCollected *collected, const RdSession *session, int output,
                        const RdPacking *packing, const int *position) {
    bool per_step = collected->model->outputs[output].per_step;
    for (int b = 0; b < packing->examples; b++)
        for (int t = 0; t < (per_step ? packing->length[b] : 1); t++)
            copy_row(collected, session, output, per_step ? packing->start[t] + b : b,
                     row_of(collected, output, position[b], t));
}

static void allocate(RdCollected *collected, const RdSession *session, const bool *wanted) {
    const RdModel *model = collected->model;
    const RdExamples *examples = collected->examples;
    collected->columns = rd_zeros((size_t)model->output_count, sizeof *collected->columns);
    collected->value = rd_zeros((size_t)model->output_count, sizeof *collected->value);
    for (int i = 0; i < model->output_count; i++) {
        collected->columns[i] = rd_output_columns(session, i);
        size_t rows =
            model->outputs[i].per_step ? examples->first[examples->count] : (size_t)examples->count;
        if (wanted[i])
            collected->value[i] = rd_zeros(rows * (size_t)collected->columns[i], sizeof(double));
    }
}

void rd_collect(RdCollected *collected, RdSession *session, RdPlan *plan, const bool *wanted) {
    RdBatch batch;
    *collected = (RdCollected){.model = session->model, .examples = plan->examples};
    allocate(collected, session, wanted);
    rd_plan_sorted(plan);
    session->run.batch = &batch;
    for (int k = 0; k < plan->batch_count; k++) {
        rd_plan_batch(plan, k, &batch);
        session->model->infer(&session->run);
        for (int i = 0; i < session->model->output_count; i++)
            if (wanted[i])
                copy_output(collected, session, i, &batch.packing, rd_plan_positions(plan, k));
    }
    session->run.batch = NULL;
}

void rd_collected_free(RdCollected *collected) {
    for (int i = 0; collected->value && i < collected->model->output_count; i++)
        free(collected->value[i]);
    free(collected->value);
    free(collected->columns);
    *collected = (RdCollected){0};
}
