/* The grammar of Rondo. Newlines separate nothing: a statement starts with a keyword or a name, and
 * no expression follows another, so none is needed. (A statement that starts with '(' or '-' would
 * continue the expression before it; LOW below decides so.) Actions only construct; what the tree
 * means is checked in elaborate.
 *
 * After a syntax error the driver skips to where a statement, a setting or an item starts and gives
 * a RECOVER there, or a RECOVER_BODY where the braces of the wrong statement follow. */
%require "3.6"
%define api.pure full
%define api.prefix {rondo_}
%define api.location.type {Span}
%define parse.error custom
%define parse.lac full
%locations
%param {Parser *p}
%expect 0

%code requires {
#include "front/parser.h"
}

%code {
static int rondo_lex(RONDO_STYPE *value, Span *where, Parser *p);
static void rondo_error(const Span *where, Parser *p, const char *message);

#define YYLLOC_DEFAULT(current, rhs, n)                                              \
    do {                                                                             \
        if (n)                                                                       \
            (current) = span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n));               \
        else                                                                         \
            (current) = span_after(YYRHSLOC(rhs, 0));                                \
    } while (0)

/* The empty span behind `span`. */
static Span span_after(Span span) {
    span.line = span.end_line;
    span.column = span.end_column;
    return span;
}
}

%initial-action { @$ = (Span){p->source, 1, 1, 1, 1}; }

%union {
    const char *text;
    Expr *expr;
    ExprList exprs;
    Shape shape;
    Decl decl;
    DeclList decls;
    Column column;
    Target target;
    TargetList targets;
    Setting setting;
    SettingList settings;
    Stmt *stmt;
    StmtList stmts;
    Item *item;
    bool flag;
}

%token <text> NAME PRIMED NUMBER STRING
%token <text> MODEL LAYER CELL INPUT TARGET PARAM STATE LOSS OUTPUT METRIC GENERATE DECODE TRAIN
%token <text> REPEAT SCAN STEP OVER ON FROM BACKWARD AS
%token ARROW RECOVER RECOVER_BODY

%type <item> item
%type <decls> params param_list results result_list decls states
%type <decl> param param_type result decl state
%type <shape> shape
%type <stmts> stmts
%type <stmt> stmt
%type <column> column
%type <target> target name
%type <targets> targets names
%type <settings> settings named
%type <setting> setting
%type <expr> column_type call rhs expr postfix primary arg init default prior
%type <exprs> args arg_list exprs expr_list several inits init_list marks mark_list
%type <text> word keyword
%type <flag> backward

%precedence LOW
%left '+' '-'
%left '*' '/' '@'
%precedence UNARY
%precedence '('

%%

file: items ;

items:
    %empty
  | items item                          { if ($2) vec_push(p->arena, &p->file->items, $2); }
  ;

item:
    MODEL NAME '{' stmts '}'            { $$ = item_new(p, @$, ITEM_MODEL, @2, $2); $$->body = $4; }
  | LAYER NAME '(' params ')' results '{' stmts '}' {
        $$ = item_new(p, @$, ITEM_LAYER, @2, $2);
        $$->params = $4;
        $$->results = $6;
        $$->body = $8;
    }
  | CELL NAME '(' params ')' '{' stmts '}' {
        $$ = item_new(p, @$, ITEM_CELL, @2, $2);
        $$->params = $4;
        $$->body = $7;
    }
  | error RECOVER                       { $$ = NULL; yyerrok; }
  | wrong_header '{' stmts '}'          { $$ = NULL; }
  ;

wrong_header: error RECOVER_BODY        { yyerrok; } ;

params:
    %empty                              { $$ = (DeclList){0}; }
  | param_list
  ;

param_list:
    param                               { $$ = (DeclList){0}; vec_push(p->arena, &$$, $1); }
  | param_list ',' param                { $$ = $1; vec_push(p->arena, &$$, $3); }
  ;

param:
    NAME param_type default {
        $$ = $2;
        $$.name = $1;
        $$.span = @1;
        $$.default_value = $3;
    }
  ;

