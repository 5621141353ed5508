/* What programs mean: each is elaborated, interpreted, and its outputs compared with plain C. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "compile.h"
#include "graph/eval.h"

enum { LENGTH = 3, VOCAB = 5 };

/* A program with its parameters set to 0.1, 0.2, … (starting anew for each), the text 4 0 2 and
 * the label 1. */
typedef struct {
    Arena *arena;
    Graph *graph;
    int *sizes;
    Tensor *results;
} Run;

/* A model whose outputs are `outputs`; `body` stands before them, `items` before the model. */
static const char *model(Arena *arena, const char *items, const char *body, const char *outputs) {
    return arena_printf(arena,
                        "%s\nmodel m {\n"
                        "  target label: class(a, b, c)\n"
                        "  input text: words(max_vocab = 5, max_length = 9)\n"
                        "  _used = label.size + text.size\n"
                        "%s\n"
                        "  param loss_: []\n  loss loss_\n  output %s\n}\n",
                        items, body, outputs);
}

static Graph *graph_of(Arena *arena, const char *items, const char *body, const char *outputs) {
    Compiled compiled = compile(arena, "test.rondo", model(arena, items, body, outputs));
    cr_assert(compiled.graph, "%s", compiled.said);
    return compiled.graph;
}

static void fill(Tensor *tensor) {
    for (int i = 0; i < tensor_size(tensor); i++) tensor->at[i] = 0.1 * (i + 1);
}

static Run run(const char *items, const char *body, const char *outputs) {
    Arena *a = arena_new();
    Run r = {a, graph_of(a, items, body, outputs), NULL, NULL};
    r.sizes = ARENA_ARRAY(a, int, r.graph->syms.len);
    for (int i = 1; i < r.graph->syms.len; i++)
        r.sizes[i] = r.graph->syms.at[i].kind == SYM_LENGTH ? LENGTH : VOCAB;
    Tensor *inputs = ARENA_ARRAY(a, Tensor, r.graph->inputs.len);
    for (int i = 0; i < r.graph->inputs.len; i++)
        inputs[i] = tensor_new(a, &r.graph->inputs.at[i].type, r.sizes);
    inputs[0].index[0] = 1;
    memcpy(inputs[1].index, (int[]){4, 0, 2}, LENGTH * sizeof(int));
    Tensor *params = ARENA_ARRAY(a, Tensor, r.graph->params.len);
    for (int i = 0; i < r.graph->params.len; i++) {
        params[i] = tensor_new(a, &r.graph->params.at[i].type, r.sizes);
        fill(&params[i]);
    }
    EvalInput in = {.sizes = r.sizes, .inputs = inputs, .params = params};
    r.results = ARENA_ARRAY(a, Tensor, r.graph->nodes.len);
    graph_eval(a, r.graph, &in, r.results);
    return r;
}

/* The output number `index`, whose shape must be as stated ("3 2"). */
static const double *output(Run *r, int index, const char *shape) {
    int seen = 0;
    for (int i = 0; i < r->graph->outputs.len; i++) {
        if (r->graph->outputs.at[i].role != ROLE_OUTPUT || seen++ != index) continue;
        const Tensor *tensor = &r->results[r->graph->outputs.at[i].node];
        const char *is = "";
        for (int k = 0; k < tensor->rank; k++)
            is = arena_printf(r->arena, "%s%s%d", is, k ? " " : "", tensor->dim[k]);
        cr_assert_str_eq(is, shape);
        return tensor->at;
    }
    cr_assert_fail("no output %d", index);
    return NULL;
}

static void expect(const double *got, const double *wanted, int count) {
    for (int i = 0; i < count; i++)
        cr_assert(fabs(got[i] - wanted[i]) < 1e-12, "element %d: %g instead of %g", i, got[i],
                  wanted[i]);
}

