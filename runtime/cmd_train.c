#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "learn.h"
#include "program.h"
#include "progress.h"
#include "threads.h"
#include "train.h"
#include "vectors.h"

static volatile sig_atomic_t interrupted; /* the signal's number; 0: none */

/* The first signal asks the loop to stop; a second one, with the default action, ends at once. */
static void on_signal(int number) { interrupted = number; }

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* All that a training reads and holds. Starts as {0}. */
typedef struct {
    const RdModel *model;
    const RdOptions *options;
    RdVocab vocab[RD_MAX_COLUMNS];
    RdExamples train, valid;
    RdSaved saved; /* of a training to resume */
    RdTrainer trainer;
    RdProgress progress;
    RdFlowRecord flow;
} Job;

/* ---- data ---- */

/* With what was learned; or learns. */
static bool read_data(Job *job, const char *path, bool learn, RdData *data, RdError *error) {
    RdReadOptions options = {
        .need_targets = true, .skip_bad = job->options->skip_bad, .learned = job->vocab};
    bool read = learn ? rd_read_and_learn(path, job->model, options, data, job->vocab, error)
                      : rd_data_read(path, job->model, options, data, error);
    if (read)
        rd_note_data(job->model, data);
    else
        rd_data_free(data);
    return read;
}

/* A resumed training keeps its words. */
static void take_vocabularies(Job *job) {
    memcpy(job->vocab, job->saved.vocab, sizeof job->vocab);
    memset(job->saved.vocab, 0, sizeof job->saved.vocab);
}

static bool read_all(Job *job, RdError *error) {
    RdData data;
    if (job->options->resume) take_vocabularies(job);
    if (!read_data(job, job->options->train, !job->options->resume, &data, error)) return false;
    rd_encode(job->model, &data, job->vocab, &job->train);
    rd_examples_cut(&job->train, job->model, job->trainer.training.batch);
    rd_data_free(&data);
    if (!job->options->valid) return true;
    if (!read_data(job, job->options->valid, false, &data, error)) return false;
    rd_encode(job->model, &data, job->vocab, &job->valid);
    rd_examples_cut(&job->valid, job->model, job->trainer.training.batch);
    rd_data_free(&data);
    return true;
}

/* ---- settings ---- */

/* A number that may not change when a training is resumed. */
static bool unchanged(const Job *job, RdOptionId id, const char *name, uint64_t given,
                      uint64_t saved, RdError *error) {
    if (!job->options->given[id] || given == saved) return true;
    return rd_fail(error,
                   "--%s %" PRIu64 ": the training in %s has %" PRIu64 "; resume without --%s",
                   name, given, job->options->model, saved, name);
}

static bool resume_settings(Job *job, RdError *error) {
    const RdOptions *options = job->options;
    RdTraining *training = &job->trainer.training;
    uint64_t *seed = &job->trainer.seed;
    if (!rd_model_load(options->model, job->model, true, &job->saved, error)) return false;
    if (!rd_checkpoint_settings(&job->saved, training, seed))
        return rd_fail(error, "%s: holds no training to go on with; train without --resume",
                       options->model);
    if (options->given[RD_OPTION_EPOCHS]) training->epochs = options->epochs;
    if (options->given[RD_OPTION_RATE]) training->rate = options->rate;
    return unchanged(job, RD_OPTION_BATCH, "batch", (uint64_t)options->batch,
                     (uint64_t)training->batch, error) &&
           unchanged(job, RD_OPTION_SEED, "seed", options->seed, *seed, error);
}

/* The files that training writes must not be those that it reads. */
static bool check_files(const RdOptions *options, RdError *error) {
    const char *const writes[] = {options->model, options->log, options->gradient_flow};
    const char *const name[] = {"--model", "--log", "--gradient-flow"};
    const char *const others[] = {options->train, options->valid, options->model};
    struct stat to, from;
    for (int i = 0; i < 3; i++) {
        if (!writes[i] || stat(writes[i], &to) || !S_ISREG(to.st_mode)) continue;
        for (int k = 0; k < 2 + (i > 0); k++)
            if (others[k] && !stat(others[k], &from) && from.st_ino == to.st_ino &&
                from.st_dev == to.st_dev)
                return rd_fail(error, "%s %s: training would overwrite %s", name[i], writes[i],
                               k == 2 ? "the model" : "its own data");
    }
    return true;
}

