/* Expressions. */
#include <math.h>
#include <string.h>

#include "front/elaborator.h"

static Value eval_number(Elaborator *e, const Expr *expr) {
    if (isfinite(expr->number)) return value_number(expr->number);
    fail(e, expr->span, "this number is too large");
    return value_error();
}

static Value eval_name(Elaborator *e, const Expr *expr) {
    Binding *binding = find_binding(e->frame, expr->name, false);
    if (binding) {
        binding->used = true;
        return binding->value;
    }
    Value value = {.kind = VALUE_FUNCTION};
    if (find_function(e, expr->name, &value.function)) return value;
    fail_unknown(e, expr->span, expr->name, false);
    return value_error();
}

static Value eval_next(Elaborator *e, const Expr *expr) {
    Binding *binding = find_binding(e->frame, expr->name, true);
    if (binding) {
        binding->used = true;
        return binding->value;
    }
    Binding *state = find_binding(e->frame, expr->name, false);
    if (state && state->kind == BIND_STATE) {
        fail(e, expr->span, "%s' is used before its equation", expr->name);
        note(e, state->span, "the state is declared here");
        advise(e, "write the equation '%s' = …' above this line", expr->name);
    } else {
        fail(e, expr->span, "there is no state '%s'", expr->name);
        advise(e, "%s' is the next value of a state: 'state %s: [H]'", expr->name, expr->name);
    }
    return value_error();
}

static Value size_field(Elaborator *e, const Expr *expr, const Value *value) {
    Type type = visible_type(e, value);
    if (strcmp(expr->name, "size") == 0) {
        if (type.kind == TYPE_INDEX) return value_dim(type.range);
        fail(e, expr->op_span, "'.size' is for words and classes, this is %s", describe(e, value));
        return value_error();
    }
    if (strcmp(expr->name, "length") == 0) {
        if (type.rank) return value_dim(type.dim[0]);
        fail(e, expr->op_span, "'.length' needs an axis, this is %s", describe(e, value));
        return value_error();
    }
    const char *const known[] = {"size", "length"};
    fail(e, expr->op_span, "there is no field '%s' here: this is %s", expr->name,
         describe(e, value));
    hint_nearest(e, expr->name, known, 2);
    return value_error();
}

static Value eval_field(Elaborator *e, const Expr *expr) {
    Value value = eval(e, expr->left);
    switch (value.kind) {
        case VALUE_ERROR:
            return value;
        case VALUE_TENSOR:
            return size_field(e, expr, &value);
        case VALUE_SCAN:
        case VALUE_FINAL:
            return scan_field(e, expr, &value);
        default:
            break;
    }
    fail(e, expr->op_span, "there is no field '%s' here: this is %s", expr->name,
         describe(e, &value));
    return value_error();
}

static Value eval_index(Elaborator *e, const Expr *expr) {
    Operand table = {eval(e, expr->left), expr->left};
    if (expr->args.len != 1) {
        fail(e, expr->span, "[ ] selects with one index, %d are given", expr->args.len);
        return value_error();
    }
    Operand index = {eval(e, expr->args.at[0]), expr->args.at[0]};
    return element(e, expr, &table, &index);
}

static bool is_known(const Value *value) { return value->kind == VALUE_NUMBER && !value->dim.sym; }

/* One number each, as vectors of one element side by side. */
static Value join(Elaborator *e, const Expr *at, const Operand *operands, int count) {
    int *in = ARENA_ARRAY(e->arena, int, count);
    Type one = type_real(0, NULL);
    Axes hidden = {0};
    for (int i = 0; i < count; i++) hidden = axes_union(hidden, operands[i].value.hidden);
    for (int i = 0; i < count; i++) {
        Span span = operands[i].expr->span;
        Value value = spread(e, operands[i].value, hidden, &one, span);
        if (value.kind != VALUE_TENSOR) return value_error();
        Type type = graph_node(e->graph, value.node)->type;
        if (type.rank == MAX_RANK) {
            fail(e, at->span, "the list has too many axes");
            return value_error();
        }
        unsigned kept = (1u << type.rank) - 1;
        type = type_with(type, type.rank, dim_const(1));
        in[i] = graph_expand(e->graph, value.node, type, kept, span);
    }
    return made(e, graph_concat(e->graph, count, in, hidden.count, at->span), hidden, at->span);
}

