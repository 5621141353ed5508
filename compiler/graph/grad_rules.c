/* Each rule is an equation and the graph that computes it: y is the node's result, a, b, c are its
 * operands, d stands before an adjoint. Rules only build nodes; sums over several uses of a value
 * are grad_to's. A rule that the op table names and this file lacks does not compile. */
#include "graph/grad_rules.h"

/* ---- shorthands ---- */

static int in(const Grad *g, int node, int operand) {
    return graph_node(g->graph, node)->in[operand];
}

static Type type(const Grad *g, int node) { return graph_node(g->graph, node)->type; }

static Span span(const Grad *g, int node) { return graph_node(g->graph, node)->span; }

/* Whether anything asks for the adjoint of that operand. */
static bool wants(const Grad *g, int node, int operand) { return g->wanted[in(g, node, operand)]; }

static int unary(Grad *g, Op op, int n, int a) { return graph_unary(g->graph, op, a, span(g, n)); }

static int binary(Grad *g, Op op, int n, int a, int b) {
    return graph_binary(g->graph, op, a, b, span(g, n));
}

static int mul(Grad *g, int n, int a, int b) { return binary(g, OP_MUL, n, a, b); }

static int constant(Grad *g, int n, double value) {
    return graph_const(g->graph, value, type(g, n), span(g, n));
}

static int select_of(Grad *g, int n, int c, int a, int b) {
    return graph_add(g->graph, OP_SELECT, 3, (int[]){c, a, b}, (Attr){0}, span(g, n));
}

/* `dy` repeated along `axis` of the type `to`, the only axis that it lacks. */
static int repeat(Grad *g, int n, int dy, Type to, int axis) {
    return graph_expand(g->graph, dy, to, ((1u << to.rank) - 1) & ~(1u << axis), span(g, n));
}

/* ---- elementwise ---- */

/* y = -a : da = -dy */
static void grad_neg(Grad *g, int n, int dy) { grad_to(g, n, 0, unary(g, OP_NEG, n, dy)); }

/* y = exp a : da = dy y */
static void grad_exp(Grad *g, int n, int dy) { grad_to(g, n, 0, mul(g, n, dy, n)); }

/* y = log a : da = dy / a */
static void grad_log(Grad *g, int n, int dy) {
    grad_to(g, n, 0, binary(g, OP_DIV, n, dy, in(g, n, 0)));
}

/* y = sin a : da = dy cos a */
static void grad_sin(Grad *g, int n, int dy) {
    grad_to(g, n, 0, mul(g, n, dy, unary(g, OP_COS, n, in(g, n, 0))));
}

/* y = cos a : da = -dy sin a */
static void grad_cos(Grad *g, int n, int dy) {
    int slope = unary(g, OP_NEG, n, unary(g, OP_SIN, n, in(g, n, 0)));
    grad_to(g, n, 0, mul(g, n, dy, slope));
}

/* y = tanh a : da = dy (1 - y²) */
static void grad_tanh(Grad *g, int n, int dy) {
    int slope = binary(g, OP_SUB, n, constant(g, n, 1), mul(g, n, n, n));
    grad_to(g, n, 0, mul(g, n, dy, slope));
}

/* y = sigmoid a : da = dy y (1 - y) */
static void grad_sigmoid(Grad *g, int n, int dy) {
    int slope = mul(g, n, n, binary(g, OP_SUB, n, constant(g, n, 1), n));
    grad_to(g, n, 0, mul(g, n, dy, slope));
}

/* y = max(a, 0) : da = dy where y > 0, else 0 */
static void grad_relu(Grad *g, int n, int dy) {
    grad_to(g, n, 0, mul(g, n, dy, unary(g, OP_STEP, n, n)));
}

/* y = sqrt a : da = dy / (2 y) */
static void grad_sqrt(Grad *g, int n, int dy) {
    grad_to(g, n, 0, binary(g, OP_DIV, n, dy, binary(g, OP_ADD, n, n, n)));
}

/* y = |a| : da = dy sign a */
static void grad_abs(Grad *g, int n, int dy) {
    grad_to(g, n, 0, mul(g, n, dy, unary(g, OP_SIGN, n, in(g, n, 0))));
}

/* y = a + b : da = dy, db = dy */
static void grad_add(Grad *g, int n, int dy) {
    grad_to(g, n, 0, dy);
    grad_to(g, n, 1, dy);
}

/* y = a - b : da = dy, db = -dy */
static void grad_sub(Grad *g, int n, int dy) {
    if (wants(g, n, 0)) grad_to(g, n, 0, dy);
    if (wants(g, n, 1)) grad_to(g, n, 1, unary(g, OP_NEG, n, dy));
}

/* Where the square of a value is summed to normalize it, x = a / s, the adjoint of the square is
 * r a with r repeated as s is. Then this is (r s) x, and the backward pass reads x alone. */
