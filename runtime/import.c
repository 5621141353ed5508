#include "import.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "layout.h"
#include "reader.h"
#include "safetensors.h"
#include "tokens.h"

static const char unknown[] = "<unk>";

/* ---- columns ---- */

/* Whether the words of a column have to be told. */
static bool needs_words(const RdColumn *column) {
    return rd_column_learned(column) && !(column->kind == RD_WORDS && rd_tokens_are_bytes(column));
}

/* The names of the columns whose words have to be told, as a list. */
static int list_columns(const RdModel *model, char *list, int size) {
    enum { LISTED = 8 };
    const char *names[LISTED] = {""};
    int count = 0;
    for (int c = 0; c < model->column_count; c++)
        if (needs_words(&model->columns[c])) {
            if (count < LISTED) names[count] = model->columns[c].name;
            count++;
        }
    rd_list(list, size, names, count < LISTED ? count : LISTED);
    return count;
}

/* The column that "COLUMN=FILE" or "FILE" is for; -1 after an error. */
static int find_column(const char *given, const RdModel *model, const char **path, RdError *error) {
    char list[256];
    const char *sign = strchr(given, '=');
    size_t length = sign ? (size_t)(sign - given) : 0;
    int count = list_columns(model, list, sizeof list), only = -1;
    for (int c = 0; c < model->column_count; c++) {
        if (!needs_words(&model->columns[c])) continue;
        const char *name = model->columns[c].name;
        only = c;
        *path = sign ? sign + 1 : given;
        if (sign && strlen(name) == length && strncmp(name, given, length) == 0) return c;
    }
    *path = given;
    if (count == 1) return only;
    rd_fail(error,
            count ? "--vocab %s: write --vocab COLUMN=FILE; the columns are %s"
                  : "--vocab %s: the model has no vocabulary%s",
            given, count ? list : "");
    return -1;
}

/* A text that grows. */
typedef struct {
    char *bytes;
    size_t length, room;
} Lines;

static void add_line(Lines *lines, const char *word) {
    size_t length = strlen(word), more = lines->length > 0;
    lines->bytes = rd_grow(lines->bytes, &lines->room, lines->length + length + 2, 1);
    if (more) lines->bytes[lines->length] = '\n';
    memcpy(lines->bytes + lines->length + more, word, length + 1);
    lines->length += length + more;
}

/* All lines but "<unk>", behind it; *unknown_line is which line that was, from 0, or -1. */
static bool read_lines(RdReader *reader, Lines *lines, int *count, int *unknown_line,
                       RdError *error) {
    RdRecord record;
    RdReadStatus status;
    *count = 0;
    *unknown_line = -1;
    add_line(lines, unknown);
    while ((status = rd_reader_next(reader, &record, error)) == RD_RECORD) {
        const char *word = record.field[0];
        if (!*word)
            return rd_fail(error, "%s:%d: an empty line; expected a word", rd_reader_name(reader),
                           record.line);
        if (strcmp(word, unknown) == 0 && *unknown_line < 0)
            *unknown_line = *count;
        else
            add_line(lines, word);
        ++*count;
    }
    return status == RD_END;
}

static bool check_room(const RdColumn *column, const char *path, int count, RdError *error) {
    int room = column->kind == RD_TAGS ? column->class_count : column->max_vocab;
    if (!room || count <= room) return true;
    return rd_fail(error, "%s: has %d lines; '%s' has room for %d: %s = %d", path, count,
                   column->name, room, column->kind == RD_TAGS ? "max_tags" : "max_vocab", count);
}

static bool read_vocab(const char *path, const RdColumn *column, RdVocab *vocab, int *moved,
                       RdError *error) {
    RdReader *reader = rd_reader_open(path, RD_FORMAT_LINES, RD_FORMAT_LINES, error);
    if (!reader) return false;
    Lines lines = {0};
    RdError what;
    int count;
    bool good = read_lines(reader, &lines, &count, moved, error);
    if (good && *moved < 0)
        good = rd_fail(error, "%s: has no line '%s', which stands for every other word", path,
                       unknown);
    good = good && check_room(column, path, count, error);
    if (good) {
        bool chars = column->kind == RD_WORDS && column->tokens == RD_BY_CHARS;
        good = (chars ? rd_vocab_from_chars : rd_vocab_from_text)(lines.bytes, vocab, &what) &&
               (!column->marked || rd_vocab_check_mark(vocab, &what));
        if (!good) rd_fail(error, "%s: %s", path, what.text);
    }
    free(lines.bytes);
    rd_reader_close(reader);
    return good;
}

/* Numbers as they stand. */
static void leave_scale(const RdColumn *column, RdVocab *vocab) {
    vocab->numbers = column->numbers;
    vocab->mean = rd_zeros((size_t)column->numbers, sizeof *vocab->mean);
    vocab->deviation = rd_zeros((size_t)column->numbers, sizeof *vocab->deviation);
    for (int k = 0; k < column->numbers; k++) vocab->deviation[k] = 1;
}

static bool complete_column(const RdModel *model, int c, RdSaved *saved, RdError *error) {
    const RdColumn *column = &model->columns[c];
    RdVocab *vocab = &saved->vocab[c];
    if (column->kind == RD_NUMBERS && !column->as_is) leave_scale(column, vocab);
    if (!rd_column_learned(column) || vocab->size) return true;
    if (column->kind == RD_WORDS && column->tokens == RD_BY_BPE)
        return rd_fail(error, "the tokens of '%s' are learned in training; they cannot be imported",
                       column->name);
    if (!needs_words(column)) return rd_vocab_learn(&(RdData){0}, model, c, vocab, error);
    char list[256];
    bool several = list_columns(model, list, sizeof list) > 1;
    return rd_fail(error,
                   "which word is which row? --vocab %s%sFILE lists those of '%s', one a line",
                   several ? column->name : "", several ? "=" : "", column->name);
}

