/* How `rondo fmt` writes a statement: in cells, and those of a run of lines stand under each other.
 */
#ifndef RONDO_AST_LAYOUT_H
#define RONDO_AST_LAYOUT_H

#include "front/ast.h"

enum { INDENT = 2 };

/* Only statements of one kind stand in a run together. */
typedef enum { RUN_NONE, RUN_COLUMNS, RUN_LETS, RUN_RESULTS } RunKind;

typedef struct {
    RunKind run;
    const char *keyword; /* the first cell, or "" */
    const char *name;    /* the second one: what stands in front of the sign, or "" */
    const char *sign;
    const char *value;
    Span at; /* of the value */
    /* A long line breaks in front of its tail, which is "" where there is none. */
    const char *gap, *tail;
    int tail_pad; /* how far in the tail then stands; less than 0: under the value */
} Row;

typedef struct {
    int keyword, name;
} Widths;

/* The cells of a statement without a block. */
Row row_of(Arena *arena, const Stmt *stmt);

Widths row_widths(const Row *row);

/* What stands in front of the value, the cells padded to `widths`. */
const char *row_head(Arena *arena, const Row *row, Widths widths);

/* All of the row on one line. */
const char *row_line(Arena *arena, const Row *row, Widths widths);

/* The row on two lines; "" when it has no tail. */
const char *row_broken(Arena *arena, const Row *row, Widths widths);

/* train { a = 1  b = 2 } */
const char *train_line(Arena *arena, const SettingList *settings);

/* The headers of blocks, up to their '{'. */
const char *repeat_header(Arena *arena, const Stmt *stmt);
const char *item_header(Arena *arena, const Item *item);

#endif
