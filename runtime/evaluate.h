/* The outputs of a model over many examples, gathered in the order of the data, so that no figure
 * depends on the size of the batches or on the number of threads. */
#ifndef RONDO_EVALUATE_H
#define RONDO_EVALUATE_H

#include "baseline.h"
#include "batch.h"
#include "chunks.h"
#include "compare.h"
#include "metrics.h"
#include "rondo.h"
#include "session.h"
#include "status.h"
#include "vocab.h"

/* Which outputs of a model answer its question; -1 for none. */
typedef struct {
    int column;      /* the column whose classes, words or numbers are the answer */
    int index;       /* output: the number of the answer */
    int probability; /* output: a real for each possible answer */
    int number;      /* output: the numbers that a target of numbers asks for */
    int weight;      /* output: a real for each step (attention) */
} RdAnswer;

/* The first output that counts the classes or words of a column, the first one with a real for
 * each of the same column's, and the first of one real a step; or the first that stands for the
 * numbers of a target, when no output before it counts. */
RdAnswer rd_answer(const RdModel *model);

/* Whether the answer is one a step. */
bool rd_answer_per_step(const RdModel *model, const RdAnswer *answer);

/* The answer in row `row` of what the run put out: the index, or else the most probable. */
int rd_answer_number(const RdSession *session, const RdAnswer *answer, int row);

/* Element `column` of row `row` of an output of reals with `columns` columns. */
double rd_output_real(const RdSession *session, int output, int columns, int row, int column);

/* The number of columns of an output, vocabulary sizes filled in. */
int rd_output_columns(const RdSession *session, int output);

/* The column of the text that has a target for each word; -1 for none. */
int rd_produced_text(const RdModel *model);

/* ---- measuring ---- */

/* The sum of the losses, or of the weights, of the last run's first `count` targets. */
double rd_loss_sum(const RdSession *session, int count);
double rd_weight_sum(const RdSession *session, int count);

/* sum / weight; 0 where there is no weight. */
double rd_mean_loss(double sum, double weight);

/* Of a text that is produced: e to the loss; and the loss in bits, for characters and bytes. */
double rd_perplexity(double loss);
double rd_bits(double loss);

/* Memory for measuring on a data set, and the outcome. */
typedef struct RdEvaluation {
    RdAnswer answer;
    double *example_loss;   /* [examples] the sum over each example's targets */
    double *example_weight; /* [examples] the sum of their weights */
    int *example_right;     /* [examples] its targets that were answered rightly */
    RdConfusion confusion;  /* when the answer is a class; else classes is 0 */
    RdChunks chunks;        /* when it is a tag for each word, and tags say where chunks are */
    RdNumbers numbers;      /* when it is numbers, in the order of the data; else columns is 0 */
    /* the outcome: */
    RdComparison comparison; /* of what is generated, where the model asks for it; as baseline */
    RdBaseline baseline;     /* where it is asked for; set by the caller */
    const RdColumn *text;    /* the text that is produced, a target a word; NULL: none */
    const struct RdEvaluation
        *full; /* with weights as they are; NULL: so were these; by the caller */
    long targets;
    double loss; /* the weighted mean over all targets */
    double accuracy;
} RdEvaluation;

/* Allocates for these examples; false without memory. `vocab` is [column_count] and must outlive
 * the evaluation. Freed with rd_evaluation_free. */
bool rd_evaluation_init(RdEvaluation *evaluation, const RdModel *model, const RdVocab *vocab,
                        const RdExamples *examples);
void rd_evaluation_free(RdEvaluation *evaluation);

/* Runs the session, whose parameters are set, over every batch of the plan (sorted here) and
 * measures. Does not allocate. */
void rd_evaluate(RdEvaluation *evaluation, RdSession *session, RdPlan *plan);

/* The value of one of the model's metrics ("accuracy", "f1"); false when it is not one number or
 * the model has no output that it could be taken from. */
bool rd_metric_value(const RdEvaluation *evaluation, const char *metric, double *value);

#endif
