/* What `rondo build --library` adds to a model. The compiler gives these functions, and the names
 * in library.h, the library's own name in place of rd_library. */
#include "library.h"

#include <math.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "collect.h"
#include "columns.h"
#include "model_file.h"
#include "rondo.h"
#include "scale.h"
#include "stepper.h"
#include "tokenize.h"

struct rd_library {
    RdSaved saved;
    RdLayout layout;
    void **param;
    void *packed;          /* the weights as `infer` reads them */
    bool steps;            /* it can be taken step by step, and then: */
    RdStepWeights weights; /* as steps read them */
    int column;            /* what a step reads, */
    int index;             /* and the column of the model that has it */
};

struct rd_library_answer {
    const rd_library *model;
    RdData data;
    RdExamples examples;
    RdCollected collected;
};

struct rd_library_state {
    const rd_library *model;
    RdStepper stepper;
    double *value[]; /* [output_count] NULL: no value a step */
};

/* ---- errors ---- */

static void tell(rd_library_error *error, const RdError *why) {
    if (error) memcpy(error->text, why->text, sizeof error->text);
}

static const RdError no_memory = {"not enough memory"};

/* ---- a model ---- */

static void read_model(rd_library *m) {
    RdRun run = {.precision = rd_model.precision};
    rd_saved_vocab_sizes(&m->saved, run.sizes.vocab);
    m->layout = rd_layout(&rd_model, run.sizes.vocab);
    m->param = rd_zeros((size_t)rd_model.param_count + 1, sizeof *m->param);
    rd_layout_pointers(&m->layout, &rd_model, m->saved.stretch[RD_WEIGHTS], m->param);
    run.param = m->param;
    run.packed = m->packed = rd_aligned(rd_model.packed_bytes(&run.sizes, run.precision), 1);
    rd_model.prepare(&run, false);
    m->steps = rd_model.steps && rd_model.steps->output_count > 0 &&
               rd_step_column(&rd_model, &m->column, &m->index);
    if (m->steps)
        rd_step_weights_open(&m->weights, &rd_model, run.sizes.vocab, NULL,
                             m->saved.stretch[RD_WEIGHTS]);
}

rd_library *rd_library_open(const char *path, rd_library_error *error) {
    RdError why;
    jmp_buf out_of_memory;
    rd_library *volatile model = NULL;
    if (setjmp(out_of_memory) == 0) {
        rd_catch_no_memory(&out_of_memory);
        rd_library *m = model = rd_zeros(1, sizeof *m);
        if (rd_model_load(path, &rd_model, false, &m->saved, &why)) {
            read_model(m);
            rd_catch_no_memory(NULL);
            return m;
        }
    } else {
        why = no_memory;
    }
    rd_catch_no_memory(NULL);
    rd_library_close(model);
    tell(error, &why);
    return NULL;
}

void rd_library_close(rd_library *model) {
    if (!model) return;
    rd_step_weights_close(&model->weights);
    free((void *)model->param);
    free(model->packed);
    rd_layout_free(&model->layout);
    rd_saved_free(&model->saved);
    free(model);
}

int rd_library_outputs(const rd_library *model) {
    (void)model;
    return rd_model.output_count;
}

static int columns_of(const rd_library *model, const RdOutput *output) {
    return output->columns < 0 ? model->saved.vocab[-1 - output->columns].size : output->columns;
}

static bool has_output(int output) { return output >= 0 && output < rd_model.output_count; }

/* Whether the output is numbers of a target, which were scaled. */
static bool is_scaled(const RdOutput *output) {
    return output->of >= 0 && rd_model.columns[output->of].kind == RD_NUMBERS;
}

const char *rd_library_name(const rd_library *model, int output, int number) {
    if (!has_output(output) || number < 0) return NULL;
    const RdOutput *it = &rd_model.outputs[output];
    if (it->of < 0 || is_scaled(it)) return NULL;
    const RdColumn *column = &rd_model.columns[it->of];
    const RdVocab *vocab = &model->saved.vocab[it->of];
    int count = rd_column_learned(column) ? vocab->size : column->class_count;
    return number < count ? rd_value_name(column, vocab, number) : NULL;
}

