#include "collect.h"

#include <stdlib.h>

#include "alloc.h"
#include "evaluate.h"

const double *rd_collected_row(const RdCollected *collected, int output, int example, int step) {
    int n = collected->model->outputs[output].per_step;
    size_t row = rd_examples_first(collected->examples, n, example) + (size_t)step;
    return collected->value[output] + row * (size_t)collected->columns[output];
}

/* Copies a row out of the session's memory. */
static void copy_row(const RdCollected *collected, const RdSession *session, int output, int from,
                     int place) {
    int columns = collected->columns[output];
    double *to = collected->value[output] + (size_t)place * (size_t)columns;
    for (int i = 0; i < columns; i++)
        to[i] = collected->model->outputs[output].index
                    ? ((const int *)session->run.output[output])[from * columns + i]
                    : rd_output_real(session, output, columns, from, i);
}

/* Copies an output's rows of one batch. */
static void copy_output(const RdCollected *collected, const RdSession *session, int output,
                        const RdPlan *plan, int k) {
    const RdBatch *batch = session->run.batch;
    int n = collected->model->outputs[output].per_step;
    const int *place = n ? rd_plan_steps(plan, n) : rd_plan_positions(plan, k);
    int rows = n ? batch->packing[n - 1].rows : batch->examples;
    for (int row = 0; row < rows; row++) copy_row(collected, session, output, row, place[row]);
}

static void allocate(RdCollected *collected, const RdSession *session, const bool *wanted) {
    const RdModel *model = collected->model;
    const RdExamples *examples = collected->examples;
    collected->columns = rd_zeros((size_t)model->output_count, sizeof *collected->columns);
    collected->value = rd_zeros((size_t)model->output_count, sizeof *collected->value);
    for (int i = 0; i < model->output_count; i++) {
        collected->columns[i] = rd_output_columns(session, i);
        size_t rows = rd_examples_rows(examples, model->outputs[i].per_step);
        if (wanted[i])
            collected->value[i] = rd_zeros(rows * (size_t)collected->columns[i], sizeof(double));
    }
}

void rd_collect(RdCollected *collected, RdSession *session, RdPlan *plan, const bool *wanted) {
    RdBatch batch;
    *collected = (RdCollected){.model = session->model, .examples = plan->examples};
    allocate(collected, session, wanted);
    rd_plan_sorted(plan);
    rd_plan_start(plan, session->model);
    session->run.batch = &batch;
    for (int k = 0; k < plan->batch_count; k++) {
        rd_plan_batch(plan, k, &batch);
        session->model->infer(&session->run);
        rd_plan_carry(plan, session->model, &session->run);
        for (int i = 0; i < session->model->output_count; i++)
            if (wanted[i]) copy_output(collected, session, i, plan, k);
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
