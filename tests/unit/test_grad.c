/* Every gradient rule of the op table, and recurrences, against finite differences. */
#include <criterion/criterion.h>
#include <string.h>

#include "gradient_check.h"
#include "graph/grad.h"
#include "graph/grad_rules.h"
#include "graph/print.h"
#include "graph/verify.h"
#include "random_graph.h"

static const Span nowhere;
static const Attr no_attr;

/* A graph with a length `time`, an index of each shape, and no nodes. */
static Graph *empty(Arena *arena) {
    Graph *graph = graph_new(arena);
    Type words = {.kind = TYPE_INDEX, .rank = 1, .dim = {{1, 0}}, .range = {0, 4}};
    Type label = {.kind = TYPE_INDEX, .range = {0, 4}};
    vec_push(arena, &graph->syms, (Sym){.name = "time", .kind = SYM_LENGTH, .max = 5, .input = 0});
    vec_push(arena, &graph->inputs, (Input){.name = "words", .type = words});
    vec_push(arena, &graph->inputs, (Input){.name = "label", .kind = INPUT_CLASS, .type = label});
    return graph;
}

static int input(Graph *graph, int index) {
    return graph_leaf(graph, OP_INPUT, graph->inputs.at[index].type, (Attr){.index = index},
                      nowhere);
}

static int param_of(Graph *graph, Type type) {
    int index = graph->params.len;
    const char *name = arena_printf(graph->arena, "p%d", index);
    vec_push(graph->arena, &graph->params,
             (Param){.name = name, .type = type, .start = {.spread = 0.8}});
    return graph_leaf(graph, OP_PARAM, type, (Attr){.index = index}, nowhere);
}

static int param(Graph *graph, int rank, int a, int b) {
    return param_of(graph, type_real(rank, (Dim[]){dim_const(a), dim_const(b)}));
}

/* Values [time, size] that depend on parameters in another way at each step. */
static int sequence(Graph *graph, int size) {
    return graph_add(graph, OP_GATHER, 2, (int[]){param(graph, 2, 4, size), input(graph, 0)},
                     no_attr, nowhere);
}

static Type type_of(const Graph *graph, int node) { return graph_node(graph, node)->type; }

/* Makes Σ y w the loss, with w parameters for what does not depend on the length. */
static void set_loss(Graph *graph, int y) {
    Type type = type_of(graph, y);
    if (type.rank && type.dim[0].sym) {
        int scale = sequence(graph, type.rank > 1 ? type.dim[1].add : 1);
        if (type.rank == 1) scale = graph_reduce(graph, OP_SUM, scale, 1, nowhere);
        y = graph_binary(graph, OP_MUL, y, scale, nowhere);
    } else {
        y = graph_binary(graph, OP_MUL, y, param_of(graph, type), nowhere);
    }
    for (int axis = type.rank - 1; axis >= 0; axis--)
        y = graph_reduce(graph, OP_SUM, y, axis, nowhere);
    vec_push(graph->arena, &graph->outputs, (Output){.role = ROLE_LOSS, .node = y});
}

/* ---- one small graph an op ---- */

static int build_elementwise(Graph *graph, Op op) {
    int in[3];
    for (int i = 0; i < op_info[op].in; i++) in[i] = param(graph, 2, 2, 3);
    if (op == OP_LOG || op == OP_SQRT) in[0] = graph_binary(graph, OP_MUL, in[0], in[0], nowhere);
    if (op == OP_SELECT) in[0] = graph_unary(graph, OP_STEP, in[0], nowhere);
    return graph_add(graph, op, op_info[op].in, in, no_attr, nowhere);
}

static int build_expand(Graph *graph, Op op) {
    (void)op;
    Type to = type_real(4, (Dim[]){dim_const(2), dim_const(3), dim_const(4), dim_const(2)});
    return graph_expand(graph, param(graph, 2, 3, 2), to, 1u << 1 | 1u << 3, nowhere);
}

static int build_slice(Graph *graph, Op op) {
    (void)op;
    return graph_slice(graph, param(graph, 2, 2, 5), 1, 1, 3, nowhere);
}

static int build_pad(Graph *graph, Op op) {
    (void)op;
    return graph_pad(graph, param(graph, 2, 3, 2), 0, 1, dim_const(6), nowhere);
}

static int build_concat(Graph *graph, Op op) {
    (void)op;
    int a = param(graph, 2, 2, 3), b = param(graph, 2, 2, 1);
    return graph_concat(graph, 3, (int[]){a, b, a}, 1, nowhere);
}

static int build_reshape(Graph *graph, Op op) {
    (void)op;
    Type to = type_real(2, (Dim[]){dim_const(3), dim_const(4)});
    return graph_reshape(graph, param(graph, 2, 2, 6), to, nowhere);
}

static int build_gather(Graph *graph, Op op) {
    (void)op;
    return sequence(graph, 3);
}

static int build_scatter(Graph *graph, Op op) {
    (void)op;
    return graph_scatter(graph, sequence(graph, 3), input(graph, 0), dim_const(4), nowhere);
}

