/* train { optimizer = adam(rate = 0.001)  clip_norm = 5  epochs = 5  batch = 32 } */
#include <math.h>
#include <string.h>

#include "front/elaborator.h"

enum { MOST_KNOBS = 32 };

/* ---- one setting ---- */

static void wrong_number(Elaborator *e, const Knob *knob, Span span, double number) {
    fail(e, span, "%s must be %s %g and %s %g, this is %g", knob->name,
         knob->kind == KNOB_ABOVE ? "above" : "at least", knob->low,
         knob->kind == KNOB_BELOW ? "below" : "at most", knob->high, number);
}

/* true or false */
static void turn_flag(Elaborator *e, const Knob *knob, const Expr *expr, double *value) {
    const char *name = expr->kind == EXPR_NAME ? expr->name : "";
    if (strcmp(name, "true") == 0)
        *value = 1;
    else if (strcmp(name, "false") == 0)
        *value = 0;
    else
        fail(e, expr->span, "%s must be true or false, this is '%s'", knob->name,
             span_text(e, expr->span));
}

static void turn(Elaborator *e, const Knob *knob, const Expr *expr, double *value) {
    double number;
    int whole;
    if (knob->kind == KNOB_FLAG) {
        turn_flag(e, knob, expr, value);
    } else if (knob->kind == KNOB_WHOLE) {
        if (eval_whole(e, expr, knob->name, (int)knob->low, (int)knob->high, &whole))
            *value = whole;
    } else if (eval_real(e, expr, knob->name, &number)) {
        if (number < knob->low || (knob->kind == KNOB_ABOVE && number == knob->low) ||
            number > knob->high || (knob->kind == KNOB_BELOW && number == knob->high))
            wrong_number(e, knob, expr->span, number);
        else
            *value = number;
    }
}

static int count_knobs(const Knob *knobs) {
    int count = 0;
    while (knobs[count].kind) count++;
    return count;
}

/* "rate, momentum, …" */
static const char *list_knobs(Elaborator *e, const Knob *knobs) {
    const char *list = knobs[0].kind ? knobs[0].name : "none";
    for (int i = 1; i < count_knobs(knobs); i++)
        list = arena_printf(e->arena, "%s, %s", list, knobs[i].name);
    return list;
}

/* The number of the knob of this name, which is set here; -1 after an error. */
static int find_knob(Elaborator *e, const Knob *knobs, Span *given, const char *owner,
                     const char *name, Span span) {
    const char *names[MOST_KNOBS];
    int count = count_knobs(knobs);
    for (int i = 0; i < count; i++) {
        names[i] = knobs[i].name;
        if (strcmp(names[i], name) != 0) continue;
        if (!given[i].source) return given[i] = span, i;
        fail(e, span, "'%s' is set twice", name);
        note(e, given[i], "it is first set here");
        return -1;
    }
    fail(e, span, "%s has no setting '%s'", owner, name);
    hint_nearest(e, name, names, count);
    advise(e, "its settings: %s", list_knobs(e, knobs));
    return -1;
}

/* ---- optimizers and schedules ---- */

static const char *list_methods(Elaborator *e, const Method *methods, int count) {
    const char *list = methods[0].name;
    for (int i = 1; i < count; i++) list = arena_printf(e->arena, "%s, %s", list, methods[i].name);
    return list;
}

static void turn_knobs(Elaborator *e, const Expr *expr, const char *what, Choice *choice) {
    const Method *method = choice->method;
    const char *owner = arena_printf(e->arena, "'%s'", method->name);
    Span given[MAX_KNOBS] = {{0}};
    for (int i = 0; expr->kind == EXPR_CALL && i < expr->args.len; i++) {
        const Expr *arg = expr->args.at[i];
        if (arg->kind != EXPR_NAMED) {
            fail(e, arg->span, "a setting of %s %s needs its name", what[0] == 's' ? "a" : "an",
                 what);
            advise(e, "its settings: %s", list_knobs(e, method->knobs));
            continue;
        }
        int k = find_knob(e, method->knobs, given, owner, arg->name, arg->op_span);
        if (k >= 0) turn(e, &method->knobs[k], arg->right, &choice->value[k]);
    }
    for (int k = 0; method->knobs[k].kind; k++)
        if (isnan(choice->value[k]) && !given[k].source) {
            fail(e, expr->span, "%s needs the setting '%s'", owner, method->knobs[k].name);
            choice->value[k] = method->knobs[k].low;
        }
}

