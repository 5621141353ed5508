#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "allocations.h"
#include "gradcheck.h"
#include "random.h"
#include "threads.h"
#include "train.h"

/* The model of toy_model.c, trained on texts in which a few words decide the label. */

enum { EXAMPLES = 120, VALID = 60, EPOCHS = 6 };

/* ---- a set-up ---- */

typedef struct {
    RdModel model;
    RdVocab vocab[RD_MAX_COLUMNS];
    RdExamples train, valid;
    RdTrainer trainer;
    char path[64];
    volatile int stop;
    long stop_after; /* steps; 0: never */
    /* what the observer saw: */
    long steps, allocated; /* allocated: by rd_train */
    double first_loss, last_loss;
} Setup;

static RdExamples make_examples(const RdModel *model, const RdVocab *vocab, int count,
                                uint64_t seed) {
    static const char *const sign[2][3] = {{"bad", "awful", "dull"}, {"good", "great", "fine"}};
    RdRandom random = rd_random(seed, 0);
    char path[] = "/tmp/rondo-train-XXXXXX.tsv";
    FILE *file = fdopen(mkstemps(path, 4), "w");
    cr_assert_not_null(file);
    for (int i = 0; i < count; i++) {
        int label = (int)rd_random_below(&random, 2);
        fprintf(file, "%s\t", model->columns[0].classes[label]);
        for (uint64_t n = rd_random_below(&random, 9); n > 0; n--)
            fprintf(file, "w%d ", (int)rd_random_below(&random, 40));
        fprintf(file, "%s\n", sign[label][rd_random_below(&random, 3)]);
    }
    fclose(file);
    RdData data;
    RdError error;
    RdExamples examples;
    bool read = rd_data_read(path, model, (RdReadOptions){.need_targets = true}, &data, &error);
    cr_assert(read, "%s", error.text);
    if (vocab[1].size == 0) rd_vocab_build(&data, 1, 1000, 1, false, (RdVocab *)&vocab[1]);
    rd_encode(model, &data, vocab, &examples);
    rd_data_free(&data);
    unlink(path);
    return examples;
}

static void on_step(void *context, const RdTrainer *trainer, double loss, int rows) {
    Setup *setup = context;
    (void)rows;
    if (setup->steps++ == 0) setup->first_loss = loss;
    setup->last_loss = loss;
    if (trainer->state.step == setup->stop_after) setup->stop = 1;
}

static Setup *new_setup(int threads) {
    Setup *setup = rd_zeros(1, sizeof *setup);
    setup->model = rd_model;
    setup->train = make_examples(&setup->model, setup->vocab, EXAMPLES, 1);
    setup->valid = make_examples(&setup->model, setup->vocab, VALID, 2);
    strcpy(setup->path, "/tmp/rondo-model-XXXXXX");
    close(mkstemp(setup->path));
    setup->trainer = (RdTrainer){.model = &setup->model,
                                 .training = rd_model.training,
                                 .seed = 7,
                                 .pool = rd_pool_new(threads),
                                 .vocab = setup->vocab,
                                 .examples = &setup->train,
                                 .valid = &setup->valid,
                                 .path = setup->path,
                                 .observer = {setup, on_step, NULL}};
    setup->trainer.training.epochs = EPOCHS;
    return setup;
}

static void free_setup(Setup *setup) {
    rd_trainer_close(&setup->trainer);
    rd_pool_free(setup->trainer.pool);
    rd_examples_free(&setup->train);
    rd_examples_free(&setup->valid);
    rd_vocab_free(&setup->vocab[1]);
    unlink(setup->path);
    free(setup);
}

static RdOutcome counted_train(Setup *setup, RdError *error) {
    long before = allocations;
    RdOutcome outcome = rd_train(&setup->trainer, &setup->stop, error);
    setup->allocated += allocations - before;
    return outcome;
}

static RdOutcome train(Setup *setup) {
    RdError error;
    bool open = rd_trainer_open(&setup->trainer, &error);
    cr_assert(open, "%s", error.text);
    RdOutcome outcome = counted_train(setup, &error);
    cr_assert_neq(outcome, RD_TRAIN_FAILED, "%s", error.text);
    return outcome;
}