/* (a, b, …): a vector of numbers. */
static Value eval_list(Elaborator *e, const Expr *expr) {
    int count = expr->args.len;
    Operand *operands = ARENA_ARRAY(e->arena, Operand, count);
    double *numbers = ARENA_ARRAY(e->arena, double, count);
    bool known = true, good = true;
    for (int i = 0; i < count; i++) {
        operands[i] = (Operand){eval(e, expr->args.at[i]), expr->args.at[i]};
        const Value *value = &operands[i].value;
        good = need_real(e, &operands[i], "a list") && good;
        known = known && is_known(value);
        if (known) numbers[i] = value->number;
        if (value->kind != VALUE_TENSOR || visible_type(e, value).rank == 0) continue;
        if (good)
            fail(e, operands[i].expr->span, "a list is of numbers, this is %s", describe(e, value));
        if (good) advise(e, "concat(a, b) joins vectors");
        good = false;
    }
    if (!good) return value_error();
    if (!known) return join(e, expr, operands, count);
    return made(e, graph_table(e->graph, count, numbers, expr->span), (Axes){0}, expr->span);
}

static Value eval_operator(Elaborator *e, const Expr *expr) {
    Operand operands[2];
    int count = 0;
    if (expr->left) operands[count] = (Operand){eval(e, expr->left), expr->left}, count++;
    if (expr->right) operands[count] = (Operand){eval(e, expr->right), expr->right}, count++;
    Op op = op_by_surface(expr->name, count);
    if (op == OP_CONTRACT) return product(e, expr, &operands[0], &operands[1]);
    if (op != OP_COUNT) return elementwise(e, op, expr, operands, count);
    if (count == 1 && strcmp(expr->name, "+") == 0) return operands[0].value;
    fail(e, expr->op_span, "unknown operator '%s'", expr->name);
    return value_error();
}

static Value eval_kind(Elaborator *e, const Expr *expr, const char *hint) {
    switch (expr->kind) {
        case EXPR_NUMBER:
            return eval_number(e, expr);
        case EXPR_STRING:
            fail(e, expr->span, "text in quotes is no value");
            advise(e, "it can stand only as the pattern of regex(\"…\")");
            return value_error();
        case EXPR_NAME:
            return eval_name(e, expr);
        case EXPR_NEXT:
            return eval_next(e, expr);
        case EXPR_FIELD:
            return eval_field(e, expr);
        case EXPR_INDEX:
            return eval_index(e, expr);
        case EXPR_CALL:
            return eval_call(e, expr, hint);
        case EXPR_LIST:
            return eval_list(e, expr);
        case EXPR_UNARY:
        case EXPR_BINARY:
            return eval_operator(e, expr);
        case EXPR_SCAN:
            return eval_scan(e, expr, hint);
        case EXPR_STEP:
            return eval_step(e, expr, hint);
        case EXPR_NAMED:
            break;
    }
    fail(e, expr->span, "a named argument can stand only in a call");
    return value_error();
}

Value eval_any(Elaborator *e, const Expr *expr, const char *hint) {
    if (e->gave_up) return value_error();
    if (e->nesting >= MAX_NESTING) {
        give_up(e, expr->span, "expressions nest more than %d deep here", MAX_NESTING);
        return value_error();
    }
    e->nesting++;
    Value value = eval_kind(e, expr, hint);
    e->nesting--;
    return value;
}

Value eval(Elaborator *e, const Expr *expr) {
    Value value = eval_any(e, expr, NULL);
    if (value.kind != VALUE_TUPLE) return value;
    fail(e, expr->span, "'%s' gives %d values, one is needed here", value.tuple->maker,
         value.tuple->fields.len);
    advise(e, "bind them to %d names first: a, b = …", value.tuple->fields.len);
    return value_error();
}
