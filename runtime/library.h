/* A trained model in a program of your own: plain C functions without global state. They print
 * nothing and never end the program: what fails is said by what they return.
 *
 * Any number of threads may use one model at the same time, each with answers and states of its
 * own. Each call computes on the thread that makes it.
 *
 * Link with -lm -lpthread. */
#ifndef RD_LIBRARY_H
#define RD_LIBRARY_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong: one line without a newline. Every function that takes one may be given NULL. */
typedef struct {
    char text[512];
} rd_library_error;

/* ---- a model ---- */

/* A model file that was read: weights and vocabularies. Nothing changes it. */
typedef struct rd_library rd_library;

/* Reads a model file that this model's program has trained. NULL, and the error, when it cannot be
 * read or belongs to another model. To be closed with rd_library_close, when all its states have
 * been used for the last time. */
rd_library *rd_library_open(const char *path, rd_library_error *error);

/* NULL may be given. */
void rd_library_close(rd_library *model);

/* How many outputs the model has. */
int rd_library_outputs(const rd_library *model);

/* The class, tag or word that `number` stands for in an output: the value of an output of numbers
 * (argmax), or the column of others (softmax, logits). NULL when the output counts no such thing,
 * or there is no such number. It lives as long as the model. */
const char *rd_library_name(const rd_library *model, int output, int number);

/* ---- whole examples ---- */

/* All outputs for one example. */
typedef struct rd_library_answer rd_library_answer;

/* Values of an output: `rows` x `columns`, row by row. There is one row, or a row for each word,
 * character or frame. Numbers of classes, tags or words are whole. What stands for numbers of a
 * target is in the units of the data. */
typedef struct {
    const char *name; /* as the model says it: "softmax" */
    int rows, columns;
    const double *value;
} rd_library_output;

/* Answers for a text in UTF-8, which ends with a NUL; it is parted into words or characters as in
 * training. What is behind the first max_length of them is cut off. Returns 0 and an answer, to be
 * freed with rd_library_free; or -1 and the error: the text has no words, is not valid UTF-8, or
 * the model reads something else than one text. */
int rd_library_predict(const rd_library *model, const char *text, rd_library_answer **answer,
                       rd_library_error *error);

/* The same for a model that reads numbers: frames[rows][width] in the units of the data, `width`
 * being what the model says. Of a model without frames there is one row. -1 also when a number is
 * not finite, or there are too many rows. */
int rd_library_predict_frames(const rd_library *model, const double *frames, int rows, int width,
                              rd_library_answer **answer, rd_library_error *error);

/* Output number `output`, from 0, of an answer. Its values live as long as the answer. An output
 * that there is not has no rows. */
rd_library_output rd_library_get(const rd_library_answer *answer, int output);

/* NULL may be given. */
void rd_library_free(rd_library_answer *answer);

/* ---- step by step ---- */

/* Where a sequence is, of a model that is causal: what it puts out at a step follows from that step
 * and those before. It lies in memory of the caller's, and must not be moved or copied. */
typedef struct rd_library_state rd_library_state;

/* How many bytes a state takes, for sequences of up to `steps` steps (at least 1). Only of a model
 * with attention it depends on them; others take any number. 0 when the model cannot be taken step
 * by step, or reads more than one sequence. */
size_t rd_library_state_size(const rd_library *model, int steps);

/* The beginning of a sequence, in memory[rd_library_state_size(model, steps)] of any alignment,
 * whatever it held before. Nothing has to be closed. NULL when the size is 0. */
rd_library_state *rd_library_state_reset(const rd_library *model, int steps, void *memory);

/* The number of a token, to be given to rd_library_step: a word or a character as it stands in the
 * vocabulary; 0 for one that is not known. In a model that produces a text, "</s>" stands before
 * its first token. */
int rd_library_token(const rd_library *model, const char *token);

/* Takes one step: the next token of the text. Returns 0; or -1 and the error, and the state stays
 * as it was: there is no such token, the steps are used up, or the model reads numbers. It
 * allocates nothing. */
int rd_library_step(rd_library_state *state, int token, rd_library_error *error);

/* The same with frame[width] of a model that reads frames, in the units of the data. */
int rd_library_step_frame(rd_library_state *state, const double *frame, int width,
                          rd_library_error *error);

/* What output number `output` of the model has in its row of this step: one row. Before the first
 * step, and for outputs that are no value a step, no rows. The values live until the next step.
 * They are those of rd_library_predict up to rounding: 1e-6. */
rd_library_output rd_library_step_get(const rd_library_state *state, int output);

#ifdef __cplusplus
}
#endif
#endif