/* ---- whole examples ---- */

/* The only column that is read, of this kind. */
static bool only_input(RdColumnKind kind, int *column, RdError *error) {
    char names[200];
    *column = 0;
    rd_column_list(&rd_model, false, names, sizeof names);
    if (rd_field_count(&rd_model, false) != 1)
        return rd_fail(error, "the model reads %s%s; this takes one input", *names ? names : "none",
                       *names ? "" : " but the text that it produces");
    for (int c = 0; c < rd_model.column_count; c++)
        if (rd_column_needed(&rd_model.columns[c], false)) *column = c;
    if (rd_model.columns[*column].kind == kind) return true;
    return rd_fail(error, "'%s' is %s", names,
                   kind == RD_WORDS ? "no text; expected frames" : "no numbers; expected a text");
}

static bool read_text(rd_library_answer *a, const char *text, RdError *error) {
    static const char prefix[] = "text 1: ";
    size_t length = strlen(text), valid = rd_utf8_valid(text, length);
    int column;
    if (!only_input(RD_WORDS, &column, error)) return false;
    if (valid < length) return rd_fail(error, "is not valid UTF-8 at byte %zu", valid);
    if (rd_data_from_texts(&text, 1, &rd_model, (RdReadOptions){.learned = a->model->saved.vocab},
                           &a->data, error))
        return true;
    if (strncmp(error->text, prefix, sizeof prefix - 1) == 0)
        rd_fail(error, "%s", error->text + sizeof prefix - 1);
    return false;
}

static bool check_frames(const RdColumn *column, const double *frames, int rows, int width,
                         RdError *error) {
    if (width != column->numbers)
        return rd_fail(error, "'%s' has %d numbers a row, not %d", column->name, column->numbers,
                       width);
    int most = !column->per_step ? 1 : column->window ? column->window : column->max_length;
    bool exact = !column->per_step || column->window;
    if (rows < 1 || (most && rows > most) || (exact && rows != most))
        return rd_fail(error, "%d rows of '%s'; expected %s%d", rows, column->name,
                       exact  ? ""
                       : most ? "at most "
                              : "at least ",
                       most ? most : 1);
    for (size_t i = 0; i < (size_t)rows * (size_t)width; i++)
        if (!isfinite(frames[i]))
            return rd_fail(error, "row %zu of '%s' has a number that is not finite",
                           i / (size_t)width, column->name);
    return true;
}

static bool read_frames(rd_library_answer *a, const double *frames, int rows, int width,
                        RdError *error) {
    int c;
    if (!only_input(RD_NUMBERS, &c, error) ||
        !check_frames(&rd_model.columns[c], frames, rows, width, error))
        return false;
    size_t count = (size_t)rows * (size_t)width;
    a->data.count = 1;
    a->data.has[c] = true;
    a->data.real[c] = rd_zeros(count, sizeof(double));
    memcpy(a->data.real[c], frames, count * sizeof(double));
    a->data.frames = rd_zeros(1, sizeof(int));
    *a->data.frames = rows;
    return true;
}

/* The numbers of a target, in its own units. */
static void unscale(rd_library_answer *a, int output) {
    const RdOutput *it = &rd_model.outputs[output];
    int columns = a->collected.columns[output];
    size_t count = rd_examples_rows(&a->examples, it->per_step) * (size_t)columns;
    for (size_t i = 0; is_scaled(it) && i < count; i++) {
        double *value = &a->collected.value[output][i];
        *value = rd_unscale(&a->model->saved.vocab[it->of], (int)(i % (size_t)columns), *value);
    }
}

