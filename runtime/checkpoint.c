#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "train.h"

/* ---- writing ---- */

/* Where JSON is written: room that suffices for all there will be. */
typedef struct {
    char *at, *end;
} Text;

__attribute__((format(printf, 2, 3))) static void add(Text *text, const char *format, ...) {
    size_t room = (size_t)(text->end - text->at);
    va_list args;
    va_start(args, format);
    size_t length = (size_t)vsnprintf(text->at, room, format, args);
    va_end(args);
    text->at += length < room ? length : room - 1;
}

/* With enough digits to read the same number back. */
static void add_real(Text *text, const char *name, double value) {
    char number[32];
    snprintf(number, sizeof number, "%.17g", value);
    const char *fraction = strpbrk(number, ".e") ? "" : ".0";
    add(text, ",\"%s\":%s%s", name, isfinite(value) ? number : "null",
        isfinite(value) ? fraction : "");
}

/* Tells data apart: FNV-1a over the numbers of all examples. */
static uint64_t fingerprint(const RdExamples *examples) {
    uint64_t hash = UINT64_C(14695981039346656037);
    if (!examples) return 0;
    for (int c = 0; c < examples->column_count; c++) {
        size_t count = rd_examples_rows(examples, examples->per_step[c]);
        for (size_t i = 0; i < count; i++)
            hash = (hash ^ (uint32_t)examples->number[c][i]) * UINT64_C(1099511628211);
        for (size_t i = 0; examples->real[c] && i < count * (size_t)examples->numbers[c]; i++) {
            uint64_t bits;
            memcpy(&bits, &examples->real[c][i], sizeof bits);
            hash = (hash ^ bits) * UINT64_C(1099511628211);
        }
    }
    for (int n = 0; n < examples->sequence_count; n++)
        for (size_t i = 0; i < examples->sequence[n].owners; i++)
            hash = (hash ^ (uint32_t)examples->sequence[n].length[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Integers of 64 bits, which JSON's readers would round, are strings. */
static void add_settings(Text *text, const RdTrainer *trainer) {
    const RdTraining *training = &trainer->training;
    add(text, "{\"epochs\":%d,\"batch\":%d", training->epochs, training->batch);
    add_real(text, "rate", training->rate);
    add(text, ",\"optimizer\":\"%s\",\"seed\":\"%" PRIu64 "\"}", training->optimizer,
        trainer->seed);
}

static void add_state(Text *text, const RdTrainer *trainer) {
    const RdTrainState *state = &trainer->state;
    add(text, "{\"epoch\":%d,\"batch\":%d,\"step\":%ld", state->epoch, state->batch, state->step);
    add_real(text, "loss_sum", state->loss_sum);
    add_real(text, "weight", state->weight);
    add(text, ",\"best_epoch\":%d", state->best_epoch);
    add_real(text, "best_score", state->best_score);
    add(text, ",\"train_data\":\"%" PRIu64 "\",\"valid_data\":\"%" PRIu64 "\"}",
        fingerprint(trainer->examples), fingerprint(trainer->valid));
}

/* Numbers that are not finite are left out. */
static void add_figure(Text *text, const char *name, double value) {
    if (isfinite(value)) add_real(text, name, value);
}

static void add_history(Text *text, const RdTrainer *trainer) {
    const RdModel *model = trainer->model;
    add(text, "[");
    for (int i = 0; i < trainer->state.epoch; i++) {
        const RdEpoch *epoch = &trainer->history[i];
        add(text, "%s{\"epoch\":%d", i ? "," : "", epoch->epoch);
        add_figure(text, "loss", epoch->loss);
        add_figure(text, "valid_loss", epoch->valid_loss);
        for (int m = 0; m < model->metric_count && m < RD_MAX_METRICS; m++)
            add_figure(text, model->metrics[m], epoch->metric[m]);
        add(text, "}");
    }
    add(text, "]");
}

enum { NUMBER_ROOM = 32, ENTRY_ROOM = 512 }; /* a number with its punctuation; a whole entry */

void rd_checkpoint_reserve(RdTrainer *trainer, int epochs) {
    size_t room = 3 * NUMBER_ROOM + sizeof "epoch loss valid_loss";
    for (int m = 0; m < trainer->model->metric_count; m++)
        room += strlen(trainer->model->metrics[m]) + NUMBER_ROOM;
    free(trainer->history);
    free(trainer->history_text);
    trainer->history = rd_zeros((size_t)epochs, sizeof *trainer->history);
    trainer->history_room = (size_t)epochs * room + sizeof "[]";
    trainer->history_text = rd_zeros(trainer->history_room, 1);
}

bool rd_checkpoint_save(RdTrainer *trainer, RdError *error) {
    const RdSession *session = &trainer->session;
    char settings[ENTRY_ROOM], state[ENTRY_ROOM], *history = trainer->history_text;
    add_settings(&(Text){settings, settings + sizeof settings}, trainer);
    add_state(&(Text){state, state + sizeof state}, trainer);
    add_history(&(Text){history, history + trainer->history_room}, trainer);
    RdEntry entries[] = {{"settings", settings}, {"state", state}, {"history", history}};
    RdSaved saved = {.entry = entries, .entry_count = 3};
    bool has_best = trainer->state.best_epoch > 0;
    bool best_is_latest = trainer->state.best_epoch == trainer->state.epoch;
    for (int c = 0; c < trainer->model->column_count; c++) saved.vocab[c] = trainer->vocab[c];
    saved.stretch[RD_WEIGHTS] = has_best ? trainer->best : session->param;
    for (int i = 0; i < RD_MAX_SLOTS; i++) saved.stretch[RD_SLOT + i] = session->slot[i];
    saved.streams = trainer->plan.batch_size;
    for (int c = 0; c < trainer->model->column_count && trainer->state.batch > 0; c++)
        if (trainer->model->columns[c].kind == RD_CARRIED) saved.state[c] = trainer->plan.real[c];
    if (has_best && !(best_is_latest && trainer->state.batch == 0))
        saved.stretch[RD_LATEST] = session->param;
    return rd_model_save(&trainer->file, trainer->model, &session->layout, &saved, error);
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
    json_int_t step;
    const char *train, *valid;
    bool read =
        json &&
        json_unpack(json, "{s:i, s:i, s:I, s:F, s:F, s:i, s:F, s:s, s:s}", "epoch", &state->epoch,
                    "batch", &state->batch, "step", &step, "loss_sum", &state->loss_sum, "weight",
                    &state->weight, "best_epoch", &state->best_epoch, "best_score",
                    &state->best_score, "train_data", &train, "valid_data", &valid) == 0;
    bool sound = read && state->epoch >= 0 && state->batch >= 0 && step >= 0 &&
                 state->weight >= 0 && state->best_epoch >= 0 &&
                 state->best_epoch <= state->epoch && state->batch < trainer->plan.batch_count;
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
    if (sound && count > trainer->training.epochs) rd_checkpoint_reserve(trainer, count);
    for (int i = 0; sound && i < count; i++) {
        const json_t *object = json_array_get(list, (size_t)i);
        RdEpoch *epoch = &trainer->history[i];
        epoch->epoch = i + 1;
        epoch->loss = number(object, "loss");
        epoch->valid_loss = number(object, "valid_loss");
        for (int m = 0; m < RD_MAX_METRICS; m++)
            epoch->metric[m] = m < model->metric_count ? number(object, model->metrics[m]) : NAN;
        rd_trainer_learn(trainer, epoch);
    }
    json_decref(list);
    return sound ? true : rd_fail(error, "%s: its history is damaged", trainer->path);
}

/* What one optimizer kept is of no use to another. */
static bool same_optimizer(const RdTrainer *trainer, const RdSaved *saved, RdError *error) {
    json_t *json = entry(saved, "settings");
    const char *optimizer = trainer->training.optimizer, *was = optimizer;
    json_unpack(json, "{s?s}", "optimizer", &was);
    bool same = strcmp(was, optimizer) == 0;
    if (!same)
        rd_fail(error,
                "%s: its training used the optimizer %s, this program has %s; train without "
                "--resume",
                trainer->path, was, optimizer);
    json_decref(json);
    return same;
}

/* The states that the epoch under way had reached. */
static bool restore_states(RdTrainer *trainer, const RdSaved *saved, RdError *error) {
    const RdModel *model = trainer->model;
    for (int c = 0; c < model->column_count && trainer->state.batch > 0; c++) {
        if (model->columns[c].kind != RD_CARRIED) continue;
        if (!saved->state[c] || saved->streams != trainer->plan.batch_size)
            return rd_fail(error, "%s: lacks the states of its streams; train without --resume",
                           trainer->path);
        memcpy(trainer->plan.real[c], saved->state[c],
               (size_t)saved->streams * (size_t)model->columns[c].numbers * sizeof(float));
    }
    return true;
}

bool rd_checkpoint_restore(RdTrainer *trainer, const RdSaved *saved, RdError *error) {
    RdSession *session = &trainer->session;
    size_t bytes = rd_session_stretch_bytes(session);
    float *const *stretch = saved->stretch;
    if (!same_optimizer(trainer, saved, error)) return false;
    for (int i = 0; i < RD_MAX_SLOTS; i++)
        if (session->slot[i] && !stretch[RD_SLOT + i])
            return rd_fail(error, "%s: holds no training to go on with", trainer->path);
    if (!restore_state(trainer, saved, error) || !restore_history(trainer, saved, error))
        return false;
    memcpy(session->param, stretch[RD_LATEST] ? stretch[RD_LATEST] : stretch[RD_WEIGHTS], bytes);
    for (int i = 0; i < RD_MAX_SLOTS; i++)
        if (session->slot[i])
            memcpy(session->slot[i], stretch[RD_SLOT + i], rd_session_trained_bytes(session));
    if (trainer->best) memcpy(trainer->best, stretch[RD_WEIGHTS], bytes);
    rd_session_used(session);
    return restore_states(trainer, saved, error);
}
