#include "weights.h"

#include <ctype.h>
#include <string.h>

#include "report.h"

enum { BAR = 30, CELL = 4 /* how wide a number of a table is */ };

/* ---- which outputs ---- */

/* The sequence of pairs that an output of weights has a row for each of, or NULL. */
static const RdSequence *pairs_of(const RdModel *model, int output) {
    const RdOutput *it = &model->outputs[output];
    if (!it->per_step || it->index || !model->sequences[it->per_step - 1].other) return NULL;
    return &model->sequences[it->per_step - 1];
}

bool rd_has_weights(const RdAnswerStyle *style) {
    for (int o = 0; o < style->model->output_count; o++)
        if (pairs_of(style->model, o)) return true;
    return style->answer.weight >= 0;
}

void rd_weights_wanted(const RdAnswerStyle *style, bool *wanted) {
    for (int o = 0; o < style->model->output_count; o++)
        wanted[o] |= o == style->answer.weight || pairs_of(style->model, o);
}

/* ---- what steps are called ---- */

/* What a step is called: its word, or which one it is, counted from 1. */
typedef struct {
    const char *word; /* NULL: it has none */
    int number;
    char text[16];
} Step;

/* The first of those steps of example i that sequence n has. */
static Step first_step(const RdAnswerStyle *style, const RdData *data, int n, int i) {
    int column = style->model->sequences[n - 1].column;
    bool words = column >= 0 && style->model->columns[column].kind == RD_WORDS;
    return (Step){.word = words ? rd_first_word(data, column, i) : NULL, .number = 1};
}

static const char *step_name(Step *step) {
    if (!step->word) snprintf(step->text, sizeof step->text, "%d", step->number);
    return step->word ? step->word : step->text;
}

static void next_step(Step *step) {
    if (step->word) step->word = rd_next_word(step->word);
    step->number++;
}

/* How wide the widest of `count` steps is. */
static int widest(Step step, int count) {
    int width = 0;
    for (int t = 0; t < count; t++, next_step(&step))
        if (rd_text_width(step_name(&step)) > width) width = rd_text_width(step_name(&step));
    return width;
}

/* How many steps of sequence n example i has. */
static int steps_of(const RdCollected *collected, int n, int i) {
    return (int)(rd_examples_first(collected->examples, n, i + 1) -
                 rd_examples_first(collected->examples, n, i));
}

/* ---- for people ---- */

void rd_print_text(FILE *out, const char *text) {
    for (; *text; text++) fputc(iscntrl((unsigned char)*text) ? ' ' : *text, out);
}

void rd_print_bar(FILE *out, const RdAnswerStyle *style, double part) {
    int length = (int)(part * BAR + 0.5);
    if (style->color) fputs("\033[33m", out);
    for (int k = 0; k < length; k++) fputs(style->terminal ? "█" : "#", out);
    if (style->color) fputs("\033[0m", out);
}

static void print_right(FILE *out, const char *text, int width) {
    fprintf(out, "%*s", width - rd_text_width(text), "");
    rd_print_text(out, text);
}

static void print_left(FILE *out, const char *text, int width) {
    rd_print_text(out, text);
    fprintf(out, "%*s", width - rd_text_width(text), "");
}

static void print_steps(FILE *out, const RdAnswerStyle *style, const RdData *data,
                        const RdCollected *collected, int i) {
    int output = style->answer.weight, n = style->model->outputs[output].per_step;
    const double *weight = rd_collected_row(collected, output, i, 0);
    Step step = first_step(style, data, n, i);
    int length = steps_of(collected, n, i), width = widest(step, length);
    double most = 0;
    for (int t = 0; t < length; t++) most = weight[t] > most ? weight[t] : most;
    for (int t = 0; t < length; t++, next_step(&step)) {
        fputs("  ", out);
        print_left(out, step_name(&step), width);
        fprintf(out, "  %.3f  ", weight[t]);
        rd_print_bar(out, style, most > 0 && weight[t] > 0 ? weight[t] / most : 0);
        fputc('\n', out);
    }
    fputc('\n', out);
}

/* A number of a table; the largest of a row in colour. */
static void print_cell(FILE *out, const RdAnswerStyle *style, double value, int width, bool most) {
    if (style->color && most) fputs("\033[33m", out);
    fprintf(out, "%*.2f", width, value);
    if (style->color && most) fputs("\033[0m", out);
}

/* One row: the weights of the columns' steps, every `stride`-th number from `weight` on. */
static void print_row(FILE *out, const RdAnswerStyle *style, const double *weight, int stride,
                      Step column, int columns) {
    int best = 0;
    for (int s = 1; s < columns; s++)
        if (weight[s * stride] > weight[best * stride]) best = s;
    for (int s = 0; s < columns; s++, next_step(&column)) {
        int width = widest(column, 1);
        fputs("  ", out);
        print_cell(out, style, weight[s * stride], width > CELL ? width : CELL, s == best);
    }
    fputc('\n', out);
}

