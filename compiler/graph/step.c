/* The step program of a model that is causal along a sequence, derived from its inference graph. */
#include "graph/step.h"

#include <string.h>

#include "graph/rewrite.h"

typedef struct {
    Graph *from; /* its outputs are those of the step program */
    int sequence;
    bool *depends; /* of each node: on the sequence */
    bool *shared;
    Future *future;
    int *past; /* of each node: its values at all steps so far, in the step program; -1 */
    Rebuild step;
    VEC(Output) next;  /* ROLE_STATE of the step program, whose nodes are those of `from`, … */
    VEC(Output) first; /* … and of the begin program */
    VEC(Output) moved; /* ROLE_STATE of the step program, whose nodes are its own */
    VEC(Input) inputs;
} Steps;

/* ---- what is causal ---- */

static bool *dependence(const Graph *g, int sequence) {
    bool *depends = ARENA_ARRAY(g->arena, bool, g->nodes.len + 1);
    for (int i = 0; i < g->nodes.len; i++) {
        const Node *node = graph_node(g, i);
        depends[i] = own_axis(&node->type, sequence) >= 0 ||
                     (node->op == OP_LENGTH && node->attr.index == sequence);
        for (int k = 0; k < node->count; k++) depends[i] |= node->in[k] < i && depends[node->in[k]];
    }
    return depends;
}

/* Why a value of this type is not one of each step, or NULL. */
static const char *type_obstacle(const Graph *g, const Type *type, int sequence) {
    int axes = 0;
    if (type->kind == TYPE_INDEX && type->range.sym == sequence)
        return "this is the place of a step";
    for (int i = 0; i < type->rank; i++) {
        const Sym *sym = &g->syms.at[type->dim[i].sym];
        axes += type->dim[i].sym == sequence;
        if (type->dim[i].sym == sequence && type->dim[i].add)
            return "this has another number of steps than the sequence";
        if (sym->kind == SYM_LENGTH && sym->parent == sequence)
            return "each of its steps is a sequence itself";
    }
    return axes > 2 ? "this relates more than two steps" : NULL;
}

/* Whether the values of a node at all steps so far can be had: numbers, a row a step. */
static bool can_be_kept(const Graph *g, int node, int sequence) {
    const Node *n = graph_node(g, node);
    return n->type.kind == TYPE_REAL && own_axis(&n->type, sequence) == 0;
}

/* Why a node needs more than the steps so far, or NULL. */
static const char *obstacle(const Steps *s, const Graph *g, const Node *node) {
    int sequence = s->sequence;
    const char *reason = type_obstacle(g, &node->type, sequence);
    const Type *operand = node->count ? &graph_node(g, node->in[0])->type : NULL;
    int axis = operand ? own_axis(operand, sequence) : -1;
    bool along = axis >= 0 && node->attr.axis == axis;
    if (reason) return reason;
    for (int k = 0; k < node->count; k++)
        if (reads_past(g, node, k, sequence) && !can_be_kept(g, node->in[k], sequence))
            return "this looks at all steps of what cannot be kept";
    if (needs_future(g, (int)(node - g->nodes.at), s->future, sequence))
        return "this is taken over all steps";
    switch (node->op) {
        case OP_INPUT:
            return g->inputs.at[node->attr.index].target ? "this is what is to be found" : NULL;
        case OP_DELAY:
            return along && node->attr.direction < 0 ? "this recurrence runs backward" : NULL;
        case OP_SHIFT:
            return along && node->attr.start > 0 ? "this is the value of a later step" : NULL;
        case OP_FINAL:
            return along ? "this is the value at the last step" : NULL;
        case OP_SUM:
        case OP_MAX:
        case OP_ARGMAX:
            return along ? "this is taken over all steps" : NULL;
        case OP_CONTRACT: {
            char own = own_label(g, node, sequence);
            return own && !strchr(node->attr.out, own) ? "this is a sum over all steps" : NULL;
        }
        case OP_LENGTH:
            return node->attr.index == sequence ? "this is the number of all steps" : NULL;
        case OP_SLICE:
        case OP_PAD:
        case OP_CONCAT:
            return along ? "this takes steps apart or joins them" : NULL;
        case OP_PICK:
            return axis >= 0 && axis + 1 == operand->rank ? "this selects a step" : NULL;
        case OP_PLACE:
        case OP_SCATTER:
            return "this belongs to a gradient";
        default:
            return NULL;
    }
}

