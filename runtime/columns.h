/* Which field of a file's records is which column of the model. */
#ifndef RONDO_COLUMNS_H
#define RONDO_COLUMNS_H

#include "reader.h"
#include "rondo.h"
#include "status.h"

typedef struct {
    bool header;               /* the first record names the columns */
    int fields;                /* each record has as many */
    int field[RD_MAX_COLUMNS]; /* the (first) field of each column of the model; -1: not read */
    int *
        numbers[RD_MAX_COLUMNS]; /* the fields of a RD_NUMBERS column whose numbers have one each */
    int by;                      /* the field of the ids of sequences; -1: there is none */
} RdMapping;

/* Decides from the first records (data.h has the rules); `count` is at least 1. `path` is for the
 * message; lines have no header. Overwrites *mapping; freed with rd_mapping_free, also after a
 * failure. */
bool rd_map_columns(const char *path, RdFormat format, const RdModel *model, bool need_targets,
                    const RdRecord *first, int count, RdMapping *mapping, RdError *error);

/* The same for sentences (conll.h) of `fields` columns: the setting `column` of the model's column
 * says which it is, then its own name. Without either, words are FORM, or the first; tags are UPOS,
 * or the last. Columns that are not needed are not read. */
bool rd_map_sentences(const char *path, RdFormat format, const RdModel *model, bool need_targets,
                      int fields, RdMapping *mapping, RdError *error);

/* Whether the targets stand in these first records too. */
bool rd_targets_there(RdFormat format, const RdModel *model, const RdRecord *first, int count);

/* A mapping that reads nothing. */
RdMapping rd_no_mapping(void);

void rd_mapping_free(RdMapping *mapping);

/* Whether it has something for each word of a text: the word, or its tag. */
bool rd_column_of_words(const RdColumn *column);

/* Whether it is a text that the model is to produce. */
bool rd_text_produced(const RdColumn *column);

/* Whether it has no field of its own: it follows from another, or from what was computed. */
bool rd_column_hidden(const RdColumn *column);

/* The column of the text that is cut into windows; -1 without one. */
int rd_long_text(const RdModel *model);

/* The field with this name: as it is, or else with "_" for what a name cannot have. -1 when there
 * is none, -2 when there are two. */
int rd_field_named(const RdRecord *header, const char *name);

/* Whether the file must have this column. */
bool rd_column_needed(const RdColumn *column, bool need_targets);

/* How many columns the file must have. */
int rd_field_count(const RdModel *model, bool need_targets);

/* What files call the needed columns, as "label, text". */
void rd_column_list(const RdModel *model, bool need_targets, char *out, int size);

/* The number of the class, or listed tag, that a field names, blanks around it aside; -1 when it is
 * none. */
int rd_class_number(const RdColumn *column, const char *field);

#endif
