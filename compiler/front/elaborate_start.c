/* What a parameter starts from: `~ uniform(1 / sqrt(H))`, `~ kaiming_normal(mode = fan_out)`. The
 * distributions are those of torch.nn.init. */
#include <math.h>
#include <string.h>

#include "front/elaborator.h"

enum { MAX_ARGS = 2 };

/* The arguments in their order; NULL behind the last. */
static const struct Row {
    const char *name, *args[MAX_ARGS];
    double value[MAX_ARGS]; /* of arguments that are not given; NAN: one must be */
    Start start;            /* spread: what the argument is multiplied with */
} rows[] = {
    {"uniform", {"low", "high"}, {NAN, NAN}, {INIT_UNIFORM, 0, 1, 0, 0}},
    {"normal", {"mean", "deviation"}, {NAN, NAN}, {INIT_NORMAL, 0, 1, 0, 0}},
    {"constant", {"value", NULL}, {NAN, 0}, {INIT_CONSTANT, 0, 0, 0, 0}},
    {"zeros", {NULL, NULL}, {0, 0}, {INIT_CONSTANT, 0, 0, 0, 0}},
    {"ones", {NULL, NULL}, {0, 0}, {INIT_CONSTANT, 1, 0, 0, 0}},
    {"xavier_uniform",
     {"gain", NULL},
     {1, 0},
     {INIT_UNIFORM, 0, 2.449489742783178, FAN_IN | FAN_OUT, 0}},
    {"xavier_normal",
     {"gain", NULL},
     {1, 0},
     {INIT_NORMAL, 0, 1.4142135623730951, FAN_IN | FAN_OUT, 0}},
    {"kaiming_uniform", {"a", "mode"}, {0, FAN_IN}, {INIT_UNIFORM, 0, 1.7320508075688772, 0, 0}},
    {"kaiming_normal", {"a", "mode"}, {0, FAN_IN}, {INIT_NORMAL, 0, 1, 0, 0}},
    {"orthogonal", {"gain", NULL}, {1, 0}, {INIT_ORTHOGONAL, 0, 1, 0, 0}},
};

typedef struct Row Row;

enum { ROWS = sizeof rows / sizeof *rows };

static const Row *find_row(Elaborator *e, const Expr *expr) {
    const char *name = expr->kind == EXPR_NAME ? expr->name : NULL, *names[ROWS];
    for (int i = 0; i < ROWS; i++) {
        names[i] = rows[i].name;
        if (name && strcmp(name, names[i]) == 0) return &rows[i];
    }
    if (!name) {
        fail(e, expr->span, "a parameter starts from a distribution, such as uniform(0.1)");
        return NULL;
    }
    fail(e, expr->span, "unknown distribution '%s'", name);
    hint_nearest(e, name, names, ROWS);
    const char *list = names[0];
    for (int i = 1; i < ROWS; i++) list = arena_printf(e->arena, "%s, %s", list, names[i]);
    advise(e, "there are %s", list);
    return NULL;
}

/* ---- arguments ---- */

static bool eval_mode(Elaborator *e, const Expr *expr, double *value) {
    const char *name = expr->kind == EXPR_NAME ? expr->name : "";
    bool in = strcmp(name, "fan_in") == 0;
    if (!in && strcmp(name, "fan_out") != 0) {
        fail(e, expr->span, "mode must be fan_in or fan_out, this is '%s'",
             span_text(e, expr->span));
        return false;
    }
    *value = in ? FAN_IN : FAN_OUT;
    return true;
}

/* The place of an argument; -1 after an error. */
static int place_of(Elaborator *e, const Row *row, const Expr *arg, int position) {
    const char *names[MAX_ARGS + 1];
    int count = 0;
    for (; count < MAX_ARGS && row->args[count]; count++) names[count] = row->args[count];
    if (arg->kind != EXPR_NAMED && position < count) return position;
    for (int i = 0; arg->kind == EXPR_NAMED && i < count; i++)
        if (strcmp(names[i], arg->name) == 0) return i;
    if (arg->kind == EXPR_NAMED) {
        fail(e, arg->op_span, "'%s' has no argument '%s'", row->name, arg->name);
        hint_nearest(e, arg->name, names, count);
    } else {
        fail(e, arg->span, "'%s' takes %s", row->name,
             count == 0   ? "no argument"
             : count == 1 ? "one argument"
                          : "at most two arguments");
    }
    return -1;
}

