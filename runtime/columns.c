#include "columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conll.h"

static const char blanks[] = " \t\r\n";

/* text without blanks on either side; its length in *length */
static const char *trim(const char *text, size_t *length) {
    text += strspn(text, blanks);
    *length = strlen(text);
    while (*length > 0 && strchr(blanks, text[*length - 1])) --*length;
    return text;
}

static bool trimmed_equal(const char *field, const char *name) {
    size_t length;
    field = trim(field, &length);
    return strlen(name) == length && memcmp(field, name, length) == 0;
}

static bool trimmed_similar(const char *field, const char *name) {
    size_t length;
    field = trim(field, &length);
    return strlen(name) == length && strncasecmp(field, name, length) == 0;
}

int rd_class_number(const RdColumn *column, const char *field) {
    for (int i = 0; i < column->class_count; i++)
        if (trimmed_equal(field, column->classes[i])) return i;
    return -1;
}

/* Numbers with blanks, commas or semicolons between them. */
bool rd_read_numbers(const RdColumn *column, const char *field, double *to, RdError *error) {
    static const char between[] = " \t\r\n,;";
    int count = 0;
    for (const char *at = field + strspn(field, between); *at; at += strspn(at, between)) {
        char *end;
        double value = strtod(at, &end);
        size_t length = strcspn(at, between);
        if (end != at + length || !isfinite(value))
            return rd_fail(error, "column '%s': '%.*s' is not a number", column->name,
                           (int)(length < 40 ? length : 40), at);
        if (to && count < column->numbers) to[count] = value;
        count++;
        at = end;
    }
    if (count == column->numbers) return true;
    return rd_fail(error, "column '%s' has %d number%s; expected %d", column->name, count,
                   count == 1 ? "" : "s", column->numbers);
}

/* Whether the field can be one of the column. */
static bool fits(const RdColumn *column, const char *field) {
    RdError why;
    return column->kind == RD_NUMBERS ? rd_read_numbers(column, field, NULL, &why)
                                      : rd_class_number(column, field) >= 0;
}

bool rd_column_of_words(const RdColumn *column) {
    return column->kind == RD_WORDS || column->kind == RD_TAGS;
}

bool rd_column_needed(const RdColumn *column, bool need_targets) {
    return need_targets || !column->target;
}

/* What a file calls the column. */
static const char *field_name(const RdColumn *column) {
    return column->field ? column->field : column->name;
}

static int needed_names(const RdModel *model, bool need_targets, const char **names) {
    int count = 0;
    for (int c = 0; c < model->column_count; c++)
        if (rd_column_needed(&model->columns[c], need_targets))
            names[count++] = field_name(&model->columns[c]);
    return count;
}

void rd_column_list(const RdModel *model, bool need_targets, char *out, int size) {
    const char *names[RD_MAX_COLUMNS];
    rd_list(out, size, names, needed_names(model, need_targets, names));
}

/* ---- with a header ---- */

/* The field that bears the name, -1 when none does, -2 when two do. */
static int field_named(const RdRecord *record, const char *name) {
    int found = -1;
    for (int f = 0; f < record->count; f++)
        if (trimmed_equal(record->field[f], name)) found = found == -1 ? f : -2;
    return found;
}

static bool any_field_similar(const RdRecord *record, const char *name) {
    for (int f = 0; f < record->count; f++)
        if (trimmed_similar(record->field[f], name)) return true;
    return false;
}

/* A record with as many fields as columns and a class (numbers) in each column of such is data,
 * whatever its text says. */
static bool data_in_order(const RdModel *model, const RdRecord *record) {
    int classes = 0;
    if (record->count != model->column_count) return false;
    for (int c = 0; c < model->column_count; c++) {
        if (rd_column_of_words(&model->columns[c])) continue;
        if (!fits(&model->columns[c], record->field[c])) return false;
        classes++;
    }
    return classes > 0;
}

