/* The statements that make texts: generate and decode. */
#include <string.h>

#include "front/elaborator.h"
#include "graph/rewrite.h"

bool is_made(const Graph *graph) {
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_GENERATED || graph->outputs.at[i].decoded)
            return true;
    return false;
}

/* The produced text that a statement names, which is to be `made` so; NULL after an error. */
static const Input *made_column(Elaborator *e, const Target *name, const char *made) {
    Binding *binding = find_binding(e->frame, name->name, false);
    if (!binding) {
        fail_unknown(e, name->span, name->name, false);
        return NULL;
    }
    binding->used = true;
    if (binding->value.kind == VALUE_ERROR) return NULL;
    const Node *node = binding->kind == BIND_COLUMN && binding->value.kind == VALUE_TENSOR
                           ? graph_node(e->graph, binding->value.node)
                           : NULL;
    const Input *input = node ? &e->graph->inputs.at[node->attr.index] : NULL;
    if (input && is_produced(input)) return input;
    fail(e, name->span, "only a target of words, chars or bytes can be %s, '%s' is %s", made,
         name->name, input ? "another column" : describe(e, &binding->value));
    note(e, binding->span, "it comes from here");
    return NULL;
}

/* A model has one text to tell. */
static bool made_before(Elaborator *e, const Stmt *stmt) {
    if (!is_made(e->graph)) return false;
    fail(e, stmt->span, "a model can generate or decode only once");
    return true;
}

void run_generate(Elaborator *e, const Stmt *stmt) {
    const Input *input = made_column(e, &stmt->names.at[0], "generated");
    if (made_before(e, stmt)) return;
    Operand logits = {eval(e, stmt->value), stmt->value};
    if (!input || !need_real(e, &logits, "what a text is generated from")) return;
    Type type = {0}, wanted = type_real(1, input->type.dim);
    wanted = type_with(wanted, 1, input->type.range);
    if (logits.value.kind == VALUE_TENSOR) type = visible_type(e, &logits.value);
    if (!shape_equal(&type, &wanted)) {
        fail(e, stmt->value->span, "'%s' is generated from a score for each of its words, %s; %s",
             input->name, shape_text(e, &wanted),
             logits.value.kind == VALUE_TENSOR
                 ? arena_printf(e->arena, "this is %s", shape_text(e, &type))
                 : "this is a number");
        advise(e, "such as linear(states.h, %s.size), which the loss compares with '%s'",
               input->name, input->name);
        return;
    }
    vec_push(e->arena, &e->graph->outputs,
             (Output){.role = ROLE_GENERATED,
                      .name = input->name,
                      .node = logits.value.node,
                      .param = (int)(input - e->graph->inputs.at)});
}

/* ---- decode ---- */

/* decode y from scores, blank = 0 */
static bool read_blank(Elaborator *e, const Stmt *stmt, const Input *input, int *blank) {
    for (int i = 0; i < stmt->settings.len; i++) {
        const Setting *setting = &stmt->settings.at[i];
        if (strcmp(setting->name, "blank") != 0 || i) {
            fail(e, setting->span, i ? "'decode' has one setting" : "'decode' has no setting '%s'",
                 setting->name);
            advise(e, "blank = 0 is the number of the choice that says nothing");
            return false;
        }
        if (!eval_whole(e, setting->value, "blank", 0, input->max_vocab - 1, blank)) return false;
    }
    return true;
}

/* Whether the scores are [T, y.size], T being the length of another sequence. */
static bool fits_text(Elaborator *e, const Operand *scores, const Input *input) {
    Type type = {0};
    if (scores->value.kind == VALUE_TENSOR) type = visible_type(e, &scores->value);
    bool fits = type.rank == 2 && type.dim[0].sym && dim_equal(type.dim[1], input->type.range);
    bool own = fits && type.dim[0].sym == input->type.dim[0].sym;
    if (fits && !own)
        return whole_length(e, scores->expr, "what a text is decoded from", &scores->value);
    fail(e, scores->expr->span,
         "'%s' is decoded from a score for each of its words at each step of another sequence; %s",
         input->name,
         scores->value.kind != VALUE_TENSOR
             ? "this is a number"
             : arena_printf(e->arena, "this is %s", shape_text(e, &type)));
    if (own)
        advise(e, "scores for its own steps are what a text is generated from");
    else
        advise(e, "such as linear(states.h, %s.size) of the states of a scan over an input",
               input->name);
    return false;
}

static bool has_axis(const Type *type, int sym) {
    for (int i = 0; i < type->rank; i++)
        if (type->dim[i].sym == sym) return true;
    return false;
}

/* The text is not known where it is decoded. */
static bool is_independent(Elaborator *e, const Operand *scores, const Input *input) {
    Graph alone = *e->graph;
    int text = input->type.dim[0].sym;
    memset(&alone.outputs, 0, sizeof alone.outputs);
    vec_push(e->arena, &alone.outputs, (Output){.role = ROLE_OUTPUT, .node = scores->value.node});
    bool *live = graph_live(&alone);
    for (int i = 0; i < alone.nodes.len; i++) {
        const Node *node = graph_node(&alone, i);
        bool length = node->op == OP_LENGTH && node->attr.index == text;
        if (!live[i] || (!length && !has_axis(&node->type, text))) continue;
        fail(e, scores->expr->span, "the scores depend on '%s', which is to be decoded from them",
             input->name);
        if (node->op == OP_INPUT) note(e, node->span, "it is used here");
        return false;
    }
    return true;
}

void run_decode(Elaborator *e, const Stmt *stmt) {
    const Input *input = made_column(e, &stmt->names.at[0], "decoded");
    int blank = 0;
    if (made_before(e, stmt)) return;
    Operand scores = {eval(e, stmt->value), stmt->value};
    if (!input || !need_real(e, &scores, "what a text is decoded from")) return;
    if (!fits_text(e, &scores, input) || !is_independent(e, &scores, input)) return;
    if (input->window) {
        fail(e, stmt->names.at[0].span, "a long text cannot be decoded");
        note(e, input->span, "it is read in %s", input->stream ? "streams" : "windows");
        return;
    }
    if (!read_blank(e, stmt, input, &blank)) return;
    add_output(e, stmt->value,
               (Output){.role = ROLE_OUTPUT,
                        .node = scores.value.node,
                        .decoded = true,
                        .param = (int)(input - e->graph->inputs.at),
                        .blank = blank});
}

/* ---- marks ---- */

/* Whether the model takes a text step by step: it reads what comes before each word, or generates
 * it. */
static bool taken_by_steps(const Graph *graph, int text) {
    for (int i = 0; i < graph->inputs.len; i++)
        if (graph->inputs.at[i].kind == INPUT_PREVIOUS && graph->inputs.at[i].previous == text)
            return true;
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_GENERATED && graph->outputs.at[i].param == text)
            return true;
    return false;
}

/* The mark is for those that begin or end there: what comes before the first word, what comes last
 * of those that are generated, and what parts the lines of a long text. */
void settle_marks(Elaborator *e) {
    Graph *graph = e->graph;
    for (int i = 0; i < graph->inputs.len; i++) {
        Input *input = &graph->inputs.at[i];
        if (!is_produced(input)) continue;
        input->marked = input->window || taken_by_steps(graph, i);
        if (!input->marked) graph->syms.at[input->type.dim[0].sym].max = input->max_length;
    }
}
