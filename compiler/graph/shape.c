/* The shape rules of the op table: the type of a node from its operands. */
#include <string.h>

#include "graph/graph.h"

typedef struct {
    const Graph *graph;
    int count;
    const Type **in;
    const Attr *attr;
    const Type *wanted; /* may be NULL */
    const char *problem;
} Rule;

static Type fail(Rule *rule, const char *problem) {
    rule->problem = problem;
    return (Type){0};
}

static bool axis_fits(const Rule *rule, int rank) {
    return rule->attr->axis >= 0 && rule->attr->axis < rank;
}

static Type shape_leaf(Rule *rule) { return fail(rule, "a leaf has no shape rule"); }

static Type shape_same(Rule *rule) {
    for (int i = 0; i < rule->count; i++) {
        if (rule->in[i]->kind != TYPE_REAL) return fail(rule, "operands must be real numbers");
        if (!shape_equal(rule->in[i], rule->in[0])) return fail(rule, "operands differ in shape");
    }
    return *rule->in[0];
}

/* A value as it is, be it an index. */
static Type shape_copy(Rule *rule) { return *rule->in[0]; }

static Type shape_expand(Rule *rule) {
    if (!rule->wanted) return fail(rule, "expand needs the shape of its result");
    int next = 0;
    for (int i = 0; i < rule->wanted->rank; i++) {
        if (!(rule->attr->kept >> i & 1)) continue;
        if (next >= rule->in[0]->rank || !dim_equal(rule->in[0]->dim[next], rule->wanted->dim[i]))
            return fail(rule, "the kept axes are not those of the operand");
        next++;
    }
    if (next != rule->in[0]->rank) return fail(rule, "an axis of the operand is lost");
    return *rule->wanted;
}

/* The result type of an op that changes one axis of its operand to wanted->dim[axis]. */
static Type with_axis_of_wanted(Rule *rule) {
    if (!rule->wanted) return fail(rule, "needs the shape of its result");
    if (!axis_fits(rule, rule->in[0]->rank)) return fail(rule, "no such axis");
    Type type = *rule->in[0];
    type.dim[rule->attr->axis] = rule->wanted->dim[rule->attr->axis];
    if (!shape_equal(&type, rule->wanted)) return fail(rule, "another axis changes");
    return type;
}

static Type shape_slice(Rule *rule) {
    Type type = with_axis_of_wanted(rule);
    if (rule->problem) return type;
    Dim from = rule->in[0]->dim[rule->attr->axis], to = type.dim[rule->attr->axis];
    if (from.sym || to.sym) return fail(rule, "only a constant axis can be sliced");
    if (rule->attr->start < 0 || rule->attr->start + to.add > from.add)
        return fail(rule, "the slice leaves its operand");
    return type;
}

static Type shape_pad(Rule *rule) {
    Type type = with_axis_of_wanted(rule);
    if (rule->problem) return type;
    Dim from = rule->in[0]->dim[rule->attr->axis], to = type.dim[rule->attr->axis];
    if (from.sym || to.sym) return fail(rule, "only a constant axis can be padded");
    if (rule->attr->start < 0 || rule->attr->start + from.add > to.add)
        return fail(rule, "the operand does not fit into the result");
    return type;
}

static Type shape_concat(Rule *rule) {
    if (rule->count < 1) return fail(rule, "nothing to join");
    if (!axis_fits(rule, rule->in[0]->rank)) return fail(rule, "no such axis");
    Type type = *rule->in[0];
    int axis = rule->attr->axis;
    for (int i = 1; i < rule->count; i++) {
        Type other = *rule->in[i];
        if (!axis_fits(rule, other.rank)) return fail(rule, "operands differ in rank");
        if (type.dim[axis].sym || other.dim[axis].sym)
            return fail(rule, "only constant axes can be joined");
        type.dim[axis].add += other.dim[axis].add;
        other.dim[axis] = type.dim[axis];
        if (!shape_equal(&type, &other)) return fail(rule, "operands differ in another axis");
    }
    return type;
}

