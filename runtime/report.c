#include "report.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "tokens.h"
#include "units.h"

int rd_text_width(const char *text) {
    int width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

/* ---- for people ---- */

static void spaces(FILE *out, int count) { fprintf(out, "%*s", count > 0 ? count : 0, ""); }

static void left(FILE *out, const char *text, int width) {
    fputs(text, out);
    spaces(out, width - rd_text_width(text));
}

static void right(FILE *out, const char *text, int width) {
    spaces(out, width - rd_text_width(text));
    fputs(text, out);
}

/* The classes or tags to show: of tags those that occur, as a model can have room for more. */
typedef struct {
    const RdColumn *column;
    const RdVocab *vocab;
    const RdConfusion *confusion;
    int *shown; /* [count] their numbers */
    int count;
} Classes;

static Classes classes_of(const RdModel *model, const RdVocab *vocab,
                          const RdEvaluation *evaluation) {
    int number = evaluation->answer.column;
    const RdConfusion *confusion = &evaluation->confusion;
    Classes c = {&model->columns[number], &vocab[number], confusion, NULL, 0};
    c.shown = rd_zeros((size_t)confusion->classes, sizeof *c.shown);
    for (int i = 0; i < confusion->classes; i++)
        if (c.column->kind != RD_TAGS || rd_confusion_occurs(confusion, i)) c.shown[c.count++] = i;
    return c;
}

static const char *class_name(const Classes *c, int i) {
    return rd_value_name(c->column, c->vocab, c->shown[i]);
}

static int widest(const Classes *c, int least) {
    int width = least;
    for (int i = 0; i < c->count; i++)
        if (rd_text_width(class_name(c, i)) > width) width = rd_text_width(class_name(c, i));
    return width;
}

static void class_table(FILE *out, const Classes *c) {
    int width = widest(c, 5);
    fprintf(out, "\n%*s  precision  recall     f1   count\n", width, "");
    for (int i = 0; i < c->count; i++) {
        left(out, class_name(c, i), width);
        fprintf(out, "      %.3f   %.3f  %.3f  %6ld\n", rd_precision(c->confusion, c->shown[i]),
                rd_recall(c->confusion, c->shown[i]), rd_class_f1(c->confusion, c->shown[i]),
                rd_confusion_support(c->confusion, c->shown[i]));
    }
}

static void confusion_table(FILE *out, const Classes *c) {
    int first = widest(c, 4), width = widest(c, 6);
    fputc('\n', out);
    left(out, "true", first);
    fputs("  predicted\n", out);
    spaces(out, first);
    for (int i = 0; i < c->count; i++) {
        fputs("  ", out);
        right(out, class_name(c, i), width);
    }
    fputc('\n', out);
    for (int i = 0; i < c->count; i++) {
        left(out, class_name(c, i), first);
        for (int j = 0; j < c->count; j++)
            fprintf(out, "  %*ld", width,
                    rd_confusion_cell(c->confusion, c->shown[i], c->shown[j]));
        fputc('\n', out);
    }
}

/* A line for each type of chunk, sorted by name. */
static void chunk_table(FILE *out, const RdChunks *chunks, const int *order, int count) {
    int width = 6;
    for (int i = 0; i < count; i++)
        if (rd_text_width(chunks->type[order[i]]) > width)
            width = rd_text_width(chunks->type[order[i]]);
    fprintf(out, "\n%*s  precision  recall     f1   count\n", width, "");
    for (int i = 0; i <= count; i++) {
        RdChunkCount n = i < count ? chunks->count[order[i]] : rd_chunks_all(chunks);
        left(out, i < count ? chunks->type[order[i]] : "entity", width);
        fprintf(out, "      %.3f   %.3f  %.3f  %6ld\n", rd_chunk_precision(n), rd_chunk_recall(n),
                rd_chunk_f1(n), n.truths);
    }
}

/* The types of chunks that occur, by name, into order[types]; returns how many. */
static int chunk_types(const RdChunks *chunks, int *order) {
    int count = 0;
    for (int i = 0; i < chunks->types; i++) {
        if (!chunks->type[i][0] || !(chunks->count[i].truths + chunks->count[i].predicted))
            continue;
        int at = count++;
        for (; at > 0 && strcmp(chunks->type[order[at - 1]], chunks->type[i]) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return count;
}

static void report_chunks(FILE *out, const RdChunks *chunks) {
    int *order = rd_zeros((size_t)chunks->types, sizeof *order);
    chunk_table(out, chunks, order, chunk_types(chunks, order));
    free(order);
}

static bool has_metric(const RdModel *model, const char *name) {
    for (int m = 0; m < model->metric_count; m++)
        if (strcmp(model->metrics[m], name) == 0) return true;
    return false;
}

static void baseline_lines(FILE *out, const RdEvaluation *evaluation) {
    const RdBaseline *baseline = &evaluation->baseline;
    char smoothing[RD_BASELINE_TEXT];
    fprintf(out, "\n%d-grams of %s, %s:\nloss      %.3f\nperplexity  %.2f\n", baseline->order,
            baseline->path, rd_baseline_smoothing(baseline, smoothing), baseline->loss,
            rd_perplexity(baseline->loss));
    if (rd_tokens_are_letters(evaluation->text))
        fprintf(out, "bpc       %.3f\n", rd_bits(baseline->loss));
}

/* ---- what rounded weights change ---- */

typedef struct {
    const char *name;
    double value;
} Figure;

enum { FIGURES = 6 + RD_COMPARISONS };

static int figures_of(const RdEvaluation *evaluation, Figure *figure) {
    const RdConfusion *confusion = &evaluation->confusion;
    int count = 0;
    figure[count++] = (Figure){"loss", evaluation->loss};
    if (evaluation->text) {
        figure[count++] = (Figure){"perplexity", rd_perplexity(evaluation->loss)};
        if (rd_tokens_are_letters(evaluation->text))
            figure[count++] = (Figure){"bpc", rd_bits(evaluation->loss)};
    }
    for (int i = 0; i < evaluation->comparison.count; i++)
        figure[count++] = (Figure){evaluation->comparison.name[i], evaluation->comparison.value[i]};
    if (evaluation->numbers.columns) {
        figure[count++] = (Figure){"rmse", rd_rmse(&evaluation->numbers)};
        figure[count++] = (Figure){"mae", rd_mae(&evaluation->numbers)};
        figure[count++] = (Figure){"r2", rd_r2(&evaluation->numbers)};
    } else if (evaluation->answer.column >= 0)
        figure[count++] = (Figure){"accuracy", evaluation->accuracy};
    if (confusion->classes)
        figure[count++] = (Figure){"macro_f1", rd_macro(confusion, rd_class_f1)};
    if (evaluation->chunks.apply)
        figure[count++] = (Figure){"entity_f1", rd_chunk_f1(rd_chunks_all(&evaluation->chunks))};
    return count;
}

static void precision_table(FILE *out, const RdModel *model, const RdEvaluation *evaluation) {
    Figure narrow[FIGURES], full[FIGURES];
    int count = figures_of(evaluation, narrow);
    figures_of(evaluation->full, full);
    fprintf(out, "\nweights     %10s %10s     change\n", rd_precision_name(RD_FULL),
            rd_precision_name(model->precision));
    for (int i = 0; i < count; i++)
        fprintf(out, "%-10s  %10.5g %10.5g %+10.2g\n", narrow[i].name, full[i].value,
                narrow[i].value, narrow[i].value - full[i].value);
}

static void set_precision(json_t *json, const RdModel *model, const RdEvaluation *evaluation) {
    Figure narrow[FIGURES], full[FIGURES];
    json_t *whole = json_object(), *change = json_object();
    int count = figures_of(evaluation, narrow);
    figures_of(evaluation->full, full);
    for (int i = 0; i < count; i++) {
        json_object_set_new(whole, full[i].name, json_real(full[i].value));
        json_object_set_new(change, full[i].name, json_real(narrow[i].value - full[i].value));
    }
    json_object_set_new(json, "weights", json_string(rd_precision_name(model->precision)));
    json_object_set_new(json, rd_precision_name(RD_FULL), whole);
    json_object_set_new(json, "change", change);
}

/* ---- all ---- */

static void report_text(FILE *out, const RdModel *model, const RdVocab *vocab,
                        const RdEvaluation *evaluation, int examples) {
    const RdConfusion *confusion = &evaluation->confusion;
    int column = evaluation->answer.column;
    fprintf(out, "examples  %d\n", examples);
    if (model->loss_per_step) fprintf(out, "targets   %ld\n", evaluation->targets);
    fprintf(out, "loss      %.3f\n", evaluation->loss);
    if (evaluation->text) {
        fprintf(out, "perplexity  %.2f\n", rd_perplexity(evaluation->loss));
        if (rd_tokens_are_letters(evaluation->text))
            fprintf(out, "bpc       %.3f\n", rd_bits(evaluation->loss));
    }
    if (evaluation->numbers.columns) {
        fprintf(out, "rmse      %.4g\n", rd_rmse(&evaluation->numbers));
        fprintf(out, "mae       %.4g\n", rd_mae(&evaluation->numbers));
        fprintf(out, "r2        %.3f\n", rd_r2(&evaluation->numbers));
        if (has_metric(model, "exact_match"))
            fprintf(out, "exact match  %.3f\n", rd_exact_match(&evaluation->numbers));
        return;
    }
    if (column >= 0) fprintf(out, "accuracy  %.3f\n", evaluation->accuracy);
    for (int i = 0; i < evaluation->comparison.count; i++)
        fprintf(out, "%-8s  %.3f\n", evaluation->comparison.name[i],
                evaluation->comparison.value[i]);
    if (evaluation->baseline.order) baseline_lines(out, evaluation);
    if (!confusion->classes) return;
    Classes classes = classes_of(model, vocab, evaluation);
    if (confusion->classes == 2)
        fprintf(out, "f1        %.3f  (of '%s')\n", rd_binary_or_macro(confusion, rd_class_f1),
                class_name(&classes, 1));
    fprintf(out, "macro f1  %.3f\n", rd_macro(confusion, rd_class_f1));
    if (evaluation->chunks.apply) report_chunks(out, &evaluation->chunks);
    class_table(out, &classes);
    confusion_table(out, &classes);
    free(classes.shown);
}

void rd_report_text(FILE *out, const RdModel *model, const RdVocab *vocab,
                    const RdEvaluation *evaluation, int examples) {
    report_text(out, model, vocab, evaluation, examples);
    if (evaluation->full) precision_table(out, model, evaluation);
}

/* ---- for programs ---- */

static json_t *classes_json(const Classes *c) {
    json_t *list = json_array();
    for (int i = 0; i < c->count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:f, s:f, s:f, s:I}", "name", class_name(c, i), "precision",
                            rd_precision(c->confusion, c->shown[i]), "recall",
                            rd_recall(c->confusion, c->shown[i]), "f1",
                            rd_class_f1(c->confusion, c->shown[i]), "count",
                            (json_int_t)rd_confusion_support(c->confusion, c->shown[i])));
    return list;
}

static json_t *confusion_json(const Classes *c) {
    json_t *rows = json_array();
    for (int i = 0; i < c->count; i++) {
        json_t *row = json_array();
        for (int j = 0; j < c->count; j++)
            json_array_append_new(
                row, json_integer(rd_confusion_cell(c->confusion, c->shown[i], c->shown[j])));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *chunk_json(const char *name, RdChunkCount n) {
    return json_pack("{s:s, s:f, s:f, s:f, s:I, s:I, s:I}", "name", name, "precision",
                     rd_chunk_precision(n), "recall", rd_chunk_recall(n), "f1", rd_chunk_f1(n),
                     "count", (json_int_t)n.truths, "predicted", (json_int_t)n.predicted, "right",
                     (json_int_t)n.right);
}

static json_t *chunks_json(const RdChunks *chunks) {
    int *order = rd_zeros((size_t)chunks->types, sizeof *order);
    int count = chunk_types(chunks, order);
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, chunk_json(chunks->type[order[i]], chunks->count[order[i]]));
    free(order);
    return list;
}

static void set_chunks(json_t *json, const RdChunks *chunks) {
    RdChunkCount all = rd_chunks_all(chunks);
    json_object_set_new(json, "entity_precision", json_real(rd_chunk_precision(all)));
    json_object_set_new(json, "entity_recall", json_real(rd_chunk_recall(all)));
    json_object_set_new(json, "entity_f1", json_real(rd_chunk_f1(all)));
    json_object_set_new(json, "entities", chunks_json(chunks));
}

void rd_report_json(FILE *out, const RdModel *model, const RdVocab *vocab,
                    const RdEvaluation *evaluation, int examples) {
    const RdConfusion *confusion = &evaluation->confusion;
    int column = evaluation->answer.column;
    json_t *json = json_pack("{s:i, s:I, s:f}", "examples", examples, "targets",
                             (json_int_t)evaluation->targets, "loss", evaluation->loss);
    if (evaluation->text) {
        json_object_set_new(json, "perplexity", json_real(rd_perplexity(evaluation->loss)));
        if (rd_tokens_are_letters(evaluation->text))
            json_object_set_new(json, "bpc", json_real(rd_bits(evaluation->loss)));
    }
    for (int i = 0; i < evaluation->comparison.count; i++)
        json_object_set_new(json, evaluation->comparison.name[i],
                            json_real(evaluation->comparison.value[i]));
    const RdBaseline *baseline = &evaluation->baseline;
    char smoothing[RD_BASELINE_TEXT];
    if (baseline->order)
        json_object_set_new(json, "ngram",
                            json_pack("{s:i, s:s, s:f, s:f}", "order", baseline->order, "smoothing",
                                      rd_baseline_smoothing(baseline, smoothing), "loss",
                                      baseline->loss, "perplexity", rd_perplexity(baseline->loss)));
    if (evaluation->numbers.columns) {
        json_object_set_new(json, "rmse", json_real(rd_rmse(&evaluation->numbers)));
        json_object_set_new(json, "mae", json_real(rd_mae(&evaluation->numbers)));
        json_object_set_new(json, "r2", json_real(rd_r2(&evaluation->numbers)));
        if (has_metric(model, "exact_match"))
            json_object_set_new(json, "exact_match",
                                json_real(rd_exact_match(&evaluation->numbers)));
    } else if (column >= 0)
        json_object_set_new(json, "accuracy", json_real(evaluation->accuracy));
    if (evaluation->chunks.apply) set_chunks(json, &evaluation->chunks);
    if (confusion->classes) {
        Classes classes = classes_of(model, vocab, evaluation);
        json_object_set_new(json, "precision",
                            json_real(rd_binary_or_macro(confusion, rd_precision)));
        json_object_set_new(json, "recall", json_real(rd_binary_or_macro(confusion, rd_recall)));
        json_object_set_new(json, "f1", json_real(rd_binary_or_macro(confusion, rd_class_f1)));
        json_object_set_new(json, "macro_f1", json_real(rd_macro(confusion, rd_class_f1)));
        json_object_set_new(json, "classes", classes_json(&classes));
        json_object_set_new(json, "confusion", confusion_json(&classes));
        free(classes.shown);
    }
    if (evaluation->full) set_precision(json, model, evaluation);
    json_dumpf(json, out, JSON_COMPACT | JSON_REAL_PRECISION(RD_JSON_DOUBLE));
    fputc('\n', out);
    json_decref(json);
}
