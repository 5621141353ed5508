#include "runner.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "evaluate.h"
#include "sampling.h"
#include "threads.h"

/* ---- setting up ---- */

const int *lengths_of(const Data *data, int n) {
    return n == 1 ? data->length : data->further[n - 1];
}

static RdExamples examples_of(const RdModel *model, const Data *data) {
    RdExamples e;
    rd_examples_new(model, data->count, &e);
    for (int n = 1; n <= e.sequence_count; n++) {
        RdLengths *lengths = rd_examples_lengths(&e, n);
        if (!lengths) continue;
        memcpy(lengths->length, lengths_of(data, n), lengths->owners * sizeof(int));
        rd_examples_sum(&e, n);
    }
    for (int c = 0; c < model->column_count; c++) {
        size_t count = rd_examples_rows(&e, e.per_step[c]);
        size_t reals = count * (size_t)e.numbers[c];
        e.number[c] = rd_zeros(count, sizeof(int));
        e.real[c] = rd_zeros(reals, sizeof(double));
        if (reals)
            memcpy(e.real[c], data->real[c], reals * sizeof(double));
        else if (model->columns[c].kind == RD_PREVIOUS)
            rd_examples_previous(&e, model, c);
        else
            memcpy(e.number[c], data->column[c], count * sizeof(int));
    }
    return e;
}

/* What no program may read before it has written there. */
static void spoil(Runner *runner) {
    RdSession *session = &runner->session;
    const RdModel *model = runner->model;
    memset(session->run.packed, 0xff,
           model->packed_bytes(&session->run.sizes, session->run.precision));
    memset(session->run.memory, 0xff, model->memory_bytes(&session->run.sizes, session->training));
    for (int i = 0; session->training && i < model->param_count; i++) /* gaps stay zero */
        if (!model->params[i].frozen)
            memset(session->run.gradient[i], 0xff, session->layout.size[i] * model->real_size);
}

Runner *runner_open(Arena *arena, const RdModel *model, const Data *data, int batch, int threads,
                    bool training) {
    Runner *runner = ARENA_NEW(arena, Runner);
    RdVocab vocab[RD_MAX_COLUMNS] = {0};
    RdError error = {""};
    *runner = (Runner){.arena = arena, .model = model, .data = data};
    runner->examples = examples_of(model, data);
    for (int c = 0; c < model->column_count; c++) vocab[c].size = data->vocab[c];
    rd_plan_new(&runner->examples, batch, &runner->plan);
    runner->pool = rd_pool_new(threads);
    RdSizes sizes = rd_plan_sizes(&runner->plan, vocab);
    cr_assert(rd_session_open(&runner->session, model, sizes, runner->pool, training, &error), "%s",
              error.text);
    spoil(runner);
    return runner;
}

void runner_close(Runner *runner) {
    rd_session_close(&runner->session);
    rd_plan_free(&runner->plan);
    rd_examples_free(&runner->examples);
    rd_pool_free(runner->pool);
}

void runner_start(Runner *runner, uint64_t seed) {
    rd_layout_init(&runner->session.layout, runner->model, seed, runner->session.param);
}

static double real_at(const RdModel *model, const void *reals, size_t i) {
    return model->real_size == sizeof(double) ? ((const double *)reals)[i]
                                              : (double)((const float *)reals)[i];
}

int runner_size(const Runner *runner, int param) { return (int)runner->session.layout.size[param]; }

void runner_set(Runner *runner, int param, const double *values) {
    void *at = runner->session.run.param[param];
    for (int i = 0; i < runner_size(runner, param); i++)
        if (runner->model->real_size == sizeof(double))
            ((double *)at)[i] = values[i];
        else
            ((float *)at)[i] = (float)values[i];
}

/* ---- gathering ---- */

static int columns_of(const Runner *runner, const RdOutput *output) {
    return output->columns < 0 ? runner->data->vocab[-1 - output->columns] : output->columns;
}

static Results results_for(const Runner *runner) {
    Arena *arena = runner->arena;
    const RdModel *model = runner->model;
    const RdExamples *examples = &runner->examples;
    Results r = {.losses = (int)rd_examples_rows(examples, model->loss_per_step)};
    r.loss = ARENA_ARRAY(arena, double, r.losses + 1);
    r.output = ARENA_ARRAY(arena, double *, model->output_count + 1);
    r.output_size = ARENA_ARRAY(arena, int, model->output_count + 1);
    for (int o = 0; o < model->output_count; o++) {
        const RdOutput *output = &model->outputs[o];
        r.output_size[o] =
            (int)rd_examples_rows(examples, output->per_step) * columns_of(runner, output);
        r.output[o] = ARENA_ARRAY(arena, double, r.output_size[o] + 1);
    }
    return r;
}

