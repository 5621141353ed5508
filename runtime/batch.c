#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "random.h"

enum { WINDOW = 50 }; /* batches that are sorted by length together when shuffled */

static int least(int a, int b) { return a < b ? a : b; }

static int most(int a, int b) { return a > b ? a : b; }

/* ---- the order ---- */

/* Sorts order[0 .. count) by falling length, equal lengths as they stood: a counting sort. */
static void sort_by_length(RdPlan *plan, int *order, int count) {
    const int *length = plan->examples->length;
    int longest = plan->examples->longest;
    int *place = plan->tally; /* of the next example of a length */
    memset(place, 0, ((size_t)longest + 1) * sizeof *place);
    for (int i = 0; i < count; i++) place[length[order[i]]]++;
    int before = 0;
    for (int n = longest; n >= 0; n--) {
        int here = place[n];
        place[n] = before;
        before += here;
    }
    for (int i = 0; i < count; i++) plan->scratch[place[length[order[i]]]++] = order[i];
    memcpy(order, plan->scratch, (size_t)count * sizeof *order);
}

static void file_order(RdPlan *plan) {
    for (int i = 0; i < plan->examples->count; i++) plan->order[i] = i;
}

static void cut_batches(RdPlan *plan) {
    for (int k = 0; k <= plan->batch_count; k++)
        plan->begin[k] = k < plan->batch_count ? k * plan->batch_size : plan->examples->count;
}

void rd_plan_sorted(RdPlan *plan) {
    file_order(plan);
    sort_by_length(plan, plan->order, plan->examples->count);
    cut_batches(plan);
}

/* Puts the batches into a random order: `order` and `begin` follow. */
static void shuffle_batches(RdPlan *plan, RdRandom *random) {
    int at = 0, count = plan->batch_count;
    for (int k = 0; k < count; k++) plan->batch_order[k] = k;
    rd_random_shuffle(random, plan->batch_order, count);
    memcpy(plan->scratch, plan->order, (size_t)plan->examples->count * sizeof *plan->order);
    for (int k = 0; k < count; k++) {
        int from = plan->batch_order[k] * plan->batch_size;
        int size = least(plan->batch_size, plan->examples->count - from);
        memcpy(plan->order + at, plan->scratch + from, (size_t)size * sizeof *plan->order);
        plan->begin[k] = at;
        at += size;
    }
}

void rd_plan_shuffle(RdPlan *plan, uint64_t seed, int epoch) {
    RdRandom random = rd_random(seed, (uint64_t)epoch);
    file_order(plan);
    cut_batches(plan);
    rd_random_shuffle(&random, plan->order, plan->examples->count);
    for (int k = 0; k < plan->batch_count; k += WINDOW) {
        int from = plan->begin[k], to = plan->begin[least(k + WINDOW, plan->batch_count)];
        sort_by_length(plan, plan->order + from, to - from);
    }
    shuffle_batches(plan, &random);
}

/* ---- memory ---- */

/* The sum of the greatest lengths: no batch has more rows. Needs the sorted order. */
static int most_rows(const RdPlan *plan) {
    int rows = 0;
    for (int i = 0; i < plan->begin[least(1, plan->batch_count)]; i++)
        rows += plan->examples->length[plan->order[i]];
    return rows;
}

void rd_plan_new(const RdExamples *examples, int batch_size, RdPlan *plan) {
    size_t count = (size_t)examples->count, steps = (size_t)examples->longest;
    int size = most(1, least(batch_size, examples->count));
    int batches = (examples->count + size - 1) / size;
    *plan = (RdPlan){.examples = examples, .batch_size = size, .batch_count = batches};
    plan->order = rd_zeros(count, sizeof(int));
    plan->begin = rd_zeros((size_t)batches + 1, sizeof(int));
    plan->scratch = rd_zeros(count, sizeof(int));
    plan->tally = rd_zeros(steps + 1, sizeof(int));
    plan->batch_order = rd_zeros((size_t)batches, sizeof(int));
    rd_plan_sorted(plan);

    plan->most_rows = most_rows(plan);
    size_t rows = (size_t)plan->most_rows;
    plan->length = rd_zeros((size_t)size, sizeof(int));
    plan->count = rd_zeros(steps, sizeof(int));
    plan->start = rd_zeros(steps + 1, sizeof(int));
    plan->previous = rd_zeros(rows, sizeof(int));
    plan->next = rd_zeros(rows, sizeof(int));
    plan->example = rd_zeros(rows, sizeof(int));
    plan->step = rd_zeros(rows, sizeof(int));
    for (int c = 0; c < examples->column_count; c++) {
        size_t reals = (size_t)size * (size_t)examples->numbers[c];
        plan->index[c] = rd_zeros(examples->per_step[c] ? rows : (size_t)size, sizeof(int));
        if (reals) plan->real[c] = rd_zeros(reals * examples->real_size + RD_BEHIND, 1);
    }
}

