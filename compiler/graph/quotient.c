/* Rules of simplify for quotients, choices and masks, of which the derivatives of softmax,
 * normalization and relu are full. Each leaves fewer divisions, or fewer values of the forward pass
 * for the backward pass to read: the gradient of a softmax w, with d the adjoint of w, becomes
 * (d - sum(d w)) w. */
#include "graph/simplify.h"

/* y / s : numerator and divisor; false for another node. A quotient of repeated values is the
 * repetition of one: then `s` is repeated, too. */
static bool is_quotient(Graph *g, int node, int *y, int *s, Span span) {
    Node n = *at(g, node);
    if (n.op == OP_DIV) {
        *y = n.in[0];
        *s = n.in[1];
        return true;
    }
    if (n.op != OP_EXPAND || at(g, n.in[0])->op != OP_DIV) return false;
    const Node inner = *at(g, n.in[0]);
    *y = add_expand(g, inner.in[0], n.type, n.attr.kept, span);
    *s = add_expand(g, inner.in[1], n.type, n.attr.kept, span);
    return true;
}

/* a / s + b / s = (a + b) / s, and the same of a difference, where s is repeated: in all there are
 * as many divisions, and none of what was divided alone. */
static int sum_over_divisor(Graph *g, Op op, const int *in, Span span) {
    int y[2], s[2];
    bool repeated = false;
    for (int k = 0; k < 2; k++) {
        const Node *n = at(g, in[k]);
        repeated |= n->op == OP_DIV && at(g, n->in[1])->op == OP_EXPAND;
    }
    if (!repeated) return NONE;
    for (int k = 0; k < 2; k++)
        if (!is_quotient(g, in[k], &y[k], &s[k], span)) return NONE;
    if (s[0] != s[1]) return NONE;
    return add_binary(g, OP_DIV, add_binary(g, op, y[0], y[1], span), s[0], span);
}

/* (y / s) e = y (e / s), where e / s is there already. */
static int product_with_quotient(Graph *g, const int *in, Span span) {
    for (int k = 0; k < 2; k++) {
        const Node *quotient = at(g, in[k]);
        if (quotient->op != OP_DIV) continue;
        int other = graph_find(g, OP_DIV, 2, (int[]){in[!k], quotient->in[1]});
        if (other >= 0 && other < in[k]) return add_binary(g, OP_MUL, quotient->in[0], other, span);
    }
    return NONE;
}

/* select(c, 0, a) b = a select(c, 0, b), where the latter is there already. */
static int product_with_choice(Graph *g, const int *in, Span span) {
    for (int k = 0; k < 2; k++) {
        const Node *choice = at(g, in[k]);
        if (choice->op != OP_SELECT || !is_const(g, choice->in[1], 0)) continue;
        int other = graph_find(g, OP_SELECT, 3, (int[]){choice->in[0], choice->in[1], in[!k]});
        if (other >= 0 && other < in[k]) return add_binary(g, OP_MUL, choice->in[2], other, span);
    }
    return NONE;
}

/* (d m) step_up(x) = (d m) step_up(x m) of a mask m, where x m is there already: where m is zero so
 * is d m, and elsewhere it is positive. */
static int step_behind_mask(Graph *g, const int *in, Span span) {
    for (int k = 0; k < 2; k++) {
        const Node *step = at(g, in[k]), *masked = at(g, in[!k]);
        if (step->op != OP_STEP || masked->op != OP_MUL) continue;
        for (int m = 0; m < 4; m++) {
            int mask = masked->in[m & 1], x = step->in[0];
            if (at(g, mask)->op != OP_MASK) continue;
            int other = graph_find(g, OP_MUL, 2, m & 2 ? (int[]){mask, x} : (int[]){x, mask});
            if (other >= 0)
                return add_binary(g, OP_MUL, in[!k], add_unary(g, OP_STEP, other, span), span);
        }
    }
    return NONE;
}

int simplify_quotients(Graph *g, Op op, const int *in, Span span) {
    if (op == OP_ADD || op == OP_SUB) return sum_over_divisor(g, op, in, span);
    if (op != OP_MUL) return NONE;
    int result = product_with_quotient(g, in, span);
    if (result == NONE) result = product_with_choice(g, in, span);
    return result == NONE ? step_behind_mask(g, in, span) : result;
}

/* sum((a / s) (b / s)) = sum(a (b / s)) / s along an axis that s is repeated along; -sum alike. Of
 * the two quotients, the one that was there first stays. */
int sum_of_quotients(Graph *g, int a, int axis, Span span) {
    const bool negative = at(g, a)->op == OP_NEG;
    const Node product = *at(g, negative ? at(g, a)->in[0] : a);
    if (product.op != OP_MUL) return NONE;
    const int newer = product.in[0] > product.in[1] ? 0 : 1;
    const Node divided = *at(g, product.in[newer]), kept = *at(g, product.in[!newer]);
    if (divided.op != OP_DIV || kept.op != OP_DIV || divided.in[1] != kept.in[1]) return NONE;
    const Node by = *at(g, divided.in[1]);
    if (by.op != OP_EXPAND || by.attr.kept >> axis & 1) return NONE;
    int rest = add_binary(g, OP_MUL, divided.in[0], product.in[!newer], span);
    if (negative) rest = add_unary(g, OP_NEG, rest, span);
    const int sum = simplify_add(g, OP_SUM, 1, &rest, (Attr){.axis = axis}, NULL, span);
    unsigned low = by.attr.kept & ((1u << axis) - 1), high = by.attr.kept >> (axis + 1) << axis;
    const int s = add_expand(g, by.in[0], at(g, sum)->type, low | high, span);
    return add_binary(g, OP_DIV, sum, s, span);
}
