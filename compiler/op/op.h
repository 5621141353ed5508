/* The ops, from the table in ops.def. */
#ifndef RONDO_OP_H
#define RONDO_OP_H

typedef enum {
#define OP(id, name, in, class, surface, shape, grad, value, vector) OP_##id,
#include "op/ops.def"
#undef OP
    OP_COUNT
} Op;

typedef enum { OP_LEAF, OP_ELEMENTWISE, OP_SHAPE, OP_REDUCE, OP_TIME } OpClass;

typedef struct {
    const char *name;
    int in; /* number of operands, -1 for any */
    OpClass class;
    const char *surface;
    const char *vector;
} OpInfo;

extern const OpInfo op_info[OP_COUNT];

/* The op whose printed name is `name`, or OP_COUNT. */
Op op_by_name(const char *name);

/* The op that the language calls `surface` with `in` operands, or OP_COUNT. */
Op op_by_surface(const char *surface, int in);

/* What an ELEMENTWISE op gives for the numbers a, b, c: the `value` column. */
double op_value(Op op, double a, double b, double c);

#endif
