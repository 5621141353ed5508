/* The grammar: trees, spans, syntax errors one by one, and the formatter. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "front/ast.h"

static Arena *arena;
static Diag *diag;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

TestSuite(parse, .init = setup, .fini = teardown);
TestSuite(syntax_error, .init = setup, .fini = teardown);
TestSuite(format, .init = setup, .fini = teardown);

static File *parse_bytes(const char *text, size_t length) {
    Source *source = ARENA_NEW(arena, Source);
    *source = (Source){"t", arena_copy(arena, text, length), length};
    diag = diag_new(arena);
    return parse(arena, intern_new(arena), source, diag);
}

static File *parse_text(const char *text) { return parse_bytes(text, strlen(text)); }

static const char *errors(void) {
    char *buffer;
    size_t length;
    FILE *out = open_memstream(&buffer, &length);
    diag_print(diag, out, 0);
    fclose(out);
    const char *text = arena_copy(arena, buffer, length);
    free(buffer);
    return text;
}

static File *parse_clean(const char *text) {
    File *file = parse_text(text);
    cr_assert_eq(diag_errors(diag), 0, "%s\n%s", text, errors());
    return file;
}

/* The statements of a model. */
static StmtList *body_of(const char *body) {
    return &parse_clean(arena_printf(arena, "model m {\n%s\n}", body))->items.at[0]->body;
}

/* An expression with every node in parentheses. */
static const char *grouped(const Expr *e) {
    const char *left = e->left ? grouped(e->left) : "", *right = e->right ? grouped(e->right) : "";
    const char *args = "";
    for (int i = 0; i < e->args.len; i++)
        args = arena_printf(arena, "%s%s%s", args, i ? ", " : "", grouped(e->args.at[i]));
    switch (e->kind) {
        case EXPR_NUMBER:
            return e->digits;
        case EXPR_STRING:
        case EXPR_NAME:
            return e->name;
        case EXPR_NEXT:
            return arena_printf(arena, "%s'", e->name);
        case EXPR_FIELD:
            return arena_printf(arena, "%s.%s", left, e->name);
        case EXPR_INDEX:
            return arena_printf(arena, "%s[%s]", left, args);
        case EXPR_CALL:
            return arena_printf(arena, "%s(%s)", left, args);
        case EXPR_LIST:
            return arena_printf(arena, "<%s>", args);
        case EXPR_NAMED:
            return arena_printf(arena, "%s=%s", e->name, right);
        case EXPR_UNARY:
            return arena_printf(arena, "(%s%s)", e->name, right);
        case EXPR_BINARY:
            return arena_printf(arena, "(%s%s%s)", left, e->name, right);
        case EXPR_SCAN:
            return arena_printf(arena, "{scan %s over %s%s from %s}", left, right,
                                e->backward ? " backward" : "", args);
        case EXPR_STEP:
            return arena_printf(arena, "{step %s on %s from %s}", left, right, args);
    }
    return "";
}

static void expect_grouped(const char *text, const char *result) {
    cr_expect_str_eq(grouped(body_of(text)->at[0]->value), result);
}

Test(parse, precedence) {
    expect_grouped("a + b * c", "(a+(b*c))");
    expect_grouped("a * b @ c / d", "(((a*b)@c)/d)");
    expect_grouped("a - b - c", "((a-b)-c)");
    expect_grouped("-a * b", "((-a)*b)");
    expect_grouped("-a.b(c)[d]", "(-a.b(c)[d])");
    expect_grouped("a * -b + --c", "((a*(-b))+(-(-c)))");
    expect_grouped("(a + b) * c'", "((a+b)*c')");
    expect_grouped("f(x, act = tanh)(0.5)", "f(x, act=tanh)(0.5)");
    expect_grouped("x.final.size", "x.final.size");
    expect_grouped("(1, -2.5, a + b)[(c)]", "<1, (-2.5), (a+b)>[c]");
    expect_grouped("x.state.from(over = text)", "x.state.from(over=text)");
}

