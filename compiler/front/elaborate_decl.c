/* Declared shapes: `states: [T, D]`, `word: index(V)`, compared with the values they are given. */
#include "front/elaborator.h"

bool decl_is_tensor(const Decl *decl) { return decl->shape.present || decl->index_range; }

int decl_rank(const Decl *decl) { return decl->shape.present ? decl->shape.dims.len : 0; }

/* ---- dimensions ---- */

/* An argument that is no dimension is reported where it is given, and only once. */
static bool check_argument(Elaborator *e, const Expr *expr) {
    Binding *b = expr->kind == EXPR_NAME ? find_binding(e->frame, expr->name, false) : NULL;
    if (!b || b->kind != BIND_ARGUMENT || b->value.kind == VALUE_ERROR) return true;
    const char *problem = dim_problem(e, &b->value);
    if (!problem) return true;
    fail_in(e, e->frame->caller, b->span, "'%s' is a dimension of '%s': %s", expr->name,
            e->frame->definition->item->name, problem);
    note(e, expr->span, "it is used here");
    b->value = value_error();
    e->frame->failed = true;
    return false;
}

static bool eval_dim(Elaborator *e, const Expr *expr, Dim *dim) {
    if (!check_argument(e, expr)) return false;
    Value value = eval(e, expr);
    return number_dim(e, &value, expr->span, dim);
}

bool decl_type(Elaborator *e, const Decl *decl, Type *type) {
    *type = (Type){.kind = decl->index_range ? TYPE_INDEX : TYPE_REAL};
    if (decl_rank(decl) > MAX_RANK) {
        fail(e, decl->shape.span, "a shape can have at most %d axes", MAX_RANK);
        return false;
    }
    bool good = true;
    for (int i = 0; i < decl_rank(decl); i++) {
        Dim dim = {0};
        good = eval_dim(e, decl->shape.dims.at[i], &dim) && good;
        if (good) type->dim[type->rank++] = dim;
    }
    if (decl->index_range) good = eval_dim(e, decl->index_range, &type->range) && good;
    return good;
}

/* ---- fitting ---- */

/* One dimension of a value and its declaration. */
typedef struct {
    const Expr *expr;
    Dim is;
} Match;

/* The dimensions to compare; -1 when kind or rank differ. */
static int list_matches(Elaborator *e, const Fit *fit, Match matches[MAX_RANK + 1]) {
    const Decl *decl = fit->decl;
    Type type = visible_type(e, fit->value);
    int count = 0;
    if (type.rank != decl_rank(decl) || (type.kind == TYPE_INDEX) != (decl->index_range != NULL))
        return -1;
    if (decl->index_range) matches[count++] = (Match){decl->index_range, type.range};
    for (int i = 0; i < type.rank; i++)
        matches[count++] = (Match){decl->shape.dims.at[i], type.dim[i]};
    return count;
}

/* A name that no parameter has: a shape may bind it. */
static bool is_free(Frame *frame, const Expr *expr) {
    if (expr->kind != EXPR_NAME || find_binding(frame, expr->name, false)) return false;
    const DeclList *params = &frame->definition->item->params;
    for (int i = 0; i < params->len; i++)
        if (params->at[i].name == expr->name) return false;
    return true;
}

void bind_dims(Elaborator *e, Frame *callee, const Fit *fit) {
    Match matches[MAX_RANK + 1];
    int count = list_matches(e, fit, matches);
    Frame *current = e->frame;
    e->frame = callee;
    for (int i = 0; i < count; i++)
        if (is_free(callee, matches[i].expr))
            define_name(e, BIND_DIM, matches[i].expr->name, false, value_dim(matches[i].is),
                        fit->where);
    e->frame = current;
}

static void note_declaration(Elaborator *e, const Decl *decl) {
    const char *shape = decl->shape.present ? span_text(e, decl->shape.span) : "";
    const char *name = decl->name ? arena_printf(e->arena, "%s: ", decl->name) : "";
    if (decl->index_range)
        note(e, decl->span, "declared as '%sindex(%s)%s%s'", name,
             span_text(e, decl->index_range->span), shape[0] ? " " : "", shape);
    else
        note(e, decl->span, "declared as '%s%s'", name, shape);
}

/* Where the names of a dimension got their values. */
static void note_names(Elaborator *e, Frame *callee, const Expr *expr) {
    if (!expr) return;
    Binding *b = expr->kind == EXPR_NAME ? find_binding(callee, expr->name, false) : NULL;
    if (b && (b->kind == BIND_DIM || b->kind == BIND_ARGUMENT) && b->value.kind == VALUE_NUMBER) {
        Value *value = &b->value;
        const char *size =
            value->dim.sym ? dim_text(e, value->dim) : arena_printf(e->arena, "%g", value->number);
        note(e, b->span, "'%s' is %s since here", expr->name, size);
    }
    note_names(e, callee, expr->left);
    note_names(e, callee, expr->right);
}

void hint_index(Elaborator *e, const Decl *decl, const Value *value) {
    if (decl->index_range || visible_type(e, value).kind != TYPE_INDEX) return;
    const char *name = graph_node(e->graph, value->node)->name;
    advise(e, "an index is no real number; embedding(%s, 100) gives each a vector",
           name ? name : "x");
}

static bool fail_fit(Elaborator *e, Frame *callee, Frame *reporter, const Fit *fit,
                     const Expr *dim) {
    bool index = graph_node(e->graph, fit->value->node)->type.kind == TYPE_INDEX;
    bool type = index || fit->decl->index_range;
    fail_in(e, reporter, fit->where, "%s has the wrong %s: it is %s", fit->what,
            type ? "type" : "shape", fit->shown ? fit->shown : describe(e, fit->value));
    note_declaration(e, fit->decl);
    note_names(e, callee, dim);
    hint_index(e, fit->decl, fit->value);
    return false;
}

bool fit_decl(Elaborator *e, Frame *callee, Frame *reporter, const Fit *fit) {
    Match matches[MAX_RANK + 1];
    int count = list_matches(e, fit, matches);
    if (count < 0) return fail_fit(e, callee, reporter, fit, NULL);
    bind_dims(e, callee, fit);
    Frame *current = e->frame;
    const Expr *misfit = NULL;
    bool good = true;
    e->frame = callee;
    for (int i = 0; i < count && good && !misfit; i++) {
        Dim wanted;
        good = eval_dim(e, matches[i].expr, &wanted);
        if (good && !dim_equal(wanted, matches[i].is)) misfit = matches[i].expr;
    }
    e->frame = current;
    return misfit ? fail_fit(e, callee, reporter, fit, misfit) : good;
}
