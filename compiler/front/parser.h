/* What the scanner, the grammar and the parser's driver share. Private to `front`.
 *
 * A file is scanned into tokens first and parsed after that. So a message about a syntax error can
 * look at everything around the mistake, and parsing can resume at the next statement. */
#ifndef RONDO_PARSER_H
#define RONDO_PARSER_H

#include "front/ast.h"

typedef struct {
    int kind; /* a token of the grammar; 0 at the end of the file */
    Span span;
    const char *text; /* interned, as written; a PRIMED name without its prime */
    int close;        /* of ( [ {: the index of what closes it, or -1 */
    int strays;       /* how many characters of no token stand before it in the file */
    bool first;       /* nothing stands before it on its line */
} Token;

typedef VEC(Token) TokenList;
typedef VEC(int) IndexList;

typedef struct {
    Arena *arena;
    Intern *names;
    const Source *source;
    Diag *diag;
    File *file;
    TokenList tokens;

    Span at;               /* the scanner's place: what it matched last */
    IndexList stray_lines; /* lines with characters that belong to no token, ascending */

    int current;       /* the token that the grammar looks at */
    bool started;      /* `current` was given to the grammar */
    bool inserted;     /* it was given a '}' that the file lacks, before `current` */
    bool in_header;    /* between `layer` and its '{' */
    bool recovering;   /* the next token is a RECOVER: skip to where parsing can resume */
    int resume;        /* skip no token before this one */
    int last_recovery; /* where parsing resumed last, or -1 */
    int last_closed;   /* the '}' that ended the last item, or -1 */
    IndexList open;    /* the brackets that are open, outermost first */
    Expr *too_deep;    /* the leaf that stands for the last expression that was too deep */
    int reports;       /* syntax errors so far */
    bool stopped;      /* nested too deeply or too many errors: no more reports, no more tokens */
} Parser;

/* The tokens that the grammar would accept, by kind. */
enum { TOKEN_KINDS = 512 };
typedef struct {
    bool token[TOKEN_KINDS];
} Expected;

/* ---- parse.c ---- */

/* The next token for the grammar: of the file, a '}' that it lacks, or a RECOVER. */
Token parser_next(Parser *p);

/* Appends a token of the scanner's, whose place is p->at. */
void parser_token(Parser *p, int kind, const char *text, size_t length);

/* Moves p->at over the text that the scanner matched. */
void parser_advance(Parser *p, const char *text, size_t length);

void parser_comment(Parser *p, const char *text, size_t length);

/* Reports text that belongs to no token, at p->at, with a hint unless NULL. */
void parser_stray(Parser *p, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports a character that starts no token; `text` has `length` bytes. */
void parser_stray_char(Parser *p, const char *text, size_t length);

/* Whether one more syntax error may be reported; counts it. */
bool parser_may_report(Parser *p);

/* The grammar ran out of stack. */
void parser_too_deep(Parser *p);

/* Puts the '{' that a header lacks in front of the current token. */
void parser_insert_brace(Parser *p, Span where);

/* Whether the token can begin an item (model, layer, cell) or a statement on a line of its own. */
bool starts_item(const Parser *p, int index);
bool starts_stmt(const Parser *p, int index);

/* ---- syntax_error.c ---- */

/* Reports that the grammar cannot go on at p->current, and says where to resume. */
void syntax_error(Parser *p, const Expected *expected);

/* ---- ast.c: the constructors that the grammar's actions call ---- */

Expr *expr_number(Parser *p, Span span, const char *digits);
Expr *expr_name(Parser *p, Span span, ExprKind kind, const char *name);
Expr *expr_field(Parser *p, Span span, Expr *left, Span name_span, const char *name);
Expr *expr_apply(Parser *p, Span span, ExprKind kind, Expr *left, ExprList args);
Expr *expr_list(Parser *p, Span span, ExprList args);
Expr *expr_named(Parser *p, Span span, Span name_span, const char *name, Expr *value);
Expr *expr_operator(Parser *p, Span span, Expr *left, Span op_span, const char *op, Expr *right);
Expr *expr_loop(Parser *p, Span span, ExprKind kind, Span keyword, Expr *call, Expr *over,
                ExprList inits);
Expr *expr_parens(Span span, Expr *inner);
Stmt *stmt_new(Parser *p, Span span, StmtKind kind, Span keyword);
Item *item_new(Parser *p, Span span, ItemKind kind, Span name_span, const char *name);

/* The declaration of `: [shape] index(range)`; `word` must be "index", or an error is reported. */
Decl decl_index(Parser *p, Span word_span, const char *word, Shape shape, Expr *range);

/* The grammar's entry and its source of tokens. */
int rondo_parse(Parser *p);

#endif