param_type:
    %empty                              { $$ = (Decl){0}; }
  | ':' shape                           { $$ = (Decl){.shape = $2}; }
  | ':' shape NAME '(' expr ')'         { $$ = decl_index(p, @3, $3, $2, $5); }
  | ':' NAME '(' expr ')'               { $$ = decl_index(p, @2, $2, (Shape){0}, $4); }
  ;

default:
    %empty                              { $$ = NULL; }
  | '=' expr                            { $$ = $2; }
  ;

results:
    %empty                              { $$ = (DeclList){0}; }
  | ARROW result_list                   { $$ = $2; }
  ;

result_list:
    result                              { $$ = (DeclList){0}; vec_push(p->arena, &$$, $1); }
  | result_list ',' result              { $$ = $1; vec_push(p->arena, &$$, $3); }
  ;

result:
    shape                               { $$ = (Decl){.span = @1, .shape = $1}; }
  | state
  | NAME ':' shape NAME '(' expr ')' {
        $$ = decl_index(p, @4, $4, $3, $6);
        $$.name = $1;
        $$.span = @1;
    }
  ;

shape: '[' exprs ']'                    { $$ = (Shape){true, @$, $2}; } ;

decl: NAME ':' shape                    { $$ = (Decl){.name = $1, .span = @1, .shape = $3}; } ;

decls:
    decl                                { $$ = (DeclList){0}; vec_push(p->arena, &$$, $1); }
  | decls ',' decl                      { $$ = $1; vec_push(p->arena, &$$, $3); }
  ;

state:
    decl
  | NAME ':' NAME '(' expr ')' {
        $$ = decl_index(p, @3, $3, (Shape){0}, $5);
        $$.name = $1;
        $$.span = @1;
    }
  ;

states:
    state                               { $$ = (DeclList){0}; vec_push(p->arena, &$$, $1); }
  | states ',' state                    { $$ = $1; vec_push(p->arena, &$$, $3); }
  ;

stmts:
    %empty                              { $$ = (StmtList){0}; }
  | stmts stmt                          { $$ = $1; if ($2) vec_push(p->arena, &$$, $2); }
  ;

stmt:
    INPUT column                        { $$ = stmt_new(p, @$, STMT_INPUT, @1); $$->column = $2; }
  | TARGET column                       { $$ = stmt_new(p, @$, STMT_TARGET, @1); $$->column = $2; }
  | PARAM decls prior {
        $$ = stmt_new(p, @$, STMT_PARAM, @1);
        $$->decls = $2;
        $$->value = $3;
    }
  | STATE states                        { $$ = stmt_new(p, @$, STMT_STATE, @1); $$->decls = $2; }
  | targets '=' rhs {
        $$ = stmt_new(p, @$, STMT_LET, @2);
        $$->targets = $1;
        $$->value = $3;
    }
  | rhs                                 { $$ = stmt_new(p, @$, STMT_EXPR, @1); $$->value = $1; }
  | LOSS rhs                            { $$ = stmt_new(p, @$, STMT_LOSS, @1); $$->value = $2; }
  | LOSS expr OVER expr       %prec LOW {
        $$ = stmt_new(p, @$, STMT_LOSS, @1);
        $$->value = $2;
        $$->weight = $4;
    }
  | OUTPUT expr_list                    { $$ = stmt_new(p, @$, STMT_OUTPUT, @1); $$->values = $2; }
  | METRIC names                        { $$ = stmt_new(p, @$, STMT_METRIC, @1); $$->names = $2; }
  | GENERATE NAME FROM expr   %prec LOW {
        $$ = stmt_new(p, @$, STMT_GENERATE, @1);
        vec_push(p->arena, &$$->names, (Target){$2, false, @2});
        $$->value = $4;
    }
  | DECODE NAME FROM expr named {
        $$ = stmt_new(p, @$, STMT_DECODE, @1);
        vec_push(p->arena, &$$->names, (Target){$2, false, @2});
        $$->value = $4;
        $$->settings = $5;
    }
  | TRAIN '{' settings '}'              { $$ = stmt_new(p, @$, STMT_TRAIN, @1); $$->settings = $3; }
  | REPEAT expr '{' stmts '}' {
        $$ = stmt_new(p, @$, STMT_REPEAT, @1);
        $$->value = $2;
        $$->body = $4;
    }
  | error RECOVER                       { $$ = NULL; yyerrok; }
  | wrong_header '{' stmts '}'          { $$ = NULL; }
  ;

