/* The functions of the language that arrange axes, and those that number what stands along one. */
#include "front/elaborator.h"

bool need_tensor(Elaborator *e, const Operand *operand, const char *what) {
    if (!need_real(e, operand, what)) return false;
    if (operand->value.kind == VALUE_TENSOR) return true;
    fail_operand(e, operand, "%s needs a tensor, this is %s", what, describe(e, &operand->value));
    return false;
}

bool last_axis(Elaborator *e, const Operand *operand, const char *what, Type *type) {
    if (!need_tensor(e, operand, what)) return false;
    *type = visible_type(e, &operand->value);
    if (type->rank && !type->dim[type->rank - 1].sym) return true;
    fail_operand(e, operand, "%s needs a last axis of constant size, this is %s", what,
                 describe(e, &operand->value));
    return false;
}

/* flatten(x): all axes as one. */
Value flatten(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    if (!need_tensor(e, &args[0], "'flatten'")) return value_error();
    Value value = args[0].value;
    Type from = visible_type(e, &value), to;
    long size = 1;
    for (int i = 0; i < from.rank; i++) {
        if (from.dim[i].sym) {
            fail(e, args[0].expr->span, "'flatten' needs axes of constant size, this is %s",
                 describe(e, &value));
            return value_error();
        }
        size *= from.dim[i].add;
    }
    Dim dim = dim_const((int)size);
    Type flat = type_real(1, &dim);
    if (!hidden_type(e, value.hidden, &flat, at->span, &to)) return value_error();
    const char *problem;
    shape_infer(e->graph, OP_RESHAPE, 1, &value.node, &(Attr){0}, &to, &problem);
    if (!problem)
        return made(e, graph_reshape(e->graph, value.node, to, at->span), value.hidden, at->span);
    fail(e, at->span, "'flatten' cannot be mapped over these axes: %s", problem);
    return value_error();
}

/* unflatten(x, n): the last axis as n parts of equal size, one behind the other. */
Value unflatten(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    Type type, to;
    int parts;
    if (!last_axis(e, &args[0], "'unflatten'", &type)) return value_error();
    if (!whole_of(e, &args[1], "the number of parts", 1, MAX_SIZE, &parts)) return value_error();
    Value value = args[0].value;
    int last = type.rank - 1, size = type.dim[last].add;
    if (size % parts) {
        fail(e, at->span, "an axis of %d cannot be split into %d equal parts", size, parts);
        note_operand(e, &args[0]);
        return value_error();
    }
    if (type.rank + value.hidden.count == MAX_RANK) {
        fail(e, at->span, "the result has too many axes");
        return value_error();
    }
    type.dim[last] = dim_const(size / parts);
    type = type_with(type, last, dim_const(parts));
    if (!hidden_type(e, value.hidden, &type, at->span, &to)) return value_error();
    const char *problem;
    shape_infer(e->graph, OP_RESHAPE, 1, &value.node, &(Attr){0}, &to, &problem);
    if (!problem)
        return made(e, graph_reshape(e->graph, value.node, to, at->span), value.hidden, at->span);
    fail(e, at->span, "'unflatten' cannot be used here: %s", problem);
    return value_error();
}

/* transpose(x): the first two axes in the other order; a product with 1, "ab,->ba". */
Value transpose(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    if (!need_tensor(e, &args[0], "'transpose'")) return value_error();
    Value value = args[0].value;
    int hidden = value.hidden.count, rank = hidden + visible_type(e, &value).rank;
    if (rank - hidden < 2) {
        fail_operand(e, &args[0], "'transpose' needs two axes, this is %s", describe(e, &value));
        return value_error();
    }
    char from[MAX_LABELS] = "", to[MAX_LABELS] = "";
    for (int i = 0; i < rank; i++) {
        bool first = i == hidden, second = i == hidden + 1;
        from[i] = (char)('a' + i);
        to[i] = (char)('a' + i + first - second);
    }
    int one = graph_const(e->graph, 1, type_real(0, NULL), at->span);
    int node = graph_contract(e->graph, value.node, one, from, "", to, at->span);
    return made(e, node, value.hidden, at->span);
}

/* ---- numbers of elements ---- */

static Value numbers_up_to(Elaborator *e, int count, Span span) {
    double *values = ARENA_ARRAY(e->arena, double, count + 1);
    for (int i = 0; i < count; i++) values[i] = i;
    return made(e, graph_table(e->graph, count, values, span), (Axes){0}, span);
}

/* range(n): the numbers from 0 to n - 1. */
Value range(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    int size;
    if (!whole_of(e, &args[0], "the number of elements", 1, MAX_RANGE, &size)) return value_error();
    return numbers_up_to(e, size, at->span);
}

/* The range of position(x, n), which must count all steps of the sequence. */
static bool range_of(Elaborator *e, const Expr *at, const Operand *arg, Dim steps, Dim *result) {
    int size, most = e->graph->syms.at[steps.sym].max + steps.add;
    if (!whole_of(e, arg, "the number of positions", 1, MAX_SIZE, &size)) return false;
    *result = dim_const(size);
    if (most <= size) return true;
    fail(e, at->span, "'%s' can have %d steps, more than %d positions",
         e->graph->syms.at[steps.sym].name, most, size);
    advise(e, "give the input a max_length of %d, or count further", size);
    return false;
}

/* position(x): the numbers of the elements along the first axis, from 0; position(x, n) the same as
 * an index of range n. */
Value position(Elaborator *e, const Expr *at, const Operand *args, int count) {
    Type seen = {0};
    if (args[0].value.kind == VALUE_TENSOR) seen = visible_type(e, &args[0].value);
    if (!seen.rank || e->graph->syms.at[seen.dim[0].sym].kind == SYM_VOCAB) {
        fail_operand(e, &args[0], "'position' needs an axis, this is %s",
                     describe(e, &args[0].value));
        return value_error();
    }
    Dim steps = seen.dim[0];
    if (!steps.sym && count == 1) return numbers_up_to(e, steps.add, at->span);
    if (!steps.sym) {
        fail_operand(e, &args[0], "positions among %d elements cannot be an index, only numbers",
                     steps.add);
        return value_error();
    }
    Axes hidden = {0};
    if (!outer_axis(e, steps.sym, at->span, &hidden)) return value_error();
    int parent = e->graph->syms.at[steps.sym].parent;
    Type type = type_real(parent != 0, (Dim[]){{parent, 0}});
    type = type_with(type, type.rank, steps);
    if (count == 2) {
        if (!range_of(e, at, &args[1], steps, &type.range)) return value_error();
        type.kind = TYPE_INDEX;
    }
    return made(e, graph_leaf(e->graph, OP_POSITION, type, (Attr){0}, at->span), hidden, at->span);
}
