/* The text of a statement in `rondo fmt`: one space around operators (none around * and / in
 * shapes), and the cells that line up with those of its neighbours. */
#include "front/ast_layout.h"

#include "base/text.h"

/* ---- expressions, on one line ---- */

static void put_expr(Text *text, const Expr *expr, bool tight);

static void put_list(Text *text, const char *open, const ExprList *list, const char *close,
                     bool tight) {
    text_puts(text, open);
    for (int i = 0; i < list->len; i++) {
        if (i) text_puts(text, ", ");
        put_expr(text, list->at[i], tight);
    }
    text_puts(text, close);
}

static void put_binary(Text *text, const Expr *expr, bool tight) {
    bool close = tight && (expr->name[0] == '*' || expr->name[0] == '/');
    put_expr(text, expr->left, tight);
    text_printf(text, close ? "%s" : " %s ", expr->name);
    put_expr(text, expr->right, tight);
}

/* A scan or a step, up to its `from`. */
static void put_loop(Text *text, const Expr *expr) {
    bool scan = expr->kind == EXPR_SCAN;
    text_puts(text, scan ? "scan " : "step ");
    put_expr(text, expr->left, false);
    text_puts(text, scan ? " over " : " on ");
    put_expr(text, expr->right, false);
    if (expr->backward) text_puts(text, " backward");
}

static void put_expr(Text *text, const Expr *expr, bool tight) {
    if (expr->parenthesized) text_puts(text, "(");
    switch (expr->kind) {
        case EXPR_NUMBER:
            text_puts(text, expr->digits);
            break;
        case EXPR_STRING:
        case EXPR_NAME:
            text_puts(text, expr->name);
            break;
        case EXPR_NEXT:
            text_printf(text, "%s'", expr->name);
            break;
        case EXPR_FIELD:
            put_expr(text, expr->left, tight);
            text_printf(text, ".%s", expr->name);
            break;
        case EXPR_INDEX:
        case EXPR_CALL:
            put_expr(text, expr->left, tight);
            put_list(text, expr->kind == EXPR_CALL ? "(" : "[", &expr->args,
                     expr->kind == EXPR_CALL ? ")" : "]", false);
            break;
        case EXPR_LIST:
            put_list(text, "(", &expr->args, ")", tight);
            break;
        case EXPR_NAMED:
            text_printf(text, "%s = ", expr->name);
            put_expr(text, expr->right, tight);
            break;
        case EXPR_UNARY:
            text_puts(text, expr->name);
            put_expr(text, expr->right, tight);
            break;
        case EXPR_BINARY:
            put_binary(text, expr, tight);
            break;
        case EXPR_SCAN:
        case EXPR_STEP:
            put_loop(text, expr);
            if (expr->args.len) put_list(text, " from ", &expr->args, "", false);
            if (expr->marks.len) put_list(text, " as ", &expr->marks, "", false);
            break;
    }
    if (expr->parenthesized) text_puts(text, ")");
}

/* ---- declarations ---- */

static void put_shape(Text *text, const Shape *shape) {
    put_list(text, "[", &shape->dims, "]", true);
}

/* x: [T, D] · act = tanh · words: [T] index(V) · and a result without a name: [T] */
static void put_decl(Text *text, const Decl *decl) {
    bool typed = decl->shape.present || decl->index_range;
    if (decl->name) text_puts(text, decl->name);
    if (decl->name && typed) text_puts(text, ": ");
    if (decl->shape.present) put_shape(text, &decl->shape);
    if (decl->index_range) {
        text_puts(text, decl->shape.present ? " index(" : "index(");
        put_expr(text, decl->index_range, false);
        text_puts(text, ")");
    }
    if (decl->default_value) {
        text_puts(text, " = ");
        put_expr(text, decl->default_value, false);
    }
}

static void put_decls(Text *text, const DeclList *decls) {
    for (int i = 0; i < decls->len; i++) {
        if (i) text_puts(text, ", ");
        put_decl(text, &decls->at[i]);
    }
}

static void put_names(Text *text, const TargetList *names) {
    for (int i = 0; i < names->len; i++)
        text_printf(text, "%s%s%s", i ? ", " : "", names->at[i].name, names->at[i].next ? "'" : "");
}

/* ---- rows ---- */

/* A value, which may break before its `from`. */
static void set_value(Arena *arena, Row *row, const Expr *value) {
    bool loop = value->kind == EXPR_SCAN || value->kind == EXPR_STEP;
    bool breaks = loop && value->args.len && !value->parenthesized;
    Text text = text_new(arena), tail = text_new(arena);
    if (breaks) {
        put_loop(&text, value);
        put_list(&tail, "from ", &value->args, "", false);
    } else {
        put_expr(&text, value, false);
    }
    row->at = value->span;
    row->value = text_string(&text);
    row->tail = text_string(&tail);
    row->gap = breaks ? " " : "";
    row->tail_pad = -1;
}

static void set_decls(Arena *arena, Row *row, const Stmt *stmt) {
    Text text = text_new(arena), prior = text_new(arena);
    put_decls(&text, &stmt->decls);
    row->at = stmt->decls.at[0].span;
    row->value = text_string(&text);
    if (!stmt->value) return;
    text_puts(&prior, "~ ");
    put_expr(&prior, stmt->value, false);
    row->tail = text_string(&prior);
    row->gap = "  ";
    row->tail_pad = 2 * INDENT;
}

static void set_output(Arena *arena, Row *row, const ExprList *values) {
    Text text = text_new(arena);
    put_list(&text, "", values, "", false);
    row->at = values->at[0]->span;
    row->value = text_string(&text);
}