Test(parse, scan_and_step) {
    expect_grouped("scan gru(8) over f(x) backward from h, c = g(y)",
                   "{scan gru(8) over f(x) backward from h, c=g(y)}");
    expect_grouped("step gru(H) on concat(y, z) from s", "{step gru(H) on concat(y, z) from s}");
    expect_grouped("2 * (scan gru(8) over x) + 1", "((2*{scan gru(8) over x from })+1)");
    expect_grouped("scan gru(8) over x - y", "{scan gru(8) over (x-y) from }");
}

Test(parse, newlines_separate_nothing) {
    StmtList *body = body_of(
        "x = a y = scan c() over\nx from s\n= b\nz', w = y output z\n"
        "b, c = d\nmetric e f");
    cr_assert_eq(body->len, 7);
    StmtKind kinds[] = {STMT_LET, STMT_LET, STMT_LET, STMT_OUTPUT, STMT_LET, STMT_METRIC};
    for (int i = 0; i < 6; i++) cr_expect_eq(body->at[i]->kind, kinds[i], "statement %d", i);
}

Test(parse, an_expression_goes_on_where_it_can) {
    StmtList *body = body_of("a\n(b)\n- c\nstate h: [H]\n(d)\ninput x: words\n(y)");
    cr_assert_eq(body->len, 4);
    cr_expect_str_eq(grouped(body->at[0]->value), "(a(b)-c)");
    cr_expect_str_eq(grouped(body->at[2]->value), "d");
    cr_expect_str_eq(grouped(body->at[3]->column.type), "words(y)");
}

Test(parse, statements) {
    StmtList *body = body_of(
        "input x: tags(over = text) target y: real[12]\n"
        "param a: [], b: [4*H, I] ~ uniform(1 / sqrt(H)) param c: [2]\n"
        "train { rate = 0.1 clip = 1e-3 } repeat n + 1 { x = f(x) }");
    cr_assert_eq(body->len, 6);
    cr_expect_str_eq(grouped(body->at[0]->column.type), "tags(over=text)");
    cr_expect_str_eq(grouped(body->at[1]->column.type), "real[12]");
    cr_assert_eq(body->at[2]->decls.len, 2);
    cr_expect_eq(body->at[2]->decls.at[0].shape.dims.len, 0);
    cr_expect_str_eq(grouped(body->at[2]->decls.at[1].shape.dims.at[0]), "(4*H)");
    cr_expect_str_eq(grouped(body->at[2]->value), "uniform((1/sqrt(H)))");
    cr_expect_null(body->at[3]->value);
    cr_assert_eq(body->at[4]->settings.len, 2);
    cr_expect_float_eq(body->at[4]->settings.at[1].value->number, 1e-3, 1e-12);
    cr_expect_eq(body->at[5]->body.len, 1);
}

Test(parse, headers) {
    File *file = parse_clean(
        "layer f(x: [T, D], n, w: index(V), ws: [T] index(2 * V), act = tanh)"
        " -> [T], y: [] {} cell g() {} model m {}");
    cr_assert_eq(file->items.len, 3);
    Item *f = file->items.at[0];
    cr_assert_eq(f->params.len, 5);
    cr_expect(f->params.at[0].shape.present && !f->params.at[1].shape.present);
    cr_expect(!f->params.at[2].shape.present && f->params.at[2].index_range);
    cr_expect(f->params.at[3].shape.present && f->params.at[3].index_range);
    cr_expect_str_eq(grouped(f->params.at[4].default_value), "tanh");
    cr_assert_eq(f->results.len, 2);
    cr_expect_null(f->results.at[0].name);
    cr_expect_str_eq(f->results.at[1].name, "y");
    cr_expect_eq(file->items.at[1]->kind, ITEM_CELL);
}

static void expect_span(Span span, int line, int column, int end_line, int end_column) {
    cr_expect(span.line == line && span.column == column && span.end_line == end_line &&
                  span.end_column == end_column,
              "%d:%d-%d:%d is not %d:%d-%d:%d", span.line, span.column, span.end_line,
              span.end_column, line, column, end_line, end_column);
}

