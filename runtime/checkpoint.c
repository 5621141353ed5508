#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "train.h"

/* Enough digits to read the same number back. */
enum { EXACT = JSON_COMPACT | JSON_REAL_PRECISION(17) };

/* ---- writing ---- */

static void set_json(RdSaved *saved, const char *key, json_t *json) {
    char *text = json_dumps(json, EXACT);
    if (text) rd_saved_set(saved, key, text);
    free(text);
    json_decref(json);
}

/* An integer of 64 bits that JSON's readers would round. */
static json_t *big(uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

/* Tells data apart: FNV-1a over the numbers of all examples. */
static uint64_t fingerprint(const RdExamples *examples) {
    uint64_t hash = UINT64_C(14695981039346656037);
    if (!examples) return 0;
    for (int c = 0; c < examples->column_count; c++) {
        size_t count =
            examples->per_step[c] ? examples->first[examples->count] : (size_t)examples->count;
        for (size_t i = 0; i < count; i++)
            hash = (hash ^ (uint32_t)examples->number[c][i]) * UINT64_C(1099511628211);
    }
    for (int i = 0; i < examples->count; i++)
        hash = (hash ^ (uint32_t)examples->length[i]) * UINT64_C(1099511628211);
    return hash;
}

static json_t *settings_json(const RdTrainer *trainer) {
    return json_pack("{s:i, s:i, s:f, s:o}", "epochs", trainer->training.epochs, "batch",
                     trainer->training.batch, "rate", trainer->training.rate, "seed",
                     big(trainer->seed));
}

static json_t *state_json(const RdTrainer *trainer) {
    const RdTrainState *state = &trainer->state;
    return json_pack("{s:i, s:i, s:I, s:f, s:I, s:i, s:f, s:o, s:o}", "epoch", state->epoch,
                     "batch", state->batch, "step", (json_int_t)state->step, "loss_sum",
                     state->loss_sum, "targets", (json_int_t)state->targets, "best_epoch",
                     state->best_epoch, "best_score", state->best_score, "train_data",
                     big(fingerprint(trainer->examples)), "valid_data",
                     big(fingerprint(trainer->valid)));
}

static void set_number(json_t *object, const char *name, double value) {
    if (isfinite(value)) json_object_set_new(object, name, json_real(value));
}

static json_t *history_json(const RdTrainer *trainer) {
    const RdModel *model = trainer->model;
    json_t *list = json_array();
    for (int i = 0; i < trainer->state.epoch; i++) {
        const RdEpoch *epoch = &trainer->history[i];
        json_t *object = json_pack("{s:i}", "epoch", epoch->epoch);
        set_number(object, "loss", epoch->loss);
        set_number(object, "valid_loss", epoch->valid_loss);
        for (int m = 0; m < model->metric_count && m < RD_MAX_METRICS; m++)
            set_number(object, model->metrics[m], epoch->metric[m]);
        json_array_append_new(list, object);
    }
    return list;
}

bool rd_checkpoint_save(const RdTrainer *trainer, RdError *error) {
    const RdSession *session = &trainer->session;
    RdSaved saved = {0};
    bool has_best = trainer->state.best_epoch > 0;
    bool best_is_latest = trainer->state.best_epoch == trainer->state.epoch;
    for (int c = 0; c < trainer->model->column_count; c++) saved.vocab[c] = trainer->vocab[c];
    saved.stretch[RD_WEIGHTS] = has_best ? trainer->best : session->param;
    saved.stretch[RD_MOMENT1] = session->moment1;
    saved.stretch[RD_MOMENT2] = session->moment2;
    if (has_best && !(best_is_latest && trainer->state.batch == 0))
        saved.stretch[RD_LATEST] = session->param;
    set_json(&saved, "settings", settings_json(trainer));
    set_json(&saved, "state", state_json(trainer));
    set_json(&saved, "history", history_json(trainer));
    bool done = rd_model_save(trainer->path, trainer->model, &saved, error);
    memset(saved.vocab, 0, sizeof saved.vocab);
    memset(saved.stretch, 0, sizeof saved.stretch);
    rd_saved_free(&saved);
    return done;
}

/* ---- reading ---- */

static json_t *entry(const RdSaved *saved, const char *key) {
    const char *text = rd_saved_get(saved, key);
    return text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}

bool rd_checkpoint_settings(const RdSaved *saved, RdTraining *training, uint64_t *seed) {
    json_t *json = entry(saved, "settings");
    const char *seed_text;
    bool read =
        json && json_unpack(json, "{s:i, s:i, s:F, s:s}", "epochs", &training->epochs, "batch",
                            &training->batch, "rate", &training->rate, "seed", &seed_text) == 0;
    if (read) *seed = strtoull(seed_text, NULL, 10);
    json_decref(json);
    return read && training->epochs > 0 && training->batch > 0 && training->rate > 0;
}

static bool same_data(const char *fingerprint_text, const RdExamples *examples) {
    return strtoull(fingerprint_text, NULL, 10) == fingerprint(examples);
}

static bool restore_state(RdTrainer *trainer, const RdSaved *saved, RdError *error) {
    RdTrainState *state = &trainer->state;
    json_t *json = entry(saved, "state");
    json_int_t step, targets;
    const char *train, *valid;
    bool read = json && json_unpack(json, "{s:i, s:i, s:I, s:F, s:I, s:i, s:F, s:s, s:s}", "epoch",
                                    &state->epoch, "batch", &state->batch, "step", &step,
                                    "loss_sum", &state->loss_sum, "targets", &targets, "best_epoch",
                                    &state->best_epoch, "best_score", &state->best_score,
                                    "train_data", &train, "valid_data", &valid) == 0;
    bool sound = read && state->epoch >= 0 && state->batch >= 0 && step >= 0 && targets >= 0 &&
                 state->best_epoch >= 0 && state->best_epoch <= state->epoch &&
                 state->batch < trainer->plan.batch_count;
    const char *other = !read                                  ? NULL
                        : !same_data(train, trainer->examples) ? "--train"
                        : !same_data(valid, trainer->valid)    ? "--valid"
                                                               : NULL;
    if (other)
        rd_fail(error, "%s: its training used other data than this %s; resume with the same",
                trainer->path, other);
    else if (!sound)
        rd_fail(error, "%s: its training state is damaged; train without --resume", trainer->path);
    if (sound) state->step = (long)step;
    if (sound) state->targets = (long)targets;
    json_decref(json);
    return sound && !other;
}

static double number(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool restore_history(RdTrainer *trainer, const RdSaved *saved, RdError *error) {
    const RdModel *model = trainer->model;
    json_t *list = entry(saved, "history");
    int count = trainer->state.epoch;
    bool sound = json_is_array(list) && json_array_size(list) == (size_t)count;
    if (sound && count > trainer->training.epochs) {
        free(trainer->history);
        trainer->history = rd_zeros((size_t)count, sizeof *trainer->history);
    }
    for (int i = 0; sound && i < count; i++) {
        const json_t *object = json_array_get(list, (size_t)i);
        RdEpoch *epoch = &trainer->history[i];
        epoch->epoch = i + 1;
        epoch->loss = number(object, "loss");
        epoch->valid_loss = number(object, "valid_loss");
        for (int m = 0; m < RD_MAX_METRICS; m++)
            epoch->metric[m] = m < model->metric_count ? number(object, model->metrics[m]) : NAN;
    }
    json_decref(list);
    return sound ? true : rd_fail(error, "%s: its history is damaged", trainer->path);
}

bool rd_checkpoint_restore(RdTrainer *trainer, const RdSaved *saved, RdError *error) {
    RdSession *session = &trainer->session;
    size_t bytes = rd_session_stretch_bytes(session);
    float *const *stretch = saved->stretch;
    if (!stretch[RD_MOMENT1] || (session->moment2 && !stretch[RD_MOMENT2]))
        return rd_fail(error, "%s: holds no training to go on with", trainer->path);
    if (!restore_state(trainer, saved, error) || !restore_history(trainer, saved, error))
        return false;
    memcpy(session->param, stretch[RD_LATEST] ? stretch[RD_LATEST] : stretch[RD_WEIGHTS], bytes);
    memcpy(session->moment1, stretch[RD_MOMENT1], bytes);
    if (session->moment2) memcpy(session->moment2, stretch[RD_MOMENT2], bytes);
    if (trainer->best) memcpy(trainer->best, stretch[RD_WEIGHTS], bytes);
    return true;
}
