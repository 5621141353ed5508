/* The statements of a layer or cell: param, state, let, repeat, and the result. */
#include <math.h>
#include <string.h>

#include "front/elaborator.h"

/* ---- param ---- */

static bool constant_shape(Elaborator *e, const Decl *decl, const Type *type) {
    for (int i = 0; i < type->rank; i++) {
        Dim dim = type->dim[i];
        if (dim.sym && e->graph->syms.at[dim.sym].kind == SYM_LENGTH) {
            fail(e, decl->shape.dims.at[i]->span,
                 "a parameter cannot have the length of an example: %s", shape_text(e, type));
            return false;
        }
    }
    return true;
}

static Value make_param(Elaborator *e, const Decl *decl, const Start *given) {
    Type type, node_type;
    Start start;
    if (!decl->shape.present) {
        fail(e, decl->span, "parameter '%s' needs a shape", decl->name);
        advise(e, "write '%s: [H]', or '%s: []' for one number", decl->name, decl->name);
        return value_error();
    }
    if (decl->index_range || decl->default_value) {
        fail(e, decl->span, "a parameter is a tensor of real numbers");
        return value_error();
    }
    if (!decl_type(e, decl, &type) || !constant_shape(e, decl, &type) ||
        !start_for(e, decl, &type, given, &start) ||
        !hidden_type(e, (Axes){0}, &type, decl->span, &node_type))
        return value_error();
    if (e->graph->params.len == MAX_PARAMS)
        give_up(e, decl->span, "the model is too large: more than %d parameters", MAX_PARAMS);
    Param param = {
        .name = claim_name(e, decl->name), .type = type, .start = start, .span = decl->span};
    Attr attr = {.index = e->graph->params.len};
    vec_push(e->arena, &e->graph->params, param);
    int node = graph_leaf(e->graph, OP_PARAM, type, attr, decl->span);
    graph_node(e->graph, node)->name = param.name;
    return made(e, node, (Axes){0}, decl->span);
}

void run_param(Elaborator *e, const Stmt *stmt) {
    Start start;
    bool good = !stmt->value || eval_start(e, stmt->value, &start);
    for (int i = 0; i < stmt->decls.len; i++) {
        const Decl *decl = &stmt->decls.at[i];
        Value value = good ? make_param(e, decl, stmt->value ? &start : NULL) : value_error();
        define_name(e, BIND_PARAM, decl->name, false, value, decl->span);
    }
}

/* ---- state ---- */

static bool fit_init(Elaborator *e, const Decl *decl, const Type *type, const Value *init,
                     Span span) {
    if (init->kind == VALUE_NUMBER && (type->kind == TYPE_REAL || init->number == 0)) return true;
    Type is = init->kind == VALUE_NUMBER ? (Type){0} : visible_type(e, init);
    if (init->kind == VALUE_TENSOR && type_equal(&is, type)) return true;
    fail_in(e, e->frame->caller, span, "state '%s' is %s, but starts from %s", decl->name,
            type_text(e, type), describe(e, init));
    note(e, decl->span, "the state is declared here");
    return false;
}

/* The index 0, where a state that is an index starts unless told otherwise. */
static Value first_index(Elaborator *e, const Type *type, Span span) {
    return made(e, graph_leaf(e->graph, OP_CONST, *type, (Attr){0}, span), (Axes){0}, span);
}

/* In a scan a state is its next value, delayed. */
static Value open_state(Elaborator *e, State *state, Value init, const Type *type) {
    const Run *run = e->frame->run;
    Span span = state->decl->span;
    Axes time = axes_with((Axes){0}, run->axis);
    if (type->kind == TYPE_INDEX && init.kind == VALUE_NUMBER) init = first_index(e, type, span);
    init = spread(e, init, axes_without(run->hidden, time), type, span);
    if (init.kind != VALUE_TENSOR || !hidden_type(e, run->hidden, type, span, &state->type))
        return value_error();
    int axis = axes_find(run->hidden, run->axis);
    state->delay = graph_open_delay(e->graph, state->type, init.node, axis, run->direction, span);
    return made(e, state->delay, run->hidden, span);
}