#define EXPECT(got, ...) \
    expect((got), (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / 8)

/* ---- operators ---- */

Test(elaborate, broadcasts_the_end_of_a_shape) {
    Run r =
        run("", "param m: [2, 3], v: [3], s: []\n a = m + v\n b = v - m\n c = m * s\n d = 2 / s",
            "a, b, c, d");
    EXPECT(output(&r, 0, "2 3"), .2, .4, .6, .5, .7, .9);
    EXPECT(output(&r, 1, "2 3"), 0, 0, 0, -.3, -.3, -.3);
    EXPECT(output(&r, 2, "2 3"), .01, .02, .03, .04, .05, .06);
    EXPECT(output(&r, 3, ""), 20);
    arena_free(r.arena);
}

Test(elaborate, broadcasts_functions_of_several_operands) {
    Run r = run("",
                "param m: [2, 3], v: [3]\n a = maximum(m, 0.35)\n b = less(v, m)\n"
                " c = select(b, v, 7)",
                "a, b, c");
    EXPECT(output(&r, 0, "2 3"), .35, .35, .35, .4, .5, .6);
    EXPECT(output(&r, 1, "2 3"), 0, 0, 0, 1, 1, 1);
    EXPECT(output(&r, 2, "2 3"), 7, 7, 7, .1, .2, .3);
    arena_free(r.arena);
}

Test(elaborate, contracts_last_with_first) {
    Run r = run("",
                "param m: [2, 3], v: [3], w: [2], q: [3, 2]\n"
                " a = m @ v\n b = w @ m\n c = v @ v\n d = m @ q",
                "a, b, c, d");
    EXPECT(output(&r, 0, "2"), .01 + .04 + .09, .04 + .10 + .18);
    EXPECT(output(&r, 1, "3"), .01 + .08, .02 + .10, .03 + .12);
    EXPECT(output(&r, 2, ""), .14);
    EXPECT(output(&r, 3, "2 2"), .01 + .06 + .15, .02 + .08 + .18, .04 + .15 + .30,
           .08 + .20 + .36);
    arena_free(r.arena);
}

Test(elaborate, contracts_tensors_of_higher_rank) {
    Run r = run("", "param a: [2, 1, 3], b: [3, 2, 2]\n c = a @ b", "c");
    const double *c = output(&r, 0, "2 1 2 2");
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 4; j++) {
            double sum = 0;
            for (int k = 0; k < 3; k++) sum += .1 * (3 * i + k + 1) * .1 * (4 * k + j + 1);
            cr_assert_float_eq(c[4 * i + j], sum, 1e-12);
        }
    arena_free(r.arena);
}

Test(elaborate, folds_the_first_axis_but_argmax_the_last) {
    Run r = run("", "param m: [2, 3]\n a = sum(m)\n b = max(-m)\n c = sum(sum(m))", "a, b, c");
    EXPECT(output(&r, 0, "3"), .5, .7, .9);
    EXPECT(output(&r, 1, "3"), -.1, -.2, -.3);
    EXPECT(output(&r, 2, ""), 2.1);
    arena_free(r.arena);
    r = run("", "param m: [2, 3]\n a = argmax(m)", "a");
    const Tensor *a = &r.results[r.graph->outputs.at[1].node];
    cr_assert(a->rank == 1 && a->dim[0] == 2 && a->index[0] == 2 && a->index[1] == 2);
    arena_free(r.arena);
}

Test(elaborate, splits_and_joins) {
    Run r = run("",
                "param m: [2, 4]\n a, b = split(m, 2)\n c = concat(b, a)\n"
                " d, e = split_rows(m, 2)\n f = flatten(d - e)",
                "c, f");
    EXPECT(output(&r, 0, "2 4"), .3, .4, .1, .2, .7, .8, .5, .6);
    EXPECT(output(&r, 1, "4"), -.4, -.4, -.4, -.4);
    arena_free(r.arena);
}

/* ---- selection ---- */

