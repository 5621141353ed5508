/* A generated program from its command line on: what main calls, and what the verbs share. */
#ifndef RONDO_PROGRAM_H
#define RONDO_PROGRAM_H

#include "cli.h"
#include "data.h"
#include "rondo.h"
#include "status.h"

/* The two compilations of one model. */
typedef struct {
    const RdModel *model; /* in float */
    const RdModel *check; /* in double: for gradcheck */
} RdProgram;

/* Runs the program; returns the exit status: 0, 1 for a failure, 2 for a wrong command line, 130 or
 * 143 for a training that was interrupted (SIGINT, SIGTERM) and saved. */
int rd_program_run(const RdProgram *program, int count, char **arguments);

/* ---- the verbs; each returns the exit status ---- */

int rd_cmd_train(const RdProgram *program, const RdOptions *options);
int rd_cmd_eval(const RdProgram *program, const RdOptions *options);
int rd_cmd_predict(const RdProgram *program, const RdOptions *options); /* and explain */
int rd_cmd_stream(const RdProgram *program, const RdOptions *options);
int rd_cmd_info(const RdProgram *program, const RdOptions *options);
int rd_cmd_gradcheck(const RdProgram *program, const RdOptions *options);
int rd_cmd_bench(const RdProgram *program, const RdOptions *options);
int rd_cmd_import(const RdProgram *program, const RdOptions *options);

/* ---- what they share ---- */

/* Prints the error as one line on standard error; returns RD_EXIT_FAILED. */
int rd_report(const RdError *error);

/* One line on standard error that is no failure. */
void rd_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Notes what reading left out: records that were skipped, texts that were cut. */
void rd_note_data(const RdModel *model, const RdData *data);

/* Writes what standard output still holds; false when anything could not be written. */
bool rd_flush_output(RdError *error);

/* Whether the outputs of a model can be told step by step as its only column is read. */
bool rd_streams(const RdModel *model);

#endif
