/* Writing a model file. */
#include "model_file.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "model_keys.h"
#include "safetensors.h"

/* The tensor that the states of column c are, of so many streams. */
static RdTensor state_tensor(const RdModel *model, int c, int streams) {
    size_t rows = (size_t)streams, columns = (size_t)model->columns[c].numbers;
    return (RdTensor){.rank = 2, .dims = {rows, columns}, .count = rows * columns};
}

/* [{"name", "kind", "target", "classes"}, …] */
static void put_columns(RdJson *json, const RdModel *model) {
    rd_json_put(json, "[");
    for (int c = 0; c < model->column_count; c++) {
        const RdColumn *column = &model->columns[c];
        rd_json_put(json, c ? ",{\"name\":" : "{\"name\":");
        rd_json_string(json, column->name);
        rd_json_put(json, ",\"kind\":");
        rd_json_string(json, rd_kind_name(column));
        rd_json_put(json, column->target ? ",\"target\":true" : ",\"target\":false");
        rd_json_put(json, ",\"classes\":[");
        for (int i = 0; column->classes && i < column->class_count; i++) {
            if (i > 0) rd_json_put(json, ",");
            rd_json_string(json, column->classes[i]);
        }
        rd_json_put(json, "]}");
    }
    rd_json_put(json, "]");
}

/* The beginning of a text of the metadata behind others; rd_json_close ends it. */
static void open_text(RdJson *json, const char *before, const char *key) {
    rd_json_put(json, ",");
    rd_json_open(json);
    rd_json_put(json, before);
    rd_json_put(json, key);
    rd_json_close(json);
    rd_json_put(json, ":");
    rd_json_open(json);
}

static void put_text(RdJson *json, const char *before, const char *key, const char *text) {
    open_text(json, before, key);
    rd_json_put(json, text);
    rd_json_close(json);
}

/* What makes the tokens of a byte-pair encoding; its vocabulary follows from that. */
static void put_merges(RdJson *json, const RdColumn *column, const RdBpe *bpe) {
    open_text(json, RD_MERGES_KEY, column->name);
    for (int i = 0; i < bpe->merges; i++) {
        if (i > 0) rd_json_put(json, "\n");
        rd_json_put(json, bpe->name[bpe->left[i]]);
        rd_json_put(json, " ");
        rd_json_put(json, bpe->name[bpe->right[i]]);
    }
    rd_json_close(json);
}

/* A line each: a word has no white space in it. A character may be a line's end. */
static void put_words(RdJson *json, const RdColumn *column, const RdVocab *vocab) {
    open_text(json, RD_WORDS_KEY, column->name);
    for (int i = 0; i < vocab->size; i++) {
        const char *word = vocab->word[i];
        if (column->tokens == RD_BY_CHARS && strcmp(word, "\n") == 0) word = "\\n";
        if (i > 0) rd_json_put(json, "\n");
        rd_json_put(json, word);
    }
    rd_json_close(json);
}

static void put_numbers(RdJson *json, const char *before, const double *values, int count) {
    char number[32];
    rd_json_put(json, before);
    for (int i = 0; i < count; i++) {
        snprintf(number, sizeof number, "%s%.17g", i ? "," : "", values[i]);
        rd_json_put(json, number);
    }
    rd_json_put(json, "]");
}

/* {"mean": […], "deviation": […]} */
static void put_scale(RdJson *json, const RdColumn *column, const RdVocab *vocab) {
    open_text(json, RD_SCALE_KEY, column->name);
    put_numbers(json, "{\"mean\":[", vocab->mean, vocab->numbers);
    put_numbers(json, ",\"deviation\":[", vocab->deviation, vocab->numbers);
    rd_json_put(json, "}");
    rd_json_close(json);
}

/* What was learned from the data about a column. */
static void put_column(RdJson *json, const RdColumn *column, const RdVocab *vocab) {
    if (rd_column_learned(column) && column->tokens == RD_BY_BPE)
        put_merges(json, column, vocab->bpe);
    else if (rd_column_learned(column))
        put_words(json, column, vocab);
    if (column->kind == RD_NUMBERS && !column->as_is) put_scale(json, column, vocab);
}