/* Runs the model on the only example. */
static void compute(rd_library_answer *a) {
    const rd_library *m = a->model;
    RdPlan plan;
    bool *wanted = rd_zeros((size_t)rd_model.output_count + 1, sizeof *wanted);
    memset(wanted, true, (size_t)rd_model.output_count);
    rd_encode(&rd_model, &a->data, m->saved.vocab, &a->examples);
    rd_plan_new(&a->examples, 1, &plan);
    RdSession session = {.model = &rd_model, .layout = m->layout};
    session.run = (RdRun){.sizes = rd_plan_sizes(&plan, m->saved.vocab),
                          .precision = rd_model.precision,
                          .param = m->param};
    session.run.packed = m->packed;
    session.run.memory = rd_aligned(rd_model.memory_bytes(&session.run.sizes, false), 1);
    session.run.output = rd_zeros((size_t)rd_model.output_count + 1, sizeof(void *));
    session.run.carried = rd_zeros((size_t)rd_model.carried_count + 1, sizeof(void *));
    rd_collect(&a->collected, &session, &plan, wanted);
    for (int i = 0; i < rd_model.output_count; i++) unscale(a, i);
    free(session.run.memory);
    free((void *)session.run.output);
    free((void *)session.run.carried);
    free(wanted);
    rd_plan_free(&plan);
}

static int predict(const rd_library *model, const char *text, const double *frames, int rows,
                   int width, rd_library_answer **answer, rd_library_error *error) {
    RdError why;
    jmp_buf out_of_memory;
    rd_library_answer *volatile kept = NULL;
    *answer = NULL;
    if (setjmp(out_of_memory) == 0) {
        rd_catch_no_memory(&out_of_memory);
        rd_library_answer *a = kept = rd_zeros(1, sizeof *a);
        a->model = model;
        if (text ? read_text(a, text, &why) : read_frames(a, frames, rows, width, &why)) {
            compute(a);
            rd_catch_no_memory(NULL);
            *answer = a;
            return 0;
        }
    } else {
        why = no_memory;
    }
    rd_catch_no_memory(NULL);
    rd_library_free(kept);
    tell(error, &why);
    return -1;
}

int rd_library_predict(const rd_library *model, const char *text, rd_library_answer **answer,
                       rd_library_error *error) {
    return predict(model, text, NULL, 0, 0, answer, error);
}

int rd_library_predict_frames(const rd_library *model, const double *frames, int rows, int width,
                              rd_library_answer **answer, rd_library_error *error) {
    return predict(model, NULL, frames, rows, width, answer, error);
}

rd_library_output rd_library_get(const rd_library_answer *answer, int output) {
    if (!has_output(output)) return (rd_library_output){0};
    const RdOutput *it = &rd_model.outputs[output];
    return (rd_library_output){.name = it->name,
                               .rows = (int)rd_examples_rows(&answer->examples, it->per_step),
                               .columns = answer->collected.columns[output],
                               .value = answer->collected.value[output]};
}

void rd_library_free(rd_library_answer *answer) {
    if (!answer) return;
    if (answer->collected.model) rd_collected_free(&answer->collected);
    rd_examples_free(&answer->examples);
    rd_data_free(&answer->data);
    free(answer);
}

/* ---- step by step ---- */

enum { LINE = 64 };

static RdSizes sizes_alone(const rd_library *model) {
    RdSizes sizes = {.examples = 1};
    for (int n = 0; n < RD_MAX_SEQUENCES; n++) sizes.rows[n] = 1;
    rd_saved_vocab_sizes(&model->saved, sizes.vocab);
    return sizes;
}

static size_t up(size_t bytes) { return (bytes + LINE - 1) / LINE * LINE; }

static size_t stepper_bytes(const rd_library *model, int steps) {
    return up(rd_stepper_bytes(&model->weights, sizes_alone(model), steps));
}

static size_t head_bytes(void) {
    return up(sizeof(rd_library_state) + (size_t)rd_model.output_count * sizeof(double *));
}

/* The head, the stepper's memory, the values; and what it takes to begin at a line. */
size_t rd_library_state_size(const rd_library *model, int steps) {
    if (!model->steps || steps < 1) return 0;
    size_t values = 0;
    for (int k = 0; k < rd_model.steps->output_count; k++)
        values += (size_t)columns_of(model, &rd_model.outputs[rd_model.steps->outputs[k]]);
    return LINE + head_bytes() + stepper_bytes(model, steps) + values * sizeof(double);
}