Test(parse, spans) {
    File *file = parse_clean("# \303\274\nmodel m {\n\tyy = (a +\n  bc.d(3))\n}\n");
    Item *item = file->items.at[0];
    expect_span(item->span, 2, 1, 5, 2);
    expect_span(item->name_span, 2, 7, 2, 8);
    Stmt *stmt = item->body.at[0];
    expect_span(stmt->span, 3, 2, 4, 11);
    expect_span(stmt->targets.at[0].span, 3, 2, 3, 4);
    Expr *sum = stmt->value;
    expect_span(sum->span, 3, 7, 4, 11);
    expect_span(sum->op_span, 3, 10, 3, 11);
    expect_span(sum->left->span, 3, 8, 3, 9);
    expect_span(sum->right->span, 4, 3, 4, 10);
    expect_span(sum->right->left->op_span, 4, 6, 4, 7);
    expect_span(file->comments.at[0].span, 1, 1, 1, 5);
    cr_expect(file->comments.at[0].own_line);
}

Test(parse, names_compare_by_pointer) {
    StmtList *body = body_of("h = x h' = h");
    cr_expect_eq(body->at[0]->targets.at[0].name, body->at[1]->targets.at[0].name);
    cr_expect_eq(body->at[0]->targets.at[0].name, body->at[1]->value->name);
    cr_expect(body->at[1]->targets.at[0].next && !body->at[0]->targets.at[0].next);
}

/* ---- syntax errors ---- */

/* Parsing `text` gives just these messages: "line:column: message", one a line. */
static void expect_errors(const char *text, const char *expected) {
    parse_text(text);
    const char *out = "";
    for (const char *line = errors(); *line; line += strcspn(line, "\n"), line += *line == '\n') {
        int length = (int)strcspn(line, "\n");
        const char *message = arena_copy(arena, line, (size_t)length), *error;
        if (strncmp(message, "t:", 2) || !(error = strstr(message, "error: "))) continue;
        out = arena_printf(arena, "%s%.*s%s\n", out, (int)(error - message) - 2, message + 2,
                           error + 7);
    }
    cr_expect_str_eq(out, expected, "for:\n%s\nthe errors are:\n%s\nnot:\n%s", text, out, expected);
}

/* The same for statements of a model; lines count from the body's first. */
static void expect_body_errors(const char *body, const char *expected) {
    expect_errors(arena_printf(arena, "model m {%s\n}\n", body), expected);
}

static void expect_hint(const char *text, const char *hint) {
    parse_text(text);
    cr_expect(strstr(errors(), hint), "no '%s' in:\n%s", hint, errors());
}

Test(syntax_error, two_in_one_file) {
    expect_errors(
        "model m {\n  x = f(a, b\n  y = g(c)\n  z = a b )\n  ok = 3\n}\n"
        "layer l(x: [T D]) -> [T] {\n  x + \n}\n",
        "2:13: expected ')' to close the '(' at line 2\n"
        "4:11: unexpected ')': no '(' is open here\n"
        "7:15: expected ',' or ']' after 'T'\n"
        "8:6: expected an expression after '+'\n");
}

Test(syntax_error, the_rest_is_parsed) {
    File *file = parse_text("model a {\n x = = 3\n y = 4\n}\nlayer f( {\n}\ncell g() { y = 4 }");
    cr_assert_eq(diag_errors(diag), 2);
    cr_assert_eq(file->items.len, 2);
    cr_expect_eq(file->items.at[0]->body.len, 1);
    cr_expect_str_eq(file->items.at[1]->name, "g");
}