static bool settle(Job *job, RdError *error) {
    RdTraining *training = &job->trainer.training;
    *training = job->model->training;
    training->epochs = job->options->epochs;
    training->batch = job->options->batch;
    training->rate = job->options->rate;
    job->trainer.seed = job->options->seed;
    if (job->options->resume && job->options->vectors)
        return rd_fail(error, "--vectors %s: the training in %s began already; resume without",
                       job->options->vectors, job->options->model);
    if (job->options->resume && !resume_settings(job, error)) return false;
    return rd_model_can_save(job->options->model, error);
}

/* ---- training ---- */

static bool read_vectors(Job *job, RdError *error) {
    RdSession *session = &job->trainer.session;
    RdVectors vectors;
    if (!rd_vectors_read(job->options->vectors, job->model, job->vocab, &session->layout,
                         session->param, &vectors, error))
        return false;
    if (!job->options->quiet)
        rd_note("%s: has %d of the %d words; %s starts from them", vectors.path, vectors.found,
                vectors.words, job->model->params[vectors.param].name);
    return true;
}

static bool open_trainer(Job *job, RdError *error) {
    RdTrainer *trainer = &job->trainer;
    trainer->model = job->model;
    trainer->pool = rd_pool_new(job->options->threads);
    trainer->vocab = job->vocab;
    trainer->examples = &job->train;
    trainer->valid = job->options->valid ? &job->valid : NULL;
    trainer->path = job->options->model;
    trainer->observer = rd_progress_observer(&job->progress);
    trainer->flow = job->options->gradient_flow ? &job->flow : NULL;
    if (!rd_trainer_open(trainer, error)) return false;
    if (job->options->vectors) return read_vectors(job, error);
    if (!job->options->resume) return true;
    bool restored = rd_checkpoint_restore(trainer, &job->saved, error);
    rd_saved_free(&job->saved);
    return restored;
}

static bool prepare(Job *job, RdError *error) {
    const RdOptions *options = job->options;
    RdProgressOptions progress = {.log_path = options->log,
                                  .append = options->resume,
                                  .quiet = options->quiet,
                                  .json = options->json};
    if (!check_files(options, error) || !settle(job, error) || !read_all(job, error)) return false;
    if (options->gradient_flow &&
        !rd_flow_open(&job->flow, job->model, &job->train, options->gradient_flow, error))
        return false;
    return rd_progress_open(&job->progress, progress, error) && open_trainer(job, error);
}

static int train(Job *job, RdError *error) {
    rd_progress_start(&job->progress, &job->trainer);
    catch_signals();
    RdOutcome outcome = rd_train(&job->trainer, &interrupted, error);
    rd_progress_end(&job->progress, &job->trainer, outcome);
    if (outcome == RD_TRAIN_FAILED) return rd_report(error);
    if (!rd_flow_close(&job->flow, error)) return rd_report(error);
    if (!rd_progress_close(&job->progress, error)) return rd_report(error);
    if (outcome == RD_TRAINED) return RD_EXIT_OK;
    rd_note("interrupted in epoch %d, saved; the same command with --resume goes on",
            job->trainer.state.epoch + 1);
    return 128 + interrupted;
}

static void clean(Job *job) {
    rd_flow_close(&job->flow, NULL);
    rd_progress_close(&job->progress, NULL);
    rd_trainer_close(&job->trainer);
    rd_pool_free(job->trainer.pool);
    rd_saved_free(&job->saved);
    rd_examples_free(&job->train);
    rd_examples_free(&job->valid);
    for (int c = 0; c < RD_MAX_COLUMNS; c++) rd_vocab_free(&job->vocab[c]);
}

int rd_cmd_train(const RdProgram *program, const RdOptions *options) {
    RdError error;
    Job job = {.model = program->model, .options = options};
    int status = prepare(&job, &error) ? train(&job, &error) : rd_report(&error);
    clean(&job);
    return status;
}
