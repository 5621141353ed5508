#include "model_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "safetensors.h"
#include "tokens.h"

static const char latest_prefix[] = "latest.", optimizer_prefix[] = "optimizer.",
                  state_prefix[] = "state.";

/* The metadata's keys. Those of entries have `own` before them, of vocabularies `words_key`. */
static const char own[] = "rondo.", format_key[] = "rondo.format", model_key[] = "rondo.model",
                  columns_key[] = "rondo.columns", words_key[] = "rondo.words.",
                  merges_key[] = "rondo.merges.", scale_key[] = "rondo.scale.", format[] = "1";

/* Whether the file itself uses a key that an entry would have. */
static bool is_reserved(const char *key) {
    return strcmp(key, "format") == 0 || strcmp(key, "model") == 0 || strcmp(key, "columns") == 0 ||
           strncmp(key, "words.", 6) == 0 || strncmp(key, "merges.", 7) == 0 ||
           strncmp(key, "scale.", 6) == 0;
}

const char *rd_kind_name(const RdColumn *column) {
    if (column->kind == RD_CLASS) return "class";
    if (column->kind == RD_NUMBERS) return column->per_step ? "frames" : "real";
    if (column->kind == RD_TAGS) return "tags";
    if (column->kind == RD_PREVIOUS) return "previous";
    if (column->kind == RD_CARRIED) return "carried";
    return rd_tokens_name(column);
}

static char *join(const char *a, const char *b) {
    size_t n = strlen(a), room = n + strlen(b) + 1;
    char *text = rd_zeros(room, 1);
    memcpy(text, a, n);
    memcpy(text + n, b, room - n);
    return text;
}

/* What stands before a parameter's name in a stretch; "" for the weights. */
typedef struct {
    char text[64];
} Prefix;

static Prefix prefix_of(const RdModel *model, int stretch) {
    Prefix prefix = {""};
    const char *slot = stretch >= RD_SLOT ? model->training.slot[stretch - RD_SLOT] : NULL;
    if (stretch == RD_LATEST) strcpy(prefix.text, latest_prefix);
    if (slot) snprintf(prefix.text, sizeof prefix.text, "%s%s.", optimizer_prefix, slot);
    return prefix;
}

/* The optimizer keeps nothing of frozen parameters. */
static bool is_in(const RdModel *model, int stretch, int param) {
    return stretch < RD_SLOT ||
           (model->training.slot[stretch - RD_SLOT] && !model->params[param].frozen);
}

/* ---- what is saved ---- */

void rd_saved_set(RdSaved *saved, const char *key, const char *value) {
    for (int i = 0; i < saved->entry_count; i++) {
        if (strcmp(saved->entry[i].key, key) != 0) continue;
        free((void *)saved->entry[i].value);
        saved->entry[i].value = rd_copy(value);
        return;
    }
    size_t room = (size_t)saved->entry_count;
    saved->entry = rd_grow(saved->entry, &room, room + 1, sizeof *saved->entry);
    saved->entry[saved->entry_count++] = (RdEntry){rd_copy(key), rd_copy(value)};
}

const char *rd_saved_get(const RdSaved *saved, const char *key) {
    for (int i = 0; i < saved->entry_count; i++)
        if (strcmp(saved->entry[i].key, key) == 0) return saved->entry[i].value;
    return NULL;
}

void rd_saved_free(RdSaved *saved) {
    for (int c = 0; c < RD_MAX_COLUMNS; c++) rd_vocab_free(&saved->vocab[c]);
    for (int s = 0; s < RD_STRETCHES; s++) free(saved->stretch[s]);
    for (int c = 0; c < RD_MAX_COLUMNS; c++) free(saved->state[c]);
    for (int i = 0; i < saved->entry_count; i++) {
        free((void *)saved->entry[i].key);
        free((void *)saved->entry[i].value);
    }
    free(saved->entry);
    *saved = (RdSaved){0};
}

void rd_saved_vocab_sizes(const RdSaved *saved, int *sizes) {
    for (int c = 0; c < RD_MAX_COLUMNS; c++) sizes[c] = saved->vocab[c].size;
}

static RdLayout saved_layout(const RdModel *model, const RdSaved *saved) {
    int sizes[RD_MAX_COLUMNS];
    rd_saved_vocab_sizes(saved, sizes);
    return rd_layout(model, sizes);
}

RdTensor rd_expected_tensor(const RdModel *model, const RdSaved *saved, int p) {
    int sizes[RD_MAX_COLUMNS];
    rd_saved_vocab_sizes(saved, sizes);
    RdTensor tensor = {.rank = model->params[p].rank, .count = 1};
    for (int d = 0; d < tensor.rank; d++) {
        tensor.dims[d] = (size_t)rd_param_dim(&model->params[p], d, sizes);
        tensor.count *= tensor.dims[d];
    }
    return tensor;
}

