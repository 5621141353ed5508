#include "op/op.h"

#include <math.h>
#include <string.h>

const OpInfo op_info[OP_COUNT] = {
#define OP(id, name, in, class, surface, shape, grad, value, vector) \
    {name, in, OP_##class, surface, vector},
#include "op/ops.def"
#undef OP
};

Op op_by_name(const char *name) {
    for (int op = 0; op < OP_COUNT; op++)
        if (strcmp(op_info[op].name, name) == 0) return (Op)op;
    return OP_COUNT;
}

Op op_by_surface(const char *surface, int in) {
    for (int op = 0; op < OP_COUNT; op++)
        if (op_info[op].in == in && strcmp(op_info[op].surface, surface) == 0) return (Op)op;
    return OP_COUNT;
}

double op_value(Op op, double a, double b, double c) {
    (void)a, (void)b, (void)c;
    switch (op) {
#define OP(id, name, in, class, surface, shape, grad, value, vector) \
    case OP_##id:                                                    \
        return value;
#include "op/ops.def"
#undef OP
        default:
            return 0;
    }
}
