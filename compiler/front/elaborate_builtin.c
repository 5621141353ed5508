/* The functions of the language: the ops of the table that have a word for a surface, and those
 * that build several nodes. */
#include <ctype.h>
#include <string.h>

#include "front/elaborator.h"

struct Builtin {
    const char *name;
    const char *usage;
    int min, max; /* arguments; max -1: any number */
    Value (*run)(Elaborator *e, const Expr *at, const Operand *args, int count);
};

/* The tensor in equal parts along one of its visible axes. */
static Value split_axis(Elaborator *e, const Expr *at, const Operand *args, int axis) {
    int parts;
    Value value = args[0].value;
    if (!whole_of(e, &args[1], "the number of parts", 1, MAX_SIZE, &parts)) return value_error();
    int size = visible_type(e, &value).dim[axis].add;
    if (size % parts) {
        fail(e, at->span, "an axis of %d cannot be split into %d equal parts", size, parts);
        note_operand(e, &args[0]);
        return value_error();
    }
    if (parts > MAX_PARTS) {
        fail(e, args[1].expr->span, "at most %d parts are possible, this is %d", MAX_PARTS, parts);
        return value_error();
    }
    FieldList fields = {0};
    for (int i = 0; i < parts; i++) {
        int node = graph_slice(e->graph, value.node, value.hidden.count + axis, i * (size / parts),
                               size / parts, at->span);
        vec_push(e->arena, &fields, (Field){.value = made(e, node, value.hidden, at->span)});
    }
    const char *name = at->left->kind == EXPR_NAME ? at->left->name : "split";
    return parts == 1 ? fields.at[0].value : value_tuple(e, name, fields);
}

/* split(x, n): the last axis in n equal parts. */
static Value split(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    Type type;
    if (!last_axis(e, &args[0], "'split'", &type)) return value_error();
    return split_axis(e, at, args, type.rank - 1);
}

/* split_rows(x, n): the first axis in n equal parts. */
static Value split_rows(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    if (!need_tensor(e, &args[0], "'split_rows'")) return value_error();
    Type type = visible_type(e, &args[0].value);
    if (type.rank && !type.dim[0].sym) return split_axis(e, at, args, 0);
    fail(e, args[0].expr->span, "'split_rows' needs a first axis of constant size, this is %s",
         describe(e, &args[0].value));
    return value_error();
}

static bool leading_equal(const Type *a, const Type *b) {
    if (a->rank != b->rank) return false;
    for (int i = 0; i + 1 < a->rank; i++)
        if (!dim_equal(a->dim[i], b->dim[i])) return false;
    return true;
}

/* concat(a, b, …): joined along the last axis; the leading axes agree. */
static Value concat(Elaborator *e, const Expr *at, const Operand *args, int count) {
    Type first = {0}, type;
    Axes hidden = {0};
    long size = 0;
    for (int i = 0; i < count; i++) {
        if (!last_axis(e, &args[i], "'concat'", &type)) return value_error();
        if (!i) first = type;
        if (!leading_equal(&first, &type)) {
            fail(e, at->span, "'concat' joins the last axis, the others must agree: %s and %s",
                 shape_text(e, &first), shape_text(e, &type));
            note_operand(e, &args[0]);
            note_operand(e, &args[i]);
            return value_error();
        }
        hidden = axes_union(hidden, args[i].value.hidden);
        size += type.dim[type.rank - 1].add;
    }
    if (size > MAX_SIZE) {
        fail(e, at->span, "the joined axis has %ld elements, at most %d are possible", size,
             MAX_SIZE);
        return value_error();
    }
    int *in = ARENA_ARRAY(e->arena, int, count);
    for (int i = 0; i < count; i++) {
        type = visible_type(e, &args[i].value);
        Value value = spread(e, args[i].value, hidden, &type, args[i].expr->span);
        if (value.kind != VALUE_TENSOR) return value;
        in[i] = value.node;
    }
    int node = graph_concat(e->graph, count, in, hidden.count + first.rank - 1, at->span);
    return made(e, node, hidden, at->span);
}

/* A mask for the elements of x: 0 with probability p, else 1 / (1 - p); 1 outside of training. Each
 * use has random numbers of its own; none where p is 0. A shared one lacks all hidden axes: an
 * example has one. */
static Value mask(Elaborator *e, const Expr *at, const Operand *args, bool shared) {
    double p;
    const char *what = shared ? "'shared_mask'" : "'keep_mask'";
    if (!need_tensor(e, &args[0], what)) return value_error();
    if (!real_of(e, &args[1], "the probability", &p)) return value_error();
    if (p < 0 || p >= 1) {
        fail_operand(e, &args[1], "the probability must be at least 0 and below 1, this is %g", p);
        return value_error();
    }
    Value value = args[0].value;
    Type type = shared ? visible_type(e, &value) : graph_node(e->graph, value.node)->type;
    int node = p > 0 ? graph_leaf(e->graph, OP_MASK, type,
                                  (Attr){.value = p, .index = e->streams++}, at->span)
                     : graph_const(e->graph, 1, type, at->span);
    return made(e, node, shared ? (Axes){0} : value.hidden, at->span);
}

