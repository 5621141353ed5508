/* Compile-time numbers and dimensions. */
#include <math.h>

#include "front/elaborator.h"

Value fold_number(Elaborator *e, Op op, const Expr *at, const Operand *operands, int count) {
    double in[3] = {0};
    for (int i = 0; i < count; i++) in[i] = operands[i].value.number;
    if (op == OP_DIV && in[1] == 0) {
        fail(e, at->span, "division by zero");
        return value_error();
    }
    double result = op_value(op, in[0], in[1], in[2]);
    if (isfinite(result)) return value_number(result);
    fail(e, at->span, "'%s' gives no finite number here", op_info[op].surface);
    return value_error();
}

static bool whole(const Value *value) {
    return !value->dim.sym && value->number == floor(value->number) &&
           fabs(value->number) <= MAX_SIZE;
}

bool fold_size(Op op, const Value *a, const Value *b, Value *result) {
    if (a->kind != VALUE_NUMBER || b->kind != VALUE_NUMBER || (op != OP_ADD && op != OP_SUB))
        return false;
    if (a->dim.sym && b->dim.sym) {
        if (op != OP_SUB || a->dim.sym != b->dim.sym) return false;
        *result = value_number(a->dim.add - b->dim.add);
        return true;
    }
    const Value *size = a->dim.sym ? a : b, *number = a->dim.sym ? b : a;
    if (!size->dim.sym || !whole(number) || (op == OP_SUB && size == b)) return false;
    double add = size->dim.add + (op == OP_SUB ? -number->number : number->number);
    if (fabs(add) > MAX_SIZE) return false;
    *result = value_dim((Dim){size->dim.sym, (int)add});
    return true;
}

const char *dim_problem(Elaborator *e, const Value *value) {
    const char *is = describe(e, value);
    if (value->kind != VALUE_NUMBER)
        return arena_printf(e->arena, "it must be a number known at compile time, this is %s", is);
    if (value->dim.sym) return NULL;
    double number = value->number;
    if (number != floor(number))
        return arena_printf(e->arena, "it must be a whole number, this is %g", number);
    if (number < 1) return arena_printf(e->arena, "it must be at least 1, this is %g", number);
    if (number > MAX_SIZE)
        return arena_printf(e->arena, "it can be at most %d, this is %g", MAX_SIZE, number);
    return NULL;
}

bool number_dim(Elaborator *e, const Value *value, Span span, Dim *dim) {
    if (value->kind == VALUE_ERROR) return false;
    const char *problem = dim_problem(e, value);
    if (problem) {
        fail(e, span, "this is a dimension: %s", problem);
        return false;
    }
    *dim = value->dim.sym ? value->dim : dim_const((int)value->number);
    return true;
}

bool real_of(Elaborator *e, const Operand *operand, const char *what, double *number) {
    const Value *value = &operand->value;
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind == VALUE_NUMBER && !value->dim.sym) return *number = value->number, true;
    fail_operand(e, operand, "%s must be a number known at compile time, this is %s", what,
                 describe(e, value));
    return false;
}

bool whole_of(Elaborator *e, const Operand *operand, const char *what, int low, int high,
              int *number) {
    double value;
    if (!real_of(e, operand, what, &value)) return false;
    if (value != floor(value))
        fail_operand(e, operand, "%s must be a whole number, this is %g", what, value);
    else if (value < low || value > high)
        fail_operand(e, operand, "%s must be from %d to %d, this is %.10g", what, low, high, value);
    else
        return *number = (int)value, true;
    return false;
}

bool eval_real(Elaborator *e, const Expr *expr, const char *what, double *number) {
    Operand operand = {eval(e, expr), expr};
    return real_of(e, &operand, what, number);
}

bool eval_whole(Elaborator *e, const Expr *expr, const char *what, int low, int high, int *number) {
    Operand operand = {eval(e, expr), expr};
    return whole_of(e, &operand, what, low, high, number);
}
