#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "random.h"
#include "sample_models.h"

enum { RANDOM_EXAMPLES = 997 };

/* Examples of random lengths: word k of example i is number 1000 i + k. */
static RdExamples examples_of(int count, int longest) {
    RdExamples examples = {.count = count, .column_count = 2, .sequence_count = 1};
    RdLengths *lengths = rd_examples_lengths(&examples, 1);
    RdRandom random = rd_random(11, (uint64_t)count);
    examples.per_step[TEXT] = 1;
    examples.number[LABEL] = calloc((size_t)count + 1, sizeof(int));
    examples.number[TEXT] = calloc((size_t)count * (size_t)longest + 1, sizeof(int));
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        int length = 1 + (int)rd_random_below(&random, (uint64_t)longest);
        lengths->length[i] = length;
        examples.number[LABEL][i] = i % 2;
        for (int k = 0; k < length; k++) examples.number[TEXT][at++] = 1000 * i + k;
    }
    rd_examples_sum(&examples, 1);
    return examples;
}

/* The packing of a batch is what rondo.h says, and has the numbers of the examples. */
static void check_packing(const RdPlan *plan, const RdBatch *batch, const int *position) {
    const RdPacking *p = &batch->packing[0];
    const RdExamples *examples = plan->examples;
    int rows = 0;
    for (int b = 0; b < p->examples; b++) {
        cr_assert_eq(p->length[b], examples->sequence[0].length[position[b]]);
        cr_assert(b == 0 || p->length[b] <= p->length[b - 1]);
        rows += p->length[b];
        cr_assert_eq(batch->index[LABEL][b], examples->number[LABEL][position[b]]);
    }
    cr_assert_eq(p->rows, rows);
    cr_assert_eq(p->steps, p->length[0]);
    cr_assert_eq(p->start[p->steps], rows);
    for (int t = 0; t < p->steps; t++) {
        cr_assert_eq(p->start[t + 1] - p->start[t], p->count[t]);
        for (int b = 0; b < p->examples; b++) cr_assert_eq(b < p->count[t], t < p->length[b]);
        for (int b = 0; b < p->count[t]; b++) {
            int row = p->start[t] + b;
            cr_assert_eq(p->example[row], b);
            cr_assert_eq(p->step[row], t);
            cr_assert_eq(p->previous[row], t ? p->start[t - 1] + b : -1);
            cr_assert_eq(p->next[row], t + 1 < p->length[b] ? p->start[t + 1] + b : -1);
            cr_assert_eq(
                batch->index[TEXT][row],
                examples->number[TEXT][examples->sequence[0].first[position[b]] + (size_t)t]);
        }
    }
}

/* Every example is in one batch, every batch is well packed and no larger than the plan says. */
static void check_plan(RdPlan *plan) {
    int *seen = calloc((size_t)plan->examples->count + 1, sizeof(int));
    RdVocab vocab[2] = {{0}, {.size = 77}};
    RdSizes sizes = rd_plan_sizes(plan, vocab);
    for (int k = 0; k < plan->batch_count; k++) {
        RdBatch batch;
        rd_plan_batch(plan, k, &batch);
        const int *position = rd_plan_positions(plan, k);
        check_packing(plan, &batch, position);
        cr_assert(batch.examples <= sizes.examples && batch.packing[0].rows <= sizes.rows[0]);
        for (int b = 0; b < batch.examples; b++) seen[position[b]]++;
    }
    for (int i = 0; i < plan->examples->count; i++) cr_assert_eq(seen[i], 1);
    cr_expect_eq(sizes.vocab[TEXT], 77);
    free(seen);
}