/* Names of columns that are not needed count too: a header may lack the needed ones. */
static bool is_header(const RdModel *model, const RdRecord *record) {
    if (data_in_order(model, record)) return false;
    for (int c = 0; c < model->column_count; c++)
        if (any_field_similar(record, field_name(&model->columns[c]))) return true;
    return false;
}

static bool missing(const char *path, const RdModel *model, bool need_targets,
                    const RdRecord *header, const char *name, RdError *error) {
    char found[200], wanted[100];
    rd_list(found, sizeof found, (const char *const *)header->field, header->count);
    rd_column_list(model, need_targets, wanted, sizeof wanted);
    const char *near = rd_nearest(name, (const char *const *)header->field, header->count);
    if (near)
        return rd_fail(error, "%s:%d: the header has no column '%s'; is it '%s'? needed: %s", path,
                       header->line, name, near, wanted);
    return rd_fail(error, "%s:%d: the header has no column '%s'; it has: %s; needed: %s", path,
                   header->line, name, found, wanted);
}

static bool map_header(const char *path, const RdModel *model, bool need_targets,
                       const RdRecord *header, RdMapping *mapping, RdError *error) {
    mapping->header = true;
    mapping->fields = header->count;
    for (int c = 0; c < model->column_count; c++) {
        const char *name = field_name(&model->columns[c]);
        mapping->field[c] = -1;
        if (!rd_column_needed(&model->columns[c], need_targets)) continue;
        mapping->field[c] = field_named(header, name);
        if (mapping->field[c] == -2)
            return rd_fail(error, "%s:%d: the header names the column '%s' twice", path,
                           header->line, name);
        if (mapping->field[c] < 0) return missing(path, model, need_targets, header, name, error);
    }
    return true;
}

/* ---- without ---- */

/* Whether field f of most records with `fields` fields is a class of the column. */
static bool holds_classes(const RdColumn *column, const RdRecord *record, int count, int fields,
                          int f) {
    int seen = 0, matching = 0;
    for (int i = 0; i < count; i++) {
        if (record[i].count != fields) continue;
        seen++;
        matching += fits(column, record[i].field[f]);
    }
    return 2 * matching > seen;
}

/* The only field with the column's classes, or -1. */
static int only_class_field(const RdColumn *column, const RdRecord *record, int count, int fields) {
    int found = -1;
    for (int f = 0; f < fields; f++) {
        if (!holds_classes(column, record, count, fields, f)) continue;
        if (found >= 0) return -1;
        found = f;
    }
    return found;
}

/* Gives each of the chosen columns its field in the model's order; false if a column of classes
 * has no classes there. */
static bool map_in_order(const RdModel *model, const bool *chosen, const RdRecord *record,
                         int count, RdMapping *mapping) {
    bool fits = true;
    int f = 0;
    for (int c = 0; c < model->column_count; c++) {
        const RdColumn *column = &model->columns[c];
        mapping->field[c] = chosen[c] ? f++ : -1;
        if (chosen[c] && !rd_column_of_words(column))
            fits &= holds_classes(column, record, count, mapping->fields, mapping->field[c]);
    }
    return fits;
}

/* Gives the columns of classes the fields where their classes are, the others what is left; false
 * unless there is exactly one way. */
static bool map_by_classes(const RdModel *model, const bool *chosen, const RdRecord *record,
                           int count, RdMapping *mapping) {
    bool taken[RD_MAX_COLUMNS] = {false};
    for (int c = 0; c < model->column_count; c++) {
        if (!chosen[c] || rd_column_of_words(&model->columns[c])) continue;
        int f = only_class_field(&model->columns[c], record, count, mapping->fields);
        if (f < 0 || taken[f]) return false;
        taken[f] = true;
        mapping->field[c] = f;
    }
    int f = 0;
    for (int c = 0; c < model->column_count; c++) {
        if (!chosen[c] || !rd_column_of_words(&model->columns[c])) continue;
        while (taken[f]) f++;
        mapping->field[c] = f++;
    }
    return true;
}

