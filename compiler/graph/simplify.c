#include "graph/simplify.h"

#include <string.h>

int add_unary(Graph *g, Op op, int a, Span span) {
    return simplify_add(g, op, 1, &a, (Attr){0}, NULL, span);
}

int add_binary(Graph *g, Op op, int a, int b, Span span) {
    return simplify_add(g, op, 2, (int[]){a, b}, (Attr){0}, NULL, span);
}

int add_slice(Graph *g, int a, int axis, int start, int size, Span span) {
    Type to = at(g, a)->type;
    if (start == 0 && dim_equal(to.dim[axis], dim_const(size))) return a;
    to.dim[axis] = dim_const(size);
    return simplify_add(g, OP_SLICE, 1, &a, (Attr){.axis = axis, .start = start}, &to, span);
}

int add_concat(Graph *g, int count, const int *in, int axis, Span span) {
    if (count == 1) return in[0];
    return simplify_add(g, OP_CONCAT, count, in, (Attr){.axis = axis}, NULL, span);
}

int add_expand(Graph *g, int a, Type to, unsigned kept, Span span) {
    if (kept == (1u << to.rank) - 1) return a;
    return simplify_add(g, OP_EXPAND, 1, &a, (Attr){.kept = kept}, &to, span);
}

static int add_shift(Graph *g, int a, Attr attr, Type to, Span span) {
    if (attr.start == 0 && shape_equal(&at(g, a)->type, &to)) return a;
    return simplify_add(g, OP_SHIFT, 1, &a, attr, &to, span);
}

static int add_contract(Graph *g, int a, int b, Attr labels, Span span) {
    return simplify_add(g, OP_CONTRACT, 2, (int[]){a, b}, labels, NULL, span);
}

/* ---- slices move up ---- */

static int slice_of_concat(Graph *g, const Node *concat, int axis, int start, int size, Span span) {
    int *part = ARENA_ARRAY(g->arena, int, concat->count), parts = 0, offset = 0;
    for (int i = 0; i < concat->count; i++) {
        int width = at(g, concat->in[i])->type.dim[concat->attr.axis].add;
        if (concat->attr.axis != axis) {
            part[parts++] = add_slice(g, concat->in[i], axis, start, size, span);
            continue;
        }
        int from = start > offset ? start - offset : 0;
        int to = start + size < offset + width ? start + size - offset : width;
        if (from < to) part[parts++] = add_slice(g, concat->in[i], axis, from, to - from, span);
        offset += width;
    }
    return add_concat(g, parts, part, concat->attr.axis, span);
}

static int slice_of_expand(Graph *g, const Node *expand, int axis, int start, int size, Span span) {
    Type to = expand->type;
    unsigned kept = expand->attr.kept;
    to.dim[axis] = dim_const(size);
    if (!(kept >> axis & 1)) return add_expand(g, expand->in[0], to, kept, span);
    int inner = 0;
    for (int i = 0; i < axis; i++) inner += kept >> i & 1;
    return add_expand(g, add_slice(g, expand->in[0], inner, start, size, span), to, kept, span);
}

static int slice_of_contract(Graph *g, const Node *contract, int axis, int start, int size,
                             Span span) {
    Attr labels = contract->attr;
    char label = labels.out[axis];
    int in[2] = {contract->in[0], contract->in[1]};
    const char *at_a = strchr(labels.a, label), *at_b = strchr(labels.b, label);
    if (at_a) in[0] = add_slice(g, in[0], (int)(at_a - labels.a), start, size, span);
    if (at_b) in[1] = add_slice(g, in[1], (int)(at_b - labels.b), start, size, span);
    return add_contract(g, in[0], in[1], labels, span);
}

