/* Tensors with hidden axes, and how operators broadcast. */
#include <limits.h>

#include "front/elaborator.h"

Value value_error(void) { return (Value){.kind = VALUE_ERROR}; }

Value value_number(double number) { return (Value){.kind = VALUE_NUMBER, .number = number}; }

Value value_dim(Dim dim) {
    return dim.sym ? (Value){.kind = VALUE_NUMBER, .dim = dim} : value_number(dim.add);
}

Value value_tensor(int node, Axes hidden) {
    return (Value){.kind = VALUE_TENSOR, .node = node, .hidden = hidden};
}

Value value_tuple(Elaborator *e, const char *maker, FieldList fields) {
    Tuple *tuple = ARENA_NEW(e->arena, Tuple);
    tuple->maker = maker;
    tuple->fields = fields;
    return (Value){.kind = VALUE_TUPLE, .tuple = tuple};
}

/* False, and an error, when a value of this type is beyond reason. */
static bool sane_size(Elaborator *e, const Type *type, Span span) {
    double elements = 1;
    for (int i = 0; i < type->rank; i++)
        if (!type->dim[i].sym) elements *= type->dim[i].add;
    if (elements <= MAX_ELEMENTS) return true;
    fail(e, span, "a value of shape %s is too large", shape_text(e, type));
    return false;
}

Value made(Elaborator *e, int node, Axes hidden, Span span) {
    if (e->graph->nodes.len > MAX_NODES)
        give_up(e, span, "the model is too large: more than %d operations", MAX_NODES);
    if (!sane_size(e, &graph_node(e->graph, node)->type, span)) return value_error();
    return value_tensor(node, hidden);
}

Type visible_type(const Elaborator *e, const Value *value) {
    Type type = graph_node(e->graph, value->node)->type;
    for (int i = 0; i < value->hidden.count; i++) type = type_without(type, 0);
    return type;
}

/* ---- sets of axes ---- */

int axes_find(Axes axes, int id) {
    for (int i = 0; i < axes.count; i++)
        if (axes.at[i] == id) return i;
    return -1;
}

Axes axes_with(Axes axes, int id) {
    if (axes_find(axes, id) >= 0 || axes.count == 2 * MAX_RANK) return axes;
    int i = axes.count++;
    for (; i > 0 && axes.at[i - 1] > id; i--) axes.at[i] = axes.at[i - 1];
    axes.at[i] = id;
    return axes;
}

Axes axes_union(Axes a, Axes b) {
    for (int i = 0; i < b.count; i++) a = axes_with(a, b.at[i]);
    return a;
}

Axes axes_without(Axes axes, Axes others) {
    Axes rest = {0};
    for (int i = 0; i < axes.count; i++)
        if (axes_find(others, axes.at[i]) < 0) rest.at[rest.count++] = axes.at[i];
    return rest;
}

int new_axis(Elaborator *e, Dim size) {
    vec_push(e->arena, &e->axes, size);
    return e->axes.len - 1;
}

bool hidden_type(Elaborator *e, Axes hidden, const Type *visible, Span span, Type *type) {
    if (hidden.count + visible->rank > MAX_RANK) {
        fail(e, span, "this value has %d axes, %d of them mapped over; at most %d are possible",
             hidden.count + visible->rank, hidden.count, MAX_RANK);
        return false;
    }
    *type = *visible;
    for (int i = hidden.count - 1; i >= 0; i--)
        *type = type_with(*type, 0, e->axes.at[hidden.at[i]]);
    return sane_size(e, type, span);
}

/* ---- spreading ---- */

Value spread(Elaborator *e, Value value, Axes hidden, const Type *visible, Span span) {
    Type to;
    if (value.kind == VALUE_ERROR || !hidden_type(e, hidden, visible, span, &to))
        return value_error();
    if (value.kind == VALUE_NUMBER) {
        if (!value.dim.sym)
            return made(e, graph_const(e->graph, value.number, to, span), hidden, span);
        value = number_tensor(e, &value, span);
    }
    unsigned kept = 0;
    for (int i = 0; i < value.hidden.count; i++)
        kept |= 1u << axes_find(hidden, value.hidden.at[i]);
    int rank = visible_type(e, &value).rank;
    for (int i = 0; i < rank; i++) kept |= 1u << (to.rank - 1 - i);
    const Type *own = &graph_node(e->graph, value.node)->type;
    to.kind = own->kind;
    to.range = own->range;
    return made(e, graph_expand(e->graph, value.node, to, kept, span), hidden, span);
}

bool outer_axis(Elaborator *e, int sym, Span span, Axes *hidden) {
    int parent = e->graph->syms.at[sym].parent;
    if (!parent) return true;
    for (int b = e->frame->bindings.len - 1; b >= 0; b--) {
        const Value *value = &e->frame->bindings.at[b].value;
        if (value->kind != VALUE_TENSOR) continue;
        const Type *type = &graph_node(e->graph, value->node)->type;
        for (int i = 0; i < value->hidden.count && i + 1 < type->rank; i++) {
            if (type->dim[i].sym != parent || type->dim[i + 1].sym != sym) continue;
            *hidden = axes_with(*hidden, value->hidden.at[i]);
            return true;
        }
    }
    fail(e, span, "'%s' has another length at each step of '%s'", e->graph->syms.at[sym].name,
         e->graph->syms.at[parent].name);
    return false;
}