/* keep_mask(x, p): drawn for each element anew, at each step. */
static Value keep_mask(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    return mask(e, at, args, false);
}

/* shared_mask(x, p): drawn once for an example, the same at all steps. */
static Value shared_mask(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    return mask(e, at, args, true);
}

/* ---- sequences ---- */

/* The steps `start` to `start + length` of a sequence, zero where it has none: x shifted. */
static int shifted(Elaborator *e, const Value *x, int start, Dim length, Span span) {
    return graph_shift(e->graph, x->node, x->hidden.count, start, length, span);
}

/* The first axis of a tensor, which must be the steps of a sequence. */
static bool steps_axis(Elaborator *e, const Operand *operand, const char *what, Dim *steps) {
    if (!need_tensor(e, operand, what)) return false;
    Type type = visible_type(e, &operand->value);
    const Input *stream = type.rank ? stream_of(e, type.dim[0]) : NULL;
    if (stream) {
        fail_operand(e, operand, "%s would begin anew in each part of a stream", what);
        note_stream(e, stream);
        return false;
    }
    if (type.rank && e->graph->syms.at[type.dim[0].sym].kind == SYM_LENGTH) {
        *steps = type.dim[0];
        return true;
    }
    fail_operand(e, operand, "%s needs a sequence, this is %s", what, describe(e, &operand->value));
    return false;
}

/* The steps of a sequence with so many more; false, and an error, when that is beyond reason. */
static bool longer(Elaborator *e, const Expr *at, Dim steps, int more, Dim *result) {
    *result = (Dim){steps.sym, steps.add + more};
    if (result->add >= -MAX_SHIFT && result->add <= MAX_SHIFT) return true;
    fail(e, at->span, "a sequence can be at most %d steps shorter or longer than its input's",
         MAX_SHIFT);
    return false;
}

/* windows(x, width): the element t of the result is the steps t to t + width of x. */
static Value windows(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    Dim steps, length;
    int width;
    if (!steps_axis(e, &args[0], "'windows'", &steps)) return value_error();
    if (!whole_of(e, &args[1], "the width", 1, MAX_SHIFT, &width)) return value_error();
    if (!longer(e, at, steps, 1 - width, &length)) return value_error();
    const Value *x = &args[0].value;
    Type visible = visible_type(e, x), to;
    visible.dim[0] = length;
    if (visible.rank + x->hidden.count == MAX_RANK) {
        fail(e, at->span, "the windows have too many axes");
        return value_error();
    }
    visible = type_with(visible, 1, dim_const(1));
    if (!hidden_type(e, x->hidden, &visible, at->span, &to)) return value_error();
    int *in = ARENA_ARRAY(e->arena, int, width);
    for (int i = 0; i < width; i++)
        in[i] = graph_reshape(e->graph, shifted(e, x, i, length, at->span), to, at->span);
    int node = graph_concat(e->graph, width, in, x->hidden.count + 1, at->span);
    return made(e, node, x->hidden, at->span);
}

/* pad(x, before, after): so many steps of zeros on either side. */
static Value pad(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    Dim steps, length;
    int before, after;
    if (!steps_axis(e, &args[0], "'pad'", &steps)) return value_error();
    if (!whole_of(e, &args[1], "the number of steps before", 0, MAX_SHIFT, &before) ||
        !whole_of(e, &args[2], "the number of steps after", 0, MAX_SHIFT, &after) ||
        !longer(e, at, steps, before + after, &length))
        return value_error();
    const Value *x = &args[0].value;
    return made(e, shifted(e, x, -before, length, at->span), x->hidden, at->span);
}

/* shift(x, n): x n steps later (earlier, below zero), zeros moving in. */
static Value shift(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    Dim steps;
    int n;
    if (!steps_axis(e, &args[0], "'shift'", &steps)) return value_error();
    if (!whole_of(e, &args[1], "the number of steps", -MAX_SHIFT, MAX_SHIFT, &n))
        return value_error();
    const Value *x = &args[0].value;
    return made(e, shifted(e, x, -n, steps, at->span), x->hidden, at->span);
}

/* ---- data ---- */

/* The column that an operand is, if it chooses among classes or tags; -1 after an error. */
static int choosing_column(Elaborator *e, const Operand *operand) {
    const Value *value = &operand->value;
    const Node *node = value->kind == VALUE_TENSOR ? graph_node(e->graph, value->node) : NULL;
    if (node && node->op == OP_INPUT && node->type.kind == TYPE_INDEX && !node->type.range.sym)
        return node->attr.index;
    fail_operand(e, operand, "'balanced' needs a column of classes or tags, this is %s",
                 describe(e, value));
    return -1;
}

