/* `rondo fmt`: the canonical layout of a program. Two spaces a level, one space around operators
 * (none around * and / in shapes), one statement a line. Comments stay where they are, one blank
 * line stays one. A statement that is too long for a line, or has comments inside, keeps its own
 * line breaks. */
#include "base/text.h"
#include "front/ast.h"

enum { LINE_WIDTH = 100, TAB_WIDTH = 2, INDENT = 2 };

typedef struct {
    Arena *arena;
    const File *file;
    const char *source;
    VEC(int) lines; /* where each source line starts */
    Text out;
    int comment;   /* the first comment that is not printed yet */
    int last_line; /* the source line that was printed last */
    bool fresh;    /* at the start of the file or of a block: no blank line is wanted */
} Format;

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

/* ---- statements, on one line or broken in two ---- */

/* A statement's line, and in `broken`, when it can be broken, the same on two lines. */
typedef struct {
    Text line, broken;
} Lines;

/* Ends both forms with `tail`; the broken one on a new line, `pad` spaces in. */
static void put_tail(Lines *lines, const char *gap, const char *tail, int pad) {
    text_printf(&lines->broken, "%s\n%*s%s", text_string(&lines->line), pad, "", tail);
    text_printf(&lines->line, "%s%s", gap, tail);
}

/* A value, which may break before its `from`. */
static void put_value(Lines *lines, const Expr *value) {
    bool loop = value->kind == EXPR_SCAN || value->kind == EXPR_STEP;
    if (!loop || !value->args.len || value->parenthesized) {
        put_expr(&lines->line, value, false);
        return;
    }
    int pad = (int)lines->line.len;
    Text inits = text_new(lines->line.arena);
    put_list(&inits, "from ", &value->args, "", false);
    put_loop(&lines->line, value);
    put_tail(lines, " ", text_string(&inits), pad);
}

static void put_params(Lines *lines, const Stmt *stmt) {
    text_puts(&lines->line, "param ");
    put_decls(&lines->line, &stmt->decls);
    if (!stmt->value) return;
    Text prior = text_new(lines->line.arena);
    text_puts(&prior, "~ ");
    put_expr(&prior, stmt->value, false);
    put_tail(lines, "  ", text_string(&prior), 2 * INDENT);
}

/* A statement without a block. */
static Lines stmt_lines(Arena *arena, const Stmt *stmt) {
    Lines lines = {text_new(arena), text_new(arena)};
    Text *line = &lines.line;
    switch (stmt->kind) {
        case STMT_INPUT:
        case STMT_TARGET:
            text_printf(line, "%s %s: ", stmt->kind == STMT_INPUT ? "input" : "target",
                        stmt->column.name);
            put_expr(line, stmt->column.type, false);
            break;
        case STMT_PARAM:
            put_params(&lines, stmt);
            break;
        case STMT_STATE:
            text_puts(line, "state ");
            put_decls(line, &stmt->decls);
            break;
        case STMT_LET:
            put_names(line, &stmt->targets);
            text_puts(line, " = ");
            put_value(&lines, stmt->value);
            break;
        case STMT_LOSS:
            text_puts(line, "loss "); /* fall through */
        case STMT_EXPR:
            put_value(&lines, stmt->value);
            break;
        case STMT_OUTPUT:
            put_list(line, "output ", &stmt->values, "", false);
            break;
        case STMT_METRIC:
            text_puts(line, "metric ");
            put_names(line, &stmt->names);
            break;
        case STMT_TRAIN:
        case STMT_REPEAT:
            break;
    }
    return lines;
}

static const char *setting_line(Arena *arena, const Setting *setting) {
    Text line = text_new(arena);
    text_printf(&line, "%s = ", setting->name);
    put_expr(&line, setting->value, false);
    return text_string(&line);
}

/* ---- places in the source ---- */

static void find_lines(Format *f) {
    vec_push(f->arena, &f->lines, 0);
    for (size_t i = 0; i < f->file->source->length; i++)
        if (f->source[i] == '\n') vec_push(f->arena, &f->lines, (int)i + 1);
}

static int start_of(const Format *f, Span span) {
    return f->lines.at[span.line - 1] + span.column - 1;
}

static int end_of(const Format *f, Span span) {
    return f->lines.at[span.end_line - 1] + span.end_column - 1;
}

/* The end of the text in front of the '{' of a block: a header has no other one. */
static int brace_of(const Format *f, Span span) {
    int end = end_of(f, span);
    for (int i = start_of(f, span); i < end; i++) {
        if (f->source[i] == '{') return i;
        if (f->source[i] == '#')
            while (i < end && f->source[i] != '\n') i++;
    }
    return end;
}