Test(syntax_error, expressions) {
    expect_body_errors("\nx =\ny = 3", "2:4: expected an expression after '='\n");
    expect_body_errors("\nx = a +\ny, z = 3", "2:8: expected an expression after '+'\n");
    expect_body_errors("\nx = a +", "2:8: expected an expression after '+'\n");
    expect_body_errors("\nx = a * * b", "2:9: expected an expression after '*'\n");
    expect_body_errors("\nx = f(a b)\ny = [3]",
                       "2:9: expected ',' or ')' after 'a'\n"
                       "3:5: expected an expression after '='\n");
    expect_body_errors("\nx = f(a,)", "2:9: expected an expression after ','\n");
    expect_body_errors("\nx = f(a]", "2:8: expected ')' to close the '(' at line 2\n");
    expect_body_errors("\nx = a.3", "2:7: expected a name after '.'\n");
    expect_body_errors("\nx = w[1:2]", "2:8: unexpected ':' after '1'\n");
    expect_body_errors("\nx = scan lstm(3) y", "2:18: expected 'over' after ')'\n");
    expect_body_errors("\nx = scan g(3) over y as 0", "2:25: expected a name after 'as'\n");
    expect_body_errors("\nx = scan over y",
                       "2:10: expected a cell, such as lstm(128), after 'scan'\n");
    expect_body_errors("\nx = f(scan g(3) over y)",
                       "2:7: put parentheses around a 'scan' inside an expression\n");
}

Test(syntax_error, statements) {
    expect_body_errors("\nstate h [H]", "2:9: expected ':' after 'h'\n");
    expect_body_errors("\ntrain { schedule = step(3) }",
                       "2:20: 'step' is a keyword and cannot be a name\n");
    expect_body_errors("\nstate h: H", "2:11: expected '(' after 'H'\n");
    expect_body_errors("\na, b\nx = 3", "2:5: expected ',' or '=' after 'b'\n");
    expect_body_errors("\na.b = 3", "2:5: only names can stand before '='\n");
    expect_body_errors("\nloss\nx = 3", "2:5: expected an expression after 'loss'\n");
    expect_body_errors("\nmetric\nx = 3", "2:7: expected a name after 'metric'\n");
    expect_body_errors("\nmetric loss", "2:8: 'loss' is a keyword and cannot be a name\n");
    expect_body_errors("\nstate = 3", "2:1: 'state' is a keyword and cannot be a name\n");
    expect_body_errors("\ntrain { a = 1, b = 2 }", "2:14: unexpected ',' after '1'\n");
    expect_body_errors("\ntrain { a 1\n b = 2\n 3 }\nx = 4",
                       "2:11: expected '=' after 'a'\n"
                       "4:2: expected '}' or a setting such as 'epochs = 5', not '3'\n");
    expect_body_errors("\nrepeat 4 5 {\n x = = 2\n}\ny = 3",
                       "2:10: unexpected '5' after '4'\n"
                       "3:6: expected an expression after '='\n");
    expect_body_errors("\ninptu x: words", "2:1: there is no statement 'inptu'\n");
}

Test(syntax_error, items) {
    expect_errors("x = 3", "1:1: expected 'model', 'layer' or 'cell', not 'x'\n");
    expect_errors("lyer f() { x }\ncell g() {}",
                  "1:1: expected 'model', 'layer' or 'cell', not 'lyer'\n");
    expect_errors("model m {\n}\n}\nlayer f() { = }",
                  "3:1: unexpected '}': no '{' is open here\n"
                  "4:13: unexpected '=' after '{'\n");
    expect_errors("model m {\n  x = 3\nlayer f() { x }",
                  "2:8: expected '}' to close the '{' at line 1\n");
    expect_errors("model m {", "1:10: expected '}' to close the '{' at line 1\n");
    expect_errors("model", "1:6: expected a name after 'model'\n");
    expect_errors("layer f(x: foo(3)) {}", "1:12: there is no type 'foo'\n");
    expect_errors("layer f(over) {}", "1:9: 'over' is a keyword and cannot be a name\n");
}

Test(syntax_error, braces) {
    expect_errors("model m\n  x = 3\n}\ncell g() { 3 }", "1:8: expected '{' after 'm'\n");
    expect_errors("layer f(x) -> [T]\n  x\n  y = = 3\n}",
                  "1:18: expected ',' or '{' after ']'\n"
                  "3:7: expected an expression after '='\n");
    expect_errors("layer f(x)\nlayer g() {}", "1:11: expected '{' or '->' after ')'\n");
    expect_body_errors("\ntrain a = 1 }\ny = 3", "2:7: expected '{' after 'train'\n");
    expect_body_errors("\nx = { 3\ny = 4", "2:5: expected an expression after '='\n");
    expect_body_errors("\nx = f(a } b)\ny = 4", "2:9: expected ')' to close the '(' at line 2\n");
    expect_errors("layer f( { x) {\n y = 3\n}", "1:10: expected a name after '('\n");
    expect_body_errors("\nrepeat 2 {\n x = = 3\n\nz = 3",
                       "3:6: expected an expression after '='\n"
                       "6:2: expected '}' to close the '{' at line 1\n");
}