Test(batch, every_size_and_order) {
    static const int batch_sizes[] = {1, 2, 7, 32, RANDOM_EXAMPLES - 1, RANDOM_EXAMPLES, 5000};
    RdExamples examples = examples_of(RANDOM_EXAMPLES, 40);
    for (size_t i = 0; i < sizeof batch_sizes / sizeof *batch_sizes; i++) {
        RdPlan plan;
        rd_plan_new(&examples, batch_sizes[i], &plan);
        int size = batch_sizes[i] < examples.count ? batch_sizes[i] : examples.count;
        cr_expect_eq(plan.batch_count, (examples.count + size - 1) / size);
        check_plan(&plan);
        for (int epoch = 0; epoch < 3; epoch++) {
            rd_plan_shuffle(&plan, 5, epoch);
            check_plan(&plan);
        }
        rd_plan_sorted(&plan);
        check_plan(&plan);
        rd_plan_free(&plan);
    }
    rd_examples_free(&examples);
}

Test(batch, none_and_one) {
    RdExamples examples = examples_of(0, 5);
    RdPlan plan;
    rd_plan_new(&examples, 32, &plan);
    cr_expect_eq(plan.batch_count, 0);
    rd_plan_shuffle(&plan, 1, 1);
    check_plan(&plan);
    rd_plan_free(&plan);
    rd_examples_free(&examples);
    examples = examples_of(1, 5);
    rd_plan_new(&examples, 32, &plan);
    cr_expect_eq(plan.batch_count, 1);
    rd_plan_shuffle(&plan, 1, 1);
    check_plan(&plan);
    rd_plan_free(&plan);
    rd_examples_free(&examples);
}

Test(batch, sorted_is_stable) {
    RdExamples examples = examples_of(RANDOM_EXAMPLES, 9);
    RdPlan plan;
    rd_plan_new(&examples, 10, &plan);
    for (int i = 0; i + 1 < examples.count; i++) {
        int a = plan.order[i], b = plan.order[i + 1];
        cr_assert(examples.sequence[0].length[a] > examples.sequence[0].length[b] ||
                  (examples.sequence[0].length[a] == examples.sequence[0].length[b] && a < b));
    }
    rd_plan_free(&plan);
    rd_examples_free(&examples);
}

/* The rows that batches of one length each would not have, over all rows. */
static double unevenness(const RdPlan *plan) {
    double padding = 0, rows = 0;
    for (int k = 0; k < plan->batch_count; k++)
        for (int i = plan->begin[k]; i < plan->begin[k + 1]; i++) {
            padding += plan->examples->sequence[0].length[plan->order[plan->begin[k]]] -
                       plan->examples->sequence[0].length[plan->order[i]];
            rows += plan->examples->sequence[0].length[plan->order[i]];
        }
    return padding / rows;
}

Test(batch, shuffles) {
    RdExamples examples = examples_of(6000, 40);
    RdPlan a, b;
    rd_plan_new(&examples, 32, &a);
    rd_plan_new(&examples, 32, &b);
    size_t bytes = (size_t)examples.count * sizeof(int);
    rd_plan_shuffle(&a, 1, 3);
    rd_plan_shuffle(&b, 1, 2); /* what was before does not count */
    cr_expect_neq(memcmp(a.order, b.order, bytes), 0);
    rd_plan_shuffle(&b, 1, 3);
    cr_expect_eq(memcmp(a.order, b.order, bytes), 0);
    cr_expect_eq(memcmp(a.begin, b.begin, ((size_t)a.batch_count + 1) * sizeof(int)), 0);
    rd_plan_shuffle(&b, 2, 3);
    cr_expect_neq(memcmp(a.order, b.order, bytes), 0);

    /* examples of a batch are about as long; short and long batches alternate */
    cr_expect_lt(unevenness(&a), 0.05);
    int turns = 0;
    for (int k = 1; k + 1 < a.batch_count; k++) {
        const int *n = examples.sequence[0].length;
        int x = n[a.order[a.begin[k - 1]]], y = n[a.order[a.begin[k]]],
            z = n[a.order[a.begin[k + 1]]];
        turns += (y > x) == (y > z);
    }
    cr_expect_gt(turns, a.batch_count / 3);
    rd_plan_free(&a);
    rd_plan_free(&b);
    rd_examples_free(&examples);
}

