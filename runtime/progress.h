/* What training tells while it goes on: to people on standard output, to programs in a file of JSON
 * objects, one a line.
 *
 * On a terminal one line is redrawn until its epoch is over; anything else gets a line an epoch.
 * The objects bear the key "event": "start" (the settings and sizes), "step" (every hundred of the
 * optimizer's), "epoch", and "end". Nothing allocates after rd_progress_start. */
#ifndef RONDO_PROGRESS_H
#define RONDO_PROGRESS_H

#include <stdio.h>

#include "train.h"

typedef struct {
    FILE *log; /* NULL: none */
    const char *log_path;
    bool text;     /* lines for people */
    bool json;     /* the objects on standard output too, all but the steps */
    bool terminal; /* standard output is one */
    /* private: */
    double start, epoch_start, last_drawn; /* seconds */
    double loss_sum;                       /* of the steps since the last "step" */
    int steps;
    long tokens, epoch_tokens; /* trained on: since the start, in this epoch */
} RdProgress;

typedef struct {
    const char *log_path; /* NULL: no log */
    bool append;          /* to the log: a resumed training */
    bool quiet, json;
} RdProgressOptions;

/* False when the log cannot be opened. Ended by rd_progress_close. */
bool rd_progress_open(RdProgress *progress, RdProgressOptions options, RdError *error);

/* Announces the training: `trainer` is open. */
void rd_progress_start(RdProgress *progress, const RdTrainer *trainer);

/* To be given to the trainer. */
RdObserver rd_progress_observer(RdProgress *progress);

/* The last line. */
void rd_progress_end(RdProgress *progress, const RdTrainer *trainer, RdOutcome outcome);

/* Closes the log; false when not all of it could be written. */
bool rd_progress_close(RdProgress *progress, RdError *error);

#endif