/* Each word of a program left out in turn gives at most one message. */
Test(syntax_error, one_mistake_one_message) {
    const char *text =
        "layer f(x: [T, D], w: index(V), act = tanh) -> [T], y: [] {\n"
        "  param w: [D], b: []  ~ uniform(1 / sqrt(D))\n"
        "  y = act(x @ w + b)[3]\n"
        "  h', z = f(x.final.h, rate = -3, y)\n"
        "  v = (scan gru(4) over x backward from h = y, c = 3).h\n"
        "}\n"
        "model m {\n"
        "  input x: words(max_vocab = 20, max_length = 256)\n"
        "  repeat 4 {\n    x = step g(y) on x from s\n  }\n"
        "  train { rate = adam(3)  batch = 4 }\n"
        "  output a, b\n"
        "}\n";
    size_t length = strlen(text), next;
    for (size_t at = 0; at < length; at = next) {
        next = at + strspn(text + at, "abcdefghijklmnopqrstuvwxyzTDV0123456789_");
        if (next == at) next++;
        parse_text(arena_printf(arena, "%.*s %s", (int)at, text, text + next));
        cr_expect_leq(diag_errors(diag), 1, "without '%.*s' at %d:\n%s", (int)(next - at),
                      text + at, (int)at, errors());
    }
}

Test(syntax_error, hints) {
    expect_hint("lyer f() {}", "did you mean 'layer'?");
    expect_hint("model m { inptu x: words }", "unexpected ':'");
    expect_hint("model m {\n inptu x: words }", "did you mean 'input'?");
    expect_hint("model m { x = a == b }", "no operator '=='");
    expect_hint("model m { x = 3 // three\n }", "comments start with #");
    expect_hint("model m { x := 3 }", "write '='");
    expect_hint("model m { x = 3; }", "nothing separates statements");
    expect_hint("model m { x = 'a' }", "a name has no quotes");
    expect_hint("model m { x = \"a }", "this text has no end");
    expect_hint("model m { x = a ^ 2 }", "write a square as x * x");
    expect_hint("model m { x = a ** 2 }", "no power operator '**'");
    expect_hint("model m { x = scan f() y }", "write: y = scan lstm(128) over x");
    expect_hint("model m {} } ", "this '}' closed the last '{'");
}

Test(syntax_error, stray_characters_give_one_message_each) {
    expect_body_errors("\nx = a $ b\ny = \342\200\234q\342\200\235\nz\303\274 = 4 ? 5",
                       "2:7: stray '$' in the program\n"
                       "3:5: stray '\342\200\234' in the program\n"
                       "3:9: stray '\342\200\235' in the program\n"
                       "4:1: 'z\303\274' cannot be a name\n"
                       "4:9: stray '?' in the program\n");
    expect_body_errors("\nx = 12ab + 1.2.3\ny = 1e999",
                       "2:5: '12ab' is not a number\n"
                       "2:12: '1.2.3' is not a number\n"
                       "3:5: the number 1e999 is too large\n");
    expect_body_errors("\nx = \001", "2:5: stray '\\x01' in the program\n");
}

Test(syntax_error, any_bytes) {
    parse_bytes("model m { x = \0 3 \377\n}\0", 22);
    cr_expect(strstr(errors(), "stray '\\x00' in the program"));
    cr_expect(strstr(errors(), "stray '\\xff' in the program"));
    cr_expect_eq(diag_errors(diag), 3);
    cr_expect_eq(parse_bytes("", 0)->items.len, 0);
    cr_expect_eq(parse_clean("\xef\xbb\xbfmodel m {}")->items.len, 1);
    cr_expect_eq(parse_clean("model m {\r\n  x = 3\r\n}\r\n")->items.len, 1);
}

