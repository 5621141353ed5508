/* Errors, placed where the user can act on them. */
#include <string.h>

#include "front/elaborator.h"

void finish_message(Elaborator *e) {
    if (!e->context.set) return;
    e->context.set = false;
    diag_note(e->diag, e->context.span, "%s", e->context.text);
}

static void set_context(Elaborator *e, Span span, const char *text) {
    e->context.set = true;
    e->context.span = span;
    e->context.text = text;
}

static void report(Elaborator *e, Frame *frame, Span where, const char *message) {
    Frame *user = frame;
    Span place = where;
    e->muted = e->gave_up;
    if (e->muted) return;
    finish_message(e);
    for (; user->definition && user->definition->from_library && user->caller; user = user->caller)
        place = user->call;
    for (Frame *f = frame; f; f = f->caller) f->failed = true;
    diag_error(e->diag, place, "%s", message);
    if (user != frame)
        diag_note(e->diag, where, "in '%s' of the library, here", frame->definition->item->name);
    if (user->caller)
        set_context(e, user->call,
                    arena_printf(e->arena, "in this use of '%s'", user->definition->item->name));
    if (diag_errors(e->diag) >= MAX_ERRORS) e->gave_up = e->too_many = true;
}

void fail(Elaborator *e, Span where, const char *format, ...) {
    va_list args;
    va_start(args, format);
    report(e, e->frame, where, arena_vprintf(e->arena, format, args));
    va_end(args);
}

void fail_in(Elaborator *e, Frame *frame, Span where, const char *format, ...) {
    va_list args;
    va_start(args, format);
    report(e, frame, where, arena_vprintf(e->arena, format, args));
    va_end(args);
}

void caution(Elaborator *e, Span where, const char *format, ...) {
    if (diag_errors(e->diag) || e->warnings == MAX_ERRORS ||
        (e->frame->definition && e->frame->definition->from_library))
        return;
    finish_message(e);
    e->warnings++;
    va_list args;
    va_start(args, format);
    diag_warning(e->diag, where, "%s", arena_vprintf(e->arena, format, args));
    va_end(args);
}

void give_up(Elaborator *e, Span where, const char *format, ...) {
    va_list args;
    va_start(args, format);
    report(e, e->frame, where, arena_vprintf(e->arena, format, args));
    va_end(args);
    e->gave_up = true;
}

void fail_operand(Elaborator *e, const Operand *operand, const char *format, ...) {
    const Expr *expr = operand->expr;
    Frame *frame = e->frame;
    Binding *b = expr->kind == EXPR_NAME ? find_binding(frame, expr->name, false) : NULL;
    bool library = frame->definition && frame->definition->from_library;
    bool given = library && b && b->kind == BIND_ARGUMENT && frame->caller;
    va_list args;
    va_start(args, format);
    report(e, given ? frame->caller : frame, given ? b->span : expr->span,
           arena_vprintf(e->arena, format, args));
    va_end(args);
    if (given) note(e, expr->span, "'%s' uses it here", frame->definition->item->name);
}

void advise(Elaborator *e, const char *format, ...) {
    if (e->muted) return;
    va_list args;
    va_start(args, format);
    diag_hint(e->diag, "%s", arena_vprintf(e->arena, format, args));
    va_end(args);
}

void note(Elaborator *e, Span where, const char *format, ...) {
    if (e->muted) return;
    va_list args;
    va_start(args, format);
    diag_note(e->diag, where, "%s", arena_vprintf(e->arena, format, args));
    va_end(args);
}

void hint_nearest(Elaborator *e, const char *name, const char *const *candidates, int count) {
    const char *nearest = diag_nearest(name, candidates, count);
    if (nearest) advise(e, "did you mean '%s'?", nearest);
}

void hint_scan(Elaborator *e, const Value *value) {
    if (value->kind != VALUE_SCAN && value->kind != VALUE_FINAL) return;
    advise(e, "choose one of its states: .%s", value->scan->fields.at[0].name);
}

const char *dim_text(Elaborator *e, Dim dim) {
    const Sym *sym = &e->graph->syms.at[dim.sym];
    if (!dim.sym) return arena_printf(e->arena, "%d", dim.add);
    const char *name = arena_printf(e->arena, sym->kind == SYM_VOCAB ? "%s.size" : "%s", sym->name);
    if (!dim.add) return name;
    return arena_printf(e->arena, "%s %c %d", name, "+-"[dim.add < 0],
                        dim.add < 0 ? -dim.add : dim.add);
}