static int scaled(Grad *g, int n, int r, int a) {
    const Node by = *graph_node(g->graph, r);
    for (int i = a + 1; i < g->graph->nodes.len && by.op == OP_EXPAND; i++) {
        const Node *x = graph_node(g->graph, i);
        if (x->op != OP_DIV || x->in[0] != a) continue;
        const Node *s = graph_node(g->graph, x->in[1]);
        if (s->op == OP_EXPAND && s->attr.kept == by.attr.kept)
            return mul(g, n, mul(g, n, r, x->in[1]), i);
    }
    return mul(g, n, r, a);
}

/* y = a b : da = dy b, db = dy a */
static void grad_mul(Grad *g, int n, int dy) {
    if (in(g, n, 0) == in(g, n, 1)) { /* y = a² */
        int half = scaled(g, n, dy, in(g, n, 0));
        grad_to(g, n, 0, half);
        grad_to(g, n, 1, half);
        return;
    }
    if (wants(g, n, 0)) grad_to(g, n, 0, mul(g, n, dy, in(g, n, 1)));
    if (wants(g, n, 1)) grad_to(g, n, 1, mul(g, n, dy, in(g, n, 0)));
}

/* y = a / b : da = dy / b, db = -(dy / b) y */
static void grad_div(Grad *g, int n, int dy) {
    int da = binary(g, OP_DIV, n, dy, in(g, n, 1));
    grad_to(g, n, 0, da);
    if (wants(g, n, 1)) grad_to(g, n, 1, unary(g, OP_NEG, n, mul(g, n, da, n)));
}

/* 1 where less < more, ½ where they are equal, else 0: (1 + (less < more) - (more < less)) / 2 */
static int share(Grad *g, int n, int less, int more) {
    int up = binary(g, OP_LESS, n, less, more), down = binary(g, OP_LESS, n, more, less);
    int twice = binary(g, OP_ADD, n, constant(g, n, 1), binary(g, OP_SUB, n, up, down));
    return mul(g, n, constant(g, n, 0.5), twice);
}

/* y = max(a, b) : da = dy where b < a, db = dy where a < b; equals share */
static void grad_maximum(Grad *g, int n, int dy) {
    if (wants(g, n, 0)) grad_to(g, n, 0, mul(g, n, dy, share(g, n, in(g, n, 1), in(g, n, 0))));
    if (wants(g, n, 1)) grad_to(g, n, 1, mul(g, n, dy, share(g, n, in(g, n, 0), in(g, n, 1))));
}

/* y = min(a, b) : da = dy where a < b, db = dy where b < a; equals share */
static void grad_minimum(Grad *g, int n, int dy) {
    if (wants(g, n, 0)) grad_to(g, n, 0, mul(g, n, dy, share(g, n, in(g, n, 0), in(g, n, 1))));
    if (wants(g, n, 1)) grad_to(g, n, 1, mul(g, n, dy, share(g, n, in(g, n, 1), in(g, n, 0))));
}

/* y = b where a ≠ 0, else c : db = dy where a ≠ 0, dc = dy where a = 0 */
static void grad_select(Grad *g, int n, int dy) {
    int zero = constant(g, n, 0);
    if (wants(g, n, 1)) grad_to(g, n, 1, select_of(g, n, in(g, n, 0), dy, zero));
    if (wants(g, n, 2)) grad_to(g, n, 2, select_of(g, n, in(g, n, 0), zero, dy));
}

/* ---- shape ---- */

/* y_ij = a_i : da_i = Σ_j dy_ij */
static void grad_expand(Grad *g, int n, int dy) {
    unsigned kept = graph_node(g->graph, n)->attr.kept;
    for (int axis = type(g, n).rank - 1; axis >= 0; axis--)
        if (!(kept >> axis & 1)) dy = graph_reduce(g->graph, OP_SUM, dy, axis, span(g, n));
    grad_to(g, n, 0, dy);
}

/* y_i = a_(start+i) : da = dy from `start` on, zero elsewhere */
static void grad_slice(Grad *g, int n, int dy) {
    Attr attr = graph_node(g->graph, n)->attr;
    Dim size = type(g, in(g, n, 0)).dim[attr.axis];
    grad_to(g, n, 0, graph_pad(g->graph, dy, attr.axis, attr.start, size, span(g, n)));
}

/* y_(start+i) = a_i : da_i = dy_(start+i) */
static void grad_pad(Grad *g, int n, int dy) {
    Attr attr = graph_node(g->graph, n)->attr;
    int size = type(g, in(g, n, 0)).dim[attr.axis].add;
    grad_to(g, n, 0, graph_slice(g->graph, dy, attr.axis, attr.start, size, span(g, n)));
}

/* y = a, b, … in a row : da, db, … = the slices of dy */
static void grad_concat(Grad *g, int n, int dy) {
    int axis = graph_node(g->graph, n)->attr.axis, count = graph_node(g->graph, n)->count;
    for (int i = 0, start = 0; i < count; i++) {
        int size = type(g, in(g, n, i)).dim[axis].add;
        if (wants(g, n, i))
            grad_to(g, n, i, graph_slice(g->graph, dy, axis, start, size, span(g, n)));
        start += size;
    }
}

