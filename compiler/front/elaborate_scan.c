/* Recurrences: `scan lstm(128) over x` and `step gru(H) on x from h`. */
#include <string.h>

#include "front/elaborator.h"

/* A scan or step being set up. */
typedef struct {
    const Expr *expr;
    const Expr *callee;
    const ExprList *args;
    Definition *cell;
    Argument arguments[MAX_PARAMETERS]; /* [0] is the input */
    Mapped mapped[2 * MAX_PARAMETERS];  /* what may have more leading axes than declared */
    int mapped_count;
    const Decl *states[MAX_PARAMETERS];
    int state_count;
    Value init[MAX_PARAMETERS];
    Span init_span[MAX_PARAMETERS];
} Setup;

static const char *verb(const Setup *s) { return s->expr->kind == EXPR_SCAN ? "scan" : "step"; }

/* ---- what to run ---- */

static bool find_cell(Elaborator *e, Setup *s) {
    static const ExprList none = {0};
    const Expr *left = s->expr->left;
    Function function;
    s->callee = left->kind == EXPR_CALL ? left->left : left;
    s->args = left->kind == EXPR_CALL ? &left->args : &none;
    if (!resolve_callee(e, s->callee, &function)) return false;
    if (!function.definition || function.definition->item->kind != ITEM_CELL) {
        fail(e, s->callee->span, "'%s' is not a cell; %s needs a cell", function.name, verb(s));
        if (function.definition)
            note(e, function.definition->item->name_span, "it is declared as a layer here");
        return false;
    }
    s->cell = function.definition;
    if (s->cell->item->params.len) return true;
    fail(e, s->cell->item->name_span, "cell '%s' needs an input: its first parameter",
         s->cell->item->name);
    return false;
}

static bool find_states(Elaborator *e, Setup *s) {
    const StmtList *body = &s->cell->item->body;
    for (int i = 0; i < body->len; i++) {
        if (body->at[i]->kind != STMT_STATE) continue;
        const DeclList *decls = &body->at[i]->decls;
        for (int k = 0; k < decls->len; k++) {
            if (s->state_count == MAX_PARAMETERS) {
                fail_in(e, e->frame, decls->at[k].span, "a cell can have at most %d states",
                        MAX_PARAMETERS);
                return false;
            }
            s->states[s->state_count++] = &decls->at[k];
        }
    }
    if (s->state_count) return true;
    fail(e, s->callee->span, "cell '%s' has no state to %s", s->cell->item->name,
         s->expr->kind == EXPR_SCAN ? "carry along" : "step");
    note(e, s->cell->item->name_span, "it is defined here");
    return false;
}

/* ---- where the states start ---- */

static int init_slot(Elaborator *e, Setup *s, const Expr *expr, int position) {
    int slot = -1;
    if (expr->kind != EXPR_NAMED) slot = position < s->state_count ? position : -1;
    for (int i = 0; i < s->state_count; i++)
        if (expr->kind == EXPR_NAMED && s->states[i]->name == expr->name) slot = i;
    if (slot < 0 && expr->kind == EXPR_NAMED) {
        const char *names[MAX_PARAMETERS];
        for (int i = 0; i < s->state_count; i++) names[i] = s->states[i]->name;
        fail(e, expr->span, "cell '%s' has no state '%s'", s->cell->item->name, expr->name);
        hint_nearest(e, expr->name, names, s->state_count);
    } else if (slot < 0) {
        fail(e, expr->span, "cell '%s' has only %d state%s", s->cell->item->name, s->state_count,
             s->state_count == 1 ? "" : "s");
        note(e, s->states[0]->span, "declared here");
    } else if (s->init_span[slot].source) {
        fail(e, expr->span, "state '%s' is given twice", s->states[slot]->name);
        note(e, s->init_span[slot], "it is first given here");
        slot = -1;
    }
    return slot;
}

static bool eval_inits(Elaborator *e, Setup *s) {
    bool good = true;
    int position = 0;
    for (int i = 0; i < s->state_count; i++) s->init[i] = value_number(0);
    for (int i = 0; i < s->expr->args.len; i++) {
        const Expr *expr = s->expr->args.at[i];
        const Expr *right = expr->kind == EXPR_NAMED ? expr->right : expr;
        int slot = init_slot(e, s, expr, position);
        position += expr->kind != EXPR_NAMED;
        Operand init = {eval(e, right), right};
        bool index = slot >= 0 && s->states[slot]->index_range && init.value.kind != VALUE_NUMBER;
        bool fine = slot >= 0 &&
                    (index ? need_index(e, &init, "this state") : need_real(e, &init, "a state"));
        if (fine) s->init[slot] = init.value;
        if (fine) s->init_span[slot] = right->span;
        good = good && fine;
    }
    return good;
}

/* ---- the input ---- */

