/* Reading a model file, and telling what is wrong with it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "model_keys.h"
#include "safetensors.h"
#include "tokens.h"

static char *join(const char *a, const char *b) {
    size_t n = strlen(a), room = n + strlen(b) + 1;
    char *text = rd_zeros(room, 1);
    memcpy(text, a, n);
    memcpy(text + n, b, room - n);
    return text;
}

static RdLayout saved_layout(const RdModel *model, const RdSaved *saved) {
    int sizes[RD_MAX_COLUMNS];
    rd_saved_vocab_sizes(saved, sizes);
    return rd_layout(model, sizes);
}

typedef struct {
    RdSafetensors file;
    const RdModel *model;
    RdSaved *saved;
    RdError *error;
} Loading;

static bool check_format(Loading *l) {
    const char *version = rd_safetensors_text(&l->file, RD_FORMAT_KEY);
    if (!version)
        return rd_fail(l->error,
                       "%s: has no vocabulary and settings; expected a model file that 'train'"
                       " wrote",
                       l->file.path);
    if (strcmp(version, RD_FORMAT) == 0) return true;
    return rd_fail(l->error, "%s: has the format '%s'; this program reads '%s'", l->file.path,
                   version, RD_FORMAT);
}

/* Says what differs; the file's model is named when its name differs too. */
static bool other_model(Loading *l, const char *what) {
    const char *name = rd_safetensors_text(&l->file, RD_MODEL_KEY);
    if (name && strcmp(name, l->model->name) != 0)
        return rd_fail(l->error, "%s: is of the model '%s', this program is '%s': %s", l->file.path,
                       name, l->model->name, what);
    return rd_fail(l->error, "%s: does not fit this program: %s", l->file.path, what);
}

static bool check_classes(Loading *l, const RdColumn *column, const json_t *classes) {
    RdError what;
    size_t count = json_array_size(classes);
    bool same = json_is_array(classes) && count == (size_t)column->class_count;
    for (size_t i = 0; same && i < count; i++) {
        const char *name = json_string_value(json_array_get(classes, i));
        same = name && strcmp(name, column->classes[i]) == 0;
    }
    if (same) return true;
    char found[160] = "none", expected[160];
    const char *names[8];
    size_t shown = 0;
    for (; shown < count && shown < 8; shown++) {
        const char *name = json_string_value(json_array_get(classes, shown));
        names[shown] = name ? name : "?";
    }
    if (shown > 0) rd_list(found, sizeof found, names, (int)shown);
    rd_list(expected, sizeof expected, column->classes, column->class_count);
    rd_fail(&what, "the classes of '%s' are %s (%zu); expected %s (%d)", column->name, found, count,
            expected, column->class_count);
    return other_model(l, what.text);
}

/* The text of a column under a key, or NULL. */
static const char *column_text(Loading *l, const char *before, int c) {
    char *key = join(before, l->model->columns[c].name);
    const char *text = rd_safetensors_text(&l->file, key);
    free(key);
    return text;
}

static bool load_merges(Loading *l, int c) {
    RdError what;
    RdBpe *bpe;
    const RdColumn *column = &l->model->columns[c];
    const char *text = column_text(l, RD_MERGES_KEY, c);
    if (!text) return rd_fail(l->error, "%s: lacks the merges of '%s'", l->file.path, column->name);
    bool read = rd_bpe_from_text(text, &bpe, &what);
    rd_vocab_from_bpe(bpe, column->marked, &l->saved->vocab[c]);
    if (read) return true;
    return rd_fail(l->error, "%s: column '%s': %s", l->file.path, column->name, what.text);
}

static bool load_words(Loading *l, int c) {
    RdError what;
    const char *name = l->model->columns[c].name;
    const char *text = column_text(l, RD_WORDS_KEY, c);
    if (!text) return rd_fail(l->error, "%s: lacks the vocabulary of '%s'", l->file.path, name);
    bool (*read)(const char *, RdVocab *, RdError *) =
        l->model->columns[c].tokens == RD_BY_CHARS ? rd_vocab_from_chars : rd_vocab_from_text;
    bool marked = l->model->columns[c].marked;
    if (read(text, &l->saved->vocab[c], &what) &&
        (!marked || rd_vocab_check_mark(&l->saved->vocab[c], &what)))
        return true;
    return rd_fail(l->error, "%s: column '%s': %s", l->file.path, name, what.text);
}

/* A file of a model with more room can have more tags. */
static bool check_tags(Loading *l, int c) {
    const RdColumn *column = &l->model->columns[c];
    int size = l->saved->vocab[c].size;
    RdError what;
    if (column->kind != RD_TAGS || size <= column->class_count) return true;
    rd_fail(&what, "it has %d tags in '%s'; this program has room for %d", size, column->name,
            column->class_count);
    return other_model(l, what.text);
}

