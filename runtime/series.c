#include "series.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

static bool is_frames(const RdColumn *column) {
    return column->kind == RD_NUMBERS && column->per_step;
}

const RdColumn *rd_frames_column(const RdModel *model) {
    for (int c = 0; c < model->column_count; c++)
        if (is_frames(&model->columns[c])) return &model->columns[c];
    return NULL;
}

/* ---- while lines are read ---- */

static RdRunOfLines *last_run(const RdSeries *series) {
    return series->count ? &series->run[series->count - 1] : NULL;
}

static bool goes_on(const RdSeries *series, const char *id) {
    const RdRunOfLines *last = last_run(series);
    return last && !series->interrupted && strcmp(last->id, id) == 0;
}

int rd_series_first(const RdSeries *series, const char *id) {
    return goes_on(series, id) ? last_run(series)->first : -1;
}

void rd_series_line(RdSeries *series, const char *id, int record, int line) {
    if (goes_on(series, id)) return;
    size_t need = (size_t)series->count + 1;
    series->run = rd_grow(series->run, &series->capacity, need, sizeof *series->run);
    series->run[series->count++] = (RdRunOfLines){rd_copy(id), record, line, !series->doubtful};
    series->interrupted = series->doubtful = false;
}

/* A window cannot reach over a gap; a sequence with one is not whole. */
void rd_series_gap(RdSeries *series, const char *id, int record, int line) {
    if (series->frames->window) {
        series->interrupted = true;
        return;
    }
    if (id) {
        rd_series_line(series, id, record, line);
        last_run(series)->whole = false;
        return;
    }
    if (series->count) last_run(series)->whole = false;
    series->doubtful = true;
}

void rd_series_free(RdSeries *series) {
    for (int i = 0; i < series->count; i++) free(series->run[i].id);
    free(series->run);
    *series = (RdSeries){0};
}

/* ---- ids ---- */

static int by_id(const void *a, const void *b) {
    const RdRunOfLines *x = *(RdRunOfLines *const *)a, *y = *(RdRunOfLines *const *)b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* The first run that comes back to an id after others, with the one before it; or NULL. */
static const RdRunOfLines *find_return(const RdSeries *series, const RdRunOfLines **before) {
    size_t count = (size_t)series->count;
    const RdRunOfLines **sorted = rd_zeros(count, sizeof *sorted), *found = NULL;
    for (size_t i = 0; i < count; i++) sorted[i] = &series->run[i];
    qsort(sorted, count, sizeof *sorted, by_id);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(sorted[i - 1]->id, sorted[i]->id) || sorted[i] == sorted[i - 1] + 1) continue;
        if (found && found->line < sorted[i]->line) continue;
        found = sorted[i];
        *before = sorted[i - 1];
    }
    free(sorted);
    return found;
}

static bool check_ids(const RdSeries *series, const RdData *data, RdError *error) {
    const RdRunOfLines *before, *again = find_return(series, &before);
    if (!again) return true;
    return rd_fail(error,
                   "%s:%d: %s '%s' comes back, after other lines than those from line %d on; the "
                   "lines of a sequence must follow each other",
                   data->path, again->line, series->frames->by, again->id, before->line);
}

/* ---- the examples ---- */

typedef struct {
    int first, count; /* its lines */
    const RdRunOfLines *run;
} Example;

typedef struct {
    const RdSeries *series;
    const RdModel *model;
    RdData *data;
    Example *example;
    int count, lines, cut;
    size_t capacity;
} Build;

static void add(Build *b, const RdRunOfLines *run, int first, int count) {
    b->example = rd_grow(b->example, &b->capacity, (size_t)b->count + 1, sizeof *b->example);
    b->example[b->count++] = (Example){first, count, run};
}

/* The lines behind a window that its columns are read from. */
static int lines_ahead(const Build *b) {
    int ahead = 0;
    for (int c = 0; c < b->model->column_count; c++)
        if (b->data->has[c] && b->model->columns[c].ahead > ahead)
            ahead = b->model->columns[c].ahead;
    return ahead;
}

static void add_run(Build *b, const RdRunOfLines *run, int end) {
    const RdColumn *frames = b->series->frames;
    int count = end - run->first, longest = frames->max_length;
    if (frames->window) {
        int last = end - frames->window - lines_ahead(b);
        for (int first = run->first; first <= last; first++) add(b, run, first, frames->window);
        return;
    }
    if (!run->whole || count == 0) return;
    b->cut += longest > 0 && count > longest;
    add(b, run, run->first, longest > 0 && count > longest ? longest : count);
}

/* The line that has the example's value of a column. */
static int line_of(const Build *b, const Example *example, const RdColumn *column) {
    bool window = b->series->frames->window > 0;
    return window ? example->first + example->count - 1 + column->ahead : example->first;
}

/* The numbers of lines as those of examples. */
static double *take_reals(const Build *b, int c) {
    const RdColumn *column = &b->model->columns[c];
    bool frames = is_frames(column);
    size_t width = (size_t)column->numbers, rows = 0, row = 0;
    for (int i = 0; i < b->count; i++) rows += frames ? (size_t)b->example[i].count : 1;
    double *reals = rd_zeros(rows * width, sizeof *reals);
    for (int i = 0; i < b->count; i++) {
        const Example *example = &b->example[i];
        int first = frames ? example->first : line_of(b, example, column);
        size_t count = frames ? (size_t)example->count : 1;
        memcpy(reals + row * width, b->data->real[c] + (size_t)first * width,
               count * width * sizeof *reals);
        row += count;
    }
    return reals;
}