/* adam(rate = 0.001, beta1 = 0.9, …), or the name alone. False after an unknown name. */
static bool choose(Elaborator *e, const Expr *expr, const char *what, const Method *methods,
                   int count, Choice *choice) {
    const Expr *callee = expr->kind == EXPR_CALL ? expr->left : expr;
    const char *name = callee->kind == EXPR_NAME ? callee->name : "", *names[MOST_KNOBS];
    const Method *method = find_method(methods, count, name);
    for (int i = 0; i < count; i++) names[i] = methods[i].name;
    if (!method) {
        fail(e, callee->span, "unknown %s '%s'", what, span_text(e, callee->span));
        hint_nearest(e, name, names, count);
        advise(e, "there are %s", list_methods(e, methods, count));
        return false;
    }
    *choice = choose_method(method);
    turn_knobs(e, expr, what, choice);
    return true;
}

/* What the settings allow one by one, but not together. */
static void check_optimizer(Elaborator *e, const Expr *expr, const Choice *choice) {
    if (choice_value(choice, "nesterov") != 0 &&
        (choice_value(choice, "momentum") == 0 || choice_value(choice, "dampening") != 0))
        fail(e, expr->span, "nesterov needs a momentum above 0 and no dampening");
}

/* It feeds previous(y) what `generate y` would write; check_sampling says so. */
static void set_sampling(Elaborator *e, const Expr *expr) {
    e->sampling_span = expr->span;
    choose(e, expr, "sampling", samplings, sampling_count, &e->graph->training.sampling);
}

static void set_optimizer(Elaborator *e, const Expr *expr) {
    Choice *choice = &e->graph->training.optimizer;
    if (choose(e, expr, "optimizer", optimizers, optimizer_count, choice))
        check_optimizer(e, expr, choice);
}

/* linear(…) * cosine(…): the factors of the rate are multiplied. */
static void add_schedules(Elaborator *e, const Expr *expr) {
    Training *t = &e->graph->training;
    if (expr->kind == EXPR_BINARY && strcmp(expr->name, "*") == 0) {
        add_schedules(e, expr->left);
        add_schedules(e, expr->right);
    } else if (t->schedules == MAX_SCHEDULES) {
        fail(e, expr->span, "at most %d schedules can be multiplied", MAX_SCHEDULES);
    } else if (choose(e, expr, "schedule", schedules, schedule_count, &t->schedule[t->schedules])) {
        t->schedules++;
    }
}

/* ---- the block ---- */

enum {
    SET_OPTIMIZER,
    SET_SCHEDULE,
    SET_SAMPLING,
    SET_CLIP_NORM,
    SET_CLIP_VALUE,
    SET_EPOCHS,
    SET_BATCH,
    SET_PATIENCE,
    SETTINGS
};

static const Knob block[SETTINGS + 1] = {
    [SET_OPTIMIZER] = {"optimizer", KNOB_WITHIN, 0, 0, 0},
    [SET_SCHEDULE] = {"schedule", KNOB_WITHIN, 0, 0, 0},
    [SET_SAMPLING] = {"scheduled_sampling", KNOB_WITHIN, 0, 0, 0},
    [SET_CLIP_NORM] = {"clip_norm", KNOB_ABOVE, 0, 0, 1e9},
    [SET_CLIP_VALUE] = {"clip_value", KNOB_ABOVE, 0, 0, 1e9},
    [SET_EPOCHS] = {"epochs", KNOB_WHOLE, 0, 1, MAX_EPOCHS},
    [SET_BATCH] = {"batch", KNOB_WHOLE, 0, 1, MAX_BATCH},
    [SET_PATIENCE] = {"patience", KNOB_WHOLE, 0, 0, MAX_EPOCHS},
};

static void set(Elaborator *e, int setting, const Expr *expr) {
    Training *t = &e->graph->training;
    double value = NAN;
    if (setting == SET_OPTIMIZER) return set_optimizer(e, expr);
    if (setting == SET_SCHEDULE) return add_schedules(e, expr);
    if (setting == SET_SAMPLING) return set_sampling(e, expr);
    turn(e, &block[setting], expr, &value);
    if (isnan(value)) return;
    if (setting == SET_CLIP_NORM) t->clip_norm = value;
    if (setting == SET_CLIP_VALUE) t->clip_value = value;
    if (setting == SET_EPOCHS) t->epochs = (int)value;
    if (setting == SET_BATCH) t->batch = (int)value;
    if (setting == SET_PATIENCE) t->patience = (int)value;
}

void run_train(Elaborator *e, const Stmt *stmt) {
    Span given[SETTINGS] = {{0}};
    if (e->has_train) {
        fail(e, stmt->keyword, "a model can have only one 'train'");
        note(e, e->train_span, "the other is here");
        return;
    }
    e->has_train = true;
    e->train_span = stmt->keyword;
    for (int i = 0; i < stmt->settings.len; i++) {
        const Setting *setting = &stmt->settings.at[i];
        int k = find_knob(e, block, given, "'train'", setting->name, setting->span);
        if (k >= 0) set(e, k, setting->value);
    }
}
