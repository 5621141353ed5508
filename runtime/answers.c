#include "answers.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "report.h"
#include "scale.h"
#include "series.h"
#include "weights.h"

void rd_answers_wanted(const RdAnswerStyle *style, bool *wanted) {
    const RdAnswer *answer = &style->answer;
    for (int i = 0; i < style->model->output_count; i++)
        wanted[i] = (answer->column < 0 && style->produced < 0) || i == answer->number ||
                    i == answer->index || i == answer->probability;
    if (style->explain) rd_weights_wanted(style, wanted);
}

/* ---- what there is to print ---- */

static bool answers_tags(const RdAnswerStyle *style) {
    int column = style->answer.column;
    return column >= 0 && style->model->columns[column].kind == RD_TAGS;
}

bool rd_can_explain(const RdAnswerStyle *style) {
    return rd_has_weights(style) || (answers_tags(style) && style->answer.probability >= 0);
}

static bool is_input(const RdModel *model, int column) {
    const RdColumn *c = &model->columns[column];
    return !c->target && c->kind == RD_WORDS && !c->inner;
}

static int rows_of(const RdCollected *collected, int output, int example) {
    int n = collected->model->outputs[output].per_step;
    const RdExamples *examples = collected->examples;
    return (int)(rd_examples_first(examples, n, example + 1) -
                 rd_examples_first(examples, n, example));
}

/* The answer's number in a row: the index that was put out, or the most probable. */
static int number_at(const RdAnswerStyle *style, const RdCollected *collected, int i, int step) {
    const RdAnswer *answer = &style->answer;
    if (answer->index >= 0) return (int)rd_collected_row(collected, answer->index, i, step)[0];
    const double *value = rd_collected_row(collected, answer->probability, i, step);
    int best = 0;
    for (int k = 1; k < collected->columns[answer->probability]; k++)
        if (value[k] > value[best]) best = k;
    return best;
}

static const char *name_of(const RdAnswerStyle *style, int number) {
    int column = style->answer.column;
    return rd_value_name(&style->model->columns[column], &style->vocab[column], number);
}

/* The probability of the answer at a step; false when the model does not put it out. */
static bool probability_at(const RdAnswerStyle *style, const RdCollected *collected, int i,
                           int step, double *probability) {
    int output = style->answer.probability;
    if (output < 0) return false;
    *probability =
        rd_collected_row(collected, output, i, step)[number_at(style, collected, i, step)];
    return true;
}

/* ---- for people ---- */

static void print_names(FILE *out, const RdAnswerStyle *style, const RdCollected *collected,
                        int i) {
    int output = style->answer.index >= 0 ? style->answer.index : style->answer.probability;
    for (int t = 0; t < rows_of(collected, output, i); t++)
        fprintf(out, "%s%s", t ? " " : "", name_of(style, number_at(style, collected, i, t)));
}

/* Number k of an answer of numbers, in the data's units. */
static double answer_at(const RdAnswerStyle *style, const RdCollected *collected, int i, int k) {
    const RdAnswer *answer = &style->answer;
    double value = rd_collected_row(collected, answer->number, i, 0)[k];
    return rd_unscale(&style->vocab[answer->column], k % collected->columns[answer->number], value);
}

/* The numbers that are the answer, parted by commas. */
static void print_numbers(FILE *out, const RdAnswerStyle *style, const RdCollected *collected,
                          int i) {
    int output = style->answer.number;
    for (int k = 0; k < collected->columns[output] * rows_of(collected, output, i); k++)
        fprintf(out, "%s%.6g", k ? "," : "", answer_at(style, collected, i, k));
}

static void print_outputs(FILE *out, const RdCollected *collected, int i) {
    for (int o = 0; o < collected->model->output_count; o++) {
        fprintf(out, "%s%s=", o ? "\t" : "", collected->model->outputs[o].name);
        const double *value = rd_collected_row(collected, o, i, 0);
        int count = collected->columns[o] * rows_of(collected, o, i);
        for (int k = 0; k < count; k++) fprintf(out, "%s%.6g", k ? "," : "", value[k]);
    }
}

/* The words that tags are over, and how many there are. */
static const char *tagged_words(const RdAnswerStyle *style, const RdData *data, int i, int *count) {
    int column = style->model->columns[style->answer.column].over;
    *count = data->words[column].word_count[i];
    return rd_first_word(data, column, i);
}

