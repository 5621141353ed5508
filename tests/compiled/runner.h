/* Runs a compiled model on ragged data, and gives what it computed in the data's own order. */
#ifndef RONDO_TEST_RUNNER_H
#define RONDO_TEST_RUNNER_H

#include "base/arena.h"
#include "batch.h"
#include "rondo.h"
#include "session.h"

/* Examples: the numbers of each column one after another, a number a step or one an example. */
typedef struct {
    int count;
    const int *length;                    /* [count] of the first sequence */
    const int *further[RD_MAX_SEQUENCES]; /* of sequence n > 1: [owners] at n - 1, as RdLengths */
    const int *column[RD_MAX_COLUMNS];
    const double *real[RD_MAX_COLUMNS]; /* of RD_NUMBERS columns, whose `column` is NULL */
    int vocab[RD_MAX_COLUMNS];          /* of RD_WORDS columns */
} Data;

typedef struct {
    int losses;
    double *loss; /* [losses] an example, or a step of one, each */
    bool weighted;
    double weight;     /* the sum of the weights, or the number of losses */
    double **output;   /* [output_count] rows of `columns` numbers, example after example */
    int *output_size;  /* [output_count] numbers */
    double **gradient; /* [param_count] after training */
} Results;

typedef struct {
    Arena *arena;
    const RdModel *model;
    const Data *data;
    RdExamples examples;
    RdPlan plan;
    RdPool *pool;
    RdSession session;
} Runner;

/* The lengths of sequence n. */
const int *lengths_of(const Data *data, int n);

/* A run in batches of `batch` examples on `threads` threads. Its memory holds no numbers at the
 * start but NaNs; parameters are zero. */
Runner *runner_open(Arena *arena, const RdModel *model, const Data *data, int batch, int threads,
                    bool training);
void runner_close(Runner *runner);

/* Starting values from a seed, or given ones. */
void runner_start(Runner *runner, uint64_t seed);
void runner_set(Runner *runner, int param, const double *values);

/* The number of a parameter's elements. */
int runner_size(const Runner *runner, int param);

/* Runs `infer` on all batches. */
Results runner_infer(Runner *runner);

/* Runs `train` on all examples: the runner must have them in one batch. With scheduled sampling it
 * is fed guesses as at the first step of a training. */
Results runner_train(Runner *runner, uint64_t key);

/* A step of the optimizer after runner_train, with clipping, as the training loop takes it.
 * Returns the gradient's norm. */
double runner_update(Runner *runner, long step, double clip);

/* The largest |a - b|, divided by the largest |b| or by `least` if that is larger. NaN is larger
 * than all. */
double difference(const double *a, const double *b, int count, double least);

#endif
