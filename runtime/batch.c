#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "random.h"

enum { WINDOW = 50 }; /* batches that are sorted by length together when shuffled */

static int least(int a, int b) { return a < b ? a : b; }

static int most(int a, int b) { return a > b ? a : b; }

/* ---- the order ---- */

/* The place of each of the sequences n of these owners by falling length, equal lengths as they
 * stand: a counting sort. */
static void place_by_length(RdPlan *plan, int n, const int *owner, int count, int *place) {
    const RdLengths *lengths = &plan->examples->sequence[n - 1];
    int *next = plan->tally; /* the place of the next one of a length */
    memset(next, 0, ((size_t)lengths->longest + 1) * sizeof *next);
    for (int i = 0; i < count; i++) next[lengths->length[owner[i]]]++;
    for (int length = lengths->longest, before = 0; length >= 0; length--) {
        int here = next[length];
        next[length] = before;
        before += here;
    }
    for (int i = 0; i < count; i++) place[i] = next[lengths->length[owner[i]]]++;
}

/* Sorts order[0 .. count) by falling length of the first sequence. */
static void sort_by_length(RdPlan *plan, int *order, int count) {
    place_by_length(plan, 1, order, count, plan->places);
    for (int i = 0; i < count; i++) plan->scratch[plan->places[i]] = order[i];
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
    if (!plan->examples->stream) sort_by_length(plan, plan->order, plan->examples->count);
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
    if (plan->examples->stream) return;
    rd_random_shuffle(&random, plan->order, plan->examples->count);
    for (int k = 0; k < plan->batch_count; k += WINDOW) {
        int from = plan->begin[k], to = plan->begin[least(k + WINDOW, plan->batch_count)];
        sort_by_length(plan, plan->order + from, to - from);
    }
    shuffle_batches(plan, &random);
}

/* ---- memory ---- */

static int falling(const void *a, const void *b) {
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return left < right ? 1 : left > right ? -1 : 0;
}

/* The sum of the most rows that so many examples have: no batch has more. */
static int most_rows(const RdExamples *examples, int n, int batch_size) {
    size_t *rows = rd_zeros((size_t)examples->count, sizeof *rows), sum = 0;
    for (int i = 0; i < examples->count; i++)
        rows[i] = rd_examples_first(examples, n, i + 1) - rd_examples_first(examples, n, i);
    qsort(rows, (size_t)examples->count, sizeof *rows, falling);
    for (int i = 0; i < least(batch_size, examples->count); i++) sum += rows[i];
    free(rows);
    return (int)sum;
}

static int *integers(size_t count) { return rd_zeros(count, sizeof(int)); }

static void new_packing(RdPackingMemory *p, size_t owners, int longest) {
    size_t rows = (size_t)p->most_rows, steps = (size_t)longest;
    p->order = integers(owners);
    p->place = integers(owners);
    p->length = integers(owners);
    p->before = integers(owners);
    p->count = integers(steps);
    p->start = integers((owners > steps ? owners : steps) + 1);
    p->previous = integers(rows);
    p->next = integers(rows);
    p->example = integers(rows);
    p->step = integers(rows);
    p->data = integers(rows);
    p->other = integers(rows);
}

/* The most rows that a batch has of sequence n, or of examples. */
static int rows_of(const RdPlan *plan, int n) {
    return n ? plan->packing[n - 1].most_rows : plan->batch_size;
}

void rd_plan_new(const RdExamples *examples, int batch_size, RdPlan *plan) {
    size_t count = (size_t)examples->count, longest = 0;
    int size = least(batch_size, examples->count);
    if (size < 1) size = 1;
    int batches = (examples->count + size - 1) / size;
    *plan = (RdPlan){.examples = examples, .batch_size = size, .batch_count = batches};
    for (int n = 1; n <= examples->sequence_count; n++) {
        const RdLengths *lengths = &examples->sequence[n - 1];
        if (lengths->unused) continue;
        size_t owners = (size_t)rows_of(plan, lengths->parent);
        plan->packing[n - 1].most_rows = most_rows(examples, n, size);
        new_packing(&plan->packing[n - 1], owners, lengths->longest);
        if ((size_t)lengths->longest > longest) longest = (size_t)lengths->longest;
    }
    plan->order = integers(count);
    plan->begin = integers((size_t)batches + 1);
    plan->scratch = integers(count);
    plan->places = integers(count);
    plan->tally = integers(longest + 1);
    plan->batch_order = integers((size_t)batches);
    for (int c = 0; c < examples->column_count; c++) {
        size_t rows = (size_t)rows_of(plan, examples->per_step[c]);
        size_t reals = rows * (size_t)examples->numbers[c];
        plan->index[c] = integers(rows);
        if (reals) plan->real[c] = rd_zeros(reals * examples->real_size + RD_BEHIND, 1);
    }
    rd_plan_sorted(plan);
}