static int build_pick(Graph *graph, Op op) {
    int a = graph_add(graph, op, 2, (int[]){sequence(graph, 4), input(graph, 0)}, no_attr, nowhere);
    int b =
        graph_add(graph, op, 2, (int[]){param(graph, 1, 4, 0), input(graph, 1)}, no_attr, nowhere);
    return graph_binary(graph, OP_MUL, a, graph_expand(graph, b, type_of(graph, a), 0, nowhere),
                        nowhere);
}

static int build_reduce(Graph *graph, Op op) {
    int over_time = graph_reduce(graph, op, sequence(graph, 3), 0, nowhere);
    int over_rows = graph_reduce(graph, op, param(graph, 2, 3, 2), 1, nowhere);
    return graph_binary(graph, OP_MUL, over_time, over_rows, nowhere);
}

static int build_contract(Graph *graph, Op op) {
    (void)op;
    int weight = param(graph, 2, 3, 2), x = sequence(graph, 2), v = param(graph, 1, 3, 0);
    int rows = graph_contract(graph, weight, x, "oi", "ti", "to", nowhere);
    int scores = graph_contract(graph, rows, v, "td", "d", "t", nowhere);
    int context = graph_contract(graph, scores, x, "t", "td", "d", nowhere);
    int outer = graph_contract(graph, context, v, "a", "b", "ab", nowhere);
    int weight_of = graph_contract(graph, outer, weight, "ab", "ba", "b", nowhere);
    return graph_contract(graph, weight_of, v, "o", "o", "o", nowhere);
}

static int build_delay(Graph *graph, Op op) {
    (void)op;
    int x = sequence(graph, 2), y[2];
    for (int i = 0; i < 2; i++) {
        y[i] = graph_open_delay(graph, type_of(graph, x), param(graph, 1, 2, 0), 0, i ? -1 : 1,
                                nowhere);
        graph_close_delay(graph, y[i], x);
    }
    return graph_binary(graph, OP_MUL, y[0], y[1], nowhere);
}

static int build_final(Graph *graph, Op op) {
    int x = sequence(graph, 2);
    int a = graph_final(graph, op, x, 0, 1, dim_const(0), nowhere);
    int b = graph_final(graph, op, x, 0, -1, dim_const(0), nowhere);
    return graph_binary(graph, OP_MUL, a, b, nowhere);
}

static int build_place(Graph *graph, Op op) {
    int x = param(graph, 1, 2, 0);
    int a = graph_final(graph, op, x, 0, 1, (Dim){1, 0}, nowhere);
    int b = graph_final(graph, op, x, 0, -1, (Dim){1, 0}, nowhere);
    return graph_binary(graph, OP_ADD, a, graph_unary(graph, OP_TANH, b, nowhere), nowhere);
}

/* To a shorter and a longer sequence, which texts of a few steps make as long as the shorter one.
 */
static int build_shift(Graph *graph, Op op) {
    (void)op;
    int x = sequence(graph, 2);
    int later = graph_shift(graph, x, 0, 1, (Dim){1, -2}, nowhere);
    int longer = graph_shift(graph, later, 0, -3, (Dim){1, 2}, nowhere);
    int back = graph_shift(graph, longer, 0, 2, (Dim){1, -2}, nowhere);
    int both =
        graph_binary(graph, OP_MUL, graph_unary(graph, OP_TANH, later, nowhere), back, nowhere);
    return graph_reduce(graph, OP_SUM, both, 0, nowhere);
}

typedef int Builder(Graph *graph, Op op);

static Builder *const builders[OP_COUNT] = {
    [OP_EXPAND] = build_expand,   [OP_SLICE] = build_slice,       [OP_PAD] = build_pad,
    [OP_CONCAT] = build_concat,   [OP_RESHAPE] = build_reshape,   [OP_GATHER] = build_gather,
    [OP_SCATTER] = build_scatter, [OP_PICK] = build_pick,         [OP_SUM] = build_reduce,
    [OP_MAX] = build_reduce,      [OP_CONTRACT] = build_contract, [OP_DELAY] = build_delay,
    [OP_SHIFT] = build_shift,     [OP_FINAL] = build_final,       [OP_PLACE] = build_place,
};

static Builder *builder_of(Op op) {
    if (op_info[op].class == OP_ELEMENTWISE) return build_elementwise;
    return builders[op];
}

static bool uses(const Graph *graph, Op op) {
    for (int i = 0; i < graph->nodes.len; i++)
        if (graph_node(graph, i)->op == op) return true;
    return false;
}

static void check(Graph *graph, uint64_t seed, const char *what) {
    const char *problem, *worst = "";
    cr_assert(graph_verify(graph, &problem), "%s: %s", what, problem);
    EvalInput in = random_input(graph->arena, graph, 5, seed);
    double error = gradient_error(graph, &in, 6, &worst);
    cr_assert(graph_verify(graph, &problem), "%s, differentiated: %s\n%s", what, problem,
              graph_print(graph));
    cr_assert(error < 1e-6, "%s, seed %d: the gradient of %s is off by %g\n%s", what, (int)seed,
              worst, error, graph_print(graph));
}