static Type shape_reshape(Rule *rule) {
    if (!rule->wanted) return fail(rule, "needs the shape of its result");
    const Type *from = rule->in[0], *to = rule->wanted;
    long from_size = 1, to_size = 1;
    int from_syms = 0, to_syms = 0;
    for (int i = 0; i < from->rank; i++)
        if (from->dim[i].sym) {
            if (i != from_syms++) return fail(rule, "a length must stay in front");
        } else {
            from_size *= from->dim[i].add;
        }
    for (int i = 0; i < to->rank; i++)
        if (to->dim[i].sym) {
            if (i != to_syms++ || i >= from->rank || !dim_equal(to->dim[i], from->dim[i]))
                return fail(rule, "a length must stay in front");
        } else {
            to_size *= to->dim[i].add;
        }
    if (from_syms != to_syms || from_size != to_size)
        return fail(rule, "the number of elements changes");
    return *to;
}

static Type shape_gather(Rule *rule) {
    const Type *table = rule->in[0], *index = rule->in[1];
    if (table->rank < 1) return fail(rule, "a table needs an axis");
    if (index->kind != TYPE_INDEX) return fail(rule, "the second operand must be an index");
    if (!dim_equal(index->range, table->dim[0]))
        return fail(rule, "the index counts something else than the table's rows");
    Type type = type_real(index->rank, index->dim);
    for (int i = 1; i < table->rank; i++) type = type_with(type, type.rank, table->dim[i]);
    return type;
}

static Type shape_scatter(Rule *rule) {
    if (!rule->wanted || rule->wanted->rank < 1)
        return fail(rule, "scatter needs the shape of its table");
    const Type *rows = rule->in[0], *index = rule->in[1];
    if (index->kind != TYPE_INDEX) return fail(rule, "the second operand must be an index");
    if (!dim_equal(index->range, rule->wanted->dim[0]))
        return fail(rule, "the index counts something else than the table's rows");
    Type wanted = type_real(index->rank, index->dim);
    for (int i = 1; i < rule->wanted->rank; i++)
        wanted = type_with(wanted, wanted.rank, rule->wanted->dim[i]);
    if (!shape_equal(&wanted, rows)) return fail(rule, "the rows do not fit the table");
    return *rule->wanted;
}

static Type shape_onehot(Rule *rule) {
    const Type *index = rule->in[0];
    if (index->kind != TYPE_INDEX) return fail(rule, "the operand must be an index");
    if (rule->attr->axis < 0 || rule->attr->axis > index->rank) return fail(rule, "no such axis");
    Type type = type_with(*index, rule->attr->axis, index->range);
    type.kind = TYPE_REAL;
    type.range = (Dim){0};
    return type;
}

static Type shape_pick(Rule *rule) {
    const Type *values = rule->in[0], *index = rule->in[1];
    if (index->kind != TYPE_INDEX) return fail(rule, "the second operand must be an index");
    if (values->rank != index->rank + 1 || !dim_equal(values->dim[values->rank - 1], index->range))
        return fail(rule, "the index does not count the last axis");
    Type type = type_without(*values, values->rank - 1);
    if (!shape_equal(&type, index)) return fail(rule, "operands differ in shape");
    return type;
}

static Type shape_reduce(Rule *rule) {
    if (rule->in[0]->kind != TYPE_REAL) return fail(rule, "the operand must be real numbers");
    if (!axis_fits(rule, rule->in[0]->rank)) return fail(rule, "no such axis");
    return type_without(*rule->in[0], rule->attr->axis);
}

static Type shape_argmax(Rule *rule) {
    if (!axis_fits(rule, rule->in[0]->rank)) return fail(rule, "no such axis");
    Type type = type_without(*rule->in[0], rule->attr->axis);
    type.kind = TYPE_INDEX;
    type.range = rule->in[0]->dim[rule->attr->axis];
    return type;
}