/* `head`, then `piece` many times, then `tail`. */
static const char *many(const char *head, const char *piece, int count, const char *tail) {
    size_t length = strlen(piece);
    char *middle = arena_alloc(arena, length * (size_t)count + 1);
    for (int i = 0; i < count; i++) memcpy(middle + (size_t)i * length, piece, length);
    return arena_printf(arena, "%s%s%s", head, middle, tail);
}

Test(syntax_error, deep_nesting) {
    expect_errors(many("model m { x = ", "(", 100000, "a }"), "1:215: this is nested too deeply\n");
    expect_errors(many("model m { x = ", "f(", 100000, "a }"),
                  "1:416: this is nested too deeply\n");
    expect_errors(many("model m { ", "repeat 2 {", 100000, "a }"),
                  "1:510: this is nested too deeply\n");
    expect_errors(many("model m { x = a", " + a", 5000, " }"),
                  "1:2013: this expression is nested too deeply\n");
    parse_text(many("model m { x = ", "-", 100000, "a }"));
    cr_expect_eq(diag_errors(diag), 1);
    parse_clean(many("model m { ", "x = f(x) ", 20000, "}"));
    parse_clean(many("model m { output a", ", a", 20000, "}"));
}

Test(syntax_error, reports_are_limited) {
    parse_text(many("model m { ", "$", 100000, " }"));
    cr_expect_leq(diag_errors(diag), 101);
}

/* ---- rondo fmt ---- */

/* Formatting gives `expected`, which is stable and has the same tree. */
static void expect_format(const char *text, const char *expected) {
    File *file = parse_clean(text);
    const char *formatted = ast_format(arena, file);
    if (expected)
        cr_expect_str_eq(formatted, expected, "formatted:\n%s\nnot:\n%s", formatted, expected);
    const char *tree = ast_print(arena, file);
    File *again = parse_clean(formatted);
    cr_expect_str_eq(ast_print(arena, again), tree, "another tree:\n%s\n%s", text, formatted);
    const char *twice = ast_format(arena, again);
    cr_expect_str_eq(twice, formatted, "not stable:\n%s\nbecomes\n%s", formatted, twice);
}

Test(format, layout) {
    expect_format(
        "model  m{x=f( a,b =c )*-d.e [1] y',z=(x+1)  repeat 2{a=b}}\nlayer f(x:[T,2 * D],"
        "w : [T]index(V) , k=3)->[T-1],y:[]{x}",
        "model m {\n"
        "  x     = f(a, b = c) * -d.e[1]\n"
        "  y', z = (x + 1)\n"
        "  repeat 2 {\n"
        "    a = b\n"
        "  }\n"
        "}\n"
        "\n"
        "layer f(x: [T, 2*D], w: [T] index(V), k = 3) -> [T - 1], y: [] {\n"
        "  x\n"
        "}\n");
    expect_format("", "");
    expect_format("model m {\n\n}\n\n\n", "model m {}\n");
}

Test(format, comments_and_blank_lines) {
    expect_format(
        "#a  \n\n\n# b\nmodel m {# c\n\n # d\n  x = 3   #e\n\n\n\n  y = 4\n"
        "  z = f(1, # in\n        2)\n\n # f\n\n}  # g\n# h",
        "#a\n\n# b\n"
        "model m {  # c\n"
        "  # d\n"
        "  x = 3  #e\n"
        "\n"
        "  y = 4\n"
        "  z = f(1, # in\n"
        "        2)\n"
        "\n"
        "  # f\n"
        "}  # g\n"
        "\n"
        "# h\n");
    expect_format("model m {\n      z = f(1, # in\n        2) }",
                  "model m {\n  z = f(1, # in\n    2)\n}\n");
    expect_format("model m\n# why\n{ x = 3 # so\n}", "model m\n# why\n{\n  x = 3  # so\n}\n");
    expect_format("# only this", "# only this\n");
    expect_format("model m { train { a = 1 # one\n b = 2 } # two\n}",
                  "model m {\n  train {\n    a = 1  # one\n    b = 2\n  }  # two\n}\n");
}