static Value start_state(Elaborator *e, State *state, Value init, Span init_span) {
    const Decl *decl = state->decl;
    Type type;
    if (!decl_is_tensor(decl) || decl->default_value) {
        fail(e, decl->span, "state '%s' needs a type, such as [H] or index(K), and nothing else",
             decl->name);
        return value_error();
    }
    if (!decl_type(e, decl, &type) || !fit_init(e, decl, &type, &init, init_span))
        return value_error();
    if (e->frame->run->scan) return open_state(e, state, init, &type);
    if (type.kind == TYPE_INDEX && init.kind == VALUE_NUMBER)
        return first_index(e, &type, decl->span);
    return spread(e, init, init.kind == VALUE_TENSOR ? init.hidden : (Axes){0}, &type, decl->span);
}

static void run_state(Elaborator *e, const Stmt *stmt) {
    Frame *frame = e->frame;
    if (!frame->run) {
        fail(e, stmt->keyword, "only a cell has states");
        return;
    }
    for (int i = 0; i < stmt->decls.len; i++) {
        State state = {.decl = &stmt->decls.at[i]};
        int index = frame->states.len;
        if (strcmp(state.decl->name, "final") == 0)
            fail(e, state.decl->span, "a state cannot be called 'final': that is what a scan has");
        state.value = start_state(e, &state, frame->run->init[index], frame->run->init_span[index]);
        state.broken = state.value.kind == VALUE_ERROR;
        vec_push(e->arena, &frame->states, state);
        define_name(e, BIND_STATE, state.decl->name, false, state.value, state.decl->span);
        name_node(e, &state.value, state.decl->name, false);
    }
}

/* ---- let ---- */

static State *find_state(Frame *frame, const char *name) {
    for (int i = 0; i < frame->states.len; i++)
        if (frame->states.at[i].decl->name == name) return &frame->states.at[i];
    return NULL;
}

/* The next value of a state has the state's shape; a number stands for a constant tensor. */
static Value fit_next(Elaborator *e, const Target *target, Value value, const Expr *expr) {
    State *state = find_state(e->frame, target->name);
    if (!state) {
        fail(e, target->span, "there is no state '%s'", target->name);
        const char *names[MAX_PARAMETERS];
        int count = 0;
        for (; count < e->frame->states.len && count < MAX_PARAMETERS; count++)
            names[count] = e->frame->states.at[count].decl->name;
        hint_nearest(e, target->name, names, count);
        return value_error();
    }
    if (value.kind == VALUE_ERROR || state->broken) return value_error();
    Operand operand = {value, expr};
    Type type = visible_type(e, &state->value);
    if (type.kind == TYPE_INDEX ? !need_index(e, &operand, "this state")
                                : !need_real(e, &operand, "a state"))
        return value_error();
    if (value.kind == VALUE_NUMBER) return spread(e, value, (Axes){0}, &type, expr->span);
    Type is = visible_type(e, &value);
    if (type_equal(&is, &type)) return value;
    fail(e, expr->span, "state '%s' is %s, but its next value is %s", target->name,
         type_text(e, &type), type_text(e, &is));
    note(e, state->decl->span, "the state is declared here");
    return value_error();
}

static void bind_target(Elaborator *e, const Target *target, Value value, const Expr *expr) {
    if (target->next) value = fit_next(e, target, value, expr);
    if (target->next && !find_state(e->frame, target->name)) return;
    define_name(e, BIND_LET, target->name, target->next, value, target->span);
    name_node(e, &value, target->name, target->next);
}