static int simplify_slice(Graph *g, int a, int axis, int start, int size, Span span) {
    Node node = *at(g, a); /* a copy: adding nodes may move the array */
    if (op_info[node.op].class == OP_ELEMENTWISE) {
        int in[3];
        for (int i = 0; i < node.count; i++)
            in[i] = add_slice(g, node.in[i], axis, start, size, span);
        return simplify_add(g, node.op, node.count, in, (Attr){0}, NULL, node.span);
    }
    Type to = node.type;
    to.dim[axis] = dim_const(size);
    int inner = 0;
    switch (node.op) {
        case OP_CONST:
            return graph_leaf(g, OP_CONST, to, node.attr, span);
        case OP_SLICE:
            if (node.attr.axis != axis) return NONE;
            return add_slice(g, node.in[0], axis, node.attr.start + start, size, span);
        case OP_CONCAT:
            return slice_of_concat(g, &node, axis, start, size, span);
        case OP_EXPAND:
            return slice_of_expand(g, &node, axis, start, size, span);
        case OP_CONTRACT:
            return slice_of_contract(g, &node, axis, start, size, node.span);
        case OP_SUM:
        case OP_MAX:
            inner = axis >= node.attr.axis ? axis + 1 : axis;
            a = add_slice(g, node.in[0], inner, start, size, span);
            return simplify_add(g, node.op, 1, &a, node.attr, NULL, node.span);
        case OP_SHIFT:
            a = add_slice(g, node.in[0], axis, start, size, span);
            return add_shift(g, a, node.attr, to, node.span);
        case OP_FINAL:
            inner = axis >= node.attr.axis ? axis + 1 : axis;
            a = add_slice(g, node.in[0], inner, start, size, span);
            return simplify_add(g, OP_FINAL, 1, &a, node.attr, NULL, node.span);
        default:
            return NONE;
    }
}

/* ---- shifts ---- */

static bool holds(int index, int size) { return index >= 0 && index < size; }

/* Whether shift(shift(x, inner), outer) is shift(x, inner + outer): no step of x that the sum finds
 * is missing in between. x has the length T + from, what is between T + middle, the result T + to.
 * All three grow evenly once none of them is held at one step. */
static bool shifts_join(int from, int inner, int middle, int outer, int to) {
    int sizes[2] = {0}, least = from < middle ? from : middle;
    if (to < least) least = to;
    int enough = least < 0 ? 1 - least : 1;
    for (sizes[1] = 1; sizes[1] <= enough; sizes[1]++) {
        int steps = dim_size((Dim){1, to}, sizes), between = dim_size((Dim){1, middle}, sizes);
        for (int t = 0; t < steps; t++)
            if (!holds(t + outer, between) &&
                holds(t + outer + inner, dim_size((Dim){1, from}, sizes)))
                return false;
    }
    return (outer >= 0 || inner <= 0) && (to + outer <= middle || middle + inner >= from);
}

static int simplify_shift(Graph *g, int a, Attr attr, const Type *type, Span span) {
    Node node = *at(g, a);
    if (is_const(g, a, 0)) return graph_const(g, 0, *type, span);
    if (node.op == OP_SHIFT && node.attr.axis == attr.axis) {
        int from = at(g, node.in[0])->type.dim[attr.axis].add;
        if (!shifts_join(from, node.attr.start, node.type.dim[attr.axis].add, attr.start,
                         type->dim[attr.axis].add))
            return NONE;
        attr.start += node.attr.start;
        return add_shift(g, node.in[0], attr, *type, span);
    }
    if (node.op != OP_CONCAT) return NONE;
    int *part = ARENA_ARRAY(g->arena, int, node.count);
    for (int i = 0; i < node.count; i++) {
        Type to = at(g, node.in[i])->type;
        to.dim[attr.axis] = type->dim[attr.axis];
        part[i] = add_shift(g, node.in[i], attr, to, span);
    }
    return add_concat(g, node.count, part, node.attr.axis, span);
}

/* ---- concatenations move down ---- */

