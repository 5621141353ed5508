/* Tarjan's algorithm, with a stack of its own: a graph can be deeper than the machine's stack. */
#include "graph/cycles.h"

#include <string.h>

typedef struct {
    const Graph *graph;
    int *order;   /* when a node was first met, from 1; 0: not yet */
    int *low;     /* the earliest node on the stack that it reaches */
    bool *waits;  /* on the stack of nodes without a component */
    int *stack;   /* those nodes */
    int *path;    /* the nodes being visited */
    int *operand; /* for each the next operand to follow */
    int *root;    /* the result: a representative, or -1 outside of every cycle */
    int met, waiting, depth;
} Search;

static void enter(Search *s, int node) {
    s->order[node] = s->low[node] = ++s->met;
    s->waits[node] = true;
    s->stack[s->waiting++] = node;
    s->path[s->depth++] = node;
}

static bool uses_itself(const Node *node, int index) {
    for (int i = 0; i < node->count; i++)
        if (node->in[i] == index) return true;
    return false;
}

/* Takes the component of `node`, whose search is over, off the stack. */
static void close_component(Search *s, int node) {
    bool cycle = s->stack[s->waiting - 1] != node || uses_itself(graph_node(s->graph, node), node);
    int member;
    do {
        member = s->stack[--s->waiting];
        s->waits[member] = false;
        s->root[member] = cycle ? node : -1;
    } while (member != node);
}

static void lower(int *low, int to) {
    if (to < *low) *low = to;
}

static void leave(Search *s, int node) {
    if (s->low[node] == s->order[node]) close_component(s, node);
    s->depth--;
    if (s->depth) lower(&s->low[s->path[s->depth - 1]], s->low[node]);
}

static void search_from(Search *s, int start) {
    enter(s, start);
    while (s->depth) {
        int node = s->path[s->depth - 1];
        const Node *at = graph_node(s->graph, node);
        if (s->operand[node] == at->count) {
            leave(s, node);
            continue;
        }
        int next = at->in[s->operand[node]++];
        if (next < 0 || next >= s->graph->nodes.len) continue;
        if (!s->order[next])
            enter(s, next);
        else if (s->waits[next])
            lower(&s->low[node], s->order[next]);
    }
}

/* Numbers the components by their first nodes. */
static int *number_components(Arena *arena, const int *root, int count) {
    int *number = ARENA_ARRAY(arena, int, count + 1), *result = ARENA_ARRAY(arena, int, count + 1);
    int components = 0;
    for (int i = 0; i < count; i++) {
        if (root[i] < 0) continue;
        if (!number[root[i]]) number[root[i]] = ++components;
        result[i] = number[root[i]];
    }
    return result;
}

int *graph_cycles(Arena *arena, const Graph *graph) {
    int count = graph->nodes.len;
    Search s = {.graph = graph,
                .order = ARENA_ARRAY(arena, int, count + 1),
                .low = ARENA_ARRAY(arena, int, count + 1),
                .waits = ARENA_ARRAY(arena, bool, count + 1),
                .stack = ARENA_ARRAY(arena, int, count + 1),
                .path = ARENA_ARRAY(arena, int, count + 1),
                .operand = ARENA_ARRAY(arena, int, count + 1),
                .root = ARENA_ARRAY(arena, int, count + 1)};
    for (int i = 0; i < count; i++)
        if (!s.order[i]) search_from(&s, i);
    return number_components(arena, s.root, count);
}

/* ---- step axes ---- */

/* The result's axis for the operand's axis number `axis` of those that `kept` has. */
static int expanded(unsigned kept, int axis) {
    for (int i = 0; i < MAX_RANK; i++)
        if (kept >> i & 1 && axis-- == 0) return i;
    return -1;
}

static int reshaped(const Type *from, const Type *to, int axis) {
    for (int i = 0; i <= axis; i++)
        if (i >= to->rank || !dim_equal(from->dim[i], to->dim[i])) return -1;
    return axis;
}

static int labelled(const Attr *attr, int operand, int axis) {
    const char *labels = operand ? attr->b : attr->a;
    const char *at = strchr(attr->out, labels[axis]);
    return at && *at ? (int)(at - attr->out) : -1;
}

