/* Data as numbers. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "batch.h"
#include "columns.h"
#include "scale.h"

/* ---- lengths ---- */

void rd_examples_new(const RdModel *model, int count, RdExamples *examples) {
    int sequences = model->sequence_count;
    *examples = (RdExamples){.count = count,
                             .column_count = model->column_count,
                             .real_size = model->real_size,
                             .sequence_count = sequences ? sequences : 1};
    for (int n = 1; n <= sequences; n++) {
        const RdSequence *sequence = &model->sequences[n - 1];
        examples->sequence[n - 1].parent = sequence->parent;
        examples->sequence[n - 1].other = sequence->other;
        examples->sequence[n - 1].unused = sequence->column < 0 && !sequence->other;
    }
    for (int c = 0; c < model->column_count; c++) {
        examples->per_step[c] = model->columns[c].per_step;
        examples->numbers[c] = model->columns[c].numbers;
    }
}

size_t rd_examples_first(const RdExamples *examples, int n, int example) {
    if (n == 0) return (size_t)example;
    const RdLengths *lengths = &examples->sequence[n - 1];
    return lengths->first[rd_examples_first(examples, lengths->parent, example)];
}

size_t rd_examples_rows(const RdExamples *examples, int n) {
    return rd_examples_first(examples, n, examples->count);
}

/* Every step of the one sequence has as many rows as the other has steps. */
static void pair_up(RdExamples *examples, int n) {
    RdLengths *lengths = &examples->sequence[n - 1];
    const RdLengths *first = &examples->sequence[lengths->parent - 1];
    const RdLengths *other = &examples->sequence[lengths->other - 1];
    for (int i = 0; i < examples->count; i++)
        for (size_t k = first->first[i]; k < first->first[i + 1]; k++)
            lengths->length[k] = other->length[i];
    rd_examples_sum(examples, n);
}

RdLengths *rd_examples_lengths(RdExamples *examples, int n) {
    RdLengths *lengths = &examples->sequence[n - 1];
    if (lengths->unused) return NULL;
    lengths->owners = rd_examples_rows(examples, lengths->parent);
    lengths->length = rd_zeros(lengths->owners, sizeof *lengths->length);
    lengths->first = rd_zeros(lengths->owners + 1, sizeof *lengths->first);
    if (!lengths->other) return lengths;
    pair_up(examples, n);
    return NULL;
}

void rd_examples_sum(RdExamples *examples, int n) {
    RdLengths *lengths = &examples->sequence[n - 1];
    for (size_t i = 0; i < lengths->owners; i++) {
        lengths->first[i + 1] = lengths->first[i] + (size_t)lengths->length[i];
        if (lengths->length[i] > lengths->longest) lengths->longest = lengths->length[i];
    }
}

/* A sequence that was not read has one step for each owner. */
static void encode_lengths(const RdModel *model, const RdData *data, RdExamples *examples, int n) {
    RdLengths *lengths = rd_examples_lengths(examples, n);
    if (!lengths) return;
    int column = n <= model->sequence_count ? model->sequences[n - 1].column : -1;
    const int *length = column < 0 || !data->has[column] ? NULL
                        : model->columns[column].kind == RD_NUMBERS
                            ? data->frames
                            : data->words[column].word_count;
    for (size_t i = 0; i < lengths->owners; i++) lengths->length[i] = length ? length[i] : 1;
    rd_examples_sum(examples, n);
}

/* ---- numbers ---- */

static void encode_words(const RdColumn *of, const RdData *data, int column, const RdVocab *vocab,
                         int *number) {
    const RdWords *words = &data->words[column];
    const char *word = words->bytes;
    for (int i = 0; i < words->owners; i++)
        for (int k = 0; k < words->word_count[i]; k++, word = rd_next_word(word))
            *number++ = of->classes ? rd_class_number(of, word) : rd_vocab_lookup(vocab, word);
}

void rd_examples_previous(RdExamples *examples, const RdModel *model, int column) {
    const int *from = examples->number[model->columns[column].previous];
    int *to = examples->number[column], n = examples->per_step[column];
    for (int i = 0; i < examples->count; i++) {
        size_t first = rd_examples_first(examples, n, i),
               end = rd_examples_first(examples, n, i + 1);
        for (size_t k = first; k < end; k++) to[k] = k > first ? from[k - 1] : RD_MARK;
    }
}

void rd_encode(const RdModel *model, const RdData *data, const RdVocab *vocab,
               RdExamples *examples) {
    rd_examples_new(model, data->count, examples);
    examples->vocab = vocab;
    for (int n = 1; n <= examples->sequence_count; n++) encode_lengths(model, data, examples, n);
    for (int c = 0; c < model->column_count; c++) {
        size_t rows = rd_examples_rows(examples, examples->per_step[c]);
        size_t each = (size_t)examples->numbers[c], reals = rows * each;
        examples->number[c] = rd_zeros(rows, sizeof(int));
        if (model->columns[c].kind == RD_CARRIED) continue;
        if (reals) examples->real[c] = rd_zeros(reals, sizeof(double));
        if (model->columns[c].kind == RD_PREVIOUS) rd_examples_previous(examples, model, c);
        if (!data->has[c] || model->columns[c].kind == RD_PREVIOUS) continue;
        if (reals)
            for (size_t i = 0; i < reals; i++)
                examples->real[c][i] = rd_scale(&vocab[c], (int)(i % each), data->real[c][i]);
        else if (rd_column_of_words(&model->columns[c]))
            encode_words(&model->columns[c], data, c, &vocab[c], examples->number[c]);
        else
            memcpy(examples->number[c], data->number[c], rows * sizeof(int));
    }
}