/* pad(x) = concat(0, x, 0) */
static int simplify_pad(Graph *g, int a, Attr attr, const Type *type, Span span) {
    int part[3], parts = 0, size = at(g, a)->type.dim[attr.axis].add;
    int before = attr.start, after = type->dim[attr.axis].add - attr.start - size;
    Type zero = *type;
    zero.dim[attr.axis] = dim_const(before);
    if (before) part[parts++] = graph_const(g, 0, zero, span);
    part[parts++] = a;
    zero.dim[attr.axis] = dim_const(after);
    if (after) part[parts++] = graph_const(g, 0, zero, span);
    return add_concat(g, parts, part, attr.axis, span);
}

/* concat(concat(a, b), c) = concat(a, b, c); concat(0, 0) = 0. */
static int simplify_concat(Graph *g, int count, const int *in, Attr attr, Span span) {
    int total = 0;
    bool nested = false, same = true;
    for (int i = 0; i < count; i++) {
        const Node *node = at(g, in[i]);
        bool inner = node->op == OP_CONCAT && node->attr.axis == attr.axis;
        nested |= inner;
        total += inner ? node->count : 1;
        same &= node->op == OP_CONST && node->attr.value == at(g, in[0])->attr.value;
    }
    if (same) {
        Type type = at(g, in[0])->type;
        type.dim[attr.axis].add = 0;
        for (int i = 0; i < count; i++)
            type.dim[attr.axis].add += at(g, in[i])->type.dim[attr.axis].add;
        return graph_const(g, at(g, in[0])->attr.value, type, span);
    }
    if (!nested) return NONE;
    int *flat = ARENA_ARRAY(g->arena, int, total), k = 0;
    for (int i = 0; i < count; i++) {
        const Node *node = at(g, in[i]);
        if (node->op != OP_CONCAT || node->attr.axis != attr.axis) {
            flat[k++] = in[i];
            continue;
        }
        for (int j = 0; j < node->count; j++) flat[k++] = node->in[j];
    }
    return add_concat(g, k, flat, attr.axis, span);
}

/* A product with a concatenation: along a summed label the sum of the products with its parts,
 * along another the concatenation of them. */
static int contract_of_concat(Graph *g, int which, const int *in, Attr attr, Span span) {
    Node concat = *at(g, in[which]);
    const char *labels = which ? attr.b : attr.a, *others = which ? attr.a : attr.b;
    char label = labels[concat.attr.axis];
    const char *other = strchr(others, label), *out = strchr(attr.out, label);
    int *part = ARENA_ARRAY(g->arena, int, concat.count), start = 0;
    for (int i = 0; i < concat.count; i++) {
        int size = at(g, concat.in[i])->type.dim[concat.attr.axis].add;
        int pair[2] = {in[0], in[1]};
        pair[which] = concat.in[i];
        if (other)
            pair[!which] = add_slice(g, in[!which], (int)(other - others), start, size, span);
        part[i] = add_contract(g, pair[0], pair[1], attr, span);
        start += size;
    }
    if (out) return add_concat(g, concat.count, part, (int)(out - attr.out), span);
    int sum = part[0];
    for (int i = 1; i < concat.count; i++) sum = add_binary(g, OP_ADD, sum, part[i], span);
    return sum;
}

/* Expands operand `in` with labels `from` to the axes `to`, whose sizes are in `type`. */
static int expand_labels(Graph *g, int in, const char *from, const char *to, Type type, Span span) {
    unsigned kept = 0;
    for (int i = 0; to[i]; i++)
        if (strchr(from, to[i])) kept |= 1u << i;
    return add_expand(g, in, type, kept, span);
}

static bool has_length(const Graph *g, const Type *type) {
    for (int i = 0; i < type->rank; i++)
        if (g->syms.at[type->dim[i].sym].kind == SYM_LENGTH) return true;
    return false;
}

/* A product of which one operand has no axis of its own is a sum of elementwise products:
 * "td,d->t" = sum_d(a * b). The axes must stand in the same order in both operands. A constant
 * matrix times a vector stays a product. */