static int gathered(int operand, int axis, int lead) {
    if (operand == 1) return axis;
    return axis ? lead + axis - 1 : -1;
}

/* The axis of `node`'s result along which it only sees equal positions of `axis` of that operand,
 * or -1 when it mixes positions. */
static int carried_axis(const Graph *graph, const Node *node, int operand, int axis) {
    int own = node->attr.axis;
    const Type *from = &graph_node(graph, node->in[operand])->type;
    switch (node->op) {
        case OP_EXPAND:
            return expanded(node->attr.kept, axis);
        case OP_SLICE:
        case OP_PAD:
        case OP_SHIFT:
        case OP_CONCAT:
            return axis == own ? -1 : axis;
        case OP_RESHAPE:
            return reshaped(from, &node->type, axis);
        case OP_GATHER:
            return gathered(operand, axis, graph_node(graph, node->in[1])->type.rank);
        case OP_SCATTER: {
            int lead = graph_node(graph, node->in[1])->type.rank;
            return operand == 0 && axis >= lead ? axis - lead + 1 : -1;
        }
        case OP_ONEHOT:
        case OP_PLACE:
            return axis < own ? axis : axis + 1;
        case OP_PICK:
            return operand == 0 && axis == from->rank - 1 ? -1 : axis;
        case OP_SUM:
        case OP_MAX:
        case OP_ARGMAX:
        case OP_FINAL:
            return axis == own ? -1 : axis < own ? axis : axis - 1;
        case OP_CONTRACT:
            return labelled(&node->attr, operand, axis);
        default:
            return axis;
    }
}

/* Whether the DELAY `index` joins the steps of its recurrence: its value comes from within, its
 * start from without. */
static bool joins_steps(const Graph *graph, const int *cycles, int index) {
    const Node *node = graph_node(graph, index);
    return cycles[node->in[0]] == cycles[index] && cycles[node->in[1]] != cycles[index];
}

/* The axis that all operands of the node from its own recurrence agree on, or -1. */
static int agreed_axis(const Graph *graph, const int *cycles, const int *axes, int index) {
    const Node *node = graph_node(graph, index);
    int result = -1;
    for (int k = 0; k < node->count; k++) {
        int from = node->in[k];
        if (cycles[from] != cycles[index]) continue;
        int axis = axes[from] < 0 ? -1 : carried_axis(graph, node, k, axes[from]);
        if (axis < 0 || (result >= 0 && result != axis)) return -1;
        result = axis;
    }
    return result;
}

/* Whether the DELAY `index` steps as the other DELAYs of its recurrence do. */
static bool delay_agrees(const Graph *graph, const int *cycles, const int *axes, int index) {
    const Node *node = graph_node(graph, index);
    if (!joins_steps(graph, cycles, index) || axes[node->in[0]] != node->attr.axis) return false;
    for (int i = 0; i < index; i++) {
        const Node *other = graph_node(graph, i);
        if (cycles[i] == cycles[index] && other->op == OP_DELAY)
            return other->attr.direction == node->attr.direction &&
                   dim_equal(other->type.dim[axes[i]], node->type.dim[axes[index]]);
    }
    return true;
}

int *graph_step_axes(Arena *arena, const Graph *graph, const int *cycles, int *bad) {
    int count = graph->nodes.len, *axes = ARENA_ARRAY(arena, int, count + 1);
    *bad = -1;
    for (int i = 0; i < count; i++) {
        const Node *node = graph_node(graph, i);
        if (!cycles[i])
            axes[i] = -1;
        else if (node->op == OP_DELAY)
            axes[i] = node->attr.axis;
        else
            axes[i] = agreed_axis(graph, cycles, axes, i);
        if (cycles[i] && axes[i] < 0 && *bad < 0) *bad = i;
    }
    for (int i = 0; i < count && *bad < 0; i++)
        if (cycles[i] && graph_node(graph, i)->op == OP_DELAY &&
            !delay_agrees(graph, cycles, axes, i))
            *bad = i;
    return axes;
}
