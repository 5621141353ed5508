#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "columns.h"
#include "model_file.h"
#include "program.h"
#include "report.h"
#include "session.h"
#include "tokens.h"
#include "units.h"

typedef struct {
    const RdModel *model;
    const char *path; /* NULL: the program alone, with the vocabularies as large as they may be */
    RdSaved saved;
    int vocab[RD_MAX_COLUMNS];
    RdLayout layout;
} Info;

static bool gather(Info *info, const RdOptions *options, RdError *error) {
    const RdModel *model = info->model;
    for (int c = 0; c < model->column_count; c++) info->vocab[c] = model->columns[c].max_vocab;
    if (info->path) {
        if (!rd_model_load(options->model, model, false, &info->saved, error)) return false;
        rd_saved_vocab_sizes(&info->saved, info->vocab);
    }
    info->layout = rd_layout(model, info->vocab);
    return true;
}

static void release(Info *info) {
    rd_saved_free(&info->saved);
    rd_layout_free(&info->layout);
}

/* What a run with batches of so many of the longest texts needs. */
static RdMemory memory_for(const Info *info, int batch, bool training) {
    const RdModel *model = info->model;
    RdSizes sizes = {.examples = batch, .rows = {batch}};
    for (int c = 0; c < model->column_count; c++) sizes.vocab[c] = info->vocab[c];
    for (int n = 0; n < model->sequence_count; n++) {
        const RdSequence *sequence = &model->sequences[n];
        int owners = sequence->parent ? sizes.rows[sequence->parent - 1] : batch;
        if (sequence->column < 0 && !sequence->other) continue;
        int column =
            sequence->other ? model->sequences[sequence->other - 1].column : sequence->column;
        sizes.longest[n] = model->columns[column].max_length;
        sizes.rows[n] = owners * sizes.longest[n];
    }
    return rd_session_memory(info->model, &sizes, training);
}

static json_t *entry(const Info *info, const char *key) {
    const char *text = info->path ? rd_saved_get(&info->saved, key) : NULL;
    return text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}

/* ---- for people ---- */

/* The classes or tags, as far as they are known. */
static void print_values(const Info *info, int c) {
    const RdColumn *column = &info->model->columns[c];
    const RdVocab *vocab = &info->saved.vocab[c];
    int count = column->classes ? column->class_count : vocab->size,
        first = column->classes ? 0 : 1;
    if (!count) printf("those of the training data, at most %d", column->class_count - 1);
    for (int i = first; i < count; i++)
        printf("%s%s", i > first ? ", " : "one of ", rd_value_name(column, vocab, i));
}

/* "13 numbers a frame, at most 150 frames with one seq_id" */
static void print_numbers(const RdColumn *column) {
    printf("%d number%s", column->numbers, column->numbers == 1 ? "" : "s");
    if (column->fields) printf(" (%s%s)", column->fields[0], column->numbers > 1 ? ", …" : "");
    if (column->window)
        printf(" a frame, %d frames", column->window);
    else if (column->by)
        printf(" a frame, at most %d frames with one %s", column->max_length, column->by);
    if (column->ahead) printf(", %d line%s later", column->ahead, column->ahead == 1 ? "" : "s");
}

static void print_columns(const Info *info) {
    char count[RD_UNIT_TEXT];
    for (int c = 0; c < info->model->column_count; c++) {
        const RdColumn *column = &info->model->columns[c];
        if (column->kind == RD_PREVIOUS || column->kind == RD_CARRIED) continue;
        printf("%-10s  %s: ", column->target ? "target" : "input", column->name);
        if (column->kind == RD_TAGS)
            printf("tags over %s, ", info->model->columns[column->over].name);
        if (column->kind == RD_NUMBERS)
            print_numbers(column);
        else if (column->kind != RD_WORDS)
            print_values(info, c);
        else
            printf("%s, %s%d a %s; vocabulary %s%s", rd_token_units(column),
                   column->window ? "" : "at most ", column->max_length,
                   column->stream   ? "step of a stream"
                   : column->window ? "window"
                   : column->inner  ? "word"
                                    : "text",
                   info->path ? "" : "up to ", rd_count_text(count, (size_t)info->vocab[c]));
        putchar('\n');
    }
}