void rd_plan_free(RdPlan *plan) {
    int *arrays[] = {plan->order,  plan->begin, plan->scratch,
                     plan->places, plan->tally, plan->batch_order};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    for (int n = 0; n < RD_MAX_SEQUENCES; n++) {
        RdPackingMemory *p = &plan->packing[n];
        int *parts[] = {p->order,    p->before, p->place,   p->length, p->count, p->start,
                        p->previous, p->next,   p->example, p->step,   p->data,  p->other};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
    }
    for (int c = 0; c < RD_MAX_COLUMNS; c++) {
        free(plan->index[c]);
        free(plan->real[c]);
    }
    *plan = (RdPlan){0};
}

RdSizes rd_plan_sizes(const RdPlan *plan, const RdVocab *vocab) {
    const RdExamples *examples = plan->examples;
    RdSizes sizes = {.examples = plan->batch_count ? plan->batch_size : 0};
    for (int n = 0; n < examples->sequence_count; n++) {
        sizes.rows[n] = plan->packing[n].most_rows;
        sizes.longest[n] = examples->sequence[n].longest;
    }
    for (int c = 0; c < examples->column_count; c++)
        if (examples->per_step[c]) sizes.vocab[c] = vocab[c].size;
    return sizes;
}

RdSizes rd_sizes_max(RdSizes a, RdSizes b) {
    RdSizes sizes = {.examples = most(a.examples, b.examples)};
    for (int n = 0; n < RD_MAX_SEQUENCES; n++) {
        sizes.rows[n] = most(a.rows[n], b.rows[n]);
        sizes.longest[n] = most(a.longest[n], b.longest[n]);
    }
    for (int c = 0; c < RD_MAX_COLUMNS; c++) sizes.vocab[c] = most(a.vocab[c], b.vocab[c]);
    return sizes;
}

/* ---- packing ---- */

const int *rd_plan_positions(const RdPlan *plan, int k) { return plan->order + plan->begin[k]; }

const int *rd_plan_steps(const RdPlan *plan, int n) { return plan->packing[n - 1].data; }

/* Which sequence is whose: by falling length, those of equal length in the order of their owners.
 * `data` is where the owners are in the data. */
static void place_sequences(RdPlan *plan, int n, const int *data, int owners) {
    const int *length = plan->examples->sequence[n - 1].length;
    RdPackingMemory *p = &plan->packing[n - 1];
    place_by_length(plan, n, data, owners, p->place);
    for (int i = 0; i < owners; i++) {
        p->order[p->place[i]] = i;
        p->length[p->place[i]] = length[data[i]];
    }
    for (int b = 1; b < owners; b++) p->before[b] = p->before[b - 1] + p->length[b - 1];
}

/* count[t] and start[t] from the falling lengths; returns the number of rows. */
static int pack_steps(RdPackingMemory *p, int owners) {
    int rows = 0, steps = p->length[0], alive = owners;
    for (int t = 0; t < steps; t++) {
        while (p->length[alive - 1] <= t) alive--;
        p->count[t] = alive;
        p->start[t] = rows;
        rows += alive;
    }
    p->start[steps] = rows;
    return rows;
}

static void link_rows(RdPackingMemory *p, const size_t *first, const int *data) {
    for (int t = 0; t < p->length[0]; t++)
        for (int b = 0, row = p->start[t]; b < p->count[t]; b++, row++) {
            p->previous[row] = t > 0 ? p->start[t - 1] + b : -1;
            p->next[row] = t + 1 < p->length[b] ? p->start[t + 1] + b : -1;
            p->example[row] = p->order[b];
            p->step[row] = t;
            p->data[row] = (int)first[data[p->order[b]]] + t;
        }
}

/* A pair: the rows of an owner behind each other. */
static RdPacking pack_pair(RdPlan *plan, int n, const RdBatch *batch) {
    const RdLengths *lengths = &plan->examples->sequence[n - 1];
    const RdPacking *first = &batch->packing[lengths->parent - 1];
    const RdPacking *other = &batch->packing[lengths->other - 1];
    const int *data = rd_plan_steps(plan, lengths->parent);
    RdPackingMemory *p = &plan->packing[n - 1];
    int rows = 0;
    for (int i = 0; i < first->rows; i++) {
        int b = other->place[first->example[i]];
        p->place[i] = i;
        p->length[i] = other->length[b];
        p->start[i] = rows;
        for (int s = 0; s < p->length[i]; s++, rows++) {
            p->previous[rows] = s > 0 ? rows - 1 : -1;
            p->next[rows] = s + 1 < p->length[i] ? rows + 1 : -1;
            p->example[rows] = i;
            p->step[rows] = s;
            p->other[rows] = other->start[s] + b;
            p->data[rows] = (int)lengths->first[data[i]] + s;
        }
    }
    p->start[first->rows] = rows;
    return (RdPacking){.examples = first->rows,
                       .rows = rows,
                       .length = p->length,
                       .start = p->start,
                       .previous = p->previous,
                       .next = p->next,
                       .example = p->example,
                       .step = p->step,
                       .place = p->place,
                       .other = p->other};
}