rd_library_state *rd_library_state_reset(const rd_library *model, int steps, void *memory) {
    if (rd_library_state_size(model, steps) == 0) return NULL;
    char *head = (char *)memory + (LINE - (uintptr_t)memory % LINE) % LINE;
    rd_library_state *state = (rd_library_state *)(void *)head;
    double *value = (double *)(void *)(head + head_bytes() + stepper_bytes(model, steps));
    memset(head, 0, head_bytes());
    state->model = model;
    for (int k = 0; k < rd_model.steps->output_count; k++) {
        int output = rd_model.steps->outputs[k];
        state->value[output] = value;
        value += columns_of(model, &rd_model.outputs[output]);
    }
    rd_stepper_place(&state->stepper, &model->weights, sizes_alone(model), steps, NULL,
                     head + head_bytes());
    rd_stepper_begin(&state->stepper, NULL, NULL);
    return state;
}

int rd_library_token(const rd_library *model, const char *token) {
    const RdColumn *column = &rd_model.columns[model->column];
    bool text = model->steps && column->kind == RD_WORDS;
    return text ? rd_vocab_lookup(&model->saved.vocab[model->column], token) : 0;
}

/* Copies an output's row of the step. */
static void keep_values(rd_library_state *state, int k) {
    int output = rd_model.steps->outputs[k];
    const RdOutput *it = &rd_model.outputs[output];
    const void *row = state->stepper.step.output[k];
    for (int i = 0; i < columns_of(state->model, it); i++) {
        double value = it->index ? ((const int *)row)[i] : (double)((const float *)row)[i];
        if (is_scaled(it)) value = rd_unscale(&state->model->saved.vocab[it->of], i, value);
        state->value[output][i] = value;
    }
}

static int take_step(rd_library_state *state, rd_library_error *error) {
    RdError why;
    if (rd_stepper_step(&state->stepper)) {
        for (int k = 0; k < rd_model.steps->output_count; k++) keep_values(state, k);
        return 0;
    }
    rd_fail(&why, "the state has no more than %d steps", state->stepper.taken);
    tell(error, &why);
    return -1;
}

int rd_library_step(rd_library_state *state, int token, rd_library_error *error) {
    RdError why;
    const rd_library *m = state->model;
    bool text = rd_model.columns[m->column].kind == RD_WORDS;
    if (text && token >= 0 && token < m->saved.vocab[m->column].size) {
        *state->stepper.index[m->index] = token;
        return take_step(state, error);
    }
    if (text)
        rd_fail(&why, "token %d; there are %d", token, m->saved.vocab[m->column].size);
    else
        rd_fail(&why, "'%s' is no text; expected frames", rd_model.columns[m->column].name);
    tell(error, &why);
    return -1;
}

int rd_library_step_frame(rd_library_state *state, const double *frame, int width,
                          rd_library_error *error) {
    RdError why;
    const rd_library *m = state->model;
    const RdColumn *column = &rd_model.columns[m->column];
    bool good = column->kind == RD_NUMBERS;
    if (!good) rd_fail(&why, "'%s' is no numbers; expected a token", column->name);
    if (good && width != column->numbers)
        good = rd_fail(&why, "'%s' has %d numbers a row, not %d", column->name, column->numbers,
                       width);
    for (int k = 0; good && k < width; k++)
        if (!isfinite(frame[k])) good = rd_fail(&why, "number %d of the frame is not finite", k);
    if (!good) {
        tell(error, &why);
        return -1;
    }
    for (int k = 0; k < width; k++)
        ((float *)state->stepper.real[m->index])[k] =
            (float)rd_scale(&m->saved.vocab[m->column], k, frame[k]);
    return take_step(state, error);
}

rd_library_output rd_library_step_get(const rd_library_state *state, int output) {
    if (!has_output(output) || !state->value[output] || state->stepper.taken == 0)
        return (rd_library_output){0};
    const RdOutput *it = &rd_model.outputs[output];
    return (rd_library_output){.name = it->name,
                               .rows = 1,
                               .columns = columns_of(state->model, it),
                               .value = state->value[output]};
}
