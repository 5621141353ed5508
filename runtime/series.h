/* Long-form data: a line a frame. The lines of a file become examples: the sequence of all lines
 * with one id, or windows, which are all stretches of so many lines that follow each other.
 *
 * While a file is read its lines are the records of RdData, and RdSeries notes which of them belong
 * together; at the end rd_series_end makes examples of them. */
#ifndef RONDO_SERIES_H
#define RONDO_SERIES_H

#include "data.h"

/* Lines that follow each other and have one id. */
typedef struct {
    char *id;   /* "" without a column of ids */
    int first;  /* its first line among the data's records */
    int line;   /* in the file */
    bool whole; /* no line of it was left out */
} RdRunOfLines;

/* Starts as {.frames = …}. */
typedef struct {
    const RdColumn *frames; /* the column of frames */
    RdRunOfLines *run;
    int count;
    size_t capacity;
    bool interrupted; /* the next line begins a run */
    bool doubtful;    /* a line was left out that may belong to the sequence of the next one */
} RdSeries;

/* The model's column of frames, or NULL. */
const RdColumn *rd_frames_column(const RdModel *model);

/* The record with the first line of the sequence that a line with this id goes on, or -1. */
int rd_series_first(const RdSeries *series, const char *id);

/* Notes the line that becomes record number `record` of the data. */
void rd_series_line(RdSeries *series, const char *id, int record, int line);

/* Notes that a line is left out. `id` is NULL when it cannot be told; `record` is that of the next
 * line that is not. */
void rd_series_gap(RdSeries *series, const char *id, int record, int line);

/* Makes examples of the data's lines. Columns of one value an example take that of a sequence's
 * first line, or of the line `ahead` of a window's last. False when an id comes back after others,
 * or there is no example. */
bool rd_series_end(const RdSeries *series, RdData *data, const RdModel *model, RdError *error);

void rd_series_free(RdSeries *series);

#endif
