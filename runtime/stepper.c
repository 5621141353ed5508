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

/* ---- weights ---- */

static const RdStepProgram *program_of(const RdModel *model, int which) {
    return which ? &model->steps->step : &model->steps->begin;
}

void rd_step_weights_open(RdStepWeights *weights, const RdModel *model, const int *vocab,
                          RdPool *pool, void *stretch) {
    RdLayout layout = rd_layout(model, vocab);
    RdRun run = {.pool = pool, .precision = model->precision};
    *weights = (RdStepWeights){.model = model};
    memcpy(weights->vocab, vocab, (size_t)model->column_count * sizeof *vocab);
    memcpy(run.sizes.vocab, weights->vocab, sizeof weights->vocab);
    weights->param = rd_zeros((size_t)model->param_count + 1, sizeof *weights->param);
    rd_layout_pointers(&layout, model, stretch, weights->param);
    rd_layout_free(&layout);
    run.param = weights->param;
    for (int i = 0; i < 2; i++) {
        const RdStepProgram *program = program_of(model, i);
        if (!program->run) continue;
        run.packed = weights->packed[i] =
            rd_aligned(program->packed_bytes(&run.sizes, run.precision), 1);
        program->prepare(&run);
    }
}

void rd_step_weights_close(RdStepWeights *weights) {
    free((void *)weights->param);
    for (int i = 0; i < 2; i++) free(weights->packed[i]);
    *weights = (RdStepWeights){0};
}

/* ---- memory ---- */

/* What was taken of a stretch; without a base it is only measured. */
typedef struct {
    char *base;
    size_t used;
} Memory;

enum { LINE = 64 };

static void *take(Memory *memory, size_t count, size_t size) {
    size_t at = (memory->used + LINE - 1) / LINE * LINE;
    memory->used = at + count * size;
    return memory->base ? memory->base + at : NULL;
}

static void place_run(RdRun *run, Memory *memory, const RdModel *model, int which) {
    const RdStepProgram *program = program_of(model, which);
    if (!program->run) return;
    run->memory = take(memory, program->memory_bytes(&run->sizes), 1);
    run->output = take(memory, (size_t)model->steps->output_count + 1, sizeof *run->output);
    run->next = take(memory, (size_t)model->steps->state_count + 1, sizeof *run->next);
}

static void place_states(RdStepper *s, Memory *memory) {
    const RdSteps *steps = s->model->steps;
    void **state = take(memory, (size_t)steps->state_count + 1, sizeof *state);
    void **next = take(memory, (size_t)steps->state_count + 1, sizeof *next);
    for (int k = 0; k < steps->state_count; k++) {
        size_t bytes = rows_of(s, &steps->states[k]) * row_bytes(s, &steps->states[k]) + RD_BEHIND;
        void *now = take(memory, bytes, 1), *then = take(memory, bytes, 1);
        if (state) state[k] = now;
        if (next) next[k] = then;
    }
    s->state = state;
    s->next = next;
}

static void place_columns(RdStepper *s, Memory *memory) {
    size_t examples = (size_t)s->step.sizes.examples;
    for (int c = 0; c < s->model->column_count; c++) {
        size_t reals = examples * (size_t)s->model->columns[c].numbers;
        s->index[c] = take(memory, examples + 1, sizeof(int));
        if (reals) s->real[c] = take(memory, reals * s->model->real_size + RD_BEHIND, 1);
    }
}

static bool grows(const RdSteps *steps) {
    for (int k = 0; k < steps->state_count; k++)
        if (steps->states[k].grows) return true;
    return false;
}

/* The sizes of batches without the copies. */
static RdSizes sizes_once(RdSizes sizes, int copies) {
    sizes.examples /= copies;
    for (int n = 0; n < RD_MAX_SEQUENCES; n++) sizes.rows[n] /= copies;
    return sizes;
}

/* All parts of a stepper. */
static void place(RdStepper *s, const RdStepWeights *weights, RdSizes sizes, int copies, int most,
                  RdPool *pool, Memory *memory) {
    const RdModel *model = weights->model;
    bool long_states = grows(model->steps);
    size_t longest = long_states ? (size_t)most : 1, examples = (size_t)sizes.examples;
    if (long_states) sizes.rows[model->steps->sequence - 1] = sizes.examples * most;
    memcpy(sizes.vocab, weights->vocab, sizeof sizes.vocab);
    RdRun run = {
        .sizes = sizes, .precision = model->precision, .pool = pool, .param = weights->param};
    *s = (RdStepper){.model = model, .begin = run, .step = run, .most = long_states ? most : 0};
    s->copies = copies;
    s->begin.sizes = sizes_once(sizes, copies);
    s->begin.packed = weights->packed[0];
    s->step.packed = weights->packed[1];
    place_run(&s->begin, memory, model, 0);
    place_run(&s->step, memory, model, 1);
    place_states(s, memory);
    place_columns(s, memory);
    s->packing =
        take(memory, 4 * examples * longest + 2 * examples + 2 * longest + 1, sizeof *s->packing);
}

