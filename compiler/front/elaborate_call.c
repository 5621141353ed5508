/* Calls: arguments, mapping over leading axes, layers. */
#include "front/elaborator.h"

/* ---- callees ---- */

/* A variable is a callee only when it holds a function: `softmax = softmax(x)` is fine. */
bool resolve_callee(Elaborator *e, const Expr *callee, Function *function) {
    if (callee->kind != EXPR_NAME) {
        fail(e, callee->span, "only a layer, cell or function can be called by its name");
        return false;
    }
    Binding *binding = find_binding(e->frame, callee->name, false);
    if (binding && binding->value.kind == VALUE_ERROR && !find_function(e, callee->name, function))
        return false;
    if (binding && binding->value.kind == VALUE_FUNCTION) {
        binding->used = true;
        *function = binding->value.function;
        return true;
    }
    if (find_function(e, callee->name, function)) return true;
    if (binding) {
        fail(e, callee->span, "'%s' is not a function: it is %s", callee->name,
             describe(e, &binding->value));
        note(e, binding->span, "it comes from here");
    } else {
        fail_unknown(e, callee->span, callee->name, true);
    }
    return false;
}

/* ---- arguments ---- */

static void note_signature(Elaborator *e, const Definition *definition) {
    note(e, definition->item->name_span, "declared as '%s'", signature(e, definition->item));
}

static int find_parameter(const Item *item, int first, const char *name) {
    for (int i = first; i < item->params.len; i++)
        if (item->params.at[i].name == name) return i - first;
    return -1;
}

static void fail_parameter(Elaborator *e, const Definition *definition, int first,
                           const Expr *expr) {
    const char *names[MAX_PARAMETERS];
    int count = 0;
    for (int i = first; i < definition->item->params.len; i++)
        names[count++] = definition->item->params.at[i].name;
    fail(e, expr->op_span.source ? expr->op_span : expr->span, "'%s' has no parameter '%s'",
         definition->item->name, expr->name);
    note_signature(e, definition);
    hint_nearest(e, expr->name, names, count);
}

/* Which parameter an argument is for; -1 after an error. */
static int argument_slot(Elaborator *e, const Definition *definition, int first, const Expr *expr,
                         int *position, const Argument *arguments) {
    const Item *item = definition->item;
    int count = item->params.len - first, slot;
    if (expr->kind == EXPR_NAMED) {
        slot = find_parameter(item, first, expr->name);
        if (slot < 0) return fail_parameter(e, definition, first, expr), -1;
    } else {
        slot = (*position)++;
        if (slot >= count) return -1;
    }
    if (arguments[slot].given) {
        fail(e, expr->span, "'%s' is given twice", item->params.at[first + slot].name);
        note(e, arguments[slot].span, "it is first given here");
        return -1;
    }
    return slot;
}

static bool none_missing(Elaborator *e, const Expr *at, const Definition *definition, int first,
                         Argument *arguments) {
    const Item *item = definition->item;
    bool good = true;
    for (int i = 0; i < item->params.len - first; i++) {
        const Decl *decl = &item->params.at[first + i];
        arguments[i].decl = decl;
        if (arguments[i].given || decl->default_value) continue;
        fail(e, at->span, "'%s' needs an argument '%s'", item->name, decl->name);
        note_signature(e, definition);
        good = false;
    }
    return good;
}

bool match_arguments(Elaborator *e, const Expr *at, const Definition *definition, int first,
                     const ExprList *exprs, Argument *arguments) {
    const Item *item = definition->item;
    int count = item->params.len - first, position = 0;
    bool good = true;
    for (int i = 0; i < exprs->len; i++) {
        const Expr *expr = exprs->at[i];
        const Expr *value = expr->kind == EXPR_NAMED ? expr->right : expr;
        int slot = argument_slot(e, definition, first, expr, &position, arguments);
        Value given = eval(e, value);
        good = good && slot >= 0 && given.kind != VALUE_ERROR;
        if (slot >= 0)
            arguments[slot] = (Argument){
                .given = true, .value = given, .span = value->span, .shown = describe(e, &given)};
    }
    if (position > count) {
        fail(e, at->span, "'%s' takes %d argument%s%s, %d are given", item->name, count,
             count == 1 ? "" : "s", first ? " beside its input" : "", position);
        note_signature(e, definition);
        return false;
    }
    return none_missing(e, at, definition, first, arguments) && good;
}