/* The 3 shortest examples and the longest end up in batches of one size; the largest is known. */
Test(batch, sizes) {
    RdExamples examples = examples_of(5, 6);
    static const int lengths[] = {2, 6, 1, 5, 4};
    for (int i = 0; i < 5; i++) examples.sequence[0].length[i] = lengths[i];
    rd_examples_sum(&examples, 1);
    RdPlan plan;
    RdVocab vocab[2] = {{.size = 3}, {.size = 9}};
    rd_plan_new(&examples, 2, &plan);
    RdSizes sizes = rd_plan_sizes(&plan, vocab);
    cr_expect(sizes.examples == 2 && sizes.rows[0] == 11);
    cr_expect(sizes.vocab[LABEL] == 0 && sizes.vocab[TEXT] == 9);
    RdSizes both = rd_sizes_max(
        sizes, (RdSizes){.examples = 7, .rows = {10}, .vocab = {0, 4}, .longest = {12}});
    cr_expect(both.examples == 7 && both.rows[0] == 11 && both.vocab[TEXT] == 9);
    cr_expect(sizes.longest[0] < 12 && both.longest[0] == 12);
    rd_plan_free(&plan);
    rd_examples_free(&examples);
}

Test(batch, nothing_is_allocated_later) {
    RdExamples examples = examples_of(6000, 40);
    RdPlan plan;
    rd_plan_new(&examples, 32, &plan);
    size_t before = mallinfo2().uordblks;
    for (int epoch = 0; epoch < 3; epoch++) {
        rd_plan_shuffle(&plan, 1, epoch);
        for (int k = 0; k < plan.batch_count; k++) {
            RdBatch batch;
            rd_plan_batch(&plan, k, &batch);
        }
        cr_expect_eq(mallinfo2().uordblks, before);
    }
    rd_plan_free(&plan);
    rd_examples_free(&examples);
}

/* ---- encoding ---- */

static RdData texts_of(const RdModel *model, const char *const *texts, int count) {
    RdData data;
    RdError error;
    cr_assert(rd_data_from_texts(texts, count, model, (RdReadOptions){0}, &data, &error));
    return data;
}

Test(batch, encode) {
    const char *const texts[] = {"a b a", "b", "c a"};
    RdData data = texts_of(&mood, texts, 2);
    RdVocab vocab[2] = {{0}};
    rd_vocab_build(&data, TEXT, 0, 1, false, &vocab[TEXT]);
    rd_data_free(&data);
    data = texts_of(&mood, texts, 3);
    RdExamples examples;
    rd_encode(&mood, &data, vocab, &examples);
    rd_data_free(&data);
    cr_expect_eq(examples.count, 3);
    cr_expect_eq(examples.sequence[0].longest, 3);
    static const int expected[] = {1, 2, 1, 2, 0, 1};
    cr_assert_eq(examples.sequence[0].first[3], 6);
    for (int i = 0; i < 6; i++) cr_expect_eq(examples.number[TEXT][i], expected[i]);
    for (int i = 0; i < 3; i++) cr_expect_eq(examples.number[LABEL][i], 0); /* was not read */
    rd_examples_free(&examples);
    rd_vocab_free(&vocab[TEXT]);
}

Test(batch, encode_without_words) {
    int line[] = {1, 2}, first[] = {2, 0}, second[] = {1, 1};
    RdData data = {.count = 2, .line = line, .has = {true, true}, .number = {first, second}};
    RdExamples examples;
    rd_encode(&table, &data, NULL, &examples);
    cr_expect_eq(examples.sequence[0].length[1], 1);
    cr_expect_eq(examples.sequence[0].longest, 1);
    RdPlan plan;
    rd_plan_new(&examples, 2, &plan);
    RdBatch batch;
    rd_plan_batch(&plan, 0, &batch);
    cr_expect_eq(batch.packing[0].rows, 2);
    cr_expect_eq(batch.index[0][0], 2);
    cr_expect_eq(batch.index[1][1], 1);
    rd_plan_free(&plan);
    rd_examples_free(&examples);
}