Test(elaborate, gathers_rows) {
    Run r = run("",
                "param m: [text.size, 2] ~ zeros\n param v: [text.size] ~ zeros\n"
                " a = m[text]\n b = v[text]",
                "a, b");
    EXPECT(output(&r, 0, "3 2"), .9, 1.0, .1, .2, .5, .6);
    EXPECT(output(&r, 1, "3"), .5, .1, .3);
    arena_free(r.arena);
}

Test(elaborate, picks_one_element_of_each_row) {
    const char *items = "layer choose(row: [N], i: index(N)) -> [] { row[i] }";
    Run r = run(items,
                "param v: [label.size], m: [4, text.size] ~ ones\n param u: [text.size, 4]\n"
                " a = choose(v, label)\n b = choose(u[text] @ m, text)",
                "a, b");
    EXPECT(output(&r, 0, ""), .2);
    const double *b = output(&r, 1, "3");
    int words[] = {4, 0, 2};
    for (int t = 0; t < 3; t++) {
        double sum = 0;
        for (int k = 0; k < 4; k++)
            sum += .1 * (4 * words[t] + k + 1) * .1 * (5 * k + words[t] + 1);
        cr_assert_float_eq(b[t], sum, 1e-12);
    }
    arena_free(r.arena);
}

/* A table that differs from step to step: neither GATHER nor PICK can select from it. */
Test(elaborate, selects_from_mapped_tables) {
    const char *items = "layer row(table: [N, D], i: index(N)) -> [D] { table[i] }";
    Run r = run(items, "param t: [text.size, 3, 2] ~ zeros\n a = row(t[text], label)", "a");
    /* t[word][1] */
    EXPECT(output(&r, 0, "3 2"), 2.7, 2.8, .3, .4, 1.5, 1.6);
    arena_free(r.arena);
}

/* ---- mapping ---- */

Test(elaborate, maps_layers_over_leading_axes) {
    const char *items = "layer weigh(x: [N], w: [N]) -> [] { x @ w }";
    Run r = run(items,
                "param m: [2, 3], v: [3], c: [2, 2, 3]\n a = weigh(m, v)\n b = weigh(v, m)\n"
                " d = weigh(m, m)\n e = weigh(c, v)",
                "a, b, d, e");
    EXPECT(output(&r, 0, "2"), .14, .32);
    EXPECT(output(&r, 1, "2"), .14, .32);
    EXPECT(output(&r, 2, "2"), .14, .77);
    EXPECT(output(&r, 3, "2 2"), .14, .32, .50, .68);
    arena_free(r.arena);
}

Test(elaborate, maps_layers_within_layers) {
    const char *items =
        "layer scale(x: [], y: []) -> [] { x * y }\n"
        "layer outer(x: [N], y: []) -> [N] { scale(x, y) }\n"
        "layer table(x: [N], y: [M]) -> [M, N] { outer2(y, x) }\n"
        "layer outer2(y: [], x: [N]) -> [N] { scale(x, y) }";
    Run r =
        run(items, "param u: [3], v: [2], m: [2, 3]\n a = table(u, v)\n b = outer(m, v)", "a, b");
    EXPECT(output(&r, 0, "2 3"), .01, .02, .03, .02, .04, .06);
    EXPECT(output(&r, 1, "2 3"), .01, .02, .03, .08, .10, .12);
    arena_free(r.arena);
}

Test(elaborate, repeats_results_that_do_not_depend_on_what_is_mapped) {
    const char *items = "layer constant(x: [N]) -> a: [N], b: [] { param w: [N]\n a = w  b = 5 }";
    Run r = run(items, "param m: [2, 3]\n a, b = constant(m)", "a, b");
    EXPECT(output(&r, 0, "2 3"), .1, .2, .3, .1, .2, .3);
    EXPECT(output(&r, 1, "2"), 5, 5);
    arena_free(r.arena);
}

Test(elaborate, operators_do_not_map) {
    const char *items = "layer rows(x: [N]) -> [] { sum(x) }";
    Run r = run(items, "param m: [2, 3]\n a = sum(m)\n b = rows(m)", "a, b");
    EXPECT(output(&r, 0, "3"), .5, .7, .9);
    EXPECT(output(&r, 1, "2"), .6, 1.5);
    arena_free(r.arena);
}