/* ---- mapping ---- */

/* True when the leading axes of an argument are those the others are mapped over. */
static bool leads_agree(Elaborator *e, const Mapped *first, const Mapped *item, int extra) {
    Type a = visible_type(e, first->value), b = visible_type(e, item->value);
    bool agree = a.rank - first->rank == extra;
    for (int k = 0; agree && k < extra; k++) agree = dim_equal(a.dim[k], b.dim[k]);
    if (agree) return true;
    fail(e, item->span, "mapped arguments must agree in their leading axes: '%s' is %s, '%s' is %s",
         first->name, shape_text(e, &a), item->name, shape_text(e, &b));
    note(e, first->span, "'%s' is given here", first->name);
    return false;
}

bool map_leading(Elaborator *e, Mapped *items, int count, Axes *mapped) {
    Mapped *first = NULL;
    *mapped = (Axes){0};
    for (int i = 0; i < count; i++) {
        if (items[i].value->kind != VALUE_TENSOR) continue;
        Type type = visible_type(e, items[i].value);
        int extra = type.rank - items[i].rank;
        if (extra <= 0) continue;
        if (first && !leads_agree(e, first, &items[i], extra)) return false;
        if (!first)
            for (int k = 0; k < extra; k++) *mapped = axes_with(*mapped, new_axis(e, type.dim[k]));
        if (!first) first = &items[i];
    }
    for (int i = 0; i < count; i++) {
        if (items[i].value->kind != VALUE_TENSOR) continue;
        if (visible_type(e, items[i].value).rank > items[i].rank)
            *items[i].value = hide(*items[i].value, *mapped);
    }
    return true;
}

/* ---- entering a layer or cell ---- */

static bool may_enter(Elaborator *e, const Definition *definition, Span at) {
    for (Frame *f = e->frame; f; f = f->caller) {
        if (f->definition != definition) continue;
        fail(e, at, "'%s' calls itself", definition->item->name);
        note(e, definition->item->name_span, "it is defined here");
        return false;
    }
    bool deep = e->frame->depth >= MAX_DEPTH;
    if (!deep && e->calls++ < MAX_CALLS) return true;
    if (deep)
        give_up(e, at, "calls nest more than %d deep", MAX_DEPTH);
    else
        give_up(e, at, "the model is too large: more than %d calls", MAX_CALLS);
    return false;
}

static Span given_span(const Argument *argument) {
    return argument->given ? argument->span : argument->decl->span;
}

/* A parameter without a shape takes anything that has one value. */
static bool bind_plain(Elaborator *e, Frame *caller, Argument *a) {
    if (!a->given) a->value = eval(e, a->decl->default_value);
    if (a->value.kind == VALUE_SCAN || a->value.kind == VALUE_FINAL) {
        fail_in(e, caller, a->span, "argument '%s' must be one value, this is %s", a->decl->name,
                describe(e, &a->value));
        hint_scan(e, &a->value);
        a->value = value_error();
    }
    define_name(e, BIND_ARGUMENT, a->decl->name, false, a->value, given_span(a));
    return a->value.kind != VALUE_ERROR;
}

/* The value for a tensor parameter; false, and an error, when it is none. */
static bool take_tensor(Elaborator *e, Frame *caller, Argument *a) {
    if (!a->given) a->value = eval(e, a->decl->default_value);
    if (a->value.kind == VALUE_NUMBER && !a->decl->index_range && !decl_rank(a->decl))
        a->value = number_tensor(e, &a->value, given_span(a));
    if (a->value.kind == VALUE_TENSOR) return true;
    if (a->value.kind == VALUE_ERROR) return false;
    fail_in(e, caller, given_span(a), "argument '%s' must be a tensor, this is %s", a->decl->name,
            describe(e, &a->value));
    note(e, a->decl->span, "it is declared here");
    hint_scan(e, &a->value);
    return false;
}

static Fit argument_fit(Elaborator *e, const Argument *a) {
    return (Fit){.decl = a->decl,
                 .value = &a->value,
                 .what = arena_printf(e->arena, "argument '%s'", a->decl->name),
                 .shown = a->shown,
                 .where = given_span(a)};
}

