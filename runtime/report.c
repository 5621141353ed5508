#include "report.h"

#include <jansson.h>
#include <string.h>

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

static int widest(const RdColumn *column, int least) {
    int width = least;
    for (int i = 0; i < column->class_count; i++)
        if (rd_text_width(column->classes[i]) > width) width = rd_text_width(column->classes[i]);
    return width;
}

static void class_table(FILE *out, const RdColumn *column, const RdConfusion *confusion) {
    int width = widest(column, 5);
    fprintf(out, "\n%*s  precision  recall     f1   count\n", width, "");
    for (int i = 0; i < confusion->classes; i++) {
        left(out, column->classes[i], width);
        fprintf(out, "      %.3f   %.3f  %.3f  %6ld\n", rd_precision(confusion, i),
                rd_recall(confusion, i), rd_class_f1(confusion, i),
                rd_confusion_support(confusion, i));
    }
}

static void confusion_table(FILE *out, const RdColumn *column, const RdConfusion *confusion) {
    int first = widest(column, 4), width = widest(column, 6);
    fputc('\n', out);
    left(out, "true", first);
    fputs("  predicted\n", out);
    spaces(out, first);
    for (int i = 0; i < confusion->classes; i++) {
        fputs("  ", out);
        right(out, column->classes[i], width);
    }
    fputc('\n', out);
    for (int i = 0; i < confusion->classes; i++) {
        left(out, column->classes[i], first);
        for (int j = 0; j < confusion->classes; j++)
            fprintf(out, "  %*ld", width, confusion->count[i * confusion->classes + j]);
        fputc('\n', out);
    }
}

void rd_report_text(FILE *out, const RdModel *model, const RdEvaluation *evaluation, int examples) {
    const RdConfusion *confusion = &evaluation->confusion;
    int column = evaluation->answer.column;
    fprintf(out, "examples  %d\n", examples);
    if (model->loss_per_step) fprintf(out, "targets   %ld\n", evaluation->targets);
    fprintf(out, "loss      %.3f\n", evaluation->loss);
    if (evaluation->numbers.columns) {
        fprintf(out, "rmse      %.4g\n", rd_rmse(&evaluation->numbers));
        fprintf(out, "mae       %.4g\n", rd_mae(&evaluation->numbers));
        fprintf(out, "r2        %.3f\n", rd_r2(&evaluation->numbers));
        return;
    }
    if (column >= 0) fprintf(out, "accuracy  %.3f\n", evaluation->accuracy);
    if (!confusion->classes) return;
    if (confusion->classes == 2)
        fprintf(out, "f1        %.3f  (of '%s')\n", rd_binary_or_macro(confusion, rd_class_f1),
                model->columns[column].classes[1]);
    fprintf(out, "macro f1  %.3f\n", rd_macro(confusion, rd_class_f1));
    class_table(out, &model->columns[column], confusion);
    confusion_table(out, &model->columns[column], confusion);
}

/* ---- for programs ---- */

static json_t *classes_json(const RdColumn *column, const RdConfusion *confusion) {
    json_t *list = json_array();
    for (int i = 0; i < confusion->classes; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:f, s:f, s:f, s:I}", "name", column->classes[i], "precision",
                            rd_precision(confusion, i), "recall", rd_recall(confusion, i), "f1",
                            rd_class_f1(confusion, i), "count",
                            (json_int_t)rd_confusion_support(confusion, i)));
    return list;
}

static json_t *confusion_json(const RdConfusion *confusion) {
    json_t *rows = json_array();
    for (int i = 0; i < confusion->classes; i++) {
        json_t *row = json_array();
        for (int j = 0; j < confusion->classes; j++)
            json_array_append_new(row, json_integer(confusion->count[i * confusion->classes + j]));
        json_array_append_new(rows, row);
    }
    return rows;
}

void rd_report_json(FILE *out, const RdModel *model, const RdEvaluation *evaluation, int examples) {
    const RdConfusion *confusion = &evaluation->confusion;
    int column = evaluation->answer.column;
    json_t *json = json_pack("{s:i, s:I, s:f}", "examples", examples, "targets",
                             (json_int_t)evaluation->targets, "loss", evaluation->loss);
    if (evaluation->numbers.columns) {
        json_object_set_new(json, "rmse", json_real(rd_rmse(&evaluation->numbers)));
        json_object_set_new(json, "mae", json_real(rd_mae(&evaluation->numbers)));
        json_object_set_new(json, "r2", json_real(rd_r2(&evaluation->numbers)));
    } else if (column >= 0)
        json_object_set_new(json, "accuracy", json_real(evaluation->accuracy));
    if (confusion->classes) {
        json_object_set_new(json, "precision",
                            json_real(rd_binary_or_macro(confusion, rd_precision)));
        json_object_set_new(json, "recall", json_real(rd_binary_or_macro(confusion, rd_recall)));
        json_object_set_new(json, "f1", json_real(rd_binary_or_macro(confusion, rd_class_f1)));
        json_object_set_new(json, "macro_f1", json_real(rd_macro(confusion, rd_class_f1)));
        json_object_set_new(json, "classes", classes_json(&model->columns[column], confusion));
        json_object_set_new(json, "confusion", confusion_json(confusion));
    }
    json_dumpf(json, out, JSON_COMPACT | JSON_REAL_PRECISION(RD_JSON_DOUBLE));
    fputc('\n', out);
    json_decref(json);
}
