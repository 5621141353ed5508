#include "steps.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "evaluate.h"
#include "stepper.h"

typedef struct {
    const char *name, *exact;
    const RdModel *model;
    Runner *runner; /* in batches of one example: row t is step t */
    RdStepper stepper;
    double largest;
} Comparison;

/* Step t of the columns of the sequence. */
static void read_step(Comparison *c, const RdBatch *batch, int t) {
    for (int i = 0; i < c->model->column_count; i++) {
        const RdColumn *column = &c->model->columns[i];
        size_t bytes = (size_t)column->numbers * c->model->real_size;
        if (column->per_step != c->model->steps->sequence) continue;
        *c->stepper.index[i] = batch->index[i][t];
        if (bytes)
            memcpy(c->stepper.real[i], (const char *)batch->real[i] + (size_t)t * bytes, bytes);
    }
}

static void compare_reals(Comparison *c, int k, int t) {
    int o = c->model->steps->outputs[k];
    RdSession *session = &c->runner->session;
    RdSession step = {.model = session->model, .run = session->run};
    const void *output[RD_MAX_COLUMNS] = {0};
    int columns = rd_output_columns(session, o);
    cr_assert(o < RD_MAX_COLUMNS);
    bool exact = c->exact && strcmp(c->exact, c->model->outputs[o].name) == 0;
    output[o] = c->stepper.step.output[k];
    step.run.output = output;
    for (int i = 0; i < columns; i++) {
        double wanted = rd_output_real(session, o, columns, t, i);
        double got = rd_output_real(&step, o, columns, 0, i);
        double error = fabs(got - wanted) / fmax(1, fabs(wanted));
        cr_assert(exact ? error == 0 : error < 1e-6, "%s: %s at step %d is %.9g, not %.9g", c->name,
                  c->model->outputs[o].name, t, got, wanted);
        c->largest = fmax(c->largest, error);
    }
}

static void compare_output(Comparison *c, int k, int t) {
    int o = c->model->steps->outputs[k];
    if (!c->model->outputs[o].index) {
        compare_reals(c, k, t);
        return;
    }
    int wanted = ((const int *)c->runner->session.run.output[o])[t];
    int got = *(const int *)c->stepper.step.output[k];
    cr_assert_eq(got, wanted, "%s: %s at step %d is %d, not %d", c->name, c->model->outputs[o].name,
                 t, got, wanted);
}

static void compare_example(Comparison *c, int k) {
    RdBatch batch;
    RdRun *run = &c->runner->session.run;
    rd_plan_batch(&c->runner->plan, k, &batch);
    run->batch = &batch;
    c->model->infer(run);
    rd_stepper_begin(&c->stepper, &batch, &batch);
    for (int t = 0; t < batch.packing[c->model->steps->sequence - 1].steps; t++) {
        read_step(c, &batch, t);
        cr_assert(rd_stepper_step(&c->stepper), "%s: no step %d", c->name, t);
        for (int i = 0; i < c->model->steps->output_count; i++) compare_output(c, i, t);
    }
}

void check_steps(Arena *arena, const char *name, const RdModel *model, const Data *data,
                 const char *exact) {
    Comparison c = {.name = name, .exact = exact, .model = model};
    c.runner = runner_open(arena, model, data, 1, 1, false);
    RdSession *session = &c.runner->session;
    RdError error = {""};
    runner_start(c.runner, 7);
    model->prepare(&session->run, false);
    RdSizes sizes = session->run.sizes;
    int most = sizes.rows[model->steps->sequence - 1];
    cr_assert(rd_stepper_open(&c.stepper, model, sizes, 1, most, NULL, session->param, &error),
              "%s", error.text);
    for (int k = 0; k < c.runner->plan.batch_count; k++) compare_example(&c, k);
    cr_log_info("%s: steps are off by %g", name, c.largest);
    rd_stepper_close(&c.stepper);
    runner_close(c.runner);
}
