#include "columns.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "conll.h"
#include "numbers.h"

static bool trimmed_equal(const char *field, const char *name) {
    size_t length;
    field = rd_trim(field, &length);
    return strlen(name) == length && memcmp(field, name, length) == 0;
}

static bool trimmed_similar(const char *field, const char *name) {
    size_t length;
    field = rd_trim(field, &length);
    return strlen(name) == length && strncasecmp(field, name, length) == 0;
}

int rd_class_number(const RdColumn *column, const char *field) {
    for (int i = 0; i < column->class_count; i++)
        if (trimmed_equal(field, column->classes[i])) return i;
    return -1;
}

/* Whether the field can be one of the column, or, when the numbers of a column are `spread` over as
 * many fields, one of these. */
static bool fits(const RdColumn *column, const char *field, bool spread) {
    double value;
    if (column->kind != RD_NUMBERS) return rd_class_number(column, field) >= 0;
    return spread ? rd_read_number(field, &value) : rd_read_numbers(column, field, NULL, NULL);
}

bool rd_column_hidden(const RdColumn *column) {
    return column->inner || column->kind == RD_PREVIOUS || column->kind == RD_CARRIED;
}

int rd_long_text(const RdModel *model) {
    for (int c = 0; c < model->column_count; c++)
        if (model->columns[c].kind == RD_WORDS && model->columns[c].window) return c;
    return -1;
}

/* How many fields a column has in records without a header. */
static int width_of(const RdColumn *column, bool spread) {
    if (rd_column_hidden(column)) return 0;
    return spread && column->kind == RD_NUMBERS ? column->numbers : 1;
}

/* The fields of all columns, or of the inputs. */
static int fields_of(const RdModel *model, bool targets, bool spread) {
    int fields = 0;
    for (int c = 0; c < model->column_count; c++)
        if (targets || !model->columns[c].target) fields += width_of(&model->columns[c], spread);
    return fields;
}

bool rd_column_of_words(const RdColumn *column) {
    return column->kind == RD_WORDS || column->kind == RD_TAGS;
}

bool rd_text_produced(const RdColumn *column) { return column->kind == RD_WORDS && column->target; }

bool rd_column_needed(const RdColumn *column, bool need_targets) {
    return !rd_column_hidden(column) && (need_targets || !column->target);
}

/* What a file calls the column. */
static const char *field_name(const RdColumn *column) {
    return column->field ? column->field : column->name;
}

int rd_field_count(const RdModel *model, bool need_targets) {
    return fields_of(model, need_targets, false);
}

typedef struct {
    const char *name[64];
    int count;
} Names;

static void add_name(Names *names, const char *name) {
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->name[i], name) == 0) return;
    if (names->count < (int)(sizeof names->name / sizeof *names->name))
        names->name[names->count++] = name;
}

void rd_column_list(const RdModel *model, bool need_targets, char *out, int size) {
    Names names = {.count = 0};
    for (int c = 0; c < model->column_count; c++) {
        const RdColumn *column = &model->columns[c];
        if (!rd_column_needed(column, need_targets)) continue;
        if (column->by) add_name(&names, column->by);
        for (int k = 0; column->fields && k < column->numbers; k++)
            add_name(&names, column->fields[k]);
        if (!column->fields) add_name(&names, field_name(column));
    }
    rd_list(out, size, names.name, names.count);
}

/* ---- with a header ---- */

/* Whether the field is called `name`, when what a name cannot have is taken as "_". */
static bool roughly_equal(const char *field, const char *name) {
    size_t length;
    field = rd_trim(field, &length);
    if (strlen(name) != length) return false;
    for (size_t i = 0; i < length; i++)
        if (field[i] != name[i] && (name[i] != '_' || isalnum((unsigned char)field[i])))
            return false;
    return true;
}

static int field_with(const RdRecord *record, const char *name,
                      bool equal(const char *field, const char *name)) {
    int found = -1;
    for (int f = 0; f < record->count; f++)
        if (equal(record->field[f], name)) found = found == -1 ? f : -2;
    return found;
}

int rd_field_named(const RdRecord *header, const char *name) {
    int found = field_with(header, name, trimmed_equal);
    return found == -1 ? field_with(header, name, roughly_equal) : found;
}