static void print_params(const Info *info) {
    char numbers[RD_UNIT_TEXT], bytes[RD_UNIT_TEXT];
    int width = 0;
    printf("%-10s  %s%s in %d tensors, %s\n", "parameters", info->path ? "" : "up to ",
           rd_count_text(numbers, info->layout.numbers), info->model->param_count,
           rd_bytes_text(bytes, info->layout.numbers * info->model->real_size));
    for (int i = 0; i < info->model->param_count; i++)
        if (rd_text_width(info->model->params[i].name) > width)
            width = rd_text_width(info->model->params[i].name);
    for (int i = 0; i < info->model->param_count; i++) {
        const RdParam *param = &info->model->params[i];
        printf("  %-*s  [", width, param->name);
        for (int d = 0; d < param->rank; d++)
            printf("%s%d", d ? ", " : "", rd_param_dim(param, d, info->vocab));
        puts("]");
    }
}

static void print_precision(const Info *info) {
    RdPrecision precision = info->model->precision;
    if (precision)
        printf("%-10s  of products: %s where it answers\n", "weights",
               rd_precision_name(precision));
}

static void print_memory(const Info *info) {
    int batch = info->model->training.batch;
    RdMemory one = memory_for(info, 1, false), some = memory_for(info, batch, false);
    RdMemory train = memory_for(info, batch, true);
    char text[3][RD_UNIT_TEXT];
    printf("%-10s  %s to predict one text, %s for batches of %d, %s to train with them\n", "memory",
           rd_bytes_text(text[0], rd_memory_total(&one)),
           rd_bytes_text(text[1], rd_memory_total(&some)), batch,
           rd_bytes_text(text[2], rd_memory_total(&train)));
}

static void print_settings(const Info *info) {
    const RdTraining *training = &info->model->training;
    json_t *json = entry(info, "settings");
    int epochs = training->epochs, batch = training->batch;
    double rate = training->rate;
    const char *seed = NULL, *optimizer = training->optimizer;
    json_unpack(json, "{s?i, s?i, s?F, s?s, s?s}", "epochs", &epochs, "batch", &batch, "rate",
                &rate, "seed", &seed, "optimizer", &optimizer);
    printf("%-10s  %s, rate %g, batch %d, %d epochs", "training", optimizer, rate, batch, epochs);
    if (training->clip_norm > 0) printf(", norm clipped at %g", training->clip_norm);
    if (training->clip_value > 0) printf(", values clipped at %g", training->clip_value);
    if (seed) printf(", seed %s", seed);
    putchar('\n');
    json_decref(json);
}

static void print_cell(const json_t *epoch, const char *key) {
    const json_t *value = json_object_get(epoch, key);
    int width = rd_text_width(key) < 5 ? 5 : rd_text_width(key);
    if (json_is_number(value))
        printf("  %*.3f", width, json_number_value(value));
    else
        printf("  %*s", width, "-");
}

static void print_history(const Info *info) {
    static const char *const fixed[] = {"loss", "valid_loss"};
    json_t *history = entry(info, "history"), *state = entry(info, "state"), *epoch;
    json_int_t best = json_integer_value(json_object_get(state, "best_epoch"));
    size_t i;
    if (json_array_size(history)) {
        printf("%-10s  epoch", "history");
        for (int k = 0; k < 2; k++) printf("  %5s", fixed[k]);
        for (int m = 0; m < info->model->metric_count; m++)
            if (json_object_get(json_array_get(history, 0), info->model->metrics[m]))
                printf("  %5s", info->model->metrics[m]);
        putchar('\n');
    }
    json_array_foreach(history, i, epoch) {
        printf("%-10s  %5zu", "", i + 1);
        for (int k = 0; k < 2; k++) print_cell(epoch, fixed[k]);
        for (int m = 0; m < info->model->metric_count; m++)
            if (json_object_get(json_array_get(history, 0), info->model->metrics[m]))
                print_cell(epoch, info->model->metrics[m]);
        puts((json_int_t)i + 1 == best ? "  (kept)" : "");
    }
    json_decref(history);
    json_decref(state);
}