/* A line for each word, with its tag, and an empty one: as CoNLL has it. */
static void print_tags(FILE *out, const RdAnswerStyle *style, const RdData *data,
                       const RdCollected *collected, int i) {
    int count;
    const char *word = tagged_words(style, data, i, &count);
    for (int t = 0; t < count; t++, word = rd_next_word(word))
        fprintf(out, "%s\t%s\n", word, name_of(style, number_at(style, collected, i, t)));
    fputc('\n', out);
}

/* Each word, its tag, how probable that is. */
static void explain_tags(FILE *out, const RdAnswerStyle *style, const RdData *data,
                         const RdCollected *collected, int i) {
    int count, widths[2] = {0, 0};
    const char *first = tagged_words(style, data, i, &count), *word = first;
    for (int t = 0; t < count; t++, word = rd_next_word(word)) {
        const char *tag = name_of(style, number_at(style, collected, i, t));
        if (rd_text_width(word) > widths[0]) widths[0] = rd_text_width(word);
        if (rd_text_width(tag) > widths[1]) widths[1] = rd_text_width(tag);
    }
    word = first;
    for (int t = 0; t < count; t++, word = rd_next_word(word)) {
        double probability = 0;
        const char *tag = name_of(style, number_at(style, collected, i, t));
        probability_at(style, collected, i, t, &probability);
        fprintf(out, "  %s%*s  %s%*s  %.3f  ", word, widths[0] - rd_text_width(word), "", tag,
                widths[1] - rd_text_width(tag), "", probability);
        rd_print_bar(out, style, probability);
        fputc('\n', out);
    }
    fputc('\n', out);
}

/* What the answer is about. */
static void print_record(FILE *out, const RdAnswerStyle *style, const RdData *data, int i) {
    bool text = false;
    for (int c = 0; c < style->model->column_count; c++) {
        if (!is_input(style->model, c)) continue;
        text = true;
        fputc('\t', out);
        rd_print_text(out, data->text[c][i]);
    }
    if (!text && style->produced < 0) {
        fputc('\t', out);
        rd_print_text(out, data->shown[i]);
    }
    fputc('\n', out);
}

static void print_plain(FILE *out, const RdAnswerStyle *style, const RdData *data,
                        const RdCollected *collected, int i) {
    double probability;
    if (answers_tags(style)) {
        bool explain = style->explain && !rd_has_weights(style);
        (explain ? explain_tags : print_tags)(out, style, data, collected, i);
        if (style->explain && !explain) rd_print_weights(out, style, data, collected, i);
        return;
    }
    if (style->produced >= 0) {
        rd_print_text(out, data->text[style->produced][i]);
    } else if (style->answer.column < 0) {
        print_outputs(out, collected, i);
    } else if (style->answer.number >= 0) {
        print_numbers(out, style, collected, i);
    } else {
        print_names(out, style, collected, i);
        if (!rd_answer_per_step(style->model, &style->answer) &&
            probability_at(style, collected, i, 0, &probability))
            fprintf(out, "\t%.4f", probability);
    }
    print_record(out, style, data, i);
    if (style->explain) rd_print_weights(out, style, data, collected, i);
}

/* ---- for programs ---- */

static json_t *answer_json(const RdAnswerStyle *style, const RdCollected *collected, int i) {
    int output = style->answer.index >= 0 ? style->answer.index : style->answer.probability;
    if (!style->model->outputs[output].per_step)
        return json_string(name_of(style, number_at(style, collected, i, 0)));
    json_t *list = json_array();
    for (int t = 0; t < rows_of(collected, output, i); t++)
        json_array_append_new(list, json_string(name_of(style, number_at(style, collected, i, t))));
    return list;
}

/* The number that is the answer, or a list where there are several. */
static json_t *numbers_json(const RdAnswerStyle *style, const RdCollected *collected, int i) {
    int output = style->answer.number;
    int count = collected->columns[output] * rows_of(collected, output, i);
    if (count == 1 && !collected->model->outputs[output].per_step)
        return json_real(answer_at(style, collected, i, 0));
    json_t *list = json_array();
    for (int k = 0; k < count; k++)
        json_array_append_new(list, json_real(answer_at(style, collected, i, k)));
    return list;
}

/* The words, beside the tags. */
static json_t *tagged_json(const RdAnswerStyle *style, const RdData *data, int i) {
    int count;
    const char *word = tagged_words(style, data, i, &count);
    json_t *list = json_array();
    for (int t = 0; t < count; t++, word = rd_next_word(word))
        json_array_append_new(list, json_string(word));
    return list;
}

