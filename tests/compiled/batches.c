#include "batches.h"

#include <criterion/criterion.h>
#include <string.h>

#include "random_graph.h"

static bool same(const double *a, const double *b, int count) {
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static void same_bits(const char *name, const char *how, const RdModel *model, const Results *got,
                      const Results *wanted) {
    cr_expect(same(got->loss, wanted->loss, wanted->losses), "%s: other losses %s", name, how);
    for (int o = 0; o < model->output_count; o++)
        cr_expect(same(got->output[o], wanted->output[o], wanted->output_size[o]),
                  "%s: another output %s %s", name, model->outputs[o].name, how);
}

static Results infer(Arena *arena, const RdModel *model, const Data *data, int batch, int threads) {
    Runner *runner = runner_open(arena, model, data, batch, threads, false);
    runner_start(runner, 7);
    Results results = runner_infer(runner);
    runner_close(runner);
    return results;
}

static void check_inference(Arena *arena, const char *name, const RdModel *model,
                            const Data *data) {
    Results wanted = infer(arena, model, data, data->count, 1);
    const int batches[] = {1, 7, 32, data->count};
    for (int i = 0; i < 4; i++)
        for (int threads = 1; threads <= 2; threads++) {
            Results got = infer(arena, model, data, batches[i], threads);
            const char *how =
                arena_printf(arena, "in batches of %d on %d threads", batches[i], threads);
            same_bits(name, how, model, &got, &wanted);
        }
}

static void check_training(Arena *arena, const char *name, const RdModel *model, const Data *data) {
    Results wanted = {0};
    for (int threads = 1; threads <= 3; threads++) {
        Runner *runner = runner_open(arena, model, data, data->count, threads, true);
        runner_start(runner, 7);
        Results got = runner_train(runner, 99);
        if (threads == 1) wanted = got;
        const char *how = arena_printf(arena, "in training on %d threads", threads);
        same_bits(name, how, model, &got, &wanted);
        for (int p = 0; p < model->param_count; p++)
            cr_expect(same(got.gradient[p], wanted.gradient[p], runner_size(runner, p)),
                      "%s: another gradient of %s %s", name, model->params[p].name, how);
        runner_close(runner);
    }
}

void check_batches(Arena *arena, const char *name, const RdModel *model, const Data *data) {
    check_inference(arena, name, model, data);
    check_training(arena, name, model, data);
}

/* Lengths of sequence n; the number of rows that gives. */
static int random_lengths(Arena *arena, Data *data, int n, int owners, int longest,
                          Random *random) {
    int *length = ARENA_ARRAY(arena, int, owners + 1), rows = 0;
    for (int i = 0; i < owners; i++) rows += length[i] = 1 + random_below(random, longest);
    if (n == 1) data->length = length;
    data->further[n - 1] = length;
    return rows;
}

Data sentences(Arena *arena, const RdModel *model, int count, int longest, uint64_t seed) {
    Random random = {seed};
    Data data = {.count = count};
    int rows[RD_MAX_SEQUENCES + 1] = {count};
    for (int n = 1; n <= model->sequence_count; n++)
        rows[n] = random_lengths(arena, &data, n, rows[model->sequences[n - 1].parent],
                                 n == 1 ? longest : 9, &random);
    for (int c = 0; c < model->column_count; c++) {
        const RdColumn *of = &model->columns[c];
        bool words = of->kind == RD_WORDS;
        int range = !words ? of->class_count : of->max_vocab <= 1000 ? of->max_vocab : 301;
        if (of->kind == RD_PREVIOUS) continue;
        int size = rows[of->per_step], *column = ARENA_ARRAY(arena, int, size + 1);
        for (int i = 0; i < size; i++) column[i] = random_below(&random, range);
        data.column[c] = column;
        data.vocab[c] = words ? range : 0;
    }
    return data;
}
