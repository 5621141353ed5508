/* Speed on made-up examples: a training step and a prediction, beside what this machine can do. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "bench_kernels.h"
#include "bench_steps.h"
#include "generator.h"
#include "made_up.h"
#include "program.h"
#include "report.h"
#include "threads.h"
#include "train.h"
#include "units.h"

enum { BATCHES = 4, PEAK_TRIES = 20 };

typedef struct {
    const RdModel *model;
    const RdOptions *options;
    RdVocab vocab[RD_MAX_COLUMNS];
    RdExamples examples;
    RdTrainer trainer;
    double *seconds; /* [repeat] */
    double peak;     /* multiply-adds of all threads, in operations a second */
    int64_t *least;  /* NULL, or [kernels]: what each took in the fastest of its runs */
} Job;

/* Of one kind of step: seconds, rows (steps of the first sequence) and operations a second. */
typedef struct {
    double median, fastest, rows, rate;
} Speed;

/* ---- measuring ---- */

static void one_peak(void *context, int item) {
    const RdModel *model = context;
    (void)item;
    model->peak();
}

static double measure_peak(const Job *job) {
    RdPool *pool = job->trainer.pool;
    double fastest = INFINITY, flops = 0;
    for (int i = 0; i < PEAK_TRIES; i++) {
        double start = rd_now();
        rd_parallel(pool, rd_pool_threads(pool), one_peak, (void *)(uintptr_t)job->model);
        fastest = fmin(fastest, rd_now() - start);
    }
    flops = job->model->peak() * rd_pool_threads(pool);
    return flops / fastest;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool infer_batch(Job *job, int k) {
    RdTrainer *trainer = &job->trainer;
    RdBatch batch;
    rd_plan_batch(&trainer->plan, k, &batch);
    trainer->session.run.batch = &batch;
    job->model->infer(&trainer->session.run);
    trainer->session.run.batch = NULL;
    return true;
}

/* Keeps what the kernels of a run took where that is less than before. */
static void keep_least(Job *job, bool training) {
    _Atomic int64_t *took = job->trainer.session.run.took;
    for (size_t i = 0; took && i < job->model->kernels[training].count; i++) {
        if (took[i] < job->least[i]) job->least[i] = took[i];
        took[i] = 0;
    }
}

/* Repeats one kind of step, over all batches in turn. */
static bool measure(Job *job, bool training, Speed *speed, RdError *error) {
    const int repeat = job->options->repeat;
    double rows = 0;
    bool good = true;
    job->trainer.session.run.precision = training ? RD_FULL : job->model->precision;
    if (!training) job->model->prepare(&job->trainer.session.run, false);
    for (int i = -1; good && i < repeat; i++) { /* the first one warms up */
        double start = rd_now();
        int k = job->least ? 0 : (i + 1) % BATCHES; /* kernels: those of sizes_of */
        good = training ? rd_train_batch(&job->trainer, k, error) : infer_batch(job, k);
        if (i >= 0) job->seconds[i] = rd_now() - start;
        keep_least(job, training);
    }
    for (int i = 0; i < job->examples.count; i++)
        rows +=
            rd_examples_first(&job->examples, 1, i + 1) - rd_examples_first(&job->examples, 1, i);
    qsort(job->seconds, (size_t)repeat, sizeof *job->seconds, by_size);
    speed->median = job->seconds[repeat / 2];
    speed->fastest = job->seconds[0];
    speed->rows = rows / BATCHES;
    speed->rate = speed->rows * job->model->flops_per_step(&job->trainer.session.run.sizes) /
                  (training ? 1 : 3) / speed->median;
    return good;
}

/* The sizes of one batch, which all have. */
static RdSizes sizes_of(Job *job) {
    RdSizes sizes = job->trainer.session.run.sizes;
    RdBatch batch;
    rd_plan_batch(&job->trainer.plan, 0, &batch);
    sizes.examples = batch.examples;
    for (int i = 0; i < job->model->sequence_count; i++) sizes.rows[i] = batch.packing[i].rows;
    return sizes;
}

/* Measures each kind of step once more, kernel by kernel, and prints it. */
static bool measure_kernels(Job *job, RdError *error) {
    const RdMachine machine = rd_measure_machine(job->model);
    const RdSizes sizes = sizes_of(job);
    bool good = true;
    printf("one core: %.1f GFLOP/s, %.1f GB/s from the cache, %.1f from memory\n",
           machine.peak / 1e9, machine.cache / 1e9, machine.memory / 1e9);
    for (int program = 1; good && program >= 0; program--) {
        const size_t count = job->model->kernels[program].count;
        _Atomic int64_t *took = rd_zeros(count, sizeof *took);
        Speed speed;
        job->least = rd_zeros(count, sizeof *job->least);
        for (size_t i = 0; i < count; i++) job->least[i] = INT64_MAX;
        job->trainer.session.run.took = took;
        good = measure(job, program == 1, &speed, error);
        job->trainer.session.run.took = NULL;
        if (good)
            rd_print_kernels(job->model, program, &sizes, machine, job->least,
                             job->trainer.pool ? 0 : speed.fastest);
        free((void *)took);
        free(job->least);
        job->least = NULL;
    }
    return good;
}

/* A model that generates writes one text: each token reads the weights once. */
static bool measure_generation(Job *job, RdStepSpeed *speed, RdError *error) {
    const RdOptions *options = job->options;
    return rd_measure_steps(job->model, &job->examples, job->vocab, job->trainer.pool,
                            job->trainer.session.param, options->length, options->repeat, speed,
                            error);
}

static void print_generation(const RdStepSpeed *speed) {
    double bytes = speed->tokens * speed->weights;
    printf(
        "\ngenerate  %.0f tokens/s, each reading %.2f MB of weights: %.1f GB/s, %.0f %% of what "
        "memory allows (%.1f GB/s), %.0f %% of reading as much over and over (%.1f GB/s)\n",
        speed->tokens, speed->weights / 1e6, bytes / 1e9, 100 * bytes / speed->memory,
        speed->memory / 1e9, 100 * bytes / speed->same, speed->same / 1e9);
}

static bool open_job(Job *job, RdError *error) {
    const RdOptions *options = job->options;
    RdMadeUp wanted = {.examples = options->batch * BATCHES,
                       .shortest = options->shortest ? options->shortest : options->length,
                       .longest = options->length,
                       .words = options->words};
    rd_make_up(job->model, wanted, options->seed, job->vocab, &job->examples);
    job->trainer = (RdTrainer){.model = job->model,
                               .training = job->model->training,
                               .seed = options->seed,
                               .pool = rd_pool_new(options->threads),
                               .vocab = job->vocab,
                               .examples = &job->examples,
                               .path = "bench"}; /* nothing is saved */
    job->trainer.training.batch = options->batch;
    job->seconds = rd_zeros((size_t)options->repeat, sizeof *job->seconds);
    return rd_trainer_open(&job->trainer, error);
}

static void close_job(Job *job) {
    rd_trainer_close(&job->trainer);
    rd_pool_free(job->trainer.pool);
    rd_examples_free(&job->examples);
    free(job->seconds);
}

/* ---- printing ---- */

static void print_text(const Job *job, const Speed speeds[2]) {
    static const char *const names[] = {"train", "predict"};
    const RdOptions *options = job->options;
    printf("batches of %d, %.0f steps each, %d threads, %d times\n\n", options->batch,
           speeds[0].rows, rd_pool_threads(job->trainer.pool), options->repeat);
    printf("            ms  fastest     steps/s  GFLOP/s  of peak\n");
    for (int i = 0; i < 2; i++)
        printf("%-8s%6.2f   %6.2f  %10.0f   %6.1f   %4.0f %%\n", names[i], 1e3 * speeds[i].median,
               1e3 * speeds[i].fastest, speeds[i].rows / speeds[i].median, speeds[i].rate / 1e9,
               100 * speeds[i].rate / job->peak);
    printf("peak%44.1f\n", job->peak / 1e9);
}

static void print_json(const Job *job, const Speed speeds[2], const RdStepSpeed *generation) {
    json_t *json = json_pack(
        "{s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "batch", job->options->batch,
        "threads", rd_pool_threads(job->trainer.pool), "steps", speeds[0].rows, "train_seconds",
        speeds[0].median, "train_fastest", speeds[0].fastest, "train_flops", speeds[0].rate,
        "predict_seconds", speeds[1].median, "predict_fastest", speeds[1].fastest, "predict_flops",
        speeds[1].rate, "peak_flops", job->peak);
    if (generation)
        json_object_set_new(
            json, "generate",
            json_pack("{s:f, s:f, s:f, s:f}", "tokens_per_second", generation->tokens,
                      "weight_bytes", generation->weights, "memory_bytes_per_second",
                      generation->memory, "same_bytes_per_second", generation->same));
    json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(RD_JSON_FLOAT));
    putchar('\n');
    json_decref(json);
}

int rd_cmd_bench(const RdProgram *program, const RdOptions *options) {
    RdError error;
    Speed speeds[2];
    RdStepSpeed generation;
    Job job = {.model = program->model, .options = options};
    bool generates = rd_generates(job.model);
    bool good = open_job(&job, &error) && measure(&job, true, &speeds[0], &error) &&
                measure(&job, false, &speeds[1], &error) &&
                (!generates || measure_generation(&job, &generation, &error));
    if (good) {
        job.peak = measure_peak(&job);
        if (options->json)
            print_json(&job, speeds, generates ? &generation : NULL);
        else
            print_text(&job, speeds);
        if (!options->json) good = measure_kernels(&job, &error);
        if (good && !options->json && generates) print_generation(&generation);
    }
    close_job(&job);
    return good ? RD_EXIT_OK : rd_report(&error);
}
