/* The entry: finds the definitions and the model, and runs the model. */
#include "front/elaborate.h"

#include "front/elaborator.h"

static const char *kind_name(ItemKind kind) {
    return kind == ITEM_MODEL ? "model" : kind == ITEM_LAYER ? "layer" : "cell";
}

/* True when `item` is fit to be called. */
static bool check_item(Elaborator *e, const Item *item, int own) {
    for (int i = own; i < e->definitions.len; i++) {
        const Item *other = e->definitions.at[i].item;
        if (other->name != item->name) continue;
        diag_error(e->diag, item->name_span, "%s '%s' is defined twice", kind_name(item->kind),
                   item->name);
        diag_note(e->diag, other->name_span, "it is first defined here");
        return false;
    }
    if (item->params.len <= MAX_PARAMETERS && item->results.len <= MAX_PARAMETERS) return true;
    diag_error(e->diag, item->name_span, "'%s' has more than %d parameters or results", item->name,
               MAX_PARAMETERS);
    return false;
}

/* Adds the layers and cells of `file`; gives its model, of which there is at most one. */
static const Item *add_definitions(Elaborator *e, const File *file, bool library) {
    const Item *model = NULL;
    int own = e->definitions.len;
    for (int i = 0; i < file->items.len; i++) {
        const Item *item = file->items.at[i];
        if (i == MAX_ITEMS) {
            diag_error(e->diag, item->name_span, "a file can have at most %d layers and cells",
                       MAX_ITEMS);
            break;
        }
        if (item->kind != ITEM_MODEL) {
            if (check_item(e, item, own))
                vec_push(e->arena, &e->definitions,
                         (Definition){.item = item, .from_library = library});
        } else if (model) {
            diag_error(e->diag, item->name_span, "a file can have only one model");
            diag_note(e->diag, model->name_span, "the other is here");
        } else {
            model = item;
        }
    }
    return model;
}

static void warn_unused_definitions(Elaborator *e) {
    for (int i = 0; i < e->definitions.len && !diag_errors(e->diag); i++) {
        const Definition *d = &e->definitions.at[i];
        if (d->from_library || d->used || d->item->name[0] == '_') continue;
        diag_warning(e->diag, d->item->name_span, "%s '%s' is never used, so it is not checked",
                     kind_name(d->item->kind), d->item->name);
    }
}

Graph *elaborate(Arena *arena, Intern *names, const File *file, const File *const *library,
                 int library_count, Diag *diag) {
    Elaborator e = {.arena = arena, .names = names, .diag = diag, .graph = graph_new(arena)};
    e.graph->source = file->source->path;
    const Item *model = add_definitions(&e, file, false);
    for (int i = 0; i < library_count; i++) add_definitions(&e, library[i], true);
    if (!model) {
        Span start = {file->source, 1, 1, 1, 1};
        if (!diag_errors(diag)) {
            diag_error(diag, start, "there is no model in this file");
            diag_hint(diag, "write model NAME { input … loss … output … }");
        }
        return NULL;
    }
    run_model(&e, model);
    finish_message(&e);
    if (e.too_many) diag_error(diag, model->name_span, "too many errors; the rest is not reported");
    warn_unused_definitions(&e);
    return diag_errors(diag) ? NULL : e.graph;
}
