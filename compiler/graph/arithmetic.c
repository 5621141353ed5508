/* Rules of simplify for what is computed number by number. */
#include "graph/simplify.h"

/* op(constants) is a constant. */
static int rule_fold(Graph *g, Op op, int count, const int *in, Span span) {
    double value[3] = {0};
    for (int i = 0; i < count; i++) {
        if (at(g, in[i])->op != OP_CONST) return NONE;
        value[i] = at(g, in[i])->attr.value;
    }
    return graph_const(g, op_value(op, value[0], value[1], value[2]), at(g, in[0])->type, span);
}

enum { MOST_KNOWN = 1 << 16 };

/* The number of elements of a type without lengths, 0 for one with some or too many. */
static int known_size(const Type *type) {
    long size = 1;
    for (int i = 0; i < type->rank && size; i++)
        size =
            type->dim[i].sym || size * type->dim[i].add > MOST_KNOWN ? 0 : size * type->dim[i].add;
    return (int)size;
}

static const double *known_values(const Graph *g, int node);

static const double *known_expand(const Graph *g, const Node *expand, double *values) {
    const double *in = known_values(g, expand->in[0]);
    const Type *type = &expand->type;
    for (int i = 0; in && i < known_size(type); i++) {
        int rest = i, from = 0, each = 1;
        for (int a = type->rank - 1; a >= 0; rest /= type->dim[a--].add)
            if (expand->attr.kept >> a & 1) {
                from += rest % type->dim[a].add * each;
                each *= type->dim[a].add;
            }
        values[i] = in[from];
    }
    return in ? values : NULL;
}

/* The elements of a node that is computed from numbers of the source alone, or NULL. */
static const double *known_values(const Graph *g, int node) {
    const Node *n = at(g, node);
    int size = known_size(&n->type);
    if (!size || n->type.kind != TYPE_REAL) return NULL;
    if (n->op == OP_TABLE) return g->tables.at[n->attr.index].values;
    if (n->op == OP_RESHAPE) return known_values(g, n->in[0]);
    bool elementwise = op_info[n->op].class == OP_ELEMENTWISE;
    if (!elementwise && n->op != OP_CONST && n->op != OP_EXPAND) return NULL;
    double *values = ARENA_ARRAY(g->arena, double, size);
    if (n->op == OP_EXPAND) return known_expand(g, n, values);
    const double *in[3] = {NULL, NULL, NULL};
    for (int k = 0; k < n->count; k++)
        if (!(in[k] = known_values(g, n->in[k]))) return NULL;
    for (int i = 0; i < size; i++)
        values[i] = n->op == OP_CONST
                        ? n->attr.value
                        : op_value(n->op, in[0][i], in[1] ? in[1][i] : 0, in[2] ? in[2][i] : 0);
    return values;
}

/* A vector computed from numbers of the source is a table. */
int known_table(Graph *g, int node, Span span) {
    const Node *n = at(g, node);
    bool computes = op_info[n->op].class == OP_ELEMENTWISE || n->op == OP_RESHAPE;
    if (!computes || n->type.rank != 1) return node;
    const double *values = known_values(g, node);
    return values ? graph_table(g, known_size(&n->type), values, span) : node;
}

/* x + 0, x - 0, x * 1, x / 1, x * 0, 0 / x, -(-x). */
static int rule_identity(Graph *g, Op op, const int *in, Span span) {
    const Node *a = at(g, in[0]);
    switch (op) {
        case OP_ADD:
            if (is_const(g, in[0], 0)) return in[1];
            return is_const(g, in[1], 0) ? in[0] : NONE;
        case OP_SUB:
            if (is_const(g, in[0], 0))
                return simplify_add(g, OP_NEG, 1, in + 1, (Attr){0}, NULL, span);
            return is_const(g, in[1], 0) ? in[0] : NONE;
        case OP_MUL:
            if (is_const(g, in[0], 1) || is_const(g, in[1], 0)) return in[1];
            return is_const(g, in[1], 1) || is_const(g, in[0], 0) ? in[0] : NONE;
        case OP_DIV:
            return is_const(g, in[1], 1) || is_const(g, in[0], 0) ? in[0] : NONE;
        case OP_NEG:
            return a->op == OP_NEG ? a->in[0] : NONE;
        default:
            return NONE;
    }
}

/* f(expand x, expand y) = expand f(x, y): compute before repeating. */
static int rule_expand_last(Graph *g, Op op, int count, const int *in, Span span) {
    const Node *first = NULL;
    for (int i = 0; i < count; i++) {
        const Node *node = at(g, in[i]);
        if (node->op == OP_CONST) continue;
        if (node->op != OP_EXPAND) return NONE;
        if (!first) first = node;
        if (node->attr.kept != first->attr.kept) return NONE;
    }
    if (!first) return NONE;
    Type to = first->type, small = at(g, first->in[0])->type;
    unsigned kept = first->attr.kept;
    int inner[3];
    for (int i = 0; i < count; i++) {
        const Node *node = at(g, in[i]);
        inner[i] =
            node->op == OP_CONST ? graph_const(g, node->attr.value, small, span) : node->in[0];
    }
    return add_expand(g, simplify_add(g, op, count, inner, (Attr){0}, NULL, span), to, kept, span);
}

/* The end of the part of `node`'s concatenation along `axis` that holds position `start`. */
static int part_end(const Graph *g, int node, int axis, int start) {
    const Node *n = at(g, node);
    if (n->op != OP_CONCAT || n->attr.axis != axis) return n->type.dim[axis].add;
    int end = 0;
    for (int i = 0; i < n->count && end <= start; i++) end += at(g, n->in[i])->type.dim[axis].add;
    return end;
}

/* f(concat(a, b), c) = concat(f(a, c[:A]), f(b, c[A:])). */
static int rule_concat_last(Graph *g, Op op, int count, const int *in, Span span) {
    int axis = -1;
    for (int i = 0; i < count && axis < 0; i++)
        if (at(g, in[i])->op == OP_CONCAT) axis = at(g, in[i])->attr.axis;
    if (axis < 0) return NONE;
    int size = at(g, in[0])->type.dim[axis].add, parts = 0;
    int *part = ARENA_ARRAY(g->arena, int, size + 1);
    for (int start = 0, end; start < size; start = end) {
        end = size;
        for (int i = 0; i < count; i++) {
            int mine = part_end(g, in[i], axis, start);
            if (mine < end) end = mine;
        }
        int slices[3];
        for (int i = 0; i < count; i++)
            slices[i] = add_slice(g, in[i], axis, start, end - start, span);
        part[parts++] = simplify_add(g, op, count, slices, (Attr){0}, NULL, span);
    }
    return add_concat(g, parts, part, axis, span);
}

int simplify_elementwise(Graph *g, Op op, int count, const int *in, Span span) {
    int result = rule_fold(g, op, count, in, span);
    if (result == NONE) result = rule_identity(g, op, in, span);
    if (result == NONE) result = rule_expand_last(g, op, count, in, span);
    if (result == NONE) result = rule_concat_last(g, op, count, in, span);
    return result == NONE ? simplify_quotients(g, op, in, span) : result;
}