/* The first obstacle that an output meets; -1 for none. */
static int first_obstacle(const Steps *s, Output output, const char **why) {
    Graph alone = *s->from;
    memset(&alone.outputs, 0, sizeof alone.outputs);
    vec_push(alone.arena, &alone.outputs, output);
    bool *live = graph_live(&alone);
    for (int i = 0; i < alone.nodes.len; i++) {
        if (!live[i] || !s->depends[i]) continue;
        *why = obstacle(s, &alone, graph_node(&alone, i));
        if (*why) return i;
    }
    *why = "this relates each step to all others";
    const Type *type = &graph_node(&alone, output.node)->type;
    return past_axis(type, s->sequence) < 0 ? -1 : output.node;
}

/* Keeps the outputs of each step that are causal; false when there are none, or when what is
 * generated is not. */
static bool choose_outputs(Steps *s, StepPrograms *programs) {
    Graph *from = ARENA_NEW(s->from->arena, Graph);
    *from = *s->from;
    memset(&from->outputs, 0, sizeof from->outputs);
    for (int i = 0; i < s->from->outputs.len; i++) {
        Output output = s->from->outputs.at[i];
        const char *why = NULL;
        if (output.role != ROLE_OUTPUT && output.role != ROLE_GENERATED) continue;
        if (!s->depends[output.node]) continue;
        int at = first_obstacle(s, output, &why);
        if (at < 0) {
            vec_push(from->arena, &from->outputs, output);
            continue;
        }
        if (!programs->why || output.role == ROLE_GENERATED) {
            programs->why = why;
            programs->where = graph_node(s->from, at)->span;
        }
        if (output.role == ROLE_GENERATED) return false;
    }
    s->from = from;
    if (!from->outputs.len && !programs->why) programs->why = "no output depends on its steps";
    return from->outputs.len > 0;
}

/* ---- states ---- */

static bool name_taken(const Steps *s, const char *name) {
    for (int i = 0; i < s->inputs.len; i++)
        if (strcmp(s->inputs.at[i].name, name) == 0) return true;
    return false;
}

/* An INPUT of the step program that the runtime carries, or counts. */
static int add_input(Steps *s, const char *name, Type type, bool counts, Span span) {
    Arena *arena = s->from->arena;
    const char *wanted = name ? name : "state", *unique = wanted;
    for (int i = 2; name_taken(s, unique); i++) unique = arena_printf(arena, "%s_%d", wanted, i);
    Input input = {
        .name = unique, .kind = INPUT_STATE, .type = type, .counts = counts, .span = span};
    int index = s->inputs.len;
    vec_push(arena, &s->inputs, input);
    vec_push(arena, &s->step.to->inputs, input);
    int node = graph_leaf(s->step.to, OP_INPUT, type, (Attr){.index = index}, span);
    graph_node(s->step.to, node)->name = unique;
    return node;
}

static int add_state(Steps *s, const char *name, Type type, Span span) {
    return add_input(s, name, type, false, span);
}

static Output state_output(const Steps *s, int node) {
    return (Output){.role = ROLE_STATE,
                    .name = s->inputs.at[s->inputs.len - 1].name,
                    .node = node,
                    .param = s->inputs.len - 1};
}

/* The value that the state added last has at the beginning; the runtime begins with zeros. */
static void starts_from(Steps *s, int node) {
    const Node *n = graph_node(s->from, node);
    if (n->op == OP_CONST && n->attr.value == 0) return;
    vec_push(s->from->arena, &s->first, state_output(s, node));
}

/* A value that does not depend on the sequence, in the step program: what is the same for all
 * examples, columns and views again, everything else computed once by the begin program. */