Test(format, train_on_one_line_or_many) {
    expect_format("model m { train {a=1 b=2} }", "model m {\n  train { a = 1  b = 2 }\n}\n");
    expect_format("model m { train {a=1\nb=2} }",
                  "model m {\n  train {\n    a = 1\n    b = 2\n  }\n}\n");
    expect_format("model m { train { } }", "model m {\n  train {}\n}\n");
}

Test(format, long_lines) {
    expect_format(
        "model m { a_long_name = scan a_cell_of_some_kind(128) over another_long_name"
        " backward from h = another(name), c = 3 }",
        "model m {\n"
        "  a_long_name = scan a_cell_of_some_kind(128) over another_long_name backward\n"
        "                from h = another(name), c = 3\n"
        "}\n");
    const char *words = "a_word_of_twenty_four_x";
    expect_format(arena_printf(arena, "model m {\n    x = f(%s,\n          %s, %s, %s,  %s)\n}\n",
                               words, words, words, words, words),
                  arena_printf(arena, "model m {\n  x = f(%s,\n        %s, %s, %s,  %s)\n}\n",
                               words, words, words, words, words));
}

/* The same, for the statements of a model, with and without the spaces at the line starts. */
static void expect_body(const char *text, const char *expected) {
    Text body = text_new(arena);
    body.indent = 1;
    text_puts(&body, expected);
    expect_format(arena_printf(arena, "model m {\n%s\n}", text),
                  arena_printf(arena, "model m {\n%s}\n", text_string(&body)));
    expect_format(arena_printf(arena, "model m {\n%s}", expected),
                  arena_printf(arena, "model m {\n%s}\n", text_string(&body)));
}

Test(format, lets_are_aligned) {
    expect_body("x=1 abc = 2\nd, e' = 3",
                "x     = 1\n"
                "abc   = 2\n"
                "d, e' = 3\n");
    expect_body("x = 1\n\nabc = 2\n# so\nde = 3\nrepeat 2 { f = 1 ghi = 2 }\nj = 4\nf(x)\nkl = 5",
                "x = 1\n"
                "\n"
                "abc = 2\n"
                "# so\n"
                "de = 3\n"
                "repeat 2 {\n"
                "  f   = 1\n"
                "  ghi = 2\n"
                "}\n"
                "j = 4\n"
                "f(x)\n"
                "kl = 5\n");
}

Test(format, columns_are_aligned) {
    expect_body("target label:class(a,b) input text : words",
                "target label: class(a, b)\n"
                "input  text:  words\n");
    expect_body("input a: words\ninput bcd: words\nx = 1",
                "input a:   words\n"
                "input bcd: words\n"
                "x = 1\n");
    expect_body("target a: words", "target a: words\n");
}

Test(format, results_are_aligned) {
    expect_body("loss f(x) output a,b metric c,d",
                "loss   f(x)\n"
                "output a, b\n"
                "metric c, d\n");
    expect_body("loss  f(x)\n\nmetric  c", "loss f(x)\n\nmetric c\n");
}

Test(format, params_are_not_aligned) {
    expect_body("param a: [H], b: [] ~ ones param abc: [] state h:[H]",
                "param a: [H], b: []  ~ ones\n"
                "param abc: []\n"
                "state h: [H]\n");
}

Test(format, wide_gaps_end_a_run) {
    expect_body("a = 1\nbc = 2\na_name_of_twenty_six_chars = 3\na_name_of_2 = 4",
                "a  = 1\n"
                "bc = 2\n"
                "a_name_of_twenty_six_chars = 3\n"
                "a_name_of_2                = 4\n");
    expect_body("a = 1\na_name_of_25_letters_here = 3",
                "a                         = 1\n"
                "a_name_of_25_letters_here = 3\n");
}