/* ---- windows ---- */

/* Where the windows of a long text begin, and how long they are. */
typedef struct {
    int count;
    size_t *start;
    int *length;
} Windows;

static void add_window(Windows *windows, size_t start, size_t length) {
    windows->start[windows->count] = start;
    windows->length[windows->count++] = (int)length;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* One behind the other, `stride` apart, until the text is over. */
static void cut_windows(Windows *windows, size_t words, size_t window, size_t stride) {
    for (size_t start = 0;; start += stride) {
        add_window(windows, start, least(window, words - start));
        if (start + window >= words) return;
    }
}

/* The first windows of all streams, then the second ones. Streams differ in length by a word at
 * most, the longer ones stand first. */
static void cut_streams(Windows *windows, size_t words, size_t window, size_t streams) {
    size_t each = words / streams, longer = words % streams;
    for (size_t from = 0; from < each + (longer > 0); from += window)
        for (size_t s = 0; s < streams; s++) {
            size_t length = each + (s < longer), start = s * each + least(s, longer);
            if (from < length) add_window(windows, start + from, least(window, length - from));
        }
}

/* The numbers of the windows' words, behind each other. */
static void cut_column(RdExamples *examples, int column, const Windows *windows, size_t rows) {
    int *from = examples->number[column], *to = rd_zeros(rows, sizeof *to);
    examples->number[column] = to;
    for (int i = 0; i < windows->count; i++) {
        memcpy(to, from + windows->start[i], (size_t)windows->length[i] * sizeof *to);
        to += windows->length[i];
    }
    free(from);
}

/* The examples become the windows. */
static void take_windows(RdExamples *examples, int n, const Windows *windows) {
    size_t rows = 0, count = (size_t)windows->count;
    for (size_t i = 0; i < count; i++) rows += (size_t)windows->length[i];
    for (int c = 0; c < examples->column_count; c++) {
        if (examples->per_step[c] == n) {
            cut_column(examples, c, windows, rows);
            continue;
        }
        free(examples->number[c]); /* of a state: nothing is read from it */
        examples->number[c] = rd_zeros(count, sizeof(int));
    }
    examples->count = windows->count;
    free(examples->sequence[n - 1].length);
    free(examples->sequence[n - 1].first);
    examples->sequence[n - 1].longest = 0;
    RdLengths *lengths = rd_examples_lengths(examples, n);
    memcpy(lengths->length, windows->length, count * sizeof *lengths->length);
    rd_examples_sum(examples, n);
}

void rd_examples_cut(RdExamples *examples, const RdModel *model, int streams) {
    int text = rd_long_text(model);
    if (text < 0) return;
    const RdColumn *column = &model->columns[text];
    size_t words = rd_examples_rows(examples, column->per_step);
    size_t window = (size_t)column->window, stride = (size_t)column->stride;
    size_t count = least((size_t)streams, words);
    size_t most = words / (column->stream ? window : stride) + count + 1;
    Windows windows = {.start = rd_zeros(most, sizeof(size_t)),
                       .length = rd_zeros(most, sizeof(int))};
    if (column->stream)
        cut_streams(&windows, words, window, count);
    else
        cut_windows(&windows, words, window, stride);
    take_windows(examples, column->per_step, &windows);
    examples->stream = column->stream;
    examples->overlap = column->stream ? 0 : column->window - column->stride;
    free(windows.start);
    free(windows.length);
}

/* ---- copies ---- */

/* Copies the `size` bytes of each row of an example, those of sequence n, `times` times. */
static void repeat_rows(const RdExamples *from, int n, int times, const void *rows, size_t size,
                        void *to) {
    char *at = to;
    for (int i = 0; i < from->count; i++) {
        size_t first = rd_examples_first(from, n, i);
        size_t bytes = (rd_examples_first(from, n, i + 1) - first) * size;
        for (int k = 0; k < times; k++, at += bytes)
            memcpy(at, (const char *)rows + first * size, bytes);
    }
}

void rd_examples_repeat(const RdExamples *from, const RdModel *model, int times, RdExamples *to) {
    rd_examples_new(model, from->count * times, to);
    for (int n = 1; n <= to->sequence_count; n++) {
        const RdLengths *lengths = &from->sequence[n - 1];
        RdLengths *repeated = rd_examples_lengths(to, n);
        if (!repeated) continue;
        repeat_rows(from, lengths->parent, times, lengths->length, sizeof(int), repeated->length);
        rd_examples_sum(to, n);
    }
    for (int c = 0; c < to->column_count; c++) {
        size_t rows = rd_examples_rows(to, to->per_step[c]), each = (size_t)to->numbers[c];
        to->number[c] = rd_zeros(rows, sizeof *to->number[c]);
        repeat_rows(from, to->per_step[c], times, from->number[c], sizeof(int), to->number[c]);
        if (!from->real[c]) continue;
        to->real[c] = rd_zeros(rows * each, sizeof *to->real[c]);
        repeat_rows(from, to->per_step[c], times, from->real[c], each * sizeof(double),
                    to->real[c]);
    }
    to->vocab = from->vocab;
}

void rd_examples_free(RdExamples *examples) {
    for (int n = 0; n < RD_MAX_SEQUENCES; n++) {
        free(examples->sequence[n].length);
        free(examples->sequence[n].first);
    }
    for (int c = 0; c < RD_MAX_COLUMNS; c++) {
        free(examples->number[c]);
        free(examples->real[c]);
    }
    *examples = (RdExamples){0};
}