static RdPacking pack_sequence(RdPlan *plan, int n, const int *data, int owners) {
    RdPackingMemory *p = &plan->packing[n - 1];
    place_sequences(plan, n, data, owners);
    int rows = pack_steps(p, owners);
    link_rows(p, plan->examples->sequence[n - 1].first, data);
    return (RdPacking){.examples = owners,
                       .steps = p->length[0],
                       .rows = rows,
                       .length = p->length,
                       .count = p->count,
                       .start = p->start,
                       .previous = p->previous,
                       .next = p->next,
                       .example = p->example,
                       .step = p->step,
                       .place = p->place,
                       .before = p->before};
}

/* The model's reals, from doubles. */
static void fill_reals(RdPlan *plan, int c, const int *place, int rows) {
    size_t each = (size_t)plan->examples->numbers[c];
    for (int row = 0; row < rows; row++) {
        const double *from = plan->examples->real[c] + (size_t)place[row] * each;
        size_t first = (size_t)row * each;
        for (size_t k = 0; k < each; k++)
            if (plan->examples->real_size == sizeof(double))
                ((double *)plan->real[c])[first + k] = from[k];
            else
                ((float *)plan->real[c])[first + k] = (float)from[k];
    }
}

void rd_plan_batch(RdPlan *plan, int k, RdBatch *batch) {
    const RdExamples *examples = plan->examples;
    const int *position = rd_plan_positions(plan, k);
    *batch = (RdBatch){.examples = plan->begin[k + 1] - plan->begin[k]};
    for (int n = 1; n <= examples->sequence_count; n++) {
        int parent = examples->sequence[n - 1].parent;
        if (examples->sequence[n - 1].unused) continue;
        if (examples->sequence[n - 1].other) {
            batch->packing[n - 1] = pack_pair(plan, n, batch);
            continue;
        }
        int owners = rd_batch_rows(batch, parent);
        batch->packing[n - 1] =
            pack_sequence(plan, n, parent ? rd_plan_steps(plan, parent) : position, owners);
    }
    for (int c = 0; c < examples->column_count; c++) {
        int n = examples->per_step[c], rows = rd_batch_rows(batch, n);
        const int *from = n ? rd_plan_steps(plan, n) : position;
        for (int row = 0; row < rows; row++) plan->index[c][row] = examples->number[c][from[row]];
        if (examples->real[c]) fill_reals(plan, c, from, rows);
        batch->index[c] = plan->index[c];
        batch->real[c] = plan->real[c];
    }
}

/* ---- states ---- */

void rd_plan_start(RdPlan *plan, const RdModel *model) {
    for (int c = 0; c < model->column_count; c++) {
        const RdColumn *column = &model->columns[c];
        if (column->kind != RD_CARRIED) continue;
        for (int i = 0; i < plan->batch_size * column->numbers; i++)
            if (model->real_size == sizeof(double))
                ((double *)plan->real[c])[i] = column->start;
            else
                ((float *)plan->real[c])[i] = (float)column->start;
    }
}

void rd_plan_carry(RdPlan *plan, const RdModel *model, const RdRun *run) {
    for (int s = 0; s < model->carried_count; s++) {
        int c = model->carried[s].column;
        size_t row = (size_t)model->columns[c].numbers * model->real_size;
        size_t stride = (size_t)model->carried[s].stride * model->real_size;
        for (int i = 0; i < run->batch->examples; i++)
            memcpy((char *)plan->real[c] + (size_t)i * row,
                   (const char *)run->carried[s] + (size_t)i * stride, row);
    }
}

/* ---- looking at a batch ---- */

int rd_batch_rows(const RdBatch *batch, int n) {
    return n ? batch->packing[n - 1].rows : batch->examples;
}

/* Whether sequence n has the tokens of an example. */
static bool has_tokens(const RdModel *model, int n) {
    return !model->sequence_count ||
           (model->sequences[n - 1].column >= 0 && !model->sequences[n - 1].parent);
}

int rd_batch_tokens(const RdModel *model, const RdBatch *batch) {
    int tokens = 0, count = model->sequence_count ? model->sequence_count : 1;
    for (int n = 1; n <= count; n++)
        if (has_tokens(model, n)) tokens += batch->packing[n - 1].rows;
    return tokens;
}

size_t rd_examples_tokens(const RdModel *model, const RdExamples *examples) {
    size_t tokens = 0;
    for (int n = 1; n <= examples->sequence_count; n++)
        if (has_tokens(model, n)) tokens += rd_examples_rows(examples, n);
    return tokens;
}

int rd_batch_steps(const RdBatch *batch, int n, int b) {
    return n ? batch->packing[n - 1].length[batch->packing[n - 1].place[b]] : 1;
}

int rd_batch_row(const RdBatch *batch, int n, int b, int t) {
    return n ? batch->packing[n - 1].start[t] + batch->packing[n - 1].place[b] : b;
}
