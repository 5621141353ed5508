#include "agreement.h"

#include <criterion/criterion.h>
#include <string.h>

#include "graph/grad.h"
#include "oracle.h"
#include "random_graph.h"

static const double TOLERANCE = 1e-9;

typedef struct {
    const char *name;
    int seed;
    Arena *arena;
    const Graph *graph; /* with its gradients */
    const Tensor *params;
    const RdModel *model;
} Pair;

static void compare(const Pair *pair, const char *what, const char *name, const double *got,
                    const double *wanted, int count) {
    double error = difference(got, wanted, count, 1e-4);
    cr_expect(error < TOLERANCE, "%s %d: %s %s differs by %g\n", pair->name, pair->seed, what, name,
              error);
}

static void compare_results(const Pair *pair, const char *program, const Results *got,
                            const Results *wanted) {
    const RdModel *model = pair->model;
    cr_assert_eq(got->losses, wanted->losses);
    compare(pair, program, "loss", got->loss, wanted->loss, got->losses);
    for (int o = 0; o < model->output_count; o++) {
        cr_assert_eq(got->output_size[o], wanted->output_size[o]);
        compare(pair, program, model->outputs[o].name, got->output[o], wanted->output[o],
                got->output_size[o]);
    }
    for (int p = 0; got->gradient && p < model->param_count; p++)
        compare(pair, "gradient of", model->params[p].name, got->gradient[p], wanted->gradient[p],
                (int)tensor_size(&pair->params[p]));
}

static Runner *open_runner(const Pair *pair, const Data *data, int threads, bool training) {
    Runner *runner = runner_open(pair->arena, pair->model, data, data->count, threads, training);
    for (int p = 0; p < pair->model->param_count; p++) runner_set(runner, p, pair->params[p].at);
    return runner;
}

static void check_batch(const Pair *pair, int count, const int *length) {
    uint64_t key = 0x1234567890abcdefu * (uint64_t)pair->seed;
    Data data = random_data(pair->arena, pair->graph, count, length, (uint64_t)pair->seed);
    Results wanted = oracle(pair->arena, pair->graph, &data, pair->params, false, key);
    Runner *runner = open_runner(pair, &data, 1, false);
    Results got = runner_infer(runner);
    compare_results(pair, "infer", &got, &wanted);
    runner_close(runner);
    wanted = oracle(pair->arena, pair->graph, &data, pair->params, true, key);
    runner = open_runner(pair, &data, 1, true);
    got = runner_train(runner, key);
    compare_results(pair, "train", &got, &wanted);
    runner_close(runner);
}

static bool same(const double *a, const double *b, int count) {
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

/* A second run over what the first left in memory, and one on three threads, give the same bits. */
static void check_repeats(const Pair *pair, int count, const int *length) {
    Data data = random_data(pair->arena, pair->graph, count, length, (uint64_t)pair->seed);
    Runner *runner = open_runner(pair, &data, 1, true), *other = open_runner(pair, &data, 3, true);
    Results first = runner_train(runner, 5);
    Results results[] = {runner_train(runner, 5), runner_train(other, 5)};
    for (int i = 0; i < 2; i++) {
        const char *how = i ? "on three threads" : "the second time";
        cr_expect(same(results[i].loss, first.loss, first.losses), "%s %d: other losses %s",
                  pair->name, pair->seed, how);
        for (int p = 0; p < pair->model->param_count; p++)
            cr_expect(same(results[i].gradient[p], first.gradient[p], runner_size(runner, p)),
                      "%s %d: another gradient of %s %s", pair->name, pair->seed,
                      pair->model->params[p].name, how);
    }
    runner_close(runner);
    runner_close(other);
}

static int loss_of(const Graph *graph) {
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_LOSS) return graph->outputs.at[i].node;
    return -1;
}

void check_agreement(const char *name, Graph *graph, const RdModel *model, int seed) {
    graph_differentiate(graph, loss_of(graph));
    Pair pair = {name, seed, arena_new(), graph, NULL, model};
    pair.params = random_input(pair.arena, graph, 1, (uint64_t)seed).params;
    check_batch(&pair, 5, (int[]){2, 9, 1, 5, 2});
    check_batch(&pair, 3, (int[]){4, 4, 4});
    check_batch(&pair, 1, (int[]){1});
    const int tiles[] = {1, 2, 3, 3, 1, 3, 2, 4, 2, 3, 3, 1, 2, 6, 2}; /* three a step */
    check_batch(&pair, 15, tiles);
    check_repeats(&pair, 15, tiles);
    arena_free(pair.arena);
}

const char *flags_of_width(int width) {
    switch (width) {
        case 0:
            return "-O0 -DRD_VECTOR_BYTES=8";
        case 1:
            return "-O0 -DRD_VECTOR_BYTES=16";
        case 2:
#if defined(__x86_64__)
            if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
                return "-O0 -mavx2 -mfma";
#endif
            return "-O0 -DRD_VECTOR_BYTES=32";
        default:
#if defined(__x86_64__)
            if (__builtin_cpu_supports("avx512f")) return "-O0 -mavx512f";
#endif
            return "-O0 -DRD_VECTOR_BYTES=64";
    }
}