/* Column k of an output over pairs. */
static void print_table(FILE *out, const RdAnswerStyle *style, const RdData *data,
                        const RdCollected *collected, int output, int k, int i) {
    const RdSequence *pairs = pairs_of(style->model, output);
    Step row = first_step(style, data, pairs->parent, i);
    Step column = first_step(style, data, pairs->other, i), heading = column;
    int rows = steps_of(collected, pairs->parent, i);
    int columns = steps_of(collected, pairs->other, i);
    int width = widest(row, rows), stride = collected->columns[output];
    fprintf(out, "  %*s", width, "");
    for (int s = 0; s < columns; s++, next_step(&heading)) {
        int wide = widest(heading, 1);
        fputs("  ", out);
        print_right(out, step_name(&heading), wide > CELL ? wide : CELL);
    }
    fputc('\n', out);
    for (int t = 0; t < rows; t++, next_step(&row)) {
        fputs("  ", out);
        print_left(out, step_name(&row), width);
        const double *weight = rd_collected_row(collected, output, i, t * columns) + k;
        print_row(out, style, weight, stride, column, columns);
    }
    fputc('\n', out);
}

/* Tables have headings where there are several. */
static void print_tables(FILE *out, const RdAnswerStyle *style, const RdData *data,
                         const RdCollected *collected, int i) {
    int tables = 0;
    for (int o = 0; o < style->model->output_count; o++)
        if (pairs_of(style->model, o)) tables += collected->columns[o];
    for (int o = 0; o < style->model->output_count; o++) {
        if (!pairs_of(style->model, o)) continue;
        for (int k = 0; k < collected->columns[o]; k++) {
            if (tables > 1) fprintf(out, "  %s", style->model->outputs[o].name);
            if (collected->columns[o] > 1) fprintf(out, "[%d]", k);
            if (tables > 1) fputc('\n', out);
            print_table(out, style, data, collected, o, k, i);
        }
    }
}

void rd_print_weights(FILE *out, const RdAnswerStyle *style, const RdData *data,
                      const RdCollected *collected, int i) {
    if (style->answer.weight >= 0) print_steps(out, style, data, collected, i);
    print_tables(out, style, data, collected, i);
}

/* ---- for programs ---- */

static json_t *steps_json(const RdAnswerStyle *style, const RdData *data,
                          const RdCollected *collected, int i) {
    int output = style->answer.weight, n = style->model->outputs[output].per_step;
    const double *weight = rd_collected_row(collected, output, i, 0);
    Step step = first_step(style, data, n, i);
    json_t *list = json_array();
    int length = steps_of(collected, n, i);
    for (int t = 0; t < length; t++, next_step(&step)) {
        json_t *name = step.word ? json_string(step.word) : json_integer(step.number);
        json_array_append_new(
            list, json_pack("{s:o, s:f}", step.word ? "word" : "frame", name, "weight", weight[t]));
    }
    return list;
}

static json_t *names_json(Step step, int count) {
    json_t *list = json_array();
    for (int t = 0; t < count; t++, next_step(&step))
        json_array_append_new(list, step.word ? json_string(step.word) : json_integer(step.number));
    return list;
}

/* `count` numbers: itself when it is one. */
static json_t *numbers_json(const double *number, int count) {
    if (count == 1) return json_real(*number);
    json_t *list = json_array();
    for (int k = 0; k < count; k++) json_array_append_new(list, json_real(number[k]));
    return list;
}

static json_t *table_json(const RdAnswerStyle *style, const RdData *data,
                          const RdCollected *collected, int output, int i) {
    const RdSequence *pairs = pairs_of(style->model, output);
    int rows = steps_of(collected, pairs->parent, i);
    int columns = steps_of(collected, pairs->other, i);
    json_t *table = json_array();
    for (int t = 0; t < rows; t++) {
        json_t *row = json_array();
        for (int s = 0; s < columns; s++)
            json_array_append_new(
                row, numbers_json(rd_collected_row(collected, output, i, t * columns + s),
                                  collected->columns[output]));
        json_array_append_new(table, row);
    }
    return json_pack("{s:s, s:o, s:o, s:o}", "output", style->model->outputs[output].name, "rows",
                     names_json(first_step(style, data, pairs->parent, i), rows), "columns",
                     names_json(first_step(style, data, pairs->other, i), columns), "weights",
                     table);
}

void rd_weights_json(json_t *object, const RdAnswerStyle *style, const RdData *data,
                     const RdCollected *collected, int i) {
    json_t *tables = json_array();
    if (style->answer.weight >= 0)
        json_object_set_new(object, "weights", steps_json(style, data, collected, i));
    for (int o = 0; o < style->model->output_count; o++)
        if (pairs_of(style->model, o))
            json_array_append_new(tables, table_json(style, data, collected, o, i));
    if (json_array_size(tables)) json_object_set(object, "alignments", tables);
    json_decref(tables);
}