size_t rd_stepper_bytes(const RdStepWeights *weights, RdSizes sizes, int most) {
    RdStepper stepper;
    Memory memory = {0};
    place(&stepper, weights, sizes, 1, most, NULL, &memory);
    return memory.used;
}

void rd_stepper_place(RdStepper *s, const RdStepWeights *weights, RdSizes sizes, int most,
                      RdPool *pool, void *memory) {
    memset(memory, 0, rd_stepper_bytes(weights, sizes, most));
    place(s, weights, sizes, 1, most, pool, &(Memory){.base = memory});
}

bool rd_stepper_open(RdStepper *s, const RdModel *model, RdSizes sizes, int copies, int most,
                     RdPool *pool, void *stretch, RdError *error) {
    RdStepWeights weights;
    Memory memory = {0};
    (void)error;
    sizes.threads = rd_pool_threads(pool);
    rd_step_weights_open(&weights, model, sizes.vocab, pool, stretch);
    place(s, &weights, sizes, copies, most, NULL, &memory);
    memory.base = rd_aligned(memory.used, 1);
    memset(memory.base, 0, memory.used);
    memory.used = 0;
    place(s, &weights, sizes, copies, most, pool, &memory);
    s->weights = weights;
    s->memory = memory.base;
    return true;
}

void rd_stepper_close(RdStepper *s) {
    rd_step_weights_close(&s->weights);
    free(s->memory);
    *s = (RdStepper){0};
}

/* ---- what is read ---- */

bool rd_step_column(const RdModel *model, int *column, int *index) {
    *column = -1;
    for (int c = 0; c < model->column_count; c++) {
        const RdColumn *it = &model->columns[c];
        bool previous = it->kind == RD_PREVIOUS;
        if (it->kind == RD_CARRIED || (it->target && !previous)) continue;
        if (it->per_step != model->steps->sequence || *column >= 0) return false;
        *column = previous ? it->previous : c;
        *index = c;
    }
    return *column >= 0;
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

/* The batch's columns of the sequence, or all of them, are what the next step reads. */
static void own_columns(RdStepper *s, RdBatch *batch, bool all) {
    for (int c = 0; c < s->model->column_count; c++) {
        if (!all && s->model->columns[c].per_step != s->model->steps->sequence) continue;
        batch->index[c] = s->index[c];
        batch->real[c] = s->real[c];
    }
}

static void take_batch(RdStepper *s, const RdBatch *batch, const RdBatch *once) {
    s->batch = batch ? *batch : (RdBatch){.examples = s->step.sizes.examples};
    s->once = once ? *once : s->batch;
    if (!once) s->once.examples /= s->copies;
    s->batch.packing[s->model->steps->sequence - 1] = steps_so_far(s);
    own_columns(s, &s->batch, !batch);
    own_columns(s, &s->once, !once);
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

/* Copies so many bytes that many times, one behind the other; returns what is behind them. */
static char *repeat(char *to, const char *from, size_t bytes, int times) {
    for (int i = 0; i < times; i++, to += bytes) memcpy(to, from, bytes);
    return to;
}

/* What begin has put out of state k, for each of the copies: of every row, or where the rows are
 * those of pairs, of all of an owner. The copies' packing has them so, since examples of one length
 * keep their order. */
static void expand_rows(RdStepper *s, int k) {
    const RdState *state = &s->model->steps->states[k];
    const RdPacking *packing = state->per_step ? &s->once.packing[state->per_step - 1] : NULL;
    bool pairs = packing && s->model->sequences[state->per_step - 1].other;
    const char *from = s->begin.next[k];
    char *to = s->next[k];
    int owners = pairs ? packing->examples : packing ? packing->rows : s->once.examples;
    for (int i = 0; i < owners; i++) {
        size_t bytes = row_bytes(s, state) * (pairs ? (size_t)packing->length[i] : 1);
        to = repeat(to, from, bytes, s->copies);
        from += bytes;
    }
}

/* What a program has put out becomes the states. All of it is copied before any state is replaced:
 * one state may become another. */
static void carry(RdStepper *s, const RdRun *run) {
    const RdSteps *steps = s->model->steps;
    for (int k = 0; k < steps->state_count; k++) {
        const RdState *state = &steps->states[k];
        if (state->grows) append_rows(s, run, k);
        if (!run->next[k] || state->grows) continue;
        if (run == &s->begin) {
            expand_rows(s, k);
            continue;
        }
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

void rd_stepper_begin(RdStepper *s, const RdBatch *batch, const RdBatch *once) {
    const RdSteps *steps = s->model->steps;
    s->taken = 0;
    take_batch(s, batch, once);
    for (int k = 0; k < steps->state_count; k++)
        memset(s->state[k], 0, rows_of(s, &steps->states[k]) * row_bytes(s, &steps->states[k]));
    if (!steps->begin.run) return;
    s->begin.batch = &s->once;
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