Value number_tensor(Elaborator *e, const Value *value, Span span) {
    Type scalar = type_real(0, NULL);
    Axes none = {0};
    if (!value->dim.sym)
        return made(e, graph_const(e->graph, value->number, scalar, span), none, span);
    if (!outer_axis(e, value->dim.sym, span, &none)) return value_error();
    return made(e, graph_length(e->graph, value->dim, span), none, span);
}

Value hide(Value value, Axes axes) {
    if (value.kind == VALUE_TENSOR) value.hidden = axes_union(value.hidden, axes);
    return value;
}

Value reveal(Elaborator *e, Value value, Axes axes, Span span) {
    if (!axes.count || value.kind == VALUE_ERROR) return value;
    if (value.kind == VALUE_NUMBER) value = number_tensor(e, &value, span);
    if (value.kind != VALUE_TENSOR) return value;
    Type visible = visible_type(e, &value);
    value = spread(e, value, axes_union(value.hidden, axes), &visible, span);
    if (value.kind == VALUE_TENSOR) value.hidden = axes_without(value.hidden, axes);
    return value;
}

/* ---- operators ---- */

bool need_real(Elaborator *e, const Operand *operand, const char *what) {
    const Value *value = &operand->value;
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind == VALUE_NUMBER) return true;
    bool tensor = value->kind == VALUE_TENSOR;
    if (tensor && graph_node(e->graph, value->node)->type.kind == TYPE_REAL) return true;
    fail_operand(e, operand, "%s needs real numbers, this is %s", what, describe(e, value));
    if (tensor) advise(e, "an index can only select: table[index]");
    hint_scan(e, value);
    return false;
}

bool need_index(Elaborator *e, const Operand *operand, const char *what) {
    const Value *value = &operand->value;
    if (value->kind == VALUE_ERROR) return false;
    bool tensor = value->kind == VALUE_TENSOR;
    if (tensor && graph_node(e->graph, value->node)->type.kind == TYPE_INDEX) return true;
    fail_operand(e, operand, "%s needs an index (a word or class), this is %s", what,
                 describe(e, value));
    hint_scan(e, value);
    return false;
}

/* True when the dims of `suffix` are the last dims of `type`. */
static bool is_suffix(const Type *suffix, const Type *type) {
    int more = type->rank - suffix->rank;
    if (more < 0) return false;
    for (int i = 0; i < suffix->rank; i++)
        if (!dim_equal(suffix->dim[i], type->dim[more + i])) return false;
    return true;
}

/* The shape that all operands broadcast to: the longest, which the others must end. */
static bool common_shape(Elaborator *e, const Expr *at, const char *name, const Operand *operands,
                         int count, Type *shape) {
    *shape = type_real(0, NULL);
    for (int i = 0; i < count; i++) {
        if (operands[i].value.kind != VALUE_TENSOR) continue;
        Type type = visible_type(e, &operands[i].value);
        if (type.rank > shape->rank) *shape = type;
    }
    for (int i = 0; i < count; i++) {
        if (operands[i].value.kind != VALUE_TENSOR) continue;
        Type type = visible_type(e, &operands[i].value);
        if (is_suffix(&type, shape)) continue;
        fail(e, at->span, "the shapes of '%s' do not fit: %s and %s", name, shape_text(e, shape),
             shape_text(e, &type));
        for (int k = 0; k < count; k++) note_operand(e, &operands[k]);
        return false;
    }
    return true;
}

static bool all_numbers(const Operand *operands, int count) {
    for (int i = 0; i < count; i++)
        if (operands[i].value.kind != VALUE_NUMBER || operands[i].value.dim.sym) return false;
    return true;
}

Value elementwise(Elaborator *e, Op op, const Expr *at, const Operand *operands, int count) {
    const char *name = op_info[op].surface;
    const char *what = arena_printf(e->arena, "'%s'", name);
    bool real = true;
    for (int i = 0; i < count; i++) real = need_real(e, &operands[i], what) && real;
    Type shape;
    Value size;
    if (!real) return value_error();
    if (all_numbers(operands, count)) return fold_number(e, op, at, operands, count);
    if (count == 2 && fold_size(op, &operands[0].value, &operands[1].value, &size)) return size;
    if (!common_shape(e, at, name, operands, count, &shape)) return value_error();
    Axes hidden = {0};
    for (int i = 0; i < count; i++) hidden = axes_union(hidden, operands[i].value.hidden);
    int in[3];
    for (int i = 0; i < count; i++) {
        Value value = spread(e, operands[i].value, hidden, &shape, operands[i].expr->span);
        if (value.kind != VALUE_TENSOR) return value_error();
        in[i] = value.node;
    }
    return made(e, graph_add(e->graph, op, count, in, (Attr){0}, at->span), hidden, at->span);
}