column: NAME ':' column_type            { $$ = (Column){$1, @1, $3}; } ;

column_type:
    NAME                      %prec LOW { $$ = expr_name(p, @1, EXPR_NAME, $1); }
  | call
  | NAME '[' args ']' {
        $$ = expr_apply(p, @$, EXPR_INDEX, expr_name(p, @1, EXPR_NAME, $1), $3);
    }
  ;

prior:
    %empty                              { $$ = NULL; }
  | '~' expr                  %prec LOW { $$ = $2; }
  ;

targets:
    target                              { $$ = (TargetList){0}; vec_push(p->arena, &$$, $1); }
  | targets ',' target                  { $$ = $1; vec_push(p->arena, &$$, $3); }
  ;

target:
    name
  | PRIMED                              { $$ = (Target){$1, true, @1}; }
  ;

names:
    name                                { $$ = (TargetList){0}; vec_push(p->arena, &$$, $1); }
  | names ',' name                      { $$ = $1; vec_push(p->arena, &$$, $3); }
  ;

name: NAME                              { $$ = (Target){$1, false, @1}; } ;

settings:
    %empty                              { $$ = (SettingList){0}; }
  | settings setting                    { $$ = $1; if ($2.name) vec_push(p->arena, &$$, $2); }
  ;

setting:
    NAME '=' expr                       { $$ = (Setting){$1, @1, $3}; }
  | error RECOVER                       { $$ = (Setting){0}; yyerrok; }
  ;

named:
    %empty                    %prec LOW { $$ = (SettingList){0}; }
  | named ',' NAME '=' expr   %prec LOW {
        $$ = $1;
        vec_push(p->arena, &$$, ((Setting){$3, @3, $5}));
    }
  ;

rhs:
    expr                      %prec LOW
  | SCAN call OVER expr backward inits marks {
        $$ = expr_loop(p, @$, EXPR_SCAN, @1, $2, $4, $6);
        $$->backward = $5;
        $$->marks = $7;
    }
  | STEP call ON expr inits marks {
        $$ = expr_loop(p, @$, EXPR_STEP, @1, $2, $4, $5);
        $$->marks = $6;
    }
  ;

call:
    NAME '(' args ')' {
        $$ = expr_apply(p, @$, EXPR_CALL, expr_name(p, @1, EXPR_NAME, $1), $3);
    }
  ;

backward:
    %empty                    %prec LOW { $$ = false; }
  | BACKWARD                            { $$ = true; }
  ;

inits:
    %empty                    %prec LOW { $$ = (ExprList){0}; }
  | FROM init_list                      { $$ = $2; }
  ;

init_list:
    init                                { $$ = (ExprList){0}; vec_push(p->arena, &$$, $1); }
  | init_list ',' init                  { $$ = $1; vec_push(p->arena, &$$, $3); }
  ;

init:
    expr                      %prec LOW
  | NAME '=' expr             %prec LOW { $$ = expr_named(p, @$, @1, $1, $3); }
  ;

marks:
    %empty                    %prec LOW { $$ = (ExprList){0}; }
  | AS mark_list                        { $$ = $2; }
  ;

mark_list:
    NAME                                { $$ = (ExprList){0}; vec_push(p->arena, &$$, expr_name(p, @1, EXPR_NAME, $1)); }
  | mark_list ',' NAME                  { $$ = $1; vec_push(p->arena, &$$, expr_name(p, @3, EXPR_NAME, $3)); }
  ;