/* What takes several lines is the last of its run, and its lines move along with its value. */
Test(format, broken_lines_end_a_run) {
    expect_body("abc = 1\nx = f(1, # in\n      2)\nde = 3\nf = 4",
                "abc = 1\n"
                "x   = f(1, # in\n"
                "        2)\n"
                "de = 3\n"
                "f  = 4\n");
    expect_body("abc = 1\nx =\n  f(1, # in\n      2)\nde = 3",
                "abc = 1\n"
                "x =\n"
                "  f(1, # in\n"
                "      2)\n"
                "de = 3\n");
    expect_body("loss f(1, # in\n       2)\noutput x", "loss f(1, # in\n       2)\noutput x\n");
    expect_body(
        "a_long_name = x\nname = scan a_cell_of_some_kind(128) over another_long_name"
        " backward from h = another(name), c = 3, d = 4\nb = 1",
        "a_long_name = x\n"
        "name        = scan a_cell_of_some_kind(128) over another_long_name backward\n"
        "              from h = another(name), c = 3, d = 4\n"
        "b = 1\n");
}

/* A line that fits only without padding is not padded. */
Test(format, padding_breaks_no_line) {
    const char *word = "a_word_of_forty_letters_xxxxxxxxxxxxxxxxx";
    expect_body(
        arena_printf(arena, "x = f(%s, %s)\nabcdefgh = 1\ny = 2", word, word),
        arena_printf(arena, "x        = f(%s, %s)\nabcdefgh = 1\ny        = 2\n", word, word));
    expect_body(
        arena_printf(arena, "x = f(%s, %s)\nabcdefghijklm = 1\ny = 2", word, word),
        arena_printf(arena, "x = f(%s, %s)\nabcdefghijklm = 1\ny             = 2\n", word, word));
}

Test(format, trailing_comments_are_aligned) {
    expect_body("x = 1 # a\nabc = f(x) # b\nloss x\noutput x # c\n\nmetric y, z # d",
                "x   = 1     # a\n"
                "abc = f(x)  # b\n"
                "loss   x\n"
                "output x  # c\n"
                "\n"
                "metric y, z  # d\n");
    expect_body("f(x) # a\nrepeat 2 { # b\ng(x, y, z) # c\nx # d\n} # e\nf(y) # f",
                "f(x)        # a\n"
                "repeat 2 {  # b\n"
                "  g(x, y, z)  # c\n"
                "  x           # d\n"
                "}     # e\n"
                "f(y)  # f\n");
    expect_body("f(x) # a\nf(a_name_of_25_letters_here_)  # b\nf(y)  # c",
                "f(x)  # a\n"
                "f(a_name_of_25_letters_here_)  # b\n"
                "f(y)  # c\n");
}

Test(format, settings_are_aligned) {
    expect_body("train {a=1  # one\nepochs = 22 b = 2 # two\n}",
                "train {\n"
                "  a      = 1  # one\n"
                "  epochs = 22\n"
                "  b      = 2  # two\n"
                "}\n");
}

static char *read_file(const char *path, size_t *length) {
    FILE *in = fopen(path, "rb");
    cr_assert(in, "%s", path);
    static char buffer[1 << 20];
    *length = fread(buffer, 1, sizeof buffer - 1, in);
    buffer[*length] = '\0';
    fclose(in);
    return buffer;
}

/* Formats every program below `folder`; gives their number. */
/* Programs that are wrong on purpose may be wrong for the parser, too. */
static bool cannot_be_parsed(const char *folder, const char *text) {
    if (!strstr(folder, "/tests/errors")) return false;
    parse_text(text);
    return diag_errors(diag) > 0;
}

static int format_folder(const char *folder) {
    DIR *dir = opendir(folder);
    int count = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *path = arena_printf(arena, "%s/%s", folder, entry->d_name);
        const char *end = strrchr(entry->d_name, '.');
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') count += format_folder(path);
        if (!end || strcmp(end, ".rondo")) continue;
        size_t length;
        const char *text = read_file(path, &length);
        if (cannot_be_parsed(folder, text)) continue;
        expect_format(text, NULL);
        count++;
    }
    if (dir) closedir(dir);
    return count;
}

Test(format, every_program_of_the_project) {
    format_folder(RONDO_SOURCE "/compiler/library");
    format_folder(RONDO_SOURCE "/examples");
    format_folder(RONDO_SOURCE "/tests");
}