static RdOutcome resume(Setup *setup) {
    RdError error;
    RdSaved saved;
    bool loaded = rd_model_load(setup->path, &setup->model, true, &saved, &error);
    cr_assert(loaded, "%s", error.text);
    rd_trainer_close(&setup->trainer);
    setup->stop = 0;
    setup->stop_after = 0;
    bool ready = rd_checkpoint_settings(&saved, &setup->trainer.training, &setup->trainer.seed) &&
                 rd_trainer_open(&setup->trainer, &error) &&
                 rd_checkpoint_restore(&setup->trainer, &saved, &error);
    cr_assert(ready, "%s", error.text);
    rd_saved_free(&saved);
    return counted_train(setup, &error);
}

static char *contents(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    char *bytes = rd_zeros(1 << 20, 1);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static bool same_files(const char *a, const char *b) {
    size_t a_size, b_size;
    char *a_bytes = contents(a, &a_size), *b_bytes = contents(b, &b_size);
    bool same = a_size > 0 && a_size == b_size && !memcmp(a_bytes, b_bytes, a_size);
    free(a_bytes);
    free(b_bytes);
    return same;
}

/* ---- the loop ---- */

Test(train, another_optimizer_cannot_go_on) {
    Setup *setup = new_setup(1);
    RdSaved saved;
    RdError error;
    train(setup);
    setup->trainer.training.optimizer = "sgd";
    cr_assert(rd_model_load(setup->path, &setup->model, true, &saved, &error), "%s", error.text);
    cr_expect_not(rd_checkpoint_restore(&setup->trainer, &saved, &error));
    cr_expect(strstr(error.text, "its training used the optimizer adam, this program has sgd"));
    rd_saved_free(&saved);
    free_setup(setup);
}

Test(train, learns) {
    Setup *setup = new_setup(1);
    cr_expect_eq(train(setup), RD_TRAINED);
    cr_expect_eq(setup->steps, EPOCHS * ((EXAMPLES + 7) / 8));
    cr_expect_lt(setup->last_loss, 0.2 * setup->first_loss);
    cr_expect_gt(setup->trainer.state.best_score, 0.95);
    free_setup(setup);
}

Test(train, same_bits_on_any_number_of_threads) {
    Setup *one = new_setup(1);
    train(one);
    for (int threads = 2; threads <= 5; threads += 3) {
        Setup *more = new_setup(threads);
        train(more);
        cr_expect(same_files(one->path, more->path), "%d threads", threads);
        free_setup(more);
    }
    free_setup(one);
}

Test(train, seed_decides) {
    Setup *one = new_setup(1), *other = new_setup(1);
    other->trainer.seed = 8;
    train(one);
    train(other);
    cr_expect(!same_files(one->path, other->path));
    free_setup(one);
    free_setup(other);
}

Test(train, interrupted_and_resumed_is_the_same) {
    Setup *whole = new_setup(1);
    train(whole);
    const long after[] = {1, 14, 15, 16, 31, 44, 45, 89, 90};
    for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
        Setup *setup = new_setup(2);
        setup->stop_after = after[i];
        RdOutcome outcome = train(setup);
        cr_expect_eq(outcome, after[i] == 90 ? RD_TRAINED : RD_INTERRUPTED);
        cr_expect_eq(resume(setup), RD_TRAINED);
        cr_expect(same_files(whole->path, setup->path), "stopped after step %ld", after[i]);
        free_setup(setup);
    }
    free_setup(whole);
}

