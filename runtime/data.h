/* Data sets as they stand in files: for each record the words, the class and the tags of each
 * column. */
#ifndef RONDO_DATA_H
#define RONDO_DATA_H

#include "reader.h"
#include "rondo.h"
#include "status.h"
#include "tokenize.h"

struct RdVocab;

typedef struct {
    bool need_targets;             /* train, eval: all columns are read; predict: the inputs only */
    bool take_targets;             /* they are read where the first records have them */
    bool skip_bad;                 /* a record that cannot be used is counted, not an error */
    bool keep_text;                /* data->text is filled */
    RdFormat format;               /* AUTO unless the user says otherwise */
    const struct RdVocab *learned; /* [column_count] for tokens that are learned: NULL before */
} RdReadOptions;

/* The words of one column: record i's are word_count[i] strings, each NUL-terminated, that follow
 * each other in `bytes` from first[i] on. Of an inner column the characters of every word have a
 * word_count, one word after the other. */
typedef struct {
    char *bytes;
    size_t *first;         /* [count] */
    int *word_count;       /* [owners], each at least 1 */
    int owners;            /* records, or words */
    size_t owner_capacity; /* of word_count, when inner */
    int cut;               /* how many owners were longer than max_length and lost their end */
    size_t size, capacity; /* of bytes: used, allocated */
} RdWords;

typedef struct {
    char *path;                    /* as it is called in messages */
    int count;                     /* records that can be used */
    int *line;                     /* [count] where each begins in the file; a window: its last */
    bool has[RD_MAX_COLUMNS];      /* which of the model's columns were read */
    RdWords words[RD_MAX_COLUMNS]; /* RD_WORDS and RD_TAGS columns */
    int *number[RD_MAX_COLUMNS];   /* RD_CLASS columns: [count] the class; NULL when not read */
    double *real[RD_MAX_COLUMNS];  /* RD_NUMBERS columns: [count][numbers]; of frames, all of an
                                      example and then those of the next: [sum of frames][numbers] */
    int *frames;                   /* [count] how many each example has; NULL without frames */
    int frames_cut;                /* how many sequences were longer than max_length */
    char **text[RD_MAX_COLUMNS];   /* RD_WORDS columns with keep_text: [count] as in the file */
    char **shown; /* with keep_text: [count] what tells a record apart: its line, of a window the
                     last one; of a sequence the id */
    int skipped;  /* records that skip_bad left out */
    RdError first_skipped; /* why the first of them was */
    size_t capacity;       /* of the arrays of [count] */
} RdData;

/* Reads a file for `model`. Overwrites *data (no need to initialise it); freed with rd_data_free,
 * also after a failure.
 *
 * Which field is which column: a first record with the name of any of the model's columns is a
 * header. It must name all columns needed; others are ignored. Without a header each record must
 * have as many fields as the model has columns (or has inputs, when only these are needed) in the
 * order of the model; or, when the classes are found in other fields only, in the order that they
 * show. When a single column is needed, a file that is neither TSV nor CSV has a text a line.
 * Several numbers of one column stand in one field, or in one each (numbers.h).
 *
 * With a column of frames a line is one of them, and several make a record (series.h). What is said
 * of a column's value then holds for all lines of a sequence.
 *
 * Sentences in columns (conll.h) are read too; a model with tags expects them of a file whose name
 * says nothing. The words of a text that tags are over are split already: at white space, or one a
 * line of a sentence. In TSV and CSV the tags of a text stand in one field, with blanks between.
 *
 * Errors, each "path:line: …" in one line: wrong number of fields, unknown class, a text without
 * words, invalid UTF-8, NUL, an unclosed quote, a header that lacks a column; missing, empty or
 * damaged file, directory. All columns with a word or a tag a step of one sequence must have the
 * same number of them. */
bool rd_data_read(const char *path, const RdModel *model, RdReadOptions options, RdData *data,
                  RdError *error);

/* Data from texts in memory instead of a file, one record each, for a model with one input column
 * of words: `predict "I did not enjoy it"`; or, with need_targets, whose only column is a target.
 * Messages begin with "text N: " (N from 1). */
bool rd_data_from_texts(const char *const *texts, int count, const RdModel *model,
                        RdReadOptions options, RdData *data, RdError *error);

void rd_data_free(RdData *data);

/* The first word of record i in a words column; rd_next_word gives the one after a word. */
const char *rd_first_word(const RdData *data, int column, int i);
const char *rd_next_word(const char *word);

#endif
