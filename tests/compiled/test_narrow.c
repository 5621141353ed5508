/* Programs that were built for weights of fewer bits: what they put out is what comes of the
 * rounded weights, in any batch and step by step. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "batches.h"
#include "graph/grad.h"
#include "object.h"
#include "oracle.h"
#include "programs.h"
#include "random_graph.h"
#include "steps.h"

static const char text[] =
    "model tagger {\n"
    "  input text: words(max_vocab = 30, max_length = 40)\n"
    "  target tag: tags(over = text, A, B, C, D, E)\n"
    "  a = scan lstm(19) over embedding(text, 6)\n"
    "  b = scan gru(9) over a.h\n"
    "  logits = linear(b.h, tag.size)\n"
    "  loss cross_entropy(logits, tag)\n  output logits, argmax(logits)\n"
    "}\n";

/* ---- the rounding, once more ---- */

static double to_bf16(double x) {
    int exponent;
    double fraction = frexp(x, &exponent); /* 8 bits: to nearest, ties to even */
    return ldexp(nearbyint(ldexp(fraction, 8)), exponent - 8);
}

static void round_row(double *row, int size, RdPrecision precision) {
    double most = 0;
    for (int i = 0; i < size; i++) most = fmax(most, fabs(row[i]));
    for (int i = 0; i < size; i++)
        row[i] = precision == RD_BF16 ? to_bf16(row[i])
                                      : nearbyint(row[i] / (float)(most / 127)) * (most / 127);
}

/* Weights of products are matrices, a row for each output; the table of an embedding is none. */
static bool is_rounded(const RdParam *param) { return param->rank == 2 && !param->sparse; }

static void round_weights(const RdModel *model, Tensor *params) {
    for (int p = 0; p < model->param_count; p++)
        for (int row = 0; is_rounded(&model->params[p]) && row < params[p].dim[0]; row++)
            round_row(params[p].at + row * params[p].dim[1], params[p].dim[1], model->precision);
}

/* ---- the checks ---- */

static Results answer(Arena *arena, const RdModel *model, const Data *data, const Tensor *params) {
    Runner *runner = runner_open(arena, model, data, 4, 1, false);
    for (int p = 0; p < model->param_count; p++) runner_set(runner, p, params[p].at);
    Results results = runner_infer(runner);
    runner_close(runner);
    return results;
}

static void compare(const char *how, const Results *got, const Results *wanted, double most) {
    double loss = difference(got->loss, wanted->loss, wanted->losses, 1e-4);
    double logits = difference(got->output[0], wanted->output[0], wanted->output_size[0], 1e-4);
    cr_log_info("%s: losses are off by %g, logits by %g", how, loss, logits);
    cr_assert(loss <= most && logits <= most, "%s: losses are off by %g, logits by %g", how, loss,
              logits);
}

static void check_rounding(Arena *arena, const char *how, const RdModel *narrow) {
    Graph *graph = graph_of_text(arena, text);
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_LOSS) {
            graph_differentiate(graph, graph->outputs.at[i].node);
            break;
        }
    RdModel full = *narrow;
    full.precision = RD_FULL;
    Data data = random_data(arena, graph, 9, (int[]){2, 9, 1, 5, 2, 4, 4, 3, 2}, 3);
    Tensor *params = (Tensor *)random_input(arena, graph, 1, 3).params;
    for (int p = 0; p < narrow->param_count; p++)
        for (long i = 0; i < tensor_size(&params[p]); i++) params[p].at[i] = (float)params[p].at[i];
    Results got = answer(arena, narrow, &data, params);
    Results unrounded = answer(arena, &full, &data, params);
    round_weights(narrow, params);
    Results wanted = oracle(arena, graph, &data, params, false, 0);
    Results same = answer(arena, &full, &data, params);
    compare(how, &got, &wanted, 2e-6);
    compare("beside the program in full precision", &got, &same,
            narrow->precision == RD_BF16 ? 0 : 2e-6);
    cr_assert_gt(difference(unrounded.output[0], got.output[0], got.output_size[0], 1e-4), 1e-5,
                 "%s: nothing is rounded", how);
}

static void check_memory(const RdModel *model, size_t bits) {
    RdSizes sizes = {.examples = 1, .rows = {40}, .vocab = {30}};
    const RdStepProgram *step = &model->steps->step;
    size_t all = step->packed_bytes(&sizes, RD_FULL);
    size_t narrow = step->packed_bytes(&sizes, model->precision);
    cr_assert_lt(narrow, all * (bits + 6) / 32, "%zu bytes, of %zu", narrow, all);
}

Test(narrow, weights) {
    static const struct {
        const char *flags, *name;
        size_t bits;
    } widths[] = {{"-O1 -march=native -DRD_NARROW=1", "bf16", 16},
                  {"-O1 -march=native -DRD_NARROW=2", "int8", 8}};
    Arena *arena = arena_new();
    Programs programs = programs_of_text(arena, "model.rondo", text);
    cr_assert(programs.c, "%s", programs.said);
    for (int i = 0; i < 2; i++) {
        Object object = object_load(arena, &programs.c, 1, false, widths[i].flags);
        const RdModel *model = object.model[0];
        Data data = sentences(arena, model, 40, 30, 5);
        cr_assert_eq(model->precision, i == 0 ? RD_BF16 : RD_INT8);
        check_rounding(arena, widths[i].name, model);
        check_batches(arena, widths[i].name, model, &data);
        check_steps(arena, widths[i].name, model, &data, NULL);
        check_memory(model, widths[i].bits);
        object_unload(&object);
    }
    arena_free(arena);
}
