/* train { optimizer = adam(rate = 0.001)  clip_norm = 5  epochs = 5  batch = 32 } */
#include <string.h>

#include "front/elaborator.h"

Training default_training(void) {
    return (Training){.optimizer = OPTIMIZER_ADAM,
                      .rate = 0.001,
                      .beta1 = 0.9,
                      .beta2 = 0.999,
                      .epsilon = 1e-8,
                      .epochs = 10,
                      .batch = 32};
}

/* One number that can be set: a real one in [low, high] or above low, or a whole one. */
typedef struct {
    const char *name;
    double low, high;
    enum { WITHIN, ABOVE, BELOW } open; /* low or high itself is excluded */
    double *real;
    int *whole;
    Span given;
} Knob;

enum { MAX_KNOBS = 8 };

static void turn(Elaborator *e, Knob *knob, const Expr *value) {
    if (knob->whole) {
        eval_whole(e, value, knob->name, (int)knob->low, (int)knob->high, knob->whole);
        return;
    }
    double number;
    if (!eval_real(e, value, knob->name, &number)) return;
    if (number < knob->low || (knob->open == ABOVE && number == knob->low) || number > knob->high ||
        (knob->open == BELOW && number == knob->high))
        fail(e, value->span, "%s must be %s %g and %s %g, this is %g", knob->name,
             knob->open == ABOVE ? "above" : "at least", knob->low,
             knob->open == BELOW ? "below" : "at most", knob->high, number);
    else
        *knob->real = number;
}

/* The knob of this name, or NULL after an error. */
static Knob *find_knob(Elaborator *e, Knob *knobs, int count, const char *owner, const char *name,
                       Span span) {
    const char *names[MAX_KNOBS + 1];
    for (int i = 0; i < count; i++) {
        names[i] = knobs[i].name;
        if (strcmp(knobs[i].name, name) != 0) continue;
        if (!knobs[i].given.source) return knobs[i].given = span, &knobs[i];
        fail(e, span, "'%s' is set twice", name);
        note(e, knobs[i].given, "it is first set here");
        return NULL;
    }
    fail(e, span, "%s has no setting '%s'", owner, name);
    hint_nearest(e, name, names, count);
    return NULL;
}

/* adam(rate = 0.001, beta1 = 0.9, …) */
static void set_optimizer(Elaborator *e, const Expr *expr) {
    Training *t = &e->graph->training;
    Knob adam[] = {{"rate", 0, 1e6, ABOVE, &t->rate, NULL, {0}},
                   {"beta1", 0, 1, BELOW, &t->beta1, NULL, {0}},
                   {"beta2", 0, 1, BELOW, &t->beta2, NULL, {0}},
                   {"epsilon", 0, 1, ABOVE, &t->epsilon, NULL, {0}},
                   {"weight_decay", 0, 1e6, WITHIN, &t->weight_decay, NULL, {0}}};
    Knob sgd[] = {{"rate", 0, 1e6, ABOVE, &t->rate, NULL, {0}},
                  {"momentum", 0, 1, BELOW, &t->momentum, NULL, {0}},
                  {"weight_decay", 0, 1e6, WITHIN, &t->weight_decay, NULL, {0}}};
    const char *const names[] = {"adam", "sgd"};
    const Expr *callee = expr->kind == EXPR_CALL ? expr->left : expr;
    const char *name = callee->kind == EXPR_NAME ? callee->name : "";
    bool is_sgd = strcmp(name, "sgd") == 0;
    if (!is_sgd && strcmp(name, "adam") != 0) {
        fail(e, callee->span, "unknown optimizer '%s'", span_text(e, callee->span));
        hint_nearest(e, name, names, 2);
        advise(e, "there are adam(rate = 0.001) and sgd(rate = 0.1, momentum = 0.9)");
        return;
    }
    t->optimizer = is_sgd ? OPTIMIZER_SGD : OPTIMIZER_ADAM;
    for (int i = 0; expr->kind == EXPR_CALL && i < expr->args.len; i++) {
        const Expr *arg = expr->args.at[i];
        if (arg->kind != EXPR_NAMED) {
            fail(e, arg->span, "a setting of an optimizer needs its name");
            advise(e, "such as rate = 0.001");
            continue;
        }
        Knob *knob = is_sgd ? find_knob(e, sgd, 3, "'sgd'", arg->name, arg->op_span)
                            : find_knob(e, adam, 5, "'adam'", arg->name, arg->op_span);
        if (knob) turn(e, knob, arg->right);
    }
}

void run_train(Elaborator *e, const Stmt *stmt) {
    Training *t = &e->graph->training;
    if (e->has_train) {
        fail(e, stmt->keyword, "a model can have only one 'train'");
        note(e, e->train_span, "the other is here");
        return;
    }
    e->has_train = true;
    e->train_span = stmt->keyword;
    Knob knobs[] = {{"optimizer", 0, 0, WITHIN, NULL, NULL, {0}},
                    {"clip_norm", 0, 1e9, ABOVE, &t->clip_norm, NULL, {0}},
                    {"epochs", 1, MAX_EPOCHS, WITHIN, NULL, &t->epochs, {0}},
                    {"batch", 1, MAX_BATCH, WITHIN, NULL, &t->batch, {0}},
                    {"patience", 0, MAX_EPOCHS, WITHIN, NULL, &t->patience, {0}}};
    for (int i = 0; i < stmt->settings.len; i++) {
        const Setting *setting = &stmt->settings.at[i];
        Knob *knob = find_knob(e, knobs, 5, "'train'", setting->name, setting->span);
        if (!knob) continue;
        if (knob == &knobs[0])
            set_optimizer(e, setting->value);
        else
            turn(e, knob, setting->value);
    }
}
