/* The program of single steps computes what the whole sequence's does: the interpreter judges. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/print.h"
#include "graph/rewrite.h"
#include "graph/verify.h"
#include "pipeline.h"
#include "random_graph.h"

static Tensor *evaluate(Arena *arena, const Graph *graph, const EvalInput *in) {
    Tensor *results = ARENA_ARRAY(arena, Tensor, graph->nodes.len);
    graph_eval(arena, graph, in, results);
    return results;
}

/* The axis of a type that is the sequence, or -1. */
static int axis_of(const Type *type, int sequence) {
    for (int i = 0; i < type->rank; i++)
        if (type->dim[i].sym == sequence) return i;
    return -1;
}

/* The element at position `at` of the whole, which has the axis more, in its step t. */
static long whole_element(const Tensor *whole, int axis, int t, long at) {
    long inner = 1;
    for (int i = axis + 1; i < whole->rank; i++) inner *= whole->dim[i];
    return (at / inner * whole->dim[axis] + t) * inner + at % inner;
}

static double element(const Tensor *tensor, long i) {
    return tensor->at ? tensor->at[i] : tensor->index[i];
}

static Tensor step_of(Arena *arena, const Type *type, const int *sizes, const Tensor *whole,
                      int axis, int t) {
    Tensor step = tensor_new(arena, type, sizes);
    for (long i = 0; i < tensor_size(&step); i++) {
        long from = whole_element(whole, axis, t, i);
        if (step.at)
            step.at[i] = whole->at[from];
        else
            step.index[i] = whole->index[from];
    }
    return step;
}

/* What was put out becomes the states, or their last rows. */
static void carry(const Graph *graph, const Tensor *results, Tensor *inputs) {
    for (int i = 0; i < graph->outputs.len; i++) {
        const Output *output = &graph->outputs.at[i];
        if (output->role != ROLE_STATE) continue;
        Tensor *state = &inputs[output->param];
        const Tensor *value = &results[output->node];
        if (!graph->inputs.at[output->param].grows) {
            *state = *value;
            continue;
        }
        long row = tensor_size(value), all = tensor_size(state);
        memcpy(state->at + all - row, value->at, (size_t)row * sizeof *value->at);
    }
}

/* One row more, of zeros. */
static void grow(Arena *arena, const Graph *graph, const int *sizes, Tensor *inputs, int t) {
    for (int i = column_count(graph); i < graph->inputs.len; i++) {
        if (!graph->inputs.at[i].grows) continue;
        Tensor longer = tensor_new(arena, &graph->inputs.at[i].type, sizes);
        if (t) memcpy(longer.at, inputs[i].at, (size_t)tensor_size(&inputs[i]) * sizeof(double));
        inputs[i] = longer;
    }
}

static void count(Tensor *position, int t) {
    if (position->at)
        *position->at = t;
    else
        *position->index = t;
}

static int whole_output(const Graph *graph, const char *name) {
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_OUTPUT && !strcmp(graph->outputs.at[i].name, name))
            return graph->outputs.at[i].node;
    cr_assert_fail("no output is called %s", name);
    return -1;
}

static void check_step(const StepPrograms *steps, const Graph *whole, const Tensor *wanted,
                       const Tensor *got, int t) {
    for (int i = 0; i < steps->step->outputs.len; i++) {
        const Output *output = &steps->step->outputs.at[i];
        if (output->role != ROLE_OUTPUT) continue;
        int node = whole_output(whole, output->name);
        int axis = axis_of(&graph_node(whole, node)->type, steps->sequence);
        for (long k = 0; k < tensor_size(&got[output->node]); k++) {
            double a = element(&got[output->node], k);
            double b = element(&wanted[node], whole_element(&wanted[node], axis, t, k));
            cr_assert(fabs(a - b) < 1e-12, "%s at step %d is %.17g, not %.17g\n%s", output->name, t,
                      a, b, graph_print(steps->step));
        }
    }
}

/* Runs `begin` and all steps on random values. */
static void check_same(Arena *arena, Graph *whole, const StepPrograms *steps, uint64_t seed) {
    const char *problem;
    cr_assert(graph_verify(steps->begin, &problem), "begin: %s", problem);
    cr_assert(graph_verify(steps->step, &problem), "step: %s", problem);
    EvalInput in = random_input(arena, whole, 7, seed), step = in;
    in.training = step.training = false;
    Tensor *wanted = evaluate(arena, whole, &in);
    const Graph *g = steps->step;
    Tensor *inputs = ARENA_ARRAY(arena, Tensor, g->inputs.len + 1);
    for (int i = 0; i < g->inputs.len; i++)
        inputs[i] =
            i < column_count(g) ? in.inputs[i] : tensor_new(arena, &g->inputs.at[i].type, in.sizes);
    step.inputs = inputs;
    carry(steps->begin, evaluate(arena, steps->begin, &step), inputs);
    int *so_far = ARENA_ARRAY(arena, int, g->syms.len);
    memcpy(so_far, in.sizes, (size_t)g->syms.len * sizeof *so_far);
    step.sizes = so_far;
    for (int t = 0; t < in.sizes[steps->sequence]; t++) {
        so_far[steps->sequence] = t + 1;
        grow(arena, g, so_far, inputs, t);
        for (int i = column_count(g); i < g->inputs.len; i++)
            if (g->inputs.at[i].counts) count(&inputs[i], t);
        for (int i = 0; i < column_count(g); i++) {
            int axis = axis_of(&whole->inputs.at[i].type, steps->sequence);
            if (axis >= 0)
                inputs[i] = step_of(arena, &g->inputs.at[i].type, in.sizes, &in.inputs[i], axis, t);
        }
        Tensor *got = evaluate(arena, g, &step);
        check_step(steps, whole, wanted, got, t);
        carry(g, got, inputs);
    }
}