static bool eval_input(Elaborator *e, Setup *s) {
    const Decl *decl = &s->cell->item->params.at[0];
    const Expr *expr = s->expr->right;
    Value value = eval(e, expr);
    s->arguments[0] = (Argument){.decl = decl,
                                 .given = true,
                                 .value = value,
                                 .span = expr->span,
                                 .shown = describe(e, &value)};
    if (value.kind == VALUE_ERROR) return false;
    if (value.kind == VALUE_NUMBER && s->expr->kind == EXPR_STEP) return true;
    if (value.kind != VALUE_TENSOR) {
        fail(e, expr->span, "a %s needs a tensor to run on, this is %s", verb(s),
             describe(e, &value));
        return false;
    }
    if (!decl_is_tensor(decl)) {
        fail(e, s->callee->span, "cell '%s' does not declare the shape of its input",
             s->cell->item->name);
        note(e, decl->span, "declared here");
        return false;
    }
    int rank = decl_rank(decl) + (s->expr->kind == EXPR_SCAN);
    if (visible_type(e, &value).rank >= rank) return true;
    fail(e, expr->span, "a %s of '%s' needs at least %d ax%s, this is %s", verb(s),
         s->cell->item->name, rank, rank == 1 ? "is" : "es", describe(e, &value));
    note(e, decl->span, "'%s' declares its input as '%s: %s'", s->cell->item->name, decl->name,
         decl->shape.present ? span_text(e, decl->shape.span) : "index");
    hint_index(e, decl, &value);
    return false;
}

static void add_mapped(Setup *s, Value *value, Span span, const char *name, int rank) {
    s->mapped[s->mapped_count++] = (Mapped){value, span, name, rank};
}

static bool set_up(Elaborator *e, Setup *s, Axes *mapped) {
    if (!find_cell(e, s)) return eval(e, s->expr->right), false;
    bool good = find_states(e, s);
    good = match_arguments(e, s->expr->left, s->cell, 1, s->args, s->arguments + 1) && good;
    good = eval_input(e, s) && good;
    good = eval_inits(e, s) && good;
    if (!good) return false;
    const Item *item = s->cell->item;
    for (int i = 0; i < item->params.len; i++) {
        Argument *a = &s->arguments[i];
        int more = i == 0 && s->expr->kind == EXPR_SCAN;
        if (a->given && decl_is_tensor(a->decl))
            add_mapped(s, &a->value, a->span, a->decl->name, decl_rank(a->decl) + more);
    }
    for (int i = 0; i < s->state_count; i++)
        add_mapped(s, &s->init[i], s->init_span[i], s->states[i]->name, decl_rank(s->states[i]));
    return map_leading(e, s->mapped, s->mapped_count, mapped);
}

/* Runs the body of the cell once; its frame stays current. NULL after an error. */
static Frame *run_cell(Elaborator *e, Setup *s, Run *run, const char *hint) {
    run->init = s->init;
    run->init_span = s->init_span;
    const Item *item = s->cell->item;
    Frame *frame =
        enter(e, s->cell, s->expr->span, hint, &s->expr->marks, s->arguments, item->params.len);
    if (!frame) return NULL;
    frame->run = run;
    run_body(e, &item->body);
    return frame;
}

/* The next value of a state; an error when the cell has no equation for it. */
static Value next_value(Elaborator *e, Frame *frame, const State *state) {
    Binding *binding = find_binding(frame, state->decl->name, true);
    if (binding) return binding->value;
    if (!frame->failed) {
        fail(e, state->decl->span, "state '%s' has no equation for its next value",
             state->decl->name);
        advise(e, "write '%s' = …' in the cell", state->decl->name);
    }
    return value_error();
}

/* ---- scan ---- */

/* Ties the state's delay to its next value. */
static bool close_state(Elaborator *e, Frame *frame, const State *state, Axes hidden) {
    Value next = next_value(e, frame, state);
    if (next.kind != VALUE_TENSOR || state->broken) return false;
    Type visible = visible_type(e, &next);
    next = spread(e, next, hidden, &visible, state->decl->span);
    if (next.kind != VALUE_TENSOR) return false;
    graph_close_delay(e->graph, state->delay, next.node);
    return true;
}

/* What can be read from the scan: the states, then the cell's other variables. */
static void collect_fields(Elaborator *e, Frame *frame, Scan *scan) {
    for (int i = 0; i < frame->states.len; i++) {
        const char *name = frame->states.at[i].decl->name;
        Value value = find_binding(frame, name, true)->value;
        vec_push(e->arena, &scan->fields, (Field){name, value, true});
    }
    for (int i = 0; i < frame->bindings.len; i++) {
        Binding *b = &frame->bindings.at[i];
        if (b->kind == BIND_LET && !b->next && b->value.kind == VALUE_TENSOR)
            vec_push(e->arena, &scan->fields, (Field){b->name, b->value, false});
    }
}

/* All hidden axes that a state can come to depend on. */
static Axes state_axes(const Setup *s) {
    Axes axes = {0};
    for (int i = 0; i < s->cell->item->params.len; i++)
        if (s->arguments[i].value.kind == VALUE_TENSOR)
            axes = axes_union(axes, s->arguments[i].value.hidden);
    for (int i = 0; i < s->state_count; i++) axes = axes_union(axes, s->init[i].hidden);
    return axes;
}

