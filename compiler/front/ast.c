/* The tree's constructors, as the grammar's actions call them. */
#include <math.h>
#include <stdlib.h>

#include "front/parser.h"

static Expr *expr_new(Parser *p, Span span, ExprKind kind) {
    Expr *expr = ARENA_NEW(p->arena, Expr);
    expr->kind = kind;
    expr->span = expr->op_span = span;
    expr->depth = 1;
    return expr;
}

/* The deeper one; what stands for an expression that was too deep wins. */
static const Expr *deeper(const Parser *p, const Expr *a, const Expr *b) {
    if (!a || !b) return a ? a : b;
    return b == p->too_deep || (a != p->too_deep && b->depth > a->depth) ? b : a;
}

/* Notes how deep `expr` is. One that is too deep is reported, once, and its place is taken by a
 * leaf that is as deep as possible. */
static Expr *measured(Parser *p, Expr *expr) {
    const Expr *deepest = deeper(p, expr->left, expr->right);
    for (int i = 0; i < expr->args.len; i++) deepest = deeper(p, deepest, expr->args.at[i]);
    expr->depth = 1 + (deepest ? deepest->depth : 0);
    if (expr->depth <= EXPR_DEPTH) return expr;
    if (deepest != p->too_deep && parser_may_report(p)) {
        diag_error(p->diag, expr->op_span, "this expression is nested too deeply");
        diag_hint(p->diag, "at most %d levels are allowed; give parts of it names", EXPR_DEPTH);
    }
    p->too_deep = expr_name(p, expr->span, EXPR_NAME, intern(p->names, "_"));
    p->too_deep->depth = EXPR_DEPTH;
    return p->too_deep;
}

Expr *expr_number(Parser *p, Span span, const char *digits) {
    Expr *expr = expr_new(p, span, EXPR_NUMBER);
    expr->digits = digits;
    expr->number = strtod(digits, NULL);
    if (isinf(expr->number) && parser_may_report(p))
        diag_error(p->diag, span, "the number %s is too large", digits);
    return expr;
}

Expr *expr_name(Parser *p, Span span, ExprKind kind, const char *name) {
    Expr *expr = expr_new(p, span, kind);
    expr->name = name;
    return expr;
}

Expr *expr_field(Parser *p, Span span, Expr *left, Span name_span, const char *name) {
    Expr *expr = expr_name(p, span, EXPR_FIELD, name);
    expr->op_span = name_span;
    expr->left = left;
    return measured(p, expr);
}

Expr *expr_apply(Parser *p, Span span, ExprKind kind, Expr *left, ExprList args) {
    Expr *expr = expr_new(p, span, kind);
    expr->op_span = left->span;
    expr->left = left;
    expr->args = args;
    return measured(p, expr);
}

Expr *expr_list(Parser *p, Span span, ExprList args) {
    Expr *expr = expr_new(p, span, EXPR_LIST);
    expr->args = args;
    return measured(p, expr);
}

Expr *expr_named(Parser *p, Span span, Span name_span, const char *name, Expr *value) {
    Expr *expr = expr_name(p, span, EXPR_NAMED, name);
    expr->op_span = name_span;
    expr->right = value;
    return measured(p, expr);
}

Expr *expr_operator(Parser *p, Span span, Expr *left, Span op_span, const char *op, Expr *right) {
    Expr *expr = expr_name(p, span, left ? EXPR_BINARY : EXPR_UNARY, intern(p->names, op));
    expr->op_span = op_span;
    expr->left = left;
    expr->right = right;
    return measured(p, expr);
}

Expr *expr_loop(Parser *p, Span span, ExprKind kind, Span keyword, Expr *call, Expr *over,
                ExprList inits) {
    Expr *expr = expr_new(p, span, kind);
    expr->op_span = keyword;
    expr->left = call;
    expr->right = over;
    expr->args = inits;
    return measured(p, expr);
}

Expr *expr_parens(Span span, Expr *inner) {
    inner->span = span;
    inner->parenthesized = true;
    return inner;
}

Stmt *stmt_new(Parser *p, Span span, StmtKind kind, Span keyword) {
    Stmt *stmt = ARENA_NEW(p->arena, Stmt);
    stmt->kind = kind;
    stmt->span = span;
    stmt->keyword = keyword;
    return stmt;
}

Item *item_new(Parser *p, Span span, ItemKind kind, Span name_span, const char *name) {
    Item *item = ARENA_NEW(p->arena, Item);
    item->kind = kind;
    item->name = name;
    item->span = span;
    item->name_span = name_span;
    return item;
}

Decl decl_index(Parser *p, Span word_span, const char *word, Shape shape, Expr *range) {
    static const char *const words[] = {"index"};
    if (strcmp(word, "index") != 0 && parser_may_report(p)) {
        diag_error(p->diag, word_span, "there is no type '%s'", word);
        if (diag_nearest(word, words, 1))
            diag_hint(p->diag, "did you mean 'index'?");
        else
            diag_hint(p->diag, "a type is a shape, [T, D], or index(N): a whole number below N");
    }
    return (Decl){.shape = shape, .index_range = range};
}
