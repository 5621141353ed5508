/* From data to batches: words become numbers, examples are grouped by length and packed. */
#ifndef RONDO_BATCH_H
#define RONDO_BATCH_H

#include "data.h"
#include "rondo.h"
#include "vocab.h"

/* The lengths of all sequences of a kind, owner after owner: the examples in the order of the data,
 * or the steps of the sequences that they are nested in. */
typedef struct {
    int parent; /* as in RdSequence, */
    int other;  /* and this */
    bool unused;
    size_t owners; /* how many there are */
    int longest;   /* the largest length; 0 when there are no owners */
    int *length;   /* [owners] each at least 1 */
    size_t *first; /* [owners + 1] the sum of the lengths before each */
} RdLengths;

/* Data as numbers. Owns its memory; the data that it was made from may be freed. */
typedef struct {
    int count, column_count;
    int sequence_count; /* at least 1: without any in the model, one of a step an example */
    RdLengths sequence[RD_MAX_SEQUENCES];
    int per_step[RD_MAX_COLUMNS]; /* as in RdColumn */
    int *number[RD_MAX_COLUMNS];  /* [rd_examples_rows]; zeros where nothing was read */
    const RdVocab *vocab;         /* [column_count] what they were encoded with; or NULL */
    size_t real_size;             /* of the model */
    int numbers[RD_MAX_COLUMNS];  /* of RD_NUMBERS columns, else 0 */
    double
        *real[RD_MAX_COLUMNS]; /* RD_NUMBERS: [rd_examples_rows][numbers], scaled; zeros as above */
    bool stream; /* the examples are windows of streams: as many follow each other as there are
                    streams, then their next windows. They stay in this order */
    int overlap; /* the first steps of each but the first example belong to the one before too */
} RdExamples;

/* Cuts the long text of a model into the windows that it asks for, or into those of `streams`
 * streams of equal length; nothing is lost, the last windows may be shorter. Of a model without a
 * long text nothing changes. A batch of the examples must have `streams` of them. */
void rd_examples_cut(RdExamples *examples, const RdModel *model, int streams);

/* Fills column `column`, of kind RD_PREVIOUS: at each step of an example the number one step
 * earlier of the column that it follows, the mark at the first. */
void rd_examples_previous(RdExamples *examples, const RdModel *model, int column);

/* Room for `count` examples without lengths. */
void rd_examples_new(const RdModel *model, int count, RdExamples *examples);

/* Memory for the lengths of sequence n, whose parent's are complete. The caller fills `length`, and
 * calls rd_examples_sum; of a pair, or when there is no such sequence, all is done, and NULL is
 * returned. */
RdLengths *rd_examples_lengths(RdExamples *examples, int n);

/* Completes sequence n from its lengths. */
void rd_examples_sum(RdExamples *examples, int n);

/* Where the rows of an example begin, those of sequence n or the examples themselves (n = 0), in
 * the order of the data; that of example `count` is how many there are. */
size_t rd_examples_first(const RdExamples *examples, int n, int example);
size_t rd_examples_rows(const RdExamples *examples, int n);

/* `vocab` is [model->column_count] and must outlive the examples. Overwrites *examples; freed with
 * rd_examples_free. A model without words and frames has one step an example. */
void rd_encode(const RdModel *model, const RdData *data, const RdVocab *vocab,
               RdExamples *examples);

/* Each of the examples so many times, one behind the other. Overwrites *to; freed with
 * rd_examples_free. */
void rd_examples_repeat(const RdExamples *from, const RdModel *model, int times, RdExamples *to);

void rd_examples_free(RdExamples *examples);

/* Memory for the packing of a sequence. */
typedef struct {
    int most_rows; /* of any batch, in any order */
    int *order, *place, *length, *before, *count, *start, *previous, *next, *example, *step, *other;
    int *data; /* [rows] which step of the data each row is */
} RdPackingMemory;

/* The batches of one pass over the examples, and memory for one of them. All is allocated by
 * rd_plan_new; nothing after it allocates. */
typedef struct {
    const RdExamples *examples; /* must outlive the plan */
    int batch_size;
    int batch_count;
    int *order; /* [examples->count] the examples, batch after batch */
    int *begin; /* [batch_count + 1] where each batch begins in order */
    /* private: */
    int *scratch, *places, *tally, *batch_order;
    RdPackingMemory packing[RD_MAX_SEQUENCES];
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
 * batch the examples stand by falling length of the first sequence. */
void rd_plan_batch(RdPlan *plan, int k, RdBatch *batch);

/* The states of a stream: as they are before its first window, and as the run of a batch has left
 * them, for the batch that comes next. */
void rd_plan_start(RdPlan *plan, const RdModel *model);
void rd_plan_carry(RdPlan *plan, const RdModel *model, const RdRun *run);

/* [batch->packing.examples] which example of the data each packed example of batch k is. */
const int *rd_plan_positions(const RdPlan *plan, int k);

/* [rows] which step of the data each row of sequence n is, in the batch that was packed last. */
const int *rd_plan_steps(const RdPlan *plan, int n);

/* How many rows of sequence n, or of examples (n = 0), the example b of a batch has, and the row of
 * the t-th of them. Not for nested sequences, whose rows are those of their owners. */
int rd_batch_steps(const RdBatch *batch, int n, int b);
int rd_batch_row(const RdBatch *batch, int n, int b, int t);

/* The rows of sequence n, or the examples, of a batch. */
int rd_batch_rows(const RdBatch *batch, int n);

/* How many tokens (or frames) there are: the steps of all sequences that examples have, without
 * those within a step, such as the letters of a word. Where there is no sequence, the examples. */
int rd_batch_tokens(const RdModel *model, const RdBatch *batch);
size_t rd_examples_tokens(const RdModel *model, const RdExamples *examples);

/* The largest batch of the plan in any order, sorted or shuffled. `vocab` is [column_count]. */
RdSizes rd_plan_sizes(const RdPlan *plan, const RdVocab *vocab);

/* The larger of each: sizes that serve both. */
RdSizes rd_sizes_max(RdSizes a, RdSizes b);

#endif