const char *shape_text(Elaborator *e, const Type *type) {
    const char *text = "[";
    for (int i = 0; i < type->rank; i++)
        text = arena_printf(e->arena, "%s%s%s", text, i ? ", " : "", dim_text(e, type->dim[i]));
    return arena_printf(e->arena, "%s]", text);
}

/* The byte offset of line `line`, column `column`, both from 1. */
static size_t offset_of(const Source *source, int line, int column) {
    const char *at = source->text;
    for (int i = 1; i < line; i++) {
        const char *end = strchr(at, '\n');
        if (!end) return source->length;
        at = end + 1;
    }
    size_t offset = (size_t)(at - source->text) + (size_t)(column > 0 ? column - 1 : 0);
    return offset < source->length ? offset : source->length;
}

const char *span_text(Elaborator *e, Span span) {
    if (!span.source) return "";
    size_t from = offset_of(span.source, span.line, span.column);
    size_t to = offset_of(span.source, span.end_line, span.end_column);
    if (to <= from) return "";
    char *text = arena_copy(e->arena, span.source->text + from, to - from);
    char *out = text;
    for (char *in = text; *in; in++) {
        bool blank = strchr(" \t\r\n", *in) != NULL;
        if (blank && out > text && out[-1] == ' ') continue;
        *out++ = blank ? ' ' : *in;
    }
    *out = '\0';
    return text;
}

static const char *decl_text(Elaborator *e, const Decl *decl) {
    const char *text = decl->name;
    if (decl->index_range)
        text = arena_printf(e->arena, "%s: index(%s)", text, span_text(e, decl->index_range->span));
    else if (decl->shape.present)
        text = arena_printf(e->arena, "%s: %s", text, span_text(e, decl->shape.span));
    if (decl->default_value)
        text = arena_printf(e->arena, "%s = %s", text, span_text(e, decl->default_value->span));
    return text;
}

const char *signature(Elaborator *e, const Item *item) {
    const char *text = arena_printf(e->arena, "%s(", item->name);
    for (int i = 0; i < item->params.len; i++)
        text = arena_printf(e->arena, "%s%s%s", text, i ? ", " : "",
                            decl_text(e, &item->params.at[i]));
    return arena_printf(e->arena, "%s)", text);
}

const char *type_text(Elaborator *e, const Type *type) {
    const char *shape = shape_text(e, type);
    if (type->kind == TYPE_REAL) return shape;
    return arena_printf(e->arena, "index(%s)%s%s", dim_text(e, type->range), type->rank ? " " : "",
                        type->rank ? shape : "");
}

const char *describe(Elaborator *e, const Value *value) {
    switch (value->kind) {
        case VALUE_ERROR:
            return "wrong";
        case VALUE_NUMBER:
            if (value->dim.sym)
                return arena_printf(e->arena, "the size %s", dim_text(e, value->dim));
            return arena_printf(e->arena, "the number %g", value->number);
        case VALUE_TENSOR: {
            Type type = visible_type(e, value);
            return type_text(e, &type);
        }
        case VALUE_FUNCTION:
            if (!value->function.definition) return "a function";
            return value->function.definition->item->kind == ITEM_CELL ? "a cell" : "a layer";
        case VALUE_SCAN:
            return "the result of a scan";
        case VALUE_FINAL:
            return "the final states of a scan";
        case VALUE_TUPLE:
            return arena_printf(e->arena, "the %d results of '%s'", value->tuple->fields.len,
                                value->tuple->maker);
    }
    return "";
}

void note_operand(Elaborator *e, const Operand *operand) {
    if (operand->value.kind == VALUE_ERROR) return;
    const Expr *expr = operand->expr;
    const char *what = describe(e, &operand->value);
    bool variable = expr->kind == EXPR_NAME || expr->kind == EXPR_NEXT;
    Binding *binding =
        variable ? find_binding(e->frame, expr->name, expr->kind == EXPR_NEXT) : NULL;
    if (binding)
        note(e, binding->span, "'%s%s' is %s; it comes from here", expr->name,
             binding->next ? "'" : "", what);
    else
        note(e, expr->span, "this is %s", what);
}