Test(grad, every_op) {
    for (int op = 0; op < OP_COUNT; op++) {
        if (!grad_rules[op]) continue;
        cr_assert(builder_of((Op)op), "%s has a gradient, but no test", op_info[op].name);
        for (uint64_t seed = 1; seed <= 5; seed++) {
            Arena *arena = arena_new();
            Graph *graph = empty(arena);
            set_loss(graph, builder_of((Op)op)(graph, (Op)op));
            cr_assert(uses(graph, (Op)op));
            check(graph, seed, op_info[op].name);
            arena_free(arena);
        }
    }
}

/* Where two operands are equal, each gets half, as in PyTorch. */
Test(grad, equal_maxima_share) {
    Arena *arena = arena_new();
    Graph *graph = empty(arena);
    int a = param(graph, 1, 1, 0), b = param(graph, 1, 1, 0);
    int loss =
        graph_reduce(graph, OP_SUM, graph_binary(graph, OP_MAXIMUM, a, b, nowhere), 0, nowhere);
    vec_push(arena, &graph->outputs, (Output){.role = ROLE_LOSS, .node = loss});
    EvalInput in = random_input(arena, graph, 5, 1);
    in.params[0].at[0] = in.params[1].at[0];
    graph_differentiate(graph, loss);
    Tensor *results = ARENA_ARRAY(arena, Tensor, graph->nodes.len);
    graph_eval(arena, graph, &in, results);
    cr_assert_eq(results[graph->outputs.at[1].node].at[0], 0.5);
    cr_assert_eq(results[graph->outputs.at[2].node].at[0], 0.5);
    arena_free(arena);
}

Test(grad, nothing_flows_through_stop_and_to_unused_parameters) {
    Arena *arena = arena_new();
    Graph *graph = empty(arena);
    int a = param(graph, 1, 3, 0);
    param(graph, 2, 2, 2);
    int loss = graph_reduce(graph, OP_SUM, graph_unary(graph, OP_STOP, a, nowhere), 0, nowhere);
    vec_push(arena, &graph->outputs, (Output){.role = ROLE_LOSS, .node = loss});
    graph_differentiate(graph, loss);
    cr_assert_eq(graph->outputs.len, 3);
    for (int i = 1; i < 3; i++) {
        const Node *gradient = graph_node(graph, graph->outputs.at[i].node);
        cr_assert(gradient->op == OP_CONST && gradient->attr.value == 0);
    }
    arena_free(arena);
}

/* A loss with one value a step. */
Test(grad, loss_per_step) {
    Arena *arena = arena_new();
    Graph *graph = empty(arena);
    int y = graph_unary(graph, OP_TANH, sequence(graph, 3), nowhere);
    y = graph_contract(graph, y, param(graph, 1, 3, 0), "td", "d", "t", nowhere);
    vec_push(arena, &graph->outputs, (Output){.role = ROLE_LOSS, .node = y});
    check(graph, 7, "a loss a step");
    arena_free(arena);
}

/* ---- recurrences ---- */

/* `count` states of 2, each the tanh of a random mixture of its input and all states; the sequence,
 * the final value or both are used. Stages: with them, a state reads the new value of the one
 * before it. */
static void build_scan(Graph *graph, int count, int direction, bool stages, int use) {
    int x = sequence(graph, 2), before[3], after[3];
    for (int i = 0; i < count; i++)
        before[i] = graph_open_delay(graph, type_of(graph, x), param(graph, 1, 2, 0), 0, direction,
                                     nowhere);
    for (int i = 0; i < count; i++) {
        int sum = graph_contract(graph, param(graph, 2, 2, 2), x, "oi", "ti", "to", nowhere);
        for (int k = 0; k < count; k++) {
            int from = stages && k < i ? after[k] : before[k];
            int term =
                graph_contract(graph, param(graph, 2, 2, 2), from, "oi", "ti", "to", nowhere);
            sum = graph_binary(graph, OP_ADD, sum, term, nowhere);
        }
        after[i] = graph_unary(graph, OP_TANH, sum, nowhere);
    }
    for (int i = 0; i < count; i++) graph_close_delay(graph, before[i], after[i]);
    int last = graph_final(graph, OP_FINAL, after[count - 1], 0, direction, dim_const(0), nowhere);
    int all =
        graph_reduce(graph, OP_SUM, graph_binary(graph, OP_MUL, after[0], x, nowhere), 0, nowhere);
    set_loss(graph, use == 0   ? last
                    : use == 1 ? all
                               : graph_binary(graph, OP_MUL, last, all, nowhere));
}

Test(grad, scans) {
    for (int code = 0; code < 3 * 2 * 2 * 3; code++) {
        Arena *arena = arena_new();
        Graph *graph = empty(arena);
        build_scan(graph, 1 + code % 3, code / 3 % 2 ? 1 : -1, code / 6 % 2, code / 12);
        check(graph, (uint64_t)code, "a scan");
        arena_free(arena);
    }
}

Test(grad, random_graphs, .timeout = 300) {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        Arena *arena = arena_new();
        check(random_graph(arena, intern_new(arena), seed), seed, "a random graph");
        arena_free(arena);
    }
}
