/* Variables, the dotted names of parameters, and what is in scope. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "front/elaborator.h"

static const char *dotted(Elaborator *e, const char *path, const char *name) {
    return path[0] ? arena_printf(e->arena, "%s.%s", path, name) : name;
}

Frame *push_frame(Elaborator *e, Definition *definition, Span call, const char *path) {
    Frame *frame = ARENA_NEW(e->arena, Frame);
    frame->caller = e->frame;
    frame->definition = definition;
    frame->call = call;
    frame->path = frame->shown = path;
    frame->marks = "";
    frame->home = frame;
    frame->repeat = "";
    frame->depth = e->frame ? e->frame->depth + 1 : 0;
    return e->frame = frame;
}

Frame *push_marked_frame(Elaborator *e, Definition *definition, Span call, const ExprList *marks) {
    Frame *caller = e->frame;
    Frame *frame = push_frame(e, definition, call, caller->path);
    const char *all = "";
    for (int i = 0; i < marks->len; i++) {
        const char *number = i || !*caller->repeat ? "" : caller->repeat + 1;
        all = arena_printf(e->arena, "%s_%s%s", all, marks->at[i]->name, number);
    }
    frame->marks = arena_printf(e->arena, "%s%s", all, caller->marks);
    frame->home = caller->home;
    frame->shown = dotted(e, caller->shown, all + 1);
    return frame;
}

static const char *kind_text(BindKind kind) {
    switch (kind) {
        case BIND_PARAM:
            return "parameter";
        case BIND_STATE:
            return "state";
        case BIND_COLUMN:
            return "column";
        default:
            return "variable";
    }
}

/* A cell's variables are results of a scan over it, so nobody can say they are unused. */
static void warn_unused(Elaborator *e, Frame *frame, int first) {
    const Item *item = frame->definition ? frame->definition->item : NULL;
    for (int i = first; i < frame->bindings.len; i++) {
        Binding *b = &frame->bindings.at[i];
        if (b->used || b->name[0] == '_' || frame->failed) continue;
        if (b->kind == BIND_ARGUMENT || b->kind == BIND_DIM || b->kind == BIND_STATE) continue;
        if (b->kind == BIND_LET && item && item->kind == ITEM_CELL) continue;
        caution(e, b->span, "%s '%s' is never used", kind_text(b->kind), b->name);
    }
}

void pop_frame(Elaborator *e) {
    Definition *definition = e->frame->definition;
    if (!definition || !definition->warned) warn_unused(e, e->frame, 0);
    if (definition) definition->warned = true;
    e->frame = e->frame->caller;
}

/* The bucket of a name. Equal names are the same pointer; where it points changes nothing but the
 * time. */
static int *bucket(const Buckets *buckets, const char *name) {
    unsigned hash = (unsigned)((uintptr_t)name >> 3) * 2654435761u;
    return &buckets->at[(hash ^ hash >> 16) % (unsigned)buckets->count];
}

/* Makes room for element number `len`; true when all have to be put in anew. */
static bool grow(Elaborator *e, Buckets *buckets, int len) {
    if (len < buckets->count) return false;
    buckets->count = buckets->count ? 4 * buckets->count : 16;
    buckets->at = ARENA_ARRAY(e->arena, int, buckets->count);
    return true;
}

static void index_binding(Frame *frame, int index) {
    int *latest = bucket(&frame->buckets, frame->bindings.at[index].name);
    frame->bindings.at[index].older = *latest;
    *latest = index + 1;
}

static void add_binding(Elaborator *e, Frame *frame, Binding binding) {
    int count = frame->bindings.len;
    vec_push(e->arena, &frame->bindings, binding);
    if (grow(e, &frame->buckets, count))
        for (int i = 0; i < count; i++) index_binding(frame, i);
    index_binding(frame, count);
}

Binding *find_binding(Frame *frame, const char *name, bool next) {
    if (!frame->buckets.count) return NULL;
    for (int i = *bucket(&frame->buckets, name); i; i = frame->bindings.at[i - 1].older) {
        Binding *b = &frame->bindings.at[i - 1];
        if (b->next == next && b->name == name) return b;
    }
    return NULL;
}

void drop_bindings(Elaborator *e, Frame *frame, int count) {
    warn_unused(e, frame, count);
    while (frame->bindings.len > count) {
        const Binding *last = &frame->bindings.at[--frame->bindings.len];
        *bucket(&frame->buckets, last->name) = last->older;
    }
}