/* ---- recurrences ---- */

static const char *const cumulate = "cell cumulate(x: [N], k = 1) { state s: [N]  s' = k * s + x }";

Test(elaborate, scans_forward_and_backward) {
    Run r = run(cumulate,
                "param m: [3, 2]\n a = scan cumulate() over m\n"
                " b = scan cumulate() over m backward",
                "a.s, b.s, a.final.s, b.final.s");
    EXPECT(output(&r, 0, "3 2"), .1, .2, .4, .6, .9, 1.2);
    EXPECT(output(&r, 1, "3 2"), .9, 1.2, .8, 1.0, .5, .6);
    EXPECT(output(&r, 2, "2"), .9, 1.2);
    EXPECT(output(&r, 3, "2"), .9, 1.2);
    arena_free(r.arena);
}

Test(elaborate, scans_start_where_they_are_told) {
    Run r = run(cumulate,
                "param m: [3, 2], v: [2]\n a = scan cumulate(k = 0.5) over m from s = v\n"
                " b = scan cumulate() over m from 2",
                "a.s, b.final.s");
    EXPECT(output(&r, 0, "3 2"), .15, .3, .375, .55, .6875, .875);
    EXPECT(output(&r, 1, "2"), 2.9, 3.2);
    arena_free(r.arena);
}

Test(elaborate, maps_scans_over_leading_axes) {
    Run r = run(cumulate,
                "param m: [2, 3, 1], v: [2, 1]\n a = scan cumulate() over m\n"
                " b = scan cumulate() over m backward from v",
                "a.s, a.final.s, b.s");
    EXPECT(output(&r, 0, "2 3 1"), .1, .3, .6, .4, .9, 1.5);
    EXPECT(output(&r, 1, "2 1"), .6, 1.5);
    EXPECT(output(&r, 2, "2 3 1"), .7, .6, .4, 1.7, 1.3, .8);
    arena_free(r.arena);
}

/* The scan stands in a layer that is mapped; its cell calls a layer that is mapped again. */
Test(elaborate, scans_inside_of_mapped_layers) {
    const char *items =
        "cell add(x: [N], scale: []) { state s: [N]  s' = s + times(x, scale) }\n"
        "layer times(x: [], y: []) -> [] { x * y }\n"
        "layer total(x: [T, N], scale: []) -> [N] { r = scan add(scale) over x  r.final.s }";
    Run r = run(items, "param m: [2, 3, 2], v: [2]\n a = total(m, v)\n b = total(m, 10)", "a, b");
    EXPECT(output(&r, 0, "2 2"), .09, .12, .54, .60);
    EXPECT(output(&r, 1, "2 2"), 9, 12, 27, 30);
    arena_free(r.arena);
}

Test(elaborate, scans_give_all_variables_of_the_cell) {
    const char *items =
        "cell c(x: [], y: []) { state s: [], n: []  twice = 2 * x  fixed = y + 1\n"
        "  n' = n + 1  s' = s + twice * n' }";
    Run r = run(items, "param v: [3], y: []\n a = scan c(y) over v",
                "a.s, a.n, a.twice, a.fixed, a.final.n");
    EXPECT(output(&r, 0, "3"), .2, 1.0, 2.8);
    EXPECT(output(&r, 1, "3"), 1, 2, 3);
    EXPECT(output(&r, 2, "3"), .2, .4, .6);
    EXPECT(output(&r, 3, "3"), 1.1, 1.1, 1.1);
    EXPECT(output(&r, 4, ""), 3);
    arena_free(r.arena);
}

Test(elaborate, states_that_nothing_changes_are_constant) {
    const char *items = "cell c(x: []) { state s: [2], t: []  s' = 3  t' = x }";
    Run r = run(items, "param v: [3]\n a = scan c() over v", "a.s, a.final.s, a.final.t");
    EXPECT(output(&r, 0, "3 2"), 3, 3, 3, 3, 3, 3);
    EXPECT(output(&r, 1, "2"), 3, 3);
    EXPECT(output(&r, 2, ""), .3);
    arena_free(r.arena);
}

