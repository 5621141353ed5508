#include "numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n", between[] = " \t\r\n,;";

const char *rd_trim(const char *text, size_t *length) {
    text += strspn(text, blanks);
    *length = strlen(text);
    while (*length > 0 && strchr(blanks, text[*length - 1])) --*length;
    return text;
}

/* ---- reading ---- */

/* text[0 .. length) as a number: digits, sign, point and exponent, as strtod reads them. */
static bool read_number(const char *text, size_t length, double *value) {
    char *end;
    if (length == 0 || strspn(text, "0123456789+-.eE") < length) return false;
    *value = strtod(text, &end);
    return end == text + length && isfinite(*value);
}

bool rd_read_number(const char *field, double *value) {
    size_t length;
    field = rd_trim(field, &length);
    return read_number(field, length, value);
}

static const char *ending(int count) { return count == 1 ? "" : "s"; }

bool rd_read_numbers(const RdColumn *column, const char *field, double *to, RdError *error) {
    int count = 0;
    for (const char *at = field + strspn(field, between); *at; at += strspn(at, between)) {
        size_t length = strcspn(at, between);
        double value;
        if (!read_number(at, length, &value))
            return rd_fail(error, "column '%s': '%.*s' is not a number", column->name,
                           (int)(length < 40 ? length : 40), at);
        if (to && count < column->numbers) to[count] = value;
        count++;
        at += length;
    }
    if (count == column->numbers) return true;
    return rd_fail(error, "column '%s' has %d number%s; expected %d", column->name, count,
                   ending(count), column->numbers);
}

bool rd_numbers_of_record(const RdColumn *column, const RdMapping *mapping, int c,
                          const RdRecord *record, double *to, RdError *error) {
    const int *fields = mapping->numbers[c];
    if (!fields) return rd_read_numbers(column, record->field[mapping->field[c]], to, error);
    for (int k = 0; k < column->numbers; k++) {
        double value;
        const char *field = record->field[fields[k]];
        if (!rd_read_number(field, &value))
            return rd_fail(error, "column '%s': '%.40s' in field %d is not a number", column->name,
                           field, fields[k] + 1);
        if (to) to[k] = value;
    }
    return true;
}

/* ---- the fields of a header ---- */

/* Fields with these names; -1 or -2, and the first name that is missing or there twice. */
static int find_listed(const RdColumn *column, const RdRecord *header, int *fields,
                       char name[RD_FIELD_NAME]) {
    for (int k = 0; k < column->numbers; k++) {
        fields[k] = rd_field_named(header, column->fields[k]);
        if (fields[k] >= 0) continue;
        snprintf(name, RD_FIELD_NAME, "%s", column->fields[k]);
        return fields[k];
    }
    return RD_SPREAD;
}

/* A way to number fields: NAME0, NAME_1 … */
typedef struct {
    const char *mark;
    int first;
} Numbering;

static const Numbering numberings[] = {{"", 0}, {"", 1}, {"_", 0}, {"_", 1}, {".", 0}, {".", 1}};
enum { NUMBERINGS = sizeof numberings / sizeof *numberings };

static int find_numbered(const RdColumn *column, const RdRecord *header, const Numbering *numbering,
                         int k, char name[RD_FIELD_NAME]) {
    snprintf(name, RD_FIELD_NAME, "%s%s%d", column->name, numbering->mark, numbering->first + k);
    return rd_field_named(header, name);
}

/* The first numbering that has its first field in the header, or NULL. */
static const Numbering *numbering_of(const RdColumn *column, const RdRecord *header) {
    char name[RD_FIELD_NAME];
    for (int i = 0; i < NUMBERINGS; i++)
        if (find_numbered(column, header, &numberings[i], 0, name) != -1) return &numberings[i];
    return NULL;
}

int rd_find_numbers(const RdColumn *column, const RdRecord *header, int *fields,
                    char name[RD_FIELD_NAME]) {
    if (column->fields) return find_listed(column, header, fields, name);
    snprintf(name, RD_FIELD_NAME, "%s", column->name);
    int own = rd_field_named(header, name);
    const Numbering *numbering = numbering_of(column, header);
    if (own != -1 || !numbering) return own;
    for (int k = 0; k < column->numbers; k++) {
        fields[k] = find_numbered(column, header, numbering, k, name);
        if (fields[k] < 0) return fields[k];
    }
    return RD_SPREAD;
}

bool rd_names_numbers(const RdColumn *column, const RdRecord *record) {
    for (int k = 0; column->fields && k < column->numbers; k++)
        if (rd_field_named(record, column->fields[k]) != -1) return true;
    return !column->fields && numbering_of(column, record);
}
