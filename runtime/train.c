#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "random.h"
#include "sampling.h"
#include "units.h"

/* A model that became no better is saved only so often, in seconds. */
static const double SAVE_INTERVAL = 30;

static RdSizes sizes_of(const RdTrainer *trainer) {
    RdSizes sizes = rd_plan_sizes(&trainer->plan, trainer->vocab);
    if (!trainer->valid) return sizes;
    return rd_sizes_max(sizes, rd_plan_sizes(&trainer->valid_plan, trainer->vocab));
}

bool rd_trainer_open(RdTrainer *trainer, RdError *error) {
    const RdModel *model = trainer->model;
    rd_plan_new(trainer->examples, trainer->training.batch, &trainer->plan);
    if (trainer->valid) rd_plan_new(trainer->valid, trainer->training.batch, &trainer->valid_plan);
    RdSizes sizes = sizes_of(trainer);
    if (!rd_session_open(&trainer->session, model, sizes, trainer->pool, true, error)) return false;
    rd_layout_init(&trainer->session.layout, model, trainer->seed, trainer->session.param);
    rd_layout_balance(&trainer->session.layout, model, trainer->examples, trainer->session.param);
    if (trainer->valid) trainer->best = rd_layout_zeros(&trainer->session.layout, model);
    trainer->file = rd_atomic_open(trainer->path);
    rd_checkpoint_reserve(trainer, trainer->training.epochs);
    trainer->state = (RdTrainState){0};
    rd_plateau_start(trainer->plateau);
    if (trainer->valid &&
        !rd_evaluation_init(&trainer->evaluation, model, trainer->vocab, trainer->valid))
        return rd_fail(error, "not enough memory to validate");
    return true;
}

void rd_trainer_close(RdTrainer *trainer) {
    rd_evaluation_free(&trainer->evaluation);
    rd_session_close(&trainer->session);
    rd_plan_free(&trainer->plan);
    rd_plan_free(&trainer->valid_plan);
    free(trainer->best);
    free(trainer->history);
    free(trainer->history_text);
    rd_atomic_close(&trainer->file);
    trainer->best = NULL;
    trainer->history = NULL;
    trainer->history_text = NULL;
}

/* ---- a step ---- */

/* What the gradient is multiplied with: as torch.nn.utils.clip_grad_norm_ does. NAN when the
 * gradient is not finite. */
static double clip_scale(const RdTrainer *trainer) {
    const RdSession *session = &trainer->session;
    double clip = trainer->training.clip_norm;
    if (clip == 0) return 1;
    double norm = sqrt(trainer->model->square_sum(trainer->pool, session->gradient,
                                                  session->layout.trained, session->patches));
    if (!isfinite(norm)) return NAN;
    double scale = clip / (norm + 1e-6);
    return scale < 1 ? scale : 1;
}

double rd_trainer_rate(const RdTrainer *trainer) {
    return rd_rate(&trainer->training, trainer->plateau, trainer->state.epoch, trainer->state.step);
}

static void update(RdTrainer *trainer, double scale) {
    RdSession *session = &trainer->session;
    RdUpdate update = {.pool = trainer->pool,
                       .count = session->layout.trained,
                       .param = session->param,
                       .gradient = session->gradient,
                       .patches = session->patches,
                       .step = trainer->state.step + 1,
                       .training = trainer->training,
                       .scale = scale};
    memcpy(update.slot, session->slot, sizeof update.slot);
    update.training.rate = trainer->rate = rd_trainer_rate(trainer);
    trainer->model->update(&update);
}

static bool diverged(const RdTrainer *trainer, const char *what, RdError *error) {
    return rd_fail(error,
                   "step %ld: the %s is not a finite number any more; a --rate below %g may help",
                   trainer->state.step + 1, what, trainer->training.rate);
}

bool rd_train_batch(RdTrainer *trainer, int k, RdError *error) {
    RdBatch batch;
    RdRun *run = &trainer->session.run;
    RdTrainState *state = &trainer->state;
    rd_plan_batch(&trainer->plan, k, &batch);
    if (k == 0) rd_plan_start(&trainer->plan, trainer->model);
    run->batch = &batch;
    run->key = rd_mix(trainer->seed ^ rd_mix((uint64_t)state->step + 1));
    const RdSampling *sampling = &trainer->training.sampling;
    rd_feed_guesses(run, trainer->model, sampling, &trainer->plan,
                    rd_sampling_probability(sampling, state->epoch, state->step));
    trainer->model->prepare(run, true);
    trainer->model->train(run);
    rd_plan_carry(&trainer->plan, trainer->model, run);
    run->batch = NULL;
    int targets = rd_batch_rows(&batch, trainer->model->loss_per_step);
    double loss = rd_loss_sum(&trainer->session, targets);
    double weight = rd_weight_sum(&trainer->session, targets);
    if (trainer->flow) {
        run->batch = &batch;
        rd_flow_add(trainer->flow, run, weight);
        run->batch = NULL;
    }
    if (!isfinite(loss)) return diverged(trainer, "loss", error);
    double scale = clip_scale(trainer);
    if (isnan(scale)) return diverged(trainer, "gradient", error);
    update(trainer, scale);

    state->step++;
    state->loss_sum += loss;
    state->weight += weight;
    state->batch++;
    if (trainer->observer.step)
        trainer->observer.step(trainer->observer.context, trainer, rd_mean_loss(loss, weight),
                               rd_batch_tokens(trainer->model, &batch));
    return true;
}

