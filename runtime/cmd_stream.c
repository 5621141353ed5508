/* The verb stream: a token or a frame at a time, each answered before the next is read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "columns.h"
#include "evaluate.h"
#include "numbers.h"
#include "program.h"
#include "scale.h"
#include "stepper.h"
#include "tokens.h"
#include "trained.h"

typedef struct {
    const RdModel *model;
    RdTrained trained;
    RdStepper stepper;
    RdTokenizer tokenizer;
    int column; /* what is read */
    int index;  /* the column of the model that has it: itself, or what stands before each word */
    double *number;
    int line;
} Stream;

/* ---- what a model reads ---- */

bool rd_streams(const RdModel *model) {
    int column, index;
    return model->steps && model->steps->output_count && rd_step_column(model, &column, &index);
}

/* ---- answers ---- */

static const RdOutput *step_output(const Stream *s, int i) {
    return &s->model->outputs[s->model->steps->outputs[i]];
}

static int columns_of(const Stream *s, const RdOutput *output) {
    return output->columns < 0 ? s->stepper.step.sizes.vocab[-1 - output->columns]
                               : output->columns;
}

static double value_at(const Stream *s, int i, int k) {
    const void *row = s->stepper.step.output[i];
    if (s->model->real_size == sizeof(double)) return ((const double *)row)[k];
    return ((const float *)row)[k];
}

/* The index that is put out, or the largest of the scores. */
static int choice_of(const Stream *s, int i) {
    const RdOutput *output = step_output(s, i);
    if (output->index) return *(const int *)s->stepper.step.output[i];
    int best = 0;
    for (int k = 1; k < columns_of(s, output); k++)
        if (value_at(s, i, k) > value_at(s, i, best)) best = k;
    return best;
}

static void print_values(const Stream *s, int i) {
    const RdOutput *output = step_output(s, i);
    bool scaled = output->of >= 0 && s->model->columns[output->of].kind == RD_NUMBERS;
    if (output->index) {
        printf("%d", *(const int *)s->stepper.step.output[i]);
        return;
    }
    for (int k = 0; k < columns_of(s, output); k++) {
        double value = value_at(s, i, k);
        if (scaled) value = rd_unscale(&s->trained.saved.vocab[output->of], k, value);
        printf("%s%.6g", k ? "," : "", value);
    }
}

/* The first output that is about a column, or all. */
static void print_answer(const Stream *s) {
    for (int i = 0; i < s->model->steps->output_count; i++) {
        int of = step_output(s, i)->of;
        if (of < 0) continue;
        if (s->model->columns[of].kind == RD_NUMBERS)
            print_values(s, i);
        else
            fputs(
                rd_value_name(&s->model->columns[of], &s->trained.saved.vocab[of], choice_of(s, i)),
                stdout);
        putchar('\n');
        return;
    }
    for (int i = 0; i < s->model->steps->output_count; i++) {
        printf("%s%s=", i ? "\t" : "", step_output(s, i)->name);
        print_values(s, i);
    }
    putchar('\n');
}

/* ---- steps ---- */

static bool answer_step(Stream *s, const char *shown, RdError *error) {
    if (s->stepper.most && s->stepper.taken == s->stepper.most)
        return rd_fail(error,
                       "standard input:%d: the model looks back at all steps of a sequence, and "
                       "keeps %d at most; an empty line begins another",
                       s->line, s->stepper.most);
    if (!rd_stepper_step(&s->stepper))
        return rd_fail(error, "standard input:%d: the model counts no more than %d steps", s->line,
                       s->stepper.taken);
    printf("%s\t", shown);
    print_answer(s);
    return rd_flush_output(error);
}