static void put_metadata(RdJson *json, const RdModel *model, const RdSaved *saved) {
    rd_json_put(json, "{");
    rd_json_string(json, RD_FORMAT_KEY);
    rd_json_put(json, ":");
    rd_json_string(json, RD_FORMAT);
    put_text(json, RD_MODEL_KEY, "", model->name);
    open_text(json, RD_COLUMNS_KEY, "");
    put_columns(json, model);
    rd_json_close(json);
    for (int c = 0; c < model->column_count; c++)
        put_column(json, &model->columns[c], &saved->vocab[c]);
    for (int i = 0; i < saved->entry_count; i++)
        put_text(json, RD_KEY, saved->entry[i].key, saved->entry[i].value);
    rd_json_put(json, "}");
}

typedef struct {
    const RdModel *model;
    const RdSaved *saved;
} Saving;

static void put_header(RdJson *json, const void *context) {
    const Saving *s = context;
    size_t begin = 0;
    rd_json_put(json, "{\"__metadata__\":");
    put_metadata(json, s->model, s->saved);
    for (int i = 0; i < RD_STRETCHES; i++)
        for (int p = 0; s->saved->stretch[i] && p < s->model->param_count; p++) {
            if (!rd_is_in_stretch(s->model, i, p)) continue;
            RdTensor tensor = rd_expected_tensor(s->model, s->saved, p);
            tensor.begin = begin;
            begin += tensor.count * sizeof(float);
            rd_tensor_put(json, rd_prefix_of(s->model, i).text, s->model->params[p].name, &tensor);
        }
    for (int c = 0; c < s->model->column_count; c++) {
        if (!s->saved->state[c]) continue;
        RdTensor tensor = state_tensor(s->model, c, s->saved->streams);
        tensor.begin = begin;
        begin += tensor.count * sizeof(float);
        rd_tensor_put(json, RD_STATE_PREFIX, s->model->columns[c].name, &tensor);
    }
    rd_json_put(json, "}");
}

static bool write_tensors(RdAtomicFile *file, const RdModel *model, const RdLayout *layout,
                          const RdSaved *saved, RdError *error) {
    bool good = true;
    for (int s = 0; s < RD_STRETCHES; s++)
        for (int p = 0; good && saved->stretch[s] && p < layout->param_count; p++)
            good = !rd_is_in_stretch(model, s, p) ||
                   rd_atomic_write(file, saved->stretch[s] + layout->start[p],
                                   layout->size[p] * sizeof(float), error);
    for (int c = 0; good && c < model->column_count; c++) {
        size_t count = state_tensor(model, c, saved->streams).count;
        if (saved->state[c])
            good = rd_atomic_write(file, saved->state[c], count * sizeof(float), error);
    }
    return good;
}

static bool is_utf8(const char *text) {
    size_t length = strlen(text);
    return rd_utf8_valid(text, length) == length;
}

static bool check_entries(const RdSaved *saved) {
    bool good = true;
    for (int i = 0; good && i < saved->entry_count; i++) {
        const RdEntry *entry = &saved->entry[i];
        good = !rd_is_own_key(entry->key) && is_utf8(entry->key) && is_utf8(entry->value);
    }
    return good;
}

bool rd_model_save(RdAtomicFile *file, const RdModel *model, const RdLayout *layout,
                   const RdSaved *saved, RdError *error) {
    if (!check_entries(saved))
        return rd_fail(error, "%s: cannot write: an entry is not UTF-8 or has a key of the file's",
                       file->path);
    if (!rd_atomic_begin(file, error)) return false;
    bool good = rd_safetensors_begin(file, put_header, &(Saving){model, saved}, error) &&
                write_tensors(file, model, layout, saved, error);
    return rd_atomic_end(file, good, error);
}

bool rd_model_can_save(const char *path, RdError *error) {
    RdAtomicFile file = rd_atomic_open(path);
    bool can = rd_atomic_possible(&file, error);
    rd_atomic_close(&file);
    return can;
}