/* loss value over weight */
static void set_loss(Arena *arena, Row *row, const Stmt *stmt) {
    set_value(arena, row, stmt->value);
    if (!stmt->weight) return;
    Text weight = text_new(arena);
    text_puts(&weight, "over ");
    put_expr(&weight, stmt->weight, false);
    row->gap = " ";
    row->tail = text_string(&weight);
}

/* generate y from value, decode y from value, blank = 0 */
static void set_produced(Arena *arena, Row *row, const Stmt *stmt) {
    Text value = text_new(arena);
    text_puts(&value, "from ");
    put_expr(&value, stmt->value, false);
    for (int i = 0; i < stmt->settings.len; i++) {
        text_printf(&value, ", %s = ", stmt->settings.at[i].name);
        put_expr(&value, stmt->settings.at[i].value, false);
    }
    row->at = stmt->names.at[0].span;
    row->value = stmt->names.at[0].name;
    row->gap = " ";
    row->tail = text_string(&value);
}

static const char *names_text(Arena *arena, const TargetList *names) {
    Text text = text_new(arena);
    put_names(&text, names);
    return text_string(&text);
}

static void set_let(Arena *arena, Row *row, const Stmt *stmt) {
    row->name = names_text(arena, &stmt->targets);
    row->sign = " = ";
    set_value(arena, row, stmt->value);
}

static void set_column(Arena *arena, Row *row, const Column *column) {
    row->name = arena_printf(arena, "%s:", column->name);
    row->sign = " ";
    set_value(arena, row, column->type);
}

static RunKind run_kind(StmtKind kind) {
    switch (kind) {
        case STMT_INPUT:
        case STMT_TARGET:
            return RUN_COLUMNS;
        case STMT_LET:
            return RUN_LETS;
        case STMT_LOSS:
        case STMT_OUTPUT:
        case STMT_METRIC:
        case STMT_GENERATE:
        case STMT_DECODE:
            return RUN_RESULTS;
        default:
            return RUN_NONE;
    }
}

Row row_of(Arena *arena, const Stmt *stmt) {
    static const char *const keywords[] = {
        [STMT_INPUT] = "input",       [STMT_TARGET] = "target", [STMT_PARAM] = "param",
        [STMT_STATE] = "state",       [STMT_LET] = "",          [STMT_EXPR] = "",
        [STMT_LOSS] = "loss",         [STMT_OUTPUT] = "output", [STMT_METRIC] = "metric",
        [STMT_GENERATE] = "generate", [STMT_DECODE] = "decode", [STMT_TRAIN] = "train",
        [STMT_REPEAT] = "repeat"};
    Row row = {run_kind(stmt->kind), keywords[stmt->kind], "", "", "", stmt->span, "", "", 0};
    switch (stmt->kind) {
        case STMT_INPUT:
        case STMT_TARGET:
            set_column(arena, &row, &stmt->column);
            break;
        case STMT_PARAM:
        case STMT_STATE:
            set_decls(arena, &row, stmt);
            break;
        case STMT_LET:
            set_let(arena, &row, stmt);
            break;
        case STMT_EXPR:
            set_value(arena, &row, stmt->value);
            break;
        case STMT_LOSS:
            set_loss(arena, &row, stmt);
            break;
        case STMT_OUTPUT:
            set_output(arena, &row, &stmt->values);
            break;
        case STMT_METRIC:
            row.value = names_text(arena, &stmt->names);
            row.at = stmt->names.at[0].span;
            break;
        case STMT_GENERATE:
        case STMT_DECODE:
            set_produced(arena, &row, stmt);
            break;
        case STMT_TRAIN:
        case STMT_REPEAT:
            break;
    }
    return row;
}

Widths row_widths(const Row *row) {
    return (Widths){(int)strlen(row->keyword), (int)strlen(row->name)};
}

const char *row_head(Arena *arena, const Row *row, Widths widths) {
    return arena_printf(arena, "%-*s%s%-*s%s", widths.keyword, row->keyword,
                        *row->keyword ? " " : "", widths.name, row->name, row->sign);
}

const char *row_line(Arena *arena, const Row *row, Widths widths) {
    return arena_printf(arena, "%s%s%s%s", row_head(arena, row, widths), row->value, row->gap,
                        row->tail);
}

const char *row_broken(Arena *arena, const Row *row, Widths widths) {
    const char *head = row_head(arena, row, widths);
    int pad = row->tail_pad < 0 ? (int)strlen(head) : row->tail_pad;
    if (!*row->tail) return "";
    return arena_printf(arena, "%s%s\n%*s%s", head, row->value, pad, "", row->tail);
}

/* ---- blocks ---- */

const char *train_line(Arena *arena, const SettingList *settings) {
    Text line = text_new(arena);
    text_puts(&line, "train {");
    for (int i = 0; i < settings->len; i++) {
        text_printf(&line, "%s%s = ", i ? "  " : " ", settings->at[i].name);
        put_expr(&line, settings->at[i].value, false);
    }
    text_puts(&line, settings->len ? " }" : "}");
    return text_string(&line);
}

const char *repeat_header(Arena *arena, const Stmt *stmt) {
    Text header = text_new(arena);
    text_puts(&header, "repeat ");
    put_expr(&header, stmt->value, false);
    text_puts(&header, " {");
    return text_string(&header);
}

const char *item_header(Arena *arena, const Item *item) {
    static const char *const kinds[] = {"model", "layer", "cell"};
    Text text = text_new(arena);
    text_printf(&text, "%s %s", kinds[item->kind], item->name);
    if (item->kind != ITEM_MODEL) {
        text_puts(&text, "(");
        put_decls(&text, &item->params);
        text_puts(&text, ")");
    }
    if (item->results.len) {
        text_puts(&text, " -> ");
        put_decls(&text, &item->results);
    }
    text_puts(&text, " {");
    return text_string(&text);
}