static int contract_as_sum(Graph *g, const int *in, Attr attr, Span span) {
    int big = strlen(attr.a) >= strlen(attr.b) ? 0 : 1;
    const char *all = big ? attr.b : attr.a, *few = big ? attr.a : attr.b;
    if (strlen(all) > 1 && !has_length(g, &at(g, in[big])->type)) return NONE;
    const char *last = all - 1;
    for (const char *p = few; *p; p++) {
        const char *where = strchr(all, *p);
        if (!where || where < last) return NONE;
        last = where;
    }
    last = all - 1;
    for (const char *p = attr.out; *p; p++) {
        const char *where = strchr(all, *p);
        if (!where || where < last) return NONE;
        last = where;
    }
    Type type = at(g, in[big])->type;
    int small = expand_labels(g, in[!big], few, all, type, span);
    int product = add_binary(g, OP_MUL, big ? small : in[big], big ? in[big] : small, span);
    for (int axis = (int)strlen(all) - 1; axis >= 0; axis--)
        if (!strchr(attr.out, all[axis]))
            product = simplify_add(g, OP_SUM, 1, &product, (Attr){.axis = axis}, NULL, span);
    return product;
}

/* A value with its axes in another order: a product "ab,->ba" with 1. */
static bool is_turned(const Graph *g, const Node *node) {
    return node->op == OP_CONTRACT && !*node->attr.b && is_const(g, node->in[1], 1);
}

/* A product with such a value is one with the value itself. */
static int contract_of_turned(Graph *g, int which, const int *in, Attr attr, Span span) {
    const Node *turned = at(g, in[which]);
    char *labels = which ? attr.b : attr.a, old[MAX_LABELS];
    memcpy(old, labels, sizeof old);
    for (int i = 0; turned->attr.a[i]; i++)
        labels[i] = old[strchr(turned->attr.out, turned->attr.a[i]) - turned->attr.out];
    int pair[2] = {in[0], in[1]};
    pair[which] = turned->in[0];
    return add_contract(g, pair[0], pair[1], attr, span);
}

static int simplify_contract(Graph *g, const int *in, Attr attr, Span span) {
    if (!*attr.b && is_const(g, in[1], 1) && strcmp(attr.a, attr.out) == 0) return in[0];
    for (int k = 0; k < 2; k++)
        if (is_const(g, in[k], 0)) {
            const char *problem;
            Type type = shape_infer(g, OP_CONTRACT, 2, in, &attr, NULL, &problem);
            return graph_const(g, 0, type, span);
        }
    for (int k = 0; k < 2; k++)
        if (is_turned(g, at(g, in[k]))) return contract_of_turned(g, k, in, attr, span);
    for (int k = 0; k < 2; k++)
        if (at(g, in[k])->op == OP_CONCAT) return contract_of_concat(g, k, in, attr, span);
    return contract_as_sum(g, in, attr, span);
}

/* ---- reductions ---- */

/* A reduction along another axis than that of a concatenation: the concatenation of the parts'. */
static int reduce_of_concat(Graph *g, Op op, const Node *concat, Attr attr, Span span) {
    int *part = ARENA_ARRAY(g->arena, int, concat->count);
    for (int i = 0; i < concat->count; i++)
        part[i] = simplify_add(g, op, 1, &concat->in[i], attr, NULL, span);
    int axis = concat->attr.axis - (concat->attr.axis > attr.axis);
    return add_concat(g, concat->count, part, axis, span);
}

/* A sum or maximum over an axis of one element: the value without it. */
static int reduce_of_one(Graph *g, int a, int axis, Span span) {
    Type type = at(g, a)->type;
    if (!dim_equal(type.dim[axis], dim_const(1))) return NONE;
    return graph_reshape(g, a, type_without(type, axis), span);
}

static int simplify_max(Graph *g, int a, Attr attr, Span span) {
    Node node = *at(g, a);
    int one = reduce_of_one(g, a, attr.axis, span);
    if (one != NONE) return one;
    if (node.op != OP_CONCAT || node.attr.axis == attr.axis) return NONE;
    return reduce_of_concat(g, OP_MAX, &node, attr, span);
}