void run_let(Elaborator *e, const Stmt *stmt) {
    int count = stmt->targets.len;
    const Target *first = &stmt->targets.at[0];
    const char *hint = count == 1 && !first->next ? first->name : NULL;
    Value value = eval_any(e, stmt->value, hint);
    int given = value.kind == VALUE_TUPLE ? value.tuple->fields.len : 1;
    if (value.kind != VALUE_ERROR && given != count) {
        fail(e, stmt->value->span, "%d name%s for %d value%s", count, count == 1 ? "" : "s", given,
             given == 1 ? "" : "s");
        note(e, span_join(first->span, stmt->targets.at[count - 1].span), "%s bound here",
             count == 1 ? "it is" : "they are");
        value = value_error();
    }
    for (int i = 0; i < count; i++) {
        bool tuple = value.kind == VALUE_TUPLE;
        bind_target(e, &stmt->targets.at[i], tuple ? value.tuple->fields.at[i].value : value,
                    stmt->value);
    }
}

/* ---- repeat ---- */

/* What is bound first inside of the body lives for one pass; outer names are updated. */
void run_repeat(Elaborator *e, const Stmt *stmt, void (*run)(Elaborator *, const StmtList *)) {
    Frame *frame = e->frame;
    int times, stamp = frame->stamp, count = frame->bindings.len;
    const char *repeat = frame->repeat;
    if (!eval_whole(e, stmt->value, "the number of repeats", 1, MAX_REPEAT, &times)) times = 1;
    for (int i = 0; i < times && !e->gave_up; i++) {
        int errors = diag_errors(e->diag);
        frame->repeat = arena_printf(e->arena, "%s.%d", repeat, i);
        frame->stamp = ++e->stamps;
        if (e->stamps > MAX_PASSES)
            give_up(e, stmt->keyword, "the model is too large: more than %d repeats", MAX_PASSES);
        run(e, &stmt->body);
        drop_bindings(e, frame, count);
        if (diag_errors(e->diag) > errors) break;
    }
    frame->repeat = repeat;
    frame->stamp = stamp;
}

/* ---- bodies ---- */

static void run_result(Elaborator *e, const Stmt *stmt, bool last) {
    Frame *frame = e->frame;
    if (frame->run) {
        fail(e, stmt->span, "a cell has no result; its equations give its states");
        return;
    }
    if (!last) {
        fail(e, stmt->span, "this value is not used");
        advise(e, "only the last line of a layer can be its result");
        return;
    }
    frame->result = eval(e, stmt->value);
    frame->result_expr = stmt->value;
}

static void run_repeated(Elaborator *e, const StmtList *body) {
    for (int i = 0; i < body->len; i++) {
        const Stmt *stmt = body->at[i];
        if (stmt->kind == STMT_EXPR || stmt->kind == STMT_STATE)
            fail(e, stmt->span, "a %s cannot stand inside of a repeat",
                 stmt->kind == STMT_EXPR ? "result" : "state");
        else if (stmt->kind == STMT_LET)
            run_let(e, stmt);
        else if (stmt->kind == STMT_PARAM)
            run_param(e, stmt);
        else if (stmt->kind == STMT_REPEAT)
            run_repeat(e, stmt, run_repeated);
        else
            fail(e, stmt->keyword, "this can stand only in a model");
    }
}

void run_body(Elaborator *e, const StmtList *body) {
    for (int i = 0; i < body->len && !e->gave_up; i++) {
        const Stmt *stmt = body->at[i];
        switch (stmt->kind) {
            case STMT_PARAM:
                run_param(e, stmt);
                break;
            case STMT_STATE:
                run_state(e, stmt);
                break;
            case STMT_LET:
                run_let(e, stmt);
                break;
            case STMT_REPEAT:
                run_repeat(e, stmt, run_repeated);
                break;
            case STMT_EXPR:
                run_result(e, stmt, i == body->len - 1);
                break;
            default:
                fail(e, stmt->keyword, "this can stand only in a model");
                break;
        }
    }
}