/* Fills value[MAX_ARGS]; NAN: not given. */
static bool eval_args(Elaborator *e, const Row *row, const Expr *expr, double *value) {
    int count = expr->kind == EXPR_CALL ? expr->args.len : 0;
    for (int i = 0; i < MAX_ARGS; i++) value[i] = NAN;
    for (int i = 0; i < count; i++) {
        const Expr *arg = expr->args.at[i];
        int place = place_of(e, row, arg, i);
        if (place < 0) return false;
        if (!isnan(value[place])) {
            fail(e, arg->span, "'%s' is given twice", row->args[place]);
            return false;
        }
        if (arg->kind == EXPR_NAMED) arg = arg->right;
        bool good = strcmp(row->args[place], "mode") == 0
                        ? eval_mode(e, arg, &value[place])
                        : eval_real(e, arg, "an argument of a distribution", &value[place]);
        if (!good) return false;
    }
    return true;
}

/* A single number is the limit of uniform, the deviation of normal; defaults for what lacks. */
static bool complete(Elaborator *e, const Row *row, const Expr *expr, double *value) {
    bool pair = row->args[1] && isnan(row->value[1]);
    if (pair && !isnan(value[0]) && isnan(value[1])) {
        value[1] = value[0];
        value[0] = row->start.kind == INIT_UNIFORM ? -value[1] : 0;
    }
    if (pair && isnan(value[0]) && row->start.kind == INIT_NORMAL) value[0] = 0;
    for (int i = 0; i < MAX_ARGS && row->args[i]; i++) {
        if (isnan(value[i])) value[i] = row->value[i];
        if (!isnan(value[i])) continue;
        fail(e, expr->span, "'%s' needs %s", row->name,
             !pair                             ? "a number"
             : row->start.kind == INIT_UNIFORM ? "its limit, or low and high"
                                               : "its deviation, or mean and deviation");
        return false;
    }
    return true;
}

bool eval_start(Elaborator *e, const Expr *expr, Start *start) {
    double value[MAX_ARGS];
    const Row *row = find_row(e, expr->kind == EXPR_CALL ? expr->left : expr);
    if (!row || !eval_args(e, row, expr, value) || !complete(e, row, expr, value)) return false;
    *start = row->start;
    if (start->kind == INIT_CONSTANT) {
        if (row->args[0]) start->center = value[0];
        return true;
    }
    bool pair = row->args[1] && isnan(row->value[1]), uniform = start->kind == INIT_UNIFORM;
    if (pair) {
        start->center = uniform ? (value[0] + value[1]) / 2 : value[0];
        start->spread = uniform ? (value[1] - value[0]) / 2 : value[1];
    } else if (row->args[1]) { /* kaiming: the gain of a leaky ReLU of slope a */
        start->spread *= sqrt(2 / (1 + value[0] * value[0]));
        start->fans = (int)value[1];
    } else {
        start->spread *= value[0];
    }
    if (start->spread >= 0) return true;
    fail(e, expr->span, "the spread of a distribution cannot be negative, this is %g",
         start->spread);
    return false;
}

/* ---- for a parameter ---- */

/* uniform(1 / sqrt(size of the last axis)) */
static bool default_start(Elaborator *e, const Decl *decl, const Type *type, Start *start) {
    Dim last = type->rank ? type->dim[type->rank - 1] : dim_const(1);
    if (last.sym) {
        fail(e, decl->span, "parameter '%s' needs a distribution: its last axis is %s", decl->name,
             dim_text(e, last));
        advise(e, "write '~ normal(1)' behind it");
        return false;
    }
    *start = (Start){INIT_UNIFORM, 0, 1 / sqrt(last.add), 0, 0};
    return true;
}

bool start_for(Elaborator *e, const Decl *decl, const Type *type, const Start *given,
               Start *start) {
    if (!given) return default_start(e, decl, type, start);
    *start = *given;
    if (type->rank >= 2 || (!start->fans && start->kind != INIT_ORTHOGONAL)) return true;
    fail(e, decl->span, "parameter '%s' needs at least two axes to start from this distribution",
         decl->name);
    return false;
}