/* Arguments for parameters without a shape, those given or the others. */
static bool bind_plains(Elaborator *e, Frame *caller, Argument *arguments, int count, bool given) {
    bool good = true;
    for (int i = 0; i < count; i++)
        if (!decl_is_tensor(arguments[i].decl) && arguments[i].given == given)
            good = bind_plain(e, caller, &arguments[i]) && good;
    return good;
}

/* Arguments for parameters with a shape; the names that stand in the shapes are bound. */
static bool bind_tensors(Elaborator *e, Frame *caller, Argument *arguments, int count) {
    bool good = true;
    for (int i = 0; i < count; i++) {
        Argument *a = &arguments[i];
        if (!decl_is_tensor(a->decl)) continue;
        if (!take_tensor(e, caller, a)) {
            a->value = value_error();
            good = false;
        }
        define_name(e, BIND_ARGUMENT, a->decl->name, false, a->value, given_span(a));
        Fit fit = argument_fit(e, a);
        if (a->value.kind == VALUE_TENSOR) bind_dims(e, e->frame, &fit);
    }
    return good;
}

/* Everything is bound before anything is compared: `a: [2*N], b: [N], width = 3*N`. */
static bool bind_arguments(Elaborator *e, Frame *caller, Argument *arguments, int count) {
    bool good = bind_plains(e, caller, arguments, count, true);
    good = bind_tensors(e, caller, arguments, count) && good;
    good = good && bind_plains(e, caller, arguments, count, false);
    for (int i = 0; i < count && good; i++) {
        Fit fit = argument_fit(e, &arguments[i]);
        if (decl_is_tensor(arguments[i].decl)) good = fit_decl(e, e->frame, caller, &fit);
    }
    return good;
}

Frame *enter(Elaborator *e, Definition *definition, Span at, const char *hint,
             const ExprList *marks, Argument *arguments, int count) {
    if (!may_enter(e, definition, at)) return NULL;
    Frame *caller = e->frame;
    Frame *frame = marks->len ? push_marked_frame(e, definition, at, marks)
                              : push_frame(e, definition, at,
                                           claim_name(e, hint ? hint : definition->item->name));
    if (bind_arguments(e, caller, arguments, count)) return frame;
    frame->failed = true;
    pop_frame(e);
    return NULL;
}

/* ---- layers ---- */

/* One result of the layer whose body has run, checked against its declaration. */
static Value result_of(Elaborator *e, const Decl *decl) {
    Frame *frame = e->frame;
    Value value = frame->result;
    Span span = frame->result_expr ? frame->result_expr->span : decl->span;
    if (decl->name) {
        Binding *binding = find_binding(frame, decl->name, false);
        if (!binding) {
            if (!frame->failed) fail(e, decl->span, "the result '%s' is never defined", decl->name);
            return value_error();
        }
        binding->used = true;
        value = binding->value;
        span = binding->span;
    } else if (!frame->result_expr) {
        fail(e, frame->definition->item->name_span, "the layer has no result");
        advise(e, "its last line must be an expression");
        return value_error();
    }
    if (value.kind == VALUE_NUMBER && !decl_rank(decl) && !decl->index_range)
        value = number_tensor(e, &value, span);
    const char *what =
        decl->name ? arena_printf(e->arena, "the result '%s'", decl->name) : "the result";
    if (value.kind != VALUE_TENSOR) {
        if (value.kind != VALUE_ERROR)
            fail(e, span, "%s must be a tensor, this is %s", what, describe(e, &value));
        return value_error();
    }
    Fit fit = {.decl = decl, .value = &value, .what = what, .where = span};
    return fit_decl(e, frame, frame, &fit) ? value : value_error();
}

static Value undeclared_result(Elaborator *e) {
    Frame *frame = e->frame;
    if (!frame->result_expr) {
        if (!frame->failed) {
            fail(e, frame->definition->item->name_span, "the layer has no result");
            advise(e, "its last line must be an expression");
        }
        return value_error();
    }
    Value *value = &frame->result;
    if (value->kind == VALUE_TENSOR || value->kind == VALUE_NUMBER || value->kind == VALUE_ERROR)
        return *value;
    fail(e, frame->result_expr->span, "the result of a layer must be a tensor, this is %s",
         describe(e, value));
    return value_error();
}