static int constant(Steps *s, int i) {
    Rebuild *step = &s->step;
    const Node *node = graph_node(s->from, i);
    if (step->map[i] >= 0) return step->map[i];
    bool again = s->shared[i] || op_info[node->op].class == OP_LEAF || node->op == OP_EXPAND ||
                 node->op == OP_SLICE || node->op == OP_RESHAPE;
    if (!again) {
        step->map[i] = add_state(s, node->name ? node->name : "held", node->type, node->span);
        vec_push(s->from->arena, &s->first, state_output(s, i));
        return step->map[i];
    }
    for (int k = 0; k < node->count; k++) constant(s, node->in[k]);
    return step->map[i] = rebuild_copy(step, i);
}

/* What became of a node in the step program, which must be there. */
static int value_of(Steps *s, int i) { return s->depends[i] ? s->step.map[i] : constant(s, i); }

/* A value of the step before: a state. */
static int previous(Steps *s, const Node *delay) {
    Type type = type_without(delay->type, delay->attr.axis);
    const char *name = delay->name ? delay->name : graph_node(s->from, delay->in[0])->name;
    int node = add_state(s, name, type, delay->span);
    starts_from(s, delay->in[1]);
    vec_push(s->from->arena, &s->next, state_output(s, delay->in[0]));
    return node;
}

/* The value of `steps` steps before, zero where there is none: as many states, each of which
 * becomes the next. */
static int long_before(Steps *s, int value, const char *name, int steps, Span span) {
    Type type = graph_node(s->step.to, value)->type;
    for (int i = 0; i < steps; i++) {
        int before = add_state(s, name ? name : "before", type, span);
        vec_push(s->from->arena, &s->moved, state_output(s, value));
        value = before;
    }
    return value;
}

/* The values of a node at all steps so far: what it was at those before, kept, and what it is. */
static int past_of(Steps *s, int i) {
    Graph *to = s->step.to;
    const Node *node = graph_node(s->from, i);
    if (s->past[i] >= 0) return s->past[i];
    if (node->op == OP_POSITION || node->op == OP_CONST)
        return s->past[i] = graph_leaf(to, node->op, node->type, node->attr, node->span);
    int before = add_state(s, node->name ? node->name : "past", node->type, node->span);
    s->inputs.at[s->inputs.len - 1].grows = to->inputs.at[to->inputs.len - 1].grows = true;
    int now = s->step.map[i];
    vec_push(s->from->arena, &s->moved, state_output(s, now));
    Attr last = {.direction = 1};
    int placed = graph_add_typed(to, OP_PLACE, 1, &now, last, &node->type, node->span);
    return s->past[i] = graph_binary(to, OP_ADD, before, placed, node->span);
}

/* ---- one step ---- */

static void drop_label(char *labels, char label) {
    char *at = label ? strchr(labels, label) : NULL;
    if (at) memmove(at, at + 1, strlen(at));
}

/* The attributes without the axis of the sequence. */
static Attr step_attr(const Steps *s, const Node *node) {
    Attr attr = node->attr;
    int result = own_axis(&node->type, s->sequence), axis = result;
    if (node->op == OP_CONTRACT) {
        char own = own_label(s->from, node, s->sequence);
        drop_label(attr.a, own);
        drop_label(attr.b, own);
        drop_label(attr.out, own);
        return attr;
    }
    if (node->op == OP_EXPAND) {
        unsigned low = attr.kept & ((1u << result) - 1);
        attr.kept = low | (attr.kept >> (result + 1) << result);
        return attr;
    }
    bool of_operand =
        node->op == OP_SUM || node->op == OP_MAX || node->op == OP_ARGMAX || node->op == OP_FINAL;
    if (of_operand) axis = own_axis(&graph_node(s->from, node->in[0])->type, s->sequence);
    if (attr.axis > axis) attr.axis--;
    return attr;
}