static double output_at(const Runner *runner, int o, int row, int column) {
    const RdOutput *output = &runner->model->outputs[o];
    const void *values = runner->session.run.output[o];
    int columns = columns_of(runner, output);
    if (!output->index) return rd_output_real(&runner->session, o, columns, row, column);
    return ((const int *)values)[row * (output->stride ? output->stride : columns) + column];
}

/* Row `row` of the packing of sequence n is row `place` of the data. */
static void gather_row(const Runner *runner, Results *r, int n, int row, int place) {
    const RdModel *model = runner->model;
    if (model->loss_per_step == n)
        r->loss[place] = real_at(model, runner->session.run.loss, (size_t)row);
    for (int o = 0; o < model->output_count; o++) {
        int columns = columns_of(runner, &model->outputs[o]);
        if (model->outputs[o].per_step != n) continue;
        for (int i = 0; i < columns; i++)
            r->output[o][place * columns + i] = output_at(runner, o, row, i);
    }
}

static void gather(const Runner *runner, Results *r, int k, const RdBatch *batch) {
    r->weighted = runner->session.run.weight != NULL;
    r->weight +=
        rd_weight_sum(&runner->session, rd_batch_rows(batch, runner->model->loss_per_step));
    for (int n = 0; n <= runner->examples.sequence_count; n++) {
        const int *place =
            n ? rd_plan_steps(&runner->plan, n) : rd_plan_positions(&runner->plan, k);
        for (int row = 0; row < rd_batch_rows(batch, n); row++)
            gather_row(runner, r, n, row, place[row]);
    }
}

static void gather_gradients(const Runner *runner, Results *r) {
    const RdModel *model = runner->model;
    r->gradient = ARENA_ARRAY(runner->arena, double *, model->param_count + 1);
    for (int p = 0; p < model->param_count; p++) {
        int size = runner_size(runner, p);
        r->gradient[p] = ARENA_ARRAY(runner->arena, double, size + 1);
        for (int i = 0; i < size; i++)
            if (!model->params[p].frozen)
                r->gradient[p][i] = real_at(model, runner->session.run.gradient[p], (size_t)i);
    }
}

/* ---- running ---- */

Results runner_infer(Runner *runner) {
    Results results = results_for(runner);
    RdRun *run = &runner->session.run;
    runner->model->prepare(run, false);
    for (int k = 0; k < runner->plan.batch_count; k++) {
        RdBatch batch;
        rd_plan_batch(&runner->plan, k, &batch);
        run->batch = &batch;
        runner->model->infer(run);
        gather(runner, &results, k, &batch);
    }
    return results;
}

Results runner_train(Runner *runner, uint64_t key) {
    Results results = results_for(runner);
    RdRun *run = &runner->session.run;
    RdBatch batch;
    cr_assert_eq(runner->plan.batch_count, 1);
    rd_plan_batch(&runner->plan, 0, &batch);
    run->batch = &batch;
    run->key = key;
    const RdSampling *sampling = &runner->model->training.sampling;
    rd_feed_guesses(run, runner->model, sampling, &runner->plan,
                    rd_sampling_probability(sampling, 0, 0));
    runner->model->prepare(run, true);
    runner->model->train(run);
    gather(runner, &results, 0, &batch);
    gather_gradients(runner, &results);
    return results;
}

double runner_update(Runner *runner, long step, double clip) {
    RdSession *s = &runner->session;
    const RdModel *model = runner->model;
    double norm = sqrt(model->square_sum(runner->pool, s->gradient, s->layout.trained, NULL));
    RdUpdate update = {.pool = runner->pool,
                       .count = s->layout.trained,
                       .param = s->param,
                       .gradient = s->gradient,
                       .step = step,
                       .training = model->training,
                       .scale = clip == 0 ? 1 : fmin(1, clip / (norm + 1e-6))};
    memcpy(update.slot, s->slot, sizeof update.slot);
    model->update(&update);
    return norm;
}

double difference(const double *a, const double *b, int count, double least) {
    double most = 0, scale = least;
    for (int i = 0; i < count; i++) {
        double error = fabs(a[i] - b[i]);
        if (!(error <= most)) most = error;
        if (fabs(b[i]) > scale) scale = fabs(b[i]);
        if (isnan(error)) return NAN;
    }
    return most / scale;
}
