/* One record of a data file: whether it can be used, and its place in the data. */
#ifndef RONDO_READING_H
#define RONDO_READING_H

#include "columns.h"
#include "conll.h"
#include "data.h"
#include "reader.h"
#include "series.h"
#include "tokenize.h"

/* One record, kept: what the reader said about it and a copy of what it gave. */
typedef struct {
    RdReadStatus status;
    RdRecord record;
    RdError error;
} RdKept;

/* A file on its way into the data. */
typedef struct {
    RdReader *reader; /* NULL: texts in memory */
    RdConll *conll;   /* of sentences; else NULL */
    const RdModel *model;
    RdReadOptions options;
    RdMapping mapping;
    RdData *data;
    RdTokenizer tokenizer[RD_MAX_COLUMNS];
    bool first;      /* no record was taken yet */
    int bad_word;    /* of the record at hand: the number of the word that is wrong, or -1 */
    RdSeries series; /* of a model with frames */
    char *text[RD_MAX_COLUMNS]; /* of the sequence at hand: as its first line has it */
    bool goes_on;               /* the record at hand is a further frame of that sequence */
    RdKept *item;               /* [item_count] the first records */
    int item_count;
} RdReading;

/* Checks a record's field of column c and splits it into words; nothing is stored yet. The texts of
 * a sequence are split at its first line, which the others must repeat. */
bool rd_check_field(RdReading *r, int c, const RdRecord *record, RdError *error);

/* All columns of words or tags, one a step of the same sequence, have one number of them. */
bool rd_check_lengths(const RdReading *r, RdError *error);

/* Takes a record into the data that was found good. */
void rd_store_record(RdReading *r, const RdRecord *record);

#endif