void rd_plan_free(RdPlan *plan) {
    int *arrays[] = {plan->order,       plan->begin,  plan->scratch, plan->tally,
                     plan->batch_order, plan->length, plan->count,   plan->start,
                     plan->previous,    plan->next,   plan->example, plan->step};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    for (int c = 0; c < RD_MAX_COLUMNS; c++) {
        free(plan->index[c]);
        free(plan->real[c]);
    }
    *plan = (RdPlan){0};
}

RdSizes rd_plan_sizes(const RdPlan *plan, const RdVocab *vocab) {
    const RdExamples *examples = plan->examples;
    RdSizes sizes = {.examples = plan->batch_count ? plan->batch_size : 0,
                     .steps = examples->longest,
                     .rows = plan->most_rows};
    for (int c = 0; c < examples->column_count; c++)
        if (examples->per_step[c]) sizes.vocab[c] = vocab[c].size;
    return sizes;
}

RdSizes rd_sizes_max(RdSizes a, RdSizes b) {
    RdSizes sizes = {
        most(a.examples, b.examples), most(a.steps, b.steps), most(a.rows, b.rows), {0}};
    for (int c = 0; c < RD_MAX_COLUMNS; c++) sizes.vocab[c] = most(a.vocab[c], b.vocab[c]);
    return sizes;
}

/* ---- packing ---- */

const int *rd_plan_positions(const RdPlan *plan, int k) { return plan->order + plan->begin[k]; }

/* count[t] and start[t] from the falling lengths; returns the number of rows. */
static int pack_steps(RdPlan *plan, int examples) {
    int rows = 0, steps = plan->length[0], alive = examples;
    for (int t = 0; t < steps; t++) {
        while (plan->length[alive - 1] <= t) alive--;
        plan->count[t] = alive;
        plan->start[t] = rows;
        rows += alive;
    }
    plan->start[steps] = rows;
    return rows;
}

static void link_rows(RdPlan *plan, int steps) {
    for (int t = 0; t < steps; t++)
        for (int b = 0, row = plan->start[t]; b < plan->count[t]; b++, row++) {
            plan->previous[row] = t > 0 ? plan->start[t - 1] + b : -1;
            plan->next[row] = t + 1 < plan->length[b] ? plan->start[t + 1] + b : -1;
            plan->example[row] = b;
            plan->step[row] = t;
        }
}

static void fill_column(RdPlan *plan, int c, const int *position, int examples) {
    const RdExamples *from = plan->examples;
    for (int b = 0; b < examples; b++) {
        if (!from->per_step[c]) {
            plan->index[c][b] = from->number[c][position[b]];
            continue;
        }
        const int *number = from->number[c] + from->first[position[b]];
        for (int t = 0; t < plan->length[b]; t++) plan->index[c][plan->start[t] + b] = number[t];
    }
}

/* The model's reals, from doubles. */
static void fill_reals(RdPlan *plan, int c, const int *position, int examples) {
    size_t each = (size_t)plan->examples->numbers[c];
    for (int b = 0; b < examples; b++) {
        const double *from = plan->examples->real[c] + (size_t)position[b] * each;
        size_t first = (size_t)b * each;
        for (size_t k = 0; k < each; k++)
            if (plan->examples->real_size == sizeof(double))
                ((double *)plan->real[c])[first + k] = from[k];
            else
                ((float *)plan->real[c])[first + k] = (float)from[k];
    }
}

void rd_plan_batch(RdPlan *plan, int k, RdBatch *batch) {
    const int *position = rd_plan_positions(plan, k);
    int examples = plan->begin[k + 1] - plan->begin[k];
    for (int b = 0; b < examples; b++) plan->length[b] = plan->examples->length[position[b]];
    int steps = plan->length[0], rows = pack_steps(plan, examples);
    link_rows(plan, steps);
    *batch = (RdBatch){.packing = {.examples = examples,
                                   .steps = steps,
                                   .rows = rows,
                                   .length = plan->length,
                                   .count = plan->count,
                                   .start = plan->start,
                                   .previous = plan->previous,
                                   .next = plan->next,
                                   .example = plan->example,
                                   .step = plan->step}};
    for (int c = 0; c < plan->examples->column_count; c++) {
        fill_column(plan, c, position, examples);
        fill_reals(plan, c, position, examples);
        batch->index[c] = plan->index[c];
        batch->real[c] = plan->real[c];
    }
}
