/* The training loop: shuffled batches of examples of like length, a step of the optimizer for each,
 * and after each epoch a validation.
 *
 * The model that is kept is that of the epoch with the highest F1 of entities on the validation
 * data when the model has the metric `entity_f1`, otherwise with the highest accuracy when it has
 * that, otherwise with the lowest loss, as of a text that is produced; of equals the first. Without
 * validation data it is the last one. Training stops when `patience` epochs have gone by without a
 * better one. What is computed depends on the data, the settings and the seed alone: not on the
 * number of threads, and not on how often training was interrupted. Once the trainer is open
 * nothing allocates: no step, no validation, no writing of the model file. */
#ifndef RONDO_TRAIN_H
#define RONDO_TRAIN_H

#include "batch.h"
#include "evaluate.h"
#include "flow.h"
#include "model_file.h"
#include "schedule.h"
#include "session.h"

enum { RD_MAX_METRICS = 16 };

/* What an epoch came to. */
typedef struct {
    int epoch;         /* counts from 1 */
    double loss;       /* the mean over the epoch's targets, as they were trained on */
    double valid_loss; /* NAN without validation data, as the metrics are */
    double
        metric[RD_MAX_METRICS]; /* the model's metrics on the validation data; NAN: not a number */
} RdEpoch;

/* Where training is: what a model file holds beside the stretches. */
typedef struct {
    int epoch;         /* complete epochs */
    int batch;         /* complete batches of the one that is under way */
    long step;         /* steps of the optimizer since the beginning */
    double loss_sum;   /* over the targets of the epoch under way */
    double weight;     /* the sum of theirs: without weights how many they are */
    int best_epoch;    /* 0: none yet */
    double best_score; /* what the best epoch is chosen by: see above; minus the loss */
} RdTrainState;

/* Called as training goes on; the state is that of the trainer. */
typedef struct RdTrainer RdTrainer;
typedef struct {
    void *context;
    void (*step)(void *context, const RdTrainer *trainer, double loss, int tokens);
    void (*epoch)(void *context, const RdTrainer *trainer, const RdEpoch *epoch, bool best);
} RdObserver;

struct RdTrainer {
    /* set by the caller: */
    const RdModel *model;
    RdTraining training; /* the model's, with the user's epochs, batch and rate */
    uint64_t seed;
    RdPool *pool;
    const RdVocab *vocab;               /* [column_count] */
    const RdExamples *examples, *valid; /* valid: NULL for none */
    const char *path;                   /* of the model file */
    RdObserver observer;
    RdFlowRecord *flow; /* opened; NULL for none */
    /* owned: */
    RdSession session;
    RdPlan plan, valid_plan;
    RdEvaluation evaluation;
    void *best;       /* stretch: the weights of the best epoch */
    RdEpoch *history; /* [training.epochs] those of the complete epochs are filled in */
    RdTrainState state;
    RdPlateau plateau[RD_MAX_SCHEDULES];
    double rate;        /* of the last step */
    RdAtomicFile file;  /* at `path` */
    char *history_text; /* [history_room] private to checkpoint.c */
    size_t history_room;
};

/* Allocates all that training needs and sets the parameters to their starting values. The caller
 * has set the fields above; freed with rd_trainer_close, also after a failure. */
bool rd_trainer_open(RdTrainer *trainer, RdError *error);
void rd_trainer_close(RdTrainer *trainer);

typedef enum { RD_TRAINED, RD_INTERRUPTED, RD_TRAIN_FAILED } RdOutcome;

/* Trains until the epochs are over, patience is, or `*stop` becomes nonzero, and saves the model.
 */
RdOutcome rd_train(RdTrainer *trainer, const volatile int *stop, RdError *error);

/* The learning rate of the step that comes next. */
double rd_trainer_rate(const RdTrainer *trainer);

/* What follows from a complete epoch for those after it. */
void rd_trainer_learn(RdTrainer *trainer, const RdEpoch *epoch);

/* One step of the optimizer on batch k of the plan. False, with an error, when the loss or the
 * gradient is not a finite number. */
bool rd_train_batch(RdTrainer *trainer, int k, RdError *error);

/* Whether patience was lost: training ended before its last epoch. */
bool rd_stopped_early(const RdTrainer *trainer);

/* ---- checkpoint.c: the trainer's state in a model file ---- */

/* Allocates the history, anew when there is one, and what writing it takes: room for `epochs`. */
void rd_checkpoint_reserve(RdTrainer *trainer, int epochs);

/* Writes the model file. Does not allocate. */
bool rd_checkpoint_save(RdTrainer *trainer, RdError *error);

/* Goes on from what was saved: `saved` was loaded for training. The settings that the user did not
 * give are to be taken from it first, with rd_checkpoint_settings. */
bool rd_checkpoint_restore(RdTrainer *trainer, const RdSaved *saved, RdError *error);

/* The settings of a saved training. False when the file holds none. */
bool rd_checkpoint_settings(const RdSaved *saved, RdTraining *training, uint64_t *seed);

#endif