static int simplify_sum(Graph *g, int a, Attr attr, Span span) {
    Node node = *at(g, a);
    if (is_const(g, a, 0)) return graph_const(g, 0, type_without(node.type, attr.axis), span);
    if (node.op == OP_EXPAND && !(node.attr.kept >> attr.axis & 1)) { /* n * x */
        Dim size = node.type.dim[attr.axis];
        Type type = type_without(node.type, attr.axis);
        unsigned low = node.attr.kept & ((1u << attr.axis) - 1);
        unsigned high = node.attr.kept >> (attr.axis + 1) << attr.axis;
        int times = graph_const(g, size.add, type, span);
        if (size.sym) {
            bool nested = g->syms.at[size.sym].parent != 0;
            times = graph_length(g, size, span);
            times = add_expand(g, times, type, nested ? 1u << (attr.axis - 1) : 0, span);
        }
        return add_binary(g, OP_MUL, add_expand(g, node.in[0], type, low | high, span), times,
                          span);
    }
    int result = reduce_of_one(g, a, attr.axis, span);
    if (result == NONE) result = sum_of_quotients(g, a, attr.axis, span);
    if (result != NONE || node.op != OP_CONCAT) return result;
    if (node.attr.axis != attr.axis) return reduce_of_concat(g, OP_SUM, &node, attr, span);
    int *part = ARENA_ARRAY(g->arena, int, node.count);
    for (int i = 0; i < node.count; i++)
        part[i] = simplify_add(g, OP_SUM, 1, &node.in[i], attr, NULL, span);
    int sum = part[0];
    for (int i = 1; i < node.count; i++) sum = add_binary(g, OP_ADD, sum, part[i], span);
    return sum;
}

/* expand(0) = 0, expand(expand x) = expand x, expand(concat) = concat(expand). */
static int simplify_expand(Graph *g, int a, Attr attr, const Type *type, Span span) {
    Node node = *at(g, a);
    if (node.op == OP_CONST) return graph_leaf(g, OP_CONST, *type, node.attr, span);
    if (node.op != OP_EXPAND && node.op != OP_CONCAT) return NONE;
    unsigned kept = 0;
    int inner = 0, axis = -1;
    for (int i = 0; i < type->rank; i++) {
        if (!(attr.kept >> i & 1)) continue;
        if (node.op == OP_EXPAND && node.attr.kept >> inner & 1) kept |= 1u << i;
        if (node.op == OP_CONCAT && inner == node.attr.axis) axis = i;
        inner++;
    }
    if (node.op == OP_EXPAND) return add_expand(g, node.in[0], *type, kept, span);
    int *part = ARENA_ARRAY(g->arena, int, node.count);
    for (int i = 0; i < node.count; i++) {
        Type to = *type;
        to.dim[axis] = at(g, node.in[i])->type.dim[node.attr.axis];
        part[i] = add_expand(g, node.in[i], to, attr.kept, span);
    }
    return add_concat(g, node.count, part, axis, span);
}

/* ---- reshapes ---- */

/* The number of elements behind an axis of constant axes. */
static long behind(const Type *type, int axis) {
    long size = 1;
    for (int i = axis + 1; i < type->rank; i++) size *= type->dim[i].add;
    return size;
}

/* The axis of `to` whose positions hold those of a concatenation along `axis`, one after the other:
 * what stands before it is the same, and what follows is a part of it. */
static int merged_axis(const Type *from, int axis, const Type *to) {
    for (int i = 0; i < axis; i++)
        if (i >= to->rank || !dim_equal(from->dim[i], to->dim[i])) return NONE;
    if (axis >= to->rank || to->dim[axis].sym) return NONE;
    return behind(from, axis) % behind(to, axis) == 0 ? axis : NONE;
}

