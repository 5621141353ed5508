#include "bench_steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "search.h"
#include "units.h"

enum { LARGE = 256 << 20, TRIES = 5, READ = 64 << 20 /* bytes at least that are timed at once */ };

/* ---- what memory allows ---- */

typedef struct {
    const RdModel *model;
    const char *bytes;
    size_t part; /* bytes of each thread, */
    int times;   /* which it reads so often */
} Reading;

static void read_part(void *context, int thread) {
    const Reading *r = context;
    for (int i = 0; i < r->times; i++) r->model->read(r->bytes + (size_t)thread * r->part, r->part);
}

/* The fastest of several: bytes a second, each thread reading a part of so many over and over. */
static double read_speed(const RdModel *model, RdPool *pool, const char *bytes, size_t size) {
    int threads = rd_pool_threads(pool);
    Reading reading = {model, bytes, size / (size_t)threads / 64 * 64, (int)(READ / size) + 1};
    double fastest = INFINITY;
    for (int i = 0; i < TRIES; i++) {
        double start = rd_now();
        rd_parallel(pool, threads, read_part, &reading);
        fastest = fmin(fastest, rd_now() - start);
    }
    return (double)(reading.part * (size_t)threads) * reading.times / fastest;
}

static void measure_memory(const RdModel *model, RdPool *pool, RdStepSpeed *speed) {
    size_t same = (size_t)speed->weights / 4096 * 4096 + 4096, most = same > LARGE ? same : LARGE;
    char *bytes = rd_zeros(most, 1);
    memset(bytes, 1, most);
    speed->memory = read_speed(model, pool, bytes, LARGE);
    speed->same = read_speed(model, pool, bytes, same);
    free(bytes);
}

/* ---- texts ---- */

/* Writes the text of this batch, of one example. */
static double write_text(RdStepper *stepper, RdSearch *search, const RdBatch *batch, int repeat) {
    double fastest = INFINITY;
    for (int i = 0; i < repeat; i++) {
        rd_stepper_begin(stepper, batch, batch);
        double start = rd_now();
        rd_search_run(search, NULL, NULL, 0);
        fastest = fmin(fastest, (rd_now() - start) / stepper->taken);
    }
    return 1 / fastest;
}

bool rd_measure_steps(const RdModel *model, const RdExamples *examples, const RdVocab *vocab,
                      RdPool *pool, void *stretch, int length, int repeat, RdStepSpeed *speed,
                      RdError *error) {
    RdStepper stepper;
    RdPlan plan;
    RdBatch batch;
    RdSearchOptions how = {.width = 1, .limit = length, .endless = true};
    rd_plan_new(examples, 1, &plan);
    rd_plan_batch(&plan, 0, &batch);
    RdSizes sizes = rd_plan_sizes(&plan, vocab);
    bool good = rd_stepper_open(&stepper, model, sizes, 1, length + 1, pool, stretch, error);
    RdSearch *search = good ? rd_search_new(&stepper, &how) : NULL;
    if (good) {
        speed->tokens = write_text(&stepper, search, &batch, repeat);
        speed->weights = (double)model->steps->step.packed_bytes(&sizes, model->precision);
        measure_memory(model, pool, speed);
    }
    rd_search_free(search);
    rd_stepper_close(&stepper);
    rd_plan_free(&plan);
    return good;
}