void define_name(Elaborator *e, BindKind kind, const char *name, bool next, Value value,
                 Span span) {
    Frame *frame = e->frame;
    Binding *old = find_binding(frame, name, next);
    if (old && (!frame->stamp || old->stamp == frame->stamp || old->kind != BIND_LET)) {
        fail(e, span, next ? "%s' is defined twice" : "'%s' is defined twice", name);
        note(e, old->span, "it is first defined here");
        old->value = value_error();
        return;
    }
    if (old) {
        old->value = value;
        old->span = span;
        old->stamp = frame->stamp;
        return;
    }
    Binding binding = {.kind = kind, .name = name, .next = next, .stamp = frame->stamp};
    binding.span = span;
    binding.value = value;
    add_binding(e, frame, binding);
}

/* ---- functions ---- */

static Definition *find_definition(Elaborator *e, const char *name, bool library) {
    for (int i = 0; i < e->definitions.len; i++) {
        Definition *d = &e->definitions.at[i];
        if (d->from_library == library && d->item->name == name) return d;
    }
    return NULL;
}

/* Ops are functions when their surface is a word. */
static Op op_function(const char *name) {
    for (int op = 0; op < OP_COUNT; op++)
        if (isalpha((unsigned char)op_info[op].surface[0]) &&
            strcmp(op_info[op].surface, name) == 0)
            return (Op)op;
    return OP_COUNT;
}

/* The library does not see what the user defines. */
bool find_function(Elaborator *e, const char *name, Function *function) {
    bool in_library = e->frame->definition && e->frame->definition->from_library;
    Definition *definition = in_library ? NULL : find_definition(e, name, false);
    if (!definition) definition = find_definition(e, name, true);
    *function = (Function){.name = name, .definition = definition};
    if (definition) return definition->used = true;
    if ((function->builtin = find_builtin(name))) return true;
    function->op = op_function(name);
    return function->op != OP_COUNT;
}

void fail_unknown(Elaborator *e, Span where, const char *name, bool call) {
    enum { ROOM = 512 };
    const char *names[ROOM];
    int count = 0;
    for (int i = 0; i < e->frame->bindings.len && count < ROOM / 2; i++)
        if (!call) names[count++] = e->frame->bindings.at[i].name;
    for (int i = 0; i < e->definitions.len && count < ROOM / 2; i++)
        names[count++] = e->definitions.at[i].item->name;
    count += builtin_names(names + count, ROOM - count);
    fail(e, where, call ? "unknown layer or function '%s'" : "unknown name '%s'", name);
    hint_nearest(e, name, names, count);
}

/* ---- dotted names ---- */

static Taken *find_taken(Frame *frame, const char *name) {
    if (!frame->taken_buckets.count) return NULL;
    for (int i = *bucket(&frame->taken_buckets, name); i; i = frame->taken.at[i - 1].older)
        if (frame->taken.at[i - 1].name == name) return &frame->taken.at[i - 1];
    return NULL;
}

static void index_taken(Frame *frame, int index) {
    int *latest = bucket(&frame->taken_buckets, frame->taken.at[index].name);
    frame->taken.at[index].older = *latest;
    *latest = index + 1;
}

static void take(Elaborator *e, Frame *frame, const char *name) {
    int count = frame->taken.len;
    vec_push(e->arena, &frame->taken, (Taken){.name = name, .next = 2});
    if (grow(e, &frame->taken_buckets, count))
        for (int i = 0; i < count; i++) index_taken(frame, i);
    index_taken(frame, count);
}

const char *claim_name(Elaborator *e, const char *name) {
    Frame *frame = e->frame, *home = frame->home;
    const char *end = arena_printf(e->arena, "%s%s", frame->repeat, frame->marks);
    const char *own = intern(e->names, arena_printf(e->arena, "%s%s", name, end));
    Taken *first = find_taken(home, own);
    while (first && find_taken(home, own))
        own = intern(e->names, arena_printf(e->arena, "%s_%d%s", name, first->next++, end));
    take(e, home, own);
    return dotted(e, frame->path, own);
}

void name_node(Elaborator *e, const Value *value, const char *name, bool next) {
    if (value->kind != VALUE_TENSOR) return;
    Node *node = graph_node(e->graph, value->node);
    if (node->name || node->op == OP_CONST) return;
    const char *own = arena_printf(e->arena, "%s%s%s", name, next ? "_next" : "", e->frame->repeat);
    node->name = dotted(e, e->frame->shown, own);
}