Test(elaborate, steps_like_a_scan_of_one) {
    const char *items =
        "cell two(x: [N]) { state a: [N], b: [N]  a' = a + x  b' = b + a' }\n"
        "cell wrap(x: [N]) { state p: [N], q: [N]  p', q' = step two() on x from p, b = q }";
    Run r = run(items,
                "param m: [3, 2], v: [2]\n a, b = step two() on v from b = 1\n"
                " c = scan wrap() over m\n d = scan two() over m\n e, f = step two() on m",
                "a, b, c.q, d.b, e, f");
    EXPECT(output(&r, 0, "2"), .1, .2);
    EXPECT(output(&r, 1, "2"), 1.1, 1.2);
    expect(output(&r, 2, "3 2"), output(&r, 3, "3 2"), 6);
    EXPECT(output(&r, 4, "3 2"), .1, .2, .3, .4, .5, .6);
    EXPECT(output(&r, 5, "3 2"), .1, .2, .3, .4, .5, .6);
    arena_free(r.arena);
}

/* ---- numbers, sizes and lengths ---- */

Test(elaborate, lengths_are_numbers) {
    const char *items = "layer count(x: [T, D]) -> [] { T + D - 1 + (T - 1) * sqrt(T + 1) }";
    Run r = run(items,
                "param t: [text.size, 2] ~ zeros\n a = count(t[text])\n b = text.size * 2\n"
                " n = text.length - text.length",
                "a, b + n");
    EXPECT(output(&r, 0, ""), 3 + 2 - 1 + 2 * 2);
    EXPECT(output(&r, 1, ""), 2 * VOCAB);
    arena_free(r.arena);
}

Test(elaborate, binds_names_before_it_compares) {
    const char *items =
        "layer f(a: [2*N], b: [N], w = 3*N) -> [w] { param p: [w]\n p + sum(a) + sum(b) }\n"
        "layer g(a: [K], K = 2) -> [K] { a }";
    Run r = run(items, "param u: [4], v: [2]\n a = f(u, v)\n b = f(b = v, a = u, w = 1)\n c = g(v)",
                "a, b, c");
    EXPECT(output(&r, 0, "6"), 1.4, 1.5, 1.6, 1.7, 1.8, 1.9);
    EXPECT(output(&r, 1, "1"), 1.4);
    EXPECT(output(&r, 2, "2"), .1, .2);
    arena_free(r.arena);
}

Test(elaborate, passes_functions) {
    const char *items =
        "layer apply(x: [N], f, g = sqrt) -> [N] { g(f(x)) }\n"
        "layer add1(x: []) -> [] { x + 1 }\n"
        "layer run_it(x: [T, N], unit) -> [N] { r = scan unit() over x  r.final.s }\n"
        "cell cumulate(x: [N]) { state s: [N]  s' = s + x }";
    Run r = run(items,
                "param v: [2], m: [3, 2]\n half = 0.5\n a = apply(v, add1, g = exp) * half\n"
                " b = apply(v, abs)\n c = run_it(m, cumulate)",
                "a, b, c");
    EXPECT(output(&r, 0, "2"), exp(1.1) / 2, exp(1.2) / 2);
    EXPECT(output(&r, 1, "2"), sqrt(.1), sqrt(.2));
    EXPECT(output(&r, 2, "2"), .9, 1.2);
    arena_free(r.arena);
}

Test(elaborate, repeats_update_outer_names) {
    Run r =
        run("", "param v: [2]\n x = v\n repeat 3 { y = x * 2  repeat 2 { x = x + 1 }  x = x + y }",
            "x");
    /* x <- x + 2 + 2 x */
    EXPECT(output(&r, 0, "2"), 27 * .1 + 26, 27 * .2 + 26);
    arena_free(r.arena);
}