/* y = a in another shape : da = dy in the shape of a */
static void grad_reshape(Grad *g, int n, int dy) {
    grad_to(g, n, 0, graph_reshape(g->graph, dy, type(g, in(g, n, 0)), span(g, n)));
}

/* y_t = a_(b_t) : da_v = Σ_(t: b_t = v) dy_t */
static void grad_gather(Grad *g, int n, int dy) {
    Dim rows = type(g, in(g, n, 0)).dim[0];
    grad_to(g, n, 0, graph_scatter(g->graph, dy, in(g, n, 1), rows, span(g, n)));
}

/* y_v = Σ_(t: b_t = v) a_t : da_t = dy_(b_t) */
static void grad_scatter(Grad *g, int n, int dy) {
    int index = in(g, n, 1);
    grad_to(g, n, 0, graph_add(g->graph, OP_GATHER, 2, (int[]){dy, index}, (Attr){0}, span(g, n)));
}

/* y_t = a_(t,b_t) : da_tk = dy_t where k = b_t, else 0 */
static void grad_pick(Grad *g, int n, int dy) {
    Type to = type(g, in(g, n, 0));
    int last = to.rank - 1, here = graph_onehot(g->graph, in(g, n, 1), last, span(g, n));
    grad_to(g, n, 0, mul(g, n, repeat(g, n, dy, to, last), here));
}

/* ---- reductions ---- */

/* y = Σ_k a_k : da_k = dy */
static void grad_sum(Grad *g, int n, int dy) {
    int axis = graph_node(g->graph, n)->attr.axis;
    grad_to(g, n, 0, repeat(g, n, dy, type(g, in(g, n, 0)), axis));
}

/* y = max_k a_k : da_k = dy where k is the first that has the maximum, else 0 */
static void grad_max(Grad *g, int n, int dy) {
    int axis = graph_node(g->graph, n)->attr.axis, a = in(g, n, 0);
    int best = graph_reduce(g->graph, OP_ARGMAX, a, axis, span(g, n));
    int here = graph_onehot(g->graph, best, axis, span(g, n));
    grad_to(g, n, 0, mul(g, n, repeat(g, n, dy, type(g, a), axis), here));
}

/* y = Σ a b : da = Σ dy b, db = Σ dy a, over the labels that the wanted one lacks */
static void grad_contract(Grad *g, int n, int dy) {
    Attr l = graph_node(g->graph, n)->attr;
    int a = in(g, n, 0), b = in(g, n, 1);
    if (wants(g, n, 0))
        grad_to(g, n, 0, graph_contract(g->graph, dy, b, l.out, l.b, l.a, span(g, n)));
    if (wants(g, n, 1))
        grad_to(g, n, 1, graph_contract(g->graph, dy, a, l.out, l.a, l.b, span(g, n)));
}

/* ---- time ---- */

/* y_t = a_(t-1), y_1 = b : da_t = dy_(t+1), which graph_differentiate has opened; db = dy_1 */
static void grad_delay(Grad *g, int n, int dy) {
    Attr attr = graph_node(g->graph, n)->attr;
    graph_close_delay(g->graph, g->opened[n], dy);
    if (!wants(g, n, 1)) return;
    Dim none = dim_const(0);
    grad_to(g, n, 1,
            graph_final(g->graph, OP_FINAL, dy, attr.axis, -attr.direction, none, span(g, n)));
}

/* y_t = a_(t+start) : da_t = dy_(t-start), zero where there is none */
static void grad_shift(Grad *g, int n, int dy) {
    Attr attr = graph_node(g->graph, n)->attr;
    Dim length = type(g, in(g, n, 0)).dim[attr.axis];
    grad_to(g, n, 0, graph_shift(g->graph, dy, attr.axis, -attr.start, length, span(g, n)));
}

/* y = a_T : da_t = dy at the last step, else 0 */
static void grad_final(Grad *g, int n, int dy) {
    Attr attr = graph_node(g->graph, n)->attr;
    Dim length = type(g, in(g, n, 0)).dim[attr.axis];
    grad_to(g, n, 0,
            graph_final(g->graph, OP_PLACE, dy, attr.axis, attr.direction, length, span(g, n)));
}

/* y_t = a at the last step, else 0 : da = dy_T */
static void grad_place(Grad *g, int n, int dy) {
    Attr attr = graph_node(g->graph, n)->attr;
    grad_to(
        g, n, 0,
        graph_final(g->graph, OP_FINAL, dy, attr.axis, attr.direction, dim_const(0), span(g, n)));
}

#define grad_none NULL

GradRule *const grad_rules[OP_COUNT] = {
#define OP(id, name, in, class, surface, shape, grad, value, vector) grad_##grad,
#include "op/ops.def"
#undef OP
};