/* balanced(label): a weight for each class, from how rare it is in the training data. They are a
 * parameter that no gradient reaches, one for all that ask for it. */
static Value balanced(Elaborator *e, const Expr *at, const Operand *args, int count) {
    (void)count;
    Graph *graph = e->graph;
    int column = choosing_column(e, &args[0]), i = 0;
    if (column < 0) return value_error();
    const Input *input = &graph->inputs.at[column];
    for (; i < graph->params.len; i++) {
        const Start *start = &graph->params.at[i].start;
        if (start->kind == INIT_BALANCED && start->column == column) break;
    }
    Type type = type_real(1, &input->type.range);
    if (i == graph->params.len) {
        Param param = {.name = intern(e->names, arena_printf(e->arena, "%s.balanced", input->name)),
                       .type = type,
                       .start = {.kind = INIT_BALANCED, .column = column},
                       .span = at->span};
        vec_push(e->arena, &graph->params, param);
    }
    int node = graph_leaf(graph, OP_PARAM, type, (Attr){.index = i}, at->span);
    graph_node(graph, node)->name = graph->params.at[i].name;
    return made(e, graph_unary(graph, OP_STOP, node, at->span), (Axes){0}, at->span);
}

static const Builtin builtins[] = {
    {"split", "split(x, n)", 2, 2, split},
    {"split_rows", "split_rows(x, n)", 2, 2, split_rows},
    {"concat", "concat(a, b, …)", 1, -1, concat},
    {"flatten", "flatten(x)", 1, 1, flatten},
    {"unflatten", "unflatten(x, n)", 2, 2, unflatten},
    {"transpose", "transpose(x)", 1, 1, transpose},
    {"position", "position(x) or position(x, n)", 1, 2, position},
    {"range", "range(n)", 1, 1, range},
    {"keep_mask", "keep_mask(x, p)", 2, 2, keep_mask},
    {"shared_mask", "shared_mask(x, p)", 2, 2, shared_mask},
    {"windows", "windows(x, width)", 2, 2, windows},
    {"pad", "pad(x, before, after)", 3, 3, pad},
    {"shift", "shift(x, n)", 2, 2, shift},
    {"same", "same(a, b)", 2, 2, same_index},
    {"balanced", "balanced(label)", 1, 1, balanced},
    {"previous", "previous(y)", 1, 1, previous},
};

enum { BUILTINS = sizeof builtins / sizeof *builtins };

const Builtin *find_builtin(const char *name) {
    for (int i = 0; i < BUILTINS; i++)
        if (strcmp(builtins[i].name, name) == 0) return &builtins[i];
    return NULL;
}

int builtin_names(const char **names, int room) {
    int count = 0;
    for (int i = 0; i < BUILTINS && count < room; i++) names[count++] = builtins[i].name;
    for (int op = 0; op < OP_COUNT && count < room; op++)
        if (isalpha((unsigned char)op_info[op].surface[0])) names[count++] = op_info[op].surface;
    return count;
}

/* ---- ops ---- */

/* sum and max fold the first axis, argmax the last. */
static Value reduce(Elaborator *e, Op op, const Expr *at, const Operand *arg) {
    const char *what = arena_printf(e->arena, "'%s'", op_info[op].surface);
    if (!need_tensor(e, arg, what)) return value_error();
    Value value = arg->value;
    int rank = visible_type(e, &value).rank;
    if (!rank) {
        fail_operand(e, arg, "%s needs an axis to go over, this is %s", what, describe(e, &value));
        return value_error();
    }
    int axis = value.hidden.count + (op == OP_ARGMAX ? rank - 1 : 0);
    return made(e, graph_reduce(e->graph, op, value.node, axis, at->span), value.hidden, at->span);
}

static bool count_fits(Elaborator *e, const Expr *at, const Function *function, int count, int min,
                       int max) {
    if (count >= min && (max < 0 || count <= max)) return true;
    fail(e, at->span, "'%s' takes %s%d argument%s, %d %s given", function->name,
         max < 0 ? "at least " : "", min, min == 1 ? "" : "s", count, count == 1 ? "is" : "are");
    if (function->builtin) advise(e, "usage: %s", function->builtin->usage);
    return false;
}

static bool any_wrong(const Operand *args, int count) {
    for (int i = 0; i < count; i++)
        if (args[i].value.kind == VALUE_ERROR) return true;
    return false;
}

Value call_builtin(Elaborator *e, const Expr *at, const Function *function, const Operand *args,
                   int count) {
    const Builtin *builtin = function->builtin;
    int min = builtin ? builtin->min : op_info[function->op].in;
    int max = builtin ? builtin->max : min;
    if (!count_fits(e, at, function, count, min, max) || any_wrong(args, count))
        return value_error();
    if (builtin) return builtin->run(e, at, args, count);
    if (op_info[function->op].class == OP_ELEMENTWISE)
        return elementwise(e, function->op, at, args, count);
    return reduce(e, function->op, at, &args[0]);
}