/* ---- the library ---- */

Test(elaborate, library_layers) {
    Run r = run("",
                "param v: [3], m: [2, 3]\n a = softmax(v)\n b = log_softmax(m)\n"
                " c = layer_norm(v)\n d = cross_entropy(v, label)\n e = last(m)\n f = mean(v)\n"
                " g = logsumexp(v * 10000)",
                "a, b, c, d, e, f, g");
    double e1 = exp(.1), e2 = exp(.2), e3 = exp(.3), sum = e1 + e2 + e3;
    EXPECT(output(&r, 0, "3"), e1 / sum, e2 / sum, e3 / sum);
    EXPECT(output(&r, 1, "2 3"), log(e1 / sum), log(e2 / sum), log(e3 / sum), log(e1 / sum),
           log(e2 / sum), log(e3 / sum));
    double z = .1 / sqrt(.02 / 3 + 1e-5);
    EXPECT(output(&r, 2, "3"), -.1 * z + .1, .2, .3 * z + .3);
    EXPECT(output(&r, 3, ""), -log(e2 / sum));
    EXPECT(output(&r, 4, "3"), .4, .5, .6);
    EXPECT(output(&r, 5, ""), .2);
    EXPECT(output(&r, 6, ""), 3000);
    arena_free(r.arena);
}

Test(elaborate, dropout_has_a_stream_for_each_use) {
    Arena *a = arena_new();
    Graph *graph = graph_of(a, "", "param v: [3]\n a = dropout(v, 0.5) + dropout(v, 0.25)", "a");
    int streams = 0;
    for (int i = 0; i < graph->nodes.len; i++) {
        const Node *node = graph_node(graph, i);
        if (node->op != OP_MASK) continue;
        cr_assert_eq(node->attr.index, streams);
        cr_assert_eq(node->attr.value, streams ? 0.25 : 0.5);
        streams++;
    }
    cr_assert_eq(streams, 2);
    arena_free(a);
}

/* ---- names and places ---- */

static const char *param_names(Arena *arena, const Graph *graph) {
    const char *names = "";
    for (int i = 0; i < graph->params.len; i++)
        if (strcmp(graph->params.at[i].name, "loss_") != 0)
            names = arena_printf(arena, "%s%s ", names, graph->params.at[i].name);
    return names;
}

static void expect_names(const char *items, const char *body, const char *names) {
    Arena *arena = arena_new();
    cr_assert_str_eq(param_names(arena, graph_of(arena, items, body, "y")), names);
    arena_free(arena);
}

Test(elaborate, names_parameters_by_path) {
    const char *items =
        "layer w(x: [N]) -> [N] { param weight: [N]\n x * weight }\n"
        "layer in(x: [N]) -> [N] { y = w(w(x))  y + w(x) }";
    expect_names(items, "param v: [2]\n y = w(v)", "v y.weight ");
    expect_names(items, "param v: [2]\n x = w(w(v))\n y = x + w(v) + w(v)",
                 "v w.weight x.weight w_2.weight w_3.weight ");
    expect_names(items, "param v: [2]\n y = in(v)", "v y.w.weight y.y.weight y.w_2.weight ");
    expect_names(items, "param v: [2]\n y = v\n repeat 2 { param u: [2]\n y = w(y) + w(u) }",
                 "v u.0 w.0.weight w_2.0.weight u.1 w.1.weight w_2.1.weight ");
    expect_names(items, "param v: [2]\n y = v\n repeat 2 { repeat 2 { y = w(y) } }",
                 "v y.0.0.weight y.0.1.weight y.1.0.weight y.1.1.weight ");
}

Test(elaborate, names_parameters_of_cells) {
    const char *items = "cell c(x: [N]) { state h: [N]  h' = step rnn(N) on x from h }";
    expect_names(items, "param m: [2, 2]\n r = scan c() over m\n y = r.h",
                 "m r.rnn.weight_ih r.rnn.weight_hh r.rnn.bias_ih r.rnn.bias_hh ");
    expect_names(items, "param m: [2, 2]\n y = (scan c() over m).h",
                 "m c.rnn.weight_ih c.rnn.weight_hh c.rnn.bias_ih c.rnn.bias_hh ");
}