Test(train, more_epochs_later_are_the_same) {
    Setup *whole = new_setup(1), *parts = new_setup(1);
    train(whole);
    parts->trainer.training.epochs = 2;
    train(parts);
    RdSaved saved;
    RdError error;
    cr_assert(rd_model_load(parts->path, &parts->model, true, &saved, &error));
    rd_trainer_close(&parts->trainer);
    parts->trainer.training.epochs = EPOCHS;
    cr_assert(rd_trainer_open(&parts->trainer, &error));
    cr_assert(rd_checkpoint_restore(&parts->trainer, &saved, &error), "%s", error.text);
    rd_saved_free(&saved);
    cr_expect_eq(rd_train(&parts->trainer, &parts->stop, &error), RD_TRAINED);
    cr_expect(same_files(whole->path, parts->path));
    free_setup(whole);
    free_setup(parts);
}

Test(train, other_data_cannot_be_resumed) {
    Setup *setup = new_setup(1);
    RdSaved saved;
    RdError error;
    setup->stop_after = 3;
    train(setup);
    cr_assert(rd_model_load(setup->path, &setup->model, true, &saved, &error));
    setup->train.number[0][5] ^= 1;
    cr_expect(!rd_checkpoint_restore(&setup->trainer, &saved, &error));
    cr_expect_not_null(strstr(error.text, "--train"));
    rd_saved_free(&saved);
    free_setup(setup);
}

/* Whole epochs and their saves; an interruption in an epoch, whose save has most tensors; going on
 * from it. */
Test(train, does_not_allocate_after_its_start) {
    Setup *setup = new_setup(2);
    setup->stop_after = 40;
    cr_expect_eq(train(setup), RD_INTERRUPTED);
    cr_expect_gt(setup->trainer.state.best_epoch, 0);
    cr_expect_eq(resume(setup), RD_TRAINED);
    cr_expect_eq(setup->trainer.state.epoch, EPOCHS);
    cr_expect_eq(setup->allocated, 0, "%ld allocations", setup->allocated);
    cr_expect(!allocations_are_counted || allocations > 0);
    free_setup(setup);
}

Test(train, stops_early) {
    Setup *setup = new_setup(1);
    setup->trainer.training.epochs = 1000;
    setup->trainer.training.patience = 2;
    cr_expect_eq(train(setup), RD_TRAINED);
    cr_expect(rd_stopped_early(&setup->trainer));
    cr_expect_eq(setup->trainer.state.epoch, setup->trainer.state.best_epoch + 2);
    free_setup(setup);
}

/* The kept weights have the best epoch's figures. */
Test(train, keeps_the_best_epoch) {
    Setup *setup = new_setup(1);
    setup->trainer.training.rate = 0.3; /* wild: later epochs are worse */
    train(setup);
    const RdTrainState *state = &setup->trainer.state;
    const RdEpoch *history = setup->trainer.history;
    for (int i = 0; i < EPOCHS; i++) cr_expect_leq(history[i].metric[0], state->best_score);
    RdTrainer *trainer = &setup->trainer;
    RdSession *session = &trainer->session;
    memcpy(session->param, trainer->best, rd_session_stretch_bytes(session));
    rd_evaluate(&trainer->evaluation, session, &trainer->valid_plan);
    cr_expect_eq(trainer->evaluation.accuracy, history[state->best_epoch - 1].metric[0]);
    cr_expect_eq(trainer->evaluation.loss, history[state->best_epoch - 1].valid_loss);
    free_setup(setup);
}

Test(train, without_metric_the_loss_decides) {
    Setup *setup = new_setup(1);
    setup->model.metric_count = 0;
    train(setup);
    const RdEpoch *history = setup->trainer.history;
    double least = INFINITY;
    for (int i = 0; i < EPOCHS; i++) least = fmin(least, history[i].valid_loss);
    cr_expect_eq(setup->trainer.state.best_score, -least);
    free_setup(setup);
}

Test(train, without_validation_the_last_is_kept) {
    Setup *setup = new_setup(1);
    RdSaved saved;
    RdError error;
    setup->trainer.valid = NULL;
    cr_expect_eq(train(setup), RD_TRAINED);
    cr_assert(rd_model_load(setup->path, &setup->model, true, &saved, &error));
    RdSession *session = &setup->trainer.session;
    cr_expect_arr_eq(saved.stretch[RD_WEIGHTS], session->param, rd_session_stretch_bytes(session));
    cr_expect_null(saved.stretch[RD_LATEST]);
    rd_saved_free(&saved);
    free_setup(setup);
}