/* At most one result has no name, and only then an expression may stand alone. */
static bool check_results(Elaborator *e) {
    const Item *item = e->frame->definition->item;
    const Decl *unnamed = NULL;
    for (int i = 0; i < item->results.len; i++) {
        const Decl *decl = &item->results.at[i];
        if (decl->name) continue;
        if (unnamed) {
            fail(e, decl->span, "only one result can be without a name");
            return false;
        }
        unnamed = decl;
    }
    if (!item->results.len || unnamed || !e->frame->result_expr) return true;
    fail(e, e->frame->result_expr->span, "this value is not used: the results have names");
    note(e, item->results.at[0].span, "they are declared here");
    return false;
}

/* The results of the layer in e->frame, with the mapped axes back in front. */
static Value collect_results(Elaborator *e, const Expr *at, Axes mapped) {
    const Item *item = e->frame->definition->item;
    FieldList fields = {0};
    bool good = check_results(e);
    if (!item->results.len) {
        Value value = undeclared_result(e);
        bool plain = value.kind == VALUE_NUMBER && !mapped.count;
        return plain ? value : reveal(e, value, mapped, at->span);
    }
    for (int i = 0; i < item->results.len; i++) {
        const Decl *decl = &item->results.at[i];
        Value value = reveal(e, result_of(e, decl), mapped, at->span);
        good = good && value.kind != VALUE_ERROR;
        vec_push(e->arena, &fields, (Field){.name = decl->name, .value = value});
    }
    if (!good) return value_error();
    return fields.len == 1 ? fields.at[0].value : value_tuple(e, item->name, fields);
}

static Value call_layer(Elaborator *e, const Expr *at, Definition *definition, const char *hint) {
    const Item *item = definition->item;
    Argument arguments[MAX_PARAMETERS] = {0};
    Mapped mapped[MAX_PARAMETERS];
    int tensors = 0;
    if (!match_arguments(e, at, definition, 0, &at->args, arguments)) return value_error();
    for (int i = 0; i < item->params.len; i++)
        if (arguments[i].given && decl_is_tensor(arguments[i].decl))
            mapped[tensors++] = (Mapped){&arguments[i].value, arguments[i].span,
                                         arguments[i].decl->name, decl_rank(arguments[i].decl)};
    Axes axes;
    if (!map_leading(e, mapped, tensors, &axes)) return value_error();
    if (!enter(e, definition, at->span, hint, &at->marks, arguments, item->params.len))
        return value_error();
    run_body(e, &item->body);
    Value result = collect_results(e, at, axes);
    if (result.kind == VALUE_ERROR) e->frame->failed = true;
    pop_frame(e);
    return result;
}

static Value call_function(Elaborator *e, const Expr *at, const Function *function) {
    Operand *operands = ARENA_ARRAY(e->arena, Operand, at->args.len + 1);
    bool good = true;
    for (int i = 0; i < at->args.len; i++) {
        const Expr *expr = at->args.at[i];
        if (expr->kind == EXPR_NAMED) {
            fail(e, expr->span, "'%s' takes no named arguments", function->name);
            good = false;
            expr = expr->right;
        }
        operands[i] = (Operand){eval(e, expr), expr};
    }
    return good ? call_builtin(e, at, function, operands, at->args.len) : value_error();
}

Value eval_call(Elaborator *e, const Expr *at, const char *hint) {
    Function function;
    if (!resolve_callee(e, at->left, &function)) {
        for (int i = 0; i < at->args.len; i++) {
            const Expr *expr = at->args.at[i];
            eval(e, expr->kind == EXPR_NAMED ? expr->right : expr);
        }
        return value_error();
    }
    if (!function.definition) return call_function(e, at, &function);
    if (function.definition->item->kind == ITEM_LAYER)
        return call_layer(e, at, function.definition, hint);
    fail(e, at->span, "'%s' is a cell: it runs in a scan or step", function.name);
    advise(e, "write 'scan %s(…) over x' or 'step %s(…) on x'", function.name, function.name);
    return value_error();
}