/* `count` finite numbers, all above `above`. */
static bool read_numbers(const json_t *list, int count, double above, double *to) {
    if (json_array_size(list) != (size_t)count) return false;
    for (int i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, (size_t)i);
        to[i] = json_number_value(value);
        if (!json_is_number(value) || !isfinite(to[i]) || !(to[i] > above)) return false;
    }
    return true;
}

static bool load_scale(Loading *l, int c) {
    const RdColumn *column = &l->model->columns[c];
    RdVocab *vocab = &l->saved->vocab[c];
    char *key = join(RD_SCALE_KEY, column->name);
    const char *text = rd_safetensors_text(&l->file, key);
    json_t *json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    vocab->numbers = column->numbers;
    vocab->mean = rd_zeros((size_t)column->numbers, sizeof *vocab->mean);
    vocab->deviation = rd_zeros((size_t)column->numbers, sizeof *vocab->deviation);
    bool good =
        read_numbers(json_object_get(json, "mean"), column->numbers, -INFINITY, vocab->mean) &&
        read_numbers(json_object_get(json, "deviation"), column->numbers, 0, vocab->deviation);
    json_decref(json);
    free(key);
    if (good) return true;
    return rd_fail(l->error,
                   "%s: lacks the mean and deviation of '%s', or has others than %d numbers",
                   l->file.path, column->name, column->numbers);
}

static bool load_column(Loading *l, int c, const json_t *json) {
    const RdColumn *column = &l->model->columns[c];
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *kind = json_string_value(json_object_get(json, "kind"));
    const char *expected = rd_kind_name(column);
    bool target = json_is_true(json_object_get(json, "target"));
    RdError what;
    if (!name || !kind) return rd_fail(l->error, "%s: its columns are damaged", l->file.path);
    if (strcmp(name, column->name) != 0 || strcmp(kind, expected) != 0 ||
        target != column->target) {
        rd_fail(&what, "column %d is the %s '%s' of %s; expected the %s '%s' of %s", c + 1,
                target ? "target" : "input", name, kind, column->target ? "target" : "input",
                column->name, expected);
        return other_model(l, what.text);
    }
    if (column->kind == RD_NUMBERS) return column->as_is || load_scale(l, c);
    if (!rd_column_learned(column))
        return check_classes(l, column, json_object_get(json, "classes"));
    if (column->tokens == RD_BY_BPE) return load_merges(l, c);
    return load_words(l, c) && check_tags(l, c);
}

static bool load_columns(Loading *l) {
    const char *text = rd_safetensors_text(&l->file, RD_COLUMNS_KEY);
    json_t *columns = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    RdError what;
    bool good = json_is_array(columns);
    if (!good) rd_fail(l->error, "%s: its columns are damaged", l->file.path);
    if (good && json_array_size(columns) != (size_t)l->model->column_count) {
        rd_fail(&what, "it has %zu columns; expected %d", json_array_size(columns),
                l->model->column_count);
        good = other_model(l, what.text);
    }
    for (int c = 0; good && c < l->model->column_count; c++)
        good = load_column(l, c, json_array_get(columns, (size_t)c));
    json_decref(columns);
    return good;
}

static void load_entries(Loading *l) {
    const char *key;
    json_t *value, *texts = json_object_get(l->file.header, "__metadata__");
    json_object_foreach(texts, key, value) {
        size_t n = strlen(RD_KEY);
        if (strncmp(key, RD_KEY, n) == 0 && !rd_is_own_key(key + n))
            rd_saved_set(l->saved, key + n, json_string_value(value));
    }
}

static bool check_tensor(Loading *l, const char *name, int p, RdTensor *tensor) {
    RdTensor expected = rd_expected_tensor(l->model, l->saved, p);
    RdShapeText wanted = rd_shape_text(&expected);
    RdError what;
    if (!rd_safetensors_find(&l->file, name, tensor)) {
        rd_fail(&what, "it has no tensor '%s' %s", name, wanted.text);
        return other_model(l, what.text);
    }
    bool same = tensor->rank == expected.rank &&
                memcmp(tensor->dims, expected.dims, sizeof expected.dims) == 0;
    if (same) return true;
    rd_fail(&what, "its tensor '%s' is %s; expected %s", name, rd_shape_text(tensor).text,
            wanted.text);
    return other_model(l, what.text);
}

static bool load_tensor(Loading *l, const char *name, int p, float *to) {
    RdTensor tensor;
    if (!check_tensor(l, name, p, &tensor)) return false;
    return !to || rd_safetensors_read(&l->file, &tensor, to, l->error);
}