static void print_text(const Info *info) {
    printf("%-10s  %s\n", "model", info->model->name);
    if (info->path) printf("%-10s  %s\n", "file", info->path);
    print_columns(info);
    print_params(info);
    print_precision(info);
    print_memory(info);
    print_settings(info);
    print_history(info);
}

/* ---- for programs ---- */

static json_t *values_json(const Info *info, int c) {
    const RdColumn *column = &info->model->columns[c];
    const RdVocab *vocab = &info->saved.vocab[c];
    json_t *list = json_array();
    for (int i = 0; i < (column->classes ? column->class_count : vocab->size); i++)
        json_array_append_new(list, json_string(rd_value_name(column, vocab, i)));
    return list;
}

static json_t *columns_json(const Info *info) {
    json_t *list = json_array();
    for (int c = 0; c < info->model->column_count; c++) {
        const RdColumn *column = &info->model->columns[c];
        if (column->kind == RD_PREVIOUS || column->kind == RD_CARRIED) continue;
        json_t *object = json_pack("{s:s, s:b, s:s}", "name", column->name, "target",
                                   column->target, "kind", rd_kind_name(column));
        if (column->kind == RD_WORDS) {
            json_object_set_new(object, "vocabulary", json_integer(info->vocab[c]));
            json_object_set_new(object, "max_length", json_integer(column->max_length));
        } else if (column->kind == RD_NUMBERS) {
            json_object_set_new(object, "numbers", json_integer(column->numbers));
            if (column->per_step)
                json_object_set_new(object, "max_length", json_integer(column->max_length));
        } else {
            json_object_set_new(object, "classes", values_json(info, c));
        }
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *tensors_json(const Info *info) {
    json_t *list = json_array();
    for (int i = 0; i < info->model->param_count; i++) {
        const RdParam *param = &info->model->params[i];
        json_t *shape = json_array();
        for (int d = 0; d < param->rank; d++)
            json_array_append_new(shape, json_integer(rd_param_dim(param, d, info->vocab)));
        json_array_append_new(list, json_pack("{s:s, s:o}", "name", param->name, "shape", shape));
    }
    return list;
}

static json_t *memory_json(const Info *info) {
    int batch = info->model->training.batch;
    RdMemory one = memory_for(info, 1, false), some = memory_for(info, batch, false);
    RdMemory train = memory_for(info, batch, true);
    return json_pack("{s:i, s:I, s:I, s:I}", "batch", batch, "predict_one",
                     (json_int_t)rd_memory_total(&one), "predict_batch",
                     (json_int_t)rd_memory_total(&some), "train_batch",
                     (json_int_t)rd_memory_total(&train));
}

static void print_json(const Info *info) {
    static const char *const entries[] = {"settings", "state", "history"};
    json_t *json = json_pack("{s:s, s:I, s:o, s:o, s:o}", "model", info->model->name, "parameters",
                             (json_int_t)info->layout.numbers, "columns", columns_json(info),
                             "tensors", tensors_json(info), "bytes", memory_json(info));
    if (info->model->precision)
        json_object_set_new(json, "weights",
                            json_string(rd_precision_name(info->model->precision)));
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        json_t *value = entry(info, entries[i]);
        if (value) json_object_set_new(json, entries[i], value);
    }
    json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(RD_JSON_DOUBLE));
    putchar('\n');
    json_decref(json);
}

int rd_cmd_info(const RdProgram *program, const RdOptions *options) {
    RdError error;
    Info info = {.model = program->model, .path = options->model};
    bool done = gather(&info, options, &error);
    if (done) (options->json ? print_json : print_text)(&info);
    release(&info);
    return done ? RD_EXIT_OK : rd_report(&error);
}