/* How probable each of the tags is. */
static json_t *tag_probabilities(const RdAnswerStyle *style, const RdCollected *collected, int i) {
    json_t *list = json_array();
    for (int t = 0; t < rows_of(collected, style->answer.probability, i); t++) {
        double probability = 0;
        probability_at(style, collected, i, t, &probability);
        json_array_append_new(list, json_real(probability));
    }
    return list;
}

static json_t *probabilities_json(const RdAnswerStyle *style, const RdCollected *collected, int i) {
    int output = style->answer.probability;
    const double *value = rd_collected_row(collected, output, i, 0);
    json_t *object = json_object();
    for (int k = 0; k < collected->columns[output]; k++)
        json_object_set_new(object, name_of(style, k), json_real(value[k]));
    return object;
}

static json_t *outputs_json(const RdCollected *collected, int i) {
    json_t *object = json_object();
    for (int o = 0; o < collected->model->output_count; o++) {
        const double *value = rd_collected_row(collected, o, i, 0);
        json_t *list = json_array();
        for (int k = 0; k < collected->columns[o] * rows_of(collected, o, i); k++)
            json_array_append_new(list, collected->model->outputs[o].index
                                            ? json_integer((json_int_t)value[k])
                                            : json_real(value[k]));
        json_object_set_new(object, collected->model->outputs[o].name, list);
    }
    return object;
}

/* What tells a record without text apart: its sequence's id, or its line. */
static void name_record(const RdAnswerStyle *style, json_t *object, const RdData *data, int i) {
    const RdColumn *frames = rd_frames_column(style->model);
    if (frames && frames->by && !frames->window)
        json_object_set_new(object, frames->by, json_string(data->shown[i]));
    else
        json_object_set_new(object, "line", json_integer(data->line[i]));
}

/* Puts what the answer is about beside it; an input that is called as an answer yields. */
static void add_record(const RdAnswerStyle *style, json_t *answer, const RdData *data, int i) {
    json_t *inputs = json_object();
    for (int c = 0; c < style->model->column_count; c++)
        if (is_input(style->model, c))
            json_object_set_new(inputs, style->model->columns[c].name,
                                json_string(data->text[c][i]));
    if (!json_object_size(inputs) && style->produced < 0) name_record(style, inputs, data, i);
    json_object_update_missing(answer, inputs);
    json_decref(inputs);
}

static void put_json(FILE *out, json_t *json) {
    json_dumpf(json, out, JSON_COMPACT | JSON_REAL_PRECISION(RD_JSON_FLOAT));
    fputc('\n', out);
    json_decref(json);
}

static void print_json(FILE *out, const RdAnswerStyle *style, const RdData *data,
                       const RdCollected *collected, int i) {
    json_t *json = json_object();
    double probability;
    if (style->produced >= 0) {
        json_object_set_new(json, "text", json_string(data->text[style->produced][i]));
        if (style->score) json_object_set_new(json, "score", json_real(style->score[i]));
    } else if (style->answer.column < 0) {
        json_object_set_new(json, "outputs", outputs_json(collected, i));
    } else if (style->answer.number >= 0) {
        json_object_set_new(json, "value", numbers_json(style, collected, i));
    } else if (answers_tags(style)) {
        json_object_set_new(json, "words", tagged_json(style, data, i));
        json_object_set_new(json, "tags", answer_json(style, collected, i));
        if (style->answer.probability >= 0)
            json_object_set_new(json, "probabilities", tag_probabilities(style, collected, i));
    } else {
        json_object_set_new(json, "label", answer_json(style, collected, i));
        bool one = !rd_answer_per_step(style->model, &style->answer);
        if (one && probability_at(style, collected, i, 0, &probability)) {
            json_object_set_new(json, "probability", json_real(probability));
            json_object_set_new(json, "probabilities", probabilities_json(style, collected, i));
        }
    }
    add_record(style, json, data, i);
    if (style->explain) rd_weights_json(json, style, data, collected, i);
    put_json(out, json);
}

void rd_print_answer(FILE *out, const RdAnswerStyle *style, const RdData *data,
                     const RdCollected *collected, int i) {
    (style->json ? print_json : print_plain)(out, style, data, collected, i);
}

void rd_print_decoded(FILE *out, const RdAnswerStyle *style, const RdData *data, int i,
                      const char *decoded, double score) {
    if (!style->json) {
        rd_print_text(out, decoded);
        print_record(out, style, data, i);
        return;
    }
    json_t *json = json_object();
    json_object_set_new(json, "text", json_string(decoded));
    json_object_set_new(json, "score", isfinite(score) ? json_real(score) : json_null());
    add_record(style, json, data, i);
    put_json(out, json);
}
