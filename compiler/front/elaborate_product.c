/* Products and selections: `weights @ states`, `table[word]`. */
#include "front/elaborator.h"

/* Writes the labels of one operand: its hidden axes, then the visible ones from `labels`. */
static void write_labels(char *out, Axes hidden, Axes all, const char *labels, int count) {
    for (int i = 0; i < hidden.count; i++) *out++ = "tsuvw"[axes_find(all, hidden.at[i])];
    for (int i = 0; i < count; i++) *out++ = labels[i];
    *out = '\0';
}

static bool product_fits(Elaborator *e, const Expr *at, const Operand *left, const Operand *right) {
    Type a = visible_type(e, &left->value), b = visible_type(e, &right->value);
    if (a.rank && b.rank && dim_equal(a.dim[a.rank - 1], b.dim[0])) return true;
    fail(e, at->span, "the shapes of '@' do not fit: %s @ %s", shape_text(e, &a),
         shape_text(e, &b));
    note_operand(e, left);
    note_operand(e, right);
    if (a.rank && b.rank)
        advise(e, "'@' sums over the last axis of the left and the first of the right");
    else
        advise(e, "'@' needs an axis on both sides; '*' multiplies numbers");
    return false;
}

Value product(Elaborator *e, const Expr *at, const Operand *left, const Operand *right) {
    bool real = need_real(e, left, "'@'");
    real = need_real(e, right, "'@'") && real;
    if (!real) return value_error();
    if (left->value.kind != VALUE_TENSOR || right->value.kind != VALUE_TENSOR) {
        const Operand *number = left->value.kind != VALUE_TENSOR ? left : right;
        fail(e, at->span, "'@' needs an axis on both sides, one is %s",
             describe(e, &number->value));
        advise(e, "'*' multiplies numbers");
        return value_error();
    }
    if (!product_fits(e, at, left, right)) return value_error();
    Type a = visible_type(e, &left->value), b = visible_type(e, &right->value), result;
    Type rest = type_real(a.rank - 1, a.dim);
    Axes all = axes_union(left->value.hidden, right->value.hidden);
    if (all.count + rest.rank + b.rank - 1 > MAX_RANK) {
        fail(e, at->span,
             "the product has %d axes, %d of them mapped over; at most %d are possible",
             all.count + rest.rank + b.rank - 1, all.count, MAX_RANK);
        return value_error();
    }
    for (int i = 1; i < b.rank; i++) rest = type_with(rest, rest.rank, b.dim[i]);
    if (!hidden_type(e, all, &rest, at->span, &result)) return value_error();

    char ours[] = "oabcd", theirs[] = "imnpqr", la[MAX_LABELS], lb[MAX_LABELS], lo[MAX_LABELS];
    char joined[2 * MAX_RANK] = "";
    int n = 0;
    for (int i = 0; i + 1 < a.rank; i++) joined[n++] = ours[i];
    for (int i = 1; i < b.rank; i++) joined[n++] = theirs[i];
    ours[a.rank - 1] = 'i';
    write_labels(la, left->value.hidden, all, ours, a.rank);
    write_labels(lb, right->value.hidden, all, theirs, b.rank);
    write_labels(lo, all, all, joined, n);
    int node = graph_contract(e->graph, left->value.node, right->value.node, la, lb, lo, at->span);
    return made(e, node, all, at->span);
}

/* ---- selection ---- */

static bool is_index(const Elaborator *e, const Operand *operand) {
    return operand->value.kind == VALUE_TENSOR &&
           graph_node(e->graph, operand->value.node)->type.kind == TYPE_INDEX;
}

static bool selection_fits(Elaborator *e, const Expr *at, const Operand *table,
                           const Operand *index) {
    if (table->value.kind == VALUE_ERROR || index->value.kind == VALUE_ERROR) return false;
    if (!is_index(e, table) && !need_real(e, table, "a selection")) return false;
    if (!is_index(e, index)) {
        fail(e, index->expr->span, "[ ] needs an index (a word or class), this is %s",
             describe(e, &index->value));
        return false;
    }
    Type from = table->value.kind == VALUE_TENSOR ? visible_type(e, &table->value) : (Type){0};
    Type by = visible_type(e, &index->value);
    if (!from.rank) {
        fail(e, at->span, "[ ] selects along an axis, this is %s", describe(e, &table->value));
        return false;
    }
    if (dim_equal(from.dim[0], by.range)) return true;
    fail(e, at->span, "the index counts to %s, but the axis it selects from has %s",
         dim_text(e, by.range), dim_text(e, from.dim[0]));
    note_operand(e, table);
    note_operand(e, index);
    return false;
}

