#include "stepper.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* ---- sizes ---- */

static int columns_of(const RdStepper *s, int columns) {
    return columns < 0 ? s->step.sizes.vocab[-1 - columns] : columns;
}

/* From one row to the next. */
static size_t stride_of(const RdStepper *s, int columns, int stride) {
    if (stride < 0) stride = (columns_of(s, columns) - 1 - stride) / -stride * -stride;
    return (size_t)stride;
}

static size_t row_bytes(const RdStepper *s, const RdState *state) {
    return stride_of(s, state->columns, state->stride) *
           (state->index ? sizeof(int) : s->model->real_size);
}

static size_t rows_of(const RdStepper *s, const RdState *state) {
    const RdSizes *sizes = &s->step.sizes;
    return (size_t)(state->per_step ? sizes->rows[state->per_step - 1] : sizes->examples);
}

/* ---- memory ---- */

static bool open_run(RdRun *run, const RdStepProgram *program, int outputs, int states) {
    if (!program->run) return true;
    run->packed = rd_aligned(program->packed_bytes(&run->sizes), 1);
    run->memory = rd_aligned(program->memory_bytes(&run->sizes), 1);
    run->output = rd_zeros((size_t)outputs + 1, sizeof *run->output);
    run->next = rd_zeros((size_t)states + 1, sizeof *run->next);
    program->prepare(run);
    return true;
}

static void open_columns(RdStepper *s) {
    size_t examples = (size_t)s->step.sizes.examples;
    for (int c = 0; c < s->model->column_count; c++) {
        const RdColumn *column = &s->model->columns[c];
        s->index[c] = rd_zeros(examples + 1, sizeof(int));
        if (column->numbers)
            s->real[c] =
                rd_zeros(examples * (size_t)column->numbers * s->model->real_size + RD_BEHIND, 1);
    }
}

bool rd_stepper_open(RdStepper *s, const RdModel *model, RdSizes sizes, int most, RdPool *pool,
                     void *stretch, RdError *error) {
    const RdSteps *steps = model->steps;
    bool grows = false;
    for (int k = 0; k < steps->state_count; k++) grows |= steps->states[k].grows;
    if (grows) sizes.rows[steps->sequence - 1] = sizes.examples * most;
    RdRun run = {.sizes = sizes, .pool = pool};
    (void)error;
    *s = (RdStepper){
        .model = model, .layout = rd_layout(model, sizes.vocab), .most = grows ? most : 0};
    void **param = rd_zeros((size_t)model->param_count + 1, sizeof *param);
    rd_layout_pointers(&s->layout, model, stretch, param);
    run.param = param;
    s->begin = s->step = run;
    s->state = rd_zeros((size_t)steps->state_count + 1, sizeof *s->state);
    s->next = rd_zeros((size_t)steps->state_count + 1, sizeof *s->next);
    for (int k = 0; k < steps->state_count; k++) {
        const RdState *state = &steps->states[k];
        size_t bytes = rows_of(s, state) * row_bytes(s, state) + RD_BEHIND;
        s->state[k] = rd_zeros_aligned(bytes, 1);
        s->next[k] = rd_zeros_aligned(bytes, 1);
    }
    size_t longest = grows ? (size_t)most : 1, examples = (size_t)sizes.examples;
    s->packing = rd_zeros(4 * examples * longest + 2 * examples + 2 * longest + 1, sizeof(int));
    open_columns(s);
    return open_run(&s->begin, &steps->begin, steps->output_count, steps->state_count) &&
           open_run(&s->step, &steps->step, steps->output_count, steps->state_count);
}

void rd_stepper_close(RdStepper *s) {
    RdRun *runs[] = {&s->begin, &s->step};
    for (int i = 0; i < 2; i++) {
        free(runs[i]->packed);
        free(runs[i]->memory);
        free((void *)runs[i]->output);
        free((void *)runs[i]->next);
    }
    free((void *)s->step.param);
    for (int k = 0; s->state && k < s->model->steps->state_count; k++) {
        free(s->state[k]);
        free(s->next[k]);
    }
    free((void *)s->state);
    free((void *)s->next);
    free(s->packing);
    for (int c = 0; c < RD_MAX_COLUMNS; c++) {
        free(s->index[c]);
        free(s->real[c]);
    }
    if (s->model) rd_layout_free(&s->layout);
    *s = (RdStepper){0};
}

/* ---- the batch of a step ---- */

/* The steps so far of all examples, the one at hand being the last; just that where no state grows.
 */
static RdPacking steps_so_far(const RdStepper *s) {
    int examples = s->batch.examples, steps = s->most ? s->taken + 1 : 1, rows = steps * examples;
    int *length = s->packing, *place = length + examples, *count = place + examples;
    int *start = count + steps, *previous = start + steps + 1, *next = previous + rows;
    int *example = next + rows, *step = example + rows;
    for (int b = 0; b < examples; b++) {
        length[b] = steps;
        place[b] = b;
    }
    for (int row = 0; row < rows; row++) {
        previous[row] = row < examples ? -1 : row - examples;
        next[row] = row + examples < rows ? row + examples : -1;
        example[row] = row % examples;
        step[row] = row / examples;
    }
    for (int t = 0; t <= steps; t++) start[t] = t * examples;
    for (int t = 0; t < steps; t++) count[t] = examples;
    return (RdPacking){.examples = examples,
                       .steps = steps,
                       .rows = rows,
                       .length = length,
                       .count = count,
                       .start = start,
                       .previous = previous,
                       .next = next,
                       .example = example,
                       .step = step,
                       .place = place};
}