Test(step, agrees_with_the_whole_sequence_of_random_programs, .timeout = 300) {
    int causal = 0;
    for (int seed = 1; seed <= 200; seed++) {
        Arena *arena = arena_new();
        Graph *graph = simplify(
            for_inference(simplify(random_graph(arena, intern_new(arena), (uint64_t)seed))));
        StepPrograms steps = derive_step(graph);
        causal += steps.step != NULL;
        cr_assert(steps.step || steps.why);
        for (int i = 0; steps.step && i < 2; i++)
            check_same(arena, graph, &steps, (uint64_t)(seed + 1000 * i));
        arena_free(arena);
    }
    cr_expect_geq(causal, 50, "only %d of them are causal", causal);
}

static Compilation *compiled(Arena *arena, const char *head, const char *body) {
    Source *source = ARENA_NEW(arena, Source);
    const char *text = arena_printf(
        arena,
        "%s\nmodel m {\n  input text: words(max_vocab = 20)\n  target mood: class(good, bad)\n"
        "%s\n  loss cross_entropy(linear(mean(embedding(text, 2)), 2), mood)\n}\n",
        head, body);
    *source = (Source){"m.rondo", text, strlen(text)};
    Compilation *c = compile(arena, source, STAGE_STEP, NULL);
    if (diag_errors(c->diag)) diag_print(c->diag, stderr, 0);
    cr_assert_eq(diag_errors(c->diag), 0);
    return c;
}

static const char greedy[] =
    "cell greedy(x: [I], K) {\n"
    "  state last: index(K)\n"
    "  param w: [K, K]\n"
    "  last' = argmax(linear(x, K) + w[last])\n"
    "}\n";

Test(step, agrees_with_the_whole_sequence_of_cells_and_windows) {
    static const struct {
        const char *head, *body;
        int states;
    } models[] = {
        {"",
         "  x = embedding(text, 6)\n  s = scan lstm(5) over x\n  t = scan gru(4) over s.h\n"
         "  output softmax(linear(t.h, 3)), argmax(t.h), s.h",
         3},
        {"",
         "  param first: [5]\n  x = embedding(text, 6)\n"
         "  s = scan rnn(5) over tanh(causal_conv(x, 4, 3)) from h = tanh(first)\n"
         "  output s.h + shift(s.h, 2), x - shift(x, 1)",
         6},
        {"",
         "  h = transformer(positional_encoding(embedding(text, 8)), 2, F = 8, depth = 2,\n"
         "      with = attend_causally)\n"
         "  c = scan gru(3) over h\n  output linear(c.h, 2)",
         6},
        {greedy, "  x = embedding(text, 6)\n  s = scan greedy(3) over x\n  output s.last", 1},
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        Arena *arena = arena_new();
        Compilation *c = compiled(arena, models[i].head, models[i].body);
        cr_assert(c->steps.step, "%zu: %s", i, c->steps.why);
        const Graph *step = c->steps.step;
        cr_expect_eq(step->inputs.len - column_count(step), models[i].states, "%s",
                     graph_print(step));
        Graph *whole = simplify(for_inference(c->graph));
        for (uint64_t seed = 1; seed <= 5; seed++) check_same(arena, whole, &c->steps, seed);
        arena_free(arena);
    }
}

Test(step, says_what_is_in_the_way) {
    static const struct {
        const char *output, *why;
        int line;
    } models[] = {
        {"scan rnn(3) over x backward\n  output r.h", "runs backward", 6},
        {"scan rnn(3) over x\n  output r.final.h", "the value at the last step", 7},
        {"shift(x, -1)\n  output r", "a later step", 6},
        {"conv(x, 3, 2)\n  output max_pool(r)", "another number of steps", 0},
        {"mean(x)\n  output r", "over all steps", 0},
        {"linear(max(x), 2)\n  output r", "over all steps", 6},
        {"transformer(x, 2, F = 4, depth = 1)\n  output r", "over all steps", 0},
        {"tanh(x) + x.length\n  output r", "the number of all steps", 6},
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        Arena *arena = arena_new();
        Compilation *c = compiled(
            arena, "", arena_printf(arena, "  x = embedding(text, 4)\n  r = %s", models[i].output));
        cr_expect_null(c->steps.step);
        cr_expect(c->steps.why && strstr(c->steps.why, models[i].why), "%s: %s", models[i].output,
                  c->steps.why);
        if (models[i].line) cr_expect_eq(c->steps.where.line, models[i].line, "%zu", i);
        arena_free(arena);
    }
}

/* What is generated must be causal, and must not read what it is to find. */
Test(step, what_is_generated_must_be_causal) {
    static const struct {
        const char *over, *why;
    } models[] = {
        {"previous(y), 4) backward", "'y' cannot be generated step by step: this recurrence runs"},
        {"y, 4)", "'y' cannot be generated step by step: this is what is to be found"},
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        Arena *arena = arena_new();
        const char *text = arena_printf(arena,
                                        "model m {\n  target y: words\n"
                                        "  s = scan gru(4) over embedding(%s\n"
                                        "  logits = linear(s.h, y.size)\n"
                                        "  loss cross_entropy(logits, y)\n"
                                        "  generate y from logits\n}\n",
                                        models[i].over);
        Source source = {"m.rondo", text, strlen(text)};
        Compilation *c = compile(arena, &source, STAGE_C, NULL);
        char *said;
        size_t length;
        FILE *out = open_memstream(&said, &length);
        diag_print(c->diag, out, 0);
        fclose(out);
        cr_expect(diag_errors(c->diag) == 1 && strstr(said, models[i].why), "%s", said);
        free(said);
        arena_free(arena);
    }
}