/* reshape(reshape x) = reshape x; reshape(concat(a, b)) = concat(reshape a, reshape b). */
static int simplify_reshape(Graph *g, int a, const Type *type, Span span) {
    Node node = *at(g, a);
    if (shape_equal(&node.type, type)) return a;
    if (is_const(g, a, 0)) return graph_const(g, 0, *type, span);
    if (node.op == OP_RESHAPE)
        return simplify_add(g, OP_RESHAPE, 1, node.in, (Attr){0}, type, span);
    int axis = node.op == OP_CONCAT ? merged_axis(&node.type, node.attr.axis, type) : NONE;
    if (axis == NONE) return NONE;
    int *part = ARENA_ARRAY(g->arena, int, node.count);
    for (int i = 0; i < node.count; i++) {
        const Type *from = &at(g, node.in[i])->type;
        Type to = *type;
        to.dim[axis] =
            dim_const((int)(from->dim[axis].add * behind(from, axis) / behind(type, axis)));
        part[i] = simplify_add(g, OP_RESHAPE, 1, &node.in[i], (Attr){0}, &to, span);
    }
    return add_concat(g, node.count, part, axis, span);
}

/* ---- the pass ---- */

int simplify_add(Graph *g, Op op, int count, const int *in, Attr attr, const Type *type,
                 Span span) {
    int result = NONE;
    if (op_info[op].class == OP_ELEMENTWISE) {
        result = simplify_elementwise(g, op, count, in, span);
    } else {
        switch (op) {
            case OP_SLICE:
                result =
                    simplify_slice(g, in[0], attr.axis, attr.start, type->dim[attr.axis].add, span);
                break;
            case OP_PAD:
                result = simplify_pad(g, in[0], attr, type, span);
                break;
            case OP_CONCAT:
                result = simplify_concat(g, count, in, attr, span);
                break;
            case OP_CONTRACT:
                result = simplify_contract(g, in, attr, span);
                break;
            case OP_SUM:
                result = simplify_sum(g, in[0], attr, span);
                break;
            case OP_MAX:
                result = simplify_max(g, in[0], attr, span);
                break;
            case OP_EXPAND:
                result = simplify_expand(g, in[0], attr, type, span);
                break;
            case OP_SHIFT:
                result = simplify_shift(g, in[0], attr, type, span);
                break;
            case OP_RESHAPE:
                result = simplify_reshape(g, in[0], type, span);
                break;
            case OP_FINAL:
            case OP_PLACE:
                if (is_const(g, in[0], 0)) {
                    Type to = op == OP_PLACE ? *type : type_without(at(g, in[0])->type, attr.axis);
                    result = graph_leaf(g, OP_CONST, to, (Attr){0}, span);
                }
                break;
            default:
                break;
        }
    }
    if (result != NONE) return result;
    return known_table(g, graph_add_typed(g, op, count, in, attr, type, span), span);
}

static bool identity(const Node *node) {
    return (node->op == OP_CONCAT && node->count == 1) ||
           (node->op == OP_EXPAND && node->attr.kept == (1u << node->type.rank) - 1);
}

Graph *simplify(Graph *graph) {
    Rebuild rebuild = rebuild_new(graph);
    bool *live = graph_live(graph);
    for (int i = 0; i < graph->nodes.len; i++) {
        if (!live[i]) continue;
        const Node *node = graph_node(graph, i);
        if (node->op == OP_DELAY || op_info[node->op].class == OP_LEAF) {
            rebuild.map[i] = rebuild_copy(&rebuild, i);
            continue;
        }
        int *in = ARENA_ARRAY(graph->arena, int, node->count + 1);
        for (int k = 0; k < node->count; k++) in[k] = rebuild.map[node->in[k]];
        rebuild.map[i] = identity(node) ? in[0]
                                        : simplify_add(rebuild.to, node->op, node->count, in,
                                                       node->attr, &node->type, node->span);
    }
    return eliminate_dead(rebuild_finish(&rebuild));
}