/* The states of an epoch under way, where the file has them. */
static bool load_states(Loading *l, bool wanted) {
    bool good = true;
    for (int c = 0; good && c < l->model->column_count; c++) {
        RdTensor tensor;
        if (l->model->columns[c].kind != RD_CARRIED) continue;
        char *name = join(RD_STATE_PREFIX, l->model->columns[c].name);
        if (rd_safetensors_find(&l->file, name, &tensor)) {
            good = tensor.rank == 2 && tensor.dims[1] == (size_t)l->model->columns[c].numbers &&
                   tensor.dims[0] <= INT32_MAX &&
                   (!l->saved->streams || tensor.dims[0] == (size_t)l->saved->streams);
            if (!good)
                rd_fail(l->error, "%s: its tensor '%s' has another shape than a state",
                        l->file.path, name);
            else if (wanted)
                l->saved->streams = (int)tensor.dims[0];
            if (good && wanted) l->saved->state[c] = rd_zeros(tensor.count, sizeof(float));
            if (good && wanted)
                good = rd_safetensors_read(&l->file, &tensor, l->saved->state[c], l->error);
        }
        free(name);
    }
    return good;
}

/* Whether the file has any tensor of a stretch: then it must have all. */
static bool has_stretch(const Loading *l, int s) {
    bool found = s == RD_WEIGHTS;
    for (int p = 0; !found && p < l->model->param_count; p++) {
        if (!rd_is_in_stretch(l->model, s, p)) continue;
        char *name = join(rd_prefix_of(l->model, s).text, l->model->params[p].name);
        found = json_object_get(l->file.header, name) != NULL;
        free(name);
    }
    return found;
}

/* Checks a stretch and reads it unless it is not wanted. */
static bool load_stretch(Loading *l, int s, const RdLayout *layout, bool wanted) {
    bool good = true;
    float *to = NULL;
    if (wanted) to = l->saved->stretch[s] = rd_layout_zeros(layout, l->model);
    for (int p = 0; good && p < l->model->param_count; p++) {
        if (!rd_is_in_stretch(l->model, s, p)) continue;
        char *name = join(rd_prefix_of(l->model, s).text, l->model->params[p].name);
        good = load_tensor(l, name, p, to ? to + layout->start[p] : NULL);
        free(name);
    }
    return good;
}

static bool is_param(const RdModel *model, const char *name) {
    for (int p = 0; p < model->param_count; p++)
        if (strcmp(name, model->params[p].name) == 0) return true;
    return false;
}

/* Of any optimizer: a program that was made for another one can still answer. */
static bool is_expected(const Loading *l, const char *name) {
    if (strcmp(name, "__metadata__") == 0 || is_param(l->model, name)) return true;
    size_t n = strlen(RD_STATE_PREFIX);
    for (int c = 0; c < l->model->column_count && strncmp(name, RD_STATE_PREFIX, n) == 0; c++)
        if (l->model->columns[c].kind == RD_CARRIED && !strcmp(name + n, l->model->columns[c].name))
            return true;
    n = strlen(RD_LATEST_PREFIX);
    if (strncmp(name, RD_LATEST_PREFIX, n) == 0) return is_param(l->model, name + n);
    n = strlen(RD_OPTIMIZER_PREFIX);
    if (strncmp(name, RD_OPTIMIZER_PREFIX, n) != 0) return false;
    const char *behind = strchr(name + n, '.');
    return behind && is_param(l->model, behind + 1);
}

static bool check_no_more(Loading *l) {
    const char *name;
    json_t *json;
    RdError what;
    json_object_foreach(l->file.header, name, json) {
        if (is_expected(l, name)) continue;
        rd_fail(&what, "it has a tensor '%s' that the program does not", name);
        return other_model(l, what.text);
    }
    return true;
}

static bool load_tensors(Loading *l, bool for_training) {
    /* All shapes are checked before memory is asked for: the file then has as many numbers. */
    RdLayout layout = saved_layout(l->model, l->saved);
    bool good = true;
    for (int s = 0; good && s < RD_STRETCHES; s++)
        if (has_stretch(l, s)) good = load_stretch(l, s, &layout, false);
    good = good && check_no_more(l);
    for (int s = 0; good && s < RD_STRETCHES; s++)
        if (has_stretch(l, s) && (for_training || s == RD_WEIGHTS))
            good = load_stretch(l, s, &layout, true);
    good = good && load_states(l, false) && (!for_training || load_states(l, true));
    rd_layout_free(&layout);
    return good;
}

bool rd_model_load(const char *path, const RdModel *model, bool for_training, RdSaved *saved,
                   RdError *error) {
    *saved = (RdSaved){0};
    Loading l = {.model = model, .saved = saved, .error = error};
    bool good = rd_safetensors_open(&l.file, path, error) && check_format(&l) && load_columns(&l) &&
                load_tensors(&l, for_training);
    if (good) load_entries(&l);
    rd_safetensors_close(&l.file);
    return good;
}