/* Whether the scan can go on from one part of a stream to the next. */
static bool can_stream(Elaborator *e, const Setup *s, Dim steps) {
    const Input *text = stream_of(e, steps);
    if (!text) return true;
    if (s->expr->backward) {
        fail(e, s->expr->span, "a backward scan over a stream would need what comes later");
        note_stream(e, text);
        return false;
    }
    for (int i = 0; i < s->state_count; i++) {
        bool constant = s->init[i].kind == VALUE_NUMBER && !s->init[i].dim.sym;
        if (constant && !s->states[i]->index_range) continue;
        fail(e, constant ? s->expr->span : s->init_span[i],
             constant ? "state '%s' is an index, which a stream cannot carry yet"
                      : "state '%s' of a stream must start from a number",
             s->states[i]->name);
        note_stream(e, text);
        return false;
    }
    return true;
}

Value eval_scan(Elaborator *e, const Expr *expr, const char *hint) {
    Setup s = {.expr = expr};
    Axes mapped, time = {0};
    if (!set_up(e, &s, &mapped)) return value_error();
    Type input = visible_type(e, &s.arguments[0].value);
    if (!can_stream(e, &s, input.dim[0])) return value_error();
    Scan *scan = ARENA_NEW(e->arena, Scan);
    scan->cell = s.cell->item->name;
    scan->axis = new_axis(e, input.dim[0]);
    scan->direction = expr->backward ? -1 : 1;
    time = axes_with(time, scan->axis);
    s.arguments[0].value = hide(s.arguments[0].value, time);
    scan->mapped = mapped;
    Run run = {.scan = true, .axis = scan->axis, .direction = scan->direction};
    run.hidden = scan->all = state_axes(&s);
    Frame *frame = run_cell(e, &s, &run, hint);
    if (!frame) return value_error();
    bool good = frame->states.len == s.state_count;
    for (int i = 0; i < frame->states.len; i++)
        good = close_state(e, frame, &frame->states.at[i], run.hidden) && good;
    if (good) collect_fields(e, frame, scan);
    frame->failed = frame->failed || !good;
    pop_frame(e);
    return good ? (Value){.kind = VALUE_SCAN, .scan = scan} : value_error();
}

/* ---- reading a scan ---- */

static void fail_field(Elaborator *e, const Expr *at, const Value *value) {
    bool final = value->kind == VALUE_FINAL;
    const Scan *scan = value->scan;
    const char **names = ARENA_ARRAY(e->arena, const char *, scan->fields.len + 1);
    int count = 0;
    for (int i = 0; i < scan->fields.len; i++)
        if (scan->fields.at[i].state || !final) names[count++] = scan->fields.at[i].name;
    if (!final) names[count++] = "final";
    fail(e, at->op_span, final ? "cell '%s' has no state '%s'" : "a scan of '%s' gives no '%s'",
         scan->cell, at->name);
    const char *list = "";
    for (int i = 0; i < count; i++)
        list = arena_printf(e->arena, "%s%s.%s", list, i ? ", " : "", names[i]);
    advise(e, "there %s %s", count == 1 ? "is" : "are", list);
}

Value scan_field(Elaborator *e, const Expr *at, const Value *value) {
    const Scan *scan = value->scan;
    bool final = value->kind == VALUE_FINAL;
    const Field *field = NULL;
    for (int i = 0; i < scan->fields.len; i++)
        if (scan->fields.at[i].name == at->name && (scan->fields.at[i].state || !final))
            field = &scan->fields.at[i];
    if (!field && !final && strcmp(at->name, "final") == 0)
        return (Value){.kind = VALUE_FINAL, .scan = scan};
    if (!field) return fail_field(e, at, value), value_error();
    Axes time = axes_with((Axes){0}, scan->axis);
    if (!final) return reveal(e, field->value, axes_union(scan->mapped, time), at->span);
    Value last = field->value;
    int axis = axes_find(last.hidden, scan->axis);
    if (axis >= 0) {
        int node =
            graph_final(e->graph, OP_FINAL, last.node, axis, scan->direction, (Dim){0}, at->span);
        last = made(e, node, axes_without(last.hidden, time), at->span);
    }
    return reveal(e, last, scan->mapped, at->span);
}

/* ---- step ---- */

Value eval_step(Elaborator *e, const Expr *expr, const char *hint) {
    Setup s = {.expr = expr};
    Axes mapped;
    if (!set_up(e, &s, &mapped)) return value_error();
    Run run = {.hidden = {0}};
    Frame *frame = run_cell(e, &s, &run, hint);
    if (!frame) return value_error();
    FieldList fields = {0};
    bool good = frame->states.len == s.state_count;
    for (int i = 0; i < frame->states.len; i++) {
        const State *state = &frame->states.at[i];
        Value value = reveal(e, next_value(e, frame, state), mapped, expr->span);
        good = good && value.kind == VALUE_TENSOR;
        vec_push(e->arena, &fields, (Field){.name = state->decl->name, .value = value});
    }
    frame->failed = frame->failed || !good;
    pop_frame(e);
    if (!good) return value_error();
    return fields.len == 1 ? fields.at[0].value : value_tuple(e, s.cell->item->name, fields);
}