static bool read_tokens(Stream *s, const char *line, RdError *error) {
    const RdColumn *column = &s->model->columns[s->column];
    const RdVocab *vocab = &s->trained.saved.vocab[s->column];
    if (column->split)
        rd_split(&s->tokenizer, line, " \t");
    else if (!rd_tokens_of(column, vocab->bpe, &s->tokenizer, line, strlen(line), error))
        return rd_fail(error, "standard input:%d: %s", s->line, error->text);
    for (int i = 0; i < s->tokenizer.count; i++) {
        *s->stepper.index[s->index] = rd_vocab_lookup(vocab, s->tokenizer.word[i]);
        if (!answer_step(s, s->tokenizer.word[i], error)) return false;
    }
    return true;
}

static bool read_frame(Stream *s, const char *line, RdError *error) {
    const RdColumn *column = &s->model->columns[s->column];
    if (!rd_read_numbers(column, line, s->number, error))
        return rd_fail(error, "standard input:%d: %s", s->line, error->text);
    for (int k = 0; k < column->numbers; k++) {
        double value = rd_scale(&s->trained.saved.vocab[s->column], k, s->number[k]);
        if (s->model->real_size == sizeof(double))
            ((double *)s->stepper.real[s->index])[k] = value;
        else
            ((float *)s->stepper.real[s->index])[k] = (float)value;
    }
    return answer_step(s, line, error);
}

/* The beginning of a sequence; of a text that is produced the mark stands before it. */
static bool begin(Stream *s, RdError *error) {
    rd_stepper_begin(&s->stepper, NULL, NULL);
    if (s->index == s->column) return true;
    *s->stepper.index[s->index] = RD_MARK;
    return answer_step(s, rd_mark, error);
}

/* An empty line ends a sequence; another may follow. */
static bool read_lines(Stream *s, RdError *error) {
    char *line = NULL;
    size_t capacity = 0;
    bool good = true, open = false;
    for (ssize_t length; good && (length = getline(&line, &capacity, stdin)) >= 0;) {
        s->line++;
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            line[--length] = '\0';
        if (strlen(line) != (size_t)length)
            good = rd_fail(error, "standard input:%d: contains a NUL", s->line);
        else if (rd_utf8_valid(line, (size_t)length) < (size_t)length)
            good = rd_fail(error, "standard input:%d: is not valid UTF-8", s->line);
        else if (!line[strspn(line, " \t")]) {
            if (open) putchar('\n');
            open = false;
            good = rd_flush_output(error);
            continue;
        }
        if (good && !open) good = begin(s, error);
        open = true;
        if (good)
            good = s->model->columns[s->column].kind == RD_NUMBERS ? read_frame(s, line, error)
                                                                   : read_tokens(s, line, error);
    }
    free(line);
    if (good && ferror(stdin)) return rd_fail(error, "standard input: %s", strerror(errno));
    return good;
}

static RdSizes sizes_alone(const RdTrained *trained) {
    RdSizes sizes = {.examples = 1};
    for (int n = 0; n < RD_MAX_SEQUENCES; n++) sizes.rows[n] = 1;
    rd_saved_vocab_sizes(&trained->saved, sizes.vocab);
    return sizes;
}

/* How many steps are kept of what grows with each: those of the longest example. */
static int longest(const Stream *s) {
    const RdColumn *column = &s->model->columns[s->column];
    return column->max_length > 0 ? column->max_length + column->marked : 1000;
}

int rd_cmd_stream(const RdProgram *program, const RdOptions *options) {
    RdError error;
    Stream s = {.model = program->model};
    rd_step_column(s.model, &s.column, &s.index);
    s.number = rd_zeros((size_t)s.model->columns[s.column].numbers + 1, sizeof *s.number);
    bool done = rd_trained_load(&s.trained, s.model, options->model, 1, &error) &&
                rd_stepper_open(&s.stepper, s.model, sizes_alone(&s.trained), 1, longest(&s),
                                s.trained.pool, s.trained.saved.stretch[RD_WEIGHTS], &error) &&
                read_lines(&s, &error);
    if (s.stepper.model) rd_stepper_close(&s.stepper);
    rd_tokenizer_free(&s.tokenizer);
    rd_trained_close(&s.trained);
    free(s.number);
    return done ? RD_EXIT_OK : rd_report(&error);
}
