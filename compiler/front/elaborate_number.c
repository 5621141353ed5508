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

bool number_dim(Elaborator *e, const Value *value, Span span, Dim *dim) {
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind != VALUE_NUMBER) {
        fail(e, span, "a dimension must be a number known at compile time, this is %s",
             describe(e, value));
        return false;
    }
    *dim = value->dim;
    if (dim->sym) return true;
    if (value->number != floor(value->number))
        fail(e, span, "a dimension must be a whole number, this is %g", value->number);
    else if (value->number < 1)
        fail(e, span, "a dimension must be at least 1, this is %g", value->number);
    else if (value->number > MAX_SIZE)
        fail(e, span, "a dimension can be at most %d, this is %g", MAX_SIZE, value->number);
    else
        return *dim = dim_const((int)value->number), true;
    return false;
}

bool real_of(Elaborator *e, const Operand *operand, const char *what, double *number) {
    const Value *value = &operand->value;
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind == VALUE_NUMBER && !value->dim.sym) return *number = value->number, true;
    fail(e, operand->expr->span, "%s must be a number known at compile time, this is %s", what,
         describe(e, value));
    return false;
}

bool whole_of(Elaborator *e, const Operand *operand, const char *what, int low, int high,
              int *number) {
    double value;
    Span span = operand->expr->span;
    if (!real_of(e, operand, what, &value)) return false;
    if (value != floor(value))
        fail(e, span, "%s must be a whole number, this is %g", what, value);
    else if (value < low || value > high)
        fail(e, span, "%s must be from %d to %d, this is %.10g", what, low, high, value);
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

/* ---- declarations ---- */

bool decl_is_tensor(const Decl *decl) { return decl->shape.present || decl->index_range; }

int decl_rank(const Decl *decl) { return decl->shape.present ? decl->shape.dims.len : 0; }

static bool eval_dim(Elaborator *e, const Expr *expr, Dim *dim) {
    Value value = eval(e, expr);
    return number_dim(e, &value, expr->span, dim);
}

bool decl_type(Elaborator *e, const Decl *decl, Type *type) {
    *type = (Type){.kind = decl->index_range ? TYPE_INDEX : TYPE_REAL};
    if (decl_rank(decl) > MAX_RANK) {
        fail(e, decl->shape.span, "a shape can have at most %d axes", MAX_RANK);
        return false;
    }
    bool good = true;
    for (int i = 0; i < decl_rank(decl); i++) {
        Dim dim = {0};
        good = eval_dim(e, decl->shape.dims.at[i], &dim) && good;
        if (good) type->dim[type->rank++] = dim;
    }
    if (decl->index_range) good = eval_dim(e, decl->index_range, &type->range) && good;
    return good;
}

/* One dimension of an argument against its declaration. */
typedef struct {
    const Expr *expr;
    Dim is;
} Match;

static bool is_free(const Frame *frame, const Expr *expr) {
    return expr->kind == EXPR_NAME && !find_binding((Frame *)frame, expr->name, false);
}

/* Binds free names first, so that `[T, 2*H], [H]` and `[2*H], H` both work in any order; then
 * compares. False at a misfit (*bad) or a wrong expression (*bad NULL). */
static bool match_dims(Elaborator *e, const Match *matches, int count, Span where,
                       const Match **bad, Dim *wanted) {
    *bad = NULL;
    for (int i = 0; i < count; i++)
        if (is_free(e->frame, matches[i].expr))
            define_name(e, BIND_DIM, matches[i].expr->name, false, value_dim(matches[i].is), where);
    for (int i = 0; i < count; i++) {
        if (!eval_dim(e, matches[i].expr, wanted)) return false;
        if (dim_equal(*wanted, matches[i].is)) continue;
        *bad = &matches[i];
        return false;
    }
    return true;
}

static void note_declaration(Elaborator *e, const Decl *decl) {
    const char *shape = decl->shape.present ? span_text(e, decl->shape.span) : "[]";
    if (decl->index_range)
        note(e, decl->span, "declared as '%s: index(%s)%s%s'", decl->name,
             span_text(e, decl->index_range->span), decl->shape.present ? " " : "",
             decl->shape.present ? shape : "");
    else
        note(e, decl->span, "declared as '%s: %s'", decl->name, shape);
}

static void note_names(Elaborator *e, Frame *callee, const Expr *expr) {
    if (!expr) return;
    if (expr->kind == EXPR_NAME) {
        Binding *b = find_binding(callee, expr->name, false);
        if (b && (b->kind == BIND_DIM || b->kind == BIND_ARGUMENT))
            note(e, b->span, "'%s' is %s since here", expr->name, describe(e, &b->value));
    }
    note_names(e, callee, expr->left);
    note_names(e, callee, expr->right);
}

static bool fail_fit(Elaborator *e, Frame *callee, Frame *reporter, const Decl *decl,
                     const Value *value, const char *what, Span where, const Expr *dim) {
    fail_in(e, reporter, where, "%s has the wrong %s: it is %s", what,
            decl->index_range ? "type" : "shape", describe(e, value));
    note_declaration(e, decl);
    note_names(e, callee, dim);
    return false;
}

bool fit_decl(Elaborator *e, Frame *callee, Frame *reporter, const Decl *decl, const Value *value,
              const char *what, Span where) {
    Type type = visible_type(e, value);
    bool index = decl->index_range != NULL;
    if (type.rank != decl_rank(decl) || (type.kind == TYPE_INDEX) != index)
        return fail_fit(e, callee, reporter, decl, value, what, where, NULL);
    Match matches[MAX_RANK + 1];
    int count = 0;
    if (index) matches[count++] = (Match){decl->index_range, type.range};
    for (int i = 0; i < type.rank; i++)
        matches[count++] = (Match){decl->shape.dims.at[i], type.dim[i]};
    Frame *current = e->frame;
    const Match *bad;
    Dim wanted = {0};
    e->frame = callee;
    bool fits = match_dims(e, matches, count, where, &bad, &wanted);
    e->frame = current;
    if (bad) return fail_fit(e, callee, reporter, decl, value, what, where, bad->expr);
    return fits;
}
