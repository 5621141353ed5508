/* The tree as text, one node a line, children indented: the same for every layout of a program. */
#include "base/text.h"
#include "front/ast.h"

static void print_expr(Text *text, const Expr *expr);

static void print_exprs(Text *text, const char *role, const ExprList *list) {
    if (!list->len) return;
    text_printf(text, "%s\n", role);
    text->indent++;
    for (int i = 0; i < list->len; i++) print_expr(text, list->at[i]);
    text->indent--;
}

/* The node's own line. */
static void print_head(Text *text, const Expr *expr) {
    switch (expr->kind) {
        case EXPR_NUMBER:
            text_printf(text, "number %s\n", expr->digits);
            break;
        case EXPR_STRING:
            text_printf(text, "string %s\n", expr->name);
            break;
        case EXPR_NAME:
            text_printf(text, "name %s\n", expr->name);
            break;
        case EXPR_NEXT:
            text_printf(text, "next %s\n", expr->name);
            break;
        case EXPR_FIELD:
            text_printf(text, "field %s\n", expr->name);
            break;
        case EXPR_INDEX:
            text_puts(text, "index\n");
            break;
        case EXPR_CALL:
            text_puts(text, "call\n");
            break;
        case EXPR_LIST:
            text_puts(text, "list\n");
            break;
        case EXPR_NAMED:
            text_printf(text, "named %s\n", expr->name);
            break;
        case EXPR_UNARY:
            text_printf(text, "unary %s\n", expr->name);
            break;
        case EXPR_BINARY:
            text_printf(text, "binary %s\n", expr->name);
            break;
        case EXPR_SCAN:
            text_printf(text, "scan%s\n", expr->backward ? " backward" : "");
            break;
        case EXPR_STEP:
            text_puts(text, "step\n");
            break;
    }
}

static void print_expr(Text *text, const Expr *expr) {
    print_head(text, expr);
    text->indent++;
    if (expr->left) print_expr(text, expr->left);
    if (expr->right) print_expr(text, expr->right);
    bool loop = expr->kind == EXPR_SCAN || expr->kind == EXPR_STEP;
    print_exprs(text, loop ? "from" : "args", &expr->args);
    print_exprs(text, "as", &expr->marks);
    text->indent--;
}

/* `role`, and below it `expr`, when there is one. */
static void print_part(Text *text, const char *role, const Expr *expr) {
    if (!expr) return;
    text_printf(text, "%s\n", role);
    text->indent++;
    print_expr(text, expr);
    text->indent--;
}

static void print_decls(Text *text, const char *role, const DeclList *decls) {
    for (int i = 0; i < decls->len; i++) {
        const Decl *decl = &decls->at[i];
        text_printf(text, "%s %s%s\n", role, decl->name ? decl->name : "_",
                    decl->shape.present ? ": shape" : "");
        text->indent++;
        print_exprs(text, "dims", &decl->shape.dims);
        print_part(text, "range", decl->index_range);
        print_part(text, "default", decl->default_value);
        text->indent--;
    }
}

static void print_names(Text *text, const char *role, const TargetList *names) {
    for (int i = 0; i < names->len; i++)
        text_printf(text, "%s %s%s\n", role, names->at[i].name, names->at[i].next ? "'" : "");
}

static void print_stmt(Text *text, const Stmt *stmt) {
    static const char *const kinds[] = {"input",  "target", "param",  "state",  "let",
                                        "value",  "loss",   "output", "metric", "generate",
                                        "decode", "train",  "repeat"};
    text_printf(text, "%s\n", kinds[stmt->kind]);
    text->indent++;
    if (stmt->column.type) print_part(text, stmt->column.name, stmt->column.type);
    print_decls(text, "declare", &stmt->decls);
    print_names(text, "define", &stmt->targets);
    print_names(text, "name", &stmt->names);
    if (stmt->value) print_expr(text, stmt->value);
    print_part(text, "over", stmt->weight);
    for (int i = 0; i < stmt->values.len; i++) print_expr(text, stmt->values.at[i]);
    for (int i = 0; i < stmt->settings.len; i++)
        print_part(text, stmt->settings.at[i].name, stmt->settings.at[i].value);
    for (int i = 0; i < stmt->body.len; i++) print_stmt(text, stmt->body.at[i]);
    text->indent--;
}

static void print_item(Text *text, const Item *item) {
    static const char *const kinds[] = {"model", "layer", "cell"};
    text_printf(text, "%s %s\n", kinds[item->kind], item->name);
    text->indent++;
    print_decls(text, "takes", &item->params);
    print_decls(text, "gives", &item->results);
    for (int i = 0; i < item->body.len; i++) print_stmt(text, item->body.at[i]);
    text->indent--;
}

const char *ast_print(Arena *arena, const File *file) {
    Text text = text_new(arena);
    for (int i = 0; i < file->items.len; i++) print_item(&text, file->items.at[i]);
    return text_string(&text);
}
