/* The syntax tree, just as the source has it: nothing is checked or resolved here. Names are
 * interned, so they compare by pointer. Every node keeps the span of its source. */
#ifndef RONDO_AST_H
#define RONDO_AST_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/intern.h"
#include "base/vec.h"

typedef struct Expr Expr;
typedef struct Stmt Stmt;

typedef VEC(Expr *) ExprList;
typedef VEC(Stmt *) StmtList;

/* What the parser allows, so that no pass over a tree can run out of stack. */
enum { EXPR_DEPTH = 500, BODY_DEPTH = 50 };

typedef enum {
    EXPR_NUMBER, /* 0.001                    number */
    EXPR_STRING, /* "[a-z]+"                 name, with its quotes and as written between them */
    EXPR_NAME,   /* x                        name */
    EXPR_NEXT,   /* c'                       name (without the prime): the state's next value */
    EXPR_FIELD,  /* forward.final            left . name */
    EXPR_INDEX,  /* weight[word]             left [ args ] */
    EXPR_CALL,   /* lstm(128, act = tanh)    left ( args ); a named argument is an EXPR_NAMED */
    EXPR_LIST,   /* (1, 2.5)                 ( args ), two at least */
    EXPR_NAMED,  /* act = tanh               name = right; only inside EXPR_CALL and `from` */
    EXPR_UNARY,  /* -x                       op right */
    EXPR_BINARY, /* a @ b                    left op right; op is the interned operator: + - * / @
                  */
    EXPR_SCAN,   /* scan CALL over X [backward] [from inits] [as marks]    left = CALL, right = X,
                  * args = inits */
    EXPR_STEP,   /* step CALL on X [from inits] [as marks]                 the same */
} ExprKind;

struct Expr {
    ExprKind kind;
    Span span;
    Span op_span; /* the operator, the field's name, the keyword */
    double number;
    const char *digits; /* EXPR_NUMBER: as written */
    const char *name;   /* names, fields; the operator of UNARY and BINARY */
    Expr *left, *right;
    ExprList args;
    ExprList marks; /* EXPR_NAMEs */
    int depth;      /* nodes on the longest way down; the parser allows EXPR_DEPTH */
    bool backward;
    bool parenthesized; /* so that `rondo fmt` keeps what the author wrote */
};

/* `[T, 2*H]`; present is false where no shape was written. */
typedef struct {
    bool present;
    Span span;
    ExprList dims;
} Shape;

/* A declared name: a parameter of a layer, a state, a param, a result. */
typedef struct {
    const char *name;
    Span span;           /* of the name */
    Shape shape;         /* x: [T, D]; absent for plain numbers (H) and functions (act) */
    Expr *index_range;   /* word: index(V): V, else NULL; the shape's dims are then leading axes */
    Expr *default_value; /* act = tanh, else NULL */
} Decl;

typedef VEC(Decl) DeclList;

/* `name: words(max_vocab = 20000)` */
typedef struct {
    const char *name;
    Span span;
    Expr *type; /* an EXPR_CALL or EXPR_NAME; its args as in calls */
} Column;

/* `rate = 0.001` in train { } */
typedef struct {
    const char *name;
    Span span;
    Expr *value;
} Setting;

typedef struct {
    const char *name;
    bool next; /* c' */
    Span span;
} Target;

typedef VEC(Setting) SettingList;
typedef VEC(Target) TargetList;

typedef enum {
    STMT_INPUT,  /* input  text: words(…)                            column */
    STMT_TARGET, /* target label: class(a, b)                        column */
    STMT_PARAM,  /* param a: [H], b: [H, I] ~ uniform(1 / sqrt(H))   decls, value (the call) or NULL
                  */
    STMT_STATE,  /* state h: [H], c: [H]                             decls */
    STMT_LET,    /* a, b = value and h' = value                      targets, value */
    STMT_EXPR,   /* value: the result of a layer                     value */
    STMT_LOSS,   /* loss value over weight                           value, weight or NULL */
    STMT_OUTPUT, /* output value, value                              values */
    STMT_METRIC, /* metric accuracy, f1                              names */
    STMT_GENERATE, /* generate y from value                          names, value */
    STMT_DECODE,   /* decode y from value, blank = 0                 names, value, settings */
    STMT_TRAIN,    /* train { optimizer = adam(rate = 0.001) }         settings */
    STMT_REPEAT,   /* repeat 4 { … }                                   value, body */
} StmtKind;

struct Stmt {
    StmtKind kind;
    Span span;
    Span keyword;
    Column column;
    DeclList decls;
    TargetList targets;
    Expr *value, *weight;
    ExprList values;
    TargetList names;
    SettingList settings;
    StmtList body;
};

typedef enum { ITEM_MODEL, ITEM_LAYER, ITEM_CELL } ItemKind;

/* model NAME { … } · layer NAME(params) [-> results] { … } · cell NAME(params) { … } */
typedef struct {
    ItemKind kind;
    const char *name;
    Span span, name_span;
    DeclList params;
    DeclList results; /* -> context: [D], weights: [T]; one without a name: name == NULL */
    StmtList body;
} Item;

/* A comment, for `rondo fmt`: the text from # to the end of the line. */
typedef struct {
    Span span;
    const char *text;
    bool own_line; /* nothing but spaces stands before it */
} Comment;

typedef struct {
    const Source *source;
    VEC(Item *) items;
    VEC(Comment) comments;
} File;

/* Parses `source`. Syntax errors go to `diag`, one for each wrong statement; what could be parsed
 * is returned all the same. Never NULL. The source must outlive the result. */
File *parse(Arena *arena, Intern *names, const Source *source, Diag *diag);

/* The file in canonical form (`rondo fmt`): comments kept, blank lines between statements kept as
 * one. Parsing the result gives the same tree. */
const char *ast_format(Arena *arena, const File *file);

/* The tree, one node a line, for `rondo emit --stage=ast`. */
const char *ast_print(Arena *arena, const File *file);

#endif