static int one_step(Steps *s, int i) {
    const Node *node = graph_node(s->from, i);
    Graph *to = s->step.to;
    int axis = own_axis(&node->type, s->sequence);
    Type type = axis < 0 ? node->type : type_without(node->type, axis);
    bool along = node->attr.axis == axis;
    if (node->op == OP_POSITION)
        return add_input(s, node->name ? node->name : "position", type, true, node->span);
    if (node->op == OP_DELAY && along) return previous(s, node);
    if (node->op == OP_DELAY)
        return rebuild_delay(&s->step, type, value_of(s, node->in[1]),
                             node->attr.axis - (node->attr.axis > axis), node->attr.direction,
                             node->in[0], node->span);
    int *in = ARENA_ARRAY(to->arena, int, node->count + 1);
    for (int k = 0; k < node->count; k++)
        in[k] = reads_past(s->from, node, k, s->sequence) ? past_of(s, node->in[k])
                                                          : value_of(s, node->in[k]);
    if (node->op == OP_SHIFT && along)
        return long_before(s, in[0], graph_node(s->from, node->in[0])->name, -node->attr.start,
                           node->span);
    if (node->op == OP_EXPAND && type_equal(&graph_node(to, in[0])->type, &type)) return in[0];
    return graph_add_typed(to, node->op, node->count, in, step_attr(s, node), &type, node->span);
}

/* The columns of the data: those of the sequence have one value. */
static void take_inputs(Steps *s) {
    Graph *to = s->step.to;
    memset(&to->inputs, 0, sizeof to->inputs);
    for (int i = 0; i < s->from->inputs.len; i++) {
        Input input = s->from->inputs.at[i];
        vec_push(to->arena, &s->inputs, input);
        int axis = own_axis(&input.type, s->sequence);
        if (axis >= 0) input.type = type_without(input.type, axis);
        vec_push(to->arena, &to->inputs, input);
    }
}

static Graph *step_graph(Steps *s) {
    bool *live = graph_live(s->from);
    s->step = rebuild_new(s->from);
    s->past = ARENA_ARRAY(s->from->arena, int, s->from->nodes.len + 1);
    for (int i = 0; i < s->from->nodes.len; i++) s->past[i] = -1;
    take_inputs(s);
    for (int i = 0; i < s->from->nodes.len; i++)
        if (live[i] && s->depends[i]) s->step.map[i] = one_step(s, i);
    for (int i = 0; i < s->next.len; i++) {
        Output output = s->next.at[i];
        output.node = value_of(s, output.node);
        vec_push(s->from->arena, &s->moved, output);
    }
    Graph *step = rebuild_finish(&s->step);
    for (int i = 0; i < s->moved.len; i++) vec_push(step->arena, &step->outputs, s->moved.at[i]);
    return eliminate_dead(step);
}

/* The first values of the states and what the steps have in common. */
static Graph *begin_graph(const Steps *s) {
    Graph *begin = ARENA_NEW(s->from->arena, Graph);
    *begin = *s->from;
    memcpy(&begin->inputs, &s->inputs, sizeof begin->inputs);
    memcpy(&begin->outputs, &s->first, sizeof begin->outputs);
    return eliminate_dead(begin);
}

/* ---- the pass ---- */

/* The sequence that is generated, or the only one of examples; 0 with a reason. */
static int choose_sequence(const Graph *g, StepPrograms *programs) {
    int sequence = 0;
    for (int i = 0; i < g->outputs.len; i++)
        if (g->outputs.at[i].role == ROLE_GENERATED)
            return step_sym(g, &g->inputs.at[g->outputs.at[i].param].type);
    for (int i = 1; i < g->syms.len; i++) {
        if (g->syms.at[i].kind != SYM_LENGTH || g->syms.at[i].parent) continue;
        if (sequence) {
            programs->why = "the model has several sequences, of which none is generated";
            programs->where = g->inputs.at[g->syms.at[i].input].span;
            return 0;
        }
        sequence = i;
    }
    if (!sequence) programs->why = "the model has no sequence";
    return sequence;
}

StepPrograms derive_step(Graph *graph) {
    StepPrograms programs = {0};
    int sequence = choose_sequence(graph, &programs);
    if (!sequence) return programs;
    Steps s = {.from = graph,
               .sequence = sequence,
               .depends = dependence(graph, sequence),
               .future = known_future(graph, sequence)};
    if (!choose_outputs(&s, &programs)) return programs;
    s.shared = graph_shared(s.from);
    programs.sequence = sequence;
    programs.step = step_graph(&s);
    programs.begin = begin_graph(&s);
    return programs;
}