static int *take_numbers(const Build *b, int c) {
    int *numbers = rd_zeros((size_t)b->count, sizeof *numbers);
    for (int i = 0; i < b->count; i++)
        numbers[i] = b->data->number[c][line_of(b, &b->example[i], &b->model->columns[c])];
    return numbers;
}

/* How many texts of column c a line has: one, or that of each word. */
static int texts_of_line(const Build *b, int c, int line) {
    const RdColumn *column = &b->model->columns[c];
    return column->inner ? b->data->words[column->over].word_count[line] : 1;
}

/* The texts of examples, behind each other, instead of those of lines. */
static void take_words(const Build *b, int c) {
    const RdWords *from = &b->data->words[c];
    RdWords to = {.cut = from->cut,
                  .bytes = rd_zeros(from->size + 1, 1),
                  .first = rd_zeros((size_t)b->count, sizeof *to.first),
                  .word_count = rd_zeros((size_t)from->owners + 1, sizeof *to.word_count)};
    for (int i = 0, line = 0, owner = 0; i < b->count; i++) {
        for (; line < b->example[i].first; line++) owner += texts_of_line(b, c, line);
        size_t end = line + 1 < b->lines ? from->first[line + 1] : from->size;
        int count = texts_of_line(b, c, line);
        to.first[i] = to.size;
        memcpy(to.bytes + to.size, from->bytes + from->first[line], end - from->first[line]);
        memcpy(to.word_count + to.owners, from->word_count + owner, (size_t)count * sizeof(int));
        to.size += end - from->first[line];
        to.owners += count;
    }
    free(from->bytes);
    free(from->first);
    free(from->word_count);
    b->data->words[c] = to;
}

static char **take_texts(const Build *b, char **text) {
    char **taken = rd_zeros((size_t)b->count, sizeof *taken);
    for (int i = 0; i < b->count; i++) {
        taken[i] = text[b->example[i].first];
        text[b->example[i].first] = NULL;
    }
    for (int i = 0; i < b->lines; i++) free(text[i]);
    free((void *)text);
    return taken;
}

/* What belongs to words goes before the words. */
static void replace_columns(Build *b) {
    RdData *data = b->data;
    for (int c = b->model->column_count - 1; c >= 0; c--) {
        if (data->words[c].first) take_words(b, c);
        if (data->text[c]) data->text[c] = take_texts(b, data->text[c]);
        double *reals = data->real[c] ? take_reals(b, c) : NULL;
        int *numbers = data->number[c] ? take_numbers(b, c) : NULL;
        free(data->real[c]);
        free(data->number[c]);
        data->real[c] = reals;
        data->number[c] = numbers;
    }
}

/* An id shows which sequence it is, and its last line which window. */
static void replace_shown(Build *b) {
    RdData *data = b->data;
    if (!data->shown) return;
    char **shown = rd_zeros((size_t)b->count, sizeof *shown);
    for (int i = 0; i < b->count; i++) {
        const Example *e = &b->example[i];
        bool window = b->series->frames->window > 0;
        shown[i] = rd_copy(window ? data->shown[e->first + e->count - 1] : e->run->id);
    }
    for (int i = 0; i < b->lines; i++) free(data->shown[i]);
    free((void *)data->shown);
    data->shown = shown;
}

static void replace_lines(Build *b) {
    RdData *data = b->data;
    int *line = rd_zeros((size_t)b->count, sizeof *line);
    bool window = b->series->frames->window > 0;
    data->frames = rd_zeros((size_t)b->count, sizeof *data->frames);
    data->frames_cut = b->cut;
    for (int i = 0; i < b->count; i++) {
        line[i] = data->line[b->example[i].first + (window ? b->example[i].count - 1 : 0)];
        data->frames[i] = b->example[i].count;
    }
    free(data->line);
    data->line = line;
    data->count = b->count;
}

static bool no_example(const Build *b, RdError *error) {
    const RdColumn *frames = b->series->frames;
    if (frames->window)
        return rd_fail(error,
                       "%s: no %d lines follow each other without a break; a window of %d lines%s "
                       "needs them",
                       b->data->path, frames->window + lines_ahead(b), frames->window,
                       lines_ahead(b) ? " and what lies ahead of it" : "");
    return rd_fail(error, "%s: none of its %d sequences can be used; the first: %s", b->data->path,
                   b->series->count, b->data->first_skipped.text);
}

bool rd_series_end(const RdSeries *series, RdData *data, const RdModel *model, RdError *error) {
    Build b = {.series = series, .model = model, .data = data, .lines = data->count};
    if (series->frames->by && !check_ids(series, data, error)) return false;
    for (int i = 0; i < series->count; i++)
        add_run(&b, &series->run[i], i + 1 < series->count ? series->run[i + 1].first : b.lines);
    bool good = b.count > 0 || no_example(&b, error);
    if (good) {
        replace_columns(&b);
        replace_shown(&b);
        replace_lines(&b);
    }
    free(b.example);
    return good;
}