bool rd_import_columns(char *const *given, int count, const RdModel *model, RdSaved *saved,
                       int *moved, RdError *error) {
    for (int c = 0; c < model->column_count; c++) moved[c] = 0;
    for (int i = 0; i < count; i++) {
        const char *path;
        int c = find_column(given[i], model, &path, error);
        if (c < 0) return false;
        if (saved->vocab[c].size)
            return rd_fail(error, "--vocab %s: '%s' has a vocabulary already", given[i],
                           model->columns[c].name);
        if (!read_vocab(path, &model->columns[c], &saved->vocab[c], &moved[c], error)) return false;
    }
    for (int c = 0; c < model->column_count; c++)
        if (!complete_column(model, c, saved, error)) return false;
    return true;
}

/* ---- weights ---- */

typedef struct {
    RdSafetensors file;
    const RdModel *model;
    RdSaved *saved;
    RdMisfit *tell;
    void *context;
    int misfits;
} Import;

__attribute__((format(printf, 2, 3))) static void misfit(Import *import, const char *format, ...) {
    RdError what;
    va_list list;
    va_start(list, format);
    vsnprintf(what.text, sizeof what.text, format, list);
    va_end(list);
    import->misfits++;
    import->tell(what.text, import->context);
}

static void check_param(Import *import, int p) {
    const RdParam *param = &import->model->params[p];
    RdTensor tensor, expected = rd_expected_tensor(import->model, import->saved, p);
    RdShapeText is, wanted = rd_shape_text(&expected);
    if (!rd_safetensors_find(&import->file, param->name, &tensor)) {
        if (param->init != RD_BALANCED) misfit(import, "no '%s' %s", param->name, wanted.text);
        return;
    }
    is = rd_shape_text(&tensor);
    if (strcmp(is.text, wanted.text) != 0)
        misfit(import, "'%s' is %s; expected %s", param->name, is.text, wanted.text);
}

/* Tensors that no parameter is called after, in the order of their names. */
static void check_others(Import *import) {
    RdTensor tensor;
    size_t count = 0;
    const char **names = rd_safetensors_names(&import->file, &count);
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (int p = 0; !known && p < import->model->param_count; p++)
            known = strcmp(names[i], import->model->params[p].name) == 0;
        if (known || !rd_safetensors_find(&import->file, names[i], &tensor)) continue;
        misfit(import, "'%s' %s has no place", names[i], rd_shape_text(&tensor).text);
    }
    free((void *)names);
}

/* Moves row `from` of an axis to its beginning; `inner` numbers lie behind a step of the axis. */
static void move_first(float *values, size_t count, size_t size, size_t inner, size_t from) {
    float *row = rd_zeros(inner, sizeof *row);
    for (size_t i = 0; from && i < count; i += size * inner) {
        memcpy(row, values + i + from * inner, inner * sizeof *row);
        memmove(values + i + inner, values + i, from * inner * sizeof *row);
        memcpy(values + i, row, inner * sizeof *row);
    }
    free(row);
}

/* Puts what stands for unknown words first, as it does in vocabularies. */
static void reorder(const RdParam *param, const RdTensor *tensor, const int *moved, float *values) {
    size_t inner = 1;
    for (int d = param->rank - 1; d >= 0; inner *= tensor->dims[d--])
        if (param->dims[d] < 0)
            move_first(values, tensor->count, tensor->dims[d], inner,
                       (size_t)moved[-1 - param->dims[d]]);
}

static bool read_param(Import *import, int p, const int *moved, float *to, RdError *error) {
    const RdParam *param = &import->model->params[p];
    RdTensor tensor;
    if (!rd_safetensors_find(&import->file, param->name, &tensor)) {
        RdTensor expected = rd_expected_tensor(import->model, import->saved, p);
        for (size_t i = 0; i < expected.count; i++) to[i] = 1;
        return true;
    }
    if (!rd_safetensors_read(&import->file, &tensor, to, error)) return false;
    reorder(param, &tensor, moved, to);
    return true;
}

static bool read_params(Import *import, const int *moved, RdError *error) {
    int sizes[RD_MAX_COLUMNS];
    bool good = true;
    rd_saved_vocab_sizes(import->saved, sizes);
    RdLayout layout = rd_layout(import->model, sizes);
    float *to = import->saved->stretch[RD_WEIGHTS] = rd_layout_zeros(&layout, import->model);
    for (int p = 0; good && p < import->model->param_count; p++)
        good = read_param(import, p, moved, to + layout.start[p], error);
    rd_layout_free(&layout);
    return good;
}

bool rd_import_weights(const char *path, const RdModel *model, const int *moved, RdSaved *saved,
                       RdMisfit *tell, void *context, RdError *error) {
    Import import = {.model = model, .saved = saved, .tell = tell, .context = context};
    bool good = rd_safetensors_open(&import.file, path, error);
    for (int p = 0; good && p < model->param_count; p++) check_param(&import, p);
    if (good) check_others(&import);
    if (import.misfits)
        good = rd_fail(error, "%s: %d tensor%s not fit the model", path, import.misfits,
                       import.misfits == 1 ? " does" : "s do");
    good = good && read_params(&import, moved, error);
    rd_safetensors_close(&import.file);
    return good;
}