/* The tensor that the states of column c are, of so many streams. */
static RdTensor state_tensor(const RdModel *model, int c, int streams) {
    size_t rows = (size_t)streams, columns = (size_t)model->columns[c].numbers;
    return (RdTensor){.rank = 2, .dims = {rows, columns}, .count = rows * columns};
}

/* ---- saving ---- */

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
    open_text(json, merges_key, column->name);
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
    open_text(json, words_key, column->name);
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
    open_text(json, scale_key, column->name);
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
    rd_json_string(json, format_key);
    rd_json_put(json, ":");
    rd_json_string(json, format);
    put_text(json, model_key, "", model->name);
    open_text(json, columns_key, "");
    put_columns(json, model);
    rd_json_close(json);
    for (int c = 0; c < model->column_count; c++)
        put_column(json, &model->columns[c], &saved->vocab[c]);
    for (int i = 0; i < saved->entry_count; i++)
        put_text(json, own, saved->entry[i].key, saved->entry[i].value);
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
            if (!is_in(s->model, i, p)) continue;
            RdTensor tensor = rd_expected_tensor(s->model, s->saved, p);
            tensor.begin = begin;
            begin += tensor.count * sizeof(float);
            rd_tensor_put(json, prefix_of(s->model, i).text, s->model->params[p].name, &tensor);
        }
    for (int c = 0; c < s->model->column_count; c++) {
        if (!s->saved->state[c]) continue;
        RdTensor tensor = state_tensor(s->model, c, s->saved->streams);
        tensor.begin = begin;
        begin += tensor.count * sizeof(float);
        rd_tensor_put(json, state_prefix, s->model->columns[c].name, &tensor);
    }
    rd_json_put(json, "}");
}

static bool write_tensors(RdAtomicFile *file, const RdModel *model, const RdLayout *layout,
                          const RdSaved *saved, RdError *error) {
    bool good = true;
    for (int s = 0; s < RD_STRETCHES; s++)
        for (int p = 0; good && saved->stretch[s] && p < layout->param_count; p++)
            good =
                !is_in(model, s, p) || rd_atomic_write(file, saved->stretch[s] + layout->start[p],
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
        good = !is_reserved(entry->key) && is_utf8(entry->key) && is_utf8(entry->value);
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

/* ---- loading ---- */

typedef struct {
    RdSafetensors file;
    const RdModel *model;
    RdSaved *saved;
    RdError *error;
} Loading;

static bool check_format(Loading *l) {
    const char *version = rd_safetensors_text(&l->file, format_key);
    if (!version)
        return rd_fail(l->error,
                       "%s: has no vocabulary and settings; expected a model file that 'train'"
                       " wrote",
                       l->file.path);
    if (strcmp(version, format) == 0) return true;
    return rd_fail(l->error, "%s: has the format '%s'; this program reads '%s'", l->file.path,
                   version, format);
}

/* Says what differs; the file's model is named when its name differs too. */
static bool other_model(Loading *l, const char *what) {
    const char *name = rd_safetensors_text(&l->file, model_key);
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
    const char *text = column_text(l, merges_key, c);
    if (!text) return rd_fail(l->error, "%s: lacks the merges of '%s'", l->file.path, column->name);
    bool read = rd_bpe_from_text(text, &bpe, &what);
    rd_vocab_from_bpe(bpe, column->marked, &l->saved->vocab[c]);
    if (read) return true;
    return rd_fail(l->error, "%s: column '%s': %s", l->file.path, column->name, what.text);
}

static bool load_words(Loading *l, int c) {
    RdError what;
    const char *name = l->model->columns[c].name;
    const char *text = column_text(l, words_key, c);
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
    char *key = join(scale_key, column->name);
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
    const char *text = rd_safetensors_text(&l->file, columns_key);
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
        size_t n = strlen(own);
        if (strncmp(key, own, n) == 0 && !is_reserved(key + n))
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
        char *name = join(state_prefix, l->model->columns[c].name);
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
        if (!is_in(l->model, s, p)) continue;
        char *name = join(prefix_of(l->model, s).text, l->model->params[p].name);
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
        if (!is_in(l->model, s, p)) continue;
        char *name = join(prefix_of(l->model, s).text, l->model->params[p].name);
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
    size_t n = strlen(state_prefix);
    for (int c = 0; c < l->model->column_count && strncmp(name, state_prefix, n) == 0; c++)
        if (l->model->columns[c].kind == RD_CARRIED && !strcmp(name + n, l->model->columns[c].name))
            return true;
    n = strlen(latest_prefix);
    if (strncmp(name, latest_prefix, n) == 0) return is_param(l->model, name + n);
    n = strlen(optimizer_prefix);
    if (strncmp(name, optimizer_prefix, n) != 0) return false;
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