Test(train, divergence_is_reported) {
    Setup *setup = new_setup(1);
    RdError error;
    setup->trainer.training.rate = 1e30;
    cr_assert(rd_trainer_open(&setup->trainer, &error));
    cr_expect_eq(rd_train(&setup->trainer, &setup->stop, &error), RD_TRAIN_FAILED);
    cr_expect_not_null(strstr(error.text, "not a finite number"));
    free_setup(setup);
}

/* ---- clipping ---- */

static double scale_given, norm_seen;

static void spy_update(const RdUpdate *update) {
    scale_given = update->scale;
    norm_seen = sqrt(rd_model.square_sum(NULL, update->gradient, update->count, NULL));
    rd_model.update(update);
}

Test(train, clips_as_pytorch_does) {
    for (int i = 0; i < 2; i++) {
        Setup *setup = new_setup(1);
        setup->model.update = spy_update;
        setup->stop_after = 1;
        setup->trainer.training.clip_norm = i ? 0.01 : 1000;
        train(setup);
        cr_expect_eq(scale_given, i ? 0.01 / (norm_seen + 1e-6) : 1);
        free_setup(setup);
    }
}

/* ---- evaluation ---- */

Test(train, evaluation_does_not_depend_on_batches_or_threads) {
    Setup *setup = new_setup(1);
    RdEvaluation all;
    RdError error;
    double loss = 0, accuracy = 0;
    train(setup);
    for (int i = 0; i < 8; i++) {
        const int batch[] = {1, 7, 32, VALID};
        RdPool *pool = rd_pool_new(1 + i / 4 * 2);
        RdPlan plan;
        RdSession session;
        rd_plan_new(&setup->valid, batch[i % 4], &plan);
        cr_assert(rd_session_open(&session, &setup->model, rd_plan_sizes(&plan, setup->vocab), pool,
                                  false, &error));
        memcpy(session.param, setup->trainer.session.param, rd_session_stretch_bytes(&session));
        cr_assert(rd_evaluation_init(&all, &setup->model, setup->vocab, &setup->valid));
        rd_evaluate(&all, &session, &plan);
        cr_expect(i == 0 || (all.loss == loss && all.accuracy == accuracy));
        cr_expect_eq(rd_confusion_total(&all.confusion), VALID);
        cr_expect_eq(rd_accuracy(&all.confusion), all.accuracy);
        loss = all.loss;
        accuracy = all.accuracy;
        rd_evaluation_free(&all);
        rd_session_close(&session);
        rd_plan_free(&plan);
        rd_pool_free(pool);
    }
    free_setup(setup);
}

/* ---- the gradient ---- */

static void wrong_train(RdRun *run) {
    rd_model_double.train(run);
    ((double *)run->gradient[2])[3] *= 1.0001;
}

static double check_gradient(const RdModel *model) {
    Setup *setup = new_setup(1);
    RdPlan plan;
    RdSession session;
    RdError error;
    RdTensorCheck checks[4];
    double largest = 0;
    rd_plan_new(&setup->train, 5, &plan);
    cr_assert(
        rd_session_open(&session, model, rd_plan_sizes(&plan, setup->vocab), NULL, true, &error));
    rd_layout_init(&session.layout, model, 3, session.param);
    cr_assert(rd_gradcheck(&session, &plan, 3, checks, &error));
    for (int i = 0; i < 4; i++) largest = fmax(largest, rd_tensor_error(&checks[i]));
    rd_session_close(&session);
    rd_plan_free(&plan);
    free_setup(setup);
    return largest;
}

Test(train, gradients_are_right) { cr_expect_lt(check_gradient(&rd_model_double), 1e-8); }

Test(train, a_wrong_gradient_is_found) {
    RdModel wrong = rd_model_double;
    wrong.train = wrong_train;
    double error = check_gradient(&wrong);
    cr_expect_gt(error, 5e-5);
}