static bool any_field_similar(const RdRecord *record, const char *name) {
    for (int f = 0; f < record->count; f++)
        if (trimmed_similar(record->field[f], name)) return true;
    return false;
}

/* Whether a record has as many fields as the columns (the inputs only unless `targets`), with a
 * class or numbers in all columns of such: in *telling how many these are. */
static bool in_order(const RdModel *model, const RdRecord *record, bool targets, bool spread,
                     int *telling) {
    *telling = 0;
    if (record->count != fields_of(model, targets, spread)) return false;
    for (int c = 0, f = 0; c < model->column_count; c++) {
        const RdColumn *column = &model->columns[c];
        if (column->target && !targets) continue;
        for (int end = f + width_of(column, spread); f < end; f++) {
            if (rd_column_of_words(column)) continue;
            if (!fits(column, record->field[f], spread)) return false;
            ++*telling;
        }
    }
    return true;
}

/* A record with a class or numbers in each column of such is data, whatever its text says. */
static bool data_in_order(const RdModel *model, const RdRecord *record, bool spread) {
    int telling;
    return in_order(model, record, true, spread, &telling) && telling > 0;
}

/* Names of columns that are not needed count too: a header may lack the needed ones. */
static bool is_header(const RdModel *model, const RdRecord *record) {
    if (data_in_order(model, record, false) || data_in_order(model, record, true)) return false;
    for (int c = 0; c < model->column_count; c++) {
        const RdColumn *column = &model->columns[c];
        if (any_field_similar(record, field_name(column))) return true;
        if (column->kind == RD_NUMBERS && rd_names_numbers(column, record)) return true;
        if (column->by && any_field_similar(record, column->by)) return true;
    }
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

/* Finds the column in the header; if not there, *name is what it lacks. */
static int find_column(const RdColumn *column, const RdRecord *header, int **fields,
                       char name[RD_FIELD_NAME]) {
    snprintf(name, RD_FIELD_NAME, "%s", field_name(column));
    if (column->kind != RD_NUMBERS) return rd_field_named(header, name);
    *fields = rd_zeros((size_t)column->numbers, sizeof **fields);
    int found = rd_find_numbers(column, header, *fields, name);
    if (found != RD_SPREAD) {
        free(*fields);
        *fields = NULL;
    }
    return found == RD_SPREAD ? (*fields)[0] : found;
}

static bool check_found(const char *path, const RdModel *model, bool need_targets,
                        const RdRecord *header, const char *name, int found, RdError *error) {
    if (found == -2)
        return rd_fail(error, "%s:%d: the header names the column '%s' twice", path, header->line,
                       name);
    return found >= 0 || missing(path, model, need_targets, header, name, error);
}

static bool map_header(const char *path, const RdModel *model, bool need_targets,
                       const RdRecord *header, RdMapping *mapping, RdError *error) {
    char name[RD_FIELD_NAME];
    bool good = true;
    mapping->header = true;
    mapping->fields = header->count;
    for (int c = 0; good && c < model->column_count; c++) {
        const RdColumn *column = &model->columns[c];
        if (!rd_column_needed(column, need_targets)) continue;
        mapping->field[c] = find_column(column, header, &mapping->numbers[c], name);
        good = check_found(path, model, need_targets, header, name, mapping->field[c], error);
        if (!good || !column->by) continue;
        mapping->by = rd_field_named(header, column->by);
        good = check_found(path, model, need_targets, header, column->by, mapping->by, error);
    }
    return good;
}

/* ---- without ---- */

/* Whether field f of most records with `fields` fields is a class of the column. */
static bool holds_classes(const RdColumn *column, const RdRecord *record, int count, int fields,
                          int f, bool spread) {
    int seen = 0, matching = 0;
    for (int i = 0; i < count; i++) {
        if (record[i].count != fields) continue;
        seen++;
        matching += fits(column, record[i].field[f], spread);
    }
    return 2 * matching > seen;
}

/* The only field with the column's classes, or -1. */
static int only_class_field(const RdColumn *column, const RdRecord *record, int count, int fields) {
    int found = -1;
    for (int f = 0; f < fields; f++) {
        if (!holds_classes(column, record, count, fields, f, false)) continue;
        if (found >= 0) return -1;
        found = f;
    }
    return found;
}

static int *fields_from(int first, int count) {
    int *fields = rd_zeros((size_t)count, sizeof *fields);
    for (int k = 0; k < count; k++) fields[k] = first + k;
    return fields;
}

/* Gives each of the chosen columns its field in the model's order; false if a column of classes
 * has no classes there. */
static bool map_in_order(const RdModel *model, const bool *chosen, const RdRecord *record,
                         int count, bool spread, RdMapping *mapping) {
    bool fits = true;
    for (int c = 0, f = 0; c < model->column_count; c++) {
        const RdColumn *column = &model->columns[c];
        if (!chosen[c]) continue;
        mapping->field[c] = f;
        if (spread && column->kind == RD_NUMBERS)
            mapping->numbers[c] = fields_from(f, column->numbers);
        if (!rd_column_of_words(column))
            fits &= holds_classes(column, record, count, mapping->fields, f, spread);
        f += width_of(column, spread);
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

/* Whether the records have the targets, and a field for each number: as the first record shows that
 * is in order, or at least has a possible number of fields. */
static int choose_columns(const RdModel *model, bool need_targets, const RdRecord *record,
                          int count, bool *targets, bool *spread) {
    int telling;
    for (int strict = 1; strict >= 0; strict--)
        for (int i = 0; i < count; i++)
            for (int form = 0; form < 4; form++) {
                *targets = form < 2;
                *spread = form % 2;
                if (!*targets && need_targets) continue;
                if (record[i].count != fields_of(model, *targets, *spread)) continue;
                if (strict && !in_order(model, &record[i], *targets, *spread, &telling)) continue;
                return record[i].count;
            }
    *targets = need_targets;
    *spread = false;
    return fields_of(model, *targets, *spread);
}

RdMapping rd_no_mapping(void) {
    RdMapping mapping = {.by = -1};
    for (int c = 0; c < RD_MAX_COLUMNS; c++) mapping.field[c] = -1;
    return mapping;
}

static void map_fields(const RdModel *model, bool need_targets, const RdRecord *record, int count,
                       RdMapping *mapping) {
    bool chosen[RD_MAX_COLUMNS], targets, spread;
    mapping->fields = choose_columns(model, need_targets, record, count, &targets, &spread);
    for (int c = 0; c < model->column_count; c++)
        chosen[c] = rd_column_needed(&model->columns[c], targets);
    RdMapping ordered = *mapping;
    bool fits = map_in_order(model, chosen, record, count, spread, &ordered);
    if (fits || spread || !map_by_classes(model, chosen, record, count, mapping))
        *mapping = ordered;
    for (int c = 0; c < model->column_count; c++)
        if (!rd_column_needed(&model->columns[c], need_targets)) mapping->field[c] = -1;
}

/* Ids stand in a column with a name. */
static bool check_header(const char *path, const RdModel *model, const RdRecord *first,
                         RdError *error) {
    for (int c = 0; c < model->column_count; c++)
        if (model->columns[c].by)
            return rd_fail(error,
                           "%s:%d: this is no header; expected one that names the column '%s', "
                           "which tells the sequences apart",
                           path, first->line, model->columns[c].by);
    return true;
}

bool rd_targets_there(RdFormat format, const RdModel *model, const RdRecord *first, int count) {
    char name[RD_FIELD_NAME];
    bool targets, spread;
    if (format == RD_FORMAT_LINES || !is_header(model, &first[0])) {
        choose_columns(model, false, first, count, &targets, &spread);
        return targets;
    }
    for (int c = 0; c < model->column_count; c++) {
        int *fields = NULL;
        if (!rd_column_needed(&model->columns[c], true)) continue;
        if (find_column(&model->columns[c], &first[0], &fields, name) < 0) return false;
        free(fields);
    }
    return true;
}

bool rd_map_columns(const char *path, RdFormat format, const RdModel *model, bool need_targets,
                    const RdRecord *first, int count, RdMapping *mapping, RdError *error) {
    *mapping = rd_no_mapping();
    if (format != RD_FORMAT_LINES && is_header(model, &first[0]))
        return map_header(path, model, need_targets, &first[0], mapping, error);
    if (!check_header(path, model, &first[0], error)) return false;
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
    *mapping = rd_no_mapping();
    mapping->fields = fields;
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

void rd_mapping_free(RdMapping *mapping) {
    for (int c = 0; c < RD_MAX_COLUMNS; c++) {
        free(mapping->numbers[c]);
        mapping->numbers[c] = NULL;
    }
}