Test(elaborate, marks_parameters_instead_of_naming_a_scope) {
    const char *items =
        "cell c(x: [N]) { state h: [N]  param u: [N]  h' = u * linear(x + h, N) }"
        "layer deep(x: [T, N]) -> [T, N] { y = x\n repeat 2 { s = scan c() over y backward as l, r"
        "\n y = s.h }\n y }";
    expect_names(items, "param m: [2, 2]\n r = scan c() over m as l0\n y = r.h",
                 "m u_l0 linear_l0.weight linear_l0.bias ");
    expect_names(items, "param m: [2, 2]\n y = deep(m)",
                 "m y.u_l0_r y.linear_l0_r.weight y.linear_l0_r.bias "
                 "y.u_l1_r y.linear_l1_r.weight y.linear_l1_r.bias ");
    expect_names(
        items,
        "param m: [2, 2], u_l: [2]\n r = scan c() over m + u_l as l\n"
        "s = scan c() over r.h as l\n y = s.h",
        "m u_l u_2_l linear_l.weight linear_l.bias u_3_l linear_2_l.weight linear_2_l.bias ");
}

Test(elaborate, nodes_know_their_name_and_place) {
    Arena *a = arena_new();
    Graph *graph = graph_of(a, "", "param v: [2]\n x = tanh(v)\n y = linear(x, 2)", "x, y");
    const Node *x = graph_node(graph, graph->outputs.at[1].node);
    const Node *y = graph_node(graph, graph->outputs.at[2].node);
    cr_assert_str_eq(x->name, "x");
    cr_assert_str_eq(x->span.source->path, "test.rondo");
    cr_assert_eq(x->span.line, 7);
    cr_assert_str_eq(y->name, "y");
    cr_assert_str_eq(y->span.source->path, "library/layers.rondo");
    arena_free(a);
}

Test(elaborate, outputs_are_named_apart) {
    Arena *a = arena_new();
    Graph *graph = graph_of(a, "", "param v: [2]", "v, softmax(v), softmax(-v), -v, v");
    const char *names[] = {"v", "softmax", "softmax_2", "output", "v_2"};
    for (int i = 0; i < 5; i++) cr_assert_str_eq(graph->outputs.at[i + 1].name, names[i]);
    arena_free(a);
}

Test(elaborate, parameters_start_as_declared) {
    Arena *a = arena_new();
    Graph *graph = graph_of(a, "",
                            "param p: [2, 4], q: []\n param r: [3] ~ normal(1 / sqrt(4))\n"
                            " param s: [3] ~ constant(-2)\n param t: [3] ~ ones",
                            "p, q, r, s, t");
    InitKind kinds[] = {INIT_UNIFORM, INIT_UNIFORM, INIT_NORMAL, INIT_CONSTANT, INIT_CONSTANT};
    double scales[] = {.5, 1, .5, -2, 1};
    for (int i = 0; i < 5; i++) {
        const Start *start = &graph->params.at[i].start;
        cr_assert_eq(start->kind, kinds[i]);
        cr_assert_eq(start->kind == INIT_CONSTANT ? start->center : start->spread, scales[i]);
    }
    arena_free(a);
}