static void take_batch(RdStepper *s, const RdBatch *batch) {
    int sequence = s->model->steps->sequence;
    s->batch = batch ? *batch : (RdBatch){.examples = s->step.sizes.examples};
    s->batch.packing[sequence - 1] = steps_so_far(s);
    for (int c = 0; c < s->model->column_count; c++) {
        if (batch && s->model->columns[c].per_step != sequence) continue;
        s->batch.index[c] = s->index[c];
        s->batch.real[c] = s->real[c];
    }
}

/* ---- steps ---- */

static char *rows_at(void *state, size_t rows, size_t bytes) {
    return (char *)state + rows * bytes;
}

/* The rows of the step at hand; those of the next one are zero. */
static void append_rows(RdStepper *s, const RdRun *run, int k) {
    size_t bytes = row_bytes(s, &s->model->steps->states[k]), examples = (size_t)s->batch.examples;
    if (run->next[k])
        memcpy(rows_at(s->state[k], (size_t)s->taken * examples, bytes), run->next[k],
               examples * bytes);
}

/* What a program has put out becomes the states. All of it is copied before any state is replaced:
 * one state may become another. */
static void carry(RdStepper *s, const RdRun *run) {
    const RdSteps *steps = s->model->steps;
    for (int k = 0; k < steps->state_count; k++) {
        const RdState *state = &steps->states[k];
        if (state->grows) append_rows(s, run, k);
        if (!run->next[k] || state->grows) continue;
        size_t rows = (size_t)(state->per_step ? s->batch.packing[state->per_step - 1].rows
                                               : s->batch.examples);
        memcpy(s->next[k], run->next[k], rows * row_bytes(s, state));
    }
    for (int k = 0; k < steps->state_count; k++) {
        if (!run->next[k] || steps->states[k].grows) continue;
        void *old = s->state[k];
        s->state[k] = s->next[k];
        s->next[k] = old;
    }
}

void rd_stepper_begin(RdStepper *s, const RdBatch *batch) {
    const RdSteps *steps = s->model->steps;
    s->taken = 0;
    take_batch(s, batch);
    for (int k = 0; k < steps->state_count; k++)
        memset(s->state[k], 0, rows_of(s, &steps->states[k]) * row_bytes(s, &steps->states[k]));
    if (!steps->begin.run) return;
    s->begin.batch = &s->batch;
    steps->begin.run(&s->begin);
    carry(s, &s->begin);
}

/* The number of the step, where it is asked for. */
static bool count_step(RdStepper *s) {
    const RdSteps *steps = s->model->steps;
    for (int k = 0; k < steps->state_count; k++) {
        const RdState *state = &steps->states[k];
        if (!state->counts) continue;
        if (state->limit && s->taken >= state->limit) return false;
        for (int b = 0; b < s->batch.examples; b++)
            if (state->index)
                ((int *)s->state[k])[b] = s->taken;
            else if (s->model->real_size == sizeof(double))
                ((double *)s->state[k])[b] = s->taken;
            else
                ((float *)s->state[k])[b] = (float)s->taken;
    }
    return true;
}

bool rd_stepper_step(RdStepper *s) {
    if ((s->most && s->taken >= s->most) || !count_step(s)) return false;
    s->batch.packing[s->model->steps->sequence - 1] = steps_so_far(s);
    s->step.batch = &s->batch;
    s->step.state = (const void *const *)s->state;
    s->model->steps->step.run(&s->step);
    carry(s, &s->step);
    s->taken++;
    return true;
}

/* Rows of one step, of each example those of another. */
static void reorder_rows(RdStepper *s, int k, const int *from, size_t first) {
    size_t bytes = row_bytes(s, &s->model->steps->states[k]);
    for (int b = 0; b < s->batch.examples; b++)
        memcpy(rows_at(s->next[k], first + (size_t)b, bytes),
               rows_at(s->state[k], first + (size_t)from[b], bytes), bytes);
}

void rd_stepper_reorder(RdStepper *s, const int *from) {
    const RdSteps *steps = s->model->steps;
    size_t examples = (size_t)s->batch.examples, rows = (size_t)s->taken * examples;
    for (int k = 0; k < steps->state_count; k++) {
        const RdState *state = &steps->states[k];
        if (!state->carried) continue;
        if (!state->grows) reorder_rows(s, k, from, 0);
        for (size_t row = 0; state->grows && row < rows; row += examples)
            reorder_rows(s, k, from, row);
        if (state->grows && s->taken < s->most)
            memset(rows_at(s->next[k], rows, row_bytes(s, state)), 0,
                   examples * row_bytes(s, state));
        void *old = s->state[k];
        s->state[k] = s->next[k];
        s->next[k] = old;
    }
}

int rd_stepper_values(const RdStepper *s) {
    return columns_of(s, s->model->steps->generated.columns);
}

void rd_stepper_logits(const RdStepper *s, int example, double *logits) {
    const RdGenerated *generated = &s->model->steps->generated;
    size_t at = (size_t)example * stride_of(s, generated->columns, generated->stride);
    for (int v = 0, values = rd_stepper_values(s); v < values; v++, at++)
        logits[v] = s->model->real_size == sizeof(double) ? ((const double *)s->step.generated)[at]
                                                          : ((const float *)s->step.generated)[at];
}