/* How many columns the records have: all of the model's, or only the inputs. The first record with
 * a possible number decides. */
static int choose_columns(const RdModel *model, bool need_targets, const RdRecord *record,
                          int count, bool *chosen) {
    int inputs = 0, fields = 0;
    for (int c = 0; c < model->column_count; c++) inputs += !model->columns[c].target;
    for (int i = 0; i < count && fields == 0; i++) {
        if (record[i].count == model->column_count) fields = model->column_count;
        if (!need_targets && record[i].count == inputs) fields = inputs;
    }
    if (fields == 0) fields = need_targets ? model->column_count : inputs;
    for (int c = 0; c < model->column_count; c++)
        chosen[c] = fields == model->column_count || !model->columns[c].target;
    return fields;
}

static void map_fields(const RdModel *model, bool need_targets, const RdRecord *record, int count,
                       RdMapping *mapping) {
    bool chosen[RD_MAX_COLUMNS];
    mapping->header = false;
    mapping->fields = choose_columns(model, need_targets, record, count, chosen);
    RdMapping in_order = *mapping;
    bool fits = map_in_order(model, chosen, record, count, &in_order);
    for (int c = 0; c < RD_MAX_COLUMNS; c++) mapping->field[c] = -1;
    if (fits || !map_by_classes(model, chosen, record, count, mapping)) *mapping = in_order;
    for (int c = 0; c < model->column_count; c++)
        if (!rd_column_needed(&model->columns[c], need_targets)) mapping->field[c] = -1;
}

bool rd_map_columns(const char *path, RdFormat format, const RdModel *model, bool need_targets,
                    const RdRecord *first, int count, RdMapping *mapping, RdError *error) {
    if (format != RD_FORMAT_LINES && is_header(model, &first[0]))
        return map_header(path, model, need_targets, &first[0], mapping, error);
    map_fields(model, need_targets, first, count, mapping);
    return true;
}

/* ---- sentences ---- */

/* The place of a column in sentences, or -1. */
static int place_of(RdFormat format, const RdColumn *column, int fields) {
    if (column->field) return rd_conll_column(format, fields, column->field);
    int own = rd_conll_column(format, fields, column->name);
    if (own >= 0) return own;
    bool words = column->kind == RD_WORDS;
    if (format == RD_FORMAT_CONLLU) return rd_conll_column(format, fields, words ? "FORM" : "UPOS");
    return words ? 0 : fields > 1 ? fields - 1 : -1;
}

static bool no_place(const char *path, RdFormat format, const RdColumn *column, int fields,
                     RdError *error) {
    if (column->field)
        return rd_fail(error, "%s: has no column '%s' for '%s'; expected %s", path, column->field,
                       column->name,
                       format == RD_FORMAT_CONLLU ? "FORM, LEMMA, UPOS, XPOS, FEATS, DEPREL…"
                                                  : "a number, the first being 1");
    return rd_fail(error, "%s: has %d column%s, none for '%s'; expected one more", path, fields,
                   fields == 1 ? "" : "s", column->name);
}

bool rd_map_sentences(const char *path, RdFormat format, const RdModel *model, bool need_targets,
                      int fields, RdMapping *mapping, RdError *error) {
    *mapping = (RdMapping){.fields = fields};
    for (int c = 0; c < model->column_count; c++) {
        const RdColumn *column = &model->columns[c];
        bool needed = rd_column_needed(column, need_targets);
        mapping->field[c] = needed ? place_of(format, column, fields) : -1;
        if (needed && mapping->field[c] < 0) return no_place(path, format, column, fields, error);
        for (int b = 0; b < c; b++)
            if (needed && mapping->field[b] == mapping->field[c])
                return rd_fail(error,
                               "%s: column %d is both '%s' and '%s'; the model can say which is"
                               " which, as in words(column = 1)",
                               path, mapping->field[c] + 1, model->columns[b].name, column->name);
    }
    return true;
}
