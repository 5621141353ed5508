/* The numbers of a RD_NUMBERS column in a record: in one field, parted by blanks, commas or
 * semicolons, or spread over as many fields. */
#ifndef RONDO_NUMBERS_H
#define RONDO_NUMBERS_H

#include "columns.h"

enum { RD_FIELD_NAME = 80, RD_SPREAD = -3 };

/* `text` without blanks on either side; its length in *length. */
const char *rd_trim(const char *text, size_t *length);

/* A finite decimal number, blanks around it aside. */
bool rd_read_number(const char *field, double *value);

/* All numbers of one field, written to `to` unless it is NULL. False, with what is wrong unless
 * `error` is NULL, when a part is no number or there are not column->numbers of them. */
bool rd_read_numbers(const RdColumn *column, const char *field, double *to, RdError *error);

/* The same for a record, as the mapping says where column number c is. */
bool rd_numbers_of_record(const RdColumn *column, const RdMapping *mapping, int c,
                          const RdRecord *record, double *to, RdError *error);

/* Where the header has a column of numbers: RD_SPREAD, and a field for each number in `fields`;
 * or the one field that has all of them; or, as rd_field_named, -1 or -2, and the name it lacks or
 * has twice.
 *
 * Fields that the model lists have these names. Otherwise the column's own name is that of one
 * field with all numbers, or NAME0, NAME1 … (or NAME1, NAME2 …, with "_" or "." before the number)
 * are those of one number each. */
int rd_find_numbers(const RdColumn *column, const RdRecord *header, int *fields,
                    char name[RD_FIELD_NAME]);

/* Whether the record has the name of any of the column's fields. */
bool rd_names_numbers(const RdColumn *column, const RdRecord *record);

#endif