/* The definitions of torch.nn.init, as far as they do not depend on the shape. */
Test(elaborate, distributions_are_those_of_pytorch) {
    Arena *a = arena_new();
    Graph *graph =
        graph_of(a, "",
                 "param p: [2, 4] ~ xavier_uniform(2)\n param q: [2, 4] ~ xavier_normal\n"
                 " param r: [2, 4] ~ kaiming_uniform(a = sqrt(5))\n"
                 " param s: [2, 4] ~ kaiming_normal(mode = fan_out)\n"
                 " param t: [2, 4] ~ orthogonal(3)\n param u: [2, 4] ~ uniform(-1, 2)\n"
                 " param v: [2, 4] ~ normal(3, deviation = 2)",
                 "p, q, r, s, t, u, v");
    const Start starts[] = {{INIT_UNIFORM, 0, 2 * sqrt(6), FAN_IN | FAN_OUT, 0},
                            {INIT_NORMAL, 0, sqrt(2), FAN_IN | FAN_OUT, 0},
                            {INIT_UNIFORM, 0, 1, FAN_IN, 0},
                            {INIT_NORMAL, 0, sqrt(2), FAN_OUT, 0},
                            {INIT_ORTHOGONAL, 0, 3, 0, 0},
                            {INIT_UNIFORM, .5, 1.5, 0, 0},
                            {INIT_NORMAL, 3, 2, 0, 0}};
    for (int i = 0; i < 7; i++) {
        const Start *start = &graph->params.at[i].start;
        cr_assert(start->kind == starts[i].kind && start->fans == starts[i].fans, "%d", i);
        cr_assert_eq(start->center, starts[i].center);
        cr_assert_float_eq(start->spread, starts[i].spread, 1e-15);
    }
    arena_free(a);
}

Test(elaborate, training_has_the_defaults_of_pytorch) {
    Arena *a = arena_new();
    Training t = graph_of(a, "", "", "loss_")->training;
    cr_assert_str_eq(t.optimizer.method->name, "adam");
    cr_assert(choice_value(&t.optimizer, "rate") == 1e-3);
    cr_assert(choice_value(&t.optimizer, "beta2") == .999);
    cr_assert(t.clip_norm == 0 && t.clip_value == 0 && t.schedules == 0);
    cr_assert(t.epochs == 10 && t.batch == 32 && t.patience == 0);
    t = graph_of(a, "", "train { optimizer = sgd(rate = 1/2, momentum = 0.9)  batch = 4*4 }",
                 "loss_")
            ->training;
    cr_assert_str_eq(t.optimizer.method->name, "sgd");
    cr_assert(choice_value(&t.optimizer, "rate") == .5 && t.batch == 16);
    cr_assert(choice_value(&t.optimizer, "momentum") == .9);
    t = graph_of(
            a, "",
            "train { schedule = linear(total_iters = 4, per_step = true) * cosine(T_max = 9) }",
            "loss_")
            ->training;
    cr_assert(t.schedules == 2);
    cr_assert_str_eq(t.schedule[1].method->name, "cosine");
    cr_assert(choice_value(&t.schedule[0], "per_step") == 1);
    cr_assert(choice_value(&t.schedule[0], "end_factor") == 1);
    cr_assert(choice_value(&t.schedule[1], "T_max") == 9);
    arena_free(a);
}

/* A file's own layer goes before the library's, but the library keeps its own. */
Test(elaborate, own_layers_hide_the_library) {
    const char *items = "layer logsumexp(x: [N]) -> [] { 100 * sum(x) }";
    Run r = run(items, "param v: [2]\n a = logsumexp(v)\n b = log_softmax(v)", "a, b");
    EXPECT(output(&r, 0, ""), 30);
    double l = log(exp(.1) + exp(.2));
    EXPECT(output(&r, 1, "2"), .1 - l, .2 - l);
    arena_free(r.arena);
}

Test(elaborate, a_loss_may_have_a_value_a_step) {
    Arena *a = arena_new();
    const char *text =
        "model m {\n  input text: words\n  x = embedding(text, 4)\n  logits = linear(x, "
        "text.size)\n"
        "  loss cross_entropy(logits, text)\n  output argmax(logits)\n}\n";
    Compiled compiled = compile(a, "test.rondo", text);
    cr_assert(compiled.graph, "%s", compiled.said);
    const Type *type = &graph_node(compiled.graph, compiled.graph->outputs.at[0].node)->type;
    cr_assert(type->rank == 1 && type->dim[0].sym && type->kind == TYPE_REAL);
    arena_free(a);
}