static int line_of(const Format *f, int offset) {
    int low = 0, high = f->lines.len;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (f->lines.at[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low + 1;
}

/* ---- comments and blank lines ---- */

/* The next comment if it starts before `limit`, else NULL. */
static const Comment *next_comment(const Format *f, int limit) {
    if (f->comment >= f->file->comments.len) return NULL;
    const Comment *comment = &f->file->comments.at[f->comment];
    return start_of(f, comment->span) < limit ? comment : NULL;
}

/* Keeps a blank line of the source in front of what stands on its line `line`. */
static void put_gap(Format *f, int line) {
    if (!f->fresh && line > f->last_line + 1) text_puts(&f->out, "\n");
    f->fresh = false;
}

/* The comments in front of `limit`, on lines of their own. */
static void put_comments(Format *f, int limit) {
    for (const Comment *comment; (comment = next_comment(f, limit)); f->comment++) {
        put_gap(f, comment->span.line);
        text_printf(&f->out, "%s\n", comment->text);
        f->last_line = comment->span.line;
    }
}

/* Ends a line whose source ends on line `line`, with the comment that stands there before `limit`.
 */
static void end_line(Format *f, int line, int limit) {
    const Comment *comment = next_comment(f, limit);
    if (comment && comment->span.line == line) {
        text_printf(&f->out, "  %s", comment->text);
        f->comment++;
    }
    text_puts(&f->out, "\n");
    f->last_line = line;
}

/* ---- what keeps its own line breaks ---- */

static int leading_spaces(const char *line, const char *end) {
    int spaces = 0;
    for (; line < end && (*line == ' ' || *line == '\t'); line++)
        spaces += *line == '\t' ? TAB_WIDTH : 1;
    return spaces;
}

/* One line of the source, without the spaces around it, `spaces` in. */
static void put_source_line(Format *f, const char *line, const char *end, int spaces) {
    while (line < end && strchr(" \t\r\f\v", *line) && *line) line++;
    while (end > line && strchr(" \t\r\f\v", end[-1]) && end[-1]) end--;
    if (line == end) return;
    text_printf(&f->out, "%*s%s", spaces, "", arena_copy(f->arena, line, (size_t)(end - line)));
}

/* The source from `start` to `end` as it is; its lines move along with the first. */
static void put_verbatim(Format *f, int start, int end) {
    const char *s = f->source + start, *stop = f->source + end;
    const char *first = f->source + f->lines.at[line_of(f, start) - 1];
    int indent = f->out.indent, shift = indent * INDENT - leading_spaces(first, stop);
    for (bool next = false; s < stop; next = true) {
        const char *newline = memchr(s, '\n', (size_t)(stop - s));
        const char *line_end = newline ? newline : stop;
        int spaces = next ? leading_spaces(s, line_end) + shift : 0;
        put_source_line(f, s, line_end, spaces > 0 ? spaces : 0);
        if (newline) text_puts(&f->out, "\n");
        f->out.indent = 0;
        s = line_end + (newline != NULL);
    }
    f->out.indent = indent;
    while (next_comment(f, end)) f->comment++;
}

/* Whether every line of the text fits at the present indentation. */
static bool fits(const Format *f, const char *text) {
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (length + (size_t)f->out.indent * INDENT > LINE_WIDTH) return false;
        text += length + (text[length] == '\n');
    }
    return true;
}

/* What the source has from `start` to `end`, as `line` or as `broken`, where one of them fits. */
static void put_line(Format *f, int start, int end, const char *line, const char *broken) {
    if (next_comment(f, end))
        put_verbatim(f, start, end);
    else if (fits(f, line))
        text_puts(&f->out, line);
    else if (broken && *broken && fits(f, broken))
        text_puts(&f->out, broken);
    else
        put_verbatim(f, start, end);
}

/* ---- blocks ---- */

static void put_stmts(Format *f, const StmtList *stmts, int end);

/* The header of a block, up to its '{'. */
static void put_header(Format *f, int start, int brace, const char *header) {
    put_line(f, start, brace + 1, header, NULL);
}

/* Ends a header line with the '{' at `brace`; `first` is where the block's contents start. */
static void open_block(Format *f, int brace, int first) {
    end_line(f, line_of(f, brace), first);
    f->out.indent++;
    f->fresh = true;
}

static void close_block(Format *f, int end) {
    put_comments(f, end);
    f->out.indent--;
    f->fresh = false;
    text_puts(&f->out, "}");
}

/* The header and the statements between the braces; the '}' is the last byte of `span`. */
static void put_block(Format *f, Span span, const char *header, const StmtList *body) {
    int brace = brace_of(f, span), end = end_of(f, span) - 1;
    put_header(f, start_of(f, span), brace, header);
    if (!body->len && !next_comment(f, end)) {
        text_puts(&f->out, "}");
        return;
    }
    open_block(f, brace, body->len ? start_of(f, body->at[0]->span) : end);
    put_stmts(f, body, end);
    close_block(f, end);
}

static Span setting_span(const Setting *setting) {
    return span_join(setting->span, setting->value->span);
}

/* train { a = 1  b = 2 }, where the source has it on one line and it fits. */
static bool put_train_line(Format *f, const Stmt *stmt) {
    Text line = text_new(f->arena);
    text_puts(&line, "train {");
    for (int i = 0; i < stmt->settings.len; i++)
        text_printf(&line, "%s%s", i ? "  " : " ", setting_line(f->arena, &stmt->settings.at[i]));
    text_puts(&line, stmt->settings.len ? " }" : "}");
    bool several = stmt->settings.len && stmt->span.line != stmt->span.end_line;
    if (several || next_comment(f, end_of(f, stmt->span)) || !fits(f, text_string(&line)))
        return false;
    text_puts(&f->out, text_string(&line));
    return true;
}

static void put_train(Format *f, const Stmt *stmt) {
    if (put_train_line(f, stmt)) return;
    const SettingList *settings = &stmt->settings;
    int brace = brace_of(f, stmt->span), end = end_of(f, stmt->span) - 1;
    put_header(f, start_of(f, stmt->span), brace, "train {");
    open_block(f, brace, settings->len ? start_of(f, settings->at[0].span) : end);
    for (int i = 0; i < settings->len; i++) {
        Span span = setting_span(&settings->at[i]);
        int next = i + 1 < settings->len ? start_of(f, settings->at[i + 1].span) : end;
        put_comments(f, start_of(f, span));
        put_gap(f, span.line);
        put_line(f, start_of(f, span), end_of(f, span), setting_line(f->arena, &settings->at[i]),
                 NULL);
        end_line(f, span.end_line, next);
    }
    close_block(f, end);
}

static void put_stmt(Format *f, const Stmt *stmt) {
    if (stmt->kind == STMT_TRAIN) {
        put_train(f, stmt);
    } else if (stmt->kind == STMT_REPEAT) {
        Text header = text_new(f->arena);
        text_puts(&header, "repeat ");
        put_expr(&header, stmt->value, false);
        text_puts(&header, " {");
        put_block(f, stmt->span, text_string(&header), &stmt->body);
    } else {
        Arena *scratch = arena_new(); /* a program may have millions of statements */
        Lines lines = stmt_lines(scratch, stmt);
        put_line(f, start_of(f, stmt->span), end_of(f, stmt->span), text_string(&lines.line),
                 text_string(&lines.broken));
        arena_free(scratch);
    }
}

/* The statements of a block whose '}' is at `end`. */
static void put_stmts(Format *f, const StmtList *stmts, int end) {
    for (int i = 0; i < stmts->len; i++) {
        const Stmt *stmt = stmts->at[i];
        int next = i + 1 < stmts->len ? start_of(f, stmts->at[i + 1]->span) : end;
        put_comments(f, start_of(f, stmt->span));
        put_gap(f, stmt->span.line);
        put_stmt(f, stmt);
        end_line(f, stmt->span.end_line, next);
    }
}

static const char *item_header(Arena *arena, const Item *item) {
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

/* One blank line at least stands after an item. */
static void put_item(Format *f, const Item *item, int next) {
    put_comments(f, start_of(f, item->span));
    put_gap(f, item->span.line);
    put_block(f, item->span, item_header(f->arena, item), &item->body);
    end_line(f, item->span.end_line, next);
    f->last_line -= 2;
}

const char *ast_format(Arena *arena, const File *file) {
    Format f = {.arena = arena, .file = file, .source = file->source->text, .fresh = true};
    f.out = text_new(arena);
    f.out.width = INDENT;
    find_lines(&f);
    int end = (int)file->source->length;
    for (int i = 0; i < file->items.len; i++) {
        int next = i + 1 < file->items.len ? start_of(&f, file->items.at[i + 1]->span) : end;
        put_item(&f, file->items.at[i], next);
    }
    put_comments(&f, end);
    return text_string(&f.out);
}