/* Whether rows can be taken from the value where it lies. */
static bool is_stored(const Elaborator *e, int node) {
    while (graph_node(e->graph, node)->op == OP_STOP) node = graph_node(e->graph, node)->in[0];
    return graph_node(e->graph, node)->op == OP_PARAM;
}

/* One element of a vector that is mapped over whatever the index is mapped over. */
static Value pick(Elaborator *e, const Expr *at, Value values, Value index, Axes all) {
    Type vector = visible_type(e, &values), scalar = visible_type(e, &index);
    values = spread(e, values, all, &vector, at->span);
    index = spread(e, index, all, &scalar, at->span);
    if (values.kind != VALUE_TENSOR || index.kind != VALUE_TENSOR) return value_error();
    int in[] = {values.node, index.node};
    return made(e, graph_add(e->graph, OP_PICK, 2, in, (Attr){0}, at->span), all, at->span);
}

/* Any other selection: a product with the index as a vector that is 1 at one place. */
static Value select_by_product(Elaborator *e, const Expr *at, const Operand *table,
                               const Operand *index) {
    Type by = graph_node(e->graph, index->value.node)->type;
    if (by.rank == MAX_RANK) {
        fail(e, at->span, "the selection has too many axes");
        return value_error();
    }
    int onehot = graph_onehot(e->graph, index->value.node, by.rank, at->span);
    Operand one = {value_tensor(onehot, index->value.hidden), index->expr};
    return product(e, at, &one, table);
}

Value element(Elaborator *e, const Expr *at, const Operand *table, const Operand *index) {
    if (!selection_fits(e, at, table, index)) return value_error();
    Value values = table->value, by = index->value;
    Type from = visible_type(e, &values), to = visible_type(e, &by), result;
    Axes all = axes_union(values.hidden, by.hidden);
    bool listed = graph_node(e->graph, values.node)->op == OP_TABLE;
    bool pickable = from.rank == 1 && to.rank == 0 && !listed;
    if (from.kind == TYPE_INDEX && !pickable) {
        fail(e, at->span, "of indices, one can be selected out of a list: %s is %s",
             span_text(e, table->expr->span), describe(e, &values));
        return value_error();
    }
    if (pickable && (from.kind == TYPE_INDEX || values.hidden.count || !by.hidden.count ||
                     !is_stored(e, values.node)))
        return pick(e, at, values, by, all);
    if (values.hidden.count) return select_by_product(e, at, table, index);
    if (to.rank + from.rank - 1 + all.count > MAX_RANK) {
        fail(e, at->span, "the selection has %d axes, at most %d are possible",
             to.rank + from.rank - 1 + all.count, MAX_RANK);
        return value_error();
    }
    Type rows = type_real(to.rank, to.dim);
    for (int i = 1; i < from.rank; i++) rows = type_with(rows, rows.rank, from.dim[i]);
    if (!hidden_type(e, all, &rows, at->span, &result)) return value_error();
    int in[] = {values.node, by.node};
    return made(e, graph_add(e->graph, OP_GATHER, 2, in, (Attr){0}, at->span), all, at->span);
}

/* ---- comparison ---- */

/* The index as vectors with 1 at one place, mapped over `all`. */
static int vectors_of(Elaborator *e, Value index, Axes all, Span span) {
    Type visible = visible_type(e, &index);
    Value value = spread(e, index, all, &visible, span);
    if (value.kind != VALUE_TENSOR) return -1;
    return graph_onehot(e->graph, value.node, all.count + visible.rank, span);
}

/* same(a, b): 1 where two indices of one range are equal, else 0: the product of such vectors. */
Value same_index(Elaborator *e, const Expr *at, const Operand *args, int count) {
    for (int i = 0; i < count; i++)
        if (!need_index(e, &args[i], "'same'")) return value_error();
    Type a = visible_type(e, &args[0].value), b = visible_type(e, &args[1].value);
    Axes all = axes_union(args[0].value.hidden, args[1].value.hidden);
    if (!dim_equal(a.range, b.range) || !shape_equal(&a, &b)) {
        fail(e, at->span, "'same' compares two indices of one range and one shape");
        note_operand(e, &args[0]);
        note_operand(e, &args[1]);
        return value_error();
    }
    if (all.count + a.rank == MAX_RANK) {
        fail(e, at->span, "what 'same' compares has too many axes");
        return value_error();
    }
    int in[2];
    for (int i = 0; i < 2; i++)
        if ((in[i] = vectors_of(e, args[i].value, all, at->span)) < 0) return value_error();
    int both = graph_binary(e->graph, OP_MUL, in[0], in[1], at->span);
    return made(e, graph_reduce(e->graph, OP_SUM, both, all.count + a.rank, at->span), all,
                at->span);
}