/* The size of the axis that `label` names in an operand, or false. */
static bool label_size(const char *labels, const Type *type, char label, Dim *size) {
    const char *at = strchr(labels, label);
    if (!at) return false;
    *size = type->dim[at - labels];
    return true;
}

static Type shape_contract(Rule *rule) {
    const char *a = rule->attr->a, *b = rule->attr->b, *out = rule->attr->out;
    if ((int)strlen(a) != rule->in[0]->rank || (int)strlen(b) != rule->in[1]->rank)
        return fail(rule, "the labels do not fit the operands");
    for (const char *p = a; *p; p++) {
        Dim left = rule->in[0]->dim[p - a], right;
        if (strchr(p + 1, *p)) return fail(rule, "a label stands twice in one operand");
        if (label_size(b, rule->in[1], *p, &right) && !dim_equal(left, right))
            return fail(rule, "axes under one label differ in size");
        if (!strchr(b, *p) && !strchr(out, *p)) return fail(rule, "a label stands only once");
    }
    for (const char *p = b; *p; p++) {
        if (strchr(p + 1, *p)) return fail(rule, "a label stands twice in one operand");
        if (!strchr(a, *p) && !strchr(out, *p)) return fail(rule, "a label stands only once");
    }
    Type type = {.kind = TYPE_REAL};
    for (const char *p = out; *p; p++) {
        Dim size;
        if (!label_size(a, rule->in[0], *p, &size) && !label_size(b, rule->in[1], *p, &size))
            return fail(rule, "a label of the result stands in no operand");
        type = type_with(type, type.rank, size);
    }
    return type;
}

static Type shape_delay(Rule *rule) {
    if (!axis_fits(rule, rule->in[0]->rank)) return fail(rule, "no such axis");
    Type init = type_without(*rule->in[0], rule->attr->axis);
    if (!shape_equal(&init, rule->in[1])) return fail(rule, "the initial value has another shape");
    if (rule->attr->direction != 1 && rule->attr->direction != -1)
        return fail(rule, "the direction must be +1 or -1");
    return *rule->in[0];
}

static Type shape_shift(Rule *rule) {
    Type type = with_axis_of_wanted(rule);
    if (rule->problem) return type;
    Dim from = rule->in[0]->dim[rule->attr->axis], to = type.dim[rule->attr->axis];
    bool length = rule->graph->syms.at[from.sym].kind == SYM_LENGTH;
    if (!length || from.sym != to.sym) return fail(rule, "only the steps of a sequence can shift");
    return type;
}

static Type shape_final(Rule *rule) {
    if (!axis_fits(rule, rule->in[0]->rank)) return fail(rule, "no such axis");
    return type_without(*rule->in[0], rule->attr->axis);
}

static Type shape_place(Rule *rule) {
    if (!rule->wanted) return fail(rule, "needs the shape of its result");
    if (!axis_fits(rule, rule->wanted->rank)) return fail(rule, "no such axis");
    Type rest = type_without(*rule->wanted, rule->attr->axis);
    if (!shape_equal(&rest, rule->in[0])) return fail(rule, "another axis changes");
    return *rule->wanted;
}

static Type (*const rules[OP_COUNT])(Rule *) = {
#define OP(id, name, in, class, surface, shape, grad, value, vector) shape_##shape,
#include "op/ops.def"
#undef OP
};

Type shape_infer(const Graph *graph, Op op, int count, const int *in, const Attr *attr,
                 const Type *wanted, const char **problem) {
    const Type **types = ARENA_ARRAY(graph->arena, const Type *, count ? count : 1);
    Rule rule = {.graph = graph, .count = count, .in = types, .attr = attr, .wanted = wanted};
    *problem = NULL;
    if (op_info[op].in >= 0 && op_info[op].in != count) {
        *problem = "wrong number of operands";
        return (Type){0};
    }
    for (int i = 0; i < count; i++) types[i] = &graph_node(graph, in[i])->type;
    Type type = rules[op](&rule);
    *problem = rule.problem;
    return type;
}