exprs:
    %empty                              { $$ = (ExprList){0}; }
  | expr_list
  ;

expr_list:
    expr                      %prec LOW { $$ = (ExprList){0}; vec_push(p->arena, &$$, $1); }
  | expr_list ',' expr        %prec LOW { $$ = $1; vec_push(p->arena, &$$, $3); }
  ;

expr:
    postfix                   %prec LOW
  | '-' expr                %prec UNARY { $$ = expr_operator(p, @$, NULL, @1, "-", $2); }
  | expr '+' expr                       { $$ = expr_operator(p, @$, $1, @2, "+", $3); }
  | expr '-' expr                       { $$ = expr_operator(p, @$, $1, @2, "-", $3); }
  | expr '*' expr                       { $$ = expr_operator(p, @$, $1, @2, "*", $3); }
  | expr '/' expr                       { $$ = expr_operator(p, @$, $1, @2, "/", $3); }
  | expr '@' expr                       { $$ = expr_operator(p, @$, $1, @2, "@", $3); }
  ;

postfix:
    primary
  | postfix '.' word                    { $$ = expr_field(p, @$, $1, @3, $3); }
  | postfix '(' args ')'                { $$ = expr_apply(p, @$, EXPR_CALL, $1, $3); }
  | postfix '[' args ']'                { $$ = expr_apply(p, @$, EXPR_INDEX, $1, $3); }
  ;

primary:
    NUMBER                              { $$ = expr_number(p, @1, $1); }
  | STRING                              { $$ = expr_name(p, @1, EXPR_STRING, $1); }
  | NAME                                { $$ = expr_name(p, @1, EXPR_NAME, $1); }
  | PRIMED                              { $$ = expr_name(p, @1, EXPR_NEXT, $1); }
  | '(' rhs ')'                         { $$ = expr_parens(@$, $2); }
  | '(' several ')'                     { $$ = expr_list(p, @$, $2); }
  ;

several:
    expr ',' expr {
        $$ = (ExprList){0};
        vec_push(p->arena, &$$, $1);
        vec_push(p->arena, &$$, $3);
    }
  | several ',' expr                    { $$ = $1; vec_push(p->arena, &$$, $3); }
  ;

args:
    %empty                              { $$ = (ExprList){0}; }
  | arg_list
  ;

arg_list:
    arg                                 { $$ = (ExprList){0}; vec_push(p->arena, &$$, $1); }
  | arg_list ',' arg                    { $$ = $1; vec_push(p->arena, &$$, $3); }
  ;

arg:
    expr
  | word '=' expr                       { $$ = expr_named(p, @$, @1, $1, $3); }
  ;

word: NAME | keyword ;

keyword:
    MODEL | LAYER | CELL | INPUT | TARGET | PARAM | STATE | LOSS | OUTPUT | METRIC
  | GENERATE | DECODE | TRAIN | REPEAT | SCAN | STEP | OVER | ON | FROM | BACKWARD | AS
  ;

%%

/* Gives the grammar the driver's next token. */
static int rondo_lex(RONDO_STYPE *value, Span *where, Parser *p) {
    Token token = parser_next(p);
    value->text = token.text;
    *where = token.span;
    return token.kind;
}

/* Only called when the stack is exhausted: syntax errors come below. */
static void rondo_error(const Span *where, Parser *p, const char *message) {
    (void)where, (void)message;
    parser_too_deep(p);
}

/* Hands the tokens that were expected to the driver, by their kinds. */
static int yyreport_syntax_error(const yypcontext_t *context, Parser *p) {
    yysymbol_kind_t symbols[YYNTOKENS];
    int count = yypcontext_expected_tokens(context, symbols, YYNTOKENS);
    Expected expected = {0};
    for (int kind = 0; kind <= RECOVER_BODY; kind++)
        for (int i = 0; i < count; i++)
            if (YYTRANSLATE(kind) == symbols[i]) expected.token[kind] = true;
    if (count < 0) return count;
    syntax_error(p, &expected);
    return 0;
}