/* ---- an epoch ---- */

static void validate(RdTrainer *trainer, RdEpoch *epoch) {
    epoch->valid_loss = NAN;
    for (int i = 0; i < RD_MAX_METRICS; i++) epoch->metric[i] = NAN;
    if (!trainer->valid) return;
    rd_evaluate(&trainer->evaluation, &trainer->session, &trainer->valid_plan);
    epoch->valid_loss = trainer->evaluation.loss;
    for (int i = 0; i < trainer->model->metric_count && i < RD_MAX_METRICS; i++)
        rd_metric_value(&trainer->evaluation, trainer->model->metrics[i], &epoch->metric[i]);
}

/* The higher, the better. */
static double score(const RdTrainer *trainer, const RdEpoch *epoch) {
    if (trainer->valid && trainer->evaluation.text) return -epoch->valid_loss;
    static const char *const metrics[] = {"entity_f1", "accuracy"};
    for (int m = 0; m < 2; m++)
        for (int i = 0; i < trainer->model->metric_count && i < RD_MAX_METRICS; i++)
            if (!strcmp(trainer->model->metrics[i], metrics[m]) && !isnan(epoch->metric[i]))
                return epoch->metric[i];
    return -epoch->valid_loss;
}

/* Whether the epoch is the best so far; then its weights are kept. */
static bool keep_best(RdTrainer *trainer, const RdEpoch *epoch) {
    RdTrainState *state = &trainer->state;
    if (!trainer->valid) return false;
    double reached = score(trainer, epoch);
    if (state->best_epoch && !(reached > state->best_score)) return false;
    state->best_epoch = epoch->epoch;
    state->best_score = reached;
    memcpy(trainer->best, trainer->session.param, rd_session_stretch_bytes(&trainer->session));
    return true;
}

void rd_trainer_learn(RdTrainer *trainer, const RdEpoch *epoch) {
    double loss = trainer->valid ? epoch->valid_loss : epoch->loss;
    rd_plateau_epoch(&trainer->training, trainer->plateau, loss);
}

static bool end_epoch(RdTrainer *trainer) {
    RdTrainState *state = &trainer->state;
    RdEpoch *epoch = &trainer->history[state->epoch];
    epoch->epoch = ++state->epoch;
    epoch->loss = rd_mean_loss(state->loss_sum, state->weight);
    state->batch = 0;
    state->loss_sum = 0;
    state->weight = 0;
    validate(trainer, epoch);
    rd_trainer_learn(trainer, epoch);
    if (trainer->flow) rd_flow_epoch(trainer->flow, epoch->epoch);
    bool best = keep_best(trainer, epoch);
    if (trainer->observer.epoch)
        trainer->observer.epoch(trainer->observer.context, trainer, epoch, best);
    return best;
}

/* ---- all of it ---- */

bool rd_stopped_early(const RdTrainer *trainer) {
    const RdTrainState *state = &trainer->state;
    int patience = trainer->training.patience;
    return trainer->valid && patience && state->best_epoch &&
           state->epoch - state->best_epoch >= patience;
}

static bool finished(const RdTrainer *trainer) {
    return trainer->state.epoch >= trainer->training.epochs || rd_stopped_early(trainer);
}

/* The rest of the epoch under way, or until it is told to stop. */
static bool train_epoch(RdTrainer *trainer, const volatile int *stop, RdError *error) {
    rd_plan_shuffle(&trainer->plan, trainer->seed, trainer->state.epoch);
    while (trainer->state.batch < trainer->plan.batch_count && !*stop)
        if (!rd_train_batch(trainer, trainer->state.batch, error)) return false;
    return true;
}

RdOutcome rd_train(RdTrainer *trainer, const volatile int *stop, RdError *error) {
    bool saved = false;
    double last_save = rd_now();
    while (!finished(trainer) && !*stop) {
        if (!train_epoch(trainer, stop, error)) return RD_TRAIN_FAILED;
        saved = false;
        if (trainer->state.batch < trainer->plan.batch_count) break;
        bool best = end_epoch(trainer);
        if (!best && rd_now() - last_save < SAVE_INTERVAL) continue;
        if (!rd_checkpoint_save(trainer, error)) return RD_TRAIN_FAILED;
        saved = true;
        last_save = rd_now();
    }
    if (!saved && !rd_checkpoint_save(trainer, error)) return RD_TRAIN_FAILED;
    return finished(trainer) ? RD_TRAINED : RD_INTERRUPTED;
}
