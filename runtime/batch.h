/* From data to batches: words become numbers, examples are grouped by length and packed. */
#ifndef RONDO_BATCH_H
#define RONDO_BATCH_H

#include "data.h"
#include "rondo.h"
#include "vocab.h"

/* Data as numbers. Owns its memory; the data that it was made from may be freed. */
typedef struct {
    int count, column_count;
    int longest;                   /* the largest length; 0 when there are no examples */
    int *length;                   /* [count] steps of each example; at least 1 */
    size_t *first;                 /* [count + 1] the sum of the lengths before each example */
    bool per_step[RD_MAX_COLUMNS]; /* an RD_WORDS column */
    int *number[RD_MAX_COLUMNS];   /* [first[count]] or [count]; zeros where nothing was read */
    size_t real_size;              /* of the model */
    int numbers[RD_MAX_COLUMNS];   /* of RD_NUMBERS columns, else 0 */
    double *real[RD_MAX_COLUMNS];  /* RD_NUMBERS: [count][numbers]; zeros where nothing was read */
} RdExamples;

/* `vocab` is [model->column_count]; only those of RD_WORDS columns are used. Overwrites *examples;
 * freed with rd_examples_free. A model without words has one step an example. */
void rd_encode(const RdModel *model, const RdData *data, const RdVocab *vocab,
               RdExamples *examples);

void rd_examples_free(RdExamples *examples);

/* The batches of one pass over the examples, and memory for one of them. All is allocated by
 * rd_plan_new; nothing after it allocates. */
typedef struct {
    const RdExamples *examples; /* must outlive the plan */
    int batch_size;
    int batch_count;
    int *order; /* [examples->count] the examples, batch after batch */
    int *begin; /* [batch_count + 1] where each batch begins in order */
    /* private: */
    int most_rows; /* of any batch, in any order */
    int *scratch, *tally, *batch_order;
    int *length, *count, *start, *previous, *next, *example, *step;
    int *index[RD_MAX_COLUMNS];
    void *real[RD_MAX_COLUMNS];
} RdPlan;

/* Plans batches of `batch_size` (at least 1) examples, the last one perhaps smaller, in sorted
 * order. Overwrites *plan; freed with rd_plan_free. */
void rd_plan_new(const RdExamples *examples, int batch_size, RdPlan *plan);

void rd_plan_free(RdPlan *plan);

/* Every example once, longest first: for eval and predict. */
void rd_plan_sorted(RdPlan *plan);

/* Every example once, in an order that depends on seed and epoch alone: all are shuffled, each
 * stretch of 50 batches is sorted by length, and the batches are shuffled. So the examples of a
 * batch have about the same length, and each epoch has other batches. */
void rd_plan_shuffle(RdPlan *plan, uint64_t seed, int epoch);

/* Packs batch k into the plan's memory and points *batch to it, until the next call. Within a
 * batch the examples stand by falling length. */
void rd_plan_batch(RdPlan *plan, int k, RdBatch *batch);

/* [batch->packing.examples] which example of the data each packed example of batch k is. */
const int *rd_plan_positions(const RdPlan *plan, int k);

/* The largest batch of the plan in any order, sorted or shuffled. `vocab` is [column_count]. */
RdSizes rd_plan_sizes(const RdPlan *plan, const RdVocab *vocab);

/* The larger of each: sizes that serve both. */
RdSizes rd_sizes_max(RdSizes a, RdSizes b);

#endif
